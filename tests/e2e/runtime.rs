//! What the runtime offers beside bindings: caches, HTML that is changed as it passes, cryptography, what Cloudflare
//! knows of a request, and ending one before its time.
//!
//! Each file `reports/runtime/<program>.txt` of the fixture `runtime` is what a program of it reports.

use crate::api::check;
use crate::origin::Origin;
use crate::session::Session;

#[test]
fn runtime_apis() {
    let session = Session::start("runtime");
    check_runtime(&session);
}

pub(crate) fn check_runtime(session: &Session) {
    let origin = Origin::start();
    let query = format!("?origin={}", origin.url());
    check(session, "runtime", &query, &[(origin.url(), "[ORIGIN]")]);

    // HTML that is changed while it is sent.
    let items: Vec<_> = (0..100).map(|at| format!("<li>{at} seen</li>")).collect();
    session.get("/page").is(200, &format!("<ul>{}</ul><!-- end -->", items.concat()));
    session.get("/broken-page");
    session.wait_for(|text| text.contains("StateError: Bad state: the page is torn"));
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

    // Whoever asks leaves before there is an answer.
    session.get("/leave").is(200, "[false,\"TimeoutError: The operation was aborted due to timeout\"]");
    session.wait_for(|text| text.contains("the caller left\n"));
}

/// The client of `cloudflare_workers_http`, over a stand-in for `package:http` of our own: nothing is shown of the real
/// package.
pub(crate) fn check_http_client(session: &Session) {
    let origin = Origin::start();
    check(session, "client", &format!("?origin={}", origin.url()), &[(origin.url(), "[ORIGIN]")]);
}

#[test]
fn http_client() {
    check_http_client(&Session::start("http-client"));
}
