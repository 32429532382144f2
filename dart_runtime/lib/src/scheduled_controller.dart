/// Cron triggers.
library;

import 'host/host.dart';

/// A cron trigger that fired.
///
/// See https://developers.cloudflare.com/workers/runtime-apis/handlers/scheduled/.
class ScheduledController {
  ScheduledController._(this._ref, this.cron, this.scheduledTime);

  final HostRef _ref;

  /// The cron expression of the trigger, as in the Wrangler configuration, such
  /// as `*/5 * * * *`.
  final String cron;

  /// When the trigger was due, in UTC.
  final DateTime scheduledTime;

  /// Tells the platform not to try again if the handler throws.
  void noRetry() {
    // The handler may be done before the reply, which says nothing, is there.
    _ref.call('noRetry', const []).ignore();
  }
}

/// The controller behind [ref], of which [info] is known.
ScheduledController scheduledControllerFromHost(
  HostRef ref,
  Map<String, Object?> info,
) =>
    ScheduledController._(
      ref,
      info['cron'] as String? ?? '',
      timeFromHost(info['scheduledTime'])!,
    );

/// A time in milliseconds since the epoch, or already a [DateTime], in UTC.
DateTime? timeFromHost(Object? value) => switch (value) {
      DateTime() => value.toUtc(),
      num() => DateTime.fromMillisecondsSinceEpoch(value.toInt(), isUtc: true),
      _ => null,
    };
