import 'package:cloudflare_workers/pages.dart';

/// What the middleware has left in `data`.
Response onRequest(PagesContext context) => Response.json({
      for (final name in ['list', 'timestamp'])
        name: context.data[name].runtimeType.toString(),
    });
