import 'package:cloudflare_workers/pages.dart';

/// `/hello`, and `/hello?fail` for the error handler.
Response onRequest(PagesContext context) {
  if (context.request.url.queryParameters.containsKey('fail')) {
    throw StateError('this is on purpose');
  }
  return Response.ok('Hello\n');
}
