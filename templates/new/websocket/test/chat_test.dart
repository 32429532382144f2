import 'package:cloudflare_workers/testing.dart';

void main() {
  test('the page is served', () async {
    final env = await testEnvironment();
    final response = await env.fetch('/');
    expect(response.status, 200);
    expect(await response.text(), contains('<h1>my-worker</h1>'));
  });

  test('a room takes WebSockets alone', () async {
    final env = await testEnvironment();
    expect((await env.fetch('/rooms/lobby')).status, 426);
  });
}
