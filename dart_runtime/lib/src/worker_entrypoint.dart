/// Entrypoints of a Worker beside its handlers.
library;

import 'dart:async';

import 'bindings/fetcher.dart';
import 'environment.dart';
import 'events/forwardable_email.dart';
import 'events/message_batch.dart';
import 'events/trace.dart';
import 'execution_context.dart';
import 'host/host.dart';
import 'http/request.dart';
import 'http/response.dart';
import 'rpc.dart';
import 'scheduled_controller.dart';
import 'slot.dart';

/// Base class of entrypoints: ways into this Worker that other Workers bind by
/// name, with methods of their own.
///
/// ```dart
/// class Admin extends WorkerEntrypoint {
///   @override
///   Map<String, Function> get methods => {'greet': greet};
///
///   String greet(String name) => 'Hello, $name, from ${ctx.props['who']}';
/// }
/// ```
///
/// Register the class in `CloudflareWorkers(entrypoints: ...)`. The name
/// `default` stands for the Worker itself: such an entrypoint takes the place of
/// the handlers of `CloudflareWorkers`: cron triggers, messages and emails come
/// to it. Each call makes a new object; it keeps nothing between calls.
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
  ///
  /// ```dart
  /// @override
  /// Map<String, Function> get methods => {'add': add, 'greet': greet};
  /// ```
  ///
  /// Up to six positional parameters, which may be optional. Arguments and
  /// results are those of [Service.call]; numbers, lists and maps arrive as the
  /// parameter's type says, where nothing is lost by it. A caller whose
  /// arguments do not fit gets a `TypeError` that says so, and what a method
  /// throws reaches the caller with its message.
  ///
  /// A name that the platform keeps for itself, such as `fetch`, is a
  /// [StateError] when the entrypoint is called.
  Map<String, Function> get methods => const {};

  /// Answers a request that was sent to this entrypoint.
  ///
  /// Throws an [UnsupportedError] if it is not overridden.
  FutureOr<Response> fetch(Request request) =>
      throw _notOverridden('a request', 'fetch');

  /// Runs on cron triggers.
  ///
  /// Throws an [UnsupportedError] if it is not overridden.
  FutureOr<void> scheduled(ScheduledController controller) =>
      throw _notOverridden('a cron trigger', 'scheduled');

  /// Takes the messages of the queues that this Worker consumes. If it throws,
  /// they are delivered again.
  ///
  /// Throws an [UnsupportedError] if it is not overridden.
  FutureOr<void> queue(MessageBatch batch) =>
      throw _notOverridden('a batch of messages', 'queue');

  /// Takes the emails that are routed to this Worker.
  ///
  /// Throws an [UnsupportedError] if it is not overridden.
  FutureOr<void> email(ForwardableEmailMessage message) =>
      throw _notOverridden('an email', 'email');

  /// Takes what happened in the Workers that this one is a tail consumer of.
  ///
  /// Throws an [UnsupportedError] if it is not overridden.
  FutureOr<void> tail(List<TraceItem> items) =>
      throw _notOverridden('a trace', 'tail');

  static UnsupportedError _notOverridden(String what, String method) =>
      UnsupportedError(
        '$what was sent to an entrypoint that does not override `$method`',
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
  checkMethodNames(entrypoint.methods, 'the class `$className`');
  switch (event.kind) {
    case 'fetch':
      final request = requestFromHost(event.argument, event.info);
      return responseToHost(await entrypoint.fetch(request));
    case 'scheduled':
      final controller =
          scheduledControllerFromHost(event.argument, event.info);
      await entrypoint.scheduled(controller);
      return null;
    case 'queue':
      await entrypoint.queue(messageBatchFromHost(event.argument, event.info));
      return null;
    case 'email':
      await entrypoint
          .email(forwardableEmailFromHost(event.argument, event.info));
      return null;
    case 'tail':
      await entrypoint.tail(traceItemsFromHost(event.argument, event.info));
      return null;
    case 'rpc':
      return callMethod(
        entrypoint.methods,
        event.info,
        'the class `$className`',
      );
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
