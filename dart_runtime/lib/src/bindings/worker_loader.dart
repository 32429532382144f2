/// What makes Workers at run time.
library;

import 'dart:async';
import 'dart:typed_data';

import '../host/host.dart';
import '../js_binding.dart';
import 'fetcher.dart';
import 'worker_limits.dart';

/// What makes Workers at run time, of code that the program has at hand.
///
/// ```dart
/// final worker = env.getWorkerLoader('LOADER').load(
///   WorkerCode(
///     compatibilityDate: '2026-01-01',
///     mainModule: 'main.js',
///     modules: {'main.js': WorkerModule.js(source)},
///     allowsOutbound: false,
///   ),
/// );
/// return worker.getEntrypoint().fetch(request);
/// ```
///
/// See https://developers.cloudflare.com/workers/runtime-apis/bindings/worker-loader/.
class WorkerLoader {
  WorkerLoader._(this._ref);

  final HostRef _ref;

  /// The Worker that is loaded as [id], for which [getCode] is asked if none is;
  /// with `null`, one of its own.
  ///
  /// The platform may forget a Worker at any time, and then asks again: the code
  /// of an id must not change. What [getCode] throws, and code that does not
  /// start, is a [WorkersException] of the first call.
  WorkerStub get(String? id, FutureOr<WorkerCode> Function() getCode) =>
      WorkerStub._(
        _ref.derive('get', [
          id,
          HostCallback((_) async => _codeToHost(await getCode())),
        ]),
      );

  /// A Worker of its own, made of [code].
  ///
  /// Code that does not start is a [WorkersException] of the first call.
  WorkerStub load(WorkerCode code) =>
      WorkerStub._(_ref.derive('load', [_codeToHost(code)]));
}

/// A Worker that was loaded.
///
/// See https://developers.cloudflare.com/workers/runtime-apis/bindings/worker-loader/.
final class WorkerStub {
  WorkerStub._(this._ref);

  final HostRef _ref;

  /// Its entrypoint [name], by default the Worker itself, to send requests to
  /// and to call.
  ///
  /// [props] is what it finds in its `ctx.props`, and [limits] what a call of it
  /// may use.
  Service getEntrypoint({
    String? name,
    Map<String, Object?>? props,
    WorkerLimits? limits,
  }) =>
      serviceFromHost(
        _ref.derive('getEntrypoint', _arguments(name, props, limits)),
      );

  /// Its Durable Object class [name], to be given to the runtime where it takes
  /// one, such as `facets` of a Durable Object.
  JSBinding getDurableObjectClass({
    String? name,
    Map<String, Object?>? props,
    WorkerLimits? limits,
  }) =>
      jsBindingFromHost(
        _ref.derive('getDurableObjectClass', _arguments(name, props, limits)),
      );

  static List<Object?> _arguments(
    String? name,
    Map<String, Object?>? props,
    WorkerLimits? limits,
  ) {
    final options = {
      if (props != null) 'props': valueToHost(props),
      if (limits != null) 'limits': workerLimitsToHost(limits),
    };
    return [
      if (name != null || options.isNotEmpty) name,
      if (options.isNotEmpty) options,
    ];
  }
}

/// What a Worker is made of.
///
/// See https://developers.cloudflare.com/workers/runtime-apis/bindings/worker-loader/#api-reference.
final class WorkerCode {
  /// Describes a Worker.
  ///
  /// [modules] has an entry for [mainModule]. [env] is what the Worker finds as
  /// its `env`: plain values, services and stubs. Its requests go to
  /// [globalOutbound], by default to where those of this Worker go; with
  /// [allowsOutbound] `false` they go nowhere.
  ///
  /// Throws an [ArgumentError] if [modules] has no [mainModule], and if
  /// [globalOutbound] is given where nothing may go out.
  WorkerCode({
    required this.compatibilityDate,
    required this.mainModule,
    required this.modules,
    this.compatibilityFlags = const [],
    this.env,
    this.globalOutbound,
    this.allowsOutbound = true,
    this.tails = const [],
    this.streamingTails = const [],
    this.limits,
    this.allowExperimental = false,
  }) {
    if (!modules.containsKey(mainModule)) {
      throw ArgumentError.value(
        mainModule,
        'mainModule',
        'is none of the modules, which are '
            '${modules.keys.map((name) => '`$name`').join(', ')}',
      );
    }
    if (!allowsOutbound && globalOutbound != null) {
      throw ArgumentError.value(
        globalOutbound,
        'globalOutbound',
        'is given, and `allowsOutbound` is false',
      );
    }
  }

  /// The date of the runtime's behaviour, such as `2026-01-01`.
  final String compatibilityDate;

  /// The flags of the runtime's behaviour.
  final List<String> compatibilityFlags;

  /// The name of the module that the Worker begins with.
  final String mainModule;

  /// All modules by name, as they import each other.
  final Map<String, WorkerModule> modules;

  /// What the Worker finds as its `env`; nothing by default.
  final Map<String, Object?>? env;

  /// Where the Worker's requests go.
  final Fetcher? globalOutbound;

  /// Whether the Worker's requests go anywhere.
  final bool allowsOutbound;

  /// The Workers that its logs go to when a call is over.
  final List<Service> tails;

  /// The Workers that its logs go to as they come.
  final List<Service> streamingTails;

  /// What a call of it may use.
  final WorkerLimits? limits;

  /// Whether [compatibilityFlags] may name experimental ones; works where this
  /// Worker itself may use these.
  final bool allowExperimental;
}

/// A module of a [WorkerCode].
final class WorkerModule {
  const WorkerModule._(this._kind, this._content);

  /// An ES module in JavaScript.
  const WorkerModule.js(String source) : this._('js', source);

  /// A CommonJS module in JavaScript.
  const WorkerModule.commonJs(String source) : this._('cjs', source);

  /// A module in Python.
  const WorkerModule.python(String source) : this._('py', source);

  /// A text, the module's default export.
  const WorkerModule.text(String text) : this._('text', text);

  /// Bytes, the module's default export as an `ArrayBuffer`.
  const WorkerModule.data(Uint8List bytes) : this._('data', bytes);

  /// A value of JSON, the module's default export.
  const WorkerModule.json(Object? value) : this._('json', value);

  /// A WebAssembly module in its binary format.
  const WorkerModule.wasm(Uint8List bytes) : this._('wasm', bytes);

  final String _kind;
  final Object? _content;
}

Map<String, Object?> _codeToHost(WorkerCode code) => {
      'compatibilityDate': code.compatibilityDate,
      if (code.compatibilityFlags.isNotEmpty)
        'compatibilityFlags': code.compatibilityFlags,
      if (code.allowExperimental) 'allowExperimental': true,
      if (code.limits case final limits?) 'limits': workerLimitsToHost(limits),
      'mainModule': code.mainModule,
      'modules': {
        for (final MapEntry(key: name, value: module) in code.modules.entries)
          name: {module._kind: module._content},
      },
      if (code.env case final env?) 'env': valueToHost(env),
      if (code.globalOutbound case final outbound?)
        'globalOutbound': fetcherToHost(outbound)
      else if (!code.allowsOutbound)
        'globalOutbound': null,
      if (code.tails.isNotEmpty) 'tails': valuesToHost(code.tails),
      if (code.streamingTails.isNotEmpty)
        'streamingTails': valuesToHost(code.streamingTails),
    };

/// The object behind [ref].
WorkerLoader workerLoaderFromHost(HostRef ref) => WorkerLoader._(ref);
