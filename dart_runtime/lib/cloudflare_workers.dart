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

export 'src/bindings/kv_namespace.dart'
    show KVKey, KVListResult, KVNamespace, KVValue;
export 'src/cloudflare_workers.dart'
    show
        CloudflareWorkers,
        DurableObjectFactory,
        FetchHandler,
        ScheduledHandler;
export 'src/durable_objects/durable_object.dart'
    show AlarmInfo, DurableObject, DurableObjectEnv;
export 'src/durable_objects/id.dart' show DurableObjectId;
export 'src/durable_objects/namespace.dart' show DurableObjectNamespace;
export 'src/durable_objects/state.dart' show DurableObjectState;
export 'src/durable_objects/storage.dart'
    show
        DurableObjectStorage,
        DurableObjectStorageOperations,
        DurableObjectTransaction;
export 'src/durable_objects/stub.dart' show DurableObjectStub;
export 'src/environment.dart' show BindingError, Environment;
export 'src/execution_context.dart' show ExecutionContext;
export 'src/host/host.dart' show WorkersException;
export 'src/http/fetch.dart' show fetch;
export 'src/http/form_data.dart' show FormData, FormFile;
export 'src/http/headers.dart' show Headers;
export 'src/http/request.dart' show RedirectMode, Request;
export 'src/http/response.dart' show Response;
export 'src/scheduled_controller.dart' show ScheduledController;
export 'src/values.dart' show ValueTypeError;
