//! `dartflare dev`

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::runtime;
use crate::dev::{self, Kind, Options};
use crate::error::Result;
use crate::printer::Printer;

/// Run the Worker locally; every saved change is in the next answer
///
/// The program runs on the Dart VM, with hot reload and a debugger; its bindings are the real thing in workerd, run by
/// `wrangler dev`. With `--engine js` or `wasm` it is compiled as for Cloudflare after every save, and runs in workerd
/// too.
#[derive(Debug, Args)]
pub(crate) struct Dev {
    /// What the program runs on
    #[arg(long, value_enum, value_name = "ENGINE", default_value_t = Kind::Vm)]
    engine: Kind,

    /// The port to answer on [default: 8787, or the next free one]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,

    /// The environment of the Wrangler configuration
    #[arg(long, value_name = "NAME", env = "CLOUDFLARE_ENV")]
    env: Option<String>,

    /// The project's folder
    #[arg(long, value_name = "DIR", default_value = ".")]
    project: PathBuf,

    /// The Dart library with `main()` [default: lib/main.dart]
    #[arg(long, value_name = "FILE")]
    entry: Option<PathBuf>,

    /// The Dart to run [default: `DARTFLARE_DART`, the project's FVM pin, `PATH`]
    #[arg(long, value_name = "FILE")]
    dart: Option<PathBuf>,

    /// The Wrangler to run [default: `DARTFLARE_WRANGLER`, the nearest `node_modules`, `PATH`]
    #[arg(long, value_name = "FILE")]
    wrangler: Option<PathBuf>,

    /// While the saved code does not compile, answer with the last code that did
    #[arg(long)]
    keep_last_good: bool,

    /// Flags for `wrangler dev`
    #[arg(last = true, value_name = "WRANGLER FLAGS")]
    passed_on: Vec<OsString>,
}

impl Dev {
    pub(crate) fn execute(self, printer: Printer) -> Result<ExitCode> {
        let Self { engine, port, env, project, entry, dart, wrangler, keep_last_good, passed_on } = self;
        let options = Options {
            project,
            entry,
            engine,
            env: env.filter(|env| !env.is_empty()),
            port,
            dart,
            wrangler,
            keep_last_good,
            passed_on,
        };
        // It takes signals as events of its own.
        let runtime = runtime()?;
        let outcome = runtime.block_on(dev::run(options, printer));
        // The thread that reads the terminal cannot be stopped.
        runtime.shutdown_background();
        outcome
    }
}
