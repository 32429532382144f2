import 'dart:convert';

import 'entry.dart';

/// The guestbook as HTML. What guests wrote is text, whatever it looks like.
String page(
  List<Entry> entries, {
  required int total,
  int? older,
  String? problem,
}) =>
    '''
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Guestbook</title>
<style>
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 2rem auto; padding: 0 1rem }
  form { display: grid; gap: .5rem }
  input, textarea, button { font: inherit; padding: .4rem }
  blockquote { margin: 1.5rem 0; white-space: pre-wrap }
  .problem { color: #a00 }
</style>
<h1>Guestbook</h1>
<form method="post">
  <input name="name" placeholder="Your name" maxlength="80" required>
  <textarea name="message" placeholder="Your message" maxlength="1000" required></textarea>
  <button>Sign</button>
</form>
${problem == null ? '' : '<p class="problem">${_escape(problem)}</p>\n'}<p>Signed $total times</p>
${entries.map(_entry).join()}${older == null ? '' : '<p><a href="/?before=$older">Older</a></p>\n'}''';

String _entry(Entry entry) => '''
<blockquote>${_escape(entry.message)}
<footer>${_escape(entry.name)}, ${entry.signedAt.toIso8601String().substring(0, 10)}</footer></blockquote>
''';

String _escape(String text) => const HtmlEscape().convert(text);
