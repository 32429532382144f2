/// Inputs that nobody would write.
library;

import 'dart:convert';
import 'dart:math';
import 'dart:typed_data';

/// What has a meaning in many formats, to nobody's profit.
const List<String> _common = [
  ...['"', "'", r'\', r'\"', '/', '//', ':', ';', '=', '&', ',', '.', '..'],
  ...['*', '?', '#', '%', '%2F', '%2e', '%ff', '%+1', '% 1', '+', '-', '--'],
  ...['\n', '\r', '\r\n', '\r\n\r\n', '\t', ' ', '\x00', '\x1b[31m', '\x7f'],
  ...['\ufeff', 'ü', '\u2028', '\u{1f600}', '[', ']', '{', '}', '(', ')', ':a'],
  ...['0', '-1', '1e999', '99999999999999999999', 'true', 'null', '<', '>'],
];

/// Makes inputs out of others, and whatever else a target asks for by chance.
final class Inputs {
  /// Inputs that follow from [seed].
  Inputs(int seed) : random = Random(seed);

  /// What they follow from.
  final Random random;

  /// What was made of an input, for whoever has to understand a failure.
  final List<Object?> _notes = [];

  /// Notes that [made] is a part of the input.
  void note(Object? made) => _notes.add(made);

  /// Forgets what was noted: the next input begins.
  void next() => _notes.clear();

  /// What was noted.
  String get notes => [
        for (final made in _notes)
          made is Uint8List
              ? '$made ${jsonEncode(latin1.decode(made))}'
              : jsonEncode('$made'),
      ].join('\n');

  /// A number below [end].
  int below(int end) => random.nextInt(end);

  /// One of [things].
  T any<T>(List<T> things) => things[random.nextInt(things.length)];

  /// Any bytes, fewer than [end].
  Uint8List bytes(int end) => Uint8List.fromList([
        for (var i = below(end); i > 0; i--) below(256),
      ]);

  /// Any characters, half of a pair too, fewer than [end].
  String text(int end) => String.fromCharCodes([
        for (var i = below(end); i > 0; i--)
          switch (below(8)) {
            0 => below(0x20),
            1 => below(0x10000),
            2 => 0xd800 + below(0x800),
            _ => 0x20 + below(0x5f),
          },
      ]);

  /// One of [kept] with changes; [words] mean something.
  Uint8List changed(List<String> kept, [List<String> words = const []]) =>
      changedBytes([for (final text in kept) utf8.encode(text)], words);

  /// As [changed], as text.
  String changedText(List<String> kept, [List<String> words = const []]) =>
      utf8.decode(changed(kept, words), allowMalformed: true);

  /// One of [kept] with changes; [words] mean something.
  Uint8List changedBytes(
    List<Uint8List> kept, [
    List<String> words = const [],
  ]) {
    final input = [...any(kept)];
    for (var times = below(6); times >= 0; times--) {
      _change(input, kept, words);
    }
    // What goes on for long.
    if (below(500) == 0) {
      final word = _word(words);
      final many = [for (var i = 1 + below(3000); i > 0; i--) ...word];
      input.insertAll(below(input.length + 1), many);
    }
    final bytes = Uint8List.fromList(input);
    note(bytes);
    return bytes;
  }

  List<int> _word(List<String> words) =>
      utf8.encode(any(words.isNotEmpty && random.nextBool() ? words : _common));

  (int, int) _part(List<int> input) {
    final start = below(input.length + 1);
    return (start, start + below(min(input.length - start, 16) + 1));
  }

  void _change(List<int> input, List<Uint8List> kept, List<String> words) {
    switch (below(8)) {
      case 0 || 1:
        input.insertAll(below(input.length + 1), _word(words));
      case 2:
        final (start, end) = _part(input);
        input.replaceRange(start, end, _word(words));
      case 3:
        final (start, end) = _part(input);
        input.removeRange(start, end);
      case 4:
        final (start, end) = _part(input);
        input.insertAll(below(input.length + 1), input.sublist(start, end));
      case 5:
        final other = any(kept);
        final (start, end) = _part(other);
        input.insertAll(below(input.length + 1), other.sublist(start, end));
      case 6:
        input.length = below(input.length + 1);
      default:
        if (input.isEmpty) return;
        final at = below(input.length);
        input[at] =
            random.nextBool() ? below(256) : input[at] ^ (1 << below(8));
    }
  }

  /// [bytes] in pieces.
  List<Uint8List> pieces(Uint8List bytes) {
    final cuts = {
      for (var i = below(5); i > 0; i--) below(bytes.length + 1),
      bytes.length,
    }.toList()
      ..sort();
    return [
      for (final (at, end) in cuts.indexed)
        Uint8List.sublistView(bytes, at == 0 ? 0 : cuts[at - 1], end),
    ];
  }
}
