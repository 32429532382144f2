/// Objects of the runtime that have no Dart type of their own, and the values
/// that travel to and from them.
library;

import 'dart:async';
import 'dart:typed_data';

import 'bindings/fetcher.dart';
import 'durable_objects/stub.dart';
import 'host/current.dart';
import 'http/headers.dart';
import 'http/request.dart';
import 'http/response.dart';
import 'rpc.dart';

/// An object of the Workers runtime, to be used by the names that JavaScript
/// knows it by.
///
/// It is for what this package has no type for: a binding of a kind that is
/// newer than it, a method that was added since.
///
/// ```dart
/// final store = env.binding('STORE');
/// final entry = await store.call('find', ['key', {'limit': 1}]);
/// ```
///
/// Arguments may be `null`, [bool], [num], [BigInt], [String], [DateTime],
/// [Uint8List], a `Stream<List<int>>`, [Request], [Response], [Headers], a
/// [JSBinding], an [RpcTarget], a function that takes one list of arguments, and
/// lists and maps with [String] keys of all these. Results are the same; an
/// object that is none of them, and a function, is a [JSBinding].
///
/// What the object refuses throws a [WorkersException].
final class JSBinding {
  JSBinding._(this._ref);

  final HostRef _ref;

  /// The name of the object's JavaScript class, where it is known.
  String? get className => _ref.className;

  /// Whether it is a stub: what it is given, the other side may keep.
  bool get _isStub => className == 'RpcStub';

  /// Calls [method] and awaits what it returns.
  Future<Object?> call(
    String method, [
    List<Object?> arguments = const [],
  ]) async =>
      valueFromHost(
        await _withNames(
          _ref.call(method, valuesToHost(arguments, isKept: _isStub)),
        ),
      );

  /// Calls the function that this is, one that another Worker handed over for
  /// one, and awaits what it returns.
  ///
  /// A function that came as the argument of a method can be called until the
  /// method returns; see [dup].
  Future<Object?> invoke([List<Object?> arguments = const []]) async =>
      valueFromHost(
        await _withNames(
          host.helpers.call(
            'invoke',
            [_ref, valuesToHost(arguments, isKept: _isStub)],
          ),
        ),
      );

  /// A stub of its own of what this one stands for.
  ///
  /// A stub that came as the argument of a method is disposed of when the method
  /// returns; what is to be used later is a duplicate made before that.
  Future<JSBinding> dup() async => JSBinding._(
        (await _ref.call('dup', const [], select: const []))! as HostRef,
      );

  /// Tells the other side that this stub is not used any more, and forgets it.
  ///
  /// What is not disposed of is when the event is over. See
  /// https://developers.cloudflare.com/workers/runtime-apis/rpc/lifecycle/.
  Future<void> dispose() async {
    await host.helpers.call('dispose', [_ref]);
    release();
  }

  Future<Object?> _withNames(Future<Object?> result) =>
      _isStub ? withNames(result) : result;

  /// Calls [method], which must not return a promise, and returns its result at
  /// once.
  ///
  /// During development the whole program waits for it.
  Object? callSync(String method, [List<Object?> arguments = const []]) =>
      valueFromHost(_ref.callSync(method, valuesToHost(arguments)));

  /// The value of the property [name].
  Future<Object?> get(String name) async => valueFromHost(await _ref.get(name));

  /// The value of the property [name], at once; see [callSync].
  Object? getSync(String name) => valueFromHost(_ref.getSync(name));

  /// The property [name], as an object to be used further. Does not ask the
  /// runtime for anything yet.
  JSBinding property(String name) => JSBinding._(_ref.property(name));

  /// What [method] returns, as an object to be used further; for methods that
  /// do no I/O. Does not ask the runtime for anything yet.
  JSBinding derive(String method, [List<Object?> arguments = const []]) =>
      JSBinding._(_ref.derive(method, valuesToHost(arguments)));

  /// A new object of the class that is the property [name]:
  /// `new object.name(...arguments)`.
  JSBinding construct(String name, [List<Object?> arguments = const []]) =>
      JSBinding._(_ref.construct(name, valuesToHost(arguments)));

  /// Lets the runtime forget the object before the event is over. It must not
  /// be used afterwards.
  void release() => _ref.release();
}

/// The object behind [ref].
JSBinding jsBindingFromHost(HostRef ref) => JSBinding._(ref);

/// The reference behind [binding].
HostRef jsBindingToHost(JSBinding binding) => binding._ref;

typedef _Function = FutureOr<Object?> Function(List<Object?> arguments);

/// Nested deeper than the host takes it; a cyclic value reaches it.
const int _tooDeep = 300;

/// [values] as the host takes them; see [valueToHost].
List<Object?> valuesToHost(
  List<Object?> values, {
  bool isKept = false,
  int depth = 0,
}) =>
    [
      for (final value in values)
        valueToHost(value, isKept: isKept, depth: depth),
    ];

/// [value], with what this package has types for, as the host takes it.
///
/// With [isKept] the other side may call the functions in it for as long as it
/// holds stubs of them. What cannot cross is left as it is, and so is what is
/// nested too deeply: the host names it, and where it is. [depth] is how deeply
/// [value] is nested itself.
Object? valueToHost(Object? value, {bool isKept = false, int depth = 0}) =>
    switch (value) {
      _ when depth > _tooDeep => value,
      Uint8List() => value,
      JSBinding() => value._ref,
      RpcTarget() => rpcTargetToHost(value),
      Service() => fetcherToHost(value),
      DurableObjectStub() => durableObjectStubToHost(value),
      Request() => requestToHost(value),
      Response() => responseToHost(value),
      Headers() => HostNew('Headers', [headersToHost(value)]),
      final _Function function => _callback(function, isKept: isKept),
      List<Object?>() => valuesToHost(value, isKept: isKept, depth: depth + 1),
      Map<Object?, Object?>() => {
          for (final MapEntry(:key, value: item) in value.entries)
            key: valueToHost(item, isKept: isKept, depth: depth + 1),
        },
      _ => value,
    };

HostCallback _callback(_Function function, {required bool isKept}) {
  Future<Object?> run(List<Object?> arguments) async => valueToHost(
        await function([
          for (final argument in arguments) valueFromHost(argument),
        ]),
        isKept: isKept,
      );
  return isKept ? HostCallback.kept(run) : HostCallback(run);
}

/// [value] of the host, with the types of this package where it has one.
Object? valueFromHost(Object? value) => switch (value) {
      HostRef(className: 'Request', :final selected) when selected.isNotEmpty =>
        requestFromHost(value, selected),
      HostRef(className: 'Response', :final selected)
          when selected.isNotEmpty =>
        responseFromHost(value),
      HostRef() => JSBinding._(value),
      Uint8List() => value,
      List<Object?>() => [for (final item in value) valueFromHost(item)],
      Map<String, Object?>() => {
          for (final MapEntry(:key, value: item) in value.entries)
            key: valueFromHost(item),
        },
      Map<Object?, Object?>() => {
          for (final MapEntry(:key, value: item) in value.entries)
            valueFromHost(key): valueFromHost(item),
        },
      _ => value,
    };
