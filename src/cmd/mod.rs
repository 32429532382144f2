//! The command line, one file for each command.

mod build;
mod completions;
mod deploy;
mod dev;
mod doctor;
mod explain;
mod man;
mod new;
#[cfg(test)]
mod reference;
mod routes;
mod run_flags;
mod sdk;
mod test;
mod types;

use std::future::Future;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::{Error, Result};
use crate::platform;
use crate::printer::Printer;
use crate::signals;

const AFTER_HELP: &str = "\
Exit codes: 0 done, 1 the project is wrong, 2 wrong usage, 3 the machine lacks something,
101 a fault of dartflare itself, 130 interrupted.
The guide: https://github.com/dartflare/dartflare/tree/main/docs";

/// Cloudflare Workers in Dart
#[derive(Debug, Parser)]
#[command(name = "dartflare", version, arg_required_else_help = true, max_term_width = 100, after_long_help = AFTER_HELP)]
pub(crate) struct Cli {
    /// Leave out everything but warnings and errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    New(new::New),
    Dev(dev::Dev),
    Test(test::Test),
    Build(build::Build),
    Deploy(deploy::Deploy),
    Types(types::Types),
    Routes(routes::Routes),
    Doctor(doctor::Doctor),
    Explain(explain::Explain),
    Sdk(sdk::Sdk),
    Completions(completions::Completions),
    Man(man::Man),
}

impl Cli {
    pub(crate) fn execute(self, printer: Printer) -> Result<ExitCode> {
        match self.command {
            Command::Build(build) => build.execute(printer),
            Command::Completions(command) => Ok(command.execute()),
            Command::Deploy(deploy) => deploy.execute(printer),
            Command::Dev(dev) => dev.execute(printer),
            Command::New(new) => new.execute(printer),
            Command::Routes(routes) => routes.execute(printer),
            Command::Sdk(sdk) => sdk.execute(printer),
            Command::Test(test) => test.execute(printer),
            Command::Types(types) => types.execute(printer),
            Command::Doctor(command) => Ok(command.execute(printer)),
            Command::Explain(command) => Ok(command.execute(printer)),
            Command::Man(man) => man.execute(printer),
        }
    }
}

/// Runs `work` to its end, or until Ctrl-C or another signal asks this program to end. What is not finished then is
/// dropped, which ends the processes that it started.
fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = runtime()?;
    let outcome = runtime.block_on(async {
        let (quit, mut asked) = tokio::sync::mpsc::unbounded_channel();
        signals::listen(move || {
            let _ = quit.send(());
        })?;
        tokio::select! {
            outcome = work => outcome,
            _ = asked.recv() => Err(Error::Interrupted),
        }
    });
    // A thread that reads the terminal, or waits for a lock, cannot be stopped.
    runtime.shutdown_background();
    outcome
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    // It panics where it gets no descriptor for its signals, and what runs on it needs more.
    platform::spare_descriptors().map_err(|source| Error::refused("cannot start", &source))?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|source| Error::refused("cannot start", &source))
}
