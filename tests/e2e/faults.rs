//! What breaks while requests are under way.

use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::session::Session;

#[test]
fn a_killed_vm_is_replaced_and_its_requests_are_answered() {
    let session = Session::start("objects");
    let vm = session.dart_vm();
    session.get("/a/count").is(200, "1\n");
    let at = |path: &str| {
        let answer = session.get(path);
        (answer, Instant::now())
    };
    thread::scope(|scope| {
        let start = session.now();
        let under_way: Vec<_> =
            ["/a/slow", "/b/slow", "/c/slow"].map(|path| scope.spawn(move || at(path))).into();
        session.wait_from(start, |text| text.matches("slow began\n").count() == 3);
        let killed = Instant::now();
        vm.signal(Signal::KILL);
        // This one waits until the program is back.
        let next = session.get("/a/count");
        next.is(200, "2\n");
        println!("answered {} ms after the VM was killed", killed.elapsed().as_millis());
        for request in under_way {
            let (answer, when) = request.join().expect("an answer");
            assert!(answer.status >= 500, "{answer:?}");
            assert!(
                answer.text().contains("the Dart program stopped while this event was under way"),
                "{answer:?}"
            );
            assert!(when - killed < Duration::from_secs(1), "{:?} after the VM was killed", when - killed);
        }
    });
    let text = session
        .wait_for(|text| text.contains("the Dart VM stopped (signal: 9 (SIGKILL)); starting it again\n"));
    assert!(!text.contains("]: the Dart VM"), "{text}");
    session.get("/a/count").is(200, "3\n");
    assert_ne!(session.dart_vm().pid, vm.pid);
}

#[test]
fn a_killed_wrangler_ends_dev_and_leaves_nothing() {
    let session = Session::start("hello");
    session.get("/").is(200, "Hello, world!\n");
    // The first of them: what the others were started by.
    let wrangler = session.process("wrangler dev --config");
    wrangler.signal(Signal::KILL);
    let (status, text) = session.ended();
    assert_eq!(status.code(), Some(3), "{text}");
    let end = "error[E0604]: wrangler stopped (signal: 9 (SIGKILL))\n\
               hint: start `dartflare dev` again; the state of the local bindings is kept\n\
               for more, run `dartflare explain E0604`\n";
    assert!(text.ends_with(end), "{text}");
}

#[test]
fn after_a_crash_of_workerd_requests_are_answered_again() {
    let session = Session::start("hello");
    session.get("/").is(200, "Hello, world!\n");
    let start = session.now();
    session.process("workerd serve").signal(Signal::SEGV);
    let text = session.wait_from(start, |text| text.contains("wrangler is ready again\n"));
    assert!(text.contains("workerd crashed; restarting wrangler, which does not\n"), "{text}");
    session.get("/").is(200, "Hello, world!\n");
}

#[test]
fn both_signals_end_it_in_order() {
    for signal in [Signal::TERM, Signal::INT] {
        let session = Session::start("hello");
        session.get("/").is(200, "Hello, world!\n");
        let start = Instant::now();
        let (status, text) = session.end(signal);
        println!("{signal:?}: ended after {} ms", start.elapsed().as_millis());
        assert_eq!(status.code(), Some(0), "{text}");
        assert!(!text.contains("error"), "{text}");
    }
}

#[test]
fn a_signal_while_it_starts_leaves_nothing() {
    let session = Session::launch(crate::project::Project::copy("hello"), &["--port", "0"]);
    session.process("wrangler dev --config");
    let (status, text) = session.end(Signal::TERM);
    assert_eq!(status.code(), Some(0), "{text}");
}
