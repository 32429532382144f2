//! Trees of files that runs of Cloudflare Pages are recorded of, written again in Dart.
//!
//! `tests/fixtures/pages/routing-cases.json` says what each function does by the name of a behaviour; the fixture
//! `pages` has a package with these behaviours in Dart.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use regex::Regex;
use serde_json::Value;

use crate::project::Project;

/// The endings of the scripts that Pages takes for Functions.
const SCRIPTS: [&str; 5] = [".mjs", ".js", ".ts", ".tsx", ".jsx"];

/// The names that Pages takes for handlers.
const HANDLERS: [&str; 8] = [
    "onRequest",
    "onRequestGet",
    "onRequestPost",
    "onRequestPut",
    "onRequestPatch",
    "onRequestDelete",
    "onRequestHead",
    "onRequestOptions",
];

/// What is in the recording, and whether it is the one of this repository.
pub(crate) fn recording() -> (Value, bool) {
    let given = env::var_os("DARTFLARE_PAGES_CASES").filter(|path| !path.is_empty());
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pages/routing-cases.json");
    let path = given.clone().map_or(own, Into::into);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    (serde_json::from_str(&text).expect("JSON"), given.is_none())
}

pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// One of the recorded trees.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) name: String,
    pub(crate) cases: Vec<Value>,
    functions: Vec<Script>,
    /// The files beside `functions/`, those of the output directory with it before their name.
    others: BTreeMap<String, String>,
    /// The Worker that is not made of functions: its modules by their paths.
    worker: BTreeMap<String, String>,
    /// What of it cannot be said in Dart.
    untranslated: Option<String>,
}

/// A file below `functions/`, by its path from there.
#[derive(Debug)]
struct Script {
    path: String,
    handlers: Vec<(String, Code)>,
    /// What it is where it is no script.
    text: Option<String>,
}

#[derive(Debug)]
enum Code {
    /// One behaviour.
    One(String),
    Many(Vec<String>),
    /// An expression of JavaScript.
    Other(String),
}

/// What dartflare refuses to build, or cannot even be asked to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Refusal {
    /// Rule 7: `path` has a handler of the same kind, path and method as `winner`, which Pages runs.
    Duplicate { path: String, handler: String, winner: String },
    /// Rule 7: both are one file in Dart, the second of which Pages runs.
    OneFile { path: String, winner: String },
    /// Rule 35: Pages fails where it compiles the pattern.
    Pattern { path: String },
    /// No file has a handler.
    Empty,
}

impl Tree {
    pub(crate) fn read(recorded: &Value) -> Self {
        let mut tree = Self {
            name: text(recorded, "name").to_owned(),
            cases: list(recorded, "cases").to_vec(),
            functions: Vec::new(),
            others: BTreeMap::new(),
            worker: BTreeMap::new(),
            untranslated: None,
        };
        for file in list(recorded, "files") {
            let path = text(file, "path");
            match path.strip_prefix("functions/") {
                Some(path) => match Script::read(path, file) {
                    Ok(script) => tree.functions.push(script),
                    Err(source) => tree.untranslated = Some(source),
                },
                None => drop(tree.others.insert(path.to_owned(), text(file, "source").to_owned())),
            }
        }
        for (path, content) in recorded["public"].as_object().into_iter().flatten() {
            let content = content.as_str().expect("a text").to_owned();
            match path.strip_prefix("_worker.js") {
                Some(module) => drop(tree.worker.insert(module.to_owned(), content)),
                None => drop(tree.others.insert(format!("public/{path}"), content)),
            }
        }
        if tree.has_worker() && worker_in_dart(&tree.worker).is_none() {
            tree.untranslated = tree.worker.values().next().cloned();
        }
        // As the rules have it: folder by folder, the outer ones first, and in each by name.
        tree.functions.sort_by_key(|script| {
            let (folder, name) = script.path.rsplit_once('/').unwrap_or(("", &script.path));
            let depth = if folder.is_empty() { 0 } else { folder.split('/').count() };
            (depth, folder.to_owned(), name.to_owned())
        });
        tree
    }

    /// Whether it differs from others in nothing but functions and plain files, which a running `dartflare dev` follows
    /// one by one.
    pub(crate) fn is_plain(&self) -> bool {
        let special = ["public/_headers", "public/_redirects", "public/_routes.json"];
        !self.has_worker()
            && self.others.keys().all(|path| path.starts_with("public/") && !special.contains(&path.as_str()))
    }

    /// Whether a Worker serves it, and not functions.
    pub(crate) fn has_worker(&self) -> bool {
        !self.worker.is_empty()
    }

    /// A source that this has no Dart for.
    pub(crate) fn untranslated(&self) -> Option<&str> {
        self.untranslated.as_deref()
    }

    /// The ids of its functions that are made when the table is.
    pub(crate) fn made(&self) -> Vec<String> {
        let scripts = self.functions.iter().filter(|script| script.is_route());
        let handlers = scripts.flat_map(|script| {
            let named = script.handlers.iter().filter(|(name, _)| HANDLERS.contains(&name.as_str()));
            named.flat_map(|(name, code)| {
                let id = format!("{}:{name}", script.stem());
                match code {
                    Code::One(_) => vec![id],
                    Code::Many(list) => (0..list.len()).map(|at| format!("{id}[{at}]")).collect(),
                    Code::Other(_) => Vec::new(),
                }
            })
        });
        handlers.collect()
    }

    /// The behaviour of the function `id`, without its argument.
    pub(crate) fn behaviour(&self, id: &str) -> &str {
        let parts = regex(r"^(.*):(\w+)(?:\[(\d+)\])?$");
        let Some(parts) = parts.captures(id) else { return "" };
        let at = parts.get(3).map(|at| at.as_str().parse::<usize>().expect("an index"));
        let scripts = self.functions.iter().filter(|script| *script.stem() == parts[1]);
        let code = scripts.flat_map(|script| &script.handlers).find(|(name, _)| *name == parts[2]);
        let behaviour = match (code, at) {
            (Some((_, Code::One(one))), None) => one,
            (Some((_, Code::Many(list))), Some(at)) => &list[at],
            _ => "",
        };
        behaviour.split(':').next().unwrap_or_default()
    }

    // What is refused.

    /// What dartflare has to refuse before the tree is right, by rules 7 and 35.
    pub(crate) fn refusals(&self) -> Vec<Refusal> {
        if self.has_worker() {
            return Vec::new();
        }
        if !self.functions.iter().any(Script::is_route) {
            return vec![Refusal::Empty];
        }
        let mut refusals = Vec::new();
        let mut winners: BTreeMap<(String, bool, &str), &Script> = BTreeMap::new();
        let mut files: BTreeMap<String, &Script> = BTreeMap::new();
        for script in self.functions.iter().filter(|script| script.is_route()) {
            if script.has_bad_pattern() {
                refusals.push(Refusal::Pattern { path: script.dart_path() });
                continue;
            }
            if let Some(before) = files.insert(script.dart_path(), script) {
                refusals.push(Refusal::OneFile { path: before.path.clone(), winner: script.path.clone() });
                winners.retain(|_, winner| winner.path != before.path);
            }
            for (handler, _) in &script.handlers {
                let key = (script.route_path(), script.is_middleware(), handler.as_str());
                if let Some(before) = winners.insert(key, script) {
                    refusals.push(Refusal::Duplicate {
                        path: before.dart_path(),
                        handler: handler.clone(),
                        winner: script.dart_path(),
                    });
                }
            }
        }
        refusals
    }

    /// Leaves out what is refused, and what Pages does not run either.
    pub(crate) fn without(&mut self, refusal: &Refusal) {
        match refusal {
            Refusal::Duplicate { path, handler, .. } => {
                for script in self.functions.iter_mut().filter(|script| script.dart_path() == *path) {
                    script.handlers.retain(|(name, _)| name != handler);
                }
            }
            Refusal::OneFile { path, .. } => self.functions.retain(|script| script.path != *path),
            Refusal::Pattern { path } => self.functions.retain(|script| script.dart_path() != *path),
            Refusal::Empty => self.functions.clear(),
        }
    }

    // How it is written.

    /// Makes `project` this tree, where another one may be.
    pub(crate) fn write(&self, project: &Project) {
        let mut files: BTreeMap<String, String> = self.others.clone();
        for script in &self.functions {
            files.insert(format!("functions/{}", script.dart_path()), script.in_dart(&self.name));
        }
        if let Some(worker) = worker_in_dart(&self.worker).filter(|_| self.has_worker()) {
            files.insert("lib/main.dart".to_owned(), worker);
        }
        // The static files first: whoever sees the functions may ask for them.
        for folder in ["public", "functions"] {
            remove_others(&project.path(folder), folder, &files);
            for (path, content) in files.iter().filter(|(path, _)| path.starts_with(&format!("{folder}/"))) {
                write(&project.path(path), content);
            }
        }
        for (path, content) in
            files.iter().filter(|(path, _)| !path.starts_with("public/") && !path.starts_with("functions/"))
        {
            write(&project.path(path), content);
        }
    }
}

/// Writes a file, in folders that may have to be made.
pub(crate) fn write(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder made");
    if fs::read_to_string(path).is_ok_and(|known| known == content) {
        return;
    }
    fs::write(path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// Removes what is not among `files`, and folders that are empty then.
fn remove_others(folder: &Path, name: &str, files: &BTreeMap<String, String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if entry.file_type().expect("a file's type").is_dir() {
            remove_others(&entry.path(), &name, files);
        } else if !files.contains_key(&name) {
            fs::remove_file(entry.path()).expect("a file removed");
        }
    }
    if !files.keys().any(|path| path.starts_with(&format!("{name}/"))) {
        let _ = fs::remove_dir(folder);
    }
}

impl Script {
    /// Gives the source where that is another than of recorded behaviours and cannot be said in Dart.
    fn read(path: &str, recorded: &Value) -> Result<Self, String> {
        let source = recorded["source"].as_str();
        if !SCRIPTS.iter().any(|ending| path.ends_with(ending)) {
            let text = Some(source.unwrap_or_default().to_owned());
            return Ok(Self { path: path.to_owned(), handlers: Vec::new(), text });
        }
        let names = list(recorded, "exports").iter().filter_map(Value::as_str);
        let handlers = names.filter(|name| *name != "default").map(|name| {
            let code = match &recorded["behaviours"][name] {
                Value::String(one) => Code::One(one.clone()),
                Value::Array(list) => {
                    Code::Many(list.iter().map(|one| one.as_str().expect("a behaviour").to_owned()).collect())
                }
                _ => {
                    let source = source.unwrap_or_default();
                    Code::Other(exported(source, name).ok_or_else(|| source.to_owned())?)
                }
            };
            Ok((name.to_owned(), code))
        });
        Ok(Self { path: path.to_owned(), handlers: handlers.collect::<Result<_, String>>()?, text: None })
    }

    /// Without the ending.
    fn stem(&self) -> &str {
        self.path.rsplit_once('.').map_or(self.path.as_str(), |(stem, _)| stem)
    }

    fn dart_path(&self) -> String {
        if self.text.is_some() { self.path.clone() } else { format!("{}.dart", self.stem()) }
    }

    fn folder_and_name(&self) -> (&str, &str) {
        self.stem().rsplit_once('/').unwrap_or(("", self.stem()))
    }

    fn is_middleware(&self) -> bool {
        matches!(self.folder_and_name().1, "_middleware" | "_middleware_")
    }

    /// Rule 1: what is hidden and what is a test has no route here.
    fn is_route(&self) -> bool {
        self.text.is_none()
            && !is_no_route_in_dart(self.stem())
            && self.handlers.iter().any(|(name, _)| HANDLERS.contains(&name.as_str()))
    }

    /// As the rules 4 and 5 make it.
    fn route_path(&self) -> String {
        let (folder, name) = self.folder_and_name();
        let is_folder = name == "index" || self.is_middleware();
        let path = match (folder, is_folder) {
            ("", true) => "/".to_owned(),
            ("", false) => format!("/{name}"),
            (folder, true) => format!("/{folder}"),
            (folder, false) => format!("/{folder}/{name}"),
        };
        let path = regex(r"\[\[([^\]]+)\]\]").replace_all(&path, ":$1*").into_owned();
        regex(r"\[([^\]]+)\]").replace_all(&path, ":$1").into_owned()
    }

    /// By rule 11: nothing between two parameters, or many segments that do not begin one.
    fn has_bad_pattern(&self) -> bool {
        regex(r":\w+\*?:|[^/]:\w+\*").is_match(&self.route_path())
    }

    fn in_dart(&self, tree: &str) -> String {
        if let Some(text) = &self.text {
            return text.clone();
        }
        if self.handlers.is_empty() {
            return "// No handler.\nconst int x = 0;\n".to_owned();
        }
        let mut dart =
            "import 'package:cloudflare_workers/pages.dart';\nimport 'package:pages/behaviours.dart';\n\n\
                        final List<Object> used = [Response.ok, h];\n"
                .to_owned();
        for (name, code) in &self.handlers {
            let one = |behaviour: &str, suffix: &str| {
                let (behaviour, argument) = behaviour.split_once(':').unwrap_or((behaviour, ""));
                let id = format!("{}:{name}{suffix}", self.stem());
                format!("h({}, {}, {}, {})", quoted(tree), quoted(&id), quoted(behaviour), quoted(argument))
            };
            let expression = match code {
                Code::One(behaviour) => one(behaviour, ""),
                Code::Many(list) => {
                    let list =
                        list.iter().enumerate().map(|(at, behaviour)| one(behaviour, &format!("[{at}]")));
                    format!("[{}]", list.collect::<Vec<_>>().join(", "))
                }
                Code::Other(javascript) => expression_in_dart(tree, javascript),
            };
            let _ = write!(dart, "\nfinal {name} = {expression};\n");
        }
        dart
    }
}

/// Whether a file is none of the project's routes, though it would be on Pages (rule 1).
pub(crate) fn is_no_route_in_dart(stem: &str) -> bool {
    let (folder, name) = stem.rsplit_once('/').unwrap_or(("", stem));
    folder.split('/').any(|folder| folder.starts_with('.')) || name.ends_with("_test")
}

/// A text without the folders that wrangler names in it, which are others each time.
pub(crate) fn without_places(text: &str) -> String {
    let place = regex("lstat '.*/(public|output)/");
    place.replace(text, "lstat '").into_owned()
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern")
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'").replace('$', r"\$"))
}

/// What `name` is said to be in a script that exports it.
fn exported(source: &str, name: &str) -> Option<String> {
    if let Some((_, rest)) = source.split_once(&format!("export const {name} = ")) {
        return Some(rest.split(";\n").next()?.trim_end_matches(';').to_owned());
    }
    let function = format!(r"(?s)export (async )?function {name}\((\w*)\) (\{{.*?\n?\}})\s*(?:\nexport|$)");
    let parts = regex(&function).captures(source)?;
    let is_async = parts.get(1).map_or("", |word| word.as_str());
    Some(format!("({}) {is_async}{}", &parts[2], &parts[3]))
}

/// The little of JavaScript that the recorded sources consist of. What is more than that does not compile.
fn expression_in_dart(tree: &str, javascript: &str) -> String {
    let dart = regex(r"\(\) (=>|\{)").replace_all(javascript, "(PagesContext _) $1");
    let dart = regex(r"\((ctx|context)\) (=>|\{|async)").replace_all(&dart, "(PagesContext $1) $2");
    let tree = format!("h({}, ", quoted(tree));
    regex(r"\bh\(").replace_all(&dart, regex::NoExpand(&tree)).into_owned()
}

/// The program that is to a Worker what the functions are to theirs.
fn worker_in_dart(modules: &BTreeMap<String, String>) -> Option<String> {
    let entry = modules.get("").or_else(|| modules.get("/index.js"))?;
    let entry = regex(r"(?m)^import .*$").replace_all(entry, "");
    let body = entry.trim().trim_end_matches(';');
    let parts = regex(r"(?s)^(.*)export default \{\s*(?:async )?fetch\([^)]*\)\s*\{(.*)\}\s*,?\s*\}$")
        .captures(body)?;
    let others = modules.iter().filter(|(path, _)| !["", "/index.js"].contains(&path.as_str()));
    let declared: Vec<_> = others.map(|(_, source)| source.as_str()).chain([&parts[1]]).collect();
    let [declared, body] = [declared.join("\n").as_str(), &parts[2]].map(statements_in_dart);
    Some(format!(
        "import 'package:cloudflare_workers/cloudflare_workers.dart';\n\n{declared}\n\n\
         void main() {{\n  CloudflareWorkers(fetch: (request, env, ctx) async {{{body}}});\n}}\n"
    ))
}

fn statements_in_dart(javascript: &str) -> String {
    let mut dart = javascript.to_owned();
    for (pattern, replacement) in [
        (r"\bexport ", ""),
        (r"\bconst ", "final "),
        (r"\blet ", "var "),
        (r"\bfunction (\w+)", "Object? $1"),
        ("===", "=="),
        ("!==", "!="),
        (r"new URL\(request\.url\)", "request.url"),
        (r"\.pathname\b", ".path"),
        (r"Object\.keys\(env\)\.sort\(\)", "([...env.names]..sort())"),
        (r"typeof ctx\.(waitUntil|passThroughOnException)\b", "(ctx.$1 is Function ? 'function' : 'object')"),
        // A member that there is none of: the compiler would not take it.
        (r"typeof ctx\.\w+", "'undefined'"),
        (r"env\.ASSETS\.", "env.getAssets('ASSETS')."),
        // The names of a literal object are texts in Dart.
        (r"([{,]\s*)([A-Za-z]\w*):", "$1'$2':"),
    ] {
        dart = regex(pattern).replace_all(&dart, replacement).into_owned();
    }
    dart
}
