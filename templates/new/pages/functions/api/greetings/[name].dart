import 'package:cloudflare_workers/pages.dart';
import 'package:my_worker/environment.g.dart';

/// Answers `/api/greetings/Ada`.
Response onRequestGet(PagesContext context) {
  final name = Uri.decodeComponent(context.params['name']);
  return Response.json({'greeting': '${context.env.greeting}, $name!'});
}
