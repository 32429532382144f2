/// Messages of a queue, as its consumer gets them.
library;

import '../bindings/queue.dart';
import '../host/host.dart';
import '../js_binding.dart';
import '../scheduled_controller.dart';
import '../values.dart';

/// Messages of one queue, handed over together.
///
/// When the handler ends, every message is acknowledged that was not retried.
/// When it throws, all are delivered again but those that were acknowledged
/// before.
///
/// See https://developers.cloudflare.com/queues/configuration/javascript-apis/#messagebatch.
class MessageBatch {
  MessageBatch._(this._ref, this.queue, this.messages, this.metrics);

  final HostRef _ref;

  /// The name of the queue.
  final String queue;

  /// The messages. Their order is not always the one in which they were sent.
  final List<Message> messages;

  /// What the queue still held when the batch was made, `metadata.metrics` in
  /// JavaScript; `null` where the platform does not tell.
  final QueueMetrics? metrics;

  /// Acknowledges every message that was neither acknowledged nor retried by
  /// itself: none is delivered again, also if the handler throws.
  void ackAll() {
    // The handler may be done before the reply, which says nothing, is there.
    _ref.call('ackAll', const []).ignore();
  }

  /// Has every message delivered again that was neither acknowledged nor
  /// retried by itself, after [delay], in whole seconds (rounded up; as the
  /// queue is configured if not given).
  ///
  /// Throws an [ArgumentError] if [delay] is negative.
  void retryAll({Duration? delay}) {
    _ref.call('retryAll', delayToHost(delay)).ignore();
  }
}

/// One message of a queue.
///
/// See https://developers.cloudflare.com/queues/configuration/javascript-apis/#message.
class Message {
  Message._(
    this._batch,
    this._index,
    this.id,
    this.timestamp,
    this.attempts,
    this._body,
  );

  final HostRef _batch;
  final int _index;

  HostRef get _ref => _batch.property('messages').property('$_index');

  /// What the platform calls the message; the same each time it is delivered.
  final String id;

  /// When the message was sent, in UTC.
  final DateTime timestamp;

  /// How many times the message has been delivered, this time included.
  final int attempts;

  final Map<String, Object?> _body;

  /// What was sent: a JSON value, a [String], a [Uint8List], or any value of a
  /// message of the content type `v8`, in which a set is a [List].
  ///
  /// Throws a [WorkersException] if this one body cannot be read.
  late final Object? body = switch (_body) {
    {'error': final WorkersException error} => throw error,
    _ => valueFromHost(_body['value']),
  };

  /// The [body] as a [T], such as a `Map<String, int>`.
  ///
  /// Throws a [ValueTypeError] if it is not one, and what [body] throws.
  T bodyAs<T>() => convertValue<T>(body, 'the body of the message `$id`');

  /// Acknowledges the message: it is not delivered again, also if the handler
  /// throws or [MessageBatch.retryAll] is called.
  void ack() {
    // The handler may be done before the reply, which says nothing, is there.
    _ref.call('ack', const []).ignore();
  }

  /// Has the message delivered again, after [delay], in whole seconds (rounded
  /// up; as the queue is configured if not given). Once it was delivered more
  /// often than `max_retries` says, it goes to the dead letter queue, or is
  /// lost if there is none.
  ///
  /// Throws an [ArgumentError] if [delay] is negative.
  void retry({Duration? delay}) {
    _ref.call('retry', delayToHost(delay)).ignore();
  }
}

/// The batch behind [ref], of which [info] is known.
MessageBatch messageBatchFromHost(HostRef ref, Map<String, Object?> info) =>
    MessageBatch._(
      ref,
      info['queue']! as String,
      [
        for (final (at, message) in (info['messages']! as List).indexed)
          _messageFromHost(ref, at, message as Map<String, Object?>),
      ],
      queueMetricsFromHost(info['metrics']),
    );

Message _messageFromHost(HostRef batch, int index, Map<String, Object?> info) =>
    Message._(
      batch,
      index,
      info['id']! as String,
      timeFromHost(info['timestamp'])!,
      info['attempts'] as int? ?? 1,
      info['body']! as Map<String, Object?>,
    );
