//! The flags of what runs a project: `dartflare dev` and `dartflare test`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// Which project to run, and what on.
#[derive(Debug, Args)]
pub(super) struct RunFlags {
    /// The environment of the Wrangler configuration
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Other, env = "CLOUDFLARE_ENV")]
    pub(super) env: Option<String>,

    /// The project's folder
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, default_value = ".")]
    pub(super) project: PathBuf,

    /// The Dart library with `main()` [default: lib/main.dart]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) entry: Option<PathBuf>,

    /// The Dart to run
    ///
    /// Without it: `DARTFLARE_DART`, the project's FVM pin, `PATH`, `dartflare sdk`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) dart: Option<PathBuf>,

    /// The Wrangler to run
    ///
    /// Without it: `DARTFLARE_WRANGLER`, the nearest `node_modules`, `PATH`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) wrangler: Option<PathBuf>,
}
