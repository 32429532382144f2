//! `dartflare build`: from Dart to a Worker that Wrangler uploads.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueHint};
use serde_json::json;

use super::block_on;
use crate::bundle::measure::{self, Startup};
use crate::bundle::report::Report;
use crate::bundle::{Built, Optimization, Options, Outcome, Project, Published};
use crate::config::Config;
use crate::dart::compile::{self, CompileOptions, Target};
use crate::dart::messages;
use crate::diagnostic::{Code, Diagnostic};
use crate::error::{Error, Result};
use crate::files::shown;
use crate::printer::Printer;
use crate::wrangler::Wrangler;

const EXAMPLES: &str = "\
Examples:
  dartflare build
  dartflare build --target wasm --measure
  dartflare build --debug -D STAGE=test
  dartflare build -- --no-minify";

/// Compile to the Worker that Wrangler uploads
///
/// The program is `lib/main.dart`, or else the Functions in `functions/`. What is built goes to the folder of `main`,
/// or to `_worker.js` of a Pages project. Does nothing when nothing has changed. A build that fails leaves the last
/// good one in place. It can be the command of `[build]` in the Wrangler configuration.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Build {
    #[command(flatten)]
    project: ProjectFlags,

    #[command(flatten)]
    compile: CompileFlags,

    /// Start the Worker in the local workerd and say how long it takes
    #[arg(long)]
    measure: bool,

    /// The Wrangler whose workerd starts the Worker
    ///
    /// It does so for a program with entrypoints, to see which, and for `--measure`. Without the flag:
    /// `DARTFLARE_WRANGLER`, the nearest `node_modules`, `PATH`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    wrangler: Option<PathBuf>,

    /// Print JSON, one object a line
    ///
    /// Each message of the compiler, then what was built
    #[arg(long)]
    json: bool,

    /// Flags for `dart compile`
    #[arg(last = true, value_name = "COMPILER FLAGS")]
    passed_on: Vec<OsString>,
}

/// Which project, and what of it.
#[derive(Debug, Args)]
pub(crate) struct ProjectFlags {
    /// The environment of the Wrangler configuration
    ///
    /// Without it the Worker serves in all of them
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Other, env = "CLOUDFLARE_ENV")]
    pub(crate) env: Option<String>,

    /// The project's folder
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, default_value = ".")]
    pub(crate) project: PathBuf,

    /// The Dart library with `main()` [default: lib/main.dart]
    ///
    /// Where there is none, the program is what serves `functions/`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) entry: Option<PathBuf>,

    /// The Dart to compile with
    ///
    /// Without it: `DARTFLARE_DART`, the project's FVM pin, `PATH`, `dartflare sdk`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) dart: Option<PathBuf>,
}

/// How the program is compiled.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct CompileFlags {
    /// What to compile to
    #[arg(long, value_enum, default_value_t = Target::Js)]
    pub(crate) target: Target,

    /// Compile to be small and quick, which is the default
    #[arg(long, overrides_with = "debug")]
    pub(crate) release: bool,

    /// Compile with assertions and readable names
    #[arg(long)]
    pub(crate) debug: bool,

    /// How much the compiler optimizes, 0 to 4 [default: 2, with `--debug` 1]
    #[arg(short = 'O', value_name = "LEVEL", value_parser = clap::value_parser!(u8).range(0..=4))]
    pub(crate) optimization: Option<u8>,

    /// A value for `String.fromEnvironment` and the like
    ///
    /// The flag may be given more than once
    #[arg(short = 'D', long = "define", value_name = "KEY=VALUE", value_parser = compile::define)]
    pub(crate) defines: Vec<String>,

    /// Write source maps [default: for JavaScript]
    #[arg(long, overrides_with = "no_source_maps")]
    pub(crate) source_maps: bool,

    /// Write no source maps
    #[arg(long)]
    pub(crate) no_source_maps: bool,

    /// Leave a WebAssembly module as the compiler made it
    #[arg(long)]
    pub(crate) no_wasm_opt: bool,
}

impl CompileFlags {
    /// What a build of `project` is asked to do; `passed_on` goes to the compiler.
    pub(crate) fn options(
        self,
        project: ProjectFlags,
        wrangler: Option<PathBuf>,
        passed_on: Vec<OsString>,
    ) -> Options {
        let Self {
            target,
            release: _,
            debug,
            optimization,
            defines,
            source_maps,
            no_source_maps,
            no_wasm_opt,
        } = self;
        let ProjectFlags { env, project: _, entry, dart } = project;
        let source_maps = (source_maps || no_source_maps).then_some(source_maps);
        Options {
            entry,
            env: env.filter(|env| !env.is_empty()),
            dart,
            compile: CompileOptions {
                target,
                is_debug: debug,
                optimization,
                defines,
                source_maps,
                passed_on,
            },
            optimizes: !no_wasm_opt,
            wrangler,
            is_for_dev: is_wrangler_dev(),
        }
    }
}

impl Build {
    pub(crate) fn execute(self, printer: Printer) -> Result<ExitCode> {
        let Self { project, compile, measure, wrangler, json, passed_on } = self;
        let config = Config::load(&project.project)?;
        if let Some(built) = Built::handed_on().filter(|built| built.is_of(&config)) {
            return still_stands(&built, &config, printer);
        }
        let project = Project::open(config, compile.options(project, wrangler.clone(), passed_on), printer)?;
        let mut explained = None;
        let built = block_on(project.build_and(printer, |built| explained = explain(&project, built)));
        match built {
            Ok(Outcome::Published(published)) => {
                if published.took.is_none() && !json && !measure {
                    printer.status(format_args!("`{}` is up to date", shown(&published.entry).display()));
                    return Ok(ExitCode::SUCCESS);
                }
                let mut report = Report::of(&published.folder, &published.files())?;
                if measure {
                    report =
                        report.with_startup(block_on(startup(&project, &published, wrangler.as_deref()))?);
                }
                tell(&published, &report, json, printer);
                printer.diagnostics(&report.warnings());
                Ok(ExitCode::SUCCESS)
            }
            Ok(Outcome::Refused(messages)) => {
                if json {
                    for message in &messages {
                        printer.data(message.to_json());
                    }
                } else {
                    printer.diagnostics(&messages::diagnostics(&messages));
                }
                failed(Error::Project(messages::refused(&messages)), explained, printer)
            }
            // Wrangler looks at what the newest of its builds came to.
            Err(Error::Superseded) if is_wrangler_dev() => {
                printer.status("a newer build took over");
                Ok(ExitCode::SUCCESS)
            }
            Err(error) => failed(error, explained, printer),
        }
    }
}

/// All there is to do within a `dartflare deploy`.
fn still_stands(built: &Built, config: &Config, printer: Printer) -> Result<ExitCode> {
    if !built.stands(config) {
        return Err(Error::Project(changed()));
    }
    printer.status("`dartflare deploy` has built this Worker already");
    Ok(ExitCode::SUCCESS)
}

/// What to say when something else is published than what was checked.
pub(super) fn changed() -> Diagnostic {
    Diagnostic::error(
        Code::BuildReplaced,
        "what `dartflare deploy` has built and checked was replaced by another build",
    )
    .hint("end what else builds in this project, and deploy again")
}

/// Whether `wrangler dev` runs this as its `[build]` command. It holds requests back while a build that failed was not
/// followed by one that did not.
fn is_wrangler_dev() -> bool {
    env::var_os("WRANGLER_COMMAND").is_some_and(|command| command == "dev")
}

/// Lets `wrangler dev` answer with what is wrong, where it runs and something is.
///
/// A machine that lacks something is told of by the exit code as long as there is nothing that Wrangler could run.
fn explain(project: &Project, built: &Result<Outcome>) -> Option<Result<()>> {
    if !is_wrangler_dev() {
        return None;
    }
    match built {
        Ok(Outcome::Published(_)) | Err(Error::Interrupted | Error::Superseded) => None,
        Ok(Outcome::Refused(messages)) => {
            let detail: String = messages::diagnostics(messages).iter().map(Diagnostic::plain).collect();
            Some(project.publish_failure(&messages::refused(messages).message, &detail))
        }
        Err(Error::Io { .. } | Error::Environment(_)) if project.stands_now().is_none() => None,
        Err(error) => {
            let wrong = error.diagnostic();
            Some(project.publish_failure(&wrong.message, &wrong.plain()))
        }
    }
}

/// The end of a build that failed, where that may have been `explained`.
fn failed(error: Error, explained: Option<Result<()>>, printer: Printer) -> Result<ExitCode> {
    let Some(explained) = explained else { return Err(error) };
    printer.diagnostic(&error.diagnostic());
    explained.map(|()| ExitCode::SUCCESS)
}

async fn startup(project: &Project, published: &Published, wrangler: Option<&Path>) -> Result<Startup> {
    let (wrangler, node) = Wrangler::find_with_node(&project.config.dir, wrangler)?;
    measure::startup(&project.runnable(published), &wrangler, &node).await
}

/// Says what was built.
pub(super) fn tell(published: &Published, report: &Report, is_json: bool, printer: Printer) {
    let entry = shown(&published.entry);
    let entry = entry.display();
    let routing = published.routing.as_deref().map(|path| shown(path).display().to_string());
    if is_json {
        published.warnings.iter().for_each(|warning| printer.data(warning.to_json()));
        printer.data(json!({
            "built": {
                "entry": entry.to_string(),
                "routes": routing,
                "target": published.manifest.details["target"],
                "milliseconds": published.took.map(|took| took.as_millis()),
                "report": report,
            }
        }));
    }
    match &published.optimization {
        Some(Optimization::Failed(warning)) => printer.diagnostic(warning),
        Some(optimization) => printer.status(optimization),
        None => {}
    }
    match published.took {
        None => printer.status(format_args!("`{entry}` is up to date")),
        Some(took) => {
            let beside = routing.map(|routing| format!(" and `{routing}`")).unwrap_or_default();
            printer.status(format_args!("built `{entry}`{beside} in {:.1} s", took.as_secs_f64()));
        }
    }
    if !is_json {
        printer.status(report);
    }
}
