/// Entrypoints of a Worker beside its handlers.
library;

import 'dart:async';

import 'environment.dart';
import 'execution_context.dart';
import 'host/host.dart';
import 'http/request.dart';
import 'http/response.dart';
import 'rpc.dart';
import 'slot.dart';

/// Base class of entrypoints: ways into this Worker that other Workers bind by
/// name, with methods of their own.
///
/// See https://developers.cloudflare.com/workers/runtime-apis/bindings/service-bindings/rpc/.
abstract class WorkerEntrypoint {
  /// Called by the factory given to `CloudflareWorkers(entrypoints: ...)`.
  ///
  /// Throws a [StateError] anywhere else: only the platform makes entrypoints.
  WorkerEntrypoint() : this._(eventSlot ?? (throw _notThePlatform()));

  WorkerEntrypoint._(EventSlot slot)
      : env = slot.env,
        ctx = slot.ctx;

  /// The Worker's environment.
  final Environment env;

  /// The context of the call.
  final ExecutionContext ctx;

  /// The methods that other Workers may call, by name.
  Map<String, Function> get methods => const {};

  /// Answers a request that was sent to this entrypoint.
  ///
  /// Throws an [UnsupportedError] if it is not overridden.
  FutureOr<Response> fetch(Request request) => throw UnsupportedError(
        'a request was sent to an entrypoint that does not override `fetch`',
      );
}

/// Handles [event] with a new object that [factory] makes.
Future<Object?> dispatchToEntrypoint(
  HostEvent event,
  EventSlot slot,
  WorkerEntrypoint Function() factory,
) async {
  final entrypoint = withEventSlot(slot, factory);
  final className = event.className!;
  switch (event.kind) {
    case 'fetch':
      final request = requestFromHost(event.argument, event.info);
      return responseToHost(await entrypoint.fetch(request));
    case 'rpc':
      return callMethod(entrypoint.methods, event.info, className);
    default:
      throw StateError(
        'the entrypoint `$className` has no handler for `${event.kind}` events',
      );
  }
}

StateError _notThePlatform() => StateError(
      'only the platform makes entrypoints; register the class in '
      '`CloudflareWorkers(entrypoints: ...)` and call it through a service '
      'binding, `env.getService(...)`',
    );
