//! Changing files one step at a time, so that a test can end a build after any of them.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use crate::error::{Error, Result};
use crate::platform;

/// How much is written in one step. Only a test needs to see a file that is cut off.
const PIECE: usize = if cfg!(test) { 256 } else { usize::MAX };

/// Every change that publishing makes passes through here.
#[derive(Debug, Default)]
pub(super) struct Disk {
    #[cfg(test)]
    pub(super) fault: faults::Fault,
}

impl Disk {
    /// Makes the folder and those above it.
    pub(super) fn create_folders(&self, path: &Path) -> Result<()> {
        let create = || {
            self.step(true)?;
            fs::create_dir_all(path)
        };
        create().map_err(io_error("create", path))
    }

    /// Makes a folder that must not be there.
    pub(super) fn create_folder(&self, path: &Path) -> Result<()> {
        let create = || {
            self.step(true)?;
            fs::create_dir(path)
        };
        create().map_err(io_error("create", path))
    }

    /// Writes a whole file, down to the disk: after a power cut, a file that a rename made visible is not empty.
    pub(super) fn write(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let write = || {
            self.step(true)?;
            let mut file = File::create(path)?;
            for piece in bytes.chunks(PIECE) {
                self.step(true)?;
                file.write_all(piece)?;
            }
            self.step(true)?;
            sync(&file)
        };
        write().map_err(io_error("write", path))
    }

    pub(super) fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        let rename = || {
            self.step(false)?;
            platform::rename(from, to)
        };
        rename().map_err(io_error("write", to))
    }

    pub(super) fn remove_file(&self, path: &Path) -> Result<()> {
        let remove = || {
            self.step(false)?;
            fs::remove_file(path)
        };
        remove().map_err(io_error("remove", path))
    }

    /// Removes a folder that is empty.
    pub(super) fn remove_folder(&self, path: &Path) -> Result<()> {
        let remove = || {
            self.step(false)?;
            fs::remove_dir(path)
        };
        remove().map_err(io_error("remove", path))
    }

    #[cfg(not(test))]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "a test may fail here")]
    fn step(&self, _needs_space: bool) -> io::Result<()> {
        Ok(())
    }

    #[cfg(test)]
    fn step(&self, needs_space: bool) -> io::Result<()> {
        self.fault.step(needs_space)
    }
}

fn sync(file: &File) -> io::Result<()> {
    // The tests write thousands of files, and cut no power.
    if cfg!(test) { Ok(()) } else { file.sync_data() }
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::Io { action, path: path.to_owned(), source }
}

/// What may go wrong at a step.
#[cfg(test)]
pub(super) mod faults {
    use std::io;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    #[derive(Debug, Clone, Copy, Default)]
    pub(crate) enum Plan {
        #[default]
        Nothing,
        /// The process ends before this step: no change follows, not even tidying up.
        KilledAt(usize),
        /// This step alone fails.
        FailsAt(usize, io::ErrorKind),
        /// From this step on, there is no space: only renaming and removing work.
        FullFrom(usize),
    }

    #[derive(Debug, Default)]
    pub(crate) struct Fault {
        pub(crate) plan: Mutex<Plan>,
        /// How many steps were asked for.
        pub(crate) steps: AtomicUsize,
    }

    impl Fault {
        pub(crate) fn step(&self, needs_space: bool) -> io::Result<()> {
            let step = self.steps.fetch_add(1, SeqCst);
            match *self.plan.lock().unwrap() {
                Plan::KilledAt(at) if step >= at => Err(io::Error::other("killed")),
                Plan::FailsAt(at, kind) if step == at => Err(kind.into()),
                Plan::FullFrom(at) if step >= at && needs_space => Err(io::ErrorKind::StorageFull.into()),
                _ => Ok(()),
            }
        }
    }
}
