/// The parts of a request's path that a function's file names.
library;

/// What the parts of a path were that a function's file or folder names with
/// brackets: `[id]` is one segment or a part of one, `[[path]]` any number of
/// them.
///
/// ```dart
/// // functions/users/[user]/files/[[path]].dart
/// Response onRequest(PagesContext context) {
///   final user = context.params['user'];
///   final path = context.params.many('path');
///   return Response.json({'user': user, 'path': path});
/// }
/// ```
///
/// They are as they stand in the URL, percent-encoded; `Uri.decodeComponent`
/// decodes one. Middleware sees the parameters of its own folder alone.
///
/// See https://developers.cloudflare.com/pages/functions/api-reference/#params.
final class PagesParams {
  /// Makes parameters: of each name a [String], or for several segments a
  /// `List<String>`. Functions are given theirs; this is for a test that calls
  /// one.
  ///
  /// Throws an [ArgumentError] for any other value.
  PagesParams([Map<String, Object> values = const {}])
      : _values = {
          for (final MapEntry(:key, :value) in values.entries)
            key: switch (value) {
              String() => value,
              List<String>() => List<String>.unmodifiable(value),
              _ => throw ArgumentError.value(
                  value,
                  key,
                  'a parameter is a `String` or a `List<String>`',
                ),
            },
        };

  PagesParams._(this._values);

  final Map<String, Object> _values;

  /// The value of `[name]`.
  ///
  /// Throws an [ArgumentError] that says what there is if there is no `[name]`
  /// in the path of this function, or if it is a `[[name]]`.
  String operator [](String name) => switch (_values[name]) {
        final String value => value,
        null => throw _missing(name),
        _ => throw ArgumentError.value(
            name,
            'name',
            'is any number of segments, `[[$name]]`; read them with '
                "`params.many('$name')`",
          ),
      };

  /// The value of `[name]`, or `null` if there is none in the path of this
  /// function: for code that several functions share.
  ///
  /// Throws an [ArgumentError] if it is a `[[name]]`.
  String? one(String name) => _values.containsKey(name) ? this[name] : null;

  /// The segments of `[[name]]`; empty if there was none of them.
  ///
  /// Throws an [ArgumentError] that says what there is if there is no
  /// `[[name]]` in the path of this function.
  List<String> many(String name) => switch (_values[name]) {
        final List<String> values => values,
        null => throw _missing(name),
        _ => throw ArgumentError.value(
            name,
            'name',
            "is one segment, `[$name]`; read it with `params['$name']`",
          ),
      };

  /// The names and their values, as JavaScript has them: a [String] for a
  /// `[name]`, a `List<String>` for a `[[name]]`, which is missing if there was
  /// no segment.
  Map<String, Object> toMap() => {
        for (final MapEntry(:key, :value) in _values.entries)
          if (value is! List || value.isNotEmpty) key: value,
      };

  /// The names and their values, for logs.
  @override
  String toString() => '$_values';

  ArgumentError _missing(String name) => ArgumentError.value(
        name,
        'name',
        'is no parameter in the path of this function; '
            '${_values.isEmpty ? 'it has none' : 'it has ${[
                for (final MapEntry(:key, :value) in _values.entries)
                  value is List ? '`[[$key]]`' : '`[$key]`',
              ].join(', ')}'}',
      );
}

/// The parameters [values], each a [String] or a `List<String>`.
PagesParams paramsOf(Map<String, Object> values) => PagesParams._(values);
