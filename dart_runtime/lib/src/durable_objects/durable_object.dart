/// Durable Object classes.
library;

import 'dart:async';

import '../environment.dart';
import '../host/host.dart';
import '../http/request.dart';
import '../http/response.dart';
import '../http/web_socket.dart';
import '../rpc.dart';
import '../scheduled_controller.dart';
import '../worker_entrypoint.dart';
import 'state.dart';

/// The environment of a Durable Object, the same as that of its Worker.
typedef DurableObjectEnv = Environment;

/// Base class of Durable Objects: objects that exist once in the world under
/// their id, run one event at a time, and keep what they store.
///
/// ```dart
/// class Counter extends DurableObject {
///   @override
///   Future<Response> fetch(Request request, DurableObjectEnv env) async {
///     final count = (await state.storage.get<int>('count') ?? 0) + 1;
///     await state.storage.put('count', count);
///     return Response.ok('$count');
///   }
/// }
/// ```
///
/// Register the class in `CloudflareWorkers(durableObjects: ...)` and bind it
/// in the Wrangler configuration. [state] and [env] can be used in the
/// subclass's constructor; asynchronous preparation belongs into
/// [DurableObjectState.blockConcurrencyWhile] there.
///
/// Fields live as long as the platform keeps the object in memory. It may drop
/// it between any two events, so store what must stay.
///
/// See https://developers.cloudflare.com/durable-objects/api/base/.
abstract class DurableObject {
  /// Called by the factory given to `CloudflareWorkers(durableObjects: ...)`.
  ///
  /// Throws a [StateError] anywhere else: only the platform makes Durable
  /// Objects.
  DurableObject() : this._(_underConstruction ?? (throw _notThePlatform()));

  DurableObject._(_Slot slot)
      : state = slot.state,
        env = slot.env,
        _className = slot.className;

  /// The object's id and storage.
  final DurableObjectState state;

  /// The Worker's environment.
  final DurableObjectEnv env;

  final String _className;

  /// The methods that may be called through a stub of this object, by name; see
  /// [WorkerEntrypoint.methods].
  Map<String, Function> get methods => const {};

  /// Answers a request that came through a stub of this object.
  FutureOr<Response> fetch(Request request, DurableObjectEnv env);

  /// Runs when the time of `state.storage.setAlarm` has come.
  ///
  /// If it throws, the platform calls it again after a while, up to six times.
  /// To know whether that is so, override it as
  /// `FutureOr<void> alarm([AlarmInfo? info])`.
  ///
  /// Throws an [UnsupportedError] if it is not overridden.
  FutureOr<void> alarm() => throw UnsupportedError(
        'the alarm of a `$_className` went off, but the class does not '
        'override `alarm()`; override it, or set no alarm',
      );

  /// Runs when [message], a [String] or a [Uint8List], came in on [ws], which
  /// `state.acceptWebSocket` accepted.
  ///
  /// Throws an [UnsupportedError] if it is not overridden.
  ///
  /// See https://developers.cloudflare.com/durable-objects/best-practices/websockets/.
  FutureOr<void> webSocketMessage(WebSocket ws, Object message) =>
      throw UnsupportedError(
        'a message came in on a WebSocket of a `$_className`, but the class '
        'does not override `webSocketMessage()`; override it, or accept no '
        'WebSocket',
      );

  /// Runs when the peer has closed [ws], with [code] and [reason]; 1005 is no
  /// code. If [wasClean] is false, the connection broke.
  ///
  /// Afterwards this end is closed with the same code, if it is not yet.
  FutureOr<void> webSocketClose(
    WebSocket ws,
    int code,
    String reason,
    bool wasClean,
  ) {}

  /// Runs when the connection of [ws] failed with [error].
  FutureOr<void> webSocketError(WebSocket ws, Object error) {}
}

/// What is known of an alarm that went off.
///
/// See https://developers.cloudflare.com/durable-objects/api/alarms/#alarm.
class AlarmInfo {
  /// Describes an alarm.
  const AlarmInfo({
    this.retryCount = 0,
    this.isRetry = false,
    this.scheduledTime,
  });

  /// How often this alarm was tried before.
  final int retryCount;

  /// Whether this alarm was tried before.
  final bool isRetry;

  /// The time that was set, in UTC; `null` if the platform does not say.
  final DateTime? scheduledTime;
}

/// Makes an object with [factory] and returns what handles its events.
HostDispatch constructDurableObject(
  HostEvent event,
  DurableObject Function() factory,
) {
  final className = event.className ?? 'DurableObject';
  final env = environmentFromHost(event.env, event.bindings);
  final state = durableObjectStateFromHost(event.context, event.info);
  final outer = _underConstruction;
  _underConstruction = (state: state, env: env, className: className);
  final DurableObject object;
  try {
    object = factory();
  } finally {
    _underConstruction = outer;
  }
  checkMethodNames(object.methods, 'the class `$className`');
  return (event) => _dispatch(object, event);
}

Future<Object?> _dispatch(DurableObject object, HostEvent event) async {
  switch (event.kind) {
    case 'fetch':
      final request = requestFromHost(event.argument, event.info);
      return responseToHost(await object.fetch(request, object.env));
    case 'alarm':
      // A subclass may take the information, and need not.
      final Function alarm = object.alarm;
      if (alarm is FutureOr<void> Function(AlarmInfo)) {
        final info = event.info;
        await alarm(
          AlarmInfo(
            retryCount: (info['retryCount'] as num? ?? 0).toInt(),
            isRetry: info['isRetry'] == true,
            scheduledTime: timeFromHost(info['scheduledTime']),
          ),
        );
      } else {
        await object.alarm();
      }
      return null;
    case 'webSocketMessage':
      await object.webSocketMessage(
        keptWebSocket(event.context, event.info['socket']),
        event.info['message']!,
      );
      return null;
    case 'webSocketClose':
      final end = webSocketCloseFromHost(event.info);
      await object.webSocketClose(
        keptWebSocket(event.context, event.info['socket']),
        end.code,
        end.reason,
        end.wasClean,
      );
      return null;
    case 'webSocketError':
      await object.webSocketError(
        keptWebSocket(event.context, event.info['socket']),
        event.info['error'] ?? const WorkersException('Error', ''),
      );
      return null;
    case 'rpc':
      return callMethod(
        object.methods,
        event.info,
        'the class `${object._className}`',
      );
    default:
      throw StateError(
        '`${object._className}` has no handler for `${event.kind}` events',
      );
  }
}

typedef _Slot = ({
  DurableObjectState state,
  DurableObjectEnv env,
  String className,
});

/// What the constructor of [DurableObject] takes, while a factory runs.
_Slot? _underConstruction;

StateError _notThePlatform() => StateError(
      'only the platform makes Durable Objects; register the class in '
      '`CloudflareWorkers(durableObjects: ...)` and call the object through its '
      'namespace, `env.getDurableObjectNamespace(...)`',
    );
