import 'package:cloudflare_workers/pages.dart';
import 'package:pages_seed/environment.g.dart';

Future<Response> onRequest(PagesContext context) {
  final objects = context.env.durableObject;
  return objects.get(objects.idFromName('seed')).fetch(context.request);
}
