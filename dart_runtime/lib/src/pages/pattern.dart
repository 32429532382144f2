/// The paths of functions as patterns.
library;

import 'dart:typed_data';

/// [text] with the letters of ASCII in lower case: as far as paths are alike
/// whatever their case.
String asciiLowerCase(String text) => text.replaceAllMapped(
      _upperCase,
      (match) => match[0]!.toLowerCase(),
    );

final RegExp _upperCase = RegExp('[A-Z]+');

/// What a pattern found in a path.
typedef PatternMatch = ({
  /// How much of the path it is.
  int end,

  /// What the parameters stand for: a [String], or for one of several segments
  /// a `List<String>`.
  Map<String, Object> params,
});

/// A piece of a pattern: text, or a parameter.
sealed class PatternPart {}

/// Text that stands in the path, in lower case.
final class PatternText extends PatternPart {
  /// This [text].
  PatternText(this.text);

  /// The text.
  final String text;
}

/// A parameter.
final class PatternParam extends PatternPart {
  /// The parameter [name].
  PatternParam(
    this.name, {
    required this.hasSlash,
    required this.isMany,
    required this.stop,
  });

  /// Its name.
  final String name;

  /// Whether the slash before it belongs to it.
  final bool hasSlash;

  /// Whether it is any number of segments with the slash before each, none too.
  final bool isMany;

  /// What it does not reach over, if it follows text in a segment: that text.
  final String? stop;
}

/// The path of a function: text, and parameters as `:name` for one segment, or
/// a part of one, and `/:name*` for any number of segments.
///
/// It matches what `path-to-regexp` 6.3 matches for it, which the platform uses,
/// and finds the same parameters, but visits no place in a path twice in the
/// same state: a path cannot make it slow.
final class PathPattern {
  /// The pattern [source].
  ///
  /// Throws an [ArgumentError] for two parameters with no text between them,
  /// for `:name*` within a segment, and for a lone `:` or `*`.
  PathPattern(this.source) : parts = _parse(source);

  /// The path.
  final String source;

  /// Its pieces, of which there is at least one.
  final List<PatternPart> parts;

  /// Whether the start of a path matches wherever it ends, be it within a
  /// segment: if the pattern itself ends in a slash and, a quirk of the
  /// platform, in a bracket or a backslash.
  late final bool endsAnywhere = switch (parts.last) {
    // The platform looks for the last character in this text.
    PatternText(:final text) => r'[\/#\?]'.contains(text[text.length - 1]),
    PatternParam() => false,
  };

  late final _Program _program = _Program(parts);

  late final List<PatternParam> _params = [
    for (final part in parts)
      if (part is PatternParam) part,
  ];

  /// What matches in all of [path], but for a slash at its end; [lower] is the
  /// path in lower case.
  PatternMatch? matchAll(String path, String lower) =>
      _match(path, lower, isWhole: true);

  /// What matches at the start of [path], up to the end of a segment; [lower]
  /// is the path in lower case.
  PatternMatch? matchStart(String path, String lower) =>
      _match(path, lower, isWhole: false);

  static List<PatternPart> _parse(String source) {
    final parts = <PatternPart>[];
    var text = '';
    var at = 0;
    while (at < source.length) {
      final char = source[at];
      if (char == '*') {
        throw ArgumentError.value(source, 'path', 'Unexpected MODIFIER at $at');
      }
      if (char != ':') {
        text += char;
        at++;
        continue;
      }
      final name = _name.matchAsPrefix(source, at + 1)?[0];
      if (name == null) {
        throw ArgumentError.value(
          source,
          'path',
          'Missing parameter name at $at',
        );
      }
      at += 1 + name.length;
      final hasSlash = text.endsWith('/');
      if (hasSlash) text = text.substring(0, text.length - 1);
      if (text.isNotEmpty) parts.add(PatternText(asciiLowerCase(text)));
      if (text.isEmpty && !hasSlash) {
        if (parts.lastOrNull case PatternParam(name: final before)) {
          throw ArgumentError.value(
            source,
            'path',
            'Must have text between two parameters, missing text after '
                '"$before"',
          );
        }
      }
      final isMany = at < source.length && source[at] == '*';
      if (isMany) at++;
      if (isMany && !hasSlash) {
        throw ArgumentError.value(
          source,
          'path',
          'Can not repeat "$name" without a prefix and suffix',
        );
      }
      parts.add(
        PatternParam(
          name,
          hasSlash: hasSlash,
          isMany: isMany,
          stop: hasSlash || text.isEmpty || text.contains(_delimiter)
              ? null
              : asciiLowerCase(text),
        ),
      );
      text = '';
    }
    if (text.isNotEmpty) parts.add(PatternText(asciiLowerCase(text)));
    return parts;
  }

  PatternMatch? _match(String path, String lower, {required bool isWhole}) {
    final length = path.length;
    final steps = _program.steps;
    // Where the parameters begin and end, two for each; -1 if it is absent.
    final marks = <int>[];
    // The choices that have another way, three for each: the step, the place in
    // the path, and how many of the marks hold there.
    final open = <int>[];
    // A bit for each choice at each place: what did not fit there never will.
    Uint32List? tried;
    var step = 0;
    var at = 0;
    while (true) {
      var fits = true;
      if (step == steps.length) {
        final end = isWhole ? _endOfAll(path, at) : _endOfStart(path, at);
        if (end >= 0) return (end: end, params: _read(path, marks));
        fits = false;
      } else {
        switch (steps[step]) {
          case _Text(:final text):
            fits = lower.startsWith(text, at);
            at += text.length;
            step++;
          case final _Value value:
            final end = value.end(lower, at);
            fits = end > at;
            at = end;
            step++;
          case _Open():
            marks.add(at);
            step++;
          case _Close():
            marks.add(at);
            step++;
          case _Absent():
            marks
              ..add(-1)
              ..add(-1);
            step++;
          case _Jump(:final to):
            step = to;
          case _Choice(:final number, :final next, :final other):
            final bit = number * (length + 1) + at;
            final bits = tried ??=
                Uint32List((_program.choices * (length + 1) >> 5) + 1);
            final mask = 1 << (bit & 31);
            fits = bits[bit >> 5] & mask == 0;
            bits[bit >> 5] |= mask;
            if (fits) {
              open
                ..add(other)
                ..add(at)
                ..add(marks.length);
              step = next;
            }
        }
      }
      if (fits) continue;
      if (open.isEmpty) return null;
      marks.length = open.removeLast();
      at = open.removeLast();
      step = open.removeLast();
    }
  }

  static int _endOfAll(String path, int at) =>
      at == path.length || at + 1 == path.length && _isDelimiter(path, at)
          ? path.length
          : -1;

  int _endOfStart(String path, int at) {
    if (_endOfAll(path, at) >= 0) return path.length;
    return endsAnywhere || _isDelimiter(path, at) ? at : -1;
  }

  Map<String, Object> _read(String path, List<int> marks) {
    final params = <String, Object>{};
    for (final (at, param) in _params.indexed) {
      final start = marks[2 * at];
      if (start < 0) {
        params.putIfAbsent(param.name, () => const <String>[]);
        continue;
      }
      final value = path.substring(start, marks[2 * at + 1]);
      params[param.name] =
          param.isMany ? List<String>.unmodifiable(value.split('/')) : value;
    }
    return params;
  }
}

final RegExp _name = RegExp('[0-9A-Za-z_]+');
final RegExp _delimiter = RegExp('[/#?]');

bool _isDelimiter(String path, int at) => switch (path.codeUnitAt(at)) {
      0x2f || 0x23 || 0x3f => true, // `/`, `#`, `?`
      _ => false,
    };

/// The steps in which [parts] are looked for.
final class _Program {
  _Program(List<PatternPart> parts) {
    for (final (at, part) in parts.indexed) {
      _add(part, _goesToSlash(parts, at));
    }
  }

  final List<_Step> steps = [];

  /// How many of them are choices.
  int choices = 0;

  /// Whether what follows the part [at] begins with a slash, or with nothing.
  static bool _goesToSlash(List<PatternPart> parts, int at) {
    for (final part in parts.skip(at + 1)) {
      switch (part) {
        case PatternText(:final text):
          return text.startsWith('/');
        case PatternParam(isMany: true):
          // It may be nothing at all.
          continue;
        case PatternParam(:final hasSlash):
          return hasSlash;
      }
    }
    return true;
  }

  void _add(PatternPart part, bool goesToSlash) {
    switch (part) {
      case PatternText(:final text):
        steps.add(_Text(text));
      case PatternParam(isMany: false, :final hasSlash, :final stop):
        if (hasSlash) steps.add(const _Text('/'));
        steps.add(const _Open());
        _addValue(stop, goesToSlash);
        steps.add(const _Close());
      case PatternParam(isMany: true):
        final skip = _choice();
        steps
          ..add(const _Text('/'))
          ..add(const _Open());
        final first = steps.length;
        _addValue(null, goesToSlash);
        final more = _choice();
        steps
          ..add(const _Text('/'))
          ..add(_Jump(first));
        more.other = steps.length;
        steps
          ..add(const _Close())
          ..add(_Jump(steps.length + 2));
        skip.other = steps.length;
        steps.add(const _Absent());
    }
  }

  void _addValue(String? stop, bool goesToSlash) {
    // Nothing but the end of the segment can follow.
    if (goesToSlash) {
      steps.add(_Value(stop, isWhole: true));
      return;
    }
    final start = steps.length;
    steps.add(_Value(stop, isWhole: false));
    final enough = _choice();
    steps.add(_Jump(start));
    // It is as short as it can be: what follows comes first.
    enough
      ..other = steps.length - 1
      ..next = steps.length;
  }

  _Choice _choice() {
    final choice = _Choice(choices++, steps.length + 1);
    steps.add(choice);
    return choice;
  }
}

/// A step of a pattern. It goes on from a place in the path to a later one, or
/// does not fit.
sealed class _Step {
  const _Step();
}

/// This text.
final class _Text extends _Step {
  const _Text(this.text);

  final String text;
}

/// A character of a value, or the whole of the segment's rest.
final class _Value extends _Step {
  const _Value(this.stop, {required this.isWhole});

  final String? stop;
  final bool isWhole;

  int end(String lower, int start) {
    final stop = this.stop;
    var at = start;
    while (at < lower.length && !_isDelimiter(lower, at)) {
      if (stop != null && lower.startsWith(stop, at)) break;
      at++;
      if (!isWhole) break;
    }
    return at;
  }
}

/// The start of a parameter.
final class _Open extends _Step {
  const _Open();
}

/// The end of a parameter.
final class _Close extends _Step {
  const _Close();
}

/// A parameter that stands for nothing.
final class _Absent extends _Step {
  const _Absent();
}

/// Goes on at the step [to].
final class _Jump extends _Step {
  const _Jump(this.to);

  final int to;
}

/// Goes on at the step [next], and if that does not fit at the step [other].
final class _Choice extends _Step {
  _Choice(this.number, this.next) : other = next;

  final int number;
  int next;
  int other;
}
