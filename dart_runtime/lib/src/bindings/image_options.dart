/// What may be done to an image.
library;

import 'remote.dart';

/// The form of an image.
enum ImageFormat {
  /// JPEG.
  jpeg('image/jpeg'),

  /// PNG.
  png('image/png'),

  /// GIF.
  gif('image/gif'),

  /// WebP.
  webp('image/webp'),

  /// AVIF.
  avif('image/avif'),

  /// Three bytes for each pixel, without anything else.
  rgb('rgb'),

  /// Four bytes for each pixel, without anything else.
  rgba('rgba');

  const ImageFormat(this._text);

  final String _text;
}

/// How an image is made to fit a size.
enum ImageFit {
  /// As [contain], but never larger than it is.
  scaleDown('scale-down'),

  /// As large as fits, with all of it.
  contain('contain'),

  /// As [contain], with a background around it.
  pad('pad'),

  /// Exactly the size, whatever its proportions.
  squeeze('squeeze'),

  /// As small as covers the size; the rest is cut off.
  cover('cover'),

  /// As [cover], but never larger than it is.
  crop('crop');

  const ImageFit(this._text);

  final String _text;
}

/// How an image is mirrored.
enum ImageFlip {
  /// Left and right change places.
  horizontal('h'),

  /// Top and bottom change places.
  vertical('v'),

  /// Both.
  both('hv');

  const ImageFlip(this._text);

  final String _text;
}

/// What part of an image is kept when some is cut off.
class ImageGravity {
  const ImageGravity._(this._value);

  /// The point at [x] and [y], each from 0, left and top, to 1.
  ///
  /// With [isBoxCenter] it is the middle of what is kept; otherwise what is cut
  /// off on both sides is in that proportion.
  ImageGravity.at({num? x, num? y, bool isBoxCenter = false})
      : this._(
          given({
            'x': x,
            'y': y,
            'mode': isBoxCenter ? 'box-center' : 'remainder',
          }),
        );

  /// What catches the eye.
  static const ImageGravity auto = ImageGravity._('auto');

  /// Faces.
  static const ImageGravity face = ImageGravity._('face');

  /// The part with the most in it.
  static const ImageGravity entropy = ImageGravity._('entropy');

  /// The left.
  static const ImageGravity left = ImageGravity._('left');

  /// The right.
  static const ImageGravity right = ImageGravity._('right');

  /// The top.
  static const ImageGravity top = ImageGravity._('top');

  /// The bottom.
  static const ImageGravity bottom = ImageGravity._('bottom');

  /// The middle.
  static const ImageGravity center = ImageGravity._('center');

  final Object _value;
}

/// A border that is put around an image.
class ImageBorder {
  /// A border of [width] pixels on each side, in [color] of CSS.
  ImageBorder({String? color, num? width})
      : _value = given({'color': color, 'width': width});

  /// A border of so many pixels on these sides.
  ImageBorder.sides({num? top, num? bottom, num? left, num? right})
      : _value = given(
          {'top': top, 'bottom': bottom, 'left': left, 'right': right},
        );

  final Map<String, Object?> _value;
}

/// What is cut off an image.
class ImageTrim {
  const ImageTrim._(this._value);

  /// So many pixels on these sides, or all but [width] and [height].
  ImageTrim({
    num? top,
    num? bottom,
    num? left,
    num? right,
    num? width,
    num? height,
  }) : this._(
          given({
            'top': top,
            'bottom': bottom,
            'left': left,
            'right': right,
            'width': width,
            'height': height,
          }),
        );

  /// A border in [color] of CSS, or within [tolerance] of it; [keep] pixels of
  /// it stay. Without a colour, that of a corner.
  ImageTrim.border({String? color, num? tolerance, num? keep})
      : this._(
          {
            'border': color == null && tolerance == null && keep == null
                ? true
                : given({'color': color, 'tolerance': tolerance, 'keep': keep}),
          },
        );

  final Map<String, Object?> _value;
}

/// One operation upon an image; what is not given stays as it is.
///
/// See https://developers.cloudflare.com/images/transform-images/transform-via-workers/.
class ImageTransform {
  /// An operation.
  const ImageTransform({
    this.width,
    this.height,
    this.fit,
    this.gravity,
    this.background,
    this.blur,
    this.border,
    this.brightness,
    this.contrast,
    this.flip,
    this.gamma,
    this.rotate,
    this.saturation,
    this.sharpen,
    this.trim,
    this.segmentForeground = false,
  });

  /// The width in pixels.
  final num? width;

  /// The height in pixels.
  final num? height;

  /// How the image is made to fit [width] and [height].
  final ImageFit? fit;

  /// What part is kept if some is cut off, the middle if not given.
  final ImageGravity? gravity;

  /// The colour, as in CSS, of what is transparent.
  final String? background;

  /// How much it is blurred, 1 to 250.
  final num? blur;

  /// What is put around it.
  final ImageBorder? border;

  /// How bright it becomes; 1 is as it is.
  final num? brightness;

  /// How much contrast it has; 1 is as it is.
  final num? contrast;

  /// How it is mirrored.
  final ImageFlip? flip;

  /// The exposure; 1 is as it is.
  final num? gamma;

  /// By how many degrees it is turned to the right: 0, 90, 180 or 270.
  final int? rotate;

  /// How strong its colours are; 1 is as they are, 0 is grey.
  final num? saturation;

  /// How much it is sharpened, 0 to 10.
  final num? sharpen;

  /// What is cut off before anything else.
  final ImageTrim? trim;

  /// Whether everything but the foreground becomes transparent.
  final bool segmentForeground;
}

/// How an image is drawn again and again.
enum ImageRepeat {
  /// In both directions.
  both,

  /// Beside each other.
  x,

  /// Below each other.
  y,
}

/// How an image that is drawn and the one below it make one.
enum ImageComposite {
  /// The drawn image is on top.
  over('over'),

  /// It is seen where there is something below it, and nothing else is.
  inside('in'),

  /// It is seen where there is something below it.
  atop('atop'),

  /// It is seen where there is nothing below it, and nothing else is.
  out('out'),

  /// Each is seen where the other has nothing.
  xor('xor'),

  /// Their colours are added.
  lighter('lighter');

  const ImageComposite(this._text);

  final String _text;
}

/// [transform] as the runtime takes it.
Map<String, Object?> imageTransformToHost(ImageTransform transform) => given({
      'width': transform.width,
      'height': transform.height,
      'fit': transform.fit?._text,
      'gravity': transform.gravity?._value,
      'background': transform.background,
      'blur': transform.blur,
      'border': transform.border?._value,
      'brightness': transform.brightness,
      'contrast': transform.contrast,
      'flip': transform.flip?._text,
      'gamma': transform.gamma,
      'rotate': transform.rotate,
      'saturation': transform.saturation,
      'sharpen': transform.sharpen,
      'trim': transform.trim?._value,
      'segment': transform.segmentForeground ? 'foreground' : null,
    });

/// [format] as the runtime takes it.
String imageFormatToHost(ImageFormat format) => format._text;

/// [repeat] as the runtime takes it.
Object imageRepeatToHost(ImageRepeat repeat) =>
    repeat == ImageRepeat.both ? true : repeat.name;

/// [composite] as the runtime takes it.
String imageCompositeToHost(ImageComposite composite) => composite._text;
