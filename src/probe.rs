//! Asking a program a short question, without trusting it to answer.

use std::io::{self, Read};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

#[cfg(windows)]
use process_wrap::std::JobObject;
#[cfg(unix)]
use process_wrap::std::ProcessGroup;
use process_wrap::std::{ChildWrapper, CommandWrap};

/// Long enough for a cold disk, short enough to wait for.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(10);

/// Runs `command` and collects what it prints; `None` when it is not done within `limit`.
///
/// What exceeds the limit is killed, with the processes it started.
pub(crate) fn output_within(mut command: Command, limit: Duration) -> io::Result<Option<Output>> {
    let deadline = Instant::now() + limit;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut command = CommandWrap::from(command);
    #[cfg(unix)]
    command.wrap(ProcessGroup::leader());
    #[cfg(windows)]
    command.wrap(JobObject);
    let mut child = command.spawn()?;
    let output = collect(child.as_mut(), deadline);
    if !matches!(output, Ok(Some(_))) {
        let _ = child.kill();
    }
    output
}

fn collect(child: &mut dyn ChildWrapper, deadline: Instant) -> io::Result<Option<Output>> {
    let streams = [child.stdout().take().map(drain), child.stderr().take().map(drain)];
    let [stdout, stderr] = streams.map(|stream| {
        stream.and_then(|bytes| bytes.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok())
    });
    let (Some(stdout), Some(stderr)) = (stdout, stderr) else { return Ok(None) };
    // Both streams are at their end, so this is a matter of microseconds for all but the strangest program.
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(Output { status, stdout, stderr }));
        }
        thread::sleep(Duration::from_micros(200));
    }
    Ok(None)
}

fn drain(mut stream: impl Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let _ = sender.send(bytes);
    });
    receiver
}

/// Makes programs for tests.
#[cfg(test)]
#[cfg(unix)]
pub(crate) mod scripts {
    use std::io::Write as _;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Stdio};

    /// Writes a script and its folders below `root`. Another process writes it: a file that this one has open for
    /// writing while a test beside starts a program cannot be run until that program has (`ETXTBSY`).
    pub(crate) fn write(root: &Path, path: &str, text: &str) -> PathBuf {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut shell = Command::new("/bin/sh")
            .args(["-c", "cat > \"$0\" && chmod 755 \"$0\""])
            .arg(&path)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        shell.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        assert!(shell.wait().unwrap().success());
        path
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn collects_both_streams_and_the_status() {
        let output = output_within(shell("echo out; echo err >&2; exit 7"), TIME_LIMIT).unwrap().unwrap();
        assert_eq!(
            (output.stdout.as_slice(), output.stderr.as_slice()),
            (b"out\n".as_slice(), b"err\n".as_slice())
        );
        assert_eq!(output.status.code(), Some(7));
    }

    #[test]
    fn output_larger_than_a_pipe_does_not_block() {
        let output =
            output_within(shell("head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2"), TIME_LIMIT);
        let output = output.unwrap().unwrap();
        assert_eq!((output.stdout.len(), output.stderr.len()), (300_000, 300_000));
    }

    #[test]
    fn a_program_that_hangs_is_killed_with_its_children() {
        let dir = tempfile::tempdir().unwrap();
        let pid_file = dir.path().join("pid");
        let script =
            format!("sleep 1000 & echo $! > '{0}.new'; mv '{0}.new' '{0}'; wait", pid_file.display());
        assert!(output_within(shell(&script), Duration::from_millis(500)).unwrap().is_none());
        let pid = std::fs::read_to_string(&pid_file).unwrap();
        let state = || std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        let deadline = Instant::now() + Duration::from_secs(5);
        while !state().is_empty() && !state().contains(") Z ") {
            assert!(Instant::now() < deadline, "still there: {}", state());
            thread::yield_now();
        }
    }

    #[test]
    fn a_missing_program_is_an_error() {
        let error = output_within(Command::new("/nonexistent/program"), TIME_LIMIT).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
