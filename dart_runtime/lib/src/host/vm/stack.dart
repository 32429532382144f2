/// The stack of a Dart error as its author wants to read it: without the frames
/// of this package and of the core libraries, and with the program's own files
/// as paths in the project.
String readableStack(StackTrace stack, {String? package}) {
  final lines = <String>[];
  for (final line in '$stack'.split('\n')) {
    if (line.isEmpty || line == '<asynchronous suspension>') continue;
    if (line.contains('(dart:') ||
        line.contains('(package:cloudflare_workers/src/') ||
        line.contains('/.dart_tool/dartflare/dev.dart:')) {
      continue;
    }
    final text = line.replaceFirst(RegExp(r'^#\d+\s+'), '');
    lines.add(
      package == null ? text : text.replaceFirst('(package:$package/', '(lib/'),
    );
  }
  return [
    for (final (at, line) in lines.indexed) '#${'$at'.padRight(3)}$line',
  ].join('\n');
}
