//! What the terminal says of errors: each once, as Dart sees it.

use std::hint::spin_loop;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::session::Session;

#[test]
fn an_error_is_told_once_and_not_again_as_javascript_sees_it() {
    let session = Session::start("failures");
    assert_eq!(session.get("/object").status, 500);
    session.get("/later").is(200, "answered");
    let told = [
        "error: unhandled exception in the body of an answer\nBad state: in the body\n#0  broken (lib/main.dart:16:3)\n",
        "error: unhandled exception in Room.fetch\nBad state: in the object\n#0  Room.fetch (lib/main.dart:10:5)\n",
        "error: unhandled exception in a Future given to `waitUntil`\nBad state: in what was left\n",
    ];
    for text in &told[1..] {
        session.wait_for(|said| said.contains(text));
    }
    // What wrangler says of them comes before what it says of these.
    for _ in 0..3 {
        session.get("/");
    }
    session.wait_for(|said| said.matches("[wrangler:info] GET / 200 OK").count() == 3);
    // The last request: after a body that breaks off, wrangler's own proxy sometimes loses the next one, of a Worker in
    // JavaScript too. To the client the body ends, or the connection breaks, as wrangler's version has it.
    let _ = session.try_request("GET", "/body", &[], b"");
    session.wait_for(|said| said.contains(told[0]));
    let (_, said) = session.end(Signal::TERM);
    for text in told {
        assert_eq!(said.matches(text).count(), 1, "{said}");
    }
    for noise in ["Uncaught", "bridge.mjs", "jsg"] {
        assert!(!said.contains(noise), "{said}");
    }
}

#[test]
fn a_save_during_a_reload_is_not_lost() {
    let session = Session::start("failures");
    for round in 1..=40_u32 {
        let version = |step: u32| format!("version {}", 2 * round + step);
        let save = |from: &str, to: &str| session.replace("lib/main.dart", from, to);
        let before = if round == 1 { "version 0".to_owned() } else { format!("version {}", 2 * round - 1) };
        save(&before, &version(0));
        // At one of these times the VM has just looked at the file.
        let since = Instant::now();
        while since.elapsed() < Duration::from_millis(u64::from(5 + round % 10)) {
            spin_loop();
        }
        let start = session.now();
        save(&version(0), &version(1));
        session.wait_from(start, |said| said.contains("reloaded in"));
        let since = Instant::now();
        while session.get("/").text() != version(1) {
            assert!(since.elapsed() < Duration::from_secs(5), "{} is lost", version(1));
        }
    }
}

#[test]
fn the_caller_of_an_object_reads_what_does_not_compile() {
    let session = Session::start("failures");
    thread::scope(|scope| {
        let answer = scope.spawn(|| session.get("/calm"));
        session.wait_for(|said| said.contains("calling"));
        session.replace("lib/main.dart", "Response.ok('version 0')", "Response.ok(version)");
        let since = Instant::now();
        let answer = answer.join().expect("an answer");
        // An object that is being constructed does not wait for a program that is mended, which takes 25 s.
        assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
        let told = answer.text();
        let start = "the Dart program does not compile: 1 error: lib/main.dart:";
        assert!(told.starts_with(start) && told.contains("Error: Undefined name 'version'."), "{told}");
    });
    let (_, said) = session.end(Signal::TERM);
    assert!(!said.contains("Uncaught"), "{said}");
}
