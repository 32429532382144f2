/// The body of a request or a response.
library;

import 'dart:async';
import 'dart:convert';
import 'dart:typed_data';

import '../host/host.dart';
import 'form_data.dart';

/// The body of a request or a response: nothing, text, bytes, a stream, or the
/// body of an object in the runtime, which stays there until Dart reads it.
///
/// A body is read once, as on the platform. Text and bytes of Dart may be sent
/// any number of times.
final class Body {
  Body._(this._content);

  /// The body of the runtime's `Request` or `Response` [owner].
  Body.of(HostRef owner) : _content = owner;

  /// The body that a program gave: `null`, a [String], bytes, a stream or an
  /// [EncodedFormData].
  ///
  /// Throws an [ArgumentError] for anything else.
  factory Body.from(Object? content) => switch (content) {
        null || String() || Uint8List() => Body._(content),
        List<int>() => Body._(Uint8List.fromList(content)),
        _BodyStream() => content.body,
        Stream<List<int>>() => Body._(content),
        EncodedFormData(:final bytes) => Body._(bytes),
        _ => throw ArgumentError.value(
            content,
            'body',
            'a body is a `String`, bytes, a `Stream<List<int>>`, `FormData` or '
                'null; encode anything else, with `Response.json` for example',
          ),
      };

  Object? _content;
  bool _isUsed = false;

  /// Whether there is nothing to read.
  bool get isEmpty => _content == null;

  /// Whether the body was read or handed on.
  bool get isUsed => _isUsed;

  /// The bytes, or `null` if there is no body. Nothing is read before the
  /// stream is listened to.
  late final Stream<Uint8List>? stream = isEmpty ? null : _BodyStream(this);

  /// Reads all of the body as UTF-8.
  Future<String> text() async {
    switch (_take()) {
      case null:
        return '';
      case final String text:
        return text;
      case final Uint8List bytes:
        return utf8.decode(bytes, allowMalformed: true);
      case final HostRef owner:
        return await owner.call('text', const []) as String? ?? '';
      case final content:
        return utf8.decode(await _collect(content), allowMalformed: true);
    }
  }

  /// Reads all of the body.
  Future<Uint8List> bytes() async {
    switch (_take()) {
      case null:
        return Uint8List(0);
      case final String text:
        return utf8.encode(text);
      case final Uint8List bytes:
        return bytes;
      case final HostRef owner:
        return await owner.call('arrayBuffer', const []) as Uint8List? ??
            Uint8List(0);
      case final content:
        return _collect(content);
    }
  }

  /// The body as an argument to the host.
  Object? toHost() {
    switch (_content) {
      case final HostRef owner:
        _use();
        return owner.property('body');
      case final Stream<Object?> stream:
        _use();
        return stream;
      case final content:
        return content;
    }
  }

  /// Marks the body of an object that is itself handed on.
  void handOn() {
    if (_content is HostRef) _use();
  }

  /// A body with the content of this one, which is used thereby. Text and bytes
  /// may be sent any number of times, and are shared.
  Body handOver() {
    if (_content case null || String() || Uint8List()) return Body._(_content);
    _use();
    return Body._(_content);
  }

  /// A second body with the same content, to be read by itself.
  ///
  /// [cloneOwner] clones the object in the runtime that the body belongs to.
  Body clone(HostRef Function(HostRef owner) cloneOwner) {
    if (_isUsed) throw _alreadyUsed();
    switch (_content) {
      case final HostRef owner:
        return Body.of(cloneOwner(owner));
      case final Stream<List<int>> stream:
        final (one, other) = _tee(stream);
        _content = one;
        return Body._(other);
      case final content:
        return Body._(content);
    }
  }

  Object? _take() {
    if (!isEmpty) _use();
    return _content;
  }

  void _use() {
    if (_isUsed) throw _alreadyUsed();
    _isUsed = true;
  }

  static StateError _alreadyUsed() => StateError(
        'the body was already read or handed on, and that works once; call '
        '`clone()` before the first time to have it twice',
      );

  static Future<Uint8List> _collect(Object? content) async {
    final builder = BytesBuilder(copy: false);
    await for (final chunk in content! as Stream<List<int>>) {
      builder.add(chunk);
    }
    return builder.takeBytes();
  }

  Stream<Uint8List> _open() {
    switch (_take()) {
      case final String text:
        return Stream.value(utf8.encode(text));
      case final Uint8List bytes:
        return Stream.value(bytes);
      case final Stream<Uint8List> stream:
        return stream;
      case final Stream<List<int>> stream:
        return stream.map(
          (chunk) => chunk is Uint8List ? chunk : Uint8List.fromList(chunk),
        );
      case final HostRef owner:
        return _read(owner);
      default:
        return const Stream.empty();
    }
  }

  static Stream<Uint8List> _read(HostRef owner) async* {
    final stream = await owner.get('body');
    if (stream is Stream<Uint8List>) yield* stream;
  }
}

/// [value] as the host takes it: the stream of a body that nobody listened to
/// goes as the runtime's own stream.
Object? streamToHost(Object? value) =>
    value is _BodyStream ? value.body.toHost() : value;

/// The stream of a [Body]; reads nothing before it is listened to.
final class _BodyStream extends Stream<Uint8List> {
  _BodyStream(this.body);

  final Body body;

  @override
  StreamSubscription<Uint8List> listen(
    void Function(Uint8List event)? onData, {
    Function? onError,
    void Function()? onDone,
    bool? cancelOnError,
  }) =>
      body._open().listen(
            onData,
            onError: onError,
            onDone: onDone,
            cancelOnError: cancelOnError,
          );
}

/// Two streams of what [source] emits. It is read when either is; what the
/// other has not taken yet is kept in memory.
(Stream<List<int>>, Stream<List<int>>) _tee(Stream<List<int>> source) {
  final branches = <StreamController<List<int>>>[];
  StreamSubscription<List<int>>? subscription;

  void start() {
    subscription ??= source.listen(
      (chunk) {
        for (final branch in [...branches]) {
          branch.add(chunk);
        }
      },
      onError: (Object error, StackTrace stack) {
        for (final branch in [...branches]) {
          branch.addError(error, stack);
        }
      },
      onDone: () {
        for (final branch in [...branches]) {
          unawaited(branch.close());
        }
      },
    );
    if (subscription!.isPaused) subscription!.resume();
  }

  StreamController<List<int>> branch() {
    late final StreamController<List<int>> controller;
    return controller = StreamController(
      onListen: start,
      onPause: () {
        if (branches.every((branch) => branch.isPaused)) subscription?.pause();
      },
      onResume: () {
        if (subscription?.isPaused ?? false) subscription?.resume();
      },
      onCancel: () {
        branches.remove(controller);
        return branches.isEmpty ? subscription?.cancel() : null;
      },
    );
  }

  branches
    ..add(branch())
    ..add(branch());
  return (branches[0].stream, branches[1].stream);
}
