/// Ending what is under way before its time.
library;

import 'dart:async';

import '../host/current.dart';

/// Ends what was given its [signal].
///
/// ```dart
/// final controller = AbortController();
/// final first = fetch(url, signal: controller.signal);
/// controller.abort('no longer wanted');
/// ```
///
/// Make and use it while an event is handled.
///
/// See https://developer.mozilla.org/en-US/docs/Web/API/AbortController.
final class AbortController {
  /// A controller that has not aborted anything.
  AbortController() : _ref = host.global.construct('AbortController');

  final HostRef _ref;

  /// What [abort] gives notice to.
  late final AbortSignal signal = AbortSignal._(_ref.property('signal'));

  /// Ends what was given [signal]; does nothing the second time.
  ///
  /// What it ends fails with a [WorkersException] whose name is `AbortError`
  /// and whose message is [reason].
  void abort([String reason = _reason]) {
    _ref.call('abort', [_error(reason)]).ignore();
  }
}

const String _reason = 'The operation was aborted';

HostNew _error(String reason) =>
    HostNew('DOMException', [reason, 'AbortError']);

/// Tells what is under way that it is to end, such as a `fetch` that was given
/// it.
///
/// See https://developer.mozilla.org/en-US/docs/Web/API/AbortSignal.
final class AbortSignal {
  AbortSignal._(this._ref);

  /// A signal that has aborted from the start, for [reason].
  AbortSignal.abort([String reason = _reason])
      : this._(_class.derive('abort', [_error(reason)]));

  /// A signal that aborts [after] this time, counted from its first use.
  ///
  /// What it ends fails with a [WorkersException] whose name is `TimeoutError`.
  AbortSignal.timeout(Duration after)
      : this._(_class.derive('timeout', [after.inMilliseconds]));

  /// A signal that aborts when the first of [signals] does.
  AbortSignal.any(Iterable<AbortSignal> signals)
      : this._(
          _class.derive('any', [
            [for (final signal in signals) signal._ref],
          ]),
        );

  static HostRef get _class => host.global.property('AbortSignal');

  final HostRef _ref;

  /// Whether it has aborted.
  ///
  /// During development the whole program waits a fraction of a millisecond for
  /// it.
  bool get isAborted => _ref.getSync('aborted') == true;

  /// Why it has aborted, or `null` if it has not.
  Object? get reason => _ref.getSync('reason');

  /// Throws [reason], a [WorkersException], if it has aborted.
  void throwIfAborted() {
    switch (reason) {
      case final WorkersException error:
        throw error;
      case null:
        return;
      case final other:
        throw WorkersException('AbortError', '$other');
    }
  }

  /// Completes when it aborts; never, if it does not while the event is
  /// handled.
  late final Future<void> whenAborted = _listen();

  Future<void> _listen() {
    final aborted = Completer<void>();
    void complete() {
      if (!aborted.isCompleted) aborted.complete();
    }

    // The event may be over before the answers are there.
    _ref.call('addEventListener', [
      'abort',
      HostCallback((_) {
        complete();
        return null;
      }),
      const {'once': true},
    ]).ignore();
    _ref.get('aborted').then(
      (isAborted) {
        if (isAborted == true) complete();
      },
    ).ignore();
    return aborted.future;
  }
}

/// The signal behind [ref].
AbortSignal abortSignalFromHost(HostRef ref) => AbortSignal._(ref);

/// [signal] as the host takes it.
HostRef abortSignalToHost(AbortSignal signal) => signal._ref;
