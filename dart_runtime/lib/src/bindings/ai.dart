/// Workers AI.
library;

import 'dart:typed_data';

import '../host/host.dart';
import '../http/body.dart';
import '../http/response.dart';
import '../values.dart';
import 'ai_gateway.dart';
import 'ai_search.dart';
import 'markdown.dart';
import 'remote.dart';
import 'server_sent_events.dart';

/// Workers AI: models that run on Cloudflare.
///
/// ```dart
/// final answer = await env.ai.run<Map<String, Object?>>(
///   '@cf/meta/llama-3.1-8b-instruct',
///   {'prompt': 'Where does the name Dart come from?'},
/// );
/// ```
///
/// It has no local implementation: under `dartflare dev` each call goes to
/// Cloudflare and is billed as any other, and Wrangler wants to be logged in.
/// What the platform refuses throws a [WorkersException]; its name is that of
/// the model's error where there is one, else `InferenceUpstreamError` or
/// `AiInternalError`.
///
/// See https://developers.cloudflare.com/workers-ai/configuration/bindings/.
class Ai {
  Ai._(this._ref);

  final HostRef _ref;

  /// Runs [model], such as `@cf/meta/llama-3.1-8b-instruct`, and returns its
  /// answer, JSON as the model's page describes it, as a [T].
  ///
  /// [inputs] are JSON values, and what JSON has no type for: [Uint8List]s,
  /// which become lists of numbers as models want them, and for one input of a
  /// model that takes it so a stream, as
  /// `{'body': stream, 'contentType': 'audio/mpeg'}`.
  ///
  /// [gateway] sends the call through an AI Gateway. [tags], at most five, group
  /// calls in the dashboard. [prefix] is put before the model's name, and
  /// [extraHeaders] are added to the request.
  ///
  /// Throws a [ValueTypeError] if the answer is not a [T], an [ArgumentError]
  /// if [inputs] ask for a stream ([runStream] gives it), and a [StateError] if
  /// the model answers with bytes ([runBytes] gives them).
  Future<T> run<T extends Object?>(
    String model,
    Map<String, Object?> inputs, {
    AiGatewayOptions? gateway,
    Iterable<String>? tags,
    String? prefix,
    Map<String, String>? extraHeaders,
  }) async {
    _refuseStream(inputs);
    final result = await _run(
      model,
      inputs,
      _options(gateway, tags, prefix, extraHeaders),
    );
    if (result is Stream<Uint8List>) {
      throw StateError(
        'the model `$model` answered with bytes; use `runBytes`, or '
        '`runStream` if they are events',
      );
    }
    return convertValue<T>(result, 'the answer of `$model`');
  }

  /// Runs [model], which generates text, and emits its answer event by event as
  /// it is generated.
  ///
  /// ```dart
  /// final events = env.ai.runStream(model, {'prompt': 'Tell me a story'});
  /// return Response(events.map((event) => utf8.encode(event.text)));
  /// ```
  ///
  /// The model runs once the stream is listened to. A model that does not
  /// stream answers with one event. Errors, those of [run], come as events of
  /// the stream, and a [FormatException] where an event is no JSON.
  Stream<AiStreamEvent> runStream(
    String model,
    Map<String, Object?> inputs, {
    AiGatewayOptions? gateway,
    Iterable<String>? tags,
    String? prefix,
    Map<String, String>? extraHeaders,
  }) async* {
    final result = await _run(
      model,
      {...inputs, 'stream': true},
      _options(gateway, tags, prefix, extraHeaders),
    );
    if (result is Stream<Uint8List>) {
      yield* decodeAiEvents(result);
    } else {
      yield AiStreamEvent(
        convertValue<Map<String, Object?>>(result, 'the answer of `$model`'),
      );
    }
  }

  /// Runs [model], which makes an image or speech, and returns its bytes as
  /// they arrive.
  ///
  /// Given as a body before anyone listened to it, the stream does not pass
  /// through Dart.
  ///
  /// Throws a [StateError] if the model answers with JSON, as some do with an
  /// image in base64; [run] gives it.
  Future<Stream<Uint8List>> runBytes(
    String model,
    Map<String, Object?> inputs, {
    AiGatewayOptions? gateway,
    Iterable<String>? tags,
    String? prefix,
    Map<String, String>? extraHeaders,
  }) async {
    final options = _options(gateway, tags, prefix, extraHeaders);
    return streamFromHost(
      await _run(model, inputs, options),
      'the model `$model`',
    );
  }

  /// Runs [model] and returns the service's own response, whatever its status;
  /// see [run] for the arguments.
  Future<Response> runRaw(
    String model,
    Map<String, Object?> inputs, {
    AiGatewayOptions? gateway,
    Iterable<String>? tags,
    String? prefix,
    Map<String, String>? extraHeaders,
  }) =>
      callForResponse(_ref, 'run', [
        model,
        _inputs(inputs),
        {
          ..._options(gateway, tags, prefix, extraHeaders),
          'returnRawResponse': true,
        },
      ]);

  /// Hands [requests], the inputs of each, to [model] as one batch to be worked
  /// on later, and returns the batch's id.
  ///
  /// `run(model, {'request_id': id})` then tells how far it is, and in the end
  /// its answers.
  ///
  /// See https://developers.cloudflare.com/workers-ai/features/batch-api/.
  Future<String> runBatch(
    String model,
    Iterable<Map<String, Object?>> requests, {
    AiGatewayOptions? gateway,
    Iterable<String>? tags,
    String? prefix,
    Map<String, String>? extraHeaders,
  }) async {
    final result = await _run(
      model,
      {'requests': requests.toList()},
      {
        ..._options(gateway, tags, prefix, extraHeaders),
        'queueRequest': true,
      },
    );
    return convertValue<String>(
      objectFromHost(result)['request_id'],
      'the batch id of `$model`',
    );
  }

  /// The id of the AI Gateway's log of the last run, if it went through a
  /// gateway; [AiGateway.getLog] reads it.
  Future<String?> get aiGatewayLogId async =>
      await _ref.get('aiGatewayLogId') as String?;

  /// The models that there are: those of [author] or [task], such as
  /// `Text Generation`, or whose name has [search] in it.
  ///
  /// [page] counts from 1, with [perPage] models each. [source] is the number
  /// of a catalogue.
  Future<List<AiModel>> models({
    String? author,
    String? task,
    String? search,
    int? source,
    bool? hideExperimental,
    int? page,
    int? perPage,
  }) async =>
      listFromHost(
        await _ref.call(
          'models',
          lastArgument({
            'author': author,
            'task': task,
            'search': search,
            'source': source,
            'hide_experimental': hideExperimental,
            'page': page,
            'per_page': perPage,
          }),
        ),
        AiModel._from,
      );

  /// Turns [documents], such as PDFs, images or web pages, into Markdown; the
  /// results come in the same order.
  ///
  /// A document that could not be converted has an
  /// [MarkdownResult.error] and throws nothing.
  ///
  /// See https://developers.cloudflare.com/workers-ai/features/markdown-conversion/.
  Future<List<MarkdownResult>> toMarkdown(
    Iterable<MarkdownDocument> documents, {
    MarkdownOptions? options,
    AiGatewayOptions? gateway,
    Map<String, String>? extraHeaders,
  }) async =>
      listFromHost(
        await _ref.call('toMarkdown', [
          [for (final document in documents) documentToHost(document)],
          ...lastArgument({
            'gateway': gateway?.toHost(),
            'extraHeaders': extraHeaders,
            'conversionOptions': options?.toHost(),
          }),
        ]),
        markdownResultFromHost,
      );

  /// The formats that [toMarkdown] takes.
  Future<List<MarkdownFormatInfo>> supportedMarkdownFormats() async =>
      listFromHost(
        await _ref.derive('toMarkdown').call('supported', const []),
        markdownFormatFromHost,
      );

  /// The AI Gateway [id]. Does no I/O.
  AiGateway gateway(String id) =>
      aiGatewayFromHost(_ref.derive('gateway', [id]));

  /// The default namespace of AI Search. Does no I/O.
  ///
  /// Cloudflare would rather have it bound by itself, as
  /// `ai_search_namespaces`.
  AiSearchNamespace aiSearch() =>
      aiSearchNamespaceFromHost(_ref.derive('aiSearch'));

  /// Searches the web for [query] through the AI Gateway [gatewayId], and
  /// returns the service's response: JSON, with at most [limit] results (10 if
  /// not given, and never more than 20).
  ///
  /// [provider] and [byokAlias] name a search provider and a key of your own
  /// that the gateway knows.
  Future<Response> webSearch(
    String query, {
    required String gatewayId,
    int? limit,
    String? provider,
    String? byokAlias,
  }) =>
      callForResponse(_ref, 'websearch', [
        given({
          'gatewayId': gatewayId,
          'query': query,
          'limit': limit,
          'provider': provider,
          'byokAlias': byokAlias,
        }),
      ]);

  Future<Object?> _run(
    String model,
    Map<String, Object?> inputs,
    Map<String, Object?> options,
  ) =>
      _ref.call('run', [
        model,
        _inputs(inputs),
        if (options.isNotEmpty) options,
      ]);

  static Map<String, Object?> _options(
    AiGatewayOptions? gateway,
    Iterable<String>? tags,
    String? prefix,
    Map<String, String>? extraHeaders,
  ) =>
      given({
        'gateway': gateway?.toHost(),
        'tags': tags?.toList(),
        'prefix': prefix,
        'extraHeaders': extraHeaders,
      });

  static void _refuseStream(Map<String, Object?> inputs) {
    if (inputs['stream'] == true) {
      throw ArgumentError.value(
        true,
        'inputs.stream',
        'use `runStream`, which sets it',
      );
    }
  }

  /// [value] as the service reads it, which is JSON but for streams.
  static Object? _inputs(Object? value) => switch (value) {
        Uint8List() => List<int>.of(value),
        List<Object?>() => [for (final item in value) _inputs(item)],
        Map<Object?, Object?>() => {
            for (final MapEntry(:key, value: item) in value.entries)
              key: _inputs(item),
          },
        Stream<List<int>>() => streamToHost(value),
        _ => value,
      };
}

/// A model of [Ai.models].
class AiModel {
  /// A model.
  const AiModel({
    required this.id,
    required this.source,
    required this.name,
    required this.description,
    required this.task,
    this.tags = const [],
    this.properties = const {},
  });

  factory AiModel._from(Map<String, Object?> model) {
    final task = objectFromHost(model['task']);
    final properties = model['properties'];
    return AiModel(
      id: '${model['id']}',
      source: intFromHost(model['source']) ?? 0,
      name: '${model['name']}',
      description: model['description'] as String? ?? '',
      task: AiTask(
        id: '${task['id']}',
        name: task['name'] as String? ?? '',
        description: task['description'] as String? ?? '',
      ),
      tags: stringsFromHost(model['tags']),
      properties: {
        if (properties is List)
          for (final property in properties.map(objectFromHost))
            '${property['property_id']}': property['value'],
      },
    );
  }

  /// The model's id.
  final String id;

  /// The number of the catalogue that it is in.
  final int source;

  /// What [Ai.run] takes, such as `@cf/meta/llama-3.1-8b-instruct`.
  final String name;

  /// What it is, in words.
  final String description;

  /// What it does.
  final AiTask task;

  /// Its tags.
  final List<String> tags;

  /// Its properties by their ids, such as `context_window`; texts, as a rule.
  final Map<String, Object?> properties;
}

/// What an [AiModel] does.
class AiTask {
  /// A task.
  const AiTask({
    required this.id,
    required this.name,
    required this.description,
  });

  /// The task's id.
  final String id;

  /// Its name, such as `Text Generation`.
  final String name;

  /// What it is, in words.
  final String description;
}

/// The object behind [ref].
Ai aiFromHost(HostRef ref) => Ai._(ref);
