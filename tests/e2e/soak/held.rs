//! What the processes hold: memory, descriptors, connections.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use crate::processes::{Found, eventually};
use crate::session::Session;

/// How often they are looked at.
const PERIOD: Duration = Duration::from_secs(2);

/// The shortest life that says something about growth: both of the quarters that are compared have some samples.
const TELLING: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Dartflare,
    Vm,
    Wrangler,
    Workerd,
}

impl Role {
    fn of(process: &Found) -> Option<Self> {
        let command = &process.command;
        if command.contains("--enable-vm-service") {
            Some(Self::Vm)
        } else if command.contains("workerd") && command.contains(" serve ") {
            Some(Self::Workerd)
        } else if command.contains("wrangler") {
            Some(Self::Wrangler)
        } else {
            command.contains("dartflare").then_some(Self::Dartflare)
        }
    }

    /// How much its memory may grow, in KiB, from the second quarter of its life to the last. dartflare frees what it does
    /// not need; the others have collectors that let some garbage lie, and wrangler a source map of each bundle beside.
    ///
    /// workerd keeps something of each request until it is large, also where nothing of dartflare is: under plain
    /// `wrangler dev` 4 KiB of one that a line of JavaScript answers, 10 KiB if it opens a socket, and of these events
    /// 14 KiB in JavaScript and 26 KiB in Dart. In lives of a minute or two that comes to 50 and 70 MiB, in one of four
    /// and a half minutes to 10.
    fn limit(self) -> usize {
        match self {
            Self::Dartflare => 8 << 10,
            Self::Vm => 48 << 10,
            Self::Wrangler | Self::Workerd => 96 << 10,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Idle {
    descriptors: usize,
    established: usize,
}

pub(super) struct Held {
    idle: BTreeMap<Role, Idle>,
    sampled: Option<Instant>,
    /// The memory of each process over its life.
    lives: BTreeMap<u32, (Role, Vec<usize>)>,
}

impl Held {
    /// What is held while nothing is under way.
    pub(super) fn of(session: &Session) -> Self {
        let idle = eventually("what is under way is over", Duration::from_secs(30), || {
            let before = Self::idle(session);
            thread::sleep(Duration::from_millis(200));
            (before == Self::idle(session)).then_some(before)
        });
        Self { idle, sampled: None, lives: BTreeMap::new() }
    }

    fn idle(session: &Session) -> BTreeMap<Role, Idle> {
        [(Role::Dartflare, session.dartflare()), (Role::Vm, session.dart_vm())]
            .map(|(role, process)| {
                let idle = Idle { descriptors: process.descriptors(), established: process.established() };
                (role, idle)
            })
            .into()
    }

    pub(super) fn sample(&mut self, session: &Session) {
        if self.sampled.is_some_and(|sampled| sampled.elapsed() < PERIOD) {
            return;
        }
        self.sampled = Some(Instant::now());
        for process in session.processes() {
            let memory = process.memory();
            if let Some(role) = Role::of(&process).filter(|_| memory > 0) {
                self.lives.entry(process.pid).or_insert_with(|| (role, Vec::new())).1.push(memory);
            }
        }
    }

    /// All processes are to end; their numbers may come again.
    pub(super) fn ended(&mut self) {
        self.sampled = None;
    }

    /// Asserts that descriptors and connections are as few as before the first event.
    #[track_caller]
    pub(super) fn check_idle(&self, session: &Session) {
        let limit = Duration::from_secs(30);
        let start = Instant::now();
        loop {
            let now = Self::idle(session);
            let is_over = now.iter().all(|(role, now)| {
                let before = self.idle[role];
                now.descriptors <= before.descriptors && now.established <= before.established
            });
            if is_over {
                return;
            }
            assert!(start.elapsed() < limit, "before: {:?}, now: {now:?}", self.idle);
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// The longest life of each role, and how it grew.
    fn growths(&self) -> impl Iterator<Item = (Role, &[usize], usize, usize)> {
        self.lives.values().filter(|(_, samples)| samples.len() >= TELLING).map(|(role, samples)| {
            let quarter = samples.len() / 4;
            let second = median(&samples[quarter..2 * quarter]);
            let last = median(&samples[samples.len() - quarter..]);
            (*role, samples.as_slice(), second, last)
        })
    }

    /// Asserts that no process that lived long enough grew beyond its limit.
    #[track_caller]
    pub(super) fn check_growth(&self) {
        for (role, samples, second, last) in self.growths() {
            assert!(last < second + role.limit(), "{role:?} grew from {second} to {last} KiB: {samples:?}");
        }
    }

    pub(super) fn table(&self) -> String {
        let mut text =
            "| process | lives | longest s | its second quarter MiB | its last quarter MiB | most MiB |\n\
                        |---|---|---|---|---|---|\n"
                .to_owned();
        for role in [Role::Dartflare, Role::Vm, Role::Wrangler, Role::Workerd] {
            let lives = self.lives.values().filter(|(of, _)| *of == role).count();
            let most =
                self.lives.values().filter(|(of, _)| *of == role).flat_map(|(_, samples)| samples).max();
            let longest =
                self.growths().filter(|(of, ..)| *of == role).max_by_key(|(_, samples, ..)| samples.len());
            let (samples, second, last) =
                longest.map_or((0, 0, 0), |(_, samples, second, last)| (samples.len(), second, last));
            let _ = writeln!(
                text,
                "| {role:?} | {lives} | {} | {} | {} | {} |",
                samples as u64 * PERIOD.as_secs(),
                second >> 10,
                last >> 10,
                most.copied().unwrap_or_default() >> 10
            );
        }
        text
    }
}

fn median(samples: &[usize]) -> usize {
    let mut samples = samples.to_vec();
    samples.sort_unstable();
    samples.get(samples.len() / 2).copied().unwrap_or_default()
}
