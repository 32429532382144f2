//! The `wrangler dev`, or `wrangler pages dev`, that runs the Worker of a run in workerd.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use crate::diagnostic::{Code, Diagnostic};
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
    /// Whether it runs a Pages project, in the folder of the configuration.
    pub(crate) is_pages: bool,
    /// Whether it is to serve the static files of one.
    pub(crate) serves_files: bool,
    /// The user's own flags for it.
    pub(crate) passed_on: Vec<OsString>,
}

/// Flags of which a relative path is one from the project.
const PATHS: [&str; 3] = ["--persist-to", "--https-key-path", "--https-cert-path"];

impl Invocation {
    /// What wrangler is given, and the folder that it runs in.
    fn line(&self) -> (Vec<OsString>, &Path) {
        let mut args: Vec<OsString> = Vec::new();
        let has = |flag: &str| self.passed_on.iter().any(|given| given.to_string_lossy().starts_with(flag));
        if self.serves_files {
            args.extend(["pages", "dev"].map(OsString::from));
        } else {
            args.extend(["dev".into(), "--config".into(), self.config.clone().into()]);
        }
        if self.is_pages {
            if !has("--persist-to") {
                args.extend(["--persist-to".into(), self.project.join(".wrangler/state").into()]);
            }
        } else if let Some(env) = &self.env {
            args.extend(["--env".into(), env.into()]);
        }
        args.extend(["--port".into(), self.port.to_string().into()]);
        // The debugger that matters is Dart's. Wrangler's own choice is a fixed port, which a second `wrangler dev` that
        // starts at the same moment finds taken too late.
        if !has("--inspector-port") {
            args.extend(["--inspector-port", "0"].map(OsString::from));
        }
        if !self.is_pages {
            args.extend(self.passed_on.iter().cloned());
            return (args, &self.project);
        }
        let mut is_path = false;
        for given in &self.passed_on {
            let text = given.to_string_lossy();
            let assigned = text.split_once('=').filter(|(flag, _)| PATHS.contains(flag));
            args.push(match assigned {
                Some((flag, path)) => {
                    let mut flag = OsString::from(format!("{flag}="));
                    flag.push(self.project.join(path));
                    flag
                }
                None if is_path => self.project.join(given).into(),
                None => given.clone(),
            });
            is_path = PATHS.contains(&&*text);
        }
        (args, self.config.parent().unwrap_or(&self.project))
    }
}

/// A running `wrangler dev`.
#[derive(Debug)]
pub(crate) struct WranglerDev {
    process: Process,
    printer: Printer,
    /// What it said before it was ready; shown if it never is.
    lines: Vec<String>,
    url: Option<String>,
    hearing: Hearing,
}

impl WranglerDev {
    pub(crate) fn start(
        invocation: &Invocation,
        printer: Printer,
        on_event: impl Fn(WranglerEvent) + Clone + Send + 'static,
    ) -> Result<Self> {
        let on_exit = on_event.clone();
        let program = &invocation.program;
        let (args, folder) = invocation.line();
        let process = Process::start(
            program,
            |command| {
                command.args(args).current_dir(folder);
                // The configuration of a Pages project is the one of an environment already.
                if invocation.is_pages {
                    command.env_remove("CLOUDFLARE_ENV");
                }
            },
            move |output| on_event(WranglerEvent::Output(output)),
            move |status| on_exit(WranglerEvent::Exited(status)),
        )
        .map_err(|source| Error::Io { action: "start", path: program.clone(), source })?;
        Ok(Self { process, printer, lines: Vec::new(), url: None, hearing: Hearing::default() })
    }

    /// Where the Worker answers, once it does.
    pub(crate) fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// Takes a line that it wrote; `is_known` tells of an error whether the user has read it already.
    pub(crate) fn line(&mut self, text: String, is_known: impl Fn(&str) -> bool) {
        if self.url.is_some() {
            for line in self.hearing.line(text, is_known) {
                self.printer.message(&line);
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
        for line in self.lines.iter().chain(&self.hearing.held) {
            self.printer.message(line);
        }
        if self.url.is_some() {
            Error::Environment(
                Diagnostic::error(Code::WranglerStopped, format!("wrangler stopped ({how})"))
                    .hint("start `dartflare dev` again; the state of the local bindings is kept"),
            )
        } else {
            let wrong =
                Diagnostic::error(Code::WranglerDidNotStart, format!("wrangler did not start ({how})"));
            let is_refused = |line: &String| line.contains("EACCES") || line.contains("EROFS");
            if self.lines.iter().chain(&self.hearing.held).any(is_refused) {
                return Error::Environment(wrong.hint(
                    "what it said stands above: it writes to the home folder (`HOME`) and to that for temporary files \
                     (`TMPDIR`), so set them to folders that can be written",
                ));
            }
            Error::Project(wrong.hint("what it said stands above; flags after `--` go to it as they are"))
        }
    }

    /// Ends it.
    pub(crate) async fn stop(self) {
        self.process.stop().await;
    }
}

/// Whether this line is the first that workerd writes as it crashes. Wrangler runs on without it, and nothing answers.
pub(crate) fn tells_of_crash(line: &str) -> bool {
    line.contains("*** Received signal #")
}

/// Which of its lines are worth reading.
///
/// What leaves Dart as an exception it reports once more, and often twice, as JavaScript sees it. And as it takes up a
/// configuration, it may remove the folder that it bundled in a moment before it stops watching that, and then tell of
/// a build that failed there, which nobody wants any more.
#[derive(Debug, Default)]
struct Hearing {
    /// Whether it is in the middle of an error that the user need not read.
    is_idle: bool,
    /// The first line of an error that the next line of it decides about.
    held: Option<String>,
}

impl Hearing {
    /// Takes a line, and gives what is to be shown now.
    fn line(&mut self, text: String, is_known: impl Fn(&str) -> bool) -> Vec<String> {
        let plain = anstream::adapter::strip_str(&text).to_string();
        let is_inside = plain.starts_with(' ');
        if plain.ends_with("[ERROR] Build failed with 1 error:") {
            self.is_idle = false;
            return self.held.replace(text).into_iter().collect();
        }
        // What it writes to its other stream may come between.
        let held = if is_inside { self.held.take() } else { None };
        if held.is_some() && is_in_removed_folder(&plain) {
            self.is_idle = true;
        } else if plain.contains("[ERROR] Uncaught") {
            self.is_idle = is_known(&plain);
        } else if !plain.is_empty() && !is_inside {
            self.is_idle = false;
        }
        if self.is_idle {
            return Vec::new();
        }
        held.into_iter().chain(Some(text).filter(|text| !text.is_empty())).collect()
    }
}

/// Whether an error is that a file is missing with the folder around it, and wrangler had made that for a bundle.
fn is_in_removed_folder(error: &str) -> bool {
    let path = error.split_once("Could not resolve \"").and_then(|(_, rest)| rest.strip_suffix('"'));
    let Some(folder) = path.map(Path::new).and_then(Path::parent) else { return false };
    folder.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"bundle-"))
        && folder.parent().is_some_and(|parent| parent.ends_with(".wrangler/tmp"))
        && !folder.exists()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn line(is_pages: bool, serves_files: bool, passed_on: &[&str]) -> (String, PathBuf) {
        let invocation = Invocation {
            program: "wrangler".into(),
            project: "/app".into(),
            config: "/app/derived/wrangler.json".into(),
            port: 8787,
            env: Some("preview".to_owned()),
            is_pages,
            serves_files,
            passed_on: passed_on.iter().map(OsString::from).collect(),
        };
        let (args, folder) = invocation.line();
        let args: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
        (args.join(" "), folder.to_owned())
    }

    #[test]
    fn each_kind_of_project_has_its_own_command() {
        let of_worker =
            "dev --config /app/derived/wrangler.json --env preview --port 8787 --inspector-port 0 --ip ::1";
        assert_eq!(line(false, false, &["--ip", "::1"]), (of_worker.to_owned(), "/app".into()));
        let of_pages = "pages dev --persist-to /app/.wrangler/state --port 8787 --inspector-port 9";
        assert_eq!(
            line(true, true, &["--inspector-port", "9"]),
            (of_pages.to_owned(), "/app/derived".into())
        );
        // With a front end's server in the place of the files.
        let of_pages = "dev --config /app/derived/wrangler.json --persist-to /app/.wrangler/state --port 8787 \
                        --inspector-port 0";
        assert_eq!(line(true, false, &[]).0, of_pages);
    }

    #[test]
    fn a_path_in_a_flag_is_one_from_the_project() {
        let end = |passed_on: &[&str]| {
            let (line, _) = line(true, true, passed_on);
            line.split_once("--inspector-port 0 ").map(|(_, end)| end.to_owned()).unwrap()
        };
        assert_eq!(end(&["--persist-to", "state", "-b", "A=b"]), "--persist-to /app/state -b A=b");
        assert_eq!(end(&["--persist-to=state"]), "--persist-to=/app/state");
        assert_eq!(end(&["--https-key-path", "/key"]), "--https-key-path /key");
    }

    const FAILED: &str = "\u{1b}[31m\u{2718} \u{1b}[41;31m[\u{1b}[41;97mERROR\u{1b}[41;31m]\u{1b}[0m \
                          \u{1b}[1mBuild failed with 1 error:\u{1b}[0m";

    fn shown(lines: &[&str]) -> Vec<String> {
        let mut hearing = Hearing::default();
        lines
            .iter()
            .flat_map(|line| hearing.line((*line).to_owned(), |text| text.contains("known")))
            .collect()
    }

    #[test]
    fn a_build_in_a_folder_that_is_gone_is_no_news() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join(".wrangler/tmp/bundle-a1B2c3");
        let missing = format!("  \u{2718} [ERROR] Could not resolve \"{}/entry.ts\"", folder.display());
        assert_eq!(shown(&[FAILED, "loads", &missing, "  ", "", "ready"]), ["loads", "ready"]);
        fs::create_dir_all(&folder).unwrap();
        assert_eq!(shown(&[FAILED, &missing, "  ", "", "ready"]), [FAILED, &missing, "  ", "ready"]);
    }

    #[test]
    fn any_other_build_that_fails_is_shown() {
        let user = "  \u{2718} [ERROR] Could not resolve \"./missing.mjs\"";
        assert_eq!(shown(&[FAILED, user, "    worker.mjs:1:7:", "ready"]).len(), 4);
        assert_eq!(shown(&[FAILED, FAILED, user]), [FAILED, FAILED, user]);
    }

    #[test]
    fn an_error_that_is_known_is_not_repeated() {
        let known = "\u{2718} [ERROR] Uncaught (in promise) Error: known";
        assert_eq!(shown(&[known, "    at a.mjs", "", "GET /"]), ["GET /"]);
        assert_eq!(shown(&["\u{2718} [ERROR] Uncaught Error: new", "    at a.mjs"]).len(), 2);
    }
}
