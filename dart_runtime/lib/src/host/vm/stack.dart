/// The stack of a Dart error as its author wants to read it: without the frames
/// of this package and of the core libraries, and with the program's own files
/// as paths in the project.
String readableStack(StackTrace stack, {String? package}) {
  final lines = <String>[];
  for (final line in '$stack'.split('\n')) {
    if (line.isEmpty || line == '<asynchronous suspension>') continue;
    if (line.contains('(dart:') ||
        line.contains('(package:cloudflare_workers/src/') ||
        line.contains('/.dart_tool/dartflare/')) {
      continue;
    }
    final text = line.replaceFirst(RegExp(r'^#\d+\s+'), '');
    lines.add(_inProject(text, package));
  }
  return [
    for (final (at, line) in lines.indexed) '#${'$at'.padRight(3)}$line',
  ].join('\n');
}

/// [line] with a file of the program by its path in the project, which the
/// program runs in.
String _inProject(String line, String? package) {
  for (final (uri, path) in [
    if (package != null) ('(package:$package/', '(lib/'),
    ('(${Uri.base}', '('),
  ]) {
    final at = line.indexOf(uri);
    if (at < 0) continue;
    final rest = line.substring(at + uri.length);
    return '${line.substring(0, at)}$path${_decoded(rest)}';
  }
  return line;
}

/// [text] decoded, or as it is: a stack may be of the program's own making.
String _decoded(String text) {
  try {
    return Uri.decodeFull(text);
  } on ArgumentError {
    return text;
  } on FormatException {
    return text;
  }
}
