import 'package:cloudflare_workers/pages.dart';

/// `/api/todos/7/dates`, and `/api/todos` too: `[[path]]` is any number of
/// segments, none as well, and comes before `index`.
Response onRequest(PagesContext context) => Response.json({
      'file': 'functions/api/todos/[[path]].dart',
      'path': context.params.many('path'),
    });
