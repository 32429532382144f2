//! What the configuration of a Pages project may say. Wrangler refuses the rest only when it deploys.

use super::environment::{Environment, expect_string};
use super::keys;
use super::value::{Entry, Kind, Value};
use super::{Source, toml_key};
use crate::diagnostic::{Code, Diagnostic};

/// The key that makes it one.
pub(crate) const OUTPUT: &str = "pages_build_output_dir";

/// The environments that Cloudflare has for it.
pub(super) const ENVIRONMENTS: [&str; 2] = ["preview", "production"];

/// The keys that Wrangler deploys it with.
pub(super) const KEYS: [&str; 24] = [
    OUTPUT,
    "name",
    "compatibility_date",
    "compatibility_flags",
    "send_metrics",
    "no_bundle",
    "limits",
    "placement",
    "vars",
    "durable_objects",
    "kv_namespaces",
    "queues",
    "r2_buckets",
    "d1_databases",
    "vectorize",
    "hyperdrive",
    "services",
    "analytics_engine_datasets",
    "ai",
    "version_metadata",
    "dev",
    "mtls_certificates",
    "browser",
    "upload_source_maps",
];

/// Keys that Wrangler does not look at here.
pub(super) const UNSEEN: [&str; 3] = ["$schema", "env", "legacy_env"];

const HINT: &str = "remove it, or remove `pages_build_output_dir` if this is a Worker";

/// An error for what can never be: an output directory that is no text, and classes of the project's own.
pub(super) fn refuse(source: &Source, root: &Value, environments: &[Environment]) -> Result<(), Diagnostic> {
    let Some(directory) = root.get(OUTPUT) else { return Ok(()) };
    if expect_string(source, directory, OUTPUT)?.is_empty() {
        return Err(source.error(Code::MissingValue, format!("`{OUTPUT}` is empty"), &directory.span));
    }
    for environment in environments {
        let objects = environment.local_objects().map(|object| ("Durable Object", object));
        let workflows = environment.local_workflows().map(|workflow| ("workflow", workflow));
        if let Some((what, own)) = objects.chain(workflows).next() {
            return Err(Diagnostic::error(
                Code::PagesHasClasses,
                format!("a Pages project has no {what} classes of its own"),
            )
            .at(own.location.clone(), format!("bound as `{}`", own.binding))
            .hint("put the class into a Worker, and add `script_name` with the Worker's name here"));
        }
    }
    Ok(())
}

/// A warning for each thing that Wrangler refuses to deploy.
pub(super) fn check(source: &Source, root: &Value) -> Vec<Diagnostic> {
    if root.get(OUTPUT).is_none() {
        return Vec::new();
    }
    let mut found = Vec::new();
    if root.get("name").and_then(Value::as_str).is_none_or(|name| name.trim().is_empty()) {
        let missing =
            format!("`{}` has no `name`, and a Pages project is deployed by it", source.shown.display());
        let assignment = source.format.assignment("name", "...");
        found.push(
            Diagnostic::warning(Code::PagesRefused, missing)
                .hint(format!("add `{assignment}`, at the top level")),
        );
    }
    table(source, "", root.entries(), &mut found);
    for environment in root.get("env").map_or(&[][..], Value::entries) {
        let name = &environment.key;
        if !ENVIRONMENTS.contains(&name.as_str()) {
            let no = format!(
                "a Pages project has no environment `{name}`, and Wrangler refuses to deploy one with it"
            );
            let hint = "its environments are `preview` and `production`: rename or remove this one";
            found.push(source.warning(Code::PagesRefused, no, &environment.key_span).hint(hint));
        }
        table(source, &format!("env.{}.", toml_key(name)), environment.value.entries(), &mut found);
    }
    found
}

fn table(source: &Source, within: &str, entries: &[Entry], found: &mut Vec<Diagnostic>) {
    let mut refused = |label: &str, entry: &Entry| {
        let no =
            format!("a Pages project has no `{within}{label}`, and Wrangler refuses to deploy one with it");
        found.push(source.warning(Code::PagesRefused, no, &entry.key_span).hint(HINT));
    };
    for entry in entries.iter().filter(|entry| says_something(&entry.value)) {
        let key = entry.key.as_str();
        let consumers = entry.value.entry("consumers").filter(|consumers| says_something(&consumers.value));
        match consumers {
            Some(consumers) if key == "queues" => refused("queues.consumers", consumers),
            _ if KEYS.contains(&key) || UNSEEN.contains(&key) => {}
            // That one has an error of its own, and what nobody knows a warning.
            _ if key == "main" || keys::scope(key).is_none() => {}
            _ => refused(key, entry),
        }
    }
}

/// Whether it is more than the absence of anything.
fn says_something(value: &Value) -> bool {
    match &value.kind {
        Kind::Null => false,
        _ if value.is_object() => !value.entries().is_empty(),
        _ => value.as_array().is_none_or(|items| !items.is_empty()),
    }
}
