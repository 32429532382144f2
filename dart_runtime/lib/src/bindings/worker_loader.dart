/// What makes Workers at run time.
library;

import '../host/host.dart';

/// What makes Workers at run time.
///
/// See https://developers.cloudflare.com/workers/runtime-apis/bindings/worker-loader/.
class WorkerLoader {
  WorkerLoader._(this._ref);

  final HostRef _ref;
}

/// The object behind [ref].
WorkerLoader workerLoaderFromHost(HostRef ref) => WorkerLoader._(ref);
