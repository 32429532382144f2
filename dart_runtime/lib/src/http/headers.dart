/// HTTP headers.
library;

/// The headers of a request or a response.
///
/// Names are case-insensitive and kept in lower case. A name may have several
/// values; [operator []] joins them with `, `, as HTTP allows for every header
/// but `Set-Cookie`, which [getSetCookie] gives one by one.
///
/// Headers that came from the platform may be changed like any others: the
/// change is made to a copy when the request or response is passed on.
///
/// See https://developers.cloudflare.com/workers/runtime-apis/headers/.
final class Headers {
  /// Makes headers from [from]: `null` for none, [Headers] to copy, a [Map]
  /// whose values are a [String] or an [Iterable] of them, or an [Iterable] of
  /// `MapEntry<String, String>`.
  ///
  /// Throws an [ArgumentError] for anything else, and for a name or value that
  /// HTTP does not allow.
  Headers([Object? from]) : this._(_pairs(from));

  Headers._(this._known) : _read = null;

  Headers._later(this._read);

  final List<(String, String)> Function()? _read;
  List<(String, String)>? _known;
  bool _isModified = false;

  List<(String, String)> get _entries => _known ??= _read!();

  /// The values of [name] joined with `, `, or `null` if there are none.
  String? operator [](String name) {
    final values = getAll(name);
    return values.isEmpty ? null : values.join(', ');
  }

  /// Replaces all values of [name] with [value].
  ///
  /// Throws an [ArgumentError] for a name or value that HTTP does not allow,
  /// such as a value with a line break.
  void operator []=(String name, String value) {
    final entry = _checked(name, value);
    final at = _entries.indexWhere((other) => other.$1 == entry.$1);
    _isModified = true;
    if (at < 0) {
      _entries.add(entry);
      return;
    }
    _entries.removeWhere((other) => other.$1 == entry.$1);
    _entries.insert(at, entry);
  }

  /// Adds [value] to the values of [name].
  ///
  /// Throws an [ArgumentError] for a name or value that HTTP does not allow.
  void append(String name, String value) {
    _entries.add(_checked(name, value));
    _isModified = true;
  }

  /// Sets every name of [from], which is what the constructor takes, in place
  /// of the values it had.
  ///
  /// Throws an [ArgumentError] where the constructor does; the headers are
  /// unchanged then.
  void addAll(Object? from) {
    final added = _pairs(from);
    final names = {for (final (name, _) in added) name};
    _entries
      ..removeWhere((entry) => names.contains(entry.$1))
      ..addAll(added);
    if (added.isNotEmpty) _isModified = true;
  }

  /// Removes [name] and all its values; does nothing if it is not there.
  void delete(String name) {
    final lower = name.toLowerCase();
    final before = _entries.length;
    _entries.removeWhere((entry) => entry.$1 == lower);
    if (_entries.length != before) _isModified = true;
  }

  /// Whether [name] has a value.
  bool contains(String name) {
    final lower = name.toLowerCase();
    return _entries.any((entry) => entry.$1 == lower);
  }

  /// The values of [name] as they were added, one by one; empty if there are
  /// none.
  ///
  /// The platform joins the values of headers that it receives, except those
  /// of `Set-Cookie`.
  List<String> getAll(String name) {
    final lower = name.toLowerCase();
    return [
      for (final (other, value) in _entries)
        if (other == lower) value,
    ];
  }

  /// The values of `Set-Cookie`, one per cookie; empty if there are none.
  List<String> getSetCookie() => getAll('set-cookie');

  /// The names that have a value, in lower case, each once.
  Iterable<String> get names => {for (final (name, _) in _entries) name};

  /// Each name with its values joined with `, `; `set-cookie` comes once per
  /// cookie.
  Iterable<MapEntry<String, String>> get entries sync* {
    for (final name in names) {
      if (name == 'set-cookie') {
        for (final cookie in getSetCookie()) {
          yield MapEntry(name, cookie);
        }
      } else {
        yield MapEntry(name, this[name]!);
      }
    }
  }

  /// A map of each name to all its values.
  Map<String, List<String>> toMap() => {
        for (final name in names) name: getAll(name),
      };

  /// Whether there are no headers.
  bool get isEmpty => _entries.isEmpty;

  /// Whether there is a header.
  bool get isNotEmpty => _entries.isNotEmpty;

  /// The headers as lines of `name: value`, for logs.
  @override
  String toString() =>
      [for (final (name, value) in _entries) '$name: $value'].join('\n');
}

/// Headers as the host hands them over: a list of pairs of name and value.
Headers headersFromHost(Object? pairs) => Headers._(_fromHost(pairs));

/// Headers that [read] gives, as the host hands them over, once they are asked
/// for.
Headers headersReadFromHost(Object? Function() read) =>
    Headers._later(() => _fromHost(read()));

List<(String, String)> _fromHost(Object? pairs) => [
      if (pairs is List)
        for (final pair in pairs)
          if (pair case [final String name, final String value, ...])
            (name.toLowerCase(), value),
    ];

/// A copy of [headers], which must not change any more: they are read from the
/// host only once the copy is asked for some.
Headers headersCopiedLater(Headers headers) =>
    Headers._later(() => [...headers._entries]);

/// [headers] as the host takes them.
List<List<String>> headersToHost(Headers headers) => [
      for (final (name, value) in headers._entries) [name, value],
    ];

/// Whether [headers] were changed after they were made.
bool headersAreModified(Headers headers) => headers._isModified;

List<(String, String)> _pairs(Object? from) => switch (from) {
      null => [],
      Headers() => [...from._entries],
      Map() => [
          for (final MapEntry(:key, :value) in from.entries)
            ..._values(key, value),
        ],
      Iterable<MapEntry<Object?, Object?>>() => [
          for (final MapEntry(:key, :value) in from) ..._values(key, value),
        ],
      _ => throw ArgumentError.value(
          from,
          'headers',
          'give `Headers`, or a `Map` with the values as `String`',
        ),
    };

Iterable<(String, String)> _values(Object? name, Object? value) sync* {
  if (name is! String) {
    throw ArgumentError.value(name, 'headers', 'a header name is a `String`');
  }
  if (value is Iterable) {
    for (final one in value) {
      yield _text(name, one);
    }
  } else {
    yield _text(name, value);
  }
}

(String, String) _text(String name, Object? value) => switch (value) {
      String() => _checked(name, value),
      _ => throw ArgumentError.value(
          value,
          'headers',
          'the value of `$name` is not a `String`',
        ),
    };

final RegExp _token = RegExp(r"^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$");
final RegExp _forbidden = RegExp(r'[\x00\r\n]');
final RegExp _outerSpace = RegExp(r'^[ \t]+|[ \t]+$');

/// Whether [text] may be the name of a header or a method.
bool isHttpToken(String text) => _token.hasMatch(text);

(String, String) _checked(String name, String value) {
  if (!isHttpToken(name)) {
    throw ArgumentError.value(
      name,
      'name',
      'not a header name; use letters, digits and `-`',
    );
  }
  if (value.contains(_forbidden)) {
    throw ArgumentError.value(
      value,
      'value',
      'the value of the header `$name` has a line break or a null character',
    );
  }
  return (name.toLowerCase(), value.replaceAll(_outerSpace, ''));
}
