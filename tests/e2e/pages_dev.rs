//! Pages projects, and Functions in a Worker, while they are developed.

use std::fs;
use std::time::Duration;

use rustix::process::Signal;

use crate::answer::Answer;
use crate::processes::eventually;
use crate::project::Project;
use crate::session::Session;

/// Far more than a file needs to get from one folder to the other.
const SOON: Duration = Duration::from_secs(20);

/// Asks again until `is_wanted`: what wrangler takes up by itself it says nothing of.
#[track_caller]
pub(crate) fn becomes(session: &Session, path: &str, is_wanted: impl Fn(&Answer) -> bool) -> Answer {
    eventually(path, SOON, || {
        let answer = session.try_request("GET", path, &[], b"").ok()?;
        is_wanted(&answer).then_some(answer)
    })
}

#[track_caller]
pub(crate) fn becomes_text(session: &Session, path: &str, text: &str) {
    becomes(session, path, |answer| answer.text() == text);
}

#[test]
fn a_program_of_its_own_serves_static_files_as_pages_does() {
    let project = Project::copy("pages-advanced");
    project.write(".dev.vars", "SECRET=hidden\n");
    let session = Session::start_in(project, &[]);
    session.get("/api/greeting").is(200, "hello there\n");
    session.get("/api/secret").is(200, "hidden\n");
    session.get("/api/stage").is(200, "top\n");
    session.get("/").is(200, "<h1>home</h1>\n");
    let answer = session.get("/docs/");
    answer.is(200, "<h1>docs</h1>\n");
    assert_eq!(answer.header("x-served-by"), "pages");
    let answer = session.get("/docs");
    assert_eq!((answer.status, answer.header("location")), (308, "/docs/"));
    let answer = session.get("/old");
    assert_eq!((answer.status, answer.header("location")), (301, "/docs/"));
    // Without a page for it, what is not found is the front end's to find.
    session.get("/nothing/here").is(200, "<h1>home</h1>\n");
    session.write("public/404.html", "lost\n");
    becomes(&session, "/nothing/here", |answer| answer.status == 404).is(404, "lost\n");

    session.reload(|project| project.replace("lib/main.dart", "'hello'", "'bye'"));
    session.get("/api/greeting").is(200, "bye there\n");
    session.get("/api/count").is(200, "1\n");
    assert!(session.path(".wrangler/state/v3/kv").is_dir());
    let mut files: Vec<_> = fs::read_dir(session.path("public"))
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .collect();
    files.sort();
    assert_eq!(files, ["404.html", "_headers", "_redirects", "docs", "index.html"]);
    let (status, text) = session.end(Signal::INT);
    assert!(status.success(), "{status}\n{text}");
}

#[test]
fn static_files_are_followed_while_they_come_change_and_go() {
    let session = Session::start("pages-advanced");
    session.write("public/new.txt", "one\n");
    becomes_text(&session, "/new.txt", "one\n");
    session.write("public/new.txt", "two\n");
    becomes_text(&session, "/new.txt", "two\n");
    session.write("public/_headers", "/new.txt\n  x-new: yes\n");
    becomes(&session, "/new.txt", |answer| answer.headers.get("x-new").is_some());
    session.write("public/_redirects", "/older /new.txt 302\n");
    becomes(&session, "/older", |answer| answer.status == 302);

    // As a front end's build does it.
    let start = session.now();
    fs::remove_dir_all(session.path("public")).expect("removed");
    becomes(&session, "/new.txt", |answer| answer.status == 404);
    session.wait_from(start, |text| text.contains("there is no `public`: no static files are served\n"));
    session.get("/api/greeting").is(200, "hello there\n");
    fs::create_dir_all(session.path("public/assets/deep")).expect("made");
    session.write("public/assets/deep/app.js", "built\n");
    session.write("public/index.html", "<h1>built</h1>\n");
    becomes_text(&session, "/assets/deep/app.js", "built\n");
    becomes_text(&session, "/", "<h1>built</h1>\n");
    session.write("public/assets/deep/app.js", "again\n");
    becomes_text(&session, "/assets/deep/app.js", "again\n");
}

#[test]
fn rules_for_requests_are_the_users() {
    let session = Session::start("pages-advanced");
    session.write("public/api.txt", "a file\n");
    becomes_text(&session, "/api.txt", "a file\n");
    let start = session.now();
    session.write("public/_routes.json", r#"{"version": 1, "include": ["/api/c*"], "exclude": []}"#);
    session.wait_from(start, |text| text.contains("wrangler is ready again\n"));
    session.get("/api/count").is(200, "1\n");
    session.get("/api/greeting").is(200, "<h1>home</h1>\n");
    let start = session.now();
    session.write("public/_routes.json", r#"{"version": 1, "include": ["api"], "exclude": []}"#);
    let text = session.wait_from(start, |text| text.contains("until then every request reaches the program"));
    assert!(text.contains("--> public/_routes.json:1:28\n"), "{text}");
    becomes_text(&session, "/api/greeting", "hello there\n");
    assert_eq!(session.transcript().text().matches("restarting wrangler").count(), 1);
}

#[test]
fn a_configuration_is_taken_up_and_an_environment_chosen() {
    let project = Project::copy("pages-advanced");
    project.write(".dev.vars", "SECRET=top\n");
    project.write(".dev.vars.preview", "SECRET=of preview\n");
    let session = Session::start_in(project, &["--env", "preview"]);
    session.get("/api/stage").is(200, "preview\n");
    session.get("/api/secret").is(200, "of preview\n");
    session.get("/api/count").is(200, "1\n");
    session.replace("wrangler.jsonc", r#""preview" }"#, r#""later" }"#);
    becomes_text(&session, "/api/stage", "later\n");
    session.get("/api/count").is(200, "2\n");
    let start = session.now();
    session.replace("wrangler.jsonc", "2026-04-01", "2026-03-01");
    session.wait_from(start, |text| text.contains("wrangler is ready again\n"));
    session.get("/api/count").is(200, "3\n");
    session.get("/").is(200, "<h1>home</h1>\n");
    // Of the environment alone.
    drop(session);

    let refused = Session::launch(Project::copy("pages-advanced"), &["--env", "staging"]);
    let (status, text) = refused.ended();
    assert_eq!(status.code(), Some(1), "{text}");
    assert!(text.contains("error[E0110]: a Pages project has no environment `staging`\n"), "{text}");
}

#[test]
fn a_worker_of_the_users_in_the_output_directory_is_refused() {
    let project = Project::copy("pages-advanced");
    project.write("public/_worker.js", "export default {};\n");
    let (status, text) = Session::launch(project, &[]).ended();
    assert_eq!(status.code(), Some(1), "{text}");
    assert!(
        text.ends_with(
            "error[E0603]: `public/_worker.js` is a Worker already\n\
         hint: dartflare makes the Worker of this project from Dart: remove or rename it\n\
         for more, run `dartflare explain E0603`\n"
        ),
        "{text}"
    );
}

const ECHO: &str = "import 'package:cloudflare_workers/pages.dart';\n\n\
    Response onRequest(PagesContext context) => Response.ok('NAME ${context.params.toMap()}\\n');\n";

fn function(name: &str) -> String {
    ECHO.replace("NAME", name)
}

/// Functions of either kind of project.
fn functions_are_served_and_followed(name: &str) {
    let session = Session::start(name);
    session.get("/hello").is(200, "hello\n");
    session.get("/api/todos/7").is(200, "todo 7\n");
    session.get("/").is(200, "<h1>functions</h1>\n");
    assert_eq!(session.get("/").header("x-through"), "root");
    session.reload(|project| project.replace("functions/hello.dart", "hello", "bye"));
    session.get("/hello").is(200, "bye\n");

    session.reload(|project| project.write("functions/new.dart", &function("new")));
    session.get("/new").is(200, "new {}\n");
    session.reload(|project| {
        fs::create_dir(project.path("functions/deep")).expect("made");
        project.write("functions/deep/[[all]].dart", &function("deep"));
    });
    session.get("/deep/a/b").is(200, "deep {all: [a, b]}\n");
    let rename = |from: &str, to: &str| {
        fs::rename(session.path(from), session.path(to)).expect("renamed");
    };
    session.reload(|_| rename("functions/new.dart", "functions/[id].dart"));
    session.get("/other").is(200, "[id] {id: other}\n".replace("[id] ", "new ").as_str());
    session.reload(|_| rename("functions/deep", "functions/deeper"));
    session.get("/deeper/a").is(200, "deep {all: [a]}\n");
    session.get("/deep/a").is(404, if name.starts_with("pages") { "<h1>lost</h1>\n" } else { "" });
    session.reload(|project| fs::remove_file(project.path("functions/_middleware.dart")).expect("removed"));
    assert!(session.get("/").headers.get("x-through").is_none());

    // A literal, which the VM would keep.
    let word =
        |word: &str| format!("{}\nfinal word = '{word}';\n", function("word").replace("word ", "$word "));
    session.reload(|project| project.write("functions/word.dart", &word("one")));
    session.get("/word").is(200, "one {}\n");
    session.reload(|project| project.write("functions/word.dart", &word("two")));
    session.get("/word").is(200, "two {}\n");

    // What can never run is warned of, once.
    let start = session.now();
    fs::create_dir(session.path("functions/all")).expect("made");
    session.write("functions/all/index.dart", &function("index"));
    session.reload(|project| project.write("functions/all/[[all]].dart", &function("all")));
    session.wait_from(start, |text| text.contains("warning[W0504]: "));
    session.get("/all").is(200, "all {}\n");
    session.reload(|project| project.replace("functions/hello.dart", "bye", "bye bye"));
    session.reload(|project| project.replace("functions/hello.dart", "bye bye", "bye"));
    let warnings = session.transcript().text()[start..].matches("warning[W0504]: ").count();
    assert_eq!(warnings, 1, "{}", session.transcript().text());

    // What the tree cannot have is told in the terminal and to the client.
    let start = session.now();
    session.write("functions/[other].dart", &function("other"));
    fs::create_dir(session.path("functions/[id]")).expect("made");
    session.write("functions/[id]/index.dart", &function("index"));
    let text = session.wait_from(start, |text| text.contains("hint: keep one of the two\n"));
    assert!(text.contains("both answer `/:id`\n"), "{text}");
    let answer = session.get("/hello");
    assert_eq!(answer.status, 500);
    assert!(
        answer.text().starts_with("The functions of this project cannot be served\n\nerror[E05"),
        "{}",
        answer.text()
    );
    assert!(
        answer.text().contains("`functions/[id].dart` and `functions/[id]/index.dart`"),
        "{}",
        answer.text()
    );
    session.reload(|project| fs::remove_dir_all(project.path("functions/[id]")).expect("removed"));
    session.get("/hello").is(200, "bye\n");
}

#[test]
fn functions_of_a_pages_project_are_served_and_followed() {
    functions_are_served_and_followed("pages-functions");
}

#[test]
fn functions_of_a_worker_are_served_and_followed() {
    functions_are_served_and_followed("worker-functions");
}

#[test]
fn functions_that_cannot_be_read_at_the_start_can_be_mended() {
    let project = Project::copy("pages-functions");
    project.write("functions/[a][b].dart", &function("bad"));
    let session = Session::start_in(project, &[]);
    let answer = session.get("/hello");
    assert_eq!(answer.status, 500);
    assert!(answer.text().contains("functions/[a][b].dart"), "{}", answer.text());
    session.reload(|project| fs::remove_file(project.path("functions/[a][b].dart")).expect("removed"));
    session.get("/hello").is(200, "hello\n");
    // All of them gone, and some back.
    let start = session.now();
    fs::rename(session.path("functions"), session.path("elsewhere")).expect("renamed");
    session.wait_from(start, |text| text.contains("error[E0504]: "));
    assert_eq!(session.get("/hello").status, 500);
    session.reload(|project| {
        fs::rename(project.path("elsewhere"), project.path("functions")).expect("renamed");
    });
    session.get("/hello").is(200, "hello\n");
    session.reload(|project| project.replace("functions/hello.dart", "hello", "bye"));
    session.get("/hello").is(200, "bye\n");
}

#[test]
fn a_program_of_its_own_is_told_from_functions() {
    let project = Project::copy("pages-advanced");
    fs::create_dir(project.path("functions")).expect("made");
    project.write("functions/hello.dart", &function("hello"));
    let session = Session::start_in(project, &[]);
    session.wait_for(|text| text.contains("`functions/` is not used: `lib/main.dart` takes all requests\n"));
    session.get("/hello").is(200, "<h1>home</h1>\n");
    drop(session);

    let session = Session::start("pages-functions");
    let start = session.now();
    session.write("lib/main.dart", "void main() {}\n");
    session.wait_from(start, |text| {
        text.contains(
            "there is a `lib/main.dart` now, which takes all requests: start `dartflare dev` again to run it\n",
        )
    });
    session.get("/hello").is(200, "hello\n");
}
