/// Transformations of images.
library;

import 'dart:typed_data';

import '../host/host.dart';
import '../http/response.dart';
import 'hosted_images.dart';
import 'image_options.dart';
import 'remote.dart';

/// Transformations of images, and the images that Cloudflare hosts.
///
/// ```dart
/// final small = await env.images
///     .input(request.body!)
///     .transform(const ImageTransform(width: 128, fit: ImageFit.scaleDown))
///     .output(ImageFormat.webp);
/// return small.response();
/// ```
///
/// Images are bytes or a `Stream<List<int>>`, which is read once. What the
/// platform refuses throws a [WorkersException].
///
/// Under `dartflare dev` Wrangler has a local implementation that knows width,
/// height, rotation and format and leaves out the rest; with
/// `"remote": true` the configuration asks for the real one.
///
/// See https://developers.cloudflare.com/images/transform-images/bindings/.
class ImagesBinding {
  ImagesBinding._(this._ref);

  final HostRef _ref;

  /// What [image] is. [isBase64] says that its bytes are base64 text.
  Future<ImageInfo> info(Object image, {bool isBase64 = false}) async {
    final info = objectFromHost(
      await _ref.call('info', [
        bytesToHost(image, 'image'),
        if (isBase64) _base64,
      ]),
    );
    return ImageInfo(
      format: info['format'] as String? ?? '',
      fileSize: intFromHost(info['fileSize']),
      width: intFromHost(info['width']),
      height: intFromHost(info['height']),
    );
  }

  /// Begins with [image]. Does no I/O.
  ///
  /// [isBase64] says that its bytes are base64 text. Throws an [ArgumentError]
  /// if it is neither bytes nor a stream.
  ImageTransformer input(Object image, {bool isBase64 = false}) {
    final arguments = [bytesToHost(image, 'image'), if (isBase64) _base64];
    return ImageTransformer._(() => _ref.derive('input', arguments));
  }

  /// Begins with an image of the text [content], in the font at [fontUrl] (a
  /// TTF, OTF, WOFF or WOFF2 file), [size] points high, in [color] of CSS. Does
  /// no I/O.
  ImageTransformer text(
    String content, {
    required String fontUrl,
    num? size,
    String? color,
  }) =>
      ImageTransformer._(
        () => _ref.derive('text', [
          content,
          given({
            'font': {'url': fontUrl},
            'size': size,
            'color': color,
          }),
        ]),
      );

  /// The images that Cloudflare hosts for the account.
  HostedImages get hosted => hostedImagesFromHost(_ref.property('hosted'));

  static const Map<String, Object?> _base64 = {'encoding': 'base64'};
}

/// What an image is.
class ImageInfo {
  /// An image.
  const ImageInfo({
    required this.format,
    this.fileSize,
    this.width,
    this.height,
  });

  /// The MIME type, such as `image/png`.
  final String format;

  /// The size in bytes; `null` for an SVG.
  final int? fileSize;

  /// The width in pixels; `null` for an SVG.
  final int? width;

  /// The height in pixels; `null` for an SVG.
  final int? height;
}

/// An image of an [ImagesBinding] on its way: operations are added in their
/// order, and carried out by [output].
class ImageTransformer {
  ImageTransformer._(this._begin);

  final HostRef Function() _begin;
  final List<HostRef Function(HostRef ref)> _operations = [];
  bool _isUsed = false;

  /// Adds the operation [transform]; returns this.
  ImageTransformer transform(ImageTransform transform) {
    final options = imageTransformToHost(transform);
    return _add((ref) => ref.derive('transform', [options]));
  }

  /// Draws [image], bytes, a `Stream<List<int>>` or another transformer, upon
  /// this one; returns this.
  ///
  /// [opacity] is between 0 and 1. Of [top], [left], [bottom] and [right], in
  /// pixels, at most one of each two that face each other is given; without
  /// any it is in the middle. [repeat] covers all of the image with it, or a
  /// line in one direction.
  ///
  /// Throws an [ArgumentError] for any other [image].
  ImageTransformer draw(
    Object image, {
    num? opacity,
    ImageRepeat? repeat,
    ImageComposite? composite,
    num? top,
    num? left,
    num? bottom,
    num? right,
  }) {
    final options = lastArgument({
      'opacity': opacity,
      'repeat': repeat == null ? null : imageRepeatToHost(repeat),
      'composite': composite == null ? null : imageCompositeToHost(composite),
      'top': top,
      'left': left,
      'bottom': bottom,
      'right': right,
    });
    final stream =
        image is ImageTransformer ? null : bytesToHost(image, 'image');
    return _add(
      (ref) => ref.derive('draw', [
        image is ImageTransformer ? image._use() : stream,
        ...options,
      ]),
    );
  }

  /// Carries out the operations, and gives the result in [format].
  ///
  /// [quality] is from 1 to 100, for formats that lose some. [background] is
  /// the colour, as in CSS, of what is transparent. [anim] is whether an
  /// animated image stays so.
  ///
  /// Throws a [StateError] if this or one that is drawn upon it was used
  /// before.
  Future<ImageResult> output(
    ImageFormat format, {
    int? quality,
    String? background,
    bool? anim,
  }) async {
    final result = await _use().call(
      'output',
      [
        given({
          'format': imageFormatToHost(format),
          'quality': quality,
          'background': background,
          'anim': anim,
        }),
      ],
      select: const [],
    );
    return ImageResult._(result! as HostRef);
  }

  ImageTransformer _add(HostRef Function(HostRef ref) operation) {
    _operations.add(operation);
    return this;
  }

  /// The object of the runtime with all operations, made here: there each of
  /// them changes it.
  HostRef _use() {
    if (_isUsed) throw StateError('an image is drawn, or put out, once');
    _isUsed = true;
    return _operations.fold(_begin(), (ref, operation) => operation(ref));
  }
}

/// What an [ImageTransformer] made.
class ImageResult {
  ImageResult._(this._ref);

  final HostRef _ref;

  /// The bytes as they arrive; they are there once, in one form.
  ///
  /// Given as a body before anyone listened to it, the stream does not pass
  /// through Dart.
  Future<Stream<Uint8List>> image() async => streamFromHost(
        await _ref.call('image', const []),
        'the image service',
      );

  /// The bytes as a response, with their content type.
  Future<Response> response() => callForResponse(_ref, 'response', const []);

  /// The MIME type, such as `image/webp`.
  Future<String> contentType() async =>
      (await _ref.call('contentType', const []))! as String;
}

/// The object behind [ref].
ImagesBinding imagesBindingFromHost(HostRef ref) => ImagesBinding._(ref);
