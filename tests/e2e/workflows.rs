//! Workflows, as Wrangler runs them locally: each file `reports/workflows/<program>.txt` of the fixture `workflows` is
//! what a program of it reports.

use std::time::Duration;

use crate::api::check;
use crate::processes::eventually;
use crate::session::{Host, Session};

const CASES: &str = "lib/cases.dart";
const MAIN: &str = "lib/main.dart";

#[test]
fn workflows() {
    let session = check_workflows(Host::Vm);
    check_reloads(&session);
    check_registration(&session);

    let text = session.transcript().text();
    // Each attempt that fails is told with its place, and what the engine says of it is not.
    let attempt = "error: unhandled exception in the step `flaky`\nBad state: not yet\n#0  _attempts.<anonymous closure> \
         (lib/cases.dart:";
    assert_eq!(text.matches(attempt).count(), 2, "{text}");
    assert!(!text.contains("Uncaught"), "{text}");
    // The failure of the instance has the place where it was thrown.
    let failure = "error: unhandled exception in CaseWorkflow.run\nError: StateError: Bad state: the till is empty\n\
         #0  CaseWorkflow.run.<anonymous closure> (lib/cases.dart:";
    assert!(text.contains(failure), "{text}");
    // To pause and to terminate an instance is no failure.
    assert!(!text.contains("Aborting engine") && !text.contains("the event is over"), "{text}");
}

pub(crate) fn check_workflows(host: Host) -> Session {
    let session = Session::start_on(host, "workflows");
    check(&session, "workflows", "", &[]);
    session
}

/// A run goes on with the new code, and finds what the old code did.
fn check_reloads(session: &Session) {
    let start = session.now();
    session.get("/start/held").is(200, "started\n");
    session.wait_from(start, |text| text.contains("held once\n"));
    session.get("/start/stuck").is(200, "started\n");
    session.wait_from(start, |text| text.contains("attempt 1 hangs\n"));

    session.reload(|project| {
        project.edit(CASES, |text| {
            let text = text.replace("return 'held $text';", "return 'held $text by other code';");
            text.replace("return Completer<Object?>().future;", "return context.attempt;")
        });
    });
    becomes(session, "stuck", "complete 1\n");
    session.get("/status/held").is(200, "running\n");

    let text = session.reload(|project| {
        project.edit(CASES, |text| text.replace("class CaseWorkflow ", "class CaseWorkflow<T> "));
    });
    assert!(text.contains("restarting the Dart VM for a change it cannot reload: "), "{text}");
    session.get("/send/held").is(200, "sent\n");
    becomes(session, "held", "complete \"held one two by other code\"\n");
    let text = session.transcript().text();
    assert_eq!(text.matches("held once\n").count(), 1, "{text}");
}

fn check_registration(session: &Session) {
    let start = session.now();
    session.reload(|project| {
        project.replace(MAIN, "'OrderWorkflow': OrderWorkflow.new", "'Order': OrderWorkflow.new");
    });
    let text = session.wait_from(start, |text| text.matches("hint: ").count() == 2);
    for part in [
        "warning[W0302]: `main()` does not register the workflow class `OrderWorkflow`\n --> wrangler.jsonc:6:60\n",
        "hint: add `'OrderWorkflow': OrderWorkflow.new` to `workflows` of `CloudflareWorkers`\n",
        "warning[W0304]: `main()` registers the workflow class `Order`, and `wrangler.jsonc` does not bind it\n",
        "hint: add it to `workflows`, or do not register it\n",
    ] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
    session.get("/begin-order").is(200, "begun\n");
    session.wait_from(start, |text| {
        text.contains(
            "no workflow class `OrderWorkflow` is registered; there is `Order`, `CaseWorkflow`, add it to ",
        )
    });
}

#[track_caller]
fn becomes(session: &Session, instance: &str, status: &str) {
    let path = format!("/status/{instance}");
    let what = format!("{path} answers {status}");
    eventually(&what, Duration::from_secs(10), || (session.get(&path).text() == status).then_some(()));
}
