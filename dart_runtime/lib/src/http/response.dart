/// HTTP responses.
library;

import 'dart:convert';

import '../host/host.dart';
import 'body.dart';
import 'headers.dart';
import 'message.dart';
import 'web_socket.dart';

/// An HTTP response: the answer of a handler, or what `fetch` returned.
///
/// A response that came from `fetch` and is returned unchanged is the same
/// response; its body does not pass through Dart. After a change to its
/// [headers] a new response is made around the same body.
///
/// ```dart
/// Response.ok('Hello');
/// Response.json({'id': 7}, status: 201);
/// Response.notFound('no such todo')..headers['cache-control'] = 'no-store';
/// ```
///
/// See https://developers.cloudflare.com/workers/runtime-apis/response/.
final class Response extends HttpMessage {
  /// Makes a response.
  ///
  /// [body] is a [String], bytes (`List<int>`), a `Stream<List<int>>`, a
  /// `FormData` or `null`. [headers] is what the constructor of [Headers]
  /// takes. Without a `Content-Type` there the platform sends text as
  /// `text/plain;charset=UTF-8`, and bytes and streams with none. Where the
  /// header `Content-Encoding` says `gzip` or `br`, the platform compresses the
  /// body, unless [encodeBody] is manual: the body is compressed already.
  ///
  /// Throws a [RangeError] if [status] is not in 200 to 599, and an
  /// [ArgumentError] for any other kind of body, or for a body with a status
  /// that has none (204, 205, 304).
  factory Response(
    Object? body, {
    int status = 200,
    String statusText = '',
    Object? headers,
    BodyEncoding encodeBody = BodyEncoding.automatic,
  }) =>
      Response._new(
        body,
        status,
        statusText,
        headers,
        encodeBody: encodeBody,
      );

  /// Status 200. Text is sent as `text/plain; charset=utf-8` if [headers] do
  /// not say otherwise.
  factory Response.ok(Object? body, {Object? headers}) =>
      Response._new(body, 200, '', headers, contentType: _textType(body));

  /// [data] as JSON, `application/json` if [headers] do not say otherwise.
  ///
  /// Throws a [JsonUnsupportedObjectError] if [data] has neither a JSON type
  /// nor a method `toJson()`.
  factory Response.json(
    Object? data, {
    int status = 200,
    String statusText = '',
    Object? headers,
  }) =>
      Response._new(
        jsonEncode(data),
        status,
        statusText,
        headers,
        contentType: 'application/json',
      );

  /// The HTML text [body], `text/html; charset=utf-8` if [headers] do not say
  /// otherwise.
  factory Response.html(String body, {int status = 200, Object? headers}) =>
      Response._new(
        body,
        status,
        '',
        headers,
        contentType: 'text/html; charset=utf-8',
      );

  /// Sends the client to [location], a [String] or [Uri], which may be relative
  /// to the URL that was requested.
  ///
  /// [status] is 301, 302, 303, 307 or 308, else a [RangeError] is thrown. With
  /// 307 and 308 the client repeats method and body.
  factory Response.redirect(
    Object location, {
    int status = 302,
    Object? headers,
  }) {
    if (!const {301, 302, 303, 307, 308}.contains(status)) {
      throw RangeError(
        '$status is not the status of a redirect; use 301, 302, 303, 307 or '
        '308',
      );
    }
    return Response._new(null, status, '', headers)
      ..headers['location'] = '$location';
  }

  /// Status 204, which has no body.
  factory Response.noContent({Object? headers}) =>
      Response._new(null, 204, '', headers);

  /// Status 101: the connection goes on as a WebSocket. [client] is the end that
  /// the client gets, the other end of it is the program's.
  ///
  /// Give `Sec-WebSocket-Protocol` in [headers] where the client offered
  /// subprotocols: one of those.
  ///
  /// Throws a [StateError] if [client] was accepted or handed on before.
  ///
  /// See https://developers.cloudflare.com/workers/runtime-apis/websockets/.
  factory Response.webSocket(WebSocket client, {Object? headers}) {
    final (allHeaders, body) = newMessage(headers, null);
    return Response._(
      101,
      '',
      allHeaders,
      body,
      webSocketRef: webSocketToHost(client),
    );
  }

  /// Status 304, which has no body: what the client has is still right.
  factory Response.notModified({Object? headers}) =>
      Response._new(null, 304, '', headers);

  /// Status 400: the request is wrong.
  factory Response.badRequest([Object? body = 'Bad Request']) =>
      Response._error(400, body);

  /// Status 401: the client must say who it is. Set the header
  /// `WWW-Authenticate` to say how.
  factory Response.unauthorized([Object? body = 'Unauthorized']) =>
      Response._error(401, body);

  /// Status 403: the client may not do this.
  factory Response.forbidden([Object? body = 'Forbidden']) =>
      Response._error(403, body);

  /// Status 404: there is nothing here.
  factory Response.notFound([Object? body = 'Not Found']) =>
      Response._error(404, body);

  /// Status 405: only the methods in [allowed] work here, such as
  /// `['GET', 'POST']`. They become the header `Allow`.
  factory Response.methodNotAllowed(
    Iterable<String> allowed, [
    Object? body = 'Method Not Allowed',
  ]) =>
      Response._error(405, body)..headers['allow'] = allowed.join(', ');

  /// Status 409: the request does not fit the state of things.
  factory Response.conflict([Object? body = 'Conflict']) =>
      Response._error(409, body);

  /// Status 500: the Worker failed.
  factory Response.error([Object? body = 'Internal Server Error']) =>
      Response._error(500, body);

  factory Response._error(int status, Object? body) =>
      Response._new(body, status, '', null, contentType: _textType(body));

  factory Response._new(
    Object? body,
    int status,
    String statusText,
    Object? headers, {
    String? contentType,
    BodyEncoding encodeBody = BodyEncoding.automatic,
  }) {
    _checkStatus(status, hasBody: body != null);
    final (allHeaders, newBody) =
        newMessage(headers, body, contentType: contentType);
    return Response._(
      status,
      statusText,
      allHeaders,
      newBody,
      encodeBody: encodeBody,
    );
  }

  Response._(
    this.status,
    this.statusText,
    super.headers,
    super.body, {
    HostRef? ref,
    this.url,
    this.redirected = false,
    HostRef? webSocketRef,
    BodyEncoding encodeBody = BodyEncoding.automatic,
  })  : _ref = ref,
        _webSocketRef = webSocketRef,
        _encodeBody = encodeBody;

  /// The runtime's response, as long as this one does not differ from it.
  final HostRef? _ref;

  /// The client's end of a connection that goes on as a WebSocket.
  final HostRef? _webSocketRef;

  final BodyEncoding _encodeBody;

  /// The status code, such as 200.
  final int status;

  /// The reason phrase that came with the status; often empty.
  final String statusText;

  /// Where `fetch` got the response, after redirects; `null` for a response
  /// made by the program.
  final Uri? url;

  /// Whether `fetch` followed a redirect to get the response.
  final bool redirected;

  /// The connection to a server that `fetch` asked, with the header `Upgrade:
  /// websocket`, to go on as a WebSocket; `null` if it did not.
  ///
  /// Either accept it, or return the response: then it is the client's.
  late final WebSocket? webSocket = switch (_webSocketRef) {
    null => null,
    final ref => webSocketFromHost(ref),
  };

  /// Whether [status] is in 200 to 299.
  bool get isOk => status >= 200 && status < 300;

  /// A response like this one with some parts replaced; the body is shared
  /// unless it is replaced.
  ///
  /// Throws where the constructor does.
  Response copyWith({
    int? status,
    String? statusText,
    Object? headers,
    Object? body,
    BodyEncoding? encodeBody,
  }) {
    final newStatus = status ?? this.status;
    if (status != null || body != null) {
      _checkStatus(newStatus, hasBody: body != null || !bodyOf(this).isEmpty);
    }
    final (newHeaders, newBody) = newMessage(headers ?? this.headers, body);
    return Response._(
      newStatus,
      statusText ?? this.statusText,
      newHeaders,
      body == null ? bodyOf(this) : newBody,
      url: url,
      redirected: redirected,
      webSocketRef: newStatus == 101 ? _webSocketRef : null,
      encodeBody: encodeBody ?? _encodeBody,
    );
  }

  /// A second response like this one, with a body to be read by itself.
  ///
  /// Throws a [StateError] if the body was used already. While one of the two
  /// bodies is read and the other is not, the difference is held in memory.
  Response clone() {
    var ref = _ref;
    final body = bodyOf(this).clone((owner) {
      final cloned = cloneRef(owner);
      if (identical(owner, ref)) ref = cloned;
      return cloned;
    });
    return Response._(
      status,
      statusText,
      Headers(headers),
      body,
      ref: headersAreModified(headers) ? null : ref,
      url: url,
      redirected: redirected,
      encodeBody: _encodeBody,
    );
  }

  /// The status and its reason phrase, for logs.
  @override
  String toString() => statusText.isEmpty ? '$status' : '$status $statusText';

  static String? _textType(Object? body) =>
      body is String ? 'text/plain; charset=utf-8' : null;
}

/// The properties that [responseFromHost] needs, to be selected in the call.
const List<String> responseProperties = [
  'status',
  'statusText',
  'headers',
  'url',
  'redirected',
  'webSocket',
];

/// The response behind [ref], on which [responseProperties] were selected.
Response responseFromHost(HostRef ref) {
  final selected = ref.selected;
  final status = (selected['status']! as num).toInt();
  final url = selected['url'] as String? ?? '';
  return Response._(
    status,
    selected['statusText'] as String? ?? '',
    headersFromHost(selected['headers']),
    _hasNoBody(status) ? Body.from(null) : Body.of(ref),
    ref: ref,
    url: url.isEmpty ? null : Uri.parse(url),
    redirected: selected['redirected'] == true,
    webSocketRef: selected['webSocket'] as HostRef?,
  );
}

/// A response like [response], whose body it takes, with headers of its own.
Response responseTakenFrom(Response response) => Response._(
      response.status,
      response.statusText,
      Headers(response.headers),
      _hasNoBody(response.status)
          ? Body.from(null)
          : bodyOf(response).handOver(),
      ref: headersAreModified(response.headers) ? null : response._ref,
      webSocketRef: response._webSocketRef,
      encodeBody: response._encodeBody,
    );

/// [response] as the host takes it.
Object responseToHost(Response response) {
  final ref = response._ref;
  final body = bodyOf(response);
  if (ref != null && !headersAreModified(response.headers)) {
    body.handOn();
    return ref;
  }
  return HostNew('Response', [
    body.toHost(),
    {
      'status': response.status,
      if (response.statusText.isNotEmpty) 'statusText': response.statusText,
      'headers': headersToHost(response.headers),
      if (response._webSocketRef case final webSocket?) 'webSocket': webSocket,
      if (response._encodeBody == BodyEncoding.manual) 'encodeBody': 'manual',
    },
  ]);
}

bool _hasNoBody(int status) =>
    status == 101 || status == 204 || status == 205 || status == 304;

void _checkStatus(int status, {required bool hasBody}) {
  if (status < 200 || status > 599) {
    throw RangeError.range(status, 200, 599, 'status');
  }
  if (hasBody && _hasNoBody(status)) {
    throw ArgumentError('a response with status $status has no body');
  }
}
