import 'package:cloudflare_workers/cloudflare_workers.dart';
import 'package:cloudflare_workers/src/bindings/workflow.dart';
import 'package:cloudflare_workers/src/host/host.dart';
import 'package:cloudflare_workers/src/workflows/stored_value.dart';
import 'package:cloudflare_workers/src/workflows/workflow_event.dart';
import 'package:cloudflare_workers/src/workflows/workflow_exceptions.dart';
import 'package:cloudflare_workers/src/workflows/workflow_step.dart';

import 'fake_host.dart';
import 'testing.dart';

void workflowsTests() {
  test('what the runtime tells of a run', () {
    final event = workflowEventFromHost({
      'payload': {
        'prices': [1, 2.0],
      },
      'timestamp': DateTime.utc(2026),
      'instanceId': 'one',
      'workflowName': 'orders',
      'schedule': {'cron': '* * * * *', 'scheduledTime': 60000},
    });
    expect(event.payloadAs<Map<String, List<int>>>(), {
      'prices': [1, 2],
    });
    expect(event.timestamp, DateTime.utc(2026));
    expect([event.instanceId, event.workflowName], ['one', 'orders']);
    expect(event.schedule?.cron, '* * * * *');
    expect(event.schedule?.scheduledTime, DateTime.utc(1970, 1, 1, 0, 1));

    final bare = workflowEventFromHost({
      'payload': null,
      'timestamp': 0,
      'instanceId': 'one',
      'workflowName': null,
      'schedule': null,
    });
    expect(
        [bare.payload, bare.workflowName, bare.schedule], [null, null, null]);
    expect(bare.timestamp, DateTime.utc(1970));
    return expectThrows<ValueTypeError>(
      bare.payloadAs<int>,
      'the payload of the instance `one` is null, not the int',
    );
  });

  test('the configuration of steps', () async {
    final ref = FakeRef('Step', methods: {'do': (_) => 1});
    final step = workflowStepFromHost(ref);
    await step.run('bare', () => 1);
    await step.run(
      'full',
      () => 1,
      config: const WorkflowStepConfig(
        retries: WorkflowRetries(limit: 3, delay: Duration(seconds: 2)),
        timeout: Duration(minutes: 1),
      ),
    );
    await step.run(
      'linear',
      () => 1,
      config: const WorkflowStepConfig(
        retries: WorkflowRetries(
          limit: 0,
          delay: Duration.zero,
          backoff: WorkflowBackoff.linear,
        ),
      ),
    );
    expect(
      [
        for (final [name, config, callback] in ref.arguments)
          [name, config, (callback! as HostCallback).label],
      ],
      [
        ['bare', <String, Object?>{}, 'the step `bare`'],
        [
          'full',
          {
            'retries': {'limit': 3, 'delay': 2000, 'backoff': 'exponential'},
            'timeout': 60000,
          },
          'the step `full`',
        ],
        [
          'linear',
          {
            'retries': {'limit': 0, 'delay': 0, 'backoff': 'linear'},
          },
          'the step `linear`',
        ],
      ],
    );
  });

  test('a step gives what was kept, and not what it returned', () async {
    final ref = FakeRef(
      'Step',
      methods: {
        'do': (arguments) async {
          final callback = arguments.last! as HostCallback;
          await callback.function([
            {
              'step': {'name': 'sum', 'count': 2},
              'attempt': 3,
            },
          ]);
          return [1.0, 2];
        },
      },
    );
    final contexts = <WorkflowStepContext>[];
    final kept = await workflowStepFromHost(ref).runWithContext<List<int>>(
      'sum',
      (context) {
        contexts.add(context);
        return [];
      },
    );
    expect(kept, [1, 2]);
    final WorkflowStepContext(:name, :count, :attempt) = contexts.single;
    expect([name, count, attempt], ['sum', 2, 3]);
    await expectThrows<ValueTypeError>(
      () => workflowStepFromHost(ref).run<String>('sum', () => ''),
      'the result of the step `sum` is a List, not the String',
    );
  });

  test('waiting', () async {
    final ref = FakeRef(
      'Step',
      methods: {
        'sleep': (_) => null,
        'sleepUntil': (_) => null,
        'waitForEvent': (_) => {
              'payload': 2.0,
              'timestamp': DateTime.utc(2026),
              'type': 'paid',
            },
      },
    );
    final step = workflowStepFromHost(ref);
    await step.sleep('a', const Duration(milliseconds: 1500));
    await step.sleepUntil('b', DateTime.utc(2026));
    final event = await step.waitForEvent<int>('c', type: 'paid');
    expect([
      event.type,
      event.payload,
      event.timestamp
    ], [
      'paid',
      2,
      DateTime.utc(2026),
    ]);
    await step.waitForEvent<Object?>(
      'd',
      type: 'paid',
      timeout: const Duration(hours: 1),
    );
    expect(ref.calls, [
      'sleep(a, 1500)',
      'sleepUntil(b, 2026-01-01 00:00:00.000Z)',
      'waitForEvent(c, {type: paid})',
      'waitForEvent(d, {type: paid, timeout: 3600000})',
    ]);
  });

  test('what the platform says of failures', () {
    WorkersException of(String name, String message) =>
        workflowException(WorkersException(name, message));
    for (final (name, message) in [
      ('NonRetryableError', 'no'),
      ('Error', 'NonRetryableError: no'),
    ]) {
      final error = of(name, message);
      expect([error is NonRetryableError, error.message], [true, 'no']);
      expect('$error', 'NonRetryableError: no');
    }
    expect(of('Error', 'NonRetryableError') is NonRetryableError, true);
    expect(
      of('Error', 'WorkflowTimeoutError: late') is WorkflowTimeoutException,
      true,
    );
    for (final message in ['a NonRetryableError: no', 'NonRetryableErrors']) {
      final error = of('Error', message);
      expect([error is NonRetryableError, error.message], [false, message]);
    }
  });

  test('what a workflow keeps', () async {
    checkStored(null, 'it');
    checkStored(
      {
        'all': [null, true, 1, 1.5, 'text', DateTime(2026), Uint8List(1)],
      },
      'it',
    );
    final cyclic = <Object?>[];
    cyclic.add(cyclic);
    for (final (value, text) in [
      (Duration.zero, 'it is a Duration, which a workflow cannot keep'),
      (BigInt.one, 'it is a BigInt, which a workflow cannot keep'),
      ([Duration.zero], 'it, at `[0]` is a Duration'),
      (
        {
          'a': {
            'b': [1, Duration.zero],
          },
        },
        'it, at `a.b[1]` is a Duration'
      ),
      (
        {
          'a': {1: 2},
        },
        'it, at `a` has the key `1`'
      ),
      (cyclic, 'it is cyclic, or nested too deeply'),
    ]) {
      await expectThrows<ArgumentError>(() => checkStored(value, 'it'), text);
    }
  });

  test('making instances', () async {
    FakeRef instance(String id) => FakeRef(
          'Instance',
          properties: {'id': id},
          selected: {'id': id},
        );
    final ref = FakeRef(
      'Workflow',
      methods: {
        'create': (_) => instance('one'),
        'createBatch': (_) => [instance('a'), instance('b')],
        'get': (_) => instance('one'),
      },
    );
    final workflow = workflowFromHost(ref);
    expect((await workflow.create()).id, 'one');
    await workflow.create(
      id: 'one',
      params: [1],
      retention: const WorkflowRetention(
        success: Duration(seconds: 1),
        error: Duration(days: 1),
      ),
      locationHint: 'weur',
    );
    final all = await workflow.createBatch(const [
      WorkflowInstanceOptions(id: 'a', params: 1),
      WorkflowInstanceOptions(),
    ]);
    expect([for (final instance in all) instance.id], ['a', 'b']);
    expect(await workflow.createBatch([]), <Object?>[]);
    expect((await workflow.get('one')).id, 'one');
    expect(ref.calls, [
      'create({})',
      'create({id: one, params: [1], retention: {successRetention: 1000, '
          'errorRetention: 86400000}, locationHint: weur})',
      'createBatch([{id: a, params: 1}, {}])',
      'get(one)',
    ]);
  });

  test('an instance', () async {
    var answer = <String, Object?>{};
    final ref = FakeRef(
      'Instance',
      selected: {'id': 'one'},
      methods: {
        for (final method in ['pause', 'resume', 'terminate', 'restart'])
          method: (_) => null,
        'sendEvent': (_) => null,
        'status': (_) => answer,
      },
    );
    final workflow =
        workflowFromHost(FakeRef('Workflow', methods: {'get': (_) => ref}));
    final instance = await workflow.get('one');
    await instance.pause();
    await instance.resume();
    await instance.terminate();
    await instance.restart();
    await instance.sendEvent(type: 'paid', payload: 1);
    await instance.sendEvent(type: 'go');
    expect(ref.calls, [
      'pause()',
      'resume()',
      'terminate()',
      'restart()',
      'sendEvent({type: paid, payload: 1})',
      'sendEvent({type: go, payload: null})',
    ]);

    for (final status in WorkflowStatus.values) {
      answer = {'status': status.name};
      expect((await instance.status()).status, status);
    }
    answer = {'status': 'brand new'};
    expect((await instance.status()).status, WorkflowStatus.unknown);
    answer = {'status': 'complete', 'output': 2.0, 'error': null};
    final complete = await instance.status();
    expect(
      [complete.status.isOver, complete.outputAs<int>(), complete.error],
      [true, 2, null],
    );
    answer = {
      'status': 'errored',
      'error': {'name': 'Error', 'message': 'no'},
    };
    expect('${(await instance.status()).error}', 'Error: no');
  });

  test('an instance that is not there', () async {
    Never missing(Object? _) =>
        throw const WorkersException('Error', 'instance.not_found');
    final ref = FakeRef(
      'Instance',
      selected: {'id': 'one'},
      methods: {'status': missing},
    );
    final workflow = workflowFromHost(
      FakeRef('Workflow', methods: {'get': missing, 'create': (_) => ref}),
    );
    final error = await expectThrows<WorkflowNotFoundException>(
      () => workflow.get('one'),
      'the workflow has no instance `one`',
    );
    expect(error.id, 'one');
    final instance = await workflow.create();
    await expectThrows<WorkflowNotFoundException>(instance.status);
  });
}
