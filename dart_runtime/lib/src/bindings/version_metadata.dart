/// The version of the Worker.
library;

import '../host/host.dart';

/// The version of the Worker.
///
/// See https://developers.cloudflare.com/workers/runtime-apis/bindings/version-metadata/.
class VersionMetadata {
  VersionMetadata._(this._ref);

  final HostRef _ref;
}

/// The object behind [ref].
VersionMetadata versionMetadataFromHost(HostRef ref) => VersionMetadata._(ref);
