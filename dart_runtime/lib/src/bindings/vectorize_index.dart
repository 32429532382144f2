/// An index of Vectorize.
library;

import '../host/host.dart';
import 'remote.dart';

/// An index of Vectorize, which finds the vectors that are nearest to one.
///
/// ```dart
/// await env.articles.upsert([
///   VectorizeVector('1', embedding, metadata: {'url': '/1'}),
/// ]);
/// final found = await env.articles.query(embedding, topK: 3);
/// ```
///
/// It has no local implementation: under `dartflare dev` each call goes to
/// Cloudflare if the configuration says `"remote": true`, and fails if not.
/// What is written can be found some seconds later. What the platform refuses,
/// such as a vector of another length, throws a [WorkersException].
///
/// See https://developers.cloudflare.com/vectorize/reference/client-api/.
class VectorizeIndex {
  VectorizeIndex._(this._ref);

  final HostRef _ref;

  /// Adds [vectors]; one whose id is there already changes nothing.
  ///
  /// Returns the id of the change; [VectorizeIndexInfo.processedUpToMutation]
  /// says when it can be seen.
  Future<String> insert(Iterable<VectorizeVector> vectors) =>
      _mutate('insert', [for (final vector in vectors) vector._toHost()]);

  /// Adds [vectors], or replaces those of the same ids; see [insert].
  Future<String> upsert(Iterable<VectorizeVector> vectors) =>
      _mutate('upsert', [for (final vector in vectors) vector._toHost()]);

  /// Deletes the vectors with these [ids]; see [insert].
  Future<String> deleteByIds(Iterable<String> ids) =>
      _mutate('deleteByIds', ids.toList());

  /// The vectors with these [ids], as far as there are such.
  Future<List<VectorizeVector>> getByIds(Iterable<String> ids) async =>
      listFromHost(
        await _ref.call('getByIds', [ids.toList()]),
        VectorizeVector._from,
      );

  /// The [topK] vectors that are nearest to [vector], the nearest first; 5 if
  /// not given, and at most 100, or 50 with values or all metadata.
  ///
  /// Of [namespace] alone, and those whose metadata [filter] lets pass, as in
  /// `{'lang': 'de', 'year': {r'$gte': 2020}}`. The matches have their values
  /// if [returnValues], and the metadata that [returnMetadata] says.
  ///
  /// See https://developers.cloudflare.com/vectorize/reference/metadata-filtering/.
  Future<VectorizeMatches> query(
    List<num> vector, {
    int? topK,
    String? namespace,
    bool? returnValues,
    VectorizeMetadata? returnMetadata,
    Map<String, Object?>? filter,
  }) =>
      _query('query', [
        ...vector
      ], {
        'topK': topK,
        'namespace': namespace,
        'returnValues': returnValues,
        'returnMetadata': returnMetadata?.name,
        'filter': filter,
      });

  /// The vectors that are nearest to the one with the id [id]; see [query].
  Future<VectorizeMatches> queryById(
    String id, {
    int? topK,
    String? namespace,
    bool? returnValues,
    VectorizeMetadata? returnMetadata,
    Map<String, Object?>? filter,
  }) =>
      _query('queryById', id, {
        'topK': topK,
        'namespace': namespace,
        'returnValues': returnValues,
        'returnMetadata': returnMetadata?.name,
        'filter': filter,
      });

  /// What the index is, and how far it is with changes.
  Future<VectorizeIndexInfo> describe() async {
    final info = objectFromHost(await _ref.call('describe', const []));
    final mutation = info['processedUpToMutation'];
    return VectorizeIndexInfo(
      vectorCount: intFromHost(info['vectorCount']) ?? 0,
      dimensions: intFromHost(info['dimensions']) ?? 0,
      processedUpToDatetime: dateFromHost(info['processedUpToDatetime']),
      processedUpToMutation: mutation == null ? null : '$mutation',
    );
  }

  Future<String> _mutate(String method, List<Object?> items) async =>
      objectFromHost(await _ref.call(method, [items]))['mutationId']
          as String? ??
      '';

  Future<VectorizeMatches> _query(
    String method,
    Object? subject,
    Map<String, Object?> options,
  ) async {
    final result = objectFromHost(
      await _ref.call(method, [subject, ...lastArgument(options)]),
    );
    return VectorizeMatches(
      listFromHost(result['matches'], VectorizeMatch._from),
      count: intFromHost(result['count']) ?? 0,
    );
  }
}

/// Which metadata the matches of a query have.
enum VectorizeMetadata {
  /// All of it.
  all,

  /// What the index has metadata indexes for; long texts are cut.
  indexed,

  /// None.
  none,
}

/// A vector of a [VectorizeIndex].
class VectorizeVector {
  /// The vector [id] with these [values], one for each dimension of the index.
  const VectorizeVector(
    this.id,
    this.values, {
    this.namespace,
    this.metadata,
  });

  factory VectorizeVector._from(Map<String, Object?> vector) => VectorizeVector(
        '${vector['id']}',
        _values(vector['values']) ?? const [],
        namespace: vector['namespace'] as String?,
        metadata: _metadata(vector),
      );

  /// The id, of up to 64 bytes, unique within the index.
  final String id;

  /// The numbers.
  final List<double> values;

  /// The namespace, of up to 64 bytes, that queries may be limited to; `null`
  /// for none.
  final String? namespace;

  /// What comes along: texts, numbers, booleans, lists of texts, and maps of
  /// these, up to 10 KiB of JSON; `null` for none.
  final Map<String, Object?>? metadata;

  Map<String, Object?> _toHost() => given({
        'id': id,
        // The runtime takes a list, and of a typed one no more than its bytes.
        'values': [...values],
        'namespace': namespace,
        'metadata': metadata,
      });
}

/// What a query of a [VectorizeIndex] found.
class VectorizeMatches {
  /// These [matches].
  const VectorizeMatches(this.matches, {required this.count});

  /// The vectors that were found, the nearest first.
  final List<VectorizeMatch> matches;

  /// How many they are.
  final int count;
}

/// A vector that a query found.
class VectorizeMatch {
  /// The vector [id].
  const VectorizeMatch(
    this.id, {
    required this.score,
    this.values,
    this.namespace,
    this.metadata,
  });

  factory VectorizeMatch._from(Map<String, Object?> match) => VectorizeMatch(
        '${match['id']}',
        score: doubleFromHost(match['score']) ?? 0,
        values: _values(match['values']),
        namespace: match['namespace'] as String?,
        metadata: _metadata(match),
      );

  /// The vector's id.
  final String id;

  /// How near it is, by the measure of the index.
  final double score;

  /// The numbers, if the query asked for them.
  final List<double>? values;

  /// The vector's namespace, if it has one.
  final String? namespace;

  /// The metadata, if the query asked for it and there is some.
  final Map<String, Object?>? metadata;
}

/// What a [VectorizeIndex] is.
class VectorizeIndexInfo {
  /// An index.
  const VectorizeIndexInfo({
    required this.vectorCount,
    required this.dimensions,
    this.processedUpToDatetime,
    this.processedUpToMutation,
  });

  /// How many vectors it has.
  final int vectorCount;

  /// How many numbers each of them has.
  final int dimensions;

  /// When the last change that can be seen was processed, in UTC; `null` if
  /// there was none.
  final DateTime? processedUpToDatetime;

  /// The id of the last change that can be seen; `null` if there was none.
  final String? processedUpToMutation;
}

List<double>? _values(Object? values) => values is! List
    ? null
    : [for (final value in values) (value as num).toDouble()];

Map<String, Object?>? _metadata(Map<String, Object?> vector) =>
    vector['metadata'] == null ? null : objectFromHost(vector['metadata']);

/// The object behind [ref].
VectorizeIndex vectorizeIndexFromHost(HostRef ref) => VectorizeIndex._(ref);
