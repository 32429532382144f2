//! `dartflare deploy`: build, check, and hand over to `wrangler deploy`, or to `wrangler pages deploy`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{ExitCode, ExitStatus};

use clap::{Args, ValueHint};

use super::build::{self, CompileFlags, ProjectFlags};
use super::{block_on, runtime};
use crate::bundle::check;
use crate::bundle::measure;
use crate::bundle::report::Report;
use crate::bundle::{Built, Kind, Outcome, Project, Published};
use crate::config::{Config, Environment};
use crate::dart::messages;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::error::{Error, Result};
use crate::printer::Printer;
use crate::process;
use crate::routes;
use crate::wrangler::{Node, Wrangler};

/// The names of Wrangler's flag for an environment.
const ENV: [&str; 2] = ["--env", "-e"];

/// The names of its flag for a configuration.
const CONFIG: [&str; 2] = ["--config", "-c"];

const EXAMPLES: &str = "\
Examples:
  dartflare deploy --dry-run
  dartflare deploy --env staging
  dartflare deploy -- --message \"faster\"";

/// Build, check, and upload with Wrangler
///
/// `wrangler deploy` uploads a Worker, and `wrangler pages deploy` a Pages project. Nothing is uploaded while the check
/// finds something that would fail on Cloudflare.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Deploy {
    #[command(flatten)]
    project: ProjectFlags,

    #[command(flatten)]
    compile: CompileFlags,

    /// The Wrangler to run
    ///
    /// Without it: `DARTFLARE_WRANGLER`, the nearest `node_modules`, `PATH`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    wrangler: Option<PathBuf>,

    /// Do all but the upload; needs no network
    ///
    /// Of a Pages project Wrangler itself does nothing then
    #[arg(long)]
    dry_run: bool,

    /// Flags for `wrangler deploy` or `wrangler pages deploy`
    ///
    /// It runs in the folder of the configuration
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
        let mut options = compile.options(project, wrangler.clone(), Vec::new());
        let no_env = options.env.take_if(|_| config.is_pages());
        let environment = config.resolve(options.env.as_deref())?;
        problems.add(check::configuration(&config, &environment, &passed_on));
        if config.is_pages() {
            problems.add(not_for_pages(no_env.is_some(), &passed_on));
        } else {
            problems.add(environment_passed_on(&passed_on));
        }
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

        let command = if project.config.is_pages() { "pages deploy" } else { "deploy" };
        if dry_run && project.config.is_pages() {
            printer.status("checked, and not uploaded: `wrangler pages deploy` has no dry run of its own");
            return Ok(ExitCode::SUCCESS);
        }
        if project.config.is_pages() && project.config.dir.join(routes::FOLDER).is_dir() {
            printer.status(format_args!(
                "Wrangler will say that it finds no routes in `{}/`: it looks for JavaScript there",
                routes::FOLDER
            ));
        }
        printer.status(format_args!("deploying with Wrangler {}", wrangler.version));
        let status = hand_over(&project, &published, &wrangler, |wrangler| {
            wrangler.args(command.split(' '));
            if let Some((directory, _)) = project.config.pages_output() {
                wrangler.arg(directory);
            } else if !check::has_flag(&passed_on, &CONFIG) {
                wrangler.arg("--config").arg(project.config.dir.join(project.config.format.file_name()));
            }
            if let Some(env) = env.filter(|_| !project.config.is_pages()) {
                wrangler.arg("--env").arg(env);
            }
            if dry_run {
                wrangler.arg("--dry-run");
            }
            wrangler.args(&passed_on);
        })?;
        if status.success() {
            return Ok(ExitCode::SUCCESS);
        }
        let how = status.code().map_or_else(|| status.to_string(), |code| format!("exit {code}"));
        Err(Error::Project(Diagnostic::error(
            Code::WranglerFailed,
            format!("wrangler {command} failed ({how})"),
        )))
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
            let built = if project.serves_functions() {
                check::Built::Functions(&description)
            } else {
                check::Built::Worker(&description)
            };
            Ok(check::output(&project.config, environment, built))
        }
        Err(Error::Project(wrong)) => Ok(vec![wrong]),
        Err(error) => Err(error),
    }
}

/// Lets Wrangler do the rest, with this program's own streams: it asks questions, and logs in.
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
        configure(command);
        // Wrangler runs the `[build]` command where it runs itself, and looks there for `.env`.
        command.current_dir(folder).env(name, value);
    }));
    runtime.shutdown_background();
    status
}

/// An error for an environment that Wrangler alone would know of.
fn environment_passed_on(passed_on: &[OsString]) -> Option<Diagnostic> {
    check::has_flag(passed_on, &ENV).then(|| {
        Diagnostic::error(
            Code::DeployArguments,
            "`--env` stands after `--`, where only Wrangler reads it: the build is for no such environment",
        )
        .hint("write it before `--`; Wrangler is told of it")
    })
}

/// Errors for what `wrangler pages deploy` does not take; `has_env` says that an environment was named.
fn not_for_pages(has_env: bool, passed_on: &[OsString]) -> Vec<Diagnostic> {
    let env = (has_env || check::has_flag(passed_on, &ENV)).then(|| {
        Diagnostic::error(Code::DeployArguments,
            "a Pages project is not deployed for an `--env`: its branch decides between production and preview",
        )
        .hint(
            "leave it out, with `CLOUDFLARE_ENV` unset; name the branch where it is not the one checked out: \
             `dartflare deploy -- --branch main`",
        )
    });
    let config = check::has_flag(passed_on, &CONFIG).then(|| {
        Diagnostic::error(Code::DeployArguments, "Wrangler takes no `--config` for a Pages project")
            .hint("leave it out; with `--project` the configuration of another folder is used")
    });
    env.into_iter().chain(config).collect()
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
        Error::Project(Diagnostic::error(Code::NothingDeployed, format!("nothing was deployed: {errors}")))
    }
}
