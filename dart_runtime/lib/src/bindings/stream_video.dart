/// What Cloudflare Stream tells of its videos.
library;

import 'remote.dart';

/// A video of Cloudflare Stream.
///
/// See https://developers.cloudflare.com/stream/manage-video-library/.
class StreamVideo {
  /// A video.
  const StreamVideo({
    required this.id,
    required this.status,
    this.creator,
    this.thumbnail,
    this.thumbnailTimestampPct,
    this.readyToStream = false,
    this.readyToStreamAt,
    this.metadata = const {},
    this.created,
    this.modified,
    this.scheduledDeletion,
    this.size,
    this.preview,
    this.allowedOrigins = const [],
    this.requireSignedUrls,
    this.uploaded,
    this.uploadExpiry,
    this.maxSizeBytes,
    this.maxDuration,
    this.duration,
    this.width,
    this.height,
    this.hlsPlaybackUrl,
    this.dashPlaybackUrl,
    this.watermark,
    this.liveInputId,
    this.clippedFromId,
    this.publicDetails,
  });

  /// The video's id.
  final String id;

  /// How far it is.
  final StreamVideoStatus status;

  /// Who made it, as the upload says.
  final String? creator;

  /// The URL of its thumbnail.
  final String? thumbnail;

  /// Where in the video its thumbnail is from, 0 to 1.
  final double? thumbnailTimestampPct;

  /// Whether it can be played.
  final bool readyToStream;

  /// Since when it can be played, in UTC.
  final DateTime? readyToStreamAt;

  /// What was given with it.
  final Map<String, Object?> metadata;

  /// When it was created, in UTC.
  final DateTime? created;

  /// When it was changed last, in UTC.
  final DateTime? modified;

  /// When it will be deleted, in UTC; `null` if it stays.
  final DateTime? scheduledDeletion;

  /// Its size in bytes.
  final int? size;

  /// The URL of a page that plays it.
  final String? preview;

  /// Where it can be seen; everywhere if there are none.
  final List<String> allowedOrigins;

  /// Whether it is seen only by those that have a token.
  final bool? requireSignedUrls;

  /// When it was uploaded, in UTC.
  final DateTime? uploaded;

  /// Until when it can be uploaded, in UTC.
  final DateTime? uploadExpiry;

  /// How many bytes an upload may have.
  final int? maxSizeBytes;

  /// How long an upload may be.
  final Duration? maxDuration;

  /// How long it is; `null` if that is not known.
  final Duration? duration;

  /// The width of what was uploaded, in pixels; `null` if it is not known.
  final int? width;

  /// The height of what was uploaded, in pixels; `null` if it is not known.
  final int? height;

  /// The URL for HLS players.
  final String? hlsPlaybackUrl;

  /// The URL for DASH players.
  final String? dashPlaybackUrl;

  /// The watermark that it has, if any.
  final StreamWatermark? watermark;

  /// The id of the live input that it was recorded from, if any.
  final String? liveInputId;

  /// The id of the video that it is a part of, if any.
  final String? clippedFromId;

  /// What viewers are told, if anything.
  final StreamPublicDetails? publicDetails;
}

/// How far a [StreamVideo] is.
class StreamVideoStatus {
  /// A status.
  const StreamVideoStatus({
    required this.state,
    this.step,
    this.pctComplete,
    this.errorReasonCode,
    this.errorReasonText,
  });

  /// What is done to it, such as `inprogress`, `ready` or `error`.
  final String state;

  /// The step of that.
  final String? step;

  /// How much of that is done, 0 to 100.
  final double? pctComplete;

  /// What went wrong; `null` if nothing did.
  final String? errorReasonCode;

  /// What went wrong, in words; `null` if nothing did.
  final String? errorReasonText;
}

/// What viewers are told of a [StreamVideo].
class StreamPublicDetails {
  /// What they are told.
  const StreamPublicDetails({
    this.title,
    this.shareLink,
    this.channelLink,
    this.logo,
  });

  /// The title.
  final String? title;

  /// A link to the video.
  final String? shareLink;

  /// A link to the channel.
  final String? channelLink;

  /// The URL of a logo.
  final String? logo;
}

/// Where a user can upload a video.
class StreamDirectUpload {
  /// An upload of the video [id].
  const StreamDirectUpload({
    required this.id,
    required this.uploadUrl,
    this.watermark,
    this.scheduledDeletion,
  });

  /// The id that the video will have.
  final String id;

  /// Where it is uploaded to, in a form with one file.
  final Uri uploadUrl;

  /// The watermark that it will get, if any.
  final StreamWatermark? watermark;

  /// When it will be deleted, in UTC; `null` if it stays.
  final DateTime? scheduledDeletion;
}

/// What a video can be downloaded as.
enum StreamDownloadType {
  /// The video.
  video('default'),

  /// Its sound.
  audio('audio');

  const StreamDownloadType(this._text);

  final String _text;
}

/// The files that a video can be downloaded as.
class StreamDownloadsResult {
  /// These files.
  const StreamDownloadsResult({this.video, this.audio});

  /// The video; `null` if it was not asked for.
  final StreamDownload? video;

  /// Its sound; `null` if it was not asked for.
  final StreamDownload? audio;
}

/// A file that a video can be downloaded as.
class StreamDownload {
  /// A file.
  const StreamDownload({
    required this.percentComplete,
    required this.status,
    this.url,
  });

  /// How much of it is made, 0 to 100.
  final double percentComplete;

  /// `ready`, `inprogress` or `error`.
  final String status;

  /// Where it is, once it is ready.
  final String? url;
}

/// The captions of a video in one language.
class StreamCaption {
  /// Captions.
  const StreamCaption({
    required this.language,
    required this.label,
    this.generated = false,
    this.status,
  });

  /// The language, as in BCP 47.
  final String language;

  /// The language's name in that language.
  final String label;

  /// Whether they were made of what is said.
  final bool generated;

  /// `ready`, `inprogress` or `error`, of generated ones.
  final String? status;
}

/// Where a [StreamWatermark] is.
enum StreamWatermarkPosition {
  /// In the upper right corner.
  upperRight,

  /// In the upper left corner.
  upperLeft,

  /// In the lower left corner.
  lowerLeft,

  /// In the lower right corner.
  lowerRight,

  /// In the middle, without padding.
  center,
}

/// A picture that is put upon videos.
class StreamWatermark {
  /// A watermark.
  const StreamWatermark({
    required this.id,
    required this.name,
    required this.size,
    required this.width,
    required this.height,
    required this.opacity,
    required this.padding,
    required this.scale,
    required this.position,
    this.created,
    this.downloadedFrom,
  });

  /// The watermark's id.
  final String id;

  /// What it is, in words.
  final String name;

  /// Its size in bytes.
  final int size;

  /// Its width in pixels.
  final int width;

  /// Its height in pixels.
  final int height;

  /// How opaque it is, 0 to 1.
  final double opacity;

  /// How far it is from the edges, 0 to 1.
  final double padding;

  /// How large it is, 0 (as it is) to 1 (all of the video).
  final double scale;

  /// The name of a [StreamWatermarkPosition].
  final String position;

  /// When it was made, in UTC.
  final DateTime? created;

  /// Where it was fetched from; `null` if it was uploaded.
  final String? downloadedFrom;
}

/// The video that [value] describes.
StreamVideo streamVideoFromHost(Object? value) {
  final video = objectFromHost(value);
  final status = objectFromHost(video['status']);
  final input = objectFromHost(video['input']);
  final public = video['publicDetails'];
  final details = objectFromHost(public);
  return StreamVideo(
    id: video['id'] as String? ?? '',
    status: StreamVideoStatus(
      state: status['state'] as String? ?? '',
      step: status['step'] as String?,
      pctComplete: double.tryParse('${status['pctComplete']}'),
      errorReasonCode: _text(status['errorReasonCode']),
      errorReasonText: _text(status['errorReasonText']),
    ),
    creator: video['creator'] as String?,
    thumbnail: video['thumbnail'] as String?,
    thumbnailTimestampPct: doubleFromHost(video['thumbnailTimestampPct']),
    readyToStream: video['readyToStream'] == true,
    readyToStreamAt: dateFromHost(video['readyToStreamAt']),
    metadata: objectFromHost(video['meta']),
    created: dateFromHost(video['created']),
    modified: dateFromHost(video['modified']),
    scheduledDeletion: dateFromHost(video['scheduledDeletion']),
    size: intFromHost(video['size']),
    preview: video['preview'] as String?,
    allowedOrigins: stringsFromHost(video['allowedOrigins']),
    requireSignedUrls: video['requireSignedURLs'] as bool?,
    uploaded: dateFromHost(video['uploaded']),
    uploadExpiry: dateFromHost(video['uploadExpiry']),
    maxSizeBytes: intFromHost(video['maxSizeBytes']),
    maxDuration: _duration(video['maxDurationSeconds']),
    duration: _duration(video['duration']),
    width: _known(input['width']),
    height: _known(input['height']),
    hlsPlaybackUrl: video['hlsPlaybackUrl'] as String?,
    dashPlaybackUrl: video['dashPlaybackUrl'] as String?,
    watermark: streamWatermarkFromHost(video['watermark']),
    liveInputId: video['liveInputId'] as String?,
    clippedFromId: video['clippedFromId'] as String?,
    publicDetails: public == null
        ? null
        : StreamPublicDetails(
            title: details['title'] as String?,
            shareLink: details['share_link'] as String?,
            channelLink: details['channel_link'] as String?,
            logo: details['logo'] as String?,
          ),
  );
}

String? _text(Object? value) =>
    value is String && value.isNotEmpty ? value : null;

/// The platform says -1 of what it does not know.
int? _known(Object? value) => value is num && value >= 0 ? value.toInt() : null;

Duration? _duration(Object? seconds) => seconds is num && seconds >= 0
    ? Duration(microseconds: (seconds * Duration.microsecondsPerSecond).round())
    : null;

/// The watermark that [value] describes, if it is not `null`.
StreamWatermark? streamWatermarkFromHost(Object? value) {
  if (value == null) return null;
  final watermark = objectFromHost(value);
  return StreamWatermark(
    id: watermark['id'] as String? ?? '',
    name: watermark['name'] as String? ?? '',
    size: intFromHost(watermark['size']) ?? 0,
    width: intFromHost(watermark['width']) ?? 0,
    height: intFromHost(watermark['height']) ?? 0,
    opacity: doubleFromHost(watermark['opacity']) ?? 1,
    padding: doubleFromHost(watermark['padding']) ?? 0,
    scale: doubleFromHost(watermark['scale']) ?? 0,
    position: watermark['position'] as String? ?? '',
    created: dateFromHost(watermark['created']),
    downloadedFrom: watermark['downloadedFrom'] as String?,
  );
}

/// The captions that [caption] describes.
StreamCaption streamCaptionFromHost(Map<String, Object?> caption) =>
    StreamCaption(
      language: caption['language'] as String? ?? '',
      label: caption['label'] as String? ?? '',
      generated: caption['generated'] == true,
      status: caption['status'] as String?,
    );

/// The files that [value] describes.
StreamDownloadsResult streamDownloadsFromHost(Object? value) {
  final downloads = objectFromHost(value);
  StreamDownload? download(StreamDownloadType type) {
    final found = downloads[type._text];
    if (found == null) return null;
    final download = objectFromHost(found);
    return StreamDownload(
      percentComplete: doubleFromHost(download['percentComplete']) ?? 0,
      status: download['status'] as String? ?? '',
      url: download['url'] as String?,
    );
  }

  return StreamDownloadsResult(
    video: download(StreamDownloadType.video),
    audio: download(StreamDownloadType.audio),
  );
}

/// [type] as the runtime takes it.
String streamDownloadTypeToHost(StreamDownloadType type) => type._text;
