import 'package:cloudflare_workers/cloudflare_workers.dart';

import 'environment.g.dart';

Future<Response> handle(
  Request request,
  Environment env,
  ExecutionContext ctx,
) async {
  final name = request.url.pathSegments.firstOrNull ?? '';
  final catalog = env.catalog;
  if (name.isEmpty) {
    // All products are asked for at once, each call on a way of its own.
    final names = await catalog.call<List<String>>('products');
    final products = await Future.wait([
      for (final name in names)
        catalog.call<Map<String, Object?>>('find', [name]),
    ]);
    return Response.json(products);
  }

  final product = await catalog.call<Map<String, Object?>?>('find', [name]);
  if (product == null) return Response.notFound('no product `$name`\n');
  if (request.method == 'GET') return Response.json(product);

  final count = int.tryParse(request.url.queryParameters['count'] ?? '1');
  if (count == null || count < 1) {
    return Response.badRequest('`count` is a number from 1 on\n');
  }
  try {
    final cents = await catalog.call<int>('order', [name, count]);
    return Response.json({'ordered': count, 'cents': cents});
  } on WorkersException catch (error) {
    // What the catalog threw, with its own words.
    return Response('${error.message}\n', status: 409);
  }
}

void main() {
  CloudflareWorkers(fetch: handle);
}
