import 'package:cloudflare_workers/cloudflare_workers.dart';

/// A to-do list: the path names the to-do, its status is the value in KV.
void main() {
  CloudflareWorkers(
    fetch: (request, env, ctx) async {
      final todos = env.getKVNamespace('TODOS');
      final name = request.url.pathSegments.firstOrNull ?? '';
      if (name.isEmpty) {
        if (request.method != 'GET') return Response.methodNotAllowed(['GET']);
        return _list(todos);
      }
      switch (request.method) {
        case 'GET':
          final status = await todos.get(name);
          return status == null
              ? Response.notFound('no to-do `$name`\n')
              : Response.ok('$status\n');
        case 'PUT':
          final status = (await request.text()).trim();
          if (status.isEmpty) {
            return Response.badRequest('send the status as the body\n');
          }
          await todos.put(
            name,
            status,
            metadata: {'changed': DateTime.now().toUtc().toIso8601String()},
          );
          return Response.noContent();
        case 'DELETE':
          await todos.delete(name);
          return Response.noContent();
        default:
          return Response.methodNotAllowed(['GET', 'PUT', 'DELETE']);
      }
    },
  );
}

Future<Response> _list(KVNamespace todos) async {
  final keys = await todos.listAll().toList();
  final statuses = await todos.getMany(keys.map((key) => key.name));
  return Response.json([
    for (final key in keys)
      {
        'name': key.name,
        'status': statuses[key.name],
        if (key.metadata case {'changed': final String changed})
          'changed': changed,
      },
  ]);
}
