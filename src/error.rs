//! Everything that can stop a command, one variant for each thing a user can see.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::diagnostic::{Code, Diagnostic};
use crate::files::{self, Unfit};
use crate::platform;

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
            Self::Io { source, .. } if unfit(source).is_some() => 1,
            Self::Usage(_) => 2,
            Self::Interrupted => 130,
            Self::Io { .. } | Self::Superseded | Self::Environment(_) => 3,
        })
    }

    /// The system refused what no project can do without, as `what` says.
    pub(crate) fn refused(what: &str, source: &io::Error) -> Self {
        Self::Environment(
            Diagnostic::error(Code::SystemRefused, format!("{what}: {}", why(source)))
                .hint("end other programs, or have the limits raised that this one runs under"),
        )
    }

    /// What the user reads.
    pub(crate) fn diagnostic(&self) -> Diagnostic {
        match self {
            Self::Io { action, path, source } => {
                let shown = files::shown(path);
                let message = format!("cannot {action} `{}`: {}", shown.display(), why(source));
                let diagnostic = Diagnostic::error(Code::Io, message);
                match next_step(source, &shown) {
                    Some(hint) => diagnostic.hint(hint),
                    None => diagnostic,
                }
            }
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

/// What the system says, without the number that it has for it.
pub(crate) fn why(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error ").next().unwrap_or(&text);
    match unfit(error) {
        Some(_) => text.to_owned(),
        None => text.to_lowercase(),
    }
}

fn unfit(error: &io::Error) -> Option<&Unfit> {
    error.get_ref()?.downcast_ref()
}

/// What to do about the failure of a file.
fn next_step(error: &io::Error, path: &Path) -> Option<String> {
    let next = match (unfit(error), error.kind()) {
        (Some(Unfit::NoFile), _) => "put a file in its place",
        (Some(Unfit::TooLarge(_)), _) => "put back the file that belongs there",
        (None, ErrorKind::PermissionDenied) => return Some(platform::about_rights(path)),
        (None, ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge) => {
            "make room on the disk, and run it again"
        }
        (None, ErrorKind::ReadOnlyFilesystem) => {
            "this disk cannot be written: put the project on another one"
        }
        (None, ErrorKind::IsADirectory) => "a folder has the name of this file: move it away",
        (None, ErrorKind::NotADirectory | ErrorKind::AlreadyExists) => {
            let file = path.ancestors().find(|above| above.is_file())?;
            return Some(format!(
                "`{}` is a file, and a folder is needed there: move it away",
                file.display()
            ));
        }
        _ => return None,
    };
    Some(next.to_owned())
}
