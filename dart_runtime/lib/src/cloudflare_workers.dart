/// The entry point of a Worker.
library;

import 'dart:async';

import 'durable_objects/durable_object.dart';
import 'environment.dart';
import 'events/forwardable_email.dart';
import 'events/message_batch.dart';
import 'events/trace.dart';
import 'execution_context.dart';
import 'host/current.dart';
import 'host/host.dart' show HostApplication, HostDispatch, HostEvent;
import 'http/request.dart';
import 'http/response.dart';
import 'scheduled_controller.dart';
import 'slot.dart';
import 'worker_entrypoint.dart';
import 'workflows/workflow_entrypoint.dart';

/// Answers an HTTP request.
typedef FetchHandler = FutureOr<Response> Function(
  Request request,
  Environment env,
  ExecutionContext ctx,
);

/// Runs when a cron trigger fires.
typedef ScheduledHandler = FutureOr<void> Function(
  ScheduledController controller,
  Environment env,
  ExecutionContext ctx,
);

/// Handles the messages of a queue that this Worker consumes.
typedef QueueHandler = FutureOr<void> Function(
  MessageBatch batch,
  Environment env,
  ExecutionContext ctx,
);

/// Handles an email that was routed to this Worker.
typedef EmailHandler = FutureOr<void> Function(
  ForwardableEmailMessage message,
  Environment env,
  ExecutionContext ctx,
);

/// Handles what happened in the Workers that this one is a tail consumer of.
typedef TailHandler = FutureOr<void> Function(
  List<TraceItem> items,
  Environment env,
  ExecutionContext ctx,
);

/// Makes a Durable Object of one class.
typedef DurableObjectFactory = DurableObject Function();

/// Makes an entrypoint of one class, for each call anew.
typedef WorkerEntrypointFactory = WorkerEntrypoint Function();

/// Makes a workflow of one class, for each run anew.
typedef WorkflowFactory = WorkflowEntrypoint Function();

/// A Worker: what it does with requests, cron triggers, messages, emails and
/// traces, and its classes.
///
/// Construct one in `main()`, before anything asynchronous:
///
/// ```dart
/// void main() {
///   CloudflareWorkers(
///     fetch: (request, env, ctx) async {
///       final views = env.getDurableObjectNamespace('VIEWS');
///       return views.getByName('home').fetch(request);
///     },
///     scheduled: (controller, env, ctx) async {
///       print('due at ${controller.scheduledTime}');
///     },
///     durableObjects: {
///       'ViewsDurableObject': () => ViewsDurableObject(),
///     },
///   );
/// }
/// ```
final class CloudflareWorkers {
  /// Registers the handlers of the Worker.
  ///
  /// [fetch] answers requests, [scheduled] runs on cron triggers, [queue] takes
  /// the messages of the queues that the configuration lists under
  /// `queues.consumers`, [email] the emails that are routed to the Worker, and
  /// [tail] what happened in the Workers that name this one among their
  /// `tail_consumers`; leave out what the Worker does not do. A queue delivers
  /// the messages again if its handler throws. [durableObjects] has an entry for every
  /// `class_name` in the Wrangler configuration that belongs to this Worker,
  /// with a function that makes a new object of that class; [workflows] likewise
  /// for the workflows. [entrypoints] are the classes that other Workers bind
  /// by name; one called `default` takes the place of the handlers.
  ///
  /// Throws a [StateError] the second time: a program is one Worker. Throws an
  /// [ArgumentError] for an entrypoint whose name JavaScript could not export,
  /// and for one name that two classes have.
  CloudflareWorkers({
    FetchHandler? fetch,
    ScheduledHandler? scheduled,
    QueueHandler? queue,
    EmailHandler? email,
    TailHandler? tail,
    Map<String, DurableObjectFactory> durableObjects = const {},
    Map<String, WorkerEntrypointFactory> entrypoints = const {},
    Map<String, WorkflowFactory> workflows = const {},
  }) {
    for (final name in entrypoints.keys) {
      if (!_exportable.hasMatch(name)) {
        throw ArgumentError.value(
          name,
          'entrypoints',
          'has a name that is none in JavaScript: letters, digits, `_` and '
              r'`$`, and no digit first',
        );
      }
      if (durableObjects.containsKey(name) || workflows.containsKey(name)) {
        throw ArgumentError.value(
          name,
          'entrypoints',
          'has the name of another class of this Worker',
        );
      }
    }
    host.register(
      _Application(
        {
          if (fetch != null)
            'fetch': (event, env, ctx) async {
              final request = requestFromHost(event.argument, event.info);
              return responseToHost(await fetch(request, env, ctx));
            },
          if (scheduled != null)
            'scheduled': (event, env, ctx) async {
              final controller =
                  scheduledControllerFromHost(event.argument, event.info);
              await scheduled(controller, env, ctx);
              return null;
            },
          if (queue != null)
            'queue': (event, env, ctx) async {
              final batch = messageBatchFromHost(event.argument, event.info);
              await queue(batch, env, ctx);
              return null;
            },
          if (email != null)
            'email': (event, env, ctx) async {
              final message =
                  forwardableEmailFromHost(event.argument, event.info);
              await email(message, env, ctx);
              return null;
            },
          if (tail != null)
            'tail': (event, env, ctx) async {
              final items = traceItemsFromHost(event.argument, event.info);
              await tail(items, env, ctx);
              return null;
            },
        },
        {...durableObjects},
        {...entrypoints},
        {...workflows},
      ),
    );
  }
}

final RegExp _exportable = RegExp(r'^[A-Za-z_$][A-Za-z0-9_$]*$');

typedef _Handler = Future<Object?> Function(
  HostEvent event,
  Environment env,
  ExecutionContext ctx,
);

final class _Application implements HostApplication {
  _Application(
    this._handlers,
    this._durableObjects,
    this._entrypoints,
    this._workflows,
  );

  final Map<String, _Handler> _handlers;
  final Map<String, DurableObjectFactory> _durableObjects;
  final Map<String, WorkerEntrypointFactory> _entrypoints;
  final Map<String, WorkflowFactory> _workflows;

  @override
  Set<String> get handlers => _handlers.keys.toSet();

  @override
  Set<String> get durableObjects => _durableObjects.keys.toSet();

  @override
  Set<String> get entrypoints => _entrypoints.keys.toSet();

  @override
  Set<String> get workflows => _workflows.keys.toSet();

  @override
  Future<Object?> dispatch(HostEvent event) async {
    final env = environmentFromHost(event.env, event.bindings);
    final ctx = executionContextFromHost(event.context);
    final EventSlot slot = (env: env, ctx: ctx);
    final className = event.className;
    if (className == null) {
      final handler = _handlers[event.kind] ?? (throw _noHandler(event.kind));
      return handler(event, env, ctx);
    }
    if (event.kind == 'run') {
      final factory = _workflows[className] ??
          (throw _noClass('workflow class', 'workflows', className, workflows));
      return dispatchToWorkflow(event, slot, factory);
    }
    final factory = _entrypoints[className] ??
        (throw _noClass('entrypoint', 'entrypoints', className, entrypoints));
    return dispatchToEntrypoint(event, slot, factory);
  }

  @override
  HostDispatch construct(HostEvent event) {
    final factory = _durableObjects[event.className] ??
        (throw _noClass(
          'Durable Object class',
          'durableObjects',
          event.className,
          durableObjects,
        ));
    return constructDurableObject(event, factory);
  }

  static StateError _noClass(
    String noun,
    String list,
    String? name,
    Set<String> there,
  ) =>
      StateError(
        'no $noun `$name` is registered; '
        '${there.isEmpty ? 'there is none' : 'there is '
            '${there.map((name) => '`$name`').join(', ')}'}, '
        'add it to `$list` of `CloudflareWorkers`',
      );

  static StateError _noHandler(String kind) => StateError(
        'this Worker has no handler for `$kind` events, give '
        '`CloudflareWorkers` the argument `$kind`',
      );
}
