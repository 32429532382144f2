/// URLs that fit a pattern.
library;

import '../host/current.dart';

/// A pattern of URLs, with names for the parts that vary.
///
/// ```dart
/// final users = URLPattern(pathname: '/users/:id');
/// final match = users.exec(request.url);
/// if (match != null) return Response.ok('user ${match.groups['id']}');
/// ```
///
/// Each part is a pattern: `:name` is one path segment or host label, `*`
/// anything, `(\\d+)` a regular expression, `{...}?` what may be missing. A
/// part that is not given fits everything. It can be kept between events, and
/// used while one is handled. During development the whole program waits a
/// fraction of a millisecond for whatever is asked of it.
///
/// A pattern that is none throws a [WorkersException], compiled at once and
/// during development where it is first used.
///
/// See https://developer.mozilla.org/en-US/docs/Web/API/URL_Pattern_API.
final class URLPattern {
  /// A pattern of these parts; with [ignoreCase], by default off, letters fit
  /// their upper and lower case.
  URLPattern({
    String? protocol,
    String? username,
    String? password,
    String? hostname,
    String? port,
    String? pathname,
    String? search,
    String? hash,
    String? baseUrl,
    bool ignoreCase = false,
  }) : this._(
          [
            {
              if (protocol != null) 'protocol': protocol,
              if (username != null) 'username': username,
              if (password != null) 'password': password,
              if (hostname != null) 'hostname': hostname,
              if (port != null) 'port': port,
              if (pathname != null) 'pathname': pathname,
              if (search != null) 'search': search,
              if (hash != null) 'hash': hash,
              if (baseUrl != null) 'baseURL': baseUrl,
            },
            if (ignoreCase) _ignoreCase,
          ],
        );

  /// The pattern that [pattern] writes in one, such as
  /// `https://*.example.com/users/:id`; without scheme and host, it is one
  /// relative to [baseUrl].
  URLPattern.parse(String pattern, {String? baseUrl, bool ignoreCase = false})
      : this._([
          pattern,
          if (baseUrl != null) baseUrl,
          if (ignoreCase) _ignoreCase,
        ]);

  URLPattern._(List<Object?> arguments)
      : _ref = host.global.construct('URLPattern', arguments);

  static const Map<String, Object?> _ignoreCase = {'ignoreCase': true};

  final HostRef _ref;

  /// The pattern of the scheme.
  String get protocol => _part('protocol');

  /// The pattern of the user name.
  String get username => _part('username');

  /// The pattern of the password.
  String get password => _part('password');

  /// The pattern of the host.
  String get hostname => _part('hostname');

  /// The pattern of the port.
  String get port => _part('port');

  /// The pattern of the path.
  String get pathname => _part('pathname');

  /// The pattern of the query.
  String get search => _part('search');

  /// The pattern of the fragment.
  String get hash => _part('hash');

  /// Whether there is a regular expression in it.
  bool get hasRegExpGroups => _ref.getSync('hasRegExpGroups') == true;

  String _part(String name) => _ref.getSync(name)! as String;

  /// Whether [url], a [String] or [Uri], fits. One that is no URL does not.
  bool test(Object url) => _ref.callSync('test', ['$url']) == true;

  /// What the parts of [url], a [String] or [Uri], are, or `null` if it does
  /// not fit.
  URLPatternResult? exec(Object url) {
    final result = _ref.callSync('exec', ['$url']);
    if (result is! Map<String, Object?>) return null;
    URLPatternComponentResult part(String name) {
      final part = result[name]! as Map<String, Object?>;
      final groups = part['groups']! as Map<String, Object?>;
      return URLPatternComponentResult(
        part['input']! as String,
        {
          for (final MapEntry(:key, :value) in groups.entries)
            key: value as String?,
        },
      );
    }

    return URLPatternResult(
      protocol: part('protocol'),
      username: part('username'),
      password: part('password'),
      hostname: part('hostname'),
      port: part('port'),
      pathname: part('pathname'),
      search: part('search'),
      hash: part('hash'),
    );
  }
}

/// A URL that fits a [URLPattern].
class URLPatternResult {
  /// The URL of these parts.
  const URLPatternResult({
    required this.protocol,
    required this.username,
    required this.password,
    required this.hostname,
    required this.port,
    required this.pathname,
    required this.search,
    required this.hash,
  });

  /// The scheme, such as `https`.
  final URLPatternComponentResult protocol;

  /// The user name.
  final URLPatternComponentResult username;

  /// The password.
  final URLPatternComponentResult password;

  /// The host.
  final URLPatternComponentResult hostname;

  /// The port; empty if it is that of the scheme.
  final URLPatternComponentResult port;

  /// The path.
  final URLPatternComponentResult pathname;

  /// The query, without `?`.
  final URLPatternComponentResult search;

  /// The fragment, without `#`.
  final URLPatternComponentResult hash;

  /// What each name in the pattern stands for, `null` where it is missing from
  /// the URL; those without a name are `0`, `1` and so on in each part alone.
  Map<String, String?> get groups => {
        for (final part in [
          protocol,
          username,
          password,
          hostname,
          port,
          pathname,
          search,
          hash,
        ])
          for (final MapEntry(:key, :value) in part.groups.entries)
            if (int.tryParse(key) == null) key: value,
      };
}

/// One part of a URL that fits a [URLPattern].
class URLPatternComponentResult {
  /// The part [input].
  const URLPatternComponentResult(this.input, this.groups);

  /// The part of the URL.
  final String input;

  /// What each name in the pattern of this part stands for, `null` where it is
  /// missing from the URL; those without a name are called `0`, `1` and so on.
  final Map<String, String?> groups;
}
