//! `dartflare sdk`: Dart SDKs for machines that have none.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use semver::Version;

use super::block_on;
use crate::diagnostic::{Code, Diagnostic};
use crate::error::{Error, Result};
use crate::printer::Printer;
use crate::sdk::store::{Installed, Store};
use crate::sdk::{self, Wanted};

const EXAMPLES: &str = "\
Examples:
  dartflare sdk install
  dartflare sdk install 3.9.2
  dartflare sdk path";

/// Install Dart SDKs on a machine that has none, and remove them
///
/// All commands find them, after `--dart`, `DARTFLARE_DART`, the project's FVM pin and `PATH`: the newest that the project
/// is written for.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Sdk {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Download an official Dart SDK; a download that was cut off goes on where it ended
    Install {
        /// A version such as `3.9.2`, or the newest of a channel: `stable`, `beta`, `dev`
        #[arg(default_value = "stable")]
        version: Wanted,
    },
    /// Print the versions that are installed, and their folders
    List,
    /// Print the folder of an installed SDK, for `PATH` and editors
    Path {
        /// The version [default: the newest]
        version: Option<Version>,
    },
    /// Delete an installed SDK, and what cut-off downloads have left
    Remove {
        /// The version, as `dartflare sdk list` prints it
        version: Version,
    },
}

impl Sdk {
    pub(crate) fn execute(self, printer: Printer) -> Result<ExitCode> {
        let store = Store::from_environment()?;
        match self.command {
            Command::Install { version } => install(version, store, printer)?,
            Command::List => {
                for sdk in store.list() {
                    printer.data(format!("{:<10} {}", sdk.version, sdk.folder.display()));
                }
            }
            Command::Path { version } => {
                let sdk = match version {
                    Some(version) => installed(&store, &version)?,
                    None => store.list().into_iter().next().ok_or_else(|| {
                        Error::Environment(
                            Diagnostic::error(Code::SdkNotInstalled, "no Dart SDK is installed")
                                .hint("run `dartflare sdk install`"),
                        )
                    })?,
                };
                printer.data(sdk.folder.display());
            }
            Command::Remove { version } => {
                store.remove(&installed(&store, &version)?, printer)?;
                printer.status(format!("removed Dart {version}"));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn installed(store: &Store, version: &Version) -> Result<Installed> {
    store.get(version).ok_or_else(|| {
        let all: Vec<String> = store.list().iter().map(|sdk| format!("`{}`", sdk.version)).collect();
        let hint = if all.is_empty() {
            format!("run `dartflare sdk install {version}`")
        } else {
            format!("installed are {}", all.join(", "))
        };
        Error::Environment(
            Diagnostic::error(Code::SdkNotInstalled, format!("Dart {version} is not installed")).hint(hint),
        )
    })
}

fn install(wanted: Wanted, store: Store, printer: Printer) -> Result<()> {
    let outcome = block_on(async move {
        // Nothing has to be undone when it is interrupted: what is half done has a name that nobody looks for.
        tokio::task::spawn_blocking(move || sdk::install(&wanted, &store, printer)).await.unwrap_or_else(
            |error| {
                Err(Error::Environment(Diagnostic::error(
                    Code::Internal,
                    format!("the installation ended: {error}"),
                )))
            },
        )
    })?;
    let word = if outcome.is_new { "installed" } else { "already installed:" };
    printer.status(format!("{word} Dart {} in `{}`", outcome.sdk.version, outcome.sdk.folder.display()));
    Ok(())
}
