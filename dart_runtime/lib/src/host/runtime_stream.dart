import 'dart:async';
import 'dart:typed_data';

import 'host.dart';

/// A `ReadableStream` of the runtime, as either host gives it.
final class RuntimeStream extends HostStream {
  /// A stream over the `ReadableStream` [_stream], which is read through the
  /// runtime's own [_helpers].
  RuntimeStream(this._stream, this._helpers);

  final HostRef _stream;
  final HostRef _helpers;
  bool _isTaken = false;

  /// The `ReadableStream`, which can be had once.
  @override
  HostRef get ref {
    if (_isTaken) throw StateError('the stream was already listened to');
    _isTaken = true;
    return _stream;
  }

  @override
  StreamSubscription<Uint8List> listen(
    void Function(Uint8List event)? onData, {
    Function? onError,
    void Function()? onDone,
    bool? cancelOnError,
  }) =>
      _read(ref).listen(
        onData,
        onError: onError,
        onDone: onDone,
        cancelOnError: cancelOnError,
      );

  Stream<Uint8List> _read(HostRef stream) async* {
    final source = _helpers.derive('byteSource', [stream]);
    var isDone = false;
    try {
      for (;;) {
        final bytes = await source.call('next', const []);
        if (bytes == null) break;
        yield bytes as Uint8List;
      }
      isDone = true;
    } on WorkersException {
      isDone = true;
      rethrow;
    } finally {
      if (!isDone) unawaited(_cancel(source));
    }
  }

  static Future<void> _cancel(HostRef source) async {
    try {
      await source.call('cancel', const []);
    } on Object {
      // The event is over, and the stream with it.
    }
  }
}
