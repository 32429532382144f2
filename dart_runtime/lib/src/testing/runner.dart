import 'dart:async';
import 'dart:io';

import '../host/vm/stack.dart';
import 'expect.dart';
import 'session.dart';
import 'settings.dart';
import 'suite.dart';

/// Runs the tests that the programs in [files] declare, one after the other, and
/// ends this one: with 0 if all passed, and 1 if not.
Future<void> runTests(Map<String, Function> files) async {
  final settings = TestSettings.current;
  if (settings == null) {
    stderr.writeln('error: this program is started by `dartflare test`');
    exit(2);
  }
  final runner = _Runner(settings, await TestSession.current);
  for (final MapEntry(key: path, value: main) in files.entries) {
    await runner.declare(path, main);
  }
  await runner.run();
  final isGood = runner.summarize();
  await stdout.flush();
  exit(isGood ? 0 : 1);
}

final class _Runner {
  _Runner(this._settings, this._session) : _name = _settings.name;

  final TestSettings _settings;
  final TestSession _session;
  final RegExp? _name;
  final _watch = Stopwatch()..start();
  int _passed = 0;
  int _failed = 0;
  int _skipped = 0;

  final _files = <(String, DeclaredGroup)>[];

  /// Has [main], of the file [path], declare its tests.
  Future<void> declare(String path, Function main) async {
    final group = DeclaredGroup('', null, null);
    try {
      Declaring.within(group, () {
        main is void Function(List<String>)
            ? main(const [])
            // ignore: avoid_dynamic_calls
            : main();
      });
    } catch (error, stack) {
      return _fail(path, '(declaring its tests)', [(error, stack)], const []);
    }
    _files.add((path, group));
  }

  /// Runs what was declared.
  Future<void> run() async {
    final count = _files.fold(0, (sum, file) => sum + _count(file.$2));
    // Most tests ask for an environment.
    await _session.ask('expect', {'environments': count});
    for (final (path, group) in _files) {
      await _group(path, group, const [], null);
    }
  }

  int _count(Declared declared) {
    if (_skip(declared) != null || !_isWanted(declared)) return 0;
    return switch (declared) {
      DeclaredTest() => 1,
      DeclaredGroup(:final tests) =>
        tests.fold(0, (sum, it) => sum + _count(it)),
    };
  }

  Future<void> _group(
    String path,
    DeclaredGroup group,
    List<DeclaredGroup> around,
    Object? skip,
  ) async {
    if (!_isWanted(group)) return;
    final skipped = _skip(group) ?? skip;
    final groups = [...around, group];
    final all = RunningTest();
    if (skipped == null) {
      for (final setUp in group.setUpAlls) {
        await all.run(setUp);
      }
    }
    if (all.failures.isNotEmpty) {
      final name = group.named('(setUpAll)');
      await _fail(path, name, all.failures, await _output());
    } else {
      for (final declared in group.tests) {
        switch (declared) {
          case DeclaredGroup():
            await _group(path, declared, groups, skipped);
          case DeclaredTest() when _isWanted(declared):
            await _test(path, declared, groups, _skip(declared) ?? skipped);
          case DeclaredTest():
        }
      }
    }
    all.failures.clear();
    if (skipped == null) {
      for (final tearDown in group.tearDownAlls.reversed) {
        await all.run(tearDown);
      }
      await all.end();
    }
    if (all.failures.isNotEmpty) {
      final name = group.named('(tearDownAll)');
      await _fail(path, name, all.failures, await _output());
    }
  }

  bool _isWanted(Declared declared) => switch (declared) {
        DeclaredTest(:final name) => _name?.hasMatch(name) ?? true,
        DeclaredGroup(:final tests) => tests.any(_isWanted),
      };

  static Object? _skip(Declared declared) =>
      declared.skip == false ? null : declared.skip;

  Future<void> _test(
    String path,
    DeclaredTest test,
    List<DeclaredGroup> groups,
    Object? skip,
  ) async {
    if (skip != null) {
      _skipped++;
      final why = skip is String ? ' ($skip)' : '';
      return _line(_Colour.yellow, 'skip', '$path: ${test.name}$why');
    }
    await _session.ask('begin');
    final running = RunningTest();
    final setUps = [for (final group in groups) ...group.setUps];
    for (final setUp in setUps) {
      if (running.failures.isEmpty) await running.run(setUp);
    }
    if (running.failures.isEmpty) {
      await running.run(test.body, timeout: test.timeout);
    }
    for (final group in groups.reversed) {
      for (final tearDown in group.tearDowns.reversed) {
        await running.run(tearDown);
      }
    }
    await running.end();
    if (running.failures.isEmpty) {
      _passed++;
      return _line(_Colour.green, 'ok', '$path: ${test.name}');
    }
    await _fail(path, test.name, running.failures, await _output());
  }

  /// What the Worker wrote since the test began.
  Future<List<String>> _output() async {
    final answer = await _session.ask('output');
    return (answer['lines']! as List<Object?>).cast<String>();
  }

  Future<void> _fail(
    String path,
    String name,
    List<(Object, StackTrace)> failures,
    List<String> output,
  ) async {
    _failed++;
    _line(_Colour.red, 'FAIL', '$path: $name');
    for (final (error, stack) in failures) {
      final text = error is TestFailure ? error.message : '$error';
      _indented(text);
      final readable = readableStack(stack, package: _settings.package);
      if (readable.isNotEmpty) _indented(readable);
    }
    if (output.isNotEmpty) {
      _indented('the Worker wrote:');
      for (final line in output) {
        _indented('  $line');
      }
    }
    stdout.writeln();
  }

  void _line(_Colour colour, String how, String what) =>
      stdout.writeln('${_paint(colour, how.padRight(4))} $what');

  static void _indented(String text) {
    for (final line in text.trimRight().split('\n')) {
      stdout.writeln(line.isEmpty ? '' : '     $line');
    }
  }

  /// Says how it went, and whether well.
  bool summarize() {
    final seconds = (_watch.elapsedMilliseconds / 1000).toStringAsFixed(1);
    final counts = [
      '$_passed passed',
      if (_failed > 0) '$_failed failed',
      if (_skipped > 0) '$_skipped skipped',
    ].join(', ');
    final colour = _failed > 0 ? _Colour.red : _Colour.green;
    final isNone = _passed + _failed + _skipped == 0;
    if (isNone) {
      stdout.writeln('no test ran${_name == null ? '' : ': none of them '
          'has `${_name.pattern}` in its name'}');
    } else {
      stdout.writeln('${_paint(colour, counts)} in $seconds s');
    }
    return _failed == 0 && !isNone;
  }

  String _paint(_Colour colour, String text) =>
      _settings.hasColor ? '\x1b[${colour.code}m$text\x1b[0m' : text;
}

enum _Colour {
  red(31),
  green(32),
  yellow(33);

  const _Colour(this.code);

  final int code;
}
