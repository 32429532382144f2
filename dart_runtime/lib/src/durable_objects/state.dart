/// The state of a Durable Object.
library;

import 'dart:async';

import '../execution_context.dart';
import '../host/host.dart';
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

  /// Resets the object: everything that it does ends with an error, [reason]
  /// if given, and the next event constructs it again. What was stored stays.
  void abort([String? reason]) {
    // The reply dies with the object, so there is nobody to hear of it.
    _ref.call('abort', [if (reason != null) reason]).ignore();
  }
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
