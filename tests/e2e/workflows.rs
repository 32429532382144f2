//! Workflows, as Wrangler runs them locally: each file `reports/workflows/<program>.txt` of the fixture `workflows` is
//! what a program of it reports.

use crate::api::check;
use crate::session::{Host, Session};

#[test]
fn workflows() {
    check_workflows(Host::Vm);
}

pub(crate) fn check_workflows(host: Host) {
    let session = Session::start_on(host, "workflows");
    check(&session, "workflows", "", &[]);
}
