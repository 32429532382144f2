//! The one table of binding kinds. Everything that needs to know a kind reads this table; a new kind, or a type
//! for a known one, is one entry here. Whether environments inherit a kind is in [`crate::config::keys`], with
//! all other keys.

/// How the configuration spells the bindings of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A list of tables, each with its name under this key.
    List(&'static str),
    /// One table, with its name under this key; without the key there is no binding.
    One(&'static str),
    /// One table whose keys are the names.
    Keys,
    /// A list of names.
    Names,
}

/// How generated Dart reads a binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accessor {
    /// By a method of `Environment` that takes the name and answers with this type.
    Method { name: &'static str, ty: &'static str },
    /// By `Environment.variable`, with the type of the configured value.
    Variable,
    /// By `Environment.secret`.
    Secret,
}

/// A kind of binding.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BindingKind {
    /// The keys that lead to the bindings, outermost first.
    pub(crate) path: &'static [&'static str],
    pub(crate) shape: Shape,
    /// The key of a binding that says most about it to a reader, if any.
    pub(crate) detail: Option<&'static str>,
    /// What messages call one, with its article.
    pub(crate) label: &'static str,
    /// Cloudflare's page about it.
    pub(crate) url: &'static str,
    pub(crate) accessor: Accessor,
}

impl BindingKind {
    /// The key of the configuration that holds the bindings, as in `kv_namespaces`.
    pub(crate) fn key(&self) -> &'static str {
        self.path.first().copied().unwrap_or_default()
    }

    /// The label without its article.
    pub(crate) fn noun(&self) -> &'static str {
        self.label.split_once(' ').map_or(self.label, |(_, noun)| noun)
    }
}

const fn kind(
    path: &'static [&'static str],
    shape: Shape,
    detail: Option<&'static str>,
    label: &'static str,
    url: &'static str,
    accessor: Accessor,
) -> BindingKind {
    BindingKind { path, shape, detail, label, url, accessor }
}

/// For a kind without a Dart type of its own.
const UNTYPED: Accessor = Accessor::Method { name: "binding", ty: "JSBinding" };

const BINDING: Shape = Shape::List("binding");
const NAME: Shape = Shape::List("name");
const ONE: Shape = Shape::One("binding");

/// Every kind Wrangler knows, in the order messages and generated code list them.
pub(crate) static KINDS: &[BindingKind] = &[
    kind(
        &["kv_namespaces"],
        BINDING,
        Some("id"),
        "a KV namespace",
        "https://developers.cloudflare.com/kv/api/",
        Accessor::Method { name: "getKVNamespace", ty: "KVNamespace" },
    ),
    kind(
        &["durable_objects", "bindings"],
        NAME,
        Some("class_name"),
        "a Durable Object namespace",
        "https://developers.cloudflare.com/durable-objects/api/namespace/",
        Accessor::Method { name: "getDurableObjectNamespace", ty: "DurableObjectNamespace" },
    ),
    kind(
        &["vars"],
        Shape::Keys,
        None,
        "a variable",
        "https://developers.cloudflare.com/workers/configuration/environment-variables/",
        Accessor::Variable,
    ),
    kind(
        &["secrets", "required"],
        Shape::Names,
        None,
        "a secret",
        "https://developers.cloudflare.com/workers/configuration/secrets/",
        Accessor::Secret,
    ),
    kind(
        &["r2_buckets"],
        BINDING,
        Some("bucket_name"),
        "an R2 bucket",
        "https://developers.cloudflare.com/r2/api/workers/workers-api-reference/",
        Accessor::Method { name: "getR2Bucket", ty: "R2Bucket" },
    ),
    kind(
        &["d1_databases"],
        BINDING,
        Some("database_name"),
        "a D1 database",
        "https://developers.cloudflare.com/d1/worker-api/",
        Accessor::Method { name: "getD1Database", ty: "D1Database" },
    ),
    kind(
        &["queues", "producers"],
        BINDING,
        Some("queue"),
        "a queue",
        "https://developers.cloudflare.com/queues/configuration/javascript-apis/",
        Accessor::Method { name: "getQueue", ty: "Queue" },
    ),
    kind(
        &["services"],
        BINDING,
        Some("service"),
        "a service",
        "https://developers.cloudflare.com/workers/runtime-apis/bindings/service-bindings/",
        Accessor::Method { name: "getService", ty: "Service" },
    ),
    kind(
        &["assets"],
        ONE,
        Some("directory"),
        "an assets fetcher",
        "https://developers.cloudflare.com/workers/static-assets/binding/",
        Accessor::Method { name: "getAssets", ty: "Fetcher" },
    ),
    kind(
        &["workflows"],
        BINDING,
        Some("class_name"),
        "a workflow",
        "https://developers.cloudflare.com/workflows/build/workers-api/",
        Accessor::Method { name: "getWorkflow", ty: "Workflow" },
    ),
    kind(
        &["ai"],
        ONE,
        None,
        "a Workers AI binding",
        "https://developers.cloudflare.com/workers-ai/configuration/bindings/",
        Accessor::Method { name: "getAi", ty: "Ai" },
    ),
    kind(
        &["vectorize"],
        BINDING,
        Some("index_name"),
        "a Vectorize index",
        "https://developers.cloudflare.com/vectorize/reference/client-api/",
        Accessor::Method { name: "getVectorizeIndex", ty: "VectorizeIndex" },
    ),
    kind(
        &["hyperdrive"],
        BINDING,
        Some("id"),
        "a Hyperdrive configuration",
        "https://developers.cloudflare.com/hyperdrive/",
        Accessor::Method { name: "getHyperdrive", ty: "Hyperdrive" },
    ),
    kind(
        &["analytics_engine_datasets"],
        BINDING,
        Some("dataset"),
        "an Analytics Engine dataset",
        "https://developers.cloudflare.com/analytics/analytics-engine/",
        Accessor::Method { name: "getAnalyticsEngineDataset", ty: "AnalyticsEngineDataset" },
    ),
    kind(
        &["analytics"],
        ONE,
        None,
        "an analytics query binding",
        "https://developers.cloudflare.com/analytics/",
        UNTYPED,
    ),
    kind(
        &["browser"],
        ONE,
        None,
        "a browser",
        "https://developers.cloudflare.com/browser-rendering/",
        Accessor::Method { name: "getBrowser", ty: "Browser" },
    ),
    kind(
        &["images"],
        ONE,
        None,
        "an Images binding",
        "https://developers.cloudflare.com/images/transform-images/bindings/",
        Accessor::Method { name: "getImages", ty: "ImagesBinding" },
    ),
    kind(
        &["media"],
        ONE,
        None,
        "a Media Transformations binding",
        "https://developers.cloudflare.com/stream/transform-videos/bindings/",
        Accessor::Method { name: "getMedia", ty: "MediaBinding" },
    ),
    kind(
        &["stream"],
        ONE,
        None,
        "a Stream binding",
        "https://developers.cloudflare.com/stream/",
        Accessor::Method { name: "getStream", ty: "StreamBinding" },
    ),
    kind(
        &["send_email"],
        NAME,
        Some("destination_address"),
        "an email sender",
        "https://developers.cloudflare.com/email-routing/email-workers/send-email-workers/",
        Accessor::Method { name: "getSendEmail", ty: "SendEmail" },
    ),
    kind(
        &["ratelimits"],
        NAME,
        Some("namespace_id"),
        "a rate limiter",
        "https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/",
        Accessor::Method { name: "getRateLimit", ty: "RateLimit" },
    ),
    kind(
        &["version_metadata"],
        ONE,
        None,
        "the version metadata",
        "https://developers.cloudflare.com/workers/runtime-apis/bindings/version-metadata/",
        Accessor::Method { name: "getVersionMetadata", ty: "VersionMetadata" },
    ),
    kind(
        &["secrets_store_secrets"],
        BINDING,
        Some("secret_name"),
        "a Secrets Store secret",
        "https://developers.cloudflare.com/secrets-store/integrations/workers/",
        Accessor::Method { name: "getSecretsStoreSecret", ty: "SecretsStoreSecret" },
    ),
    kind(
        &["mtls_certificates"],
        BINDING,
        Some("certificate_id"),
        "an mTLS certificate",
        "https://developers.cloudflare.com/workers/runtime-apis/bindings/mtls/",
        Accessor::Method { name: "getMtlsCertificate", ty: "Fetcher" },
    ),
    kind(
        &["dispatch_namespaces"],
        BINDING,
        Some("namespace"),
        "a dispatch namespace",
        "https://developers.cloudflare.com/cloudflare-for-platforms/workers-for-platforms/",
        Accessor::Method { name: "getDispatchNamespace", ty: "DispatchNamespace" },
    ),
    kind(
        &["pipelines"],
        BINDING,
        Some("pipeline"),
        "a pipeline",
        "https://developers.cloudflare.com/pipelines/",
        Accessor::Method { name: "getPipeline", ty: "Pipeline" },
    ),
    kind(&["k2"], BINDING, Some("stream"), "a K2 stream", "https://developers.cloudflare.com/", UNTYPED),
    kind(
        &["ai_search"],
        BINDING,
        Some("instance_name"),
        "an AI Search instance",
        "https://developers.cloudflare.com/ai-search/",
        Accessor::Method { name: "getAiSearch", ty: "AiSearchInstance" },
    ),
    kind(
        &["ai_search_namespaces"],
        BINDING,
        Some("namespace"),
        "an AI Search namespace",
        "https://developers.cloudflare.com/ai-search/",
        Accessor::Method { name: "getAiSearchNamespace", ty: "AiSearchNamespace" },
    ),
    kind(
        &["agent_memory"],
        BINDING,
        Some("namespace"),
        "an agent memory",
        "https://developers.cloudflare.com/agents/",
        UNTYPED,
    ),
    kind(
        &["worker_loaders"],
        BINDING,
        None,
        "a worker loader",
        "https://developers.cloudflare.com/workers/runtime-apis/bindings/worker-loader/",
        Accessor::Method { name: "getWorkerLoader", ty: "WorkerLoader" },
    ),
    kind(
        &["vpc_services"],
        BINDING,
        Some("service_id"),
        "a VPC service",
        "https://developers.cloudflare.com/workers-vpc/",
        Accessor::Method { name: "getVpcService", ty: "Fetcher" },
    ),
    kind(
        &["vpc_networks"],
        BINDING,
        Some("network_id"),
        "a VPC network",
        "https://developers.cloudflare.com/workers-vpc/",
        Accessor::Method { name: "getVpcNetwork", ty: "Fetcher" },
    ),
    kind(
        &["artifacts"],
        BINDING,
        Some("namespace"),
        "an artifacts namespace",
        "https://developers.cloudflare.com/workers/",
        UNTYPED,
    ),
    kind(
        &["flagship"],
        BINDING,
        Some("app_id"),
        "a Flagship app",
        "https://developers.cloudflare.com/workers/",
        Accessor::Method { name: "getFlagship", ty: "Flagship" },
    ),
    kind(
        &["logfwdr", "bindings"],
        NAME,
        Some("destination"),
        "a log forwarder",
        "https://developers.cloudflare.com/workers/observability/",
        UNTYPED,
    ),
    kind(
        &["unsafe", "bindings"],
        NAME,
        Some("type"),
        "an unsafe binding",
        "https://developers.cloudflare.com/workers/wrangler/configuration/",
        UNTYPED,
    ),
    kind(
        &["unsafe_hello_world"],
        BINDING,
        None,
        "a hello world binding",
        "https://developers.cloudflare.com/workers/wrangler/configuration/",
        UNTYPED,
    ),
    kind(
        &["wasm_modules"],
        Shape::Keys,
        None,
        "a Wasm module",
        "https://developers.cloudflare.com/workers/wrangler/configuration/",
        UNTYPED,
    ),
    kind(
        &["text_blobs"],
        Shape::Keys,
        None,
        "a text blob",
        "https://developers.cloudflare.com/workers/wrangler/configuration/",
        UNTYPED,
    ),
    kind(
        &["data_blobs"],
        Shape::Keys,
        None,
        "a data blob",
        "https://developers.cloudflare.com/workers/wrangler/configuration/",
        UNTYPED,
    ),
];

#[cfg(test)]
mod tests {
    use super::KINDS;
    use crate::config::keys;

    #[test]
    fn every_kind_is_a_known_key() {
        for kind in KINDS {
            assert!(keys::scope(kind.key()).is_some(), "{:?}", kind.path);
        }
    }
}
