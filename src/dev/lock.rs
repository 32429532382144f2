//! One `dartflare dev`, and one `dartflare test`, per project: two would write the same derived configuration.

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::Path;

use crate::diagnostic::{Code, Diagnostic};
use crate::error::{Error, Result};
use crate::files;

/// Holds the project until it is dropped. The operating system lets go of it however the process ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

pub(crate) fn acquire(project: &Path, command: &str) -> Result<Lock> {
    let path = project.join(".dart_tool/dartflare").join(command).with_extension("lock");
    let failed = |source| Error::Io { action: "write", path: path.clone(), source };
    fs::create_dir_all(project.join(".dart_tool/dartflare")).map_err(failed)?;
    let mut file = files::open_lock(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {
            let _ = file.set_len(0);
            let _ = write!(file, "{}", std::process::id());
            Ok(Lock { _file: file })
        }
        Err(TryLockError::WouldBlock) => {
            // Windows lets nobody read what is locked.
            let holder = files::read_to_string(&path).unwrap_or_default();
            let holder = match holder.trim() {
                "" => String::new(),
                process => format!(" (process {process})"),
            };
            Err(Error::Environment(
                Diagnostic::error(
                    Code::AlreadyRuns,
                    format!("`dartflare {command}` already runs in this project{holder}"),
                )
                .hint(if command == "dev" {
                    "end it first, or use its address"
                } else {
                    "wait for its end, or end it"
                }),
            ))
        }
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}
