//! `dartflare deploy`: build, check, and hand over to `wrangler deploy`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{ExitCode, ExitStatus};

use clap::Args;

use super::build::{self, CompileFlags, ProjectFlags};
use super::{block_on, runtime};
use crate::bundle::check;
use crate::bundle::measure;
use crate::bundle::report::Report;
use crate::bundle::{Built, Kind, Outcome, Project, Published};
use crate::config::{Config, Environment};
use crate::dart::messages;
use crate::diagnostic::{Diagnostic, Severity};
use crate::error::{Error, Result};
use crate::printer::Printer;
use crate::process;
use crate::wrangler::{Node, Wrangler};

/// Build the Worker, check it, and upload it with `wrangler deploy`
///
/// Nothing is uploaded while the check finds something that would fail on Cloudflare.
#[derive(Debug, Args)]
pub(crate) struct Deploy {
    #[command(flatten)]
    project: ProjectFlags,

    #[command(flatten)]
    compile: CompileFlags,

    /// The Wrangler to run [default: `DARTFLARE_WRANGLER`, the nearest `node_modules`, `PATH`]
    #[arg(long, value_name = "FILE")]
    wrangler: Option<PathBuf>,

    /// Do all but the upload; needs no network
    #[arg(long)]
    dry_run: bool,

    /// Flags for `wrangler deploy`, which runs in the folder of the configuration
    #[arg(last = true, value_name = "WRANGLER FLAGS")]
    passed_on: Vec<OsString>,
}

impl Deploy {
    pub(crate) fn execute(self, printer: Printer) -> Result<ExitCode> {
        let Self { project, compile, wrangler, dry_run, passed_on } = self;
        // An empty one says that the top level is meant, and Wrangler is told so.
        let env = project.env.clone();
        let mut problems = Problems { found: Vec::new(), printer };

        let mut config = Config::load(&project.project)?;
        let options = compile.options(project, wrangler.clone(), Vec::new());
        let environment = config.resolve(options.env.as_deref())?;
        problems.add(check::configuration(&config, &environment, &passed_on));
        problems.add(environment_passed_on(&passed_on));
        if check::is_development(&environment) {
            // It names no place to build to.
            problems.none()?;
        }
        // What stops this is not to be told as a warning too.
        config.warnings.retain(|warning| !problems.has(warning));
        let project = Project::open(config, options, printer).map_err(|error| problems.with(error))?;

        let tools = Wrangler::find_with_node(&project.config.dir, wrangler.as_deref());
        let (wrangler, node) = tools.map_err(|error| problems.with(error))?;
        let published = match block_on(project.build(printer)).map_err(|error| problems.with(error))? {
            Outcome::Published(published) => published,
            Outcome::Refused(messages) => {
                printer.diagnostics(&messages::diagnostics(&messages));
                return Err(problems.with(Error::Project(messages::refused(&messages))));
            }
        };
        let report = Report::of(&published.folder, &published.files())?;
        build::tell(&published, &report, false, printer);
        let (errors, warnings): (Vec<_>, Vec<_>) =
            report.warnings().into_iter().partition(|it| it.severity == Severity::Error);
        printer.diagnostics(&warnings);
        problems.add(errors);
        let found = check_built(&project, &environment, &published, &wrangler, &node, printer);
        problems.add(found.map_err(|error| problems.with(error))?);
        problems.none()?;

        printer.status(format_args!("deploying with Wrangler {}", wrangler.version));
        let status = hand_over(&project, &published, &wrangler, |command| {
            if !check::names_configuration(&passed_on) {
                command.arg("--config").arg(project.config.dir.join(project.config.format.file_name()));
            }
            if let Some(env) = &env {
                command.arg("--env").arg(env);
            }
            if dry_run {
                command.arg("--dry-run");
            }
            command.args(&passed_on);
        })?;
        if status.success() {
            return Ok(ExitCode::SUCCESS);
        }
        let how = status.code().map_or_else(|| status.to_string(), |code| format!("exit {code}"));
        Err(Error::Project(Diagnostic::error(format!("wrangler deploy failed ({how})"))))
    }
}

/// Starts what was built, and gives what would fail on Cloudflare.
fn check_built(
    project: &Project,
    environment: &Environment,
    published: &Published,
    wrangler: &Wrangler,
    node: &Node,
    printer: Printer,
) -> Result<Vec<Diagnostic>> {
    let described = {
        let _progress = printer.progress("starting the Worker in the local workerd");
        block_on(measure::describe(&project.runnable(published), wrangler, node))
    };
    // A `wrangler dev` that runs beside this builds too, and into the same folder.
    match project.stands_now() {
        Some(manifest) if manifest.kind == Kind::Failure => {
            return Ok(check::output(&project.config, environment, check::Built::ErrorPage));
        }
        Some(manifest) if manifest.inputs == published.manifest.inputs => {}
        _ => return Ok(vec![build::changed()]),
    }
    match described {
        Ok(description) => {
            Ok(check::output(&project.config, environment, check::Built::Worker(&description)))
        }
        Err(Error::Project(wrong)) => Ok(vec![wrong]),
        Err(error) => Err(error),
    }
}

/// Lets `wrangler deploy` do the rest, with this program's own streams: it asks questions, and logs in.
fn hand_over(
    project: &Project,
    published: &Published,
    wrangler: &Wrangler,
    configure: impl FnOnce(&mut tokio::process::Command),
) -> Result<ExitStatus> {
    let folder = &project.config.dir;
    let (name, value) = Built::new(&published.manifest.inputs, folder).variable();
    let runtime = runtime()?;
    let status = runtime.block_on(process::in_foreground(&wrangler.program, |command| {
        command.arg("deploy");
        configure(command);
        // Wrangler runs the `[build]` command where it runs itself, and looks there for `.env`.
        command.current_dir(folder).env(name, value);
    }));
    runtime.shutdown_background();
    status
}

/// An error for an environment that Wrangler alone would know of.
fn environment_passed_on(passed_on: &[OsString]) -> Option<Diagnostic> {
    let is_env = |flag: &OsString| {
        let flag = flag.to_string_lossy();
        let name = flag.split_once('=').map_or(&*flag, |(name, _)| name);
        name == "--env" || name == "-e"
    };
    passed_on.iter().any(is_env).then(|| {
        Diagnostic::error(
            "`--env` stands after `--`, where only Wrangler reads it: the build is for no such environment",
        )
        .hint("write it before `--`; Wrangler is told of it")
    })
}

/// What is wrong, all of it.
struct Problems {
    found: Vec<Diagnostic>,
    printer: Printer,
}

impl Problems {
    fn add(&mut self, found: impl IntoIterator<Item = Diagnostic>) {
        self.found.extend(found);
    }

    /// Whether one of them says the same.
    fn has(&self, other: &Diagnostic) -> bool {
        self.found.iter().any(|it| it.message == other.message && it.locations == other.locations)
    }

    /// Shows them; an error if there are any.
    fn none(&self) -> Result<()> {
        if self.found.is_empty() { Ok(()) } else { Err(self.told(&[])) }
    }

    /// The error that it is when nothing more can be found out after `error`.
    fn with(&self, error: Error) -> Error {
        if self.found.is_empty() {
            return error;
        }
        let Error::Project(wrong) = error else {
            self.found.iter().for_each(|it| self.printer.diagnostic(it));
            return error;
        };
        self.told(std::slice::from_ref(&wrong))
    }

    fn told(&self, more: &[Diagnostic]) -> Error {
        self.found.iter().chain(more).for_each(|it| self.printer.diagnostic(it));
        let errors = match self.found.len() + more.len() {
            1 => "1 error".to_owned(),
            count => format!("{count} errors"),
        };
        Error::Project(Diagnostic::error(format!("nothing was deployed: {errors}")))
    }
}
