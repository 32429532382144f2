import 'dart:convert';
import 'dart:io';

/// What `dartflare test` tells the program that runs the tests.
final class TestSettings {
  TestSettings._(this._values);

  /// What this program was started with, or `null` if `dartflare test` did not
  /// start it.
  static final TestSettings? current = switch (Platform.environment[variable]) {
    null => null,
    final text => TestSettings._(jsonDecode(text) as Map<String, Object?>),
  };

  /// The variable of the process that holds the settings, as JSON.
  static const String variable = 'DARTFLARE_TEST';

  final Map<String, Object?> _values;

  /// Where `dartflare` listens.
  int get port => _values['port']! as int;

  /// The secret of the run.
  String get token => _values['token']! as String;

  /// The name of the user's package.
  String? get package => _values['package'] as String?;

  /// What the names of the tests to run have in them.
  RegExp? get name => switch (_values['name']) {
        final String name => RegExp(name),
        _ => null,
      };

  /// Whether a program reads what is written.
  bool get isJson => _values['json'] == true;

  /// Whether a terminal shows what is written.
  bool get hasColor => _values['color'] == true;
}
