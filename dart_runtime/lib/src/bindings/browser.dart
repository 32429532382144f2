/// A headless browser.
library;

import '../host/host.dart';

/// A headless browser.
///
/// See https://developers.cloudflare.com/browser-rendering/.
class Browser {
  Browser._(this._ref);

  final HostRef _ref;
}

/// The object behind [ref].
Browser browserFromHost(HostRef ref) => Browser._(ref);
