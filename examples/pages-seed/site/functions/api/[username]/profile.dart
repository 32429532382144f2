import 'package:cloudflare_workers/pages.dart';

/// `/api/ada/profile`
Response onRequest(PagesContext context) => Response.json({
      'file': 'functions/api/[username]/profile.dart',
      'username': context.params['username'],
    });
