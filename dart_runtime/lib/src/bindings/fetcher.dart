/// Bindings that requests are sent to.
library;

import '../host/host.dart';
import '../http/fetch.dart';
import '../http/request.dart';
import '../http/response.dart';
import '../sockets.dart';

/// Something that answers requests: static assets, a certificate to present, a
/// service in a private network.
///
/// See https://developers.cloudflare.com/workers/runtime-apis/bindings/.
base class Fetcher {
  Fetcher._(this._ref);

  final HostRef _ref;

  /// Sends a request and returns the response once its headers are there.
  ///
  /// [input] is a [Request] or a URL; the named arguments are those of the
  /// top-level function `fetch`. A handler may pass its own request on:
  /// `env.getAssets('ASSETS').fetch(request)`.
  ///
  /// Throws a [WorkersException] if there is no answer.
  Future<Response> fetch(
    Object input, {
    String? method,
    Object? headers,
    Object? body,
    RedirectMode? redirect,
  }) =>
      fetchFrom(
        _ref,
        input,
        method: method,
        headers: headers,
        body: body,
        redirect: redirect,
      );

  /// Opens a TCP connection through this binding; see the top-level function
  /// `connect`.
  ///
  /// Throws a [WorkersException] if the binding has no TCP connections, or the
  /// peer is not reached, and an [ArgumentError] if [address] has no host or no
  /// port.
  Future<Socket> connect(
    String address, {
    SecureTransport secureTransport = SecureTransport.off,
    bool allowHalfOpen = false,
    int? highWaterMark,
  }) =>
      connectThrough(
        _ref,
        address,
        secureTransport: secureTransport,
        allowHalfOpen: allowHalfOpen,
        highWaterMark: highWaterMark,
      );
}

/// The fetcher behind [ref].
Fetcher fetcherFromHost(HostRef ref) => Fetcher._(ref);

/// The reference behind [fetcher].
HostRef fetcherToHost(Fetcher fetcher) => fetcher._ref;

/// Another Worker, or another entrypoint of this one.
///
/// See https://developers.cloudflare.com/workers/runtime-apis/bindings/service-bindings/.
final class Service extends Fetcher {
  Service._(super.ref) : super._();
}

/// The service behind [ref].
Service serviceFromHost(HostRef ref) => Service._(ref);
