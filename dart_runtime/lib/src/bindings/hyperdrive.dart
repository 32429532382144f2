/// A Hyperdrive configuration.
library;

import '../host/host.dart';

/// A Hyperdrive configuration.
///
/// See https://developers.cloudflare.com/hyperdrive/.
class Hyperdrive {
  Hyperdrive._(this._ref);

  final HostRef _ref;
}

/// The object behind [ref].
Hyperdrive hyperdriveFromHost(HostRef ref) => Hyperdrive._(ref);
