//! The bindings of a method or a few properties, as Wrangler has them locally: each file
//! `reports/bindings/<program>.txt` of the fixture `small-bindings` is what a program of it reports.

use crate::api::check;
use crate::project::Project;
use crate::session::{Host, Session};

#[test]
fn small_bindings() {
    check_small_bindings(Host::Vm);
}

pub(crate) fn check_small_bindings(host: Host) {
    let project = Project::copy("small-bindings");
    let secret = "secrets-store secret create store --name token --value s3cret --scopes workers";
    project.wrangler(&secret.split(' ').collect::<Vec<_>>());
    let session = Session::start_in_on(host, project, &[]);
    check(&session, "bindings", "", &[]);
}
