//! The two that choose functions: [`Matcher`], which goes by the rules as they are written, and the router of the Dart
//! package, for the same projects and requests.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fastrand::Rng;
use serde_json::{Value, json};

use crate::routes::pattern;
use crate::routes::request::Matcher;
use crate::routes::{Handler, Method, Route, Routes};

const PROJECTS: usize = 60;
const REQUESTS: usize = 40;

/// Names of folders and files; what is often drawn makes paths that meet.
const NAMES: &[&str] = &[
    "a", "b", "ab", "A", "a.b", "[p]", "[p]", "[q]", "[[r]]", "[[s]]", "x-[p]", "[p]-[q]", "[p].json",
    "a[p]b", "a+b", "(a)", "~a", "é", "a b", "_x", "%61",
];

/// What segments of paths are made of.
const VALUES: &[&str] = &[
    "a", "b", "ab", "A", "AB", "a.b", "x-1", "1-2", "1-2-3", "x.json", ".json", "a1b", "a+b", "(a)", "~a",
    "%C3%A9", "a%20b", "_x", "%61", "%2F", "", "", ":p", "*", "[p]", "-",
];

/// The Dart VM, if there is one.
fn dart() -> Option<PathBuf> {
    let set_up =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/env")).unwrap_or_default();
    let set_up =
        set_up.lines().find_map(|line| line.strip_prefix("export DARTFLARE_DART='")?.strip_suffix('\''));
    let named = std::env::var("DARTFLARE_DART").ok().or_else(|| set_up.map(str::to_owned));
    let dart = named.map_or_else(|| which::which("dart").ok(), |named| Some(named.into()));
    if dart.is_none() {
        let line = "the routers in Rust and in Dart: no Dart VM found\n";
        if let Some(list) = std::env::var_os("DARTFLARE_SKIPPED") {
            let file = fs::File::options().create(true).append(true).open(list);
            file.and_then(|mut file| file.write_all(line.as_bytes())).expect("the list of what was skipped");
        }
        eprint!("skipped: {line}");
    }
    dart
}

/// A project with some functions.
fn project(random: &mut Rng) -> Option<Routes> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let names: Vec<_> = (0..5).map(|_| random.choice(NAMES).copied().expect("a name")).collect();
    for _ in 0..random.usize(1..12) {
        let mut path = folder.path().join("functions");
        for _ in 0..random.usize(0..4) {
            path.push(random.choice(&names).expect("a name"));
        }
        fs::create_dir_all(&path).expect("a folder");
        let name = match random.usize(0..4) {
            0 => "_middleware",
            1 => "index",
            _ => random.choice(&names).expect("a name"),
        };
        let method = random.choice(["", "", "Get", "Post"]).expect("a method");
        let source = format!("Response onRequest{method}(PagesContext context) => Response('');");
        fs::write(path.join(format!("{name}.dart")), source).expect("a function");
    }
    // Some of these names cannot stand together.
    Routes::read(folder.path()).ok()
}

/// A path that has a chance to lead somewhere.
fn path(random: &mut Rng, routes: &Routes) -> String {
    let route = random.choice(&routes.routes).map_or("", |route| &route.path);
    let mut path = String::new();
    for segment in route.split('/').skip(1) {
        let is_param = segment.contains(':');
        path.push('/');
        for _ in 0..if segment.ends_with('*') { random.usize(0..3) } else { usize::from(is_param) } {
            path.push_str(random.choice(VALUES).expect("a value"));
            if segment.ends_with('*') {
                path.push('/');
            }
        }
        if !is_param {
            path.push_str(segment);
        }
    }
    for _ in 0..random.usize(0..3) {
        path.push('/');
        path.push_str(random.choice(VALUES).expect("a value"));
    }
    if path.is_empty() {
        path.push('/');
    }
    // What the path of a URL has of other letters.
    path.replace('é', "%C3%A9").replace(' ', "%20")
}

fn chosen(matcher: &Matcher, method: &str, path: &str) -> Value {
    let run = matcher.run(method, path);
    let steps = run.middleware.iter().chain(&run.module);
    steps
        .map(|step| {
            let params: BTreeMap<_, _> =
                step.params.iter().map(|(name, value)| (name, one_or_many(value))).collect();
            json!([step.handler.file, step.handler.name, params, step.function_path])
        })
        .collect()
}

fn one_or_many(value: &pattern::Value) -> Value {
    match value {
        pattern::Value::One(one) => json!(one),
        pattern::Value::Many(many) => json!(many),
    }
}

fn described(route: &Route) -> Value {
    let handler =
        |handler: &Option<Handler>| handler.as_ref().map(|handler| json!([handler.file, handler.name]));
    json!({
        "path": route.path,
        "mount": route.mount,
        "method": route.method.map(Method::name),
        "middleware": handler(&route.middleware),
        "module": handler(&route.module),
    })
}

#[test]
fn both_routers_choose_the_same() {
    let Some(dart) = dart() else { return };
    let seed = super::seed();
    let mut random = Rng::with_seed(seed);
    let mut projects = Vec::new();
    let mut input = String::new();
    let mut found = 0;
    while projects.len() < PROJECTS {
        let Some(routes) = project(&mut random) else { continue };
        let Ok(matcher) = Matcher::new(&routes) else { continue };
        let requests: Vec<_> = (0..REQUESTS)
            .map(|_| (if random.bool() { "GET" } else { "POST" }, path(&mut random, &routes)))
            .collect();
        let expected: Vec<_> = requests.iter().map(|(method, path)| chosen(&matcher, method, path)).collect();
        found += expected.iter().filter(|steps| **steps != json!([])).count();
        let described: Vec<_> = routes.routes.iter().map(described).collect();
        input += &json!({ "routes": described, "requests": requests }).to_string();
        input.push('\n');
        projects.push((described, requests, expected));
    }
    // Paths that lead nowhere would prove nothing.
    assert!(found > PROJECTS * REQUESTS / 4, "DARTFLARE_FUZZ_SEED={seed}: {found} requests lead somewhere");

    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let packages = folder.path().join("package_config.json");
    let package = crate::dart::uri::encode(&root.join("dart_runtime").display().to_string());
    let config = json!({ "configVersion": 2, "packages": [
        { "name": "cloudflare_workers", "rootUri": format!("file://{package}/"), "packageUri": "lib/", "languageVersion": "3.5" },
    ] });
    fs::write(&packages, config.to_string()).expect("a configuration");
    let mut program = Command::new(dart)
        .arg("--disable-dart-dev")
        .arg(format!("--packages={}", packages.display()))
        .arg(root.join("tests/fixtures/fuzz/routes.dart"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the Dart VM");
    let mut stdin = program.stdin.take().expect("its input");
    // It answers while it reads.
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = program.wait_with_output().expect("its output");
    assert!(output.status.success(), "DARTFLARE_FUZZ_SEED={seed}: {}", output.status);
    writer.join().expect("its end").expect("the input written");
    let text = String::from_utf8(output.stdout).expect("text");
    assert_eq!(text.lines().count(), PROJECTS);
    for (line, (routes, requests, expected)) in text.lines().zip(&projects) {
        let answers: Vec<Value> = serde_json::from_str(line).expect("JSON");
        for ((request, expected), answer) in requests.iter().zip(expected).zip(&answers) {
            assert_eq!(answer, expected, "DARTFLARE_FUZZ_SEED={seed}: {request:?} by {routes:#?}");
        }
    }
}
