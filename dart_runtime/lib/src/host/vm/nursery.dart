import 'dart:async';
import 'dart:developer' show Service;
import 'dart:isolate';

import 'app.dart';

/// Where isolates of the program come from: an isolate with the program's code,
/// which stays behind to be reloaded and to start others.
abstract interface class Nursery {
  /// The VM service's name of the isolate whose code is reloaded.
  String? get isolateId;

  /// Starts an isolate of the program.
  Future<Isolate> spawn(
    AppStart start, {
    required SendPort onError,
    required SendPort onExit,
  });
}

/// Starts isolates with the code of the current one.
final class OwnNursery implements Nursery {
  /// Each isolate begins with the top-level function [_entry], which is looked
  /// up again after a reload.
  OwnNursery(this._entry);

  final void Function(AppStart) _entry;

  @override
  String? get isolateId => Service.getIsolateId(Isolate.current);

  @override
  Future<Isolate> spawn(
    AppStart start, {
    required SendPort onError,
    required SendPort onExit,
  }) =>
      Isolate.spawn<AppStart>(
        _entry,
        start,
        errorsAreFatal: false,
        onError: onError,
        onExit: onExit,
        debugName: 'worker ${start.number}',
      );
}

/// Starts isolates with code that this VM compiled from the sources, while the
/// current isolate runs what an earlier VM had compiled, which no VM reloads.
final class SourceNursery implements Nursery {
  SourceNursery._(this._requests, this.isolateId);

  final SendPort _requests;

  @override
  final String? isolateId;

  /// Compiles [program], which has to call [serve], without holding up what
  /// runs. Throws an [IsolateSpawnException] with the compiler's words if it
  /// does not compile.
  static Future<SourceNursery> compile(Uri program) async {
    final answers = ReceivePort();
    try {
      await Isolate.spawnUri(
        program,
        const [],
        answers.sendPort,
        packageConfig: await Isolate.packageConfig,
        debugName: 'sources',
      );
      final [requests as SendPort, id as String?] =
          (await answers.first)! as List<Object?>;
      return SourceNursery._(requests, id);
    } finally {
      answers.close();
    }
  }

  /// In the isolate that [compile] began: starts what is asked for.
  static void serve(void Function(AppStart) entry, SendPort owner) {
    final own = OwnNursery(entry);
    // Between programs, only what the core libraries have can be sent.
    final requests = RawReceivePort();
    requests.handler = (List<Object?> request) async {
      final [
        number as int,
        token as String,
        package as String?,
        supervisor as SendPort,
        onError as SendPort,
        onExit as SendPort,
        reply as SendPort,
      ] = request;
      final isolate = await own.spawn(
        (
          number: number,
          token: token,
          package: package,
          supervisor: supervisor,
        ),
        onError: onError,
        onExit: onExit,
      );
      reply.send([isolate.controlPort, isolate.terminateCapability]);
    };
    owner.send([requests.sendPort, own.isolateId]);
  }

  @override
  Future<Isolate> spawn(
    AppStart start, {
    required SendPort onError,
    required SendPort onExit,
  }) async {
    final answers = ReceivePort();
    _requests.send([
      start.number,
      start.token,
      start.package,
      start.supervisor,
      onError,
      onExit,
      answers.sendPort,
    ]);
    final [control as SendPort, terminate as Capability?] =
        (await answers.first)! as List<Object?>;
    return Isolate(control, terminateCapability: terminate);
  }
}
