import 'dart:async';
import 'dart:collection';
import 'dart:io';
import 'dart:typed_data';

import 'frame.dart';

/// The protocol that this package speaks; `dartflare` states its own in every
/// first frame, and the two must be equal.
const int protocol = 2;

/// A connection that carries frames both ways, and that can be read without
/// giving up the turn.
final class Channel {
  /// Reads frames from [_socket].
  Channel(this._socket) {
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

  final RawSocket _socket;
  final _reader = FrameReader();
  late final StreamSubscription<RawSocketEvent> _subscription;
  final _outgoing = Queue<Uint8List>();
  int _written = 0;
  final _aside = Queue<Frame>();
  bool _closing = false;

  /// Whether the connection is gone.
  bool isClosed = false;

  /// Called with each frame.
  void Function(Frame frame)? onFrame;

  /// Called when more of a frame has arrived, and not all of it.
  void Function()? onUnfinished;

  /// Called once, when the connection is gone.
  void Function()? onClosed;

  /// How many bytes are kept of a frame that is not whole yet.
  int get unfinished => _reader.unfinished;

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
      for (final frame in _taken(bytes)) {
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
    final frames = _taken(bytes);
    if (_aside.isNotEmpty) {
      _aside.addAll(frames);
      return;
    }
    for (final frame in frames) {
      onFrame?.call(frame);
    }
    if (_reader.unfinished > 0) onUnfinished?.call();
  }

  void _deliverAside() {
    while (_aside.isNotEmpty) {
      onFrame?.call(_aside.removeFirst());
    }
  }

  List<Frame> _taken(Uint8List bytes) {
    try {
      return _reader.add(bytes);
    } on ProtocolError {
      _end();
      return const [];
    }
  }

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
