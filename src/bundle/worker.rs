//! The Worker around a compiled program: what it exports, and what it knows of the configuration.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::codegen::render;
use crate::config::{Config, Environment};
use crate::dart::compile::Target;
use crate::error::Result;
use crate::exports::{ClassKind, Export};

const TEMPLATE: &str = include_str!("../../templates/worker.mjs.hbs");

const UNBUILT_TEMPLATE: &str = include_str!("../../templates/unbuilt.mjs.hbs");

/// What stands beside the module of a Worker that says why there is none.
pub(crate) const UNBUILT_MODULES: [(&str, &[u8]); 1] =
    [("failure.mjs", include_bytes!("../../templates/failure.mjs"))];

/// What stands in an app's folder beside the compiled program.
const MODULES: [(&str, &str); 5] = [
    ("classes.mjs", include_str!("../../templates/classes.mjs")),
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Worker {
    /// The classes that it exports.
    exports: BTreeSet<Export>,
    settings: Value,
}

impl Worker {
    /// The Worker that serves in each of `environments`; `is_for_dev` tells that Wrangler's dev server runs it.
    pub(crate) fn new(config: &Config, environments: &[&Environment], is_for_dev: bool) -> Self {
        let exports = Export::of(environments);
        let mut kinds: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut bound: BTreeMap<&Export, BTreeSet<&str>> =
            exports.iter().map(|export| (export, BTreeSet::new())).collect();
        for environment in environments {
            for binding in &environment.bindings {
                kinds.entry(&binding.name).or_default().insert(binding.kind.key());
            }
            let objects = environment.local_objects().map(|object| (ClassKind::DurableObject, object));
            let workflows = environment.local_workflows().map(|workflow| (ClassKind::Workflow, workflow));
            let classes = objects
                .chain(workflows)
                .map(|(kind, bound)| (kind, bound.class_name.as_str(), bound.binding.as_str()));
            let entrypoints = environment
                .local_services()
                .map(|(service, name)| (ClassKind::Entrypoint, name, service.binding.as_str()));
            for (kind, name, binding) in classes.chain(entrypoints) {
                let mut exports = bound.iter_mut();
                if let Some((_, bindings)) =
                    exports.find(|(export, _)| export.kind == kind && export.name == name)
                {
                    bindings.insert(binding);
                }
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
        let classes = |kind: ClassKind| -> Vec<Value> {
            let bound = bound.iter().filter(|(export, _)| export.kind == kind);
            bound.map(|(export, bindings)| json!({ "class": export.name, "bindings": bindings })).collect()
        };
        let crons: BTreeSet<&str> =
            environments.iter().flat_map(|environment| &environment.crons).map(String::as_str).collect();
        let queues: BTreeSet<&str> = environments
            .iter()
            .flat_map(|environment| &environment.consumed)
            .map(|queue| queue.name.as_str())
            .collect();
        let settings = json!({
            "config": config.format.file_name(),
            "kinds": kinds,
            "durableObjects": classes(ClassKind::DurableObject),
            "entrypoints": classes(ClassKind::Entrypoint),
            "workflows": classes(ClassKind::Workflow),
            "crons": crons,
            "queues": queues,
            "isDev": is_for_dev,
        });
        Self { exports, settings }
    }

    /// The same Worker, of a program that registers `entrypoints`.
    pub(crate) fn with_entrypoints(&self, entrypoints: &[String]) -> Self {
        let mut exports = self.exports.clone();
        exports.extend(Export::of_entrypoints(entrypoints));
        Self { exports, settings: self.settings.clone() }
    }

    /// Its module, around a program compiled to `target`.
    pub(crate) fn source(&self, target: Target) -> Result<String> {
        render(
            TEMPLATE,
            &json!({
                "is_wasm": target == Target::Wasm,
                "exports": self.declarations("worker."),
                "settings": self.settings.to_string(),
            }),
        )
    }

    /// The module that takes its place while the program cannot be built.
    pub(crate) fn unbuilt_source(&self, title: &str, detail: &str) -> Result<String> {
        render(
            UNBUILT_TEMPLATE,
            &json!({
                "exports": self.declarations(""),
                "failure": json!({ "title": title, "detail": detail }).to_string(),
            }),
        )
    }

    fn declarations(&self, of: &str) -> Vec<String> {
        self.exports.iter().map(|export| export.declaration(of)).collect()
    }

    /// The entry that leads to it in the folder `app`.
    pub(crate) fn entry(&self, app: &str) -> String {
        let names = ["default"].into_iter().chain(self.exports.iter().map(|export| export.name.as_str()));
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
