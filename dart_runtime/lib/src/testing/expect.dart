import 'dart:async';

import 'matchers.dart';
import 'suite.dart';

/// What a test expected and did not find.
class TestFailure implements Exception {
  /// A failure that says [message].
  TestFailure(this.message);

  /// What was expected, and what there was.
  final String message;

  @override
  String toString() => message;
}

/// Throws a [TestFailure] unless [actual] is as [matcher] says: a [Matcher], or
/// a value that it is to be equal to. [reason] is told with the failure.
///
/// A matcher that has to wait, such as [throwsA] of what gives a Future, is
/// decided later; the test waits for it. See [expectLater].
void expect(Object? actual, Object? matcher, {String? reason}) {
  final it = wrapMatcher(matcher);
  if (it is! AsyncMatcher) return _check(actual, it, reason);
  final decided = it.decide(actual);
  if (decided is! Future<String?>) return _decide(decided, reason);
  final test = RunningTest.current;
  // By then the line that expected it is no more on the stack.
  final trace = StackTrace.current;
  final later = decided.then((problem) => _decide(problem, reason, trace));
  if (test != null) test.expects(later..ignore());
}

/// As [expect], for a matcher that has to wait: gives a Future that completes
/// when [actual] was found to be as [matcher] says.
Future<void> expectLater(
  Object? actual,
  Object? matcher, {
  String? reason,
}) async {
  final it = wrapMatcher(matcher);
  if (it is! AsyncMatcher) return _check(actual, it, reason);
  _decide(await it.decide(actual), reason);
}

/// Throws a [TestFailure] that says [message].
Never fail(String message) => throw TestFailure(message);

void _check(Object? actual, Matcher matcher, String? reason) {
  if (matcher.matches(actual)) return;
  final which = matcher.mismatch(actual);
  _decide(
    [
      'expected: ${matcher.description}',
      '  actual: ${describe(actual)}',
      if (which != null) '   which: $which',
    ].join('\n'),
    reason,
  );
}

void _decide(String? problem, String? reason, [StackTrace? trace]) {
  if (problem == null) return;
  final failure = TestFailure(reason == null ? problem : '$problem\n$reason');
  Error.throwWithStackTrace(failure, trace ?? StackTrace.current);
}
