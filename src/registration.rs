//! What the configuration promises of a Worker against what its `main()` registered.

use std::fmt;

use serde::Deserialize;

use crate::config::{Config, Environment};
use crate::diagnostic::{Code, Diagnostic, nearest};

/// What `main()` registered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Registered {
    pub(crate) handlers: Vec<String>,
    pub(crate) durable_objects: Vec<String>,
    pub(crate) entrypoints: Vec<String>,
    pub(crate) workflows: Vec<String>,
}

impl Registered {
    /// Whether the Worker itself handles events of this kind.
    fn handles(&self, kind: &str) -> bool {
        self.handlers.iter().any(|handler| handler == kind)
            || self.entrypoints.iter().any(|entrypoint| entrypoint == DEFAULT_ENTRYPOINT)
    }
}

/// The entrypoint that takes the events of the Worker itself.
pub(crate) const DEFAULT_ENTRYPOINT: &str = "default";

/// A warning for each side that names something which the other does not.
///
/// `is_functions` tells of a program that serves `functions/`.
pub(crate) fn check(
    environment: &Environment,
    registered: &Registered,
    config: &Config,
    is_functions: bool,
) -> Vec<Diagnostic> {
    let file = config.shown().display();
    let mut warnings = Vec::new();
    // One program serves every environment, and an object may be reached by other Workers alone.
    let is_known = |class: &str| {
        config.all().iter().any(|environment| {
            environment.migrated.iter().any(|migrated| migrated == class)
                || environment.durable_objects.iter().any(|object| object.class_name == class)
        })
    };
    for object in environment.local_objects() {
        if !registered.durable_objects.contains(&object.class_name) {
            let unbound =
                registered.durable_objects.iter().map(String::as_str).filter(|class| !is_known(class));
            let warning = unregistered(&object.class_name).at(object.location.clone(), "bound here");
            warnings.push(with_near(warning, &object.class_name, unbound));
        }
    }
    for class in &registered.durable_objects {
        if !is_known(class) {
            let of_name = environment.local_objects().map(|object| object.class_name.as_str());
            let near = nearest(
                class,
                of_name.filter(|bound| !registered.durable_objects.iter().any(|it| it == bound)),
            );
            let advice = "add it to `durable_objects.bindings`, with a migration, or do not register it";
            warnings.push(not_bound("Durable Object", class, &file, near, advice));
        }
    }
    for workflow in environment.local_workflows() {
        if !registered.workflows.contains(&workflow.class_name) {
            let class = &workflow.class_name;
            let is_bound = |class: &str| {
                let mut all = config.all().iter().flat_map(|environment| &environment.workflows);
                all.any(|workflow| workflow.class_name == class)
            };
            let unbound = registered.workflows.iter().map(String::as_str).filter(|class| !is_bound(class));
            let warning = Diagnostic::warning(
                Code::WorkflowNotRegistered,
                format!("`main()` does not register the workflow class `{class}`"),
            )
            .at(workflow.location.clone(), "bound here")
            .hint(format!("add `'{class}': {class}.new` to `workflows` of `CloudflareWorkers`"));
            warnings.push(with_near(warning, class, unbound));
        }
    }
    for class in &registered.workflows {
        let mut bound = config.all().iter().flat_map(|environment| &environment.workflows);
        if !bound.any(|workflow| workflow.class_name == *class) {
            let of_name = environment.local_workflows().map(|workflow| workflow.class_name.as_str());
            let near =
                nearest(class, of_name.filter(|bound| !registered.workflows.iter().any(|it| it == bound)));
            let advice = "add it to `workflows`, or do not register it";
            warnings.push(not_bound("workflow", class, &file, near, advice));
        }
    }
    for (service, entrypoint) in environment.local_services() {
        if !registered.entrypoints.iter().any(|name| name == entrypoint) {
            let warning = Diagnostic::warning(
                Code::EntrypointNotRegistered,
                format!("`main()` does not register the entrypoint `{entrypoint}`"),
            )
            .at(service.location.clone(), "bound here")
            .hint(format!("add `'{entrypoint}': {entrypoint}.new` to `entrypoints` of `CloudflareWorkers`"));
            warnings.push(with_near(warning, entrypoint, registered.entrypoints.iter().map(String::as_str)));
        }
    }
    if !environment.crons.is_empty() && !registered.handles("scheduled") {
        warnings.push(
            Diagnostic::warning(
                Code::NoScheduledHandler,
                format!("`{file}` has cron triggers, and `main()` registers no `scheduled` handler"),
            )
            .hint("give `CloudflareWorkers` the argument `scheduled`, or remove `triggers.crons`"),
        );
    }
    if let Some(queue) = environment.consumed.first()
        && !registered.handles("queue")
    {
        warnings.push(
            Diagnostic::warning(Code::NoQueueHandler, "`main()` registers no `queue` handler")
                .at(queue.location.clone(), "consumed here")
                .hint("give `CloudflareWorkers` the argument `queue`, or remove `queues.consumers`"),
        );
    }
    if is_functions {
        warnings = warnings.into_iter().map(of_functions).collect();
    }
    if config.is_pages() {
        warnings.extend(beyond_pages(registered));
    }
    warnings
}

/// What to say of a `class` that is registered and that `file` does not bind; it may bind one of a `near` name instead.
fn not_bound(
    what: &str,
    class: &str,
    file: &impl fmt::Display,
    near: Option<&str>,
    advice: &str,
) -> Diagnostic {
    let message = format!("`main()` registers the {what} class `{class}`, and `{file}` does not bind it");
    let warning = Diagnostic::warning(Code::RegisteredNotBound, message);
    match near {
        Some(near) => warning.hint(format!("it binds `{near}`: write the same name there and in `main()`")),
        None => warning.hint(advice),
    }
}

/// With the one of `registered` that is likely meant by `bound`, if any is.
fn with_near<'a>(warning: Diagnostic, bound: &str, registered: impl Iterator<Item = &'a str>) -> Diagnostic {
    match nearest(bound, registered) {
        Some(near) => {
            warning.hint(format!("it registers `{near}`: write the same name there and in the configuration"))
        }
        None => warning,
    }
}

/// With what to do about it in a project whose program serves `functions/`: that has no `main()` of the user's.
pub(crate) fn of_functions(warning: Diagnostic) -> Diagnostic {
    warning.hint(
        "functions answer requests alone: leave this to another Worker, or write a `lib/main.dart` in their place",
    )
}

/// A warning for the events that no Pages project gets.
fn beyond_pages(registered: &Registered) -> Option<Diagnostic> {
    let handlers = registered.handlers.iter().filter(|handler| *handler != "fetch");
    let handlers: Vec<&str> = handlers.map(String::as_str).collect();
    let which = match handlers.as_slice() {
        [] => return None,
        [one] => format!("the handler `{one}`"),
        handlers => format!("the handlers `{}`", handlers.join("`, `")),
    };
    Some(
        Diagnostic::warning(
            Code::PagesGetsRequestsAlone,
            format!("`main()` registers {which}, and a Pages project gets requests alone"),
        )
        .hint("move that to a Worker of its own"),
    )
}

/// What to say of a class that `main()` should register.
pub(crate) fn unregistered(class: &str) -> Diagnostic {
    Diagnostic::warning(
        Code::ObjectNotRegistered,
        format!("`main()` does not register the Durable Object class `{class}`"),
    )
    .hint(format!("add `'{class}': {class}.new` to `durableObjects` of `CloudflareWorkers`"))
}
