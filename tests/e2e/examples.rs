//! The examples, as their READMEs tell of them.

use std::time::Duration;

use crate::processes::eventually;
use crate::project::Project;
use crate::session::{Host, Session};

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
fn files_are_stored_in_r2_and_an_edit_takes_effect() {
    let session = Session::start("files");
    check_files(&session);
    session.reload(|project| project.replace("lib/main.dart", "no file `$name`", "nothing called `$name`"));
    session.get("/x").is(404, "nothing called `x`\n");
}

pub(crate) fn check_files(session: &Session) {
    session.get("/").is(200, "[]");
    // No two of its kilobytes are the same.
    let bytes: Vec<u8> = (0..10 << 18).flat_map(u32::to_le_bytes).collect();
    assert_eq!(bytes.len(), 10 << 20);
    let image = [("content-type", "image/png")];
    let answer = session.request("PUT", "/photos/b%C3%A4r.png", &image, &bytes);
    let etag = answer.header("etag").to_owned();
    assert!(answer.status == 201 && etag.starts_with('"'), "{} {etag}", answer.status);

    let answer = session.get("/photos/b%C3%A4r.png");
    assert!(answer.status == 200 && answer.body == bytes, "{} bytes", answer.body.len());
    assert_eq!(answer.header("content-type"), "image/png");
    assert_eq!(answer.header("content-length"), "10485760");
    assert_eq!((answer.header("etag"), answer.header("accept-ranges")), (etag.as_str(), "bytes"));

    let get = |name: &str, value: &str| session.request("GET", "/photos/b%C3%A4r.png", &[(name, value)], b"");
    for (range, from, to) in [
        ("bytes=1000-1999", 1000, 1999),
        ("bytes=10485000-", 10_485_000, 10_485_759),
        ("bytes=-1", 10_485_759, 10_485_759),
    ] {
        let answer = get("range", range);
        assert_eq!(answer.status, 206, "{range}");
        assert_eq!(answer.header("content-range"), format!("bytes {from}-{to}/10485760"));
        assert!(answer.body == bytes[from..=to], "{range}: {} bytes", answer.body.len());
    }
    assert_eq!(get("range", "bytes=10485760-").status, 200);
    let of_another = [("range", "bytes=0-9"), ("if-range", "\"other\"")];
    assert_eq!(session.request("GET", "/photos/b%C3%A4r.png", &of_another, b"").status, 200);

    let answer = get("if-none-match", &etag);
    assert_eq!(answer.header("etag"), etag);
    answer.is(304, "");
    assert_eq!(get("if-none-match", "\"other\"").status, 200);
    get("if-match", "\"other\"").is(412, "");
    assert_eq!(get("if-match", &etag).status, 200);

    session.request("PUT", "/empty", &[("content-length", "0")], b"").is(201, "");
    session.get("/empty").is(200, "");
    let list = session.get("/");
    for part in [
        r#"{"name":"empty","size":0,"type":null,"#,
        r#"{"name":"photos/bär.png","size":10485760,"type":"image/png","uploaded":"20"#,
    ] {
        assert!(list.ok().contains(part), "{}", list.text());
    }
    session.request("PUT", "/empty", &[], b"").is(411, "say the length in `Content-Length`\n");
    session.request("DELETE", "/photos/b%C3%A4r.png", &[], b"").is(204, "");
    session.get("/photos/b%C3%A4r.png").is(404, "no file `photos/bär.png`\n");
    let answer = session.request("POST", "/empty", &[], b"x");
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

#[test]
fn bff_calls_the_methods_of_another_worker() {
    let front = Session::start("bff/front");

    // Nobody is there to be asked.
    let answer = front.get("/");
    assert_eq!(answer.status, 500);
    assert!(answer.text().contains("Worker \"catalog\" not found"), "{}", answer.text());

    let catalog = front.start_beside("bff/catalog");
    // Wrangler tells the other one in its own time that it is there.
    let found = || (!front.get("/").text().contains("not found")).then_some(());
    eventually("the Worker is found", Duration::from_secs(60), found);
    front.get("/").is(200, r#"[{"name":"tea","price":450,"stock":5},{"name":"cup","price":1250,"stock":5}]"#);
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

#[test]
fn guestbook_is_signed_and_an_edit_takes_effect() {
    let session = check_guestbook(Host::Vm);
    session.reload(|project| project.replace("lib/page.dart", "Signed $total times", "$total entries"));
    assert!(session.get("/").ok().contains("<p>7 entries</p>"));
}

pub(crate) fn check_guestbook(host: Host) -> Session {
    let project = Project::copy("guestbook");
    project.wrangler(&["d1", "migrations", "apply", "guestbook", "--local"]);
    let session = Session::start_in_on(host, project, &[]);
    let sign = |form: &str| {
        let form_type = ("content-type", "application/x-www-form-urlencoded");
        session.request("POST", "/", &[form_type], form.as_bytes())
    };
    assert!(session.get("/").ok().contains("<p>Signed 0 times</p>"));
    for number in 1..=6 {
        let answer = sign(&format!("name=Ada&message=Visit+{number}"));
        assert_eq!(answer.header("location"), "/");
        answer.is(303, "");
    }
    sign("name=%3Cb%3EEve&message=%3Cscript%3Ealert(1)%3C%2Fscript%3E").is(303, "");

    let answer = session.get("/");
    let (first, text) = ("&lt;script&gt;alert(1)&lt;&#47;script&gt;\n<footer>&lt;b&gt;Eve, 20", answer.ok());
    for part in ["<p>Signed 7 times</p>", first, "Visit 6", "Visit 3", "href=\"/?before=3\""] {
        assert!(text.contains(part), "no `{part}` in {text}");
    }
    assert!(!text.contains("Visit 2") && !text.contains("<script>"), "{text}");
    let answer = session.get("/?before=3");
    let text = answer.ok();
    assert!(text.contains("Visit 2") && text.contains("Visit 1"), "{text}");
    assert!(!text.contains("Visit 3") && !text.contains("Older"), "{text}");

    for (form, status, part) in [
        ("name=Ada&message=Visit+1", 409, "You said that before."),
        ("name=Ada&message=+", 400, "Write a name and a message."),
        (&format!("name=Ada&message={}", "a".repeat(1001)), 400, "That is too long."),
    ] {
        let answer = sign(form);
        assert!(answer.status == status && answer.text().contains(part), "{}", answer.text());
    }
    session.get("/?before=x").is(400, "`before` is the number of an entry\n");
    session
        .request("POST", "/", &[("content-type", "text/plain")], b"name=Ada")
        .is(400, "the content type `text/plain` is not that of a form\n");
    assert_eq!(session.request("PUT", "/", &[], b"").header("allow"), "GET, POST");
    session
}
