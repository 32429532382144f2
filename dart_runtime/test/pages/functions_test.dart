import 'dart:async';
import 'dart:convert';

import 'package:cloudflare_workers/pages.dart';
import 'package:cloudflare_workers/src/environment.dart';
import 'package:cloudflare_workers/src/execution_context.dart';
import 'package:cloudflare_workers/src/host/host.dart';
import 'package:cloudflare_workers/src/http/request.dart';
import 'package:cloudflare_workers/src/http/response.dart';
import 'package:cloudflare_workers/src/http/web_socket.dart';
import 'package:cloudflare_workers/src/pages/functions.dart';

import '../fake_host.dart';
import '../testing.dart';

/// Static assets that answer with the method and URL they were asked for.
final class _Assets {
  _Assets({this.status = 200});

  final int status;
  final List<Object?> asked = [];

  late final FakeRef ref = FakeRef(
    'Fetcher',
    methods: {
      'fetch': (arguments) {
        asked.add(describe(arguments.first));
        return _fetched('assets ${asked.length}', status: status);
      },
    },
  );

  late final Environment env = environmentFromHost(
    FakeRef('env', properties: {'STATIC': ref}),
    const {'A': HostBinding('vars', 'a'), 'STATIC': HostBinding('assets')},
  );
}

FakeRef _fetched(String text, {int status = 200, HostRef? webSocket}) =>
    FakeRef(
      'Response',
      methods: {'text': (_) => text},
      properties: {'body': FakeRef('ReadableStream')},
      selected: {
        'status': status,
        'statusText': '',
        'headers': [
          ['a', '1'],
        ],
        'url': 'https://example.com/',
        'redirected': true,
        'webSocket': webSocket,
      },
    );

/// A request of the runtime, and how often its body was cloned.
(Request, FakeRef) _received(String url,
    {String? body, String method = 'GET'}) {
  late final FakeRef ref;
  FakeRef message(String name) => FakeRef(
        name,
        methods: {
          'text': (_) => body,
          'clone': (_) {
            return message('$name*');
          },
        },
        properties: {'body': FakeRef('ReadableStream')},
      );
  ref = message('Request');
  return (
    requestFromHost(ref, {
      'method': method,
      'url': url,
      'headers': const [
        ['a', '1'],
      ],
      'hasBody': body != null,
    }),
    ref,
  );
}

FunctionHandler _handler(Object? value) =>
    FunctionHandler('functions/x.dart', 'onRequest', value);

/// The answer to a request for `/x`, for which [module] runs after each of
/// [middleware].
Future<Response> _ask(
  Object? module, {
  List<Object?> middleware = const [],
  Request? request,
  _Assets? assets,
  FakeRef? ctx,
}) async {
  final handler = handlerFor([
    FunctionRoute('/x', mount: '/', module: _handler(module)),
    for (final one in middleware.reversed)
      FunctionRoute('/', mount: '/', middleware: _handler(one)),
  ]);
  return handler(
    request ?? _received('https://example.com/x').$1,
    (assets ?? _Assets()).env,
    executionContextFromHost(ctx ?? FakeRef('ExecutionContext')),
  );
}

Future<Response> _pass(PagesContext context) => context.next();

void functionsTests() {
  group('next()', () {
    test('runs the middleware, the file, and leaves the rest to the assets',
        () async {
      PagesFunction mark(String name) => (context) async {
            final response = await context.next();
            return response..headers.append('x', name);
          };
      final response = await _ask(
        [mark('file'), (PagesContext context) => context.next()],
        middleware: [
          mark('outer'),
          [mark('inner'), mark('innermost')],
        ],
      );
      expect(await response.text(), 'assets 1');
      expect(response.headers['x'], 'file, innermost, inner, outer');
      expect(response.headers['a'], '1');
      expect((response.url, response.redirected), (null, false));
    });

    test('runs the next one each time, at the end the assets', () async {
      Future<Response> twice(PagesContext context) async => Response.json([
            await (await context.next()).text(),
            await (await context.next()).text(),
            await (await context.next()).text(),
          ]);
      final response = await _ask(
        (PagesContext _) => Response('file'),
        middleware: [twice],
      );
      expect(await response.json<List<String>>(), [
        'file',
        'assets 1',
        'assets 2',
      ]);
    });

    test('at the same time runs one after the other', () async {
      final gate = Completer<void>();
      final response = await _ask([
        (PagesContext context) async {
          final all = [context.next(), context.next(), context.next()];
          gate.complete();
          return Response.json([
            for (final one in await Future.wait(all)) await one.text(),
          ]);
        },
        (PagesContext _) async {
          await gate.future;
          return Response('a');
        },
        (PagesContext _) => Response('b'),
      ]);
      expect(await response.json<List<String>>(), ['a', 'b', 'assets 1']);
    });

    test('without assets answers 404', () async {
      final handler = handlerFor([]);
      final response = await handler(
        _received('https://example.com/').$1,
        environmentFromHost(FakeRef('env'), const {}),
        executionContextFromHost(FakeRef('ctx')),
      );
      expect((response.status, await response.text()), (404, ''));
    });

    test('an empty list leaves the request to the assets', () async {
      final assets = _Assets();
      final handler = handlerFor([
        FunctionRoute('/x', mount: '/', module: _handler(const <Object?>[])),
        FunctionRoute(
          '/:any',
          mount: '/',
          module: _handler((PagesContext _) => Response('any')),
        ),
      ]);
      final response = await handler(
        _received('https://example.com/x').$1,
        assets.env,
        executionContextFromHost(FakeRef('ctx')),
      );
      expect(await response.text(), 'assets 1');
    });

    test('is refused null by the compiler alone', () async {
      final response = await _ask(
        // ignore: avoid_dynamic_calls
        (dynamic context) => context.next(null) as Future<Response>,
      );
      expect(await response.text(), 'assets 1');
    });
  });

  group('next(request)', () {
    test('is what the rest gets, on the same way', () async {
      final assets = _Assets();
      final response = await _ask(
        (PagesContext context) async {
          final request = context.request;
          final text = await request.text();
          final rest = await (await context.next()).text();
          return Response.json([
            '$request',
            request.headers['b'],
            text,
            context.functionPath,
            rest,
          ]);
        },
        middleware: [
          (PagesContext context) => context.next(
                Request(
                  'https://example.com/y',
                  method: 'POST',
                  body: 'text',
                  headers: {'b': '2'},
                ),
              ),
          _pass,
        ],
        assets: assets,
      );
      expect(await response.json<List<String>>(), [
        'POST https://example.com/y',
        '2',
        'text',
        '/x',
        'assets 1',
      ]);
      expect(assets.asked, [
        [
          'new Request',
          'https://example.com/y',
          {
            'method': 'POST',
            'headers': [
              ['b', '2'],
            ],
            'body': 'text',
          },
        ],
      ]);
    });

    test('takes the body', () async {
      final given = Request(
        'https://example.com/',
        method: 'POST',
        body: Stream.value(utf8.encode('text')),
      );
      final response = await _ask([
        (PagesContext context) => context.next(given),
        (PagesContext context) async =>
            Response.json([await context.request.text(), given.bodyUsed]),
      ]);
      expect(await response.json<List<Object?>>(), ['text', true]);
    });

    test('has the own request of the function, read or not', () async {
      Future<Response> ask({required bool reads}) => _ask(
            [
              (PagesContext context) async {
                if (reads) await context.request.text();
                return context.next(
                  context.request.copyWith(headers: {'b': '2'}),
                );
              },
              (PagesContext context) async => Response.json([
                    context.request.headers['b'],
                    await context.request.text(),
                  ]),
            ],
            request: _received(
              'https://example.com/x',
              body: 'text',
              method: 'POST',
            ).$1,
          );
      final response = await ask(reads: false);
      expect(await response.json<List<Object?>>(), ['2', 'text']);
      final error = await expectThrows<WorkersException>(
        () => ask(reads: true),
      );
      expect(
        '$error',
        'TypeError: Cannot reconstruct a Request with a used body.',
      );
    });
  });

  group('the middleware of a static file', () {
    Future<(String, String)> ask(
      String path, {
      int status = 200,
      PagesFunction? rewrite,
    }) async {
      final ran = <String>[];
      FunctionRoute guard(String path) => FunctionRoute(
            path,
            mount: path,
            middleware: _handler((PagesContext context) {
              ran.add('$path ${context.functionPath}');
              return context.next();
            }),
          );
      final handler = handlerFor([
        guard('/api'),
        if (rewrite != null)
          FunctionRoute('/:x*', mount: '/', module: _handler(rewrite)),
        guard('/'),
      ]);
      final response = await handler(
        _received('https://example.com$path').$1,
        _Assets(status: status).env,
        executionContextFromHost(FakeRef('ctx')),
      );
      return (ran.join(', '), await response.text());
    }

    test('runs for a path that is encoded, where there is a file', () async {
      expect(await ask('/api/x'), ('/ /, /api /api', 'assets 1'));
      for (final path in ['/%61pi/x', '/api%2fx', '/y/..%2fapi/x']) {
        expect(await ask(path), ('/ /, /api /api', 'assets 2'));
        expect(await ask(path, status: 404), ('/ /', 'assets 1'));
      }
      expect(await ask('/%61pix/x'), ('/ /', 'assets 1'));
      expect(await ask('/api/%61'), ('/ /, /api /api', 'assets 1'));
    });

    test('does not run where a function has changed the path', () async {
      for (final path in ['/api/a', '/api/%C3%A4', '/%61pi/a']) {
        Future<Response> rewrite(PagesContext context) => context.next(
              context.request.copyWith(url: 'https://example.com$path'),
            );
        expect(await ask('/x', rewrite: rewrite), ('/ /', 'assets 1'));
        expect(await ask('/%78', rewrite: rewrite), ('/ /', 'assets 1'));
      }
      Future<Response> away(PagesContext context) =>
          context.next(Request('https://example.com/y'));
      expect(await ask('/%61pi/x', rewrite: away), ('/ /', 'assets 1'));
      Future<Response> keep(PagesContext context) =>
          context.next(context.request.copyWith(headers: {'a': '2'}));
      expect(
        await ask('/%61pi/x', rewrite: keep),
        ('/ /, /api /api', 'assets 2'),
      );
    });
  });

  group('context', () {
    test('has a request for each function', () async {
      final (request, ref) = _received(
        'https://example.com/x',
        body: 'text',
        method: 'POST',
      );
      final response = await _ask(
        (PagesContext context) async => Response.json([
          context.request.headers['b'],
          await context.request.text(),
          identical(context.request, context.request),
        ]),
        middleware: [
          (PagesContext context) async {
            context.request.headers['b'] = '2';
            await context.request.text();
            return context.next();
          },
          _pass,
        ],
        request: request,
      );
      expect(await response.json<List<Object?>>(), [null, 'text', true]);
      expect(ref.calls, ['clone()', 'clone()']);
    });

    test('makes nothing of a request without a body', () async {
      final (request, ref) = _received('https://example.com/x');
      final assets = _Assets();
      await _ask(
        (PagesContext context) {
          context.request.headers['a'];
          return context.next();
        },
        middleware: [_pass],
        request: request,
        assets: assets,
      );
      expect(ref.calls, const <String>[]);
      expect(assets.asked, ['<Request>']);
    });

    test('has its request still after the assets had theirs', () async {
      final assets = _Assets();
      final (request, _) = _received(
        'https://example.com/x',
        body: 'text',
        method: 'POST',
      );
      final response = await _ask(
        (PagesContext context) async {
          await context.next();
          final text = await context.request.text();
          await expectThrows<WorkersException>(
            () => context.next(),
            'with a used body',
          );
          return Response(text);
        },
        request: request,
        assets: assets,
      );
      expect(await response.text(), 'text');
      expect(assets.asked, ['<Request*>']);
    });

    test('shares its data, also when it is replaced', () async {
      final response = await _ask(
        (PagesContext context) => Response.json(context.data),
        middleware: [
          (PagesContext context) async {
            final first = context.data..['a'] = 1;
            final response = await context.next();
            expect(first, {'a': 1, 'b': 2});
            expect(context.data, {'c': 3});
            return response;
          },
          (PagesContext context) {
            context.data['b'] = 2;
            context.data = {'c': 3};
            return context.next();
          },
        ],
      );
      expect(await response.json<Map<String, int>>(), {'c': 3});
    });

    test('can be taken apart', () async {
      final ctx = FakeRef('ctx', methods: {'waitUntil': (_) => null});
      final response = await _ask(
        (PagesContext context) {
          final PagesContext(
            :next,
            :waitUntil,
            :passThroughOnException,
            :env,
            :functionPath,
          ) = context;
          waitUntil(Future.value(1));
          passThroughOnException();
          expect((env.variable<String>('A'), functionPath), ('a', '/x'));
          return next();
        },
        ctx: ctx,
      );
      expect(await response.text(), 'assets 1');
      expect(ctx.arguments.length, 1);
    });
  });

  group('errors', () {
    test('reach the caller of next(), which may go on', () async {
      final boom = Exception('boom');
      final response = await _ask(
        [
          (PagesContext _) => throw boom,
          (PagesContext _) async => throw 'text',
          (PagesContext _) => Response('after'),
        ],
        middleware: [
          (PagesContext context) async {
            final caught = <Object>[];
            while (true) {
              try {
                final response = await context.next();
                expect(caught, [boom, 'text']);
                return response;
              } catch (error) {
                caught.add(error);
              }
            }
          },
        ],
      );
      expect(await response.text(), 'after');
      await expectThrows<Exception>(
        () => _ask((PagesContext _) => throw boom, middleware: [_pass]),
        'boom',
      );
    });

    test('pass through to the assets, for the request as it is', () async {
      final assets = _Assets();
      Future<Response> onRequest(PagesContext context) {
        context.passThroughOnException();
        return context.next(Request('https://example.com/y'));
      }

      final response = await _ask(
        [onRequest, (PagesContext _) => throw Exception('boom')],
        assets: assets,
      );
      expect(await response.text(), 'assets 1');
      expect('${assets.asked}'.contains('https://example.com/y'), true);

      final caught = await _ask(
        [onRequest, (PagesContext _) => throw Exception('boom')],
        middleware: [
          (PagesContext context) async {
            try {
              return await context.next();
            } catch (_) {
              return Response('caught');
            }
          },
        ],
      );
      expect(await caught.text(), 'caught');

      final handler = handlerFor([
        FunctionRoute(
          '/x',
          mount: '/',
          module: _handler([
            onRequest,
            (PagesContext _) => throw Exception('boom'),
          ]),
        ),
      ]);
      await expectThrows<Exception>(
        () => handler(
          _received('https://example.com/x').$1,
          environmentFromHost(FakeRef('env'), const {}),
          executionContextFromHost(FakeRef('ctx')),
        ),
        'boom',
      );
    });

    test('tell what is no function', () async {
      for (final (value, text) in [
        (
          'text',
          '`onRequest` in `functions/x.dart` is a `String`, and',
        ),
        (null, '`onRequest` in `functions/x.dart` is `null`, and'),
        (
          [
            _pass,
            [_pass],
          ],
          '`onRequest` in `functions/x.dart` has a `List<',
        ),
        (
          (Request _) => Response('x'),
          'is a `(Request) => Response`, and a Pages function takes a '
              '`PagesContext`',
        ),
        (() => Response('x'), 'is a `() => Response`'),
      ]) {
        final error = await expectThrows<WorkersException>(
          () => _ask(value),
          text,
        );
        expect(error.name, 'TypeError');
        expect(error.message.startsWith('handler is not a function: '), true);
      }
    });

    test('tell of a function that returns no response', () async {
      for (final (function, what) in [
        ((PagesContext _) => null, 'which returned null'),
        ((PagesContext _) async => 'text', 'which returned a String'),
        ((PagesContext _) {}, 'which returned null'),
      ]) {
        try {
          await _ask(function);
          throw StateError('no error');
        } on WorkersException catch (error, stack) {
          expect(
            '$error',
            'Error: Your Pages function should return a Response',
          );
          expect(
              '$stack'.contains('onRequest (functions/x.dart), $what'), true);
        }
      }
    });
  });

  group('responses', () {
    test('are the own of each caller', () async {
      final shared = Response('text', headers: {'a': '1'});
      Future<Response> mark(PagesContext context) async =>
          (await context.next())..headers.append('a', '2');
      for (var i = 0; i < 2; i++) {
        final response = await _ask(
          (PagesContext _) => shared,
          middleware: [mark],
        );
        expect(response.headers['a'], '1, 2');
        expect(await response.text(), 'text');
      }
      expect(shared.headers['a'], '1');
    });

    test('of the runtime go on as they are', () async {
      final ref = _fetched('text');
      final response = await _ask(
        (PagesContext _) => responseFromHost(ref),
        middleware: [_pass],
      );
      expect(identical(responseToHost(response), ref), true);
      final used = responseFromHost(_fetched('text'));
      await used.text();
      await expectThrows<StateError>(() => _ask((PagesContext _) => used));
    });

    test('without a body, and with a WebSocket', () async {
      Future<Response> mark(PagesContext context) async =>
          (await context.next())..headers['x'] = '1';
      for (final status in [204, 205, 304]) {
        final response = await _ask(
          (PagesContext _) => responseFromHost(_fetched('', status: status)),
          middleware: [mark],
        );
        expect(describe(responseToHost(response)), [
          'new Response',
          null,
          {
            'status': status,
            'headers': [
              ['a', '1'],
              ['x', '1'],
            ],
          },
        ]);
      }
      final socket = FakeRef('WebSocket');
      final upgrade = await _ask(
        (PagesContext _) => Response.webSocket(webSocketFromHost(socket)),
        middleware: [mark],
      );
      expect(describe(responseToHost(upgrade)), [
        'new Response',
        null,
        {
          'status': 101,
          'headers': [
            ['x', '1'],
          ],
          'webSocket': '<WebSocket>',
        },
      ]);
      final proxied = await _ask(
        (PagesContext _) => responseFromHost(
          _fetched('', status: 101, webSocket: socket),
        ),
        middleware: [_pass],
      );
      expect(describe(responseToHost(proxied)), '<Response>');
    });
  });

  group('params', () {
    test('are one or many', () async {
      final params = PagesParams({
        'id': 'a%2Fb',
        'path': ['a', 'b'],
        'none': const <String>[],
      });
      expect((params['id'], params.one('id')), ('a%2Fb', 'a%2Fb'));
      expect(params.many('path'), ['a', 'b']);
      expect(params.many('none'), const <String>[]);
      expect(params.one('other'), null);
      expect(params.toMap(), {
        'id': 'a%2Fb',
        'path': ['a', 'b'],
      });
      expect('$params', '{id: a%2Fb, path: [a, b], none: []}');
      await expectThrows<ArgumentError>(
        () => params['ID'],
        'it has `[id]`, `[[path]]`, `[[none]]`',
      );
      await expectThrows<ArgumentError>(
        () => params.many('paths'),
        'is no parameter in the path of this function; it has `[id]`',
      );
      await expectThrows<ArgumentError>(
        () => PagesParams()['id'],
        'it has none',
      );
      await expectThrows<ArgumentError>(
        () => params['path'],
        "read them with `params.many('path')`",
      );
      await expectThrows<ArgumentError>(() => params.one('path'));
      await expectThrows<ArgumentError>(
        () => params.many('id'),
        "read it with `params['id']`",
      );
      await expectThrows<ArgumentError>(
        () => PagesParams({'id': 7}),
        'a `String` or a `List<String>`',
      );
      await expectThrows<UnsupportedError>(() => params.many('path').add('c'));
    });
  });
}
