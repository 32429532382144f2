import 'package:cloudflare_workers/cloudflare_workers.dart';
import 'package:cloudflare_workers/src/host/host.dart';
import 'package:cloudflare_workers/src/http/request.dart';
import 'package:cloudflare_workers/src/http/response.dart';

import 'fake_host.dart';
import 'testing.dart';

void runtimeTests() {
  group('IncomingRequestCfProperties', () {
    test('what is there', () {
      const cf = IncomingRequestCfProperties({
        'asn': 395747,
        'colo': 'FRA',
        'isEUCountry': '1',
        'latitude': '50.1',
        'longitude': 8,
        'clientTcpRtt': 1.5,
        'tlsClientAuth': <String, Object?>{
          'certPresented': '1',
          'certVerified': 'SUCCESS',
          'certRevoked': '0',
          'certSubjectDNRFC2253': 'CN=me',
        },
        'botManagement': <String, Object?>{
          'score': 30,
          'verifiedBot': true,
          'detectionIds': [1, 2],
        },
        'newer': [1],
      });
      expect(
        [cf.asn, cf.colo, cf.isEUCountry, cf.latitude, cf.longitude, cf.city],
        [395747, 'FRA', true, 50.1, 8.0, null],
      );
      expect(cf.clientTcpRtt, const Duration(microseconds: 1500));
      expect(cf['newer'], [1]);
      final certificate = cf.tlsClientAuth!;
      expect(
        [certificate.isPresented, certificate.isVerified, certificate.subject],
        [true, true, 'CN=me'],
      );
      final bot = cf.botManagement!;
      expect(
        [bot.score, bot.isVerifiedBot, bot.isCorporateProxy, bot.detectionIds],
        [
          30,
          true,
          false,
          [1, 2],
        ],
      );
    });

    test('a certificate that was revoked is not verified', () {
      const certificate =
          CfTlsClientAuth({'certVerified': 'SUCCESS', 'certRevoked': '1'});
      expect(certificate.isVerified, false);
    });

    test('what is not there, or something else', () {
      const cf = IncomingRequestCfProperties({'colo': 1, 'latitude': 'north'});
      expect(
        [cf.colo, cf.latitude, cf.isEUCountry, cf.tlsClientAuth, cf['no']],
        [null, null, false, null, null],
      );
    });
  });

  test('RequestInitCfProperties has what was given, by its names', () {
    expect(const RequestInitCfProperties().toMap(), <String, Object?>{});
    expect(
      const RequestInitCfProperties(
        cacheEverything: true,
        cacheTtlByStatus: {'404': Duration(seconds: 90)},
        image: RequestInitCfPropertiesImage(width: 10, other: {'zoom': 0.5}),
        other: {'minify': true},
      ).toMap(),
      {
        'cacheEverything': true,
        'cacheTtlByStatus': {'404': 90},
        'image': {'width': 10, 'zoom': 0.5},
        'minify': true,
      },
    );
  });

  group('Request', () {
    Request incoming(FakeRef ref) => requestFromHost(ref, {
          'url': 'https://a/',
          'method': 'POST',
          'headers': <Object?>[],
          'hasBody': true,
        });

    test('options of fetch', () {
      final request = Request(
        'https://a/',
        redirect: RedirectMode.manual,
        cache: RequestCache.noStore,
        cf: const RequestInitCfProperties(cacheTtl: Duration(minutes: 1)),
      );
      expect(describe(requestToHost(request)), [
        'new Request',
        'https://a/',
        {
          'method': 'GET',
          'headers': <Object?>[],
          'redirect': 'manual',
          'cache': 'no-store',
          'cf': {'cacheTtl': 60},
        },
      ]);
      // What is not replaced stays.
      final copy = request.copyWith(cache: RequestCache.noCache);
      final [_, options as Map<String, Object?>] =
          (requestToHost(copy) as HostNew).arguments;
      expect(
        [options['redirect'], options['cache'], options['cf']],
        [
          'manual',
          'no-cache',
          {'cacheTtl': 60},
        ],
      );
    });

    test('options of a request with another URL', () {
      final ref = FakeRef('Request');
      final request = incoming(ref).copyWith(
        url: 'https://b/',
        cf: const RequestInitCfProperties(cacheKey: 'k'),
      );
      expect(describe(requestToHost(request)), [
        'new Request',
        'https://b/',
        [
          'new Request',
          '<Request>',
          {
            'method': 'POST',
            'headers': <Object?>[],
            'cf': {'cacheKey': 'k'},
          },
        ],
      ]);
    });

    test('as a key it keeps its body', () {
      final request = incoming(FakeRef('Request'));
      expect('${requestAsKey(request)}', '<Request>');
      final changed = request.copyWith(headers: {'a': 'b'});
      expect(describe(requestAsKey(changed)), [
        'new Request',
        'https://a/',
        {
          'method': 'POST',
          'headers': [
            ['a', 'b'],
          ],
        },
      ]);
      expect([request.bodyUsed, changed.bodyUsed], [false, false]);
    });

    test('cf is read once', () {
      var reads = 0;
      final ref = _Counting({
        'cf': <String, Object?>{'colo': 'FRA'}
      }, () {
        reads++;
      });
      final request = requestFromHost(ref, {
        'url': 'https://a/',
        'method': 'GET',
        'headers': <Object?>[],
      });
      expect([request.cf?.colo, request.cf?.colo, reads], ['FRA', 'FRA', 1]);
      expect(Request('https://a/').cf, null);
    });
  });

  test('a body that is encoded already is said to be', () {
    final response = Response('x', encodeBody: BodyEncoding.manual);
    Object? said(Response response) =>
        ((responseToHost(response) as HostNew).arguments[1]!
            as Map<String, Object?>)['encodeBody'];
    expect(
      [
        said(response),
        said(response.copyWith(status: 201)),
        said(Response(''))
      ],
      ['manual', 'manual', null],
    );
  });
}

final class _Counting implements HostRef {
  _Counting(this._properties, this._read);

  final Map<String, Object?> _properties;
  final void Function() _read;

  @override
  Object? getSync(String name) {
    _read();
    return _properties[name];
  }

  @override
  Object? noSuchMethod(Invocation invocation) => super.noSuchMethod(invocation);
}
