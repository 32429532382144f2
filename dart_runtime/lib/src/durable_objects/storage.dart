/// Storage of Durable Objects.
library;

import 'dart:async';

import '../host/current.dart';
import '../scheduled_controller.dart';
import '../values.dart';
import 'critical.dart';
import 'sql.dart';
import 'sync_kv.dart';

/// What a Durable Object stores: values under keys, and one alarm.
///
/// A value is `null`, a [bool], a number, a [String], a [DateTime], bytes
/// (`Uint8List`), or a [List] or a [Map] with [String] keys of these. An [int]
/// must be within 2^53, beyond which JavaScript numbers lose digits; use
/// [BigInt] there. Anything else throws an [ArgumentError] that says where in
/// the value it is.
///
/// While an object waits for its storage it gets no other event, so a `get`
/// followed by a `put` cannot lose an update. Writes without other waiting
/// between them are stored all or none, and a response leaves only when what
/// was written before it is safe. Each method's `allowConcurrency` and
/// `allowUnconfirmed` give these promises up; `noCache` keeps a value out of
/// the object's memory cache.
///
/// See https://developers.cloudflare.com/durable-objects/api/storage-api/.
abstract class DurableObjectStorageOperations {
  DurableObjectStorageOperations._(this._ref);

  final HostRef _ref;

  /// The value of [key], or `null` if there is none.
  ///
  /// Throws a [ValueTypeError] if the value is not a [T]. A number with nothing
  /// after the point is both an [int] and a [double]. Lists and maps become the
  /// type that is asked for, such as `List<int>` or `Map<String, String>`.
  Future<T?> get<T extends Object?>(
    String key, {
    bool? allowConcurrency,
    bool? noCache,
  }) async {
    final value = await _ref.call('get', [
      key,
      ..._options(allowConcurrency: allowConcurrency, noCache: noCache),
    ]);
    return value == null ? null : _convert<T>(key, value);
  }

  /// The values of those of [keys] that have one, at most 128.
  ///
  /// Throws a [ValueTypeError] if a value is not a [T].
  Future<Map<String, T>> getMany<T extends Object?>(
    Iterable<String> keys, {
    bool? allowConcurrency,
    bool? noCache,
  }) async =>
      _convertAll<T>(
        await _ref.call('get', [
          [...keys],
          ..._options(allowConcurrency: allowConcurrency, noCache: noCache),
        ]),
      );

  /// Stores [value] under [key].
  Future<void> put(
    String key,
    Object? value, {
    bool? allowConcurrency,
    bool? allowUnconfirmed,
    bool? noCache,
  }) async {
    await _ref.call('put', [
      key,
      value,
      ..._options(
        allowConcurrency: allowConcurrency,
        allowUnconfirmed: allowUnconfirmed,
        noCache: noCache,
      ),
    ]);
  }

  /// Stores all [entries], at most 128, or none if that fails.
  Future<void> putMany(
    Map<String, Object?> entries, {
    bool? allowConcurrency,
    bool? allowUnconfirmed,
    bool? noCache,
  }) async {
    await _ref.call('put', [
      entries,
      ..._options(
        allowConcurrency: allowConcurrency,
        allowUnconfirmed: allowUnconfirmed,
        noCache: noCache,
      ),
    ]);
  }

  /// Deletes [key] and returns whether it was there.
  Future<bool> delete(
    String key, {
    bool? allowConcurrency,
    bool? allowUnconfirmed,
    bool? noCache,
  }) async =>
      await _ref.call('delete', [
        key,
        ..._options(
          allowConcurrency: allowConcurrency,
          allowUnconfirmed: allowUnconfirmed,
          noCache: noCache,
        ),
      ]) ==
      true;

  /// Deletes all [keys], at most 128, and returns how many were there.
  Future<int> deleteMany(
    Iterable<String> keys, {
    bool? allowConcurrency,
    bool? allowUnconfirmed,
    bool? noCache,
  }) async {
    final count = await _ref.call('delete', [
      [...keys],
      ..._options(
        allowConcurrency: allowConcurrency,
        allowUnconfirmed: allowUnconfirmed,
        noCache: noCache,
      ),
    ]);
    return (count! as num).toInt();
  }

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
  Future<Map<String, T>> list<T extends Object?>({
    String? start,
    String? startAfter,
    String? end,
    String? prefix,
    bool? reverse,
    int? limit,
    bool? allowConcurrency,
    bool? noCache,
  }) async {
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
      if (allowConcurrency != null) 'allowConcurrency': allowConcurrency,
      if (noCache != null) 'noCache': noCache,
    };
    return _convertAll<T>(
      await _ref.call('list', [if (options.isNotEmpty) options]),
    );
  }

  /// When the alarm will go off, in UTC, or `null` if none is set.
  ///
  /// While `alarm()` runs, its own alarm is no longer set.
  Future<DateTime?> getAlarm({bool? allowConcurrency}) async => timeFromHost(
        await _ref.call(
          'getAlarm',
          _options(allowConcurrency: allowConcurrency),
        ),
      );

  /// Sets the alarm to go off at [time], in place of one that was set; at once
  /// if that is past. The platform calls `alarm()` of the object then.
  ///
  /// Throws a [WorkersException] for a time before 1970.
  Future<void> setAlarm(
    DateTime time, {
    bool? allowConcurrency,
    bool? allowUnconfirmed,
  }) async {
    await _ref.call('setAlarm', [
      time.millisecondsSinceEpoch,
      ..._options(
        allowConcurrency: allowConcurrency,
        allowUnconfirmed: allowUnconfirmed,
      ),
    ]);
  }

  /// Removes the alarm, if one is set.
  Future<void> deleteAlarm({
    bool? allowConcurrency,
    bool? allowUnconfirmed,
  }) async {
    await _ref.call(
      'deleteAlarm',
      _options(
        allowConcurrency: allowConcurrency,
        allowUnconfirmed: allowUnconfirmed,
      ),
    );
  }
}

/// The storage of a Durable Object; see [DurableObjectStorageOperations].
class DurableObjectStorage extends DurableObjectStorageOperations {
  DurableObjectStorage._(super._ref, HostRef helpers)
      : sql = sqlStorageFromHost(_ref.property('sql'), helpers),
        kv = syncKvStorageFromHost(_ref.property('kv'), helpers),
        super._();

  /// The object's SQLite database.
  final SqlStorage sql;

  /// The keys and values of this storage, without waiting for them.
  final SyncKvStorage kv;

  /// Deletes every key, and with it the object's whole storage.
  ///
  /// A set alarm may stay, depending on the compatibility date; see
  /// [deleteAlarm]. Throws a [WorkersException] within a transaction.
  Future<void> deleteAll({
    bool? allowConcurrency,
    bool? allowUnconfirmed,
  }) async {
    await _ref.call(
      'deleteAll',
      _options(
        allowConcurrency: allowConcurrency,
        allowUnconfirmed: allowUnconfirmed,
      ),
    );
  }

  /// Runs [body] as one transaction: what it does with the transaction that it
  /// is given is stored all or none.
  ///
  /// Nothing is stored if [body] throws, or called
  /// [DurableObjectTransaction.rollback]. Returns what [body] returns and
  /// throws what it throws.
  ///
  /// ```dart
  /// await state.storage.transaction((txn) async {
  ///   final from = await txn.get<int>('from') ?? 0;
  ///   if (from < amount) return txn.rollback();
  ///   await txn.put('from', from - amount);
  ///   await txn.put('to', (await txn.get<int>('to') ?? 0) + amount);
  /// });
  /// ```
  Future<T> transaction<T>(
    FutureOr<T> Function(DurableObjectTransaction txn) body,
  ) =>
      callCritical(
        _ref,
        'transaction',
        (arguments) async {
          final txn = DurableObjectTransaction._(arguments.first! as HostRef);
          final result = await body(txn);
          await txn._rollback;
          return result;
        },
      );

  /// Runs [body] as one transaction: what it does with [sql] and [kv] is stored
  /// all or none. Nothing else happens meanwhile, in the whole program.
  ///
  /// Nothing is stored if [body] throws. Returns what [body] returns and throws
  /// what it throws. Transactions may be nested, and may be within
  /// [transaction]; an inner one that is taken back leaves the outer one as it
  /// was.
  ///
  /// ```dart
  /// state.storage.transactionSync(() {
  ///   sql.exec('UPDATE accounts SET sum = sum - ? WHERE id = ?', [10, 1]);
  ///   sql.exec('UPDATE accounts SET sum = sum + ? WHERE id = ?', [10, 2]);
  /// });
  /// ```
  ///
  /// [body] must not be asynchronous: if it returns a [Future], a [StateError]
  /// is thrown and nothing is stored. What it begins without awaiting it, such
  /// as a `put` of this storage, is part of the transaction.
  T transactionSync<T>(T Function() body) {
    late T result;
    (Object, StackTrace)? failure;
    final section = HostCallback.immediate((_) {
      try {
        result = body();
        if (result case final Future<Object?> future) {
          // Nobody is left to hear how it ends.
          future.ignore();
          throw StateError(
            'the function given to `transactionSync` returned a Future, and a '
            'synchronous transaction cannot wait for it; use `transaction`',
          );
        }
      } catch (error, stack) {
        failure = (error, stack);
        rethrow;
      }
      return null;
    });
    try {
      _ref.callSync('transactionSync', [section]);
    } catch (_) {
      if (failure == null) rethrow;
    }
    if (failure case (final error, final stack)) {
      Error.throwWithStackTrace(error, stack);
    }
    return result;
  }

  /// A bookmark of what the storage holds now, to come back to with
  /// [onNextSessionRestoreBookmark].
  ///
  /// Bookmarks are texts; an earlier one sorts before a later one. This and the
  /// two methods below are for classes with SQL storage, on Cloudflare alone:
  /// during development there is nothing to come back to.
  ///
  /// See https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#pitr-point-in-time-recovery-api.
  Future<String> getCurrentBookmark() async =>
      (await _ref.call('getCurrentBookmark', const []))! as String;

  /// A bookmark of what the storage held at [time], which may be up to 30 days
  /// ago.
  Future<String> getBookmarkForTime(DateTime time) async =>
      (await _ref.call('getBookmarkForTime', [time.millisecondsSinceEpoch]))!
          as String;

  /// Has the storage come back to [bookmark] when the object is next
  /// constructed; `state.abort()` brings that about.
  ///
  /// Gives a bookmark of the moment before, with which this can be undone.
  Future<String> onNextSessionRestoreBookmark(String bookmark) async =>
      (await _ref.call('onNextSessionRestoreBookmark', [bookmark]))! as String;

  /// Waits until everything written so far is safe.
  Future<void> sync() async {
    await _ref.call('sync', const []);
  }
}

/// The storage as one transaction sees it; see
/// [DurableObjectStorage.transaction].
class DurableObjectTransaction extends DurableObjectStorageOperations {
  DurableObjectTransaction._(super._ref) : super._();

  /// Takes back everything that the transaction has done. It cannot be used
  /// afterwards.
  void rollback() {
    _rollback ??= _ref.call('rollback', const [])..ignore();
  }

  Future<Object?>? _rollback;
}

/// The storage behind [ref]; [helpers] if not those of this program's host.
DurableObjectStorage durableObjectStorageFromHost(
  HostRef ref, {
  HostRef? helpers,
}) =>
    DurableObjectStorage._(ref, helpers ?? host.helpers);

T _convert<T>(String key, Object? value) =>
    convertValue<T>(value, 'the stored value `$key`');

Map<String, T> _convertAll<T>(Object? values) => {
      for (final MapEntry(:key, :value) in (values! as Map).entries)
        key as String: _convert<T>(key, value),
    };

List<Object?> _options({
  bool? allowConcurrency,
  bool? allowUnconfirmed,
  bool? noCache,
}) {
  final options = <String, Object?>{
    if (allowConcurrency != null) 'allowConcurrency': allowConcurrency,
    if (allowUnconfirmed != null) 'allowUnconfirmed': allowUnconfirmed,
    if (noCache != null) 'noCache': noCache,
  };
  return [if (options.isNotEmpty) options];
}
