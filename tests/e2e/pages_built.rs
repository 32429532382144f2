//! Pages Functions as they are built: the Worker and the rules that `dartflare build` publishes, served by `wrangler pages
//! dev` and by `wrangler dev`, with the program on the Dart VM; see `js_host.rs`.

use std::fs;

use crate::project::Project;
use crate::session::{Host, Session};

/// The files of a project that answer requests, from its folder.
const FUNCTIONS: [(&str, &str); 4] = [
    (
        "functions/api/_middleware.dart",
        "import 'package:cloudflare_workers/pages.dart';

Future<Response> onRequest(PagesContext context) async {
  context.data['by'] = 'middleware';
  final response = await context.next();
  response.headers['x-guarded'] = context.functionPath;
  return response;
}
",
    ),
    (
        "functions/api/notes/[id].dart",
        "import 'package:cloudflare_workers/pages.dart';
import 'package:pages_advanced/environment.g.dart';

Future<Response> onRequestGet(PagesContext context) async {
  final note = await context.env.notes.get(context.params['id']);
  return Response.ok('${note ?? 'none'} by ${context.data['by']} in ${context.env.stage}\\n');
}

Future<Response> onRequestPut(PagesContext context) async {
  await context.env.notes.put(context.params['id'], await context.request.text());
  return Response.ok('kept\\n');
}
",
    ),
    (
        "functions/throws.dart",
        "import 'package:cloudflare_workers/pages.dart';

Response onRequest(PagesContext context) => throw StateError('no luck');
",
    ),
    ("public/api/file.txt", "a file\n"),
];

/// A copy of a Pages project, with Functions in place of its program.
fn with_functions() -> Project {
    let project = Project::copy("pages-advanced");
    fs::remove_file(project.path("lib/main.dart")).expect("removed");
    for (path, text) in FUNCTIONS {
        fs::create_dir_all(project.path(path).parent().expect("a folder")).expect("made");
        project.write(path, text);
    }
    project
}

fn check(session: &Session) {
    session.get("/api/notes/one").is(200, "none by middleware in top\n");
    assert_eq!(session.request("PUT", "/api/notes/one", &[], b"first").text(), "kept\n");
    let answer = session.get("/api/notes/one");
    answer.is(200, "first by middleware in top\n");
    assert_eq!(answer.header("x-guarded"), "/api");
    // No route: the middleware is asked, and the file answers.
    let answer = session.get("/api/file.txt");
    answer.is(200, "a file\n");
    assert_eq!(answer.header("x-guarded"), "/api");
    let answer = session.get("/throws");
    assert_eq!(answer.status, 500);
    assert!(answer.text().contains("no luck"), "{}", answer.text());
    session.get("/").is(200, "<h1>home</h1>\n");
}

#[test]
fn built_pages_advanced() {
    let project = Project::copy("pages-advanced");
    project.write(".dev.vars", "SECRET=hidden\n");
    let session = Session::start_in_on(Host::Js, project, &[]);
    session.get("/api/greeting").is(200, "hello there\n");
    session.get("/api/secret").is(200, "hidden\n");
    session.get("/api/stage").is(200, "top\n");
    session.get("/api/count").is(200, "1\n");
    session.get("/api/count").is(200, "2\n");
    session.get("/").is(200, "<h1>home</h1>\n");
    let answer = session.get("/docs/");
    answer.is(200, "<h1>docs</h1>\n");
    assert_eq!(answer.header("x-served-by"), "pages");
    assert!(!session.path("public/_routes.json").exists());
}

#[test]
fn built_pages_functions() {
    let session = Session::start_in_on(Host::Js, with_functions(), &[]);
    check(&session);
    assert_eq!(session.get("/docs/").header("x-served-by"), "pages");
    let rules: serde_json::Value = serde_json::from_str(&session.read("public/_routes.json")).expect("JSON");
    assert_eq!(rules["include"], serde_json::json!(["/throws", "/api/*"]));
}

#[test]
fn built_pages_functions_guard_files_however_their_path_is_spelled() {
    let project = with_functions();
    project.write("public/_routes.json", "{ \"version\": 1, \"include\": [\"/*\"], \"exclude\": [] }\n");
    let session = Session::start_in_on(Host::Js, project, &[]);
    for path in ["/api/file.txt", "//api/file.txt", "/%61pi/file.txt", "/api%2ffile.txt"] {
        let answer = session.get(path);
        answer.is(200, "a file\n");
        assert!(answer.headers.get("x-guarded").is_some(), "{path} passes by the middleware");
    }
}

#[test]
fn built_functions_of_a_worker() {
    let project = with_functions();
    fs::remove_file(project.path("public/_headers")).expect("removed");
    project.replace(
        "wrangler.jsonc",
        r#""pages_build_output_dir": "public","#,
        r#""main": "build/worker.mjs",
  "assets": { "directory": "public", "binding": "FILES", "run_worker_first": true },"#,
    );
    check(&Session::start_in_on(Host::Js, project, &[]));
}

/// With what Dart really makes of it.
#[test]
fn compiled_pages_functions() {
    if crate::compiled::sdk().is_none() {
        return crate::harness::skip("Pages Functions, compiled", "no Dart SDK");
    }
    for engine in ["js", "wasm"] {
        eprintln!("Pages Functions, compiled: {engine}");
        check(&Session::start_in_on(Host::Compiled(engine), with_functions(), &[]));
    }
}
