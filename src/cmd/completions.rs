//! `dartflare completions`: the script that lets a shell complete our commands.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::Cli;

const EXAMPLES: &str = "\
Examples:
  dartflare completions bash > ~/.local/share/bash-completion/completions/dartflare
  dartflare completions zsh > ~/.zfunc/_dartflare
  dartflare completions fish > ~/.config/fish/completions/dartflare.fish";

/// Print a script that completes `dartflare` in a shell
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
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
