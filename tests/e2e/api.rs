//! The whole surface of the Dart package, in workerd.
//!
//! Each file `reports/<area>/<program>.txt` of the fixture `api` is what a program of it reports.

use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;

use crate::answer::Answer;
use crate::origin::Origin;
use crate::project::Project;
use crate::session::{Host, Session, agent};

/// Asserts that the programs of `area` report what their files say.
#[track_caller]
pub(crate) fn check(session: &Session, area: &str, query: &str, stands_for: &[(&str, &str)]) {
    let mut wrong = String::new();
    let mut programs: Vec<_> = fs::read_dir(session.path("reports").join(area)).expect("reports").collect();
    programs.sort_by_key(|entry| entry.as_ref().expect("an entry").file_name());
    for entry in programs {
        let path = entry.expect("an entry").path();
        let program = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let expected = fs::read_to_string(&path).expect("a report");
        let answer = session.get(&format!("/{area}/{program}{query}"));
        let got = stands_for.iter().fold(answer.text().to_owned(), |got, (from, to)| got.replace(from, to));
        if (answer.status, got.as_str()) != (200, expected.as_str()) {
            let status = answer.status;
            let _ = write!(wrong, "=== {area}/{program}: {status}\n--- expected\n{expected}--- got\n{got}");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

fn cookies(answer: &Answer) -> Vec<&str> {
    answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().expect("text")).collect()
}

#[test]
fn kv_and_durable_objects() {
    let session = Session::start("api");
    assert!(!session.transcript().text().contains("wrote `lib/environment.g.dart`"));
    check_kv_and_durable_objects(&session);
    session.wait_for(|text| text.contains("the till is empty\n#0  Store.fetch (lib/storage.dart:"));
}

pub(crate) fn check_kv_and_durable_objects(session: &Session) {
    // Its alarm fails at first, and is tried again while the rest is done.
    session.get("/clock/start").is(200, "started\n");
    check(session, "kv", "", &[]);
    check(session, "storage", "", &[]);
    check(session, "objects", "", &[]);

    // Bytes that do not pass through Dart.
    let bytes: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
    assert_eq!(session.request("PUT", "/kv/upload", &[], &bytes).status, 204);
    let answer = session.get("/kv/download");
    assert!(answer.status == 200 && answer.body == bytes, "{} bytes", answer.body.len());

    // What a request keeps of an object, another one uses; the object keeps its state between them.
    session.get("/objects/keep").is(200, "[true,1]");
    session.get("/objects/use").is(200, "[[true,null,2],[true,null,3]]");
    session.get("/objects/use").is(200, "[[true,null,4],[true,null,5]]");

    let answer = session.get("/storage/throws");
    assert_eq!(answer.status, 500);
    assert!(answer.text().contains("the till is empty"), "{}", answer.text());

    session.get("/storage/waits?object=w").is(200, "answered\n");
    session.wait_for(|text| text.contains("waited in the object\n"));
    session.get("/storage/waited?object=w").is(200, "true\n");

    session.wait_for(|text| text.contains("alarm rings\n"));
    check(session, "clock", "", &[]);
    session.get("/clock/seen").is(200, "seen = [1, null]\nalarm = null\n");
    let text = session.printed();
    assert!(text.contains("alarm fails on time\n"), "{text}");
}

#[test]
fn http() {
    let session = Session::start("api");
    check_http(&session);
    session.wait_for(|text| {
        text.contains("error: unhandled exception in scheduled\nBad state: not at this hour\n#0 ")
    });
}

pub(crate) fn check_http(session: &Session) {
    let origin = Origin::start();
    let query = format!("?origin={}", origin.url());
    check(session, "http", &query, &[(origin.url(), "[ORIGIN]")]);

    // What comes in.
    let headers = [("X-Two", "a"), ("X-Two", "b"), ("cookie", "c=d; e=f")];
    session.request("POST", "/http/request?x=1&x=2&y=%C3%BC", &headers, "tür".as_bytes()).is(
        200,
        "\
method = \"POST\"
path = \"/http/request\"
query = {\"x\": [\"1\", \"2\"], \"y\": [\"ü\"]}
header = \"a, b\"
cookie = \"c=d; e=f\"
has body = true
text = \"tür\"
twice = ! StateError Bad state: the body was already read or handed on, and that works once; call `clone()` before the first time to have it twice
",
    );
    let urlencoded = [("content-type", "application/x-www-form-urlencoded")];
    session
        .request("POST", "/http/form", &urlencoded, b"a=b+c&a=%C3%BC&=&d")
        .is(200, "fields = [[\"a\", \"b c\"], [\"a\", \"ü\"], [\"\", \"\"], [\"d\", \"\"]]\n");
    let multipart = [("content-type", "multipart/form-data; boundary=xx")];
    let form = b"--xx\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--xx\r\n\
        Content-Disposition: form-data; name=\"f\"; filename=\"x.bin\"\r\nContent-Type: image/png\r\n\r\n\x00\r\n\xff\r\n--xx--\r\n";
    session
        .request("POST", "/http/form", &multipart, form)
        .is(200, "fields = [[\"a\", \"b\"], [\"f\", \"x.bin\", \"image/png\", bytes [0, 13, 10, 255]]]\n");
    session.request("POST", "/http/not-a-form", &[("content-type", "text/plain")], b"a=b").is(
        200,
        "form = ! FormatException FormatException: the content type `text/plain` is not that of a form\n",
    );
    session.request("POST", "/http/json", &[], b"{\"a\": 1.0}").is(200, "json = {\"a\": 1}\n");
    session.request("POST", "/http/json", &[], b"{\"a\": 1.5}").is(
        200,
        "json = ! ValueTypeError the JSON body is a Map, not the Map<String, int> that was asked for\n",
    );
    session
        .request("POST", "/http/json", &[], b"{")
        .is(200, "json = ! FormatException FormatException: Unexpected end of input (at character 2)\n");
    session.request("POST", "/http/clone", &[], b"body").is(
        200,
        "\
one = \"body\"
other = \"body\"
used = [true, true]
too late = ! StateError Bad state: the body was already read or handed on, and that works once; call `clone()` before the first time to have it twice
made = \"ab\"
copy = \"ab\"
",
    );
    let answer = session.request("POST", "/http/used", &[], b"body");
    assert_eq!(answer.status, 500);
    assert!(answer.text().contains("the body was already read"), "{}", answer.text());

    // What goes out.
    let answer = session.get("/http/cookies");
    assert_eq!(cookies(&answer), ["a=1; Path=/", "b=2, with a comma"]);
    assert_eq!(answer.headers.get_all("x-list").iter().collect::<Vec<_>>(), ["one", "two"]);
    let answer = session.request("HEAD", "/http/cookies", &[], b"");
    assert_eq!(cookies(&answer), ["a=1; Path=/", "b=2, with a comma"]);
    answer.is(200, "");
    let answer = session.get("/http/no-content");
    assert_eq!(answer.header("x-here"), "yes");
    answer.is(204, "");
    let answer = session.get("/http/not-modified");
    assert_eq!(answer.header("etag"), "\"1\"");
    answer.is(304, "");
    let answer = session.get("/http/redirect");
    assert_eq!(answer.header("location"), "/http/request?from=redirect");
    answer.is(303, "");
    session.get("/http/teapot").is(418, "short and stout\n");
    let answer = session.get("/http/html");
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    answer.is(200, "<p>ü");
    assert_eq!(session.get("/http/bytes").body, [0, 255]);

    // What passes through.
    let answer = session.get(&format!("/http/untouched{query}"));
    assert_eq!(cookies(&answer), ["a=1; Path=/", "b=2, with a comma"]);
    answer.is(200, "cookies\n");
    let answer = session.get(&format!("/http/proxy{query}"));
    assert_eq!(cookies(&answer), ["a=1; Path=/", "b=2, with a comma", "c=3"]);
    answer.is(200, "cookies\n");
    session
        .request("POST", &format!("/http/pass-on{query}"), &[], b"as it came")
        .is(200, "POST /echo\nx-added: yes\n\nas it came");
    for (path, first, rest) in [("stream", "one\n", "two\n"), ("stream-through-dart", "ONE\n", "TWO\n")] {
        let response = session
            .open(&agent(false), "GET", &format!("/http/{path}{query}"), &[], b"")
            .expect("the headers before the end of the body");
        let mut body = response.into_body().into_reader();
        let mut start = [0; 4];
        body.read_exact(&mut start).expect("the first part before the second is there");
        assert_eq!(start, first.as_bytes(), "{path}");
        origin.release();
        let mut end = String::new();
        body.read_to_string(&mut end).expect("the second part");
        assert_eq!(end, rest, "{path}");
    }

    // What comes after.
    session.get("/after/waits").is(200, "answered\n");
    session.wait_for(|text| text.contains("waited\n"));
    session.get("/after/waited").is(200, "written\n");
    session.get("/after/passes-through").is(200, "answered\n");
    session.get("/after/fails").is(200, "answered\n");
    session.wait_for(|text| text.contains("too late to tell"));
    let text = session.transcript().text();
    assert!(!text.contains("the event is over"), "{text}");

    let cron = "/cdn-cgi/handler/scheduled?cron=*/5+*+*+*+*&time=1775000000000";
    assert_eq!(session.get(cron).status, 200);
    session.wait_for(|text| text.contains("scheduled */5 * * * * at 2026-03-31 23:33:20.000Z\n"));
    session.get("/after/cron").is(200, "*/5 * * * *\n");
    assert_eq!(session.get("/cdn-cgi/handler/scheduled?cron=fails").status, 500);
}

#[test]
fn environments() {
    check_environments(Host::Vm);
}

pub(crate) fn check_environments(host: Host) {
    let session = Session::start_on(host, "api");
    check(&session, "environment", "", &[]);
    drop(session);

    let session = Session::start_in_on(host, Project::copy("api"), &["--env", "staging"]);
    session.get("/environment/staging").is(200, &session.read("reports/staging.txt"));
    // The other environment keeps its own values.
    assert!(session.get("/environment/staging").ok().contains("kv = \"seen by hello from staging\"\n"));
}
