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
use crate::files;

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
    files::open_lock(path).map_err(|source| failed(path, source))
}

fn failed(path: &Path, source: io::Error) -> Error {
    Error::Io { action: "lock", path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Child, Command, Stdio};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::time::timeout;

    use super::*;

    /// Only a failure takes this long.
    const LONG: Duration = Duration::from_secs(20);

    async fn turn(project: &Path) -> Turn {
        match timeout(LONG, take(project)).await.unwrap().unwrap() {
            Taken::Turn(turn) => turn,
            Taken::Superseded => panic!("superseded"),
        }
    }

    /// Returns when somebody newer than `turn` has asked.
    async fn asked(turn: &Turn) {
        timeout(LONG, turn.superseded()).await.unwrap();
        assert!(!turn.is_newest());
    }

    fn names(project: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder(project)).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn one_alone_has_its_turn_and_leaves_no_ticket() {
        let dir = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let turn = turn(dir.path()).await;
            assert!(turn.is_newest());
            assert_eq!(names(dir.path()), ["1", "gate", "lock"]);
        }
        assert_eq!(names(dir.path()), ["gate", "lock"]);
        timeout(LONG, wait_for_newer(dir.path())).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn waiting_where_nobody_ever_built_is_over_at_once() {
        let dir = tempfile::tempdir().unwrap();
        timeout(LONG, wait_for_newer(dir.path())).await.unwrap().unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn the_older_is_told_and_the_newer_waits_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let project = dir.path().to_owned();
        let older = turn(&project).await;
        let newer = tokio::spawn({
            let project = project.clone();
            async move { turn(&project).await }
        });
        asked(&older).await;
        assert!(!newer.is_finished());
        drop(older);

        let mut waiting = Box::pin(wait_for_newer(&project));
        assert!(timeout(Duration::ZERO, &mut waiting).await.is_err(), "the newer one has not even begun");
        let newer = timeout(LONG, newer).await.unwrap().unwrap();
        assert!(newer.is_newest());
        assert!(timeout(POLL * 3, &mut waiting).await.is_err(), "the newer one builds");
        drop(newer);
        timeout(LONG, waiting).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn of_those_that_wait_only_the_newest_has_its_turn() {
        let dir = tempfile::tempdir().unwrap();
        let first = turn(dir.path()).await;
        let ask = || {
            let project = dir.path().to_owned();
            tokio::spawn(async move { take(&project).await.unwrap() })
        };
        let second = ask();
        asked(&first).await;
        let third = ask();
        let second = timeout(LONG, second).await.unwrap().unwrap();
        assert!(matches!(second, Taken::Superseded));
        assert!(!third.is_finished());
        drop(first);
        let third = timeout(LONG, third).await.unwrap().unwrap();
        assert!(matches!(third, Taken::Turn(turn) if turn.is_newest()));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn never_two_at_once_and_the_newest_at_last() {
        let dir = tempfile::tempdir().unwrap();
        let (holders, turns) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let builds: Vec<_> = (0..40)
            .map(|_| {
                let project = dir.path().to_owned();
                let (holders, turns) = (Arc::clone(&holders), Arc::clone(&turns));
                tokio::spawn(async move {
                    let Taken::Turn(turn) = take(&project).await.unwrap() else { return };
                    assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0);
                    tokio::task::yield_now().await;
                    if turn.is_newest() {
                        turns.fetch_add(1, Ordering::SeqCst);
                    }
                    assert_eq!(holders.fetch_sub(1, Ordering::SeqCst), 1);
                    drop(turn);
                })
            })
            .collect();
        for build in builds {
            timeout(LONG, build).await.unwrap().unwrap();
        }
        assert!(turns.load(Ordering::SeqCst) >= 1);
        assert_eq!(names(dir.path()), ["gate", "lock"]);
    }

    #[tokio::test]
    async fn tickets_of_the_dead_are_removed_and_other_files_stay() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder(dir.path())).unwrap();
        for name in ["7", "99", "notes"] {
            fs::write(folder(dir.path()).join(name), "").unwrap();
        }
        let mine = turn(dir.path()).await;
        fs::write(folder(dir.path()).join("100"), "").unwrap();
        assert!(mine.is_newest());
        assert_eq!(names(dir.path()), ["1", "100", "gate", "lock", "notes"]);
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(".dart_tool"), "").unwrap();
        let error = take(dir.path()).await.unwrap_err();
        assert!(error.diagnostic().message.starts_with("cannot lock `"), "{error:?}");
    }

    /// Takes a turn and keeps it; run by the tests below, which kill it.
    #[tokio::test]
    #[ignore = "run by another test"]
    async fn holds_a_turn_until_it_is_killed() {
        let project = std::env::var_os("BUILD_IN").unwrap();
        let _turn = turn(Path::new(&project)).await;
        println!("held");
        std::future::pending::<()>().await;
    }

    fn other_process(project: &Path) -> Child {
        Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "bundle::turn::tests::holds_a_turn_until_it_is_killed"])
            .arg("--nocapture")
            .env("BUILD_IN", project)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    }

    #[tokio::test]
    async fn a_killed_holder_holds_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let mut child = other_process(dir.path());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap() == "held"));
        let mut asking = Box::pin(take(dir.path()));
        assert!(timeout(POLL, &mut asking).await.is_err());
        child.kill().unwrap();
        assert!(matches!(timeout(LONG, asking).await.unwrap().unwrap(), Taken::Turn(_)));
        child.wait().unwrap();
    }

    #[tokio::test]
    async fn one_that_is_killed_while_it_waits_takes_nothing_from_the_others() {
        let dir = tempfile::tempdir().unwrap();
        let mine = turn(dir.path()).await;
        let mut child = other_process(dir.path());
        asked(&mine).await;
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(mine.is_newest());
        drop(mine);
        let next = turn(dir.path()).await;
        assert!(next.is_newest());
        assert_eq!(names(dir.path()), ["1", "gate", "lock"]);
        drop(next);
        timeout(LONG, wait_for_newer(dir.path())).await.unwrap().unwrap();
    }
}
