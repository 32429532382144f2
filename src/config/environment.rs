//! What the configuration says for the top level and for each named environment, by Wrangler's inheritance.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::keys::{self, Scope};
use super::migrations;
use super::pages;
use super::value::{Entry, Kind, Value};
use super::{Format, Source};
use crate::bindings::{BindingKind, KINDS, Shape};
use crate::diagnostic::{Code, Diagnostic, Location};
use crate::registration::DEFAULT_ENTRYPOINT;

type Result<T> = std::result::Result<T, Diagnostic>;

/// The configuration as it is for one environment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    /// The name after `env.`; none for the top level.
    pub(crate) env: Option<String>,
    /// The Worker's name, with the environment's appended where Wrangler does.
    pub(crate) name: Option<String>,
    /// The built entry, from the configuration's folder.
    pub(crate) main: Option<String>,
    /// Where `main` was written.
    pub(crate) main_location: Option<Location>,
    /// Whether Wrangler uploads the files of the built entry's folder as they are.
    pub(crate) no_bundle: bool,
    pub(crate) compatibility_date: Option<String>,
    pub(crate) compatibility_flags: Vec<String>,
    /// Everything that `env` has at run time, in the order of [`KINDS`] and then of the file.
    pub(crate) bindings: Vec<Binding>,
    pub(crate) durable_objects: Vec<ClassBinding>,
    pub(crate) workflows: Vec<ClassBinding>,
    pub(crate) services: Vec<ServiceBinding>,
    /// The entrypoints that `exports` declares.
    pub(crate) declared_entrypoints: Vec<String>,
    /// The Durable Object classes that migrations create, whether bound here or not.
    pub(crate) migrated: Vec<String>,
    pub(crate) vars: Vec<Variable>,
    /// The files that Cloudflare serves beside a Worker.
    pub(crate) assets: Option<Assets>,
    /// The patterns under `triggers.crons`.
    pub(crate) crons: Vec<String>,
    /// The queues whose messages are handed to this Worker.
    pub(crate) consumed: Vec<ConsumedQueue>,
    /// What the user should know when this environment is used.
    pub(crate) warnings: Vec<Diagnostic>,
}

/// A queue that a Worker consumes.
#[derive(Debug, Clone)]
pub(crate) struct ConsumedQueue {
    pub(crate) name: String,
    /// Where it is named.
    pub(crate) location: Location,
}

impl Environment {
    /// The bindings to Durable Object classes of this Worker itself.
    pub(crate) fn local_objects(&self) -> impl Iterator<Item = &ClassBinding> {
        self.durable_objects.iter().filter(|object| self.is_own(object))
    }

    /// The bindings to workflow classes of this Worker itself.
    pub(crate) fn local_workflows(&self) -> impl Iterator<Item = &ClassBinding> {
        self.workflows.iter().filter(|workflow| self.is_own(workflow))
    }

    /// The bindings to named entrypoints of this Worker itself.
    pub(crate) fn local_services(&self) -> impl Iterator<Item = (&ServiceBinding, &str)> {
        self.services
            .iter()
            .filter(|service| self.name.as_ref() == Some(&service.service))
            .filter_map(|service| Some((service, service.entrypoint.as_deref()?)))
            .filter(|(_, entrypoint)| *entrypoint != DEFAULT_ENTRYPOINT)
    }

    fn is_own(&self, binding: &ClassBinding) -> bool {
        binding.script_name.is_none() || binding.script_name == self.name
    }

    /// The Durable Object classes that this Worker itself must export: those bound, and those that a migration creates,
    /// which wrangler looks for as well.
    pub(crate) fn local_classes(&self) -> BTreeSet<&str> {
        self.local_objects()
            .map(|object| &object.class_name)
            .chain(&self.migrated)
            .map(String::as_str)
            .collect()
    }
}

/// A name in `env` and what stands behind it.
#[derive(Debug, Clone)]
pub(crate) struct Binding {
    pub(crate) kind: &'static BindingKind,
    pub(crate) name: String,
    /// Where the name was written.
    pub(crate) location: Location,
    /// What says most about it to a reader: a class, a bucket, an id.
    pub(crate) detail: Option<String>,
}

/// A binding to a class: of Durable Objects, of workflows.
#[derive(Debug, Clone)]
pub(crate) struct ClassBinding {
    pub(crate) binding: String,
    pub(crate) class_name: String,
    /// The Worker that has the class; none for this one.
    pub(crate) script_name: Option<String>,
    /// Where the class's name was written.
    pub(crate) location: Location,
}

/// A binding to another Worker, or to an entrypoint of this one.
#[derive(Debug, Clone)]
pub(crate) struct ServiceBinding {
    pub(crate) binding: String,
    /// The Worker's name.
    pub(crate) service: String,
    pub(crate) entrypoint: Option<String>,
    /// Where the entrypoint's name was written, or else the Worker's.
    pub(crate) location: Location,
}

/// Files that Cloudflare serves, for a Worker or in its place.
#[derive(Debug, Clone)]
pub(crate) struct Assets {
    /// Where they are configured.
    pub(crate) location: Location,
    /// Whether the Worker can get at them.
    pub(crate) is_bound: bool,
    /// The patterns of `run_worker_first`: of the paths whose requests reach the Worker even where a file is.
    pub(crate) worker_first: Vec<String>,
}

/// A variable and its configured value.
#[derive(Debug, Clone)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) value: serde_json::Value,
    pub(crate) location: Location,
}

/// What the static files of a Pages project are bound to, without being configured.
pub(crate) const PAGES_ASSETS: &str = "ASSETS";

/// The top level, then each named environment in the order of the file.
pub(crate) fn all(source: &Source, root: &Value) -> Result<Vec<Environment>> {
    let mut all = vec![View { source, root, own: None }.environment()?];
    let Some(named) = root.get("env") else { return Ok(all) };
    expect_table(source, named, "env")?;
    for entry in named.entries() {
        expect_table(source, &entry.value, &format!("env.{}", entry.key))?;
        all.push(View { source, root, own: Some(entry) }.environment()?);
    }
    Ok(all)
}

/// What counts for the environment `env`, by the keys of the top level.
pub(super) fn flattened(
    source: &Source,
    root: &Value,
    env: Option<&str>,
) -> serde_json::Map<String, serde_json::Value> {
    let own = env.and_then(|env| root.get("env")?.entry(env));
    let view = View { source, root, own };
    let named = own.map_or(&[][..], |own| own.value.entries());
    let keys = root.entries().iter().chain(named).map(|entry| &entry.key).filter(|key| *key != "env");
    keys.filter_map(|key| Some((key.clone(), view.get(key)?.to_json()))).collect()
}

/// The configuration as one environment sees it.
struct View<'a> {
    source: &'a Source,
    root: &'a Value,
    own: Option<&'a Entry>,
}

impl<'a> View<'a> {
    /// The value that counts here for a key of the top level.
    fn get(&self, key: &str) -> Option<&'a Value> {
        let Some(own) = self.own else { return self.root.get(key) };
        match keys::scope(key) {
            Some(Scope::Inherited) => own.value.get(key).or_else(|| self.root.get(key)),
            Some(Scope::TopLevel) => self.root.get(key),
            Some(Scope::Own) | None => own.value.get(key),
        }
    }

    /// The value that counts here at the end of a path, whose steps must be tables.
    fn get_path(&self, path: &[&str]) -> Result<Option<&'a Value>> {
        let Some((first, rest)) = path.split_first() else { return Ok(None) };
        let Some(mut value) = self.get(first) else { return Ok(None) };
        for (depth, key) in rest.iter().enumerate() {
            expect_table(self.source, value, &self.label(&path[..=depth]))?;
            match value.get(key) {
                Some(inner) => value = inner,
                None => return Ok(None),
            }
        }
        Ok(Some(value))
    }

    /// A path as messages spell it, with the environment that set it.
    fn label(&self, path: &[&str]) -> String {
        let path_text = path.join(".");
        match (self.own, path.first()) {
            (Some(own), Some(first)) if own.value.get(first).is_some() => {
                format!("env.{}.{path_text}", own.key)
            }
            _ => path_text,
        }
    }

    fn string(&self, path: &[&str]) -> Result<Option<&'a str>> {
        self.get_path(path)?.map(|value| expect_string(self.source, value, &self.label(path))).transpose()
    }

    fn strings(&self, path: &[&str]) -> Result<Vec<String>> {
        let Some(value) = self.get_path(path)? else { return Ok(Vec::new()) };
        let label = self.label(path);
        expect_list(self.source, value, &label)?
            .iter()
            .enumerate()
            .map(|(at, item)| expect_string(self.source, item, &format!("{label}[{at}]")).map(str::to_owned))
            .collect()
    }

    fn environment(&self) -> Result<Environment> {
        let mut environment = Environment {
            env: self.own.map(|own| own.key.clone()),
            name: self.worker_name()?,
            main: self.main()?,
            main_location: self.get("main").map(|value| self.source.location(&value.span)),
            no_bundle: self.get("no_bundle").is_some_and(|value| value.to_json() == true),
            compatibility_date: self.string(&["compatibility_date"])?.map(str::to_owned),
            compatibility_flags: self.strings(&["compatibility_flags"])?,
            bindings: self.bindings()?,
            durable_objects: self.classes(&["durable_objects", "bindings"], "name")?,
            workflows: self.classes(&["workflows"], "binding")?,
            services: self.services()?,
            declared_entrypoints: self.declared_entrypoints(),
            migrated: self.migrated(),
            vars: self.vars(),
            assets: self.assets(),
            crons: self.strings(&["triggers", "crons"])?,
            consumed: self.consumed()?,
            warnings: self.left_behind(),
        };
        self.check_names(&environment.bindings)?;
        if self.pages_output().is_some() {
            // A Pages project has none of these, whatever is written: `pages::check` tells of it.
            environment.declared_entrypoints.clear();
            environment.migrated.clear();
            environment.crons.clear();
            environment.consumed.clear();
        }
        Ok(environment)
    }

    fn assets(&self) -> Option<Assets> {
        let own = self.own.and_then(|own| own.value.entry("assets"));
        let entry = own.or_else(|| self.root.entry("assets")).filter(|entry| entry.value.is_object())?;
        let first = entry.value.get("run_worker_first");
        let worker_first = if first.is_some_and(|first| matches!(first.kind, Kind::Bool(true))) {
            vec!["/*".to_owned()]
        } else {
            let patterns = first.and_then(Value::as_array).unwrap_or_default();
            patterns.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        Some(Assets {
            location: self.source.location(&entry.key_span),
            is_bound: entry.value.get("binding").is_some(),
            worker_first,
        })
    }

    /// What a Pages project serves.
    fn pages_output(&self) -> Option<&'a Value> {
        self.root.get(pages::OUTPUT)
    }

    fn migrated(&self) -> Vec<String> {
        let migrations = self.get("migrations").and_then(Value::as_array).unwrap_or_default();
        migrations::created(migrations).into_keys().map(str::to_owned).collect()
    }

    fn consumed(&self) -> Result<Vec<ConsumedQueue>> {
        let path = ["queues", "consumers"];
        let Some(value) = self.get_path(&path)? else { return Ok(Vec::new()) };
        let mut consumed = Vec::new();
        for consumer in expect_list(self.source, value, &self.label(&path))? {
            let kind = consumer.get("type").and_then(Value::as_str);
            let Some(queue) = consumer.get("queue") else { continue };
            // Those of other types are fetched over HTTP.
            if let (Some(name), None | Some("worker")) = (queue.as_str(), kind) {
                consumed.push(ConsumedQueue {
                    name: name.to_owned(),
                    location: self.source.location(&queue.span),
                });
            }
        }
        Ok(consumed)
    }

    fn worker_name(&self) -> Result<Option<String>> {
        let name = self.string(&["name"])?;
        // All environments of a Pages project are of one project.
        let is_apart = self.pages_output().is_none();
        let appended = self.own.filter(|own| is_apart && own.value.get("name").is_none());
        // Wrangler gives an environment no name where the top level's is empty.
        Ok(match appended {
            Some(own) => name.filter(|name| !name.is_empty()).map(|name| format!("{name}-{}", own.key)),
            None => name.map(str::to_owned),
        })
    }

    fn main(&self) -> Result<Option<String>> {
        let Some(value) = self.get("main") else { return Ok(None) };
        let label = self.label(&["main"]);
        let main = expect_string(self.source, value, &label)?;
        if self.pages_output().is_some() {
            return Err(self
                .source
                .error(Code::PagesHasMain, format!("a Pages project has no `{label}`"), &value.span)
                .hint("remove it, or remove `pages_build_output_dir` if this is a Worker"));
        }
        if Path::new(main).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("dart")) {
            return Err(self
                .source
                .error(
                    Code::MainIsDart,
                    format!("`{label}` names the built Worker, not Dart source"),
                    &value.span,
                )
                .hint(format!(
                    "write `{}`; the Dart source is `lib/main.dart`, or what `--entry` says",
                    self.source.format.assignment("main", "build/worker.mjs")
                )));
        }
        Ok(Some(main.to_owned()))
    }

    fn bindings(&self) -> Result<Vec<Binding>> {
        let mut bindings = Vec::new();
        for kind in KINDS {
            if *kind.path == ["assets"]
                && let Some(directory) = self.pages_output()
            {
                bindings.push(Binding {
                    kind,
                    name: PAGES_ASSETS.to_owned(),
                    location: self.source.location(&directory.span),
                    detail: directory.as_str().map(str::to_owned),
                });
                continue;
            }
            let Some(value) = self.get_path(kind.path)? else { continue };
            let label = self.label(kind.path);
            match kind.shape {
                Shape::List(key) => {
                    for (at, item) in expect_list(self.source, value, &label)?.iter().enumerate() {
                        bindings.push(self.binding(kind, item, key, &format!("{label}[{at}]"))?);
                    }
                }
                Shape::One(key) => {
                    expect_table(self.source, value, &label)?;
                    if value.get(key).is_some() {
                        bindings.push(self.binding(kind, value, key, &label)?);
                    }
                }
                Shape::Keys => {
                    expect_table(self.source, value, &label)?;
                    bindings.extend(value.entries().iter().map(|entry| Binding {
                        kind,
                        name: entry.key.clone(),
                        location: self.source.location(&entry.key_span),
                        detail: None,
                    }));
                }
                Shape::Names => {
                    for (at, item) in expect_list(self.source, value, &label)?.iter().enumerate() {
                        let name = expect_string(self.source, item, &format!("{label}[{at}]"))?;
                        bindings.push(Binding {
                            kind,
                            name: name.to_owned(),
                            location: self.source.location(&item.span),
                            detail: None,
                        });
                    }
                }
            }
        }
        Ok(bindings)
    }

    fn binding(&self, kind: &'static BindingKind, item: &Value, key: &str, label: &str) -> Result<Binding> {
        expect_table(self.source, item, label)?;
        let name = self.required(item, key, label)?;
        let detail = kind.detail.and_then(|key| item.get(key)).and_then(Value::as_str);
        Ok(Binding {
            kind,
            name: name.0.to_owned(),
            location: self.source.location(&name.1.span),
            detail: detail.map(str::to_owned),
        })
    }

    /// The string, not empty, that `item` must have under `key`.
    fn required<'v>(&self, item: &'v Value, key: &str, label: &str) -> Result<(&'v str, &'v Value)> {
        let Some(value) = item.get(key) else {
            return Err(self
                .source
                .error(Code::MissingValue, format!("`{label}` has no `{key}`"), &item.span)
                .hint(format!(
                    "add `{}` with the value it should have",
                    self.source.format.assignment(key, "...")
                )));
        };
        let text = expect_string(self.source, value, &format!("{label}.{key}"))?;
        if text.is_empty() {
            let empty = format!("`{label}.{key}` is empty");
            return Err(self
                .source
                .error(Code::MissingValue, empty, &value.span)
                .hint("write the value it should have"));
        }
        Ok((text, value))
    }

    /// The bindings to classes in the list at `path`, each with its own name under `name_key`.
    fn classes(&self, path: &[&str], name_key: &str) -> Result<Vec<ClassBinding>> {
        let Some(value) = self.get_path(path)? else { return Ok(Vec::new()) };
        let label = self.label(path);
        let mut bindings = Vec::new();
        for (at, item) in expect_list(self.source, value, &label)?.iter().enumerate() {
            let label = format!("{label}[{at}]");
            let (binding, _) = self.required(item, name_key, &label)?;
            let (class_name, class_value) = self.required(item, "class_name", &label)?;
            let script_name = item
                .get("script_name")
                .map(|value| expect_string(self.source, value, &format!("{label}.script_name")))
                .transpose()?;
            if let (Some(entry), None) = (item.entry("environment"), script_name) {
                return Err(self
                    .source
                    .error(Code::EnvironmentWithoutScript, format!("`{label}` has an `environment` but no `script_name`"), &entry.key_span)
                    .hint("`environment` chooses among the environments of another Worker: name it, or remove this"));
            }
            bindings.push(ClassBinding {
                binding: binding.to_owned(),
                class_name: class_name.to_owned(),
                script_name: script_name.map(str::to_owned),
                location: self.source.location(&class_value.span),
            });
        }
        Ok(bindings)
    }

    fn services(&self) -> Result<Vec<ServiceBinding>> {
        let Some(value) = self.get("services") else { return Ok(Vec::new()) };
        let label = self.label(&["services"]);
        let mut bindings = Vec::new();
        for (at, item) in expect_list(self.source, value, &label)?.iter().enumerate() {
            let label = format!("{label}[{at}]");
            let (binding, _) = self.required(item, "binding", &label)?;
            // What Wrangler makes of one without a Worker's name is for it to say.
            let Some(service) = item.get("service") else { continue };
            let name = expect_string(self.source, service, &format!("{label}.service"))?;
            let entrypoint = item.get("entrypoint");
            bindings.push(ServiceBinding {
                binding: binding.to_owned(),
                service: name.to_owned(),
                entrypoint: entrypoint
                    .map(|value| expect_string(self.source, value, &format!("{label}.entrypoint")))
                    .transpose()?
                    .map(str::to_owned),
                location: self.source.location(&entrypoint.unwrap_or(service).span),
            });
        }
        Ok(bindings)
    }

    fn declared_entrypoints(&self) -> Vec<String> {
        let declared = self.get("exports").map_or(&[][..], Value::entries).iter();
        let is_entrypoint =
            |entry: &&Entry| entry.value.get("type").and_then(Value::as_str) == Some("worker");
        declared
            .filter(is_entrypoint)
            .map(|entry| entry.key.clone())
            .filter(|name| name != DEFAULT_ENTRYPOINT)
            .collect()
    }

    fn vars(&self) -> Vec<Variable> {
        self.get("vars")
            .map_or(&[][..], Value::entries)
            .iter()
            .map(|entry| Variable {
                name: entry.key.clone(),
                value: entry.value.to_json(),
                location: self.source.location(&entry.key_span),
            })
            .collect()
    }

    /// Wrangler's warnings about what the top level has and this environment does not get.
    fn left_behind(&self) -> Vec<Diagnostic> {
        let Some(own) = self.own else { return Vec::new() };
        let env = &own.key;
        let mut warnings = Vec::new();
        for key in keys::own() {
            let Some(top) = self.root.entry(key).filter(|entry| entry.value.kind != Kind::Null) else {
                continue;
            };
            let Some(here) = own.value.get(key) else {
                warnings.push(
                    self.source
                        .warning(
                            Code::NotInherited,
                            format!("`{key}` is set at the top level, but not in `env.{env}`"),
                            &top.key_span,
                        )
                        .hint(format!("environments do not inherit it: add `{key}` to `env.{env}`")),
                );
                continue;
            };
            if matches!(key, "vars" | "define") {
                warnings.extend(
                    top.value.entries().iter().filter(|entry| here.entry(&entry.key).is_none()).map(
                        |entry| {
                            let name = &entry.key;
                            self.source
                                .warning(
                                    Code::NotInherited,
                                    format!(
                                        "`{key}.{name}` is set at the top level, but not in `env.{env}.{key}`"
                                    ),
                                    &entry.key_span,
                                )
                                .hint(format!(
                                    "environments do not inherit it: add `{name}` to `env.{env}.{key}`"
                                ))
                        },
                    ),
                );
            }
        }
        warnings
    }

    /// Names are unique over all kinds, since they are all keys of one `env`.
    fn check_names(&self, bindings: &[Binding]) -> Result<()> {
        let pages = self.pages_output().map(|directory| self.source.location(&directory.span));
        let mut seen: HashMap<&str, &Binding> = HashMap::new();
        for binding in bindings {
            let name = &binding.name;
            if name == PAGES_ASSETS && pages.as_ref().is_some_and(|pages| *pages != binding.location) {
                return Err(Diagnostic::error(
                    Code::NameTaken,
                    "the name `ASSETS` is taken in a Pages project",
                )
                .at(binding.location.clone(), "")
                .hint("it is the project's own static files; choose another name"));
            }
            if let Some(other) = seen.insert(name, binding) {
                let place = self.own.map(|own| format!(" in `env.{}`", own.key)).unwrap_or_default();
                let mut two = [other, binding];
                two.sort_by_key(|binding| (binding.location.line, binding.location.column));
                let error =
                    Diagnostic::error(Code::NameTaken, format!("two bindings{place} have the name `{name}`"));
                return Err(two
                    .into_iter()
                    .fold(error, |error, binding| error.at(binding.location.clone(), binding.kind.label))
                    .hint("each name is one key of `env`: rename one of the two"));
            }
        }
        Ok(())
    }
}

fn wrong_type(source: &Source, value: &Value, label: &str, wanted: &str) -> Diagnostic {
    let table = source.format.table();
    let name = |what: &str| if what == "a table" { table.to_owned() } else { what.to_owned() };
    let (wanted, got) = (name(wanted), name(value.describe()));
    source.error(Code::WrongType, format!("`{label}` must be {wanted}, not {got}"), &value.span)
}

fn expect_table(source: &Source, value: &Value, label: &str) -> Result<()> {
    if value.is_object() {
        return Ok(());
    }
    Err(wrong_type(source, value, label, "a table").hint(match source.format {
        Format::Toml if !label.contains('[') => {
            format!("a table begins with its name between brackets: `[{label}]`")
        }
        Format::Toml => "write it between `{` and `}`, as in `{ name = \"value\" }`".to_owned(),
        Format::Json | Format::Jsonc => {
            "write it between `{` and `}`, as in `{ \"name\": \"value\" }`".to_owned()
        }
    }))
}

fn expect_list<'v>(source: &Source, value: &'v Value, label: &str) -> Result<&'v [Value]> {
    value.as_array().ok_or_else(|| {
        let error = wrong_type(source, value, label, "a list");
        if !value.is_object() {
            return error;
        }
        error.hint(match source.format {
            Format::Toml => format!("a list of tables is written with two brackets: `[[{label}]]`"),
            Format::Json | Format::Jsonc => "put it between `[` and `]`".to_owned(),
        })
    })
}

pub(super) fn expect_string<'v>(source: &Source, value: &'v Value, label: &str) -> Result<&'v str> {
    value.as_str().ok_or_else(|| {
        let error = wrong_type(source, value, label, "a string");
        match value.kind {
            Kind::Bool(_) | Kind::Number(_) => error.hint("put it between quotes"),
            _ => error,
        }
    })
}
