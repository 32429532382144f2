//! Child processes that leave nothing behind, whatever they themselves have started.

use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use process_wrap::tokio::{ChildWrapper, CommandWrap};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use tokio::sync::oneshot;

/// How long a process may take to end when asked, before it is killed.
const GRACE: Duration = Duration::from_secs(3);

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
        let mut command = CommandWrap::with_new(program, |command| {
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            configure(command);
        });
        // The group holds what the process starts itself: wrangler's workerd, for one.
        #[cfg(unix)]
        command.wrap(process_wrap::tokio::ProcessGroup::leader());
        #[cfg(windows)]
        command.wrap(process_wrap::tokio::JobObject);
        let mut child = command.spawn()?;
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
                // A grandchild may have kept the pipe.
                let _ = tokio::time::timeout(Duration::from_millis(200), reader).await;
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
