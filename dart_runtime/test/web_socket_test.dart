import 'package:cloudflare_workers/cloudflare_workers.dart';
import 'package:cloudflare_workers/src/durable_objects/durable_object.dart';
import 'package:cloudflare_workers/src/host/host.dart';
import 'package:cloudflare_workers/src/http/response.dart';
import 'package:cloudflare_workers/src/http/web_socket.dart';

import 'fake_host.dart';
import 'testing.dart';

FakeRef _socket() => FakeRef(
      'WebSocket',
      methods: {
        'send': (_) => throw const WorkersException('TypeError', 'gone'),
        'close': (_) => null,
        'serializeAttachment': (_) => null,
        'deserializeAttachment': (_) => {'name': 'Ann'},
      },
      properties: {'readyState': 2, 'protocol': 'v2'},
    );

class _Room extends DurableObject {
  _Room(this.log);

  final List<Object?> log;

  @override
  Response fetch(Request request, DurableObjectEnv env) => Response.ok('');

  @override
  void webSocketMessage(WebSocket ws, Object message) {
    log.addAll([ws, message]);
  }

  @override
  void webSocketClose(WebSocket ws, int code, String reason, bool wasClean) {
    log.addAll([ws, code, reason, wasClean]);
  }

  @override
  void webSocketError(WebSocket ws, Object error) => log.addAll([ws, error]);
}

class _Deaf extends DurableObject {
  @override
  Response fetch(Request request, DurableObjectEnv env) => Response.ok('');
}

HostEvent _event(String kind, [Map<String, Object?> info = const {}]) =>
    HostEvent(
      kind: kind,
      env: FakeRef('env'),
      context: FakeRef('state'),
      argument: FakeRef('argument'),
      info: info,
      bindings: const {},
      className: 'Room',
    );

void webSocketTests() {
  group('WebSocket', () {
    test('sends once it is accepted, in an event', () async {
      final ref = _socket();
      final socket = webSocketFromHost(ref);
      await expectThrows<StateError>(() => socket.send('x'), 'not accepted');
      await expectThrows<StateError>(() => socket.messages, 'call `accept()`');
      await expectThrows<StateError>(() => socket.closed, 'call `accept()`');
      await expectThrows<ArgumentError>(() => socket.send(1.5), 'or bytes');
      await expectThrows<StateError>(
          socket.accept, 'while an event is handled');
      // It was not accepted.
      await expectThrows<StateError>(() => socket.send('x'), 'not accepted');
      expect(ref.calls, <String>[]);
    });

    test('closes with what may be sent, once', () async {
      for (final (code, reason) in [
        (999, null),
        (1004, null),
        (1005, null),
        (1006, null),
        (1015, null),
        (5000, null),
        (null, 'because'),
        (1000, 'x' * 124),
        (1000, 'ü' * 62),
      ]) {
        await expectThrows<ArgumentError>(
          () => webSocketFromHost(_socket()).close(code, reason),
        );
      }
      final ref = _socket();
      webSocketFromHost(ref)
        ..close(1000, 'x' * 123)
        ..close(3000);
      expect(ref.calls, ['close(1000, ${'x' * 123})']);
      final plain = _socket();
      webSocketFromHost(plain).close();
      expect(plain.calls, ['close()']);
    });

    test('asks the runtime', () async {
      final socket = webSocketFromHost(_socket());
      expect(socket.readyState, WebSocketReadyState.closing);
      expect(socket.protocol, 'v2');
      expect(socket.bufferedAmount, null);
      expect(socket.deserializeAttachment<Map<String, String>>(), {
        'name': 'Ann',
      });
      await expectThrows<ValueTypeError>(
        socket.deserializeAttachment<int>,
        'the attachment is a Map, not the int',
      );
    });

    test('goes out with a response, once', () async {
      final socket = webSocketFromHost(_socket());
      final response = Response.webSocket(socket, headers: {'A': 'b'});
      expect(describe(responseToHost(response)), [
        'new Response',
        null,
        {
          'status': 101,
          'headers': [
            ['a', 'b'],
          ],
          'webSocket': '<WebSocket>',
        },
      ]);
      await expectThrows<StateError>(
        () => Response.webSocket(socket),
        'handed on',
      );
      await expectThrows<StateError>(socket.accept, 'handed on');
      await expectThrows<StateError>(socket.close, 'handed on');
    });

    test('stays with a response that is changed', () {
      final fetched = responseFromHost(
        FakeRef(
          'Response',
          selected: {
            'status': 101,
            'headers': <Object?>[],
            'webSocket': _socket(),
          },
        ),
      );
      expect(fetched.webSocket == fetched.webSocket, true);
      expect('${responseToHost(fetched)}', '<Response>');
      fetched.headers['a'] = 'b';
      final sent = describe(responseToHost(fetched))! as List<Object?>;
      expect((sent[2]! as Map<Object?, Object?>)['webSocket'], '<WebSocket>');
      final copy = fetched.copyWith(headers: {'c': 'd'});
      expect(copy.webSocket == null, false);
      expect(fetched.copyWith(status: 200).webSocket, null);
    });
  });

  group('DurableObject', () {
    test('is told of its connections, which are equal by their number',
        () async {
      final log = <Object?>[];
      final dispatch =
          constructDurableObject(_event('construct'), () => _Room(log));
      const error = WorkersException('Error', 'lost');
      await dispatch(_event('webSocketMessage', {'socket': 7, 'message': 'x'}));
      await dispatch(
        _event('webSocketClose', {
          'socket': 7.0,
          'code': 1006,
          'reason': '',
          'wasClean': false,
        }),
      );
      await dispatch(_event('webSocketError', {'socket': 8, 'error': error}));
      final [one, message, two, code, reason, wasClean, other, seen] = log;
      expect([message, code, reason, wasClean], ['x', 1006, '', false]);
      expect(identical(seen, error), true);
      expect({one: 'Ann'}[two], 'Ann');
      expect(one == other, false);
      await expectThrows<StateError>(
        () => (one! as WebSocket).messages,
        'override `webSocketMessage`',
      );
    });

    test('that is deaf says so', () async {
      final dispatch = constructDurableObject(_event('construct'), _Deaf.new);
      await expectThrows<UnsupportedError>(
        () => dispatch(
          _event('webSocketMessage', {'socket': 1, 'message': 'x'}),
        ),
        'a message came in on a WebSocket of a `Room`',
      );
      final end = {'socket': 1, 'code': 1000, 'reason': '', 'wasClean': true};
      expect(await dispatch(_event('webSocketClose', end)), null);
      expect(await dispatch(_event('webSocketError', {'socket': 1})), null);
    });
  });

  group('connect', () {
    test('wants a host and a port', () async {
      for (final address in ['', 'localhost', ':70', 'a b:70', 'x:y']) {
        await expectThrows<ArgumentError>(() => connect(address), 'and a port');
      }
    });
  });
}
