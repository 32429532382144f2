/// An app of Flagship.
library;

import '../host/host.dart';

/// An app of Flagship.
///
/// See https://developers.cloudflare.com/workers/.
class Flagship {
  Flagship._(this._ref);

  final HostRef _ref;
}

/// The object behind [ref].
Flagship flagshipFromHost(HostRef ref) => Flagship._(ref);
