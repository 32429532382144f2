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

/// [error] with the type and the text that it had when it was thrown.
///
/// Between the Worker and what runs its workflows an error keeps the names that
/// JavaScript knows; any other becomes the beginning of the text.
WorkersException workflowException(WorkersException error) {
  final WorkersException(:name, :message, :stack) = error;
  final text = '$name: $message';
  for (final (name, make) in _named) {
    final match = RegExp('(?:^|: )$name(?:: |\$)').matchAsPrefix(text) ??
        RegExp('^Error: $name(?:: |\$)').matchAsPrefix(text);
    if (match != null) return make(text.substring(match.end), stack: stack);
  }
  return error;
}

const List<(String, WorkersException Function(String, {String? stack}))>
    _named = [
  (NonRetryableError._name, NonRetryableError.new),
  (WorkflowTimeoutException._name, WorkflowTimeoutException.new),
];

/// Whether [error] says that there is no instance of the id.
bool isNotFound(WorkersException error) =>
    error.message.contains('instance.not_found');
