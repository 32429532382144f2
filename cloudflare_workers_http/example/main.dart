import 'package:cloudflare_workers/cloudflare_workers.dart';
import 'package:cloudflare_workers_http/cloudflare_workers_http.dart';

/// Answers with the title of another page.
void main() {
  CloudflareWorkers(
    fetch: (request, env, ctx) async {
      final client = WorkersClient();
      final page = await client.get(Uri.parse('https://example.com/'));
      final title = RegExp('<title>(.*?)</title>').firstMatch(page.body);
      return Response.ok(title?.group(1) ?? 'a page without a title');
    },
  );
}
