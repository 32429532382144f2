import 'dart:convert';

import 'package:cloudflare_workers/cloudflare_workers.dart';
import 'package:cloudflare_workers/testing.dart';

void main() {
  late TestEnvironment env;

  setUp(() async => env = await testEnvironment());

  Future<Response> post(String path, Object? body, {String? cookie}) =>
      env.fetch(
        path,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          if (cookie != null) 'cookie': cookie,
        },
        body: jsonEncode(body),
      );

  Future<String> signUp(String name) async {
    final made = await post(
      '/api/accounts',
      {'name': name, 'password': 'correct horse'},
    );
    expect(made.status, 201);
    return made.headers['set-cookie']!.split(';').first;
  }

  test('a book is on the shelf of its reader alone', () async {
    final [ada, grace] = [await signUp('Ada'), await signUp('Grace')];
    final book = {'title': 'Emma', 'author': 'Jane Austen'};
    expect((await post('/api/books', book, cookie: ada)).status, 201);

    Future<Object?> booksOf(String cookie) async => jsonDecode(
          await (await env.fetch('/api/books', headers: {'cookie': cookie}))
              .text(),
        );
    expect(await booksOf(ada), [containsPair('title', 'Emma')]);
    expect(await booksOf(grace), isEmpty);
  });

  test('files are served behind the middleware', () async {
    final page = await env.fetch('/');
    expect(page.status, 200);
    expect(page.headers['content-type'], startsWith('text/html'));
    expect((await env.fetch('/nowhere')).status, 404);

    final guarded = await env.fetch('/shelf/');
    expect(guarded.status, 303);
    expect(guarded.headers['location'], contains('/?next='));
    final shown = await env.fetch(
      '/shelf/',
      headers: {'cookie': await signUp('Ada')},
    );
    expect(shown.status, 200);
    expect(shown.headers['cache-control'], 'no-store');
  });
}
