/// A message of a queue, as a test hands it to the Worker.
final class TestMessage {
  /// A message with this [body].
  const TestMessage(this.body, {this.id, this.timestamp, this.attempts = 1});

  /// What a producer would have sent.
  final Object? body;

  /// What the platform calls the message; its place in the batch if not given.
  final String? id;

  /// When it was sent; now, if not given.
  final DateTime? timestamp;

  /// How many times it has been delivered, this time included.
  final int attempts;
}

/// What a Worker did with the messages of a batch, each by its place in it.
///
/// See https://developers.cloudflare.com/queues/configuration/javascript-apis/#message.
final class QueueOutcome {
  QueueOutcome._(this.acknowledged, this.retried);

  /// The messages that are done with: what is neither retried by the handler
  /// nor left behind by its failure is acknowledged when it ends.
  final List<int> acknowledged;

  /// The messages that are to be delivered again.
  final List<int> retried;

  @override
  String toString() => 'acknowledged $acknowledged, retried $retried';
}

/// [message] as the bridge reads it.
Map<String, Object?> testMessageToHost(Object? message) {
  final it = message is TestMessage ? message : TestMessage(message);
  return {
    'body': it.body,
    'id': it.id,
    'timestamp': (it.timestamp ?? DateTime.now()).millisecondsSinceEpoch,
    'attempts': it.attempts,
  };
}

/// What the bridge tells of a batch.
QueueOutcome queueOutcomeFromHost(Map<String, Object?> outcome) =>
    QueueOutcome._(
      [...(outcome['acknowledged']! as List<Object?>).cast<int>()],
      [...(outcome['retried']! as List<Object?>).cast<int>()],
    );
