/// The steps of a workflow.
library;

import 'dart:async';

import '../host/host.dart';
import '../scheduled_controller.dart';
import '../values.dart';
import 'stored_value.dart';
import 'workflow_event.dart';
import 'workflow_exceptions.dart';

/// What a workflow does its steps with.
///
/// A step is known by its name, and by how many of that name came before it in
/// the run. So name steps the same in each run, not after the time or a random
/// number, and do not choose between steps by something that changes.
///
/// See https://developers.cloudflare.com/workflows/build/workers-api/#workflowstep.
class WorkflowStep {
  WorkflowStep._(this._ref);

  final HostRef _ref;

  /// Does [body] once, keeps what it returns and returns that, now and in later
  /// runs of the instance.
  ///
  /// The result may be `null`, a [bool], [num], [String], [DateTime],
  /// `Uint8List`, or a [List] or [Map] with [String] keys of those, and has at
  /// most 1 MiB; or a `Stream<List<int>>`, of which more is kept. It is had
  /// again as a [T]: lists and maps are copies.
  ///
  /// When [body] throws or takes longer than the timeout, the platform tries
  /// again as [config] says: by default 5 times, waiting longer each time. A
  /// [NonRetryableError] ends that at once. When no attempt is left, this throws
  /// a [WorkersException] with the text of the last error: a
  /// [WorkflowTimeoutException] after a timeout, a [NonRetryableError] if that
  /// was thrown. A later run that comes here throws it again.
  ///
  /// Throws an [ArgumentError] if the result cannot be kept, and a
  /// [ValueTypeError] if what was kept is not a [T].
  Future<T> run<T extends Object?>(
    String name,
    FutureOr<T> Function() body, {
    WorkflowStepConfig config = const WorkflowStepConfig(),
  }) =>
      runWithContext<T>(name, (_) => body(), config: config);

  /// As [run], with a [body] that is told which attempt it is.
  Future<T> runWithContext<T extends Object?>(
    String name,
    FutureOr<T> Function(WorkflowStepContext context) body, {
    WorkflowStepConfig config = const WorkflowStepConfig(),
  }) async {
    // Of the last attempt in this run: what the platform says of its failure
    // has another stack.
    StackTrace? thrownAt;
    ArgumentError? refusal;
    Future<Object?> attempt(List<Object?> arguments) async {
      final context = arguments.firstOrNull as Map<Object?, Object?>?;
      try {
        final result = await body(WorkflowStepContext._from(name, context));
        if (result is! Stream<List<int>>) refusal = _refusal(name, result);
        // It would be no other value the next time.
        if (refusal case final refusal?)
          throw NonRetryableError('${refusal.message}');
        return result;
      } catch (_, stack) {
        thrownAt = stack;
        rethrow;
      }
    }

    final Object? result;
    try {
      result = await _ref.call('do', [
        name,
        config._toHost(),
        HostCallback(attempt, label: 'the step `$name`'),
      ]);
    } on WorkersException catch (error, stack) {
      if (refusal case final refusal?) throw refusal;
      Error.throwWithStackTrace(workflowException(error), thrownAt ?? stack);
    }
    return convertValue<T>(result, 'the result of the step `$name`');
  }

  static ArgumentError? _refusal(String name, Object? result) {
    try {
      checkStored(result, 'the result of the step `$name`');
    } on ArgumentError catch (error) {
      return error;
    }
    return null;
  }

  /// Waits for [duration], during which nothing runs and nothing is paid for.
  ///
  /// Throws an [ArgumentError] if it is negative. The platform allows up to
  /// 365 days.
  Future<void> sleep(String name, Duration duration) async {
    _checkNotNegative(duration, 'duration');
    await _ref.call('sleep', [name, duration.inMilliseconds]);
  }

  /// Waits until [time]; see [sleep].
  ///
  /// Throws a [WorkersException] if it is in the past.
  Future<void> sleepUntil(String name, DateTime time) async {
    await _ref.call('sleepUntil', [name, time.toUtc()]);
  }

  /// Waits until an event of [type] is sent to the instance with
  /// `WorkflowInstance.sendEvent`, or takes one that was sent before.
  ///
  /// A type has up to 100 letters, digits, `-` and `_`. Throws a
  /// [WorkflowTimeoutException] if none comes within [timeout], by default
  /// 24 hours, and a [ValueTypeError] if the payload is not a [T].
  Future<WorkflowStepEvent<T>> waitForEvent<T extends Object?>(
    String name, {
    required String type,
    Duration? timeout,
  }) async {
    if (timeout != null) _checkPositive(timeout, 'timeout');
    final Object? event;
    try {
      event = await _ref.call('waitForEvent', [
        name,
        {
          'type': type,
          if (timeout != null) 'timeout': timeout.inMilliseconds,
        },
      ]);
    } on WorkersException catch (error, stack) {
      Error.throwWithStackTrace(workflowException(error), stack);
    }
    final given = event! as Map<Object?, Object?>;
    return WorkflowStepEvent(
      type,
      convertValue<T>(given['payload'], 'the payload of the event `$type`'),
      timeFromHost(given['timestamp'])!,
    );
  }
}

/// How the platform goes about a step that fails.
///
/// See https://developers.cloudflare.com/workflows/build/sleeping-and-retrying/#retry-steps.
class WorkflowStepConfig {
  /// A step with these [retries] and this [timeout]; what is left out is as the
  /// platform has it.
  const WorkflowStepConfig({this.retries, this.timeout});

  /// How often it is tried again, and when; by default 5 times, after times
  /// that double.
  final WorkflowRetries? retries;

  /// How long one attempt may take, by default 10 minutes.
  final Duration? timeout;

  Map<String, Object?> _toHost() {
    final retries = this.retries;
    final timeout = this.timeout;
    if (timeout != null) _checkPositive(timeout, 'timeout');
    return {
      if (retries != null) 'retries': retries._toHost(),
      if (timeout != null) 'timeout': timeout.inMilliseconds,
    };
  }
}

/// How often a step is tried again, and when.
class WorkflowRetries {
  /// Up to [limit] more attempts, the first one after [delay].
  const WorkflowRetries({
    required this.limit,
    required this.delay,
    this.backoff = WorkflowBackoff.exponential,
  });

  /// How many attempts follow the first; with 0, none.
  final int limit;

  /// How long the platform waits before the second attempt.
  final Duration delay;

  /// How the delay grows from attempt to attempt.
  final WorkflowBackoff backoff;

  Map<String, Object?> _toHost() {
    if (limit < 0) {
      throw ArgumentError.value(limit, 'limit', 'must not be negative');
    }
    _checkNotNegative(delay, 'delay');
    return {
      'limit': limit,
      'delay': delay.inMilliseconds,
      'backoff': backoff.name,
    };
  }
}

/// How the delay between the attempts of a step grows.
enum WorkflowBackoff {
  /// It stays the same.
  constant,

  /// It grows by the first delay each time.
  linear,

  /// It doubles each time.
  exponential,
}

/// One attempt of a step.
class WorkflowStepContext {
  /// The attempt number [attempt] of the step [name].
  const WorkflowStepContext(this.name, {this.count = 1, this.attempt = 1});

  WorkflowStepContext._from(String name, Map<Object?, Object?>? context)
      : this(
          name,
          count: switch (context?['step']) {
            {'count': final num count} => count.toInt(),
            _ => 1,
          },
          attempt: switch (context?['attempt']) {
            final num attempt => attempt.toInt(),
            _ => 1,
          },
        );

  /// The name of the step.
  final String name;

  /// Which step of its name it is in the run, from 1.
  final int count;

  /// Which attempt it is, from 1.
  final int attempt;
}

/// The steps of the run that [ref] belongs to.
WorkflowStep workflowStepFromHost(HostRef ref) => WorkflowStep._(ref);

void _checkNotNegative(Duration value, String name) {
  if (value.isNegative) {
    throw ArgumentError.value(value, name, 'must not be negative');
  }
}

void _checkPositive(Duration value, String name) {
  if (value.inMilliseconds <= 0) {
    throw ArgumentError.value(value, name, 'must be a millisecond at least');
  }
}
