//! The configuration of one Worker under test: the project's own, with all that it stores under names of its own.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::config::{Config, Environment, PAGES_ASSETS};
use crate::dev::bridge::SELF_BINDING;
use crate::dev::derived::{BUILD_KEYS, PAGES_KEYS, is_binding, pages_variables};

/// What says where a Worker is on Cloudflare, and how `wrangler dev` listens: nothing of it is for a test.
const ELSEWHERE: [&str; 9] =
    ["env", "dev", "route", "routes", "workers_dev", "preview_urls", "tail_consumers", "logpush", "tsconfig"];

/// Keys of bindings whose data is kept locally; of what is there on Cloudflare, a test is to see nothing.
const STORED: [&str; 5] = ["kv_namespaces", "d1_databases", "r2_buckets", "queues", "workflows"];

/// A name that a Worker under test may have instead of the one that is configured.
pub(super) fn suffix(number: usize) -> String {
    format!("-dftest-{number}")
}

/// Which Worker it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Identity<'a> {
    /// What it is called in this run, and in no other one.
    pub(super) name: &'a str,
    /// Which of the Workers that run together.
    pub(super) number: usize,
    /// The file that it begins with, from the folder of its configuration.
    pub(super) main: &'a str,
}

/// The configuration of the Worker under test that is `identity`. Its static files are in `assets`, if that is not the
/// folder that is configured.
pub(super) fn configuration(
    config: &Config,
    environment: &Environment,
    identity: Identity<'_>,
    assets: Option<&Path>,
) -> Map<String, Value> {
    let mut root = config.flattened(environment);
    let own_name = environment.name.as_deref().unwrap_or_default();
    for key in BUILD_KEYS.iter().chain(&ELSEWHERE) {
        root.remove(*key);
    }
    if config.is_pages() {
        root.retain(|key, _| PAGES_KEYS.contains(&key.as_str()) || is_binding(key));
        let variables = root.entry("vars").or_insert_with(|| json!({}));
        if let Value::Object(variables) = variables {
            for (name, value) in pages_variables(own_name) {
                variables.entry(name).or_insert_with(|| value.into());
            }
        }
    }
    root.insert("name".to_owned(), identity.name.into());
    root.insert("main".to_owned(), identity.main.into());
    place_assets(&mut root, config, assets);
    for key in STORED {
        if let Some(value) = root.get_mut(key) {
            keep_local(value);
        }
    }
    let suffix = suffix(identity.number);
    let rename = |table: &mut Map<String, Value>, key: &str, otherwise: &str| {
        let name = table.get(key).or_else(|| table.get(otherwise)).and_then(Value::as_str);
        let name = format!("{}{suffix}", name.unwrap_or_default());
        table.insert(key.to_owned(), name.into());
    };
    each(&mut root, &["kv_namespaces"], |table| {
        table.remove("preview_id");
        rename(table, "id", "binding");
    });
    each(&mut root, &["d1_databases"], |table| {
        table.remove("preview_database_id");
        table.remove("migrations_dir");
        if !table.contains_key("database_name") {
            rename(table, "database_name", "binding");
        }
        rename(table, "database_id", "binding");
    });
    each(&mut root, &["r2_buckets"], |table| {
        table.remove("preview_bucket_name");
        // A name of its own, where none is configured, has no capitals.
        if !table.contains_key("bucket_name") {
            let binding = table.get("binding").and_then(Value::as_str).unwrap_or_default();
            let bucket = binding.to_lowercase().replace('_', "-");
            table.insert("bucket_name".to_owned(), bucket.into());
        }
        rename(table, "bucket_name", "binding");
    });
    each(&mut root, &["queues", "producers"], |table| rename(table, "queue", "queue"));
    each(&mut root, &["queues", "consumers"], |table| {
        rename(table, "queue", "queue");
        if table.contains_key("dead_letter_queue") {
            rename(table, "dead_letter_queue", "dead_letter_queue");
        }
    });
    let is_own = |table: &Map<String, Value>, key: &str| {
        table.get(key).and_then(Value::as_str).is_some_and(|name| name == own_name)
    };
    each(&mut root, &["workflows"], |table| {
        if is_own(table, "script_name") {
            table.remove("script_name");
        }
        if !table.contains_key("script_name") {
            rename(table, "name", "binding");
        }
    });
    each(&mut root, &["durable_objects", "bindings"], |table| {
        if is_own(table, "script_name") {
            table.remove("script_name");
        }
    });
    each(&mut root, &["services"], |table| {
        if is_own(table, "service") {
            table.insert("service".to_owned(), identity.name.into());
        }
    });
    let services = root.entry("services").or_insert_with(|| json!([]));
    if let Value::Array(services) = services {
        services.push(json!({ "binding": SELF_BINDING, "service": identity.name }));
    }
    root
}

/// Has the static files found from another folder than the project's.
fn place_assets(root: &mut Map<String, Value>, config: &Config, assets: Option<&Path>) {
    if config.is_pages() {
        let Some(folder) = assets else { return };
        let not_found =
            if folder.join("404.html").is_file() { "404-page" } else { "single-page-application" };
        root.insert(
            "assets".to_owned(),
            json!({
                "directory": folder,
                "binding": PAGES_ASSETS,
                "run_worker_first": true,
                "not_found_handling": not_found,
            }),
        );
        return;
    }
    if let Some(Value::String(directory)) = root.get_mut("assets").and_then(|it| it.get_mut("directory")) {
        *directory = config.dir.join(&*directory).to_string_lossy().into_owned();
    }
    for key in ["wasm_modules", "text_blobs", "data_blobs"] {
        for (_, path) in root.get_mut(key).and_then(Value::as_object_mut).into_iter().flatten() {
            if let Value::String(path) = path {
                *path = config.dir.join(&*path).to_string_lossy().into_owned();
            }
        }
    }
    if let Some(Value::String(bucket)) = root.get_mut("site").and_then(|site| site.get_mut("bucket")) {
        *bucket = config.dir.join(&*bucket).to_string_lossy().into_owned();
    }
}

/// Takes away that a binding is to lead to Cloudflare.
fn keep_local(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(keep_local),
        Value::Object(table) => {
            table.remove("remote");
            table.remove("experimental_remote");
            table.values_mut().for_each(keep_local);
        }
        _ => {}
    }
}

/// Changes each table of the list at `path`.
fn each(root: &mut Map<String, Value>, path: &[&str], change: impl Fn(&mut Map<String, Value>)) {
    let Some((first, rest)) = path.split_first() else { return };
    let mut value = root.get_mut(*first);
    for key in rest {
        value = value.and_then(|value| value.get_mut(*key));
    }
    let Some(Value::Array(items)) = value else { return };
    items.iter_mut().filter_map(Value::as_object_mut).for_each(change);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Format;

    fn isolated(text: &str) -> Value {
        let mut config = Config::of_text(Format::Jsonc, text).unwrap();
        config.dir = "/app".into();
        let environment = config.resolve(None).unwrap();
        let identity = Identity { name: "t1", number: 3, main: "3.mjs" };
        Value::Object(configuration(&config, &environment, identity, Some(Path::new("/files"))))
    }

    #[test]
    fn what_is_stored_is_its_own() {
        let derived = isolated(
            r#"{
              "name": "shop", "main": "build/worker.mjs", "compatibility_date": "2026-01-01", "no_bundle": true,
              "routes": ["shop.example/*"], "assets": { "directory": "./public" },
              "kv_namespaces": [{ "binding": "A", "id": "a", "remote": true }, { "binding": "B" }],
              "d1_databases": [{ "binding": "DB", "database_name": "db", "database_id": "1", "migrations_dir": "m" }],
              "r2_buckets": [{ "binding": "FILES_2" }],
              "queues": { "producers": [{ "binding": "Q", "queue": "q" }],
                          "consumers": [{ "queue": "q", "dead_letter_queue": "dead" }] },
              "durable_objects": { "bindings": [
                { "name": "C", "class_name": "Counter", "script_name": "shop" },
                { "name": "D", "class_name": "Other", "script_name": "other" }] },
              "services": [{ "binding": "ME", "service": "shop", "entrypoint": "Api" },
                           { "binding": "OTHER", "service": "other" }]
            }"#,
        );
        let expected = json!({
            "name": "t1", "main": "3.mjs", "compatibility_date": "2026-01-01",
            "assets": { "directory": "/app/./public" },
            "kv_namespaces": [{ "binding": "A", "id": "a-dftest-3" }, { "binding": "B", "id": "B-dftest-3" }],
            "d1_databases": [{ "binding": "DB", "database_name": "db", "database_id": "1-dftest-3" }],
            "r2_buckets": [{ "binding": "FILES_2", "bucket_name": "files-2-dftest-3" }],
            "queues": { "producers": [{ "binding": "Q", "queue": "q-dftest-3" }],
                        "consumers": [{ "queue": "q-dftest-3", "dead_letter_queue": "dead-dftest-3" }] },
            "durable_objects": { "bindings": [
                { "name": "C", "class_name": "Counter" },
                { "name": "D", "class_name": "Other", "script_name": "other" }] },
            "services": [{ "binding": "ME", "service": "t1", "entrypoint": "Api" },
                         { "binding": "OTHER", "service": "other" },
                         { "binding": SELF_BINDING, "service": "t1" }],
        });
        assert_eq!(derived, expected, "{derived:#}");
    }

    #[test]
    fn a_pages_project_is_a_worker_with_static_files() {
        let derived = isolated(
            r#"{ "name": "site", "pages_build_output_dir": "./public", "compatibility_date": "2026-01-01" }"#,
        );
        assert_eq!(derived["assets"]["directory"], "/files");
        assert_eq!(derived["assets"]["run_worker_first"], true);
        assert_eq!(derived["vars"]["CF_PAGES"], "1");
        assert_eq!(derived.get("pages_build_output_dir"), None);
    }
}
