/// A test runner small enough to need no package.
library;

import 'dart:async';

final List<(String, FutureOr<void> Function())> _tests = [];
String _group = '';

/// Declares the tests that [declare] makes as being about [name].
void group(String name, void Function() declare) {
  final outer = _group;
  _group = '$outer$name: ';
  declare();
  _group = outer;
}

/// Declares a test; it fails if [body] throws.
void test(String name, FutureOr<void> Function() body) =>
    _tests.add(('$_group$name', body));

/// Runs what was declared, prints what failed and how many passed, and returns
/// how many failed.
Future<int> runTests() async {
  var failed = 0;
  for (final (name, body) in _tests) {
    // An error that nobody awaits must not pass unseen.
    final errors = <(Object, StackTrace)>[];
    final done = Completer<void>();
    runZonedGuarded(() async {
      try {
        await body();
      } catch (error, stack) {
        errors.add((error, stack));
      }
      // Whatever is still on its way arrives before the next test.
      await Future<void>.delayed(Duration.zero);
      done.complete();
    }, (error, stack) => errors.add((error, stack)));
    await done.future;
    if (errors.isEmpty) continue;
    failed++;
    for (final (error, stack) in errors) {
      print('FAILED $name\n  ${'$error'.replaceAll('\n', '\n  ')}');
      print('$stack'.split('\n').take(6).map((line) => '    $line').join('\n'));
    }
  }
  print('${_tests.length - failed} passed, $failed failed');
  return failed;
}

/// Throws unless [actual] equals [expected]; lists and maps are compared by
/// what is in them.
void expect(Object? actual, Object? expected) {
  if (_equal(actual, expected)) return;
  throw Exception('expected ${_show(expected)}\n     got ${_show(actual)}');
}

/// Throws unless [body] throws an [E] whose text contains [message]; returns
/// what was thrown.
Future<E> expectThrows<E extends Object>(
  FutureOr<Object?> Function() body, [
  String message = '',
]) async {
  Object? result;
  try {
    result = await body();
  } on E catch (error) {
    if ('$error'.contains(message)) return error;
    throw Exception('expected the text `$message`\n     got `$error`');
  }
  throw Exception('expected an $E, got ${_show(result)}');
}

bool _equal(Object? a, Object? b) => switch ((a, b)) {
      (final List<Object?> a, final List<Object?> b) => a.length == b.length &&
          [for (var i = 0; i < a.length; i++) i]
              .every((i) => _equal(a[i], b[i])),
      (final Map<Object?, Object?> a, final Map<Object?, Object?> b) =>
        a.length == b.length &&
            a.keys.every((key) => b.containsKey(key) && _equal(a[key], b[key])),
      _ => a == b,
    };

String _show(Object? value) =>
    value is String ? '`$value`' : '$value (${value.runtimeType})';
