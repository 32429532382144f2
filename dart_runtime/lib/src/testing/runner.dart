import 'dart:async';
import 'dart:convert';
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
  final report = settings.isJson
      ? const _JsonReport()
      : _TextReport(hasColor: settings.hasColor);
  final runner = _Runner(settings, await TestSession.current, report);
  final isGood = await runZoned(
    () async {
      for (final MapEntry(key: path, value: main) in files.entries) {
        await runner.declare(path, main);
      }
      await runner.run();
      return runner.summarize();
    },
    zoneSpecification: ZoneSpecification(
      print: (_, __, ___, line) => report.printed(line),
    ),
  );
  await stdout.flush();
  exit(isGood ? 0 : 1);
}

/// How a test went.
enum _Result {
  passed('ok', 32),
  failed('FAIL', 31),
  skipped('skip', 33);

  const _Result(this.word, this.colour);

  final String word;

  /// As terminals number it.
  final int colour;
}

/// A test that is over.
typedef _Ended = ({
  String file,
  String name,
  _Result result,

  /// Why it was skipped, if that was said.
  String? reason,

  /// What is wrong, and where; the stack may be empty.
  List<({String error, String stack})> failures,

  /// What the Worker wrote in one that failed.
  List<String> output,
  int milliseconds,
});

/// What is told of the tests, on stdout.
abstract interface class _Report {
  /// A test printed [line].
  void printed(String line);

  void ended(_Ended test);

  /// All are over; [name] is what their names had to match.
  void summarize(
    Map<_Result, int> counts, {
    required int milliseconds,
    required String? name,
  });
}

/// For people.
final class _TextReport implements _Report {
  const _TextReport({required this.hasColor});

  final bool hasColor;

  @override
  void printed(String line) => stdout.writeln(line);

  @override
  void ended(_Ended test) {
    final result = test.result;
    final why = test.reason == null ? '' : ' (${test.reason})';
    stdout.writeln('${_paint(result, result.word.padRight(4))} '
        '${test.file}: ${test.name}$why');
    for (final (:error, :stack) in test.failures) {
      _indented(error);
      if (stack.isNotEmpty) _indented(stack);
    }
    if (test.output.isNotEmpty) {
      _indented('the Worker wrote:');
      for (final line in test.output) {
        _indented('  $line');
      }
    }
    if (result == _Result.failed) stdout.writeln();
  }

  static void _indented(String text) {
    for (final line in text.trimRight().split('\n')) {
      stdout.writeln(line.isEmpty ? '' : '     $line');
    }
  }

  @override
  void summarize(
    Map<_Result, int> counts, {
    required int milliseconds,
    required String? name,
  }) {
    if (counts.isEmpty) {
      final why = name == null ? '' : ': none of them has `$name` in its name';
      return stdout.writeln('no test ran$why');
    }
    final text = [
      '${counts[_Result.passed] ?? 0} passed',
      for (final result in [_Result.failed, _Result.skipped])
        if (counts[result] case final count?) '$count ${result.name}',
    ].join(', ');
    final seconds = (milliseconds / 1000).toStringAsFixed(1);
    final worst =
        counts.containsKey(_Result.failed) ? _Result.failed : _Result.passed;
    stdout.writeln('${_paint(worst, text)} in $seconds s');
  }

  String _paint(_Result result, String text) =>
      hasColor ? '\x1b[${result.colour}m$text\x1b[0m' : text;
}

/// For programs: one JSON object a line.
final class _JsonReport implements _Report {
  const _JsonReport();

  static void _tell(Map<String, Object?> event) =>
      stdout.writeln(jsonEncode(event));

  @override
  void printed(String line) => _tell({'event': 'print', 'text': line});

  @override
  void ended(_Ended test) => _tell({
        'event': 'test',
        'file': test.file,
        'name': test.name,
        'result': test.result.name,
        if (test.reason case final reason?) 'reason': reason,
        if (test.result == _Result.failed) ...{
          'failures': [
            for (final (:error, :stack) in test.failures)
              {'error': error, 'stack': stack},
          ],
          'output': test.output,
        },
        'milliseconds': test.milliseconds,
      });

  @override
  void summarize(
    Map<_Result, int> counts, {
    required int milliseconds,
    required String? name,
  }) =>
      _tell({
        'event': 'summary',
        for (final result in _Result.values) result.name: counts[result] ?? 0,
        'milliseconds': milliseconds,
      });
}

final class _Runner {
  _Runner(this._settings, this._session, this._report) : _name = _settings.name;

  final TestSettings _settings;
  final TestSession _session;
  final RegExp? _name;
  final _Report _report;
  final _watch = Stopwatch()..start();
  final _counts = <_Result, int>{};

  /// When the test began that runs, by [_watch].
  int _began = 0;

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
    _began = _watch.elapsedMilliseconds;
    if (skip != null) {
      final reason = skip is String ? skip : null;
      return _end(path, test.name, _Result.skipped, reason: reason);
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
      return _end(path, test.name, _Result.passed);
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
    final told = [
      for (final (error, stack) in failures)
        (
          error: error is TestFailure ? error.message : '$error',
          stack: readableStack(stack, package: _settings.package),
        ),
    ];
    _end(path, name, _Result.failed, failures: told, output: output);
  }

  void _end(
    String path,
    String name,
    _Result result, {
    String? reason,
    List<({String error, String stack})> failures = const [],
    List<String> output = const [],
  }) {
    _counts[result] = (_counts[result] ?? 0) + 1;
    final now = _watch.elapsedMilliseconds;
    _report.ended((
      file: path,
      name: name,
      result: result,
      reason: reason,
      failures: failures,
      output: output,
      milliseconds: now - _began,
    ));
    _began = now;
  }

  /// Says how it went, and whether well.
  bool summarize() {
    _report.summarize(
      _counts,
      milliseconds: _watch.elapsedMilliseconds,
      name: _name?.pattern,
    );
    return _counts.isNotEmpty && !_counts.containsKey(_Result.failed);
  }
}
