import 'dart:io';
import 'dart:isolate';

import 'fuzz/inputs.dart';
import 'fuzz/targets.dart';
import 'testing.dart';

/// What the inputs of one seed may take, on the busiest machine.
const _timeLimit = Duration(minutes: 2);

/// By how much the program may grow with the inputs that are being read.
const _memoryLimit = 512 << 20;

/// How many inputs follow from one seed.
const _chunk = 500;

/// Inputs follow from a seed, always the same unless `DARTFLARE_FUZZ_SEED` sets
/// it. `DARTFLARE_FUZZ_MINUTES` goes on for longer, `DARTFLARE_FUZZ_ONLY` takes
/// one target.
void fuzzTests() {
  test('no input does harm', () async {
    final environment = Platform.environment;
    final seed = int.tryParse(environment['DARTFLARE_FUZZ_SEED'] ?? '') ?? 1;
    final minutes = int.tryParse(environment['DARTFLARE_FUZZ_MINUTES'] ?? '');
    final only = environment['DARTFLARE_FUZZ_ONLY'] ?? '';
    final end = DateTime.now().add(Duration(minutes: minutes ?? 0));

    final watcher = await _Watcher.start();
    final counts = <String, int>{};
    for (var round = 0;; round++) {
      if (round > 0 && DateTime.now().isAfter(end)) break;
      for (final MapEntry(key: name, value: target) in targets.entries) {
        if (only.isNotEmpty && only != name) continue;
        for (var chunk = 0; chunk < target.inputs ~/ _chunk; chunk++) {
          final own = seed + round * 1000 + chunk;
          final how = 'DARTFLARE_FUZZ_SEED=$own DARTFLARE_FUZZ_ONLY=$name';
          watcher.watch(how);
          final inputs = Inputs(own);
          for (var i = 0; i < _chunk; i++) {
            inputs.next();
            try {
              await target.take(inputs);
            } catch (error, stack) {
              Error.throwWithStackTrace(
                Exception('$how, input $i\n${inputs.notes}\n$error'),
                stack,
              );
            }
          }
          counts[name] = (counts[name] ?? 0) + _chunk;
        }
      }
    }
    watcher.stop();
    if (minutes != null) print('seed $seed: $counts');
  });
}

/// Ends the program when what it is at takes too long or too much.
final class _Watcher {
  _Watcher._(this._port);

  final SendPort _port;

  static Future<_Watcher> start() async {
    final ports = ReceivePort();
    await Isolate.spawn(_run, ports.sendPort);
    return _Watcher._(await ports.first as SendPort);
  }

  void watch(String what) => _port.send(what);

  void stop() => _port.send(null);

  static Future<void> _run(SendPort answer) async {
    final messages = ReceivePort();
    answer.send(messages.sendPort);
    final before = ProcessInfo.currentRss;
    final watch = Stopwatch()..start();
    Object? current;
    messages.listen((message) {
      current = message;
      watch.reset();
      if (message == null) Isolate.exit();
    });
    for (;;) {
      await Future<void>.delayed(const Duration(milliseconds: 50));
      final isLarge = ProcessInfo.currentRss > before + _memoryLimit;
      if (!isLarge && watch.elapsed < _timeLimit) continue;
      stderr.writeln('$current takes too much time or memory');
      exit(101);
    }
  }
}
