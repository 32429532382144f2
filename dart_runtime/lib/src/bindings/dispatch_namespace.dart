/// A dispatch namespace of Workers for Platforms.
library;

import '../host/host.dart';
import '../js_binding.dart';
import 'fetcher.dart';
import 'worker_limits.dart';

/// A dispatch namespace of Workers for Platforms: the Workers of a platform's
/// customers, found by name.
///
/// ```dart
/// final customer = env.getDispatchNamespace('CUSTOMERS').get('acme');
/// return customer.fetch(request);
/// ```
///
/// See https://developers.cloudflare.com/cloudflare-for-platforms/workers-for-platforms/.
class DispatchNamespace {
  DispatchNamespace._(this._ref);

  final HostRef _ref;

  /// The Worker called [name].
  ///
  /// [props] is what it finds in its `ctx.props`, [limits] what a call of it may
  /// use, and [outbound] the parameters of the outbound Worker that its requests
  /// pass, where the configuration has one.
  ///
  /// Nothing is asked yet: that there is no such Worker is a [WorkersException]
  /// of the call that needs it.
  Service get(
    String name, {
    Map<String, Object?>? props,
    WorkerLimits? limits,
    Map<String, Object?>? outbound,
  }) {
    final options = {
      if (limits != null) 'limits': workerLimitsToHost(limits),
      if (outbound != null) 'outbound': valueToHost(outbound),
    };
    return serviceFromHost(
      _ref.derive('get', [
        name,
        if (props != null || options.isNotEmpty) valueToHost(props ?? const {}),
        if (options.isNotEmpty) options,
      ]),
    );
  }
}

/// The object behind [ref].
DispatchNamespace dispatchNamespaceFromHost(HostRef ref) =>
    DispatchNamespace._(ref);
