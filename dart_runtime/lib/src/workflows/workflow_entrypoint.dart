/// Workflow classes.
library;

import 'dart:async';

import '../environment.dart';
import '../execution_context.dart';
import '../host/host.dart';
import '../js_binding.dart';
import '../slot.dart';

/// Base class of workflows: programs of steps, each of which is done once and
/// kept, however often the program starts over.
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
}

/// Runs the workflow that [factory] makes.
Future<Object?> dispatchToWorkflow(
  HostEvent event,
  EventSlot slot,
  WorkflowEntrypoint Function() factory,
) async {
  withEventSlot(slot, factory);
  return valueToHost(null);
}

StateError _notThePlatform() => StateError(
      'only the platform runs workflows; register the class in '
      '`CloudflareWorkers(workflows: ...)` and make an instance through its '
      'binding, `env.getWorkflow(...)`',
    );
