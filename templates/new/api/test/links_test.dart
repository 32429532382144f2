import 'package:cloudflare_workers/testing.dart';
import 'package:my_worker/environment.g.dart';

void main() {
  test('a link is made, followed and removed', () async {
    final env = await testEnvironment();
    const link = '{"name": "dart", "url": "https://dart.dev/"}';

    final made = await env.fetch('/links', method: 'POST', body: link);
    expect(made.status, 201);
    expect(await env.targets.get('dart'), 'https://dart.dev/');

    final followed = await env.fetch('/dart');
    expect(followed.status, 302);
    expect(followed.headers['location'], 'https://dart.dev/');

    final again = await env.fetch('/links', method: 'POST', body: link);
    expect(again.status, 409);

    final removed = await env.fetch('/links/dart', method: 'DELETE');
    expect(removed.status, 204);
    expect((await env.fetch('/dart')).status, 404);
  });

  test('links are listed by name', () async {
    final env = await testEnvironment();
    await env.db
        .prepare('INSERT INTO links VALUES (?1, ?2, ?3), (?4, ?2, ?3)')
        .bind(['pub', 'https://pub.dev/', '2026-04-01', 'api']).run();

    final response = await env.fetch('/links');
    final {'links': links as List<Object?>} =
        await response.json<Map<String, Object?>>();
    final names = [
      for (final link in links) (link as Map<String, Object?>)['name']
    ];
    expect(names, ['api', 'pub']);
  });

  test('a link without a target is refused', () async {
    final env = await testEnvironment();
    final response =
        await env.fetch('/links', method: 'POST', body: '{"name": "dart"}');
    expect(response.status, 400);
  });
}
