/// Rate limiters.
library;

import '../host/host.dart';

/// A rate limiter: so many calls for each key within 10 or 60 seconds, as the
/// Wrangler configuration says.
///
/// Each location of Cloudflare counts for itself, and the count is a little
/// behind: it is for keeping load away, not for exact accounting.
///
/// See https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/.
class RateLimit {
  RateLimit._(this._ref);

  final HostRef _ref;

  /// Counts a call of [key], such as a user's id, and says whether it is within
  /// the limit.
  ///
  /// [delta] is what the call counts for, 1 if not given; a call that is within
  /// the limit when it begins may exceed it. Wrangler's local limiter may not
  /// know it and throw a [WorkersException]. Throws an [ArgumentError] if it is
  /// not positive.
  Future<RateLimitOutcome> limit({required String key, int? delta}) async {
    if (delta != null && delta < 1) {
      throw ArgumentError.value(delta, 'delta', 'must be positive');
    }
    final outcome = await _ref.call('limit', [
      {'key': key, if (delta != null) 'delta': delta},
    ]);
    return RateLimitOutcome(success: (outcome! as Map)['success'] == true);
  }
}

/// What a [RateLimit] decided.
class RateLimitOutcome {
  /// An outcome.
  const RateLimitOutcome({required this.success});

  /// Whether the call is within the limit.
  final bool success;
}

/// The object behind [ref].
RateLimit rateLimitFromHost(HostRef ref) => RateLimit._(ref);
