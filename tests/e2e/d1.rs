//! D1 in workerd: each file `reports/d1/<program>.txt` of the fixture `d1` is what a program of it reports.

use crate::api::check;
use crate::session::{Host, Session};

#[test]
fn d1() {
    check_d1(Host::Vm);
}

pub(crate) fn check_d1(host: Host) {
    let session = Session::start_on(host, "d1");
    check(&session, "d1", "", &[]);
    // What an event keeps, the next one uses.
    session.get("/kept").is(200, "kept = 7\n");
    session.get("/kept").is(200, "kept = 7\n");
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let answer = session.request("POST", "/blob", &[], &bytes);
    assert!(answer.status == 200 && answer.body == bytes, "{} bytes", answer.body.len());
}
