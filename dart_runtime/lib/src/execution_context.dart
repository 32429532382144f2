/// The context of an event.
library;

import 'dart:async';

import 'bindings/fetcher.dart';
import 'durable_objects/namespace.dart';
import 'host/current.dart';
import 'js_binding.dart';

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

  /// What whoever bound this entrypoint said of itself: `props` of the service
  /// binding in its configuration, or of [ExecutionContext.exports].
  ///
  /// Nobody can send others: what is there may be relied upon. Empty where
  /// there are none.
  ///
  /// See https://developers.cloudflare.com/workers/runtime-apis/context/#props.
  late final Map<String, Object?> props =
      switch (valueFromHost(_ref.getSync('props'))) {
    final Map<String, Object?> props => props,
    _ => const {},
  };

  /// This Worker's own entrypoints and Durable Object classes, to be called or
  /// handed on without a binding.
  ///
  /// See https://developers.cloudflare.com/workers/runtime-apis/context/#exports.
  WorkerExports get exports => WorkerExports._(_ref);

  /// Ends the event at once, with all that it still does; the caller's call
  /// fails with [reason].
  ///
  /// Throws a [WorkersException] where the runtime is too old to have it.
  Future<void> abort([String? reason]) =>
      _ref.call('abort', [if (reason != null) reason]);
}

/// What a Worker exports, as it reaches it itself.
///
/// It is there from the compatibility date 2025-11-17 on, or with the flag
/// `enable_ctx_exports`. What is not exported, or cannot be had, throws a
/// [WorkersException] when it is used.
///
/// See https://developers.cloudflare.com/workers/runtime-apis/context/#exports.
final class WorkerExports {
  WorkerExports._(this._context);

  final HostRef _context;

  /// The entrypoint called [name], which finds [props] in its `ctx.props`;
  /// `default` is the Worker itself.
  Service getService(String name, {Map<String, Object?>? props}) =>
      serviceFromHost(
        host.helpers.derive('ownExport', [
          _context,
          name,
          if (props != null) valueToHost(props),
        ]),
      );

  /// The namespace of the Durable Object class called [name].
  DurableObjectNamespace getDurableObjectNamespace(String name) =>
      durableObjectNamespaceFromHost(
        host.helpers.derive('ownExport', [_context, name]),
      );
}

/// The context behind [ref].
ExecutionContext executionContextFromHost(HostRef ref) =>
    ExecutionContext._(ref);

/// [future] as the host takes it: its value means nothing to the runtime, and
/// need not be one that crosses.
Future<void> withoutValue(Future<Object?> future) => future.then((_) {});
