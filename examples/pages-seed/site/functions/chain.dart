import 'package:cloudflare_workers/pages.dart';

/// The first function runs the second one, and makes use of its answer.
final onRequest = [
  (PagesContext context) async {
    try {
      final response = await context.next();
      return Response.ok('${await response.text()} from middleware');
    } catch (thrown) {
      return Response.error('Error $thrown');
    }
  },
  (PagesContext context) => Response.ok('Hello from next base middleware'),
];
