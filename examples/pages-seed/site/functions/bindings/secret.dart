import 'package:cloudflare_workers/pages.dart';

/// Nobody is to see a secret: this tells its length alone.
Response onRequest(PagesContext context) {
  final key = context.env.secret('API_KEY');
  return Response.ok('The secret has ${key.length} characters\n');
}
