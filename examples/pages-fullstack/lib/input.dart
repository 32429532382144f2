import 'package:cloudflare_workers/pages.dart';

import 'problem.dart';

/// What a page sent as JSON.
final class Input {
  Input._(this._values);

  final Map<String, Object?> _values;

  static Future<Input> read(Request request) async {
    try {
      return Input._(await request.json<Map<String, Object?>>());
    } on FormatException {
      throw const Problem(400, 'That is not JSON.');
    } on ValueTypeError {
      throw const Problem(400, 'That is no JSON object.');
    }
  }

  /// A text that is not empty, without the spaces around it unless it
  /// [isExact].
  String text(String name, {required int atMost, bool isExact = false}) {
    final value = _values[name];
    final text = switch (value) {
      String() => isExact ? value : value.trim(),
      _ => '',
    };
    if (text.isEmpty) throw Problem(400, 'The $name is missing.');
    if (text.length > atMost) throw Problem(400, 'The $name is too long.');
    return text;
  }

  bool flag(String name) => switch (_values[name]) {
        final bool value => value,
        _ => throw Problem(400, '$name is true or false.'),
      };
}
