/// Workers AI.
library;

import '../host/host.dart';

/// Workers AI.
///
/// See https://developers.cloudflare.com/workers-ai/configuration/bindings/.
class Ai {
  Ai._(this._ref);

  final HostRef _ref;
}

/// The object behind [ref].
Ai aiFromHost(HostRef ref) => Ai._(ref);
