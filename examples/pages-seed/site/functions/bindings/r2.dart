import 'package:cloudflare_workers/pages.dart';
import 'package:pages_seed/environment.g.dart';

Future<Response> onRequest(PagesContext context) async {
  final obj = await context.env.bucket.get('some-key');
  if (obj == null) return Response.notFound('Not found');
  return Response(obj.body);
}

Future<Response> onRequestPut(PagesContext context) async {
  await context.env.bucket.put('some-key', context.request.body ?? '');
  return Response.noContent();
}
