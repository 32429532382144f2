/// The Cache API.
library;

import '../host/current.dart';
import '../http/request.dart';
import '../http/response.dart';

/// The caches that this Worker can read and write.
///
/// See https://developers.cloudflare.com/workers/runtime-apis/cache/.
const CacheStorage caches = CacheStorage._();

/// The caches of a Worker, to be had as [caches].
final class CacheStorage {
  const CacheStorage._();

  /// The cache that `fetch` uses too.
  Cache get defaultCache =>
      Cache._(host.global.property('caches').property('default'));

  /// The cache called [name], which is made if it is not there.
  ///
  /// Use it while the event is handled that it was opened in; a further event
  /// opens it again.
  Future<Cache> open(String name) async {
    final opened = await host.global.property('caches').call(
      'open',
      [name],
      select: const [],
    );
    return Cache._(opened! as HostRef);
  }
}

/// A cache of responses in the Cloudflare location that the Worker runs in.
///
/// ```dart
/// final cached = await caches.defaultCache.match(request);
/// if (cached != null) return cached;
/// final response = Response.ok('slow')
///   ..headers['cache-control'] = 'max-age=60';
/// ctx.waitUntil(caches.defaultCache.put(request, response.clone()));
/// return response;
/// ```
///
/// What is under a key in one location is not in another, and may be gone at
/// any time. A key is a [Request], or a URL, a [String] or [Uri], which stands
/// for a `GET` request. What the platform refuses throws a
/// [WorkersException].
///
/// See https://developers.cloudflare.com/workers/runtime-apis/cache/.
final class Cache {
  Cache._(this._ref);

  final HostRef _ref;

  /// The response that was stored under [key], or `null` if there is none, or
  /// none that is fresh.
  ///
  /// Only `GET` requests have one; with [ignoreMethod], by default off, a
  /// request with another method is taken as `GET`. A key with the header
  /// `If-None-Match` or `If-Modified-Since` may give status 304, and one with
  /// `Range` status 206.
  ///
  /// Throws an [ArgumentError] for a URL without scheme or host.
  Future<Response?> match(Object key, {bool ignoreMethod = false}) async {
    final response = await _ref.call(
      'match',
      [requestAsKey(_request(key)), if (ignoreMethod) _ignoreMethod],
      select: responseProperties,
    );
    return response == null ? null : responseFromHost(response as HostRef);
  }

  /// Stores [response] under [key], for as long as its headers `Cache-Control`
  /// or `Expires` say; its body is used up.
  ///
  /// A response with the header `Set-Cookie` is not stored, unless
  /// `Cache-Control` is `private=Set-Cookie`.
  ///
  /// Throws an [ArgumentError] for what a cache does not take: a request whose
  /// method is not `GET`, a response with status 206, or with the header `Vary`
  /// of `*`.
  Future<void> put(Object key, Response response) async {
    final request = _request(key);
    if (request.method != 'GET') {
      throw ArgumentError.value(
        request.method,
        'key',
        'a cache stores responses to `GET` alone; give the URL, or '
            '`request.copyWith(method: \'GET\')`',
      );
    }
    if (response.status == 206) {
      throw ArgumentError.value(
        response.status,
        'response',
        'a cache stores whole responses, and status 206 is a part of one',
      );
    }
    final vary = response.headers['vary']?.split(',') ?? const [];
    if (vary.any((name) => name.trim() == '*')) {
      throw ArgumentError.value(
        '*',
        'response',
        'a response whose header `Vary` is `*` cannot be found again; delete '
            'the header, or name the headers that it depends on',
      );
    }
    await _ref.call('put', [requestAsKey(request), responseToHost(response)]);
  }

  /// Deletes the response that is stored under [key], and tells whether there
  /// was one; [ignoreMethod] as for [match].
  ///
  /// Throws an [ArgumentError] for a URL without scheme or host.
  Future<bool> delete(Object key, {bool ignoreMethod = false}) async =>
      await _ref.call('delete', [
        requestAsKey(_request(key)),
        if (ignoreMethod) _ignoreMethod,
      ]) ==
      true;

  static const Map<String, Object?> _ignoreMethod = {'ignoreMethod': true};

  static Request _request(Object key) => key is Request ? key : Request(key);
}
