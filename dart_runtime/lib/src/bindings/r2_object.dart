/// The objects in a bucket of R2, and what may be asked of them.
library;

import 'dart:convert';
import 'dart:typed_data';

import '../host/host.dart';
import '../http/body.dart';
import '../http/date.dart';
import '../http/headers.dart';
import '../values.dart';

/// What R2 tells of an object.
///
/// See https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#r2object-definition.
class R2Object {
  /// Describes an object.
  const R2Object({
    required this.key,
    required this.version,
    required this.size,
    required this.etag,
    required this.httpEtag,
    required this.uploaded,
    this.checksums = const R2Checksums(),
    this.httpMetadata,
    this.customMetadata,
    this.storageClass,
    this.ssecKeyMd5,
  });

  R2Object._(Map<String, Object?> object)
      : this(
          key: object['key']! as String,
          version: object['version']! as String,
          size: object['size']! as int,
          etag: object['etag']! as String,
          httpEtag: object['httpEtag']! as String,
          uploaded: object['uploaded']! as DateTime,
          checksums: R2Checksums._(_map(object['checksums']) ?? const {}),
          httpMetadata: switch (_map(object['httpMetadata'])) {
            null => null,
            final metadata => R2HttpMetadata._(metadata),
          },
          customMetadata:
              _map(object['customMetadata'])?.cast<String, String>(),
          storageClass: _textOrNull(object['storageClass']),
          ssecKeyMd5: object['ssecKeyMd5'] as String?,
        );

  /// The name.
  final String key;

  /// What tells this upload of the object from every other one.
  final String version;

  /// How many bytes the whole object has.
  final int size;

  /// What tells one content of the object from another, without quotes.
  final String etag;

  /// The [etag] in quotes, as the header `ETag` has it.
  final String httpEtag;

  /// When it was uploaded, in UTC.
  final DateTime uploaded;

  /// The checksums that R2 has of the whole object.
  final R2Checksums checksums;

  /// What was given to `put`; `null` in a list that was asked for without.
  final R2HttpMetadata? httpMetadata;

  /// What was given to `put`; `null` in a list that was asked for without.
  final Map<String, String>? customMetadata;

  /// How it is stored, such as `Standard` or `InfrequentAccess`; `null` if the
  /// platform does not say, as in local development.
  final String? storageClass;

  /// The MD5 checksum of the key that the customer encrypted it with, if any.
  final String? ssecKeyMd5;

  /// Sets in [headers] what [httpMetadata] has: `Content-Type`,
  /// `Content-Language`, `Content-Disposition`, `Content-Encoding`,
  /// `Cache-Control` and `Expires`.
  ///
  /// The platform compresses the body of a response with a `Content-Encoding`;
  /// one that is compressed already has to be decompressed, see
  /// `CompressionFormat`.
  ///
  /// Throws a [StateError] if the object is of a list that was asked for
  /// without HTTP metadata.
  void writeHttpMetadata(Headers headers) {
    final metadata = httpMetadata;
    if (metadata == null) {
      throw StateError(
        'the HTTP metadata of `$key` is not known; give '
        '`include: {R2Include.httpMetadata}` to `list`, or use `head`',
      );
    }
    metadata._write(headers);
  }

  @override
  String toString() => 'R2Object `$key`, $size bytes';
}

/// An object of R2 with its content, of which a range may have been asked for.
///
/// The content is read once: reading it a second time throws a [StateError], as
/// does reading that of an object whose [body] is `null`.
///
/// See https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#r2objectbody-definition.
class R2ObjectBody extends R2Object {
  R2ObjectBody._(super.object, HostRef? content)
      : range = content == null ? null : _rangeOf(_map(object['range'])),
        _body = content == null ? null : Body.of(content),
        super._();

  final Body? _body;

  /// The part of the object that [body] has, with its offset and length; `null`
  /// without a body.
  final R2Range? range;

  /// The content in pieces as they arrive, or `null` if what `onlyIf` asks for
  /// is not so.
  ///
  /// Given as a body, or stored, before anyone listened to it, it does not pass
  /// through Dart: `Response(object.body)`.
  Stream<Uint8List>? get body => _body?.stream;

  /// Whether the content was read or sent.
  bool get bodyUsed => _body?.isUsed ?? false;

  /// Reads the content as UTF-8 text.
  Future<String> text() => _content.text();

  /// Reads the content as bytes.
  Future<Uint8List> bytes() => _content.bytes();

  /// Reads the content as JSON.
  ///
  /// Throws a [FormatException] if it is not, and a [ValueTypeError] if it is
  /// not a [T].
  Future<T> json<T>() async {
    final text = await _content.text();
    final Object? value;
    try {
      value = jsonDecode(text);
    } on FormatException catch (error) {
      throw FormatException(
        'the R2 object `$key` is not JSON: ${error.message}',
        error.source,
        error.offset,
      );
    }
    return convertValue<T>(value, 'the R2 object `$key`');
  }

  Body get _content {
    final body = _body;
    if (body == null) {
      throw StateError(
        'the R2 object `$key` came without its content, because what `onlyIf` '
        'asks for is not so; see whether `body` is null',
      );
    }
    if (body.isUsed) {
      throw StateError(
        'the content of the R2 object `$key` was already read or sent, and '
        'that works once; keep what you read, or `get` the object again',
      );
    }
    return body;
  }
}

/// The checksums of an object, those that R2 has; `null` for the others.
final class R2Checksums {
  /// Describes the checksums of an object.
  const R2Checksums({
    this.md5,
    this.sha1,
    this.sha256,
    this.sha384,
    this.sha512,
  });

  R2Checksums._(Map<String, Object?> checksums)
      : this(
          md5: checksums['md5'] as Uint8List?,
          sha1: checksums['sha1'] as Uint8List?,
          sha256: checksums['sha256'] as Uint8List?,
          sha384: checksums['sha384'] as Uint8List?,
          sha512: checksums['sha512'] as Uint8List?,
        );

  /// 16 bytes. R2 has it of every object that was uploaded in one piece.
  final Uint8List? md5;

  /// 20 bytes.
  final Uint8List? sha1;

  /// 32 bytes.
  final Uint8List? sha256;

  /// 48 bytes.
  final Uint8List? sha384;

  /// 64 bytes.
  final Uint8List? sha512;

  /// The name and the hexadecimal digits of each that there is.
  Map<String, String> toJson() => {
        for (final (name, bytes) in [
          ('md5', md5),
          ('sha1', sha1),
          ('sha256', sha256),
          ('sha384', sha384),
          ('sha512', sha512),
        ])
          if (bytes != null)
            name: [
              for (final byte in bytes) byte.toRadixString(16).padLeft(2, '0'),
            ].join(),
      };
}

/// How an object is to be sent over HTTP.
final class R2HttpMetadata {
  /// Describes how an object is to be sent.
  const R2HttpMetadata({
    this.contentType,
    this.contentLanguage,
    this.contentDisposition,
    this.contentEncoding,
    this.cacheControl,
    this.cacheExpiry,
  });

  /// What [headers], those of an upload for one, say of the content. An
  /// `Expires` that is no date of HTTP is left out.
  factory R2HttpMetadata.fromHeaders(Headers headers) => R2HttpMetadata(
        contentType: headers['content-type'],
        contentLanguage: headers['content-language'],
        contentDisposition: headers['content-disposition'],
        contentEncoding: headers['content-encoding'],
        cacheControl: headers['cache-control'],
        cacheExpiry: parseHttpDate(headers['expires']),
      );

  R2HttpMetadata._(Map<String, Object?> metadata)
      : this(
          contentType: metadata['contentType'] as String?,
          contentLanguage: metadata['contentLanguage'] as String?,
          contentDisposition: metadata['contentDisposition'] as String?,
          contentEncoding: metadata['contentEncoding'] as String?,
          cacheControl: metadata['cacheControl'] as String?,
          cacheExpiry: metadata['cacheExpiry'] as DateTime?,
        );

  /// The header `Content-Type`.
  final String? contentType;

  /// The header `Content-Language`.
  final String? contentLanguage;

  /// The header `Content-Disposition`.
  final String? contentDisposition;

  /// The header `Content-Encoding`.
  final String? contentEncoding;

  /// The header `Cache-Control`.
  final String? cacheControl;

  /// The header `Expires`, in UTC.
  final DateTime? cacheExpiry;

  void _write(Headers headers) {
    final expiry = cacheExpiry;
    for (final (name, value) in [
      ('content-type', contentType),
      ('content-language', contentLanguage),
      ('content-disposition', contentDisposition),
      ('content-encoding', contentEncoding),
      ('cache-control', cacheControl),
      ('expires', expiry == null ? null : formatHttpDate(expiry)),
    ]) {
      if (value != null) headers[name] = value;
    }
  }
}

/// A part of an object.
final class R2Range {
  /// [length] bytes from the byte [offset] on: from the first if it is not
  /// given, and to the end without a [length].
  const R2Range({this.offset, this.length})
      : suffix = null,
        _header = null;

  /// The last [suffix] bytes.
  const R2Range.suffix(int this.suffix)
      : offset = null,
        length = null,
        _header = null;

  /// What the header `Range` in [headers] asks for; all of the object if there
  /// is none, or one that cannot be satisfied or asks for several ranges.
  R2Range.fromHeaders(Headers headers)
      : offset = null,
        length = null,
        suffix = null,
        _header = headers['range'] ?? '';

  /// The first byte, counted from 0.
  final int? offset;

  /// How many bytes.
  final int? length;

  /// How many bytes at the end.
  final int? suffix;

  final String? _header;

  @override
  String toString() => switch ((offset, length, suffix, _header)) {
        (_, _, _, final String header) => 'R2Range `$header`',
        (_, _, final int suffix, _) => 'R2Range of the last $suffix bytes',
        (_, null, _, _) => 'R2Range from ${offset ?? 0}',
        _ => 'R2Range of $length bytes from ${offset ?? 0}',
      };
}

/// What must be so for an object to be read or written.
///
/// All that is given must be so.
final class R2Conditional {
  /// Says what must be so of the object that is there. Etags are those of
  /// [R2Object.etag], without quotes; `*` is any.
  const R2Conditional({
    this.etagMatches,
    this.etagDoesNotMatch,
    this.uploadedBefore,
    this.uploadedAfter,
    this.secondsGranularity = false,
  }) : _headers = null;

  /// What the headers `If-Match`, `If-None-Match`, `If-Modified-Since` and
  /// `If-Unmodified-Since` in [headers] ask for; nothing if there are none.
  R2Conditional.fromHeaders(Headers headers)
      : etagMatches = null,
        etagDoesNotMatch = null,
        uploadedBefore = null,
        uploadedAfter = null,
        secondsGranularity = false,
        _headers = [
          for (final name in const [
            'if-match',
            'if-none-match',
            'if-modified-since',
            'if-unmodified-since',
          ])
            if (headers[name] case final value?) [name, value],
        ];

  /// The object has this etag.
  final String? etagMatches;

  /// The object does not have this etag.
  final String? etagDoesNotMatch;

  /// The object was uploaded before this time.
  final DateTime? uploadedBefore;

  /// The object was uploaded after this time.
  final DateTime? uploadedAfter;

  /// Whether the times count in whole seconds, as those of HTTP do.
  final bool secondsGranularity;

  final List<List<String>>? _headers;
}

/// The object that the runtime describes, or `null`.
R2Object? r2ObjectFromHost(Object? described) {
  final object = _map(described);
  return object == null ? null : R2Object._(object);
}

/// The object that the runtime describes, with its content if it has one, or
/// `null`.
R2ObjectBody? r2ObjectBodyFromHost(Object? described) {
  final object = _map(described);
  return object == null
      ? null
      : R2ObjectBody._(object, object['object'] as HostRef?);
}

/// [range] as the host takes it.
Object r2RangeToHost(R2Range range) {
  if (range._header case final header?) {
    return HostNew('Headers', [
      [
        if (header.isNotEmpty) ['range', header],
      ],
    ]);
  }
  return {
    if (range.offset case final offset?) 'offset': offset,
    if (range.length case final length?) 'length': length,
    if (range.suffix case final suffix?) 'suffix': suffix,
  };
}

/// [condition] as the host takes it.
Object r2ConditionalToHost(R2Conditional condition) {
  if (condition._headers case final headers?) {
    return HostNew('Headers', [headers]);
  }
  return {
    if (condition.etagMatches case final etag?) 'etagMatches': etag,
    if (condition.etagDoesNotMatch case final etag?) 'etagDoesNotMatch': etag,
    if (condition.uploadedBefore case final time?) 'uploadedBefore': time,
    if (condition.uploadedAfter case final time?) 'uploadedAfter': time,
    if (condition.secondsGranularity) 'secondsGranularity': true,
  };
}

/// [metadata] as the host takes it.
Map<String, Object?> r2HttpMetadataToHost(R2HttpMetadata metadata) => {
      for (final (name, value) in [
        ('contentType', metadata.contentType),
        ('contentLanguage', metadata.contentLanguage),
        ('contentDisposition', metadata.contentDisposition),
        ('contentEncoding', metadata.contentEncoding),
        ('cacheControl', metadata.cacheControl),
        ('cacheExpiry', metadata.cacheExpiry),
      ])
        if (value != null) name: value,
    };

R2Range? _rangeOf(Map<String, Object?>? range) => range == null
    ? null
    : R2Range(
        offset: range['offset'] as int? ?? 0,
        length: range['length'] as int?,
      );

Map<String, Object?>? _map(Object? value) =>
    (value as Map<Object?, Object?>?)?.cast<String, Object?>();

String? _textOrNull(Object? value) =>
    value is String && value.isNotEmpty ? value : null;
