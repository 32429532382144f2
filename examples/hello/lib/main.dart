import 'package:cloudflare_workers/cloudflare_workers.dart';

void main() {
  CloudflareWorkers(
    fetch: (request, env, ctx) {
      final greeting = env.variable<String>('GREETING');
      final name = request.url.queryParameters['name'] ?? 'world';
      return Response.ok('$greeting, $name!\n');
    },
  );
}
