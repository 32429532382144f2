//! What comes of a request: errors with a place in the source, bodies whole, streams as they flow.

use std::io::Read as _;
use std::thread;
use std::time::{Duration, Instant};

use crate::processes::eventually;
use crate::session::{Session, agent};

#[test]
fn errors_name_their_place_in_the_source() {
    let session = Session::start("handlers");

    // A handler that throws: message and stack to the client, the same to the terminal.
    let place = place_of(&session, "throw StateError");
    let answer = session.get("/throws");
    assert_eq!(answer.status, 500);
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert!(answer.text().starts_with("Unhandled exception\n\n"), "{}", answer.text());
    for part in ["Bad state: the till is empty", &place] {
        assert!(answer.text().contains(part), "no `{part}` in\n{}", answer.text());
    }
    session.wait_for(|text| text.contains(&place));
    let said = session.transcript().stderr();
    let heading = format!("error: unhandled exception in fetch (GET {})\n", session.url("/throws"));
    assert!(said.contains(&format!("{heading}Bad state: the till is empty\n#0 ")), "{said}");

    // In a browser it is a page, and the text in it is text.
    let answer = session.request("GET", "/throws", &[("accept", "text/html,*/*")], b"");
    assert_eq!(answer.status, 500);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert!(answer.text().starts_with("<!doctype html>") && answer.text().contains(&place));
    assert!(answer.text().contains("main.&#60;anonymous closure&#62;"), "{}", answer.text());

    // A failing Future that nobody awaits: the request is answered, the terminal tells, dev goes on.
    let start = Instant::now();
    session.get("/forgets").is(200, "answered\n");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    let place = place_of(&session, "throw const FormatException");
    session.wait_for(|text| {
        text.contains(
            "error: unhandled exception outside a handler\nFormatException: nobody waits for this\n",
        ) && text.contains(&place)
    });
    session.get("/").is(200, "hello\n");

    // A wrong binding name lists what there is, and the nearest.
    let answer = session.get("/misnamed");
    assert_eq!(answer.status, 500);
    for part in [
        "no KV namespace `TODO` in this Worker's environment, did you mean `TODOS`?\n",
        "  it has: KV namespace `TODOS`, variable `GREETING`\n",
        "  add it under `kv_namespaces` in the Wrangler configuration, or correct the name\n",
        &place_of(&session, "getKVNamespace"),
    ] {
        assert!(answer.text().contains(part), "no `{part}` in\n{}", answer.text());
    }
    let answer = session.get("/mistaken");
    assert!(
        answer.text().contains(
            "`TODOS` is a KV namespace in this Worker's environment, not a Durable Object namespace"
        ),
        "{}",
        answer.text()
    );
    let answer = session.get("/variable?name=GRETING");
    assert!(answer.text().contains("did you mean `GREETING`?"), "{}", answer.text());
}

/// `lib/main.dart:LINE:COLUMN` of the text, with the column left out if the text does not begin the expression.
fn place_of(session: &Session, text: &str) -> String {
    let source = session.read("lib/main.dart");
    let at = source.find(text).expect("the text in the source");
    let line = source[..at].matches('\n').count() + 1;
    if text.starts_with("throw ") {
        let column = at - source[..at].rfind('\n').map_or(0, |newline| newline + 1) + 1;
        format!("(lib/main.dart:{line}:{column})")
    } else {
        format!("(lib/main.dart:{line}:")
    }
}

#[test]
fn a_handler_that_never_returns_holds_up_nothing() {
    let session = Session::start("handlers");
    let vm = session.dart_vm();
    let dartflare = session.dartflare();
    // The first reload opens a connection that is used again.
    session.reload(|project| project.replace("lib/main.dart", "'first'", "'now'"));
    session.get("/words").is(200, "as now written\n");
    // The connection of that request is not yet gone on all sides.
    let (before, before_here) = (vm.descriptors() + 1, dartflare.descriptors() + 2);

    // Its clients leave. Wrangler does not tell the Worker, so the events go on until a reload ends their isolate.
    let impatient = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(3))).build().into();
    thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| {
                let answer = session.open(&impatient, "GET", "/never", &[], b"");
                assert!(answer.is_err(), "it returned: {answer:?}");
            });
        }
        session.wait_for(|text| text.matches("never began\n").count() == 5);
        session.get("/").is(200, "hello\n");
    });
    session.get("/").is(200, "hello\n");
    session.reload(|project| project.replace("lib/main.dart", "'as', 'now'", "'then'"));
    session.get("/words").is(200, "then written\n");
    eventually("the abandoned events are over", Duration::from_secs(20), || {
        (vm.descriptors() <= before && dartflare.descriptors() <= before_here).then_some(())
    });

    // One whose client stays does not keep dev from ending.
    thread::scope(|scope| {
        let stays = scope.spawn(|| session.try_request("GET", "/never", &[], b""));
        session.wait_for(|text| text.matches("never began\n").count() == 6);
        let start = Instant::now();
        session.dartflare().signal(rustix::process::Signal::TERM);
        let answer = stays.join().expect("the client");
        assert!(answer.is_err() || answer.as_ref().is_ok_and(|answer| answer.status >= 500), "{answer:?}");
        assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    });
    let (status, text) = session.ended();
    assert!(status.success(), "{status}\n{text}");
}

#[test]
fn bodies_arrive_byte_for_byte_and_streams_flow() {
    let session = Session::start("handlers");
    // When its consumer leaves, a producer is told.
    drop(check_bodies(&session));
    eventually("the producer is told", Duration::from_secs(20), || {
        session.get("/produced").text().ends_with(",true]").then_some(())
    });
    let said = session.transcript().text();
    assert!(!said.to_lowercase().contains("error"), "{said}");
}

/// Gives the rest of a body that never ends.
pub(crate) fn check_bodies(session: &Session) -> impl std::io::Read {
    const SIZE: usize = 10 << 20;
    let bytes = pattern(SIZE);

    for path in ["/echo", "/passed-on"] {
        let answer = session.request("POST", path, &[], &bytes);
        assert_eq!(answer.status, 200);
        assert!(answer.body == bytes, "{path}: {} bytes, others than were sent", answer.body.len());
    }
    let (one, two) = checksum(&bytes);
    session.request("POST", "/upload", &[], &bytes).is(200, &format!("{SIZE} {one} {two}\n"));
    let answer = session.get(&format!("/download?size={SIZE}"));
    assert!(answer.body == bytes, "{} bytes, others than were sent", answer.body.len());

    // The first chunk is here before the last one is made.
    let mut body = open(session, "/chunks");
    let mut first = [0; 4];
    body.read_exact(&mut first).expect("the first chunk");
    let start = Instant::now();
    let mut rest = String::new();
    body.read_to_string(&mut rest).expect("the rest");
    assert_eq!((&first, rest.as_str()), (b"one\n", "two\n"));
    assert!(start.elapsed() > Duration::from_millis(250), "all came at once");

    // A slow consumer slows the producer.
    let mut body = open(session, "/endless");
    let mut block = vec![0; 1 << 20];
    body.read_exact(&mut block).expect("the first bytes");
    assert!(block.chunks(65536).all(|chunk| chunk == pattern(65536)));
    let held = eventually("the producer waits", Duration::from_secs(20), || {
        let before = session.get("/produced").text().to_owned();
        thread::sleep(Duration::from_millis(250));
        (session.get("/produced").text() == before).then_some(before)
    });
    let produced: usize =
        held.trim_start_matches('[').split(',').next().expect("a number").parse().expect("a number");
    println!("a consumer of 1 MiB let the producer get {} KiB ahead", (produced - (1 << 20)) / 1024);
    assert!(produced < 64 << 20, "{held}");
    for _ in 0..8 {
        body.read_exact(&mut block).expect("more bytes");
    }
    assert!(block.chunks(65536).all(|chunk| chunk == pattern(65536)));
    let said = session.transcript().text();
    assert!(!said.to_lowercase().contains("error"), "{said}");
    body
}

fn open(session: &Session, path: &str) -> impl std::io::Read {
    let response = session.open(&agent(false), "GET", path, &[], b"").expect("a response");
    assert_eq!(response.status().as_u16(), 200);
    response.into_body().into_reader()
}

/// As the fixture makes it.
fn pattern(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at * 31 + (at >> 8)).to_le_bytes()[0]).collect()
}

/// Adler-32, as its two sums.
fn checksum(bytes: &[u8]) -> (u32, u32) {
    bytes.iter().fold((1, 0), |(one, two), byte| {
        let one = (one + u32::from(*byte)) % 65521;
        (one, (two + one) % 65521)
    })
}
