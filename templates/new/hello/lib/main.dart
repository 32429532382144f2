import 'package:cloudflare_workers/cloudflare_workers.dart';

import 'environment.g.dart';

void main() {
  CloudflareWorkers(
    fetch: (request, env, ctx) {
      final name = request.url.queryParameters['name'] ?? 'world';
      return Response.ok('${env.greeting}, $name!\n');
    },
  );
}
