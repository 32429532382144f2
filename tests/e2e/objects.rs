//! What a Durable Object promises, with many requests at once.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use crate::session::Session;

/// Sends `count` requests at the same time and gives the numbers that they answered.
fn at_once(session: &Session, path: &str, count: usize) -> Vec<usize> {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|_| scope.spawn(|| session.get(path).ok().trim().parse().expect("a number")))
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    })
}

#[test]
fn concurrent_requests_to_one_object_lose_no_update_and_sections_hold() {
    let session = Session::start("objects");

    // Forty first requests at once to an object that loads its state in a section of its constructor.
    assert_eq!(at_once(&session, "/busy/starts", 40), [1; 40]);
    let all: BTreeSet<usize> = (1..=40).collect();
    for program in ["count", "count-in-transaction", "count-in-section"] {
        let values = at_once(&session, &format!("/{program}/{program}"), 40);
        assert_eq!(values.into_iter().collect::<BTreeSet<_>>(), all, "{program}");
    }

    check_sections(&session);

    // A synchronous call by outer work while a section is open waits for the section, and blocks nothing.
    let start = Instant::now();
    session.get("/b/outer-work").is(200, "section, id of 64 digits\n");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

/// What requests see of sections, one request after the other.
pub(crate) fn check_sections(session: &Session) {
    // What a transaction throws comes out as it was, and nothing of the transaction is kept.
    session.get("/a/rolls-back").is(200, "not today: before, thrown here\n");
    session.get("/a/rolls-back-quietly").is(200, "before\n");
    session.get("/a/nested").is(200, "1 2 2\n");
    session.get("/a/all").is(200, "{kept: before, one: 1, starts: 1, two: 2}\n");

    session.get("/a/memory").is(200, "1\n");
    session.get("/a/memory").is(200, "2\n");

    // A failed section resets the object; the next request finds it constructed anew.
    let answer = session.get("/a/section-throws");
    assert_eq!(answer.status, 500);
    assert!(answer.text().contains("nor tomorrow"), "{}", answer.text());
    session.get("/a/memory").is(200, "1\n");
    session.get("/a/starts").is(200, "2\n");
}
