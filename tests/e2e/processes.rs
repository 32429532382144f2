//! The processes of a session, told by a mark in the environment that every one of them inherits.
//!
//! Elsewhere than on Linux there is no `/proc` to read: `ps` tells of the processes, and nothing of what they hold.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// The variable that holds the mark.
pub(crate) const MARK: &str = "DARTFLARE_TEST_SESSION";

#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) pid: u32,
    pub(crate) command: String,
}

impl Found {
    pub(crate) fn signal(&self, signal: Signal) {
        send(self.pid, signal);
    }

    fn path(&self, name: &str) -> PathBuf {
        format!("/proc/{}/{name}", self.pid).into()
    }

    /// How many files, sockets and pipes it holds.
    pub(crate) fn descriptors(&self) -> usize {
        fs::read_dir(self.path("fd")).map_or(0, Iterator::count)
    }

    /// Its resident memory, in KiB.
    pub(crate) fn memory(&self) -> usize {
        let status = fs::read_to_string(self.path("status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
    }

    /// The local addresses of its TCP sockets in this state, as `/proc/net/tcp` numbers states and writes addresses.
    fn addresses(&self, table: &str, state: &str) -> Vec<String> {
        let sockets: Vec<String> = fs::read_dir(self.path("fd"))
            .into_iter()
            .flatten()
            .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok()?.into_os_string().into_string().ok())
            .filter_map(|link| Some(link.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
            .collect();
        let table = fs::read_to_string(self.path(table)).unwrap_or_default();
        table
            .lines()
            .skip(1)
            .filter_map(|line| {
                let fields: Vec<&str> = line.split_whitespace().collect();
                let is_own = fields[3] == state && sockets.iter().any(|inode| inode == fields[9]);
                is_own.then(|| fields[1].to_owned())
            })
            .collect()
    }

    /// The local ports of its TCP sockets in this state.
    pub(crate) fn ports(&self, state: &str) -> Vec<u16> {
        let port = |address: String| u16::from_str_radix(address.split_once(':')?.1, 16).ok();
        self.addresses("net/tcp", state).into_iter().filter_map(port).collect()
    }

    /// The addresses by which it listens to other machines than this one.
    pub(crate) fn listening_to_others(&self) -> Vec<String> {
        const LOOPBACK: [&str; 3] =
            ["0100007F:", "00000000000000000000000001000000:", "0000000000000000FFFF00000100007F:"];
        let all = ["net/tcp", "net/tcp6"].into_iter().flat_map(|table| self.addresses(table, "0A"));
        all.filter(|address| !LOOPBACK.iter().any(|own| address.starts_with(own))).collect()
    }

    pub(crate) fn listening(&self) -> Vec<u16> {
        self.ports("0A")
    }

    pub(crate) fn established(&self) -> usize {
        self.ports("01").len()
    }
}

pub(crate) fn send(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process");
    // It may have ended meanwhile.
    let _ = kill_process(pid, signal);
}

/// The processes that carry `mark`, without those that have ended and are only not yet waited for.
///
/// With `-E`, `ps` shows their environment after the command.
#[cfg(not(target_os = "linux"))]
pub(crate) fn marked(mark: &str) -> Vec<Found> {
    let entry = format!("{MARK}={mark}");
    let listed = std::process::Command::new("ps").args(["-axEww", "-o", "pid=,state=,command="]).output();
    let listed = String::from_utf8_lossy(&listed.expect("a list of processes").stdout).into_owned();
    let lines = listed.lines().filter_map(|line| {
        let mut fields = line.split_whitespace();
        let (pid, state) = (fields.next()?.parse().ok()?, fields.next()?);
        let command = fields.collect::<Vec<_>>().join(" ");
        let is_marked = command.split(' ').any(|field| field == entry);
        (is_marked && !state.starts_with('Z')).then_some(Found { pid, command })
    });
    lines.collect()
}

/// The processes that carry `mark`, without those that have ended and are only not yet waited for.
#[cfg(target_os = "linux")]
pub(crate) fn marked(mark: &str) -> Vec<Found> {
    let entry = format!("{MARK}={mark}");
    let pids = fs::read_dir("/proc").into_iter().flatten().filter_map(|folder| {
        let pid: u32 = folder.ok()?.file_name().to_str()?.parse().ok()?;
        let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
        if !environment.split(|byte| *byte == 0).any(|variable| variable == entry.as_bytes()) {
            return None;
        }
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let state = stat.rsplit_once(')')?.1.trim_start().chars().next()?;
        let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        (state != 'Z' && state != 'X').then_some(Found { pid, command })
    });
    pids.collect()
}

/// Looks again until `condition` gives something, as no file of `/proc` can be waited on.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, limit: Duration, condition: impl Fn() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(start.elapsed() < limit, "not within {} s: {what}", limit.as_secs());
        thread::sleep(Duration::from_millis(20));
    }
}
