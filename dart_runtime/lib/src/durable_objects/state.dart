/// The state of a Durable Object.
library;

import 'dart:async';

import '../execution_context.dart';
import '../host/host.dart';
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
