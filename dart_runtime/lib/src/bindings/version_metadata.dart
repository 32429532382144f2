/// The version of the Worker.
library;

import '../host/host.dart';

/// The version of the Worker that runs.
///
/// See https://developers.cloudflare.com/workers/runtime-apis/bindings/version-metadata/.
class VersionMetadata {
  VersionMetadata._(this._ref);

  final HostRef _ref;

  /// The id of the version.
  String get id => _ref.getSync('id')! as String;

  /// The tag that the version was given, empty without one.
  String get tag => _ref.getSync('tag') as String? ?? '';

  /// When the version was uploaded, in UTC.
  ///
  /// Throws a [FormatException] if the platform gives anything but a time.
  DateTime get timestamp =>
      DateTime.parse(_ref.getSync('timestamp')! as String).toUtc();
}

/// The object behind [ref].
VersionMetadata versionMetadataFromHost(HostRef ref) => VersionMetadata._(ref);
