import 'package:cloudflare_workers/cloudflare_workers.dart';

/// Collects results, and makes a report of those that came within a second.
class Results extends DurableObject {
  @override
  Future<Response> fetch(Request request, DurableObjectEnv env) async {
    final storage = state.storage;
    if (request.method != 'POST') {
      return Response.ok(
          await storage.get<String>('report') ?? 'nothing yet\n');
    }
    final results = await storage.get<List<String>>('results') ?? [];
    await storage.put('results', [...results, await request.text()]);
    if (await storage.getAlarm() == null) {
      await storage.setAlarm(DateTime.now().add(const Duration(seconds: 1)));
    }
    return Response.noContent();
  }

  @override
  Future<void> alarm() async {
    final storage = state.storage;
    final results = [...?await storage.get<List<String>>('results')]..sort();
    await storage.put('report', '${results.join('\n')}\n');
    print('reported ${results.length} results');
  }
}
