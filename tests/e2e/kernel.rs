//! A start with the program as an earlier run had it compiled.

use std::fs;
use std::time::Duration;

use rustix::process::Signal;

use crate::processes::eventually;
use crate::session::Session;

const MAIN: &str = "lib/main.dart";
const KERNEL: &str = ".dart_tool/dartflare/dev.dill";
const RECORD: &str = ".dart_tool/dartflare/dev.dill.json";

/// How long the program has to be calm, and what compiling it takes on a machine that is busy.
const KEPT: Duration = Duration::from_secs(120);

fn is_compiled(session: &Session) -> bool {
    let vm = session.dart_vm().command;
    assert_ne!(vm.contains("dev.dill"), vm.contains("dev.dart"), "{vm}");
    vm.contains("dev.dill")
}

#[test]
fn a_program_that_did_not_change_is_not_compiled_for_the_next_start() {
    let session = Session::start("handlers");
    assert!(!is_compiled(&session));
    asserts(&session);
    eventually("the program is kept", KEPT, || session.path(RECORD).exists().then_some(()));
    let project = session.again();
    session.end(Signal::TERM);

    // It runs, as checked as ever, and takes up what is saved.
    let session = Session::start_in(project, &[]);
    assert!(is_compiled(&session));
    let first_vm = session.dart_vm().pid;
    session.get("/words").is(200, "as first written\n");
    asserts(&session);
    let start = session.now();
    session.replace(MAIN, "['as'", "[as'");
    let text = session.wait_from(start, |text| text.contains("error[E0201]: the program does not compile: "));
    assert!(text.contains("lib/main.dart:6:"), "{text}");
    assert_eq!(session.get("/words").status, 500);
    session.reload(|project| project.replace(MAIN, "[as', 'first'", "['as', 'then'"));
    session.get("/words").is(200, "as then written\n");
    session.reload(|project| project.replace(MAIN, "'then'", "'last'"));
    session.get("/words").is(200, "as last written\n");
    asserts(&session);
    assert_eq!(session.dart_vm().pid, first_vm);
    let project = session.again();
    session.end(Signal::TERM);

    // What was saved is not in what is kept.
    let session = Session::start_in(project, &[]);
    assert!(!is_compiled(&session));
    session.get("/words").is(200, "as last written\n");
    session.replace(MAIN, "'last'", "'first'");
    let project = session.again();
    session.end(Signal::TERM);

    // Now it is the first program again.
    let record = project.read(RECORD);
    let session = Session::start_in(project, &[]);
    assert!(is_compiled(&session));
    session.get("/words").is(200, "as first written\n");
    let project = session.again();
    session.end(Signal::TERM);
    assert_eq!(project.read(RECORD), record);
    // What a full disk, or a crash, could make of it.
    fs::write(project.path(KERNEL), "no kernel").expect("written");
    let session = Session::start_in(project, &[]);
    assert!(!is_compiled(&session));
    session.get("/words").is(200, "as first written\n");
}

/// A failing `assert` is an error, which it is not on Cloudflare.
#[track_caller]
fn asserts(session: &Session) {
    let answer = session.get("/asserts");
    assert_eq!(answer.status, 500);
    assert!(answer.text().contains("Failed assertion"), "{}", answer.text());
    assert!(answer.text().contains("nothing adds up"), "{}", answer.text());
}
