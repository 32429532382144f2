/// Cloudflare Workers in Dart.
///
/// A Worker is a `main()` that constructs [CloudflareWorkers] with its
/// handlers:
///
/// ```dart
/// import 'package:cloudflare_workers/cloudflare_workers.dart';
///
/// void main() {
///   CloudflareWorkers(
///     fetch: (request, env, ctx) => Response.ok('Hello from Dart'),
///   );
/// }
/// ```
///
/// See https://developers.cloudflare.com/workers/ for the platform itself.
library;

export 'dart:async' show FutureOr;
export 'dart:typed_data' show Uint8List;

export 'src/bindings/ai.dart' show Ai, AiModel, AiTask;
export 'src/bindings/ai_gateway.dart'
    show
        AiGateway,
        AiGatewayBackoff,
        AiGatewayLog,
        AiGatewayOptions,
        AiGatewayRequest;
export 'src/bindings/ai_search.dart'
    show
        AiSearchInstance,
        AiSearchItem,
        AiSearchItemContent,
        AiSearchItems,
        AiSearchJob,
        AiSearchJobs,
        AiSearchMessage,
        AiSearchNamespace;
export 'src/bindings/ai_search_results.dart'
    show
        AiSearchAnswer,
        AiSearchChoice,
        AiSearchChunk,
        AiSearchError,
        AiSearchInstanceInfo,
        AiSearchItemChunk,
        AiSearchItemInfo,
        AiSearchItemLog,
        AiSearchJobInfo,
        AiSearchJobLog,
        AiSearchPage,
        AiSearchResults,
        AiSearchStats;
export 'src/bindings/analytics_engine_dataset.dart' show AnalyticsEngineDataset;
export 'src/bindings/browser.dart'
    show Browser, BrowserElement, BrowserLimits, BrowserPage, BrowserSession;
export 'src/bindings/d1_database.dart'
    show
        D1Database,
        D1DatabaseSession,
        D1Exception,
        D1ExecResult,
        D1Meta,
        D1PreparedStatement,
        D1Queryable,
        D1RawResult,
        D1Result,
        D1Row,
        D1SessionConstraint;
export 'src/bindings/dispatch_namespace.dart' show DispatchNamespace;
export 'src/bindings/fetcher.dart' show Fetcher, Service;
export 'src/bindings/flagship.dart' show Flagship, FlagshipDetails;
export 'src/bindings/hosted_images.dart'
    show
        HostedImage,
        HostedImageDetails,
        HostedImageDirectUpload,
        HostedImageList,
        HostedImages;
export 'src/bindings/hyperdrive.dart' show Hyperdrive;
export 'src/bindings/image_options.dart'
    show
        ImageBorder,
        ImageComposite,
        ImageFit,
        ImageFlip,
        ImageFormat,
        ImageGravity,
        ImageRepeat,
        ImageTransform,
        ImageTrim;
export 'src/bindings/images.dart'
    show ImageInfo, ImageResult, ImageTransformer, ImagesBinding;
export 'src/bindings/kv_namespace.dart'
    show KVKey, KVListResult, KVNamespace, KVValue;
export 'src/bindings/markdown.dart'
    show
        MarkdownDocument,
        MarkdownFormat,
        MarkdownFormatInfo,
        MarkdownOptions,
        MarkdownResult;
export 'src/bindings/media.dart'
    show
        MediaBinding,
        MediaFit,
        MediaFormat,
        MediaMode,
        MediaResult,
        MediaTransformer;
export 'src/bindings/pipeline.dart' show Pipeline;
export 'src/bindings/queue.dart'
    show MessageSendRequest, Queue, QueueContentType, QueueMetrics;
export 'src/bindings/r2_bucket.dart' show R2Bucket, R2Include, R2Objects;
export 'src/bindings/r2_exception.dart' show R2Exception;
export 'src/bindings/r2_multipart_upload.dart'
    show R2MultipartUpload, R2UploadedPart;
export 'src/bindings/r2_object.dart'
    show
        R2Checksums,
        R2Conditional,
        R2HttpMetadata,
        R2Object,
        R2ObjectBody,
        R2Range;
export 'src/bindings/rate_limit.dart' show RateLimit, RateLimitOutcome;
export 'src/bindings/secrets_store_secret.dart' show SecretsStoreSecret;
export 'src/bindings/send_email.dart'
    show
        Email,
        EmailAddress,
        EmailAttachment,
        EmailMessage,
        EmailMessageBuilder,
        EmailSendResult,
        SendEmail;
export 'src/bindings/server_sent_events.dart' show AiStreamEvent;
export 'src/bindings/stream.dart'
    show
        StreamBinding,
        StreamCaptions,
        StreamComparison,
        StreamDownloads,
        StreamVideoHandle,
        StreamWatermarks;
export 'src/bindings/stream_video.dart'
    show
        StreamCaption,
        StreamDirectUpload,
        StreamDownload,
        StreamDownloadType,
        StreamDownloadsResult,
        StreamPublicDetails,
        StreamVideo,
        StreamVideoStatus,
        StreamWatermark,
        StreamWatermarkPosition;
export 'src/bindings/vectorize_index.dart'
    show
        VectorizeIndex,
        VectorizeIndexInfo,
        VectorizeMatch,
        VectorizeMatches,
        VectorizeMetadata,
        VectorizeVector;
export 'src/bindings/version_metadata.dart' show VersionMetadata;
export 'src/bindings/worker_limits.dart' show WorkerLimits;
export 'src/bindings/worker_loader.dart'
    show WorkerCode, WorkerLoader, WorkerModule, WorkerStub;
export 'src/bindings/workflow.dart'
    show
        Workflow,
        WorkflowFailure,
        WorkflowInstance,
        WorkflowInstanceOptions,
        WorkflowInstanceStatus,
        WorkflowRetention,
        WorkflowStatus;
export 'src/cloudflare_workers.dart'
    show
        CloudflareWorkers,
        DurableObjectFactory,
        EmailHandler,
        FetchHandler,
        QueueHandler,
        ScheduledHandler,
        TailHandler,
        WorkerEntrypointFactory,
        WorkflowFactory;
export 'src/durable_objects/container.dart'
    show
        Container,
        ContainerDirectorySnapshot,
        ContainerExecOutput,
        ContainerInfo,
        ContainerInstance,
        ContainerOutput,
        ContainerProcess,
        ContainerSnapshot;
export 'src/durable_objects/durable_object.dart'
    show AlarmInfo, DurableObject, DurableObjectEnv;
export 'src/durable_objects/id.dart' show DurableObjectId;
export 'src/durable_objects/namespace.dart'
    show
        DurableObjectJurisdiction,
        DurableObjectLocationHint,
        DurableObjectNamespace,
        DurableObjectRetry,
        DurableObjectRoutingMode;
export 'src/durable_objects/namespace_of.dart' show DurableObjectNamespaceOf;
export 'src/durable_objects/sql.dart' show SqlCursor, SqlRow, SqlStorage;
export 'src/durable_objects/state.dart'
    show DurableObjectAbortOptions, DurableObjectState;
export 'src/durable_objects/storage.dart'
    show
        DurableObjectStorage,
        DurableObjectStorageOperations,
        DurableObjectTransaction;
export 'src/durable_objects/stub.dart' show DurableObjectStub;
export 'src/durable_objects/sync_kv.dart' show SyncKvStorage;
export 'src/environment.dart' show BindingError, Environment;
export 'src/events/forwardable_email.dart' show ForwardableEmailMessage;
export 'src/events/message_batch.dart' show Message, MessageBatch;
export 'src/events/trace.dart'
    show
        ScriptVersion,
        TraceDiagnosticChannelEvent,
        TraceException,
        TraceItem,
        TraceItemAlarmEventInfo,
        TraceItemEmailEventInfo,
        TraceItemEventInfo,
        TraceItemFetchEventInfo,
        TraceItemFetchEventInfoRequest,
        TraceItemHibernatableWebSocketEventInfo,
        TraceItemJsRpcEventInfo,
        TraceItemOnHibernateEventInfo,
        TraceItemOtherEventInfo,
        TraceItemQueueEventInfo,
        TraceItemScheduledEventInfo,
        TraceItemTailEventInfo,
        TraceLog,
        TracePreviewInfo;
export 'src/execution_context.dart' show ExecutionContext, WorkerExports;
export 'src/host/host.dart' show WorkersException;
export 'src/http/fetch.dart' show fetch;
export 'src/http/form_data.dart' show FormData, FormFile;
export 'src/http/headers.dart' show Headers;
export 'src/http/message.dart' show BodyEncoding;
export 'src/http/request.dart' show RedirectMode, Request, RequestCache;
export 'src/http/response.dart' show Response;
export 'src/http/web_socket.dart'
    show
        WebSocket,
        WebSocketClose,
        WebSocketPair,
        WebSocketReadyState,
        WebSocketRequestResponsePair;
export 'src/js_binding.dart' show JSBinding;
export 'src/rpc.dart' show RpcTarget;
export 'src/runtime/abort.dart' show AbortController, AbortSignal;
export 'src/runtime/cache.dart' show Cache, CacheStorage, caches;
export 'src/runtime/cf.dart'
    show
        CfBotManagement,
        CfTlsClientAuth,
        IncomingRequestCfProperties,
        RequestInitCfProperties,
        RequestInitCfPropertiesImage;
export 'src/runtime/console.dart' show Console, console;
export 'src/runtime/crypto.dart'
    show
        Crypto,
        CryptoKey,
        CryptoKeyPair,
        DerivationAlgorithm,
        EcCurve,
        EncryptionAlgorithm,
        HashAlgorithm,
        KeyAlgorithm,
        KeyFormat,
        KeyType,
        KeyUsage,
        SignatureAlgorithm,
        SubtleCrypto,
        crypto;
export 'src/runtime/global_this.dart' show globalThis;
export 'src/runtime/html_rewriter.dart'
    show
        HTMLRewriter,
        RewriterComment,
        RewriterDoctype,
        RewriterDocumentEnd,
        RewriterElement,
        RewriterEndTag,
        RewriterText;
export 'src/runtime/url_pattern.dart'
    show URLPattern, URLPatternComponentResult, URLPatternResult;
export 'src/scheduled_controller.dart' show ScheduledController;
export 'src/sockets.dart' show SecureTransport, Socket, connect;
export 'src/streams.dart' show CompressionFormat, FixedLengthStream;
export 'src/values.dart' show ValueTypeError;
export 'src/worker_entrypoint.dart' show WorkerEntrypoint;
export 'src/workflows/workflow_entrypoint.dart' show WorkflowEntrypoint;
export 'src/workflows/workflow_event.dart'
    show WorkflowEvent, WorkflowSchedule, WorkflowStepEvent;
export 'src/workflows/workflow_exceptions.dart'
    show NonRetryableError, WorkflowNotFoundException, WorkflowTimeoutException;
export 'src/workflows/workflow_step.dart'
    show
        WorkflowBackoff,
        WorkflowRetries,
        WorkflowStep,
        WorkflowStepConfig,
        WorkflowStepContext;
