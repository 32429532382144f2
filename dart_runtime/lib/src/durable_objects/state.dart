/// The state of a Durable Object.
library;

import 'dart:async';

import '../execution_context.dart';
import '../host/current.dart';
import '../http/web_socket.dart';
import '../js_binding.dart';
import 'container.dart';
import 'critical.dart';
import 'id.dart';
import 'storage.dart';

/// The id and storage of a Durable Object, and control over its events.
///
/// See https://developers.cloudflare.com/durable-objects/api/state/.
class DurableObjectState {
  DurableObjectState._(this._ref, this.id)
      : storage = durableObjectStorageFromHost(_ref.property('storage'));

  final HostRef _ref;

  /// The object's id.
  final DurableObjectId id;

  /// What the object keeps.
  final DurableObjectStorage storage;

  /// Does nothing that the object would not do without it: a Durable Object
  /// stays alive while it has work. It is there for code that also runs in
  /// Workers, and logs what [future] fails with.
  void waitUntil(Future<Object?> future) {
    unawaited(_ref.call('waitUntil', [withoutValue(future)]));
  }

  /// Runs [body] and holds back every other event of the object until it is
  /// done. Returns what [body] returns, and throws what it throws.
  ///
  /// Use it in a constructor to load what every event needs:
  ///
  /// ```dart
  /// Counter() {
  ///   state.blockConcurrencyWhile(() async {
  ///     count = await state.storage.get<int>('count') ?? 0;
  ///   });
  /// }
  /// ```
  ///
  /// If [body] throws or takes more than 30 seconds, the platform resets the
  /// object: events that wait for it fail, the next one constructs it again.
  Future<T> blockConcurrencyWhile<T>(FutureOr<T> Function() body) =>
      callCritical(_ref, 'blockConcurrencyWhile', (_) => body());

  /// Accepts [socket], an end of a `WebSocketPair`, for the object to keep: the
  /// object may leave memory while the connection is idle, and the class's
  /// `webSocketMessage`, `webSocketClose` and `webSocketError` are told what
  /// happens on it.
  ///
  /// [tags], at most 10 of at most 256 characters, are for [getWebSockets].
  ///
  /// Throws a [StateError] if [socket] was accepted or handed on before, and a
  /// [WorkersException] for too many or too long tags, or more than 32,768
  /// connections.
  ///
  /// See https://developers.cloudflare.com/durable-objects/best-practices/websockets/.
  void acceptWebSocket(WebSocket socket, {List<String> tags = const []}) =>
      keepWebSocket(_ref, socket, tags);

  /// The connections that the object keeps; with [tag], those that were
  /// accepted with it. One that just closed may still be among them.
  ///
  /// Under `dartflare dev` the program stands still until the runtime has
  /// answered, as with all below.
  List<WebSocket> getWebSockets([String? tag]) {
    final numbers = host.helpers
        .callSync('webSockets', [_ref, if (tag != null) tag])! as List;
    return [for (final number in numbers) keptWebSocket(_ref, number)];
  }

  /// The tags that [socket] was accepted with.
  ///
  /// Throws a [WorkersException] if the object does not keep it.
  List<String> getTags(WebSocket socket) =>
      (_ref.callSync('getTags', [webSocketRef(socket)])! as List)
          .cast<String>();

  /// Has the runtime answer a message by itself, without waking the object; with
  /// `null` no longer.
  ///
  /// Throws a [WorkersException] if a text of [pair] is too long.
  void setWebSocketAutoResponse(WebSocketRequestResponsePair? pair) =>
      _ref.callSync('setWebSocketAutoResponse', [
        if (pair != null)
          HostNew(
            'WebSocketRequestResponsePair',
            [pair.request, pair.response],
          ),
      ]);

  /// What [setWebSocketAutoResponse] was given, or `null`.
  WebSocketRequestResponsePair? getWebSocketAutoResponse() {
    final pair = _ref.callSync(
      'getWebSocketAutoResponse',
      const [],
      select: const ['request', 'response'],
    );
    if (pair is! HostRef) return null;
    return WebSocketRequestResponsePair(
      pair.selected['request']! as String,
      pair.selected['response']! as String,
    );
  }

  /// When the runtime last answered a message of [socket] by itself, in UTC;
  /// `null` if it did not.
  DateTime? getWebSocketAutoResponseTimestamp(WebSocket socket) =>
      _ref.callSync('getWebSocketAutoResponseTimestamp', [webSocketRef(socket)])
          as DateTime?;

  /// Sets how long an event of a kept connection may run, at most 7 days; with
  /// `null` as long as the platform lets it.
  ///
  /// Throws a [WorkersException] for a longer time.
  void setHibernatableWebSocketEventTimeout(Duration? timeout) =>
      _ref.callSync('setHibernatableWebSocketEventTimeout', [
        if (timeout != null) timeout.inMilliseconds,
      ]);

  /// What [setHibernatableWebSocketEventTimeout] was given, or `null`.
  Duration? getHibernatableWebSocketEventTimeout() =>
      switch (_ref.callSync('getHibernatableWebSocketEventTimeout', const [])) {
        final num timeout => Duration(milliseconds: timeout.toInt()),
        _ => null,
      };

  /// The container that runs beside the object, or `null` if its class has
  /// none.
  Container? get container => _ref.getSync('container') == null
      ? null
      : containerFromHost(_ref.property('container'));

  /// The objects that live within this one, each with a storage of its own.
  ///
  /// They are of classes that JavaScript hands out, those of a Worker that was
  /// loaded at run time, so this is the object of the platform itself:
  /// `facets.derive('get', ['name', (_) => {'class': loadedClass}])` is the stub
  /// of one, and `facets.call('abort', ['name', 'reason'])` and
  /// `facets.call('delete', ['name'])` end it.
  JSBinding get facets => jsBindingFromHost(_ref.property('facets'));

  /// Resets the object: everything that it does ends with an error, [reason]
  /// if given, and the next event constructs it again. What was stored stays.
  void abort([String? reason, DurableObjectAbortOptions? options]) {
    final retryAlarm = options?.retryAlarm;
    // The reply dies with the object, so there is nobody to hear of it.
    _ref.call('abort', [
      if (reason != null || retryAlarm != null)
        reason ?? 'Application called abort() to reset Durable Object.',
      if (retryAlarm != null) {'retryAlarm': retryAlarm},
    ]).ignore();
  }
}

/// How [DurableObjectState.abort] resets an object.
final class DurableObjectAbortOptions {
  /// What is not given is the platform's choice.
  const DurableObjectAbortOptions({this.retryAlarm});

  /// Whether an alarm that is being handled is tried again.
  final bool? retryAlarm;
}

/// The state behind [ref] of the object that [info] describes.
DurableObjectState durableObjectStateFromHost(
  HostRef ref,
  Map<String, Object?> info,
) =>
    DurableObjectState._(
      ref,
      durableObjectIdFromHost(
        ref.property('id'),
        hex: info['id'] as String?,
        name: info['name'] as String?,
      ),
    );
