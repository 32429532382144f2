//! The classes that a Worker's module exports beside its default, as the platform looks for them.

use std::collections::BTreeSet;

use serde_json::json;

use crate::config::Environment;
use crate::registration::DEFAULT_ENTRYPOINT;

/// What an exported class stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ClassKind {
    DurableObject,
    Entrypoint,
    Workflow,
}

impl ClassKind {
    /// What the templates call the function that makes such a class.
    fn maker(self) -> &'static str {
        match self {
            Self::DurableObject => "durableObject",
            Self::Entrypoint => "entrypoint",
            Self::Workflow => "workflow",
        }
    }
}

/// A class of the module.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Export {
    pub(crate) kind: ClassKind,
    pub(crate) name: String,
}

impl Export {
    /// The classes of the Worker that serves in each of `environments`.
    pub(crate) fn of(environments: &[&Environment]) -> BTreeSet<Self> {
        let mut exports = BTreeSet::new();
        for environment in environments {
            let mut add = |kind, name: &str| exports.insert(Self { kind, name: name.to_owned() });
            for class in environment.local_classes() {
                add(ClassKind::DurableObject, class);
            }
            for workflow in environment.local_workflows() {
                add(ClassKind::Workflow, &workflow.class_name);
            }
            for (_, entrypoint) in environment.local_services() {
                add(ClassKind::Entrypoint, entrypoint);
            }
            for entrypoint in &environment.declared_entrypoints {
                add(ClassKind::Entrypoint, entrypoint);
            }
        }
        exports
    }

    /// The classes of the named ones among `entrypoints`, which `main()` registers.
    pub(crate) fn of_entrypoints(entrypoints: &[String]) -> impl Iterator<Item = Self> {
        let named = entrypoints.iter().filter(|name| *name != DEFAULT_ENTRYPOINT);
        named.map(|name| Self { kind: ClassKind::Entrypoint, name: name.clone() })
    }

    /// The declaration of the class that `of` makes, as in `worker.durableObject('Views')`.
    pub(crate) fn declaration(&self, of: &str) -> String {
        format!("export class {0} extends {of}{1}({2}) {{}}", self.name, self.kind.maker(), json!(self.name))
    }
}
