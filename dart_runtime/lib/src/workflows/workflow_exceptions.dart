/// What goes wrong in workflows, where a program would act on it.
library;

import '../host/host.dart';

/// Thrown in a step, a failure that trying again does not help: the platform
/// makes no further attempt, and the step fails.
///
/// ```dart
/// await step.run('charge', () async {
///   if (card.isExpired) throw const NonRetryableError('the card is expired');
///   await charge(card);
/// });
/// ```
///
/// See https://developers.cloudflare.com/workflows/build/sleeping-and-retrying/#force-a-workflow-instance-to-fail.
class NonRetryableError extends WorkersException {
  /// A failure for the reason in [message].
  const NonRetryableError(String message, {String? stack})
      : super(_name, message, stack: stack);

  static const String _name = 'NonRetryableError';
}

/// A step did not end, or an event did not come, within its timeout.
class WorkflowTimeoutException extends WorkersException {
  /// What the platform says in [message].
  const WorkflowTimeoutException(String message, {String? stack})
      : super(_name, message, stack: stack);

  static const String _name = 'WorkflowTimeoutError';
}

/// A workflow has no instance of the id that was asked for.
class WorkflowNotFoundException extends WorkersException {
  /// There is no instance [id].
  WorkflowNotFoundException(this.id, {String? stack})
      : super(
          'WorkflowNotFoundException',
          'the workflow has no instance `$id`',
          stack: stack,
        );

  /// The id that was asked for.
  final String id;
}

/// [error] with the type that it had when it was thrown.
///
/// On the way from what runs the workflows to the Worker, the name of an error
/// becomes the beginning of its text, unless JavaScript itself knows it.
WorkersException workflowException(WorkersException error) {
  final WorkersException(:name, :message, :stack) = error;
  final match = _named.matchAsPrefix('$name: $message');
  if (match == null) return error;
  final text = match.input.substring(match.end);
  return match[1] == NonRetryableError._name
      ? NonRetryableError(text, stack: stack)
      : WorkflowTimeoutException(text, stack: stack);
}

final RegExp _named = RegExp(
  '(?:Error: )?'
  r'(NonRetryableError|WorkflowTimeoutError)(?:: |$)',
);

/// Whether [error] says that there is no instance of the id.
bool isNotFound(WorkersException error) =>
    error.message.contains('instance.not_found');
