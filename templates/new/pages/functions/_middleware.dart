import 'package:cloudflare_workers/pages.dart';

/// Every request passes here, those for static files too.
Future<Response> onRequest(PagesContext context) async {
  final watch = Stopwatch()..start();
  final response = await context.next();
  final duration = watch.elapsedMilliseconds;
  return response..headers['server-timing'] = 'total;dur=$duration';
}
