//! The routes of recorded trees against what Pages made of them: `tests/fixtures/pages/routing-cases.json`, or the
//! recording that `DARTFLARE_PAGES_CASES` names.
//!
//! Here the rules are tried alone; what the handlers then do is for a test end to end.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::pattern::Value as Param;
use super::program::slashed;
use super::request::Matcher;
use super::routes_json::{RoutesJson, Verdict};
use super::{HANDLERS, Routes};
use crate::error::Error;

/// Where dartflare is meant to differ from what is recorded. A rule is the number that the recording's own description
/// of the routing gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Difference {
    /// Two files, or a file and a folder, for one path and method: Pages takes the last in silence.
    Rule7Duplicate,
    /// Hidden folders have routes on Pages; here they are for tools.
    Rule1Hidden,
    /// Syntax is for the compiler to judge, which says more: the routes stay as they are while somebody types.
    Rule34Syntax,
    /// Names that Pages cannot bundle, or does by chance, are refused by themselves.
    Rule34Name,
    /// `[a][b]` and `x[[path]]` build on Pages, and every request fails.
    Rule35Pattern,
    /// Dart cannot export a name under another one, so the case is `final` here; the routes are the same.
    Rule3Renamed,
}

/// The names of what is recorded, by why it differs.
type Differences = BTreeMap<Difference, Vec<String>>;

fn recording() -> Value {
    let path = env::var_os("DARTFLARE_PAGES_CASES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pages/routing-cases.json"),
        Into::into,
    );
    serde_json::from_str(&fs::read_to_string(path).expect("the recording")).expect("JSON")
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// `a/b.ts` as `a/b.dart`; what is no script of Pages stays.
fn dart_name(path: &str) -> String {
    let endings = [".mjs", ".js", ".ts", ".tsx", ".jsx"];
    let stem =
        endings.iter().find_map(|ending| path.strip_suffix(ending)).filter(|stem| !stem.ends_with('/'));
    stem.map_or(path.to_owned(), |stem| format!("{stem}.dart"))
}

fn is_in_hidden_folder(path: &str) -> bool {
    path.rsplit_once('/').is_some_and(|(folders, _)| folders.split('/').any(|folder| folder.starts_with('.')))
}

/// A project with these files; `None` if two of them are one in Dart.
fn project(files: &[(String, String)]) -> Option<TempDir> {
    let dir = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = dir.path().join(path);
        if path.exists() {
            return None;
        }
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    Some(dir)
}

fn declaring<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().filter(|name| *name != "default").fold(String::new(), |mut dart, name| {
        writeln!(dart, "Response {name}(PagesContext context) => Response('');").unwrap();
        dart
    })
}

/// The table as it is recorded.
fn table(routes: &Routes) -> Vec<Value> {
    let handlers = |handler: &Option<super::Handler>| {
        let shown = |handler: &super::Handler| {
            format!("{}:{}", slashed(&handler.file).trim_start_matches("functions/"), handler.name)
        };
        handler.iter().map(shown).collect::<Vec<_>>()
    };
    let rows = routes.routes.iter().map(|route| {
        json!({
            "routePath": route.path,
            "mountPath": route.mount,
            "method": route.method.map_or("", super::Method::name),
            "middleware": handlers(&route.middleware),
            "module": handlers(&route.module),
        })
    });
    rows.collect()
}

/// What is recorded, with the names of files as they are in Dart and without hidden folders.
fn recorded_table(rows: &[Value]) -> Vec<Value> {
    let files = |row: &Value, key: &str| {
        let ids = list(row, key).iter().map(|id| {
            let (file, name) = id.as_str().unwrap().rsplit_once(':').unwrap();
            format!("{}:{name}", dart_name(file))
        });
        ids.filter(|id| !is_in_hidden_folder(id)).collect::<Vec<_>>()
    };
    let rows = rows.iter().filter_map(|row| {
        let (middleware, module) = (files(row, "middleware"), files(row, "module"));
        let is_there = !middleware.is_empty() || !module.is_empty();
        is_there.then(|| {
            json!({
                "routePath": row["routePath"],
                "mountPath": row["mountPath"],
                "method": row["method"],
                "middleware": middleware,
                "module": module,
            })
        })
    });
    rows.collect()
}

fn has_bad_pattern(rows: &[Value]) -> bool {
    rows.iter().any(|row| {
        let path = text(row, "routePath");
        path.match_indices(':').any(|(at, _)| {
            let end = path[at + 1..].find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
            let rest = end.map_or("", |end| &path[at + 1 + end..]);
            rest.starts_with(':')
                || rest.starts_with("*:")
                || rest.starts_with('*') && !path[..at].ends_with('/')
        })
    })
}

fn message(error: &Error) -> String {
    error.diagnostic().message
}

/// The handlers of the files that are Dart.
fn handlers_in(files: &[(String, String)]) -> usize {
    let is_dart = |path: &str| Path::new(path).extension().is_some_and(|extension| extension == "dart");
    let of_file = |source: &str| {
        let is_there = |name| source.contains(&format!(" {name}(")) || source.contains(&format!(" {name} ="));
        HANDLERS
            .iter()
            .filter(|(name, _)| is_there(name) && !source.contains(&format!("typedef {name}")))
            .count()
    };
    files.iter().filter(|(path, _)| is_dart(path)).map(|(_, source)| of_file(source)).sum()
}

/// What differs about a project that Pages takes and that has to be refused here.
fn refusal(files: &[(String, String)], rows: &[Value]) -> Option<Difference> {
    let in_table: usize =
        rows.iter().map(|row| list(row, "middleware").len() + list(row, "module").len()).sum();
    if files
        .iter()
        .any(|file| file.0.contains(['*', ':', '"', '\\']) && handlers_in(std::slice::from_ref(file)) > 0)
    {
        Some(Difference::Rule34Name)
    } else if handlers_in(files) > in_table {
        // One that is in a file and not in the table was replaced by one of another file.
        Some(Difference::Rule7Duplicate)
    } else {
        has_bad_pattern(rows).then_some(Difference::Rule35Pattern)
    }
}

/// The routes of a project that Pages takes, compared; `None` if they are rightly refused here.
fn compared(
    name: &str,
    files: &[(String, String)],
    rows: &[Value],
    include: &[Value],
    differences: &mut Differences,
) -> Option<Routes> {
    let mut differs = |difference| differences.entry(difference).or_default().push(name.to_owned());
    // Two files that are one in Dart are no project at all.
    let read = project(files).map(|dir| Routes::read(dir.path()));
    if let Some(difference) = refusal(files, rows) {
        if let Some(read) = read {
            let message = message(&read.unwrap_err());
            let words = match difference {
                Difference::Rule7Duplicate => ["both answer", "are both the middleware"],
                Difference::Rule35Pattern => ["is between the parameter", "shares one with other text"],
                _ => ["in its name, which no route can have", "is no parameter"],
            };
            assert!(words.iter().any(|words| message.contains(words)), "{name}: {message}");
        }
        differs(difference);
        return None;
    }
    let routes = read.unwrap().unwrap_or_else(|error| panic!("{name}: {}", message(&error)));
    assert_eq!(table(&routes), recorded_table(rows), "{name}");
    let mut include: Vec<_> = include.iter().filter_map(Value::as_str).collect();
    if files.iter().any(|file| is_in_hidden_folder(&file.0) && handlers_in(std::slice::from_ref(file)) > 0) {
        differs(Difference::Rule1Hidden);
        include.retain(|rule| !is_in_hidden_folder(rule));
    }
    assert_eq!(routes.routes_json().include, include, "{name}");
    Some(routes)
}

#[test]
fn trees_give_the_recorded_routes() {
    let recording = recording();
    let mut differences = Differences::new();
    let (mut tables, mut requests) = (0, 0);
    for tree in list(&recording, "trees") {
        let name = text(tree, "name");
        // In advanced mode there is no table.
        let Some(rows) = tree["routes"].as_array() else { continue };
        let files = list(tree, "files").iter().map(|file| {
            let names = list(file, "exports").iter().filter_map(Value::as_str);
            (dart_name(text(file, "path")), declaring(names))
        });
        let files: Vec<_> = files.collect();
        if handlers_in(&files) == 0 {
            let read = Routes::read(project(&files).unwrap().path());
            assert!(message(&read.unwrap_err()).contains("has a handler"), "{name}");
            continue;
        }
        let include = list(tree, "generated_routes_json_include");
        if let Some(routes) = compared(name, &files, rows, include, &mut differences) {
            tables += 1;
            requests += recorded_requests(tree, &routes);
        }
    }
    println!("{tables} tables and {requests} requests as recorded; different by intent: {differences:#?}");
    assert!(tables > 10 && requests > 100);
}

/// Every request of the tree leads to the recorded functions, in their order and with what they were told.
fn recorded_requests(tree: &Value, routes: &Routes) -> usize {
    let name = text(tree, "name");
    let matcher = Matcher::new(routes).unwrap();
    let behaviours = behaviours(tree);
    let rules = tree["public"]["_routes.json"].as_str();
    let rules = rules.map(|source| RoutesJson::parse(Path::new("_routes.json"), source).unwrap());
    let mut count = 0;
    for case in list(tree, "cases") {
        let mut case = case.clone();
        if let Some(Value::Object(newer)) =
            case.as_object_mut().and_then(|case| case.remove("wrangler_4_164"))
        {
            case.as_object_mut().unwrap().extend(newer);
        }
        let place = format!("{name}: {} {}", text(&case, "method"), text(&case, "path"));
        let path = path_of(text(&case, "path"));
        let run = matcher.run(text(&case, "method"), &path);
        let mut expected: Vec<Value> = Vec::new();
        let reached = rules.as_ref().is_none_or(|rules| matches!(rules.verdict(&path), Verdict::Included(_)));
        for step in run.middleware.iter().chain(&run.module).filter(|_| reached) {
            let file = slashed(&step.handler.file);
            let id = format!(
                "{}:{}",
                file.trim_start_matches("functions/").trim_end_matches(".dart"),
                step.handler.name
            );
            let params: Map<String, Value> = step
                .params
                .iter()
                .map(|(name, value)| {
                    let value = match value {
                        Param::One(text) => json!(text),
                        Param::Many(texts) => json!(texts),
                    };
                    (name.clone(), value)
                })
                .collect();
            for (suffix, goes_on) in behaviours.get(&id).map_or(&[][..], Vec::as_slice) {
                let call = json!({
                    "id": format!("{id}{suffix}"), "functionPath": step.function_path, "params": params
                });
                expected.push(json!([call, goes_on]));
            }
        }
        let calls =
            list(&case, "calls").iter().filter(|call| !is_in_hidden_folder(text(call, "id"))).map(|call| {
                json!({
                    "id": call["id"], "functionPath": call["functionPath"],
                    // Shown as a handler saw it after it had set `injected` itself.
                    "params": call["params"].as_object().map(|params| {
                        let params = params.iter().filter(|(name, _)| *name != "injected");
                        params.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>()
                    }),
                })
            });
        let calls: Vec<_> = calls.collect();
        // A handler that ends the chain is the last one that was called.
        let planned: Vec<_> = expected.iter().take(calls.len()).map(|step| step[0].clone()).collect();
        assert_eq!(calls, planned, "{place}");
        if calls.len() < expected.len() {
            let last = calls.len().checked_sub(1).map(|last| &expected[last]);
            let stopped = last.map_or(expected[0][1] == "broken", |last| last[1] != "next")
                || expected[calls.len()][1] == "broken";
            assert!(stopped, "{place}: {calls:?} of {expected:?}");
        }
        count += 1;
    }
    count
}

/// By the name of a handler, its functions: what is behind its name, and what it does to the chain.
fn behaviours(tree: &Value) -> BTreeMap<String, Vec<(String, &'static str)>> {
    let goes_on = |behaviour: &str| match behaviour.split(':').next().unwrap_or_default() {
        "mw-stop" | "mw-throw-before" | "mw-data-bad" | "mw-next-null" | "mw-next-read-own-req" => "stop",
        "leaf-next" | "leaf-not-modified-etag" => "next",
        behaviour if behaviour.starts_with("mw") => "next",
        _ => "stop",
    };
    let mut behaviours = BTreeMap::new();
    for file in list(tree, "files") {
        let path = dart_name(text(file, "path"));
        for name in list(file, "exports").iter().filter_map(Value::as_str) {
            let id = format!("{}:{name}", path.trim_start_matches("functions/").trim_end_matches(".dart"));
            let functions = match &file["behaviours"][name] {
                Value::Array(list) => list
                    .iter()
                    .enumerate()
                    .map(|(at, one)| (format!("[{at}]"), goes_on(one.as_str().unwrap_or_default())))
                    .collect(),
                Value::String(one) => vec![(String::new(), goes_on(one))],
                // An empty list, and what is no function, as the sources of the recording have it.
                _ if text(file, "source").contains("= [];") => Vec::new(),
                _ => vec![(String::new(), "broken")],
            };
            behaviours.insert(id, functions);
        }
    }
    behaviours
}

fn path_of(request: &str) -> String {
    url::Url::parse(&format!("http://localhost{request}")).unwrap().path().to_owned()
}

/// The Dart file that declares what a recorded script does; `F` is short for one with `onRequest`.
fn translated(script: &str) -> String {
    if script == "F" {
        return declaring(["onRequest"]);
    }
    let mut dart = String::new();
    for statement in script.split_inclusive(['\n', ';']) {
        if statement.trim_start().starts_with("//") || statement.contains("export default") {
            continue;
        }
        let words: Vec<_> = statement.split(|letter: char| !letter.is_alphanumeric()).collect();
        let name_after =
            |word| words.iter().position(|other| *other == word).and_then(|at| words.get(at + 1));
        if let Some((_, from)) = statement.split_once("export * from") {
            let from = from.trim().trim_end_matches(';').replace(".js", ".dart");
            writeln!(dart, "export {from};").unwrap();
        } else if let Some((_, names)) = statement.split_once("export {") {
            let (names, _) = names.split_once('}').unwrap();
            let names = names.split(',').map(|name| name.rsplit(' ').find(|word| !word.is_empty()).unwrap());
            for name in names {
                writeln!(dart, "final {name} = null;").unwrap();
            }
        } else if statement.contains("export type") || statement.contains("export interface") {
            let name = name_after("type").or_else(|| name_after("interface")).unwrap();
            writeln!(dart, "typedef {name} = int;").unwrap();
        } else if statement.contains("export ") && statement.contains("function") {
            dart += &declaring([*name_after("function").unwrap()]);
        } else if statement.contains("export ") {
            let names = words.iter().enumerate().filter(|(at, word)| {
                word.to_lowercase().starts_with("onrequest") && (*at < 3 || words[at - 1].is_empty())
            });
            let names: Vec<_> = names.map(|(_, name)| format!("{name} = null")).collect();
            writeln!(dart, "final {};", names.join(", ")).unwrap();
        }
    }
    dart
}

/// The files of a build; of long lists only the first are recorded, numbered.
fn build_files(build: &Value) -> Vec<(String, String)> {
    if let Some(files) = build["files"].as_object() {
        let files =
            files.iter().map(|(path, script)| (dart_name(path), translated(script.as_str().unwrap())));
        return files.collect();
    }
    let listed: Vec<_> = list(build, "files").iter().filter_map(Value::as_str).collect();
    let (count, listed) = listed.split_last().expect("how many files there are");
    let count: usize = count.split(' ').nth(1).expect("a count").parse().expect("a number");
    let numbered = listed.iter().find(|path| path.ends_with("r000.js")).expect("the first of the numbered");
    let mut paths: Vec<_> =
        listed.iter().filter(|path| !path.contains("/r0")).map(|path| (*path).to_owned()).collect();
    let left = count - paths.len();
    paths.extend((0..left).map(|at| numbered.replace("r000", &format!("r{at:03}"))));
    paths.iter().map(|path| (dart_name(path), declaring(["onRequest"]))).collect()
}

#[test]
fn builds_end_as_recorded() {
    let recording = recording();
    let mut differences = Differences::new();
    let mut builds = 0;
    for build in list(&recording, "build_cases") {
        let name = text(build, "name");
        let mut files = build_files(build);
        let scripts = || build["files"].as_object().into_iter().flatten();
        let links: Vec<_> = scripts()
            .filter_map(|(path, script)| {
                Some((dart_name(path), dart_name(script.as_str()?.strip_prefix("@symlink ")?)))
            })
            .collect();
        files.retain(|(path, _)| links.iter().all(|(link, _)| link != path));
        builds += 1;
        if build["exit_code"] != 0 {
            failed_build(build, &files, &mut differences);
            continue;
        }
        if scripts().any(|(_, script)| script.as_str().unwrap().contains(" as ")) {
            differences.entry(Difference::Rule3Renamed).or_default().push(name.to_owned());
        }
        let include = &build["_routes.json"]["include"];
        let rows = &build["routes_sorted"];
        let routes = if let (Value::Array(rows), Value::Array(include)) = (rows, include) {
            compared(name, &files, rows, include, &mut differences)
        } else {
            let routes = Routes::read(project(&files).unwrap().path()).unwrap();
            if let Value::String(count) = rows {
                assert_eq!(format!("{} routes", routes.routes.len()), *count, "{name}");
            }
            let got = routes.routes_json().include;
            if let Value::String(first) = include {
                let got = format!("{} rules, first ['{}', '{}']", got.len(), got[0], got[1]);
                assert_eq!(got, *first, "{name}");
            } else {
                assert_eq!(json!(got), *include, "{name}");
            }
            Some(routes)
        };
        // Windows lets only administrators make links.
        #[cfg(not(unix))]
        let _ = routes;
        #[cfg(unix)]
        if let Some(routes) = routes {
            let dir = project(&files).unwrap();
            for (link, target) in &links {
                std::os::unix::fs::symlink(target, dir.path().join(link)).unwrap();
            }
            assert_eq!(table(&Routes::read(dir.path()).unwrap()), table(&routes), "{name}: {links:?}");
        }
    }
    println!("{builds} builds as recorded; different by intent: {differences:#?}");
    assert!(builds > 20);
}

/// A project that Pages refuses is refused here too, for the same reason.
fn failed_build(build: &Value, files: &[(String, String)], differences: &mut Differences) {
    let name = text(build, "name");
    let errors: Vec<_> = list(build, "error").iter().filter_map(Value::as_str).collect();
    let read = Routes::read(project(files).unwrap().path());
    if errors.iter().any(|line| line.contains("Unexpected")) {
        assert!(!read.unwrap().routes.is_empty(), "{name}");
        differences.entry(Difference::Rule34Syntax).or_default().push(name.to_owned());
        return;
    }
    let message = message(&read.unwrap_err());
    let parameter = errors.iter().find_map(|line| {
        let (_, rest) = line.split_once("route parameter - \"")?;
        Some(rest.split_once('"')?.0)
    });
    let expected = match parameter {
        Some(parameter) => &[format!("`{parameter}` in `functions/")][..],
        None if handlers_in(files) == 0 => &["has a handler".to_owned(), "there is no `".to_owned()],
        None => &["in its name, which no route can have".to_owned()],
    };
    assert!(expected.iter().any(|expected| message.contains(expected)), "{name}: {message}");
}

#[test]
fn rules_are_judged_as_recorded() {
    let recording = recording();
    let mut rules = 0;
    for case in list(&recording, "routes_json_validation") {
        let name = text(case, "name");
        // Long inputs are not recorded whole.
        if text(case, "input").contains('\u{2026}') {
            continue;
        }
        let read = RoutesJson::parse(Path::new("_routes.json"), text(case, "input"));
        let error = text(case, "error");
        let means = |ours: &[&str]| {
            let diagnostic = read.as_ref().unwrap_err().plain();
            assert!(ours.iter().any(|ours| diagnostic.contains(ours)), "{name}: {diagnostic}");
        };
        match error {
            "" => {
                let read = read.unwrap_or_else(|error| panic!("{name}: {}", error.plain()));
                if let Some(optimized) = case["optimized_include"].as_array() {
                    let mut include: Vec<_> = read.include.iter().map(String::as_str).collect();
                    include.sort_unstable();
                    include.dedup();
                    let mut optimized: Vec<_> = optimized.iter().filter_map(Value::as_str).collect();
                    optimized.sort_unstable();
                    assert_eq!(include, optimized, "{name}");
                }
            }
            error if error.contains("All rules must start") => means(&["a rule starts with `/`"]),
            error if error.contains("Overlapping") => means(&["covers"]),
            error if error.contains("at least 1 include") => means(&["no rule of"]),
            error if error.contains("rule limit") => means(&["Pages takes 100"]),
            error if error.contains("character limit") => means(&["characters, and Pages takes 100"]),
            error if error.contains("following format") => means(&["hint: write it as in"]),
            error if error.contains("is not a function") => means(&["a rule is a string"]),
            _ => means(&["is not JSON"]),
        }
        rules += 1;
    }
    let mut matches = 0;
    for case in list(&recording, "routing_rule_match") {
        let rules = RoutesJson { include: vec![text(case, "rule").to_owned()], exclude: Vec::new() };
        let is_match = matches!(rules.verdict(text(case, "path")), Verdict::Included(_));
        assert_eq!(json!(is_match), case["match"], "{case}");
        matches += 1;
    }
    println!("{rules} validations and {matches} matches as recorded");
    assert!(rules > 5 && matches > 20);
}
