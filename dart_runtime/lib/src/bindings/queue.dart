/// A queue that messages are sent to.
library;

import '../host/host.dart';

/// A queue that messages are sent to.
///
/// See https://developers.cloudflare.com/queues/configuration/javascript-apis/.
class Queue {
  Queue._(this._ref);

  final HostRef _ref;
}

/// The object behind [ref].
Queue queueFromHost(HostRef ref) => Queue._(ref);
