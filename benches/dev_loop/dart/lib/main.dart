import 'package:cloudflare_workers/cloudflare_workers.dart';

/// Counts its requests.
class Counter extends DurableObject {
  @override
  Future<Response> fetch(Request request, DurableObjectEnv env) async {
    final count = (await state.storage.get<int>('count') ?? 0) + 1;
    await state.storage.put('count', count);
    return Response.ok('$count\n');
  }
}

Future<Response> handle(
  Request request,
  Environment env,
  ExecutionContext ctx,
) async {
  if (request.url.path == '/count') {
    final counters = env.getDurableObjectNamespace('COUNTER');
    return counters.get(counters.idFromName('one')).fetch(request);
  }
  return Response.ok('Hello from revision 0\n');
}

void main() {
  CloudflareWorkers(
    durableObjects: {'Counter': () => Counter()},
    fetch: handle,
  );
}
