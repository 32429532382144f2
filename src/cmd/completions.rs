//! `dartflare completions`: the script that lets a shell complete our commands.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::Cli;

/// Print a script that completes `dartflare` in a shell
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// Which shell it is for
    shell: Shell,
}

impl Completions {
    pub(crate) fn execute(&self) -> ExitCode {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "dartflare", &mut script);
        // A pipe closed by the reader is not an error.
        let _ = std::io::stdout().write_all(&script);
        ExitCode::SUCCESS
    }
}
