import 'package:cloudflare_workers/cloudflare_workers.dart';
import 'package:cloudflare_workers/src/bindings/analytics_engine_dataset.dart';
import 'package:cloudflare_workers/src/bindings/hyperdrive.dart';
import 'package:cloudflare_workers/src/bindings/pipeline.dart';
import 'package:cloudflare_workers/src/bindings/rate_limit.dart';
import 'package:cloudflare_workers/src/bindings/secrets_store_secret.dart';
import 'package:cloudflare_workers/src/bindings/version_metadata.dart';

import 'fake_host.dart';
import 'testing.dart';

void smallBindingsTests() {
  test('AnalyticsEngineDataset', () async {
    final ref = FakeRef('Dataset', methods: {'writeDataPoint': (_) => null});
    final points = analyticsEngineDatasetFromHost(ref)
      ..writeDataPoint(
        indexes: ['i'],
        blobs: [
          'a',
          null,
          [1, 2],
        ],
        doubles: [1, 2.5],
      )
      ..writeDataPoint(doubles: [1]);
    expect(ref.calls, [
      'writeDataPoint({indexes: [i], blobs: [a, null, [1, 2]], '
          'doubles: [1, 2.5]})',
      'writeDataPoint({doubles: [1]})',
    ]);
    final point = ref.arguments.first.single! as Map<String, Object?>;
    final blobs = point['blobs']! as List<Object?>;
    expect(blobs.last is Uint8List, true);
    for (final write in [
      () => points.writeDataPoint(indexes: ['a', 'b']),
      () => points.writeDataPoint(blobs: List.filled(21, 'a')),
      () => points.writeDataPoint(doubles: List.filled(21, 0)),
    ]) {
      await expectThrows<ArgumentError>(write, 'a data point has at most');
    }
    await expectThrows<ArgumentError>(
      () => points.writeDataPoint(blobs: [null, true]),
      'blobs[1]): must be a String, bytes or null',
    );
    expect(ref.calls.length, 2);
  });

  test('Hyperdrive', () {
    final hyperdrive = hyperdriveFromHost(
      FakeRef(
        'Hyperdrive',
        properties: {
          'connectionString': 'postgres://u:p@h:5432/d',
          'host': 'h',
          'port': 5432,
          'user': 'u',
          'password': 'p',
          'database': 'd',
        },
      ),
    );
    expect(hyperdrive.connectionString, 'postgres://u:p@h:5432/d');
    expect((hyperdrive.host, hyperdrive.port), ('h', 5432));
    expect((hyperdrive.user, hyperdrive.password), ('u', 'p'));
    expect(hyperdrive.database, 'd');
  });

  test('Pipeline', () async {
    final ref = FakeRef('Pipeline', methods: {'send': (_) => null});
    await pipelineFromHost(ref).send([
      {'a': 1},
    ]);
    expect(ref.calls, [
      'send([{a: 1}])',
    ]);
  });

  test('RateLimit', () async {
    var success = true;
    final ref = FakeRef(
      'Ratelimit',
      methods: {
        'limit': (_) => {'success': success},
      },
    );
    final limiter = rateLimitFromHost(ref);
    expect((await limiter.limit(key: 'a')).success, true);
    success = false;
    expect((await limiter.limit(key: 'a', delta: 2)).success, false);
    expect(ref.calls, ['limit({key: a})', 'limit({key: a, delta: 2})']);
    await expectThrows<ArgumentError>(
      () => limiter.limit(key: 'a', delta: 0),
      'must be positive',
    );
  });

  test('SecretsStoreSecret', () async {
    final ref = FakeRef('Fetcher', methods: {'get': (_) => 's3cret'});
    expect(await secretsStoreSecretFromHost(ref).get(), 's3cret');
    expect(ref.calls, ['get()']);
  });

  test('VersionMetadata', () {
    final version = versionMetadataFromHost(
      FakeRef(
        'Object',
        properties: {
          'id': '1-2',
          'tag': 'v1',
          'timestamp': '2026-01-02T03:04:05.678Z',
        },
      ),
    );
    expect((version.id, version.tag), ('1-2', 'v1'));
    expect(version.timestamp, DateTime.utc(2026, 1, 2, 3, 4, 5, 678));
  });
}
