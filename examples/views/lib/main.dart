import 'package:cloudflare_workers/cloudflare_workers.dart';

/// Counts the views of one page, and remembers when its alarm last went off.
class ViewsDurableObject extends DurableObject {
  @override
  Future<Response> fetch(Request request, DurableObjectEnv env) async {
    if (request.url.queryParameters['alarm'] case final seconds?) {
      return _setAlarm(seconds);
    }
    final views = (await state.storage.get<int>('views') ?? 0) + 1;
    await state.storage.put('views', views);
    return Response.ok(
      'This Durable Object has been requested $views times!\n'
      '${await _describeAlarm()}',
    );
  }

  @override
  Future<void> alarm() async {
    final views = await state.storage.get<int>('views') ?? 0;
    print('Alarm triggered after $views views.');
    await state.storage.put('alarmed', DateTime.now().toUtc());
  }

  Future<Response> _setAlarm(String text) async {
    final seconds = int.tryParse(text);
    if (seconds == null || seconds < 0) {
      return Response.badRequest('`alarm` is a number of seconds\n');
    }
    await state.storage.setAlarm(
      DateTime.now().add(Duration(seconds: seconds)),
    );
    return Response.ok('Alarm set to go off in $seconds seconds.\n');
  }

  Future<String> _describeAlarm() async {
    if (await state.storage.getAlarm() case final time?) {
      return 'Its alarm goes off at ${time.toIso8601String()}.\n';
    }
    if (await state.storage.get<DateTime>('alarmed') case final time?) {
      return 'Its alarm went off at ${time.toIso8601String()}.\n';
    }
    return '';
  }
}

void main() {
  CloudflareWorkers(
    durableObjects: {
      'ViewsDurableObject': () => ViewsDurableObject(),
    },
    fetch: (request, env, ctx) async {
      final views = env.getDurableObjectNamespace('VIEWS');
      final id = views.idFromName(request.url.path);
      return views.get(id).fetch(request);
    },
  );
}
