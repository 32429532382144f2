/// Namespaces of Durable Objects.
library;

import '../host/host.dart';
import 'id.dart';
import 'stub.dart';

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
  /// With [jurisdiction], such as `eu`, the object runs and stores only there.
  /// Throws a [WorkersException] for one that the platform does not know.
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
  /// [locationHint], such as `weur`, says where a new object should be created;
  /// it has no effect on one that exists. See
  /// https://developers.cloudflare.com/durable-objects/reference/data-location/.
  DurableObjectStub get(DurableObjectId id, {String? locationHint}) =>
      durableObjectStubFromHost(
        _ref.derive('get', [
          durableObjectIdToHost(id),
          ..._options(locationHint),
        ]),
        id,
      );

  /// A stub of the object called [name]: `get(idFromName(name))` in one.
  DurableObjectStub getByName(String name, {String? locationHint}) =>
      durableObjectStubFromHost(
        _ref.derive('getByName', [name, ..._options(locationHint)]),
        idFromName(name),
      );

  /// The part of the namespace whose objects run and store only in
  /// [jurisdiction], such as `eu`. The same name is another object there.
  DurableObjectNamespace jurisdiction(String jurisdiction) =>
      DurableObjectNamespace._(_ref.derive('jurisdiction', [jurisdiction]));

  DurableObjectId _idFromHex(String hex) =>
      durableObjectIdFromHost(_ref.derive('idFromString', [hex]), hex: hex);

  static List<Object?> _options(String? locationHint) => [
        if (locationHint != null) {'locationHint': locationHint},
      ];

  static final RegExp _hex = RegExp(r'^[0-9a-fA-F]{64}$');
}

/// The namespace behind [ref].
DurableObjectNamespace durableObjectNamespaceFromHost(HostRef ref) =>
    DurableObjectNamespace._(ref);
