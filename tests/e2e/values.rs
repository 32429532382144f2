//! The table of values, `tests/values/table.mjs`, on its way between the program and JavaScript in workerd.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::session::{Host, Session};

#[test]
fn values() {
    check_values(Host::Vm);
}

pub(crate) fn check_values(host: Host) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/values");
    let module = |name: &str| json!({ "js": fs::read_to_string(folder.join(name)).expect("a module") });
    let modules = json!({ "worker.mjs": module("worker.mjs"), "table.mjs": module("table.mjs") }).to_string();
    let session = Session::start_on(host, "values");
    let answer = session.request("POST", "/", &[], modules.as_bytes());
    let text = answer.ok();
    assert!(text.ends_with(" right, 0 wrong\n") && !text.starts_with("0 right"), "\n{text}");
}
