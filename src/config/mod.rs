//! The project's Wrangler configuration: found, read, checked, and resolved for an environment as Wrangler
//! itself would.
//!
//! Every value keeps its place in the file ([`value::Value`]), so that a message can show the line it is about.

mod environment;
mod find;
pub(crate) mod keys;
pub(crate) mod local;
mod migrations;
mod pages;
mod parse;
#[cfg(test)]
mod reference;
mod unknown;
pub(crate) mod value;

use std::path::{Path, PathBuf};

pub(crate) use environment::{Binding, ClassBinding, Environment, PAGES_ASSETS, ServiceBinding, Variable};
pub(crate) use local::{LOCAL_FILES, local_files, local_names};
pub(crate) use pages::OUTPUT as PAGES_OUTPUT;

use self::value::{Span, Value};
use crate::diagnostic::{Code, Diagnostic, Location, Severity, nearest};
use crate::error::{Error, Result};
use crate::files;

/// The language of a configuration file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Jsonc,
    Toml,
}

impl Format {
    /// In Wrangler's order of preference.
    pub(crate) const ALL: [Self; 3] = [Self::Json, Self::Jsonc, Self::Toml];

    pub(crate) fn file_name(self) -> &'static str {
        match self {
            Self::Json => "wrangler.json",
            Self::Jsonc => "wrangler.jsonc",
            Self::Toml => "wrangler.toml",
        }
    }

    /// What messages call a table of this format.
    fn table(self) -> &'static str {
        match self {
            Self::Json | Self::Jsonc => "an object",
            Self::Toml => "a table",
        }
    }

    /// How the user writes `key` with a string in this format.
    pub(crate) fn assignment(self, key: &str, value: &str) -> String {
        match self {
            Self::Json | Self::Jsonc => format!("\"{key}\": \"{value}\""),
            Self::Toml => format!("{key} = \"{value}\""),
        }
    }
}

/// A checked configuration: what it says of the top level and of each named environment is known to be sound.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// The project's folder, absolute.
    pub(crate) dir: PathBuf,
    pub(crate) format: Format,
    /// Everything the file says.
    pub(crate) root: Value,
    /// What the user should know, whatever environment is used.
    pub(crate) warnings: Vec<Diagnostic>,
    /// The top level, then each named environment in the order of the file.
    environments: Vec<Environment>,
    source: Source,
}

/// The file's text and its name, for messages.
#[derive(Debug, Clone)]
struct Source {
    shown: PathBuf,
    text: String,
    format: Format,
    /// Where each line begins: every value has a place, and to count the lines anew for each takes long.
    lines: Vec<usize>,
}

impl Source {
    fn new(shown: PathBuf, text: String, format: Format) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { shown, text, format, lines }
    }

    fn location(&self, span: &Span) -> Location {
        let line = self.lines.partition_point(|start| *start <= span.start);
        let start = self.lines[line - 1];
        Location::in_line(&self.shown, &self.text, line, start, span.start, span.end)
    }

    fn error(&self, code: Code, message: impl Into<String>, span: &Span) -> Diagnostic {
        Diagnostic::error(code, message).at(self.location(span), "")
    }

    fn warning(&self, code: Code, message: impl Into<String>, span: &Span) -> Diagnostic {
        Diagnostic::warning(code, message).at(self.location(span), "")
    }
}

impl Config {
    /// Finds the configuration from the folder `start` upwards, reads it and checks it.
    pub(crate) fn load(start: &Path) -> Result<Self> {
        let found = find::find(start)?;
        let bytes = files::read_configuration(&found.path).map_err(|source| Error::Io {
            action: "read",
            path: found.shown.clone(),
            source,
        })?;
        let text = decode(bytes).map_err(|(text, at)| {
            Diagnostic::error(Code::NotUtf8, format!("`{}` is not UTF-8 text", found.shown.display()))
                .at(Location::of_span(&found.shown, &text, at, at), "the first byte that is not")
                .hint("save it as UTF-8")
        });
        let text = text.map_err(Error::Project)?;
        let dir = found.path.parent().unwrap_or(&found.path).to_owned();
        let source = Source::new(found.shown, text, found.format);
        let mut config = Self::read(source, dir).map_err(Error::Project)?;
        config.warnings.splice(0..0, found.warnings);
        Ok(config)
    }

    /// The configuration that `text` is.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn of_text(format: Format, text: &str) -> std::result::Result<Self, Diagnostic> {
        let source = Source::new(format.file_name().into(), text.to_owned(), format);
        Self::read(source, ".".into())
    }

    fn read(source: Source, dir: PathBuf) -> std::result::Result<Self, Diagnostic> {
        let parsed = parse::parse(source.format, &source.text).map_err(|problem| {
            let mut diagnostic = source.error(problem.code, problem.message, &problem.span);
            diagnostic.hint = problem.hint;
            diagnostic
        })?;
        let mut warnings: Vec<_> = parsed
            .repeated
            .iter()
            .map(|(first, again)| {
                Diagnostic::warning(
                    Code::RepeatedKey,
                    format!("`{}` is written twice, and the last one counts", first.key),
                )
                .at(source.location(&first.key_span), "ignored")
                .at(source.location(again), "counts")
                .hint("remove one of the two")
            })
            .collect();
        warnings.extend(unknown::check(&source, &parsed.root));
        let environments = environment::all(&source, &parsed.root)?;
        warnings.extend(migrations::check(&source, &parsed.root, &environments));
        pages::refuse(&source, &parsed.root, &environments)?;
        warnings.extend(pages::check(&source, &parsed.root));
        Ok(Self { dir, format: source.format, root: parsed.root, warnings, environments, source })
    }

    /// The top level, then each named environment in the order of the file.
    pub(crate) fn all(&self) -> &[Environment] {
        &self.environments
    }

    /// The names of the configured environments, in the order of the file.
    pub(crate) fn environments(&self) -> Vec<&str> {
        self.environments.iter().filter_map(|environment| environment.env.as_deref()).collect()
    }

    /// The configuration as it is for `env`: the value of `--env` or `CLOUDFLARE_ENV`, where an empty one means
    /// the top level. What the user should know about this environment is in its `warnings`.
    pub(crate) fn resolve(&self, env: Option<&str>) -> Result<Environment> {
        let env = env.filter(|env| !env.is_empty());
        if let Some(environment) =
            self.environments.iter().find(|environment| environment.env.as_deref() == env)
        {
            return Ok(environment.clone());
        }
        let name = env.unwrap_or_default();
        let mut top = self.environments.first().cloned().unwrap_or_default();
        if self.is_pages() {
            if pages::ENVIRONMENTS.contains(&name) {
                return Ok(top);
            }
            return Err(Error::Project(
                Diagnostic::error(
                    Code::UnknownEnvironment,
                    format!("a Pages project has no environment `{name}`"),
                )
                .hint("it has `preview` and `production`"),
            ));
        }
        let file = self.source.shown.display();
        if self.root.entry("env").is_some() {
            let names = self.environments();
            let listed = match names.as_slice() {
                [] => "it configures none".to_owned(),
                [one] => format!("it configures `{one}`"),
                names => format!("it configures `{}`", names.join("`, `")),
            };
            let hint = nearest(name, names.iter().copied())
                .map_or_else(|| listed.clone(), |near| format!("did you mean `{near}`? {listed}"));
            return Err(Error::Project(
                Diagnostic::error(
                    Code::UnknownEnvironment,
                    format!("there is no environment `{name}` in `{file}`"),
                )
                .hint(hint),
            ));
        }
        top.warnings.push(
            Diagnostic::warning(
                Code::EnvironmentFallsBack,
                format!("there is no environment `{name}` in `{file}`, so the top level is used"),
            )
            .hint(match self.format {
                Format::Toml => format!("add `[env.{}]`, or leave out `--env`", toml_key(name)),
                Format::Json | Format::Jsonc => {
                    let name = serde_json::Value::from(name);
                    format!("add `\"env\": {{ {name}: {{}} }}`, or leave out `--env`")
                }
            }),
        );
        // Wrangler names the Worker after the environment all the same.
        top.name = top.name.filter(|name| !name.is_empty()).map(|worker| format!("{worker}-{name}"));
        Ok(top)
    }

    /// What is wrong when no migration creates a Durable Object class that `environment` binds, with the lines to
    /// add. It is among the warnings too: in development the migration may still be to come.
    pub(crate) fn missing_migration(&self, environment: &Environment) -> Option<Diagnostic> {
        let missing = migrations::check_one(&self.source, &self.root, environment)?;
        Some(Diagnostic { severity: Severity::Error, ..missing })
    }

    /// What Wrangler refuses to deploy of a Pages project. It is among the warnings too: development goes well with it.
    pub(crate) fn refused_on_pages(&self) -> Vec<Diagnostic> {
        let found = pages::check(&self.source, &self.root);
        found.into_iter().map(|found| Diagnostic { severity: Severity::Error, ..found }).collect()
    }

    /// What is wrong when Wrangler does not bundle and no rule has it upload the modules beside the entry.
    pub(crate) fn missing_rule(&self, environment: &Environment) -> Option<Diagnostic> {
        let main = environment.main.as_deref()?;
        let own = environment.env.as_deref().and_then(|env| self.root.get("env")?.get(env));
        let value = |key| own.and_then(|own| own.get(key)).or_else(|| self.root.get(key));
        let no_bundle = value("no_bundle").filter(|_| environment.no_bundle)?;
        let rules = value("rules").and_then(Value::as_array).unwrap_or_default();
        let is_for_modules = |rule: &Value| rule.get("type").and_then(Value::as_str) == Some("ESModule");
        if rules.iter().any(is_for_modules) {
            return None;
        }
        let rule = match self.format {
            Format::Toml => r#"rules = [{ type = "ESModule", globs = ["**/*.mjs", "**/*.js"] }]"#,
            Format::Json | Format::Jsonc => {
                r#""rules": [{ "type": "ESModule", "globs": ["**/*.mjs", "**/*.js"] }]"#
            }
        };
        let file = self.source.shown.display();
        let message = format!(
            "`{file}` has `no_bundle` and no rule for the modules beside `{main}`: they would not be uploaded"
        );
        let error = self.source.error(Code::NoModuleRule, message, &no_bundle.span);
        Some(error.hint(format!("add `{rule}`, or leave out `no_bundle`")))
    }

    /// Where the migrations of `environment` create `class`.
    pub(crate) fn migration_of(&self, environment: &Environment, class: &str) -> Option<Location> {
        let place = migrations::place(&self.root, environment.env.as_deref(), class)?;
        Some(self.source.location(&place.span))
    }

    /// Whether this configures a Pages project.
    pub(crate) fn is_pages(&self) -> bool {
        self.root.get(pages::OUTPUT).is_some()
    }

    /// The folder that a Pages project serves, from the configuration's own, and where it says so.
    pub(crate) fn pages_output(&self) -> Option<(&str, Location)> {
        let directory = self.root.get(pages::OUTPUT)?;
        Some((directory.as_str()?, self.source.location(&directory.span)))
    }

    /// The whole file as JSON, its keys in the same order.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        self.root.to_json()
    }

    /// What the file says for `environment`, as JSON, as if it stood at the top level.
    pub(crate) fn flattened(&self, environment: &Environment) -> serde_json::Map<String, serde_json::Value> {
        environment::flattened(&self.source, &self.root, environment.env.as_deref())
    }

    /// The configuration file as the user would name it.
    pub(crate) fn shown(&self) -> &Path {
        &self.source.shown
    }
}

/// A key as TOML spells it: bare where it can be.
fn toml_key(key: &str) -> String {
    let bare = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    if !key.is_empty() && key.chars().all(bare) {
        key.to_owned()
    } else {
        serde_json::Value::from(key).to_string()
    }
}

/// The text without a byte order mark, or what can be read of it and where it stops being text.
fn decode(bytes: Vec<u8>) -> std::result::Result<String, (String, usize)> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            Err((String::from_utf8_lossy(error.as_bytes()).into_owned(), at))
        }
    }
}

#[cfg(test)]
mod tests;
