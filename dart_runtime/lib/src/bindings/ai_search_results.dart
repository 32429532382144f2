/// What AI Search tells.
library;

import 'remote.dart';

/// What a search found.
class AiSearchResults {
  /// These [chunks].
  const AiSearchResults({
    required this.searchQuery,
    required this.chunks,
    this.errors = const [],
  });

  /// What was searched for: the query, perhaps put in other words.
  final String searchQuery;

  /// The parts of documents that were found, the best first.
  final List<AiSearchChunk> chunks;

  /// The instances that could not be searched, of a search in several.
  final List<AiSearchError> errors;
}

/// A part of a document that a search found.
class AiSearchChunk {
  /// A part.
  const AiSearchChunk({
    required this.id,
    required this.type,
    required this.score,
    required this.text,
    required this.key,
    this.timestamp,
    this.metadata = const {},
    this.instanceId,
    this.scoringDetails = const {},
  });

  /// The part's id.
  final String id;

  /// What it is, such as `text`.
  final String type;

  /// How good it is, 0 to 1.
  final double score;

  /// What it says.
  final String text;

  /// The key of its document.
  final String key;

  /// The time of its document, in UTC.
  final DateTime? timestamp;

  /// The metadata of its document.
  final Map<String, Object?> metadata;

  /// The instance that it is from, of a search in several.
  final String? instanceId;

  /// What the score is made of, such as `vector_score`.
  final Map<String, Object?> scoringDetails;
}

/// An instance that could not be searched.
class AiSearchError {
  /// An error.
  const AiSearchError({required this.instanceId, required this.message});

  /// The instance.
  final String instanceId;

  /// What went wrong.
  final String message;
}

/// An answer, and what it was made from.
class AiSearchAnswer {
  /// An answer.
  const AiSearchAnswer({
    required this.choices,
    required this.chunks,
    this.id,
    this.model,
    this.errors = const [],
  });

  /// The answer's id.
  final String? id;

  /// The model that gave it.
  final String? model;

  /// The messages that it consists of, one as a rule.
  final List<AiSearchChoice> choices;

  /// The parts of documents that it was made from.
  final List<AiSearchChunk> chunks;

  /// The instances that could not be searched, of several.
  final List<AiSearchError> errors;

  /// What the first of [choices] says; empty if there is none.
  String get text => choices.firstOrNull?.content ?? '';
}

/// A message of an [AiSearchAnswer].
class AiSearchChoice {
  /// What the [role] said.
  const AiSearchChoice({required this.role, this.content, this.index});

  /// Its number.
  final int? index;

  /// Who said it, such as `assistant`.
  final String role;

  /// What was said; `null` if nothing was.
  final String? content;
}

/// One page of a list.
class AiSearchPage<T> {
  /// A page with these [items].
  const AiSearchPage(
    this.items, {
    this.page,
    this.perPage,
    this.totalCount,
    this.cursor,
  });

  /// What is on it.
  final List<T> items;

  /// Its number, counted from 1; `null` of lists without numbers.
  final int? page;

  /// How many items a page has at most.
  final int? perPage;

  /// How many there are on all pages; `null` if that is not known.
  final int? totalCount;

  /// What gets the next page, of lists that work so; `null` on the last.
  final String? cursor;
}

/// What an instance of AI Search is.
class AiSearchInstanceInfo {
  /// An instance.
  const AiSearchInstanceInfo({
    required this.id,
    this.type,
    this.source,
    this.status,
    this.namespace,
    this.paused,
    this.createdAt,
    this.modifiedAt,
    this.configuration = const {},
  });

  /// The instance's name.
  final String id;

  /// Where its documents are from, such as `r2` or `web-crawler`.
  final String? type;

  /// The bucket or site that they are from.
  final String? source;

  /// How it is.
  final String? status;

  /// Its namespace.
  final String? namespace;

  /// Whether its indexing is stopped.
  final bool? paused;

  /// When it was made, in UTC.
  final DateTime? createdAt;

  /// When it was changed last, in UTC.
  final DateTime? modifiedAt;

  /// All that the service says of it, under its names, such as
  /// `embedding_model` and `chunk_size`.
  final Map<String, Object?> configuration;
}

/// How many documents an instance has.
class AiSearchStats {
  /// Counts.
  const AiSearchStats({
    this.queued = 0,
    this.running = 0,
    this.completed = 0,
    this.error = 0,
    this.skipped = 0,
    this.outdated = 0,
    this.lastActivity,
    this.vectorsCount,
    this.dimensions,
    this.objectCount,
    this.payloadBytes,
    this.metadataBytes,
  });

  /// Those that wait to be indexed.
  final int queued;

  /// Those that are being indexed.
  final int running;

  /// Those that are indexed.
  final int completed;

  /// Those that could not be indexed.
  final int error;

  /// Those that were left out.
  final int skipped;

  /// Those that have changed since they were indexed.
  final int outdated;

  /// When something was done last, in UTC.
  final DateTime? lastActivity;

  /// How many vectors there are.
  final int? vectorsCount;

  /// How many numbers each vector has.
  final int? dimensions;

  /// How many objects of R2 there are.
  final int? objectCount;

  /// How many bytes they have.
  final int? payloadBytes;

  /// How many bytes their metadata has.
  final int? metadataBytes;
}

/// What a document of AI Search is.
class AiSearchItemInfo {
  /// A document.
  const AiSearchItemInfo({
    required this.id,
    required this.key,
    required this.status,
    this.nextAction,
    this.error,
    this.checksum,
    this.namespace,
    this.chunksCount,
    this.fileSize,
    this.sourceId,
    this.lastSeenAt,
    this.createdAt,
    this.metadata = const {},
  });

  /// The document's id.
  final String id;

  /// Its name.
  final String key;

  /// How far its indexing is: `completed`, `error`, `skipped`, `queued`,
  /// `running` or `outdated`.
  final String status;

  /// What will be done with it, `INDEX` or `DELETE`; `null` if nothing will.
  final String? nextAction;

  /// Why it could not be indexed.
  final String? error;

  /// The checksum of its content.
  final String? checksum;

  /// Its namespace.
  final String? namespace;

  /// How many parts it was cut into.
  final int? chunksCount;

  /// Its size in bytes.
  final int? fileSize;

  /// Where it is from.
  final String? sourceId;

  /// When it was there last, in UTC.
  final DateTime? lastSeenAt;

  /// When it was added, in UTC.
  final DateTime? createdAt;

  /// What was given with it.
  final Map<String, Object?> metadata;
}

/// What the indexing noted of a document.
class AiSearchItemLog {
  /// A note.
  const AiSearchItemLog({
    required this.action,
    required this.message,
    this.timestamp,
    this.fileKey,
    this.chunkCount,
    this.processingTime,
    this.errorType,
  });

  /// When, in UTC.
  final DateTime? timestamp;

  /// What was done.
  final String action;

  /// What came of it.
  final String message;

  /// The document's name.
  final String? fileKey;

  /// How many parts it was cut into.
  final int? chunkCount;

  /// How long that took.
  final Duration? processingTime;

  /// What went wrong; `null` if nothing did.
  final String? errorType;
}

/// A part that a document was cut into.
class AiSearchItemChunk {
  /// A part.
  const AiSearchItemChunk({
    required this.id,
    required this.text,
    required this.startByte,
    required this.endByte,
    this.key,
    this.timestamp,
    this.metadata = const {},
  });

  /// The part's id.
  final String id;

  /// What it says.
  final String text;

  /// Where in the document it begins.
  final int startByte;

  /// Where in the document it ends.
  final int endByte;

  /// The document's name.
  final String? key;

  /// The document's time, in UTC.
  final DateTime? timestamp;

  /// The document's metadata.
  final Map<String, Object?> metadata;
}

/// A run of the indexing.
class AiSearchJobInfo {
  /// A run.
  const AiSearchJobInfo({
    required this.id,
    required this.source,
    this.description,
    this.lastSeenAt,
    this.startedAt,
    this.endedAt,
    this.endReason,
  });

  /// The run's id.
  final String id;

  /// Who began it, `user` or `schedule`.
  final String source;

  /// What it is for, as it was said.
  final String? description;

  /// When it was heard of last, in UTC.
  final DateTime? lastSeenAt;

  /// When it began, in UTC.
  final DateTime? startedAt;

  /// When it ended, in UTC; `null` if it has not.
  final DateTime? endedAt;

  /// Why it ended.
  final String? endReason;
}

/// What a run of the indexing noted.
class AiSearchJobLog {
  /// A note.
  const AiSearchJobLog({
    required this.id,
    required this.message,
    required this.messageType,
    this.createdAt,
  });

  /// Its number.
  final int id;

  /// What it says.
  final String message;

  /// The number of its kind.
  final int messageType;

  /// When, in UTC.
  final DateTime? createdAt;
}

/// The search results that [value] describes.
AiSearchResults aiSearchResultsFromHost(Object? value) {
  final results = objectFromHost(value);
  return AiSearchResults(
    searchQuery: results['search_query'] as String? ?? '',
    chunks: listFromHost(results['chunks'], _chunk),
    errors: listFromHost(results['errors'], _error),
  );
}

/// The answer that [value] describes.
AiSearchAnswer aiSearchAnswerFromHost(Object? value) {
  final answer = objectFromHost(value);
  return AiSearchAnswer(
    id: answer['id'] as String?,
    model: answer['model'] as String?,
    choices: listFromHost(answer['choices'], (choice) {
      final message = objectFromHost(choice['message']);
      return AiSearchChoice(
        index: intFromHost(choice['index']),
        role: message['role'] as String? ?? '',
        content: message['content'] as String?,
      );
    }),
    chunks: listFromHost(answer['chunks'], _chunk),
    errors: listFromHost(answer['errors'], _error),
  );
}

AiSearchChunk _chunk(Map<String, Object?> chunk) {
  final item = objectFromHost(chunk['item']);
  return AiSearchChunk(
    id: chunk['id'] as String? ?? '',
    type: chunk['type'] as String? ?? '',
    score: doubleFromHost(chunk['score']) ?? 0,
    text: chunk['text'] as String? ?? '',
    key: item['key'] as String? ?? '',
    timestamp: dateFromHost(item['timestamp']),
    metadata: objectFromHost(item['metadata']),
    instanceId: chunk['instance_id'] as String?,
    scoringDetails: objectFromHost(chunk['scoring_details']),
  );
}

AiSearchError _error(Map<String, Object?> error) => AiSearchError(
      instanceId: error['instance_id'] as String? ?? '',
      message: error['message'] as String? ?? '',
    );

/// The page that [value] describes.
AiSearchPage<T> aiSearchPageFromHost<T>(
  Object? value,
  T Function(Map<String, Object?> item) convert,
) {
  final page = objectFromHost(value);
  final info = objectFromHost(page['result_info']);
  return AiSearchPage(
    listFromHost(page['result'], convert),
    page: intFromHost(info['page']),
    perPage: intFromHost(info['per_page'] ?? info['limit']),
    totalCount: intFromHost(info['total_count'] ?? info['total']),
    cursor: info['truncated'] == false ? null : info['cursor'] as String?,
  );
}

/// The instance that [value] describes.
AiSearchInstanceInfo aiSearchInstanceInfoFromHost(Object? value) {
  final info = objectFromHost(value);
  return AiSearchInstanceInfo(
    id: info['id'] as String? ?? '',
    type: info['type'] as String?,
    source: info['source'] as String?,
    status: info['status'] as String?,
    namespace: info['namespace'] as String?,
    paused: info['paused'] as bool?,
    createdAt: dateFromHost(info['created_at']),
    modifiedAt: dateFromHost(info['modified_at']),
    configuration: info,
  );
}

/// The counts that [value] describes.
AiSearchStats aiSearchStatsFromHost(Object? value) {
  final stats = objectFromHost(value);
  final engine = objectFromHost(stats['engine']);
  final vectorize = objectFromHost(engine['vectorize']);
  final r2 = objectFromHost(engine['r2']);
  int count(String name) => intFromHost(stats[name]) ?? 0;
  return AiSearchStats(
    queued: count('queued'),
    running: count('running'),
    completed: count('completed'),
    error: count('error'),
    skipped: count('skipped'),
    outdated: count('outdated'),
    lastActivity: dateFromHost(stats['last_activity']),
    vectorsCount: intFromHost(vectorize['vectorsCount']),
    dimensions: intFromHost(vectorize['dimensions']),
    objectCount: intFromHost(r2['objectCount']),
    payloadBytes: intFromHost(r2['payloadSizeBytes']),
    metadataBytes: intFromHost(r2['metadataSizeBytes']),
  );
}

/// The document that [value] describes.
AiSearchItemInfo aiSearchItemInfoFromHost(Object? value) {
  final item = objectFromHost(value);
  return AiSearchItemInfo(
    id: item['id'] as String? ?? '',
    key: item['key'] as String? ?? '',
    status: item['status'] as String? ?? '',
    nextAction: item['next_action'] as String?,
    error: item['error'] as String?,
    checksum: item['checksum'] as String?,
    namespace: item['namespace'] as String?,
    chunksCount: intFromHost(item['chunks_count']),
    fileSize: intFromHost(item['file_size']),
    sourceId: item['source_id'] as String?,
    lastSeenAt: dateFromHost(item['last_seen_at']),
    createdAt: dateFromHost(item['created_at']),
    metadata: objectFromHost(item['metadata']),
  );
}

/// The note that [log] describes.
AiSearchItemLog aiSearchItemLogFromHost(Map<String, Object?> log) {
  final time = doubleFromHost(log['processingTimeMs']);
  return AiSearchItemLog(
    timestamp: dateFromHost(log['timestamp']),
    action: log['action'] as String? ?? '',
    message: log['message'] as String? ?? '',
    fileKey: log['fileKey'] as String?,
    chunkCount: intFromHost(log['chunkCount']),
    processingTime:
        time == null ? null : Duration(microseconds: (time * 1000).round()),
    errorType: log['errorType'] as String?,
  );
}

/// The part that [chunk] describes.
AiSearchItemChunk aiSearchItemChunkFromHost(Map<String, Object?> chunk) {
  final item = objectFromHost(chunk['item']);
  return AiSearchItemChunk(
    id: chunk['id'] as String? ?? '',
    text: chunk['text'] as String? ?? '',
    startByte: intFromHost(chunk['start_byte']) ?? 0,
    endByte: intFromHost(chunk['end_byte']) ?? 0,
    key: item['key'] as String?,
    timestamp: dateFromHost(item['timestamp']),
    metadata: objectFromHost(item['metadata']),
  );
}

/// The run that [value] describes.
AiSearchJobInfo aiSearchJobInfoFromHost(Object? value) {
  final job = objectFromHost(value);
  return AiSearchJobInfo(
    id: job['id'] as String? ?? '',
    source: job['source'] as String? ?? '',
    description: job['description'] as String?,
    lastSeenAt: dateFromHost(job['last_seen_at']),
    startedAt: dateFromHost(job['started_at']),
    endedAt: dateFromHost(job['ended_at']),
    endReason: job['end_reason'] as String?,
  );
}

/// The note that [log] describes.
AiSearchJobLog aiSearchJobLogFromHost(Map<String, Object?> log) =>
    AiSearchJobLog(
      id: intFromHost(log['id']) ?? 0,
      message: log['message'] as String? ?? '',
      messageType: intFromHost(log['message_type']) ?? 0,
      createdAt: dateFromHost(log['created_at']),
    );
