/// Namespaces whose objects' methods are known.
library;

import 'id.dart';
import 'namespace.dart';
import 'stub.dart';

/// A namespace whose stubs have a type of their own, [S], with a method for each
/// of the object's.
///
/// The generated accessors give one for a Durable Object class of the same
/// Worker, with an extension type for [S]: `env.views.getByName('home')` knows
/// the methods of the class that `VIEWS` is bound to.
///
/// See https://developers.cloudflare.com/durable-objects/api/namespace/.
extension type DurableObjectNamespaceOf<S extends DurableObjectStub>(
    DurableObjectNamespace _namespace) implements DurableObjectNamespace {
  /// A stub of the object [id]; see [DurableObjectNamespace.get].
  S get(
    DurableObjectId id, {
    String? locationHint,
    DurableObjectRoutingMode? routingMode,
    DurableObjectRetry? retry,
  }) =>
      // An extension type is its stub, once the program runs.
      _namespace.get(
        id,
        locationHint: locationHint,
        routingMode: routingMode,
        retry: retry,
      ) as S;

  /// A stub of the object called [name]; see
  /// [DurableObjectNamespace.getByName].
  S getByName(
    String name, {
    String? locationHint,
    DurableObjectRoutingMode? routingMode,
    DurableObjectRetry? retry,
  }) =>
      _namespace.getByName(
        name,
        locationHint: locationHint,
        routingMode: routingMode,
        retry: retry,
      ) as S;

  /// The part of the namespace in [jurisdiction]; see
  /// [DurableObjectNamespace.jurisdiction].
  DurableObjectNamespaceOf<S> jurisdiction(String jurisdiction) =>
      DurableObjectNamespaceOf(_namespace.jurisdiction(jurisdiction));
}
