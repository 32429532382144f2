/// Namespaces of Durable Objects.
library;

import '../host/host.dart';
import 'id.dart';
import 'stub.dart';

/// Names of places for `locationHint` of a namespace's `get`.
///
/// See https://developers.cloudflare.com/durable-objects/reference/data-location/.
abstract final class DurableObjectLocationHint {
  /// The west of North America.
  static const wnam = 'wnam';

  /// The east of North America.
  static const enam = 'enam';

  /// South America.
  static const sam = 'sam';

  /// The west of Europe.
  static const weur = 'weur';

  /// The east of Europe.
  static const eeur = 'eeur';

  /// Asia and the Pacific.
  static const apac = 'apac';

  /// The north-east of Asia and the Pacific.
  static const apacNe = 'apac-ne';

  /// The south-east of Asia and the Pacific.
  static const apacSe = 'apac-se';

  /// Oceania.
  static const oc = 'oc';

  /// Africa.
  static const afr = 'afr';

  /// The Middle East.
  static const me = 'me';
}

/// Names of jurisdictions for `newUniqueId` and `jurisdiction` of a namespace.
///
/// See https://developers.cloudflare.com/durable-objects/reference/data-location/#restrict-durable-objects-to-a-jurisdiction.
abstract final class DurableObjectJurisdiction {
  /// The European Union.
  static const eu = 'eu';

  /// Data centres that meet FedRAMP Moderate.
  static const fedramp = 'fedramp';

  /// Data centres that meet FedRAMP High.
  static const fedrampHigh = 'fedramp-high';

  /// The United States.
  static const us = 'us';
}

/// Which copies of a Durable Object requests may go to.
enum DurableObjectRoutingMode {
  /// The object itself, and none of its replicas.
  primaryOnly('primary-only');

  const DurableObjectRoutingMode(this._value);

  final String _value;
}

/// How a stub tries again when the object cannot be reached.
final class DurableObjectRetry {
  /// At most [maxRetries] times, and for at most [timeout]; what is not given is
  /// the platform's choice.
  const DurableObjectRetry({this.maxRetries, this.timeout});

  /// How often it tries again at most.
  final int? maxRetries;

  /// How long it tries at most.
  final Duration? timeout;
}

/// The Durable Objects of one class.
///
/// See https://developers.cloudflare.com/durable-objects/api/namespace/.
class DurableObjectNamespace {
  DurableObjectNamespace._(this._ref);

  final HostRef _ref;

  /// The id of the object called [name]; the same name always gives the same
  /// id.
  DurableObjectId idFromName(String name) => durableObjectIdFromHost(
        _ref.derive('idFromName', [name]),
        name: name,
      );

  /// A new id that no other object has.
  ///
  /// With [jurisdiction], one of [DurableObjectJurisdiction], the object runs
  /// and stores only there. Throws a [WorkersException] for one that the
  /// platform does not know; during development, for every one.
  DurableObjectId newUniqueId({String? jurisdiction}) {
    final hex = _ref.derive('newUniqueId', [
      if (jurisdiction != null) {'jurisdiction': jurisdiction},
    ]).callSync('toString', const [])! as String;
    return _idFromHex(hex);
  }

  /// The id that [text], the 64 hexadecimal digits of `id.toString()`, stands
  /// for.
  ///
  /// Throws an [ArgumentError] if [text] is anything else, and a
  /// [WorkersException] if it is the id of another namespace.
  DurableObjectId idFromString(String text) {
    if (!_hex.hasMatch(text)) {
      throw ArgumentError.value(
        text,
        'text',
        'not a Durable Object id, which is 64 hexadecimal digits; for a name '
            'use `idFromName`',
      );
    }
    final id = _idFromHex(text.toLowerCase());
    // The runtime refuses foreign ids here rather than when they are used.
    durableObjectIdToHost(id).callSync('toString', const []);
    return id;
  }

  /// A stub of the object [id].
  ///
  /// [locationHint], one of [DurableObjectLocationHint], says where a new object should be created;
  /// it has no effect on one that exists. See
  /// https://developers.cloudflare.com/durable-objects/reference/data-location/.
  /// [routingMode] keeps requests from replicas, and [retry] says how often the
  /// stub tries again.
  DurableObjectStub get(
    DurableObjectId id, {
    String? locationHint,
    DurableObjectRoutingMode? routingMode,
    DurableObjectRetry? retry,
  }) =>
      durableObjectStubFromHost(
        _ref.derive('get', [
          durableObjectIdToHost(id),
          ..._options(locationHint, routingMode, retry),
        ]),
        id,
      );

  /// A stub of the object called [name]: `get(idFromName(name))` in one.
  DurableObjectStub getByName(
    String name, {
    String? locationHint,
    DurableObjectRoutingMode? routingMode,
    DurableObjectRetry? retry,
  }) =>
      durableObjectStubFromHost(
        _ref.derive('getByName', [
          name,
          ..._options(locationHint, routingMode, retry),
        ]),
        idFromName(name),
      );

  /// The part of the namespace whose objects run and store only in
  /// [jurisdiction], one of [DurableObjectJurisdiction]. The same name is
  /// another object there. During development there is no such part, and using
  /// it throws a [WorkersException].
  DurableObjectNamespace jurisdiction(String jurisdiction) =>
      DurableObjectNamespace._(_ref.derive('jurisdiction', [jurisdiction]));

  DurableObjectId _idFromHex(String hex) =>
      durableObjectIdFromHost(_ref.derive('idFromString', [hex]), hex: hex);

  static List<Object?> _options(
    String? locationHint,
    DurableObjectRoutingMode? routingMode,
    DurableObjectRetry? retry,
  ) {
    final options = <String, Object?>{
      if (locationHint != null) 'locationHint': locationHint,
      if (routingMode != null) 'routingMode': routingMode._value,
      if (retry != null)
        'retry': {
          if (retry.maxRetries != null) 'maxRetries': retry.maxRetries,
          if (retry.timeout != null) 'timeoutMs': retry.timeout!.inMilliseconds,
        },
    };
    return [if (options.isNotEmpty) options];
  }

  static final RegExp _hex = RegExp(r'^[0-9a-fA-F]{64}$');
}

/// The namespace behind [ref].
DurableObjectNamespace durableObjectNamespaceFromHost(HostRef ref) =>
    DurableObjectNamespace._(ref);
