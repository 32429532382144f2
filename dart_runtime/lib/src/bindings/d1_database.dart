/// A D1 database.
library;

import '../host/host.dart';

/// A D1 database.
///
/// See https://developers.cloudflare.com/d1/worker-api/.
class D1Database {
  D1Database._(this._ref);

  final HostRef _ref;
}

/// The object behind [ref].
D1Database d1DatabaseFromHost(HostRef ref) => D1Database._(ref);
