//! From arguments to an exit code.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use clap::error::{ContextKind, ContextValue};

use crate::cmd::Cli;
use crate::crash;
use crate::printer::Printer;

/// Runs the command that `arguments` spell, the program's own name first.
///
/// Exit codes: 0 done, 1 the user's project is wrong, 2 wrong usage, 3 the environment lacks something, 101 a fault of
/// dartflare itself.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    crash::guarded(|| execute(arguments))
}

/// Names the command that does what a user of Flutter, Cargo or Wrangler knows by another name.
fn suggest(error: &mut clap::Error) {
    let Some(ContextValue::String(wrong)) = error.get(ContextKind::InvalidSubcommand) else { return };
    let meant = match wrong.as_str() {
        "create" | "init" | "generate" => "new",
        "run" | "serve" | "start" | "watch" => "dev",
        "publish" | "upload" => "deploy",
        "compile" | "bundle" => "build",
        "typegen" | "gen" | "codegen" => "types",
        "check" | "info" => "doctor",
        _ => return,
    };
    error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(vec![meant.to_owned()]));
}

fn execute(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(mut error) => {
            suggest(&mut error);
            // clap answers `--help` and `--version` this way too, and knows which stream each belongs to.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let printer = Printer::new(cli.quiet);
    match cli.execute(printer) {
        Ok(_) if Printer::has_lost_data() => ExitCode::from(3),
        Ok(code) => code,
        Err(error) => {
            let diagnostic = error.diagnostic();
            printer.diagnostic(&diagnostic);
            if let Some(code) = diagnostic.code.filter(|code| !code.is_told()) {
                printer.status(format_args!("for more, run `dartflare explain {code}`"));
            }
            error.exit_code()
        }
    }
}
