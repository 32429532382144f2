import 'dart:async';
import 'dart:collection';
import 'dart:typed_data';

import '../host.dart';
import '../runtime_stream.dart';
import '../values.dart';
import 'channel.dart';
import 'frame.dart';
import 'gate.dart';
import 'stack.dart';

/// The objects that every event has, in the order that `bridge.mjs` numbers
/// them.
enum Root {
  /// The Worker's `env`.
  env,

  /// The `ExecutionContext` or `DurableObjectState`.
  context,

  /// The request, the controller.
  argument,

  /// `globalThis`.
  global,

  /// The runtime's own helpers.
  helpers,
}

/// One event while it is under way: its connection, the operations that wait
/// for an answer, and what keeps it from being over.
final class EventScope implements Links {
  /// An event that arrived on [channel]; [gate] is that of its Durable Object.
  EventScope(this.id, this.channel, this.gate, {required this.package}) {
    channel.onFrame = (frame) => receive(channel, gate, frame);
    zone = Zone.current.fork(
      zoneValues: {_scopeKey: this, _channelKey: channel, _gateKey: gate},
      specification: gate == null
          ? null
          : ZoneSpecification(
              createTimer: _createTimer,
              createPeriodicTimer: _createPeriodicTimer,
            ),
    );
  }

  static final Object _scopeKey = Object();
  static final Object _channelKey = Object();
  static final Object _gateKey = Object();

  /// The event that the running code belongs to.
  static EventScope? get current =>
      Zone.current[_scopeKey] as EventScope? ?? outside;

  /// The event of code that runs for none, as a test does.
  static EventScope? outside;

  /// How `bridge.mjs` names the event.
  final String id;

  /// The event's own connection.
  final Channel channel;

  /// The gate that deliveries pass, for an event of a Durable Object.
  final InputGate? gate;

  /// The name of the user's package, for stacks.
  final String? package;

  /// Where the handler runs.
  late final Zone zone;

  /// Called when nothing of the event is left.
  void Function()? onOver;

  /// Called when something fails that no code is left to catch: a stream that
  /// the answer is made of, a Future that the platform was given to wait for.
  void Function(String where, Object error, StackTrace stack)? onLateError;

  final _operations = <int, _Operation>{};
  final _functions = <int, HostCallback>{};

  /// Those of [_functions] that keep the event open.
  final _kept = <int>{};
  final _sources = <_Source>{};
  final _definitions = HashMap<VmRef, int>.identity();
  int _nextOperation = 1;
  int _nextFunction = 1;
  int _nextDefinition = 17;
  int _holds = 0;
  bool _isOver = false;
  bool _isAnswered = false;

  Channel get _channel => Zone.current[_scopeKey] == this
      ? Zone.current[_channelKey]! as Channel
      : channel;

  InputGate? get _gate => Zone.current[_scopeKey] == this
      ? Zone.current[_gateKey] as InputGate?
      : gate;

  /// Keeps the event open until [release].
  void hold() => _holds++;

  /// Ends what [hold] began.
  void release() {
    if (--_holds > 0) return;
    channel.close();
    end();
  }

  /// As [release], once the code that runs now has had its turn: it may go on
  /// to something that keeps the event open.
  void releaseLater() => Zone.root.createTimer(Duration.zero, release);

  /// Whether nothing can be asked of JavaScript any more.
  bool get isOver => _isOver;

  /// Completes when no operation waits for an answer.
  Future<void> get settled async {
    while (_operations.isNotEmpty) {
      await Future.wait([
        for (final operation in _operations.values)
          // What failed is told to whoever asked for the operation.
          operation.completer.future.then<void>((_) {}, onError: (Object _) {}),
      ]);
      // The code that waited goes on first; it may ask for more.
      await Future<void>.delayed(Duration.zero);
    }
  }

  /// Answers the event with [result].
  void finish(Object? result) {
    final blobs = <Uint8List>[];
    final value = encodeValue(result, this, blobs, 'result');
    channel.send({'t': 'done', 'v': value}, blobs);
    _isAnswered = true;
  }

  /// Answers the event with a JavaScript error.
  void fail(Object error, StackTrace stack) =>
      channel.send({'t': 'throw', 'e': describe(error, stack)});

  /// Ends the event, because all is done or the connection is gone.
  void end() {
    if (_isOver) return;
    _isOver = true;
    final operations = _operations.values.toList();
    _operations.clear();
    for (final operation in operations) {
      operation.sectionGate?.closeSection(() {});
      operation.storageGate?.endOperation(() {});
      operation.completer.completeError(_overError(), operation.trace);
    }
    for (final source in _sources.toList()) {
      source.abandon();
    }
    _functions.clear();
    onOver?.call();
  }

  StateError _overError() => StateError(
        'the event is over; give what must outlive the response to '
        '`ctx.waitUntil`',
      );

  // Operations.

  /// Applies [steps] to the object that JavaScript knows by [target].
  Future<Object?> operate(
    VmRef ref,
    List<Object?> Function(List<Uint8List> blobs) steps, {
    List<String>? select,
    bool isCritical = false,
    bool isStorage = false,
  }) {
    if (_isOver || channel.isClosed) {
      return Future.error(_overError(), StackTrace.current);
    }
    final channelNow = _channel;
    final gateNow = _gate;
    final blobs = <Uint8List>[];
    final number = _nextOperation++;
    final message = _request(number, ref, steps, blobs, select);
    final operation = _operations[number] = _Operation(StackTrace.current);
    // A Durable Object lives on after its response, and with it what it began.
    if (gate != null) hold();
    if (isCritical && gateNow != null) {
      gateNow.openSection(() {
        if (_isOver) {
          gateNow.closeSection(() {});
        } else {
          operation.sectionGate = gateNow;
          channelNow.send(message, blobs);
        }
      });
    } else {
      if (isStorage && gateNow != null) {
        operation.storageGate = gateNow..beginOperation();
      }
      channelNow.send(message, blobs);
    }
    return operation.completer.future;
  }

  /// As [operate], without letting any other code run until the answer is here.
  Object? operateSynchronously(
    VmRef ref,
    List<Object?> Function(List<Uint8List> blobs) steps, {
    List<String>? select,
  }) {
    if (_isOver || channel.isClosed) throw _overError();
    final channelNow = _channel;
    final blobs = <Uint8List>[];
    final number = _nextOperation++;
    final message = _request(number, ref, steps, blobs, select);
    channelNow.send({...message, 'now': true}, blobs);
    final Frame(message: answer, blobs: answered) = _answer(channelNow, number);
    return decodeValue(answer['v'], this, answered);
  }

  /// Runs [body] within a transaction of [storage], and returns what it does.
  ///
  /// Until the transaction is over, no other code of this program runs, and
  /// JavaScript carries out nothing but what [body] asks for.
  Object? transact(
    VmRef storage,
    FutureOr<Object?> Function(List<Object?> arguments) body,
  ) {
    if (_isOver || channel.isClosed) throw _overError();
    final channelNow = _channel;
    final target = find(storage);
    final number = _nextOperation++;
    channelNow.send({'t': 'transact', 'i': number, 'o': target});
    void end(String how) => channelNow.send({'t': how, 'i': number});
    try {
      _answer(channelNow, number);
    } on TimeoutException {
      // It may open later than it was waited for.
      end('rollback');
      rethrow;
    }
    final Object? result;
    try {
      result = body(const []);
    } catch (_) {
      end('rollback');
      try {
        _answer(channelNow, number);
      } catch (_) {
        // What the function threw says more, and nothing is kept either way.
      }
      rethrow;
    }
    end('commit');
    _answer(channelNow, number);
    return result;
  }

  /// The answer on [channel] to operation [number], without letting any other
  /// code run. Throws what it failed with.
  static Frame _answer(Channel channel, int number) {
    final frame = channel.awaitSynchronously(
      (frame) => frame.message['i'] == number && _isAnswer(frame),
    );
    final message = frame.message;
    if (message['t'] != 'x') return frame;
    throw decodeError(message['e']! as Map<String, Object?>);
  }

  static bool _isAnswer(Frame frame) =>
      const {'r', 'x', 'open'}.contains(frame.message['t']);

  Map<String, Object?> _request(
    int number,
    VmRef ref,
    List<Object?> Function(List<Uint8List> blobs) steps,
    List<Uint8List> blobs,
    List<String>? select,
  ) =>
      {
        't': 'op',
        'i': number,
        'o': find(ref),
        's': steps(blobs),
        if (select != null) 'k': select,
      };

  // Frames.

  /// Takes a frame that arrived on [from], which is this event's connection or
  /// that of one of its critical sections; [gate] is the one it passes.
  void receive(Channel from, InputGate? gate, Frame frame) {
    final message = frame.message;
    switch (message['t']) {
      case 'r' || 'x':
        // An answer that comes after its time limit has nobody waiting for it.
        final operation = _operations.remove(message['i']);
        if (operation == null) return;
        void deliver() {
          if (message['t'] == 'x') {
            operation.completer.completeError(
              decodeError(message['e']! as Map<String, Object?>),
              operation.trace,
            );
          } else {
            try {
              operation.completer
                  .complete(decodeValue(message['v'], this, frame.blobs));
            } catch (error, stack) {
              operation.completer.completeError(error, stack);
            }
          }
          if (this.gate != null) releaseLater();
        }
        if (operation.storageGate case final held?) {
          held.endOperation(deliver);
        } else if (operation.sectionGate case final held?) {
          held.closeSection(deliver);
        } else if (gate != null) {
          gate.enter(deliver);
        } else {
          deliver();
        }
      case 'call':
        void deliver() => unawaited(_call(from, frame));
        gate == null ? deliver() : gate.enter(deliver);
      case 'drop':
        final number = message['f'];
        void deliver() {
          if (!_kept.remove(number)) return;
          _functions.remove(number);
          release();
        }
        gate == null ? deliver() : gate.enter(deliver);
    }
  }

  Future<void> _call(Channel from, Frame frame) async {
    // What the call ends, a stream's last pull for one, must not end the event
    // before the answer is out.
    hold();
    final message = frame.message;
    final blobs = <Uint8List>[];
    final function = _functions[message['f']];
    Map<String, Object?> answer;
    try {
      if (function == null) throw _overError();
      final result = await invoke(function, frame);
      answer = {'v': encodeValue(result, this, blobs, 'result')};
    } catch (error, stack) {
      if (function?.label case final label?) {
        onLateError?.call(label, error, stack);
      }
      blobs.clear();
      answer = {'e': describe(error, stack)};
    }
    from.send({'t': 'back', 'i': message['i'], ...answer}, blobs);
    release();
  }

  /// Calls [function] with the arguments in [frame], in the event's zone.
  Future<Object?> invoke(HostCallback function, Frame frame, [Zone? where]) {
    final given = arguments(frame);
    return (where ?? zone).run(() async => function.function(given));
  }

  /// The arguments that [frame] brings.
  List<Object?> arguments(Frame frame) => [
        for (final argument in frame.message['a']! as List<Object?>)
          decodeValue(argument, this, frame.blobs),
      ];

  /// Runs the function of a critical section on [section], the connection that
  /// the bridge opened for it.
  Future<void> runSection(Channel section, Frame frame) async {
    final sectionGate = gate == null ? null : InputGate();
    section.onFrame = (frame) => receive(section, sectionGate, frame);
    final blobs = <Uint8List>[];
    try {
      final function = _functions[frame.message['f']];
      if (function == null) throw _overError();
      final result = await invoke(
        HostCallback((arguments) {
          for (final argument in arguments) {
            // A transaction's operations hold the section's gate.
            if (argument is VmRef) argument.isStorage = true;
          }
          return function.function(arguments);
        }),
        frame,
        zone.fork(
          zoneValues: {_channelKey: section, _gateKey: sectionGate},
        ),
      );
      section.send(
        {'t': 'done', 'v': encodeValue(result, this, blobs, 'result')},
        blobs,
      );
    } catch (error, stack) {
      section.send({'t': 'throw', 'e': describe(error, stack)});
    }
    section.close();
  }

  /// What JavaScript makes an `Error` of.
  Map<String, Object?> describe(Object error, StackTrace stack) =>
      describeError(error, readableStack(stack, package: package));

  // Links.

  @override
  int find(HostRef ref) {
    final vmRef = ref as VmRef;
    final owner = vmRef.owner;
    if (owner != null && owner != this) {
      throw StateError(
        'this object belongs to another event; only what derives from `env`, '
        '`ctx` and `state` without I/O can be kept between events',
      );
    }
    final known = vmRef.id ?? _definitions[vmRef];
    if (known != null) return known;
    final blobs = <Uint8List>[];
    final target = find(vmRef.parent!);
    final step = vmRef.step!(this, blobs);
    final number = _definitions[vmRef] = _nextDefinition;
    _nextDefinition += 2;
    _channel.send(
      {
        't': 'def',
        'i': number,
        'o': target,
        's': [step]
      },
      blobs,
    );
    return number;
  }

  /// Lets JavaScript forget the object of [ref].
  void forget(VmRef ref) {
    final number = ref.id ?? _definitions.remove(ref);
    if (number != null && number >= Root.values.length) {
      _channel.send({'t': 'rel', 'i': number});
    }
  }

  @override
  HostRef keep(int id, String? className, Map<String, Object?> selected) =>
      VmRef.kept(this, id, className, selected);

  @override
  HostStream keepStream(int id) =>
      RuntimeStream(VmRef.kept(this, id), VmRef.root(Root.helpers));

  @override
  int addFunction(HostCallback function) {
    final number = _nextFunction++;
    _functions[number] = function;
    if (function.isKept) {
      _kept.add(number);
      hold();
    }
    return number;
  }

  @override
  int addSource(Stream<List<int>> stream) {
    hold();
    late final _Source source;
    late final int number;
    source = _Source(
      stream,
      zone,
      onError: (error, stack) {
        if (_isAnswered) {
          onLateError?.call('the body of an answer', error, stack);
        }
      },
      onEnd: () {
        _functions.remove(number);
        _sources.remove(source);
        release();
      },
    );
    _sources.add(source);
    return number = addFunction(
      HostCallback(
        (arguments) =>
            arguments.first == 'pull' ? source.pull() : source.abandon(),
      ),
    );
  }

  @override
  int addFuture(Future<Object?> future) {
    hold();
    final number = _nextFunction++;
    final channelNow = _channel;
    unawaited(
      future.then<void>(
        (value) {
          final blobs = <Uint8List>[];
          Map<String, Object?> outcome;
          try {
            outcome = {'v': encodeValue(value, this, blobs, 'value')};
          } on Error catch (error, stack) {
            outcome = {'e': describe(error, stack)};
          }
          channelNow.send({'t': 'settle', 'i': number, ...outcome}, blobs);
          release();
        },
        onError: (Object error, StackTrace stack) {
          onLateError?.call('a Future given to `waitUntil`', error, stack);
          channelNow.send(
            {'t': 'settle', 'i': number, 'e': describe(error, stack)},
          );
          release();
        },
      ),
    );
    return number;
  }

  // Timers of a Durable Object pass its gate, and keep its event open.

  static Timer _createTimer(
    Zone self,
    ZoneDelegate parent,
    Zone zone,
    Duration duration,
    void Function() callback,
  ) {
    final timer = _ScopeTimer(zone[_scopeKey]! as EventScope);
    final gate = zone[_gateKey]! as InputGate;
    timer.inner = parent.createTimer(
      zone,
      duration,
      () => gate.enter(() {
        if (timer.finish()) callback();
      }),
    );
    return timer;
  }

  static Timer _createPeriodicTimer(
    Zone self,
    ZoneDelegate parent,
    Zone zone,
    Duration period,
    void Function(Timer) callback,
  ) {
    final timer = _ScopeTimer(zone[_scopeKey]! as EventScope);
    final gate = zone[_gateKey]! as InputGate;
    timer.inner = parent.createPeriodicTimer(
      zone,
      period,
      (_) => gate.enter(() {
        if (timer.isActive) callback(timer);
      }),
    );
    return timer;
  }
}

final class _Operation {
  _Operation(this.trace);

  final completer = Completer<Object?>();

  /// Where it was asked for.
  final StackTrace trace;

  /// The gate that it holds, if it is a storage operation.
  InputGate? storageGate;

  /// The gate that it holds, if it opened a critical section.
  InputGate? sectionGate;
}

final class _ScopeTimer implements Timer {
  _ScopeTimer(this._scope) {
    _scope.hold();
  }

  final EventScope _scope;
  late final Timer inner;
  bool _isActive = true;

  /// Whether the timer was still to fire; it no longer is.
  bool finish() {
    if (!_isActive) return false;
    _isActive = false;
    _scope.releaseLater();
    return true;
  }

  @override
  void cancel() {
    inner.cancel();
    finish();
  }

  @override
  bool get isActive => _isActive;

  @override
  int get tick => inner.tick;
}

/// Bytes that Dart makes and JavaScript pulls.
final class _Source {
  _Source(
    this._stream,
    this._zone, {
    required void Function(Object error, StackTrace stack) onError,
    required void Function() onEnd,
  })  : _onError = onError,
        _onEnd = onEnd;

  /// How much is kept ready.
  static const int _window = 256 * 1024;

  final Stream<List<int>> _stream;
  final Zone _zone;
  final void Function(Object error, StackTrace stack) _onError;
  final void Function() _onEnd;
  StreamSubscription<List<int>>? _subscription;
  final _ready = BytesBuilder(copy: false);
  Completer<Uint8List?>? _waiting;
  (Object, StackTrace)? _failure;
  bool _isDone = false;
  bool _isEnded = false;

  /// The next bytes, or null at the end.
  Future<Uint8List?> pull() {
    _subscription ??= _zone.run(_listen);
    if (_ready.isNotEmpty || _isDone) return Future.sync(_take);
    return (_waiting = Completer()).future;
  }

  StreamSubscription<List<int>> _listen() => _stream.listen(
        (bytes) {
          if (bytes.isEmpty) return;
          _ready.add(bytes is Uint8List ? bytes : Uint8List.fromList(bytes));
          if (_ready.length >= _window) _subscription!.pause();
          _answer();
        },
        onError: (Object error, StackTrace stack) {
          _onError(error, stack);
          _failure = (error, stack);
          _isDone = true;
          unawaited(_subscription!.cancel());
          _answer();
        },
        onDone: () {
          _isDone = true;
          _answer();
        },
      );

  void _answer() {
    final waiting = _waiting;
    _waiting = null;
    if (waiting == null) return;
    try {
      waiting.complete(_take());
    } catch (error, stack) {
      waiting.completeError(error, stack);
    }
  }

  Uint8List? _take() {
    if (_ready.isNotEmpty) {
      final bytes = _ready.takeBytes();
      if (_subscription!.isPaused) _subscription!.resume();
      return bytes;
    }
    _finish();
    final failure = _failure;
    if (failure != null) Error.throwWithStackTrace(failure.$1, failure.$2);
    return null;
  }

  /// Nobody will pull any more.
  void abandon() {
    unawaited(_subscription?.cancel());
    _isDone = true;
    _answer();
    _finish();
  }

  void _finish() {
    if (_isEnded) return;
    _isEnded = true;
    _onEnd();
  }
}

/// A reference as this host holds it.
///
/// It is either an object of one event ([owner] and [id]), one of the roots
/// that every event has ([id] alone), or a step from another reference. A step
/// is taken when the reference is first used in an event, so that what derives
/// from a root can be kept between events.
final class VmRef implements HostRef {
  /// A root of whichever event is current.
  VmRef.root(Root root)
      : id = root.index,
        owner = null,
        parent = null,
        step = null,
        className = null,
        selected = const {};

  /// An object of the event [owner].
  VmRef.kept(
    this.owner,
    this.id, [
    this.className,
    this.selected = const {},
  ])  : parent = null,
        step = null;

  /// What [step] leads to from [parent].
  VmRef.step(VmRef this.parent, this.step, {this.isStorage = false})
      : id = null,
        owner = parent.owner,
        className = null,
        selected = const {};

  /// The event whose object it is, if only one event's.
  final EventScope? owner;

  /// How the bridge numbers it, unless it is a step.
  final int? id;

  /// What the step starts from.
  final VmRef? parent;

  /// The step as it travels.
  final List<Object?> Function(EventScope scope, List<Uint8List> blobs)? step;

  /// Whether operations on it are a Durable Object's storage operations.
  bool isStorage = false;

  @override
  final String? className;

  @override
  final Map<String, Object?> selected;

  EventScope get _scope {
    final scope = owner ?? EventScope.current;
    if (scope == null) {
      throw StateError(
        'bindings and requests can be used while an event is handled, not '
        'while `main()` runs nor after the event',
      );
    }
    return scope;
  }

  @override
  VmRef property(String name) => VmRef.step(
        this,
        (_, __) => ['g', name],
        isStorage: isStorage || (id == Root.context.index && name == 'storage'),
      );

  @override
  VmRef derive(String method, [List<Object?> arguments = const []]) =>
      VmRef.step(
        this,
        (scope, blobs) => ['a', method, _encodeAll(arguments, scope, blobs)],
        isStorage: isStorage,
      );

  @override
  VmRef construct(String className, [List<Object?> arguments = const []]) =>
      VmRef.step(
        this,
        (scope, blobs) => ['n', className, _encodeAll(arguments, scope, blobs)],
      );

  @override
  Future<Object?> get(String name) => _scope.operate(
        this,
        (_) => [
          ['g', name],
        ],
      );

  @override
  Object? getSync(String name) => _scope.operateSynchronously(
        this,
        (_) => [
          ['g', name],
        ],
      );

  @override
  Future<Object?> call(
    String method,
    List<Object?> arguments, {
    List<String>? select,
  }) {
    final scope = _scope;
    final answer = scope.operate(
      this,
      (blobs) => [
        ['a', method, _encodeAll(arguments, scope, blobs)],
      ],
      select: select,
      isCritical: arguments.any(
        (argument) => argument is HostCallback && argument.isCritical,
      ),
      // The caller may have given up what the gate promises.
      isStorage: isStorage &&
          !arguments.any(
            (argument) =>
                argument is Map && argument['allowConcurrency'] == true,
          ),
    );
    if (arguments.any((argument) => argument is Future<Object?>)) {
      // What is given a Future may outlive the handler; without this the event
      // would be over before the answer to the call is there.
      scope.hold();
      void release(Object? _) => scope.releaseLater();
      unawaited(answer.then<void>(release, onError: release));
    }
    return answer;
  }

  @override
  Object? callSync(
    String method,
    List<Object?> arguments, {
    List<String>? select,
  }) {
    final scope = _scope;
    if (arguments case [HostCallback(isImmediate: true, :final function)]
        when method == 'transactionSync') {
      return scope.transact(this, function);
    }
    return scope.operateSynchronously(
      this,
      (blobs) => [
        ['a', method, _encodeAll(arguments, scope, blobs)],
      ],
      select: select,
    );
  }

  @override
  void release() => (owner ?? EventScope.current)?.forget(this);
}

List<Object?> _encodeAll(
  List<Object?> arguments,
  Links links,
  List<Uint8List> blobs,
) =>
    [
      for (final (at, argument) in arguments.indexed)
        encodeValue(argument, links, blobs, 'argument ${at + 1}'),
    ];
