/// Transformations of videos.
library;

import 'dart:typed_data';

import '../host/host.dart';
import '../http/response.dart';
import 'remote.dart';

/// Transformations of videos: cut, resized, as a picture or as sound.
///
/// ```dart
/// final poster = env.media
///     .input(video)
///     .transform(width: 640)
///     .output(mode: MediaMode.frame, time: const Duration(seconds: 2));
/// return poster.response();
/// ```
///
/// It has no local implementation: under `dartflare dev` each call goes to
/// Cloudflare. What the platform refuses throws a [WorkersException].
///
/// See https://developers.cloudflare.com/stream/transform-videos/bindings/.
class MediaBinding {
  MediaBinding._(this._ref);

  final HostRef _ref;

  /// Begins with [media], bytes or a `Stream<List<int>>`, which is read once.
  /// Does no I/O.
  ///
  /// Throws an [ArgumentError] for anything else.
  MediaTransformer input(Object media) => MediaTransformer._(
        _ref.derive('input', [bytesToHost(media, 'media')]),
        isTransformed: false,
      );
}

/// How a video is made to fit a size.
enum MediaFit {
  /// As large as fits, with all of it.
  contain('contain'),

  /// As small as covers the size; the rest is cut off.
  cover('cover'),

  /// As [contain], but never larger than it is.
  scaleDown('scale-down');

  const MediaFit(this._text);

  final String _text;
}

/// What is made of a video.
enum MediaMode {
  /// A video.
  video,

  /// Many pictures of it in one.
  spritesheet,

  /// One picture of it.
  frame,

  /// Its sound.
  audio,
}

/// The form of a picture or sound.
enum MediaFormat {
  /// JPEG.
  jpg,

  /// PNG.
  png,

  /// Sound in MPEG-4.
  m4a,
}

/// A video of a [MediaBinding] on its way.
class MediaTransformer {
  MediaTransformer._(this._ref, {required bool isTransformed})
      : _isTransformed = isTransformed;

  final HostRef _ref;
  final bool _isTransformed;

  /// The video resized to [width] and [height] in pixels, as [fit] says. Does
  /// no I/O.
  ///
  /// Throws a [StateError] the second time: the platform does so once.
  MediaTransformer transform({MediaFit? fit, int? width, int? height}) {
    if (_isTransformed) throw StateError('a video is transformed once');
    return MediaTransformer._(
      _ref.derive(
        'transform',
        [
          given({'fit': fit?._text, 'width': width, 'height': height}),
        ],
      ),
      isTransformed: true,
    );
  }

  /// What is made of the video: a video if [mode] is not given. Does no I/O.
  ///
  /// [time] is where it begins, or the time of the picture; [duration] is how
  /// long it is; both may have fractions of a second. [audio] is whether a
  /// video keeps its sound, [imageCount] how many pictures a spritesheet has.
  MediaResult output({
    MediaMode? mode,
    bool? audio,
    Duration? time,
    Duration? duration,
    int? imageCount,
    MediaFormat? format,
  }) =>
      MediaResult._(
        _ref.derive('output', [
          given({
            'mode': mode?.name,
            'audio': audio,
            'time': _seconds(time),
            'duration': _seconds(duration),
            'imageCount': imageCount,
            'format': format?.name,
          }),
        ]),
      );

  static String? _seconds(Duration? duration) => duration == null
      ? null
      : duration.inMicroseconds % Duration.microsecondsPerSecond == 0
          ? '${duration.inSeconds}s'
          : '${duration.inMilliseconds / 1000}s';
}

/// What a [MediaTransformer] made.
class MediaResult {
  MediaResult._(this._ref);

  final HostRef _ref;

  /// The bytes as they arrive.
  ///
  /// Given as a body before anyone listened to it, the stream does not pass
  /// through Dart.
  Future<Stream<Uint8List>> media() async =>
      streamFromHost(await _ref.call('media', const []), 'the media service');

  /// The bytes as a response, with their content type.
  Future<Response> response() => callForResponse(_ref, 'response', const []);

  /// The MIME type, such as `video/mp4`.
  Future<String> contentType() async =>
      (await _ref.call('contentType', const []))! as String;
}

/// The object behind [ref].
MediaBinding mediaBindingFromHost(HostRef ref) => MediaBinding._(ref);
