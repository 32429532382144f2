//! The programs of the document that the project sets out to make true, as `tests/fixtures/apps/README.md` tells.

use serde_json::{Value, json};

use crate::project::Project;
use crate::session::{Host, Session};

#[test]
fn kv() {
    check_kv(Host::Vm);
}

#[test]
fn views_of_a_durable_object() {
    check_views(Host::Vm);
}

#[test]
fn jobs_and_the_alarm_that_processes_them() {
    check_jobs(Host::Vm);
}

pub(crate) fn check_kv(host: Host) {
    let session = Session::start_on(host, "seed-kv");
    session.get("/").is(200, "write-docs: null\n");
    session.request("PUT", "/", &[], b"").is(200, "write-docs: in-progress\n");
    session.get("/").is(200, "write-docs: in-progress\n");
}

pub(crate) fn check_views(host: Host) {
    let session = Session::start_on(host, "seed-views");
    for views in 1..=3 {
        session
            .get(&format!("/{views}"))
            .is(200, &format!("This Durable Object has been requested {views} times!"));
    }
}

pub(crate) fn check_jobs(host: Host) {
    let job = json!({ "job": "1234", "data": { "foo": "bar" } });
    let observe =
        |session: &Session| -> Value { serde_json::from_str(session.get("/observed").ok()).expect("JSON") };

    let session = Session::start_on(host, "seed-jobs");
    session.get("/").is(200, "Job queued!");
    let first = observe(&session);
    session.get("/").is(200, "Job queued!");
    let second = observe(&session);
    assert_eq!(first["jobs"], json!([job]));
    assert_eq!(second["jobs"], json!([job, job]));
    let alarm_in = |observed: &Value| observed["alarmIn"].as_i64().expect("an alarm");
    assert!((30_000..=60_000).contains(&alarm_in(&first)), "{first}");
    // The second job did not set the alarm anew.
    assert!(alarm_in(&second) < alarm_in(&first), "{first} {second}");
    assert!(!session.transcript().text().contains("Alarm triggered"));
    drop(session);

    let project = Project::copy("seed-jobs");
    project.replace("lib/main.dart", "Duration(seconds: 60)", "Duration(seconds: 1)");
    let session = Session::start_in_on(host, project, &[]);
    session.get("/").is(200, "Job queued!");
    session.wait_for(|text| text.contains("Processed {job: 1234, data: {foo: bar}}\n"));
    assert!(session.printed().contains("Alarm triggered, processing jobs...\nProcessed {job"));
    assert_eq!(observe(&session), json!({ "alarmIn": null, "jobs": [] }));
}
