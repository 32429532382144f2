/// Uploads to R2 in parts.
library;

import '../host/host.dart';
import 'r2_content.dart';
import 'r2_exception.dart';
import 'r2_object.dart';

/// An upload of one object in parts.
///
/// Each part has at least 5 MiB but the last, and all but the last have the
/// same size. The object is there when [complete] returns. An upload that is
/// neither completed nor aborted is aborted by R2 after seven days.
///
/// An upload may be kept between events, and be taken up elsewhere with
/// `R2Bucket.resumeMultipartUpload`.
///
/// See https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#r2multipartupload-definition.
class R2MultipartUpload {
  R2MultipartUpload._(this.key, this.uploadId, this._ref, this._helpers);

  /// The name of the object.
  final String key;

  /// What names the upload, with the [key].
  final String uploadId;

  final HostRef _ref;
  final HostRef _helpers;

  /// Uploads [value] as the part [partNumber], in place of one that has the
  /// same number.
  ///
  /// [value] is what `R2Bucket.put` takes, but not `null`; [length] is for
  /// streams, as there. [ssecKey] is the key that was given to
  /// `createMultipartUpload`.
  ///
  /// Throws a [RangeError] if [partNumber] is not in 1 to 10000, and an
  /// [R2Exception] if the upload was completed or aborted.
  Future<R2UploadedPart> uploadPart(
    int partNumber,
    Object value, {
    int? length,
    List<int>? ssecKey,
  }) async {
    RangeError.checkValueInInterval(partNumber, 1, 10000, 'partNumber');
    final part = await explained(
      _ref.call('uploadPart', [
        partNumber,
        r2Content(value, length),
        if (ssecKey != null) {'ssecKey': r2Bytes(ssecKey)},
      ]),
    );
    final uploaded = part! as Map<String, Object?>;
    return R2UploadedPart(
      uploaded['partNumber']! as int,
      uploaded['etag']! as String,
    );
  }

  /// Makes the object of [parts], in the order of their numbers.
  ///
  /// Throws an [R2Exception] if R2 has not got one of them, or if they are too
  /// small.
  Future<R2Object> complete(Iterable<R2UploadedPart> parts) async {
    final object = await explained(
      _helpers.call('r2', [
        _ref,
        'complete',
        [
          for (final part in parts)
            {'partNumber': part.partNumber, 'etag': part.etag},
        ],
      ]),
    );
    return r2ObjectFromHost(object)!;
  }

  /// Gives the upload up, and what was uploaded of it.
  Future<void> abort() async {
    await explained(_ref.call('abort', const []));
  }
}

/// A part of a [R2MultipartUpload] that was uploaded.
///
/// To complete an upload elsewhere, keep the parts: each is made again of its
/// two properties.
final class R2UploadedPart {
  /// Describes a part.
  const R2UploadedPart(this.partNumber, this.etag);

  /// Where it belongs, 1 for the first.
  final int partNumber;

  /// What tells its content from another, as R2 gave it.
  final String etag;
}

/// The upload behind [ref].
R2MultipartUpload r2MultipartUploadFromHost(
  String key,
  String uploadId,
  HostRef ref,
  HostRef helpers,
) =>
    R2MultipartUpload._(key, uploadId, ref, helpers);
