import 'package:cloudflare_workers/pages.dart';

/// `/api/todos/7`
Response onRequest(PagesContext context) => Response.json({
      'file': 'functions/api/todos/[id].dart',
      'id': context.params['id'],
    });
