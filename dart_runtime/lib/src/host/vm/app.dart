import 'dart:async';
import 'dart:io';
import 'dart:isolate';

import '../host.dart';
import '../registration.dart';
import '../values.dart';
import 'channel.dart';
import 'frame.dart';
import 'gate.dart';
import 'report.dart';
import 'scope.dart';
import 'stack.dart';

/// What the supervisor gives an app isolate to begin with.
typedef AppStart = ({
  int number,
  String token,
  String? package,
  SendPort supervisor,
});

/// Runs the program in this isolate until it is retired: `main()` registers,
/// events arrive on a port of loopback that the supervisor is told, with where
/// to send whether the grace is over, and what was registered.
Future<void> runApp(AppStart start, Function userMain) async {
  // After an uncaught error the VM leaves the rest of the turn's microtasks until
  // the isolate's next message. The error's own is one; without it, a handler
  // that forgot a failing Future would not answer.
  final errors = RawReceivePort((Object? _) {})..keepIsolateAlive = false;
  Isolate.current.addErrorListener(errors.sendPort);
  final app = _App.instance = _App(start);
  app.startUp(userMain);
  final server = await RawServerSocket.bind(InternetAddress.loopbackIPv4, 0);
  server.listen(app.accept);
  final commands = RawReceivePort();
  commands.handler = (Object? isGraceOver) {
    isGraceOver == true ? app.leave() : app.retire();
  };
  start.supervisor.send({
    'port': server.port,
    'retire': commands.sendPort,
    'registered': {
      'handlers': [...?app.application?.handlers],
      'durableObjects': [...?app.application?.durableObjects],
      'entrypoints': [...?app.application?.entrypoints],
      'workflows': [...?app.application?.workflows],
    },
  });
}

/// The host under `dartflare dev`: operations travel to the bridge in workerd.
final class VmHost implements Host {
  @override
  VmRef get global => VmRef.root(Root.global);

  @override
  VmRef get helpers => VmRef.root(Root.helpers);

  @override
  void register(HostApplication application) {
    final app = _App.instance;
    if (app == null) throw startedAlone();
    app.register(application);
  }
}

/// A Durable Object of this program, and the life of the JavaScript object that
/// it belongs to.
final class _Instance {
  _Instance(this.life);

  final String life;
  final gate = InputGate();
  HostDispatch? dispatch;
}

final class _App {
  _App(this._start);

  static _App? instance;

  final AppStart _start;
  final _scopes = <String, EventScope>{};
  final _instances = <String, _Instance>{};
  HostApplication? application;
  bool _isMainOver = false;
  bool _isRetired = false;
  String? _failure;
  final _channels = <Channel>{};

  /// Those of [_channels] of which it is not known whose they are, the oldest
  /// first.
  final _strangers = <Channel>{};

  void startUp(Function userMain) {
    try {
      runZoned(
        () {
          userMain is Function(List<String>)
              ? userMain(const <String>[])
              // What `main` returns, a Future at most, is not waited for.
              // ignore: avoid_dynamic_calls
              : userMain();
        },
        zoneSpecification: ZoneSpecification(
          createTimer: (_, __, ___, ____, _____) => throw _timerError(),
          createPeriodicTimer: (_, __, ___, ____, _____) => throw _timerError(),
        ),
      );
      if (application == null) {
        _failure = '`main()` registered nothing; construct CloudflareWorkers('
            'fetch: ...) in it before the first `await`';
      }
    } catch (error, stack) {
      _failure = '`main()` threw\n\n$error\n${_readable(stack)}';
    }
    _isMainOver = true;
    if (_failure != null) stderr.writeln('error[E0301]: $_failure');
  }

  UnsupportedError _timerError() => UnsupportedError(
        'Workers forbid timers while `main()` runs; start them in a handler',
      );

  void register(HostApplication application) {
    if (_isMainOver) throw registeredLate();
    if (this.application != null) throw registeredTwice();
    this.application = application;
  }

  String _readable(StackTrace stack) =>
      readableStack(stack, package: _start.package);

  /// How long a connection may take to say who it is.
  static const _helloLimit = Duration(seconds: 10);

  /// How many connections may be about to say that. `dartflare` says it at
  /// once; anyone else on this machine can connect.
  static const _strangerLimit = 512;

  /// How many bytes of their frames that are not whole yet are kept, all
  /// together. One more, and whoever sent most of them has to go.
  static const _strangerBytes = 64 << 20;

  void accept(RawSocket socket) {
    if (_strangers.length >= _strangerLimit) _strangers.first.abort();
    final channel = Channel(socket);
    _channels.add(channel);
    _strangers.add(channel);
    final late = Timer(_helloLimit, channel.abort);
    void know() {
      late.cancel();
      _strangers.remove(channel);
      channel.onUnfinished = null;
    }

    channel
      ..onUnfinished = _limitStrangers
      ..onClosed = (() {
        know();
        _connectionClosed(channel);
      })
      ..onFrame = (frame) {
        final message = frame.message;
        if (message['token'] != _start.token ||
            message['protocol'] != protocol) {
          channel.abort();
          return;
        }
        know();
        if (message['t'] == 'section') {
          final scope = _scopes[message['event']];
          if (scope == null) return channel.abort();
          _greet(channel);
          unawaited(scope.runSection(channel, frame));
        } else if (_isRetired) {
          // Whoever followed takes it.
          channel.abort();
        } else {
          _greet(channel);
          _begin(channel, frame);
        }
      };
  }

  void _limitStrangers() {
    final kept = _strangers.fold(0, (sum, it) => sum + it.unfinished);
    if (kept <= _strangerBytes) return;
    _strangers.reduce((a, b) => a.unfinished > b.unfinished ? a : b).abort();
  }

  void _connectionClosed(Channel channel) {
    _channels.remove(channel);
    if (_isRetired && _channels.isEmpty) Isolate.exit();
  }

  /// Ends the isolate once its events are over. Until then they may open
  /// critical sections, each with a connection of its own.
  void retire() {
    _isRetired = true;
    if (_channels.isEmpty) Isolate.exit();
  }

  /// Ends the isolate with its events: a killed one would leave its sockets to
  /// the VM, which does not close them.
  void leave() {
    for (final channel in _channels.toList()) {
      channel.abort();
    }
    Isolate.exit();
  }

  /// Says who took the connection, before anything else is said on it.
  void _greet(Channel channel) =>
      channel.send({'t': 'app', 'app': _start.number});

  void _begin(Channel channel, Frame frame) {
    final message = frame.message;
    final id = message['event']! as String;
    final kind = message['kind']! as String;
    final className = message['class'] as String?;
    final object = switch (message['object']) {
      final String object => '$className/$object',
      _ => null,
    };
    final life = message['life'] as String?;
    final isConstruct = kind == 'construct';

    var instance = object == null ? null : _instances[object];
    if (isConstruct) {
      // The object before it is gone from workerd, and with it what Dart kept.
      instance = _instances[object!] = _Instance(life!)..gate.holdSection();
    } else if (object != null && instance?.life != life) {
      channel.onFrame = (_) {
        // Constructed: the event begins again.
        _begin(channel, frame);
      };
      channel.send({'t': 'construct'});
      return;
    }

    // An object is constructed in a critical section, which has its own gate.
    final gate = isConstruct ? InputGate() : instance?.gate;
    final scope = EventScope(id, channel, gate, package: _start.package)
      ..hold();
    _scopes[id] = scope;
    scope
      ..onOver = (() => _scopes.remove(id))
      ..onLateError = _report;
    channel.onClosed = () {
      scope.end();
      _connectionClosed(channel);
    };

    final event = HostEvent(
      kind: kind,
      env: VmRef.root(Root.env),
      context: VmRef.root(Root.context),
      argument: VmRef.root(Root.argument),
      info: scope.arguments(frame).first! as Map<String, Object?>,
      bindings: bindingsFrom(message['env']! as Map<String, Object?>),
      className: className,
    );
    void run() {
      // Its client may have left while it waited for its turn.
      if (!scope.isOver) unawaited(_handle(scope, event, instance));
    }

    isConstruct || gate == null ? run() : gate.enter(run);
  }

  Future<void> _handle(
    EventScope scope,
    HostEvent event,
    _Instance? instance,
  ) async {
    final isConstruct = event.kind == 'construct';
    var isConstructed = !isConstruct;
    try {
      final failure = _failure;
      if (failure != null) {
        scope.channel.send({
          't': 'fail',
          'kind': 'start',
          'title': failure,
          'detail': '',
        });
        return;
      }
      final application = this.application!;
      final Object? result;
      if (isConstruct) {
        instance!.dispatch = scope.zone.run(() => application.construct(event));
        // What the constructor began belongs to the construction.
        await scope.settled;
        isConstructed = true;
        result = null;
      } else {
        final dispatch = instance?.dispatch ?? application.dispatch;
        result = await scope.zone.run(() => dispatch(event));
      }
      scope.finish(result);
    } catch (error, stack) {
      if (!_isEnded(event, scope, error)) {
        _report(_describe(event), error, stack);
      }
      scope.fail(error, stack);
    } finally {
      if (isConstruct) instance!.gate.closeSection(() {});
      if (!isConstructed) _instances.removeWhere((_, it) => it == instance);
      scope.release();
    }
  }

  /// Whether [error] says no more than that the platform ended the run of a
  /// workflow, as it does to pause, to terminate and to restart one.
  static bool _isEnded(HostEvent event, EventScope scope, Object error) =>
      event.kind == 'run' &&
      (scope.isOver ||
          error is WorkersException &&
              error.message.startsWith('Aborting engine:'));

  void _report(String where, Object error, StackTrace stack) =>
      reportUnhandled('in $where', error, _readable(stack));

  static String _describe(HostEvent event) => switch (event.kind) {
        'fetch' when event.className == null =>
          'fetch (${event.info['method']} ${event.info['url']})',
        'construct' => 'the constructor of ${event.className}',
        _ => [
            if (event.className case final name?) '$name.',
            if (event.kind == 'rpc') event.info['method'] else event.kind,
          ].join(),
      };
}
