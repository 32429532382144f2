//! Builds of one project that overlap: one at a time, and the newest wins.
//!
//! Wrangler starts a build for every change and does not end the one that runs. Each build takes a numbered ticket; the
//! newest ticket has the right to the lock, and whoever holds or awaits the lock gives up for it. Tickets and lock are
//! locks of the operating system, which lets go of them however a process ends: the ticket of a dead one counts for
//! nothing, and is removed by the next build.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::sleep;

use crate::error::{Error, Result};

/// How often the others are looked at.
const POLL: Duration = Duration::from_millis(20);

/// The right to build and publish, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    ticket: Ticket,
    _lock: File,
}

/// What became of asking for the turn.
#[derive(Debug)]
pub(crate) enum Taken {
    Turn(Turn),
    /// A newer build asked while this one waited.
    Superseded,
}

/// Asks for the turn, and waits until an older build has made way or a newer one came.
pub(crate) async fn take(project: &Path) -> Result<Taken> {
    let folder = folder(project);
    let ticket = Ticket::draw(&folder)?;
    let lock = open(&folder.join("lock"))?;
    loop {
        if !ticket.is_newest() {
            return Ok(Taken::Superseded);
        }
        match lock.try_lock() {
            Ok(()) => return Ok(Taken::Turn(Turn { ticket, _lock: lock })),
            Err(TryLockError::WouldBlock) => sleep(POLL).await,
            Err(TryLockError::Error(source)) => return Err(failed(&folder.join("lock"), source)),
        }
    }
}

impl Turn {
    /// Returns when a newer build has asked for the turn.
    pub(crate) async fn superseded(&self) {
        while self.is_newest() {
            sleep(POLL).await;
        }
    }

    /// Whether no newer build waits. To be asked just before publishing.
    pub(crate) fn is_newest(&self) -> bool {
        self.ticket.is_newest()
    }
}

/// Waits until nobody builds or is about to. The caller has given up its own turn.
pub(crate) async fn wait_for_newer(project: &Path) -> Result<()> {
    let folder = folder(project);
    while tickets(&folder).iter().any(|(_, path)| is_held(path)) {
        sleep(POLL).await;
    }
    Ok(())
}

/// The place of a build among others: a file named by its number, locked as long as the build lives.
#[derive(Debug)]
struct Ticket {
    number: u64,
    path: PathBuf,
    _file: File,
}

impl Ticket {
    fn draw(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).map_err(|source| failed(folder, source))?;
        // Numbers are given, and tickets of the dead removed, by one build at a time; that takes microseconds.
        let gate = open(&folder.join("gate"))?;
        gate.lock().map_err(|source| failed(&folder.join("gate"), source))?;
        let mut last = 0;
        for (number, path) in tickets(folder) {
            if is_held(&path) {
                last = last.max(number);
            } else {
                let _ = fs::remove_file(&path);
            }
        }
        let number = last + 1;
        let path = folder.join(number.to_string());
        let file = open(&path)?;
        file.lock().map_err(|source| failed(&path, source))?;
        Ok(Self { number, path, _file: file })
    }

    fn is_newest(&self) -> bool {
        let folder = self.path.parent().unwrap_or(&self.path);
        !tickets(folder).iter().any(|(number, path)| *number > self.number && is_held(path))
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn folder(project: &Path) -> PathBuf {
    project.join(".dart_tool/dartflare/builds")
}

fn tickets(folder: &Path) -> Vec<(u64, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path()))).collect()
}

/// Whether a living build has this ticket. Those who look do not disturb each other: they ask for a shared lock.
fn is_held(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

fn open(path: &Path) -> Result<File> {
    let options = File::options().create(true).truncate(false).read(true).write(true).open(path);
    options.map_err(|source| failed(path, source))
}

fn failed(path: &Path, source: io::Error) -> Error {
    Error::Io { action: "write", path: path.to_owned(), source }
}
