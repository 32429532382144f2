/// What compiled programs stand on, but for JavaScript.
library;

import 'dart:async';

import 'package:cloudflare_workers/src/host/direct_host.dart';
import 'package:cloudflare_workers/src/host/host.dart';

import 'testing.dart';

/// A value of JavaScript: what steps led to it.
final class _Value {
  _Value(this.path);

  final String path;
}

typedef _Function = void Function(
  Packet<_Value> arguments,
  Settle<_Value> settle,
);

final class _Runtime implements DirectRuntime<_Value> {
  final operations = <String>[];
  final failures = <Object?>[];
  final functions = <_Value, _Function>{};
  _Value? dispatch;
  _Value? construct;

  @override
  final global = _Value('global');

  @override
  final helpers = _Value('helpers');

  @override
  FutureOr<Outcome<_Value>> operate(
    _Value target,
    Packet<_Value> packet,
    String mode,
    List<String>? select,
  ) {
    final [[kind, name, arguments as List<Object?>]] =
        (packet.wire! as List<Object?>).cast<List<Object?>>();
    final path = '${target.path}.$name${kind == 'g' ? '' : '$arguments'}';
    operations.add('$mode $path');
    return _done(
      mode == 'ref' ? ['r', 0, null, null] : path,
      [if (mode == 'ref') _Value(path)],
    );
  }

  static Outcome<_Value> _done(Object? wire, List<_Value> objects) =>
      (isDone: true, packet: (wire: wire, objects: objects, blobs: const []));

  @override
  _Value function(_Function body) {
    final value = _Value('function');
    functions[value] = body;
    return value;
  }

  @override
  bool register(
    List<String> handlers,
    List<List<String>> classes,
    _Value dispatch,
    _Value construct,
  ) {
    this.dispatch = dispatch;
    this.construct = construct;
    return true;
  }

  @override
  void fail(Packet<_Value> description) => failures.add(description.wire);

  /// Calls a function as JavaScript does, for an event of [env].
  Future<Outcome<_Value>> call(_Value function, _Value env) {
    final settled = Completer<Outcome<_Value>>();
    final ref = ['r', 0, null, null];
    functions[function]!(
      (
        wire: [
          'l',
          'fetch',
          ref,
          ref,
          ref,
          ['m'],
          ['m'],
          null
        ],
        objects: [env],
        blobs: const [],
      ),
      settled.complete,
    );
    return settled.future;
  }
}

final class _Application implements HostApplication {
  _Application(this.body);

  final Object? Function(HostEvent event) body;

  @override
  Set<String> get handlers => {'fetch'};

  @override
  Set<String> get durableObjects => {'Object'};

  @override
  Set<String> get entrypoints => const {};

  @override
  Set<String> get workflows => const {};

  @override
  Future<Object?> dispatch(HostEvent event) async => body(event);

  @override
  HostDispatch construct(HostEvent event) {
    body(event);
    return dispatch;
  }
}

void directHostTests() => group('host of compiled programs', () {
      late _Runtime runtime;
      late DirectHost<_Value> host;

      void declare(String name, FutureOr<void> Function() body) =>
          test(name, () {
            runtime = _Runtime();
            host = DirectHost(runtime);
            return body();
          });

      declare('runs main() with as many arguments as it takes', () {
        final calls = <Object?>[];
        host
          ..start(() => calls.add('none'))
          ..start((List<String> arguments) => calls.add(arguments))
          ..start(([List<String>? arguments]) => calls.add(arguments));
        expect(calls, ['none', <String>[], <String>[]]);
        expect(runtime.failures, const <Object?>[]);
      });

      declare('tells what main() throws', () {
        host.start(() => throw const FormatException('no good', 'source', 2));
        final [tag, ...entries] = runtime.failures.single! as List<Object?>;
        expect(tag, 'm');
        expect(
            entries.take(3).toList(), ['name', 'FormatException', 'message']);
        expect('${entries[3]}'.startsWith('no good'), true);
        expect('${entries[5]}'.contains('direct_host_test.dart'), true);
      });

      declare('logs what main() fails with once it has returned', () async {
        host.start(() async => throw StateError('not today'));
        expect(runtime.failures, const <Object?>[]);
        await Future<void>.delayed(Duration.zero);
        expect(runtime.failures, const <Object?>[]);
        expect(runtime.operations.first, 'ref global.console');
        final said = runtime.operations.last;
        expect(
          said.startsWith(
            'now global.console.error[Uncaught StateError: Bad state: not '
            'today in `main()`, after it had returned\n#0 ',
          ),
          true,
        );
        expect(said.contains('direct_host_test.dart'), true);
      });

      declare('derives again in another event, and not in the same', () async {
        HostRef? kept;
        host.register(
          _Application((event) {
            final stub =
                kept ??= event.env.property('ROOMS').derive('get', [1]);
            return [stub.callSync('a', []), stub.callSync('b', [])];
          }),
        );
        const derived = ['ref env.ROOMS', 'ref env.ROOMS.get[1]'];
        const used = ['now env.ROOMS.get[1].a[]', 'now env.ROOMS.get[1].b[]'];
        for (var event = 0; event < 2; event++) {
          runtime.operations.clear();
          final outcome = await runtime.call(runtime.dispatch!, _Value('env'));
          expect(outcome.isDone, true);
          expect(
            runtime.operations.where((it) => it.startsWith('now ')).toList(),
            used,
          );
          expect(
            runtime.operations.where((it) => it.startsWith('ref ')).toList(),
            derived,
          );
        }
      });

      declare('the events of an object use what any of them made', () async {
        HostRef? kept;
        host.register(
          _Application(
            (event) => (kept ??= event.env.property('ROOM')).callSync('a', []),
          ),
        );
        final made = await runtime.call(runtime.construct!, _Value('env'));
        final dispatch = made.packet.objects.single;
        await runtime.call(dispatch, _Value('env'));
        await runtime.call(dispatch, _Value('env'));
        expect(runtime.operations, [
          'ref env.ROOM',
          for (var event = 0; event < 3; event++) 'now env.ROOM.a[]',
        ]);
      });
    });
