/// An index of Vectorize.
library;

import '../host/host.dart';

/// An index of Vectorize.
///
/// See https://developers.cloudflare.com/vectorize/reference/client-api/.
class VectorizeIndex {
  VectorizeIndex._(this._ref);

  final HostRef _ref;
}

/// The object behind [ref].
VectorizeIndex vectorizeIndexFromHost(HostRef ref) => VectorizeIndex._(ref);
