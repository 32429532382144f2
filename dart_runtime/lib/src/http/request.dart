/// HTTP requests.
library;

import 'dart:convert';

import '../host/host.dart';
import 'body.dart';
import 'headers.dart';
import 'message.dart';

/// What `fetch` does when a server answers with a redirect.
enum RedirectMode {
  /// Requests the new location.
  follow,

  /// Returns the redirect itself.
  manual,
}

/// An HTTP request: the one that a handler answers, or one to send.
///
/// A request that a handler received and passes on unchanged, with `fetch` or
/// to a Durable Object, is the same request; its body does not pass through
/// Dart. After a change to its [headers] a new request is made around the same
/// body.
///
/// See https://developers.cloudflare.com/workers/runtime-apis/request/.
final class Request extends Message {
  /// Makes a request for [url], a [String] or [Uri] with a scheme and host.
  ///
  /// [headers] is what the constructor of [Headers] takes. [body] is a
  /// [String], bytes (`List<int>`), a `Stream<List<int>>`, a `FormData` or
  /// `null`; `FormData` sets the header `Content-Type`. [redirect] is what
  /// `fetch` does with a redirect, by default to follow it.
  ///
  /// Throws an [ArgumentError] for a URL without scheme or host, for a [method]
  /// that HTTP does not allow, for a body with `GET` or `HEAD`, and for any
  /// other kind of body.
  factory Request(
    Object url, {
    String method = 'GET',
    Object? headers,
    Object? body,
    RedirectMode? redirect,
  }) {
    final checkedMethod = _checkedMethod(method);
    if (body != null) _checkBodyAllowed(checkedMethod);
    final (allHeaders, newBody) = newMessage(headers, body);
    return Request._(
      _checkedUrl(url),
      checkedMethod,
      allHeaders,
      newBody,
      redirect: redirect,
    );
  }

  Request._(
    this._url,
    this.method,
    super.headers,
    super.body, {
    HostRef? ref,
    RedirectMode? redirect,
    bool isChanged = false,
    bool hasNewUrl = false,
    bool hasNewBody = false,
  })  : _ref = ref,
        _redirect = redirect,
        _isChanged = isChanged,
        _hasNewUrl = hasNewUrl,
        _hasNewBody = hasNewBody;

  final String _url;
  final HostRef? _ref;
  final RedirectMode? _redirect;
  final bool _isChanged;
  final bool _hasNewUrl;
  final bool _hasNewBody;

  /// The method, such as `GET`.
  final String method;

  /// The URL that is requested.
  ///
  /// Bytes in it that are not UTF-8, such as `%E4` by itself, show as U+FFFD,
  /// so that `url.pathSegments` and `url.queryParameters` never throw. Passed
  /// on, the request keeps them.
  late final Uri url = Uri.parse(_url.replaceAllMapped(_encoded, _mend));

  /// A request like this one with some parts replaced; the body is shared
  /// unless it is replaced.
  ///
  /// Throws an [ArgumentError] where the constructor does.
  Request copyWith({
    Object? url,
    String? method,
    Object? headers,
    Object? body,
    RedirectMode? redirect,
  }) {
    final newMethod = method == null ? this.method : _checkedMethod(method);
    if (body != null || method != null && !bodyOf(this).isEmpty) {
      _checkBodyAllowed(newMethod);
    }
    final (newHeaders, newBody) = newMessage(headers ?? this.headers, body);
    return Request._(
      url == null ? _url : _checkedUrl(url),
      newMethod,
      newHeaders,
      body == null ? bodyOf(this) : newBody,
      ref: _ref,
      redirect: redirect ?? _redirect,
      isChanged: true,
      hasNewUrl: _hasNewUrl || url != null,
      hasNewBody: _hasNewBody || body != null,
    );
  }

  /// A second request like this one, with a body to be read by itself.
  ///
  /// Throws a [StateError] if the body was used already. While one of the two
  /// bodies is read and the other is not, the difference is held in memory.
  Request clone() {
    var ref = _ref;
    final body = bodyOf(this).clone((owner) {
      final cloned = cloneRef(owner);
      if (identical(owner, ref)) ref = cloned;
      return cloned;
    });
    return Request._(
      _url,
      method,
      Headers(headers),
      body,
      ref: ref,
      redirect: _redirect,
      isChanged: _isChanged || headersAreModified(headers),
      hasNewUrl: _hasNewUrl,
      hasNewBody: _hasNewBody,
    );
  }

  /// The method and URL, for logs.
  @override
  String toString() => '$method $_url';
}

/// The request that an event brought.
Request requestFromHost(HostRef ref, Map<String, Object?> info) => Request._(
      info['url']! as String,
      info['method']! as String,
      switch (info['headers']) {
        null => headersReadFromHost(() => ref.getSync('headers')),
        final pairs => headersFromHost(pairs),
      },
      info['hasBody'] == true ? Body.of(ref) : Body.from(null),
      ref: ref,
    );

/// [request] as the host takes it.
Object requestToHost(Request request) {
  final ref = request._ref;
  final body = bodyOf(request);
  if (ref != null &&
      !request._isChanged &&
      !headersAreModified(request.headers)) {
    body.handOn();
    return ref;
  }
  final changes = <String, Object?>{
    'method': request.method,
    'headers': headersToHost(request.headers),
    if (request._redirect case final redirect?) 'redirect': redirect.name,
  };
  if (ref == null || request._hasNewBody) {
    if (!body.isEmpty) changes['body'] = body.toHost();
  } else {
    body.handOn();
  }
  if (ref == null) return HostNew('Request', [request._url, changes]);
  // What Dart does not know of the request, such as `cf`, comes along with it.
  final changed = HostNew('Request', [ref, changes]);
  return request._hasNewUrl
      ? HostNew('Request', [request._url, changed])
      : changed;
}

final RegExp _encoded = RegExp('(?:%[0-9A-Fa-f]{2})+');

/// Percent-encoded bytes with U+FFFD in place of what is not UTF-8.
String _mend(Match encoded) {
  final text = encoded[0]!;
  final bytes = [
    for (var at = 1; at < text.length; at += 3)
      int.parse(text.substring(at, at + 2), radix: 16),
  ];
  try {
    utf8.decode(bytes);
    return text;
  } on FormatException {
    return Uri.encodeComponent(utf8.decode(bytes, allowMalformed: true));
  }
}

String _checkedUrl(Object url) {
  final text = switch (url) {
    String() || Uri() => '$url',
    _ => throw ArgumentError.value(url, 'url', 'not a `String` or `Uri`'),
  };
  final parsed = Uri.tryParse(text);
  if (parsed == null || !parsed.hasScheme || parsed.host.isEmpty) {
    throw ArgumentError.value(
      text,
      'url',
      'not a URL with scheme and host; for a Durable Object or a service any '
          'host will do, such as `https://object/path`',
    );
  }
  return text;
}

String _checkedMethod(String method) {
  if (!isHttpToken(method)) {
    throw ArgumentError.value(method, 'method', 'not an HTTP method');
  }
  final upper = method.toUpperCase();
  const known = {'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'};
  return known.contains(upper) ? upper : method;
}

void _checkBodyAllowed(String method) {
  if (method == 'GET' || method == 'HEAD') {
    throw ArgumentError(
      'a $method request has no body; pass `method: \'POST\'` for example',
    );
  }
}
