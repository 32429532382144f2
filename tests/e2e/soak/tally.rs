//! What was asked, what came of it, and what went on meanwhile.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::events::Kind;
use super::faults::Fault;

/// How long after a fault is over a request may still be told of it.
const GRACE: Duration = Duration::from_millis(500);

/// How long the news of a crash may take.
const TOLD: Duration = Duration::from_secs(10);

/// What came of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was done, and said so.
    Acknowledged,
    /// The answer says that dartflare, or wrangler, could not have it done.
    Told,
    /// Wrangler's proxy did not pass it on, and says so.
    NotPassedOn,
    /// The connection ended before the answer did.
    CutOff,
}

#[derive(Debug, Clone, Copy)]
struct Event {
    id: u64,
    start: Instant,
    end: Instant,
    outcome: Outcome,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    fault: Fault,
    start: Instant,
    /// Nothing while it lasts.
    end: Option<Instant>,
}

#[derive(Default)]
struct State {
    events: BTreeMap<Kind, Vec<Event>>,
    windows: Vec<Window>,
    wrong: Vec<(Instant, String)>,
    refused: usize,
    lost_after_answer: usize,
}

pub(super) struct Tally(Mutex<State>);

impl Tally {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State::default()))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(super) fn begin(&self, fault: Fault) {
        self.lock().windows.push(Window { fault, start: Instant::now(), end: None });
    }

    pub(super) fn end(&self) {
        if let Some(window) = self.lock().windows.last_mut() {
            window.end = Some(Instant::now());
        }
    }

    pub(super) fn add(&self, kind: Kind, id: u64, start: Instant, outcome: Outcome) {
        let event = Event { id, start, end: Instant::now(), outcome };
        self.lock().events.entry(kind).or_default().push(event);
    }

    /// A connection that was refused, and is tried again.
    pub(super) fn refused(&self) {
        self.lock().refused += 1;
    }

    /// What nothing excuses.
    pub(super) fn wrong(&self, text: String) {
        self.lock().wrong.push((Instant::now(), text));
    }

    /// Whether a fault that `excuses` went on between `start` and now.
    pub(super) fn is_excused(&self, start: Instant, excuses: impl Fn(Fault) -> bool) -> bool {
        self.lock()
            .windows
            .iter()
            .any(|window| excuses(window.fault) && window.end.is_none_or(|end| end + GRACE > start))
    }

    /// workerd has crashed a moment ago, which nobody did, and is started again until [`Self::end`].
    pub(super) fn begin_crash(&self) {
        let start = Instant::now().checked_sub(TOLD).unwrap_or_else(Instant::now);
        self.lock().windows.push(Window { fault: Fault::Crash, start, end: None });
    }

    /// Ends the test when something is wrong, and was not wrong because of a crash, of which the news takes a moment.
    #[track_caller]
    pub(super) fn check(&self, is_over: bool) {
        let mut state = self.lock();
        let crashes: Vec<_> =
            state.windows.iter().filter(|window| window.fault == Fault::Crash).copied().collect();
        let is_excused = |when: Instant| {
            crashes.iter().any(|crash| when > crash.start && crash.end.is_none_or(|end| when < end + TOLD))
        };
        state.wrong.retain(|(when, _)| !is_excused(*when));
        let wrong: Vec<_> = state
            .wrong
            .iter()
            .filter(|(when, _)| is_over || when.elapsed() > TOLD)
            .map(|(_, text)| text.as_str())
            .take(20)
            .collect();
        assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    }

    /// How many events there were.
    pub(super) fn count(&self) -> usize {
        self.lock().events.values().map(Vec::len).sum()
    }

    /// What was acknowledged of this kind.
    pub(super) fn acknowledged(&self, kind: Kind) -> Vec<u64> {
        let state = self.lock();
        let events = state.events.get(&kind).into_iter().flatten();
        events.filter(|event| event.outcome == Outcome::Acknowledged).map(|event| event.id).collect()
    }

    /// What was asked for of this kind, whatever came of it.
    pub(super) fn asked(&self, kind: Kind) -> Vec<u64> {
        self.lock().events.get(&kind).into_iter().flatten().map(|event| event.id).collect()
    }

    /// Whether one of the faults `by` ended the program within `span` after this event was answered; counts those.
    pub(super) fn ended_after(
        &self,
        kind: Kind,
        id: u64,
        span: Duration,
        by: impl Fn(Fault) -> bool,
    ) -> bool {
        let mut state = self.lock();
        let event = state.events.get(&kind).into_iter().flatten().find(|event| event.id == id).copied();
        let is_ended = event.is_some_and(|event| {
            state.windows.iter().any(|window| {
                by(window.fault)
                    && window.start < event.end + span
                    && window.end.is_none_or(|end| end > event.start)
            })
        });
        state.lost_after_answer += usize::from(is_ended);
        is_ended
    }

    pub(super) fn table(&self) -> String {
        let state = self.lock();
        let mut text = "| event | asked | acknowledged | told | by wrangler | cut off | p50 ms | p99 ms | longest ms |\n\
                        |---|---|---|---|---|---|---|---|---|\n"
            .to_owned();
        for (kind, events) in &state.events {
            let count = |outcome| events.iter().filter(|event| event.outcome == outcome).count();
            let mut times: Vec<_> =
                events.iter().map(|event| (event.end - event.start).as_millis()).collect();
            times.sort_unstable();
            let at = |percent: usize| times[(times.len() - 1) * percent / 100];
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                kind.path(),
                events.len(),
                count(Outcome::Acknowledged),
                count(Outcome::Told),
                count(Outcome::NotPassedOn),
                count(Outcome::CutOff),
                at(50),
                at(99),
                at(100)
            );
        }
        let _ = write!(
            text,
            "\n{} connections were refused while wrangler was away, and tried again; {} answered events lost what \
             left to `waitUntil` or a queue as their program was ended\n\n| fault | times | longest ms |\n|---|---|---|\n",
            state.refused, state.lost_after_answer
        );
        for fault in Fault::ALL.into_iter().chain([Fault::Crash]) {
            let times: Vec<_> = state
                .windows
                .iter()
                .filter(|window| window.fault == fault)
                .filter_map(|window| Some((window.end? - window.start).as_millis()))
                .collect();
            let _ = writeln!(
                text,
                "| {} | {} | {} |",
                fault.name(),
                times.len(),
                times.iter().max().copied().unwrap_or_default()
            );
        }
        text
    }
}
