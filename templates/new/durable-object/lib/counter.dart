import 'package:cloudflare_workers/cloudflare_workers.dart';

import 'environment.g.dart';

/// A counter.
///
/// There is one object for each name, wherever the requests come from, and it
/// takes one event at a time: nothing is counted twice or lost.
class Counter extends DurableObject {
  @override
  Future<Response> fetch(Request request, DurableObjectEnv env) async {
    final count = await state.storage.get<int>('count') ?? 0;
    return switch (request.method) {
      'GET' => Response.ok('$count\n'),
      'POST' => Response.ok('${await _count(count + 1)}\n'),
      _ => Response.methodNotAllowed(['GET', 'POST']),
    };
  }

  /// Forgets a count that nobody has changed for long.
  @override
  Future<void> alarm() => state.storage.deleteAll();

  Future<int> _count(int count) async {
    await state.storage.put('count', count);
    // It takes the place of the alarm that was set before.
    final rest = Duration(seconds: env.forgetAfterSeconds.toInt());
    await state.storage.setAlarm(DateTime.now().add(rest));
    return count;
  }
}
