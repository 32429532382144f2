import 'package:cloudflare_workers/cloudflare_workers.dart';

import 'environment.g.dart';

/// Advanced mode, by `dartflare dev --entry lib/advanced.dart`: one program that
/// gets every request, and passes on what is to be a static file.
void main() {
  CloudflareWorkers(
    fetch: (request, env, ctx) {
      if (request.url.path.startsWith('/api/')) {
        // Your custom `/api/*` logic.
        return Response.ok('Ok');
      }
      // Without this, no static file would be served.
      return env.assets.fetch(request);
    },
  );
}
