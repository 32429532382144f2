//! Everything that can stop a command, one variant for each thing a user can see.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::diagnostic::{Code, Diagnostic};

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// A failure as the user meets it.
#[derive(Debug)]
pub(crate) enum Error {
    /// A file could not be read or written.
    Io { action: &'static str, path: PathBuf, source: io::Error },
    /// The user's project is wrong; the diagnostic says what, where and what to do.
    Project(Diagnostic),
    /// The command line does not say enough; the diagnostic says what to add.
    Usage(Diagnostic),
    /// The user, or the system, asked the program to end.
    Interrupted,
    /// A newer build of the project took over and published another Worker.
    Superseded,
    /// The machine lacks something; the diagnostic says what and how to get it.
    Environment(Diagnostic),
}

impl Error {
    /// 1 the user's project is wrong, 2 wrong usage, 3 the environment lacks something, 130 interrupted.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Project(_) => 1,
            Self::Usage(_) => 2,
            Self::Interrupted => 130,
            Self::Io { .. } | Self::Superseded | Self::Environment(_) => 3,
        })
    }

    /// What the user reads.
    pub(crate) fn diagnostic(&self) -> Diagnostic {
        match self {
            Self::Io { action, path, source } => Diagnostic::error(
                Code::Io,
                format!("cannot {action} `{}`: {}", path.display(), source.to_string().to_lowercase()),
            ),
            Self::Superseded => Diagnostic::error(
                Code::BuildReplaced,
                "a newer build of this project took over and published something else",
            )
            .hint("see what the newer build says, or build again"),
            Self::Interrupted => Diagnostic::error(Code::Interrupted, "interrupted"),
            Self::Project(diagnostic) | Self::Usage(diagnostic) | Self::Environment(diagnostic) => {
                diagnostic.clone()
            }
        }
    }
}
