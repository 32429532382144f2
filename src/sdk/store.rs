//! The SDKs that are installed: a folder for each version, which is there whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::{env, process};

use semver::Version;

use crate::diagnostic::{Code, Diagnostic};
use crate::error::{Error, Result};
use crate::platform;
use crate::printer::Printer;

/// The folder of all SDKs. What begins with a dot in it is not an SDK.
#[derive(Debug)]
pub(crate) struct Store(PathBuf);

/// One SDK in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Installed {
    pub(crate) version: Version,
    /// The `dart-sdk` folder.
    pub(crate) folder: PathBuf,
    /// The `dart` in it.
    pub(crate) dart: PathBuf,
}

/// Holds the store until it is dropped. The operating system lets go of it however the process ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// The `dart` of the SDK unpacked in `folder`.
pub(super) fn dart_in(folder: &Path) -> Option<PathBuf> {
    which::which_in(folder.join("dart-sdk").join("bin").join("dart"), None::<OsString>, folder).ok()
}

impl Store {
    /// The store in `DARTFLARE_CACHE`, else in the folder that this system has for such things.
    pub(crate) fn find(variable: impl Fn(&str) -> Option<OsString>) -> Option<Self> {
        let folder = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let cache = if let Some(cache) = variable("DARTFLARE_CACHE") {
            std::path::absolute(cache).ok()?
        } else {
            let cache = if cfg!(windows) {
                folder("LOCALAPPDATA")?
            } else if cfg!(target_os = "macos") {
                folder("HOME")?.join("Library/Caches")
            } else {
                folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")))?
            };
            cache.join("dartflare")
        };
        Some(Self(cache.join("sdk")))
    }

    /// As [`Store::find`], of this process's environment.
    pub(crate) fn from_environment() -> Result<Self> {
        Self::find(|name| env::var_os(name).filter(|value| !value.is_empty())).ok_or_else(|| {
            Error::Environment(
                Diagnostic::error(
                    Code::SdkSetting,
                    "no place for Dart SDKs: the environment names no home folder",
                )
                .hint("set `DARTFLARE_CACHE` to a folder"),
            )
        })
    }

    pub(crate) fn place(&self) -> &Path {
        &self.0
    }

    /// All that is installed, the newest first.
    pub(crate) fn list(&self) -> Vec<Installed> {
        let entries = fs::read_dir(&self.0).into_iter().flatten().flatten();
        let mut all: Vec<Installed> = entries
            .filter_map(|entry| self.get(&Version::parse(entry.file_name().to_str()?).ok()?))
            .collect();
        all.sort_by(|one, other| other.version.cmp(&one.version));
        all
    }

    pub(crate) fn get(&self, version: &Version) -> Option<Installed> {
        let folder = self.0.join(version.to_string());
        let dart = dart_in(&folder)?;
        Some(Installed { version: version.clone(), folder: folder.join("dart-sdk"), dart })
    }

    /// Waits until no other command installs or removes an SDK.
    pub(super) fn lock(&self, printer: Printer) -> Result<Lock> {
        let path = self.0.join(".lock");
        let failed = |source| Error::Io { action: "write", path: path.clone(), source };
        fs::create_dir_all(&self.0).map_err(failed)?;
        let file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                printer.status("waiting for another `dartflare sdk` to end");
                file.lock().map_err(failed)?;
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        Ok(Lock { _file: file })
    }

    /// Where the archive of a version grows as it is downloaded, over as many runs as that takes.
    pub(super) fn partial(&self, version: &Version, platform: &str) -> PathBuf {
        self.0.join(format!(".{version}-{platform}.zip"))
    }

    /// Where a version is unpacked.
    pub(super) fn staging(&self, version: &Version) -> PathBuf {
        self.0.join(format!(".{version}-{}.tmp", process::id()))
    }

    /// Makes what was unpacked an installed version.
    pub(super) fn publish(&self, staging: &Path, version: &Version) -> Result<Installed> {
        let folder = self.0.join(version.to_string());
        // What is there is no SDK, or nothing would have been downloaded.
        let _ = fs::remove_dir_all(&folder);
        platform::rename(staging, &folder).map_err(|source| Error::Io {
            action: "write",
            path: folder,
            source,
        })?;
        self.get(version).ok_or_else(|| {
            Error::Environment(Diagnostic::error(
                Code::SdkNotInstalled,
                format!("Dart {version} went away while it was installed"),
            ))
        })
    }

    /// Removes what a run that was killed has unpacked. Needs the lock, which says that nobody is at it.
    pub(super) fn sweep(&self) {
        self.discard(|name| Path::new(name).extension().is_some_and(|extension| extension == "tmp"));
    }

    /// Removes archives and parts of them. Needs the lock.
    pub(super) fn drop_partials(&self) {
        self.discard(|name| {
            let kind = Path::new(name).extension();
            kind.is_some_and(|kind| kind == "zip" || kind == "tag")
        });
    }

    fn discard(&self, is_meant: impl Fn(&str) -> bool) {
        for entry in fs::read_dir(&self.0).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if name.to_str().is_some_and(|name| name.starts_with('.') && is_meant(name)) {
                let _ = fs::remove_dir_all(entry.path()).or_else(|_| fs::remove_file(entry.path()));
            }
        }
    }

    /// Removes an SDK, and what was left of downloads.
    pub(crate) fn remove(&self, sdk: &Installed, printer: Printer) -> Result<()> {
        let _lock = self.lock(printer)?;
        let folder = self.0.join(sdk.version.to_string());
        let aside = self.staging(&sdk.version);
        // Renamed first, so that nobody finds half of it, and so that one in use on Windows stays whole.
        platform::rename(&folder, &aside).map_err(|source| Error::Io {
            action: "remove",
            path: folder,
            source,
        })?;
        self.sweep();
        self.drop_partials();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(variables: &[(&str, &str)]) -> Option<PathBuf> {
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
        };
        Store::find(variable).map(|store| store.0)
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    #[test]
    fn the_place() {
        let home = ("HOME", "/home/me");
        assert_eq!(place(&[]), None);
        assert_eq!(place(&[home]), Some("/home/me/.cache/dartflare/sdk".into()));
        assert_eq!(place(&[home, ("XDG_CACHE_HOME", "/c")]), Some("/c/dartflare/sdk".into()));
        // The specification has a relative one ignored.
        assert_eq!(place(&[home, ("XDG_CACHE_HOME", "c")]), Some("/home/me/.cache/dartflare/sdk".into()));
        assert_eq!(place(&[home, ("DARTFLARE_CACHE", "/d f")]), Some("/d f/sdk".into()));
    }

    #[cfg(unix)]
    #[test]
    fn the_newest_first_and_nothing_that_is_no_sdk() {
        let root = tempfile::tempdir().unwrap();
        let store = Store(root.path().to_owned());
        for name in ["3.9.2", "3.10.0", "3.10.0-1.0.beta", ".3.11.0-7.tmp", "old"] {
            crate::probe::scripts::write(root.path(), &format!("{name}/dart-sdk/bin/dart"), "#!/bin/sh\n");
        }
        fs::create_dir_all(root.path().join("3.12.0/dart-sdk/bin")).unwrap();
        fs::write(root.path().join("3.13.0"), "").unwrap();
        let found: Vec<String> = store.list().iter().map(|sdk| sdk.version.to_string()).collect();
        assert_eq!(found, ["3.10.0", "3.10.0-1.0.beta", "3.9.2"]);
        assert!(Store(root.path().join("none")).list().is_empty());
    }
}
