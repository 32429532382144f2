import 'package:cloudflare_workers/cloudflare_workers.dart';
import 'package:cloudflare_workers/src/bindings/queue.dart';
import 'package:cloudflare_workers/src/bindings/send_email.dart';
import 'package:cloudflare_workers/src/environment.dart';
import 'package:cloudflare_workers/src/events/forwardable_email.dart';
import 'package:cloudflare_workers/src/events/message_batch.dart';
import 'package:cloudflare_workers/src/events/trace.dart';
import 'package:cloudflare_workers/src/execution_context.dart';
import 'package:cloudflare_workers/src/host/host.dart' show HostEvent;
import 'package:cloudflare_workers/src/scheduled_controller.dart';
import 'package:cloudflare_workers/src/worker_entrypoint.dart';

import 'fake_host.dart';
import 'testing.dart';

const _sent = {
  'metadata': {
    'metrics': {'backlogCount': 3, 'backlogBytes': 42},
  },
};

(Queue, FakeRef) _queue() {
  final ref = FakeRef(
    'WorkerQueue',
    methods: {
      'send': (_) => _sent,
      'sendBatch': (_) => null,
      'metrics': (_) => {
            'backlogCount': 1,
            'backlogBytes': 2,
            'oldestMessageTimestamp': DateTime.utc(2026),
          },
    },
  );
  return (queueFromHost(ref), ref);
}

(MessageBatch, FakeRef, List<FakeRef>) _batch(List<Map<String, Object?>> all) {
  final messages = [
    for (final _ in all)
      FakeRef('Message', methods: {'ack': (_) => null, 'retry': (_) => null}),
  ];
  final ref = FakeRef(
    'MessageBatch',
    methods: {'ackAll': (_) => null, 'retryAll': (_) => null},
    properties: {
      'messages': FakeRef(
        'Array',
        properties: {
          for (final (at, message) in messages.indexed) '$at': message,
        },
      ),
    },
  );
  final batch = messageBatchFromHost(ref, {
    'queue': 'jobs',
    'metrics': const <String, Object?>{},
    'messages': [
      for (final (at, body) in all.indexed)
        {
          'id': 'id-$at',
          'timestamp': DateTime.utc(2026, 1, at + 1),
          'attempts': at + 1,
          'body': body,
        },
    ],
  });
  return (batch, ref, messages);
}

final class _Job {
  Object? toJson() => {'job': 1};
}

final class _Everything extends WorkerEntrypoint {
  static final List<String> seen = [];

  @override
  void scheduled(ScheduledController controller) => seen.add(controller.cron);

  @override
  void queue(MessageBatch batch) => seen.add(batch.queue);

  @override
  void email(ForwardableEmailMessage message) => seen.add(message.from);

  @override
  void tail(List<TraceItem> items) => seen.add('${items.length}');
}

final class _Nothing extends WorkerEntrypoint {}

void eventsTests() {
  test('an entrypoint handles the events of a Worker', () async {
    const infos = {
      'scheduled': {'cron': '* * * * *', 'scheduledTime': 0},
      'queue': {'queue': 'jobs', 'messages': <Object?>[]},
      'email': {'from': 'a', 'to': 'b', 'headers': <Object?>[], 'rawSize': 0},
      'tail': {'items': <Object?>[]},
    };
    final ref = FakeRef('Any');
    final slot = (
      env: environmentFromHost(ref, const {}),
      ctx: executionContextFromHost(ref),
    );
    for (final MapEntry(key: kind, value: info) in infos.entries) {
      final event = HostEvent(
        kind: kind,
        env: ref,
        context: ref,
        argument: ref,
        info: info,
        bindings: const {},
        className: 'default',
      );
      expect(await dispatchToEntrypoint(event, slot, _Everything.new), null);
      await expectThrows<UnsupportedError>(
        () => dispatchToEntrypoint(event, slot, _Nothing.new),
        'an entrypoint that does not override `$kind`',
      );
    }
    expect(_Everything.seen, ['* * * * *', 'jobs', 'a', '0']);
  });

  group('Queue', () {
    test('send', () async {
      final (queue, ref) = _queue();
      final metrics = await queue.send({'a': 1});
      expect((metrics?.backlogCount, metrics?.backlogBytes), (3, 42));
      await queue.send(
        'text',
        contentType: QueueContentType.text,
        delay: const Duration(milliseconds: 1500),
      );
      await queue.send([0, 255], contentType: QueueContentType.bytes);
      await queue.send(
        {'n': BigInt.one, 'b': Uint8List(1)},
        contentType: QueueContentType.v8,
      );
      await queue.send([_Job(), DateTime.utc(2026), null, 1.5, true]);
      expect(ref.calls, [
        'send({a: 1}, {contentType: json})',
        'send(text, {contentType: text, delaySeconds: 2})',
        'send([0, 255], {contentType: bytes})',
        'send({n: 1, b: [0]}, {contentType: v8})',
        'send([{job: 1}, 2026-01-01 00:00:00.000Z, null, 1.5, true], '
            '{contentType: json})',
      ]);
      expect(ref.arguments[2].first is Uint8List, true);
    });

    test('a body that does not fit its content type is not sent', () async {
      final (queue, ref) = _queue();
      for (final (body, type, part) in [
        (1, QueueContentType.text, 'content type `text` is a `String`'),
        ('x', QueueContentType.bytes, 'type `bytes` is a `List<int>`'),
        ([Uint8List(1)], QueueContentType.json, 'there are no bytes'),
        ({'a': BigInt.one}, QueueContentType.json, 'no big integers'),
      ]) {
        await expectThrows<ArgumentError>(
          () => queue.send(body, contentType: type),
          part,
        );
      }
      await expectThrows<Error>(() => queue.send(Object()), 'Converting');
      await expectThrows<ArgumentError>(
        () => queue.send(1, delay: const Duration(seconds: -1)),
        'a delay is not negative',
      );
      await expectThrows<ArgumentError>(
        () => queue.sendBatch(const []),
        'at least one message',
      );
      expect(ref.calls, const <String>[]);
    });

    test('sendBatch', () async {
      final (queue, ref) = _queue();
      final metrics = await queue.sendBatch(
        [
          const MessageSendRequest({'a': 1}),
          const MessageSendRequest(
            'x',
            contentType: QueueContentType.text,
            delay: Duration.zero,
          ),
        ],
        delay: const Duration(minutes: 1),
      );
      expect(metrics, null);
      expect(ref.calls, [
        'sendBatch([{body: {a: 1}, contentType: json}, '
            '{body: x, contentType: text, delaySeconds: 0}], '
            '{delaySeconds: 60})',
      ]);
    });

    test('metrics', () async {
      final (queue, _) = _queue();
      final metrics = await queue.metrics();
      expect(metrics.oldestMessageTimestamp, DateTime.utc(2026));
      expect((metrics.backlogCount, metrics.backlogBytes), (1, 2));
    });
  });

  group('MessageBatch', () {
    test('messages', () async {
      final (batch, ref, messages) = _batch([
        {'value': 1},
        {
          'value': {
            'a': [1.0],
          },
        },
        {'error': const WorkersException('TypeError', 'unreadable')},
        {'value': null},
      ]);
      expect((batch.queue, batch.metrics), ('jobs', null));
      final [one, two, three, four] = batch.messages;
      expect((one.id, one.attempts, one.body), ('id-0', 1, 1));
      expect(two.timestamp, DateTime.utc(2026, 1, 2));
      expect(two.bodyAs<Map<String, List<int>>>(), {
        'a': [1],
      });
      await expectThrows<ValueTypeError>(
        () => two.bodyAs<int>(),
        'the body of the message `id-1` is a Map, not the int',
      );
      await expectThrows<WorkersException>(() => three.body, 'unreadable');
      await expectThrows<WorkersException>(() => three.body, 'unreadable');
      expect(four.body, null);
      one.ack();
      two.retry();
      three.retry(delay: const Duration(minutes: 2));
      batch
        ..retryAll(delay: Duration.zero)
        ..retryAll()
        ..ackAll();
      expect(messages[0].calls, ['ack()']);
      expect(messages[1].calls, ['retry()']);
      expect(messages[2].calls, ['retry({delaySeconds: 120})']);
      expect(
        ref.calls,
        ['retryAll({delaySeconds: 0})', 'retryAll()', 'ackAll()'],
      );
      await expectThrows<ArgumentError>(
        () => one.retry(delay: const Duration(seconds: -1)),
        'not negative',
      );
    });
  });

  group('ScheduledController', () {
    test('noRetry', () {
      final ref = FakeRef('Controller', methods: {'noRetry': (_) => null});
      final controller = scheduledControllerFromHost(
        ref,
        {'cron': '* * * * *', 'scheduledTime': 1000},
      );
      controller.noRetry();
      expect(controller.scheduledTime, DateTime.utc(1970, 1, 1, 0, 0, 1));
      expect(ref.calls, ['noRetry()']);
    });
  });

  group('SendEmail', () {
    test('the parts of an email', () async {
      final ref = FakeRef(
        'SendEmail',
        methods: {
          'send': (_) => {'messageId': '<1>'},
        },
      );
      final mail = sendEmailFromHost(ref);
      const from = EmailAddress('a@example.com', name: 'A');
      const to = EmailAddress('b@example.com');
      final sent = await mail.send(
        const EmailMessageBuilder(
          from: from,
          to: [to],
          subject: 's',
          text: 't',
        ),
      );
      expect(sent.messageId, '<1>');
      await mail.send(
        const EmailMessageBuilder(
          from: to,
          cc: [from, to],
          bcc: [to],
          replyTo: from,
          subject: 's',
          html: '<p>',
          attachments: [
            EmailAttachment(
              filename: 'a.txt',
              type: 'text/plain',
              content: [1],
            ),
            EmailAttachment.inline(
              contentId: 'logo',
              filename: 'a.png',
              type: 'image/png',
              content: [2],
            ),
          ],
          headers: {'X-A': 'b'},
        ),
      );
      expect(ref.arguments, [
        [
          {
            'from': {'name': 'A', 'email': 'a@example.com'},
            'to': ['b@example.com'],
            'subject': 's',
            'text': 't',
          },
        ],
        [
          {
            'from': 'b@example.com',
            'cc': [
              {'name': 'A', 'email': 'a@example.com'},
              'b@example.com',
            ],
            'bcc': ['b@example.com'],
            'replyTo': {'name': 'A', 'email': 'a@example.com'},
            'subject': 's',
            'html': '<p>',
            'attachments': [
              {
                'disposition': 'attachment',
                'filename': 'a.txt',
                'type': 'text/plain',
                'content': [1],
              },
              {
                'disposition': 'inline',
                'contentId': 'logo',
                'filename': 'a.png',
                'type': 'image/png',
                'content': [2],
              },
            ],
            'headers': {'X-A': 'b'},
          },
        ],
      ]);
    });

    test('misuse', () async {
      final ref = FakeRef('SendEmail');
      await expectThrows<ArgumentError>(
        () => sendEmailFromHost(ref).send(
          const EmailMessageBuilder(from: EmailAddress('a'), subject: 's'),
        ),
        'give `to`, `cc` or `bcc`',
      );
      await expectThrows<ArgumentError>(
        () => EmailMessage('a', 'b', 1),
        'a `String`, bytes or a `Stream<List<int>>`',
      );
      expect(ref.calls, const <String>[]);
    });
  });

  group('ForwardableEmailMessage', () {
    test('forward, reply and setReject', () async {
      final ref = FakeRef(
        'EmailMessage',
        methods: {
          'forward': (_) => null,
          'reply': (_) => {'messageId': '<2>'},
          'setReject': (_) => null,
        },
      );
      final message = forwardableEmailFromHost(ref, {
        'from': 'a@example.com',
        'to': 'b@example.com',
        'headers': [
          ['subject', 'Hi'],
        ],
        'rawSize': 7,
      });
      expect(
        (message.from, message.to, message.rawSize, message.canBeForwarded),
        ('a@example.com', 'b@example.com', 7, true),
      );
      expect(message.headers['Subject'], 'Hi');
      expect((await message.forward('c@example.com')).messageId, null);
      await message.forward('c', headers: Headers({'X-A': 'b'}));
      const reply = EmailMessageBuilder(
        from: EmailAddress('b@example.com'),
        subject: 'Re: Hi',
      );
      expect((await message.reply(reply)).messageId, '<2>');
      message.setReject('no');
      expect(describe(ref.arguments), [
        ['c@example.com'],
        [
          'c',
          [
            'new Headers',
            [
              ['x-a', 'b'],
            ],
          ],
        ],
        [
          {'from': 'b@example.com', 'subject': 'Re: Hi'},
        ],
        ['no'],
      ]);
      await expectThrows<ArgumentError>(
        () => message.reply(
          const EmailMessageBuilder(
            from: EmailAddress('b'),
            to: [EmailAddress('c')],
            subject: 's',
          ),
        ),
        'a reply goes to the sender',
      );
      final refused = forwardableEmailFromHost(ref, {
        'from': 'a',
        'to': 'b',
        'headers': const <Object?>[],
        'rawSize': 0,
        'canBeForwarded': false,
      });
      expect(refused.canBeForwarded, false);
    });
  });

  group('TraceItem', () {
    TraceItem item(Map<String, Object?> info) =>
        traceItemsFromHost(FakeRef('Array'), {
          'items': [info],
        }).single;

    test('everything', () {
      final trace = item({
        'scriptName': 'shop',
        'entrypoint': 'Admin',
        'scriptVersion': {'id': 'v', 'tag': 't', 'message': 'm'},
        'preview': {'id': 'p', 'slug': 's', 'name': 'n'},
        'dispatchNamespace': 'all',
        'scriptTags': ['a', 'b'],
        'tailAttributes': {'x': 1, 'y': null},
        'durableObjectId': 'ff',
        'outcome': 'exception',
        'executionModel': 'durableObject',
        'truncated': true,
        'eventTimestamp': 1000,
        'cpuTime': 1.5,
        'wallTime': 2,
        'event': null,
        'logs': [
          {
            'timestamp': 1001,
            'level': 'warn',
            'message': {
              'value': ['a', 1],
            },
            'errors': [
              null,
              {'name': 'TypeError', 'message': 'no', 'stack': 'at x'},
            ],
          },
          {
            'timestamp': 1001,
            'level': 'log',
            'message': {'error': const WorkersException('Error', 'cyclic')},
            'errors': null,
          },
        ],
        'exceptions': [
          {'timestamp': 1002, 'name': 'Error', 'message': 'boom'},
        ],
        'diagnosticsChannelEvents': [
          {
            'timestamp': 1003,
            'channel': 'c',
            'message': {'value': 1},
          },
        ],
      });
      expect(
        [trace.scriptName, trace.entrypoint, trace.dispatchNamespace],
        ['shop', 'Admin', 'all'],
      );
      final version = trace.scriptVersion!;
      expect([version.id, version.tag, version.message], ['v', 't', 'm']);
      final preview = trace.preview!;
      expect([preview.id, preview.slug, preview.name], ['p', 's', 'n']);
      expect(trace.scriptTags, ['a', 'b']);
      expect(trace.tailAttributes, {'x': 1});
      expect(
        [trace.durableObjectId, trace.outcome, trace.executionModel],
        ['ff', 'exception', 'durableObject'],
      );
      expect(trace.truncated, true);
      expect(trace.eventTimestamp, DateTime.utc(1970, 1, 1, 0, 0, 1));
      expect(trace.cpuTime, const Duration(microseconds: 1500));
      expect(trace.wallTime, const Duration(milliseconds: 2));
      expect(trace.event, null);
      final [log, unreadable] = trace.logs;
      expect([
        log.level,
        log.message,
        log.timestamp.millisecond
      ], [
        'warn',
        ['a', 1],
        1,
      ]);
      final error = log.errors.single;
      expect(
        [error.name, error.message, error.stack, error.timestamp],
        ['TypeError', 'no', 'at x', null],
      );
      expect('${unreadable.message}', 'Error: cyclic');
      final thrown = trace.exceptions.single;
      expect([thrown.message, thrown.timestamp?.millisecond], ['boom', 2]);
      final published = trace.diagnosticsChannelEvents.single;
      expect([published.channel, published.message], ['c', 1]);
    });

    test('nothing', () {
      final trace = item(const {});
      expect(
        [trace.scriptName, trace.event, trace.outcome, trace.truncated],
        [null, null, 'unknown', false],
      );
      expect(trace.wallTime, Duration.zero);
    });

    test('events', () {
      String told(Map<String, Object?> event) =>
          switch (item({'event': event}).event!) {
            TraceItemFetchEventInfo(:final request, :final status) =>
              'fetch ${request.method} ${request.url} '
                  '${request.headers['A']} ${request.cf} $status',
            TraceItemJsRpcEventInfo(:final rpcMethod) => 'rpc $rpcMethod',
            TraceItemScheduledEventInfo(:final cron, :final scheduledTime) =>
              'cron $cron $scheduledTime',
            TraceItemAlarmEventInfo(:final scheduledTime) =>
              'alarm $scheduledTime',
            TraceItemQueueEventInfo(:final queue, :final batchSize) =>
              'queue $queue $batchSize',
            TraceItemEmailEventInfo(
              :final mailFrom,
              :final rcptTo,
              :final rawSize
            ) =>
              'email $mailFrom $rcptTo $rawSize',
            TraceItemTailEventInfo(:final consumedEvents) =>
              'tail $consumedEvents',
            TraceItemHibernatableWebSocketEventInfo(
              :final webSocketEventType,
              :final code,
              :final wasClean
            ) =>
              'socket $webSocketEventType $code $wasClean',
            TraceItemOnHibernateEventInfo(:final reason) => 'sleeps $reason',
            TraceItemOtherEventInfo() => 'other',
          };
      const request = {
        'method': 'GET',
        'url': 'http://x/',
        'headers': {'a': 'b'},
      };
      expect(
        [
          told({'request': request}),
          told({
            'request': {
              ...request,
              'cf': {'colo': 'DFW'},
            },
            'response': {'status': 200},
          }),
          told({'rpcMethod': 'add'}),
          told({'cron': '*', 'scheduledTime': 0}),
          told({'scheduledTime': DateTime.utc(2026)}),
          told({'queue': 'jobs', 'batchSize': 2}),
          told({'mailFrom': 'a', 'rcptTo': 'b', 'rawSize': 3}),
          told({
            'consumedEvents': [
              {'scriptName': 'a'},
              <String, Object?>{},
            ],
          }),
          told({
            'getWebSocketEvent': {
              'webSocketEventType': 'close',
              'code': 1000,
              'wasClean': true,
            },
          }),
          told({'reason': 'inactive'}),
          told(const {}),
        ],
        [
          'fetch GET http://x/ b {} null',
          'fetch GET http://x/ b {colo: DFW} 200',
          'rpc add',
          'cron * 1970-01-01 00:00:00.000Z',
          'alarm 2026-01-01 00:00:00.000Z',
          'queue jobs 2',
          'email a b 3',
          'tail [a, null]',
          'socket close 1000 true',
          'sleeps inactive',
          'other',
        ],
      );
    });
  });
}
