/// Pipelines that records are sent to.
library;

import '../host/host.dart';

/// A pipeline, which collects records and stores them in R2.
///
/// Under `dartflare dev` records go nowhere.
///
/// See https://developers.cloudflare.com/pipelines/.
class Pipeline {
  Pipeline._(this._ref);

  final HostRef _ref;

  /// Sends [records], each a map of JSON values, and completes when the
  /// pipeline has them.
  ///
  /// Throws an [ArgumentError] for a value that is not one, named by its path
  /// such as `argument 1[0].user`.
  Future<void> send(Iterable<Map<String, Object?>> records) async {
    await _ref.call('send', [
      [...records],
    ]);
  }
}

/// The object behind [ref].
Pipeline pipelineFromHost(HostRef ref) => Pipeline._(ref);
