/// Ids of Durable Objects.
library;

import '../host/host.dart';

/// The id of a Durable Object within its namespace.
///
/// Ids are equal if they name the same object.
///
/// See https://developers.cloudflare.com/durable-objects/api/id/.
class DurableObjectId {
  DurableObjectId._(this._ref, this._hex, this.name);

  final HostRef _ref;
  String? _hex;

  /// The name the id was made from, or `null` if it was not made from one.
  final String? name;

  /// The jurisdiction that the object is bound to, such as `eu`, or `null` if it
  /// is not bound to one.
  String? get jurisdiction => _ref.getSync('jurisdiction') as String?;

  /// The id as 64 hexadecimal digits, for `idFromString`.
  @override
  String toString() => _hex ??= _ref.callSync('toString', const [])! as String;

  @override
  bool operator ==(Object other) =>
      identical(this, other) ||
      other is DurableObjectId && toString() == other.toString();

  @override
  int get hashCode => toString().hashCode;
}

/// The id behind [ref]; [hex] if it is known already.
DurableObjectId durableObjectIdFromHost(
  HostRef ref, {
  String? hex,
  String? name,
}) =>
    DurableObjectId._(ref, hex, name);

/// [id] as the host takes it.
HostRef durableObjectIdToHost(DurableObjectId id) => id._ref;
