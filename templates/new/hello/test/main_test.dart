import 'package:cloudflare_workers/testing.dart';

void main() {
  test('greets whoever is named', () async {
    final env = await testEnvironment();
    final response = await env.fetch('/?name=Dart');
    expect(response.status, 200);
    expect(await response.text(), 'Hello, Dart!\n');
  });

  test('greets the world', () async {
    final env = await testEnvironment();
    expect(await (await env.fetch('/')).text(), 'Hello, world!\n');
  });
}
