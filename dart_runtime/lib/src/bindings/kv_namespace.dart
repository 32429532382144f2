/// Workers KV.
library;

import 'dart:async';
import 'dart:convert';
import 'dart:typed_data';

import '../host/host.dart';
import '../http/body.dart';
import '../scheduled_controller.dart';
import '../values.dart';

/// A namespace of Workers KV, the key-value store that is read everywhere and
/// written rarely.
///
/// ```dart
/// final todos = env.getKVNamespace('TODOS');
/// await todos.put('write-docs', 'in-progress');
/// final status = await todos.get('write-docs');
/// ```
///
/// A value that was written may be read elsewhere a minute later or more: a
/// location that has read a key keeps what it read for `cacheTtl`, by default
/// 60 seconds. Keys have 1 to 512 bytes, values up to 25 MiB. What the platform
/// refuses throws a [WorkersException].
///
/// See https://developers.cloudflare.com/kv/api/.
class KVNamespace {
  KVNamespace._(this._ref);

  /// How many keys the platform takes in one bulk read.
  static const int _bulkSize = 100;

  final HostRef _ref;

  /// The text under [key], or `null` if there is none.
  Future<String?> get(String key, {Duration? cacheTtl}) async =>
      await _get(key, 'text', cacheTtl) as String?;

  /// The JSON value under [key], or `null` if there is none.
  ///
  /// Throws a [FormatException] if it is not JSON, and a [ValueTypeError] if it
  /// is not a [T].
  Future<T?> getJson<T extends Object?>(
    String key, {
    Duration? cacheTtl,
  }) async =>
      _decode<T>(key, await get(key, cacheTtl: cacheTtl));

  /// The bytes under [key], or `null` if there are none.
  Future<Uint8List?> getBytes(String key, {Duration? cacheTtl}) async =>
      await _get(key, 'arrayBuffer', cacheTtl) as Uint8List?;

  /// The bytes under [key] as they arrive, or `null` if there are none.
  ///
  /// Given as a body before anyone listened to it, the stream does not pass
  /// through Dart: `Response.ok(await files.getStream('logo.png'))`.
  Future<Stream<Uint8List>?> getStream(
    String key, {
    Duration? cacheTtl,
  }) async =>
      await _get(key, 'stream', cacheTtl) as Stream<Uint8List>?;

  /// The text of each of [keys], `null` for those that have none.
  ///
  /// Any number of keys may be given; every 100 are one call to the platform.
  Future<Map<String, String?>> getMany(
    Iterable<String> keys, {
    Duration? cacheTtl,
  }) =>
      _bulk(keys, 'get', cacheTtl, (key, value) => value as String?);

  /// The JSON value of each of [keys], `null` for those that have none; see
  /// [getMany] and [getJson].
  Future<Map<String, T?>> getManyJson<T extends Object?>(
    Iterable<String> keys, {
    Duration? cacheTtl,
  }) =>
      _bulk(
        keys,
        'get',
        cacheTtl,
        (key, value) => _decode<T>(key, value as String?),
      );

  /// The text and the metadata under [key].
  ///
  /// Throws a [ValueTypeError] if the metadata is not an [M].
  Future<KVValue<String, M>> getWithMetadata<M extends Object?>(
    String key, {
    Duration? cacheTtl,
  }) async =>
      _withMetadata(
        key,
        await _getWithMetadata(key, 'text', cacheTtl),
        (value) => value as String?,
      );

  /// The JSON value and the metadata under [key]; see [getJson].
  Future<KVValue<T, M>>
      getJsonWithMetadata<T extends Object?, M extends Object?>(
    String key, {
    Duration? cacheTtl,
  }) async =>
          _withMetadata(
            key,
            await _getWithMetadata(key, 'text', cacheTtl),
            (value) => _decode<T>(key, value as String?),
          );

  /// The bytes and the metadata under [key].
  Future<KVValue<Uint8List, M>> getBytesWithMetadata<M extends Object?>(
    String key, {
    Duration? cacheTtl,
  }) async =>
      _withMetadata(
        key,
        await _getWithMetadata(key, 'arrayBuffer', cacheTtl),
        (value) => value as Uint8List?,
      );

  /// The bytes as they arrive and the metadata under [key]; see [getStream].
  Future<KVValue<Stream<Uint8List>, M>>
      getStreamWithMetadata<M extends Object?>(
    String key, {
    Duration? cacheTtl,
  }) async =>
          _withMetadata(
            key,
            await _getWithMetadata(key, 'stream', cacheTtl),
            (value) => value as Stream<Uint8List>?,
          );

  /// The text and the metadata of each of [keys]; see [getMany].
  ///
  /// Throws a [ValueTypeError] if metadata is not an [M].
  Future<Map<String, KVValue<String, M>>>
      getManyWithMetadata<M extends Object?>(
    Iterable<String> keys, {
    Duration? cacheTtl,
  }) =>
          _bulk(
            keys,
            'getWithMetadata',
            cacheTtl,
            (key, value) =>
                _withMetadata(key, value, (value) => value as String?),
          );

  /// The JSON value and the metadata of each of [keys]; see [getMany] and
  /// [getJson].
  Future<Map<String, KVValue<T, M>>>
      getManyJsonWithMetadata<T extends Object?, M extends Object?>(
    Iterable<String> keys, {
    Duration? cacheTtl,
  }) =>
          _bulk(
            keys,
            'getWithMetadata',
            cacheTtl,
            (key, value) => _withMetadata(
              key,
              value,
              (value) => _decode<T>(key, value as String?),
            ),
          );

  /// Writes [value], a [String], bytes (`List<int>`) or a `Stream<List<int>>`,
  /// under [key].
  ///
  /// The pair disappears at the time [expiration], or [expirationTtl] after
  /// now; both in whole seconds and at least 60 seconds from now. Without
  /// either it stays. [metadata] is any JSON value of up to 1024 bytes, which
  /// [list] returns too.
  ///
  /// Throws an [ArgumentError] for any other value, and if both [expiration]
  /// and [expirationTtl] are given.
  Future<void> put(
    String key,
    Object value, {
    DateTime? expiration,
    Duration? expirationTtl,
    Object? metadata,
  }) async {
    if (expiration != null && expirationTtl != null) {
      throw ArgumentError(
        'give either `expiration` or `expirationTtl`, not both',
      );
    }
    final content = switch (value) {
      String() || Uint8List() => value,
      List<int>() => Uint8List.fromList(value),
      Stream<List<int>>() => streamToHost(value),
      _ => throw ArgumentError.value(
          value,
          'value',
          'a KV value is a `String`, bytes or a `Stream<List<int>>`; for '
              'anything else use `putJson`',
        ),
    };
    final options = <String, Object?>{
      if (expiration != null)
        'expiration': (expiration.millisecondsSinceEpoch / 1000).ceil(),
      if (expirationTtl != null) 'expirationTtl': expirationTtl.inSeconds,
      if (metadata != null) 'metadata': metadata,
    };
    await _ref.call('put', [key, content, if (options.isNotEmpty) options]);
  }

  /// Writes [value] as JSON under [key]; see [put].
  ///
  /// Throws a [JsonUnsupportedObjectError] if [value] has neither a JSON type
  /// nor a method `toJson()`.
  Future<void> putJson(
    String key,
    Object? value, {
    DateTime? expiration,
    Duration? expirationTtl,
    Object? metadata,
  }) =>
      put(
        key,
        jsonEncode(value),
        expiration: expiration,
        expirationTtl: expirationTtl,
        metadata: metadata,
      );

  /// Deletes [key]; does nothing if it is not there.
  Future<void> delete(String key) async {
    await _ref.call('delete', [key]);
  }

  /// Lists keys in the order of their UTF-8 bytes: those that begin with
  /// [prefix], at most [limit] of them (1000 if not given, and never more).
  ///
  /// If [KVListResult.listComplete] is false there are more, which a further
  /// call gets with the result's [KVListResult.cursor]. [listAll] does so by
  /// itself.
  Future<KVListResult> list(
      {String? prefix, int? limit, String? cursor}) async {
    final options = <String, Object?>{
      if (prefix != null) 'prefix': prefix,
      if (limit != null) 'limit': limit,
      if (cursor != null) 'cursor': cursor,
    };
    final result = (await _ref.call('list', [if (options.isNotEmpty) options])
        as Map<String, Object?>?)!;
    return KVListResult(
      [
        for (final key in result['keys']! as List)
          KVKey._from((key as Map).cast<String, Object?>()),
      ],
      listComplete: result['list_complete'] == true,
      cursor: result['cursor'] as String?,
      cacheStatus: result['cacheStatus'] as String?,
    );
  }

  /// All keys that begin with [prefix], in the order of their UTF-8 bytes.
  ///
  /// Asks the platform for the next 1000 when those before were taken.
  Stream<KVKey> listAll({String? prefix}) async* {
    String? cursor;
    do {
      final page = await list(prefix: prefix, cursor: cursor);
      yield* Stream.fromIterable(page.keys);
      cursor = page.listComplete ? null : page.cursor;
    } while (cursor != null);
  }

  Future<Object?> _get(String key, String type, Duration? cacheTtl) =>
      _ref.call('get', [key, _options(type, cacheTtl)]);

  Future<Object?> _getWithMetadata(
    String key,
    String type,
    Duration? cacheTtl,
  ) =>
      _ref.call('getWithMetadata', [key, _options(type, cacheTtl)]);

  Future<Map<String, V>> _bulk<V>(
    Iterable<String> keys,
    String method,
    Duration? cacheTtl,
    V Function(String key, Object? value) convert,
  ) async {
    final all = keys.toSet().toList();
    final values = <String, Object?>{};
    for (var start = 0; start < all.length; start += _bulkSize) {
      final page = await _ref.call(method, [
        all.skip(start).take(_bulkSize).toList(),
        _options('text', cacheTtl),
      ]);
      values.addAll((page! as Map).cast<String, Object?>());
    }
    return {for (final key in all) key: convert(key, values[key])};
  }

  static Map<String, Object?> _options(String type, Duration? cacheTtl) => {
        'type': type,
        if (cacheTtl != null) 'cacheTtl': cacheTtl.inSeconds,
      };

  static T? _decode<T>(String key, String? text) {
    if (text == null) return null;
    final Object? value;
    try {
      value = jsonDecode(text);
    } on FormatException catch (error) {
      throw FormatException(
        'the KV value `$key` is not JSON: ${error.message}',
        error.source,
        error.offset,
      );
    }
    return value == null ? null : convertValue<T>(value, 'the KV value `$key`');
  }

  static KVValue<V, M> _withMetadata<V, M>(
    String key,
    Object? result,
    V? Function(Object? value) convert,
  ) {
    final parts = result as Map? ?? const {};
    final metadata = parts['metadata'];
    return KVValue(
      convert(parts['value']),
      metadata: metadata == null
          ? null
          : convertValue<M>(metadata, 'the metadata of the KV value `$key`'),
      cacheStatus: parts['cacheStatus'] as String?,
    );
  }
}

/// A value of a [KVNamespace] with its metadata.
class KVValue<V, M> {
  /// A value with its metadata.
  const KVValue(this.value, {this.metadata, this.cacheStatus});

  /// The value, or `null` if there is none under the key.
  final V? value;

  /// The metadata that was given to [KVNamespace.put], or `null`.
  final M? metadata;

  /// Whether the value came from a cache, such as `HIT`, or `null` if the
  /// platform does not say.
  final String? cacheStatus;
}

/// One page of the keys of a [KVNamespace].
class KVListResult {
  /// A page with these [keys].
  const KVListResult(
    this.keys, {
    this.listComplete = true,
    this.cursor,
    this.cacheStatus,
  });

  /// The keys.
  final List<KVKey> keys;

  /// Whether these are the last keys.
  final bool listComplete;

  /// What gets the next page, given to [KVNamespace.list]; `null` if there is
  /// none.
  final String? cursor;

  /// Whether the page came from a cache, or `null` if the platform does not
  /// say.
  final String? cacheStatus;
}

/// A key of a [KVNamespace], as a list shows it.
class KVKey {
  /// A key called [name].
  const KVKey(this.name, {this.expiration, this.metadata});

  factory KVKey._from(Map<String, Object?> key) {
    final expiration = key['expiration'] as num?;
    return KVKey(
      key['name']! as String,
      expiration: expiration == null ? null : timeFromHost(expiration * 1000),
      metadata: key['metadata'],
    );
  }

  /// The key.
  final String name;

  /// When the pair disappears, in UTC; `null` if it stays.
  final DateTime? expiration;

  /// The metadata that was given to [KVNamespace.put], or `null`.
  final Object? metadata;
}

/// The KV namespace behind [ref].
KVNamespace kvNamespaceFromHost(HostRef ref) => KVNamespace._(ref);
