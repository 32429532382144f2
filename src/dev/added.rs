//! Bindings that the command line adds to the configured ones, for one run.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::bindings::{BindingKind, KINDS};
use crate::config::{Binding, ClassBinding, Environment, PAGES_ASSETS, ServiceBinding, Variable};
use crate::diagnostic::{Code, Diagnostic, Location};
use crate::error::{Error, Result};

/// The class by which a front end's server is reached through a binding.
pub(super) const FRONT_END: &str = "DartflareFrontEnd";

/// A binding to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Added {
    /// As it was typed.
    typed: String,
    name: String,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Kv { id: Option<String> },
    D1 { id: Option<String> },
    R2 { bucket: Option<String> },
    Object { class: String, script: Option<String> },
    Service { service: String, entrypoint: Option<String> },
    Variable { value: String },
}

type Parsed = std::result::Result<Added, String>;

/// Parsers of the flags' values, each for a flag of its name. What they refuse, the command line says with the form.
impl Added {
    pub(crate) fn kv(text: &str) -> Parsed {
        let (name, id) = optional(text, "NAME or NAME=ID")?;
        Self::new("--kv", text, name, What::Kv { id })
    }

    pub(crate) fn d1(text: &str) -> Parsed {
        let (name, id) = optional(text, "NAME or NAME=ID")?;
        Self::new("--d1", text, name, What::D1 { id })
    }

    pub(crate) fn r2(text: &str) -> Parsed {
        let (name, bucket) = optional(text, "NAME or NAME=BUCKET")?;
        Self::new("--r2", text, name, What::R2 { bucket })
    }

    pub(crate) fn object(text: &str) -> Parsed {
        let form = "NAME=CLASS or NAME=CLASS@WORKER";
        let (name, value) = assigned(text, form)?;
        let (class, script) = split(value, '@', form)?;
        Self::new("--do", text, name, What::Object { class, script })
    }

    pub(crate) fn service(text: &str) -> Parsed {
        let form = "NAME=WORKER or NAME=WORKER#ENTRYPOINT";
        let (name, value) = assigned(text, form)?;
        let (service, entrypoint) = split(value, '#', form)?;
        Self::new("--service", text, name, What::Service { service, entrypoint })
    }

    pub(crate) fn variable(text: &str) -> Parsed {
        // A value may be empty, and hold anything.
        let (name, value) =
            text.split_once('=').filter(|(name, _)| is_word(name)).ok_or_else(|| form_is("KEY=VALUE"))?;
        Self::new("--binding", text, name, What::Variable { value: value.to_owned() })
    }

    #[allow(clippy::unnecessary_wraps, reason = "the end of parsers that can fail")]
    fn new(flag: &str, text: &str, name: &str, what: What) -> Parsed {
        Ok(Self { typed: format!("{flag} {text}"), name: name.to_owned(), what })
    }

    fn kind(&self) -> &'static BindingKind {
        let key = match self.what {
            What::Kv { .. } => "kv_namespaces",
            What::D1 { .. } => "d1_databases",
            What::R2 { .. } => "r2_buckets",
            What::Object { .. } => "durable_objects",
            What::Service { .. } => "services",
            What::Variable { .. } => "vars",
        };
        kind(key)
    }

    /// As the configuration would have it.
    fn item(&self) -> Value {
        let name = &self.name;
        let mut item = match &self.what {
            What::Kv { id } => json!({ "binding": name, "id": id.as_ref().unwrap_or(name) }),
            What::D1 { id } => json!({
                "binding": name,
                "database_name": name,
                "database_id": id.as_ref().unwrap_or(name),
            }),
            What::R2 { bucket } => {
                json!({ "binding": name, "bucket_name": bucket.clone().unwrap_or_else(|| bucket_of(name)) })
            }
            What::Object { class, script } => {
                json!({ "name": name, "class_name": class, "script_name": script })
            }
            What::Service { service, entrypoint } => {
                json!({ "binding": name, "service": service, "entrypoint": entrypoint })
            }
            What::Variable { value } => json!(value),
        };
        if let Value::Object(item) = &mut item {
            item.retain(|_, value| !value.is_null());
        }
        item
    }

    /// Where it stands, for messages.
    fn location(&self) -> Location {
        let start = self.typed.find(' ').map_or(0, |at| at + 1);
        Location::of_span(Path::new("the command line"), &self.typed, start, start + self.name.len())
    }
}

fn kind(key: &str) -> &'static BindingKind {
    let found = KINDS.iter().find(|kind| kind.key() == key);
    debug_assert!(found.is_some(), "no kind `{key}`");
    found.unwrap_or(&KINDS[0])
}

fn form_is(form: &str) -> String {
    format!("write it as {form}")
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_whitespace)
}

fn optional<'t>(text: &'t str, form: &str) -> std::result::Result<(&'t str, Option<String>), String> {
    match text.split_once('=') {
        Some((name, value)) if is_word(name) && is_word(value) => Ok((name, Some(value.to_owned()))),
        None if is_word(text) => Ok((text, None)),
        _ => Err(form_is(form)),
    }
}

fn assigned<'t>(text: &'t str, form: &str) -> std::result::Result<(&'t str, &'t str), String> {
    text.split_once('=').filter(|(name, value)| is_word(name) && is_word(value)).ok_or_else(|| form_is(form))
}

fn split(text: &str, at: char, form: &str) -> std::result::Result<(String, Option<String>), String> {
    match text.split_once(at) {
        None => Ok((text.to_owned(), None)),
        Some((one, other)) if !one.is_empty() && !other.is_empty() => {
            Ok((one.to_owned(), Some(other.to_owned())))
        }
        Some(_) => Err(form_is(form)),
    }
}

/// A name that a bucket can have: wrangler refuses others.
fn bucket_of(name: &str) -> String {
    let letters = name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' });
    let bucket = letters.collect::<String>().to_ascii_lowercase();
    let bucket = bucket.trim_matches('-');
    if bucket.len() < 3 {
        format!("bucket-{bucket}").trim_end_matches('-').to_owned()
    } else {
        bucket.to_owned()
    }
}

/// Adds them to what is configured. A variable may be one that is configured, and has this value then; any other name
/// that is taken is an error.
pub(super) fn add_to(environment: &mut Environment, added: &[Added], is_pages: bool) -> Result<()> {
    for one in added {
        let (kind, location) = (one.kind(), one.location());
        let is_variable = matches!(one.what, What::Variable { .. });
        let taken = environment.bindings.iter().position(|binding| binding.name == one.name);
        if let Some(other) = taken.map(|at| &environment.bindings[at]) {
            let is_configured = other.location.path != location.path;
            if !(is_variable && other.kind == kind && is_configured) {
                let name = &one.name;
                return Err(Error::Project(
                    Diagnostic::error(Code::NameTaken, format!("two bindings have the name `{name}`"))
                        .at(other.location.clone(), other.kind.label)
                        .at(location, kind.label)
                        .hint("leave one of them out, or give it another name"),
                ));
            }
            environment.vars.retain(|variable| variable.name != one.name);
        }
        let mut detail = None;
        match &one.what {
            What::Kv { .. } | What::D1 { .. } | What::R2 { .. } => {}
            What::Object { class, script } => {
                if is_pages && script.is_none() {
                    return Err(Error::Project(
                        Diagnostic::error(
                            Code::PagesHasClasses,
                            "a Pages project has no Durable Objects of its own",
                        )
                        .at(location, "")
                        .hint(format!("name the Worker that has the class: `{}@WORKER`", one.typed)),
                    ));
                }
                detail = Some(class.clone());
                environment.durable_objects.push(ClassBinding {
                    binding: one.name.clone(),
                    class_name: class.clone(),
                    script_name: script.clone(),
                    location: location.clone(),
                });
            }
            What::Service { service, entrypoint } => {
                detail = Some(service.clone());
                environment.services.push(ServiceBinding {
                    binding: one.name.clone(),
                    service: service.clone(),
                    entrypoint: entrypoint.clone(),
                    location: location.clone(),
                });
            }
            What::Variable { value } => environment.vars.push(Variable {
                name: one.name.clone(),
                value: value.as_str().into(),
                location: location.clone(),
            }),
        }
        let detail =
            detail.or_else(|| kind.detail.and_then(|key| Some(one.item().get(key)?.as_str()?.to_owned())));
        if taken.is_none() {
            environment.bindings.push(Binding { kind, name: one.name.clone(), location, detail });
        }
    }
    Ok(())
}

/// Makes sure that there is a binding of static files, for a front end's server to stand behind.
pub(super) fn bind_assets(environment: &mut Environment) {
    let kind = kind("assets");
    if let Some(binding) = environment.bindings.iter_mut().find(|binding| binding.kind == kind) {
        // The folder is not what is served.
        binding.detail = None;
        return;
    }
    let location = Location::of_span(Path::new("the command line"), "--proxy", 0, 7);
    environment.bindings.push(Binding { kind, name: PAGES_ASSETS.to_owned(), location, detail: None });
}

/// Adds them to a table of the configuration: of the top level, or of an environment.
pub(super) fn write_to(table: &mut Map<String, Value>, added: &[Added]) {
    for one in added {
        let path = one.kind().path;
        if let What::Variable { value } = &one.what {
            let variables = table.entry("vars").or_insert_with(|| json!({}));
            if let Value::Object(variables) = variables {
                variables.insert(one.name.clone(), value.as_str().into());
            }
            continue;
        }
        push(table, path, one.item());
    }
}

/// Binds `name` to the class of this Worker that stands for a front end's server.
pub(super) fn write_front_end(table: &mut Map<String, Value>, name: &str, worker: &str) {
    let item = json!({ "binding": name, "service": worker, "entrypoint": FRONT_END });
    push(table, &["services"], item);
}

/// Adds `item` to the list at the end of `path`.
fn push(table: &mut Map<String, Value>, path: &[&str], item: Value) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        let list = table.entry(*first).or_insert_with(|| json!([]));
        if let Value::Array(list) = list {
            list.push(item);
        }
    } else if let Value::Object(inner) = table.entry(*first).or_insert_with(|| json!({})) {
        push(inner, rest, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Format};

    fn environment(text: &str) -> Environment {
        Config::of_text(Format::Jsonc, text).unwrap().resolve(None).unwrap()
    }

    #[test]
    fn forms() {
        let written = |added: Parsed| {
            let mut table = Map::new();
            write_to(&mut table, &[added.unwrap()]);
            Value::Object(table)
        };
        for (added, expected) in [
            (Added::kv("TODOS"), json!({ "kv_namespaces": [{ "binding": "TODOS", "id": "TODOS" }] })),
            (Added::kv("TODOS=a=b"), json!({ "kv_namespaces": [{ "binding": "TODOS", "id": "a=b" }] })),
            (
                Added::d1("DB=1"),
                json!({ "d1_databases": [{ "binding": "DB", "database_name": "DB", "database_id": "1" }] }),
            ),
            (
                Added::r2("MY_FILES"),
                json!({ "r2_buckets": [{ "binding": "MY_FILES", "bucket_name": "my-files" }] }),
            ),
            (Added::r2("F"), json!({ "r2_buckets": [{ "binding": "F", "bucket_name": "bucket-f" }] })),
            (Added::r2("F=x-y"), json!({ "r2_buckets": [{ "binding": "F", "bucket_name": "x-y" }] })),
            (
                Added::object("ROOMS=Room"),
                json!({ "durable_objects": { "bindings": [{ "name": "ROOMS", "class_name": "Room" }] } }),
            ),
            (
                Added::object("ROOMS=Room@chat"),
                json!({ "durable_objects": { "bindings": [
                    { "name": "ROOMS", "class_name": "Room", "script_name": "chat" }
                ] } }),
            ),
            (
                Added::service("AUTH=auth#Admin"),
                json!({ "services": [{ "binding": "AUTH", "service": "auth", "entrypoint": "Admin" }] }),
            ),
            (Added::variable("A=b=c d"), json!({ "vars": { "A": "b=c d" } })),
            (Added::variable("A="), json!({ "vars": { "A": "" } })),
        ] {
            assert_eq!(written(added), expected);
        }
        for wrong in [
            Added::kv(""),
            Added::kv("=x"),
            Added::kv("A="),
            Added::kv("A B"),
            Added::d1("A=b c"),
            Added::object("A"),
            Added::object("A=B@"),
            Added::object("A=@x"),
            Added::service("A="),
            Added::service("A=b#"),
            Added::variable("A"),
            Added::variable("=b"),
        ] {
            assert!(wrong.unwrap_err().starts_with("write it as "));
        }
    }

    #[test]
    fn a_name_is_given_once_but_for_variables() {
        let text = r#"{ "name": "a", "vars": { "STAGE": "top" }, "kv_namespaces": [{ "binding": "KV", "id": "x" }] }"#;
        let mut given = environment(text);
        add_to(&mut given, &[Added::kv("TODOS").unwrap(), Added::variable("STAGE=run").unwrap()], false)
            .unwrap();
        let names: Vec<_> = given.bindings.iter().map(|binding| binding.name.as_str()).collect();
        assert_eq!(names, ["KV", "STAGE", "TODOS"]);
        assert_eq!(given.vars[0].value, "run");
        for added in [
            vec![Added::kv("KV")],
            vec![Added::d1("KV")],
            vec![Added::variable("KV=1")],
            vec![Added::kv("A"), Added::r2("A")],
            vec![Added::variable("A=1"), Added::variable("A=2")],
        ] {
            let added: Vec<_> = added.into_iter().map(Parsed::unwrap).collect();
            let error = add_to(&mut environment(text), &added, false).unwrap_err().diagnostic();
            assert!(error.message.starts_with("two bindings have the name `"), "{}", error.message);
            assert_eq!(error.locations.len(), 2);
        }
        let object = [Added::object("ROOMS=Room").unwrap()];
        add_to(&mut environment(text), &object, false).unwrap();
        let error = add_to(&mut environment(text), &object, true).unwrap_err().diagnostic();
        assert_eq!(
            error.plain(),
            "error[E0119]: a Pages project has no Durable Objects of its own\n --> the command line:1:6\n  |\n\
             1 | --do ROOMS=Room\n  |      ^^^^^\n\
             hint: name the Worker that has the class: `--do ROOMS=Room@WORKER`\n"
        );
    }
}
