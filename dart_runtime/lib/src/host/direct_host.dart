/// A host in the same program as the runtime, with which it exchanges packets.
///
/// All of it that can be is independent of how JavaScript is reached, which is
/// what a [DirectRuntime] knows; `J` is the type of a JavaScript value there.
library;

import 'dart:async';
import 'dart:typed_data';

import 'host.dart';
import 'registration.dart';
import 'runtime_stream.dart';
import 'values.dart';

/// A value under way: its wire form, which holds nothing but null, booleans,
/// numbers, strings and lists, and beside it the objects and bytes that it
/// refers to by index.
typedef Packet<J> = ({Object? wire, List<J> objects, List<Uint8List> blobs});

/// How something ended: with a value, or with the description of an error.
typedef Outcome<J> = ({bool isDone, Packet<J> packet});

/// Takes the outcome of a call. Only the first time counts.
typedef Settle<J> = void Function(Outcome<J> outcome);

/// The other half of a [DirectHost], see `host.mjs`. Nothing in it throws.
abstract interface class DirectRuntime<J> {
  /// `globalThis`.
  J get global;

  /// What Dart may call beside it.
  J get helpers;

  /// Takes the steps in [packet] from [target]; [mode] is `ref`, `now` or
  /// `later`. Only of the last, the outcome may be a Future, without errors.
  FutureOr<Outcome<J>> operate(
    J target,
    Packet<J> packet,
    String mode,
    List<String>? select,
  );

  /// A function that JavaScript can call; [body] never throws.
  J function(void Function(Packet<J> arguments, Settle<J> settle) body);

  /// Hands over what `main()` registered, of each class its kind and its name.
  /// Gives whether it came in time.
  bool register(
    List<String> handlers,
    List<List<String>> classes,
    J dispatch,
    J construct,
  );

  /// Tells that `main()` threw what [description] describes.
  void fail(Packet<J> description);
}

/// The host over [runtime].
final class DirectHost<J> implements Host {
  /// The host over [runtime].
  DirectHost(this.runtime);

  /// How JavaScript is reached.
  final DirectRuntime<J> runtime;

  bool _isRegistered = false;

  @override
  DirectRef<J> get global => DirectRef(this, runtime.global);

  @override
  DirectRef<J> get helpers => DirectRef(this, runtime.helpers);

  @override
  void register(HostApplication application) {
    if (_isRegistered) throw registeredTwice();
    _isRegistered = runtime.register(
      application.handlers.toList(),
      [
        for (final name in application.durableObjects) ['durableObject', name],
        for (final name in application.entrypoints) ['entrypoint', name],
        for (final name in application.workflows) ['workflow', name],
      ],
      _function(
        (arguments) => _during(
          Object(),
          () => application.dispatch(_event(arguments)),
        ),
      ),
      _function((arguments) {
        // The events of a Durable Object may use what any of them made.
        final events = Object();
        final dispatch = _during(
          events,
          () => application.construct(_event(arguments)),
        );
        // JavaScript alone holds it, so that it goes with its object there.
        return HostCallback(
          (arguments) => _during(events, () => dispatch(_event(arguments))),
        );
      }),
    );
    if (!_isRegistered) throw registeredLate();
  }

  /// Calls [main] and tells the runtime if it throws: of an exception that
  /// leaves a program compiled to WebAssembly nothing can be read.
  void start(Function main) {
    try {
      final Object? result = main is Function(List<String>)
          ? main(const <String>[])
          // It takes nothing, or is no `main()`.
          // ignore: avoid_dynamic_calls
          : main();
      // Registration is over when this returns, and a Future fails later, even
      // one of code before the first `await`: as under `dartflare dev`, such an
      // error is logged, and what was registered stands.
      if (result is Future<Object?>) {
        unawaited(result.then<void>((_) {}, onError: _logLate));
      }
    } catch (error, stack) {
      runtime.fail(_seal(describeError(error, '$stack')));
    }
  }

  void _logLate(Object error, StackTrace stack) {
    final {'name': name, 'message': message} = describeError(error, '$stack');
    final text = 'Uncaught $name: $message in `main()`, after it had returned\n'
        '$stack';
    global.property('console').callSync('error', [text.trimRight()]);
  }

  static final Object _eventKey = Object();

  static R _during<R>(Object event, R Function() body) =>
      runZoned(body, zoneValues: {_eventKey: event});

  static HostEvent _event(List<Object?> arguments) => HostEvent(
        kind: arguments[0]! as String,
        env: arguments[1]! as HostRef,
        context: arguments[2]! as HostRef,
        argument: arguments[3]! as HostRef,
        info: arguments[4]! as Map<String, Object?>,
        bindings: bindingsFrom(arguments[5]! as Map<String, Object?>),
        className: arguments[6] as String?,
      );

  J _function(FutureOr<Object?> Function(List<Object?> arguments) function) {
    void run(Packet<J> packet, Settle<J> settle) {
      void fail(Object error, StackTrace stack) => settle(
            (isDone: false, packet: _seal(describeError(error, '$stack'))),
          );

      void succeed(Object? value) {
        try {
          settle((isDone: true, packet: _seal(value)));
        } catch (error, stack) {
          fail(error, stack);
        }
      }

      try {
        final result = function(_open(packet)! as List<Object?>);
        if (result is Future<Object?>) {
          unawaited(result.then<void>(succeed, onError: fail));
        } else {
          succeed(result);
        }
      } catch (error, stack) {
        fail(error, stack);
      }
    }

    // JavaScript calls in the root zone, whatever zone this is.
    return runtime.function(Zone.current.bindBinaryCallback(run));
  }

  Packet<J> _seal(Object? value) {
    final links = _DirectLinks<J>(this, [], []);
    return links.seal(links.encode(value, 'result'));
  }

  Object? _open(Packet<J> packet) => decodeValue(
        packet.wire,
        _DirectLinks<J>(this, packet.objects, packet.blobs),
        packet.blobs,
      );

  /// The value of [outcome]. Throws the [WorkersException] that it is instead.
  Object? _result(Outcome<J> outcome) {
    final value = _open(outcome.packet);
    if (outcome.isDone) return value;
    throw decodeError(value! as Map<String, Object?>);
  }

  Future<Object?> _awaited(FutureOr<Outcome<J>> outcome) async =>
      _result(outcome is Future<Outcome<J>> ? await outcome : outcome);
}

/// A reference as this host holds it: the JavaScript value itself.
///
/// The platform lets no event use a stub that another one made, even one that
/// derives from `env` without I/O. So what derives from something is derived
/// again in an event that did not, as it is under `dartflare dev`.
final class DirectRef<J> implements HostRef {
  /// A reference on [value].
  DirectRef(
    this._host,
    J value, [
    this.className,
    this.selected = const {},
  ])  : _value = value,
        _derive = null;

  DirectRef._derived(this._host, J Function() this._derive)
      : _value = _derive(),
        className = null,
        selected = const {};

  final DirectHost<J> _host;
  final J Function()? _derive;
  J _value;
  Object? _event = Zone.current[DirectHost._eventKey];

  /// The object, or whatever else JavaScript has in its place.
  J get value {
    final event = Zone.current[DirectHost._eventKey];
    if (_derive case final derive? when _event != event) {
      _value = derive();
      _event = event;
    }
    return _value;
  }

  @override
  final String? className;

  @override
  final Map<String, Object?> selected;

  @override
  HostRef property(String name) => _reference('g', name, const []);

  @override
  HostRef derive(String method, [List<Object?> arguments = const []]) =>
      _reference('a', method, arguments);

  @override
  HostRef construct(String className, [List<Object?> arguments = const []]) =>
      _reference('n', className, arguments);

  @override
  Future<Object?> get(String name) =>
      _host._awaited(_operate('g', name, const [], 'later'));

  @override
  Object? getSync(String name) => _now('g', name, const [], 'now');

  @override
  Future<Object?> call(
    String method,
    List<Object?> arguments, {
    List<String>? select,
  }) =>
      _host._awaited(_operate('a', method, arguments, 'later', select));

  @override
  Object? callSync(
    String method,
    List<Object?> arguments, {
    List<String>? select,
  }) =>
      _now('a', method, arguments, 'now', select);

  /// Does nothing: what nobody refers to any more is collected.
  @override
  void release() {}

  HostRef _reference(String kind, String name, List<Object?> arguments) =>
      DirectRef._derived(
        _host,
        () => (_now(kind, name, arguments, 'ref')! as DirectRef<J>).value,
      );

  Object? _now(
    String kind,
    String name,
    List<Object?> arguments,
    String mode, [
    List<String>? select,
  ]) =>
      _host._result(
        _operate(kind, name, arguments, mode, select) as Outcome<J>,
      );

  FutureOr<Outcome<J>> _operate(
    String kind,
    String name,
    List<Object?> arguments,
    String mode, [
    List<String>? select,
  ]) {
    final links = _DirectLinks<J>(_host, [], []);
    final step = [
      kind,
      name,
      [
        for (final (at, argument) in arguments.indexed)
          links.encode(argument, 'argument ${at + 1}'),
      ],
    ];
    return _host.runtime.operate(value, links.seal([step]), mode, select);
  }
}

final class _DirectLinks<J> implements Links {
  _DirectLinks(this._host, this._objects, this._blobs);

  final DirectHost<J> _host;
  final List<J> _objects;
  final List<Uint8List> _blobs;

  Object? encode(Object? value, String path) =>
      encodeValue(value, this, _blobs, path);

  /// The packet of [wire], which these links were used to encode.
  Packet<J> seal(Object? wire) =>
      (wire: wire, objects: _objects, blobs: _blobs);

  int _add(J object) {
    _objects.add(object);
    return _objects.length - 1;
  }

  @override
  int find(HostRef ref) => _add((ref as DirectRef<J>).value);

  @override
  HostRef keep(int id, String? className, Map<String, Object?> selected) =>
      DirectRef(_host, _objects[id], className, selected);

  @override
  HostStream keepStream(int id) => RuntimeStream(
        DirectRef(_host, _objects[id]),
        _host.helpers,
      );

  @override
  int addFunction(HostCallback function) =>
      _add(_host._function(function.function));

  @override
  int addFuture(Future<Object?> future) {
    // JavaScript is told of an error, and perhaps only later.
    future.ignore();
    return _add(_host._function((_) => future));
  }

  @override
  int addSource(Stream<List<int>> stream) {
    final chunks = StreamIterator(stream);
    return _add(
      _host._function((arguments) async {
        if (arguments.first == 'cancel') {
          await chunks.cancel();
          return null;
        }
        while (await chunks.moveNext()) {
          final chunk = chunks.current;
          // A byte stream takes no empty chunk.
          if (chunk.isEmpty) continue;
          return chunk is Uint8List ? chunk : Uint8List.fromList(chunk);
        }
        return null;
      }),
    );
  }
}
