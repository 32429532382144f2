/// AI Search.
library;

import 'dart:typed_data';

import '../host/host.dart';
import 'ai_search_results.dart';
import 'remote.dart';
import 'server_sent_events.dart';

/// An instance of AI Search, which finds what documents say, and answers
/// questions from it.
///
/// ```dart
/// final found = await env.docs.search('How do I reset my password?');
/// for (final chunk in found.chunks) {
///   print('${chunk.score} ${chunk.key}: ${chunk.text}');
/// }
/// ```
///
/// Options are those of Cloudflare's page under their names there, in the
/// groups `retrieval`, `query_rewrite`, `reranking` and `cache`, such as
/// `{'retrieval': {'max_num_results': 3}}`.
///
/// It has no local implementation: under `dartflare dev` each call goes to
/// Cloudflare. What the platform refuses throws a [WorkersException] whose
/// message begins with what it is, such as `AiSearchNotFoundError`.
///
/// See https://developers.cloudflare.com/ai-search/usage/workers-binding/.
class AiSearchInstance {
  AiSearchInstance._(this._ref);

  final HostRef _ref;

  /// Finds the parts of documents that say most about [query].
  Future<AiSearchResults> search(
    String query, {
    Map<String, Object?>? options,
  }) async =>
      aiSearchResultsFromHost(
        await _ref.call('search', [
          given({'query': query, 'ai_search_options': options}),
        ]),
      );

  /// Finds the parts of documents that say most about a conversation.
  Future<AiSearchResults> searchMessages(
    List<AiSearchMessage> messages, {
    Map<String, Object?>? options,
  }) async =>
      aiSearchResultsFromHost(
        await _ref.call('search', [
          given({
            'messages': [for (final message in messages) message._toHost()],
            'ai_search_options': options,
          }),
        ]),
      );

  /// Answers the last of [messages] from what the documents say, with [model]
  /// if given.
  Future<AiSearchAnswer> chatCompletions(
    List<AiSearchMessage> messages, {
    String? model,
    Map<String, Object?>? options,
  }) async =>
      aiSearchAnswerFromHost(
        await _ref.call('chatCompletions', [
          _chat(messages, model, options),
        ]),
      );

  /// As [chatCompletions], event by event as the answer is generated; the
  /// service is asked once the stream is listened to.
  Stream<AiStreamEvent> chatCompletionsStream(
    List<AiSearchMessage> messages, {
    String? model,
    Map<String, Object?>? options,
  }) =>
      _events(_ref, _chat(messages, model, options));

  /// What the instance is.
  Future<AiSearchInstanceInfo> info() async =>
      aiSearchInstanceInfoFromHost(await _ref.call('info', const []));

  /// Changes the instance's configuration, under the names of
  /// [AiSearchInstanceInfo.configuration], and returns what it now is.
  Future<AiSearchInstanceInfo> update(
    Map<String, Object?> configuration,
  ) async =>
      aiSearchInstanceInfoFromHost(await _ref.call('update', [configuration]));

  /// How many documents there are, and how far their indexing is.
  Future<AiSearchStats> stats() async =>
      aiSearchStatsFromHost(await _ref.call('stats', const []));

  /// The documents.
  AiSearchItems get items => AiSearchItems._(_ref.property('items'));

  /// The runs of the indexing.
  AiSearchJobs get jobs => AiSearchJobs._(_ref.property('jobs'));
}

/// Many instances of AI Search.
///
/// See https://developers.cloudflare.com/ai-search/usage/workers-binding/.
class AiSearchNamespace {
  AiSearchNamespace._(this._ref);

  final HostRef _ref;

  /// The instance called [name]. Does no I/O, and does not check that there is
  /// one.
  AiSearchInstance get(String name) =>
      AiSearchInstance._(_ref.derive('get', [name]));

  /// One page of the instances, of [perPage] each, counted from 1; those whose
  /// name has [search] in it.
  Future<AiSearchPage<AiSearchInstanceInfo>> list({
    int? page,
    int? perPage,
    String? search,
    bool? newestFirst,
  }) async =>
      aiSearchPageFromHost(
        await _ref.call(
          'list',
          lastArgument({
            'page': page,
            'per_page': perPage,
            'search': search,
            'order_by': newestFirst == null ? null : 'created_at',
            'order_by_direction': switch (newestFirst) {
              null => null,
              true => 'desc',
              false => 'asc',
            },
          }),
        ),
        aiSearchInstanceInfoFromHost,
      );

  /// Makes the instance [id] with [configuration], under the names of
  /// Cloudflare's page, such as `{'type': 'r2', 'source': 'my-bucket'}`.
  Future<AiSearchInstance> create(
    String id, {
    Map<String, Object?> configuration = const {},
  }) async {
    await _ref.call(
      'create',
      [
        {...configuration, 'id': id},
      ],
      select: const [],
    );
    return get(id);
  }

  /// Deletes the instance called [name].
  Future<void> delete(String name) async {
    await _ref.call('delete', [name]);
  }

  /// Finds the parts of documents of the instances [instanceIds] that say most
  /// about [query]; [AiSearchResults.errors] has what went wrong in some.
  Future<AiSearchResults> search(
    String query, {
    required List<String> instanceIds,
    Map<String, Object?>? options,
  }) async =>
      aiSearchResultsFromHost(
        await _ref.call('search', [
          {
            'query': query,
            'ai_search_options': {...?options, 'instance_ids': instanceIds},
          },
        ]),
      );

  /// Answers the last of [messages] from what the documents of the instances
  /// [instanceIds] say.
  Future<AiSearchAnswer> chatCompletions(
    List<AiSearchMessage> messages, {
    required List<String> instanceIds,
    String? model,
    Map<String, Object?>? options,
  }) async =>
      aiSearchAnswerFromHost(
        await _ref.call('chatCompletions', [
          _chat(messages, model, {...?options, 'instance_ids': instanceIds}),
        ]),
      );

  /// As [chatCompletions], event by event as the answer is generated.
  Stream<AiStreamEvent> chatCompletionsStream(
    List<AiSearchMessage> messages, {
    required List<String> instanceIds,
    String? model,
    Map<String, Object?>? options,
  }) =>
      _events(
        _ref,
        _chat(messages, model, {...?options, 'instance_ids': instanceIds}),
      );
}

/// The documents of an [AiSearchInstance].
class AiSearchItems {
  AiSearchItems._(this._ref);

  final HostRef _ref;

  /// One page of the documents, of [perPage] each, counted from 1: those with
  /// this [status], such as `completed` or `error`, [key] or [source], or whose
  /// key has [search] in it.
  Future<AiSearchPage<AiSearchItemInfo>> list({
    int? page,
    int? perPage,
    String? search,
    String? sortBy,
    String? status,
    String? source,
    String? metadataFilter,
    String? itemId,
    String? key,
  }) async =>
      aiSearchPageFromHost(
        await _ref.call(
          'list',
          lastArgument({
            'page': page,
            'per_page': perPage,
            'search': search,
            'sort_by': sortBy,
            'status': status,
            'source': source,
            'metadata_filter': metadataFilter,
            'item_id': itemId,
            'key': key,
          }),
        ),
        aiSearchItemInfoFromHost,
      );

  /// Uploads the document [name] with [content], a [String], bytes or a
  /// `Stream<List<int>>`, and does not wait for its indexing.
  ///
  /// Throws an [ArgumentError] for any other content.
  Future<AiSearchItemInfo> upload(
    String name,
    Object content, {
    Map<String, Object?>? metadata,
  }) async =>
      aiSearchItemInfoFromHost(
        await _ref.call('upload', [
          name,
          _content(content),
          ...lastArgument({'metadata': metadata}),
        ]),
      );

  /// As [upload], and waits until the document is indexed, for [timeout] at
  /// most; asks each [pollInterval].
  Future<AiSearchItemInfo> uploadAndPoll(
    String name,
    Object content, {
    Map<String, Object?>? metadata,
    Duration? pollInterval,
    Duration? timeout,
  }) async =>
      aiSearchItemInfoFromHost(
        await _ref.call('uploadAndPoll', [
          name,
          _content(content),
          ...lastArgument({
            'metadata': metadata,
            'pollIntervalMs': pollInterval?.inMilliseconds,
            'timeoutMs': timeout?.inMilliseconds,
          }),
        ]),
      );

  /// The document [id]. Does no I/O, and does not check that there is one.
  AiSearchItem get(String id) => AiSearchItem._(_ref.derive('get', [id]), id);

  /// Deletes the document [id].
  Future<void> delete(String id) async {
    await _ref.call('delete', [id]);
  }

  static Object _content(Object content) =>
      content is String ? content : bytesToHost(content, 'content');
}

/// A document of [AiSearchItems].
class AiSearchItem {
  AiSearchItem._(this._ref, this.id);

  final HostRef _ref;

  /// The document's id.
  final String id;

  /// What the document is.
  Future<AiSearchItemInfo> info() async =>
      aiSearchItemInfoFromHost(await _ref.call('info', const []));

  /// The document itself.
  Future<AiSearchItemContent> download() async {
    final content = objectFromHost(await _ref.call('download', const []));
    return AiSearchItemContent(
      body: streamFromHost(content['body'], 'the download'),
      contentType: content['contentType'] as String? ?? '',
      filename: content['filename'] as String? ?? '',
      size: intFromHost(content['size']) ?? 0,
    );
  }

  /// Has the document indexed anew.
  Future<AiSearchItemInfo> sync() async =>
      aiSearchItemInfoFromHost(await _ref.call('sync', const []));

  /// What the indexing noted of the document, at most [limit] entries;
  /// [AiSearchPage.cursor] gets the next.
  Future<AiSearchPage<AiSearchItemLog>> logs({
    int? limit,
    String? cursor,
  }) async =>
      aiSearchPageFromHost(
        await _ref.call(
            'logs', lastArgument({'limit': limit, 'cursor': cursor})),
        aiSearchItemLogFromHost,
      );

  /// The parts that the document was cut into, at most [limit] from [offset]
  /// on.
  Future<AiSearchPage<AiSearchItemChunk>> chunks({
    int? limit,
    int? offset,
  }) async =>
      aiSearchPageFromHost(
        await _ref.call(
          'chunks',
          lastArgument({'limit': limit, 'offset': offset}),
        ),
        aiSearchItemChunkFromHost,
      );
}

/// A document of [AiSearchItems] with its content.
class AiSearchItemContent {
  /// A document.
  const AiSearchItemContent({
    required this.body,
    required this.contentType,
    required this.filename,
    required this.size,
  });

  /// The bytes as they arrive.
  final Stream<Uint8List> body;

  /// The MIME type.
  final String contentType;

  /// The file's name.
  final String filename;

  /// The size in bytes.
  final int size;
}

/// The runs of the indexing of an [AiSearchInstance].
class AiSearchJobs {
  AiSearchJobs._(this._ref);

  final HostRef _ref;

  /// One page of the runs, of [perPage] each, counted from 1.
  Future<AiSearchPage<AiSearchJobInfo>> list({int? page, int? perPage}) async =>
      aiSearchPageFromHost(
        await _ref.call(
          'list',
          lastArgument({'page': page, 'per_page': perPage}),
        ),
        aiSearchJobInfoFromHost,
      );

  /// Begins to index.
  Future<AiSearchJobInfo> create({String? description}) async =>
      aiSearchJobInfoFromHost(
        await _ref.call('create', lastArgument({'description': description})),
      );

  /// The run [id]. Does no I/O, and does not check that there is one.
  AiSearchJob get(String id) => AiSearchJob._(_ref.derive('get', [id]), id);
}

/// A run of [AiSearchJobs].
class AiSearchJob {
  AiSearchJob._(this._ref, this.id);

  final HostRef _ref;

  /// The run's id.
  final String id;

  /// How far it is.
  Future<AiSearchJobInfo> info() async =>
      aiSearchJobInfoFromHost(await _ref.call('info', const []));

  /// What it noted, [perPage] entries each, counted from 1.
  Future<AiSearchPage<AiSearchJobLog>> logs({int? page, int? perPage}) async =>
      aiSearchPageFromHost(
        await _ref.call(
          'logs',
          lastArgument({'page': page, 'per_page': perPage}),
        ),
        aiSearchJobLogFromHost,
      );

  /// Ends it.
  Future<AiSearchJobInfo> cancel() async =>
      aiSearchJobInfoFromHost(await _ref.call('cancel', const []));
}

/// One message of a conversation.
class AiSearchMessage {
  /// What the [role] said: `system`, `developer`, `user`, `assistant` or
  /// `tool`.
  const AiSearchMessage(this.role, this.content);

  /// What the user said.
  const AiSearchMessage.user(String content) : this('user', content);

  /// What the model is told first.
  const AiSearchMessage.system(String content) : this('system', content);

  /// What the model answered.
  const AiSearchMessage.assistant(String content) : this('assistant', content);

  /// Who said it.
  final String role;

  /// What was said; `null` if nothing was.
  final String? content;

  Map<String, Object?> _toHost() => {'role': role, 'content': content};
}

Map<String, Object?> _chat(
  List<AiSearchMessage> messages,
  String? model,
  Map<String, Object?>? options,
) =>
    given({
      'messages': [for (final message in messages) message._toHost()],
      'model': model,
      'ai_search_options': options,
    });

Stream<AiStreamEvent> _events(
  HostRef ref,
  Map<String, Object?> request,
) async* {
  final result = await ref.call('chatCompletions', [
    {...request, 'stream': true},
  ]);
  yield* decodeAiEvents(streamFromHost(result, 'the chat'));
}

/// The object behind [ref].
AiSearchInstance aiSearchInstanceFromHost(HostRef ref) =>
    AiSearchInstance._(ref);

/// The object behind [ref].
AiSearchNamespace aiSearchNamespaceFromHost(HostRef ref) =>
    AiSearchNamespace._(ref);
