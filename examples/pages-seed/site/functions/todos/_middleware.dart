import 'package:cloudflare_workers/pages.dart';

/// Extra middleware of `/todos` and all below it; that of the root runs before.
Future<Response> onRequest(PagesContext context) {
  context.data['list'] = 'todos';
  return context.next();
}
