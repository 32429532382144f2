/// Sending requests.
library;

import '../host/current.dart';
import 'request.dart';
import 'response.dart';

/// Sends a request and returns the response once its headers are there.
///
/// [input] is a URL, a [String] or [Uri] with scheme and host, or a [Request];
/// the named arguments replace what the request says. They are those of the
/// constructor of [Request].
///
/// ```dart
/// final response = await fetch('https://example.com/data.json');
/// final data = await response.json<Map<String, Object?>>();
/// ```
///
/// Every status is a response; it does not throw for 404 or 500. Throws a
/// [WorkersException] if there is no answer, and an [ArgumentError] where
/// [Request] does.
///
/// See https://developers.cloudflare.com/workers/runtime-apis/fetch/.
Future<Response> fetch(
  Object input, {
  String? method,
  Object? headers,
  Object? body,
  RedirectMode? redirect,
}) =>
    fetchFrom(
      host.global,
      input,
      method: method,
      headers: headers,
      body: body,
      redirect: redirect,
    );

/// Calls the method `fetch` of [target], such as a stub; see [fetch].
Future<Response> fetchFrom(
  HostRef target,
  Object input, {
  String? method,
  Object? headers,
  Object? body,
  RedirectMode? redirect,
}) async {
  final Request request;
  if (input is! Request) {
    request = Request(
      input,
      method: method ?? 'GET',
      headers: headers,
      body: body,
      redirect: redirect,
    );
  } else if (method != null ||
      headers != null ||
      body != null ||
      redirect != null) {
    request = input.copyWith(
      method: method,
      headers: headers,
      body: body,
      redirect: redirect,
    );
  } else {
    request = input;
  }
  final response = await target.call(
    'fetch',
    [requestToHost(request)],
    select: responseProperties,
  );
  return responseFromHost(response! as HostRef);
}
