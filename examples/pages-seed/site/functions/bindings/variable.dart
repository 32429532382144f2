import 'package:cloudflare_workers/pages.dart';
import 'package:pages_seed/environment.g.dart';

Response onRequest(PagesContext context) {
  if (context.env.environment == 'development') {
    return Response.ok('This is a local environment!');
  }
  return Response.ok('This is a live environment');
}
