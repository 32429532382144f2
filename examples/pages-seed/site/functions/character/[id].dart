import 'package:cloudflare_workers/pages.dart';
import 'package:pages_seed/environment.g.dart';

/// Shows a character of another API.
Future<Response> onRequestGet(PagesContext context) async {
  final id = context.params['id'];
  final response = await fetch('${context.env.characters}/$id');
  return Response.json(await response.json<Object?>());
}
