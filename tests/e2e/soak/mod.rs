//! Mixed events at a steady rate for minutes, while the program is edited, broken and mended, its VM killed, and
//! wrangler restarted: every request is answered, what was acknowledged is found afterwards, and nothing grows.
//!
//! It runs as long as `DARTFLARE_SOAK_MINUTES` says, and not at all without it: `make soak MINUTES=30`.

mod events;
mod faults;
mod held;
mod tally;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use self::events::{Kind, Line};
use self::faults::{Fault, Site};
use self::held::Held;
use self::tally::Tally;
use crate::harness;
use crate::project::Project;
use crate::session::Session;

/// How many events begin in a second: a third of what a machine with two cores manages.
const RATE: u32 = 40;

/// How many requests may be under way, waiting ones included.
const WORKERS: usize = 32;

/// What is true of the whole run, for all of its threads.
struct Run {
    tally: Tally,
    line: Line,
    is_over: AtomicBool,
}

/// Lets all threads end, when one of them panics too.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// How long to go on, if at all.
fn limit() -> Option<Duration> {
    let minutes = std::env::var("DARTFLARE_SOAK_MINUTES").ok().filter(|text| !text.is_empty())?;
    let minutes: f64 = minutes.parse().expect("`DARTFLARE_SOAK_MINUTES` is a number");
    Some(Duration::from_secs_f64(minutes * 60.0))
}

#[test]
#[cfg(target_os = "linux")]
fn every_request_is_answered_and_every_write_is_found() {
    let Some(limit) = limit() else {
        harness::skip("the soak", "it takes minutes: `make soak MINUTES=2`");
        return;
    };
    let mut random = harness::random();
    let mut site = Site::start(Project::copy("soak"));
    let run = Run { tally: Tally::new(), line: Line::new(site.session()), is_over: AtomicBool::new(false) };
    site.session().get("/setup").is(204, "");
    warm_up(site.session());
    let mut held = Held::of(site.session());

    let start = Instant::now();
    let (jobs, queue) = std::sync::mpsc::sync_channel(WORKERS);
    let queue = Mutex::new(queue);
    thread::scope(|scope| {
        let _ends = Ends(&run.is_over);
        scope.spawn(|| {
            // As steadily as the machine allows: what it cannot do in time is not made up for.
            let mut due = Instant::now();
            let jobs = jobs;
            for id in 1_u64.. {
                if run.is_over.load(Ordering::Relaxed) {
                    break;
                }
                jobs.send(id).expect("workers");
                due = (due + Duration::from_secs(1) / RATE).max(Instant::now());
                thread::sleep(due.saturating_duration_since(Instant::now()));
            }
        });
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let job = queue.lock().expect("the queue").recv();
                    let Ok(id) = job else { break };
                    run.line.send(&run.tally, Kind::of(id), id);
                }
            });
        }
        scope.spawn(|| events::talk(&run.line, &run.tally, &run.is_over));

        let mut faults = Fault::plan(limit, &mut random);
        let extra = faults.len() - Fault::ALL.len();
        // On a slow machine the first of each may take longer than the time there is.
        while start.elapsed() < limit || faults.len() > extra {
            held.sample(site.session());
            site.notice_crash(&run);
            run.tally.check(false);
            match faults.next_if(|(when, _)| *when <= start.elapsed()) {
                Some((_, fault)) => site.suffer(fault, &run, &mut random, &mut held),
                None => thread::sleep(Duration::from_millis(250)),
            }
        }
    });

    let seconds = start.elapsed().as_secs_f64();
    run.tally.check(true);
    let session = site.session();
    run.line.check_all_kept(&run.tally);
    held.check_idle(session);
    let rate = f64::from(u32::try_from(run.tally.count()).unwrap_or_default()) / seconds;
    println!("\n{seconds:.0} s at {rate:.1} events a second\n\n{}\n{}", run.tally.table(), held.table());
    held.check_growth();
}

/// What is made once is made before anything is counted.
fn warm_up(session: &Session) {
    thread::scope(|scope| {
        for number in 0..WORKERS {
            scope.spawn(move || {
                for round in 0..10 {
                    session.get(&format!("/counter/warm-up/{number}-{round}")).ok();
                }
            });
        }
    });
}
