import 'package:cloudflare_workers/pages.dart';
import 'package:pages_seed/environment.g.dart';

Future<Response> onRequest(PagesContext context) async {
  // Create a prepared statement with our query.
  final ps = context.env.northwindDb.prepare('SELECT * from users');
  final data = await ps.first();
  return Response.json(data);
}
