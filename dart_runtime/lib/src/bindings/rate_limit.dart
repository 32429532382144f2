/// A rate limiter.
library;

import '../host/host.dart';

/// A rate limiter.
///
/// See https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/.
class RateLimit {
  RateLimit._(this._ref);

  final HostRef _ref;
}

/// The object behind [ref].
RateLimit rateLimitFromHost(HostRef ref) => RateLimit._(ref);
