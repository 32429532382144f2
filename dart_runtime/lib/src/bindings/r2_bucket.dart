/// A bucket of R2.
library;

import '../host/host.dart';

/// A bucket of R2.
///
/// See https://developers.cloudflare.com/r2/api/workers/workers-api-reference/.
class R2Bucket {
  R2Bucket._(this._ref);

  final HostRef _ref;
}

/// The object behind [ref].
R2Bucket r2BucketFromHost(HostRef ref) => R2Bucket._(ref);
