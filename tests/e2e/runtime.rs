//! What the runtime offers beside bindings: caches, HTML that is changed as it passes, cryptography, what Cloudflare
//! knows of a request, and ending one before its time.
//!
//! Each file `reports/runtime/<program>.txt` of the fixture `runtime` is what a program of it reports.

use std::io::Read as _;

use crate::api::check;
use crate::origin::Origin;
use crate::session::{Host, Session, agent};

#[test]
fn runtime_apis() {
    let session = Session::start("runtime");
    check_runtime(&session);

    // What a client that leaves is told by; no Worker on the other host is told of one.
    let leaving = agent(false);
    let mut response = leaving.get(session.url("/leave")).call().expect("an answer");
    let mut first = [0; 5];
    response.body_mut().as_reader().read_exact(&mut first).expect("a part of the body");
    assert_eq!(&first, b"here\n");
    drop(response);
    drop(leaving);
    session.wait_for(|text| text.contains("the client left\n"));
}

pub(crate) fn check_runtime(session: &Session) {
    let origin = Origin::start();
    let query = format!("?origin={}", origin.url());
    check(session, "runtime", &query, &[(origin.url(), "[ORIGIN]")]);

    // HTML that is changed while it is sent.
    let items: String = (0..100).map(|at| format!("<li>{at} seen</li>")).collect();
    session.get("/page").is(200, &format!("<ul>{items}</ul><!-- end -->"));
    let answer = session.get(&format!("/passed-page{query}"));
    assert_eq!(answer.header("x-from"), "origin");
    answer.is(200, "<title>Ours</title>");

    // A body that does not pass through Dart.
    let bytes = vec![b'a'; 1_000_000];
    session
        .request("POST", "/digest", &[], &bytes)
        .is(200, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");

    // A body that is compressed already.
    let answer = session.get(&format!("/compressed{query}"));
    assert_eq!((answer.status, answer.header("content-encoding")), (200, "gzip"));
    assert_eq!(answer.header("x-length"), format!("{}", answer.body.len()));
    assert_eq!(&answer.body[..2], [0x1f, 0x8b]);
}

#[test]
fn js_runtime_apis() {
    check_runtime(&Session::start_on(Host::Js, "runtime"));
}
