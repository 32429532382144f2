import 'package:cloudflare_workers/testing.dart';

void main() {
  test('greets', () async {
    final env = await testEnvironment();
    final response = await env.fetch('/api/greetings/Ada%20L.');
    expect(response.status, 200);
    expect(await response.json<Object?>(), {'greeting': 'Hello, Ada L.!'});
  });

  test('static files pass the middleware', () async {
    final env = await testEnvironment();
    final response = await env.fetch('/');
    expect(await response.text(), contains('<h1>my-worker</h1>'));
    expect(response.headers['server-timing'], startsWith('total;dur='));
  });
}
