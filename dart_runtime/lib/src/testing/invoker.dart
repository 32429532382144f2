import 'dart:async';

import 'suite.dart';

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
