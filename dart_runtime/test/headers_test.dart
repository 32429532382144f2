import 'package:cloudflare_workers/cloudflare_workers.dart';
import 'package:cloudflare_workers/src/http/headers.dart';

import 'testing.dart';

void headersTests() {
  group('Headers', () {
    test('names do not depend on case', () {
      final headers = Headers({'Content-Type': 'text/plain'});
      expect(headers['content-TYPE'], 'text/plain');
      expect(headers.contains('CONTENT-type'), true);
      expect(headers.names.toList(), ['content-type']);
      headers.delete('Content-type');
      expect(headers['content-type'], null);
      expect(headers.isEmpty, true);
    });

    test('several values are joined and can be had one by one', () {
      final headers = Headers({
        'Accept': ['text/html', 'text/plain'],
      })
        ..append('accept', '*/*');
      expect(headers['Accept'], 'text/html, text/plain, */*');
      expect(headers.getAll('accept'), ['text/html', 'text/plain', '*/*']);
      headers['ACCEPT'] = 'image/png';
      expect(headers.toMap(), {
        'accept': ['image/png'],
      });
    });

    test('cookies are never joined in the entries', () {
      final headers = Headers()
        ..append('Set-Cookie', 'a=1; Expires=Wed, 01 Jan 2031 00:00:00 GMT')
        ..append('x', '1')
        ..append('set-cookie', 'b=2')
        ..append('x', '2');
      expect(headers.getSetCookie(), [
        'a=1; Expires=Wed, 01 Jan 2031 00:00:00 GMT',
        'b=2',
      ]);
      expect([
        for (final entry in headers.entries) '$entry'
      ], [
        'MapEntry(set-cookie: a=1; Expires=Wed, 01 Jan 2031 00:00:00 GMT)',
        'MapEntry(set-cookie: b=2)',
        'MapEntry(x: 1, 2)',
      ]);
    });

    test('a replaced header keeps its place', () {
      final headers = Headers({'a': '1', 'b': '2'})..['A'] = '3';
      expect(headers.toString(), 'a: 3\nb: 2');
    });

    test('what the constructor takes', () async {
      expect(Headers(Headers({'a': '1'}))['a'], '1');
      expect(
        Headers([const MapEntry('a', '1'), const MapEntry('A', '2')])['a'],
        '1, 2',
      );
      await expectThrows<ArgumentError>(() => Headers('a: b'), 'headers');
      await expectThrows<ArgumentError>(
        () => Headers({'a': 1}),
        'the value of `a` is not a `String`',
      );
      await expectThrows<ArgumentError>(() => Headers({1: 'a'}), 'header name');
    });

    test('addAll replaces the names that it brings', () {
      final headers = Headers({'a': '1', 'b': '2'})
        ..addAll({
          'A': ['3', '4'],
          'c': '5',
        });
      expect(headers.toMap(), {
        'b': ['2'],
        'a': ['3', '4'],
        'c': ['5'],
      });
    });

    test('a copy is a copy', () {
      final headers = Headers({'a': '1'});
      Headers(headers)['a'] = '2';
      expect(headers['a'], '1');
    });

    test('bad names and values are refused and named', () async {
      for (final name in ['', 'a b', 'a\n', 'ä', 'a:']) {
        final error = await expectThrows<ArgumentError>(
          () => Headers()..append(name, 'x'),
          'not a header name',
        );
        expect(error.invalidValue, name);
      }
      for (final value in ['a\nb', 'a\r', '\x00']) {
        final error = await expectThrows<ArgumentError>(
          () => Headers()['x-thing'] = value,
          '`x-thing` has a line break',
        );
        expect(error.invalidValue, value);
      }
      expect(Headers({'a': ' \tx y\t '})['a'], 'x y');
    });

    test('a refused change changes nothing', () async {
      final headers = Headers({'a': '1'});
      await expectThrows<ArgumentError>(
        () => headers.addAll({'a': '2', 'b': '\n'}),
      );
      expect(headers.toString(), 'a: 1');
      expect(headersAreModified(headers), false);
    });

    test('only a change is a change', () {
      final headers = headersFromHost([
        ['A', '1'],
        ['set-cookie', 'x'],
        ['set-cookie', 'y'],
      ]);
      headers
        ..delete('b')
        ..addAll(const <String, String>{});
      expect(headers.getSetCookie(), ['x', 'y']);
      expect(headersAreModified(headers), false);
      headers.delete('A');
      expect(headersAreModified(headers), true);
      expect(headersToHost(headers), [
        ['set-cookie', 'x'],
        ['set-cookie', 'y'],
      ]);
    });
  });
}
