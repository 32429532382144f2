/// A dispatch namespace of Workers for Platforms.
library;

import '../host/host.dart';

/// A dispatch namespace of Workers for Platforms.
///
/// See https://developers.cloudflare.com/cloudflare-for-platforms/workers-for-platforms/.
class DispatchNamespace {
  DispatchNamespace._(this._ref);

  final HostRef _ref;
}

/// The object behind [ref].
DispatchNamespace dispatchNamespaceFromHost(HostRef ref) =>
    DispatchNamespace._(ref);
