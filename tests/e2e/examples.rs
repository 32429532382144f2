//! The examples, as their READMEs tell of them.

use crate::project::Project;
use crate::session::Session;

#[test]
fn views_counts_fires_its_alarm_and_takes_up_an_edit() {
    let session = Session::start("views");
    check_views(&session);

    session.reload(|project| project.replace("lib/main.dart", "has been requested", "was seen"));
    let answer = session.get("/home");
    assert!(answer.ok().starts_with("This Durable Object was seen 5 times!\n"), "{}", answer.text());
}

pub(crate) fn check_views(session: &Session) {
    for count in 1..=3 {
        let expected = format!("This Durable Object has been requested {count} times!\n");
        session.get("/home").is(200, &expected);
    }
    session.get("/other").is(200, "This Durable Object has been requested 1 times!\n");

    session.get("/home?alarm=soon").is(400, "`alarm` is a number of seconds\n");
    session.get("/home?alarm=0").is(200, "Alarm set to go off in 0 seconds.\n");
    session.wait_for(|text| text.contains("Alarm triggered after 3 views.\n"));
    assert!(session.printed().contains("Alarm triggered after 3 views.\n"));
    let answer = session.get("/home");
    assert!(
        answer.ok().starts_with("This Durable Object has been requested 4 times!\nIts alarm went off at 20"),
        "{}",
        answer.text()
    );
}

#[test]
fn todos_are_stored_in_kv_and_an_edit_takes_effect() {
    let session = Session::start("todos");
    check_todos(&session);

    session.reload(|project| project.replace("lib/main.dart", "no to-do `$name`", "nothing called `$name`"));
    session.get("/milk").is(404, "nothing called `milk`\n");
    session.get("/tea%20leaves").is(200, "steep\n");
}

pub(crate) fn check_todos(session: &Session) {
    session.get("/").is(200, "[]");
    session.request("PUT", "/milk", &[], b"buy\n").is(204, "");
    session.request("PUT", "/tea leaves".replace(' ', "%20").as_str(), &[], b"steep").is(204, "");
    session.request("PUT", "/milk", &[], b"").is(400, "send the status as the body\n");
    session.get("/milk").is(200, "buy\n");
    session.get("/bread").is(404, "no to-do `bread`\n");
    let list = session.get("/");
    assert_eq!(list.header("content-type"), "application/json");
    for part in [r#"{"name":"milk","status":"buy","changed":"20"#, r#"{"name":"tea leaves","status":"steep""#]
    {
        assert!(list.ok().contains(part), "{}", list.text());
    }
    session.request("DELETE", "/milk", &[], b"").is(204, "");
    session.get("/milk").is(404, "no to-do `milk`\n");
    let answer = session.request("POST", "/milk", &[], b"x");
    answer.is(405, "Method Not Allowed");
    assert_eq!(answer.header("allow"), "GET, PUT, DELETE");
}

#[test]
fn hello_greets_and_an_edit_takes_effect() {
    let session = Session::start("hello");
    check_hello(&session);
    session.reload(|project| project.replace("lib/main.dart", "$name!", "dear $name!"));
    session.get("/").is(200, "Hello, dear world!\n");
}

pub(crate) fn check_hello(session: &Session) {
    session.get("/").is(200, "Hello, world!\n");
    session.get("/?name=J%C3%BCrgen").is(200, "Hello, Jürgen!\n");
}

#[test]
fn bff_calls_the_methods_of_another_worker() {
    let project = Project::copy("bff/front");
    let beside = project.beside("bff/catalog");
    let front = Session::start_in(project, &[]);

    // Nobody is there to be asked.
    let answer = front.get("/");
    assert_eq!(answer.status, 500);
    assert!(answer.text().contains("Worker \"catalog\" not found"), "{}", answer.text());

    let catalog = front.start_beside(beside);
    front.get("/").is(
        200,
        r#"[{"name":"tea","price":450,"stock":5},{"name":"cup","price":1250,"stock":5}]"#,
    );
    front.get("/spoon").is(404, "no product `spoon`\n");
    front.request("POST", "/tea?count=2", &[], b"").is(200, r#"{"ordered":2,"cents":900}"#);
    catalog.wait_for(|text| text.contains("front ordered 2 of `tea`\n"));
    front.get("/tea").is(200, r#"{"name":"tea","price":450,"stock":3}"#);
    front.request("POST", "/tea?count=4", &[], b"").is(409, "Bad state: only 3 left\n");
    front.request("POST", "/tea?count=0", &[], b"").is(400, "`count` is a number from 1 on\n");

    // An edit of the one is what the other calls.
    catalog.reload(|project| project.replace("lib/main.dart", "'tea': 450", "'tea': 500"));
    front.get("/tea").is(200, r#"{"name":"tea","price":500,"stock":3}"#);
}
