/// Workflows.
library;

import '../host/host.dart';
import '../values.dart';
import '../workflows/workflow_exceptions.dart';

/// A workflow, of which instances are made.
///
/// ```dart
/// final instance = await env.onboarding.create(params: {'email': email});
/// final status = await instance.status();
/// ```
///
/// What the platform refuses throws a [WorkersException].
///
/// See https://developers.cloudflare.com/workflows/build/workers-api/#workflow.
class Workflow {
  Workflow._(this._ref);

  final HostRef _ref;

  /// Makes an instance, which begins to run soon.
  ///
  /// [id] has up to 100 letters, digits, `-` and `_`, and is new; by default it
  /// is random. [params] is what the instance finds as `WorkflowEvent.payload`:
  /// `null`, a [bool], [num], [String], [DateTime], `Uint8List`, or a
  /// [List] or [Map] with [String] keys of those. [retention] is how long the
  /// platform keeps the instance when it is over, and [locationHint] where it
  /// had better run, such as `weur`.
  ///
  /// Throws a [WorkersException] if there is an instance with the [id] already;
  /// Wrangler's local workflows give that one instead.
  Future<WorkflowInstance> create({
    String? id,
    Object? params,
    WorkflowRetention? retention,
    String? locationHint,
  }) async {
    final options = WorkflowInstanceOptions(
      id: id,
      params: params,
      retention: retention,
      locationHint: locationHint,
    );
    final ref = await _ref.call('create', [options._toHost()], select: ['id']);
    return WorkflowInstance._from(ref! as HostRef);
  }

  /// Makes up to 100 instances at once.
  ///
  /// Those that could not be made, because there is an instance with the id
  /// already, are left out.
  Future<List<WorkflowInstance>> createBatch(
    List<WorkflowInstanceOptions> instances,
  ) async {
    if (instances.isEmpty) return const [];
    final created = await _ref.call('createBatch', [
      [for (final options in instances) options._toHost()],
    ]);
    return Future.wait([
      for (final ref in (created! as List<Object?>).cast<HostRef>())
        ref.get('id').then((id) => WorkflowInstance._(ref, id! as String)),
    ]);
  }

  /// The instance [id].
  ///
  /// Throws a [WorkflowNotFoundException] if there is none.
  Future<WorkflowInstance> get(String id) => _found(id, () async {
        final ref = await _ref.call('get', [id], select: ['id']);
        return WorkflowInstance._from(ref! as HostRef);
      });
}

Future<T> _found<T>(String id, Future<T> Function() operate) async {
  try {
    return await operate();
  } on WorkersException catch (error, stack) {
    if (!isNotFound(error)) rethrow;
    Error.throwWithStackTrace(
      WorkflowNotFoundException(id, stack: error.stack),
      stack,
    );
  }
}

/// What an instance is made with, see [Workflow.createBatch].
class WorkflowInstanceOptions {
  /// An instance with these options; [Workflow.create] tells what each is.
  const WorkflowInstanceOptions({
    this.id,
    this.params,
    this.retention,
    this.locationHint,
  });

  /// The id, or `null` for a random one.
  final String? id;

  /// What the instance finds as `WorkflowEvent.payload`.
  final Object? params;

  /// How long the platform keeps the instance when it is over.
  final WorkflowRetention? retention;

  /// Where the instance had better run.
  final String? locationHint;

  Map<String, Object?> _toHost() => {
        if (id != null) 'id': id,
        if (params != null) 'params': params,
        if (retention?._toHost() case final retention?) 'retention': retention,
        if (locationHint != null) 'locationHint': locationHint,
      };
}

/// How long the platform keeps an instance when it is over; by default as long
/// as the account allows.
class WorkflowRetention {
  /// Keeps an instance that completed for [success] and one that failed or was
  /// terminated for [error].
  const WorkflowRetention({this.success, this.error});

  /// How long an instance is kept that completed.
  final Duration? success;

  /// How long an instance is kept that failed or was terminated.
  final Duration? error;

  Map<String, Object?> _toHost() => {
        if (success?.inMilliseconds case final success?)
          'successRetention': success,
        if (error?.inMilliseconds case final error?) 'errorRetention': error,
      };
}

/// One instance of a [Workflow].
///
/// It belongs to the event that got it; keep its [id], and get it again with
/// [Workflow.get].
///
/// See https://developers.cloudflare.com/workflows/build/workers-api/#workflowinstance.
class WorkflowInstance {
  WorkflowInstance._(this._ref, this.id);

  WorkflowInstance._from(HostRef ref)
      : this._(ref, ref.selected['id']! as String);

  final HostRef _ref;

  /// The id that it was made with.
  final String id;

  /// What it is doing, or what became of it.
  Future<WorkflowInstanceStatus> status() async {
    final status = await _call('status');
    return WorkflowInstanceStatus._from(status! as Map<Object?, Object?>);
  }

  /// Lets it pause once the step that it is in is done.
  Future<void> pause() => _call('pause');

  /// Lets it go on after [pause].
  Future<void> resume() => _call('resume');

  /// Ends it where it is.
  ///
  /// Throws a [WorkersException] if it is over.
  Future<void> terminate() => _call('terminate');

  /// Ends it where it is and lets it begin anew, with nothing done.
  Future<void> restart() => _call('restart');

  /// Sends it an event of [type], with a [payload] such as [Workflow.create]
  /// takes for its parameters; see `WorkflowStep.waitForEvent`.
  ///
  /// It is kept until the instance waits for one of its type. A type has up to
  /// 100 letters, digits, `-` and `_`.
  Future<void> sendEvent({required String type, Object? payload}) =>
      _call('sendEvent', [
        {'type': type, 'payload': payload},
      ]);

  /// A method that throws a [WorkflowNotFoundException] if the instance is gone.
  Future<Object?> _call(String method, [List<Object?> arguments = const []]) =>
      _found(id, () => _ref.call(method, arguments));
}

/// What an instance of a workflow is doing.
enum WorkflowStatus {
  /// It waits for its turn.
  queued,

  /// It runs.
  running,

  /// It was paused.
  paused,

  /// It failed.
  errored,

  /// It was ended with [WorkflowInstance.terminate].
  terminated,

  /// It is done.
  complete,

  /// It sleeps or waits for an event.
  waiting,

  /// It does the step that it is in, and pauses then.
  waitingForPause,

  /// It undoes its steps.
  rollingBack,

  /// The platform does not know, or has a word for it that is newer than this
  /// package.
  unknown;

  /// Whether the instance runs no more, unless it is restarted.
  bool get isOver => this == errored || this == terminated || this == complete;
}

/// What an instance of a workflow is doing, or what became of it.
class WorkflowInstanceStatus {
  /// A status with what the instance returned or threw.
  const WorkflowInstanceStatus(
    this.status, {
    this.output,
    this.error,
  });

  WorkflowInstanceStatus._from(Map<Object?, Object?> status)
      : this(
          WorkflowStatus.values.asNameMap()[status['status']] ??
              WorkflowStatus.unknown,
          output: status['output'],
          error: switch (status['error']) {
            {'name': final String name, 'message': final String message} =>
              WorkflowFailure(name, message),
            _ => null,
          },
        );

  /// What it is doing.
  final WorkflowStatus status;

  /// What its `run` returned, in the form that JSON has for it: a time is its
  /// text. `null` as long as it has not returned.
  final Object? output;

  /// Why it failed; `null` if it did not.
  final WorkflowFailure? error;

  /// The [output] as a [T].
  ///
  /// Throws a [ValueTypeError] if it is not one.
  T outputAs<T extends Object?>() =>
      convertValue<T>(output, 'the output of the workflow');
}

/// Why an instance of a workflow failed.
class WorkflowFailure {
  /// The error called [name].
  const WorkflowFailure(this.name, this.message);

  /// The name of the error, as JavaScript knows it.
  final String name;

  /// What the error says.
  final String message;

  @override
  String toString() => '$name: $message';
}

/// The workflow behind [ref].
Workflow workflowFromHost(HostRef ref) => Workflow._(ref);
