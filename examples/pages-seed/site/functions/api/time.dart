import 'package:cloudflare_workers/pages.dart';

/// `/api/time`
Response onRequest(PagesContext context) => Response.json({
      'file': 'functions/api/time.dart',
      'time': DateTime.now().toUtc().toIso8601String(),
    });
