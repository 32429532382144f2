import 'package:cloudflare_workers/cloudflare_workers.dart';
import 'package:cloudflare_workers/testing.dart';
import 'package:guestbook/entries.dart';
import 'package:guestbook/environment.g.dart';

void main() {
  late TestEnvironment env;

  setUp(() async => env = await testEnvironment());

  Future<Response> sign(String name, String message) => env.fetch(
        '/',
        method: 'POST',
        headers: {'content-type': 'application/x-www-form-urlencoded'},
        body: Uri(queryParameters: {'name': name, 'message': message}).query,
      );

  test('what a guest wrote is shown, with its markup harmless', () async {
    final signed = await sign('Ada', 'I was <b>here</b>');
    expect(signed.status, 303);
    expect(signed.headers['location'], '/');

    final page = await (await env.fetch('/')).text();
    expect(page, contains('Ada'));
    expect(page, isNot(contains('<b>here')));
  });

  test('nobody says the same twice', () async {
    await sign('Ada', 'Hello');
    expect((await sign('Ada', 'Hello')).status, 409);
    expect((await Entries(env.db).page()).total, 1);
  });

  test('there are five entries on a page', () async {
    final entries = Entries(env.db);
    for (var at = 1; at <= 6; at++) {
      expect(await entries.sign('Guest $at', 'Hello'), isTrue);
    }
    final latest = await entries.page();
    expect(latest.entries.map((entry) => entry.name).first, 'Guest 6');
    expect(latest.hasOlder, isTrue);
    final older = await entries.page(before: latest.entries.last.id);
    expect(older.entries, hasLength(1));
  });
}
