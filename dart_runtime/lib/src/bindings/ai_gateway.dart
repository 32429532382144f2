/// AI Gateway.
library;

import '../host/host.dart';
import '../http/response.dart';
import 'remote.dart';

/// An AI Gateway, which stands before providers of models: it logs, caches,
/// limits and tries again.
///
/// What the platform refuses throws a [WorkersException], such as one named
/// `AiGatewayLogNotFound`.
///
/// See https://developers.cloudflare.com/ai-gateway/integrations/worker-binding-methods/.
class AiGateway {
  AiGateway._(this._ref);

  final HostRef _ref;

  /// Adds to the log [logId] what is given: a [score] from 0 to 100, whether
  /// the answer was good ([feedback], 1 or -1), your own [metadata].
  ///
  /// Throws an [ArgumentError] for any other feedback.
  Future<void> patchLog(
    String logId, {
    num? score,
    int? feedback,
    Map<String, Object?>? metadata,
  }) async {
    if (feedback != null && feedback != 1 && feedback != -1) {
      throw ArgumentError.value(feedback, 'feedback', 'must be 1 or -1');
    }
    await _ref.call('patchLog', [
      logId,
      given({'score': score, 'feedback': feedback, 'metadata': metadata}),
    ]);
  }

  /// The log [logId], such as that of `Ai.aiGatewayLogId`.
  Future<AiGatewayLog> getLog(String logId) async => AiGatewayLog._from(
        objectFromHost(await _ref.call('getLog', [logId])),
      );

  /// The gateway's URL, or that for [provider], such as `openai`; for clients
  /// that take the URL of a service.
  Future<String> getUrl([String? provider]) async =>
      (await _ref.call('getUrl', [if (provider != null) provider]))! as String;

  /// Sends the first of [requests] to its provider, the next if that fails, and
  /// so on; returns the provider's response.
  ///
  /// Throws an [ArgumentError] if there are none.
  Future<Response> run(
    List<AiGatewayRequest> requests, {
    AiGatewayOptions? options,
    Map<String, String>? extraHeaders,
  }) {
    if (requests.isEmpty) {
      throw ArgumentError.value(requests, 'requests', 'must not be empty');
    }
    return callForResponse(_ref, 'run', [
      [
        for (final request in requests)
          {
            'provider': request.provider,
            'endpoint': request.endpoint,
            'headers': request.headers,
            'query': request.query,
          },
      ],
      ...lastArgument({
        'gateway': options?.toHost(),
        'extraHeaders': extraHeaders,
      }),
    ]);
  }
}

/// A request that an [AiGateway] sends to a provider.
class AiGatewayRequest {
  /// Asks [endpoint], such as `chat/completions`, of [provider] for [query].
  const AiGatewayRequest({
    required this.provider,
    required this.endpoint,
    required this.query,
    this.headers = const {},
  });

  /// The provider, such as `openai`.
  final String provider;

  /// The path within the provider's API.
  final String endpoint;

  /// The JSON value that is the request's body.
  final Object? query;

  /// The request's headers, such as `Authorization`, and the gateway's own,
  /// such as `cf-aig-cache-ttl`.
  final Map<String, Object> headers;
}

/// How the time between two attempts grows.
enum AiGatewayBackoff {
  /// It stays.
  constant,

  /// It grows by the same each time.
  linear,

  /// It doubles each time.
  exponential,
}

/// How a call goes through an [AiGateway].
///
/// See https://developers.cloudflare.com/ai-gateway/configuration/.
class AiGatewayOptions {
  /// Through the gateway [id]; what is not given is as the gateway has it.
  const AiGatewayOptions(
    this.id, {
    this.cacheKey,
    this.cacheTtl,
    this.skipCache,
    this.metadata,
    this.collectLog,
    this.eventId,
    this.requestTimeout,
    this.maxAttempts,
    this.retryDelay,
    this.backoff,
  });

  /// The gateway's name.
  final String id;

  /// What the answer is cached under.
  final String? cacheKey;

  /// How long the answer is cached, in whole seconds.
  final Duration? cacheTtl;

  /// Whether the cache is left out.
  final bool? skipCache;

  /// What the log has beside the call: texts, numbers and booleans.
  final Map<String, Object?>? metadata;

  /// Whether the call is logged.
  final bool? collectLog;

  /// The id that the log has for the call.
  final String? eventId;

  /// How long the provider may take, in milliseconds.
  final Duration? requestTimeout;

  /// How often the call is tried, 1 to 5.
  final int? maxAttempts;

  /// How long to wait before the next attempt, in milliseconds.
  final Duration? retryDelay;

  /// How [retryDelay] grows.
  final AiGatewayBackoff? backoff;

  /// As the runtime takes it.
  Map<String, Object?> toHost() {
    final retries = given({
      'maxAttempts': maxAttempts,
      'retryDelayMs': retryDelay?.inMilliseconds,
      'backoff': backoff?.name,
    });
    return given({
      'id': id,
      'cacheKey': cacheKey,
      'cacheTtl': cacheTtl?.inSeconds,
      'skipCache': skipCache,
      'metadata': metadata,
      'collectLog': collectLog,
      'eventId': eventId,
      'requestTimeoutMs': requestTimeout?.inMilliseconds,
      'retries': retries.isEmpty ? null : retries,
    });
  }
}

/// What an [AiGateway] noted of a call.
class AiGatewayLog {
  /// A log.
  const AiGatewayLog({
    required this.id,
    required this.provider,
    required this.model,
    required this.path,
    required this.duration,
    required this.statusCode,
    required this.success,
    required this.cached,
    required this.createdAt,
    this.modelType,
    this.requestType,
    this.requestContentType,
    this.responseContentType,
    this.tokensIn,
    this.tokensOut,
    this.metadata = const {},
    this.step,
    this.cost,
    this.customCost,
    this.requestSize,
    this.requestHead,
    this.requestHeadComplete,
    this.responseSize,
    this.responseHead,
    this.responseHeadComplete,
  });

  factory AiGatewayLog._from(Map<String, Object?> log) => AiGatewayLog(
        id: log['id'] as String? ?? '',
        provider: log['provider'] as String? ?? '',
        model: log['model'] as String? ?? '',
        modelType: log['model_type'] as String?,
        path: log['path'] as String? ?? '',
        duration: Duration(
          microseconds: ((log['duration'] as num? ?? 0) * 1000).round(),
        ),
        requestType: log['request_type'] as String?,
        requestContentType: log['request_content_type'] as String?,
        statusCode: intFromHost(log['status_code']) ?? 0,
        responseContentType: log['response_content_type'] as String?,
        success: log['success'] == true,
        cached: log['cached'] == true,
        tokensIn: intFromHost(log['tokens_in']),
        tokensOut: intFromHost(log['tokens_out']),
        metadata: objectFromHost(log['metadata']),
        step: intFromHost(log['step']),
        cost: doubleFromHost(log['cost']),
        customCost: log['custom_cost'] as bool?,
        requestSize: intFromHost(log['request_size']),
        requestHead: log['request_head'] as String?,
        requestHeadComplete: log['request_head_complete'] as bool?,
        responseSize: intFromHost(log['response_size']),
        responseHead: log['response_head'] as String?,
        responseHeadComplete: log['response_head_complete'] as bool?,
        createdAt: dateFromHost(log['created_at']),
      );

  /// The log's id.
  final String id;

  /// The provider, such as `workers-ai`.
  final String provider;

  /// The model.
  final String model;

  /// The kind of model.
  final String? modelType;

  /// The path of the provider's API.
  final String path;

  /// How long the call took.
  final Duration duration;

  /// The kind of request.
  final String? requestType;

  /// The content type of the request.
  final String? requestContentType;

  /// The status of the provider's response.
  final int statusCode;

  /// The content type of the response.
  final String? responseContentType;

  /// Whether the call succeeded.
  final bool success;

  /// Whether the answer came from the gateway's cache.
  final bool cached;

  /// How many tokens the request had.
  final int? tokensIn;

  /// How many tokens the answer had.
  final int? tokensOut;

  /// What the call gave as [AiGatewayOptions.metadata].
  final Map<String, Object?> metadata;

  /// Which of the requests of [AiGateway.run] it was.
  final int? step;

  /// What the call cost, in US dollars.
  final double? cost;

  /// Whether [cost] is what the call itself said.
  final bool? customCost;

  /// The request's size in bytes.
  final int? requestSize;

  /// The beginning of the request's body.
  final String? requestHead;

  /// Whether [requestHead] is all of it.
  final bool? requestHeadComplete;

  /// The response's size in bytes.
  final int? responseSize;

  /// The beginning of the response's body.
  final String? responseHead;

  /// Whether [responseHead] is all of it.
  final bool? responseHeadComplete;

  /// When the call was made, in UTC.
  final DateTime? createdAt;
}

/// The object behind [ref].
AiGateway aiGatewayFromHost(HostRef ref) => AiGateway._(ref);
