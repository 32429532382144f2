//! `dartflare test`

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueHint};

use super::run_flags::RunFlags;
use super::runtime;
use crate::error::Result;
use crate::printer::Printer;
use crate::testing::{self, Options};

const EXAMPLES: &str = "\
Examples:
  dartflare test
  dartflare test test/api_test.dart
  dartflare test --name greets --verbose";

/// Run the project's tests, each with bindings of its own
///
/// Tests are in `test/`, in files whose names end in `_test.dart`. The Worker runs on the Dart VM, its bindings are the
/// real thing in workerd, and nothing that a test stores is seen by another one, or kept.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Test {
    /// The files with tests, or folders of them [default: test]
    #[arg(value_name = "FILES", value_hint = ValueHint::AnyPath)]
    files: Vec<PathBuf>,

    /// Run only tests whose name matches this regular expression
    #[arg(long, short, value_name = "REGEX")]
    name: Option<String>,

    /// Tell how each test went as JSON, one event a line
    ///
    /// `dart test` has its own events, those of its `--reporter json`
    #[arg(long)]
    json: bool,

    /// Show all that the Worker writes, as it does
    ///
    /// Without it, only that of tests that fail is shown
    #[arg(long, short)]
    verbose: bool,

    #[command(flatten)]
    run: RunFlags,

    /// Flags for `dart test`
    ///
    /// It runs the files that import `package:test`
    #[arg(last = true, value_name = "DART TEST FLAGS")]
    passed_on: Vec<OsString>,
}

impl Test {
    pub(crate) fn execute(self, printer: Printer) -> Result<ExitCode> {
        let Self { files, name, json, verbose, run, passed_on } = self;
        let RunFlags { env, project, entry, dart, wrangler } = run;
        let env = env.filter(|env| !env.is_empty());
        let options = Options {
            files,
            name,
            is_json: json,
            is_verbose: verbose,
            env,
            project,
            entry,
            dart,
            wrangler,
            passed_on,
        };
        // It takes signals as events of its own.
        let runtime = runtime()?;
        let outcome = runtime.block_on(testing::run(options, printer));
        runtime.shutdown_background();
        outcome
    }
}
