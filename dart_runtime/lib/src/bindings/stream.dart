/// Cloudflare Stream.
library;

import '../host/host.dart';

/// Cloudflare Stream.
///
/// See https://developers.cloudflare.com/stream/.
class StreamBinding {
  StreamBinding._(this._ref);

  final HostRef _ref;
}

/// The object behind [ref].
StreamBinding streamBindingFromHost(HostRef ref) => StreamBinding._(ref);
