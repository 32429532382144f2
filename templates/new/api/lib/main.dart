import 'package:cloudflare_workers/cloudflare_workers.dart';

import 'environment.g.dart';
import 'links.dart';

/// Short links: `/dart` leads to where the link `dart` does, and `/links` is
/// an API to make and remove them.
void main() {
  CloudflareWorkers(
    fetch: (request, env, ctx) async {
      final links = Links(env.db, env.targets);
      return switch ((request.method, request.url.pathSegments)) {
        ('GET', []) => Response.json({'links': '/links'}),
        ('GET', ['links']) => Response.json({'links': await links.all()}),
        ('POST', ['links']) => _add(request, links),
        ('DELETE', ['links', final name]) => _remove(name, links),
        ('GET', [final name]) => _follow(name, links),
        _ => _problem(404, 'there is nothing here'),
      };
    },
  );
}

Future<Response> _add(Request request, Links links) async {
  final Object? input;
  try {
    input = await request.json<Object?>();
  } on FormatException {
    return _problem(400, 'the body is no JSON');
  }
  if (input case {'name': final String name, 'url': final String url}
      when RegExp(r'^[\w-]+$').hasMatch(name) && name != 'links') {
    if (Uri.tryParse(url)?.isAbsolute ?? false) {
      return await links.add(name, url)
          ? Response.json({'name': name, 'url': url}, status: 201)
          : _problem(409, 'there is a link `$name`');
    }
  }
  return _problem(400, 'send a `name` and an absolute `url`');
}

Future<Response> _remove(String name, Links links) async =>
    await links.remove(name)
        ? Response.noContent()
        : _problem(404, 'there is no link `$name`');

Future<Response> _follow(String name, Links links) async {
  final target = await links.target(name);
  return target == null
      ? _problem(404, 'there is no link `$name`')
      : Response.redirect(target);
}

Response _problem(int status, String problem) =>
    Response.json({'problem': problem}, status: status);
