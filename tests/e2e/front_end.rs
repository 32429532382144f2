//! A front end with a development server of its own, and bindings that the command line gives.

use std::io::Read as _;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;

use crate::project::Project;
use crate::session::{Session, agent};
use crate::web_sockets::Client;

/// The command that runs the server of the tests.
pub(crate) fn server(host: &str) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/front_end/server.mjs");
    // By a shell, and with a variable of its own, as scripts of npm run.
    format!("HOST={host} && node '{}' \"$HOST\"", script.display())
}

fn with_command(project: Project, host: &str, args: &[&str]) -> Session {
    Session::start_in(project, &[&["--command", &server(host)], args].concat())
}

/// What the server answers, through a program that lets it answer.
#[track_caller]
fn is_in_place_of_files(session: &Session) {
    session.get("/").is(200, "front end /\n");
    session.get("/app.js").is(200, "front end /app.js\n");
    session.get("/missing.js").is(404, "no such page\n");
    let answer = session.get("/redirect");
    assert_eq!((answer.status, answer.header("location")), (302, session.url("/there?a=b").as_str()));
    let answer = session.get("/elsewhere");
    assert_eq!((answer.status, answer.header("location")), (307, "https://example.com/"));
    let mut client = Client::connect_with(session, "/socket", &[("sec-websocket-protocol", "vite-hmr")]);
    assert_eq!(client.next(), "connected");
    assert_eq!(client.header("sec-websocket-protocol"), "vite-hmr");
}

/// Bodies in both directions, as they come.
#[track_caller]
fn streams(session: &Session) {
    let body = vec![b'x'; 300_000];
    let answer = session.request("PUT", "/echo", &[], &body);
    assert_eq!((answer.status, answer.header("x-method")), (201, "PUT"));
    assert_eq!(answer.body.len(), body.len());
    assert!(session.url("/").contains(answer.header("x-forwarded-host")));
    let mut slow = session.open(&agent(false), "GET", "/slowly", &[], b"").expect("a response");
    let mut first = [0; 6];
    let mut reader = slow.body_mut().as_reader();
    reader.read_exact(&mut first).expect("the first part");
    assert_eq!(&first, b"first\n");
    session.get("/next").is(200, "next\n");
    let mut rest = String::new();
    reader.read_to_string(&mut rest).expect("the rest");
    assert_eq!(rest, "second\n");
}

#[test]
fn a_pages_project_asks_the_server_for_what_no_function_answers() {
    let session = with_command(Project::copy("pages-functions"), "127.0.0.1", &[]);
    session.wait_for(|text| text.contains("  frontend  http://localhost:"));
    is_in_place_of_files(&session);
    streams(&session);
    session.get("/hello").is(200, "hello\n");
    assert_eq!(session.get("/app.js").header("x-through"), "root");
    session.reload(|project| project.replace("functions/hello.dart", "hello", "bye"));
    session.get("/hello").is(200, "bye\n");
    let (status, text) = session.end(Signal::INT);
    assert!(status.success(), "{status}\n{text}");
}

#[test]
fn a_program_of_its_own_finds_the_server_by_its_binding() {
    let project = Project::copy("pages-advanced");
    project.write(".dev.vars", "SECRET=hidden\n");
    // By IPv6.
    let session = with_command(project, "::1", &["--env", "preview"]);
    is_in_place_of_files(&session);
    streams(&session);
    session.get("/api/stage").is(200, "preview\n");
    session.get("/api/secret").is(200, "hidden\n");
    session.get("/api/count").is(200, "1\n");
    assert!(session.path(".wrangler/state/v3/kv").is_dir());
    session.replace("wrangler.jsonc", r#""preview" }"#, r#""later" }"#);
    crate::pages_dev::becomes_text(&session, "/api/stage", "later\n");
    is_in_place_of_files(&session);
}

#[test]
fn functions_of_a_worker_need_no_binding_for_the_server() {
    let project = Project::copy("worker-functions");
    project.edit("wrangler.jsonc", |text| {
        let (before, rest) = text.split_once(",\n  \"assets\"").expect("the assets");
        let (_, after) = rest.split_once("\n  }").expect("their end");
        format!("{before}{after}")
    });
    let session = with_command(project, "127.0.0.1", &[]);
    is_in_place_of_files(&session);
    session.get("/api/todos/7").is(200, "todo 7\n");
}

#[test]
fn files_that_would_come_before_the_program_come_after_it() {
    let project = Project::copy("hello");
    project.edit("lib/main.dart", |_| {
        "import 'package:cloudflare_workers/cloudflare_workers.dart';\n\n\
         void main() {\n  CloudflareWorkers(\n    fetch: (request, env, ctx) => request.url.path == '/api'\n        \
         ? Response.ok('api\\n')\n        : Response.notFound('not here\\n'),\n  );\n}\n"
            .to_owned()
    });
    let session = with_command(project, "127.0.0.1", &[]);
    session.get("/api").is(200, "api\n");
    session.get("/").is(200, "front end /\n");
    session.get("/redirect");
    session.get("/missing.js").is(404, "not here\n");
    let script = [("sec-fetch-dest", "empty")];
    session.request("GET", "/api/none", &script, b"").is(404, "not here\n");
    session.request("GET", "/data.json", &script, b"").is(200, "front end /data.json\n");
    session.request("POST", "/echo", &[], b"x").is(404, "not here\n");
    let mut client = Client::connect_with(&session, "/", &[("sec-websocket-protocol", "vite-hmr")]);
    assert_eq!(client.next(), "connected");
}

#[test]
fn a_server_that_does_not_answer_is_named() {
    let port = {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        free.local_addr().expect("its number").port().to_string()
    };
    let session = Session::start_in(Project::copy("pages-functions"), &["--proxy", &port]);
    session.get("/hello").is(200, "hello\n");
    let answer = session.request("GET", "/", &[("accept", "text/html")], b"");
    assert_eq!((answer.status, answer.header("content-type")), (502, "text/html; charset=utf-8"));
    assert!(answer.text().contains("<h1>The front end does not answer</h1>"), "{}", answer.text());
    session.get("/").is(
        502,
        &format!(
            "The front end does not answer\n\n\
             nobody listens at http://localhost:{port}/ and http://[::1]:{port}/\n\n\
             start the front end's server, or give its port with `dartflare dev --proxy PORT`\n"
        ),
    );
    // It is found when it comes, and when it comes again by the other address.
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/front_end/server.mjs");
    for host in [Ipv4Addr::LOCALHOST.to_string(), Ipv6Addr::LOCALHOST.to_string()] {
        let mut server = Command::new("node").arg(&script).args([&host, &port]).spawn().expect("a server");
        crate::pages_dev::becomes_text(&session, "/", "front end /\n");
        server.kill().expect("killed");
        server.wait().expect("its end");
        let answer = session.get("/");
        assert_eq!(answer.status, 502);
        assert!(answer.text().contains("nobody listens at "), "{}", answer.text());
    }
}

#[test]
fn a_command_that_is_no_server_is_told() {
    let ended = |args: &[&str]| Session::launch(Project::copy("pages-functions"), args).ended();
    let (status, text) = ended(&["--command", "echo broken >&2; exit 3"]);
    assert_eq!(status.code(), Some(1), "{text}");
    assert!(text.contains("broken\n"), "{text}");
    assert!(
        text.contains(
            "error[E0608]: `echo broken >&2; exit 3` ended (exit status: 3) before it said where it listens\n"
        ),
        "{text}"
    );
    // One that leaves a server behind is none of ours to end.
    let project = Project::copy("pages-functions");
    let session = Session::start_in(project, &["--command", "true", "--proxy", "9"]);
    session.wait_for(|text| text.contains("`true` ended (exit status: 0)\n"));
    session.get("/hello").is(200, "hello\n");
    drop(session);
    let (status, text) = ended(&["--port", "8000", "--proxy", "8000"]);
    assert_eq!(status.code(), Some(3), "{text}");
    assert!(
        text.contains("error[E0607]: `--proxy 8000` is the port that `dartflare dev` answers on\n"),
        "{text}"
    );
}

const BINDINGS: &str = "import 'package:cloudflare_workers/pages.dart';\n\n\
    Future<Response> onRequest(PagesContext context) async {\n  final env = context.env;\n  \
    await env.getKVNamespace('TODOS').put('a', 'kv');\n  \
    await env.getR2Bucket('MY_FILES').put('a', 'r2');\n  \
    final row = await env.getD1Database('DB').prepare(\"SELECT 'd1' AS a\").first();\n  \
    final object = await env.getR2Bucket('MY_FILES').get('a');\n  \
    return Response.json([\n    await env.getKVNamespace('TODOS').get('a'),\n    await object!.text(),\n    \
    row!['a'],\n    env.variable<String>('STAGE'),\n  ]);\n}\n";

#[test]
fn flags_bind_what_a_program_asks_for() {
    let flags = ["-k", "TODOS", "--r2", "MY_FILES", "--d1", "DB=123", "-b", "STAGE=a = b"];
    for name in ["pages-functions", "worker-functions"] {
        let project = Project::copy(name);
        project.write("functions/bindings.dart", BINDINGS);
        let session = Session::start_in(project, &flags);
        session.get("/bindings").is(200, "[\"kv\",\"r2\",\"d1\",\"a = b\"]");
        session.wait_for(|text| text.contains("  bindings  "));
        let said = session.transcript().stderr();
        assert!(said.contains("TODOS     KV namespace TODOS\n"), "{said}");
        assert!(said.contains("MY_FILES  R2 bucket my-files\n"), "{said}");
    }
}

const OTHERS: &str = "import 'package:cloudflare_workers/pages.dart';\n\n\
    Future<Response> onRequest(PagesContext context) {\n  final env = context.env;\n  \
    final request = Request(context.request.url);\n  \
    if (context.params['by'] == 'service') {\n    return env.getService('OTHER').fetch(request);\n  }\n  \
    final views = env.getDurableObjectNamespace('VIEWS');\n  \
    return views.get(views.idFromName('by flag')).fetch(request);\n}\n";

#[test]
fn flags_reach_other_workers() {
    let other = Session::start("seed-views");
    let project = other.beside("pages-functions");
    project.write("functions/[by].dart", OTHERS);
    let flags = ["--service", "OTHER=seed-views", "--do", "VIEWS=ViewsDurableObject@seed-views"];
    let session = other.start_in_beside(project, &flags);
    let times = |count: u8| format!("This Durable Object has been requested {count} times!");
    crate::pages_dev::becomes(&session, "/service", |answer| answer.text() == times(1));
    session.get("/service").is(200, &times(2));
    session.get("/object").is(200, &times(1));
}

#[test]
fn a_name_that_is_taken_is_told_with_both_places() {
    let session = Session::launch(Project::copy("pages-advanced"), &["--d1", "NOTES"]);
    let (status, text) = session.ended();
    assert_eq!(status.code(), Some(1), "{text}");
    assert!(
        text.ends_with(
            "error[E0111]: two bindings have the name `NOTES`\n \
             --> wrangler.jsonc:6:34\n  |\n\
             6 |   \"kv_namespaces\": [{ \"binding\": \"NOTES\", \"id\": \"notes\" }],\n  \
             |                                  ^^^^^^^ a KV namespace\n \
             --> the command line:1:6\n  |\n\
             1 | --d1 NOTES\n  |      ^^^^^ a D1 database\n\
             hint: leave one of them out, or give it another name\n\
             for more, run `dartflare explain E0111`\n"
        ),
        "{text}"
    );
    let session = Session::launch(Project::copy("pages-advanced"), &["--do", "ROOMS"]);
    let (status, text) = session.ended();
    assert_eq!(status.code(), Some(2), "{text}");
    assert!(text.contains("write it as NAME=CLASS or NAME=CLASS@WORKER\n"), "{text}");
}
