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

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;
    use clap_complete::Shell;

    use super::Cli;

    fn script(shell: Shell) -> String {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "dartflare", &mut script);
        String::from_utf8(script).expect("text")
    }

    #[test]
    fn folders_and_files_are_offered_where_they_are_meant() {
        let zsh = script(Shell::Zsh);
        assert!(zsh.contains("'--project=[The project'\\''s folder]:DIR:_files -/'"), "{zsh}");
        assert!(zsh.contains(
            "'--entry=[The Dart library with \\`main()\\` \\[default\\: lib/main.dart\\]]:FILE:_files'"
        ));
        // A name of the configuration is no file.
        assert!(zsh.contains("'--env=[The environment of the Wrangler configuration]:NAME:'"));
        assert!(script(Shell::Fish).contains("-l target -d 'What to compile to'"));
        assert!(script(Shell::Bash).contains("dartflare__subcmd__dev"));
    }
}
