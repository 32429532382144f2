import 'package:cloudflare_workers/cloudflare_workers.dart';

import 'environment.g.dart';

/// A shelf of files: the path names the file, its content is an object in R2.
///
/// The content passes from the client to R2 and back without being held in
/// memory, and without passing through Dart.
void main() {
  CloudflareWorkers(
    fetch: (request, env, ctx) async {
      final name = request.url.pathSegments.join('/');
      if (name.isEmpty) {
        if (request.method != 'GET') return Response.methodNotAllowed(['GET']);
        return _list(env.files);
      }
      switch (request.method) {
        case 'GET':
          return _download(env.files, name, request);
        case 'PUT':
          return _upload(env.files, name, request);
        case 'DELETE':
          await env.files.delete(name);
          return Response.noContent();
        default:
          return Response.methodNotAllowed(['GET', 'PUT', 'DELETE']);
      }
    },
  );
}

Future<Response> _upload(R2Bucket files, String name, Request request) async {
  // R2 must know the length of a stream beforehand.
  if (!request.headers.contains('content-length')) {
    return Response('say the length in `Content-Length`\n', status: 411);
  }
  final file = await files.put(
    name,
    request.body,
    httpMetadata: R2HttpMetadata(contentType: request.headers['content-type']),
  );
  return Response(null, status: 201, headers: {'etag': file!.httpEtag});
}

Future<Response> _download(R2Bucket files, String name, Request request) async {
  // With `If-Range` the client wants all of the file unless it is the one that
  // it has a part of; it takes all of it in any case.
  final wantsPart = !request.headers.contains('if-range');
  final file = await files.get(
    name,
    range: wantsPart ? R2Range.fromHeaders(request.headers) : null,
    onlyIf: R2Conditional.fromHeaders(request.headers),
  );
  if (file == null) return Response.notFound('no file `$name`\n');
  final headers = Headers({'etag': file.httpEtag, 'accept-ranges': 'bytes'});
  file.writeHttpMetadata(headers);
  final R2ObjectBody(:body, :range, :size) = file;
  if (body == null) {
    final mustMatch = request.headers.contains('if-match') ||
        request.headers.contains('if-unmodified-since');
    return Response(null, status: mustMatch ? 412 : 304, headers: headers);
  }
  if (range case R2Range(:final offset?, :final length?) when length < size) {
    headers['content-range'] = 'bytes $offset-${offset + length - 1}/$size';
    return Response(body, status: 206, headers: headers);
  }
  return Response(body, headers: headers);
}

Future<Response> _list(R2Bucket files) async {
  final objects = files.listAll(include: {R2Include.httpMetadata});
  return Response.json([
    await for (final object in objects)
      {
        'name': object.key,
        'size': object.size,
        'type': object.httpMetadata?.contentType,
        'uploaded': object.uploaded.toIso8601String(),
      },
  ]);
}
