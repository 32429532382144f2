import 'dart:convert';
import 'dart:typed_data';

/// A frame: `u32 length | u32 JSON length | JSON | blobs`, little-endian.
final class Frame {
  Frame._(this.message, this.blobs);

  /// Splits what followed the frame's first length.
  ///
  /// Throws a [ProtocolError] if that is not a JSON object and the blobs whose
  /// lengths it tells.
  factory Frame.parse(Uint8List bytes) {
    if (bytes.length < 4) throw ProtocolError('no length of the JSON');
    final jsonLength = ByteData.sublistView(bytes).getUint32(0, Endian.little);
    if (jsonLength > bytes.length - 4) {
      throw ProtocolError('$jsonLength bytes of JSON in ${bytes.length - 4}');
    }
    var at = 4 + jsonLength;
    final Object? message;
    try {
      message = jsonDecode(utf8.decode(Uint8List.sublistView(bytes, 4, at)));
    } on FormatException catch (error) {
      throw ProtocolError('no JSON: ${error.message}');
    }
    if (message is! Map<String, Object?>) throw ProtocolError('no object');
    final lengths = message['b'] ?? const <Object?>[];
    if (lengths is! List<Object?>) throw ProtocolError('no list of blobs');
    final blobs = <Uint8List>[];
    for (final length in lengths) {
      if (length is! int || length < 0 || length > bytes.length - at) {
        throw ProtocolError('a blob of $length bytes in ${bytes.length - at}');
      }
      blobs.add(Uint8List.sublistView(bytes, at, at += length));
    }
    if (at != bytes.length) {
      throw ProtocolError('${bytes.length - at} bytes of no blob');
    }
    return Frame._(message, blobs);
  }

  /// The JSON part; `t` says what the frame is.
  final Map<String, Object?> message;

  /// The runs of bytes that the message refers to by index.
  final List<Uint8List> blobs;

  /// The bytes of a frame.
  static Uint8List encode(Map<String, Object?> message, List<Uint8List> blobs) {
    if (blobs.isNotEmpty) {
      message['b'] = [for (final blob in blobs) blob.length];
    }
    final json = utf8.encode(jsonEncode(message));
    final size = blobs.fold(8 + json.length, (sum, blob) => sum + blob.length);
    final frame = Uint8List(size);
    ByteData.sublistView(frame)
      ..setUint32(0, size - 4, Endian.little)
      ..setUint32(4, json.length, Endian.little);
    frame.setAll(8, json);
    var at = 8 + json.length;
    for (final blob in blobs) {
      frame.setAll(at, blob);
      at += blob.length;
    }
    return frame;
  }
}

/// The peer broke the protocol, or never spoke it.
final class ProtocolError extends Error {
  /// Says what was wrong.
  ProtocolError(this.message);

  /// What was wrong.
  final String message;

  @override
  String toString() => 'ProtocolError: $message';
}

/// Frames out of bytes, however these arrive.
final class FrameReader {
  static const int _firstFrameLimit = 16 << 20;
  static const int _frameLimit = 512 << 20;

  /// How long a frame may be. It may be anyone who sends the first one.
  int _limit = _firstFrameLimit;
  final _incoming = BytesBuilder(copy: false);

  /// How much there has to be before there is something to take.
  int _wanted = 4;

  /// How many bytes are kept of a frame that is not whole yet.
  int get unfinished => _incoming.length;

  /// The frames that are whole with [bytes].
  ///
  /// Throws a [ProtocolError] if one is none; nothing that follows makes sense
  /// then.
  List<Frame> add(Uint8List bytes) {
    _incoming.add(bytes);
    // Taking bytes out copies them: wait until there is something to take.
    if (_incoming.length < _wanted) return const [];
    final all = _incoming.takeBytes();
    final view = ByteData.sublistView(all);
    final frames = <Frame>[];
    var at = 0;
    _wanted = 4;
    while (all.length - at >= 4) {
      final size = view.getUint32(at, Endian.little);
      if (size > _limit || size < 4) {
        throw ProtocolError('a frame of $size bytes');
      }
      if (all.length - at - 4 < size) {
        _wanted = 4 + size;
        break;
      }
      frames.add(
        Frame.parse(Uint8List.sublistView(all, at + 4, at + 4 + size)),
      );
      _limit = _frameLimit;
      at += 4 + size;
    }
    if (at < all.length) _incoming.add(Uint8List.sublistView(all, at));
    return frames;
  }
}
