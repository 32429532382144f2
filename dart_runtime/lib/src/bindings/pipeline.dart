/// A pipeline that records are sent to.
library;

import '../host/host.dart';

/// A pipeline that records are sent to.
///
/// See https://developers.cloudflare.com/pipelines/.
class Pipeline {
  Pipeline._(this._ref);

  final HostRef _ref;
}

/// The object behind [ref].
Pipeline pipelineFromHost(HostRef ref) => Pipeline._(ref);
