/// Finding the patterns that a path may match, however many there are.
library;

import 'pattern.dart';

/// Patterns by the segments that they are made of.
///
/// A path is followed down all branches at the same time, one segment after the
/// other, so that each branch is visited once for a segment. What is found has
/// yet to be compared with the pattern: a branch stands for a segment that has
/// text and parameters by the text at its ends alone.
final class RouteTree {
  final _Node _root = _Node();

  /// The walk that goes on, and the level it is at: what it has come by is
  /// marked with these.
  int _walk = 0;
  int _level = 0;

  /// Adds [pattern] under [number], to be found for paths that it matches as a
  /// whole.
  void addWhole(String pattern, int number) {
    final (node, prefix) = _place(pattern, endsAnywhere: false);
    (prefix == null ? node.whole : node.loose(prefix).whole)
        .add(_Entry(number));
  }

  /// Adds [pattern] under [number], to be found for paths that begin with what
  /// it matches; [endsAnywhere] says whether that may be a part of a segment.
  void addStart(String pattern, int number, {required bool endsAnywhere}) {
    final (node, prefix) = _place(pattern, endsAnywhere: endsAnywhere);
    (prefix == null ? node.start : node.loose(prefix).start)
        .add(_Entry(number));
  }

  /// Where a pattern ends. With a prefix, it has to be compared with every path
  /// that comes by the node and goes on with this text.
  (_Node, String?) _place(String pattern, {required bool endsAnywhere}) {
    final segments = [
      for (final text in pattern.split('/').skip(1))
        if (text.isNotEmpty) _Segment(text),
    ];
    var loose = segments.indexWhere((segment) => segment.isRagged);
    if (loose >= 0) {
      // Where the segments before the text are none, it goes on the one before
      // them: `/files/[[path]].zip` is `/files.zip` too.
      do {
        loose--;
      } while (loose >= 0 && segments[loose].isMany);
      if (loose < 0) return (_root, '');
    } else if (endsAnywhere) {
      loose = segments.length - 1;
    }
    var node = _root;
    for (final segment in loose < 0 ? segments : segments.take(loose)) {
      node = node.child(segment);
    }
    return (node, loose < 0 ? null : segments[loose].prefix);
  }

  /// The numbers of the patterns that [path], which is in lower case, may match:
  /// as a whole, and at its start.
  ({List<int> whole, List<int> start}) find(String path) {
    _walk++;
    _level++;
    final whole = <int>[];
    final start = <int>[];
    final segments = path.split('/');
    var nodes = <_Node>[];
    _reach(_root, nodes);
    for (var at = 1;; at++) {
      final segment = at < segments.length ? segments[at] : '';
      for (final node in nodes) {
        _collect(node.start, start);
        // What is more than a slash behind it shows in the comparison.
        if (segment.isEmpty) _collect(node.whole, whole);
      }
      if (at == segments.length) break;
      final next = <_Node>[];
      _level++;
      for (final node in nodes) {
        node.affixed?.forEachPrefixOf(segment, (affixed) {
          _collect(affixed.start, start);
          _collect(affixed.whole, whole);
          affixed.suffixes?.forEachSuffixOf(
            segment,
            affixed.prefix.length + 1,
            (node) => _reach(node, next),
          );
        });
        if (segment.isEmpty) continue;
        if (node.texts[segment] case final node?) _reach(node, next);
        if (node.one case final node?) _reach(node, next);
        if (node.isMany) _reach(node, next);
      }
      if (next.isEmpty) break;
      nodes = next;
    }
    return (whole: whole, start: start);
  }

  void _reach(_Node node, List<_Node> nodes) {
    if (node.level == _level) return;
    node.level = _level;
    nodes.add(node);
    if (node.many case final node?) _reach(node, nodes);
  }

  void _collect(List<_Entry> entries, List<int> numbers) {
    for (final entry in entries) {
      if (entry.walk == _walk) continue;
      entry.walk = _walk;
      numbers.add(entry.number);
    }
  }
}

/// A segment of a pattern.
final class _Segment {
  factory _Segment(String source) {
    final text = asciiLowerCase(source);
    final params = [..._param.allMatches(source)];
    if (params.isEmpty) return _Segment._(text, text, _Kind.text);
    final prefix = text.substring(0, params.first.start);
    final suffix = text.substring(params.last.end);
    final isAlone = params.length == 1 && prefix.isEmpty && suffix.isEmpty;
    final hasMany = params.any((param) => param[0]!.endsWith('*'));
    return _Segment._(
      prefix,
      suffix,
      switch ((isAlone, hasMany)) {
        (true, true) => _Kind.many,
        (true, false) => _Kind.one,
        (false, true) => _Kind.ragged,
        (false, false) => _Kind.mixed,
      },
    );
  }

  _Segment._(this.prefix, this.suffix, this._kind);

  static final RegExp _param = RegExp(r':\w+\*?');

  /// The text before the first parameter.
  final String prefix;

  /// The text after the last parameter.
  final String suffix;

  final _Kind _kind;

  /// Whether it is any number of segments.
  bool get isMany => _kind == _Kind.many;

  /// Whether it is any number of segments and more than that.
  bool get isRagged => _kind == _Kind.ragged;
}

enum _Kind { text, one, many, mixed, ragged }

/// A pattern to be found. The walk that came by it last is marked, so that it is
/// found once.
final class _Entry {
  _Entry(this.number);

  final int number;
  int walk = 0;
}

final class _Node {
  _Node({this.isMany = false});

  /// Whether it stands for any number of segments.
  final bool isMany;

  /// What follows: a segment of this text, any segment, any number of segments,
  /// a segment that begins with some text.
  final Map<String, _Node> texts = {};
  _Node? one;
  _Node? many;
  _ByLength<_Affixed>? affixed;

  /// The patterns that end here.
  final List<_Entry> whole = [];
  final List<_Entry> start = [];

  /// The level of a walk at which it was reached last.
  int level = 0;

  _Node child(_Segment segment) => switch (segment._kind) {
        _Kind.text => texts.putIfAbsent(segment.prefix, _Node.new),
        _Kind.one => one ??= _Node(),
        _Kind.many => many ??= _Node(isMany: true),
        _Kind.mixed || _Kind.ragged => (loose(segment.prefix).suffixes ??=
                _ByLength())
            .putIfAbsent(segment.suffix, _Node.new),
      };

  _Affixed loose(String prefix) =>
      (affixed ??= _ByLength()).putIfAbsent(prefix, () => _Affixed(prefix));
}

/// What follows by the text that a segment begins with.
final class _Affixed {
  _Affixed(this.prefix);

  final String prefix;

  /// Where a segment leads that ends in some text.
  _ByLength<_Node>? suffixes;

  /// The patterns that may end anywhere from here on.
  final List<_Entry> whole = [];
  final List<_Entry> start = [];
}

/// Things by the beginning or the end of a text. However many there are, there
/// are few lengths.
final class _ByLength<T extends Object> {
  final Map<int, Map<String, T>> _things = {};

  T putIfAbsent(String text, T Function() make) =>
      (_things[text.length] ??= {}).putIfAbsent(text, make);

  void forEachPrefixOf(String text, void Function(T thing) use) {
    for (final MapEntry(key: length, value: things) in _things.entries) {
      if (length > text.length) continue;
      if (things[text.substring(0, length)] case final thing?) use(thing);
    }
  }

  void forEachSuffixOf(String text, int from, void Function(T thing) use) {
    for (final MapEntry(key: length, value: things) in _things.entries) {
      final start = text.length - length;
      if (start < from) continue;
      if (things[text.substring(start)] case final thing?) use(thing);
    }
  }
}
