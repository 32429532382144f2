import 'dart:convert';

import 'package:cloudflare_workers/pages.dart';

import 'account.dart';

/// Who is signed in, in KV by the token of a cookie.
final class Sessions {
  const Sessions(this._store);

  static const _lifetime = Duration(days: 7);
  static const _cookie = 'session';

  final KVNamespace _store;

  /// The account of whoever sent [request]; `null` for a stranger.
  Future<Account?> accountOf(Request request) async {
    final token = _tokenOf(request);
    if (token == null) return null;
    final session =
        await _store.getJson<Map<String, Object?>>(await _key(token));
    return switch (session) {
      {'id': final int id, 'name': final String name} => Account(id, name),
      _ => null,
    };
  }

  /// Signs in, and gives the cookie for it.
  Future<String> start(Account account, Uri url) async {
    final token = base64Url.encode(crypto.getRandomValues(32));
    await _store.putJson(
      await _key(token),
      {'id': account.id, 'name': account.name},
      expirationTtl: _lifetime,
    );
    return _setCookie(token, _lifetime, url);
  }

  /// Signs out, and gives the cookie for it.
  Future<String> end(Request request) async {
    final token = _tokenOf(request);
    if (token != null) await _store.delete(await _key(token));
    return _setCookie('', Duration.zero, request.url);
  }

  static String? _tokenOf(Request request) {
    final cookies = (request.headers['cookie'] ?? '').split(';');
    for (final cookie in cookies) {
      final [name, ...value] = cookie.trim().split('=');
      if (name == _cookie && value.isNotEmpty) return value.join('=');
    }
    return null;
  }

  /// Whoever reads the store sees no token.
  static Future<String> _key(String token) async =>
      base64Url.encode(await crypto.subtle.digest(HashAlgorithm.sha256, token));

  static String _setCookie(String token, Duration age, Uri url) => [
        '$_cookie=$token',
        'Path=/',
        'Max-Age=${age.inSeconds}',
        'HttpOnly',
        'SameSite=Lax',
        // `dartflare dev` has no TLS.
        if (url.isScheme('https')) 'Secure',
      ].join('; ');
}
