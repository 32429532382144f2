/// The context of an event.
library;

import 'dart:async';

import 'host/host.dart';

/// What a handler may do beside its answer.
///
/// See https://developers.cloudflare.com/workers/runtime-apis/context/.
class ExecutionContext {
  ExecutionContext._(this._ref);

  final HostRef _ref;

  /// Keeps the event alive until [future] is done, also after the response was
  /// sent. The platform sets a limit of 30 seconds.
  ///
  /// What [future] fails with is logged; it does not change the response.
  void waitUntil(Future<Object?> future) {
    unawaited(_ref.call('waitUntil', [withoutValue(future)]));
  }

  /// Lets the request go on to the origin server if the handler throws, in
  /// place of an error page.
  void passThroughOnException() {
    // The handler may be done before the reply, which says nothing, is there.
    _ref.call('passThroughOnException', const []).ignore();
  }
}

/// The context behind [ref].
ExecutionContext executionContextFromHost(HostRef ref) =>
    ExecutionContext._(ref);

/// [future] as the host takes it: its value means nothing to the runtime, and
/// need not be one that crosses.
Future<void> withoutValue(Future<Object?> future) => future.then((_) {});
