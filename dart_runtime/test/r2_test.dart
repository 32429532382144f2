import 'dart:typed_data';

import 'package:cloudflare_workers/cloudflare_workers.dart';
import 'package:cloudflare_workers/src/bindings/r2_bucket.dart';
import 'package:cloudflare_workers/src/http/date.dart';

import 'fake_host.dart';
import 'testing.dart';

/// What the runtime says of an object.
Map<String, Object?> _object([Map<String, Object?> other = const {}]) => {
      'key': 'k',
      'version': 'v1',
      'size': 5,
      'etag': 'e',
      'httpEtag': '"e"',
      'uploaded': DateTime.utc(2026),
      'httpMetadata': <String, Object?>{},
      'customMetadata': <String, Object?>{},
      'range': null,
      'storageClass': 'Standard',
      'ssecKeyMd5': null,
      'checksums': <String, Object?>{'md5': null},
      ...other,
    };

/// A bucket, the object behind it, and the helpers, which answer [results] one
/// after the other.
(R2Bucket, FakeRef, FakeRef) _bucket([
  List<Object?> results = const [],
  Map<String, Object? Function(List<Object?> arguments)> methods = const {},
]) {
  final left = [...results];
  final ref = FakeRef('R2Bucket', methods: methods);
  final helpers = FakeRef(
    'helpers',
    methods: {
      'r2': (_) {
        final result = left.removeAt(0);
        return result is Exception ? throw result : result;
      },
    },
  );
  return (r2BucketFromHost(ref, helpers: helpers), ref, helpers);
}

/// What the helpers were asked for last, without the bucket.
Object? _last(FakeRef helpers) => describe(helpers.arguments.last.sublist(1));

void r2Tests() {
  group('R2Bucket', () {
    test('get', () async {
      final content = FakeRef('GetResult', methods: {'text': (_) => 'hello'});
      final (bucket, _, helpers) = _bucket([
        null,
        _object({
          'object': content,
          'range': <String, Object?>{'offset': 0, 'length': 5},
        }),
      ]);
      expect(await bucket.get('k'), null);
      expect(helpers.calls.single, 'r2(<R2Bucket>, get, k)');
      final object = (await bucket.get('k'))!;
      expect((object.key, object.size, object.etag), ('k', 5, 'e'));
      expect((object.range!.offset, object.range!.length), (0, 5));
      expect(object.storageClass, 'Standard');
      expect(object.bodyUsed, false);
      expect(await object.text(), 'hello');
      expect(object.bodyUsed, true);
      await expectThrows<StateError>(
        object.bytes,
        'the content of the R2 object `k` was already read or sent',
      );
    });

    test('an object whose condition is not so has no content', () async {
      final (bucket, _, _) = _bucket([
        // As wrangler has it.
        _object({
          'range': <String, Object?>{'offset': 0, 'length': 5},
          'storageClass': '',
        }),
      ]);
      final object = (await bucket.get('k'))!;
      expect(
        (object.body, object.range, object.bodyUsed, object.storageClass),
        (null, null, false, null),
      );
      await expectThrows<StateError>(
        object.text,
        'the R2 object `k` came without its content',
      );
    });

    test('options of get', () async {
      final (bucket, _, helpers) = _bucket(List.filled(5, null));
      await bucket.get(
        'k',
        range: const R2Range(offset: 1, length: 2),
        onlyIf: R2Conditional(
          etagMatches: 'a',
          etagDoesNotMatch: 'b',
          uploadedBefore: DateTime.utc(2026),
          uploadedAfter: DateTime.utc(2025),
          secondsGranularity: true,
        ),
        ssecKey: [1, 2],
      );
      expect(_last(helpers), [
        'get',
        'k',
        {
          'range': {'offset': 1, 'length': 2},
          'onlyIf': {
            'etagMatches': 'a',
            'etagDoesNotMatch': 'b',
            'uploadedBefore': DateTime.utc(2026),
            'uploadedAfter': DateTime.utc(2025),
            'secondsGranularity': true,
          },
          'ssecKey': [1, 2],
        },
      ]);
      await bucket.get('k', range: const R2Range.suffix(3));
      expect(_last(helpers), [
        'get',
        'k',
        {
          'range': {'suffix': 3},
        },
      ]);
      final headers = Headers({
        'Range': 'bytes=0-1',
        'If-None-Match': '"a", "b"',
        'If-Modified-Since': 'Sun, 06 Nov 1994 08:49:37 GMT',
        'Cookie': 'kept back',
      });
      await bucket.get(
        'k',
        range: R2Range.fromHeaders(headers),
        onlyIf: R2Conditional.fromHeaders(headers),
      );
      expect(_last(helpers), [
        'get',
        'k',
        {
          'range': [
            'new Headers',
            [
              ['range', 'bytes=0-1'],
            ],
          ],
          'onlyIf': [
            'new Headers',
            [
              ['if-none-match', '"a", "b"'],
              ['if-modified-since', 'Sun, 06 Nov 1994 08:49:37 GMT'],
            ],
          ],
        },
      ]);
      await bucket.get(
        'k',
        range: R2Range.fromHeaders(Headers()),
        onlyIf: R2Conditional.fromHeaders(Headers()),
      );
      expect(_last(helpers), [
        'get',
        'k',
        {
          'range': ['new Headers', <Object?>[]],
          'onlyIf': ['new Headers', <Object?>[]],
        },
      ]);
    });

    test('put', () async {
      final (bucket, _, helpers) = _bucket([_object(), null]);
      expect((await bucket.put('k', 'text'))!.version, 'v1');
      expect(_last(helpers), ['put', 'k', 'text']);
      final stored = await bucket.put(
        'k',
        [1, 2],
        onlyIf: const R2Conditional(etagDoesNotMatch: '*'),
        httpMetadata: R2HttpMetadata(
          contentType: 'a/b',
          cacheExpiry: DateTime.utc(2030),
        ),
        customMetadata: {'x': 'y'},
        sha1: [7],
        storageClass: 'InfrequentAccess',
        ssecKey: [9],
      );
      expect(stored, null);
      expect(_last(helpers), [
        'put',
        'k',
        [1, 2],
        {
          'onlyIf': {'etagDoesNotMatch': '*'},
          'httpMetadata': {
            'contentType': 'a/b',
            'cacheExpiry': DateTime.utc(2030),
          },
          'customMetadata': {'x': 'y'},
          'storageClass': 'InfrequentAccess',
          'ssecKey': [9],
          'sha1': [7],
        },
      ]);
      // Lists cross as lists; bytes have to be bytes.
      expect(helpers.arguments.last[3] is Uint8List, true);
      expect(
        ((helpers.arguments.last[4]! as Map)['sha1']) is Uint8List,
        true,
      );
    });

    test('a body of the runtime stays there', () async {
      final (bucket, _, helpers) = _bucket([
        _object({'object': FakeRef('GetResult')}),
        _object(),
      ]);
      final object = (await bucket.get('k'))!;
      await bucket.put('copy', object.body);
      expect(_last(helpers), ['put', 'copy', '<GetResult.body>']);
      expect(object.bodyUsed, true);
    });

    test('what cannot be stored is said before anything is sent', () async {
      final (bucket, _, helpers) = _bucket();
      await expectThrows<ArgumentError>(
        () => bucket.put('k', 1),
        'give a `String`, bytes',
      );
      await expectThrows<ArgumentError>(
        () => bucket.put('k', const Stream<List<int>>.empty()),
        'only if its length is known beforehand: give `length`',
      );
      await expectThrows<ArgumentError>(
        () => bucket.put('k', 'text', length: 4),
        'is for streams',
      );
      await expectThrows<RangeError>(
        () => bucket.put('k', const Stream<List<int>>.empty(), length: -1),
        'length',
      );
      await expectThrows<ArgumentError>(
        () => bucket.put('k', '', md5: [1], sha512: [2]),
        'give one checksum, not `md5` and `sha512`',
      );
      expect(helpers.calls, <Object?>[]);
    });

    test('what R2 refuses has its number', () async {
      final (bucket, _, _) = _bucket([
        const WorkersException(
          'Error',
          'put: does not match\nnot (10001) at all (10037)',
          retryable: true,
        ),
        const WorkersException('TypeError', 'MD5 is 16 bytes, not 3'),
        const WorkersException('Error', 'put: no (99999999999999999999)'),
        const WorkersException(
          'TypeError',
          'Provided readable stream must have a known length (request body)',
        ),
      ]);
      final error = await expectThrows<R2Exception>(
        () => bucket.put('k', 'x'),
        'Error: put: does not match',
      );
      expect(
        (error.code, error.action, error.retryable),
        (10037, 'put', true),
      );
      final other = await expectThrows<WorkersException>(
        () => bucket.put('k', 'x'),
        'MD5 is 16 bytes',
      );
      expect(other is R2Exception, false);
      // No number of R2's, which an `int` would not hold.
      final odd = await expectThrows<WorkersException>(
        () => bucket.put('k', 'x'),
        '(99999999999999999999)',
      );
      expect(odd is R2Exception, false);
      await expectThrows<ArgumentError>(
        () => bucket.put('k', 'x'),
        'give `length` in bytes',
      );
    });

    test('many keys are deleted by the thousand', () async {
      final (bucket, ref, _) = _bucket(const [], {'delete': (_) => null});
      await bucket.delete('k');
      await bucket.deleteMany(['a', 'b', 'a']);
      expect(ref.calls, ['delete(k)', 'delete([a, b])']);
      await bucket.deleteMany([for (var i = 0; i < 2001; i++) '$i']);
      expect(
        [
          for (final [keys] in ref.arguments.skip(2)) (keys! as List).length,
        ],
        [1000, 1000, 1],
      );
      await bucket.deleteMany(const []);
      expect(ref.calls.length, 5);
    });

    test('list', () async {
      final (bucket, _, helpers) = _bucket([
        <String, Object?>{
          'objects': [_object()],
          'delimitedPrefixes': ['d/'],
          'truncated': true,
          'cursor': 'c1',
        },
        <String, Object?>{
          'objects': [
            _object({'httpMetadata': null, 'customMetadata': null}),
          ],
          'delimitedPrefixes': <Object?>[],
          'truncated': false,
        },
      ]);
      final page = await bucket.list();
      expect(_last(helpers), ['list']);
      expect(
        (page.objects.single.key, page.truncated, page.cursor),
        ('k', true, 'c1'),
      );
      expect(page.delimitedPrefixes, ['d/']);
      final last = await bucket.list(
        prefix: 'p',
        delimiter: '/',
        startAfter: 's',
        cursor: 'c',
        limit: 3,
        include: {R2Include.customMetadata, R2Include.httpMetadata},
      );
      expect(_last(helpers), [
        'list',
        {
          'prefix': 'p',
          'delimiter': '/',
          'startAfter': 's',
          'cursor': 'c',
          'limit': 3,
          'include': ['customMetadata', 'httpMetadata'],
        },
      ]);
      expect((last.truncated, last.cursor), (false, null));
      final object = last.objects.single;
      expect((object.httpMetadata, object.customMetadata), (null, null));
      await expectThrows<StateError>(
        () => object.writeHttpMetadata(Headers()),
        'the HTTP metadata of `k` is not known',
      );
    });

    test('listAll goes on where the cursor says', () async {
      Map<String, Object?> page(String? cursor) => {
            'objects': [_object()],
            'delimitedPrefixes': <Object?>[],
            'truncated': cursor != null,
            'cursor': cursor,
          };
      final (bucket, _, helpers) =
          _bucket([page('c1'), page('c2'), page(null)]);
      expect(await bucket.listAll(prefix: 'p', startAfter: 's').length, 3);
      expect(helpers.calls, [
        'r2(<R2Bucket>, list, {prefix: p, startAfter: s})',
        'r2(<R2Bucket>, list, {prefix: p, cursor: c1})',
        'r2(<R2Bucket>, list, {prefix: p, cursor: c2})',
      ]);
    });

    test('uploads in parts', () async {
      final upload = FakeRef(
        'R2MultipartUpload',
        methods: {
          'uploadPart': (arguments) => <String, Object?>{
                'partNumber': arguments[0],
                'etag': 'e${arguments[0]}',
              },
          'abort': (_) => null,
        },
      );
      final (bucket, ref, helpers) = _bucket([
        _object()
      ], {
        'createMultipartUpload': (_) =>
            FakeRef('created', selected: {'uploadId': 'u'}),
        'resumeMultipartUpload': (_) => upload,
      });
      final begun = await bucket.createMultipartUpload(
        'k',
        httpMetadata: const R2HttpMetadata(contentLanguage: 'de'),
        storageClass: 'Standard',
        ssecKey: [1],
      );
      expect(ref.calls, [
        'createMultipartUpload(k, {httpMetadata: {contentLanguage: de}, '
            'storageClass: Standard, ssecKey: [1]})',
        'resumeMultipartUpload(k, u)',
      ]);
      expect((begun.key, begun.uploadId), ('k', 'u'));
      final part = await begun.uploadPart(1, 'one', ssecKey: [1]);
      expect((part.partNumber, part.etag), (1, 'e1'));
      await begun.abort();
      expect(upload.calls, ['uploadPart(1, one, {ssecKey: [1]})', 'abort()']);
      final object = await begun.complete(
        [part, const R2UploadedPart(2, 'e2')],
      );
      expect(object.key, 'k');
      expect(
        helpers.calls.single,
        'r2(<R2MultipartUpload>, complete, [{partNumber: 1, etag: e1}, '
        '{partNumber: 2, etag: e2}])',
      );
      await expectThrows<RangeError>(
        () => begun.uploadPart(0, ''),
        'partNumber',
      );
      expect(upload.calls.length, 2);
    });
  });

  test('R2Checksums as JSON are hexadecimal digits', () {
    final checksums = R2Checksums(
      md5: Uint8List.fromList([0, 15, 255]),
      sha512: Uint8List(1),
    );
    expect(checksums.toJson(), {'md5': '000fff', 'sha512': '00'});
  });

  test('R2HttpMetadata from and to headers', () {
    final metadata = R2HttpMetadata.fromHeaders(
      Headers({
        'Content-Type': 'a/b',
        'Content-Language': 'de',
        'Content-Disposition': 'inline',
        'Content-Encoding': 'br',
        'Cache-Control': 'no-store',
        'Expires': 'Sun, 06 Nov 1994 08:49:37 GMT',
      }),
    );
    expect(metadata.cacheExpiry, DateTime.utc(1994, 11, 6, 8, 49, 37));
    final headers = Headers();
    R2Object(
      key: 'k',
      version: '',
      size: 0,
      etag: '',
      httpEtag: '',
      uploaded: DateTime.utc(2026),
      httpMetadata: metadata,
    ).writeHttpMetadata(headers);
    expect(headers.toMap(), {
      'content-type': ['a/b'],
      'content-language': ['de'],
      'content-disposition': ['inline'],
      'content-encoding': ['br'],
      'cache-control': ['no-store'],
      'expires': ['Sun, 06 Nov 1994 08:49:37 GMT'],
    });
  });

  test('dates of HTTP', () {
    expect(
      formatHttpDate(DateTime.utc(2026, 1, 2, 3, 4, 5, 999)),
      'Fri, 02 Jan 2026 03:04:05 GMT',
    );
    for (final month in Iterable<int>.generate(12, (at) => at + 1)) {
      final time = DateTime.utc(2027, month, 28, 23, 59, 59);
      expect(parseHttpDate(formatHttpDate(time)), time);
    }
    for (final text in [
      null,
      '',
      '0',
      '-1',
      'Sun, 06 Foo 1994 08:49:37 GMT',
      'Sunday, 06-Nov-94 08:49:37 GMT',
      'Sun, 06 Nov 1994 08:49:37',
      // No days, hours and minutes of theirs, and of no others either.
      'Fri, 31 Feb 2025 08:49:37 GMT',
      'Sun, 00 Nov 1994 08:49:37 GMT',
      'Sun, 06 Nov 1994 24:00:00 GMT',
      'Sun, 06 Nov 1994 08:60:00 GMT',
    ]) {
      expect(parseHttpDate(text), null);
    }
  });
}
