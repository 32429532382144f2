/// A workflow, of which instances are made.
library;

import '../host/host.dart';

/// A workflow, of which instances are made.
///
/// See https://developers.cloudflare.com/workflows/build/workers-api/.
class Workflow {
  Workflow._(this._ref);

  final HostRef _ref;
}

/// The object behind [ref].
Workflow workflowFromHost(HostRef ref) => Workflow._(ref);
