import 'package:cloudflare_workers/testing.dart';

void main() {
  test('each page is counted by itself', () async {
    final env = await testEnvironment();
    Future<String> view(String page) async => (await env.fetch(page)).text();

    await view('/home');
    expect(await view('/home'), contains('requested 2 times'));
    expect(await view('/about'), contains('requested 1 times'));
  });

  test('the alarm is remembered', () async {
    final env = await testEnvironment();
    final views = env.getDurableObjectNamespace('VIEWS');
    final home = views.get(views.idFromName('/home'));
    expect(await env.runAlarm(home), isFalse);

    final set = await env.fetch('/home?alarm=3600');
    expect(await set.text(), 'Alarm set to go off in 3600 seconds.\n');
    expect(await env.runAlarm(home), isTrue);
    expect(await (await env.fetch('/home')).text(), contains('went off at'));
  });
}
