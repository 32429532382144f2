/// A bucket of R2.
library;

import '../host/current.dart';
import 'r2_content.dart';
import 'r2_exception.dart';
import 'r2_multipart_upload.dart';
import 'r2_object.dart';

/// A bucket of R2, which stores objects of up to 5 TiB under names.
///
/// ```dart
/// final files = env.getR2Bucket('FILES');
/// await files.put('logo.svg', request.body);
/// final logo = await files.get('logo.svg');
/// return logo == null ? Response.notFound() : Response(logo.body);
/// ```
///
/// What was written is read everywhere at once. Keys have up to 1024 bytes.
/// What R2 refuses throws an [R2Exception].
///
/// See https://developers.cloudflare.com/r2/api/workers/workers-api-reference/.
class R2Bucket {
  R2Bucket._(this._ref, this._helpers);

  /// How many keys the platform takes in one call of `delete`.
  static const int _bulkSize = 1000;

  final HostRef _ref;
  final HostRef _helpers;

  /// What R2 tells of the object [key], or `null` if there is none.
  Future<R2Object?> head(String key) async =>
      r2ObjectFromHost(await _call('head', [key]));

  /// The object [key], or `null` if there is none.
  ///
  /// If what [onlyIf] asks for is not so, the object comes without its content:
  /// [R2ObjectBody.body] is `null`. Only [range] of the content is read, by
  /// default all. [ssecKey] is the key of 32 bytes that was given to [put].
  ///
  /// Throws an [R2Exception] with the code 10039 if the object has nothing of
  /// the [range].
  Future<R2ObjectBody?> get(
    String key, {
    R2Range? range,
    R2Conditional? onlyIf,
    List<int>? ssecKey,
  }) async {
    final options = <String, Object?>{
      if (range != null) 'range': r2RangeToHost(range),
      if (onlyIf != null) 'onlyIf': r2ConditionalToHost(onlyIf),
      if (ssecKey != null) 'ssecKey': r2Bytes(ssecKey),
    };
    return r2ObjectBodyFromHost(
      await _call('get', [key, if (options.isNotEmpty) options]),
    );
  }

  /// Stores [value] as the object [key], in place of one that is there.
  ///
  /// [value] is a [String], bytes (`List<int>`), a `FormFile`, of which the
  /// bytes alone are stored, a `Stream<List<int>>`, or `null` for an object
  /// without content. The length of a stream must be known: that of a stream of
  /// the runtime is, if it is the body of an object, or of a request or a
  /// response with a `Content-Length`; for any other give [length], in bytes. A
  /// stream of the runtime does not pass through Dart.
  ///
  /// If what [onlyIf] asks for is not so, nothing is stored, and the result is
  /// `null`.
  ///
  /// [httpMetadata] and [customMetadata] are kept with the object; together
  /// they have up to 8192 bytes. One of [md5], [sha1], [sha256], [sha384] and
  /// [sha512] may be given: the bytes of a checksum, which R2 compares and
  /// keeps. [storageClass] is `Standard` or `InfrequentAccess`, by default that
  /// of the bucket. With [ssecKey], a key of 32 bytes, the object is encrypted;
  /// it can be read with the same key alone.
  ///
  /// Throws an [ArgumentError] for any other [value], for a stream of unknown
  /// length and for several checksums; an [R2Exception] with the code 10037 if
  /// the checksum is another one.
  Future<R2Object?> put(
    String key,
    Object? value, {
    int? length,
    R2Conditional? onlyIf,
    R2HttpMetadata? httpMetadata,
    Map<String, String>? customMetadata,
    List<int>? md5,
    List<int>? sha1,
    List<int>? sha256,
    List<int>? sha384,
    List<int>? sha512,
    String? storageClass,
    List<int>? ssecKey,
  }) async {
    final checksums = <String, Object?>{
      if (md5 != null) 'md5': r2Bytes(md5),
      if (sha1 != null) 'sha1': r2Bytes(sha1),
      if (sha256 != null) 'sha256': r2Bytes(sha256),
      if (sha384 != null) 'sha384': r2Bytes(sha384),
      if (sha512 != null) 'sha512': r2Bytes(sha512),
    };
    if (checksums.length > 1) {
      throw ArgumentError(
        'give one checksum, not ${checksums.keys.map((n) => '`$n`').join(' and ')}',
      );
    }
    final options = {
      if (onlyIf != null) 'onlyIf': r2ConditionalToHost(onlyIf),
      ..._stored(httpMetadata, customMetadata, storageClass, ssecKey),
      ...checksums,
    };
    return r2ObjectFromHost(
      await _call('put', [
        key,
        r2Content(value, length),
        if (options.isNotEmpty) options,
      ]),
    );
  }

  /// Deletes the object [key]; does nothing if there is none.
  Future<void> delete(String key) async {
    await explained(_ref.call('delete', [key]));
  }

  /// Deletes the objects [keys], those that there are.
  ///
  /// Any number of keys may be given; every 1000 are one call to the platform.
  Future<void> deleteMany(Iterable<String> keys) async {
    final all = keys.toSet().toList();
    for (var start = 0; start < all.length; start += _bulkSize) {
      await explained(
        _ref.call('delete', [all.skip(start).take(_bulkSize).toList()]),
      );
    }
  }

  /// Lists objects in the order of the UTF-8 bytes of their keys: those that
  /// begin with [prefix] and come after [startAfter], at most [limit] of them
  /// (1000 if not given, and never more).
  ///
  /// With a [delimiter], such as `/`, the keys that have it after the [prefix]
  /// are left out; what they have up to it is in
  /// [R2Objects.delimitedPrefixes], each once, like the folders in a folder.
  /// Metadata that [include] does not name may be missing.
  ///
  /// If [R2Objects.truncated] is true there are more, which a further call gets
  /// with the result's [R2Objects.cursor]. [listAll] does so by itself.
  Future<R2Objects> list({
    String? prefix,
    String? delimiter,
    String? startAfter,
    String? cursor,
    int? limit,
    Set<R2Include> include = const {},
  }) async {
    final options = <String, Object?>{
      if (prefix != null) 'prefix': prefix,
      if (delimiter != null) 'delimiter': delimiter,
      if (startAfter != null) 'startAfter': startAfter,
      if (cursor != null) 'cursor': cursor,
      if (limit != null) 'limit': limit,
      if (include.isNotEmpty)
        'include': [for (final part in include) part.name],
    };
    final result =
        (await _call('list', [if (options.isNotEmpty) options]))! as Map;
    return R2Objects(
      [
        for (final object in result['objects']! as List)
          r2ObjectFromHost(object)!,
      ],
      delimitedPrefixes: (result['delimitedPrefixes'] as List?)?.cast() ?? [],
      truncated: result['truncated'] == true,
      cursor: result['cursor'] as String?,
    );
  }

  /// All objects whose keys begin with [prefix] and come after [startAfter], in
  /// the order of the UTF-8 bytes of their keys; see [list].
  ///
  /// Asks the platform for the next 1000 when those before were taken.
  Stream<R2Object> listAll({
    String? prefix,
    String? startAfter,
    Set<R2Include> include = const {},
  }) async* {
    String? cursor;
    do {
      final page = await list(
        prefix: prefix,
        // The cursor says where it goes on.
        startAfter: cursor == null ? startAfter : null,
        cursor: cursor,
        include: include,
      );
      yield* Stream.fromIterable(page.objects);
      cursor = page.truncated ? page.cursor : null;
    } while (cursor != null);
  }

  /// Begins to upload the object [key] in parts; for the rest see [put].
  Future<R2MultipartUpload> createMultipartUpload(
    String key, {
    R2HttpMetadata? httpMetadata,
    Map<String, String>? customMetadata,
    String? storageClass,
    List<int>? ssecKey,
  }) async {
    final options =
        _stored(httpMetadata, customMetadata, storageClass, ssecKey);
    final upload = (await explained(
      _ref.call(
        'createMultipartUpload',
        [key, if (options.isNotEmpty) options],
        select: const ['uploadId'],
      ),
    ))! as HostRef;
    final uploadId = upload.selected['uploadId']! as String;
    // One that is resumed does the same, and can be kept between events.
    upload.release();
    return resumeMultipartUpload(key, uploadId);
  }

  /// The upload [uploadId] of the object [key], to go on with it.
  ///
  /// Asks the platform for nothing: if there is no such upload, its methods
  /// throw an [R2Exception].
  R2MultipartUpload resumeMultipartUpload(String key, String uploadId) =>
      r2MultipartUploadFromHost(
        key,
        uploadId,
        _ref.derive('resumeMultipartUpload', [key, uploadId]),
        _helpers,
      );

  Future<Object?> _call(String method, List<Object?> arguments) =>
      explained(_helpers.call('r2', [_ref, method, ...arguments]));

  static Map<String, Object?> _stored(
    R2HttpMetadata? httpMetadata,
    Map<String, String>? customMetadata,
    String? storageClass,
    List<int>? ssecKey,
  ) =>
      {
        if (httpMetadata != null)
          'httpMetadata': r2HttpMetadataToHost(httpMetadata),
        if (customMetadata != null) 'customMetadata': customMetadata,
        if (storageClass != null) 'storageClass': storageClass,
        if (ssecKey != null) 'ssecKey': r2Bytes(ssecKey),
      };
}

/// What a list of R2 may tell of each object beside the rest.
enum R2Include {
  /// [R2Object.httpMetadata].
  httpMetadata,

  /// [R2Object.customMetadata].
  customMetadata,
}

/// One page of the objects of a [R2Bucket].
final class R2Objects {
  /// A page with these [objects].
  const R2Objects(
    this.objects, {
    this.delimitedPrefixes = const [],
    this.truncated = false,
    this.cursor,
  });

  /// The objects.
  final List<R2Object> objects;

  /// What keys that are left out begin with, up to and with the delimiter.
  final List<String> delimitedPrefixes;

  /// Whether there are more objects.
  final bool truncated;

  /// What gets the next page, given to [R2Bucket.list]; `null` if there is
  /// none.
  final String? cursor;
}

/// The bucket behind [ref]; [helpers] stands for those of the host.
R2Bucket r2BucketFromHost(HostRef ref, {HostRef? helpers}) =>
    R2Bucket._(ref, helpers ?? host.helpers);
