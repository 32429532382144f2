import 'dart:async';

import 'package:cloudflare_workers/cloudflare_workers.dart';
import 'package:cloudflare_workers/src/durable_objects/durable_object.dart';
import 'package:cloudflare_workers/src/durable_objects/namespace.dart';
import 'package:cloudflare_workers/src/durable_objects/storage.dart';
import 'package:cloudflare_workers/src/host/host.dart';

import 'fake_host.dart';
import 'testing.dart';

class _Plain extends DurableObject {
  _Plain() {
    seenInConstructor = '${state.id} ${env.names}';
  }

  _Plain.loading() {
    unawaited(state.blockConcurrencyWhile(() async => loaded = true));
  }

  String seenInConstructor = '';
  bool loaded = false;

  @override
  Future<Response> fetch(Request request, DurableObjectEnv env) async =>
      Response.ok('${request.url.path} ${identical(env, this.env)}');
}

class _Alarmed extends _Plain {
  @override
  FutureOr<void> alarm() async => alarms.add('plain');

  static final List<String> alarms = [];
}

class _Informed extends _Plain {
  @override
  Future<void> alarm([AlarmInfo? info]) async => _Alarmed.alarms.add(
        '${info?.retryCount} ${info?.isRetry} ${info?.scheduledTime}',
      );
}

HostEvent _event(
  String kind, {
  Map<String, Object?> info = const {},
  FakeRef? context,
}) =>
    HostEvent(
      kind: kind,
      env: FakeRef('env'),
      context: context ?? FakeRef('state'),
      argument: FakeRef('argument'),
      info: info,
      bindings: const {'A': HostBinding('vars', 1)},
      className: 'Views',
    );

/// Runs the callback as the runtime does: what it throws arrives as a
/// JavaScript error.
Future<Object?> _critical(List<Object?> arguments) async {
  final callback = arguments.single! as HostCallback;
  expect(callback.isCritical, true);
  try {
    return await callback.function([
      FakeRef(
        'txn',
        methods: {'get': (_) => 1, 'rollback': (_) => null},
      ),
    ]);
  } catch (error) {
    throw WorkersException('Error', '$error');
  }
}

DurableObjectStorage _storage(
  Map<String, FutureOr<Object?> Function(List<Object?> arguments)> methods, [
  List<FakeRef>? refs,
]) {
  final ref = FakeRef('storage', methods: methods);
  refs?.add(ref);
  return durableObjectStorageFromHost(ref);
}

void durableObjectsTests() {
  group('DurableObject', () {
    test('has its state and environment in its constructor', () {
      late _Plain object;
      constructDurableObject(
        _event('construct', info: {'id': 'ab' * 32, 'name': 'home'}),
        () => object = _Plain(),
      );
      expect(object.seenInConstructor, '${'ab' * 32} (A)');
      expect(object.state.id.name, 'home');
    });

    test('cannot be made by anyone else', () async {
      await expectThrows<StateError>(_Plain.new, 'only the platform');
      await expectThrows<FormatException>(
        () => constructDurableObject(
          _event('construct', info: {'id': 'ab' * 32}),
          () => throw const FormatException('in the factory'),
        ),
      );
      await expectThrows<StateError>(_Plain.new, 'only the platform');
    });

    test('may prepare itself in its constructor', () {
      late _Plain object;
      constructDurableObject(
        _event(
          'construct',
          context: FakeRef(
            'state',
            methods: {'blockConcurrencyWhile': _critical},
          ),
        ),
        () => object = _Plain.loading(),
      );
      expect(object.loaded, true);
    });

    test('answers requests with its own environment', () async {
      final dispatch = constructDurableObject(
          _event('construct', info: {'id': 'ab' * 32}), _Plain.new);
      final response = await dispatch(
        _event('fetch', info: {'url': 'https://a/b', 'method': 'GET'}),
      );
      expect((describe(response)! as List<Object?>)[1], '/b true');
    });

    test('alarms with and without information', () async {
      _Alarmed.alarms.clear();
      final plain = constructDurableObject(
          _event('construct', info: {'id': 'ab' * 32}), _Alarmed.new);
      await plain(_event('alarm', info: {'retryCount': 1.0, 'isRetry': true}));
      final informed = constructDurableObject(
          _event('construct', info: {'id': 'ab' * 32}), _Informed.new);
      await informed(
        _event('alarm', info: {
          'retryCount': 1.0,
          'isRetry': true,
          'scheduledTime': 0.0,
        }),
      );
      await informed(_event('alarm'));
      expect(_Alarmed.alarms, [
        'plain',
        '1 true 1970-01-01 00:00:00.000Z',
        '0 false null',
      ]);
    });

    test('an alarm that nobody handles is an error', () async {
      final dispatch = constructDurableObject(
          _event('construct', info: {'id': 'ab' * 32}), _Plain.new);
      await expectThrows<UnsupportedError>(
        () => dispatch(_event('alarm')),
        '`Views` went off, but the class does not override `alarm()`; '
        'override it, or set no alarm',
      );
    });
  });

  group('DurableObjectNamespace', () {
    FakeRef idRef(String text) =>
        FakeRef('id', methods: {'toString': (_) => text});
    final hex = 'ab' * 32;
    DurableObjectNamespace namespace(List<FakeRef> refs) {
      final ref = FakeRef(
        'namespace',
        methods: {
          'idFromName': (arguments) => idRef('hex of ${arguments.single}'),
          'idFromString': (arguments) => idRef('${arguments.single}'),
          'newUniqueId': (_) => idRef(hex),
          'get': (_) => FakeRef('stub'),
          'getByName': (_) => FakeRef('stub'),
        },
      );
      refs.add(ref);
      return durableObjectNamespaceFromHost(ref);
    }

    test('ids', () async {
      final refs = <FakeRef>[];
      final views = namespace(refs);
      final id = views.idFromName('home');
      expect((id.name, '$id'), ('home', 'hex of home'));
      expect(id == views.idFromName('home'), true);
      expect(id.hashCode == views.idFromName('home').hashCode, true);
      expect(id == views.idFromName('other'), false);
      final unique = views.newUniqueId(jurisdiction: 'eu');
      expect((unique.name, '$unique'), (null, hex));
      expect(unique == views.idFromString(hex.toUpperCase()), true);
      expect(
          refs.single.calls.contains('newUniqueId({jurisdiction: eu})'), true);
      for (final text in ['home', hex.substring(1), '${hex}a', 'g$hex']) {
        await expectThrows<ArgumentError>(
          () => views.idFromString(text),
          '64 hexadecimal digits',
        );
      }
    });

    test('stubs', () {
      final refs = <FakeRef>[];
      final views = namespace(refs);
      final stub = views.get(views.idFromName('a'), locationHint: 'weur');
      expect((stub.name, '${stub.id}'), ('a', 'hex of a'));
      expect(views.getByName('b').id.name, 'b');
      expect(refs.single.calls, [
        'idFromName(a)',
        'get(<id>, {locationHint: weur})',
        'getByName(b)',
        'idFromName(b)',
      ]);
    });
  });

  group('DurableObjectStorage', () {
    test('typed get', () async {
      final storage = _storage({
        'get': (arguments) => switch (arguments.first) {
              'views' => 2.0,
              'name' => 'x',
              final List<Object?> keys => <String, Object?>{
                  for (final key in keys) '$key': 1.0,
                },
              _ => null,
            },
      });
      expect('${await storage.get<int>('views')}', '2');
      expect(await storage.get<int>('missing'), null);
      expect(await storage.getMany<int>(['a', 'b']), {'a': 1, 'b': 1});
      await expectThrows<ValueTypeError>(
        () => storage.get<int>('name'),
        'the stored value `name` is a String, not the int that was asked for',
      );
    });

    test('the calls', () async {
      final refs = <FakeRef>[];
      final storage = _storage({
        for (final name in [
          'put',
          'deleteAll',
          'setAlarm',
          'deleteAlarm',
          'sync'
        ])
          name: (_) => null,
        'delete': (arguments) => arguments.first is List ? 2.0 : true,
        'list': (_) => <String, Object?>{'a': 1.0},
        'getAlarm': (_) => 1000.0,
      }, refs);
      await storage.put('k', 1, allowUnconfirmed: true, noCache: false);
      await storage.putMany({'a': 1});
      expect(await storage.delete('k'), true);
      expect(await storage.deleteMany(['a', 'b']), 2);
      await storage.deleteAll();
      expect(await storage.list<int>(), {'a': 1});
      await storage.list<Object?>(
        startAfter: 'a',
        end: 'z',
        prefix: 'p',
        reverse: true,
        limit: 3,
      );
      expect(await storage.getAlarm(), DateTime.utc(1970, 1, 1, 0, 0, 1));
      await storage.setAlarm(DateTime.fromMillisecondsSinceEpoch(5));
      await storage.deleteAlarm();
      await storage.sync();
      expect(refs.single.calls, [
        'put(k, 1, {allowUnconfirmed: true, noCache: false})',
        'put({a: 1})',
        'delete(k)',
        'delete([a, b])',
        'deleteAll()',
        'list()',
        'list({startAfter: a, end: z, prefix: p, reverse: true, limit: 3})',
        'getAlarm()',
        'setAlarm(5)',
        'deleteAlarm()',
        'sync()',
      ]);
      await expectThrows<ArgumentError>(
        () => storage.list<int>(start: 'a', startAfter: 'b'),
        'not both',
      );
    });

    test('a transaction gives what its body gives', () async {
      final storage = _storage({'transaction': _critical});
      final answer = Object();
      expect(
        identical(
          await storage.transaction((txn) async {
            expect(await txn.get<int>('a'), 1);
            txn.rollback();
            return answer;
          }),
          answer,
        ),
        true,
      );
    });

    test('a transaction throws what its body throws', () async {
      final storage = _storage({'transaction': _critical});
      final problem = Exception('insufficient funds');
      (Object, String)? caught;
      try {
        await storage.transaction((txn) => _fail(problem));
      } on Exception catch (error, stack) {
        caught = (error, '$stack');
      }
      expect(identical(caught!.$1, problem), true);
      expect(caught.$2.contains('_fail'), true);
    });

    test('what the platform refuses is what it says', () async {
      final storage = _storage({
        'transaction': (arguments) async {
          await _critical(arguments);
          throw const WorkersException('Error', 'commit failed');
        },
      });
      await expectThrows<WorkersException>(
        () => storage.transaction((txn) => 1),
        'commit failed',
      );
    });

    test('a transaction that is run again forgets its first try', () async {
      var tries = 0;
      final storage = _storage({
        'transaction': (arguments) async {
          try {
            await _critical(arguments);
          } on WorkersException {
            await _critical(arguments);
          }
          return null;
        },
      });
      expect(
        await storage.transaction((txn) {
          if (tries++ == 0) throw Exception('conflict');
          return tries;
        }),
        2,
      );
    });
  });
}

Future<void> _fail(Exception problem) async => throw problem;
