//! The Worker around a compiled program: what it exports, and what it knows of the configuration.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::codegen::render;
use crate::config::{Config, Environment};
use crate::dart::compile::Target;
use crate::error::Result;

const TEMPLATE: &str = include_str!("../../templates/worker.mjs.hbs");

const UNBUILT_TEMPLATE: &str = include_str!("../../templates/unbuilt.mjs.hbs");

/// What stands beside the module of a Worker that says why there is none.
pub(crate) const UNBUILT_MODULES: [(&str, &[u8]); 1] =
    [("failure.mjs", include_bytes!("../../templates/failure.mjs"))];

/// What stands in an app's folder beside the compiled program.
const MODULES: [(&str, &str); 4] = [
    ("host.mjs", include_str!("../../templates/host.mjs")),
    ("prelude.mjs", include_str!("../../templates/prelude.mjs")),
    ("runtime.mjs", include_str!("../../templates/runtime.mjs")),
    ("shim.mjs", include_str!("../../templates/shim.mjs")),
];

const WASM_MODULES: [(&str, &[u8]); 2] = [
    ("strings.wasm", include_bytes!("../../templates/strings.wasm")),
    ("wasm.mjs", include_bytes!("../../templates/wasm.mjs")),
];

/// A Worker as the configuration describes it, for one environment or for several at once.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Worker {
    /// The Durable Object classes that it exports.
    classes: BTreeSet<String>,
    settings: Value,
}

impl Worker {
    /// The Worker that serves in each of `environments`; `is_for_dev` tells that Wrangler's dev server runs it.
    pub(crate) fn new(config: &Config, environments: &[&Environment], is_for_dev: bool) -> Self {
        let classes: BTreeSet<String> = environments
            .iter()
            .flat_map(|environment| environment.local_classes())
            .map(str::to_owned)
            .collect();
        let mut kinds: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut bound: BTreeMap<&str, BTreeSet<&str>> =
            classes.iter().map(|class| (class.as_str(), BTreeSet::new())).collect();
        for environment in environments {
            for binding in &environment.bindings {
                kinds.entry(&binding.name).or_default().insert(binding.kind.key());
            }
            for object in environment.local_objects() {
                bound.entry(&object.class_name).or_default().insert(&object.binding);
            }
        }
        // Of a name that is one thing here and another there, the value itself has to tell.
        let kinds: Map<String, Value> = kinds
            .into_iter()
            .filter_map(|(name, kinds)| match kinds.into_iter().collect::<Vec<_>>().as_slice() {
                [kind] => Some((name.to_owned(), Value::from(*kind))),
                _ => None,
            })
            .collect();
        let durable_objects: Vec<_> = bound
            .into_iter()
            .map(|(class, bindings)| json!({ "class": class, "bindings": bindings }))
            .collect();
        let crons: BTreeSet<&str> =
            environments.iter().flat_map(|environment| &environment.crons).map(String::as_str).collect();
        let settings = json!({
            "config": config.format.file_name(),
            "kinds": kinds,
            "durableObjects": durable_objects,
            "crons": crons,
            "isDev": is_for_dev,
        });
        Self { classes, settings }
    }

    /// Its module, around a program compiled to `target`.
    pub(crate) fn source(&self, target: Target) -> Result<String> {
        render(
            TEMPLATE,
            &json!({
                "is_wasm": target == Target::Wasm,
                "classes": self.classes,
                "settings": self.settings.to_string(),
            }),
        )
    }

    /// The module that takes its place while the program cannot be built.
    pub(crate) fn unbuilt_source(&self, title: &str, detail: &str) -> Result<String> {
        render(
            UNBUILT_TEMPLATE,
            &json!({
                "classes": self.classes,
                "failure": json!({ "title": title, "detail": detail }).to_string(),
            }),
        )
    }

    /// The entry that leads to it in the folder `app`.
    pub(crate) fn entry(&self, app: &str) -> String {
        let names = ["default"].into_iter().chain(self.classes.iter().map(String::as_str));
        let names = names.collect::<Vec<_>>().join(", ");
        format!("// Written by `dartflare build`.\nexport {{ {names} }} from './{app}/worker.mjs';\n")
    }
}

/// The files that a program compiled to `target` needs beside it.
pub(crate) fn modules(target: Target) -> Vec<(&'static str, &'static [u8])> {
    let mut modules: Vec<_> = MODULES.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    if target == Target::Wasm {
        modules.extend(WASM_MODULES);
    }
    modules
}
