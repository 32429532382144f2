/// Sending requests.
library;

import '../host/current.dart';
import '../runtime/abort.dart';
import '../runtime/cf.dart';
import 'message.dart';
import 'request.dart';
import 'response.dart';

/// Sends a request and returns the response once its headers are there.
///
/// [input] is a URL, a [String] or [Uri] with scheme and host, or a [Request];
/// the named arguments replace what the request says. They are those of the
/// constructor of [Request], and [encodeResponseBody]: if that is manual, the
/// body of the response comes as it was sent, compressed for example.
///
/// ```dart
/// final response = await fetch('https://example.com/data.json');
/// final data = await response.json<Map<String, Object?>>();
/// ```
///
/// Every status is a response; it does not throw for 404 or 500. Throws a
/// [WorkersException] if there is no answer, or [signal] ended it (its name is
/// `AbortError` or `TimeoutError` then), and an [ArgumentError] where [Request]
/// does. [signal] ends the reading of the body too.
///
/// ```dart
/// final response = await fetch(
///   'https://example.com/slow',
///   signal: AbortSignal.timeout(const Duration(seconds: 5)),
/// );
/// ```
///
/// See https://developers.cloudflare.com/workers/runtime-apis/fetch/.
Future<Response> fetch(
  Object input, {
  String? method,
  Object? headers,
  Object? body,
  RedirectMode? redirect,
  AbortSignal? signal,
  RequestCache? cache,
  RequestInitCfProperties? cf,
  BodyEncoding encodeResponseBody = BodyEncoding.automatic,
}) =>
    fetchFrom(
      host.global,
      input,
      method: method,
      headers: headers,
      body: body,
      redirect: redirect,
      signal: signal,
      cache: cache,
      cf: cf,
      encodeResponseBody: encodeResponseBody,
    );

/// Calls the method `fetch` of [target], such as a stub; see [fetch].
Future<Response> fetchFrom(
  HostRef target,
  Object input, {
  String? method,
  Object? headers,
  Object? body,
  RedirectMode? redirect,
  AbortSignal? signal,
  RequestCache? cache,
  RequestInitCfProperties? cf,
  BodyEncoding encodeResponseBody = BodyEncoding.automatic,
}) async {
  final Request request;
  if (input is! Request) {
    request = Request(
      input,
      method: method ?? 'GET',
      headers: headers,
      body: body,
      redirect: redirect,
      signal: signal,
      cache: cache,
      cf: cf,
    );
  } else if (method != null ||
      headers != null ||
      body != null ||
      redirect != null ||
      signal != null ||
      cache != null ||
      cf != null) {
    request = input.copyWith(
      method: method,
      headers: headers,
      body: body,
      redirect: redirect,
      signal: signal,
      cache: cache,
      cf: cf,
    );
  } else {
    request = input;
  }
  final response = await target.call(
    'fetch',
    [
      requestToHost(request),
      // A request does not keep it.
      if (encodeResponseBody != BodyEncoding.automatic)
        {'encodeResponseBody': encodeResponseBody.name},
    ],
    select: responseProperties,
  );
  return responseFromHost(response! as HostRef);
}
