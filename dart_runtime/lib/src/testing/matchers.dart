import 'dart:async';

/// What a value is to be like, for `expect`.
abstract class Matcher {
  /// Constant, where a subclass is.
  const Matcher();

  /// Whether [item] is like that.
  bool matches(Object? item);

  /// What a value is to be, as a failure tells it after `expected:`.
  String get description;

  /// What about [item] is not like that, where that is not to be seen at once.
  String? mismatch(Object? item) => null;
}

/// A matcher that may have to wait for what it judges.
abstract class AsyncMatcher extends Matcher {
  /// Constant, where a subclass is.
  const AsyncMatcher();

  /// What is wrong with [item], or `null` if nothing is.
  FutureOr<String?> decide(Object? item);

  @override
  bool matches(Object? item) =>
      throw UnsupportedError('this matcher is for `expect` alone');
}

/// [value] if it is a [Matcher], or else [equals] of it.
Matcher wrapMatcher(Object? value) => value is Matcher ? value : equals(value);

/// How a failure tells of [value].
String describe(Object? value, [int depth = 0]) => switch (value) {
      String() => "'${_escaped(value)}'",
      List() || Set() when depth > 4 => '[...]',
      Map() when depth > 4 => '{...}',
      List() =>
        '[${value.map((item) => describe(item, depth + 1)).join(', ')}]',
      Set() => '{${value.map((item) => describe(item, depth + 1)).join(', ')}}',
      Map() => '{${[
          for (final MapEntry(:key, :value) in value.entries)
            '${describe(key, depth + 1)}: ${describe(value, depth + 1)}',
        ].join(', ')}}',
      num() || bool() || null => '$value',
      Matcher() => value.description,
      _ => '$value'.startsWith("Instance of '")
          ? '$value'
          : '${value.runtimeType}:<$value>',
    };

String _escaped(String text) => text
    .replaceAll(r'\', r'\\')
    .replaceAll("'", r"\'")
    .replaceAll('\n', r'\n')
    .replaceAll('\r', r'\r')
    .replaceAll('\t', r'\t');

/// Is equal to [expected]: of lists, sets and maps, what is in them, which may
/// be matchers too.
Matcher equals(Object? expected) =>
    expected is Matcher ? expected : _Equals(expected);

final class _Equals extends Matcher {
  const _Equals(this._expected);

  final Object? _expected;

  @override
  bool matches(Object? item) => _difference(_expected, item, '') == null;

  @override
  String get description => describe(_expected);

  @override
  String? mismatch(Object? item) {
    if (_expected is String && item is String) {
      return _ofStrings(_expected, item);
    }
    final difference = _difference(_expected, item, '');
    return difference == null || difference.isEmpty ? null : difference;
  }

  static String? _ofStrings(String expected, String item) {
    final shorter =
        expected.length < item.length ? expected.length : item.length;
    var at = 0;
    while (at < shorter && expected.codeUnitAt(at) == item.codeUnitAt(at)) {
      at++;
    }
    if (at == 0 || expected.length + item.length < 40) return null;
    return 'differs from offset $at on';
  }

  /// Where [item] is another than [expected], or `null`; empty at the top.
  static String? _difference(Object? expected, Object? item, String path) {
    final at = path.isEmpty ? '' : 'at $path it is ${describe(item)}';
    switch (expected) {
      case Matcher():
        return expected.matches(item) ? null : at;
      case List():
        if (item is! List) return at;
        for (var i = 0; i < expected.length && i < item.length; i++) {
          final inner = _difference(expected[i], item[i], '$path[$i]');
          if (inner != null) return inner;
        }
        return expected.length == item.length
            ? null
            : '${path.isEmpty ? 'it' : 'at $path it'} has the length '
                '${item.length}, and not ${expected.length}';
      case Set():
        final isEqual = item is Set &&
            expected.length == item.length &&
            expected.containsAll(item);
        return isEqual ? null : at;
      case Map():
        if (item is! Map) return at;
        for (final MapEntry(:key, :value) in expected.entries) {
          final inside = '$path[${describe(key)}]';
          if (!item.containsKey(key)) return 'it has no $inside';
          final inner = _difference(value, item[key], inside);
          if (inner != null) return inner;
        }
        for (final key in item.keys) {
          if (!expected.containsKey(key)) {
            return 'it has $path[${describe(key)}]';
          }
        }
        return null;
      case double() when expected.isNaN:
        return item is double && item.isNaN ? null : at;
      default:
        return expected == item ? null : at;
    }
  }
}

final class _Where extends Matcher {
  const _Where(this.description, this._test, [this._mismatch]);

  final bool Function(Object? item) _test;
  final String? Function(Object? item)? _mismatch;

  @override
  final String description;

  @override
  bool matches(Object? item) => _test(item);

  @override
  String? mismatch(Object? item) => _mismatch?.call(item);
}

/// Is `true`.
const Matcher isTrue = _Equals(true);

/// Is `false`.
const Matcher isFalse = _Equals(false);

/// Is `null`.
const Matcher isNull = _Equals(null);

/// Is anything but `null`.
final Matcher isNotNull = isNot(isNull);

/// Has no items, or letters.
final Matcher isEmpty =
    _Where('empty', (item) => _lengthOf(item) == 0, _lengthMismatch);

/// Has items, or letters.
final Matcher isNotEmpty =
    _Where('not empty', (item) => (_lengthOf(item) ?? 0) > 0, _lengthMismatch);

/// Has this many items, or letters; [matcher] may say it otherwise.
Matcher hasLength(Object? matcher) {
  final wanted = wrapMatcher(matcher);
  return _Where(
    'a length of ${wanted.description}',
    (item) => _lengthOf(item) != null && wanted.matches(_lengthOf(item)),
    _lengthMismatch,
  );
}

int? _lengthOf(Object? item) => switch (item) {
      String(:final length) => length,
      Iterable(:final length) => length,
      Map(:final length) => length,
      _ => null,
    };

String? _lengthMismatch(Object? item) => switch (_lengthOf(item)) {
      null => 'it has no length',
      final length => 'its length is $length',
    };

/// Is the very same object as [expected].
Matcher same(Object? expected) => _Where(
      'the same object as ${describe(expected)}',
      (item) => identical(item, expected),
    );

/// Is not as [matcher] says.
Matcher isNot(Object? matcher) {
  final wrong = wrapMatcher(matcher);
  return _Where('not ${wrong.description}', (item) => !wrong.matches(item));
}

/// Is as all of [matchers] say.
Matcher allOf(Iterable<Object?> matchers) {
  final all = [for (final matcher in matchers) wrapMatcher(matcher)];
  return _Where(
    all.map((matcher) => matcher.description).join(' and '),
    (item) => all.every((matcher) => matcher.matches(item)),
  );
}

/// Is as one of [matchers] says at least.
Matcher anyOf(Iterable<Object?> matchers) {
  final any = [for (final matcher in matchers) wrapMatcher(matcher)];
  return _Where(
    any.map((matcher) => matcher.description).join(' or '),
    (item) => any.any((matcher) => matcher.matches(item)),
  );
}

/// Whatever it is.
final Matcher anything = _Where('anything', (_) => true);

/// Of a [String]: has [expected], a [Pattern], in it. Of an [Iterable]: has an
/// item that is equal to it, or as it says if it is a [Matcher]. Of a [Map]: has
/// it as a key.
Matcher contains(Object? expected) => _Where(
      'contains ${describe(expected)}',
      (item) => switch (item) {
        String() => expected is Pattern && item.contains(expected),
        Map() => item.containsKey(expected),
        Iterable() => item.any(wrapMatcher(expected).matches),
        _ => false,
      },
    );

/// Of a [Map]: has [key] with a value that is as [value] says.
Matcher containsPair(Object? key, Object? value) {
  final wanted = wrapMatcher(value);
  return _Where(
    'contains ${describe(key)}: ${wanted.description}',
    (item) => item is Map && item.containsKey(key) && wanted.matches(item[key]),
  );
}

/// Of a [String]: begins with [prefix].
Matcher startsWith(String prefix) => _Where(
      'starts with ${describe(prefix)}',
      (item) => item is String && item.startsWith(prefix),
    );

/// Of a [String]: ends with [suffix].
Matcher endsWith(String suffix) => _Where(
      'ends with ${describe(suffix)}',
      (item) => item is String && item.endsWith(suffix),
    );

/// Of a [String]: [pattern], which is a regular expression where it is a
/// [String], is found in it.
Matcher matches(Pattern pattern) {
  final sought = pattern is String ? RegExp(pattern) : pattern;
  final shown = sought is RegExp ? sought.pattern : '$sought';
  return _Where(
    'matches `$shown`',
    (item) => item is String && item.contains(sought),
  );
}

/// Is a number above [bound].
Matcher greaterThan(num bound) =>
    _Where('greater than $bound', (item) => item is num && item > bound);

/// Is a number of [bound] or above.
Matcher greaterThanOrEqualTo(num bound) => _Where(
      'greater than or equal to $bound',
      (item) => item is num && item >= bound,
    );

/// Is a number below [bound].
Matcher lessThan(num bound) =>
    _Where('less than $bound', (item) => item is num && item < bound);

/// Is a number of [bound] or below.
Matcher lessThanOrEqualTo(num bound) => _Where(
      'less than or equal to $bound',
      (item) => item is num && item <= bound,
    );

/// Is a [T]; [TypeMatcher.having] says more of it.
TypeMatcher<T> isA<T>() => TypeMatcher<T>._(const []);

/// Is a [T], with properties that are as they are to be.
final class TypeMatcher<T> extends Matcher {
  const TypeMatcher._(this._properties);

  final List<(String, Object? Function(T), Matcher)> _properties;

  /// And has a property, which [feature] reads and [description] names, as
  /// [matcher] says.
  TypeMatcher<T> having(
    Object? Function(T it) feature,
    String description,
    Object? matcher,
  ) =>
      TypeMatcher._([
        ..._properties,
        (description, feature, wrapMatcher(matcher)),
      ]);

  @override
  bool matches(Object? item) =>
      item is T &&
      _properties.every((property) => property.$3.matches(property.$2(item)));

  @override
  String get description => [
        "<Instance of '$T'>",
        for (final (name, _, matcher) in _properties)
          'with `$name`: ${matcher.description}',
      ].join(' ');

  @override
  String? mismatch(Object? item) {
    if (item is! T) return 'it is not a `$T`';
    for (final (name, feature, matcher) in _properties) {
      final value = feature(item);
      if (!matcher.matches(value)) return 'its `$name` is ${describe(value)}';
    }
    return null;
  }
}

/// Of a function, or of a Future: throws what is as [matcher] says. A function
/// that gives a Future may throw at once or later.
Matcher throwsA(Object? matcher) => _Throws(wrapMatcher(matcher));

/// Throws something.
final Matcher throws = throwsA(anything);

/// Throws an [ArgumentError].
final Matcher throwsArgumentError = throwsA(isA<ArgumentError>());

/// Throws an [Exception].
final Matcher throwsException = throwsA(isA<Exception>());

/// Throws a [FormatException].
final Matcher throwsFormatException = throwsA(isA<FormatException>());

/// Throws a [StateError].
final Matcher throwsStateError = throwsA(isA<StateError>());

/// Throws an [UnsupportedError].
final Matcher throwsUnsupportedError = throwsA(isA<UnsupportedError>());

final class _Throws extends AsyncMatcher {
  const _Throws(this._matcher);

  final Matcher _matcher;

  @override
  String get description => 'throws ${_matcher.description}';

  @override
  FutureOr<String?> decide(Object? item) {
    Object? value = item;
    if (item is Function) {
      try {
        // ignore: avoid_dynamic_calls
        value = item();
      } catch (error) {
        return _judge(error);
      }
    } else if (item is! Future<Object?>) {
      return 'expected: a function or a Future that $description\n'
          '  actual: ${describe(item)}';
    }
    if (value is! Future<Object?>) return _returned(value);
    return value.then<String?>(_returned, onError: (Object error) {
      return _judge(error);
    });
  }

  String _returned(Object? value) => 'expected: $description\n'
      '  actual: it gave ${describe(value)}';

  String? _judge(Object error) {
    if (_matcher.matches(error)) return null;
    final which = _matcher.mismatch(error);
    return [
      'expected: $description',
      '  actual: it threw ${describe(error)}',
      if (which != null) '   which: $which',
    ].join('\n');
  }
}

/// Of a Future: completes, with a value that is as [matcher] says.
Matcher completion(Object? matcher) => _Completes(wrapMatcher(matcher));

/// Of a Future: completes, whatever the value is.
final Matcher completes = completion(anything);

final class _Completes extends AsyncMatcher {
  const _Completes(this._matcher);

  final Matcher _matcher;

  @override
  String get description => 'completes to ${_matcher.description}';

  @override
  FutureOr<String?> decide(Object? item) async {
    if (item is! Future<Object?>) {
      return 'expected: a Future that $description\n'
          '  actual: ${describe(item)}';
    }
    final value = await item;
    if (_matcher.matches(value)) return null;
    return 'expected: $description\n  actual: ${describe(value)}';
  }
}
