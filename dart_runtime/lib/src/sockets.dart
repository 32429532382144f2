/// TCP connections.
library;

import 'dart:async';
import 'dart:convert';
import 'dart:typed_data';

import 'host/current.dart';

/// Whether a TCP connection is encrypted.
enum SecureTransport {
  /// It is not, and stays so.
  off('off'),

  /// It is, from the start.
  on('on'),

  /// It is not yet; [Socket.startTls] makes it so.
  startTls('starttls');

  const SecureTransport(this._word);

  final String _word;
}

/// Opens a TCP connection to [address], a text as `host:port`, and returns it
/// once it is open.
///
/// [secureTransport] says whether it is encrypted, by default not. With
/// [allowHalfOpen] this end may go on to write after the peer has ended its own
/// side; by default it is closed then. [highWaterMark] is how many bytes may
/// wait to be written before [Socket.write] takes its time.
///
/// ```dart
/// final socket = await connect('gopher.floodgap.com:70');
/// await socket.write('/\r\n');
/// return Response(socket.readable);
/// ```
///
/// The connection belongs to the event that opened it. Workers may not connect
/// to port 25, nor to addresses of Cloudflare itself.
///
/// Throws a [WorkersException] if the peer is not reached, and an
/// [ArgumentError] if [address] has no host or no port.
///
/// See https://developers.cloudflare.com/workers/runtime-apis/tcp-sockets/.
Future<Socket> connect(
  String address, {
  SecureTransport secureTransport = SecureTransport.off,
  bool allowHalfOpen = false,
  int? highWaterMark,
}) =>
    connectThrough(
      null,
      address,
      secureTransport: secureTransport,
      allowHalfOpen: allowHalfOpen,
      highWaterMark: highWaterMark,
    );

/// As [connect], with the method `connect` of [fetcher] if there is one.
Future<Socket> connectThrough(
  HostRef? fetcher,
  String address, {
  SecureTransport secureTransport = SecureTransport.off,
  bool allowHalfOpen = false,
  int? highWaterMark,
}) async {
  if (!_address.hasMatch(address)) {
    throw ArgumentError.value(
      address,
      'address',
      'not a host and a port, such as `example.com:70`',
    );
  }
  return Socket._opened(
    await host.helpers.call('connect', [
      fetcher,
      address,
      {
        'secureTransport': secureTransport._word,
        'allowHalfOpen': allowHalfOpen,
        if (highWaterMark != null) 'highWaterMark': highWaterMark,
      },
    ]),
  );
}

/// A name or an address, one of IPv6 in brackets, and a port.
final RegExp _address = RegExp(r'^(\[[^\s\]]+\]|[^\s:/?#@\[\]]+):\d{1,5}$');

/// An open TCP connection; see [connect].
///
/// See https://developers.cloudflare.com/workers/runtime-apis/tcp-sockets/.
final class Socket {
  Socket._(
    this._ref, {
    required this.remoteAddress,
    required this.localAddress,
    required this.secureTransport,
  });

  factory Socket._opened(Object? opened) {
    final [ref, addresses, transport] = opened! as List;
    final {
      'remoteAddress': remoteAddress,
      'localAddress': localAddress,
    } = addresses as Map<String, Object?>;
    return Socket._(
      ref as HostRef,
      remoteAddress: remoteAddress as String?,
      localAddress: localAddress as String?,
      secureTransport: SecureTransport.values.firstWhere(
        (value) => value._word == transport,
        orElse: () => SecureTransport.off,
      ),
    );
  }

  final HostRef _ref;

  /// The peer's address, as `host:port`, where the runtime tells.
  final String? remoteAddress;

  /// This end's address, where the runtime tells.
  final String? localAddress;

  /// Whether [startTls] took this connection over.
  bool get isUpgraded => _isUpgraded;
  bool _isUpgraded = false;

  /// Whether the connection is encrypted.
  final SecureTransport secureTransport;

  /// What comes in, until the peer ends its side.
  ///
  /// It is read as it is listened to. Listening may stop and begin again: what
  /// was not read yet comes next.
  Stream<Uint8List> get readable async* {
    for (;;) {
      final bytes = await host.helpers.call('readSocket', [_ref]);
      if (bytes == null) return;
      yield bytes as Uint8List;
    }
  }

  /// Sends [data], a [String] as UTF-8 or bytes (`List<int>`), and returns when
  /// it was taken over.
  ///
  /// Throws an [ArgumentError] for anything else, and a [WorkersException] if
  /// the connection is closed.
  Future<void> write(Object data) async {
    final bytes = switch (data) {
      String() => utf8.encode(data),
      Uint8List() => data,
      List<int>() => Uint8List.fromList(data),
      _ => throw ArgumentError.value(
          data,
          'data',
          'a socket sends a `String` or bytes',
        ),
    };
    await host.helpers.call('writeSocket', [_ref, bytes]);
  }

  /// Sends everything of [stream], and returns at its end. The connection stays
  /// open.
  ///
  /// Throws a [WorkersException] if the connection is closed.
  Future<void> addStream(Stream<List<int>> stream) async {
    await host.helpers.call('pipeToSocket', [_ref, stream]);
  }

  /// Ends this side, after what was written before. The peer may go on to send
  /// if the connection was opened with `allowHalfOpen`.
  Future<void> closeWritable() async {
    await host.helpers.call('closeSocketWritable', [_ref]);
  }

  /// Completes when the connection is closed, and with a [WorkersException] if
  /// it broke.
  late final Future<void> closed = _ref.get('closed');

  /// Closes both sides.
  Future<void> close() async {
    await _ref.call('close', const []);
  }

  /// Encrypts the connection, which was opened with
  /// [SecureTransport.startTls]; what it returns takes the place of this object,
  /// which must not be used any more.
  ///
  /// Stop listening to [readable] before. [expectedServerHostname] is whom the
  /// certificate must name, by default the host that was connected to.
  ///
  /// Throws a [StateError] for a connection that was opened otherwise or
  /// upgraded before, and a
  /// [WorkersException], here or when it is first used, if encryption fails.
  Future<Socket> startTls({String? expectedServerHostname}) async {
    if (secureTransport != SecureTransport.startTls) {
      throw StateError(
        'the connection was not opened with `SecureTransport.startTls`',
      );
    }
    if (_isUpgraded) throw StateError('the connection was upgraded already');
    _isUpgraded = true;
    return Socket._opened(
      await host.helpers.call('startTls', [
        _ref,
        {
          if (expectedServerHostname != null)
            'expectedServerHostname': expectedServerHostname,
        },
      ]),
    );
  }
}
