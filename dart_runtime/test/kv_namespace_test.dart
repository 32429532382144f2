import 'package:cloudflare_workers/cloudflare_workers.dart';
import 'package:cloudflare_workers/src/bindings/kv_namespace.dart';
import 'package:cloudflare_workers/src/http/request.dart';

import 'fake_host.dart';
import 'testing.dart';

(KVNamespace, FakeRef) _kv(
  Map<String, Object? Function(List<Object?> arguments)> methods,
) {
  final ref = FakeRef('KvNamespace', methods: methods);
  return (kvNamespaceFromHost(ref), ref);
}

void kvNamespaceTests() {
  group('KVNamespace', () {
    test('get', () async {
      final (kv, ref) = _kv({'get': (_) => '{"a": [1]}'});
      expect(await kv.get('k'), '{"a": [1]}');
      expect(
        await kv.getJson<Map<String, List<int>>>(
          'k',
          cacheTtl: const Duration(minutes: 5),
        ),
        {
          'a': [1],
        },
      );
      expect(ref.calls, [
        'get(k, {type: text})',
        'get(k, {type: text, cacheTtl: 300})',
      ]);
      await expectThrows<ValueTypeError>(
        () => kv.getJson<int>('k'),
        'the KV value `k` is a Map, not the int',
      );
    });

    test('a missing key is null', () async {
      final (kv, _) = _kv({
        'get': (_) => null,
        'getWithMetadata': (_) => {'value': null, 'metadata': null},
      });
      expect(await kv.get('k'), null);
      expect(await kv.getJson<int>('k'), null);
      expect(await kv.getBytes('k'), null);
      expect(await kv.getStream('k'), null);
      final value = await kv.getJsonWithMetadata<int, String>('k');
      expect((value.value, value.metadata), (null, null));
    });

    test('what is not JSON is said by key', () async {
      final (kv, _) = _kv({'get': (_) => 'nope'});
      await expectThrows<FormatException>(
        () => kv.getJson<Object>('k'),
        'the KV value `k` is not JSON',
      );
    });

    test('metadata', () async {
      final (kv, _) = _kv({
        'getWithMetadata': (_) => <String, Object?>{
              'value': '7',
              'metadata': <String, Object?>{'a': 1.0},
              'cacheStatus': 'HIT',
            },
      });
      final value = await kv.getWithMetadata<Map<String, int>>('k');
      expect((value.value, value.cacheStatus), ('7', 'HIT'));
      expect(value.metadata, {'a': 1});
      expect((await kv.getJsonWithMetadata<int, Object>('k')).value, 7);
      await expectThrows<ValueTypeError>(
        () => kv.getWithMetadata<String>('k'),
        'the metadata of the KV value `k` is a Map',
      );
    });

    test('many keys are asked for by the hundred', () async {
      final (kv, ref) = _kv({
        'get': (arguments) => <String, Object?>{
              for (final key in arguments.first! as List) '$key': '"$key"',
            }..remove('3'),
      });
      final keys = [for (var i = 0; i < 150; i++) '$i'];
      final values = await kv.getManyJson<String>([...keys, '0']);
      expect(values.keys.toList(), keys);
      expect((values['3'], values['149']), (null, '149'));
      expect([
        for (final arguments in ref.arguments)
          (arguments.first! as List).length,
      ], [
        100,
        50,
      ]);
    });

    test('many keys with metadata', () async {
      final (kv, _) = _kv({
        'getWithMetadata': (_) => <String, Object?>{
              'a': {'value': '1', 'metadata': 'm'},
              'b': null,
            },
      });
      final values = await kv.getManyJsonWithMetadata<int, String>(['a', 'b']);
      expect((values['a']!.value, values['a']!.metadata), (1, 'm'));
      expect((values['b']!.value, values['b']!.metadata), (null, null));
    });

    test('put', () async {
      final (kv, ref) = _kv({'put': (_) => null});
      await kv.put('k', 'v');
      await kv.put(
        'k',
        [1, 2],
        expiration: DateTime.fromMillisecondsSinceEpoch(1500),
        metadata: {'a': 1},
      );
      await kv.putJson(
        'k',
        {'a': null},
        expirationTtl: const Duration(minutes: 1),
      );
      final request = requestFromHost(FakeRef('Request'), {
        'url': 'https://a/',
        'method': 'PUT',
        'hasBody': true,
      });
      await kv.put('k', request.body!);
      expect(ref.calls, [
        'put(k, v)',
        'put(k, [1, 2], {expiration: 2, metadata: {a: 1}})',
        'put(k, {"a":null}, {expirationTtl: 60})',
        'put(k, <Request.body>)',
      ]);
      expect(request.bodyUsed, true);
      expect(ref.arguments[1][1] is Uint8List, true);
      await expectThrows<ArgumentError>(() => kv.put('k', {'a': 1}), 'putJson');
      await expectThrows<ArgumentError>(
        () => kv.put(
          'k',
          'v',
          expiration: DateTime(2030),
          expirationTtl: const Duration(days: 1),
        ),
        'not both',
      );
    });

    test('list', () async {
      final (kv, ref) = _kv({
        'list': (arguments) => switch (arguments) {
              [{'cursor': 'next'}] => <String, Object?>{
                  'keys': [
                    {'name': 'c'},
                  ],
                  'list_complete': true,
                },
              _ => <String, Object?>{
                  'keys': [
                    {'name': 'a', 'expiration': 60.0},
                    {'name': 'b', 'metadata': 1},
                  ],
                  'list_complete': false,
                  'cursor': 'next',
                },
            },
        'delete': (_) => null,
      });
      final page = await kv.list(limit: 2);
      expect((page.listComplete, page.cursor), (false, 'next'));
      expect(page.keys.first.expiration, DateTime.utc(1970, 1, 1, 0, 1));
      expect(page.keys.last.metadata, 1);
      final all = await kv.listAll(prefix: 'p').toList();
      expect([for (final key in all) key.name], ['a', 'b', 'c']);
      await kv.list();
      await kv.delete('a');
      expect(ref.calls, [
        'list({limit: 2})',
        'list({prefix: p})',
        'list({prefix: p, cursor: next})',
        'list()',
        'delete(a)',
      ]);
    });
  });
}
