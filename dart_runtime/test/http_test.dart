import 'dart:async';
import 'dart:convert';

import 'package:cloudflare_workers/cloudflare_workers.dart';
import 'package:cloudflare_workers/src/http/fetch.dart' show fetchFrom;
import 'package:cloudflare_workers/src/http/request.dart';
import 'package:cloudflare_workers/src/http/response.dart';

import 'fake_host.dart';
import 'testing.dart';

FakeRef _message(String className, {String text = 'text', String id = ''}) =>
    FakeRef(
      '$className$id',
      methods: {
        'text': (_) => text,
        'arrayBuffer': (_) => utf8.encode(text),
        'clone': (_) => _message(className, text: text, id: '$id*'),
      },
      properties: {'body': null},
    );

Request _received({
  FakeRef? ref,
  String method = 'POST',
  bool hasBody = true,
  List<List<String>> headers = const [
    ['a', '1'],
  ],
}) =>
    requestFromHost(ref ?? _message('Request'), {
      'method': method,
      'url': 'https://example.com/a?b=c',
      'headers': headers,
      'hasBody': hasBody,
    });

Response _fetched({int status = 200, String text = 'text'}) {
  final ref = _message('Response', text: text);
  return responseFromHost(
    FakeRef(
      'Response',
      methods: ref.methods,
      selected: {
        'status': status,
        'statusText': 'OK',
        'headers': [
          ['a', '1'],
        ],
        'url': 'https://example.com/',
        'redirected': true,
      },
    ),
  );
}

Object? _sent(Response response) => describe(responseToHost(response));

void httpTests() {
  group('Response', () {
    test('sends what it was made of', () {
      expect(
        _sent(Response('x',
            status: 201, statusText: 'Made', headers: {'A': 'b'})),
        [
          'new Response',
          'x',
          {
            'status': 201,
            'statusText': 'Made',
            'headers': [
              ['a', 'b'],
            ],
          },
        ],
      );
      expect(_sent(Response([1, 2])), [
        'new Response',
        [1, 2],
        {'status': 200, 'headers': <Object?>[]},
      ]);
    });

    test('the family', () {
      for (final (response, status, type) in [
        (Response.ok('x'), 200, 'text/plain; charset=utf-8'),
        (Response.ok(null), 200, null),
        (Response.ok([1]), 200, null),
        (Response.ok('x', headers: {'Content-Type': 'a/b'}), 200, 'a/b'),
        (Response.json(null), 200, 'application/json'),
        (Response.json({'a': 1}, status: 201), 201, 'application/json'),
        (Response.html('<p>'), 200, 'text/html; charset=utf-8'),
        (Response.redirect('/x'), 302, null),
        (Response.noContent(), 204, null),
        (Response.notModified(), 304, null),
        (Response.badRequest(), 400, 'text/plain; charset=utf-8'),
        (Response.unauthorized(), 401, 'text/plain; charset=utf-8'),
        (Response.forbidden(), 403, 'text/plain; charset=utf-8'),
        (Response.notFound('x'), 404, 'text/plain; charset=utf-8'),
        (
          Response.methodNotAllowed(['A', 'B']),
          405,
          'text/plain; charset=utf-8'
        ),
        (Response.conflict(), 409, 'text/plain; charset=utf-8'),
        (Response.error(), 500, 'text/plain; charset=utf-8'),
      ]) {
        expect((response.status, response.headers['content-type']),
            (status, type));
        expect(response.isOk, status < 300);
      }
      expect(Response.redirect(Uri.parse('/x')).headers['location'], '/x');
      expect(Response.methodNotAllowed(['A', 'B']).headers['allow'], 'A, B');
    });

    test('impossible ones are refused', () async {
      await expectThrows<RangeError>(() => Response('', status: 199), '200');
      await expectThrows<RangeError>(() => Response('', status: 600), '599');
      await expectThrows<ArgumentError>(
        () => Response('', status: 204),
        'status 204 has no body',
      );
      await expectThrows<ArgumentError>(
        () => Response.ok('x').copyWith(status: 304),
        'status 304 has no body',
      );
      await expectThrows<RangeError>(
        () => Response.redirect('/', status: 200),
        '200 is not the status of a redirect',
      );
      await expectThrows<ArgumentError>(
        () => Response({'a': 1}),
        'Response.json',
      );
    });

    test('a fetched one passes through untouched', () async {
      final response = _fetched();
      expect((
        response.url,
        response.redirected
      ), (
        Uri.parse('https://example.com/'),
        true,
      ));
      expect(_sent(response), '<Response>');
      expect(response.bodyUsed, true);
      await expectThrows<StateError>(() => _sent(response), 'already read');
      await expectThrows<StateError>(response.text, 'clone()');
    });

    test('a fetched one with other headers keeps its body', () {
      final response = _fetched()..headers['B'] = '2';
      expect(_sent(response), [
        'new Response',
        '<Response.body>',
        {
          'status': 200,
          'statusText': 'OK',
          'headers': [
            ['a', '1'],
            ['b', '2'],
          ],
        },
      ]);
    });

    test('copyWith shares the body and leaves the original alone', () async {
      final response = _fetched();
      final copy = response.copyWith(status: 203, headers: {'x': 'y'});
      expect(response.headers['x'], null);
      expect(copy.headers['a'], null);
      expect((_sent(copy)! as List<Object?>)[1], '<Response.body>');
      expect(response.bodyUsed, true);
    });

    test('the body of one is the body of another', () {
      final fetched = _fetched();
      expect((_sent(Response(fetched.body))! as List<Object?>)[1],
          '<Response.body>');
      expect(fetched.bodyUsed, true);
    });

    test('is read by way of the runtime', () async {
      expect(await _fetched().text(), 'text');
      expect(await _fetched().bytes(), utf8.encode('text'));
      expect(await _fetched(text: '[1]').json<List<int>>(), [1]);
      expect(_fetched(status: 204).body, null);
      await expectThrows<ValueTypeError>(
        () => _fetched(text: '1').json<String>(),
        'the JSON body is an int, not the String',
      );
      await expectThrows<FormatException>(() => _fetched(text: '').json<int>());
    });

    test('a clone is read by itself', () async {
      final response = _fetched();
      final clone = response.clone();
      expect(await response.text(), 'text');
      expect(_sent(clone), '<Response*>');

      final made = Response(_fetched().body);
      final other = made.clone();
      expect(_sent(made), [
        'new Response',
        '<Response.body>',
        {'status': 200, 'headers': <Object?>[]},
      ]);
      expect((_sent(other)! as List<Object?>)[1], '<Response*.body>');
    });

    test('text of the program can be sent again, and is read once', () async {
      final response = Response.ok('x');
      _sent(response);
      _sent(response);
      expect(response.bodyUsed, false);
      expect(await response.text(), 'x');
      await expectThrows<StateError>(response.text);
    });

    test('no body is read as nothing', () async {
      final response = Response.noContent();
      expect(response.body, null);
      expect(await response.text(), '');
      expect(await response.bytes(), <int>[]);
      expect(response.bodyUsed, false);
    });

    test('streams', () async {
      Stream<List<int>> chunks() async* {
        yield utf8.encode('é').sublist(0, 1);
        yield utf8.encode('é').sublist(1);
        yield [0x61];
      }

      expect(await Response(chunks()).text(), 'éa');
      final response = Response(chunks());
      final body = response.body!;
      expect(await body.expand((chunk) => chunk).toList(), utf8.encode('éa'));
      await expectThrows<StateError>(() => body.listen(null), 'already read');
      expect((_sent(Response(chunks()))! as List<Object?>)[1] is Stream, true);
    });

    test('a cloned stream reaches both at their own pace', () async {
      var paused = 0;
      final source = StreamController<List<int>>(onPause: () => paused++);
      final one = Response(source.stream);
      final other = one.clone();
      final text = one.text();
      source
        ..add([0x61])
        ..add([0x62]);
      final slow = other.body!.listen(null)..pause();
      unawaited(source.close());
      expect(await text, 'ab');
      final seen = <int>[];
      final done = Completer<void>();
      slow
        ..onData(seen.addAll)
        ..onDone(done.complete)
        ..resume();
      await done.future;
      expect(seen, [0x61, 0x62]);
      expect(paused, 0);
    });

    test('cancelling both clones cancels the stream', () async {
      var isCancelled = false;
      final source = StreamController<List<int>>(
        onCancel: () => isCancelled = true,
      );
      final one = Response(source.stream);
      final other = one.clone();
      await one.body!.listen(null).cancel();
      expect(isCancelled, false);
      await other.body!.listen(null).cancel();
      expect(isCancelled, true);
    });

    test('the error of a stream reaches the reader', () async {
      await expectThrows<FormatException>(
        Response(Stream<List<int>>.error(const FormatException('bad'))).text,
        'bad',
      );
    });
  });

  group('Request', () {
    test('sends what it was made of', () {
      final request = Request(
        Uri.parse('https://example.com/'),
        method: 'post',
        headers: {'A': 'b'},
        body: 'x',
        redirect: RedirectMode.manual,
      );
      expect(describe(requestToHost(request)), [
        'new Request',
        'https://example.com/',
        {
          'method': 'POST',
          'headers': [
            ['a', 'b'],
          ],
          'redirect': 'manual',
          'body': 'x',
        },
      ]);
    });

    test('a form brings its content type', () async {
      final request = Request(
        'https://example.com/',
        method: 'POST',
        body: FormData({'a': 'b'}),
      );
      final type = request.headers['content-type']!;
      expect(type.startsWith('multipart/form-data; boundary='), true);
      expect((await request.formData())['a'], 'b');
    });

    test('impossible ones are refused', () async {
      for (final url in ['/a', 'a', 'https:', '', 'https:///a']) {
        await expectThrows<ArgumentError>(
            () => Request(url), 'scheme and host');
      }
      await expectThrows<ArgumentError>(() => Request(1), 'url');
      await expectThrows<ArgumentError>(
        () => Request('https://a/', method: 'A B'),
        'not an HTTP method',
      );
      await expectThrows<ArgumentError>(
        () => Request('https://a/', body: 'x'),
        'a GET request has no body',
      );
      await expectThrows<ArgumentError>(
        () => _received().copyWith(method: 'HEAD'),
        'a HEAD request has no body',
      );
    });

    test('a received one passes through untouched', () async {
      final request = _received();
      expect(request.url.queryParameters, {'b': 'c'});
      expect((request.method, request.headers['A']), ('POST', '1'));
      expect(describe(requestToHost(request)), '<Request>');
      await expectThrows<StateError>(() => requestToHost(request));
    });

    test('a URL that is not UTF-8 can be read, and is passed on as it is', () {
      const url = 'https://example.com/%E4%zz/%C3%A4%2F?a=%E4%C3%A4&b=%FF%41';
      final request = requestFromHost(_message('Request'), {
        'method': 'GET',
        'url': url,
      });
      expect(request.url.pathSegments, ['\uFFFD%zz', 'ä/']);
      expect(request.url.queryParameters, {'a': '\uFFFDä', 'b': '\uFFFDA'});
      final copy = request.copyWith(headers: {'a': 'b'});
      expect('$copy', 'GET $url');
    });

    test('one without a body can be passed on again', () {
      final request = _received(hasBody: false);
      requestToHost(request);
      expect(describe(requestToHost(request)), '<Request>');
      expect(request.body, null);
    });

    test('one that was read cannot be passed on', () async {
      final request = _received();
      await request.text();
      await expectThrows<StateError>(() => requestToHost(request), 'clone()');
    });

    test('changed headers go around the same body', () {
      final request = _received()..headers['B'] = '2';
      expect(describe(requestToHost(request)), [
        'new Request',
        '<Request>',
        {
          'method': 'POST',
          'headers': [
            ['a', '1'],
            ['b', '2'],
          ],
        },
      ]);
    });

    test('copyWith changes what it is told', () async {
      final request = _received();
      final text = await request.text();
      final copy = request.copyWith(
        url: 'https://other.example/',
        body: '$text!',
      );
      expect(copy.url.host, 'other.example');
      expect(describe(requestToHost(copy)), [
        'new Request',
        'https://other.example/',
        [
          'new Request',
          '<Request>',
          {
            'method': 'POST',
            'headers': [
              ['a', '1'],
            ],
            'body': 'text!',
          },
        ],
      ]);
    });

    test('a clone is read by itself', () async {
      final request = _received();
      final clone = request.clone();
      expect(await request.text(), 'text');
      expect(describe(requestToHost(clone)), '<Request*>');
    });

    test('a body that was replaced does not bring its owner along', () {
      final other = _received(ref: _message('Other'));
      final copy = _received().copyWith(body: other.body).clone();
      expect(describe(requestToHost(copy)), [
        'new Request',
        '<Request>',
        {
          'method': 'POST',
          'headers': [
            ['a', '1'],
          ],
          'body': '<Other*.body>',
        },
      ]);
    });
  });

  group('fetch', () {
    FakeRef target() => FakeRef(
          'Target',
          methods: {
            'fetch': (_) => FakeRef('Response', selected: {'status': 418.0}),
          },
        );

    test('of a URL', () async {
      final ref = target();
      final response = await fetchFrom(ref, 'https://a/', headers: {'b': 'c'});
      expect((response.status, response.statusText, response.url),
          (418, '', null));
      expect(describe(ref.arguments.single), [
        [
          'new Request',
          'https://a/',
          {
            'method': 'GET',
            'headers': [
              ['b', 'c'],
            ],
          },
        ],
      ]);
    });

    test('of a request, as it is or with changes', () async {
      final ref = target();
      await fetchFrom(ref, _received());
      await fetchFrom(ref, _received(), method: 'PUT');
      expect(describe(ref.arguments), [
        ['<Request>'],
        [
          [
            'new Request',
            '<Request>',
            {
              'method': 'PUT',
              'headers': [
                ['a', '1'],
              ],
            },
          ],
        ],
      ]);
    });
  });
}
