//! Everything that reads what somebody else wrote, given what nobody would write.
//!
//! Inputs are made of those in `tests/corpus`, by [`mutate`]. They follow from a seed, which is printed, and which
//! `DARTFLARE_FUZZ_SEED` sets. Unset it is always the same, so that a change fails by what it changed and not by chance;
//! `make fuzz` takes another each time. `DARTFLARE_FUZZ_MINUTES` goes on for longer, `DARTFLARE_FUZZ_ONLY` takes one
//! target. `cargo fuzz` gives the same targets inputs that are guided by coverage.

mod mutate;
mod routers;
mod targets;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use std::{env, fs};

use self::mutate::Mutator;
use self::targets::{TARGETS, Target};

/// How many inputs one thread takes at a time. Each such chunk has random numbers of its own.
const CHUNK: u32 = 500;

/// What no input may take, on the busiest machine.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// By how much the process may grow with the inputs that are being read.
const MEMORY_LIMIT: u64 = 512 << 20;

/// What Rust gives to threads, and less than the main thread has.
const STACK: usize = 2 << 20;

/// What a thread is at.
#[derive(Default)]
struct Slot {
    since: AtomicU64,
    input: Mutex<(&'static str, Vec<u8>)>,
}

struct Run {
    seed: u64,
    start: Instant,
    counts: Vec<AtomicU64>,
    micros: Vec<AtomicU64>,
    failures: Mutex<Vec<String>>,
    is_over: AtomicBool,
}

#[test]
fn no_input_does_harm() {
    let seed = seed();
    let minutes = number("DARTFLARE_FUZZ_MINUTES");
    let only = env::var("DARTFLARE_FUZZ_ONLY").ok().filter(|only| !only.is_empty());
    println!("DARTFLARE_FUZZ_SEED={seed}");
    let run = Run {
        seed,
        start: Instant::now(),
        counts: TARGETS.iter().map(|_| AtomicU64::new(0)).collect(),
        micros: TARGETS.iter().map(|_| AtomicU64::new(0)).collect(),
        failures: Mutex::default(),
        is_over: AtomicBool::new(false),
    };
    let end = minutes.map(|minutes| run.start + Duration::from_secs(60 * minutes));
    let chunks: Vec<(usize, u32)> = TARGETS
        .iter()
        .enumerate()
        .filter(|(_, target)| only.as_ref().is_none_or(|only| only == target.name))
        .flat_map(|(at, target)| (0..target.thousands * 1000 / CHUNK).map(move |chunk| (at, chunk)))
        .collect();
    let corpora: Vec<_> = TARGETS.iter().map(|target| corpus(target.name)).collect();
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(2, usize::from).min(8);
    let slots: Vec<Slot> = (0..threads).map(|_| Slot::default()).collect();
    let (run, chunks, corpora, next) = (&run, &chunks, &corpora, &next);
    thread::scope(|scope| {
        scope.spawn(|| watch(&slots, run));
        let workers: Vec<_> = slots
            .iter()
            .map(|slot| {
                scope.spawn(move || {
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let is_late = end.is_none_or(|end| Instant::now() > end);
                        let round = at / chunks.len();
                        if (round > 0 && is_late) || !failures(run).is_empty() {
                            break;
                        }
                        let (target, chunk) = chunks[at % chunks.len()];
                        let chunk = chunk + u32::try_from(round).unwrap_or_default() * 10_000;
                        // A stack that overflows ends the process with the name of its thread, and nothing else.
                        let name = format!("{} {chunk} of {seed}", TARGETS[target].name);
                        let inputs = &corpora[target];
                        let worker = thread::Builder::new().name(name).stack_size(STACK);
                        let worker =
                            worker.spawn_scoped(scope, move || take(run, slot, target, chunk, inputs));
                        worker.expect("a thread").join().expect("its end");
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.join().expect("its end");
        }
        run.is_over.store(true, Ordering::Relaxed);
    });

    let mut total = 0;
    for (at, target) in TARGETS.iter().enumerate() {
        let count = run.counts[at].load(Ordering::Relaxed);
        total += count;
        let micros = run.micros[at].load(Ordering::Relaxed).checked_div(count).unwrap_or_default();
        println!("{:<16} {count:>9} inputs, {micros:>5} microseconds each", target.name);
    }
    println!("{total} inputs in {:.1} s on {threads} threads", run.start.elapsed().as_secs_f64());
    let failures = failures(run);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn cargo_fuzz_has_the_same_targets() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("its manifest");
    for Target { name, .. } in TARGETS {
        let source = fs::read_to_string(folder.join(format!("targets/{name}.rs"))).expect("its source");
        assert!(source.contains(&format!("dartflare::fuzz::read(\"{name}\", input)")), "{name}: {source}");
        assert!(manifest.contains(&format!("name = \"{name}\"\npath = \"targets/{name}.rs\"\n")), "{name}");
    }
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().filter(|text| !text.is_empty()).and_then(|text| text.parse().ok())
}

fn seed() -> u64 {
    number("DARTFLARE_FUZZ_SEED").unwrap_or(1)
}

fn failures(run: &Run) -> std::sync::MutexGuard<'_, Vec<String>> {
    run.failures.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives a target the inputs of one chunk.
fn take(run: &Run, slot: &Slot, at: usize, chunk: u32, corpus: &[Vec<u8>]) {
    let target = &TARGETS[at];
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path().canonicalize().expect("its path");
    let seed = run.seed ^ (u64::from(chunk) << 32) ^ ((at as u64) << 56);
    let mut mutator = Mutator::new(seed, corpus, target.words);
    let start = Instant::now();
    for number in 0..CHUNK as usize {
        // First what is kept, as it is.
        let kept = corpus.get(number).filter(|_| chunk == 0);
        let input = kept.cloned().unwrap_or_else(|| mutator.next());
        {
            let mut current = slot.input.lock().unwrap_or_else(PoisonError::into_inner);
            current.0 = target.name;
            current.1.clone_from(&input);
        }
        slot.since.store(millis(run) + 1, Ordering::Relaxed);
        let outcome = catch_unwind(AssertUnwindSafe(|| (target.read)(&input, &folder)));
        slot.since.store(0, Ordering::Relaxed);
        run.counts[at].fetch_add(1, Ordering::Relaxed);
        if let Err(panic) = outcome {
            let file = keep(target.name, &input);
            failures(run).push(format!(
                "{}: {}\nthe input is in {}",
                target.name,
                text(&*panic),
                file.display()
            ));
            break;
        }
    }
    let micros = u64::try_from(start.elapsed().as_micros()).unwrap_or_default();
    run.micros[at].fetch_add(micros, Ordering::Relaxed);
}

fn millis(run: &Run) -> u64 {
    u64::try_from(run.start.elapsed().as_millis()).unwrap_or_default()
}

fn text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic")
}

/// Writes an input down that did harm.
fn keep(target: &str, input: &[u8]) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/fuzz");
    let sum = input.iter().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(*byte)));
    let file = folder.join(format!("{target}-{sum:08x}"));
    fs::create_dir_all(folder).expect("a folder");
    fs::write(&file, input).expect("the input written");
    file
}

/// Ends the process when an input takes too long or too much.
fn watch(slots: &[Slot], run: &Run) {
    let before = memory();
    while !run.is_over.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(20));
        let is_large = memory() > before + MEMORY_LIMIT;
        for slot in slots {
            let since = slot.since.load(Ordering::Relaxed);
            let is_late = since > 0 && u128::from(millis(run).saturating_sub(since)) > TIME_LIMIT.as_millis();
            if since > 0 && (is_late || is_large) {
                let input = slot.input.lock().unwrap_or_else(PoisonError::into_inner);
                let file = keep(input.0, &input.1);
                eprintln!("{} takes too much time or memory: {}", input.0, file.display());
                if is_late {
                    std::process::exit(101);
                }
            }
        }
        if is_large {
            std::process::exit(101);
        }
    }
}

/// The resident memory of this process, in bytes; nothing where there is no `/proc`.
fn memory() -> u64 {
    let text = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse().ok()).map_or(0, |pages: u64| pages * 4096)
}

/// The inputs that are kept for a target.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files.into_iter().map(|file| fs::read(file).expect("an input")).collect()
}
