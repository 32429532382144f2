import 'dart:io';

/// Tells the terminal of an exception that nothing caught, [where] it was.
///
/// It is written at once, so that nothing of another isolate comes between.
void reportUnhandled(String where, Object error, String stack) => stderr.write(
      '${'error: unhandled exception $where\n$error\n$stack'.trimRight()}\n',
    );
