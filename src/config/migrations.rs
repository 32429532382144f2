//! Durable Object classes that are bound and that no migration creates.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::environment::{ClassBinding, Environment};
use super::value::Value;
use super::{Format, Source, toml_key};
use crate::diagnostic::{Code, Diagnostic, nearest};

/// A warning for each list of migrations that lacks a class, with the lines to add. Environments inherit the
/// list of the top level unless they have their own.
pub(super) fn check(source: &Source, root: &Value, environments: &[Environment]) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    let mut inherited: Vec<&ClassBinding> = Vec::new();
    for environment in environments {
        match list_of(root, environment.env.as_deref()) {
            List::Exports => {}
            List::Own(env, migrations) => {
                warnings.extend(missing(
                    source,
                    Some(env),
                    Some(migrations),
                    environment.local_objects().collect(),
                ));
            }
            List::Top(_) => inherited.extend(environment.local_objects()),
        }
    }
    warnings.extend(missing(source, None, root.get("migrations"), inherited));
    warnings
}

/// The same for what one environment binds.
pub(super) fn check_one(source: &Source, root: &Value, environment: &Environment) -> Option<Diagnostic> {
    let (env, migrations) = match list_of(root, environment.env.as_deref()) {
        List::Exports => return None,
        List::Own(env, migrations) => (Some(env), Some(migrations)),
        List::Top(migrations) => (None, migrations),
    };
    missing(source, env, migrations, environment.local_objects().collect())
}

/// Where the list that counts for `env` creates `class`.
pub(super) fn place<'v>(root: &'v Value, env: Option<&str>, class: &str) -> Option<&'v Value> {
    let migrations = match list_of(root, env) {
        List::Exports => return None,
        List::Own(_, migrations) => migrations,
        List::Top(migrations) => migrations?,
    };
    created(migrations.as_array()?).remove(class)
}

/// The list of migrations that counts for an environment.
enum List<'a> {
    /// None: Wrangler's `exports` takes the place of migrations.
    Exports,
    /// The environment's own, and its name.
    Own(&'a str, &'a Value),
    /// That of the top level, which may lack one.
    Top(Option<&'a Value>),
}

fn list_of<'a>(root: &'a Value, env: Option<&str>) -> List<'a> {
    let own = env.and_then(|env| root.get("env")?.entry(env));
    let of = |key| own.and_then(|own| Some((own.key.as_str(), own.value.get(key)?)));
    if of("exports").is_some() || root.get("exports").is_some() {
        return List::Exports;
    }
    match of("migrations") {
        Some((env, migrations)) => List::Own(env, migrations),
        None => List::Top(root.get("migrations")),
    }
}

fn missing(
    source: &Source,
    env: Option<&str>,
    migrations: Option<&Value>,
    mut bound: Vec<&ClassBinding>,
) -> Option<Diagnostic> {
    let migrations = migrations.and_then(Value::as_array).unwrap_or_default();
    let created = created(migrations);
    let all: BTreeSet<&str> = bound.iter().map(|object| object.class_name.as_str()).collect();
    let mut seen = BTreeSet::new();
    bound.retain(|object| {
        let class = object.class_name.as_str();
        !created.contains_key(class) && seen.insert(class)
    });
    let classes: Vec<_> = bound.iter().map(|object| object.class_name.as_str()).collect();
    let message = match classes.as_slice() {
        [] => return None,
        [class] => format!("no migration creates the Durable Object class `{class}`"),
        classes => format!("no migration creates the Durable Object classes `{}`", classes.join("`, `")),
    };
    let warning = bound.iter().fold(Diagnostic::warning(Code::NoMigration, message), |warning, object| {
        warning.at(object.location.clone(), format!("bound as `{}`", object.binding))
    });
    let unbound = created.keys().copied().filter(|class| !all.contains(class));
    if let [class] = classes.as_slice()
        && let Some(near) = nearest(class, unbound)
    {
        return Some(warning.hint(format!(
            "they create `{near}`: write the same name there and in the binding, or, where `{near}` was deployed, add \
             a migration with `renamed_classes`"
        )));
    }
    Some(warning.hint(lines(source.format, env, migrations, &classes)))
}

/// The classes that exist after all migrations, and where each is named last.
pub(super) fn created(migrations: &[Value]) -> BTreeMap<&str, &Value> {
    let mut classes = BTreeMap::new();
    for migration in migrations {
        let list = |key| migration.get(key).and_then(Value::as_array).unwrap_or_default().iter();
        for class in list("deleted_classes").filter_map(Value::as_str) {
            classes.remove(class);
        }
        for renamed in list("renamed_classes") {
            if let Some(from) = renamed.get("from").and_then(Value::as_str) {
                classes.remove(from);
            }
        }
        let moved =
            list("renamed_classes").chain(list("transferred_classes")).filter_map(|class| class.get("to"));
        classes.extend(
            list("new_classes")
                .chain(list("new_sqlite_classes"))
                .chain(moved)
                .filter_map(|class| Some((class.as_str()?, class))),
        );
    }
    classes
}

fn lines(format: Format, env: Option<&str>, migrations: &[Value], classes: &[&str]) -> String {
    let tags = migrations.iter().filter_map(|migration| migration.get("tag")?.as_str());
    let last = tags.filter_map(|tag| tag.strip_prefix('v')?.parse::<u32>().ok()).max();
    let next = last.map_or(migrations.len() + 1, |last| last as usize + 1);
    let classes: Vec<_> = classes.iter().map(|class| serde_json::Value::from(*class).to_string()).collect();
    let classes = format!("[{}]", classes.join(", "));
    let mut text = "`wrangler dev` and `wrangler deploy` need one: add".to_owned();
    // Writing to a `String` cannot fail.
    let _ = match format {
        Format::Toml => {
            let table = env
                .map_or_else(|| "migrations".to_owned(), |env| format!("env.{}.migrations", toml_key(env)));
            write!(text, "\n\n[[{table}]]\ntag = \"v{next}\"\nnew_sqlite_classes = {classes}\n")
        }
        Format::Json | Format::Jsonc => {
            let item = format!("{{ \"tag\": \"v{next}\", \"new_sqlite_classes\": {classes} }}");
            if migrations.is_empty() {
                write!(text, "\n\n\"migrations\": [{item}]\n")
            } else {
                write!(text, " to the end of `migrations`\n\n{item}\n")
            }
        }
    };
    text
}
