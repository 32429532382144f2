/// Methods that other Workers call, and calling those of others.
library;

import 'dart:async';
import 'dart:typed_data';

import 'host/current.dart';
import 'http/headers.dart';
import 'http/request.dart';
import 'http/response.dart';
import 'js_binding.dart';
import 'values.dart';

/// An object that stays here while others call its [methods]: what a method
/// returns, or hands on, to be used bit by bit.
///
/// ```dart
/// class Cart extends RpcTarget {
///   final _items = <String>[];
///
///   @override
///   Map<String, Function> get methods => {
///         'add': (String item) => _items.add(item),
///         'items': () => _items,
///       };
/// }
/// ```
///
/// The other side has a stub of it, on which every method is asynchronous. It
/// lives, with the event that made it, until all stubs are disposed of, or the
/// events that hold them are over.
///
/// See https://developers.cloudflare.com/workers/runtime-apis/rpc/#class-instances.
abstract class RpcTarget {
  /// Makes an object to be handed over.
  const RpcTarget();

  /// The methods that whoever has a stub may call, by name; see
  /// `WorkerEntrypoint.methods`.
  Map<String, Function> get methods;
}

/// The runtime's object that stands for [target].
HostRef rpcTargetToHost(RpcTarget target) {
  const owner = 'this `RpcTarget`';
  checkMethodNames(target.methods, owner);
  return host.helpers.derive('rpcTarget', [
    HostCallback.kept((arguments) {
      final [method, given] = arguments;
      return callMethod(
        target.methods,
        {'method': method, 'arguments': given},
        owner,
      );
    }),
  ]);
}

/// Calls [method] of the other side behind [ref]; the result as a [T].
Future<T> callRemote<T>(
  HostRef ref,
  String method,
  List<Object?> arguments,
) async {
  final result = await withNames(
    ref.call(method, valuesToHost(arguments, isKept: true)),
  );
  return convertValue<T>(valueFromHost(result), 'what `$method` returned');
}

/// The property [name] of the other side behind [ref] as a [T].
Future<T> getRemote<T>(HostRef ref, String name) async => convertValue<T>(
      valueFromHost(await withNames(ref.get(name))),
      'the property `$name`',
    );

/// What a call on [ref] will give, to be used before it is there.
JSBinding deriveRemote(HostRef ref, String method, List<Object?> arguments) =>
    jsBindingFromHost(
      ref.derive(method, valuesToHost(arguments, isKept: true)),
    );

/// [result], or what the other side threw, as it was called there.
Future<Object?> withNames(Future<Object?> result) async {
  try {
    return await result;
  } on WorkersException catch (error, stack) {
    Error.throwWithStackTrace(_named(error), stack);
  }
}

/// [error] with the name that the other side gave it. The platform keeps those
/// of JavaScript's own classes, and puts any other before the message.
WorkersException _named(WorkersException error) {
  if (error.name != 'Error') return error;
  final match = _name.firstMatch(error.message);
  if (match == null) return error;
  return WorkersException(
    match[1]!,
    error.message.substring(match.end),
    stack: error.stack,
    retryable: error.retryable,
    overloaded: error.overloaded,
  );
}

final RegExp _name = RegExp(r'^([A-Z]\w*(?:Error|Exception)): ');

/// Names of methods that never arrive: the platform calls them itself, keeps
/// them from others, or JavaScript has them on every object.
const Set<String> reservedNames = {
  '__defineGetter__',
  '__defineSetter__',
  '__lookupGetter__',
  '__lookupSetter__',
  '__proto__',
  'alarm',
  'catch',
  'connect',
  'constructor',
  'ctx',
  'dup',
  'email',
  'env',
  'fetch',
  'finally',
  'hasOwnProperty',
  'isPrototypeOf',
  'propertyIsEnumerable',
  'queue',
  'run',
  'scheduled',
  'tail',
  'tailStream',
  'test',
  'then',
  'toLocaleString',
  'toString',
  'trace',
  'valueOf',
  'webSocketClose',
  'webSocketError',
  'webSocketMessage',
};

/// Throws a [StateError] if [owner] offers a method of a name in
/// [reservedNames].
void checkMethodNames(Map<String, Function> methods, String owner) {
  for (final name in methods.keys) {
    if (reservedNames.contains(name)) {
      throw StateError(
        '$owner has `$name` among its `methods`, a name that no caller '
        'reaches: it means something to the platform or to JavaScript; choose '
        'another',
      );
    }
  }
}

/// Calls the one of [methods] that the `rpc` event with [info] names; [owner]
/// is whose they are, in words.
Future<Object?> callMethod(
  Map<String, Function> methods,
  Map<String, Object?> info,
  String owner,
) async {
  final name = info['method']! as String;
  final method = methods[name];
  if (method == null) {
    throw WorkersException(
      'TypeError',
      '$owner has no method `$name` for RPC; '
          '${methods.isEmpty ? 'it has none' : 'it has '
              '${methods.keys.map((name) => '`$name`').join(', ')}'}, '
          'add it to its `methods`',
    );
  }
  final given = valueFromHost(info['arguments'])! as List<Object?>;
  final arguments = _Signature(method, given.length).convert(
      given, '`$name`${owner.replaceFirst(RegExp('^the'), ' of the')}');
  final Object? result = Function.apply(method, arguments);
  return valueToHost(
    result is Future<Object?> ? await result : result,
    isKept: true,
  );
}

/// How a function may be called with a number of arguments.
///
/// A function says nothing of its parameters but whether it is one that takes
/// this or that. So it is asked.
final class _Signature {
  const _Signature(this._function, this._count);

  /// More would take more questions than anybody has parameters.
  static const int _most = 6;

  final Function _function;
  final int _count;

  /// [given] as the function takes them. Throws what the caller should read;
  /// [name] is the method's.
  List<Object?> convert(List<Object?> given, String name) {
    if (!_takesCount(_count)) {
      final counts = [
        for (var count = 0; count <= _most; count++)
          if (_takesCount(count)) count,
      ];
      throw WorkersException(
        'TypeError',
        counts.isEmpty
            ? '$name cannot be called by others: it has required named '
                'parameters, or more than $_most parameters'
            : '$name was called with ${_arguments(_count)}, and it takes '
                '${counts.length == 1 ? '' : '${counts.first} to '}'
                '${_arguments(counts.last)}',
      );
    }
    return [
      for (final (at, value) in given.indexed) _argument(at, value, name),
    ];
  }

  static String _arguments(int count) =>
      '$count ${count == 1 ? 'argument' : 'arguments'}';

  Object? _argument(int at, Object? value, String name) {
    bool isWanted<X>() => _takes<X>(at);
    for (final kind in _kinds) {
      if (kind.has(value) && kind.isWantedBy(isWanted)) return value;
    }
    if (convertToWanted(value, isWanted) case final converted?) {
      return converted.value;
    }
    final isList = isWanted<List<Never>>() && !isWanted<List<Object?>>();
    final isMap =
        isWanted<Map<String, Never>>() && !isWanted<Map<String, Object?>>();
    final wanted = [
      if (isList) 'a List of other elements',
      if (isMap) 'a Map of other elements',
      for (final kind in _kinds)
        if (!(isList && kind is _Kind<Uint8List>) && kind.isWantedBy(isWanted))
          kind.noun,
    ];
    throw WorkersException(
      'TypeError',
      'argument ${at + 1} of $name is ${describeValue(value)}, and it takes '
          '${wanted.isEmpty ? 'another type' : wanted.join(' or ')}',
    );
  }

  bool _takesCount(int count) => switch (count) {
        0 => _function is Function(),
        1 => _function is Function(Never),
        2 => _function is Function(Never, Never),
        3 => _function is Function(Never, Never, Never),
        4 => _function is Function(Never, Never, Never, Never),
        5 => _function is Function(Never, Never, Never, Never, Never),
        6 => _function is Function(Never, Never, Never, Never, Never, Never),
        _ => false,
      };

  /// Whether the parameter at [at] takes an [X].
  bool _takes<X>(int at) => switch ((_count, at)) {
        (1, 0) => _function is Function(X),
        (2, 0) => _function is Function(X, Never),
        (2, 1) => _function is Function(Never, X),
        (3, 0) => _function is Function(X, Never, Never),
        (3, 1) => _function is Function(Never, X, Never),
        (3, 2) => _function is Function(Never, Never, X),
        (4, 0) => _function is Function(X, Never, Never, Never),
        (4, 1) => _function is Function(Never, X, Never, Never),
        (4, 2) => _function is Function(Never, Never, X, Never),
        (4, 3) => _function is Function(Never, Never, Never, X),
        (5, 0) => _function is Function(X, Never, Never, Never, Never),
        (5, 1) => _function is Function(Never, X, Never, Never, Never),
        (5, 2) => _function is Function(Never, Never, X, Never, Never),
        (5, 3) => _function is Function(Never, Never, Never, X, Never),
        (5, 4) => _function is Function(Never, Never, Never, Never, X),
        (6, 0) => _function is Function(X, Never, Never, Never, Never, Never),
        (6, 1) => _function is Function(Never, X, Never, Never, Never, Never),
        (6, 2) => _function is Function(Never, Never, X, Never, Never, Never),
        (6, 3) => _function is Function(Never, Never, Never, X, Never, Never),
        (6, 4) => _function is Function(Never, Never, Never, Never, X, Never),
        (6, 5) => _function is Function(Never, Never, Never, Never, Never, X),
        _ => false,
      };
}

/// A type that arguments arrive as.
final class _Kind<X> {
  const _Kind(this.noun);

  final String noun;

  bool has(Object? value) => value is X;

  bool isWantedBy(bool Function<Y>() isWanted) => isWanted<X>();
}

const List<_Kind<Object?>> _kinds = [
  _Kind<bool>('a bool'),
  _Kind<int>('an int'),
  _Kind<double>('a double'),
  _Kind<BigInt>('a BigInt'),
  _Kind<String>('a String'),
  _Kind<DateTime>('a DateTime'),
  _Kind<Uint8List>('a Uint8List'),
  _Kind<Stream<Uint8List>>('a stream of bytes'),
  _Kind<Request>('a Request'),
  _Kind<Response>('a Response'),
  _Kind<Headers>('Headers'),
  _Kind<WorkersException>('a WorkersException'),
  _Kind<JSBinding>('a JSBinding'),
  _Kind<List<Object?>>('a List'),
  _Kind<Map<String, Object?>>('a Map'),
  _Kind<Map<Object?, Object?>>('a Map with any keys'),
  _Kind<Null>('null'),
];
