/// An instance of AI Search.
library;

import '../host/host.dart';

/// An instance of AI Search.
///
/// See https://developers.cloudflare.com/ai-search/.
class AiSearchInstance {
  AiSearchInstance._(this._ref);

  final HostRef _ref;
}

/// The object behind [ref].
AiSearchInstance aiSearchInstanceFromHost(HostRef ref) =>
    AiSearchInstance._(ref);
