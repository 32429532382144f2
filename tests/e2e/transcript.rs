//! What a program has written so far, and waiting for more of it.

use std::io::{BufRead as _, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// Far more than anything takes on a busy machine; only a failure waits this long.
const LIMIT: Duration = Duration::from_secs(60);

/// Both streams of a program, read to their ends by threads.
#[derive(Debug, Clone)]
pub(crate) struct Transcript(Arc<(Mutex<State>, Condvar)>);

#[derive(Debug, Default)]
struct State {
    stdout: String,
    stderr: String,
    /// Both, in the order of arrival.
    text: String,
    open: usize,
}

impl Transcript {
    /// Begins to read.
    pub(crate) fn of(stdout: impl Read + Send + 'static, stderr: impl Read + Send + 'static) -> Self {
        let transcript = Self(Arc::new((Mutex::new(State { open: 2, ..State::default() }), Condvar::new())));
        transcript.clone().read(stdout, |state| &mut state.stdout);
        transcript.clone().read(stderr, |state| &mut state.stderr);
        transcript
    }

    fn read(self, from: impl Read + Send + 'static, stream: fn(&mut State) -> &mut String) {
        thread::spawn(move || {
            let mut from = BufReader::new(from);
            let mut line = Vec::new();
            loop {
                line.clear();
                let read = from.read_until(b'\n', &mut line);
                let mut state = self.0.0.lock().expect("the transcript");
                match read {
                    Ok(0) | Err(_) => {
                        state.open -= 1;
                        self.0.1.notify_all();
                        return;
                    }
                    Ok(_) => {
                        let line = String::from_utf8_lossy(&line);
                        stream(&mut state).push_str(&line);
                        state.text.push_str(&line);
                        self.0.1.notify_all();
                    }
                }
            }
        });
    }

    /// All of it.
    pub(crate) fn text(&self) -> String {
        self.0.0.lock().expect("the transcript").text.clone()
    }

    pub(crate) fn stdout(&self) -> String {
        self.0.0.lock().expect("the transcript").stdout.clone()
    }

    pub(crate) fn stderr(&self) -> String {
        self.0.0.lock().expect("the transcript").stderr.clone()
    }

    /// How much there is by now; what comes later begins here.
    pub(crate) fn len(&self) -> usize {
        self.0.0.lock().expect("the transcript").text.len()
    }

    /// Waits until what was written from `start` on satisfies `is_enough`, and returns it.
    #[track_caller]
    pub(crate) fn wait_from(&self, start: usize, is_enough: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + LIMIT;
        let (state, changed) = &*self.0;
        let mut state = state.lock().expect("the transcript");
        loop {
            if is_enough(&state.text[start..]) {
                return state.text[start..].to_owned();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if state.open == 0 || left.is_zero() {
                let why =
                    if left.is_zero() { "did not come in time" } else { "never came: the program ended" };
                let text = state.text.clone();
                drop(state);
                panic!(
                    "what the test waits for {why}\n--- transcript from byte {start} on is awaited\n{text}---"
                );
            }
            state = changed.wait_timeout(state, left).expect("the transcript").0;
        }
    }

    /// Whether what was written from `start` on satisfies `is_enough` before `limit` is over.
    pub(crate) fn comes_from(&self, start: usize, limit: Duration, is_enough: impl Fn(&str) -> bool) -> bool {
        let deadline = Instant::now() + limit;
        let (state, changed) = &*self.0;
        let mut state = state.lock().expect("the transcript");
        loop {
            if is_enough(&state.text[start..]) {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if state.open == 0 || left.is_zero() {
                return false;
            }
            state = changed.wait_timeout(state, left).expect("the transcript").0;
        }
    }

    /// Waits until both streams have ended.
    pub(crate) fn wait_for_end(&self) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().expect("the transcript");
        while state.open > 0 {
            let (next, waited) = changed.wait_timeout(state, LIMIT).expect("the transcript");
            assert!(!waited.timed_out(), "someone holds the program's streams open");
            state = next;
        }
    }
}
