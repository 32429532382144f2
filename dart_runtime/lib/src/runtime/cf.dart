/// What Cloudflare knows of a request, and what it can be told about one.
library;

/// What Cloudflare knows of a request that it received.
///
/// Most of it may be missing: under `dartflare dev` it is made up, and some of
/// it needs a paid plan. What has no property of its own is had by its name:
/// `request.cf?['clientTrustScore']`.
///
/// See https://developers.cloudflare.com/workers/runtime-apis/request/#incomingrequestcfproperties.
class IncomingRequestCfProperties {
  /// The properties as the platform has them.
  const IncomingRequestCfProperties(this._properties);

  final Map<String, Object?> _properties;

  /// The property [name] as the platform has it, or `null` if there is none.
  Object? operator [](String name) => _properties[name];

  /// The names of all that there is.
  Iterable<String> get names => _properties.keys;

  /// The number of the network that the request came from.
  int? get asn => _number('asn')?.toInt();

  /// Who runs that network.
  String? get asOrganization => _text('asOrganization');

  /// The Cloudflare location that received the request, an airport's code such
  /// as `FRA`.
  String? get colo => _text('colo');

  /// The country as two letters, `T1` for Tor.
  String? get country => _text('country');

  /// Whether the country is in the European Union.
  bool get isEUCountry => _properties['isEUCountry'] == '1';

  /// The continent as two letters.
  String? get continent => _text('continent');

  /// The city.
  String? get city => _text('city');

  /// The postal code.
  String? get postalCode => _text('postalCode');

  /// The region of the country, such as `Texas`.
  String? get region => _text('region');

  /// The region's code, such as `TX`.
  String? get regionCode => _text('regionCode');

  /// The code of the metropolitan area, in the United States.
  String? get metroCode => _text('metroCode');

  /// The time zone, such as `America/Chicago`.
  String? get timezone => _text('timezone');

  /// The latitude in degrees.
  double? get latitude => _number('latitude')?.toDouble();

  /// The longitude in degrees.
  double? get longitude => _number('longitude')?.toDouble();

  /// The HTTP version, such as `HTTP/2`.
  String? get httpProtocol => _text('httpProtocol');

  /// The priority that the client asked for.
  String? get requestPriority => _text('requestPriority');

  /// The encodings that the client takes, as its header had them before
  /// Cloudflare replaced it.
  String? get clientAcceptEncoding => _text('clientAcceptEncoding');

  /// How long a packet takes to the client and back, over TCP.
  Duration? get clientTcpRtt => switch (_number('clientTcpRtt')) {
        null => null,
        final milliseconds =>
          Duration(microseconds: (milliseconds * 1000).round()),
      };

  /// The version of TLS, such as `TLSv1.3`.
  String? get tlsVersion => _text('tlsVersion');

  /// The cipher of the TLS connection.
  String? get tlsCipher => _text('tlsCipher');

  /// What is known of the certificate that the client showed.
  CfTlsClientAuth? get tlsClientAuth => switch (_properties['tlsClientAuth']) {
        final Map<String, Object?> properties => CfTlsClientAuth(properties),
        _ => null,
      };

  /// Whether a program sent the request.
  CfBotManagement? get botManagement => switch (_properties['botManagement']) {
        final Map<String, Object?> properties => CfBotManagement(properties),
        _ => null,
      };

  /// What was set for the custom host name, with Cloudflare for SaaS.
  Object? get hostMetadata => _properties['hostMetadata'];

  /// All properties, as they are.
  Map<String, Object?> toMap() => {..._properties};

  String? _text(String name) => switch (_properties[name]) {
        final String text => text,
        _ => null,
      };

  num? _number(String name) => _numberOf(_properties[name]);
}

num? _numberOf(Object? value) => switch (value) {
      final num number => number,
      final String text => num.tryParse(text),
      _ => null,
    };

/// What is known of the certificate that a client showed; see
/// [IncomingRequestCfProperties].
class CfTlsClientAuth {
  /// The properties as the platform has them.
  const CfTlsClientAuth(this._properties);

  final Map<String, Object?> _properties;

  /// The property [name] as the platform has it, or `null` if there is none.
  Object? operator [](String name) => _properties[name];

  /// Whether the client showed a certificate.
  bool get isPresented => _properties['certPresented'] == '1';

  /// Whether the certificate is valid, and was not revoked.
  bool get isVerified => _properties['certVerified'] == 'SUCCESS' && !isRevoked;

  /// What came of the verification, such as `SUCCESS`, `NONE` or
  /// `FAILED:self signed certificate`.
  String? get verification => _properties['certVerified'] as String?;

  /// Whether the certificate was revoked.
  bool get isRevoked => _properties['certRevoked'] == '1';

  /// Whom the certificate is for, as RFC 2253 writes it.
  String? get subject => _properties['certSubjectDNRFC2253'] as String?;

  /// Who issued the certificate, as RFC 2253 writes it.
  String? get issuer => _properties['certIssuerDNRFC2253'] as String?;

  /// The certificate's serial number, in hexadecimal.
  String? get serial => _properties['certSerial'] as String?;

  /// The SHA-256 of the certificate, in hexadecimal.
  String? get fingerprintSha256 =>
      _properties['certFingerprintSHA256'] as String?;

  /// Since when the certificate is valid, as the platform writes it.
  String? get notBefore => _properties['certNotBefore'] as String?;

  /// Until when the certificate is valid, as the platform writes it.
  String? get notAfter => _properties['certNotAfter'] as String?;
}

/// Whether a program sent a request; see [IncomingRequestCfProperties].
class CfBotManagement {
  /// The properties as the platform has them.
  const CfBotManagement(this._properties);

  final Map<String, Object?> _properties;

  /// The property [name] as the platform has it, or `null` if there is none.
  Object? operator [](String name) => _properties[name];

  /// From 1, surely a program, to 99, surely a person.
  int? get score => _numberOf(_properties['score'])?.toInt();

  /// Whether it is a known good program, such as that of a search engine.
  bool get isVerifiedBot => _properties['verifiedBot'] == true;

  /// Whether it came through a company's proxy.
  bool get isCorporateProxy => _properties['corporateProxy'] == true;

  /// Whether it is for a file that seldom changes.
  bool get isStaticResource => _properties['staticResource'] == true;

  /// What was found about the client, as numbers.
  List<int> get detectionIds => [
        if (_properties['detectionIds'] case final List<Object?> ids)
          for (final id in ids)
            if (id is num) id.toInt(),
      ];

  /// The JA3 fingerprint of the client's TLS.
  String? get ja3Hash => _properties['ja3Hash'] as String?;

  /// The JA4 fingerprint of the client's TLS.
  String? get ja4 => _properties['ja4'] as String?;
}

/// What Cloudflare does with a request that `fetch` sends.
///
/// ```dart
/// final response = await fetch(
///   'https://example.com/logo.png',
///   cf: const RequestInitCfProperties(
///     cacheEverything: true,
///     cacheTtl: Duration(minutes: 5),
///   ),
/// );
/// ```
///
/// `null` is what the platform does by itself. Under `dartflare dev`, which has
/// neither cache nor image transformation before a server, it has no effect.
///
/// See https://developers.cloudflare.com/workers/runtime-apis/request/#the-cf-property-requestinitcfproperties.
class RequestInitCfProperties {
  /// What is given here.
  const RequestInitCfProperties({
    this.cacheEverything,
    this.cacheKey,
    this.cacheTags,
    this.cacheTtl,
    this.cacheTtlByStatus,
    this.cacheControl,
    this.image,
    this.polish,
    this.resolveOverride,
    this.scrapeShield,
    this.apps,
    this.mirage,
    this.other = const {},
  });

  /// Whether every kind of content is cached.
  final bool? cacheEverything;

  /// What requests share a cached response by; Enterprise only.
  final String? cacheKey;

  /// Tags to purge the cached response by; Enterprise only.
  final List<String>? cacheTags;

  /// How long the response is cached, whatever its headers say; in whole
  /// seconds.
  final Duration? cacheTtl;

  /// How long the response is cached by its status, such as `200-299` or `404`;
  /// in whole seconds. A negative one is not cached.
  final Map<String, Duration>? cacheTtlByStatus;

  /// The header `Cache-Control` that the response is cached with. It excludes
  /// [cacheTtl].
  final String? cacheControl;

  /// How the image is transformed that comes.
  final RequestInitCfPropertiesImage? image;

  /// How images are optimised: `lossy`, `lossless` or `off`.
  final String? polish;

  /// Another host of the same zone to connect to.
  final String? resolveOverride;

  /// Whether Scrape Shield changes the response.
  final bool? scrapeShield;

  /// Whether Cloudflare Apps change the response.
  final bool? apps;

  /// Whether Mirage changes images.
  final bool? mirage;

  /// Anything else, by the platform's names.
  final Map<String, Object?> other;

  /// The properties by the platform's names.
  Map<String, Object?> toMap() => {
        if (cacheEverything != null) 'cacheEverything': cacheEverything,
        if (cacheKey != null) 'cacheKey': cacheKey,
        if (cacheTags != null) 'cacheTags': cacheTags,
        if (cacheTtl case final ttl?) 'cacheTtl': ttl.inSeconds,
        if (cacheTtlByStatus case final ttls?)
          'cacheTtlByStatus': {
            for (final MapEntry(:key, :value) in ttls.entries)
              key: value.inSeconds,
          },
        if (cacheControl != null) 'cacheControl': cacheControl,
        if (image case final image?) 'image': image.toMap(),
        if (polish != null) 'polish': polish,
        if (resolveOverride != null) 'resolveOverride': resolveOverride,
        if (scrapeShield != null) 'scrapeShield': scrapeShield,
        if (apps != null) 'apps': apps,
        if (mirage != null) 'mirage': mirage,
        ...other,
      };
}

/// How Cloudflare transforms an image that `fetch` requests; `null` is what it
/// does by itself.
///
/// See https://developers.cloudflare.com/images/transform-images/transform-via-workers/.
class RequestInitCfPropertiesImage {
  /// What is given here.
  const RequestInitCfPropertiesImage({
    this.width,
    this.height,
    this.fit,
    this.gravity,
    this.quality,
    this.format,
    this.background,
    this.rotate,
    this.blur,
    this.sharpen,
    this.dpr,
    this.anim,
    this.metadata,
    this.other = const {},
  });

  /// The width in pixels.
  final int? width;

  /// The height in pixels.
  final int? height;

  /// How the image fills width and height: `scale-down`, `contain`, `cover`,
  /// `crop`, `pad` or what else the platform knows.
  final String? fit;

  /// Which part stays when it is cut: `face`, `left`, `right`, `top`, `bottom`,
  /// `center` or `auto`.
  final String? gravity;

  /// The quality, from 1 to 100.
  final int? quality;

  /// The format: `avif`, `webp`, `jpeg`, `png`, `json` or what else the
  /// platform knows.
  final String? format;

  /// The colour behind it, as CSS writes it.
  final String? background;

  /// By how much it is turned: 90, 180 or 270 degrees.
  final int? rotate;

  /// How much it is blurred, from 1 to 250.
  final num? blur;

  /// How much it is sharpened, from 0 to 10.
  final num? sharpen;

  /// By what width and height are multiplied.
  final num? dpr;

  /// Whether an animation stays one.
  final bool? anim;

  /// What of the metadata is kept: `keep`, `copyright` or `none`.
  final String? metadata;

  /// Anything else, by the platform's names.
  final Map<String, Object?> other;

  /// The properties by the platform's names.
  Map<String, Object?> toMap() => {
        if (width != null) 'width': width,
        if (height != null) 'height': height,
        if (fit != null) 'fit': fit,
        if (gravity != null) 'gravity': gravity,
        if (quality != null) 'quality': quality,
        if (format != null) 'format': format,
        if (background != null) 'background': background,
        if (rotate != null) 'rotate': rotate,
        if (blur != null) 'blur': blur,
        if (sharpen != null) 'sharpen': sharpen,
        if (dpr != null) 'dpr': dpr,
        if (anim != null) 'anim': anim,
        if (metadata != null) 'metadata': metadata,
        ...other,
      };
}
