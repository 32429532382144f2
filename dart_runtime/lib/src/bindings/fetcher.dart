/// Bindings that requests are sent to.
library;

import '../host/host.dart';
import '../http/fetch.dart';
import '../http/request.dart';
import '../http/response.dart';
import '../js_binding.dart';
import '../rpc.dart';
import '../sockets.dart';
import '../values.dart';

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

/// Another Worker, or another entrypoint of this one: takes requests, and calls
/// of its methods.
///
/// ```dart
/// final sum = await env.getService('MATH').call<int>('add', [1, 2]);
/// ```
///
/// See https://developers.cloudflare.com/workers/runtime-apis/bindings/service-bindings/.
final class Service extends Fetcher {
  Service._(super.ref) : super._();

  /// Calls [method] of the other Worker and awaits what it returns, as a [T].
  ///
  /// Arguments and results may be all that a [JSBinding] takes and gives. The
  /// other side can call a function or an [RpcTarget] among the arguments until
  /// it lets go of it; a function or an object that it returns is a
  /// [JSBinding].
  ///
  /// Throws a [WorkersException] with the name and the message of what the
  /// other side threw, also where it has no such method, and a
  /// [ValueTypeError] if it returned something else.
  Future<T> call<T>(String method, [List<Object?> arguments = const []]) =>
      callRemote<T>(_ref, method, arguments);

  /// The property [name] of the other Worker's entrypoint, as a [T]; one that is
  /// written in JavaScript may have some.
  ///
  /// Throws as [call] does.
  Future<T> get<T>(String name) => getRemote<T>(_ref, name);

  /// What [method] will return, to call methods of it before it is there, in
  /// one journey: `service.derive('cart').call('items')`.
  ///
  /// See https://developers.cloudflare.com/workers/runtime-apis/rpc/#promise-pipelining.
  JSBinding derive(String method, [List<Object?> arguments = const []]) =>
      deriveRemote(_ref, method, arguments);
}

/// The service behind [ref].
Service serviceFromHost(HostRef ref) => Service._(ref);
