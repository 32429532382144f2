/// Transformations of images.
library;

import '../host/host.dart';

/// Transformations of images.
///
/// See https://developers.cloudflare.com/images/transform-images/bindings/.
class ImagesBinding {
  ImagesBinding._(this._ref);

  final HostRef _ref;
}

/// The object behind [ref].
ImagesBinding imagesBindingFromHost(HostRef ref) => ImagesBinding._(ref);
