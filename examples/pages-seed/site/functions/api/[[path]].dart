import 'package:cloudflare_workers/pages.dart';

/// `/api` and all below it that no other file answers.
Response onRequest(PagesContext context) => Response.json({
      'file': 'functions/api/[[path]].dart',
      'path': context.params.many('path'),
    });
