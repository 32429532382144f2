import 'package:cloudflare_workers/pages.dart';

/// Reacts to `POST /hello-world`.
Future<Response> onRequestPost(PagesContext context) async {
  final name = await context.request.text();
  return Response.ok('Hello ${name.isEmpty ? 'world' : name}');
}

/// Reacts to `PUT` with the same code.
final onRequestPut = onRequestPost;
