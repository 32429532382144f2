/// Objects of the runtime that have no Dart type of their own, and the values
/// that travel to and from them.
library;

import 'dart:async';
import 'dart:typed_data';

import 'host/host.dart';
import 'http/headers.dart';
import 'http/request.dart';
import 'http/response.dart';

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
/// [JSBinding], a function that takes one list of arguments, and lists and maps
/// with [String] keys of all these. Results are the same; an object that is
/// none of them is a [JSBinding].
///
/// What the object refuses throws a [WorkersException].
final class JSBinding {
  JSBinding._(this._ref);

  final HostRef _ref;

  /// The name of the object's JavaScript class, where it is known.
  String? get className => _ref.className;

  /// Calls [method] and awaits what it returns.
  Future<Object?> call(
    String method, [
    List<Object?> arguments = const [],
  ]) async =>
      valueFromHost(await _ref.call(method, valuesToHost(arguments)));

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

/// [values] as the host takes them.
List<Object?> valuesToHost(List<Object?> values, [int depth = 0]) =>
    [for (final value in values) valueToHost(value, depth)];

/// [value], with what this package has types for, as the host takes it.
///
/// What cannot cross is left as it is: the host names it, and where it is.
Object? valueToHost(Object? value, [int depth = 0]) => switch (value) {
      _ when depth > _tooDeep => value,
      Uint8List() => value,
      JSBinding() => value._ref,
      Request() => requestToHost(value),
      Response() => responseToHost(value),
      Headers() => HostNew('Headers', [headersToHost(value)]),
      final _Function function => HostCallback(
          (arguments) async => valueToHost(
            await function([
              for (final argument in arguments) valueFromHost(argument),
            ]),
          ),
        ),
      List<Object?>() => valuesToHost(value, depth + 1),
      Map<Object?, Object?>() => {
          for (final MapEntry(:key, value: item) in value.entries)
            key: valueToHost(item, depth + 1),
        },
      _ => value,
    };

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
