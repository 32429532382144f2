import 'dart:async';

import 'suite.dart';

/// Waits for [opening], without a test that runs now having to do so in its own
/// time.
Future<T> outOfTime<T>(Future<T> opening) async {
  if (RunningTest.current case final test?) return test.without(opening);
  final opened = await opening;
  try {
    // ignore: avoid_dynamic_calls
    (Zone.current[#test.invoker] as dynamic)?.heartbeat();
  } on NoSuchMethodError {
    // It is another version than expected, and the time goes on.
  }
  return opened;
}

/// Has [close] called when the test is over that runs now, be it one of this
/// package or of `package:test`.
void closeWithTest(Future<void> Function() close) {
  if (RunningTest.current case final test?) return test.onEnd(close);
  // What runs a test of `package:test`. This package cannot import it, and where
  // it is another one than expected, the environment lasts as long as the run.
  final Object? invoker = Zone.current[#test.invoker];
  if (invoker == null) return;
  try {
    // ignore: avoid_dynamic_calls
    (invoker as dynamic).addTearDown(close);
  } on NoSuchMethodError {
    return;
  }
}
