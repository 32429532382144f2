import 'package:cloudflare_workers/testing.dart';

void main() {
  test('counts from one', () async {
    final env = await testEnvironment();
    for (final count in [1, 2, 3]) {
      final response = await env.fetch('/apples', method: 'POST');
      expect(await response.text(), '$count\n');
    }
    expect(await (await env.fetch('/apples')).text(), '3\n');
  });

  test('each name has a counter of its own', () async {
    final env = await testEnvironment();
    await env.fetch('/apples', method: 'POST');
    expect(await (await env.fetch('/pears')).text(), '0\n');
  });

  test('takes GET and POST', () async {
    final env = await testEnvironment();
    expect((await env.fetch('/apples', method: 'DELETE')).status, 405);
  });
}
