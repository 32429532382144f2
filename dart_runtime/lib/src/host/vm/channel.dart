import 'dart:async';
import 'dart:collection';
import 'dart:convert';
import 'dart:io';
import 'dart:typed_data';

/// The protocol that this package speaks; `dartflare` states its own in every
/// first frame, and the two must be equal.
const int protocol = 2;

/// A frame: `u32 length | u32 JSON length | JSON | blobs`, little-endian.
final class Frame {
  Frame._(this.message, this.blobs);

  /// Splits what followed the frame's first length.
  factory Frame.parse(Uint8List bytes) {
    final jsonLength = ByteData.sublistView(bytes).getUint32(0, Endian.little);
    var at = 4 + jsonLength;
    final message = jsonDecode(utf8.decode(Uint8List.sublistView(bytes, 4, at)))
        as Map<String, Object?>;
    final blobs = <Uint8List>[];
    for (final length in (message['b'] as List<Object?>?) ?? const []) {
      final end = at + (length as int);
      blobs.add(Uint8List.sublistView(bytes, at, end));
      at = end;
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

/// A connection that carries frames both ways, and that can be read without
/// giving up the turn.
final class Channel {
  /// Reads frames from [_socket]. Of the first frame, no more than
  /// [firstFrameLimit] bytes are taken.
  Channel(this._socket, {int firstFrameLimit = 16 << 20})
      : _limit = firstFrameLimit {
    _socket
      ..setOption(SocketOption.tcpNoDelay, true)
      ..writeEventsEnabled = false;
    _subscription = _socket.listen(
      (event) {
        if (event == RawSocketEvent.read) {
          _read();
        } else if (event == RawSocketEvent.write) {
          _flush();
        } else {
          _end();
        }
      },
      onError: (Object _) => _end(),
      onDone: _end,
    );
  }

  static const int _frameLimit = 512 << 20;

  final RawSocket _socket;
  late final StreamSubscription<RawSocketEvent> _subscription;
  int _limit;
  final _incoming = BytesBuilder(copy: false);
  final _outgoing = Queue<Uint8List>();
  int _written = 0;
  final _aside = Queue<Frame>();
  bool _closing = false;

  /// Whether the connection is gone.
  bool isClosed = false;

  /// Called with each frame.
  void Function(Frame frame)? onFrame;

  /// Called once, when the connection is gone.
  void Function()? onClosed;

  /// Sends a frame. Does nothing when the connection is gone.
  void send(
    Map<String, Object?> message, [
    List<Uint8List> blobs = const [],
  ]) {
    if (isClosed || _closing) return;
    _outgoing.add(Frame.encode(message, blobs));
    _flush();
  }

  /// Ends the connection once everything is sent.
  void close() {
    _closing = true;
    _flush();
  }

  /// Ends the connection now.
  void abort() => _end();

  /// Waits for the frame that [isAnswer] accepts without letting any other code
  /// of this program run. Other frames are delivered afterwards, in order.
  Frame awaitSynchronously(
    bool Function(Frame frame) isAnswer, {
    Duration limit = const Duration(seconds: 10),
  }) {
    final watch = Stopwatch()..start();
    Frame? answer;
    for (var idle = 0; answer == null;) {
      _flush();
      if (isClosed) throw StateError('the connection to workerd is gone');
      final bytes = _socket.read(65536);
      if (bytes == null) {
        if (watch.elapsed > limit) {
          throw TimeoutException('no answer to a synchronous call', limit);
        }
        // An answer often takes less than a sleep does.
        if (++idle > 50) sleep(const Duration(microseconds: 50));
        continue;
      }
      idle = 0;
      for (final frame in _feed(bytes)) {
        if (answer == null && isAnswer(frame)) {
          answer = frame;
        } else {
          _aside.add(frame);
        }
      }
    }
    if (_aside.isNotEmpty) Zone.root.createTimer(Duration.zero, _deliverAside);
    return answer;
  }

  void _read() {
    final bytes = _socket.read();
    if (bytes == null) return;
    final List<Frame> frames;
    try {
      frames = _feed(bytes);
    } on Object {
      // Whoever this is, it does not speak the protocol.
      _end();
      return;
    }
    if (_aside.isNotEmpty) {
      _aside.addAll(frames);
      return;
    }
    for (final frame in frames) {
      onFrame?.call(frame);
    }
  }

  void _deliverAside() {
    while (_aside.isNotEmpty) {
      onFrame?.call(_aside.removeFirst());
    }
  }

  List<Frame> _feed(Uint8List bytes) {
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
      if (size > _limit || size < 4)
        throw ProtocolError('a frame of $size bytes');
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

  int _wanted = 4;

  void _flush() {
    if (isClosed) return;
    try {
      while (_outgoing.isNotEmpty) {
        final first = _outgoing.first;
        _written += _socket.write(first, _written, first.length - _written);
        if (_written < first.length) {
          _socket.writeEventsEnabled = true;
          return;
        }
        _outgoing.removeFirst();
        _written = 0;
      }
      if (_closing) _socket.shutdown(SocketDirection.send);
    } on SocketException {
      _end();
    }
  }

  void _end() {
    if (isClosed) return;
    isClosed = true;
    _outgoing.clear();
    unawaited(_subscription.cancel());
    unawaited(_socket.close().then<void>((_) {}, onError: (Object _) {}));
    onClosed?.call();
  }
}
