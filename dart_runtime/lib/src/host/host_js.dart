/// The host on Cloudflare Workers, where the program is compiled to JavaScript
/// or WebAssembly.
library;

import 'dart:async';
import 'dart:js_interop';
import 'dart:js_interop_unsafe';

import 'direct_host.dart';
import 'registration.dart';

/// The host of this program.
final DirectHost<JSAny?> host = DirectHost(_JsRuntime(_find()));

JSObject _find() {
  final found = globalContext.getProperty<JSAny?>('__dartflare'.toJS);
  if (found == null || !found.typeofEquals('object')) throw startedAlone();
  return found as JSObject;
}

/// What `host.mjs` put under one name on `globalThis`, and states there.
final class _JsRuntime implements DirectRuntime<JSAny?> {
  _JsRuntime(this._object);

  final JSObject _object;

  @override
  JSAny? get global => globalContext;

  @override
  late final JSAny? helpers = _object.getProperty<JSAny?>('helpers'.toJS);

  @override
  FutureOr<Outcome<JSAny?>> operate(
    JSAny? target,
    Packet<JSAny?> packet,
    String mode,
    List<String>? select,
  ) {
    final [isDone, result] = _items(
      _call('op', <JSAny?>[
        target,
        _seal(packet),
        mode.toJS,
        if (select != null) _toJs(select),
      ]),
    );
    return isDone == null ? _settled(result) : _outcome(isDone, result);
  }

  static Future<Outcome<JSAny?>> _settled(JSAny? promise) async {
    final settled = await (promise as JSPromise<JSAny?>).toDart;
    final [isDone, result] = _items(settled);
    return _outcome(isDone, result);
  }

  static Outcome<JSAny?> _outcome(JSAny? isDone, JSAny? packet) =>
      (isDone: (isDone as JSBoolean).toDart, packet: _open(packet));

  @override
  JSAny? function(
    void Function(Packet<JSAny?> arguments, Settle<JSAny?> settle) body,
  ) {
    JSAny? run(JSAny? packet, JSAny? settle) {
      body(_open(packet), (outcome) {
        final sealed = _seal(outcome.packet);
        (settle as JSFunction).callAsFunction(
          null,
          <JSAny?>[outcome.isDone.toJS, sealed].toJS,
        );
      });
      return null;
    }

    return run.toJS;
  }

  @override
  bool register(
    List<String> handlers,
    List<List<String>> classes,
    JSAny? dispatch,
    JSAny? construct,
  ) {
    final isTaken = _call('register', <JSAny?>[
      _toJs(handlers),
      _toJs(classes),
      dispatch,
      construct,
    ]);
    return (isTaken as JSBoolean).toDart;
  }

  @override
  void fail(Packet<JSAny?> description) =>
      _call('fail', <JSAny?>[_seal(description)]);

  JSAny? _call(String method, List<JSAny?> arguments) =>
      _object.callMethodVarArgs<JSAny?>(method.toJS, arguments);
}

JSAny _seal(Packet<JSAny?> packet) => <JSAny?>[
      _toJs(packet.wire),
      packet.objects.toJS,
      <JSAny?>[for (final blob in packet.blobs) blob.toJS].toJS,
    ].toJS;

Packet<JSAny?> _open(JSAny? packet) {
  final [wire, objects, blobs] = _items(packet);
  return (
    wire: _fromJs(wire),
    objects: _items(objects),
    blobs: [for (final blob in _items(blobs)) (blob as JSUint8Array).toDart],
  );
}

List<JSAny?> _items(JSAny? array) => (array as JSArray<JSAny?>).toDart;

JSAny? _toJs(Object? wire) => switch (wire) {
      null => null,
      bool() => wire.toJS,
      num() => wire.toJS,
      String() => wire.toJS,
      List<Object?>() => <JSAny?>[for (final item in wire) _toJs(item)].toJS,
      _ => throw StateError('a ${wire.runtimeType} in the wire form'),
    };

Object? _fromJs(JSAny? wire) {
  if (wire == null) return null;
  if (wire.typeofEquals('string')) return (wire as JSString).toDart;
  if (wire.typeofEquals('boolean')) return (wire as JSBoolean).toDart;
  if (wire.typeofEquals('number')) return (wire as JSNumber).toDartDouble;
  return <Object?>[for (final item in _items(wire)) _fromJs(item)];
}
