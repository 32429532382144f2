import 'dart:typed_data';

import 'package:cloudflare_workers/cloudflare_workers.dart';
import 'package:cloudflare_workers/src/bindings/dispatch_namespace.dart';
import 'package:cloudflare_workers/src/bindings/fetcher.dart';
import 'package:cloudflare_workers/src/bindings/worker_loader.dart';
import 'package:cloudflare_workers/src/execution_context.dart';
import 'package:cloudflare_workers/src/host/host.dart';
import 'package:cloudflare_workers/src/rpc.dart';

import 'fake_host.dart';
import 'testing.dart';

/// What comes of calling [method] with [arguments].
Future<Object?> _call(Function method, List<Object?> arguments) => callMethod(
      {'it': method},
      {'method': 'it', 'arguments': arguments},
      'the class `C`',
    );

void rpcTests() {
  group('arguments of methods', () {
    test('arrive as the parameter says', () async {
      expect(await _call((double a) => a is int ? 'int' : a, [3]), 3.0);
      expect(await _call((double? a) => a, [3]), 3.0);
      expect(await _call((num a) => a, [3]), 3);
      expect(
          await _call((List<int> a) => a, [
            <Object?>[1, 2.0]
          ]),
          [1, 2]);
      expect(
        await _call((List<int>? a, Map<String, List<double>> b) => [a, b], [
          null,
          <String, Object?>{
            'x': <Object?>[1],
          },
        ]),
        [
          null,
          {
            'x': [1.0],
          },
        ],
      );
      expect(await _call((List<Object?> a) => a, [Uint8List(1)]), [0]);
      expect(await _call((Uint8List a) => a, [Uint8List(1)]), [0]);
      expect(
          await _call((dynamic a, Object b) => [a, b], [null, 1]), [null, 1]);
      expect(
          await _call((Iterable<Object?> a) => a.length, [
            <Object?>[1]
          ]),
          1);
    });

    test('may be left out where they are optional', () async {
      String join(int a, [int b = 2, int? c]) => '$a $b $c';
      expect(await _call(join, [1]), '1 2 null');
      expect(await _call(join, [1, 3]), '1 3 null');
      expect(await _call(join, [1, 3, null]), '1 3 null');
      expect(await _call(() => 'none', []), 'none');
      expect(
        await _call(
          (int a, int b, int c, int d, int e, int f) => a + b + c + d + e + f,
          [1, 2, 3, 4, 5, 6],
        ),
        21,
      );
    });

    test('that do not fit are told of', () async {
      Future<void> fails(
              Function method, List<Object?> arguments, String text) =>
          expectThrows<WorkersException>(() => _call(method, arguments), text);

      await fails(
          (int a) => a,
          [],
          'TypeError: `it` of the class `C` was called '
          'with 0 arguments, and it takes 1 argument');
      await fails(([int? a]) => a, [1, 2],
          'was called with 2 arguments, and it takes 0 to 1 argument');
      await fails((int a, String b) => a, [1, 2],
          'argument 2 of `it` of the class `C` is an int, and it takes a String');
      await fails((int? a) => a, [''], 'and it takes an int or null');
      await fails((int a) => a, [1.5], 'is a double, and it takes an int');
      await fails(
          (List<int> a) => a,
          [
            <Object?>['']
          ],
          'is a List, and it takes a List of other elements');
      await fails((Map<String, int> a) => a, [1],
          'is an int, and it takes a Map of other elements');
      await fails(
          (FakeRef a) => a, [1], 'is an int, and it takes another type');
      for (final method in [
        ({required int a}) => a,
        (int a, int b, int c, int d, int e, int f, int g) => a,
      ]) {
        await fails(method, [1], 'cannot be called by others');
      }
      for (var at = 0; at < 6; at++) {
        int six(int a, int b, int c, int d, int e, int f) => 0;
        final arguments = [for (var i = 0; i < 6; i++) i == at ? '' : i];
        await fails(six, arguments, 'argument ${at + 1} of');
      }
    });

    test('are not looked at where there is no such method', () async {
      await expectThrows<WorkersException>(
        () => callMethod(const {}, {'method': 'x', 'arguments': []}, 'it'),
        'it has no method `x` for RPC; it has none, add it',
      );
    });
  });

  test('what a method returns may be called later', () async {
    final callback = await _call(
      (int by) => (List<Object?> arguments) => (arguments.first! as int) + by,
      [5],
    );
    expect((callback! as HostCallback).isKept, true);
    expect(await (callback as HostCallback).function([1]), 6);
  });

  test('names that never arrive are refused', () {
    checkMethodNames({'add': () => 0}, 'it');
    for (final name in ['fetch', 'toString', 'then', 'constructor']) {
      expectThrows<StateError>(
        () => checkMethodNames({name: () => 0}, 'the class `C`'),
        'the class `C` has `$name` among its `methods`',
      );
    }
  });

  group('Service', () {
    test('converts what comes back and names what does not fit', () async {
      final ref = FakeRef('Fetcher', methods: {'add': (_) => 3});
      final service = serviceFromHost(ref);
      expect(await service.call<double>('add', [1, 2]), 3.0);
      expect(ref.calls, ['add(1, 2)']);
      await expectThrows<ValueTypeError>(
        () => service.call<String>('add'),
        'what `add` returned is an int, not the String that was asked for',
      );
    });

    test('gives errors the name that they had', () async {
      for (final (message, name, rest) in [
        ('StateError: Bad state: x', 'StateError', 'Bad state: x'),
        ('FormatException: y', 'FormatException', 'y'),
        ('note: nothing', 'Error', 'note: nothing'),
        ('Careful: nothing', 'Error', 'Careful: nothing'),
      ]) {
        final ref = FakeRef(
          'Fetcher',
          methods: {'go': (_) => throw WorkersException('Error', message)},
        );
        final error = await expectThrows<WorkersException>(
          () => serviceFromHost(ref).call<void>('go'),
          rest,
        );
        expect([error.name, error.message], [name, rest]);
      }
    });

    test('hands functions over to be kept', () async {
      final ref = FakeRef('Fetcher', methods: {'on': (_) => null});
      await serviceFromHost(ref).call<void>('on', [
        [(List<Object?> arguments) => null],
      ]);
      final [[callback]] = ref.arguments.single.cast<List<Object?>>();
      expect((callback! as HostCallback).isKept, true);
    });
  });

  test('DispatchNamespace', () {
    final ref =
        FakeRef('Dispatch', methods: {'get': (_) => FakeRef('Fetcher')});
    dispatchNamespaceFromHost(ref)
      ..get('acme')
      ..get('acme', props: {'a': 1})
      ..get(
        'acme',
        limits: const WorkerLimits(
          cpu: Duration(milliseconds: 50),
          subRequests: 5,
        ),
        outbound: {'customer': 'acme'},
      );
    expect(ref.calls, [
      'get(acme)',
      'get(acme, {a: 1})',
      'get(acme, {}, {limits: {cpuMs: 50, subRequests: 5}, '
          'outbound: {customer: acme}})',
    ]);
  });

  test('WorkerLoader', () async {
    final stub = FakeRef(
      'WorkerStub',
      methods: {
        'getEntrypoint': (_) => FakeRef('Fetcher'),
        'getDurableObjectClass': (_) => FakeRef('Class'),
      },
    );
    final ref = FakeRef(
      'WorkerLoader',
      methods: {'load': (_) => stub, 'get': (_) => stub},
    );
    final loader = workerLoaderFromHost(ref);
    final outbound = serviceFromHost(FakeRef('Outbound'));
    loader
        .load(
          WorkerCode(
            compatibilityDate: '2026-01-01',
            compatibilityFlags: ['nodejs_compat'],
            mainModule: 'a.js',
            modules: {
              'a.js': const WorkerModule.js('js'),
              'b.cjs': const WorkerModule.commonJs('cjs'),
              'c.py': const WorkerModule.python('py'),
              'd.wasm': WorkerModule.wasm(Uint8List(1)),
            },
            globalOutbound: outbound,
            tails: [outbound],
            streamingTails: [outbound],
            limits: const WorkerLimits(subRequests: 1),
            allowExperimental: true,
          ),
        )
        .getEntrypoint();
    expect(describe(ref.arguments.single.single), {
      'compatibilityDate': '2026-01-01',
      'compatibilityFlags': ['nodejs_compat'],
      'allowExperimental': true,
      'limits': {'subRequests': 1},
      'mainModule': 'a.js',
      'modules': {
        'a.js': {'js': 'js'},
        'b.cjs': {'cjs': 'cjs'},
        'c.py': {'py': 'py'},
        'd.wasm': {
          'wasm': [0],
        },
      },
      'globalOutbound': '<Outbound>',
      'tails': ['<Outbound>'],
      'streamingTails': ['<Outbound>'],
    });
    final code = WorkerCode(
      compatibilityDate: '2026-01-01',
      mainModule: 'a.js',
      modules: {'a.js': const WorkerModule.js('')},
      allowsOutbound: false,
    );
    loader.get('id', () => code)
      ..getEntrypoint(
        props: {'a': 1},
        limits: const WorkerLimits(cpu: Duration(seconds: 1)),
      )
      ..getDurableObjectClass(name: 'Room');
    final [id, callback] = ref.arguments.last;
    expect(id, 'id');
    expect(await (callback! as HostCallback).function([]), {
      'compatibilityDate': '2026-01-01',
      'mainModule': 'a.js',
      'modules': {
        'a.js': {'js': ''},
      },
      'globalOutbound': null,
    });
    expect(stub.calls, [
      'getEntrypoint()',
      'getEntrypoint(null, {props: {a: 1}, limits: {cpuMs: 1000}})',
      'getDurableObjectClass(Room)',
    ]);
    await expectThrows<ArgumentError>(
      () => WorkerCode(
        compatibilityDate: '2026-01-01',
        mainModule: 'a.js',
        modules: {'a.js': const WorkerModule.js('')},
        allowsOutbound: false,
        globalOutbound: outbound,
      ),
      'is given, and `allowsOutbound` is false',
    );
  });

  test('ExecutionContext', () async {
    for (final (props, expected) in [
      (null, <String, Object?>{}),
      ({'a': 1}, {'a': 1}),
      ('odd', <String, Object?>{}),
    ]) {
      final ref = FakeRef('ExecutionContext', properties: {'props': props});
      expect(executionContextFromHost(ref).props, expected);
    }
    final ref = FakeRef('ExecutionContext', methods: {'abort': (_) => null});
    await executionContextFromHost(ref).abort('enough');
    expect(ref.calls, ['abort(enough)']);
  });

  test('entrypoints have names that can be exported', () {
    for (final (name, text) in [
      ('not-a-name', 'has a name that is none in JavaScript'),
      ('Taken', 'has the name of another class of this Worker'),
    ]) {
      expectThrows<ArgumentError>(
        () => CloudflareWorkers(
          durableObjects: {'Taken': () => throw UnimplementedError()},
          entrypoints: {name: () => throw UnimplementedError()},
        ),
        text,
      );
    }
  });
}
