import 'dart:async';

import 'package:cloudflare_workers/cloudflare_workers.dart' as workers;
import 'package:http/http.dart';

/// Sends a request of the platform.
typedef _Fetch = Future<workers.Response> Function(workers.Request request);

/// A client that sends requests with the `fetch` of the Workers runtime.
///
/// ```dart
/// final client = WorkersClient();
/// final page = await client.get(Uri.parse('https://example.com/'));
/// ```
///
/// Make and use it while an event is handled.
///
/// See https://developers.cloudflare.com/workers/runtime-apis/fetch/.
class WorkersClient extends BaseClient {
  /// A client that sends with [fetch], by default the platform's own; give that
  /// of a binding, such as `env.getAssets('ASSETS').fetch`, to send through it.
  WorkersClient({
    Future<workers.Response> Function(workers.Request request)? fetch,
  }) : _fetch = fetch ?? workers.fetch;

  final _Fetch _fetch;
  final _open = <workers.AbortController>{};
  bool _isClosed = false;

  /// Sends [request], and returns the response once its headers are there.
  ///
  /// Throws a [ClientException] if there is no answer, if there are too many
  /// redirects, and if the client was closed, and a [RequestAbortedException]
  /// if it was aborted.
  @override
  Future<StreamedResponse> send(BaseRequest request) async {
    if (_isClosed) {
      throw ClientException('the client was closed', request.url);
    }
    final controller = workers.AbortController();
    var isAborted = false;
    if (request case Abortable(:final abortTrigger?)) {
      unawaited(
        abortTrigger.whenComplete(() {
          isAborted = true;
          controller.abort();
        }),
      );
    }
    Object described(Object error) => switch (error) {
          workers.WorkersException() when isAborted =>
            RequestAbortedException(request.url),
          workers.WorkersException(:final message) =>
            ClientException(message, request.url),
          _ => error,
        };

    final content = await _content(request);
    _open.add(controller);
    try {
      final response = await _follow(request, content, controller.signal);
      final location = response.url ?? request.url;
      return _Response(
        _stream(response, controller, described),
        response.status,
        url: location,
        contentLength: _length(response),
        request: request,
        headers: {
          for (final MapEntry(:key, :value) in response.headers.toMap().entries)
            key: value.join(', '),
        },
        isRedirect: _isRedirect(response),
        reasonPhrase: response.statusText.isEmpty ? null : response.statusText,
      );
    } catch (error, stack) {
      _open.remove(controller);
      Error.throwWithStackTrace(described(error), stack);
    }
  }

  /// Ends all that is under way; nothing can be sent afterwards.
  @override
  void close() {
    _isClosed = true;
    for (final controller in _open) {
      controller.abort('the client was closed');
    }
    _open.clear();
  }

  /// The body of [request]: `null`, bytes, or a stream.
  static Future<Object?> _content(BaseRequest request) async {
    final stream = request.finalize();
    if (request.contentLength == 0) return null;
    // Bytes can be sent again after a redirect.
    if (request is Request) return stream.toBytes();
    if (request.method == 'GET' || request.method == 'HEAD') {
      // Neither has a body, which it may not know yet.
      final bytes = await stream.toBytes();
      return bytes.isEmpty ? null : bytes;
    }
    return switch (request.contentLength) {
      null => stream,
      final length => workers.FixedLengthStream(stream, length),
    };
  }

  Future<workers.Response> _follow(
    BaseRequest request,
    Object? content,
    workers.AbortSignal signal,
  ) async {
    var url = request.url;
    var method = request.method;
    var body = content;
    final headers = workers.Headers(request.headers)..delete('content-length');
    for (var redirects = 0;; redirects++) {
      final response = await _fetch(
        workers.Request(
          url,
          method: method,
          headers: headers,
          body: body,
          redirect: workers.RedirectMode.manual,
          signal: signal,
        ),
      );
      final location = response.headers['location'];
      if (!request.followRedirects ||
          !_isRedirect(response) ||
          location == null) {
        return response;
      }
      // What is left of it is of no interest.
      await response.body?.take(1).drain<void>();
      if (redirects == request.maxRedirects) {
        throw ClientException(
          'there are more than ${request.maxRedirects} redirects',
          request.url,
        );
      }
      final next = url.resolve(location);
      if (next.scheme != url.scheme ||
          next.host != url.host ||
          next.port != url.port) {
        // They are for whom they were given to.
        headers
          ..delete('authorization')
          ..delete('cookie');
      }
      url = next;
      final status = response.status;
      if (status == 303 && method != 'HEAD' ||
          status < 303 && method == 'POST') {
        method = 'GET';
        body = null;
        headers
          ..delete('content-encoding')
          ..delete('content-language')
          ..delete('content-location')
          ..delete('content-type');
      } else if (body is Stream) {
        throw ClientException(
          'the redirect to $url asks for the body again, which was a stream',
          request.url,
        );
      }
    }
  }

  Stream<List<int>> _stream(
    workers.Response response,
    workers.AbortController controller,
    Object Function(Object error) described,
  ) async* {
    try {
      if (response.body case final body?) {
        await for (final chunk in body) {
          yield chunk;
        }
      }
    } catch (error, stack) {
      Error.throwWithStackTrace(described(error), stack);
    } finally {
      _open.remove(controller);
    }
  }

  static bool _isRedirect(workers.Response response) =>
      const {301, 302, 303, 307, 308}.contains(response.status);

  /// How long the body is, unless it is decoded on its way.
  static int? _length(workers.Response response) =>
      response.headers.contains('content-encoding')
          ? null
          : int.tryParse(response.headers['content-length'] ?? '');
}

final class _Response extends StreamedResponse implements BaseResponseWithUrl {
  _Response(
    super.stream,
    super.statusCode, {
    required this.url,
    super.contentLength,
    super.request,
    super.headers,
    super.isRedirect,
    super.reasonPhrase,
  });

  @override
  final Uri url;
}
