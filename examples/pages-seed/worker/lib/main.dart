import 'package:cloudflare_workers/cloudflare_workers.dart';

/// Counts its requests.
class Counter extends DurableObject {
  @override
  Future<Response> fetch(Request request, DurableObjectEnv env) async {
    final count = (await state.storage.get<int>('count') ?? 0) + 1;
    await state.storage.put('count', count);
    return Response.ok('The Durable Object has counted to $count\n');
  }
}

void main() {
  CloudflareWorkers(
    durableObjects: {'Counter': () => Counter()},
    fetch: (request, env, ctx) => Response.ok(
      'my-worker got ${request.method} ${request.url.path}\n',
    ),
  );
}
