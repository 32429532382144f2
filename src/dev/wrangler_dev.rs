//! The `wrangler dev` that runs the Worker of a run in workerd.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use crate::diagnostic::Diagnostic;
use crate::error::{Error, Result};
use crate::printer::Printer;
use crate::process::{Output, Process};

/// What happens to wrangler.
#[derive(Debug)]
pub(crate) enum WranglerEvent {
    Output(Output),
    Exited(io::Result<ExitStatus>),
}

/// What wrangler is started with.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) program: PathBuf,
    pub(crate) project: PathBuf,
    /// The derived configuration.
    pub(crate) config: PathBuf,
    pub(crate) port: u16,
    pub(crate) env: Option<String>,
    /// The user's own flags for it.
    pub(crate) passed_on: Vec<OsString>,
}

/// A running `wrangler dev`.
#[derive(Debug)]
pub(crate) struct WranglerDev {
    process: Process,
    printer: Printer,
    /// What it said before it was ready; shown if it never is.
    lines: Vec<String>,
    url: Option<String>,
    /// Whether it is in the middle of an error that the user has read already.
    is_repeating: bool,
}

impl WranglerDev {
    pub(crate) fn start(
        Invocation { program, project, config, port, env, passed_on }: &Invocation,
        printer: Printer,
        on_event: impl Fn(WranglerEvent) + Clone + Send + 'static,
    ) -> Result<Self> {
        let on_exit = on_event.clone();
        let process = Process::start(
            program,
            |command| {
                command.arg("dev").arg("--config").arg(config).arg("--port").arg(port.to_string());
                if let Some(env) = env {
                    command.arg("--env").arg(env);
                }
                // The debugger that matters is Dart's. Wrangler's own choice is a fixed port, which a second
                // `wrangler dev` that starts at the same moment finds taken too late.
                if !passed_on.iter().any(|flag| flag.to_string_lossy().starts_with("--inspector-port")) {
                    command.arg("--inspector-port").arg("0");
                }
                command.args(passed_on).current_dir(project);
            },
            move |output| on_event(WranglerEvent::Output(output)),
            move |status| on_exit(WranglerEvent::Exited(status)),
        )
        .map_err(|source| Error::Io { action: "start", path: program.clone(), source })?;
        Ok(Self { process, printer, lines: Vec::new(), url: None, is_repeating: false })
    }

    /// Where the Worker answers, once it does.
    pub(crate) fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// Takes a line that it wrote. What leaves Dart as an exception it reports once more, and often twice, as JavaScript
    /// sees it; `is_known` tells whether the user has read it already.
    pub(crate) fn line(&mut self, text: String, is_known: impl Fn(&str) -> bool) {
        if self.url.is_some() {
            let plain = anstream::adapter::strip_str(&text).to_string();
            if plain.contains("[ERROR] Uncaught") {
                self.is_repeating = is_known(&plain);
            } else if !plain.is_empty() && !plain.starts_with(' ') {
                self.is_repeating = false;
            }
            if !text.is_empty() && !self.is_repeating {
                self.printer.message(&text);
            }
        } else if let Some((_, url)) = text.split_once("Ready on ") {
            self.url = Some(url.trim().to_owned());
            self.lines.clear();
        } else {
            self.lines.push(text);
        }
    }

    /// What it means that it has ended by itself.
    pub(crate) fn exited(&self, status: io::Result<ExitStatus>) -> Error {
        let how = match status {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        for line in &self.lines {
            self.printer.message(line);
        }
        if self.url.is_some() {
            Error::Environment(
                Diagnostic::error(format!("wrangler stopped ({how})"))
                    .hint("start `dartflare dev` again; the state of the local bindings is kept"),
            )
        } else {
            Error::Project(
                Diagnostic::error(format!("wrangler did not start ({how})"))
                    .hint("what it said stands above; flags after `--` go to it as they are"),
            )
        }
    }

    /// Ends it.
    pub(crate) async fn stop(self) {
        self.process.stop().await;
    }
}
