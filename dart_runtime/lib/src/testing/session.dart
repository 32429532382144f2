import 'dart:async';
import 'dart:io';
import 'dart:math';

import '../host/vm/channel.dart';
import '../host/vm/frame.dart';
import '../host/vm/scope.dart';
import 'settings.dart';

/// How this program reaches `dartflare test`, which hands out the environments,
/// and the bridge, which then opens an event for each.
final class TestSession {
  TestSession._(this._settings, this._channel, this._server) {
    _channel
      ..onFrame = _answered
      ..onClosed = _lost;
    _channel.send(
      {'t': 'test', 'token': _settings.token, 'protocol': protocol},
    );
    _server.listen(_accept);
  }

  /// The one of this isolate. Throws a [StateError] if `dartflare test` did not
  /// start this program.
  static Future<TestSession> get current async {
    final settings = TestSettings.current;
    if (settings == null) {
      throw StateError(
        'there are no bindings here; run the test with `dartflare test`',
      );
    }
    // A Future that fails in another zone than its own would never end there.
    final session = await (_current ??= _open(settings));
    return session ?? (throw _gone());
  }

  static Future<TestSession?>? _current;

  static Future<TestSession?> _open(TestSettings settings) async {
    final loopback = InternetAddress.loopbackIPv4;
    try {
      final socket = await RawSocket.connect(loopback, settings.port);
      final server = await RawServerSocket.bind(loopback, 0);
      return TestSession._(settings, Channel(socket), server);
    } on SocketException {
      return null;
    }
  }

  static StateError _gone() =>
      StateError('`dartflare test` is not running any more');

  final TestSettings _settings;
  final Channel _channel;
  final RawServerSocket _server;
  final _http = HttpClient();
  final _random = Random.secure();
  final _asked = <int, Completer<Map<String, Object?>>>{};
  final _opening = <String, Completer<(EventScope, Frame)>>{};
  int _next = 1;
  bool _isLost = false;

  /// Asks `dartflare` for [what], and gives its answer.
  Future<Map<String, Object?>> ask(
    String what, [
    Map<String, Object?> more = const {},
  ]) {
    if (_isLost) return Future.error(_gone());
    final number = _next++;
    final answer = _asked[number] = Completer();
    _channel.send({'t': what, 'i': number, ...more});
    return answer.future;
  }

  void _answered(Frame frame) {
    final message = frame.message;
    final asked = _asked.remove(message['i']);
    if (message['error'] case final String error) {
      asked?.completeError(StateError(error));
    } else {
      asked?.complete(message);
    }
  }

  void _lost() {
    _isLost = true;
    for (final asked in _asked.values) {
      asked.completeError(_gone());
    }
    _asked.clear();
  }

  /// Opens an event in an environment that nobody had before. Gives it with the
  /// frame that it began with, and with what ends the use of the environment.
  Future<(EventScope, Frame, Future<void> Function() close)> open() async {
    final environment = await ask('environment');
    Future<void> close() => ask('close', {'url': environment['url']});
    final id = [
      for (var at = 0; at < 4; at++)
        _random.nextInt(1 << 32).toRadixString(16).padLeft(8, '0'),
    ].join();
    final opening = _opening[id] = Completer();
    unawaited(
      _request(Uri.parse(environment['url']! as String), id).then<void>(
        (problem) {
          if (opening.isCompleted) return;
          opening.completeError(StateError('the bindings are gone: $problem'));
        },
      ),
    );
    try {
      final (scope, frame) = await opening.future;
      return (scope, frame, close);
    } finally {
      _opening.remove(id);
    }
  }

  /// The request that the event lasts for. Gives what went wrong, if anything.
  Future<String> _request(Uri url, String id) async {
    try {
      final request = await _http.getUrl(url);
      request.headers
        ..set('x-dartflare-token', _settings.token)
        ..set('x-dartflare-event', id)
        ..set('x-dartflare-port', '${_server.port}');
      final response = await request.close();
      final text = await systemEncoding.decodeStream(response);
      return text.isEmpty ? 'the event ended before it began' : text;
    } on Exception catch (error) {
      return '$error';
    }
  }

  void _accept(RawSocket socket) {
    final channel = Channel(socket);
    channel.onFrame = (frame) {
      final message = frame.message;
      final opening = _opening[message['event']];
      if (message['token'] != _settings.token ||
          message['protocol'] != protocol ||
          opening == null ||
          opening.isCompleted) {
        return channel.abort();
      }
      channel.send({'t': 'app', 'app': 0});
      final scope = EventScope(
        message['event']! as String,
        channel,
        null,
        package: _settings.package,
      )..hold();
      channel.onClosed = scope.end;
      opening.complete((scope, frame));
    };
  }
}
