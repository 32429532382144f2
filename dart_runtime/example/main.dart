import 'package:cloudflare_workers/cloudflare_workers.dart';

/// Counts how often each path is visited, once in the world and in order.
class Counter extends DurableObject {
  @override
  Future<Response> fetch(Request request, DurableObjectEnv env) async {
    final count = (await state.storage.get<int>('count') ?? 0) + 1;
    await state.storage.put('count', count);
    return Response.json({'path': request.url.path, 'count': count});
  }
}

void main() {
  CloudflareWorkers(
    durableObjects: {'Counter': () => Counter()},
    fetch: (request, env, ctx) async {
      final counters = env.getDurableObjectNamespace('COUNTERS');
      final counter = counters.getByName(request.url.path);
      final response = await counter.fetch(request);
      response.headers['cache-control'] = 'no-store';
      return response;
    },
  );
}
