/// Cloudflare Stream.
library;

import '../host/host.dart';
import 'remote.dart';
import 'stream_video.dart';

/// Cloudflare Stream, which keeps videos and plays them.
///
/// ```dart
/// final video = await env.stream.upload('https://example.com/talk.mp4');
/// final token = await env.stream.video(video.id).generateToken();
/// ```
///
/// What the platform refuses throws a [WorkersException] whose message begins
/// with what it is, such as `NotFoundError`, `BadRequestError` or
/// `QuotaReachedError`.
///
/// Under `dartflare dev` Wrangler has a local implementation if the
/// configuration says `"remote": false`, which keeps videos as they are;
/// otherwise each call goes to Cloudflare.
///
/// See https://developers.cloudflare.com/stream/.
class StreamBinding {
  StreamBinding._(this._ref);

  final HostRef _ref;

  /// The video [id]. Does no I/O, and does not check that there is one.
  StreamVideoHandle video(String id) =>
      StreamVideoHandle._(_ref.derive('video', [id]), id);

  /// Has Stream fetch the video at [url].
  ///
  /// It can be seen on the [allowedOrigins] alone, on any if there are none;
  /// with [requireSignedUrls] by those alone that have a token. [creator] and
  /// [metadata] are kept with it. It is deleted at [scheduledDeletion], at
  /// least 30 days from now. Its thumbnail is that at [thumbnailTimestampPct]
  /// of it, 0 to 1. [watermarkId] is the watermark that it gets.
  Future<StreamVideo> upload(
    String url, {
    List<String>? allowedOrigins,
    String? creator,
    Map<String, String>? metadata,
    bool? requireSignedUrls,
    DateTime? scheduledDeletion,
    num? thumbnailTimestampPct,
    String? watermarkId,
  }) async =>
      streamVideoFromHost(
        await _ref.call('upload', [
          url,
          ...lastArgument({
            'allowedOrigins': allowedOrigins,
            'creator': creator,
            'meta': metadata,
            'requireSignedURLs': requireSignedUrls,
            'scheduledDeletion': _time(scheduledDeletion),
            'thumbnailTimestampPct': thumbnailTimestampPct,
            'watermarkId': watermarkId,
          }),
        ]),
      );

  /// A URL that a user can upload one video to, of [maxDuration] at most (in
  /// whole seconds), until [expiry]; see [upload] for the rest.
  Future<StreamDirectUpload> createDirectUpload({
    required Duration maxDuration,
    DateTime? expiry,
    List<String>? allowedOrigins,
    String? creator,
    Map<String, String>? metadata,
    bool? requireSignedUrls,
    DateTime? scheduledDeletion,
    num? thumbnailTimestampPct,
    String? watermarkId,
  }) async {
    final result = objectFromHost(
      await _ref.call('createDirectUpload', [
        given({
          'maxDurationSeconds': maxDuration.inSeconds,
          'expiry': _time(expiry),
          'allowedOrigins': allowedOrigins,
          'creator': creator,
          'meta': metadata,
          'requireSignedURLs': requireSignedUrls,
          'scheduledDeletion': _time(scheduledDeletion),
          'thumbnailTimestampPct': thumbnailTimestampPct,
          'watermark': watermarkId == null ? null : {'id': watermarkId},
        }),
      ]),
    );
    return StreamDirectUpload(
      id: result['id'] as String? ?? '',
      uploadUrl: Uri.parse(result['uploadURL'] as String? ?? ''),
      watermark: streamWatermarkFromHost(result['watermark']),
      scheduledDeletion: dateFromHost(result['scheduledDeletion']),
    );
  }

  /// The account's videos, the newest first: at most [limit], created before
  /// [before] and at or after [after], or as [beforeComparison] and
  /// [afterComparison] say.
  Future<List<StreamVideo>> listVideos({
    int? limit,
    DateTime? before,
    StreamComparison? beforeComparison,
    DateTime? after,
    StreamComparison? afterComparison,
  }) async {
    final videos = await _ref.property('videos').call(
          'list',
          lastArgument({
            'limit': limit,
            'before': _time(before),
            'beforeComp': beforeComparison?.name,
            'after': _time(after),
            'afterComp': afterComparison?.name,
          }),
        );
    return listFromHost(videos, streamVideoFromHost);
  }

  /// The watermarks that uploads can get.
  StreamWatermarks get watermarks =>
      StreamWatermarks._(_ref.property('watermarks'));
}

/// How a time is compared in [StreamBinding.listVideos].
enum StreamComparison {
  /// Equal.
  eq,

  /// Later.
  gt,

  /// Later or equal.
  gte,

  /// Earlier.
  lt,

  /// Earlier or equal.
  lte,
}

/// A video of a [StreamBinding].
class StreamVideoHandle {
  StreamVideoHandle._(this._ref, this.id);

  final HostRef _ref;

  /// The video's id.
  final String id;

  /// What the video is.
  Future<StreamVideo> details() async =>
      streamVideoFromHost(await _ref.call('details', const []));

  /// Changes what is given, and returns what the video now is; see
  /// [StreamBinding.upload].
  ///
  /// With [keep] a deletion that was scheduled is not. [maxDuration] is for a
  /// video that is to be uploaded yet.
  ///
  /// Throws an [ArgumentError] if both [keep] and [scheduledDeletion] are
  /// given.
  Future<StreamVideo> update({
    List<String>? allowedOrigins,
    String? creator,
    Duration? maxDuration,
    Map<String, String>? metadata,
    bool? requireSignedUrls,
    DateTime? scheduledDeletion,
    bool keep = false,
    num? thumbnailTimestampPct,
  }) async {
    if (keep && scheduledDeletion != null) {
      throw ArgumentError('give either `keep` or `scheduledDeletion`');
    }
    return streamVideoFromHost(
      await _ref.call('update', [
        {
          ...given({
            'allowedOrigins': allowedOrigins,
            'creator': creator,
            'maxDurationSeconds': maxDuration?.inSeconds,
            'meta': metadata,
            'requireSignedURLs': requireSignedUrls,
            'scheduledDeletion': _time(scheduledDeletion),
            'thumbnailTimestampPct': thumbnailTimestampPct,
          }),
          if (keep) 'scheduledDeletion': null,
        },
      ]),
    );
  }

  /// Deletes the video.
  Future<void> delete() async {
    await _ref.call('delete', const []);
  }

  /// A token that stands for the id in URLs of a video that requires signed
  /// ones.
  Future<String> generateToken() async =>
      (await _ref.call('generateToken', const []))! as String;

  /// The files that the video can be downloaded as.
  StreamDownloads get downloads =>
      StreamDownloads._(_ref.property('downloads'));

  /// The captions of the video.
  StreamCaptions get captions => StreamCaptions._(_ref.property('captions'));
}

/// The files that a video can be downloaded as.
class StreamDownloads {
  StreamDownloads._(this._ref);

  final HostRef _ref;

  /// Has the file made; its [StreamDownload.percentComplete] says how far that
  /// is.
  Future<StreamDownloadsResult> generate({
    StreamDownloadType type = StreamDownloadType.video,
  }) async =>
      streamDownloadsFromHost(
        await _ref.call('generate', [streamDownloadTypeToHost(type)]),
      );

  /// The files that there are.
  Future<StreamDownloadsResult> get() async =>
      streamDownloadsFromHost(await _ref.call('get', const []));

  /// Deletes the file.
  Future<void> delete({
    StreamDownloadType type = StreamDownloadType.video,
  }) async {
    await _ref.call('delete', [streamDownloadTypeToHost(type)]);
  }
}

/// The captions of a video, one for each language (as in BCP 47, such as
/// `de`).
class StreamCaptions {
  StreamCaptions._(this._ref);

  final HostRef _ref;

  /// Uploads a WebVTT file, bytes or a `Stream<List<int>>`.
  ///
  /// Throws an [ArgumentError] if [captions] is neither.
  Future<StreamCaption> upload(String language, Object captions) async =>
      streamCaptionFromHost(
        objectFromHost(
          await _ref.call(
            'upload',
            [language, bytesToHost(captions, 'captions')],
          ),
        ),
      );

  /// Has captions made of what is said.
  Future<StreamCaption> generate(String language) async =>
      streamCaptionFromHost(
        objectFromHost(await _ref.call('generate', [language])),
      );

  /// The captions that there are, or those in [language].
  Future<List<StreamCaption>> list([String? language]) async => listFromHost(
        await _ref.call('list', [if (language != null) language]),
        streamCaptionFromHost,
      );

  /// Deletes the captions in [language].
  Future<void> delete(String language) async {
    await _ref.call('delete', [language]);
  }
}

/// The watermarks of the account.
class StreamWatermarks {
  StreamWatermarks._(this._ref);

  final HostRef _ref;

  /// Makes a watermark of [image], bytes, a `Stream<List<int>>` or a URL as a
  /// [String].
  ///
  /// [opacity], [padding] and [scale] are from 0 to 1; of the last two, 1 is
  /// all of the video.
  ///
  /// Throws an [ArgumentError] for any other [image].
  Future<StreamWatermark> generate(
    Object image, {
    String? name,
    num? opacity,
    num? padding,
    num? scale,
    StreamWatermarkPosition? position,
  }) async =>
      streamWatermarkFromHost(
        await _ref.call('generate', [
          image is String ? image : bytesToHost(image, 'image'),
          given({
            'name': name,
            'opacity': opacity,
            'padding': padding,
            'scale': scale,
            'position': position?.name,
          }),
        ]),
      )!;

  /// The watermarks that there are.
  Future<List<StreamWatermark>> list() async => listFromHost(
        await _ref.call('list', const []),
        (watermark) => streamWatermarkFromHost(watermark)!,
      );

  /// The watermark [id].
  Future<StreamWatermark> get(String id) async =>
      streamWatermarkFromHost(await _ref.call('get', [id]))!;

  /// Deletes the watermark [id].
  Future<void> delete(String id) async {
    await _ref.call('delete', [id]);
  }
}

String? _time(DateTime? time) => time?.toUtc().toIso8601String();

/// The object behind [ref].
StreamBinding streamBindingFromHost(HostRef ref) => StreamBinding._(ref);
