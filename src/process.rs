//! Child processes that leave nothing behind, whatever they themselves have started.

use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use process_wrap::tokio::{ChildWrapper, CommandWrap};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::error::{Error, Result};
use crate::signals;

/// How long a process may take to end when asked, before it is killed. Windows has no way to ask one tree of processes
/// alone: an event of the console goes to all that share it, this program among them.
#[cfg(unix)]
const GRACE: Duration = Duration::from_secs(3);

/// How long the pipes of a process that is gone are read on: something outside its group may have kept them.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// How long a process that was killed may take until it is gone.
const DYING: Duration = Duration::from_millis(500);

/// Within which two processes learn of the same Ctrl-C.
const SAME_MOMENT: Duration = Duration::from_millis(20);

/// Whole lines that a child wrote at once.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) is_stderr: bool,
    pub(crate) lines: Vec<String>,
}

/// A running process and everything that it started.
#[derive(Debug)]
pub(crate) struct Process {
    stop: Option<oneshot::Sender<()>>,
    ended: tokio::task::JoinHandle<()>,
}

impl Process {
    /// Starts `program`. What it writes goes to `on_output`; when it has ended, however it did, `on_exit` is called.
    pub(crate) fn start(
        program: &Path,
        configure: impl FnOnce(&mut Command),
        on_output: impl Fn(Output) + Clone + Send + 'static,
        on_exit: impl FnOnce(io::Result<ExitStatus>) + Send + 'static,
    ) -> io::Result<Self> {
        let mut child = spawn(program, configure)?;
        let mut readers = Vec::new();
        if let Some(stdout) = child.stdout().take() {
            readers.push(tokio::spawn(forward(stdout, false, on_output.clone())));
        }
        if let Some(stderr) = child.stderr().take() {
            readers.push(tokio::spawn(forward(stderr, true, on_output)));
        }
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(async move {
            let status = tokio::select! {
                status = child.wait() => status,
                _ = stopped => end(child.as_mut()).await,
            };
            // What a dead leader left behind in its group.
            let _ = child.start_kill();
            for reader in readers {
                let _ = tokio::time::timeout(LAST_WORDS, reader).await;
            }
            on_exit(status);
        });
        Ok(Self { stop: Some(stop), ended })
    }

    /// Asks the process to end, kills it if it does not, and waits until nothing of it is left.
    pub(crate) async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        let _ = self.ended.await;
    }
}

/// What a process that has ended leaves.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

/// Runs `program` to its end and collects what it writes. When the future is dropped before, the process and
/// everything that it started are killed at once, without being asked.
pub(crate) async fn run(program: &Path, configure: impl FnOnce(&mut Command)) -> io::Result<Ended> {
    let mut tree = Tree(spawn(program, configure)?);
    let mut readers = JoinSet::new();
    let [stdout, stderr] = [Arc::default(), Arc::default()];
    if let Some(from) = tree.0.stdout().take() {
        readers.spawn(collect(from, Arc::clone(&stdout)));
    }
    if let Some(from) = tree.0.stderr().take() {
        readers.spawn(collect(from, Arc::clone(&stderr)));
    }
    let status = tree.0.wait().await?;
    drop(tree);
    let _ = tokio::time::timeout(LAST_WORDS, async { while readers.join_next().await.is_some() {} }).await;
    let [stdout, stderr] = [stdout, stderr]
        .map(|bytes| std::mem::take(&mut *bytes.lock().unwrap_or_else(PoisonError::into_inner)));
    Ok(Ended { status, stdout, stderr })
}

/// Runs `program` with the streams of this process until it ends, or until this program is asked to end: then nothing
/// is left of it.
pub(crate) async fn in_foreground(
    program: &Path,
    configure: impl FnOnce(&mut Command),
) -> Result<ExitStatus> {
    let (quit, mut asked) = mpsc::unbounded_channel();
    signals::listen(move || {
        let _ = quit.send(());
    })?;
    let failed = |source| Error::Io { action: "run", path: program.to_owned(), source };
    let mut command = CommandWrap::with_new(program, configure);
    // A terminal gives what is typed, and Ctrl-C, to one group: this program's. Without a terminal a group of its own
    // can be ended as a whole.
    #[cfg(unix)]
    if !std::io::IsTerminal::is_terminal(&io::stdin()) {
        command.wrap(process_wrap::tokio::ProcessGroup::leader());
    }
    #[cfg(windows)]
    into_job(&mut command);
    let mut child = command.spawn().map_err(failed)?;
    let status = tokio::select! {
        status = child.wait() => status.map_err(failed)?,
        _ = asked.recv() => {
            let _ = end(child.as_mut()).await;
            let _ = child.start_kill();
            return Err(Error::Interrupted);
        }
    };
    let _ = child.start_kill();
    // Ctrl-C reaches both, and a program may well call it success that it ended for it.
    match tokio::time::timeout(SAME_MOMENT, asked.recv()).await {
        Ok(_) => Err(Error::Interrupted),
        Err(_) => Ok(status),
    }
}

/// A process and its group, killed when nobody holds them any more.
struct Tree(Box<dyn ChildWrapper>);

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = self.0.start_kill();
        // Who drops this may be about to end, and is to leave nothing: not even what is about to end.
        let since = Instant::now();
        while matches!(self.0.try_wait(), Ok(None)) && since.elapsed() < DYING {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

async fn collect(mut from: impl AsyncRead + Unpin, into: Arc<Mutex<Vec<u8>>>) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        into.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&bytes[..read]);
    }
}

fn spawn(program: &Path, configure: impl FnOnce(&mut Command)) -> io::Result<Box<dyn ChildWrapper>> {
    let mut command = CommandWrap::with_new(program, |command| {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        configure(command);
    });
    // The group holds what the process starts itself: wrangler's workerd, for one.
    #[cfg(unix)]
    command.wrap(process_wrap::tokio::ProcessGroup::leader());
    #[cfg(windows)]
    into_job(&mut command);
    command.spawn()
}

/// Windows has no groups of processes; a job holds what the process starts, and ends with the last handle of it: that of
/// this program, however that ends.
#[cfg(windows)]
fn into_job(command: &mut CommandWrap) {
    command.wrap(process_wrap::tokio::KillOnDrop).wrap(process_wrap::tokio::JobObject);
}

async fn end(child: &mut dyn ChildWrapper) -> io::Result<ExitStatus> {
    #[cfg(unix)]
    {
        const SIGTERM: i32 = 15;
        let _ = child.signal(SIGTERM);
        if let Ok(status) = tokio::time::timeout(GRACE, child.wait()).await {
            return status;
        }
    }
    let _ = child.start_kill();
    child.wait().await
}

async fn forward(mut from: impl AsyncRead + Unpin, is_stderr: bool, on_output: impl Fn(Output)) {
    let mut bytes = Vec::new();
    loop {
        let is_end = !matches!(from.read_buf(&mut bytes).await, Ok(1..));
        // Lines that arrive together belong together: an error and its stack, with nothing of another child between.
        let whole = if is_end {
            bytes.len()
        } else {
            bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
        };
        if whole > 0 {
            let lines = String::from_utf8_lossy(&bytes[..whole]).lines().map(str::to_owned).collect();
            bytes.drain(..whole);
            on_output(Output { is_stderr, lines });
        }
        if is_end {
            return;
        }
    }
}
