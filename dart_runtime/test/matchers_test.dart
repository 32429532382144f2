import 'dart:async';

import 'package:cloudflare_workers/src/testing/invoker.dart';
import 'package:cloudflare_workers/src/testing/suite.dart' as suite;
import 'package:cloudflare_workers/testing.dart' as t;

import 'testing.dart';

/// What a failed expectation says; `null` if it holds.
Future<String?> failure(Object? actual, Object? matcher) async {
  try {
    await t.expectLater(actual, matcher);
    return null;
  } on t.TestFailure catch (failure) {
    return failure.message;
  }
}

void matchersTests() {
  group('matchers', () {
    test('equality goes into lists, sets and maps', () async {
      final value = {
        'a': [
          1,
          {2, 3},
        ],
        'b': null,
      };
      expect(await failure(value, {...value}), null);
      expect(
        await failure(value, {
          'a': [
            t.isA<int>(),
            t.isNotEmpty,
          ],
          'b': t.isNull,
        }),
        null,
      );
      expect(await failure(double.nan, double.nan), null);
      expect(
        await failure(
          {
            'a': [1, 2],
          },
          {
            'a': [1, 3],
          },
        ),
        "expected: {'a': [1, 3]}\n"
        "  actual: {'a': [1, 2]}\n"
        "   which: at ['a'][1] it is 2",
      );
      expect(
        await failure({'a': 1, 'b': 2}, {'a': 1}),
        "expected: {'a': 1}\n"
        "  actual: {'a': 1, 'b': 2}\n"
        "   which: it has ['b']",
      );
      expect(
        await failure([1], [1, 2]),
        'expected: [1, 2]\n'
        '  actual: [1]\n'
        '   which: it has the length 1, and not 2',
      );
      expect(await failure('1', 1), "expected: 1\n  actual: '1'");
    });

    test('each holds, or not', () async {
      for (final (holds, actual, matcher) in [
        (true, true, t.isTrue),
        (false, 1, t.isTrue),
        (true, false, t.isFalse),
        (true, null, t.isNull),
        (false, null, t.isNotNull),
        (true, 'abc', t.contains('b')),
        (true, [1, 2], t.contains(t.greaterThan(1))),
        (true, {'a': 1}, t.contains('a')),
        (false, 3, t.contains(3)),
        (true, {'a': 1}, t.containsPair('a', t.lessThan(2))),
        (true, 'abc', t.startsWith('ab')),
        (false, 'abc', t.endsWith('ab')),
        (true, 'abc', t.matches('^a.c\$')),
        (true, '', t.isEmpty),
        (false, [0], t.isEmpty),
        (false, 5, t.isNotEmpty),
        (true, {1: 2}, t.hasLength(1)),
        (true, 'ab', t.hasLength(t.lessThanOrEqualTo(2))),
        (true, 2, t.greaterThanOrEqualTo(2)),
        (true, 1, t.isNot(2)),
        (true, 1, t.anyOf([2, t.isA<int>()])),
        (false, 1, t.allOf([1, t.isA<String>()])),
        (true, 'x', t.anything),
        (false, [1], t.same([1])),
        (true, StateError('a'), t.isA<StateError>()),
        (
          false,
          StateError('a'),
          t.isA<StateError>().having((it) => it.message, 'message', 'b'),
        ),
      ]) {
        final said = await failure(actual, matcher);
        expect('$actual, ${matcher.description}: ${said == null}',
            '$actual, ${matcher.description}: $holds');
      }
    });

    test('what is thrown is judged, at once or later', () async {
      Future<void> later() async => throw StateError('x');
      Never atOnce() => throw StateError('x');
      expect(await failure(later, t.throwsStateError), null);
      expect(await failure(atOnce, t.throwsStateError), null);
      expect(await failure(later(), t.throws), null);
      expect(
        await failure(later, t.throwsArgumentError),
        "expected: throws <Instance of 'ArgumentError'>\n"
        '  actual: it threw StateError:<Bad state: x>\n'
        '   which: it is not a `ArgumentError`',
      );
      expect(
        await failure(() => 1, t.throws),
        'expected: throws anything\n  actual: it gave 1',
      );
      expect(await failure(Future.value(2), t.completion(2)), null);
      expect(
        await failure(Future.value(2), t.completion(t.isNull)),
        'expected: completes to null\n  actual: 2',
      );
    });

    test('a test lasts until its expectations are decided', () async {
      final decided = Completer<int>();
      final running = suite.RunningTest();
      final over = running.run(() {
        t.expect(decided.future, t.completion(1), reason: 'as was said');
      });
      decided.complete(2);
      await over;
      final [(error, _)] = running.failures;
      expect('$error', 'expected: completes to 1\n  actual: 2\nas was said');
    });

    test('a test is over when its time is', () async {
      final running = suite.RunningTest();
      await running.run(
        () => Completer<void>().future,
        timeout: const Duration(milliseconds: 1),
      );
      expect('${running.failures.single.$1}', 'it took longer than 0.001 s');
    });

    test('the time of a test stands still while it waits for others', () async {
      final running = suite.RunningTest();
      await running.run(
        () => outOfTime(Future<void>.delayed(const Duration(milliseconds: 30))),
        timeout: const Duration(milliseconds: 10),
      );
      expect(running.failures.length, 0);
    });

    test('what `package:test` runs closes what it opened', () async {
      final invoker = _Invoker();
      await runZoned(
        () async {
          await outOfTime(Future<void>.value());
          closeWithTest(() async {});
        },
        zoneValues: {#test.invoker: invoker},
      );
      expect(invoker.log, ['heartbeat', 'addTearDown']);
      // A later version may have neither.
      await runZoned(
        () async {
          await outOfTime(Future<void>.value());
          closeWithTest(() async {});
        },
        zoneValues: {#test.invoker: 'other'},
      );
    });
  });
}

final class _Invoker {
  final log = <String>[];

  void heartbeat() => log.add('heartbeat');

  void addTearDown(dynamic Function() callback) => log.add('addTearDown');
}
