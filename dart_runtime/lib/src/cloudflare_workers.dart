/// The entry point of a Worker.
library;

import 'dart:async';

import 'durable_objects/durable_object.dart';
import 'environment.dart';
import 'execution_context.dart';
import 'host/current.dart';
import 'http/request.dart';
import 'http/response.dart';
import 'scheduled_controller.dart';

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

/// Makes a Durable Object of one class.
typedef DurableObjectFactory = DurableObject Function();

/// A Worker: what it does with requests and cron triggers, and its Durable
/// Object classes.
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
  /// [fetch] answers requests and [scheduled] runs on cron triggers; leave out
  /// what the Worker does not do. [durableObjects] has an entry for every
  /// `class_name` in the Wrangler configuration that belongs to this Worker,
  /// with a function that makes a new object of that class.
  ///
  /// Throws a [StateError] the second time: a program is one Worker.
  CloudflareWorkers({
    FetchHandler? fetch,
    ScheduledHandler? scheduled,
    Map<String, DurableObjectFactory> durableObjects = const {},
  }) {
    host.register(_Application(fetch, scheduled, {...durableObjects}));
  }
}

final class _Application implements HostApplication {
  _Application(this._fetch, this._scheduled, this._durableObjects);

  final FetchHandler? _fetch;
  final ScheduledHandler? _scheduled;
  final Map<String, DurableObjectFactory> _durableObjects;

  @override
  Set<String> get handlers => {
        if (_fetch != null) 'fetch',
        if (_scheduled != null) 'scheduled',
      };

  @override
  Set<String> get durableObjects => _durableObjects.keys.toSet();

  @override
  Future<Object?> dispatch(HostEvent event) async {
    final env = environmentFromHost(event.env, event.bindings);
    final ctx = executionContextFromHost(event.context);
    switch (event.kind) {
      case 'fetch':
        final handler = _fetch ?? (throw _noHandler('fetch'));
        final request = requestFromHost(event.argument, event.info);
        return responseToHost(await handler(request, env, ctx));
      case 'scheduled':
        final handler = _scheduled ?? (throw _noHandler('scheduled'));
        await handler(
          scheduledControllerFromHost(event.argument, event.info),
          env,
          ctx,
        );
        return null;
      default:
        throw _noHandler(event.kind);
    }
  }

  @override
  HostDispatch construct(HostEvent event) {
    final factory = _durableObjects[event.className];
    if (factory == null) {
      throw StateError(
        'no Durable Object class `${event.className}` is registered; '
        '${_durableObjects.isEmpty ? 'there is none' : 'there is '
            '${_durableObjects.keys.map((name) => '`$name`').join(', ')}'}, '
        'add it to `durableObjects` of `CloudflareWorkers`',
      );
    }
    return constructDurableObject(event, factory);
  }

  static StateError _noHandler(String kind) => StateError(
        'this Worker has no handler for `$kind` events, give '
        '`CloudflareWorkers` the argument `$kind`',
      );
}
