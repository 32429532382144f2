/// What a workflow is given, and what is sent to it.
library;

import '../scheduled_controller.dart';
import '../values.dart';

/// What an instance of a workflow was made with.
///
/// See https://developers.cloudflare.com/workflows/build/events-and-parameters/.
class WorkflowEvent {
  /// An event for the instance [instanceId].
  const WorkflowEvent({
    required this.payload,
    required this.timestamp,
    required this.instanceId,
    this.workflowName,
    this.schedule,
  });

  /// The parameters given to `Workflow.create`; without any, an empty map.
  ///
  /// To change it has no effect: a later run finds it as it was.
  final Object? payload;

  /// When the instance was made, in UTC.
  final DateTime timestamp;

  /// The id of the instance.
  final String instanceId;

  /// The name of the workflow in the Wrangler configuration, or `null` where
  /// the platform does not tell, as Wrangler's local one does not.
  final String? workflowName;

  /// The cron trigger that made the instance, or `null` if none did.
  final WorkflowSchedule? schedule;

  /// The [payload] as a [T].
  ///
  /// Throws a [ValueTypeError] if it is not one.
  T payloadAs<T extends Object?>() =>
      convertValue<T>(payload, 'the payload of the instance `$instanceId`');
}

/// The cron trigger that made an instance of a workflow.
class WorkflowSchedule {
  /// The trigger [cron] at [scheduledTime].
  const WorkflowSchedule(this.cron, this.scheduledTime);

  /// The cron expression.
  final String cron;

  /// When it was due, in UTC.
  final DateTime scheduledTime;
}

/// What was sent to a workflow that waited for it.
///
/// See https://developers.cloudflare.com/workflows/build/events-and-parameters/#wait-for-events.
class WorkflowStepEvent<T> {
  /// An event of [type].
  const WorkflowStepEvent(this.type, this.payload, this.timestamp);

  /// The type that was waited for.
  final String type;

  /// What was sent along.
  final T payload;

  /// When it was sent, in UTC.
  final DateTime timestamp;
}

/// The event that `workflowClass` of `classes.mjs` describes.
WorkflowEvent workflowEventFromHost(Map<String, Object?> info) => WorkflowEvent(
      payload: info['payload'],
      timestamp: timeFromHost(info['timestamp'])!,
      instanceId: info['instanceId']! as String,
      workflowName: info['workflowName'] as String?,
      schedule: switch (info['schedule']) {
        {
          'cron': final String cron,
          'scheduledTime': final num scheduledTime,
        } =>
          WorkflowSchedule(cron, timeFromHost(scheduledTime)!),
        _ => null,
      },
    );
