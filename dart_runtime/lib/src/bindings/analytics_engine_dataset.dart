/// A dataset of Workers Analytics Engine.
library;

import '../host/host.dart';

/// A dataset of Workers Analytics Engine.
///
/// See https://developers.cloudflare.com/analytics/analytics-engine/.
class AnalyticsEngineDataset {
  AnalyticsEngineDataset._(this._ref);

  final HostRef _ref;
}

/// The object behind [ref].
AnalyticsEngineDataset analyticsEngineDatasetFromHost(HostRef ref) =>
    AnalyticsEngineDataset._(ref);
