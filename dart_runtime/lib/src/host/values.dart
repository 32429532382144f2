import 'dart:typed_data';

import 'host.dart';

/// What stands for an object, a function or a stream while a value travels, in
/// either host; the counterpart of the links in `runtime.mjs`, which states the
/// form.
abstract interface class Links {
  /// The number that JavaScript knows [ref] by.
  int find(HostRef ref);

  /// A reference on the object that JavaScript knows by [id].
  HostRef keep(int id, String? className, Map<String, Object?> selected);

  /// A stream over the `ReadableStream` that JavaScript knows by [id].
  HostStream keepStream(int id);

  /// A number that JavaScript can call [function] by.
  int addFunction(HostCallback function);

  /// A number that JavaScript can pull the bytes of [stream] by.
  int addSource(Stream<List<int>> stream);

  /// A number that JavaScript awaits [future] by.
  int addFuture(Future<Object?> future);
}

/// The largest integer up to which every integer is a JavaScript number.
const int _maxSafeInteger = 9007199254740992;

/// Whether the program is compiled to JavaScript, where a large integral double
/// cannot be told from an integer.
const bool _isEveryIntDouble = identical(1, 1.0);

/// Nested deeper than any sensible value; a cyclic one reaches it.
const int _maxDepth = 200;

/// Puts [value] into the form that travels; bytes are added to [blobs].
///
/// Throws an [ArgumentError] that names [path] for a value that cannot cross.
Object? encodeValue(
  Object? value,
  Links links,
  List<Uint8List> blobs,
  String path, [
  int depth = 0,
]) {
  if (depth > _maxDepth) {
    final start = path.length > 80 ? '${path.substring(0, 80)}...' : path;
    throw ArgumentError('is cyclic, or nested too deeply', start);
  }
  Object? inner(Object? item, String key) =>
      encodeValue(item, links, blobs, '$path$key', depth + 1);
  switch (value) {
    case null || bool() || String():
      return value;
    case int():
      if (!_isEveryIntDouble && value.abs() > _maxSafeInteger) {
        throw ArgumentError.value(
          value,
          path,
          'is beyond 2^53, where JavaScript numbers lose integers; '
          'give a BigInt or a String',
        );
      }
      return value;
    case double():
      if (value.isNaN) return ['n', 'NaN'];
      if (value.isInfinite) return ['n', '$value'];
      if (value == 0 && value.isNegative) return ['n', '-0'];
      return value;
    case BigInt():
      return ['i', '$value'];
    case DateTime():
      return ['d', value.millisecondsSinceEpoch];
    case Uint8List():
      blobs.add(value);
      return ['b', blobs.length - 1];
    case HostRef():
      return ['r', links.find(value)];
    case HostStream():
      return ['r', links.find(value.ref)];
    case Stream<List<int>>():
      return ['s', links.addSource(value)];
    case HostCallback():
      return value.isImmediate
          ? ['t', links.addFunction(value)]
          : ['f', links.addFunction(value), value.isCritical];
    case Future<Object?>():
      return ['p', links.addFuture(value)];
    case HostNew():
      return [
        'c',
        value.className,
        [
          for (final (at, item) in value.arguments.indexed)
            inner(item, '.${value.className}[$at]'),
        ],
      ];
    case List<Object?>():
      return [
        'l',
        for (final (at, item) in value.indexed) inner(item, '[$at]'),
      ];
    case Map<Object?, Object?>():
      final object = <Object?>['m'];
      for (final MapEntry(:key, value: item) in value.entries) {
        if (key is! String) {
          throw ArgumentError.value(
            key,
            path,
            'is a key of type ${key.runtimeType}; only String keys cross to '
            'JavaScript',
          );
        }
        object
          ..add(key)
          ..add(inner(item, '.$key'));
      }
      return object;
    default:
      throw ArgumentError.value(
        value,
        path,
        'is a ${value.runtimeType}, which cannot cross to JavaScript; give '
        'null, a bool, num, BigInt, String, DateTime, Uint8List, List or Map '
        'of those, or a byte stream',
      );
  }
}

/// The value that JavaScript sent.
///
/// Throws an [Error] or a [FormatException] for what `runtime.mjs` never sends.
Object? decodeValue(Object? wire, Links links, List<Uint8List> blobs) {
  Object? inner(Object? item) => decodeValue(item, links, blobs);
  if (wire is num) return numberFromJs(wire);
  if (wire is! List<Object?>) return wire;
  switch (wire[0]) {
    case 'n':
      return double.parse(wire[1]! as String);
    case 'i':
      return BigInt.parse(wire[1]! as String);
    case 'd':
      final at = wire[1] as num?;
      return at == null
          ? null
          : DateTime.fromMillisecondsSinceEpoch(at.toInt(), isUtc: true);
    case 'b':
      return blobs[(wire[1]! as num).toInt()];
    case 'l':
      return [for (final item in wire.skip(1)) inner(item)];
    case 'm':
      final entries = [
        for (var at = 1; at < wire.length; at += 2)
          MapEntry(inner(wire[at]), inner(wire[at + 1])),
      ];
      if (entries.every((entry) => entry.key is String)) {
        return {
          for (final entry in entries) entry.key! as String: entry.value,
        };
      }
      return Map.fromEntries(entries);
    case 'e':
      return decodeError(inner(wire[1])! as Map<String, Object?>);
    case 's':
      return links.keepStream((wire[1]! as num).toInt());
    case 'r':
      final selected = inner(wire[3]) as Map<Object?, Object?>?;
      return links.keep(
        (wire[1]! as num).toInt(),
        wire[2] as String?,
        selected?.cast<String, Object?>() ?? const {},
      );
    case final tag:
      throw StateError('a value with the unknown tag `$tag`');
  }
}

/// The number that JavaScript's [value] is: an [int] if it is integral and
/// within 2^53, a [double] otherwise.
num numberFromJs(num value) {
  // JSON writes an integral double without a point, however large, and compiled
  // to WebAssembly every number of JavaScript arrives as a double.
  if (value is int && value.abs() > _maxSafeInteger) return value.toDouble();
  if (value is double && value.abs() <= _maxSafeInteger) {
    return value == value.truncateToDouble() ? value.toInt() : value;
  }
  return value;
}

/// The exception that stands for a JavaScript error.
WorkersException decodeError(Map<String, Object?> error) => WorkersException(
      error['name']! as String,
      error['message']! as String,
      stack: error['stack'] as String?,
      retryable: error['retryable'] == true,
      overloaded: error['overloaded'] == true,
    );

/// What JavaScript makes an `Error` of, the counterpart of [decodeError];
/// [stack] is the Dart stack as its reader wants it.
Map<String, Object?> describeError(Object error, String stack) {
  if (error is WorkersException) {
    return {
      'name': error.name,
      'message': error.message,
      'stack': stack,
      if (error.retryable) 'retryable': true,
      if (error.overloaded) 'overloaded': true,
    };
  }
  final name = '${error.runtimeType}';
  return {
    // A compiler that shortens names leaves none worth showing.
    'name': name.startsWith('minified:') ? 'Error' : name,
    // Many an exception begins its text with its own name.
    'message':
        _textOf(error).replaceFirst(RegExp('^${RegExp.escape(name)}: '), ''),
    'stack': stack,
  };
}

String _textOf(Object error) {
  try {
    return '$error';
  } catch (_) {
    return 'an error whose `toString()` throws';
  }
}

/// What the runtime tells of the names in `env`, each as a list of the kind
/// and, for variables and secrets, the value.
Map<String, HostBinding> bindingsFrom(Map<String, Object?> described) => {
      for (final MapEntry(:key, value: entry) in described.entries)
        if (entry case [final String kind, ...final rest])
          key: HostBinding(kind, rest.firstOrNull),
    };
