/// The names of a Worker's environment.
library;

import 'bindings/ai.dart';
import 'bindings/ai_search.dart';
import 'bindings/analytics_engine_dataset.dart';
import 'bindings/browser.dart';
import 'bindings/d1_database.dart';
import 'bindings/dispatch_namespace.dart';
import 'bindings/fetcher.dart';
import 'bindings/flagship.dart';
import 'bindings/hyperdrive.dart';
import 'bindings/images.dart';
import 'bindings/kv_namespace.dart';
import 'bindings/media.dart';
import 'bindings/pipeline.dart';
import 'bindings/queue.dart';
import 'bindings/r2_bucket.dart';
import 'bindings/rate_limit.dart';
import 'bindings/secrets_store_secret.dart';
import 'bindings/send_email.dart';
import 'bindings/stream.dart';
import 'bindings/vectorize_index.dart';
import 'bindings/version_metadata.dart';
import 'bindings/worker_loader.dart';
import 'bindings/workflow.dart';
import 'durable_objects/namespace.dart';
import 'host/host.dart';
import 'js_binding.dart';
import 'values.dart';

/// A name that is not in the Worker's environment, or is something else there.
///
/// The text lists what is there:
///
/// ```text
/// no KV namespace `TODO` in this Worker's environment, did you mean `TODOS`?
///   it has: KV namespace `TODOS`, variable `GREETING`
///   add it under `kv_namespaces` in the Wrangler configuration, or correct the
///   name
/// ```
class BindingError extends Error {
  /// An error with this [message].
  BindingError(this.message);

  /// What is wrong, what there is, and what to do.
  final String message;

  @override
  String toString() => message;
}

/// What the Wrangler configuration binds to the Worker: KV namespaces, Durable
/// Objects, variables and secrets.
///
/// `dartflare types` generates an accessor for each name, so that a wrong one
/// does not compile. The methods here take names as text, and throw a
/// [BindingError] for a wrong one.
///
/// See https://developers.cloudflare.com/workers/runtime-apis/bindings/.
class Environment {
  Environment._(this._ref, this._bindings);

  /// The same names as [other] has, for a class that adds something to them, as
  /// `TestEnvironment` does.
  Environment.like(Environment other) : this._(other._ref, other._bindings);

  final HostRef _ref;
  final Map<String, HostBinding> _bindings;

  /// The KV namespace that is bound to [name].
  ///
  /// Throws a [BindingError] if there is none.
  KVNamespace getKVNamespace(String name) =>
      kvNamespaceFromHost(_reference(name, 'kv_namespaces'));

  /// The Durable Object namespace that is bound to [name].
  ///
  /// Throws a [BindingError] if there is none.
  DurableObjectNamespace getDurableObjectNamespace(String name) =>
      durableObjectNamespaceFromHost(_reference(name, 'durable_objects'));

  /// The R2 bucket that is bound to [name].
  ///
  /// Throws a [BindingError] if there is none.
  R2Bucket getR2Bucket(String name) =>
      r2BucketFromHost(_reference(name, 'r2_buckets'));

  /// The D1 database that is bound to [name].
  ///
  /// Throws a [BindingError] if there is none.
  D1Database getD1Database(String name) =>
      d1DatabaseFromHost(_reference(name, 'd1_databases'));

  /// The queue that is bound to [name].
  ///
  /// Throws a [BindingError] if there is none.
  Queue getQueue(String name) => queueFromHost(_reference(name, 'queues'));

  /// The Worker, or the entrypoint of one that is bound to [name].
  ///
  /// Throws a [BindingError] if there is none.
  Service getService(String name) =>
      serviceFromHost(_reference(name, 'services'));

  /// The static assets that is bound to [name].
  ///
  /// Throws a [BindingError] if there is none.
  Fetcher getAssets(String name) => fetcherFromHost(_reference(name, 'assets'));

  /// The workflow that is bound to [name].
  ///
  /// Throws a [BindingError] if there is none.
  Workflow getWorkflow(String name) =>
      workflowFromHost(_reference(name, 'workflows'));

  /// Workers AI, which is bound to [name].
  ///
  /// Throws a [BindingError] if there is none.
  Ai getAi(String name) => aiFromHost(_reference(name, 'ai'));

  /// The Vectorize index that is bound to [name].
  ///
  /// Throws a [BindingError] if there is none.
  VectorizeIndex getVectorizeIndex(String name) =>
      vectorizeIndexFromHost(_reference(name, 'vectorize'));

  /// The Hyperdrive configuration that is bound to [name].
  ///
  /// Throws a [BindingError] if there is none.
  Hyperdrive getHyperdrive(String name) =>
      hyperdriveFromHost(_reference(name, 'hyperdrive'));

  /// The Analytics Engine dataset that is bound to [name].
  ///
  /// Throws a [BindingError] if there is none.
  AnalyticsEngineDataset getAnalyticsEngineDataset(String name) =>
      analyticsEngineDatasetFromHost(
          _reference(name, 'analytics_engine_datasets'));

  /// The browser that is bound to [name].
  ///
  /// Throws a [BindingError] if there is none.
  Browser getBrowser(String name) =>
      browserFromHost(_reference(name, 'browser'));

  /// The Images binding that is bound to [name].
  ///
  /// Throws a [BindingError] if there is none.
  ImagesBinding getImages(String name) =>
      imagesBindingFromHost(_reference(name, 'images'));

  /// The Media Transformations binding that is bound to [name].
  ///
  /// Throws a [BindingError] if there is none.
  MediaBinding getMedia(String name) =>
      mediaBindingFromHost(_reference(name, 'media'));

  /// The Stream binding that is bound to [name].
  ///
  /// Throws a [BindingError] if there is none.
  StreamBinding getStream(String name) =>
      streamBindingFromHost(_reference(name, 'stream'));

  /// The sender of emails that is bound to [name].
  ///
  /// Throws a [BindingError] if there is none.
  SendEmail getSendEmail(String name) =>
      sendEmailFromHost(_reference(name, 'send_email'));

  /// The rate limiter that is bound to [name].
  ///
  /// Throws a [BindingError] if there is none.
  RateLimit getRateLimit(String name) =>
      rateLimitFromHost(_reference(name, 'ratelimits'));

  /// The version of the Worker, which is bound to [name].
  ///
  /// Throws a [BindingError] if there is none.
  VersionMetadata getVersionMetadata(String name) =>
      versionMetadataFromHost(_reference(name, 'version_metadata'));

  /// The secret of the Secrets Store that is bound to [name].
  ///
  /// Throws a [BindingError] if there is none.
  SecretsStoreSecret getSecretsStoreSecret(String name) =>
      secretsStoreSecretFromHost(_reference(name, 'secrets_store_secrets'));

  /// What presents the certificate that is bound to [name].
  ///
  /// Throws a [BindingError] if there is none.
  Fetcher getMtlsCertificate(String name) =>
      fetcherFromHost(_reference(name, 'mtls_certificates'));

  /// The dispatch namespace that is bound to [name].
  ///
  /// Throws a [BindingError] if there is none.
  DispatchNamespace getDispatchNamespace(String name) =>
      dispatchNamespaceFromHost(_reference(name, 'dispatch_namespaces'));

  /// The pipeline that is bound to [name].
  ///
  /// Throws a [BindingError] if there is none.
  Pipeline getPipeline(String name) =>
      pipelineFromHost(_reference(name, 'pipelines'));

  /// The instance of AI Search that is bound to [name].
  ///
  /// Throws a [BindingError] if there is none.
  AiSearchInstance getAiSearch(String name) =>
      aiSearchInstanceFromHost(_reference(name, 'ai_search'));

  /// The namespace of AI Search that is bound to [name].
  ///
  /// Throws a [BindingError] if there is none.
  AiSearchNamespace getAiSearchNamespace(String name) =>
      aiSearchNamespaceFromHost(_reference(name, 'ai_search_namespaces'));

  /// The worker loader that is bound to [name].
  ///
  /// Throws a [BindingError] if there is none.
  WorkerLoader getWorkerLoader(String name) =>
      workerLoaderFromHost(_reference(name, 'worker_loaders'));

  /// The service of a private network that is bound to [name].
  ///
  /// Throws a [BindingError] if there is none.
  Fetcher getVpcService(String name) =>
      fetcherFromHost(_reference(name, 'vpc_services'));

  /// The private network that is bound to [name].
  ///
  /// Throws a [BindingError] if there is none.
  Fetcher getVpcNetwork(String name) =>
      fetcherFromHost(_reference(name, 'vpc_networks'));

  /// The app of Flagship that is bound to [name].
  ///
  /// Throws a [BindingError] if there is none.
  Flagship getFlagship(String name) =>
      flagshipFromHost(_reference(name, 'flagship'));

  /// Whatever is bound to [name], for a kind that this package has no type for.
  ///
  /// Throws a [BindingError] if there is nothing of that name, and for a
  /// variable or secret.
  JSBinding binding(String name) {
    final kind = _bindings[name]?.kind;
    if (kind == 'vars' || kind == 'secrets') {
      throw BindingError(
        '`$name` is a ${_label(kind!)}, which is a value and no object; read it '
        "with `env.${kind == 'vars' ? 'variable' : 'secret'}('$name')`",
      );
    }
    return jsBindingFromHost(_reference(name, kind ?? _unknown));
  }

  /// The variable [name] of the configuration's `vars`, as a [T]: a [String],
  /// [bool], [int], [double], or a [List] or [Map] of JSON values.
  ///
  /// Throws a [BindingError] if there is none or it is not a [T].
  T variable<T>(String name) {
    final value = _value(name, 'vars');
    try {
      return convertValue<T>(value, 'the variable `$name`');
    } on ValueTypeError catch (error) {
      throw BindingError(
        value is String
            ? '$error\n  a value from `.dev.vars` or `.env` is always a String'
            : '$error',
      );
    }
  }

  /// The secret [name], which `wrangler secret put` or the file `.dev.vars`
  /// sets.
  ///
  /// Throws a [BindingError] if there is none.
  String secret(String name) {
    final value = _value(name, 'secrets');
    if (value is String) return value;
    throw BindingError(
      'the secret `$name` is ${describeValue(value)}; a secret is a String',
    );
  }

  /// Whether the environment has [name], of whatever kind.
  bool has(String name) => _bindings.containsKey(name);

  /// The names of the environment.
  Iterable<String> get names => _bindings.keys;

  HostRef _reference(String name, String kind) {
    _checked(name, {kind});
    return _ref.property(name);
  }

  /// The value of [name]. Whether it is a variable or a secret is the
  /// configuration's business: `.dev.vars` may set either.
  Object? _value(String name, String kind) {
    final binding = _checked(name, {kind, 'vars', 'secrets'});
    return binding.kind == _unknown ? _ref.getSync(name) : binding.value;
  }

  /// The binding [name], which must be of one of [kinds]; the first is what was
  /// asked for.
  HostBinding _checked(String name, Set<String> kinds) {
    final binding = _bindings[name];
    if (binding == null) throw BindingError(_missing(name, kinds.first));
    // A name that the configuration does not list, one added in the dashboard
    // for example, may be anything.
    if (!kinds.contains(binding.kind) && binding.kind != _unknown) {
      throw BindingError(_otherKind(name, kinds.first, binding.kind));
    }
    return binding;
  }

  String _missing(String name, String kind) {
    final nearest = _nearest(name, kind);
    return [
      'no ${_label(kind)} `$name` in this Worker\'s environment'
          '${nearest == null ? '' : ', did you mean `$nearest`?'}',
      _listing(),
      kind == 'secrets'
          ? '  set it with `wrangler secret put $name`, and in `.dev.vars` for '
              'development, or correct the name'
          : '  add it under `$kind` in the Wrangler configuration, or correct '
              'the name',
    ].join('\n');
  }

  String _otherKind(String name, String kind, String actual) => [
        '`$name` is a ${_label(actual)} in this Worker\'s environment, not a '
            '${_label(kind)}',
        _listing(),
      ].join('\n');

  String _listing() => _bindings.isEmpty
      ? '  it has no names at all'
      : '  it has: ${[
          for (final MapEntry(:key, :value) in _bindings.entries)
            '${_label(value.kind)} `$key`',
        ].join(', ')}';

  /// The name that was probably meant, first among those of the [kind].
  String? _nearest(String name, String kind) {
    String? nearest;
    var least = name.length ~/ 3 + 2;
    for (final MapEntry(key: other, :value) in _bindings.entries) {
      final distance = _distance(name.toUpperCase(), other.toUpperCase()) +
          (value.kind == kind ? 0 : 1);
      if (distance < least) {
        least = distance;
        nearest = other;
      }
    }
    return nearest;
  }
}

/// The environment behind [ref].
Environment environmentFromHost(
  HostRef ref,
  Map<String, HostBinding> bindings,
) =>
    Environment._(ref, bindings);

/// The static assets that [env] has, under whatever name; `null` if there are
/// none.
Fetcher? assetsOf(Environment env) {
  for (final MapEntry(key: name, value: binding) in env._bindings.entries) {
    if (binding.kind == 'assets') return env.getAssets(name);
  }
  return null;
}

const String _unknown = 'unknown';

const Map<String, String> _kinds = {
  'kv_namespaces': 'KV namespace',
  'durable_objects': 'Durable Object namespace',
  'vars': 'variable',
  'secrets': 'secret',
  'r2_buckets': 'R2 bucket',
  'd1_databases': 'D1 database',
  'queues': 'queue',
  'services': 'service',
  'assets': 'assets fetcher',
  'workflows': 'workflow',
  'ai': 'Workers AI binding',
  'vectorize': 'Vectorize index',
  'hyperdrive': 'Hyperdrive configuration',
  'analytics_engine_datasets': 'Analytics Engine dataset',
  'browser': 'browser',
  'images': 'Images binding',
  'media': 'Media Transformations binding',
  'stream': 'Stream binding',
  'send_email': 'email sender',
  'ratelimits': 'rate limiter',
  'version_metadata': 'version metadata',
  'secrets_store_secrets': 'Secrets Store secret',
  'mtls_certificates': 'mTLS certificate',
  'dispatch_namespaces': 'dispatch namespace',
  'pipelines': 'pipeline',
  'ai_search': 'AI Search instance',
  'ai_search_namespaces': 'AI Search namespace',
  'worker_loaders': 'worker loader',
  'vpc_services': 'VPC service',
  'vpc_networks': 'VPC network',
  'flagship': 'Flagship app',
  _unknown: 'binding',
};

String _label(String kind) => _kinds[kind] ?? 'binding of `$kind`';

/// How many letters must be changed, added or removed to turn [a] into [b].
int _distance(String a, String b) {
  var previous = List.generate(b.length + 1, (i) => i);
  for (var i = 1; i <= a.length; i++) {
    final current = List.filled(b.length + 1, i);
    for (var j = 1; j <= b.length; j++) {
      final replaced = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      final changed =
          1 + (previous[j] < current[j - 1] ? previous[j] : current[j - 1]);
      current[j] = replaced < changed ? replaced : changed;
    }
    previous = current;
  }
  return previous.last;
}
