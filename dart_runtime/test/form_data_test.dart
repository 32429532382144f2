import 'dart:convert';

import 'package:cloudflare_workers/cloudflare_workers.dart';
import 'package:cloudflare_workers/src/http/form_data.dart';

import 'testing.dart';

FormData _multipart(String body, {String boundary = 'B'}) => parseFormData(
      latin1.encode(body.replaceAll('\n', '\r\n')),
      'multipart/form-data; boundary=$boundary',
    );

FormData _urlEncoded(String body) =>
    parseFormData(utf8.encode(body), 'application/x-www-form-urlencoded');

List<String> _show(FormData form) => [
      for (final MapEntry(:key, :value) in form.entries)
        value is FormFile
            ? '$key=${value.name}|${value.contentType}|${value.bytes}'
            : '$key=$value',
    ];

void formDataTests() {
  group('FormData', () {
    test('fields and files', () async {
      final file = FormFile('a.txt', utf8.encode('hé'));
      final form = FormData({'a': '1'})
        ..append('a', '2')
        ..append('f', file);
      expect(form['a'], '1');
      expect(form.getAll('a'), ['1', '2']);
      expect(form['f'], null);
      expect(form.file('f')!.text(), 'hé');
      expect(form.file('a'), null);
      form['a'] = '3';
      expect(form.getAll('a'), ['3']);
      form.delete('f');
      expect(form.contains('f'), false);
      await expectThrows<ArgumentError>(() => form.append('n', 1), '`n`');
      await expectThrows<ArgumentError>(() => form['a'] = 1);
      expect(form.getAll('a'), ['3']);
    });

    test('comes back from multipart as it was', () {
      final bytes = Uint8List.fromList([
        for (var i = 0; i < 256; i++) i,
        ...utf8.encode('\r\n--x\r\n\r\n'),
      ]);
      final form = FormData({'': '', 'a "b"\r\n': 'ü\r\n--\r\n'})
        ..append('file', FormFile('ü";\n.bin', bytes, contentType: 'image/png'))
        ..append('file', FormFile('', Uint8List(0)));
      final encoded = EncodedFormData(form);
      final parsed = parseFormData(encoded.bytes, encoded.contentType);
      expect(_show(parsed), _show(form));
    });

    test('two encodings have different boundaries', () {
      expect(
        EncodedFormData(FormData()).boundary ==
            EncodedFormData(FormData()).boundary,
        false,
      );
    });

    test('no entries at all', () {
      final encoded = EncodedFormData(FormData());
      expect(_show(parseFormData(encoded.bytes, encoded.contentType)), []);
    });
  });

  group('multipart', () {
    test('preamble, epilogue, blanks and other headers', () {
      final form = _multipart('before --B\n'
          '--B \t\n'
          'content-DISPOSITION:form-data ; name=plain\n'
          'X-Other: y\n'
          '\n'
          'one\n'
          '--B\n'
          'Content-Disposition: form-data; filename="C:\\dir\\a.txt"; name="f"\n'
          '\n'
          'two\n'
          '--B--\n'
          'after --B');
      expect(_show(form), [
        'plain=one',
        r'f=C:\dir\a.txt|application/octet-stream|[116, 119, 111]',
      ]);
    });

    test('what only looks like a delimiter is content', () {
      final form = _multipart('--B\n'
          'Content-Disposition: form-data; name="a"\n'
          '\n'
          'x--B\n'
          '--Bee\n'
          '--B-\n'
          '--B--');
      expect(form['a'], 'x--B\r\n--Bee\r\n--B-');
    });

    test('quotes and escapes in names', () {
      final form = _multipart('--B\n'
          r'Content-Disposition: form-data; name="a\"b;c=%22%0D%0A"'
          '\n\n\n'
          '--B--');
      expect(form['a"b;c="\r\n'], '');
    });

    test('a part with no content', () {
      for (final text in ['\n--B--', '--B--']) {
        final form = _multipart(
          '--B\nContent-Disposition: form-data; name="a"\n\n$text',
        );
        expect(_show(form), ['a=']);
      }
    });

    test('a quoted boundary', () {
      final form = _multipart(
        '--a b\nContent-Disposition: form-data; name="a"\n\nx\n--a b--',
        boundary: '"a b"; charset=utf-8',
      );
      expect(form['a'], 'x');
    });

    test('what is wrong is said', () async {
      const head = '--B\nContent-Disposition: form-data; name="a"\n';
      for (final (body, message) in [
        ('', 'does not contain the boundary'),
        ('--C\n', 'does not contain the boundary'),
        ('--B\n', 'ends before its closing boundary'),
        (head, 'ends before its closing boundary'),
        ('$head\nabc', 'ends before its closing boundary'),
        ('$head\nabc\n--B', 'ends before its closing boundary'),
        ('--B\nnonsense\n\nx\n--B--', '`nonsense` is not a header'),
        ('--B\nA: b\n\nx\n--B--', 'no `Content-Disposition`'),
        ('--B\nContent-Disposition: form-data\n\nx\n--B--', 'has no name'),
      ]) {
        await expectThrows<FormatException>(() => _multipart(body), message);
      }
      await expectThrows<FormatException>(
        () => parseFormData(Uint8List(0), 'multipart/form-data'),
        'has no boundary',
      );
      await expectThrows<FormatException>(
        () => parseFormData(Uint8List(0), 'text/plain'),
        '`text/plain` is not that of a form',
      );
      await expectThrows<FormatException>(
        () => parseFormData(Uint8List(0), null),
        'no content type',
      );
    });

    test('a large file is found quickly', () {
      final bytes = Uint8List(4 << 20);
      for (var i = 0; i < bytes.length; i++) {
        bytes[i] = i.isEven ? 0x0d : 0x2d;
      }
      final form = FormData()..append('f', FormFile('f', bytes));
      final encoded = EncodedFormData(form);
      final watch = Stopwatch()..start();
      final parsed = parseFormData(encoded.bytes, encoded.contentType);
      expect(parsed.file('f')!.bytes.length, bytes.length);
      expect(watch.elapsed < const Duration(seconds: 5), true);
    });

    test('a boundary that might begin anywhere is looked for once', () {
      // Each dash compared with each of the boundary's would take a minute.
      final boundary = '-' * 16000;
      final body = utf8.encode('x${'-' * (4 << 20)}');
      final watch = Stopwatch()..start();
      Object? failure;
      try {
        parseFormData(body, 'multipart/form-data; boundary=$boundary');
      } on FormatException catch (error) {
        failure = error;
      }
      expect(failure is FormatException, true);
      expect(watch.elapsed < const Duration(seconds: 5), true);
    });

    test('a content type that no header can hold adds no header', () {
      for (final type in ['a/b\r\nX: y', 'a/b\r\n\r\nx', 'a\rb', 'ü/b', ' ']) {
        final form = FormData()
          ..append('f', FormFile('f', Uint8List(1), contentType: type));
        final encoded = EncodedFormData(form);
        final parsed = parseFormData(encoded.bytes, encoded.contentType);
        expect(_show(parsed), ['f=f|application/octet-stream|[0]']);
      }
    });
  });

  group('url-encoded', () {
    test('decodes as browsers do', () {
      expect(_show(_urlEncoded('a=1&b=x+y%20z&a=%C3%BC&&c&=d&e=%zz%4&f=%ff')), [
        'a=1',
        'b=x y z',
        'a=ü',
        'c=',
        '=d',
        'e=%zz%4',
        'f=\uFFFD',
      ]);
      expect(_show(_urlEncoded('')), []);
      expect(_show(_urlEncoded('ü=%-1')), ['ü=%-1']);
    });

    test('a percent sign before a sign or a blank stays', () {
      expect(
        _show(_urlEncoded('a=100%+1&b=% 1&c=%1+&d=%4%41&e=%0x')),
        ['a=100% 1', 'b=% 1', 'c=%1 ', 'd=%4A', 'e=%0x'],
      );
    });
  });
}
