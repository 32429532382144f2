//! `dartflare routes`: what answers which request, and why.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anstyle::Style;
use clap::{Args, ValueHint};
use serde_json::{Map, Value, json};
use url::Url;

use crate::config::{Config, Environment};
use crate::dart::entry::Entry;
use crate::error::{Error, Result};
use crate::files::{self, shown};
use crate::printer::Printer;
use crate::routes::overview::{Before, Row};
use crate::routes::pattern;
use crate::routes::request::{Matcher, Passed, Run, Step, Why};
use crate::routes::routes_json::{self, RoutesJson, Verdict};
use crate::routes::{self, Handler, Method, slashed};

const EXAMPLES: &str = "\
Examples:
  dartflare routes
  dartflare routes /api/todos/1 -X POST";

/// Show the routes of `functions/`, or what runs for one request
///
/// The route that is tried first stands above.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Routes {
    /// A path as in `/api/todos/1?x`, or a URL: say what runs for it, and why
    #[arg(value_name = "PATH", value_parser = path)]
    path: Option<String>,

    /// The method of the request
    #[arg(long, short = 'X', value_name = "METHOD", default_value = "GET", requires = "path")]
    method: String,

    /// Print JSON
    #[arg(long)]
    json: bool,

    /// The environment of the Wrangler configuration
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Other, env = "CLOUDFLARE_ENV")]
    env: Option<String>,

    /// The project's folder
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, default_value = ".")]
    project: PathBuf,
}

/// The path as the Worker gets it: without the query, and as browsers and the platform write it.
fn path(given: &str) -> std::result::Result<String, String> {
    let url = if given.starts_with('/') { format!("http://localhost{given}") } else { given.to_owned() };
    let url = Url::parse(&url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.map(|url| url.path().to_owned()).ok_or_else(|| "a path starts with `/`".to_owned())
}

/// `given` as in a request: the known names are in upper case there, and others stay as they are.
fn method(given: String) -> String {
    let upper = given.to_ascii_uppercase();
    let is_known = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"].contains(&upper.as_str());
    if is_known { upper } else { given }
}

/// What is there beside the routes.
struct Around {
    /// Where requests go that no function answers.
    rest: Rest,
    /// The rules of a Pages project.
    rules: Option<Rules>,
}

enum Rest {
    Assets,
    /// The assets of a Worker, which come before its functions.
    AssetsFirst,
    Nothing,
}

struct Rules {
    /// The file that the user wrote, as a message names it.
    file: Option<String>,
    json: RoutesJson,
}

impl Routes {
    pub(crate) fn execute(self, printer: Printer) -> Result<ExitCode> {
        let config = Config::load(&self.project)?;
        printer.diagnostics(&config.warnings);
        let environment = config.resolve(self.env.as_deref())?;
        // A program of the user's takes all requests.
        let entry = match Entry::find(&config.dir, None) {
            Err(error @ Error::Io { .. }) => return Err(error),
            entry => entry.ok().filter(|entry| !entry.is_functions()),
        };
        if let Some(entry) = entry {
            let program = entry.name.display();
            if let Some(unused) = entry.unused_functions(&config.dir) {
                printer.status(unused);
            }
            if self.json {
                let program = program.to_string();
                printer.data(format_args!("{:#}", json!({ "program": program, "routes": [] })));
            } else {
                printer.data(format_args!("{program} takes all requests"));
            }
            return Ok(ExitCode::SUCCESS);
        }
        let routes = routes::Routes::read(&config.dir)?;
        printer.diagnostics(&routes.warnings);
        let around = Around::of(&config, &environment, &routes, self.path.as_deref())?;
        let text = match &self.path {
            None if self.json => format!("{:#}", table_json(&routes, &around)),
            None => table(&routes, &around),
            Some(path) => {
                // The patterns compiled when they were read.
                let matcher = Matcher::new(&routes)
                    .map_err(|problem| Error::Project(problem.in_file(Path::new(routes::FOLDER))))?;
                let method = method(self.method);
                let run = matcher.run(&method, path);
                let request = Request { method: &method, path, run, around: &around };
                if self.json { format!("{:#}", request.to_json()) } else { request.explained() }
            }
        };
        printer.data(text);
        Ok(ExitCode::SUCCESS)
    }
}

impl Around {
    fn of(
        config: &Config,
        environment: &Environment,
        routes: &routes::Routes,
        path: Option<&str>,
    ) -> Result<Self> {
        if let Some((output, _)) = config.pages_output() {
            let path = config.dir.join(output).join(routes_json::NAME);
            let rules = match files::read_to_string(&path) {
                Ok(source) if !RoutesJson::is_generated(&source) => {
                    let path = shown(&path);
                    let json = RoutesJson::parse(&path, &source).map_err(Error::Project)?;
                    Rules { file: Some(path.display().to_string()), json }
                }
                _ => Rules { file: None, json: routes.routes_json() },
            };
            return Ok(Self { rest: Rest::Assets, rules: Some(rules) });
        }
        let rest = match (&environment.assets, path) {
            (Some(assets), Some(path)) if assets.is_bound && is_worker_first(&assets.worker_first, path) => {
                Rest::Assets
            }
            (Some(assets), _) if assets.is_bound => Rest::AssetsFirst,
            _ => Rest::Nothing,
        };
        Ok(Self { rest, rules: None })
    }
}

/// Whether the patterns of `run_worker_first` have the Worker answer requests for `path`, also where a file is.
fn is_worker_first(patterns: &[String], path: &str) -> bool {
    patterns.iter().any(|pattern| has_shape(path, pattern))
        && !patterns.iter().any(|pattern| pattern.strip_prefix('!').is_some_and(|rule| has_shape(path, rule)))
}

/// Whether `path` is `rule`, each `*` of which stands for anything.
fn has_shape(path: &str, rule: &str) -> bool {
    match rule.split_once('*') {
        None => path == rule,
        Some((start, rest)) => path.strip_prefix(start).is_some_and(|after| {
            let mut ends = after.char_indices().map(|(at, _)| at).chain([after.len()]);
            ends.any(|at| has_shape(&after[at..], rest))
        }),
    }
}

impl Rest {
    fn label(&self) -> &'static str {
        match self {
            Self::Assets | Self::AssetsFirst => "static assets",
            Self::Nothing => "an empty 404",
        }
    }
}

fn names(methods: impl IntoIterator<Item = Option<Method>>) -> String {
    let names = methods.into_iter().map(|method| method.map_or("any", Method::name));
    names.collect::<Vec<_>>().join(" ")
}

/// The name of a file of middleware without what they all have.
fn short(handler: &Handler) -> String {
    let file = slashed(&handler.file);
    file.strip_prefix(&format!("{}/", routes::FOLDER)).map_or(file.clone(), str::to_owned)
}

fn table(routes: &routes::Routes, around: &Around) -> String {
    let before = |before: &Before<'_>| {
        let methods = names(before.methods.iter().copied().map(Some));
        let sure = if before.is_sure { "" } else { "some paths" };
        let said: Vec<_> = [methods.as_str(), sure].into_iter().filter(|said| !said.is_empty()).collect();
        let file = short(before.handler);
        if said.is_empty() { file } else { format!("{file} ({})", said.join(", ")) }
    };
    let mut rows = vec![["PATTERN", "METHODS", "FILE", "AFTER"].map(str::to_owned)];
    for Row { answers, before: chain } in routes.overview() {
        let chain = chain.iter().map(before).collect::<Vec<_>>().join(" > ");
        rows.push(match answers {
            Some(answers) => {
                [answers.path.to_owned(), names(answers.methods), slashed(&answers.handler.file), chain]
            }
            None => ["otherwise".to_owned(), "any".to_owned(), around.rest.label().to_owned(), chain],
        });
    }
    let bold = Style::new().bold();
    let mut lines = aligned(&rows);
    if let Some(first) = lines.first_mut() {
        *first = format!("{bold}{first}{bold:#}");
    }
    if let Some(rules) = &around.rules {
        let list =
            |rules: &[String]| rules.iter().map(|rule| format!("`{rule}`")).collect::<Vec<_>>().join(" ");
        let mut line = format!("\n{} includes {}", rules.name(), list(&rules.json.include));
        if !rules.json.exclude.is_empty() {
            let _ = write!(line, " and excludes {}", list(&rules.json.exclude));
        }
        lines.push(line);
    }
    lines.join("\n")
}

/// Columns as wide as they have to be, without spaces at the ends of lines.
fn aligned<const N: usize>(rows: &[[String; N]]) -> Vec<String> {
    let widths: Vec<usize> =
        (0..N).map(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0)).collect();
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

fn table_json(routes: &routes::Routes, around: &Around) -> Value {
    let rows = routes.routes.iter().map(|route| {
        json!({
            "path": route.path,
            "mount": route.mount,
            "method": route.method.map(Method::name),
            "middleware": route.middleware.as_ref().map(handler_json),
            "module": route.module.as_ref().map(handler_json),
        })
    });
    let mut json = json!({ "program": null, "routes": rows.collect::<Vec<_>>() });
    if let Some(rules) = &around.rules {
        json["routesJson"] =
            json!({ "file": rules.file, "include": rules.json.include, "exclude": rules.json.exclude });
    }
    json
}

fn handler_json(handler: &Handler) -> Value {
    json!({ "file": slashed(&handler.file), "name": handler.name, "line": handler.location.line })
}

impl Rules {
    fn name(&self) -> String {
        self.file
            .as_ref()
            .map_or(format!("the generated `{}`", routes_json::NAME), |file| format!("`{file}`"))
    }
}

/// A request and what runs for it.
struct Request<'a> {
    method: &'a str,
    path: &'a str,
    run: Run<'a>,
    around: &'a Around,
}

impl Request<'_> {
    fn steps(&self) -> impl Iterator<Item = &Step<'_>> {
        self.run.middleware.iter().chain(&self.run.module)
    }

    /// The rules of `_routes.json` with what they say of the path.
    fn verdict(&self) -> Option<(&Rules, Verdict<'_>)> {
        self.around.rules.as_ref().map(|rules| (rules, rules.json.verdict(self.path)))
    }

    fn explained(&self) -> String {
        let bold = Style::new().bold();
        let mut text = format!("{bold}{} {}{bold:#}\n\n", self.method, self.path);
        let (reaches, by) = match self.verdict() {
            None => (true, None),
            Some((rules, Verdict::Included(rule))) => {
                (true, Some(format!("`{rule}` of {} leads here", rules.name())))
            }
            Some((rules, Verdict::Excluded(rule))) => {
                (false, Some(format!("`{rule}` of {} excludes it, so no function runs", rules.name())))
            }
            Some((rules, Verdict::Unnamed)) => {
                (false, Some(format!("no rule of {} includes it, so no function runs", rules.name())))
            }
        };
        if reaches {
            let rows: Vec<_> = self.steps().enumerate().map(|(at, step)| row(at + 1, step)).collect();
            for line in aligned(&rows) {
                let _ = writeln!(text, "  {line}");
            }
        }
        let _ = writeln!(text, "  {}", self.rest(reaches));
        if reaches && !self.run.passed.is_empty() {
            let rows: Vec<_> = self.run.passed.iter().map(|passed| self.passed(passed)).collect();
            let _ = writeln!(text, "\nnot run");
            for line in aligned(&rows) {
                let _ = writeln!(text, "  {line}");
            }
        }
        if matches!(self.around.rest, Rest::AssetsFirst) {
            let _ = writeln!(
                text,
                "\na file of the assets at this path is served before: `assets.run_worker_first` does not have it"
            );
        }
        if let Some(by) = by {
            let _ = writeln!(text, "\n{by}");
        }
        text.trim_end().to_owned()
    }

    /// What comes after the functions.
    fn rest(&self, reaches: bool) -> String {
        let label = self.around.rest.label();
        let is_read = matches!(self.method, "GET" | "HEAD");
        let refused = match self.around.rest {
            Rest::Assets | Rest::AssetsFirst if !is_read => format!(", which answer 405 to {}", self.method),
            _ => String::new(),
        };
        match (&self.run.module, self.run.middleware.is_empty()) {
            _ if !reaches => format!("{label}{refused}"),
            (Some(_), _) => format!("then {label}, if it calls `next()`"),
            (None, true) => format!("no function answers it: {label}{refused}"),
            (None, false) => format!("then no function answers it: {label}{refused}"),
        }
    }

    fn passed(&self, passed: &Passed<'_>) -> [String; 3] {
        let why = match (passed.why, passed.route.method, &self.run.module) {
            (Why::Method, Some(method), _) => format!("is for {}", method.name()),
            (Why::Later, _, Some(first)) if first.route.path == passed.route.path => {
                format!("is for every method, and `{}` for this one", first.handler.name)
            }
            (Why::Later, _, Some(first)) => {
                format!("`{}` is tried after `{}`", passed.route.path, first.route.path)
            }
            _ => String::new(),
        };
        [slashed(&passed.handler.file), passed.handler.name.clone(), why]
    }

    fn to_json(&self) -> Value {
        let verdict = self.verdict();
        let rule = match verdict {
            Some((_, Verdict::Included(rule) | Verdict::Excluded(rule))) => Some(rule),
            _ => None,
        };
        let reaches = matches!(verdict, None | Some((_, Verdict::Included(_))));
        let run: Vec<_> = self
            .steps()
            .filter(|_| reaches)
            .map(|step| {
                let mut json = handler_json(step.handler);
                let params: Map<String, Value> =
                    step.params.iter().map(|(name, value)| (name.clone(), value_json(value))).collect();
                json["functionPath"] = json!(step.function_path);
                json["params"] = params.into();
                json
            })
            .collect();
        let passed = self.run.passed.iter().map(|passed| {
            let mut json = handler_json(passed.handler);
            json["why"] = json!(match passed.why {
                Why::Method => "method",
                Why::Later => "order",
            });
            json
        });
        json!({
            "program": null,
            "method": self.method,
            "path": self.path,
            "reachesFunctions": reaches,
            "rule": rule,
            "run": run,
            "isAnswered": reaches && self.run.module.is_some(),
            "notRun": passed.collect::<Vec<_>>(),
        })
    }
}

fn row(number: usize, step: &Step<'_>) -> [String; 5] {
    let params = step.params.iter().map(|(name, value)| match value {
        pattern::Value::One(text) => format!("{name} = {text}"),
        pattern::Value::Many(texts) => format!("{name} = [{}]", texts.join(", ")),
    });
    [
        number.to_string(),
        slashed(&step.handler.file),
        step.handler.name.clone(),
        format!("at {}", step.function_path),
        params.collect::<Vec<_>>().join(", "),
    ]
}

fn value_json(value: &pattern::Value) -> Value {
    match value {
        pattern::Value::One(text) => json!(text),
        pattern::Value::Many(texts) => json!(texts),
    }
}
