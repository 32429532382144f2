/// The contract between this package and the runtime that it runs in.
///
/// Everything that lives in the Workers runtime (bindings, requests, Durable
/// Object storage) stays there. Dart holds a [HostRef] on it and asks the host
/// to read properties, call methods and construct objects. Compiled Workers
/// reach the runtime through `dart:js_interop`; under `dartflare dev` the same
/// operations travel over a socket. No other library of this package may
/// import either `dart:js_interop` or `dart:io`.
library;

import 'dart:async';
import 'dart:typed_data';

/// An opaque handle on an object of the Workers runtime.
///
/// Values that cross in either direction: `null`, [bool], [int], [double],
/// [BigInt], [String], [Uint8List], [DateTime], [List], [Map] with [String]
/// keys, [HostRef] and byte streams ([HostStream]; any `Stream<List<int>>`
/// towards the runtime). Towards the runtime also [Future], [HostCallback] and
/// [HostNew]. Anything else throws an [ArgumentError] that names the value's
/// path, such as `argument 1.options.ttl`.
abstract interface class HostRef {
  /// The name of the object's JavaScript class, where the host knows it.
  String? get className;

  /// The properties that were asked for with `select`; empty otherwise.
  Map<String, Object?> get selected;

  /// A reference to the property [name]. Does no I/O and does not check that
  /// the property exists.
  ///
  /// What goes wrong here and in [derive] is thrown at once by a compiled
  /// program, and where the reference is first used during development.
  HostRef property(String name);

  /// A reference to what [method] returns, for methods that do no I/O, such as
  /// `idFromName`.
  HostRef derive(String method, [List<Object?> arguments]);

  /// A reference to a new object of the class that is the property [className]:
  /// `new object.className(...arguments)`. Does no I/O.
  HostRef construct(String className, [List<Object?> arguments]);

  /// The value of the property [name].
  Future<Object?> get(String name);

  /// The value of the property [name], at once.
  ///
  /// During development this blocks the whole program for a fraction of a
  /// millisecond; use it only where the Cloudflare API is synchronous. Throws a
  /// [WorkersException] if the value is a promise.
  Object? getSync(String name);

  /// Calls [method] and awaits what it returns.
  ///
  /// With [select], the result is a [HostRef] that carries these properties of
  /// the result in [HostRef.selected]; an empty list gives a plain reference
  /// whatever the result is. A result of `null` or `undefined` stays `null`.
  Future<Object?> call(
    String method,
    List<Object?> arguments, {
    List<String>? select,
  });

  /// Calls [method] and returns its result at once; see [getSync].
  Object? callSync(
    String method,
    List<Object?> arguments, {
    List<String>? select,
  });

  /// Lets the runtime forget the object. Using the reference afterwards is an
  /// error. Without it, the object lives as long as the event.
  void release();
}

/// A JavaScript object to be constructed where it is used:
/// `new className(...arguments)`, with `className` looked up on `globalThis`.
final class HostNew {
  /// Describes `new className(...arguments)`.
  const HostNew(this.className, this.arguments);

  /// The global constructor's name.
  final String className;

  /// The constructor's arguments.
  final List<Object?> arguments;
}

/// A Dart function that the runtime may call.
///
/// It gets the arguments as one list; what it returns crosses back, and what
/// it throws becomes a JavaScript `Error` with the Dart stack.
final class HostCallback {
  /// A function that runs beside everything else of its event.
  const HostCallback(this.function, {this.label}) : _kind = null;

  /// A function that the runtime runs as a critical section, such as the one
  /// given to `blockConcurrencyWhile` or `transaction`: while it runs, nothing
  /// else of the Durable Object does.
  const HostCallback.critical(this.function)
      : _kind = 'critical',
        label = null;

  /// A function that has answered when it returns, for platform calls that are
  /// synchronous themselves; it must not return a [Future].
  ///
  /// During development JavaScript cannot wait for this program at once. There
  /// `transactionSync`, by [HostRef.callSync] and with this alone as argument,
  /// is the one method that can be given such a function.
  const HostCallback.immediate(this.function)
      : _kind = 'immediate',
        label = null;

  /// A function that the runtime may call after the event is answered, for as
  /// long as somebody holds a stub of it.
  const HostCallback.kept(this.function)
      : _kind = 'kept',
        label = null;

  /// What is called.
  final FutureOr<Object?> Function(List<Object?> arguments) function;

  final String? _kind;

  /// Whether nothing else of the object runs meanwhile.
  bool get isCritical => _kind == 'critical';

  /// Whether the event lasts until nobody can call it any more.
  bool get isKept => _kind == 'kept';

  /// Whether the runtime goes on with what it returned as soon as it returns.
  bool get isImmediate => _kind == 'immediate';

  /// What it is, such as ``the step `charge` ``, if what it throws should be
  /// told during development: the caller may be the platform, which tries again
  /// without a word.
  final String? label;
}

/// A `ReadableStream` of the runtime, as a single-subscription stream.
///
/// Handed back to the runtime before anyone listened, it is the same
/// `ReadableStream` again and no byte passes through Dart.
abstract class HostStream extends Stream<Uint8List> {
  /// The `ReadableStream`.
  HostRef get ref;
}

/// What the host knows of one name in the Worker's environment.
final class HostBinding {
  /// Describes one name of `env`.
  const HostBinding(this.kind, [this.value]);

  /// The kind as the Wrangler configuration calls it, such as
  /// `kv_namespaces`; `vars` and `secrets` for values, `unknown` for what the
  /// configuration does not list.
  final String kind;

  /// The value of a variable or secret; `null` for every other kind.
  final Object? value;
}

/// One event that the runtime delivers: a request, an alarm, a cron trigger.
final class HostEvent {
  /// Describes an event.
  const HostEvent({
    required this.kind,
    required this.env,
    required this.context,
    required this.argument,
    required this.info,
    required this.bindings,
    this.className,
  });

  /// Of the Worker itself and of its entrypoints: `fetch`, `scheduled`, `queue`,
  /// `email`, `tail`. Of entrypoints and Durable Objects: `rpc`. Of Durable
  /// Objects: `construct`, `fetch`, `alarm`, `webSocketMessage`,
  /// `webSocketClose`, `webSocketError`. Of workflows: `run`.
  final String kind;

  /// The Worker's `env`.
  final HostRef env;

  /// The `ExecutionContext`, or the `DurableObjectState` of a Durable Object.
  final HostRef context;

  /// The event's own object: the `Request`, the `ScheduledController`, the
  /// `WorkflowStep`; of a kind without one, a reference to `undefined`.
  final HostRef argument;

  /// What the runtime already read from [argument], so that reading it again
  /// costs nothing; `classes.mjs` says what. `fetch`: `method`, `url`, `headers` (pairs of name and
  /// value), `hasBody`. `scheduled`: `cron`, `scheduledTime` (ms since epoch).
  /// `construct`: `id` (hexadecimal) and `name` (or null) of the object.
  /// `alarm`: `retryCount`, `isRetry`, `scheduledTime` (ms since epoch; may be
  /// missing), or nothing at all.
  final Map<String, Object?> info;

  /// Every name of `env`.
  final Map<String, HostBinding> bindings;

  /// The class that the event is for, if any: that of a Durable Object, an
  /// entrypoint, a workflow.
  final String? className;
}

/// Handles one event. What it returns crosses to the runtime: for `fetch` a
/// [HostRef] on a `Response`, or a [HostNew] that makes one.
typedef HostDispatch = Future<Object?> Function(HostEvent event);

/// What `main()` registered, as the host sees it.
abstract interface class HostApplication {
  /// The event kinds of the Worker itself that have a handler.
  Set<String> get handlers;

  /// The names of the Durable Object classes that were registered.
  Set<String> get durableObjects;

  /// The names of the entrypoints that were registered.
  Set<String> get entrypoints;

  /// The names of the workflow classes that were registered.
  Set<String> get workflows;

  /// Handles an event of the Worker itself, of an entrypoint or of a workflow.
  Future<Object?> dispatch(HostEvent event);

  /// Handles a `construct` event: makes the Durable Object and returns what
  /// handles its later events.
  HostDispatch construct(HostEvent event);
}

/// The runtime that the program runs in.
abstract interface class Host {
  /// The runtime's `globalThis`.
  HostRef get global;

  /// What the runtime offers beside its globals, see `helpers` in
  /// `runtime.mjs`.
  HostRef get helpers;

  /// Takes what `main()` registered. Throws a [StateError] when called twice.
  void register(HostApplication application);
}

/// An operation that the platform rejected.
///
/// See https://developers.cloudflare.com/durable-objects/best-practices/error-handling/
/// for [retryable] and [overloaded].
class WorkersException implements Exception {
  /// Describes a JavaScript error.
  const WorkersException(
    this.name,
    this.message, {
    this.stack,
    this.retryable = false,
    this.overloaded = false,
  });

  /// The JavaScript error's name, such as `TypeError`.
  final String name;

  /// The JavaScript error's message.
  final String message;

  /// The JavaScript stack, where there is one.
  final String? stack;

  /// Whether the platform says that trying again may succeed.
  final bool retryable;

  /// Whether the platform refused because the object is overloaded; do not try
  /// again then.
  final bool overloaded;

  @override
  String toString() => '$name: $message';
}
