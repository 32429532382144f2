/// Logging with levels.
library;

import 'dart:typed_data';

import '../host/current.dart';

/// The console of the Workers runtime.
///
/// `print` works as well, without levels and with text alone.
///
/// See https://developers.cloudflare.com/workers/observability/logs/.
const Console console = Console._();

/// Logs with levels and with values that have a structure, to be had as
/// [console].
///
/// Each takes a message and what belongs to it: text, numbers, bytes, lists and
/// maps of these. Of anything else the text is logged, `toString()`. Outside of
/// an event they print. During development the whole program waits a fraction
/// of a millisecond for each.
final class Console {
  const Console._();

  /// Logs for whoever looks closely.
  void debug(Object? message, [Object? detail]) =>
      _log('debug', message, detail);

  /// Logs what is of interest.
  void info(Object? message, [Object? detail]) => _log('info', message, detail);

  /// Logs without a level.
  void log(Object? message, [Object? detail]) => _log('log', message, detail);

  /// Logs what is not as it should be.
  void warn(Object? message, [Object? detail]) => _log('warn', message, detail);

  /// Logs what failed.
  void error(Object? message, [Object? detail]) =>
      _log('error', message, detail);

  static void _log(String level, Object? message, Object? detail) {
    final values = [_plain(message), if (detail != null) _plain(detail)];
    try {
      host.global.property('console').callSync(level, values);
    } on StateError {
      // There is no event.
      print('$level: ${values.join(' ')}');
    }
  }

  static Object? _plain(Object? value) => switch (value) {
        null || bool() || num() || String() || Uint8List() => value,
        DateTime() || BigInt() => value,
        List<Object?>() => [for (final item in value) _plain(item)],
        Map<Object?, Object?>() => {
            for (final MapEntry(:key, value: item) in value.entries)
              '$key': _plain(item),
          },
        _ => '$value',
      };
}
