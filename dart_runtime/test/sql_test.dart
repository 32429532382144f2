/// What is synchronous of Durable Objects, and what no local runtime has.
library;

import 'dart:async';
import 'dart:typed_data';

import 'package:cloudflare_workers/cloudflare_workers.dart';
import 'package:cloudflare_workers/src/bindings/fetcher.dart';
import 'package:cloudflare_workers/src/durable_objects/container.dart';
import 'package:cloudflare_workers/src/durable_objects/namespace.dart';
import 'package:cloudflare_workers/src/durable_objects/sql.dart';
import 'package:cloudflare_workers/src/durable_objects/state.dart';
import 'package:cloudflare_workers/src/durable_objects/storage.dart';
import 'package:cloudflare_workers/src/durable_objects/sync_kv.dart';
import 'package:cloudflare_workers/src/host/host.dart';

import 'fake_host.dart';
import 'testing.dart';

typedef _Methods = Map<String, FutureOr<Object?> Function(List<Object?>)>;

/// Calls the function as JavaScript does, at once: what it throws arrives as a
/// JavaScript error.
Object? _callNow(List<Object?> arguments) {
  final callback = arguments.single! as HostCallback;
  expect(callback.isImmediate, true);
  try {
    return callback.function(const []);
  } catch (error) {
    throw WorkersException('Error', '$error');
  }
}

void sqlTests() {
  group('SqlStorage', () {
    Map<String, Object?> chunk(List<int> rows, {FakeRef? rest}) => {
          'columns': ['a', 'b'],
          'rows': [
            for (final row in rows) [row, 'b$row'],
          ],
          'isDone': rest == null,
          'rest': rest,
          'rowsRead': rows.length,
          'rowsWritten': 0,
        };

    late FakeRef helpers;
    SqlCursor exec(FutureOr<Object?> Function(List<Object?>) answer) {
      helpers = FakeRef('helpers', methods: {'sqlExec': answer});
      return sqlStorageFromHost(FakeRef('sql'), helpers)
          .exec('SELECT ?', [1, Uint8List(1)]);
    }

    test('one call gives a small result whole', () {
      final cursor = exec((_) => chunk([1, 2]));
      expect([for (final row in cursor) row['b']], ['b1', 'b2']);
      expect(helpers.calls, ['sqlExec(<sql>, 1000, SELECT ?, [1, [0]])']);
    });

    test('a large result comes in pieces', () {
      final pieces = [
        [3],
        <int>[],
        [4],
      ];
      late FakeRef rest;
      rest = FakeRef('rest', methods: {
        'take': (_) {
          final piece = pieces.removeAt(0);
          return {...chunk(piece), 'isDone': pieces.isEmpty, 'rowsRead': 9};
        },
      });
      final cursor = exec((_) => chunk([1, 2], rest: rest));
      expect(cursor.rowsRead, 2);
      expect([for (final row in cursor) row.get<int>('a')], [1, 2, 3, 4]);
      expect(rest.calls, ['take(1000)', 'take(1000)', 'take(1000)']);
      expect(cursor.rowsRead, 9);
      expect(cursor.isEmpty, true);
    });

    test('the rest is asked for at once', () {
      final rest = FakeRef('rest', methods: {
        'take': (_) => chunk([3, 4, 5]),
      });
      final cursor = exec((_) => chunk([1, 2], rest: rest));
      expect(cursor.first['a'], 1);
      expect([for (final row in cursor.toList()) row['a']], [2, 3, 4, 5]);
      expect(rest.calls, ['take(null)']);
      expect(cursor.toList(), const <SqlRow>[]);
    });
  });

  test('SyncKvStorage asks for whole lists', () {
    final helpers = FakeRef('helpers', methods: {
      'syncKvList': (_) => {'a': 1.0},
    });
    final kv = syncKvStorageFromHost(FakeRef('kv'), helpers);
    expect(kv.list<int>(), {'a': 1});
    kv.list<Object?>(
      startAfter: 'a',
      end: 'z',
      prefix: 'p',
      reverse: true,
      limit: 3,
    );
    expect(helpers.calls, [
      'syncKvList(<kv>, {})',
      'syncKvList(<kv>, '
          '{startAfter: a, end: z, prefix: p, reverse: true, limit: 3})',
    ]);
  });

  group('DurableObjectStorage', () {
    late FakeRef ref;
    DurableObjectStorage storage(_Methods methods) =>
        durableObjectStorageFromHost(
          ref = FakeRef('storage', methods: methods),
          helpers: FakeRef('helpers'),
        );

    test('transactionSync gives and throws what its function does', () async {
      final it = storage({'transactionSync': _callNow});
      final answer = Object();
      expect(identical(it.transactionSync(() => answer), answer), true);
      final problem = Exception('insufficient funds');
      final thrown = await expectThrows<Exception>(
        () => it.transactionSync<int>(() => throw problem),
      );
      expect(identical(thrown, problem), true);
      var trace = '';
      try {
        it.transactionSync(_fail);
      } on FormatException catch (_, stack) {
        trace = '$stack';
      }
      expect(trace.contains('_fail'), true);
    });

    test('transactionSync refuses to wait', () async {
      final it = storage({'transactionSync': _callNow});
      await expectThrows<StateError>(
        () => it.transactionSync(() async => throw StateError('late')),
        'returned a Future',
      );
    });

    test('transactionSync tells what the platform refuses', () async {
      final it = storage({
        'transactionSync': (arguments) {
          _callNow(arguments);
          throw const WorkersException('Error', 'commit failed');
        },
      });
      await expectThrows<WorkersException>(
        () => it.transactionSync(() => 1),
        'commit failed',
      );
    });

    test('bookmarks', () async {
      final it = storage({
        for (final name in [
          'getCurrentBookmark',
          'getBookmarkForTime',
          'onNextSessionRestoreBookmark',
        ])
          name: (_) => 'of $name',
      });
      expect(await it.getCurrentBookmark(), 'of getCurrentBookmark');
      expect(
        await it.getBookmarkForTime(DateTime.fromMillisecondsSinceEpoch(5)),
        'of getBookmarkForTime',
      );
      expect(
        await it.onNextSessionRestoreBookmark('b'),
        'of onNextSessionRestoreBookmark',
      );
      expect(ref.calls, [
        'getCurrentBookmark()',
        'getBookmarkForTime(5)',
        'onNextSessionRestoreBookmark(b)',
      ]);
    });
  });

  test('options of stubs', () {
    final ref = FakeRef('namespace', methods: {
      for (final name in ['get', 'getByName', 'idFromName'])
        name: (_) => FakeRef('it'),
    });
    final namespace = durableObjectNamespaceFromHost(ref)
      ..getByName(
        'a',
        locationHint: DurableObjectLocationHint.apacNe,
        routingMode: DurableObjectRoutingMode.primaryOnly,
        retry: const DurableObjectRetry(
          maxRetries: 2,
          timeout: Duration(seconds: 1),
        ),
      );
    namespace.get(
      namespace.idFromName('a'),
      retry: const DurableObjectRetry(),
    );
    expect(ref.calls, [
      'getByName(a, {locationHint: apac-ne, routingMode: primary-only, '
          'retry: {maxRetries: 2, timeoutMs: 1000}})',
      'idFromName(a)',
      'idFromName(a)',
      'get(<it>, {retry: {}})',
    ]);
  });

  group('DurableObjectState', () {
    test('abort', () {
      final ref = FakeRef('state', methods: {'abort': (_) => null});
      durableObjectStateFromHost(ref, const {})
        ..abort()
        ..abort('enough')
        ..abort('enough', const DurableObjectAbortOptions(retryAlarm: true))
        ..abort(null, const DurableObjectAbortOptions(retryAlarm: false));
      expect(ref.calls, [
        'abort()',
        'abort(enough)',
        'abort(enough, {retryAlarm: true})',
        'abort(Application called abort() to reset Durable Object., '
            '{retryAlarm: false})',
      ]);
    });

    test('container', () {
      DurableObjectState state(Map<String, Object?> properties) =>
          durableObjectStateFromHost(
            FakeRef('state', properties: properties),
            const {},
          );
      expect(state(const {}).container, null);
      expect(
          state({'container': FakeRef('Container')}).container == null, false);
    });
  });

  // No local runtime has one: only the calls are known.
  group('Container', () {
    late FakeRef ref;
    Container container([_Methods methods = const {}]) => containerFromHost(
          ref = FakeRef(
            'container',
            methods: {
              for (final name in [
                'start',
                'monitor',
                'destroy',
                'signal',
                'setInactivityTimeout',
                'interceptOutboundHttp',
                'interceptOutboundHttps',
                'interceptAllOutboundHttp',
              ])
                name: (_) => null,
              'getTcpPort': (_) => FakeRef('port'),
              ...methods,
            },
            properties: {
              'running': true,
              'images': <String, Object?>{'app': 'registry/app:1'},
            },
          ),
        );

    test('start', () async {
      final it = container()..start();
      it
        ..start(
          entrypoint: ['server', '--quiet'],
          enableInternet: false,
          env: {'A': 'b'},
          image: 'app',
          instance: ContainerInstance.standard2,
          labels: {'c': 'd'},
          directorySnapshots: const [
            ContainerDirectorySnapshot(
              's',
              size: 5,
              directory: '/data',
              mountPoint: '/old',
            ),
            ContainerDirectorySnapshot.empty('/new'),
          ],
        )
        ..start(
          snapshot: const ContainerSnapshot('s', size: 1),
          instance: ContainerInstance(vcpu: 1.5, memoryMib: 512, diskMb: 100),
        );
      expect(ref.arguments, [
        const <Object?>[],
        [
          {
            'entrypoint': ['server', '--quiet'],
            'enableInternet': false,
            'env': {'A': 'b'},
            'image': 'app',
            'instance': 'standard-2',
            'labels': {'c': 'd'},
            'directorySnapshots': [
              {
                'snapshot': {'id': 's', 'size': 5, 'dir': '/data'},
                'mountPoint': '/old',
              },
              {'mountPoint': '/new'},
            ],
          },
        ],
        [
          {
            'instance': {'vcpu': 1.5, 'memoryMib': 512, 'diskMb': 100},
            'containerSnapshot': {'id': 's'},
          },
        ],
      ]);
      await expectThrows<ArgumentError>(
        () => it.start(image: 'app', snapshot: const ContainerSnapshot('s')),
        'not both',
      );
    });

    test('while it runs', () async {
      final it = container({
        'snapshotContainer': (_) => {'id': 's', 'size': 3.0, 'name': 'n'},
        'inspect': (_) => {
              'image': 'app',
              'labels': <String, Object?>{'a': 'b'},
            },
      });
      expect(it.running, true);
      expect(it.images, {'app': 'registry/app:1'});
      await it.monitor();
      await it.destroy();
      await it.destroy('enough');
      it.signal(15);
      await it.setInactivityTimeout(const Duration(minutes: 1));
      final handler = it.getTcpPort(8080);
      await it.interceptOutboundHttp('example.com', handler);
      await it.interceptOutboundHttps('example.com', handler);
      await it.interceptAllOutboundHttp(handler);
      final snapshot = await it.snapshotContainer(name: 'n');
      expect((snapshot.id, snapshot.size, snapshot.name), ('s', 3, 'n'));
      final info = await it.inspect();
      expect((info!.image, info.labels['a']), ('app', 'b'));
      expect('${fetcherToHost(handler)}', '<port>');
      expect(ref.calls, [
        'monitor()',
        'destroy()',
        'destroy(enough)',
        'signal(15)',
        'setInactivityTimeout(60000)',
        'getTcpPort(8080)',
        'interceptOutboundHttp(example.com, <port>)',
        'interceptOutboundHttps(example.com, <port>)',
        'interceptAllOutboundHttp(<port>)',
        'snapshotContainer({name: n})',
        'inspect()',
      ]);
      expect(await container({'inspect': (_) => null}).inspect(), null);
    });

    test('exec', () async {
      final process = FakeRef(
        'process',
        selected: {
          'pid': 7.0,
          'isPty': false,
          'stdout': Stream.value(Uint8List(2)),
          'stderr': null,
        },
        properties: {'exitCode': 3.0},
        methods: {
          'output': (_) => FakeRef('output', selected: {
                'stdout': Uint8List(1),
                'stderr': Uint8List(0),
                'exitCode': 3.0,
              }),
          'kill': (_) => null,
          'resize': (_) => null,
        },
      );
      final it = container({'exec': (_) => process});
      await it.exec(['ls']);
      final started = await it.exec(
        ['sh', '-c', 'exit 3'],
        cwd: '/',
        env: {'A': 'b'},
        user: 'nobody',
        stdout: ContainerOutput.ignore,
        stderr: ContainerOutput.combined,
        pty: (columns: 80, rows: 24),
      );
      expect(ref.arguments, [
        [
          ['ls'],
        ],
        [
          ['sh', '-c', 'exit 3'],
          {
            'cwd': '/',
            'env': {'A': 'b'},
            'user': 'nobody',
            'stdout': 'ignore',
            'stderr': 'combined',
            'pty': {'cols': 80, 'rows': 24},
          },
        ],
      ]);
      expect((started.pid, started.isPty, started.stderr), (7, false, null));
      expect((await started.stdout!.single).length, 2);
      expect(await started.exitCode, 3);
      final output = await started.output();
      expect((output.stdout.length, output.stderr.length), (1, 0));
      expect(output.exitCode, 3);
      started
        ..kill()
        ..kill(9)
        ..resize(columns: 100, rows: 30);
      expect(
          process.calls, ['output()', 'kill()', 'kill(9)', 'resize(100, 30)']);
      await expectThrows<ArgumentError>(
        () => it.exec(['ls'], stdout: ContainerOutput.combined),
        'only `stderr`',
      );
    });
  });
}

Never _fail() => throw const FormatException();
