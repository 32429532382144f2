//! `dartflare dev`

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Args, ValueHint};

use super::run_flags::RunFlags;
use super::runtime;
use crate::dev::{self, Added, Kind, Options, Wanted};
use crate::error::Result;
use crate::printer::Printer;

/// What is bound by a flag has no accessor of its own, as the configuration does not tell of it to other commands.
const BINDINGS: &str = "Bindings for this run (no accessors are generated for them)";

const EXAMPLES: &str = "\
Examples:
  dartflare dev
  dartflare dev --port 9000 --env staging
  dartflare dev --engine js
  dartflare dev --kv TODOS -b STAGE=development
  dartflare dev --command \"npm run dev\"
  dartflare dev -- --persist-to ../state";

/// Run the Worker locally; every saved change is in the next answer
///
/// The program runs on the Dart VM, with hot reload and a debugger; its bindings are the real thing in workerd, run by
/// `wrangler dev`. With `--engine js` or `wasm` it is compiled as for Cloudflare after every save, and runs in workerd
/// too.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Dev {
    /// What the program runs on
    #[arg(long, value_enum, value_name = "ENGINE", default_value_t = Kind::Vm)]
    engine: Kind,

    /// The port to answer on [default: 8787, or the next free one]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,

    #[command(flatten)]
    run: RunFlags,

    /// Answer with the last code that compiled
    ///
    /// It does so while the saved code does not compile
    #[arg(long)]
    keep_last_good: bool,

    /// The command that starts the front end's own server
    ///
    /// `sh`, or `cmd` on Windows, runs it
    #[arg(long, value_name = "COMMAND", value_hint = ValueHint::CommandString)]
    command: Option<String>,

    /// The port of the front end's own server
    ///
    /// It takes the place of the static files. Without the flag: what the command of `--command` says
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    proxy: Option<u16>,

    /// A name by which browsers may ask for the front end
    ///
    /// That of a tunnel, for one. `localhost` and addresses are always right
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Hostname)]
    allow_host: Vec<String>,

    /// Bind a KV namespace
    #[arg(long, short = 'k', value_name = "NAME[=ID]", value_parser = Added::kv, help_heading = BINDINGS)]
    kv: Vec<Added>,

    /// Bind a D1 database
    #[arg(long, value_name = "NAME[=ID]", value_parser = Added::d1, help_heading = BINDINGS)]
    d1: Vec<Added>,

    /// Bind an R2 bucket
    #[arg(long, value_name = "NAME[=BUCKET]", value_parser = Added::r2, help_heading = BINDINGS)]
    r2: Vec<Added>,

    /// Bind a Durable Object class, of this Worker or of another one
    #[arg(
        long = "do",
        short = 'o',
        value_name = "NAME=CLASS[@WORKER]",
        value_parser = Added::object,
        help_heading = BINDINGS
    )]
    objects: Vec<Added>,

    /// Bind another Worker, or an entrypoint of it
    #[arg(
        long,
        value_name = "NAME=WORKER[#ENTRYPOINT]",
        value_parser = Added::service,
        help_heading = BINDINGS
    )]
    service: Vec<Added>,

    /// Set a variable, in the place of a configured one of that name
    #[arg(long, short, value_name = "KEY=VALUE", value_parser = Added::variable, help_heading = BINDINGS)]
    binding: Vec<Added>,

    /// Flags for `wrangler dev`, or for `wrangler pages dev`
    #[arg(last = true, value_name = "WRANGLER FLAGS")]
    passed_on: Vec<OsString>,
}

impl Dev {
    pub(crate) fn execute(self, printer: Printer) -> Result<ExitCode> {
        let Self { engine, port, run, keep_last_good, passed_on, .. } = self;
        let RunFlags { env, project, entry, dart, wrangler } = run;
        let added = [self.kv, self.d1, self.r2, self.objects, self.service, self.binding];
        let options = Options {
            project,
            entry,
            engine,
            env: env.filter(|env| !env.is_empty()),
            port,
            dart,
            wrangler,
            keep_last_good,
            front_end: Wanted { command: self.command, port: self.proxy, names: self.allow_host },
            added: added.concat(),
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
