/// The path of a URL, as functions are chosen by it.
library;

/// The path of [url], a URL with a host, as JavaScript's `new URL(url).pathname`
/// has it: with dot segments resolved and percent-encoded, and otherwise as it
/// was written. It is ASCII and begins with a slash.
///
/// What serves the assets does the same, so that there is no way of writing a
/// path that leads there but not past the middleware before it: the runtime
/// leaves `%2e%2e` and `\` in the URL of a request. A `Uri` of Dart would decode
/// `%61` and the like.
String pathnameOf(String url) {
  final start = url.indexOf(_endOfHost, url.indexOf('://') + 3);
  if (start < 0) return '/';
  final end = url.indexOf(_endOfPath, start);
  final path = end < 0 ? url.substring(start) : url.substring(start, end);
  if (path.isEmpty) return '/';
  if (!path.contains(_notPlain)) return path;
  return _normalized(end < 0 ? path.replaceFirst(_trimmed, '') : path);
}

/// The path of the file that the assets have for [path], which is one of a URL:
/// percent-decoded, and only then split at its slashes and rid of dot segments.
/// It is encoded as the path of a URL is, and [path] itself where that cannot be
/// decoded.
///
/// So `/%61pi/x`, `/api%2fx` and `/y/..%2fapi/x` are all `/api/x`.
String servedPathOf(String path) {
  final String decoded;
  try {
    decoded = Uri.decodeComponent(path);
  } on ArgumentError {
    return path;
  } on FormatException {
    return path;
  }
  final segments = <String>[];
  for (final segment in decoded.split(_separator)) {
    if (segment == '..') {
      if (segments.isNotEmpty) segments.removeLast();
    } else if (segment.isNotEmpty && segment != '.') {
      segments.add(_encodedIn(segment));
    }
  }
  return '/${segments.join('/')}';
}

String _encodedIn(String segment) => segment.replaceAllMapped(
      _encoded,
      (match) => Uri.encodeComponent(match[0]!),
    );

final RegExp _endOfHost = RegExp(r'[/\\?#]');
final RegExp _endOfPath = RegExp('[?#]');

final RegExp _notPlain = RegExp(
  r'[^!-~]|["<>^`{}\\]|/(?:\.|%2e){1,2}(?:/|$)',
  caseSensitive: false,
);

final RegExp _trimmed = RegExp(r'[\x00-\x20]+$');
final RegExp _dropped = RegExp(r'[\t\n\r]');
final RegExp _separator = RegExp(r'[/\\]');
final RegExp _dot = RegExp(r'^(?:\.|%2e)$', caseSensitive: false);
final RegExp _dots = RegExp(r'^(?:\.|%2e){2}$', caseSensitive: false);
final RegExp _encoded = RegExp('[^!-~]+|["<>^`{}]');

/// The path state of https://url.spec.whatwg.org/#path-state, for URLs of the
/// web.
String _normalized(String path) {
  final given = path.replaceAll(_dropped, '').split(_separator).skip(1);
  final segments = <String>[];
  var isOpen = true;
  for (final segment in given) {
    isOpen = true;
    if (_dots.hasMatch(segment)) {
      if (segments.isNotEmpty) segments.removeLast();
    } else if (!_dot.hasMatch(segment)) {
      isOpen = false;
      segments.add(_encodedIn(segment));
    }
  }
  // A path that ends in a dot segment ends in a slash.
  if (isOpen) segments.add('');
  return '/${segments.join('/')}';
}
