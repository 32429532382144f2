/// Transformations of videos.
library;

import '../host/host.dart';

/// Transformations of videos.
///
/// See https://developers.cloudflare.com/stream/transform-videos/bindings/.
class MediaBinding {
  MediaBinding._(this._ref);

  final HostRef _ref;
}

/// The object behind [ref].
MediaBinding mediaBindingFromHost(HostRef ref) => MediaBinding._(ref);
