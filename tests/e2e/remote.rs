//! The bindings of Cloudflare's services: each file `reports/remote/<program>.txt` of the fixture `remote` is what a
//! program of it reports.
//!
//! Images and Stream are those of Wrangler, locally. For the others there is no local implementation: what is tested of
//! them is what they are called with, and what becomes of answers as their types describe them, with a stand-in that the
//! program loads beside itself (`lib/stand_in.dart`). It is a Worker that is called by RPC, as some of them are.

use std::fs;

use crate::api::check;
use crate::origin::Origin;
use crate::project::Project;
use crate::session::{Host, Session};

#[test]
fn remote() {
    check_remote(Host::Vm);
}

pub(crate) fn check_remote(host: Host) {
    let session = Session::start_on(host, "remote");
    let origin = Origin::start();
    let query = format!("?origin={}", origin.url());
    check(&session, "remote", &query, &[(origin.url(), "[ORIGIN]")]);

    // Bytes that do not pass through Dart.
    let picture = fs::read(session.path("picture.png")).expect("a picture");
    let answer = session.request("POST", "/thumbnail", &[], &picture);
    assert_eq!((answer.status, answer.header("content-type")), (200, "image/png"));
    let (start, width) = (answer.body.get(..8), answer.body.get(16..20));
    assert_eq!((start, width), (picture.get(..8), Some(&[0, 0, 0, 2][..])));
}

/// What the runtime itself does of a binding whose service is elsewhere. Wrangler starts with Workers AI only if it has an
/// account to log in to, or if it is told to leave everything out that is not local.
#[test]
fn unreachable() {
    let project = Project::copy("remote");
    project.replace("wrangler.jsonc", "  \"images\"", "  \"ai\": { \"binding\": \"AI\" },\n  \"images\"");
    let session = Session::start_in(project, &["--", "--local"]);
    check(&session, "unreachable", "", &[]);
}
