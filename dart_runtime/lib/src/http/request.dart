/// HTTP requests.
library;

import 'dart:convert';

import '../host/host.dart';
import '../runtime/abort.dart';
import '../runtime/cf.dart';
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

/// How `fetch` uses the cache.
enum RequestCache {
  /// Asks the server, and stores nothing.
  noStore('no-store'),

  /// Asks the server whether what is stored is still right.
  noCache('no-cache');

  const RequestCache(this._name);

  final String _name;
}

/// An HTTP request: the one that a handler answers, or one to send.
///
/// A request that a handler received and passes on unchanged, with `fetch` or
/// to a Durable Object, is the same request; its body does not pass through
/// Dart. After a change to its [headers] a new request is made around the same
/// body.
///
/// See https://developers.cloudflare.com/workers/runtime-apis/request/.
final class Request extends HttpMessage {
  /// Makes a request for [url], a [String] or [Uri] with a scheme and host.
  ///
  /// [headers] is what the constructor of [Headers] takes. [body] is a
  /// [String], bytes (`List<int>`), a `Stream<List<int>>`, a `FormData` or
  /// `null`; `FormData` sets the header `Content-Type`. A `FixedLengthStream` is
  /// sent with the header `Content-Length`, and any other stream in chunks.
  ///
  /// The others are for `fetch`: [redirect] is what it does with a redirect, by
  /// default to follow it; [signal] ends it; [cache] says how it uses the cache,
  /// which [cf] says in more detail, beside much else.
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
    AbortSignal? signal,
    RequestCache? cache,
    RequestInitCfProperties? cf,
  }) {
    final checkedMethod = _checkedMethod(method);
    if (body != null) _checkBodyAllowed(checkedMethod);
    final (allHeaders, newBody) = newMessage(headers, body);
    return Request._(
      _checkedUrl(url),
      checkedMethod,
      allHeaders,
      newBody,
      options: _Options(
        redirect: redirect,
        signal: signal,
        cache: cache,
        cf: cf,
      ),
    );
  }

  Request._(
    this._url,
    this.method,
    super.headers,
    super.body, {
    HostRef? ref,
    _Options options = const _Options(),
    bool isChanged = false,
    bool hasNewUrl = false,
    bool hasNewBody = false,
  })  : _ref = ref,
        _options = options,
        _isChanged = isChanged,
        _hasNewUrl = hasNewUrl,
        _hasNewBody = hasNewBody;

  final String _url;
  final HostRef? _ref;
  final _Options _options;
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

  /// What Cloudflare knows of a request that was received: where it came from,
  /// how it was encrypted, and more. `null` for one that the program made, and
  /// where Cloudflare says nothing.
  ///
  /// During development the whole program waits a fraction of a millisecond for
  /// the first read.
  late final IncomingRequestCfProperties? cf = switch (_ref?.getSync('cf')) {
    final Map<String, Object?> properties =>
      IncomingRequestCfProperties(properties),
    _ => null,
  };

  /// What ends the request: the signal that the program gave, or for a request
  /// that was received one that aborts when the client leaves, with the
  /// compatibility flag `enable_request_signal`.
  late final AbortSignal? signal = _options.signal ??
      switch (_ref) {
        null => null,
        final ref => abortSignalFromHost(ref.property('signal')),
      };

  /// What `fetch` does with a redirect. A request that was received is `manual`
  /// on the platform, so that its redirects reach the client.
  late final RedirectMode redirect = _options.redirect ??
      (_ref?.getSync('redirect') == 'manual'
          ? RedirectMode.manual
          : RedirectMode.follow);

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
    AbortSignal? signal,
    RequestCache? cache,
    RequestInitCfProperties? cf,
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
      options: _options.replacedBy(
        _Options(
          redirect: redirect,
          signal: signal,
          cache: cache,
          cf: cf,
        ),
      ),
      isChanged: true,
      hasNewUrl: _hasNewUrl || url != null,
      hasNewBody: _hasNewBody || body != null,
    );
  }

  /// A second request like this one, with a body to be read by itself.
  ///
  /// Throws a [StateError] if the body was used already. While one of the two
  /// bodies is read and the other is not, the difference is held in memory.
  Request clone() => _clone(Headers(headers));

  Request _clone(Headers copied) {
    var ref = _ref;
    final body = bodyOf(this).clone((owner) {
      final cloned = cloneRef(owner);
      if (identical(owner, ref)) ref = cloned;
      return cloned;
    });
    return _with(copied, body, ref);
  }

  Request _with(Headers copied, Body body, HostRef? ref) => Request._(
        _url,
        method,
        copied,
        body,
        ref: ref,
        options: _options,
        isChanged: _isChanged || headersAreModified(headers),
        hasNewUrl: _hasNewUrl,
        hasNewBody: _hasNewBody,
      );

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

/// The URL of [request] as the platform or the program wrote it.
String urlTextOf(Request request) => request._url;

/// A request like [request], whose headers must not change any more: with
/// headers of its own, and with a body to be read by itself.
Request requestForHandler(Request request) =>
    request._clone(headersCopiedLater(request.headers));

/// What the platform throws where a request whose body was read takes another's
/// place.
const WorkersException usedBody = WorkersException(
  'TypeError',
  'Cannot reconstruct a Request with a used body.',
);

/// A request like [request], whose body it takes.
///
/// Throws [usedBody] if that was read already.
Request requestTakenFrom(Request request) {
  if (request.bodyUsed) throw usedBody;
  return request._with(
    Headers(request.headers),
    bodyOf(request).handOver(),
    request._ref,
  );
}

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
    ...request._options.toHost(),
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

/// [request] as the key of something, for which its body does not matter.
Object requestAsKey(Request request) {
  final ref = request._ref;
  if (ref != null &&
      !request._isChanged &&
      !headersAreModified(request.headers)) {
    return ref;
  }
  return HostNew('Request', [
    request._url,
    {
      'method': request.method,
      'headers': headersToHost(request.headers),
      ...request._options.toHost(),
    },
  ]);
}

/// What `fetch` is to do; `null` is what it does by itself.
final class _Options {
  const _Options({
    this.redirect,
    this.signal,
    this.cache,
    this.cf,
  });

  final RedirectMode? redirect;
  final AbortSignal? signal;
  final RequestCache? cache;
  final RequestInitCfProperties? cf;

  _Options replacedBy(_Options other) => _Options(
        redirect: other.redirect ?? redirect,
        signal: other.signal ?? signal,
        cache: other.cache ?? cache,
        cf: other.cf ?? cf,
      );

  Map<String, Object?> toHost() => {
        if (redirect case final redirect?) 'redirect': redirect.name,
        if (signal case final signal?) 'signal': abortSignalToHost(signal),
        if (cache case final cache?) 'cache': cache._name,
        if (cf case final cf?) 'cf': cf.toMap(),
      };
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
