/// Images that Cloudflare hosts.
library;

import 'dart:typed_data';

import '../host/host.dart';
import 'remote.dart';

/// The images that Cloudflare hosts for the account.
///
/// What the platform refuses throws a [WorkersException].
///
/// See https://developers.cloudflare.com/images/upload-images/.
class HostedImages {
  HostedImages._(this._ref);

  final HostRef _ref;

  /// The image [id]. Does no I/O, and does not check that there is one.
  HostedImage image(String id) => HostedImage._(_ref.derive('image', [id]), id);

  /// Uploads [image], bytes or a `Stream<List<int>>`, under [id], or under one
  /// that the platform chooses.
  ///
  /// [filename] and [metadata], a JSON object, come along, as does [creator],
  /// which lists can be limited to. With [requireSignedUrls] the image is seen
  /// only by those that have a URL of [HostedImage.signedUrl]. [isBase64] says
  /// that the bytes are base64 text.
  ///
  /// Throws an [ArgumentError] if [image] is neither bytes nor a stream.
  Future<HostedImageDetails> upload(
    Object image, {
    String? id,
    String? filename,
    bool? requireSignedUrls,
    Map<String, Object?>? metadata,
    String? creator,
    bool isBase64 = false,
  }) async =>
      HostedImageDetails._from(
        objectFromHost(
          await _ref.call('upload', [
            bytesToHost(image, 'image'),
            ...lastArgument({
              'id': id,
              'filename': filename,
              'requireSignedURLs': requireSignedUrls,
              'metadata': metadata,
              'creator': creator,
              'encoding': isBase64 ? 'base64' : null,
            }),
          ]),
        ),
      );

  /// One page of the images: at most [limit], the oldest first unless
  /// [newestFirst], of [creator] alone if given, and those whose metadata
  /// [metadata] lets pass, as in `{'year': {'gte': 2020}}`.
  ///
  /// If [HostedImageList.listComplete] is false there are more, which a further
  /// call gets with [HostedImageList.cursor].
  Future<HostedImageList> list({
    int? limit,
    String? cursor,
    bool? newestFirst,
    String? creator,
    Map<String, Object?>? metadata,
  }) async {
    final list = objectFromHost(
      await _ref.call(
        'list',
        lastArgument({
          'limit': limit,
          'cursor': cursor,
          'sortOrder': switch (newestFirst) {
            null => null,
            true => 'desc',
            false => 'asc',
          },
          'creator': creator,
          'filter': metadata == null ? null : {'metadata': metadata},
        }),
      ),
    );
    return HostedImageList(
      listFromHost(list['images'], HostedImageDetails._from),
      cursor: list['cursor'] as String?,
      listComplete: list['listComplete'] == true,
    );
  }

  /// A URL that a user can upload one image to, within [expiresIn], in whole
  /// seconds; see [upload] for the rest.
  Future<HostedImageDirectUpload> createDirectUpload({
    String? id,
    bool? requireSignedUrls,
    Map<String, Object?>? metadata,
    String? creator,
    Duration? expiresIn,
  }) async {
    final result = objectFromHost(
      await _ref.call(
        'createDirectUpload',
        lastArgument({
          'id': id,
          'requireSignedURLs': requireSignedUrls,
          'metadata': metadata,
          'creator': creator,
          'expiresIn': expiresIn?.inSeconds,
        }),
      ),
    );
    return HostedImageDirectUpload(
      id: result['id'] as String? ?? '',
      uploadUrl: Uri.parse(result['uploadURL'] as String? ?? ''),
    );
  }
}

/// An image of [HostedImages].
class HostedImage {
  HostedImage._(this._ref, this.id);

  final HostRef _ref;

  /// The image's id.
  final String id;

  /// What the image is, or `null` if there is none.
  Future<HostedImageDetails?> details() async {
    final details = await _ref.call('details', const []);
    return details == null
        ? null
        : HostedImageDetails._from(objectFromHost(details));
  }

  /// The bytes as they arrive, or `null` if there is no such image.
  ///
  /// Given as a body before anyone listened to it, the stream does not pass
  /// through Dart.
  Future<Stream<Uint8List>?> bytes() async {
    final stream = await _ref.call('bytes', const []);
    return stream == null ? null : streamFromHost(stream, 'the image service');
  }

  /// A URL that shows [variant] of the image, for [expiresIn] if given (in
  /// whole seconds), signed with the key called [keyName] if given.
  Future<Uri> signedUrl({
    required String variant,
    Duration? expiresIn,
    String? keyName,
  }) async =>
      Uri.parse(
        (await _ref.call('signedUrl', [
          given({
            'variant': variant,
            'expiresIn': expiresIn?.inSeconds,
            'keyName': keyName,
          }),
        ]))! as String,
      );

  /// Changes what is given, and returns what the image now is.
  Future<HostedImageDetails> update({
    bool? requireSignedUrls,
    Map<String, Object?>? metadata,
    String? creator,
  }) async =>
      HostedImageDetails._from(
        objectFromHost(
          await _ref.call('update', [
            given({
              'requireSignedURLs': requireSignedUrls,
              'metadata': metadata,
              'creator': creator,
            }),
          ]),
        ),
      );

  /// Deletes the image; whether there was one.
  Future<bool> delete() async => await _ref.call('delete', const []) == true;
}

/// What a [HostedImage] is.
class HostedImageDetails {
  /// An image.
  const HostedImageDetails({
    required this.id,
    required this.requireSignedUrls,
    required this.variants,
    this.filename,
    this.uploaded,
    this.metadata = const {},
    this.isDraft = false,
    this.creator,
  });

  factory HostedImageDetails._from(Map<String, Object?> image) =>
      HostedImageDetails(
        id: image['id'] as String? ?? '',
        filename: image['filename'] as String?,
        uploaded: dateFromHost(image['uploaded']),
        requireSignedUrls: image['requireSignedURLs'] == true,
        metadata: objectFromHost(image['meta']),
        variants: stringsFromHost(image['variants']),
        isDraft: image['draft'] == true,
        creator: image['creator'] as String?,
      );

  /// The image's id.
  final String id;

  /// The name of the file that was uploaded.
  final String? filename;

  /// When it was uploaded, in UTC.
  final DateTime? uploaded;

  /// Whether it is seen only by those that have a signed URL.
  final bool requireSignedUrls;

  /// What was given with it.
  final Map<String, Object?> metadata;

  /// The variants that there are of it.
  final List<String> variants;

  /// Whether it is to be uploaded yet.
  final bool isDraft;

  /// Who made it, as the upload says.
  final String? creator;
}

/// One page of [HostedImages].
class HostedImageList {
  /// A page with these [images].
  const HostedImageList(
    this.images, {
    this.cursor,
    this.listComplete = true,
  });

  /// The images.
  final List<HostedImageDetails> images;

  /// What gets the next page; `null` if there is none.
  final String? cursor;

  /// Whether these are the last images.
  final bool listComplete;
}

/// Where a user can upload an image.
class HostedImageDirectUpload {
  /// An upload of the image [id].
  const HostedImageDirectUpload({required this.id, required this.uploadUrl});

  /// The id that the image will have.
  final String id;

  /// Where it is uploaded to, in a form with one file.
  final Uri uploadUrl;
}

/// The object behind [ref].
HostedImages hostedImagesFromHost(HostRef ref) => HostedImages._(ref);
