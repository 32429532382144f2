import 'dart:convert';

import 'package:cloudflare_workers/testing.dart';

void main() {
  late TestEnvironment env;

  setUp(() async => env = await testEnvironment());

  test('a to-do is kept until it is deleted', () async {
    final put = await env.fetch('/milk', method: 'PUT', body: 'buy\n');
    expect(put.status, 204);
    expect(await (await env.fetch('/milk')).text(), 'buy\n');

    await env.fetch('/milk', method: 'DELETE');
    final gone = await env.fetch('/milk');
    expect(gone.status, 404);
    expect(await gone.text(), 'no to-do `milk`\n');
  });

  test('the list has names, statuses and times', () async {
    final todos = env.getKVNamespace('TODOS');
    await todos.put('bread', 'bake');
    await env.fetch('/milk', method: 'PUT', body: 'buy');

    final list = jsonDecode(await (await env.fetch('/')).text());
    expect(list, [
      {'name': 'bread', 'status': 'bake'},
      {'name': 'milk', 'status': 'buy', 'changed': endsWith('Z')},
    ]);
  });

  test('nothing is stored for a request that is wrong', () async {
    final wrong = await env.fetch('/milk', method: 'PUT', body: ' ');
    expect(wrong.status, 400);
    expect((await env.fetch('/', method: 'POST')).status, 405);
    expect(await env.getKVNamespace('TODOS').get('milk'), isNull);
  });
}
