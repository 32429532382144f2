//! The synchronous half of Durable Objects: SQL, keys and values without waiting, transactions.

use std::thread;

use rustix::process::Signal;

use crate::api::check;
use crate::session::{Host, Session};

const BEYOND: &str = "\
binding = ! ArgumentError bindings[0] is beyond 2^53, where JavaScript numbers lose integers; \
give a String, and write `CAST(? AS INTEGER)`
binding = ! ArgumentError bindings[0] is beyond 2^53, where JavaScript numbers lose integers; \
give a String, and write `CAST(? AS INTEGER)`
value = ! ArgumentError argument 2 is beyond 2^53, where JavaScript numbers lose integers; \
give a BigInt or a String
";

#[test]
fn sql() {
    let session = cases(Host::Vm);

    // Transfers that fail half-way and transfers that do not, while others look on.
    thread::scope(|scope| {
        for program in ["pays", "fails", "sums", "sums"] {
            let session = &session;
            scope.spawn(move || {
                for _ in 0..8 {
                    session.get(&format!("/bank/{program}")).is(
                        200,
                        match program {
                            "pays" => "pays = null\n",
                            "fails" => "fails = ! FormatException: half-way\n",
                            _ => "sums = [100, 100]\n",
                        },
                    );
                }
            });
        }
    });
    session.get("/bank/balance").is(200, "balance = [[41, 59], [41, 59]]\n");

    session.get("/waits/outer").is(200, "order = [\"section\", \"query\", \"transaction\"]\n");

    // A program that ends within a transaction has stored nothing of it.
    thread::scope(|scope| {
        let vm = session.dart_vm();
        let stuck = scope.spawn(|| session.get("/waits/stuck"));
        session.wait_for(|text| text.contains("stuck within\n"));
        vm.signal(Signal::KILL);
        let answer = stuck.join().expect("an answer");
        assert!(answer.status >= 500, "{answer:?}");
        assert!(answer.text().contains("the Dart program stopped"), "{answer:?}");
    });
    session.get("/waits/rung").is(200, "rung = []\n");
}

/// What shows with one request after the other.
pub(crate) fn cases(host: Host) -> Session {
    let session = Session::start_on(host, "sql");
    check(&session, "sql", "", &[]);
    check(&session, "plain", "", &[]);
    if host != Host::Compiled("js") {
        session.get("/beyond/beyond").is(200, BEYOND);
    }

    session.get("/bank/bank").is(200, "");
    session.get("/bank/fails").is(200, "fails = ! FormatException: half-way\n");
    session.get("/bank/balance").is(200, "balance = [[50, 50], [50, 50]]\n");
    session.get("/bank/pays").is(200, "pays = null\n");
    session.get("/bank/balance").is(200, "balance = [[49, 51], [49, 51]]\n");

    // An alarm uses SQL as a request does.
    session.get("/clock/ring").is(200, "");
    session.wait_for(|text| text.contains("alarm rang\n"));
    session.get("/clock/rung").is(200, "rung = [\"alarm\"]\n");

    let answer = session.get("/reset/aborts");
    assert_eq!(answer.status, 500);
    assert!(answer.text().contains("enough"), "{}", answer.text());
    session.get("/reset/aborted").is(200, "aborted = [false, [\"stays\"]]\n");
    session
}
