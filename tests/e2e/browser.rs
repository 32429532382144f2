//! A visit to what a session serves, in a headless Chromium.

use std::process::{Command, Stdio};

use crate::harness;
use crate::session::Session;

/// Runs `tests/browser/<script>` with the session's address. Where there is no Chromium it says that `what` is skipped.
#[track_caller]
pub(crate) fn visit(session: &Session, script: &str, what: &str) {
    visit_with(session, script, &[], what);
}

/// As [`visit`], with arguments after the address.
#[track_caller]
pub(crate) fn visit_with(session: &Session, script: &str, args: &[String], what: &str) {
    let script = format!("{}/tests/browser/{script}", env!("CARGO_MANIFEST_DIR"));
    let output = Command::new("node")
        .arg(script)
        .arg(session.url(""))
        .args(args)
        .stdin(Stdio::null())
        .output()
        .expect("the script runs");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if out == "skipped: no Chromium\n" {
        harness::skip(what, "no Chromium, which `apt-get install chromium` gives");
        return;
    }
    assert!(output.status.success() && out == "done\n", "{out}{err}\n{}", session.transcript().text());
}
