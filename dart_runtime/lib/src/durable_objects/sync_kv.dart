/// Keys and values of Durable Objects, without waiting.
library;

import '../host/host.dart';
import '../values.dart';

/// The same keys and values as `get` and `put` of the storage, synchronously,
/// for classes that the Wrangler configuration lists in `new_sqlite_classes`.
///
/// ```dart
/// final views = (state.storage.kv.get<int>('views') ?? 0) + 1;
/// state.storage.kv.put('views', views);
/// ```
///
/// Values are those of the asynchronous methods. During development each call
/// makes the whole program wait for a fraction of a millisecond. Of another
/// class every method throws a [WorkersException].
///
/// See https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#synchronous-kv-api.
final class SyncKvStorage {
  SyncKvStorage._(this._ref, this._helpers);

  final HostRef _ref;
  final HostRef _helpers;

  /// The value of [key], or `null` if there is none.
  ///
  /// Throws a [ValueTypeError] if the value is not a [T].
  T? get<T extends Object?>(String key) {
    final value = _ref.callSync('get', [key]);
    return value == null ? null : _convert<T>(key, value);
  }

  /// Stores [value] under [key].
  ///
  /// Throws an [ArgumentError] for a value that cannot be stored, and a
  /// [WorkersException] for one that is too large.
  void put(String key, Object? value) => _ref.callSync('put', [key, value]);

  /// Deletes [key] and returns whether it was there.
  bool delete(String key) => _ref.callSync('delete', [key]) == true;

  /// The keys with their values, in ascending order of the keys' UTF-8 bytes.
  ///
  /// [start] is the first key that may be listed, [startAfter] the last one
  /// before them, and [end] the first one after them. [prefix] is what the keys
  /// begin with, [limit] how many are listed at most. [reverse] gives
  /// descending order, without changing what [start] and [end] mean.
  ///
  /// Everything listed is held in memory; give a [limit] where it may be much.
  /// Throws a [ValueTypeError] if a value is not a [T], and an [ArgumentError]
  /// if both [start] and [startAfter] are given.
  Map<String, T> list<T extends Object?>({
    String? start,
    String? startAfter,
    String? end,
    String? prefix,
    bool? reverse,
    int? limit,
  }) {
    if (start != null && startAfter != null) {
      throw ArgumentError('give either `start` or `startAfter`, not both');
    }
    final options = <String, Object?>{
      if (start != null) 'start': start,
      if (startAfter != null) 'startAfter': startAfter,
      if (end != null) 'end': end,
      if (prefix != null) 'prefix': prefix,
      if (reverse != null) 'reverse': reverse,
      if (limit != null) 'limit': limit,
    };
    final listed = _helpers.callSync('syncKvList', [_ref, options])! as Map;
    return {
      for (final MapEntry(:key, :value) in listed.entries)
        key as String: _convert<T>(key, value),
    };
  }

  static T _convert<T>(String key, Object? value) =>
      convertValue<T>(value, 'the stored value `$key`');
}

/// The synchronous storage behind [ref]; [helpers] is the root of the host.
SyncKvStorage syncKvStorageFromHost(HostRef ref, HostRef helpers) =>
    SyncKvStorage._(ref, helpers);
