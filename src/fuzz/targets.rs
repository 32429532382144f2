//! What reads, and what holds of all that it reads.

use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::bundle::measure::Description;
use crate::bundle::source_map;
use crate::codegen::environment;
use crate::config::{Config, Format, local};
use crate::dart::messages::{self, Names};
use crate::dart::offers::Offers;
use crate::dart::pubspec::Pubspec;
use crate::dart::{compile, imports, names, syntax, uri};
use crate::dev::{Added, frame, statics};
use crate::diagnostic::{Diagnostic, Location};
use crate::error::Error;
use crate::routes::Routes;
use crate::routes::pattern::{Pattern, Reach};
use crate::routes::request::Matcher;
use crate::routes::routes_json::RoutesJson;
use crate::version::Range;

/// Gives an input to the target of this name.
#[cfg(fuzzing)]
pub fn read(name: &str, input: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target");
    (target.read)(input, folder.path());
}

#[cfg_attr(fuzzing, allow(dead_code, reason = "the fuzzer has a way of its own to what means something"))]
pub(super) struct Target {
    /// The folder of its inputs in `tests/corpus`.
    pub(super) name: &'static str,
    /// How many thousand inputs it is given. What is read quickly, and what comes from elsewhere, is given more.
    pub(super) thousands: u32,
    /// What means something to it.
    pub(super) words: &'static [&'static str],
    /// Takes an input, and an empty folder.
    pub(super) read: fn(&[u8], &Path),
}

/// Keys, and values that are of a kind that a key does not want.
const CONFIG: &[&str] = &[
    "name",
    "main",
    "compatibility_date",
    "compatibility_flags",
    "env",
    "vars",
    "kv_namespaces",
    "binding",
    "id",
    "d1_databases",
    "database_name",
    "database_id",
    "r2_buckets",
    "bucket_name",
    "durable_objects",
    "bindings",
    "class_name",
    "script_name",
    "environment",
    "migrations",
    "tag",
    "new_sqlite_classes",
    "new_classes",
    "renamed_classes",
    "deleted_classes",
    "queues",
    "producers",
    "consumers",
    "queue",
    "services",
    "service",
    "entrypoint",
    "workflows",
    "assets",
    "directory",
    "run_worker_first",
    "pages_build_output_dir",
    "triggers",
    "crons",
    "send_email",
    "unsafe",
    "ai",
    "hyperdrive",
    "vectorize",
    "secrets_store_secrets",
    "version_metadata",
    "dev",
    "build",
    "production",
    "preview",
    "[env.production]",
    "[[kv_namespaces]]",
    "[vars]",
    "\"A\": 1,",
    "A = 1\n",
    "= [",
    "= {",
    "'''",
    "\"\"\"",
    "1979-05-27T07:32:00Z",
    "nan",
    "inf",
    "{}",
    "[]",
    "class",
    "getKVNamespace",
    "has",
    "hashCode",
    "__proto__",
    "9",
    "Dart",
    "$name",
    "\\u0000",
    "\\u{1f600}",
];

const DART: &[&str] = &[
    "class",
    "extends",
    "implements",
    "with",
    "DurableObject",
    "RpcTarget",
    "WorkerEntrypoint",
    "Workflow",
    "import",
    "export",
    "part",
    "part of",
    "library",
    "show",
    "hide",
    "as",
    "deferred",
    "final",
    "var",
    "const",
    "late",
    "static",
    "external",
    "abstract",
    "sealed",
    "extension type",
    "typedef",
    "enum",
    "mixin",
    "get",
    "set",
    "operator",
    "async",
    "await",
    "yield",
    "=>",
    "?.",
    "!",
    "...",
    "'''",
    "\"\"\"",
    "r'",
    "${",
    "@override",
    "void main()",
    "CloudflareWorkers(",
    "durableObjects:",
    "Future<",
    "Map<String, Object?>",
    "required",
    "dynamic",
    "Function(",
    "///",
    "onRequest",
    "onRequestGet",
    "PagesContext",
    "Response",
    "'dart:io'",
    "'package:app/a.dart'",
    "if (dart.library.io)",
    "main.dart",
    ";",
];

const PATHS: &[&str] = &[
    "[id]",
    "[[path]]",
    "[",
    "]",
    "index.dart",
    "_middleware.dart",
    ".dart",
    "functions/",
    "/",
    "//",
    "== ",
    "\n== functions/",
    "onRequest",
    "onRequestGet",
    "onRequestPost",
    "onrequest",
    "Response onRequest(PagesContext c) => Response('');\n",
    "const onRequest = [a, b];\n",
    ":id",
    "*",
    "(",
    ")",
    "?",
    "+",
    "\\",
    "{",
    "}",
    "%20",
    "%2F",
    "..",
    "_routes.json",
];

const MESSAGES: &[&str] = &[
    "lib/main.dart:",
    ":1:1:",
    ":0:0:",
    ":4294967296:99999999999999999999:",
    "Error: ",
    "Warning: ",
    "Info: ",
    "Context: ",
    "Hint: ",
    "org-dartlang-sdk:///sdk/lib/core/list.dart",
    "package:app/main.dart",
    "package:",
    "file:///",
    "dart:core",
    "^",
    "^^^^",
    "\n   ^\n",
    "The getter 'cache' isn't defined for the class 'Environment'.",
    "Could not find an option named \"",
    "Error: Compilation failed.",
    "Unhandled exception",
    "Dart VM",
    "sourceMappingURL",
    "sources",
    "sourceRoot",
    "mappings",
    "failure",
    "handlers",
];

const YAML: &[&str] = &[
    "name:",
    "version:",
    "environment:",
    "sdk:",
    "dependencies:",
    "dev_dependencies:",
    "dependency_overrides:",
    "path:",
    "git:",
    "hosted:",
    "resolution: workspace",
    "^3.5.0",
    ">=3.5.0 <4.0.0",
    "any",
    "- ",
    "  ",
    "|",
    ">",
    "&a",
    "*a",
    "<<:",
    "!!str",
    "---",
    "...",
    "? ",
    "{",
    "}",
    "%YAML 1.2",
    "rootUri",
    "packageUri",
    "packages",
    "languageVersion",
    "../",
    "file:///",
];

pub(super) const TARGETS: &[Target] = &[
    Target { name: "toml", thousands: 12, words: CONFIG, read: |input, _| config(Format::Toml, input) },
    Target { name: "jsonc", thousands: 12, words: CONFIG, read: |input, _| config(Format::Jsonc, input) },
    Target { name: "json", thousands: 12, words: CONFIG, read: |input, _| config(Format::Json, input) },
    Target { name: "vars", thousands: 50, words: &["export ", "A=", "B: ", "_", "-"], read: vars },
    Target { name: "functions", thousands: 2, words: PATHS, read: functions },
    Target { name: "patterns", thousands: 10, words: PATHS, read: patterns },
    Target {
        name: "routes_json",
        thousands: 50,
        words: &["version", "include", "exclude", "\"/*\"", "/a/*"],
        read: routes_json,
    },
    Target { name: "messages", thousands: 15, words: MESSAGES, read: compiler_messages },
    Target { name: "source_maps", thousands: 220, words: MESSAGES, read: source_maps },
    Target { name: "descriptions", thousands: 170, words: MESSAGES, read: descriptions },
    Target { name: "dart", thousands: 3, words: DART, read: dart },
    Target { name: "imports", thousands: 2, words: DART, read: read_imports },
    Target { name: "pubspecs", thousands: 8, words: YAML, read: pubspec },
    Target {
        name: "frames",
        thousands: 134,
        words: &["\"t\":", "\"token\":", "\"event\"", "\"app\":"],
        read: frames,
    },
    Target {
        name: "uris",
        thousands: 150,
        words: &["file:///", "package:", "%", "..", "C:\\", "//"],
        read: uris,
    },
    Target {
        name: "flags",
        thousands: 150,
        words: &["=", "@", ">=", "<", "^", "-dev.1", "+1", " "],
        read: flags,
    },
];

/// What a message shows of `source` is in it, and nothing of it gets at the terminal.
fn check(diagnostic: &Diagnostic, source: Option<&str>) {
    let shown = diagnostic.to_string();
    let stray = shown.chars().find(|letter| letter.is_control() && !['\n', '\x1b'].contains(letter));
    assert_eq!(stray, None, "a control character in {shown:?}");
    // Its own colours, and no more.
    let mut quiet = diagnostic.clone();
    for (at, _) in &mut quiet.locations {
        at.path = at.path.display().to_string().replace('\x1b', "?").into();
    }
    let texts = quiet.locations.iter_mut().flat_map(|(at, label)| [&mut at.text, label]);
    for text in texts.chain([&mut quiet.message]).chain(&mut quiet.hint) {
        *text = text.replace('\x1b', "?");
    }
    let escapes = |text: &str| text.matches('\x1b').count();
    assert_eq!(escapes(&shown), escapes(&quiet.to_string()), "an escape sequence in {shown:?}");
    for (at, _) in &diagnostic.locations {
        check_place(at, source);
    }
}

fn check_place(at: &Location, source: Option<&str>) {
    let Some(source) = source else { return };
    let line = source.split('\n').nth(at.line - 1).map(|line| line.trim_end_matches('\r'));
    let line = line.expect("a line of the source");
    assert!(at.column <= line.chars().count() + 2, "a column beyond the line: {at:?}");
    // Of a long line it keeps a part.
    let expected = Location::new(at.path.clone(), at.line, at.column, at.width, line);
    assert_eq!(expected.text, at.text, "another line: {at:?}");
}

fn check_error(error: &Error) {
    check(&error.diagnostic(), None);
}

/// Generated Dart is Dart.
fn check_dart(source: &str) {
    let tree = syntax::parse(source).expect("a tree");
    assert!(!tree.root_node().has_error(), "generated, and no Dart:\n{source}");
}

fn config(format: Format, input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let config = match Config::of_text(format, text) {
        Ok(config) => config,
        Err(diagnostic) => return check(&diagnostic, Some(text)),
    };
    for warning in &config.warnings {
        check(warning, Some(text));
    }
    for env in config.environments().into_iter().map(Some).chain([None, Some("absent"), Some("production")]) {
        match config.resolve(env) {
            Ok(environment) => {
                for warning in &environment.warnings {
                    check(warning, None);
                }
                let _ = config.flattened(&environment);
                let _ = config.missing_migration(&environment);
                let _ = config.missing_rule(&environment);
            }
            Err(error) => check_error(&error),
        }
    }
    for warning in config.refused_on_pages() {
        check(&warning, None);
    }
    match environment::generate(&config) {
        Ok(source) => check_dart(&source),
        Err(error) => check_error(&error),
    }
}

fn vars(input: &[u8], _: &Path) {
    let text = String::from_utf8_lossy(input);
    for name in local::parse(&text) {
        assert!(!name.is_empty() && text.contains(&name), "{name:?}");
    }
}

/// The files that an input holds: `== path`, and what is in it.
fn files(input: &[u8], folder: &Path) -> Vec<PathBuf> {
    let text = String::from_utf8_lossy(input).into_owned();
    let mut made = Vec::new();
    for file in text.split("== ").skip(1).take(12) {
        let (name, content) = file.split_once('\n').unwrap_or((file, ""));
        let path = Path::new(name.trim_end());
        let is_inside = path.components().all(|part| matches!(part, Component::Normal(_)));
        if !is_inside || name.is_empty() || name.contains('\0') {
            continue;
        }
        let path = folder.join(path);
        // A name may be too long, or be that of a folder already.
        let is_made = path.parent().is_some_and(|parent| fs::create_dir_all(parent).is_ok());
        if is_made && fs::write(&path, content).is_ok() {
            made.push(path);
        }
    }
    made
}

fn functions(input: &[u8], folder: &Path) {
    let folder = folder.join("project");
    files(input, &folder);
    let read = Routes::read(&folder);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("a folder removed");
    }
    let routes = match read {
        Ok(routes) => routes,
        Err(error) => return check_error(&error),
    };
    for warning in &routes.warnings {
        check(warning, None);
    }
    let rows = routes.overview();
    assert!(!rows.is_empty());
    match routes.program() {
        Ok(program) => check_dart(&program),
        Err(error) => check_error(&error),
    }
    let json = routes.routes_json();
    let text = json.text();
    assert!(RoutesJson::is_generated(&text));
    let again = RoutesJson::parse(Path::new("_routes.json"), &text);
    let again = again.unwrap_or_else(|diagnostic| panic!("its own rules are refused: {diagnostic}\n{text}"));
    let matcher = Matcher::new(&routes).unwrap_or_else(|_| panic!("a route that was read is no pattern"));
    for route in routes.routes.iter().take(4) {
        for path in [route.path.clone(), route.path.replace(':', "").replace('*', "/x"), "/".to_owned()] {
            let run = matcher.run("GET", &path);
            let _ = again.verdict(&path);
            assert!(run.middleware.len() <= routes.routes.len());
        }
    }
}

fn patterns(input: &[u8], _: &Path) {
    let text = String::from_utf8_lossy(input);
    let (pattern, path) = text.split_once('\n').unwrap_or((&text, "/a/b"));
    for reach in [Reach::Whole, Reach::Start] {
        if let Ok(pattern) = Pattern::compile(pattern, reach) {
            let _ = pattern.matches(&path.chars().take(200).collect::<String>());
        }
    }
}

fn routes_json(input: &[u8], _: &Path) {
    let text = String::from_utf8_lossy(input);
    let _ = RoutesJson::is_generated(&text);
    match RoutesJson::parse(Path::new("_routes.json"), &text) {
        Ok(rules) => {
            for path in ["/", "/a", "/a/b/c", "//"] {
                let _ = rules.verdict(path);
            }
        }
        Err(diagnostic) => check(&diagnostic, Some(&text)),
    }
}

fn compiler_messages(input: &[u8], folder: &Path) {
    let text = String::from_utf8_lossy(input);
    let names = Names::new(folder, &folder.join("package_config.json"));
    let mut parsed = messages::parse([text.as_ref(), "Error: something\n"], &names);
    messages::add_accessor_hints(&mut parsed, &names);
    for diagnostic in messages::diagnostics(&parsed) {
        check(&diagnostic, None);
    }
    let _ = messages::errors(&parsed);
    let _ = messages::refused(&parsed);
    for message in &parsed {
        let json = message.to_json();
        assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok(), "no JSON: {json}");
    }
    let _ = messages::readable(&text, folder, "app");
    let _ = messages::accessor_hint(&text, "get cache => 1;", "app");
    let _ = messages::count(&text);
}

fn source_maps(input: &[u8], _: &Path) {
    if let Some(map) = source_map::moved(input, Path::new("/a/b"), Path::new("/c")) {
        assert!(map.starts_with(b"{") && map.ends_with(b"}"), "{}", String::from_utf8_lossy(&map));
    }
}

fn descriptions(input: &[u8], _: &Path) {
    let _ = serde_json::from_slice::<Description>(input);
}

fn dart(input: &[u8], _: &Path) {
    let text = String::from_utf8_lossy(input);
    let path = Path::new("lib/absent/main.dart");
    for name in names::of_library(path, &text, &|_| true).into_iter().flatten() {
        check_place(&name.location, None);
    }
    let offers = Offers::of([text.as_ref()].into_iter());
    let _ = offers.methods("Room");
    let old = statics::declarations(&text);
    assert!(old.values().all(|values| !values.is_empty()));
}

fn read_imports(input: &[u8], folder: &Path) {
    let folder = folder.join("imports");
    let made = files(input, &folder);
    if let Some(entry) = made.first() {
        for warning in
            imports::check(entry, &folder.join("package_config.json"), std::slice::from_ref(&folder))
        {
            check(&warning, None);
        }
        fs::remove_dir_all(&folder).expect("a folder removed");
    }
}

fn pubspec(input: &[u8], folder: &Path) {
    fs::write(folder.join("pubspec.yaml"), input).expect("a pubspec");
    match Pubspec::read(folder) {
        Ok(pubspec) => assert!(!pubspec.name.is_empty()),
        Err(error) => check_error(&error),
    }
    let _ = imports::libraries(&folder.join("pubspec.yaml"));
}

fn frames(input: &[u8], _: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let mut from = input;
        while let Ok(Some(frame)) = frame::read(&mut from).await {
            // What was read can be written, and read again.
            let mut bytes = Vec::new();
            frame::write(&mut bytes, &frame.message).await.expect("a frame written");
            let again = frame::read(&mut bytes.as_slice()).await.expect("a frame").expect("one");
            assert_eq!(again.message, frame.message);
        }
    });
}

fn uris(input: &[u8], folder: &Path) {
    let text = String::from_utf8_lossy(input);
    assert_eq!(uri::decode(&uri::encode(&text)).as_deref(), Some(text.as_ref()));
    let _ = uri::to_path(folder, &text);
    let _ = uri::decode(&text);
    // What is written into a program is encoded.
    let literal = uri::literal(&uri::encode(&text));
    assert!(!literal.chars().any(char::is_control), "{literal:?}");
    let tidy = uri::tidy(Path::new(text.as_ref()));
    assert_eq!(uri::tidy(&tidy), tidy);
}

fn flags(input: &[u8], _: &Path) {
    let text = String::from_utf8_lossy(input);
    for parse in [Added::kv, Added::d1, Added::r2, Added::object, Added::service, Added::variable] {
        let _ = parse(&text);
    }
    let _ = compile::define(&text);
    if let Some(range) = Range::parse(&text) {
        let _ = range.least();
        let _ = range.allows(&semver::Version::new(3, 5, 0));
    }
}
