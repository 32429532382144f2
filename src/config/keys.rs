//! The keys a Wrangler configuration may have, and what named environments make of each.
//!
//! Wrangler publishes them as `config-schema.json`; a test compares this table with that file. The table holds
//! the keys of current and older Wranglers together, so that a project on either is told only about its typos.

/// What a named environment makes of a key of the top level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// An environment has the top level's value unless it sets its own, which replaces it whole.
    Inherited,
    /// An environment has only what it sets itself.
    Own,
    /// Read at the top level only, for all environments.
    TopLevel,
}

/// What may stand inside a key. Lists are transparent: the shape is that of their items.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Inside {
    /// Nothing that has keys.
    Nothing,
    /// Any keys: they are the user's own.
    Anything,
    /// These keys.
    Keys(&'static [Key]),
    /// One environment's keys under each name.
    Environments,
    /// The keys of the `previews` table.
    Previews,
}

/// A key and what may stand inside it.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) inside: Inside,
}

macro_rules! name {
    ($name:ident) => {
        stringify!($name)
    };
    ($name:literal) => {
        $name
    };
}

macro_rules! inside {
    () => {
        Inside::Nothing
    };
    (*) => {
        Inside::Anything
    };
    ($($keys:tt)+) => {
        Inside::Keys(keys!($($keys)+))
    };
}

macro_rules! keys {
    ($($name:tt $({ $($inside:tt)* })?),* $(,)?) => {
        &[$(Key { name: name!($name), inside: inside!($($($inside)*)?) }),*]
    };
}

/// Keys of [`Scope::Inherited`].
const INHERITED: &[Key] = keys![
    name,
    account_id,
    compatibility_date,
    compatibility_flags,
    main,
    find_additional_modules,
    preserve_file_names,
    base_dir,
    workers_dev,
    preview_urls,
    routes { pattern, zone_id, zone_name, custom_domain, enabled, previews_enabled },
    route { pattern, zone_id, zone_name, custom_domain, enabled, previews_enabled },
    tsconfig,
    jsx_factory,
    jsx_fragment,
    migrations {
        tag,
        new_classes,
        new_sqlite_classes,
        renamed_classes { from, to },
        transferred_classes { from, from_script, to },
        deleted_classes
    },
    exports { * },
    triggers { crons, events { type, filter { namespace, repo_name }, targets { type, workflow_name } } },
    limits { cpu_ms, subrequests },
    rules { type, globs, fallthrough },
    build { command, cwd, watch_dir },
    no_bundle,
    minify,
    keep_names,
    first_party_worker,
    logfwdr { bindings { name, destination } },
    logpush,
    upload_source_maps,
    placement { mode, hint, region, host, hostname },
    assets { directory, binding, html_handling, not_found_handling, base_path, run_worker_first },
    observability {
        enabled,
        head_sampling_rate,
        redact_query_string,
        issues { enabled },
        logs { enabled, head_sampling_rate, invocation_logs, persist, destinations },
        traces { enabled, head_sampling_rate, persist, destinations }
    },
    compliance_region,
    python_modules { exclude },
    access { dev { aud, identity { * } } },
    cache { enabled, cross_version_cache },
];

/// Keys of [`Scope::Own`].
const OWN: &[Key] = keys![
    define { * },
    vars { * },
    secrets { required },
    durable_objects {
        bindings { name, class_name, script_name, environment },
        code_update_strategy { mode, max_delay }
    },
    workflows {
        binding,
        name,
        class_name,
        script_name,
        remote,
        limits { steps },
        concurrency { limit },
        schedules,
        default_retention { success_retention, error_retention },
        jurisdiction
    },
    cloudchamber { image, location, instance_type, vcpu, memory, ipv4 },
    containers {
        name,
        max_instances,
        image,
        images { * },
        image_build_context,
        image_vars { * },
        class_name,
        observability { enabled, logs { enabled }, target_instance_percentage, target_instance_count },
        scheduling_policy,
        instance_type { vcpu, memory_mib, disk_mb },
        ssh { enabled, port },
        authorized_keys { name, public_key },
        trusted_user_ca_keys { name, public_key },
        constraints { regions, jurisdiction },
        rollout_step_percentage,
        rollout_active_grace_period
    },
    kv_namespaces { binding, id, preview_id, remote },
    send_email {
        name,
        destination_address,
        allowed_destination_addresses,
        allowed_sender_addresses,
        remote
    },
    queues {
        producers { binding, queue, delivery_delay, remote },
        consumers {
            queue,
            type,
            max_batch_size,
            max_batch_timeout,
            max_retries,
            dead_letter_queue,
            max_concurrency,
            visibility_timeout_ms,
            retry_delay
        }
    },
    connect { protocol, port, address, idle_timeout_ms, max_pending_bytes },
    r2_buckets {
        binding,
        bucket_name,
        preview_bucket_name,
        jurisdiction,
        remote,
        local_dev { experimental_s3_credentials { accessKeyId, secretAccessKey } }
    },
    d1_databases {
        binding,
        database_name,
        database_id,
        jurisdiction,
        preview_database_id,
        migrations_table,
        migrations_dir,
        migrations_pattern,
        database_internal_env,
        remote
    },
    vectorize { binding, index_name, remote },
    ai_search_namespaces { binding, namespace, remote },
    ai_search { binding, instance_name, remote },
    agent_memory { binding, namespace, remote },
    hyperdrive { binding, id, localConnectionString, remote },
    services { binding, service, environment, entrypoint, props { * }, remote },
    analytics_engine_datasets { binding, dataset, remote },
    browser { binding, remote },
    analytics { binding, remote },
    ai { binding, staging, remote },
    images { binding, remote },
    media { binding, remote },
    stream { binding, remote },
    version_metadata { binding },
    unsafe { bindings { * }, metadata { * }, capnp { base_path, source_schemas, compiled_schema } },
    mtls_certificates { binding, certificate_id, remote },
    tail_consumers { service, environment },
    streaming_tail_consumers { service },
    dispatch_namespaces { binding, namespace, outbound { service, environment, parameters }, remote },
    pipelines { binding, stream, pipeline, remote },
    k2 { binding, stream, remote },
    secrets_store_secrets { binding, store_id, secret_name },
    artifacts { binding, namespace, remote },
    unsafe_hello_world { binding, enable_timer },
    flagship { binding, app_id, remote },
    ratelimits { name, namespace_id, simple { limit, period } },
    worker_loaders { binding },
    vpc_services { binding, service_id, remote },
    vpc_networks { binding, tunnel_id, network_id, remote },
];

/// Keys of [`Scope::TopLevel`].
const TOP_LEVEL: &[Key] = keys![
    "$schema",
    pages_build_output_dir,
    legacy_env,
    send_metrics,
    dependencies_instrumentation { enabled, exclude_packages },
    dev {
        ip,
        port,
        inspector_port,
        inspector_ip,
        local_protocol,
        upstream_protocol,
        host,
        enable_containers,
        container_engine { localDocker { socketPath, containerEgressInterceptorImage } },
        generate_types
    },
    site { bucket, "entry-point", include, exclude },
    addresses,
    wasm_modules { * },
    text_blobs { * },
    data_blobs { * },
    alias { * },
    keep_vars,
];

const ENV: Key = Key { name: "env", inside: Inside::Environments };
const PREVIEWS: Key = Key { name: "previews", inside: Inside::Previews };

/// What `previews` takes beside the keys of [`Scope::Own`].
const IN_PREVIEWS: &[&str] = &["logpush", "observability", "limits", "placement", "cache"];

/// What a key of the top level is to named environments; `None` for a key that Wrangler does not know.
pub(crate) fn scope(name: &str) -> Option<Scope> {
    let holds = |keys: &[Key]| keys.iter().any(|key| key.name == name);
    if name == PREVIEWS.name || holds(INHERITED) {
        Some(Scope::Inherited)
    } else if holds(OWN) {
        Some(Scope::Own)
    } else if name == ENV.name || holds(TOP_LEVEL) {
        Some(Scope::TopLevel)
    } else {
        None
    }
}

/// The keys of [`Scope::Own`].
pub(crate) fn own() -> impl Iterator<Item = &'static str> {
    OWN.iter().map(|key| key.name)
}

/// A table of the configuration, which decides the keys it may have.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Table {
    Top,
    Environment,
    Previews,
    Listed(&'static [Key]),
}

impl Table {
    /// The keys that may stand in this table.
    pub(crate) fn keys(self) -> Vec<&'static Key> {
        match self {
            Self::Top => TOP_LEVEL.iter().chain(INHERITED).chain(OWN).chain([&ENV, &PREVIEWS]).collect(),
            Self::Environment => INHERITED.iter().chain(OWN).chain([&PREVIEWS]).collect(),
            Self::Previews => {
                INHERITED.iter().filter(|key| IN_PREVIEWS.contains(&key.name)).chain(OWN).collect()
            }
            Self::Listed(keys) => keys.iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    use serde_json::Value;

    use super::{Inside, Table, scope};

    /// Keys the table holds and an older schema does not: those of newer Wranglers, and two that Wrangler
    /// reads without saying so in its schema.
    const BEYOND: &[&str] = &[
        "access",
        "addresses",
        "agent_memory",
        "analytics",
        "analytics_engine_datasets.remote",
        "assets.base_path",
        "cache",
        "connect",
        "containers.images",
        "containers.observability",
        "d1_databases.jurisdiction",
        "d1_databases.migrations_pattern",
        "dependencies_instrumentation",
        "durable_objects.code_update_strategy",
        "exports",
        "hyperdrive.remote",
        "k2",
        "legacy_env",
        "migrations.transferred_classes",
        "observability.issues",
        "observability.redact_query_string",
        "pipelines.stream",
        "previews.agent_memory",
        "previews.analytics",
        "previews.cache",
        "previews.connect",
        "previews.k2",
        "previews.placement",
        "r2_buckets.local_dev",
        "services.environment",
        "triggers.events",
        "workflows.concurrency",
        "workflows.default_retention",
        "workflows.jurisdiction",
        "workflows.remote",
        "workflows.schedules",
    ];

    fn schema() -> Option<Value> {
        let tools = std::env::var_os("DARTFLARE_TOOLS")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tools"), PathBuf::from);
        let path = tools.join("node_modules/wrangler/config-schema.json");
        let text = std::fs::read_to_string(path).ok()?;
        Some(serde_json::from_str(&text).expect("Wrangler's schema is JSON"))
    }

    fn resolved<'a>(schema: &'a Value, mut node: &'a Value) -> &'a Value {
        while let Some(reference) = node.get("$ref").and_then(Value::as_str) {
            let name = reference.rsplit('/').next().expect("a name");
            node = &schema["definitions"][name];
        }
        node
    }

    /// Every key path of the schema below `node`, lists transparent; below `previews` once only, since it
    /// nests, and keys of `unsafe.bindings` not at all, since any key may stand there.
    fn of_schema(schema: &Value, node: &Value, path: &str, found: &mut BTreeSet<String>) {
        let node = resolved(schema, node);
        for choice in ["anyOf", "allOf"] {
            for node in node.get(choice).and_then(Value::as_array).into_iter().flatten() {
                of_schema(schema, node, path, found);
            }
        }
        if let Some(items) = node.get("items").filter(|items| items.is_object()) {
            of_schema(schema, items, path, found);
        }
        for (name, node) in node.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            // Any key may stand in the first, and the second is compared by itself.
            if path.starts_with("unsafe.bindings.") || path.starts_with("env.") {
                continue;
            }
            let inner = path != "env" && !path.starts_with("previews.");
            found.insert(path.clone());
            if inner {
                of_schema(schema, node, &path, found);
            }
        }
    }

    fn of_table(table: Table, path: &str, found: &mut BTreeSet<String>) {
        for key in table.keys() {
            let path = if path.is_empty() { key.name.to_owned() } else { format!("{path}.{}", key.name) };
            found.insert(path.clone());
            match key.inside {
                Inside::Keys(keys) if !path.starts_with("previews.") => {
                    of_table(Table::Listed(keys), &path, found);
                }
                Inside::Previews => of_table(Table::Previews, &path, found),
                _ => {}
            }
        }
    }

    fn differences(found: &BTreeSet<String>, schema: &BTreeSet<String>) -> (Vec<String>, Vec<String>) {
        let missing = schema.difference(found).cloned().collect();
        let beyond =
            |path: &String| BEYOND.iter().any(|name| path == name || path.starts_with(&format!("{name}.")));
        let invented = found.difference(schema).filter(|path| !beyond(path)).cloned().collect();
        (missing, invented)
    }

    #[test]
    fn the_table_is_wranglers_own() {
        let Some(schema) = schema() else {
            eprintln!("skipped: no tools/node_modules/wrangler/config-schema.json to compare with");
            return;
        };
        let environment = &schema["definitions"]["RawEnvironment"];
        for (table, node) in
            [(Table::Top, &schema["definitions"]["RawConfig"]), (Table::Environment, environment)]
        {
            let mut theirs = BTreeSet::new();
            of_schema(&schema, node, "", &mut theirs);
            assert!(theirs.len() > 200, "the schema's shape has changed: {} keys", theirs.len());
            let mut ours = BTreeSet::new();
            of_table(table, "", &mut ours);
            assert_eq!(differences(&ours, &theirs), (vec![], vec![]), "(missing, invented) in {table:?}");
        }
        // The schema's own note says what is not inherited; it forgets it here and there.
        for (name, node) in environment["properties"].as_object().expect("properties") {
            let said = node["description"].as_str().unwrap_or_default();
            let own = said.contains("not automatically inherited")
                || said.contains("must be specified separately")
                || ["version_metadata", "durable_objects"].contains(&name.as_str());
            let expected = if own { super::Scope::Own } else { super::Scope::Inherited };
            assert_eq!(scope(name), Some(expected), "{name}");
        }
    }

    #[test]
    fn no_key_stands_in_two_scopes() {
        let keys = Table::Top.keys();
        let names: BTreeSet<_> = keys.iter().map(|key| key.name).collect();
        assert_eq!(names.len(), keys.len());
    }
}
