//! The `wrangler dev` that runs the bridge in workerd.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitStatus;

use super::process::{Line, Process};
use crate::error::{Error, Result};

/// What happens to wrangler.
#[derive(Debug)]
pub(crate) enum WranglerEvent {
    Line(Line),
    Exited(std::io::Result<ExitStatus>),
}

/// Starts `wrangler dev` on the derived configuration.
pub(crate) fn start(
    wrangler: &Path,
    project: &Path,
    config: &Path,
    port: u16,
    env: Option<&str>,
    passed_on: &[OsString],
    on_event: impl Fn(WranglerEvent) + Clone + Send + 'static,
) -> Result<Process> {
    let on_exit = on_event.clone();
    Process::start(
        wrangler,
        |command| {
            command.arg("dev").arg("--config").arg(config).arg("--port").arg(port.to_string());
            if let Some(env) = env {
                command.arg("--env").arg(env);
            }
            // The debugger that matters is Dart's. Wrangler's own choice is a fixed port, which a second `wrangler dev` that
            // starts at the same moment finds taken too late.
            if !passed_on.iter().any(|flag| flag.to_string_lossy().starts_with("--inspector-port")) {
                command.arg("--inspector-port").arg("0");
            }
            command.args(passed_on).current_dir(project);
        },
        move |line| on_event(WranglerEvent::Line(line)),
        move |status| on_exit(WranglerEvent::Exited(status)),
    )
    .map_err(|source| Error::Io { action: "start", path: wrangler.to_owned(), source })
}

/// The address in wrangler's `Ready on http://localhost:8787`.
pub(crate) fn ready_address(line: &str) -> Option<&str> {
    line.split_once("Ready on ").map(|(_, address)| address.trim())
}
