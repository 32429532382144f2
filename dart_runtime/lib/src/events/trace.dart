/// What tail consumers learn of the Workers that they watch.
library;

import '../host/host.dart';
import '../http/headers.dart';
import '../js_binding.dart';
import '../scheduled_controller.dart';

/// One invocation of a Worker that this one is a tail consumer of.
///
/// See https://developers.cloudflare.com/workers/runtime-apis/handlers/tail/.
final class TraceItem {
  TraceItem._(HostRef ref, Map<String, Object?> info)
      : scriptName = info['scriptName'] as String?,
        entrypoint = info['entrypoint'] as String?,
        scriptVersion = switch (info['scriptVersion']) {
          final Map<String, Object?> version => ScriptVersion._(version),
          _ => null,
        },
        dispatchNamespace = info['dispatchNamespace'] as String?,
        scriptTags = [
          for (final tag in info['scriptTags'] as List? ?? const []) '$tag',
        ],
        tailAttributes = {
          if (info['tailAttributes'] case final Map<String, Object?> attributes)
            for (final MapEntry(:key, :value) in attributes.entries)
              if (value != null) key: value,
        },
        preview = switch (info['preview']) {
          final Map<String, Object?> preview => TracePreviewInfo._(preview),
          _ => null,
        },
        durableObjectId = info['durableObjectId'] as String?,
        outcome = info['outcome'] as String? ?? 'unknown',
        executionModel = info['executionModel'] as String? ?? 'stateless',
        truncated = info['truncated'] == true,
        eventTimestamp = timeFromHost(info['eventTimestamp']),
        cpuTime = _duration(info['cpuTime']),
        wallTime = _duration(info['wallTime']),
        event = switch (info['event']) {
          final Map<String, Object?> event =>
            _event(ref.property('event'), event),
          _ => null,
        },
        logs = [for (final log in _maps(info['logs'])) TraceLog._(log)],
        exceptions = [
          for (final thrown in _maps(info['exceptions']))
            TraceException._(thrown),
        ],
        diagnosticsChannelEvents = [
          for (final event in _maps(info['diagnosticsChannelEvents']))
            TraceDiagnosticChannelEvent._(event),
        ];

  /// What the Worker was invoked for, if that is known.
  final TraceItemEventInfo? event;

  /// When it was invoked, in UTC.
  final DateTime? eventTimestamp;

  /// What it wrote to the console.
  final List<TraceLog> logs;

  /// What it threw and nobody caught.
  final List<TraceException> exceptions;

  /// What it published through `diagnostics_channel` of Node.
  final List<TraceDiagnosticChannelEvent> diagnosticsChannelEvents;

  /// The name of the Worker; under `dartflare dev` `null`.
  final String? scriptName;

  /// Which of its entrypoints was invoked, if not the default one.
  final String? entrypoint;

  /// Which version of the Worker ran.
  final ScriptVersion? scriptVersion;

  /// The dispatch namespace that the Worker belongs to, if any.
  final String? dispatchNamespace;

  /// The tags of the Worker.
  final List<String> scriptTags;

  /// What was attached to the invocation: [bool], [num] and [String] by name.
  final Map<String, Object> tailAttributes;

  /// Which preview of the Worker ran, if it was one.
  final TracePreviewInfo? preview;

  /// The id of the Durable Object that was invoked, if it was one.
  final String? durableObjectId;

  /// How it ended: `ok`, `exception`, `exceededCpu`, `exceededMemory`,
  /// `canceled`, `unknown`, or what the platform has added since.
  final String outcome;

  /// Where it ran: `stateless`, `durableObject`, `workflow`, or what the
  /// platform has added since.
  final String executionModel;

  /// Whether there was more than is told here.
  final bool truncated;

  /// How long it computed.
  final Duration cpuTime;

  /// How long it took.
  final Duration wallTime;
}

/// A version of a Worker.
final class ScriptVersion {
  ScriptVersion._(Map<String, Object?> info)
      : id = info['id'] as String?,
        tag = info['tag'] as String?,
        message = info['message'] as String?;

  /// What the platform calls it.
  final String? id;

  /// What `wrangler versions upload --tag` called it.
  final String? tag;

  /// What `wrangler versions upload --message` said of it.
  final String? message;
}

/// A preview of a Worker.
final class TracePreviewInfo {
  TracePreviewInfo._(Map<String, Object?> info)
      : id = info['id'] as String? ?? '',
        slug = info['slug'] as String? ?? '',
        name = info['name'] as String? ?? '';

  /// What the platform calls it.
  final String id;

  /// Its name in addresses.
  final String slug;

  /// Its name.
  final String name;
}

/// One call of `console.log` and its like.
final class TraceLog {
  TraceLog._(Map<String, Object?> info)
      : timestamp = timeFromHost(info['timestamp'])!,
        level = info['level']! as String,
        message = _message(info),
        errors = [
          for (final error in _maps(info['errors'])) TraceException._(error),
        ];

  /// When it was called, in UTC.
  final DateTime timestamp;

  /// `debug`, `info`, `log`, `warn` or `error`.
  final String level;

  /// What was written, in general the [List] of the arguments; a
  /// [WorkersException] in place of what cannot be read.
  final Object? message;

  /// The errors among the arguments, where the platform tells of them.
  final List<TraceException> errors;
}

/// An exception that nobody caught, or that was logged.
final class TraceException {
  TraceException._(Map<String, Object?> info)
      : timestamp = timeFromHost(info['timestamp']),
        name = info['name'] as String? ?? 'Error',
        message = info['message'] as String? ?? '',
        stack = info['stack'] as String?;

  /// When it was thrown, in UTC; `null` if it was logged.
  final DateTime? timestamp;

  /// Its name, such as `TypeError`.
  final String name;

  /// Its message.
  final String message;

  /// Its JavaScript stack, where there is one.
  final String? stack;
}

/// Something that was published on a channel of `diagnostics_channel`.
final class TraceDiagnosticChannelEvent {
  TraceDiagnosticChannelEvent._(Map<String, Object?> info)
      : timestamp = timeFromHost(info['timestamp'])!,
        channel = info['channel']! as String,
        message = _message(info);

  /// When it was published, in UTC.
  final DateTime timestamp;

  /// The name of the channel.
  final String channel;

  /// What was published; a [WorkersException] in place of what cannot be read.
  final Object? message;
}

/// What a Worker was invoked for.
sealed class TraceItemEventInfo {
  const TraceItemEventInfo._();
}

/// A request.
final class TraceItemFetchEventInfo extends TraceItemEventInfo {
  TraceItemFetchEventInfo._(HostRef ref, Map<String, Object?> info)
      : request = TraceItemFetchEventInfoRequest._(
          ref.property('request'),
          info['request']! as Map<String, Object?>,
        ),
        status = switch (info['response']) {
          {'status': final int status} => status,
          _ => null,
        },
        super._();

  /// The request.
  final TraceItemFetchEventInfoRequest request;

  /// The status of the response, `response.status` in JavaScript; `null` if
  /// there was none.
  final int? status;
}

/// A request that a Worker was invoked for.
final class TraceItemFetchEventInfoRequest {
  TraceItemFetchEventInfoRequest._(this._ref, Map<String, Object?> info)
      : method = info['method']! as String,
        url = Uri.parse(info['url']! as String),
        headers = Headers({
          if (info['headers'] case final Map<String, Object?> headers)
            for (final MapEntry(:key, :value) in headers.entries) key: '$value',
        }),
        cf = switch (info['cf']) {
          final Map<String, Object?> cf => cf,
          _ => const {},
        };

  final HostRef _ref;

  /// Its method.
  final String method;

  /// Its address, in which `REDACTED` stands for what looks like a secret.
  final Uri url;

  /// Its headers; `REDACTED` stands for the values of those that hold secrets.
  final Headers headers;

  /// What Cloudflare knows of it.
  final Map<String, Object?> cf;

  /// The same request with nothing redacted.
  Future<TraceItemFetchEventInfoRequest> getUnredacted() async {
    final ref = await _ref.call(
      'getUnredacted',
      const [],
      select: const ['method', 'url', 'headers', 'cf'],
    );
    return TraceItemFetchEventInfoRequest._(
      _ref,
      (ref! as HostRef).selected,
    );
  }
}

/// A call of a method by another Worker.
final class TraceItemJsRpcEventInfo extends TraceItemEventInfo {
  TraceItemJsRpcEventInfo._(Map<String, Object?> info)
      : rpcMethod = info['rpcMethod']! as String,
        super._();

  /// The name of the method.
  final String rpcMethod;
}

/// A cron trigger.
final class TraceItemScheduledEventInfo extends TraceItemEventInfo {
  TraceItemScheduledEventInfo._(Map<String, Object?> info)
      : cron = info['cron']! as String,
        scheduledTime = timeFromHost(info['scheduledTime'])!,
        super._();

  /// The cron expression.
  final String cron;

  /// When the trigger was due, in UTC.
  final DateTime scheduledTime;
}

/// An alarm of a Durable Object.
final class TraceItemAlarmEventInfo extends TraceItemEventInfo {
  TraceItemAlarmEventInfo._(Map<String, Object?> info)
      : scheduledTime = timeFromHost(info['scheduledTime'])!,
        super._();

  /// When the alarm was due, in UTC.
  final DateTime scheduledTime;
}

/// A batch of a queue.
final class TraceItemQueueEventInfo extends TraceItemEventInfo {
  TraceItemQueueEventInfo._(Map<String, Object?> info)
      : queue = info['queue']! as String,
        batchSize = info['batchSize']! as int,
        super._();

  /// The name of the queue.
  final String queue;

  /// How many messages the batch had.
  final int batchSize;
}

/// An email that came in.
final class TraceItemEmailEventInfo extends TraceItemEventInfo {
  TraceItemEmailEventInfo._(Map<String, Object?> info)
      : mailFrom = info['mailFrom']! as String,
        rcptTo = info['rcptTo']! as String,
        rawSize = info['rawSize']! as int,
        super._();

  /// The address of the sender, in the envelope.
  final String mailFrom;

  /// The address of the recipient, in the envelope.
  final String rcptTo;

  /// How many bytes it had.
  final int rawSize;
}

/// Traces that a tail consumer got.
final class TraceItemTailEventInfo extends TraceItemEventInfo {
  TraceItemTailEventInfo._(Map<String, Object?> info)
      : consumedEvents = [
          for (final item in _maps(info['consumedEvents']))
            item['scriptName'] as String?,
        ],
        super._();

  /// For each trace, the name of the Worker that it is about,
  /// `consumedEvents[].scriptName` in JavaScript.
  final List<String?> consumedEvents;
}

/// A message or the end of a hibernating WebSocket.
final class TraceItemHibernatableWebSocketEventInfo extends TraceItemEventInfo {
  TraceItemHibernatableWebSocketEventInfo._(Map<String, Object?> info)
      : webSocketEventType = info['webSocketEventType']! as String,
        code = info['code'] as int?,
        wasClean = info['wasClean'] as bool?,
        super._();

  /// `message`, `close` or `error`.
  final String webSocketEventType;

  /// The close code, of `close`.
  final int? code;

  /// Whether the other side had said that it would close, of `close`.
  final bool? wasClean;
}

/// A Durable Object that is about to hibernate.
final class TraceItemOnHibernateEventInfo extends TraceItemEventInfo {
  TraceItemOnHibernateEventInfo._(Map<String, Object?> info)
      : reason = info['reason']! as String,
        super._();

  /// `inactive`, `codeUpdated`, `system`, or what the platform has added since.
  final String reason;
}

/// Anything else: a connection, an event of a kind of its own.
final class TraceItemOtherEventInfo extends TraceItemEventInfo {
  const TraceItemOtherEventInfo._() : super._();
}

/// The kind of the event, which JavaScript tells by what there is.
TraceItemEventInfo _event(HostRef ref, Map<String, Object?> info) =>
    switch (info) {
      {'request': Map()} => TraceItemFetchEventInfo._(ref, info),
      {'rpcMethod': String()} => TraceItemJsRpcEventInfo._(info),
      {'cron': String()} => TraceItemScheduledEventInfo._(info),
      {'scheduledTime': Object()} => TraceItemAlarmEventInfo._(info),
      {'queue': String()} => TraceItemQueueEventInfo._(info),
      {'mailFrom': String()} => TraceItemEmailEventInfo._(info),
      {'consumedEvents': List()} => TraceItemTailEventInfo._(info),
      {'getWebSocketEvent': final Map<String, Object?> event} =>
        TraceItemHibernatableWebSocketEventInfo._(event),
      {'reason': String()} => TraceItemOnHibernateEventInfo._(info),
      _ => const TraceItemOtherEventInfo._(),
    };

/// The items of a `tail` event: [ref] is the list, [info] what is known of it.
List<TraceItem> traceItemsFromHost(HostRef ref, Map<String, Object?> info) => [
      for (final (at, item) in _maps(info['items']).indexed)
        TraceItem._(ref.property('$at'), item),
    ];

Object? _message(Map<String, Object?> info) => switch (info['message']) {
      {'error': final error?} => error,
      {'value': final value} => valueFromHost(value),
      _ => null,
    };

Iterable<Map<String, Object?>> _maps(Object? list) =>
    (list as List? ?? const []).whereType<Map<String, Object?>>();

Duration _duration(Object? milliseconds) =>
    Duration(microseconds: ((milliseconds as num? ?? 0) * 1000).round());
