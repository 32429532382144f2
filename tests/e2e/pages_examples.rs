//! The examples `pages-seed` and `pages-fullstack`, with plain requests and in a browser.

use crate::answer::Answer;
use crate::browser;
use crate::origin::Origin;
use crate::project::Project;
use crate::session::{Host, Session};

#[test]
fn pages_seed_does_what_the_documents_show() {
    let worker = Session::start("pages-seed/worker");
    let project = worker.beside("pages-seed/site");
    project.wrangler(&["d1", "migrations", "apply", "northwind", "--local"]);
    let variables = project.read(".dev.vars.example");
    let origin = Origin::start();
    project.write(".dev.vars", &format!("{variables}CHARACTERS={}/character\n", origin.url()));
    let session = worker.start_in_beside(project, &[]);

    let said = session.wait_for(|text| text.contains("ASSETS "));
    for part in [
        "warning[W0504]: `onRequest` in `functions/api/todos/index.dart` never runs: `functions/api/todos/[[path]].dart` is",
        "DURABLE_OBJECT  Durable Object namespace Counter",
        "ASSETS          assets fetcher public",
    ] {
        assert!(said.contains(part), "no `{part}` in {said}");
    }
    browser::visit(&session, "pages_seed.mjs", "the example `pages-seed` in a browser");
    check_routes(&session);
    check_middleware(&session);
    for count in ["2", "3"] {
        // The browser was the first.
        let answer = session.get("/bindings/durable-object");
        let expected = format!("The Durable Object has counted to {count}\n");
        assert!(
            answer.ok() == expected || count == "2" && answer.ok().ends_with("to 1\n"),
            "{}",
            answer.text()
        );
    }

    // An edit of a function and of what it imports, and a function that goes and comes by another name.
    session.reload(|project| project.replace("functions/chain.dart", "from middleware", "from Dart"));
    session.get("/chain").is(200, "Hello from next base middleware from Dart");
    session
        .reload(|project| project.replace("lib/middlewares.dart", "Hello from functions", "Good day from"));
    assert_eq!(session.get("/hello").header("x-hello"), "Good day from Middleware!");
    session.reload(|project| {
        let (from, to) = ("functions/chain.dart", "functions/api/todos/chained.dart");
        std::fs::rename(project.path(from), project.path(to)).expect("renamed");
    });
    session.get("/api/todos/chained").is(200, "Hello from next base middleware from Dart");
    assert_eq!(session.get("/chain").status, 404);
}

fn check_routes(session: &Session) {
    for (path, body) in [
        ("/api/todos/7/", r#"{"file":"functions/api/todos/[id].dart","id":"7"}"#),
        ("/api/todos/", r#"{"file":"functions/api/todos/[[path]].dart","path":[]}"#),
        ("/API/Ada/Profile", r#"{"file":"functions/api/[username]/profile.dart","username":"Ada"}"#),
        ("/api/a%2Fb/c", r#"{"file":"functions/api/[[path]].dart","path":["a%2Fb","c"]}"#),
    ] {
        session.get(path).is(200, body);
    }
    let time = session.get("/api/time");
    assert!(time.ok().starts_with(r#"{"file":"functions/api/time.dart","time":"20"#), "{}", time.text());
    session.request("PUT", "/hello-world", &[], b"you").is(200, "Hello you");
    // What no function answers is for the files, which know `GET` and `HEAD`.
    assert!(session.get("/hello-world").text().contains("<title>Not found</title>"));
    assert_eq!(session.request("DELETE", "/hello-world", &[], b"").status, 405);
    // As the documents' table has them, without `/api`: these are files, if anything.
    for path in ["/time", "/ada/profile", "/todos/7"] {
        assert_eq!(session.get(path).status, 404, "{path}");
    }
}

fn check_middleware(session: &Session) {
    let timing = |answer: &Answer| answer.header("x-response-timing").parse::<u32>().is_ok();
    let about = session.get("/about");
    assert!(about.ok().contains("<h1>A static file</h1>") && timing(&about));
    let hello = session.get("/hello");
    assert_eq!((hello.ok(), hello.header("x-hello")), ("Hello\n", "Hello from functions Middleware!"));
    let hello = session.request("POST", "/hello", &[], b"");
    assert_eq!((hello.ok(), hello.header("x-hello"), timing(&hello)), ("Hello\n", "", true));
    session.get("/hello?fail").is(500, "Bad state: this is on purpose\n");
    session.wait_for(|text| text.contains("Bad state: this is on purpose"));

    session.get("/logged").is(200, "The log has a line for this GET\n");
    session.wait_for(|text| text.contains("extra logging: GET /logged\n"));
    session.get("/todos").is(200, r#"{"list":"String","timestamp":"DateTime"}"#);
}

#[test]
fn pages_seed_has_an_advanced_mode() {
    let session = Session::start_in(Project::copy("pages-seed/site"), &["--entry", "lib/advanced.dart"]);
    session.get("/api/time").is(200, "Ok");
    assert!(session.get("/about").ok().contains("<h1>A static file</h1>"));
    assert_eq!(session.get("/hello").status, 404);
}

/// What `docs/pages.md` tells to write and to do.
#[test]
fn a_project_from_an_empty_folder() {
    let guide = include_str!("../../docs/pages.md");
    let (_, chapter) = guide.split_once("\n## From an empty folder\n").expect("the chapter");
    let (chapter, _) = chapter.split_once("\n## ").expect("its end");
    let block = |language: &str| {
        let (_, rest) = chapter.split_once(&format!("\n```{language}\n")).expect("a block");
        rest.split_once("\n```\n").expect("its end").0
    };
    let function = block("dart");
    let file = function.lines().next().and_then(|line| line.strip_prefix("// ")).expect("a file's name");
    let project = Project::new(&[
        ("pubspec.yaml", block("yaml")),
        ("wrangler.toml", block("toml")),
        ("public/index.html", block("text")),
        (file, function),
    ]);
    let session = Session::start_in(project, &[]);
    assert!(session.get("/").ok().starts_with("<!doctype html>\n<title>Site</title>"));
    session.get("/api/greetings/J%C3%BCrgen").is(200, "Hello, Jürgen!");
    browser::visit(&session, "greeting.mjs", "the first project of the guide in a browser");
    session.reload(|project| project.replace(file, "$name!", "dear $name!"));
    session.get("/api/greetings/Ada").is(200, "Hello, dear Ada!");

    // Errors name the file as it is named.
    session.reload(|project| project.replace(file, "params['name']", "params['nam']"));
    let answer = session.get("/api/greetings/Ada");
    assert!(answer.text().ends_with(&format!("#0  onRequestGet ({file}:6:50)\n")), "{}", answer.text());
    let start = session.now();
    session.replace(file, "Response.ok", "Response.okay");
    let said = session.wait_from(start, |text| text.contains("does not compile: 1 error"));
    assert!(said.contains(&format!("{file}:7:19: Error: Member not found: 'Response.okay'.\n")), "{said}");
}

#[test]
fn pages_fullstack_keeps_a_reading_list() {
    let (session, ada) = check_fullstack(Host::Vm);
    session.reload(|project| {
        project.replace("functions/api/books/_middleware.dart", "Sign in first.", "Who are you?");
    });
    session.get("/api/books").is(401, r#"{"problem":"Who are you?"}"#);
    assert!(ada.send(&session, "GET", "/api/books", "").ok().starts_with('['));
}

#[test]
fn pages_fullstack_as_it_is_built() {
    drop(check_fullstack(Host::Js));
}

pub(crate) fn check_fullstack(host: Host) -> (Session, Visitor) {
    let project = Project::copy("pages-fullstack");
    project.wrangler(&["d1", "migrations", "apply", "reading-list", "--local"]);
    let session = Session::start_in_on(host, project, &[]);
    browser::visit(&session, "pages_fullstack.mjs", "the example `pages-fullstack` in a browser");
    let ada = check_accounts(&session);
    check_books(&session, &ada);
    check_guard(&session, &ada);
    check_files(&session);
    (session, ada)
}

/// A visitor with a cookie.
pub(crate) struct Visitor(String);

impl Visitor {
    fn send(&self, session: &Session, method: &str, path: &str, body: &str) -> Answer {
        session.request(method, path, &[("cookie", &self.0)], body.as_bytes())
    }

    /// Who was given a cookie.
    #[track_caller]
    fn of(answer: &Answer) -> Self {
        let cookie = answer.header("set-cookie");
        let (token, attributes) = cookie.split_once("; ").unwrap_or_else(|| panic!("the cookie `{cookie}`"));
        assert_eq!(attributes, "Path=/; Max-Age=604800; HttpOnly; SameSite=Lax");
        Self(token.to_owned())
    }
}

/// Makes the account of Ada, and signs in.
fn check_accounts(session: &Session) -> Visitor {
    let post = |path: &str, body: &str| session.request("POST", path, &[], body.as_bytes());
    for (body, problem) in [
        ("x", "That is not JSON."),
        ("[]", "That is no JSON object."),
        (r#"{"password":"correct horse"}"#, "The name is missing."),
        (r#"{"name":" ","password":"correct horse"}"#, "The name is missing."),
        (r#"{"name":"Ada","password":7}"#, "The password is missing."),
        (r#"{"name":"Ada","password":"short"}"#, "A password has 8 characters or more."),
        (&format!(r#"{{"name":"{}","password":"correct horse"}}"#, "a".repeat(41)), "The name is too long."),
    ] {
        post("/api/accounts", body).is(400, &format!(r#"{{"problem":"{problem}"}}"#));
    }
    let ada = r#"{"name":" Ada ","password":"correct horse"}"#;
    let other_site = [("origin", "https://example.com")];
    let refused = session.request("POST", "/api/accounts", &other_site, ada.as_bytes());
    refused.is(403, r#"{"problem":"This came from another site."}"#);

    let answer = post("/api/accounts", ada);
    answer.is(201, r#"{"name":"Ada"}"#);
    let first = Visitor::of(&answer);
    first.send(session, "GET", "/api/session", "").is(200, r#"{"name":"Ada"}"#);
    post("/api/accounts", r#"{"name":"ADA","password":"wrong horse"}"#)
        .is(409, r#"{"problem":"The name ADA is taken."}"#);

    for wrong in
        [r#"{"name":"Ada","password":"wrong horse"}"#, r#"{"name":"Eve","password":"correct horse"}"#]
    {
        post("/api/session", wrong).is(401, r#"{"problem":"The name or the password is wrong."}"#);
    }
    let second = Visitor::of(&post("/api/session", ada));
    assert_ne!(first.0, second.0);

    // One session ends, the other goes on.
    let answer = first.send(session, "DELETE", "/api/session", "");
    assert_eq!(answer.header("set-cookie"), "session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    answer.is(204, "");
    first.send(session, "GET", "/api/session", "").is(200, r#"{"name":null}"#);
    for cookie in ["", "session", "session=", "session=x", "other=session=x"] {
        Visitor(cookie.to_owned()).send(session, "GET", "/api/session", "").is(200, r#"{"name":null}"#);
    }
    second.send(session, "GET", "/api/session", "").is(200, r#"{"name":"Ada"}"#);
    second
}

fn check_books(session: &Session, ada: &Visitor) {
    session.get("/api/books").is(401, r#"{"problem":"Sign in first."}"#);
    session.get("/api/books/1").is(401, r#"{"problem":"Sign in first."}"#);
    ada.send(session, "GET", "/api/books", "").is(200, "[]");
    let answer = ada.send(session, "POST", "/api/books", r#"{"title":"Emma","author":"Jane Austen"}"#);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let id = answer.text().trim_start_matches(r#"{"id":"#).trim_end_matches('}').to_owned();
    let book = format!("/api/books/{id}");
    let listed = |is_read: bool| {
        format!(r#"[{{"id":{id},"title":"Emma","author":"Jane Austen","isRead":{is_read}}}]"#)
    };
    ada.send(session, "GET", "/api/books", "").is(200, &listed(false));
    ada.send(session, "PATCH", &book, r#"{"isRead":"yes"}"#)
        .is(400, r#"{"problem":"isRead is true or false."}"#);
    ada.send(session, "PATCH", &book, r#"{"isRead":true}"#).is(204, "");
    ada.send(session, "GET", "/api/books?show=read", "").is(200, &listed(true));
    ada.send(session, "GET", "/api/books?show=unread", "").is(200, "[]");

    // Others have books of their own.
    let eve = r#"{"name":"Eve","password":"correct horse"}"#;
    let eve = Visitor::of(&session.request("POST", "/api/accounts", &[], eve.as_bytes()));
    eve.send(session, "GET", "/api/books", "").is(200, "[]");
    for (method, path) in [("PATCH", book.as_str()), ("DELETE", &book), ("DELETE", "/api/books/x")] {
        let answer = eve.send(session, method, path, r#"{"isRead":true}"#);
        answer.is(404, r#"{"problem":"There is no such book."}"#);
    }
    ada.send(session, "DELETE", &book, "").is(204, "");
    ada.send(session, "GET", "/api/books", "").is(200, "[]");
}

/// The files in `public/shelf/`, by whatever path.
fn check_guard(session: &Session, ada: &Visitor) {
    let page = ada.send(session, "GET", "/shelf/", "");
    assert!(page.ok().contains("<title>Your books</title>"));
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(ada.send(session, "GET", "/shelf/shelf.js", "").ok().contains("sign-out"));
    for path in [
        "/shelf",
        "/shelf/",
        "/shelf/index",
        "/shelf/index.html",
        "/shelf/shelf.js",
        "//shelf/",
        "/%73helf/",
        "/%2fshelf/",
        "/shelf%2f",
        "/shelf%2Fshelf.js",
        "/x/..%2fshelf/shelf.js",
        "/x%2f%2e%2e%2fshelf/shelf.js",
        "/x/%2e%2e/shelf/",
        "/%ff/..%2f../shelf/",
    ] {
        let answer = session.get(path);
        assert_eq!(answer.status, 303, "{path}: {}", answer.text());
        assert!(answer.header("location").starts_with("/?next=%2F"), "{path}: {}", answer.header("location"));
    }
    // Those are no paths of the files.
    for path in ["/SHELF/shelf.js", "/%2573helf/shelf.js", "/shelf%5cshelf.js"] {
        assert!(!session.get(path).text().contains("sign-out"), "{path}");
    }
}

fn check_files(session: &Session) {
    let page = session.get("/");
    assert!(page.ok().contains("<title>Reading list</title>"));
    assert_eq!(page.header("content-security-policy"), "default-src 'self'");
    let missing = session.get("/no/such/page");
    assert_eq!(missing.status, 404);
    assert!(missing.text().contains("Not on this shelf"));
}
