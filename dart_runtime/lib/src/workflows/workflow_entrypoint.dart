/// Workflow classes.
library;

import 'dart:async';

import '../environment.dart';
import '../execution_context.dart';
import '../host/host.dart';
import '../slot.dart';
import 'stored_value.dart';
import 'workflow_event.dart';
import 'workflow_step.dart';

/// Base class of workflows: programs of steps, each of which is done once and
/// kept, however often the program starts over.
///
/// ```dart
/// class Onboarding extends WorkflowEntrypoint {
///   @override
///   Future<String> run(WorkflowEvent event, WorkflowStep step) async {
///     final {'email': email} = event.payloadAs<Map<String, String>>();
///     final id = await step.run('create the account', () => create(email));
///     await step.sleep('wait a day', const Duration(days: 1));
///     await step.run('remind', () => remind(id));
///     return id;
///   }
/// }
/// ```
///
/// See https://developers.cloudflare.com/workflows/build/workers-api/#workflowentrypoint.
abstract class WorkflowEntrypoint {
  /// Called by the factory given to `CloudflareWorkers(workflows: ...)`.
  ///
  /// Throws a [StateError] anywhere else: only the platform runs workflows.
  WorkflowEntrypoint() : this._(eventSlot ?? (throw _notThePlatform()));

  WorkflowEntrypoint._(EventSlot slot)
      : env = slot.env,
        ctx = slot.ctx;

  /// The Worker's environment.
  final Environment env;

  /// The context of the run.
  final ExecutionContext ctx;

  /// Does the work of one instance, whose parameters are in [event], in the
  /// steps of [step].
  ///
  /// The platform may call it again for the same instance: after a long sleep,
  /// after a deployment. Steps that were done give what they gave, so all that
  /// has an effect, takes time or may differ the next time belongs in a step.
  ///
  /// What it returns is the output of the instance, see
  /// [WorkflowStep.run] for what it may be. What it throws, or a step throws
  /// and it does not catch, makes the instance fail.
  FutureOr<Object?> run(WorkflowEvent event, WorkflowStep step);
}

/// Runs the workflow that [factory] makes.
Future<Object?> dispatchToWorkflow(
  HostEvent event,
  EventSlot slot,
  WorkflowEntrypoint Function() factory,
) async {
  final workflow = withEventSlot(slot, factory);
  final result = await workflow.run(
    workflowEventFromHost(event.info),
    workflowStepFromHost(event.argument),
  );
  checkStored(result, 'the result of `${event.className}.run`');
  return result;
}

StateError _notThePlatform() => StateError(
      'only the platform runs workflows; register the class in '
      '`CloudflareWorkers(workflows: ...)` and make an instance through its '
      'binding, `env.getWorkflow(...)`',
    );
