//! What happens when a source file is saved.

use std::thread;
use std::time::{Duration, Instant};

use crate::project::Project;
use crate::session::Session;

const MAIN: &str = "lib/main.dart";

#[test]
fn top_level_values_are_those_of_the_saved_source() {
    let session = Session::start("handlers");
    session.get("/words").is(200, "as first written\n");
    session.reload(|project| project.replace(MAIN, "'first', 'written'", "'edited'"));
    session.get("/words").is(200, "as edited\n");

    session.get("/literal").is(200, "as first written\n");
    session.reload(|project| project.replace(MAIN, "literal = 'as first", "literal = 'as then"));
    session.get("/literal").is(200, "as then written\n");
    session.get("/words").is(200, "as edited\n");
}

#[test]
fn requests_under_way_end_or_are_told_of_the_reload() {
    let session = Session::start("handlers");
    thread::scope(|scope| {
        let start = session.now();
        let short = scope.spawn(|| session.get("/slow?ms=3000"));
        let long = scope.spawn(|| (session.get("/slow?ms=30000"), Instant::now()));
        session.wait_from(start, |text| text.matches("slow began\n").count() == 2);
        let spinning = scope.spawn(|| session.get("/spins"));
        session.wait_from(start, |text| text.contains("spin began\n"));
        // This one does not even begin, as the isolate has no time for it.
        let waiting = scope.spawn(|| session.get("/words"));
        // A handler that spins must not keep the change from being taken up.
        session.reload(|project| project.replace(MAIN, "'first', 'written'", "'edited'"));
        let reloaded = Instant::now();
        session.get("/words").is(200, "as edited\n");
        for request in [short, spinning] {
            gone(&request.join().expect("an answer"));
        }
        waiting.join().expect("an answer").is(200, "as edited\n");
        let (answer, at) = long.join().expect("an answer");
        gone(&answer);
        assert!(at - reloaded < Duration::from_secs(6), "{:?} after the reload", at - reloaded);
        assert_eq!(answer.header("retry-after"), "1");
    });

    // Without one that spins, what ends within two seconds ends as it began: with the code from before.
    thread::scope(|scope| {
        let start = session.now();
        let short = scope.spawn(|| session.get("/slow?ms=1000"));
        session.wait_from(start, |text| text.contains("slow began\n"));
        session.reload(|project| project.replace(MAIN, "'edited'", "'edited', 'again'"));
        session.get("/words").is(200, "as edited again\n");
        short.join().expect("an answer").is(200, "as edited\n");
    });
}

#[test]
fn an_event_under_way_can_begin_a_transaction_after_the_reload() {
    let session = Session::start("objects");
    session.get("/a/count").is(200, "1\n");
    thread::scope(|scope| {
        let start = session.now();
        let late = scope.spawn(|| session.get("/a/count-late"));
        session.wait_from(start, |text| text.contains("late began\n"));
        session.reload(|project| project.replace(MAIN, "Kind('class')", "Kind('still a class')"));
        late.join().expect("an answer").is(200, "2\n");
    });
    session.get("/a/kind").is(200, "still a class\n");
    session.get("/a/count").is(200, "3\n");
}

#[track_caller]
fn gone(answer: &crate::answer::Answer) {
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(answer.text().starts_with("The Dart program stopped\n\n"), "{}", answer.text());
}

#[test]
fn a_change_that_the_vm_cannot_take_restarts_it_and_objects_keep_their_state() {
    let session = Session::start("objects");
    let first_vm = session.dart_vm().pid;
    session.get("/a/count").is(200, "1\n");
    session.get("/a/memory").is(200, "1\n");
    session.get("/a/memory").is(200, "2\n");

    // A change it can take: what is stored stays, what was in memory is made anew.
    session.reload(|project| project.replace(MAIN, "Kind('class')", "Kind('still a class')"));
    session.get("/a/kind").is(200, "still a class\n");
    session.get("/a/count").is(200, "2\n");
    session.get("/a/memory").is(200, "1\n");
    assert_eq!(session.dart_vm().pid, first_vm);

    // A class becomes an enum.
    let text = session.reload(|project| {
        project.edit(MAIN, |text| {
            let (before, rest) = text.split_once("class Kind").expect("the class");
            let (_, after) = rest.split_once("\n}\n").expect("its end");
            let kind =
                "enum Kind {\n  only('enum');\n\n  const Kind(this.label);\n\n  final String label;\n}\n";
            format!("{before}{kind}{after}")
        });
    });
    assert!(text.contains("restarting the Dart VM for a change it cannot reload: "), "{text}");
    session.get("/a/kind").is(200, "enum\n");
    session.get("/a/count").is(200, "3\n");
    assert_ne!(session.dart_vm().pid, first_vm);
}

#[test]
fn a_syntax_error_is_shown_and_mended() {
    let session = Session::start("handlers");
    session.get("/").is(200, "hello\n");
    let place = break_source(&session);
    session.wait_for(|text| text.contains("error[E0201]: the program does not compile: 1 error\n"));
    let said = session.transcript().stderr();
    assert!(said.contains(&format!("{place}: Error: Expected an identifier")), "{said}");

    let answer = session.get("/");
    assert_eq!((answer.status, answer.header("content-type")), (500, "text/plain; charset=utf-8"));
    assert!(
        answer.text().starts_with("The Dart program does not compile\n\n1 error\n\n"),
        "{}",
        answer.text()
    );
    assert!(answer.text().contains(&format!("{place}: Error: Expected an identifier")), "{}", answer.text());
    let answer = session.request("GET", "/", &[("accept", "text/html")], b"");
    assert_eq!((answer.status, answer.header("content-type")), (500, "text/html; charset=utf-8"));
    assert!(answer.text().contains("<h1>The Dart program does not compile</h1>"), "{}", answer.text());
    assert!(answer.text().contains(&place), "{}", answer.text());

    session.reload(|project| project.replace(MAIN, "words = ;", "words = ['mended'];"));
    session.get("/words").is(200, "mended\n");
}

/// Saves a source with a syntax error; gives its place as the compiler names it.
fn break_source(session: &Session) -> String {
    session.edit(MAIN, |text| {
        let (before, rest) = text.split_once("words = ").expect("the value");
        let (_, after) = rest.split_once(';').expect("its end");
        format!("{before}words = ;{after}")
    });
    let source = session.read(MAIN);
    let at = source.find("words = ;").expect("the error");
    let line = source[..at].matches('\n').count();
    let column = source.lines().nth(line).and_then(|line| line.find(';')).expect("the semicolon");
    format!("{MAIN}:{}:{}", line + 1, column + 1)
}

#[test]
fn the_last_good_code_answers_if_asked_to() {
    let session = Session::start_in(Project::copy("handlers"), &["--keep-last-good"]);
    session.get("/words").is(200, "as first written\n");
    let place = break_source(&session);
    let text = session.wait_for(|text| text.contains("the program does not compile: "));
    assert!(
        text.contains("error[E0201]: the program does not compile: 1 error; the last good code answers\n"),
        "{text}"
    );
    assert!(text.contains(&place), "{text}");
    session.get("/words").is(200, "as first written\n");
    session.reload(|project| project.replace(MAIN, "words = ;", "words = ['mended'];"));
    session.get("/words").is(200, "mended\n");
}
