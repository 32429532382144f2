/// Streams that the runtime makes of others: compressed, decompressed, of a
/// known length.
library;

import 'dart:async';
import 'dart:typed_data';

import 'host/current.dart';
import 'host/runtime_stream.dart';
import 'http/body.dart';

/// A way to compress bytes.
///
/// The runtime does the work. A stream of the runtime that is compressed, and
/// then sent or stored before anyone listened, does not pass through Dart:
///
/// ```dart
/// final log = await fetch('https://example.com/log.gz');
/// return Response(CompressionFormat.gzip.decompress(log.body!));
/// ```
///
/// See https://developers.cloudflare.com/workers/runtime-apis/web-standards/#compression-streams.
enum CompressionFormat {
  /// The format of `.gz` files and of `Content-Encoding: gzip`.
  gzip('gzip'),

  /// The zlib format, which HTTP calls `deflate`.
  deflate('deflate'),

  /// Deflate without a header or a checksum, as in ZIP files.
  deflateRaw('deflate-raw');

  const CompressionFormat(this._name);

  final String _name;

  /// The bytes of [stream], compressed. [stream] is listened to when the result
  /// is.
  Stream<Uint8List> compress(Stream<List<int>> stream) =>
      _Transformed(stream, 'CompressionStream', _name);

  /// What was compressed to the bytes of [stream]. [stream] is listened to when
  /// the result is.
  ///
  /// The result fails with a `WorkersException` if [stream] is not of this
  /// format, ends too early or goes on after its end.
  Stream<Uint8List> decompress(Stream<List<int>> stream) =>
      _Transformed(stream, 'DecompressionStream', _name);
}

/// The bytes of another stream, of which there must be as many as was said.
///
/// The runtime then knows the length beforehand: a response or request with
/// such a body has a `Content-Length`, and R2 can store it. It fails with a
/// `WorkersException` if there are more or fewer bytes. A stream of the runtime
/// does not pass through Dart.
///
/// See https://developers.cloudflare.com/workers/runtime-apis/streams/transformstream/.
final class FixedLengthStream extends _Transformed {
  /// Gives the bytes of [stream], of which there are [length].
  ///
  /// Throws a [RangeError] if [length] is negative.
  FixedLengthStream(Stream<List<int>> stream, int length)
      : super(
          stream,
          'FixedLengthStream',
          RangeError.checkNotNegative(length, 'length'),
        );
}

/// What comes out of an object of the runtime with two ends.
base class _Transformed extends HostStream {
  _Transformed(this._source, this._className, this._argument);

  final Stream<List<int>> _source;
  final String _className;
  final Object _argument;

  late final HostStream _result = RuntimeStream(
    host.helpers.derive('pipe', [streamToHost(_source), _className, _argument]),
    host.helpers,
  );

  @override
  HostRef get ref => _result.ref;

  @override
  StreamSubscription<Uint8List> listen(
    void Function(Uint8List event)? onData, {
    Function? onError,
    void Function()? onDone,
    bool? cancelOnError,
  }) =>
      _result.listen(
        onData,
        onError: onError,
        onDone: onDone,
        cancelOnError: cancelOnError,
      );
}
