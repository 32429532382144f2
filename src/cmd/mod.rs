//! The command line, one file for each command.

mod completions;
mod dev;
mod doctor;
mod types;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::Result;
use crate::printer::Printer;

/// Cloudflare Workers in Dart
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// Leave out everything but warnings and errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Completions(completions::Completions),
    Dev(dev::Dev),
    Types(types::Types),
    Doctor(doctor::Doctor),
}

impl Cli {
    pub(crate) fn execute(self, printer: Printer) -> Result<ExitCode> {
        match self.command {
            Command::Completions(command) => Ok(command.execute()),
            Command::Dev(dev) => dev.execute(printer),
            Command::Types(types) => types.execute(printer),
            Command::Doctor(command) => Ok(command.execute(printer)),
        }
    }
}
