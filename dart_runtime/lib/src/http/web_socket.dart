/// WebSockets.
library;

import 'dart:async';
import 'dart:convert';
import 'dart:typed_data';

import '../host/current.dart';
import '../values.dart';
import 'fetch.dart';
import 'headers.dart';

/// The two ends of a new WebSocket connection.
///
/// A handler keeps [server] and answers with [client]:
///
/// ```dart
/// final pair = WebSocketPair();
/// final server = pair.server..accept();
/// server.messages.listen((message) => server.send('echo: $message'));
/// return Response.webSocket(pair.client);
/// ```
///
/// A Durable Object gives [server] to `state.acceptWebSocket` instead, so that
/// it can leave memory while the connection is idle.
///
/// See https://developers.cloudflare.com/workers/runtime-apis/websockets/.
final class WebSocketPair {
  /// Makes a connection; the runtime is asked for it at once.
  ///
  /// Throws a [StateError] where no event is handled.
  factory WebSocketPair() {
    final ends = host.helpers.callSync('webSocketPair', const [])! as List;
    final [client, server] = [
      for (final end in ends.cast<List<Object?>>())
        WebSocket._(end[1]! as HostRef, (end[0]! as num).toInt()),
    ];
    return WebSocketPair._(client, server);
  }

  WebSocketPair._(this.client, this.server);

  /// The end to answer with, see `Response.webSocket`.
  final WebSocket client;

  /// The end that the program keeps.
  final WebSocket server;
}

/// How far a connection is.
enum WebSocketReadyState {
  /// It is not open yet.
  connecting,

  /// Messages can be sent and received.
  open,

  /// One side has closed it.
  closing,

  /// Both sides have closed it, or it broke.
  closed,
}

/// How a connection ended.
final class WebSocketClose {
  /// Describes an end.
  const WebSocketClose(this.code, this.reason, {required this.wasClean});

  /// What the peer closed it with, such as 1000; 1005 if it gave no code, 1006
  /// if the connection broke.
  final int code;

  /// The peer's words; often empty.
  final String reason;

  /// Whether it was closed and did not break.
  final bool wasClean;

  @override
  String toString() => reason.isEmpty ? '$code' : '$code $reason';
}

/// A WebSocket connection: one end of a [WebSocketPair], a connection to a
/// server, or one that a Durable Object keeps.
///
/// An end of a pair, or what a `fetch` brought, is first accepted: with
/// [accept], or in a Durable Object with `state.acceptWebSocket`. What was
/// accepted with [accept] brings its [messages]; of the others the Durable
/// Object's `webSocketMessage` is told.
///
/// Two objects that stand for the same connection of a Durable Object are
/// equal, so that connections can be the keys of a [Map].
///
/// See https://developers.cloudflare.com/workers/runtime-apis/websockets/.
final class WebSocket {
  WebSocket._(this._ref, this._number);

  WebSocket._kept(HostRef context, int this._number)
      : _ref = host.helpers.derive('webSocket', [context, _number]),
        _use = _Use.kept;

  HostRef _ref;
  final int? _number;
  _Use _use = _Use.fresh;
  String? _protocol;
  bool _isClosed = false;
  bool _isHalfOpen = false;
  final _incoming = StreamController<Object>();
  final _closed = Completer<WebSocketClose>();

  /// Completes when nothing comes in or goes out any more: the event stays open
  /// until then.
  final _released = Completer<void>();

  /// Opens a connection to [url], whose scheme is `wss`, `ws`, `https` or
  /// `http`. It is accepted already.
  ///
  /// [protocols] are the subprotocols to offer, of which [protocol] says what
  /// the server chose. [headers] is what the constructor of `Headers` takes.
  ///
  /// Throws a [WorkersException] if the server is not reached or answers
  /// otherwise, and an [ArgumentError] for another scheme.
  static Future<WebSocket> connect(
    Object url, {
    List<String> protocols = const [],
    Object? headers,
  }) async {
    final parsed = Uri.parse('$url');
    final scheme = switch (parsed.scheme) {
      'ws' || 'http' => 'http',
      'wss' || 'https' => 'https',
      _ => throw ArgumentError.value(
          '$url',
          'url',
          'the scheme of a WebSocket is `wss`, `ws`, `https` or `http`',
        ),
    };
    final response = await fetch(
      parsed.replace(scheme: scheme),
      headers: Headers(headers)
        ..['upgrade'] = 'websocket'
        ..addAll({
          if (protocols.isNotEmpty)
            'sec-websocket-protocol': protocols.join(', '),
        }),
    );
    final socket = response.webSocket;
    if (socket == null) {
      throw WorkersException(
        'Error',
        'the server answered $response in place of a WebSocket',
      );
    }
    return socket
      // The runtime does not tell it of a connection that `fetch` opened.
      .._protocol = response.headers['sec-websocket-protocol']
      ..accept();
  }

  /// Begins to receive. The event that the connection belongs to goes on until
  /// it is closed, also after the response.
  ///
  /// When the peer closes the connection, this end is closed too; with
  /// [allowHalfOpen] it is not, and more may be sent until [close].
  ///
  /// In a Durable Object prefer `state.acceptWebSocket`: a connection that was
  /// accepted here keeps the object in memory. Under `dartflare dev` it ends
  /// with code 1012 when a change to the program is taken up.
  ///
  /// Throws a [StateError] if it was accepted or handed on before, and outside of
  /// the event that it belongs to.
  void accept({bool allowHalfOpen = false}) {
    _checkFresh();
    final outcome = host.helpers.call('openWebSocket', [
      _ref,
      allowHalfOpen,
      HostCallback((arguments) {
        _incoming.add(arguments.first!);
        return null;
      }),
      _released.future,
    ]);
    _use = _Use.accepted;
    _isHalfOpen = allowHalfOpen;
    unawaited(_receive(outcome));
  }

  Future<void> _receive(Future<Object?> outcome) async {
    var end = const WebSocketClose(1006, '', wasClean: false);
    try {
      final info = (await outcome)! as Map<String, Object?>;
      if (info['error'] case final error?) _incoming.addError(error);
      end = webSocketCloseFromHost(info);
    } on WorkersException catch (error, stack) {
      _incoming.addError(error, stack);
    } on StateError {
      // The event is over, and with it the connection.
    }
    if (!_isHalfOpen || !end.wasClean) _isClosed = true;
    if (_isClosed && !_released.isCompleted) _released.complete();
    _closed.complete(end);
    unawaited(_incoming.close());
  }

  /// The messages that come in: each a [String] or a [Uint8List].
  ///
  /// What came before it is listened to is kept. The stream is done when the
  /// peer has closed the connection; if the connection broke, it may end with a
  /// [WorkersException].
  ///
  /// Throws a [StateError] if this end was not accepted with [accept].
  Stream<Object> get messages {
    _checkAccepted('messages');
    return _incoming.stream;
  }

  /// How the peer closed the connection, once it did.
  ///
  /// Throws a [StateError] if this end was not accepted with [accept].
  Future<WebSocketClose> get closed {
    _checkAccepted('closed');
    return _closed.future;
  }

  /// Sends [message], a [String] or bytes (`List<int>`), of 32 MiB at most.
  ///
  /// It is sent without waiting for anything; on a connection that the peer has
  /// left it is lost.
  ///
  /// Throws a [StateError] if this end was not accepted, or was closed, and an
  /// [ArgumentError] for any other kind of message.
  void send(Object message) {
    final data = switch (message) {
      String() || Uint8List() => message,
      List<int>() => Uint8List.fromList(message),
      _ => throw ArgumentError.value(
          message,
          'message',
          'a WebSocket sends a `String` or bytes; encode anything else, with '
              '`jsonEncode` for example',
        ),
    };
    switch (_use) {
      case _Use.fresh:
        throw StateError(
          'the WebSocket was not accepted; call `accept()`, or in a Durable '
          'Object `state.acceptWebSocket`, before sending',
        );
      case _Use.handedOn:
        throw _handedOn();
      case _Use.accepted || _Use.kept:
        if (_isClosed) {
          throw StateError('the WebSocket is closed; nothing can be sent');
        }
    }
    _ref.call('send', [data]).ignore();
  }

  /// Closes the connection with [code], by default none, and [reason], of 123
  /// bytes at most. Does nothing if it is closed.
  ///
  /// Programs use the codes 1000 and 3000 to 4999; see
  /// https://developer.mozilla.org/docs/Web/API/CloseEvent/code.
  ///
  /// Throws an [ArgumentError] for a code that must not be sent, and for a
  /// reason without a code or one that is too long.
  void close([int? code, String? reason]) {
    if (code != null &&
        (code < 1000 ||
            code > 4999 ||
            const {1004, 1005, 1006, 1015}.contains(code))) {
      throw ArgumentError.value(
        code,
        'code',
        'a WebSocket is closed with 1000, or with 3000 to 4999',
      );
    }
    if (reason != null) {
      if (code == null) throw ArgumentError('a reason needs a code');
      if (utf8.encode(reason).length > 123) {
        throw ArgumentError.value(reason, 'reason', 'longer than 123 bytes');
      }
    }
    if (_use == _Use.handedOn) throw _handedOn();
    if (_isClosed) return;
    _isClosed = true;
    _ref.call('close', [
      if (code != null) code,
      if (reason != null) reason,
    ]).ignore();
    if (_closed.isCompleted && !_released.isCompleted) _released.complete();
  }

  /// How far the connection is.
  ///
  /// Under `dartflare dev` the program stands still until the runtime has
  /// answered; so with the properties below.
  WebSocketReadyState get readyState =>
      WebSocketReadyState.values[(_ref.getSync('readyState')! as num).toInt()];

  /// The subprotocol that both sides agreed on; `null` or empty if none.
  String? get protocol => _protocol ?? _ref.getSync('protocol') as String?;

  /// The URL that a connection to a server was opened with, where the runtime
  /// tells.
  String? get url => _ref.getSync('url') as String?;

  /// The extensions that both sides agreed on, where the runtime tells.
  String? get extensions => _ref.getSync('extensions') as String?;

  /// How many bytes wait to be sent, where the runtime tells.
  int? get bufferedAmount => (_ref.getSync('bufferedAmount') as num?)?.toInt();

  /// Keeps [value] with the connection, where a Durable Object finds it again
  /// after it has left memory. It takes the place of an earlier one.
  ///
  /// [value] is what Durable Object storage takes: `null`, a [bool], [num],
  /// [BigInt], [String], [DateTime], [Uint8List], or a [List] or [Map] of
  /// these, of 16 KiB at most.
  ///
  /// Throws an [ArgumentError] for anything else, and a [WorkersException] if
  /// it is too large.
  ///
  /// See https://developers.cloudflare.com/durable-objects/best-practices/websockets/.
  void serializeAttachment(Object? value) =>
      _ref.callSync('serializeAttachment', [value]);

  /// What [serializeAttachment] kept, or `null`.
  ///
  /// Throws a [ValueTypeError] if it is not a [T].
  T? deserializeAttachment<T extends Object>() {
    final value = _ref.callSync('deserializeAttachment', const []);
    return value == null ? null : convertValue<T>(value, 'the attachment');
  }

  void _checkFresh() {
    switch (_use) {
      case _Use.fresh:
        return;
      case _Use.accepted || _Use.kept:
        throw StateError('the WebSocket was accepted already');
      case _Use.handedOn:
        throw _handedOn();
    }
  }

  void _checkAccepted(String member) {
    if (_use == _Use.accepted) return;
    throw StateError(
      _use == _Use.kept
          ? 'of a WebSocket that a Durable Object accepted there is no '
              '`$member`; override `webSocketMessage` and `webSocketClose` of '
              'the class'
          : '`$member` is there once the WebSocket was accepted; call '
              '`accept()` first',
    );
  }

  static StateError _handedOn() => StateError(
        'the WebSocket was handed on with a response; use the other end',
      );

  @override
  bool operator ==(Object other) =>
      identical(this, other) ||
      other is WebSocket && _number != null && other._number == _number;

  @override
  int get hashCode => _number?.hashCode ?? identityHashCode(this);
}

enum _Use { fresh, accepted, kept, handedOn }

/// A request and its answer, which the runtime gives by itself, without waking
/// the Durable Object.
///
/// See https://developers.cloudflare.com/durable-objects/api/state/#setwebsocketautoresponse.
final class WebSocketRequestResponsePair {
  /// A pair; each of the two is at most 2048 characters long.
  const WebSocketRequestResponsePair(this.request, this.response);

  /// The message that is answered.
  final String request;

  /// The answer.
  final String response;

  @override
  bool operator ==(Object other) =>
      other is WebSocketRequestResponsePair &&
      other.request == request &&
      other.response == response;

  @override
  int get hashCode => Object.hash(request, response);
}

/// The end that [info] describes.
WebSocketClose webSocketCloseFromHost(Map<String, Object?> info) =>
    WebSocketClose(
      (info['code']! as num).toInt(),
      info['reason'] as String? ?? '',
      wasClean: info['wasClean'] == true,
    );

/// The WebSocket behind [ref], which came with a response.
WebSocket webSocketFromHost(HostRef ref) => WebSocket._(ref, null);

/// The reference behind [socket], which goes on with a response.
HostRef webSocketToHost(WebSocket socket) {
  socket
    .._checkFresh()
    .._use = _Use.handedOn;
  return socket._ref;
}

/// The connection [number] of the Durable Object whose state is [context]; see
/// `webSocket` in `runtime.mjs`.
WebSocket keptWebSocket(HostRef context, Object? number) =>
    WebSocket._kept(context, (number! as num).toInt());

/// Has the Durable Object whose state is [context] keep [socket].
void keepWebSocket(HostRef context, WebSocket socket, List<String> tags) {
  socket._checkFresh();
  final number = host.helpers
      .callSync('acceptWebSocket', [context, socket._ref, tags])! as num;
  socket
    .._ref = host.helpers.derive('webSocket', [context, number.toInt()])
    .._use = _Use.kept;
}

/// The reference behind [socket], for questions about it.
HostRef webSocketRef(WebSocket socket) => socket._ref;
