//! Asking a program a short question, without trusting it to answer.

use std::io::{self, Read};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Long enough for a cold disk, short enough to wait for.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(10);

/// Runs `command` and collects what it prints; `None` when it is not done within `limit`.
///
/// What exceeds the limit is killed, with the processes it started.
pub(crate) fn output_within(command: &mut Command, limit: Duration) -> io::Result<Option<Output>> {
    let deadline = Instant::now() + limit;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    let mut child = command.spawn()?;
    let stdout = child.stdout.take().map(drain);
    let stderr = child.stderr.take().map(drain);
    let collect = |stream: Option<mpsc::Receiver<Vec<u8>>>| {
        stream.map_or(Some(Vec::new()), |stream| {
            stream.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok()
        })
    };
    if let (Some(stdout), Some(stderr)) = (collect(stdout), collect(stderr)) {
        // Both streams are at their end, so this is a matter of microseconds for all but the strangest program.
        while Instant::now() < deadline {
            if let Some(status) = child.try_wait()? {
                return Ok(Some(Output { status, stdout, stderr }));
            }
            thread::sleep(Duration::from_micros(200));
        }
    }
    kill(&mut child);
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

fn kill(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn collects_both_streams_and_the_status() {
        let output =
            output_within(&mut shell("echo out; echo err >&2; exit 7"), TIME_LIMIT).unwrap().unwrap();
        assert_eq!(
            (output.stdout.as_slice(), output.stderr.as_slice()),
            (b"out\n".as_slice(), b"err\n".as_slice())
        );
        assert_eq!(output.status.code(), Some(7));
    }

    #[test]
    fn output_larger_than_a_pipe_does_not_block() {
        let output =
            output_within(&mut shell("head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2"), TIME_LIMIT);
        let output = output.unwrap().unwrap();
        assert_eq!((output.stdout.len(), output.stderr.len()), (300_000, 300_000));
    }

    #[test]
    fn a_program_that_hangs_is_killed_with_its_children() {
        let dir = tempfile::tempdir().unwrap();
        let pid_file = dir.path().join("pid");
        let script =
            format!("sleep 1000 & echo $! > '{0}.new'; mv '{0}.new' '{0}'; wait", pid_file.display());
        assert!(output_within(&mut shell(&script), Duration::from_millis(500)).unwrap().is_none());
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
        let error = output_within(&mut Command::new("/nonexistent/program"), TIME_LIMIT).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
