/// Turning what the runtime hands over into the Dart type that was asked for.
library;

import 'dart:typed_data';

/// A value of the runtime, or of a JSON text, that is not of the type the
/// program asked for.
///
/// The text names the value, the type asked for and the type found:
///
/// ```text
/// the stored value `views` is a String, not the int that was asked for
/// ```
class ValueTypeError extends Error implements TypeError {
  /// Says that the value called [what] is [found] and not [expected].
  ValueTypeError(this.what, this.expected, this.found);

  /// What the value is, such as ``the stored value `views` ``.
  final String what;

  /// The type that was asked for.
  final Type expected;

  /// The kind of value that was found, such as `a String`.
  final String found;

  @override
  String toString() => '$what is $found, not the $expected that was asked for';
}

/// [value] as a [T], or a [ValueTypeError] about [what].
///
/// Numbers are converted where nothing is lost: JavaScript has one number type,
/// so a stored `1` may come back as `1.0` and the reverse. Lists and maps are
/// copied into the element types that the program asked for, one level deep
/// and, for the common types, two.
T convertValue<T>(Object? value, String what) {
  if (value is T) return value;
  for (final type in _types) {
    if (type.serves<T>()) {
      final Object? converted = type.convert(value);
      if (converted is T && !identical(converted, _no)) return converted;
    }
  }
  throw ValueTypeError(what, T, describeValue(value));
}

/// [value] as the first of the known types that [isWanted] says yes to and that
/// it can be converted to without loss; `null` if there is none.
({Object? value})? convertToWanted(
  Object? value,
  bool Function<X>() isWanted,
) {
  for (final type in _types) {
    if (!type.isWantedBy(isWanted)) continue;
    final converted = type.convert(value);
    if (!identical(converted, _no)) return (value: converted);
  }
  return null;
}

/// The [value] in [column] of a row of SQL as a [T]: as [convertValue] has it,
/// and 0 and 1 are a [bool] too, which SQL does not have.
T convertColumn<T>(String column, Object? value) {
  if (value is! T && true is T && (value == 0 || value == 1)) {
    return (value == 1) as T;
  }
  return convertValue<T>(value, 'the column `$column`');
}

/// The kind of [value] in words, such as `a String`.
///
/// Names of classes are of no use here: compiled programs shorten them.
String describeValue(Object? value) => switch (value) {
      null => 'null',
      bool() => 'a bool',
      int() => 'an int',
      double() => 'a double',
      BigInt() => 'a BigInt',
      String() => 'a String',
      DateTime() => 'a DateTime',
      Uint8List() => 'a Uint8List',
      Stream() => 'a Stream',
      List() => 'a List',
      Map() => 'a Map',
      _ => 'a ${value.runtimeType}',
    };

/// Says that a conversion is not possible; `null` is a value like any other.
const Object _no = _No();

final class _No {
  const _No();
}

/// The element types of lists and maps, the widest first: a `List<int>` would
/// also serve where a `List<num>` is asked for, and refuse its doubles.
final List<_Type<Object?>> _elements = [
  _Type<Object?>((value) => value),
  _Type<Object>((value) => value ?? _no),
  _Type<num>((value) => value is num ? value : _no),
  _Type<num?>((value) => value is num? ? value : _no),
  _Type<int>(_int),
  _Type<int?>((value) => value == null ? null : _int(value)),
  _Type<double>(_double),
  _Type<double?>((value) => value == null ? null : _double(value)),
  _Type<String>((value) => value is String ? value : _no),
  _Type<String?>((value) => value is String? ? value : _no),
  _Type<bool>((value) => value is bool ? value : _no),
  _Type<bool?>((value) => value is bool? ? value : _no),
  _Type<DateTime>((value) => value is DateTime ? value : _no),
  _Type<Uint8List>((value) => value is Uint8List ? value : _no),
];

final List<_Type<Object?>> _types = [
  ..._elements,
  for (final element in _elements) ...element.collections(),
  for (final element in _elements)
    for (final collection in element.collections()) ...collection.collections(),
];

Object _int(Object? value) => switch (value) {
      int() => value,
      double() when value.isFinite && value == value.truncateToDouble() =>
        value.toInt(),
      _ => _no,
    };

Object _double(Object? value) => value is num ? value.toDouble() : _no;

/// How a value becomes an [X]; the conversion gives [_no] where it cannot.
final class _Type<X> {
  const _Type(this.convert);

  final Object? Function(Object? value) convert;

  /// Whether an [X] will do where a [T] is asked for.
  bool serves<T>() => <X>[] is List<T>;

  bool isWantedBy(bool Function<Y>() isWanted) => isWanted<X>();

  Iterable<_Type<Object?>> collections() => [
        _Type<List<X>>(_list),
        _Type<Map<String, X>>(_map),
      ];

  Object _list(Object? value) {
    if (value is! List) return _no;
    final result = <X>[];
    for (final element in value) {
      final converted = convert(element);
      if (identical(converted, _no)) return _no;
      result.add(converted as X);
    }
    return result;
  }

  Object _map(Object? value) {
    if (value is! Map) return _no;
    final result = <String, X>{};
    for (final MapEntry(:key, value: element) in value.entries) {
      final converted = convert(element);
      if (key is! String || identical(converted, _no)) return _no;
      result[key] = converted as X;
    }
    return result;
  }
}
