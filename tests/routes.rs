//! `dartflare routes`: the table, what runs for a request, and what is wrong with the files.

use serde_json::{Value, json};

use crate::harness::Test;

const PAGES: &str =
    "name = \"site\"\ncompatibility_date = \"2026-01-01\"\npages_build_output_dir = \"public\"\n";
const WORKER: &str = "name = \"site\"\ncompatibility_date = \"2026-01-01\"\nmain = \"build/worker.mjs\"\n";

fn pages() -> Test {
    Test::new().file("wrangler.toml", PAGES)
}

/// Adds files that have these handlers.
fn functions(mut test: Test, files: &[(&str, &[&str])]) -> Test {
    for (file, names) in files {
        let handlers: Vec<String> = names
            .iter()
            .map(|name| format!("Response {name}(PagesContext context) => Response('');\n"))
            .collect();
        test = test.file(&format!("functions/{file}"), &handlers.concat());
    }
    test
}

/// A small API behind middleware.
const TODOS: [(&str, &[&str]); 5] = [
    ("_middleware.dart", &["onRequest"]),
    ("api/_middleware.dart", &["onRequest"]),
    ("api/todos/index.dart", &["onRequestGet", "onRequestPost"]),
    ("api/todos/[id].dart", &["onRequestGet", "onRequestDelete"]),
    ("api/[[path]].dart", &["onRequest"]),
];

/// The same with middleware for some paths and methods only.
fn todos(test: Test) -> Test {
    let more: [(&str, &[&str]); 4] = [
        ("index.dart", &["onRequestGet"]),
        ("api/_middleware.dart", &["onRequest", "onRequestPost"]),
        ("api/todos/[id]/_middleware.dart", &["onRequestDelete"]),
        ("api/todos/new/_middleware.dart", &["onRequest"]),
    ];
    functions(functions(test, &TODOS), &more)
}

#[test]
fn the_guide_shows_what_is_printed() {
    let guide = include_str!("../docs/pages-routing.md");
    let mut shown = 0;
    for (at, _) in guide.match_indices("```console\n$ dartflare ") {
        let mut blocks = guide[at..].split("```");
        let command = blocks.nth(1).expect("a block").trim_start_matches("console\n$ dartflare ");
        let printed = blocks.nth(1).expect("a block").strip_prefix("text\n").expect("what is printed");
        functions(pages(), &TODOS).args(command).stdout(printed).run();
        shown += 1;
    }
    assert_eq!(shown, 2);
}

#[test]
fn the_table_of_a_pages_project() {
    todos(pages())
        .args("routes")
        .stdout(
            "\
PATTERN         METHODS     FILE                            AFTER
/api/todos/:id  DELETE GET  functions/api/todos/[id].dart   _middleware.dart > api/_middleware.dart > api/todos/[id]/_middleware.dart (DELETE) > api/todos/new/_middleware.dart (some paths)
/api/todos      GET POST    functions/api/todos/index.dart  _middleware.dart > api/_middleware.dart
/api/:path*     any         functions/api/[[path]].dart     _middleware.dart > api/_middleware.dart > api/todos/[id]/_middleware.dart (DELETE, some paths) > api/todos/new/_middleware.dart (some paths)
/               GET         functions/index.dart            _middleware.dart
otherwise       any         static assets                   _middleware.dart > api/_middleware.dart (some paths) > api/todos/[id]/_middleware.dart (DELETE, some paths) > api/todos/new/_middleware.dart (some paths)

the generated `_routes.json` includes `/*`
",
        )
        .run();
}

#[test]
fn the_table_of_a_worker() {
    let test = |assets: &str| {
        let config = format!("{WORKER}{assets}");
        functions(Test::new().file("wrangler.toml", &config), &[("api/time.dart", &["onRequest"])])
            .args("routes")
    };
    let table = |rest: &str| {
        format!(
            "\
PATTERN    METHODS  {:<23}  AFTER
/api/time  any      functions/api/time.dart
otherwise  any      {rest}
",
            "FILE"
        )
    };
    test("").stdout(&table("an empty 404")).run();
    let assets = "[assets]\ndirectory = \"public\"\nbinding = \"ASSETS\"\n";
    test(assets).stdout(&table("static assets")).run();
    let said = "\
GET /api/time

  1  functions/api/time.dart  onRequest  at /api/time
  then static assets, if it calls `next()`

a file of the assets at this path is served before: `assets.run_worker_first` does not have it
";
    test(assets).args("/api/time").stdout(said).run();
    let (before, _) = said.split_once("\na file").expect("two parts");
    let first = |value: &str| test(&format!("{assets}run_worker_first = {value}\n")).args("/api/time");
    for value in ["true", r#"["/api/*"]"#, r#"["/*m*", "!/api/time/*"]"#] {
        first(value).stdout(before).run();
    }
    for value in ["false", r#"["/api"]"#, r#"["/api/*", "!/*/time"]"#] {
        first(value).stdout(said).run();
    }
}

#[test]
fn the_table_as_json() {
    let test = functions(pages(), &[("_middleware.dart", &["onRequestGet"]), ("a/[b].dart", &["onRequest"])]);
    let output = test.args("routes --json").output();
    assert_eq!(
        serde_json::from_slice::<Value>(&output.stdout).expect("JSON"),
        json!({
            "program": null,
            "routes": [
                {
                    "path": "/a/:b", "mount": "/a", "method": null, "middleware": null,
                    "module": { "file": "functions/a/[b].dart", "name": "onRequest", "line": 1 },
                },
                {
                    "path": "/", "mount": "/", "method": "GET", "module": null,
                    "middleware": { "file": "functions/_middleware.dart", "name": "onRequestGet", "line": 1 },
                },
            ],
            "routesJson": { "file": null, "include": ["/*"], "exclude": [] },
        })
    );
}

#[test]
fn what_runs_for_a_request() {
    let all = "\n`/*` of the generated `_routes.json` leads here\n";
    for (request, expected) in [
        (
            "/api/todos/1?done -X delete",
            "\
DELETE /api/todos/1

  1  functions/_middleware.dart                 onRequest        at /
  2  functions/api/_middleware.dart             onRequest        at /api
  3  functions/api/todos/[id]/_middleware.dart  onRequestDelete  at /api/todos/1  id = 1
  4  functions/api/todos/[id].dart              onRequestDelete  at /api/todos/1  id = 1
  then static assets, if it calls `next()`

not run
  functions/api/_middleware.dart  onRequestPost  is for POST
  functions/api/todos/[id].dart   onRequestGet   is for GET
  functions/api/[[path]].dart     onRequest      `/api/:path*` is tried after `/api/todos/:id`
",
        ),
        (
            "https://example.com/API/a/../b%2Fc/d -X PATCH",
            "\
PATCH /API/b%2Fc/d

  1  functions/_middleware.dart      onRequest  at /
  2  functions/api/_middleware.dart  onRequest  at /API
  3  functions/api/[[path]].dart     onRequest  at /API/b%2Fc/d  path = [b%2Fc, d]
  then static assets, if it calls `next()`

not run
  functions/api/_middleware.dart  onRequestPost  is for POST
",
        ),
        (
            "//api//todos",
            "\
GET //api//todos

  1  functions/_middleware.dart      onRequest  at /
  2  functions/api/_middleware.dart  onRequest  at //api
  then no function answers it: static assets

not run
  functions/api/_middleware.dart  onRequestPost  is for POST
",
        ),
        (
            "/ -X POST",
            "\
POST /

  1  functions/_middleware.dart  onRequest  at /
  then no function answers it: static assets, which answer 405 to POST

not run
  functions/index.dart  onRequestGet  is for GET
",
        ),
    ] {
        todos(pages()).args("routes").args(request).stdout(&format!("{expected}{all}")).run();
    }
}

#[test]
fn what_runs_for_a_request_as_json() {
    let output = todos(pages()).args("routes /api/todos/new --json").output();
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let files = |key: &str| {
        let steps = said[key].as_array().expect("a list").iter();
        steps.map(|step| format!("{} {}", step["file"], step["name"]).replace('"', "")).collect::<Vec<_>>()
    };
    assert_eq!(
        files("run"),
        [
            "functions/_middleware.dart onRequest",
            "functions/api/_middleware.dart onRequest",
            "functions/api/todos/new/_middleware.dart onRequest",
            "functions/api/todos/[id].dart onRequestGet",
        ]
    );
    assert_eq!(said["run"][3]["params"], json!({ "id": "new" }));
    assert_eq!(said["run"][3]["functionPath"], "/api/todos/new");
    assert_eq!(said["notRun"].as_array().expect("a list").len(), 4);
    assert_eq!((&said["notRun"][3]["why"], &said["notRun"][0]["why"]), (&json!("order"), &json!("method")));
    assert_eq!((&said["reachesFunctions"], &said["rule"]), (&json!(true), &json!("/*")));
    assert_eq!(
        (&said["isAnswered"], &said["method"], &said["path"]),
        (&json!(true), &json!("GET"), &json!("/api/todos/new"))
    );
}

#[test]
fn what_routes_json_keeps_away() {
    let test =
        || functions(pages(), &[("api/a.dart", &["onRequest"]), ("api/a/_middleware.dart", &["onRequest"])]);
    test()
        .args("routes /style.css")
        .stdout(
            "\
GET /style.css

  static assets

no rule of the generated `_routes.json` includes it, so no function runs
",
        )
        .run();
    let rules = r#"{ "version": 1, "include": ["/api/*"], "exclude": ["/api/a/static/*"] }"#;
    test()
        .file("public/_routes.json", rules)
        .args("routes /api/a/static/x -X POST")
        .stdout(
            "\
POST /api/a/static/x

  static assets, which answer 405 to POST

`/api/a/static/*` of `public/_routes.json` excludes it, so no function runs
",
        )
        .run();
    test()
        .file("public/_routes.json", rules)
        .args("routes")
        .stdout(
            "\
PATTERN    METHODS  FILE                  AFTER
/api/a     any      functions/api/a.dart  api/a/_middleware.dart
otherwise  any      static assets         api/a/_middleware.dart (some paths)

`public/_routes.json` includes `/api/*` and excludes `/api/a/static/*`
",
        )
        .run();
    // What a build wrote before is not the user's.
    let built = r#"{ "version": 1, "description": "Generated by dartflare 0.1.0", "include": ["/b"], "exclude": [] }"#;
    let output = test().file("public/_routes.json", built).args("routes --json").output();
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(said["routesJson"], json!({ "file": null, "include": ["/api/a/*"], "exclude": [] }));
}

#[test]
fn advanced_mode_has_no_routes() {
    let test = || pages().file("lib/main.dart", "void main() {}\n");
    test().args("routes /a").stdout("lib/main.dart takes all requests\n").run();
    functions(test(), &[("a.dart", &["onRequest"])])
        .args("routes")
        .stdout("lib/main.dart takes all requests\n")
        .stderr("`functions/` is not used: `lib/main.dart` takes all requests\n")
        .run();
    let output = test().args("routes --json").output();
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(said, json!({ "program": "lib/main.dart", "routes": [] }));
}

#[test]
fn errors_of_the_files() {
    for (files, expected) in [
        (
            &["[my-id].dart"][..],
            "\
error[E0501]: `[my-id]` in `functions/[my-id].dart` is no parameter: its name may have ASCII letters, digits and `_` only
hint: write `[my_id]`
",
        ),
        (
            &["a/[...slug].dart"],
            "\
error[E0501]: `[...slug]` in `functions/a/[...slug].dart` is no parameter: its name may have ASCII letters, digits and `_` only
hint: for any number of segments write `[[slug]]`
",
        ),
        (
            &["[[]/a.dart"],
            "\
error[E0501]: `[[]` in `functions/[[]/a.dart` is no parameter: its name may have ASCII letters, digits and `_` only
hint: name it, as in `[name]`
",
        ),
        (
            &["[a][b].dart"],
            "\
error[E0501]: nothing that could tell them apart is between the parameter `a` of `functions/[a][b].dart` and the next one
hint: put a character between the two that no name has, as in `[a]-[b]`
",
        ),
        (
            &["x[[path]].dart"],
            "\
error[E0501]: `[[path]]` in `functions/x[[path]].dart` stands for any number of segments, and shares one with other text
hint: put a folder before it, as in `x/[[path]].dart`, or take one segment: `[path]`
",
        ),
        #[cfg(unix)]
        (
            &["a:b.dart"],
            "\
error[E0501]: `functions/a:b.dart` has a `:` in its name, which no route can have
hint: rename it; `[name]` stands for any segment, and `[[name]]` for any number of them
",
        ),
        (
            &["a.dart", "a/index.dart"],
            "\
error[E0505]: `functions/a.dart` and `functions/a/index.dart` both answer `/a`
 --> functions/a.dart:1:10
  |
1 | Response onRequest(PagesContext context) => Response('');
  |          ^^^^^^^^^
 --> functions/a/index.dart:1:10
  |
1 | Response onRequest(PagesContext context) => Response('');
  |          ^^^^^^^^^ the same again
hint: keep one of the two
",
        ),
        (
            &["a/_middleware.dart", "a/_middleware_.dart"],
            "\
error[E0505]: `functions/a/_middleware.dart` and `functions/a/_middleware_.dart` are both the middleware of `/a`
 --> functions/a/_middleware.dart:1:10
  |
1 | Response onRequest(PagesContext context) => Response('');
  |          ^^^^^^^^^
 --> functions/a/_middleware_.dart:1:10
  |
1 | Response onRequest(PagesContext context) => Response('');
  |          ^^^^^^^^^ the same again
hint: keep one of the two
",
        ),
        (
            &["a_test.dart", ".hidden/a.dart"],
            "\
error[E0504]: no file in `functions` has a handler
hint: declare one, as in `Response onRequest(PagesContext context) => Response('hello');`
",
        ),
        (
            &[],
            "\
error[E0504]: there is no `functions`
hint: create `functions/index.dart` with a handler, as in `Response onRequest(PagesContext context) => Response('hello');`
",
        ),
    ] {
        let files: Vec<_> = files.iter().map(|file| (*file, &["onRequest"][..])).collect();
        functions(pages(), &files).args("routes").stderr(expected).code(1).run();
    }
}

#[test]
fn what_nearly_is_the_only_handler_is_shown() {
    let files = [("hello.dart", &["onrequest"][..])];
    let expected = "\
error[E0504]: no file in `functions` has a handler
 --> functions/hello.dart:1:10
  |
1 | Response onrequest(PagesContext context) => Response('');
  |          ^^^^^^^^^
hint: write `onRequest`
";
    functions(pages(), &files).args("routes").stderr(expected).code(1).run();
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_no_text() {
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::ffi::OsStrExt as _;
    let test = functions(pages(), &[("a.dart", &["onRequest"])]);
    let name = OsStr::from_bytes(b"functions/\xff.dart");
    fs::copy(test.path().join("functions/a.dart"), test.path().join(name)).expect("a copy");
    let expected = "\
error[E0501]: the name of `functions/\u{fffd}.dart` is not UTF-8, so no URL has it
hint: rename the file or the folder
";
    test.args("routes").stderr(expected).code(1).run();
}

#[test]
fn warnings_of_what_answers_nothing() {
    let test = functions(
        pages(),
        &[
            ("a b.dart", &["onRequest"]),
            ("a/[[path]].dart", &["onRequest"]),
            ("a/index.dart", &["onRequestGet", "onRequestPost"]),
            ("b/[x].dart", &["onRequest"]),
            ("b/[y].dart", &["onRequest"]),
            ("c/[id]s.dart", &["onRequest"]),
            ("d.dart", &["onRequest", "onRequestGET"]),
        ],
    );
    test.file("functions/e.dart", "class onRequest {}\nfinal onRequestGet = null;\n")
        .args("routes /d")
        .stderr(
            "\
warning[W0501]: `onRequestGET` in `functions/d.dart` is not the name of a handler, so it answers nothing
 --> functions/d.dart:2:10
  |
2 | Response onRequestGET(PagesContext context) => Response('');
  |          ^^^^^^^^^^^^
hint: write `onRequestGet`
warning[W0501]: `onRequest` in `functions/e.dart` is a type, so it answers nothing
 --> functions/e.dart:1:7
  |
1 | class onRequest {}
  |       ^^^^^^^^^
hint: declare a function of that name, or call the type something else
warning[W0502]: the parameter `[id]s` of `functions/c/[id]s.dart` is called `ids`, as on Pages
hint: rename the file to `functions/c/[ids].dart`, or put a `-` or `.` after `[id]`
warning[W0503]: no request reaches `functions/a b.dart`: the path of no URL is spelled like that
hint: rename it; `functions/a%20b.dart` is how a URL spells it
warning[W0504]: `onRequestGet` and `onRequestPost` in `functions/a/index.dart` never run: `functions/a/[[path]].dart` is tried before and answers all the same requests
 --> functions/a/index.dart:1:10
  |
1 | Response onRequestGet(PagesContext context) => Response('');
  |          ^^^^^^^^^^^^
 --> functions/a/index.dart:2:10
  |
2 | Response onRequestPost(PagesContext context) => Response('');
  |          ^^^^^^^^^^^^^
hint: `[[path]]` stands for no segment too: answer `/a` there, or remove one of the two
warning[W0504]: `onRequest` in `functions/b/[y].dart` never runs: `functions/b/[x].dart` is tried before and answers all the same requests
 --> functions/b/[y].dart:1:10
  |
1 | Response onRequest(PagesContext context) => Response('');
  |          ^^^^^^^^^
hint: remove one of the two, or have each answer other methods
",
        )
        .stdout(
            "\
GET /d

  1  functions/d.dart  onRequest  at /d
  then static assets, if it calls `next()`

`/d` of the generated `_routes.json` leads here
",
        )
        .run();
}

#[test]
fn errors_of_routes_json() {
    let long = format!("\"/{}\"", "a".repeat(100));
    let many = (0..101).map(|at| format!("\"/r{at}\"")).collect::<Vec<_>>().join(",\n");
    for (rules, expected) in [
        (
            "{ \"version\": 1, // new\n}",
            "\
error[E0502]: `public/_routes.json` is not JSON: comments are not allowed
 --> public/_routes.json:1:17
  |
1 | { \"version\": 1, // new
  |                 ^^^^^^
hint: write plain JSON here, without comments and without commas before a closing bracket
"
            .to_owned(),
        ),
        (
            r#"{ "include": [], "exclude": [] }"#,
            r#"error[E0502]: `public/_routes.json` has no `version`
 --> public/_routes.json:1:1
  |
1 | { "include": [], "exclude": [] }
  | ^
hint: write it as in `{"version": 1, "include": ["/api/*"], "exclude": []}`
"#
            .to_owned(),
        ),
        (
            r#"{ "version": "1", "include": ["/*"], "exclude": [] }"#,
            r#"error[E0502]: the `version` of these rules has to be the number 1
 --> public/_routes.json:1:14
  |
1 | { "version": "1", "include": ["/*"], "exclude": [] }
  |              ^^^
hint: write it as in `{"version": 1, "include": ["/api/*"], "exclude": []}`
"#
            .to_owned(),
        ),
        (
            r#"{ "version": 1, "include": [], "exclude": ["/a"] }"#,
            r#"error[E0502]: no rule of `public/_routes.json` includes anything, so no request would reach the functions
 --> public/_routes.json:1:28
  |
1 | { "version": 1, "include": [], "exclude": ["/a"] }
  |                            ^^
hint: for all requests write `"include": ["/*"]`
"#
            .to_owned(),
        ),
        (
            r#"{ "version": 1, "include": ["api/*"], "exclude": [] }"#,
            r#"error[E0502]: a rule starts with `/`
 --> public/_routes.json:1:29
  |
1 | { "version": 1, "include": ["api/*"], "exclude": [] }
  |                             ^^^^^^^
hint: write `"/api/*"`
"#
            .to_owned(),
        ),
        (
            r#"{ "version": 1, "include": ["/api/*", "/api/a"], "exclude": [] }"#,
            r#"error[E0502]: `/api/*` covers `/api/a` already, which Pages takes for an error
 --> public/_routes.json:1:29
  |
1 | { "version": 1, "include": ["/api/*", "/api/a"], "exclude": [] }
  |                             ^^^^^^^^
 --> public/_routes.json:1:39
  |
1 | { "version": 1, "include": ["/api/*", "/api/a"], "exclude": [] }
  |                                       ^^^^^^^^ covered
hint: remove one of the two
"#
            .to_owned(),
        ),
        (
            &format!("{{ \"version\": 1, \"exclude\": [], \"include\": [\n{long}\n] }}"),
            format!(
                "\
error[E0502]: this rule has 101 characters, and Pages takes 100
 --> public/_routes.json:2:1
  |
2 | {long}
  | {}
hint: end it with `/*` after an earlier segment
",
                "^".repeat(103)
            ),
        ),
        (
            &format!("{{ \"version\": 1, \"exclude\": [\"/r0\"], \"include\": [\n{many}\n] }}"),
            "\
error[E0502]: `public/_routes.json` has 102 rules, and Pages takes 100
   --> public/_routes.json:102:1
    |
102 | \"/r100\"
    | ^^^^^^^ the first beyond 100
hint: take several together with `*`, as in `/api/*`
"
            .to_owned(),
        ),
    ] {
        functions(pages(), &[("a.dart", &["onRequest"])])
            .file("public/_routes.json", rules)
            .args("routes")
            .stderr(&expected)
            .code(1)
            .run();
    }
}

#[test]
fn wrong_usage() {
    for args in ["routes api", "routes --method POST"] {
        let output = todos(pages()).args(args).output();
        assert_eq!(output.status.code(), Some(2), "{args}");
    }
}
