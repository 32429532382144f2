import 'package:cloudflare_workers/cloudflare_workers.dart';

import 'entries.dart';
import 'environment.g.dart';
import 'page.dart';

/// A guestbook: a page that shows what guests wrote, and a form to sign it.
void main() {
  CloudflareWorkers(
    fetch: (request, env, ctx) {
      if (request.url.path != '/') return Response.notFound();
      final entries = Entries(env.db);
      return switch (request.method) {
        'GET' => _show(request, entries),
        'POST' => _sign(request, entries),
        _ => Response.methodNotAllowed(['GET', 'POST']),
      };
    },
  );
}

Future<Response> _show(Request request, Entries entries) async {
  final text = request.url.queryParameters['before'];
  final before = int.tryParse(text ?? '');
  if (text != null && before == null) {
    return Response.badRequest('`before` is the number of an entry\n');
  }
  return _page(entries, before: before);
}

Future<Response> _sign(Request request, Entries entries) async {
  final FormData form;
  try {
    form = await request.formData();
  } on FormatException catch (error) {
    return Response.badRequest('${error.message}\n');
  }
  final name = form['name']?.trim() ?? '';
  final message = form['message']?.trim() ?? '';
  if (name.isEmpty || message.isEmpty) {
    return _page(entries, status: 400, problem: 'Write a name and a message.');
  }
  if (name.length > 80 || message.length > 1000) {
    return _page(entries, status: 400, problem: 'That is too long.');
  }
  if (!await entries.sign(name, message)) {
    return _page(entries, status: 409, problem: 'You said that before.');
  }
  // So that a reload of the page does not sign again.
  return Response.redirect('/', status: 303);
}

Future<Response> _page(
  Entries entries, {
  int? before,
  int status = 200,
  String? problem,
}) async {
  final (entries: shown, :total, :hasOlder) =
      await entries.page(before: before);
  return Response.html(
    page(
      shown,
      total: total,
      older: hasOlder ? shown.last.id : null,
      problem: problem,
    ),
    status: status,
  );
}
