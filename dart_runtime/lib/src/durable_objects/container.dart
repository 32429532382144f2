/// The container of a Durable Object.
library;

import 'dart:async';
import 'dart:typed_data';

import '../bindings/fetcher.dart';
import '../host/host.dart';

/// The container that runs beside a Durable Object whose class the Wrangler
/// configuration lists in `containers`.
///
/// ```dart
/// final container = state.container!;
/// if (!container.running) container.start(enableInternet: false);
/// final response =
///     await container.getTcpPort(8080).fetch('http://container/');
/// ```
///
/// See https://developers.cloudflare.com/durable-objects/api/container/.
final class Container {
  Container._(this._ref);

  final HostRef _ref;

  /// Whether the container runs, as far as is known without asking it.
  bool get running => _ref.getSync('running') == true;

  /// The images that it can be started from, by their names in the
  /// configuration.
  Map<String, String> get images =>
      (_ref.getSync('images')! as Map<Object?, Object?>).cast();

  /// Starts the container. It may take a while until it listens; see
  /// [getTcpPort].
  ///
  /// [entrypoint] replaces the image's own command. [enableInternet] is whether
  /// it reaches the internet, by default not. [env] are its environment
  /// variables, [image] is one of [images], [labels] are kept with it; see
  /// [inspect]. [instance] is its size. Instead of an image it can be started
  /// from [snapshot], and [directorySnapshots] bring back single folders.
  ///
  /// Throws an [ArgumentError] if both [image] and [snapshot] are given, and a
  /// [WorkersException] if it already runs.
  void start({
    List<String>? entrypoint,
    bool? enableInternet,
    Map<String, String>? env,
    String? image,
    ContainerInstance? instance,
    Map<String, String>? labels,
    ContainerSnapshot? snapshot,
    List<ContainerDirectorySnapshot>? directorySnapshots,
  }) {
    if (image != null && snapshot != null) {
      throw ArgumentError('give either `image` or `snapshot`, not both');
    }
    final options = <String, Object?>{
      if (entrypoint != null) 'entrypoint': entrypoint,
      if (enableInternet != null) 'enableInternet': enableInternet,
      if (env != null) 'env': env,
      if (image != null) 'image': image,
      if (instance != null) 'instance': instance._value,
      if (labels != null) 'labels': labels,
      if (snapshot != null) 'containerSnapshot': {'id': snapshot.id},
      if (directorySnapshots != null)
        'directorySnapshots': [
          for (final directory in directorySnapshots) directory._toHost(),
        ],
    };
    _ref.callSync('start', [if (options.isNotEmpty) options]);
  }

  /// Completes when the container has ended.
  ///
  /// Throws a [WorkersException] if it failed, with what [destroy] was given if
  /// that ended it.
  Future<void> monitor() async {
    await _ref.call('monitor', const []);
  }

  /// Ends the container at once. [monitor] throws a [WorkersException] with
  /// [reason], if given.
  Future<void> destroy([String? reason]) async {
    await _ref.call('destroy', [if (reason != null) reason]);
  }

  /// Sends the container's process the signal of this [number], such as 15 for
  /// SIGTERM.
  void signal(int number) => _ref.callSync('signal', [number]);

  /// What listens on [port] of the container.
  ///
  /// Its `fetch` throws a [WorkersException] until something does.
  Fetcher getTcpPort(int port) =>
      fetcherFromHost(_ref.derive('getTcpPort', [port]));

  /// Lets the container run on for [duration] after the object was dropped from
  /// memory, so that the next construction of the object finds it.
  Future<void> setInactivityTimeout(Duration duration) async {
    await _ref.call('setInactivityTimeout', [duration.inMilliseconds]);
  }

  /// Has [handler], such as a service of this Worker, answer the HTTP requests
  /// that the container sends to [address], a host or a range of addresses.
  Future<void> interceptOutboundHttp(String address, Fetcher handler) async {
    await _ref.call(
      'interceptOutboundHttp',
      [address, fetcherToHost(handler)],
    );
  }

  /// As [interceptOutboundHttp], for HTTPS.
  Future<void> interceptOutboundHttps(String address, Fetcher handler) async {
    await _ref.call(
      'interceptOutboundHttps',
      [address, fetcherToHost(handler)],
    );
  }

  /// As [interceptOutboundHttp], for every address.
  Future<void> interceptAllOutboundHttp(Fetcher handler) async {
    await _ref.call('interceptAllOutboundHttp', [fetcherToHost(handler)]);
  }

  /// Keeps the container's disk, to [start] from later. [name] is a label.
  Future<ContainerSnapshot> snapshotContainer({String? name}) async {
    final made = await _ref.call('snapshotContainer', [
      if (name != null) {'name': name},
    ]);
    final fields = made! as Map<Object?, Object?>;
    return ContainerSnapshot(
      fields['id']! as String,
      size: (fields['size'] as num?)?.toInt(),
      name: fields['name'] as String?,
    );
  }

  /// What the container was started from, or `null` if it does not run.
  Future<ContainerInfo?> inspect() async {
    final fields = await _ref.call('inspect', const []);
    if (fields is! Map) return null;
    return ContainerInfo(
      image: fields['image']! as String,
      labels: (fields['labels'] as Map? ?? const {}).cast(),
    );
  }

  /// Runs [command] in the container, beside its own process.
  ///
  /// [cwd] is the folder it runs in, [env] are further environment variables,
  /// [user] is who runs it. [stdin] is what it reads. [stdout] and [stderr] say
  /// what becomes of what it writes; by default both can be read. With [pty] it
  /// runs in a terminal of that size.
  Future<ContainerProcess> exec(
    List<String> command, {
    String? cwd,
    Map<String, String>? env,
    String? user,
    Stream<List<int>>? stdin,
    ContainerOutput? stdout,
    ContainerOutput? stderr,
    ({int columns, int rows})? pty,
  }) async {
    if (stdout == ContainerOutput.combined) {
      throw ArgumentError.value(
        stdout,
        'stdout',
        'only `stderr` can be combined with the other',
      );
    }
    final options = <String, Object?>{
      if (cwd != null) 'cwd': cwd,
      if (env != null) 'env': env,
      if (user != null) 'user': user,
      if (stdin != null) 'stdin': stdin,
      if (stdout != null) 'stdout': stdout.name,
      if (stderr != null) 'stderr': stderr.name,
      if (pty != null) 'pty': {'cols': pty.columns, 'rows': pty.rows},
    };
    final process = await _ref.call(
      'exec',
      [command, if (options.isNotEmpty) options],
      select: const ['pid', 'isPty', 'stdout', 'stderr'],
    );
    return ContainerProcess._(process! as HostRef);
  }
}

/// The container behind [ref].
Container containerFromHost(HostRef ref) => Container._(ref);

/// The size of a container.
///
/// See https://developers.cloudflare.com/containers/platform-details/limits/.
final class ContainerInstance {
  /// A size that the platform has the name [name] for, such as `basic`.
  const ContainerInstance.named(String name) : _value = name;

  /// A size of one's own: [vcpu] processors, [memoryMib] MiB of memory and
  /// [diskMb] MB of disk.
  ContainerInstance({
    required double vcpu,
    required int memoryMib,
    required int diskMb,
  }) : _value = {'vcpu': vcpu, 'memoryMib': memoryMib, 'diskMb': diskMb};

  final Object _value;

  /// The smallest one.
  static const lite = ContainerInstance.named('lite');

  /// A quarter of a processor.
  static const basic = ContainerInstance.named('basic');

  /// Half a processor.
  static const standard1 = ContainerInstance.named('standard-1');

  /// One processor.
  static const standard2 = ContainerInstance.named('standard-2');

  /// Two processors.
  static const standard3 = ContainerInstance.named('standard-3');

  /// Four processors.
  static const standard4 = ContainerInstance.named('standard-4');
}

/// The disk of a container as it once was.
final class ContainerSnapshot {
  /// The snapshot of this [id].
  const ContainerSnapshot(this.id, {this.size, this.name});

  /// What the platform knows it by.
  final String id;

  /// Its size in bytes, where it is known.
  final int? size;

  /// Its label, if it has one.
  final String? name;
}

/// A folder of a container that comes back from a snapshot, or starts out
/// empty.
final class ContainerDirectorySnapshot {
  /// The folder [directory] of [size] bytes that was kept under [id], at
  /// [mountPoint] or where it was.
  const ContainerDirectorySnapshot(
    String this.id, {
    required int this.size,
    required String this.directory,
    this.name,
    this.mountPoint,
  });

  /// An empty folder at [mountPoint] that can be kept.
  const ContainerDirectorySnapshot.empty(String this.mountPoint)
      : id = null,
        size = null,
        directory = null,
        name = null;

  /// What the platform knows the snapshot by; `null` for an empty folder.
  final String? id;

  /// Its size in bytes; `null` for an empty folder.
  final int? size;

  /// Where the folder was; `null` for an empty one.
  final String? directory;

  /// Its label, if it has one.
  final String? name;

  /// Where the folder is to be.
  final String? mountPoint;

  Map<String, Object?> _toHost() => {
        if (id != null)
          'snapshot': {
            'id': id,
            'size': size,
            'dir': directory,
            if (name != null) 'name': name,
          },
        if (mountPoint != null) 'mountPoint': mountPoint,
      };
}

/// What a container was started from.
final class ContainerInfo {
  /// Describes a container.
  const ContainerInfo({required this.image, this.labels = const {}});

  /// The name of its image.
  final String image;

  /// What it was started with.
  final Map<String, String> labels;
}

/// What becomes of what a process in a container writes.
enum ContainerOutput {
  /// It can be read.
  pipe,

  /// It is lost.
  ignore,

  /// It is written to the standard output; for the error output only.
  combined,
}

/// A process in a container, besides its own.
final class ContainerProcess {
  ContainerProcess._(this._ref);

  final HostRef _ref;

  /// The number of the process in the container.
  int get pid => (_ref.selected['pid']! as num).toInt();

  /// Whether it runs in a terminal.
  bool get isPty => _ref.selected['isPty'] == true;

  /// What it writes to its standard output; `null` if that is ignored. Can be
  /// listened to once.
  Stream<Uint8List>? get stdout =>
      _ref.selected['stdout'] as Stream<Uint8List>?;

  /// What it writes to its error output; `null` if that is ignored or combined.
  /// Can be listened to once.
  Stream<Uint8List>? get stderr =>
      _ref.selected['stderr'] as Stream<Uint8List>?;

  /// What it exits with, once it has.
  Future<int> get exitCode async =>
      ((await _ref.get('exitCode'))! as num).toInt();

  /// All that it writes, once it has exited; instead of [stdout] and [stderr].
  Future<ContainerExecOutput> output() async {
    final output = await _ref.call(
      'output',
      const [],
      select: const ['stdout', 'stderr', 'exitCode'],
    );
    final HostRef(selected: fields) = output! as HostRef;
    return ContainerExecOutput(
      stdout: fields['stdout']! as Uint8List,
      stderr: fields['stderr']! as Uint8List,
      exitCode: (fields['exitCode']! as num).toInt(),
    );
  }

  /// Sends it the signal of this number, SIGTERM by default.
  void kill([int? signal]) =>
      _ref.callSync('kill', [if (signal != null) signal]);

  /// Changes the size of its terminal.
  void resize({required int columns, required int rows}) =>
      _ref.callSync('resize', [columns, rows]);
}

/// All that a process in a container wrote.
final class ContainerExecOutput {
  /// Describes a process that has exited.
  const ContainerExecOutput({
    required this.stdout,
    required this.stderr,
    required this.exitCode,
  });

  /// What it wrote to its standard output.
  final Uint8List stdout;

  /// What it wrote to its error output.
  final Uint8List stderr;

  /// What it exited with.
  final int exitCode;
}
