/// Stubs of Durable Objects.
library;

import '../bindings/fetcher.dart';
import '../host/host.dart';
import '../http/fetch.dart';
import '../http/request.dart';
import '../http/response.dart';
import '../js_binding.dart';
import '../rpc.dart';
import 'id.dart';

/// A way to call a Durable Object, wherever it is.
///
/// Making a stub does not wake the object; the first call does, and creates it
/// if it never existed.
///
/// See https://developers.cloudflare.com/durable-objects/api/stub/.
class DurableObjectStub {
  DurableObjectStub._(this._ref, this.id);

  final HostRef _ref;

  /// The object's id.
  final DurableObjectId id;

  /// The name the object's id was made from, or `null` if it was not made from
  /// one.
  String? get name => id.name;

  /// Sends a request to the object's `fetch` and returns its response.
  ///
  /// [input] is a [Request] or a URL; the named arguments are those of the
  /// top-level function `fetch`. The URL needs a scheme and a host, but the
  /// platform does not look at them: `https://object/path` will do.
  ///
  /// A handler may pass its own request on: `stub.fetch(request)`.
  ///
  /// Throws a [WorkersException] if the object threw or cannot be reached. If
  /// its `retryable` is set and the request may be repeated, make a new stub
  /// and try again.
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

  /// Calls [method] of the object and awaits what it returns, as a [T].
  ///
  /// Arguments, results and what it throws are those of [Service.call].
  Future<T> call<T>(String method, [List<Object?> arguments = const []]) =>
      callRemote<T>(_ref, method, arguments);

  /// What [method] will return, to call methods of it before it is there; see
  /// [Service.derive].
  JSBinding derive(String method, [List<Object?> arguments = const []]) =>
      deriveRemote(_ref, method, arguments);
}

/// The reference behind [stub].
HostRef durableObjectStubToHost(DurableObjectStub stub) => stub._ref;

/// The stub behind [ref] of the object [id].
DurableObjectStub durableObjectStubFromHost(HostRef ref, DurableObjectId id) =>
    DurableObjectStub._(ref, id);
