//! The events, how they are sent, and where what they wrote is found again.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io;
use std::net::TcpStream;
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tungstenite::client::IntoClientRequest as _;
use tungstenite::{Message, WebSocket};
use ureq::Agent;
use ureq::http::Request;

use super::faults::Fault;
use super::tally::{Outcome, Tally};
use crate::answer::Answer;
use crate::processes::eventually;
use crate::session::{Session, agent};

/// How long a connection that is refused is tried again.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long what happens by itself may take: an alarm that failed is tried again after twice as long each time.
const SETTLED: Duration = Duration::from_secs(90);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Kv,
    D1,
    R2,
    Counter,
    Clock,
    Queue,
    WaitUntil,
    Cron,
    Stream,
    Message,
}

impl Kind {
    /// As often as an application uses them, roughly.
    pub(super) fn of(id: u64) -> Self {
        match id % 20 {
            0..=3 => Self::Kv,
            4..=6 => Self::D1,
            7..=8 => Self::R2,
            9..=12 => Self::Counter,
            13..=14 => Self::Clock,
            15..=16 => Self::Queue,
            17 => Self::WaitUntil,
            18 => Self::Stream,
            _ => Self::Cron,
        }
    }

    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Kv => "kv",
            Self::D1 => "d1",
            Self::R2 => "r2",
            Self::Counter => "counter",
            Self::Clock => "clock",
            Self::Queue => "queue",
            Self::WaitUntil => "wait-until",
            Self::Cron => "cron",
            Self::Stream => "stream",
            Self::Message => "WebSocket message",
        }
    }

    /// Where all that was kept is listed; nothing for what keeps nothing.
    fn listings(self) -> Vec<String> {
        match self {
            Self::Counter | Self::Clock => {
                (0..OBJECTS).map(|object| format!("/{}/{object}/ids", self.path())).collect()
            }
            Self::Stream | Self::Message => Vec::new(),
            _ => vec![format!("/{}/ids", self.path())],
        }
    }
}

/// How many objects of each class there are.
const OBJECTS: u64 = 5;

/// The clients, and where they find the Worker.
pub(super) struct Line {
    url: RwLock<String>,
    lasting: Agent,
    fresh: Agent,
    /// Whether no more may be put on the queue.
    holds_queue: AtomicBool,
}

impl Line {
    pub(super) fn new(session: &Session) -> Self {
        Self {
            url: RwLock::new(session.url("")),
            lasting: agent(true),
            fresh: agent(false),
            holds_queue: AtomicBool::new(false),
        }
    }

    pub(super) fn moved(&self, session: &Session) {
        *self.url.write().expect("the URL") = session.url("");
    }

    fn url(&self) -> String {
        self.url.read().expect("the URL").clone()
    }

    fn ask(&self, method: &str, path: &str, body: &[u8], is_fresh: bool) -> Result<Answer, ureq::Error> {
        let agent = if is_fresh { &self.fresh } else { &self.lasting };
        let request = Request::builder().method(method).uri(self.url() + path);
        let response = if body.is_empty() {
            agent.run(request.body(()).expect("a request"))?
        } else {
            agent.run(request.body(body).expect("a request"))?
        };
        Answer::read(response)
    }

    /// Sends one event, and notes what came of it.
    pub(super) fn send(&self, tally: &Tally, kind: Kind, id: u64) {
        let kind =
            if kind == Kind::Queue && self.holds_queue.load(Ordering::Relaxed) { Kind::Kv } else { kind };
        let path = match kind {
            Kind::Counter | Kind::Clock => format!("/{}/{}/{id}", kind.path(), id % OBJECTS),
            Kind::Cron => format!("/cdn-cgi/handler/scheduled?cron=0+0+1+1+*&time={id}"),
            _ => format!("/{}/{id}", kind.path()),
        };
        // Where a body is not read, or its connection has just been closed, wrangler's proxy says that the Worker was
        // restarted, of a Worker in JavaScript too. What has no body it asks for again.
        let (method, body) = match kind {
            Kind::R2 | Kind::Stream => {
                ("POST", vec![b'x'; usize::try_from(1 + id * 7919 % 100_000).unwrap_or_default()])
            }
            _ => ("GET", Vec::new()),
        };
        let start = Instant::now();
        let deadline = start + PATIENCE;
        loop {
            match self.ask(method, &path, &body, id.is_multiple_of(2)) {
                Ok(answer) if answer.status < 300 => {
                    let is_right = match kind {
                        Kind::Kv => answer.body == id.to_string().into_bytes(),
                        Kind::R2 => answer.body == body.len().to_string().into_bytes(),
                        Kind::Stream => {
                            answer.body.len() == body.len()
                                && answer.body.iter().all(|byte| *byte == b'x' ^ 1)
                        }
                        _ => true,
                    };
                    // Wrangler's proxy ends a response in good order when the stream that it is made of fails.
                    if !is_right && kind == Kind::Stream && tally.is_excused(start, Fault::ends_program) {
                        return tally.add(kind, id, start, Outcome::CutOff);
                    }
                    if !is_right {
                        let body = String::from_utf8_lossy(&answer.body);
                        tally.wrong(format!("{path}: another answer: {body:.200}"));
                    }
                    return tally.add(kind, id, start, Outcome::Acknowledged);
                }
                Ok(answer) => {
                    let text = String::from_utf8_lossy(&answer.body).into_owned();
                    // Wrangler answers in place of a cron trigger.
                    let is_trigger = kind == Kind::Cron && text == "exception";
                    let why = if is_trigger { "exception" } else { answer.header("x-dartflare-error") };
                    if method == "POST" && answer.status == 503 && text.contains("restarted mid-request") {
                        return tally.add(kind, id, start, Outcome::NotPassedOn);
                    }
                    if !tally.is_excused(start, |fault| fault.explains(answer.status, why)) {
                        tally.wrong(format!("{path}: {} `{why}` {text:.300}", answer.status));
                    }
                    return tally.add(kind, id, start, Outcome::Told);
                }
                Err(error) => {
                    if !tally.is_excused(start, Fault::cuts_connections) {
                        tally.wrong(format!("{path}: {error}"));
                    }
                    if !is_refused(&error) {
                        return tally.add(kind, id, start, Outcome::CutOff);
                    }
                    tally.refused();
                    if Instant::now() > deadline {
                        return tally.wrong(format!("{path}: refused for {} s", PATIENCE.as_secs()));
                    }
                    // A client that tries again does not try at once.
                    thread::sleep(Duration::from_millis(100));
                }
            }
        }
    }

    fn listed(&self, kind: Kind) -> BTreeSet<u64> {
        let mut ids = BTreeSet::new();
        for path in kind.listings() {
            let answer = self.ask("GET", &path, b"", false).unwrap_or_else(|error| panic!("{path}: {error}"));
            for id in answer.ok().lines() {
                let id = id.parse().unwrap_or_else(|_| panic!("{path}: {id}"));
                assert!(ids.insert(id), "{path}: {id} is there twice");
            }
        }
        ids
    }

    /// The acknowledged ones that are not to be found.
    fn missing(&self, tally: &Tally, kind: Kind) -> Vec<u64> {
        let asked = tally.acknowledged(kind);
        let listed = self.listed(kind);
        asked.into_iter().filter(|id| !listed.contains(id)).collect()
    }

    /// Waits until all that was queued has been consumed, after which none is taken until [`Self::opens_queue`]:
    /// wrangler keeps queues in memory.
    #[track_caller]
    pub(super) fn drain_queue(&self, tally: &Tally) {
        self.holds_queue.store(true, Ordering::Relaxed);
        // One that is under way was begun before.
        eventually("the queue is empty", SETTLED, || {
            let mut missing = self.missing(tally, Kind::Queue);
            missing.retain(|id| {
                !tally.ended_after(Kind::Queue, *id, Duration::from_secs(10), |fault| fault == Fault::Crash)
            });
            missing.is_empty().then_some(())
        });
    }

    pub(super) fn opens_queue(&self) {
        self.holds_queue.store(false, Ordering::Relaxed);
    }

    /// Asserts that every acknowledged write is found, and none that was not asked for.
    #[track_caller]
    pub(super) fn check_all_kept(&self, tally: &Tally) {
        let kinds = [
            Kind::Kv,
            Kind::D1,
            Kind::R2,
            Kind::Counter,
            Kind::Clock,
            Kind::Queue,
            Kind::WaitUntil,
            Kind::Cron,
        ];
        for kind in kinds {
            // Alarms and messages come when they come, and a batch of what failed comes again.
            let missing = || {
                let mut missing = self.missing(tally, kind);
                let second = Duration::from_secs(1);
                match kind {
                    Kind::WaitUntil => {
                        missing.retain(|id| !tally.ended_after(kind, *id, second, Fault::ends_program));
                    }
                    // Before all else that ends workerd, the queue is emptied.
                    Kind::Queue => {
                        let is_crash = |fault| fault == Fault::Crash;
                        missing.retain(|id| !tally.ended_after(kind, *id, 10 * second, is_crash));
                    }
                    _ => {}
                }
                missing
            };
            let start = Instant::now();
            let mut lost = missing();
            while !lost.is_empty() && start.elapsed() < SETTLED {
                thread::sleep(Duration::from_millis(250));
                lost = missing();
            }
            assert!(lost.is_empty(), "{}: {} acknowledged and not found: {lost:?}", kind.path(), lost.len());
            let asked: BTreeSet<_> = tally.asked(kind).into_iter().collect();
            let strange: Vec<_> = self.listed(kind).into_iter().filter(|id| !asked.contains(id)).collect();
            assert!(strange.is_empty(), "{}: found and never asked for: {strange:?}", kind.path());
        }
    }

    fn connect(&self) -> Result<WebSocket<TcpStream>, String> {
        let url = self.url().replacen("http", "ws", 1) + "/room";
        let request = url.into_client_request().map_err(|error| error.to_string())?;
        let address = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        let stream = TcpStream::connect(address).map_err(|error| error.to_string())?;
        stream.set_read_timeout(Some(Duration::from_secs(10))).map_err(|error| error.to_string())?;
        tungstenite::client(request, stream).map(|(socket, _)| socket).map_err(|error| error.to_string())
    }
}

fn is_refused(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::Io(error) => error.kind() == io::ErrorKind::ConnectionRefused,
        ureq::Error::ConnectionFailed => true,
        _ => false,
    }
}

/// Talks to a Durable Object over one WebSocket after the other, each for as long as it lasts.
pub(super) fn talk(line: &Line, tally: &Tally, is_over: &AtomicBool) {
    let mut id = 0;
    while !is_over.load(Ordering::Relaxed) {
        let start = Instant::now();
        let mut socket = match line.connect() {
            Ok(socket) => socket,
            Err(error) => {
                if !tally.is_excused(start, Fault::ends_web_sockets) {
                    tally.wrong(format!("no WebSocket: {error}"));
                }
                thread::sleep(Duration::from_millis(100));
                continue;
            }
        };
        while !is_over.load(Ordering::Relaxed) {
            id += 1;
            let start = Instant::now();
            let mut text = String::new();
            let _ = write!(text, "message {id}");
            let answer = socket.send(Message::text(text.clone())).and_then(|()| socket.read());
            match answer {
                Ok(Message::Text(answer)) if answer.as_str() == text => {
                    tally.add(Kind::Message, id, start, Outcome::Acknowledged);
                    thread::sleep(Duration::from_millis(200));
                }
                other => {
                    if !tally.is_excused(start, Fault::ends_web_sockets) {
                        tally.wrong(format!("{text} over the WebSocket: {other:?}"));
                    }
                    tally.add(Kind::Message, id, start, Outcome::CutOff);
                    break;
                }
            }
        }
        let _ = socket.close(None);
        let _ = socket.flush();
    }
}
