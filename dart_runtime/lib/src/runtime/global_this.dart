/// What the runtime has that this package does not.
library;

import '../host/current.dart';
import '../js_binding.dart';

/// The global object of the Workers runtime, for what this package has no type
/// for.
///
/// ```dart
/// final events = globalThis.construct('EventSource', ['https://example.com/']);
/// ```
///
/// Use it while an event is handled.
///
/// See https://developers.cloudflare.com/workers/runtime-apis/.
JSBinding get globalThis => jsBindingFromHost(host.global);
