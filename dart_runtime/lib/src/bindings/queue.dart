/// A queue that messages are sent to.
library;

import 'dart:convert';
import 'dart:typed_data';

import '../host/host.dart';
import '../js_binding.dart';
import '../scheduled_controller.dart';

/// A queue that messages are sent to.
///
/// ```dart
/// final jobs = env.getQueue('JOBS');
/// await jobs.send({'resize': 'cat.png'});
/// ```
///
/// A message has up to 128 KB; what the platform refuses throws a
/// [WorkersException]. The `queue` handler of the consumer gets the messages as
/// a `MessageBatch`.
///
/// See https://developers.cloudflare.com/queues/configuration/javascript-apis/.
class Queue {
  Queue._(this._ref);

  final HostRef _ref;

  /// Sends a message with [body] and tells what the queue then holds, where the
  /// platform knows.
  ///
  /// [contentType] says what [body] may be and how it travels. The message is
  /// delivered after [delay], in whole seconds (rounded up; as the queue is
  /// configured if not given).
  ///
  /// Throws an [ArgumentError] if [body] does not fit [contentType] or [delay]
  /// is negative, and a [JsonUnsupportedObjectError] for an object that is no
  /// JSON value and has no method `toJson()`.
  Future<QueueMetrics?> send(
    Object? body, {
    QueueContentType contentType = QueueContentType.json,
    Duration? delay,
  }) async =>
      _metricsOf(
        await _ref.call('send', [
          contentType._encode(body),
          {'contentType': contentType.name, ..._delay(delay)},
        ]),
      );

  /// Sends [messages] together, at most 100 with 256 KB in all, and tells what
  /// the queue then holds, where the platform knows.
  ///
  /// [delay] is for those that have none of their own. Throws as [send] does,
  /// and an [ArgumentError] if there are no messages.
  Future<QueueMetrics?> sendBatch(
    Iterable<MessageSendRequest> messages, {
    Duration? delay,
  }) async {
    final requests = [
      for (final MessageSendRequest(:body, :contentType, :delay) in messages)
        {
          'body': contentType._encode(body),
          'contentType': contentType.name,
          ..._delay(delay),
        },
    ];
    if (requests.isEmpty) {
      throw ArgumentError.value(
        messages,
        'messages',
        'a batch has at least one message',
      );
    }
    return _metricsOf(
      await _ref.call('sendBatch', [requests, ...delayToHost(delay)]),
    );
  }

  /// What the queue holds.
  Future<QueueMetrics> metrics() async =>
      queueMetricsFromHost(await _ref.call('metrics', const [])) ??
      const QueueMetrics(backlogCount: 0, backlogBytes: 0);

  static QueueMetrics? _metricsOf(Object? response) => switch (response) {
        {'metadata': {'metrics': final metrics}} =>
          queueMetricsFromHost(metrics),
        _ => null,
      };
}

/// How the body of a message travels, and what it may be.
///
/// See https://developers.cloudflare.com/queues/configuration/javascript-apis/#queuescontenttype.
enum QueueContentType {
  /// A JSON value: `null`, [bool], [num], [String], lists and maps with
  /// [String] keys of these, and objects with a method `toJson()`. A [DateTime]
  /// arrives as text. The only one that consumers outside of Workers can read,
  /// and the dashboard shows, beside [text].
  json,

  /// A [String].
  text,

  /// Bytes, a `List<int>`.
  bytes,

  /// What the platform can clone: as [json], and [DateTime], [BigInt],
  /// [Uint8List].
  v8;

  Object? _encode(Object? body) => switch ((this, body)) {
        (json, _) => _json(body),
        (text, String()) || (bytes, Uint8List()) => body,
        (bytes, final List<int> list) => Uint8List.fromList(list),
        (v8, _) => valueToHost(body),
        (text, _) => throw _refuse(body, 'is a `String`'),
        (bytes, _) => throw _refuse(body, 'is a `List<int>`'),
      };

  Object? _json(Object? body) => switch (body) {
        null || bool() || num() || String() || DateTime() => body,
        Uint8List() || BigInt() => throw _refuse(
            body,
            'is a JSON value, and there are no bytes and no big integers in '
            'JSON; use `QueueContentType.v8`, or `bytes` if it is all of the '
            'body',
          ),
        List<Object?>() => [for (final item in body) _json(item)],
        Map<Object?, Object?>() => {
            for (final MapEntry(:key, :value) in body.entries)
              key: _json(value),
          },
        _ => jsonDecode(jsonEncode(body)),
      };

  ArgumentError _refuse(Object? body, String rule) => ArgumentError.value(
        body,
        'body',
        'a body of the content type `$name` $rule',
      );
}

/// A message to be sent together with others, see [Queue.sendBatch].
final class MessageSendRequest {
  /// A message with [body], see [Queue.send].
  const MessageSendRequest(
    this.body, {
    this.contentType = QueueContentType.json,
    this.delay,
  });

  /// What is sent.
  final Object? body;

  /// How it travels.
  final QueueContentType contentType;

  /// How long the message is held back; as for the batch if `null`.
  final Duration? delay;
}

/// What a queue holds: messages that were sent and not yet acknowledged.
///
/// See https://developers.cloudflare.com/queues/configuration/javascript-apis/#queue.
final class QueueMetrics {
  /// Describes the content of a queue.
  const QueueMetrics({
    required this.backlogCount,
    required this.backlogBytes,
    this.oldestMessageTimestamp,
  });

  /// How many messages there are.
  final int backlogCount;

  /// How many bytes they have together.
  final int backlogBytes;

  /// When the oldest was sent, in UTC; `null` if there is none.
  final DateTime? oldestMessageTimestamp;
}

/// The object behind [ref].
Queue queueFromHost(HostRef ref) => Queue._(ref);

/// The metrics that the runtime gave, if it did.
QueueMetrics? queueMetricsFromHost(Object? metrics) => switch (metrics) {
      {
        'backlogCount': final int backlogCount,
        'backlogBytes': final int backlogBytes,
      } =>
        QueueMetrics(
          backlogCount: backlogCount,
          backlogBytes: backlogBytes,
          oldestMessageTimestamp:
              timeFromHost(metrics['oldestMessageTimestamp']),
        ),
      _ => null,
    };

/// The options that say [delay], as the last argument; none if it is `null`.
List<Object?> delayToHost(Duration? delay) =>
    [if (delay != null) _delay(delay)];

Map<String, Object?> _delay(Duration? delay) {
  if (delay == null) return const {};
  if (delay.isNegative) {
    throw ArgumentError.value(delay, 'delay', 'a delay is not negative');
  }
  const second = Duration.microsecondsPerSecond;
  return {'delaySeconds': (delay.inMicroseconds / second).ceil()};
}
