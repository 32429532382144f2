//! The templates of `dartflare new`, each from an empty folder to an edit that takes effect.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::answer::Answer;
use crate::processes::eventually;
use crate::project::Project;
use crate::session::{Session, agent};
use crate::web_sockets::Client;

/// A project as `dartflare new` leaves it, running. Its first answer is one that a new user is content with.
#[track_caller]
fn start(template: &str, prepare: impl FnOnce(&Project)) -> Session {
    let project = Project::of_template(template);
    let types = project.dartflare(&["types", "--check"]);
    assert!(types.status.success(), "{}", String::from_utf8_lossy(&types.stderr));
    prepare(&project);
    let session = Session::start_in(project, &[]);
    session.get("/").ok();
    let warnings: Vec<_> = session
        .transcript()
        .stderr()
        .lines()
        .filter(|line| line.contains("warning"))
        .map(str::to_owned)
        .collect();
    assert!(warnings.is_empty(), "{warnings:#?}");

    let doctor = Project::dartflare(&session, &["doctor", "--json"]);
    let said: Value = serde_json::from_slice(&doctor.stdout).expect("JSON");
    for check in said["checks"].as_array().expect("checks") {
        // What a bare VM lacks is no fault of the project.
        assert!(check["status"] == "ok" || check["name"] == "Dart", "{check}");
    }
    session
}

/// Runs the project's own tests.
#[track_caller]
fn test(session: &Session) {
    let output = Project::dartflare(session, &["test"]);
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[test]
fn hello_greets_and_is_debugged() {
    let session = start("hello", |_| {});
    session.get("/?name=J%C3%BCrgen").is(200, "Hello, Jürgen!\n");
    session.reload(|project| project.replace("lib/main.dart", "$name!", "dear $name!"));
    session.get("/").is(200, "Hello, dear world!\n");

    let first = debugger(&session);
    session.dart_vm().signal(Signal::KILL);
    eventually("another VM", Duration::from_secs(60), || {
        let file = std::fs::read_to_string(session.path(SERVICE)).ok()?;
        (!file.contains(&first)).then_some(())
    });
    debugger(&session);
    session.replace("lib/main.dart", "dear ", "");
    test(&session);
}

const SERVICE: &str = ".dart_tool/dartflare/dev/vm_service.json";

/// The address of the VM service in the file that the launch configurations name, which answers.
#[track_caller]
fn debugger(session: &Session) -> String {
    let launch = session.read(".vscode/launch.json");
    assert!(launch.contains(&format!("\"${{workspaceFolder}}/{SERVICE}\"")), "{launch}");
    let file: Value = serde_json::from_str(&session.read(SERVICE)).expect("JSON");
    let address = file["uri"].as_str().expect("an address").to_owned();
    let mut answer = agent(false).get(format!("{address}getVersion")).call().expect("an answer");
    let answer: Value =
        serde_json::from_str(&answer.body_mut().read_to_string().expect("a body")).expect("JSON");
    assert_eq!(answer["result"]["type"], "Version", "{answer}");
    address
}

#[test]
fn api_makes_links_and_follows_them() {
    let session = start("api", |project| project.wrangler(&["d1", "migrations", "apply", "DB", "--local"]));
    let add = |body: &str| session.request("POST", "/links", &[], body.as_bytes());
    let link = r#"{"name":"dart","url":"https://dart.dev/"}"#;
    add(link).is(201, link);
    add(link).is(409, r#"{"problem":"there is a link `dart`"}"#);
    for body in ["{", r#"{"name":"dart"}"#, r#"{"name":"links","url":"https://dart.dev/"}"#] {
        assert_eq!(add(body).status, 400, "{body}");
    }
    let answer = session.get("/dart");
    assert_eq!((answer.status, answer.header("location")), (302, "https://dart.dev/"));
    assert!(
        session
            .get("/links")
            .ok()
            .starts_with(r#"{"links":[{"name":"dart","url":"https://dart.dev/","at":""#)
    );
    session.request("DELETE", "/links/dart", &[], b"").is(204, "");
    session.reload(|project| project.replace("lib/main.dart", "no link `$name`", "nothing called `$name`"));
    session.get("/dart").is(404, r#"{"problem":"there is nothing called `dart`"}"#);
    test(&session);
}

/// Without a length, a client says that a body of any length follows.
#[track_caller]
fn count_with(session: &Session) -> Answer {
    session.request("POST", "/apples", &[("content-length", "0")], b"")
}

#[test]
fn durable_object_counts_and_forgets() {
    let session = start("durable-object", |_| {});
    for count in 1..=2 {
        count_with(&session).is(200, &format!("{count}\n"));
    }
    session.get("/pears").is(200, "0\n");
    session.reload(|project| project.replace("lib/counter.dart", "count + 1", "count + 10"));
    count_with(&session).is(200, "12\n");

    session.reload(|project| project.replace("lib/counter.dart", "env.forgetAfterSeconds.toInt()", "0"));
    count_with(&session).is(200, "22\n");
    eventually("the alarm", Duration::from_secs(60), || {
        (session.get("/apples").text() == "0\n").then_some(())
    });
    session.replace("lib/counter.dart", "count + 10", "count + 1");
    session.replace("lib/counter.dart", "seconds: 0", "seconds: env.forgetAfterSeconds.toInt()");
    test(&session);
}

#[test]
fn pages_serves_files_and_functions() {
    let session = start("pages", |_| {});
    let answer = session.get("/");
    assert!(answer.ok().contains("<h1>pages</h1>"), "{}", answer.text());
    assert!(answer.header("server-timing").starts_with("total;dur="));
    let path = "/api/greetings/Ada%20L.";
    session.get(path).is(200, r#"{"greeting":"Hello, Ada L.!"}"#);
    session.reload(|project| {
        project.replace("functions/api/greetings/[name].dart", "'greeting'", "'welcome'");
    });
    session.get(path).is(200, r#"{"welcome":"Hello, Ada L.!"}"#);

    let routes = Project::dartflare(&session, &["routes"]);
    assert!(routes.stderr.is_empty(), "{}", String::from_utf8_lossy(&routes.stderr));
    session.replace("functions/api/greetings/[name].dart", "'welcome'", "'greeting'");
    test(&session);
}

#[test]
fn websocket_passes_messages_on() {
    let session = start("websocket", |_| {});
    assert!(session.get("/").ok().contains("<h1>websocket</h1>"));
    let mut ann = Client::connect(&session, "/rooms/lobby?name=Ann");
    assert_eq!(ann.ask("hello"), r#"{"from":"Ann","text":"hello"}"#);
    let mut bob = Client::connect(&session, "/rooms/lobby?name=Bob");
    assert_eq!(bob.next(), r#"{"from":"Ann","text":"hello"}"#);
    session.reload(|project| project.replace("lib/room.dart", "'text': message", "'text': '$message!'"));
    bob.send("hi");
    for client in [&mut ann, &mut bob] {
        assert_eq!(client.next(), r#"{"from":"Bob","text":"hi!"}"#);
    }
    assert_eq!(bob.ask(&"x".repeat(1001)), "1009 send up to 1000 characters");
    test(&session);
}
