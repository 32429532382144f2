//! The examples, as their READMEs tell of them.

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
fn jobs_go_from_the_producer_to_the_report() {
    check_jobs(&Session::start("jobs"));
}

pub(crate) fn check_jobs(session: &Session) {
    session.get("/").is(200, "nothing yet\n");
    session.request("POST", "/", &[], b" ").is(400, "send numbers as the body\n");
    session.request("POST", "/", &[], b"3 4 x").is(202, "enqueued 3\n");
    // Given up after two retries.
    session.wait_for(|text| text.contains("reported 3 results\n"));
    session.get("/").is(200, "3 squared is 9\n4 squared is 16\nx cannot be squared\n");

    // 13:00 on some day.
    session.get("/cdn-cgi/handler/scheduled?cron=0+*+*+*+*&time=1775048400000").is(200, "ok");
    session.wait_for(|text| text.contains("reported 4 results\n"));
    assert!(session.get("/").ok().contains("13 squared is 169\n"));
}
