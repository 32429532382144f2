//! A front end with a development server of its own: the command that runs it, and the port that it listens on.

use std::io;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::LazyLock;
use std::time::Duration;

use regex::Regex;

use super::{Event, Events};
use crate::diagnostic::{Code, Diagnostic};
use crate::error::{Error, Result};
use crate::platform;
use crate::printer::Printer;
use crate::process::{Output, Process};

/// How long a server may take to say where it listens.
const LIMIT: Duration = Duration::from_secs(60);

/// An address of this machine, as servers print it.
#[allow(clippy::expect_used, reason = "a constant pattern")]
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"http://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\]):(\d{1,5})\b").expect("a valid pattern")
});

/// What happens to the command.
#[derive(Debug)]
pub(crate) enum FrontEndEvent {
    Output(Output),
    Exited(io::Result<ExitStatus>),
    /// It has had its time to say where it listens.
    Late,
}

/// As the user asks for it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// What starts the server.
    pub(crate) command: Option<String>,
    /// The server's port.
    pub(crate) port: Option<u16>,
    /// By which names requests may come, beside this machine's own.
    pub(crate) names: Vec<String>,
}

/// The server of a front end.
#[derive(Debug)]
pub(super) struct FrontEnd {
    command: Option<String>,
    port: Option<u16>,
    process: Option<Process>,
    printer: Printer,
    /// The port of this run, which a server may well name.
    own_port: u16,
    names: Vec<String>,
}

impl FrontEnd {
    /// Starts the command, if there is one. Nothing if no front end is wanted.
    pub(super) fn start(
        Wanted { command, port, names }: Wanted,
        project: &Path,
        own_port: u16,
        events: &Events,
        printer: Printer,
    ) -> Result<Option<Self>> {
        if port == Some(own_port) {
            return Err(Error::Environment(
                Diagnostic::error(
                    Code::ProxyToItself,
                    format!("`--proxy {own_port}` is the port that `dartflare dev` answers on"),
                )
                .hint("give the front end's port, or another one for the Worker with `--port`"),
            ));
        }
        let process = match &command {
            None if port.is_none() => return Ok(None),
            None => None,
            Some(command) => {
                let send = |event: fn(_) -> FrontEndEvent| {
                    let events = events.clone();
                    move |value| {
                        let _ = events.send(Event::FrontEnd(event(value)));
                    }
                };
                let on_exit = events.clone();
                let (shell, flags) = platform::shell();
                let process = Process::start(
                    shell.as_ref(),
                    |shell| {
                        shell.args(flags).current_dir(project);
                        platform::give_line(shell, command);
                    },
                    send(FrontEndEvent::Output),
                    move |status| {
                        let _ = on_exit.send(Event::FrontEnd(FrontEndEvent::Exited(status)));
                    },
                );
                let process =
                    process.map_err(|source| Error::Io { action: "start", path: shell.into(), source })?;
                Some(process)
            }
        };
        if port.is_none() {
            let events = events.clone();
            tokio::spawn(async move {
                tokio::time::sleep(LIMIT).await;
                let _ = events.send(Event::FrontEnd(FrontEndEvent::Late));
            });
        }
        Ok(Some(Self { command, port, process, printer, own_port, names }))
    }

    /// By which names requests may come, beside this machine's own.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Where the server listens, once that is known.
    pub(super) fn port(&self) -> Option<u16> {
        self.port
    }

    /// Takes what happened to the command. Says whether the port is known by that.
    pub(super) fn event(&mut self, event: FrontEndEvent) -> Result<bool> {
        let before = self.port;
        let command = self.command.as_deref().unwrap_or_default();
        match event {
            FrontEndEvent::Output(output) => {
                for line in output.lines {
                    if self.port.is_none() {
                        self.port = port_in(&line, self.own_port);
                    }
                    self.printer.message(line);
                }
            }
            FrontEndEvent::Exited(status) => {
                self.process = None;
                let is_success = status.as_ref().is_ok_and(ExitStatus::success);
                let how = match status {
                    Ok(status) => status.to_string(),
                    Err(error) => error.to_string(),
                };
                // It may have left a server behind that is none of its own processes.
                if is_success && self.port.is_some() {
                    self.printer.status(format_args!("`{command}` ended ({how})"));
                } else if self.port.is_some() {
                    return Err(Error::Project(
                        Diagnostic::error(Code::FrontEndEnded, format!("`{command}` ended ({how})"))
                            .hint("what it said stands above; mend it and start `dartflare dev` again"),
                    ));
                } else {
                    return Err(Error::Project(
                        Diagnostic::error(
                            Code::FrontEndEnded,
                            format!("`{command}` ended ({how}) before it said where it listens"),
                        )
                        .hint(
                            "`--command` takes what starts the front end's server, as in `npm run dev`; a \
                             server that runs already is named by `--proxy PORT` alone",
                        ),
                    ));
                }
            }
            FrontEndEvent::Late if self.port.is_none() => {
                return Err(Error::Project(
                    Diagnostic::error(Code::FrontEndSilent, format!(
                        "`{command}` has not said within {} s where it listens, as in `http://localhost:5173/`",
                        LIMIT.as_secs()
                    ))
                    .hint("give its port with `--proxy PORT` as well"),
                ));
            }
            FrontEndEvent::Late => {}
        }
        Ok(before != self.port)
    }

    /// Ends the command and all that it started.
    pub(super) async fn stop(self) {
        if let Some(process) = self.process {
            process.stop().await;
        }
    }
}

/// The port of an address in a line, other than `own`.
fn port_in(line: &str, own: u16) -> Option<u16> {
    let plain = anstream::adapter::strip_str(line).to_string();
    let ports = ADDRESS.captures_iter(&plain).filter_map(|found| found.get(1)?.as_str().parse().ok());
    ports.into_iter().find(|port| ![0, own].contains(port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_the_one_that_a_server_prints() {
        for (line, expected) in [
            (
                "  \u{1b}[32m➜\u{1b}[39m  \u{1b}[1mLocal\u{1b}[22m:   \u{1b}[36mhttp://localhost:\u{1b}[1m5173\u{1b}[22m/\u{1b}[39m",
                Some(5173),
            ),
            ("On Your Network:  http://192.168.0.2:3000", None),
            ("listening on http://0.0.0.0:4200", Some(4200)),
            ("Local: http://[::1]:4321/base", Some(4321)),
            ("server at http://[::]:4321", Some(4321)),
            ("http://localhost:8787 -> http://127.0.0.1:9000/", Some(9000)),
            ("https://localhost:5173/", None),
            ("http://localhost/", None),
            ("http://localhost:99999/", None),
            ("http://localhost:0/", None),
        ] {
            assert_eq!(port_in(line, 8787), expected, "{line}");
        }
    }

    #[test]
    fn a_command_that_never_says_where_it_listens() {
        let mut silent = FrontEnd {
            command: Some("npm run dev".to_owned()),
            port: None,
            process: None,
            printer: Printer::new(true),
            own_port: 8787,
            names: Vec::new(),
        };
        let wrong = silent.event(FrontEndEvent::Late).unwrap_err().diagnostic();
        assert_eq!(wrong.code, Some(Code::FrontEndSilent));
        assert!(wrong.message.starts_with("`npm run dev` has not said within 60 s where"), "{wrong}");
        silent.port = Some(5173);
        assert!(!silent.event(FrontEndEvent::Late).unwrap());
    }
}
