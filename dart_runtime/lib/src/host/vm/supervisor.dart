import 'dart:async';
import 'dart:convert';
import 'dart:developer' show Service;
import 'dart:io';
import 'dart:isolate';

import 'app.dart';
import 'channel.dart';
import 'nursery.dart';
import 'report.dart';
import 'stack.dart';

/// Starts the program under `dartflare dev`: one isolate runs the user's
/// `main()` and takes events; this one stays behind, reloads the code when
/// `dartflare` says so and replaces the isolate.
///
/// [entry] must be a top-level function: it is looked up again after a reload.
/// The environment holds `DARTFLARE_PORT`, where `dartflare` listens,
/// `DARTFLARE_TOKEN`, this run's secret, `DARTFLARE_PACKAGE`, the name of the
/// user's package, and, where the program is to be reloaded, `DARTFLARE_PROGRAM`,
/// the URI of the library that calls this. What runs may be an earlier
/// compilation of that.
///
/// [owner] is what the library's `main()` got as its message.
Future<void> supervise(void Function(AppStart) entry, [Object? owner]) async {
  if (owner is SendPort) return SourceNursery.serve(entry, owner);
  final environment = Platform.environment;
  final token = environment['DARTFLARE_TOKEN'];
  final port = int.tryParse(environment['DARTFLARE_PORT'] ?? '');
  if (token == null || port == null) {
    stderr.writeln('error: this program is started by `dartflare dev`');
    exit(2);
  }
  final socket = await RawSocket.connect(InternetAddress.loopbackIPv4, port);
  await _Supervisor(
    Channel(socket),
    OwnNursery(entry),
    token,
    environment['DARTFLARE_PACKAGE'],
    switch (environment['DARTFLARE_PROGRAM']) {
      null => null,
      final program => Uri.parse(program),
    },
  ).run();
}

/// What became of a reload, as `dartflare` is told it.
typedef _Outcome = ({String outcome, String text});

final class _App {
  _App(this.isolate, this.retire);

  final Isolate isolate;
  final SendPort retire;
}

final class _Supervisor {
  _Supervisor(
    this._channel,
    this._nursery,
    this._token,
    this._package,
    this._program,
  ) : _isCompiled = Platform.script.path.endsWith('.dart');

  /// How long `main()` may take; Workers give it 1 s.
  static const _startLimit = Duration(seconds: 10);

  /// How long the events of a replaced isolate may go on.
  static const _grace = Duration(seconds: 2);

  /// How long after that an isolate may take to end by itself; one that spins
  /// does not.
  static const _patience = Duration(seconds: 1);

  /// How long after the start nobody is likely to wait for an answer.
  static const _calm = Duration(seconds: 1);

  final Channel _channel;
  final String _token;
  final String? _package;
  final Uri? _program;
  Nursery _nursery;

  /// Whether this VM has compiled the code of [_nursery], and can reload it.
  bool _isCompiled;
  final _http = HttpClient();
  int _number = 0;
  _App? _app;
  Future<void> _last = Future.value();
  bool _isReloading = false;
  Timer? _warmUp;

  Future<void> run() async {
    _channel
      // `dartflare` is gone, however it went: so is the reason to run.
      ..onClosed = (() => exit(0))
      ..onFrame = (frame) {
        if (frame.message['t'] != 'reload') return;
        _warmUp?.cancel();
        // One after the other: a second save waits for the first one's reload.
        final lookAtAll = frame.message['all'] == true || _isReloading;
        _last = _last.then((_) => _reload(lookAtAll: lookAtAll));
      };
    final service = await Service.getInfo();
    _channel.send({
      't': 'vm',
      'token': _token,
      'protocol': protocol,
      'service': '${service.serverUri ?? ''}',
    });
    await _spawn();
    if (_program case final program?) {
      _warmUp = Timer(_calm, () {
        _last = _last.then((_) => _rehearse(program));
      });
    }
  }

  /// Compiles what is not compiled, and reloads the generated program, which
  /// nobody edits: a VM's first reload compiles the compiler itself, and takes
  /// three times as long as later ones.
  Future<void> _rehearse(Uri program) async {
    if (!_isCompiled) await _compile(program);
    if (!_isCompiled) return;
    try {
      await File.fromUri(program).setLastModified(DateTime.now());
    } on FileSystemException {
      return;
    }
    await _reloadSources(lookAtAll: false);
  }

  Future<void> _spawn() async {
    final old = _app;
    final number = ++_number;
    final answers = ReceivePort();
    final errors = RawReceivePort((Object? report) {
      final [error as String, stack as String?] = report! as List<Object?>;
      final trace =
          readableStack(StackTrace.fromString(stack ?? ''), package: _package);
      reportUnhandled('outside a handler', error, trace);
    });
    final exits = RawReceivePort();
    final isolate = await _nursery.spawn(
      (
        number: number,
        token: _token,
        package: _package,
        supervisor: answers.sendPort,
      ),
      onError: errors.sendPort,
      onExit: exits.sendPort,
    );
    final gone = Completer<Object?>();
    exits.handler = (Object? _) {
      exits.close();
      errors.close();
      answers.close();
      if (!gone.isCompleted) gone.complete(null);
      _channel.send({'t': 'ended', 'app': number});
      if (_app?.isolate == isolate) _app = null;
    };
    final late = Timer(_startLimit, () {
      if (!gone.isCompleted) gone.complete('did not return within 10 s');
      isolate.kill(priority: Isolate.immediate);
    });
    final answer = await Future.any([answers.first, gone.future]);
    late.cancel();
    if (answer
        case {
          'port': final int port,
          'retire': final SendPort retire,
          'registered': final Map<Object?, Object?> registered,
        }) {
      _app = _App(isolate, retire);
      _channel.send({
        't': 'ready',
        'app': number,
        'port': port,
        ...registered.cast<String, Object?>(),
      });
    } else {
      final text = '`main()` ${answer ?? 'ended its isolate'}';
      _channel.send({'t': 'failed', 'text': text});
      return;
    }
    if (old != null) {
      old.retire.send(false);
      Timer(_grace, () => old.retire.send(true));
      Timer(
        _grace + _patience,
        () => old.isolate.kill(priority: Isolate.immediate),
      );
    }
  }

  Future<void> _reload({required bool lookAtAll}) async {
    final (:outcome, :text) = switch (_program) {
      final program? when !_isCompiled => await _compile(program),
      _ => await _reloadSources(lookAtAll: lookAtAll),
    };
    if (outcome == 'reloaded') {
      await _spawn();
    } else {
      _channel.send({'t': outcome, 'text': text});
    }
  }

  /// Compiles the sources as they are, for the next isolate and for reloads.
  Future<_Outcome> _compile(Uri program) async {
    _isReloading = true;
    try {
      _nursery = await SourceNursery.compile(program);
      _isCompiled = true;
      return (outcome: 'reloaded', text: '');
    } on IsolateSpawnException catch (error) {
      return _refused(error.message);
    } finally {
      _isReloading = false;
    }
  }

  /// Has the VM take up what was saved. It goes by the files' times, unless it
  /// is told to [lookAtAll], because something was saved during a reload.
  Future<_Outcome> _reloadSources({required bool lookAtAll}) async {
    _isReloading = true;
    try {
      final service = (await Service.getInfo()).serverUri;
      if (service == null) {
        return (outcome: 'restart', text: 'the VM service is not running');
      }
      final request = await _http.getUrl(
        service.resolve(
          'reloadSources?isolateId=${_nursery.isolateId}'
          '&force=$lookAtAll',
        ),
      );
      final response = await request.close();
      final body =
          jsonDecode(await utf8.decodeStream(response)) as Map<String, Object?>;
      final report = body['result'] as Map<String, Object?>?;
      if (report?['success'] == true) return (outcome: 'reloaded', text: '');
      final notices = report?['notices'] as List<Object?>?;
      final text = notices == null
          ? jsonEncode(body['error'] ?? body)
          : [
              for (final notice in notices.cast<Map<String, Object?>>())
                if (notice['message'] case final String message) message,
            ].join('\n');
      return _refused(text);
    } on Exception catch (error) {
      return (outcome: 'restart', text: '$error');
    } finally {
      _isReloading = false;
    }
  }

  /// An error in the source is the author's to mend; anything else is a change
  /// that only a new VM can take.
  static _Outcome _refused(String text) => (
        outcome: RegExp(r':\d+:\d+: Error: ').hasMatch(text)
            ? 'rejected'
            : 'restart',
        text: text,
      );
}
