//! The one port of a run that bridge and Dart VM connect to.
//!
//! The bridge cannot know whether the program is being compiled, is broken, or has moved to another isolate, and the
//! port in its configuration must hold for the whole run. So its connections end here: each waits while the program is
//! being replaced, learns of a compile error, or is joined to the isolate that runs the program now.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize as _;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::time::{Instant, timeout};

use super::frame::{self, Frame, Hello, PROTOCOL};
use crate::diagnostic::{Code, Diagnostic};
use crate::error::Error;

/// How long a connection may take to say who it is.
const HELLO_LIMIT: Duration = Duration::from_secs(10);

/// How many connections may be about to say who they are. One more, and the oldest of them goes: with all descriptors of
/// this process in the hands of strangers, no event would be taken. The bridge's own say it as they come.
const STRANGERS: usize = 512;

/// What of the first frames that are not yet whole is kept in memory, all together.
const UNKNOWN_BYTES: usize = 64 << 20;

/// How long an event waits for a program that is being started or mended. An object that is being constructed is given
/// 30 s by the platform.
const PROGRAM_LIMIT: Duration = Duration::from_secs(25);

/// A secret that only what this run starts knows.
pub(crate) fn new_token() -> crate::error::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        Error::Environment(Diagnostic::error(
            Code::SystemRefused,
            format!("the system gave no random numbers: {error}"),
        ))
    })?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}

/// The user's program, as the events see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Program {
    /// It is being compiled, started or replaced: events wait.
    Starting,
    /// The isolate with this number takes events.
    Ready { app: u64 },
    /// It cannot run: events are told.
    Broken(Failure),
}

/// Why the program cannot run, as the client of a request reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// `compile` or `start`.
    pub(crate) kind: &'static str,
    pub(crate) title: String,
    pub(crate) detail: String,
}

/// A Dart VM, or a program with tests, that introduced itself.
#[derive(Debug)]
pub(crate) struct VmConnection {
    pub(crate) stream: TcpStream,
    pub(crate) hello: Frame,
    /// What the Dart package states.
    pub(crate) protocol: u64,
}

/// The program's isolates: the one that runs it now, and retired ones that still finish their events.
#[derive(Debug, Clone, Default)]
pub(crate) struct Apps(Arc<Mutex<HashMap<u64, App>>>);

#[derive(Debug)]
struct App {
    port: u16,
    /// Dropped when the isolate is gone. The system does not close the sockets of an isolate that was killed.
    lives: watch::Sender<()>,
}

impl Apps {
    pub(crate) fn add(&self, app: u64, port: u16) {
        self.lock().insert(app, App { port, lives: watch::channel(()).0 });
    }

    /// Closes the connections of an isolate that is gone.
    pub(crate) fn remove(&self, app: u64) {
        self.lock().remove(&app);
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn find(&self, app: u64) -> Option<(u16, watch::Receiver<()>)> {
        self.lock().get(&app).map(|app| (app.port, app.lives.subscribe()))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, App>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins a connection of the bridge with a new one to the isolate `app`; gives it back if there is none.
    async fn join(&self, mut bridge: TcpStream, first: &Frame, app: u64) -> Result<(), TcpStream> {
        let Some((port, mut lives)) = self.find(app) else { return Err(bridge) };
        let Ok(mut vm) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else { return Err(bridge) };
        if vm.set_nodelay(true).is_err() || vm.write_all(&first.bytes).await.is_err() {
            return Err(bridge);
        }
        // The program answers a first frame before it does anything else. Until then an isolate that ends has not begun
        // the event, and another can take it.
        let mut byte = [0];
        tokio::select! {
            heard = vm.peek(&mut byte) => if !matches!(heard, Ok(1..)) {
                return Err(bridge);
            },
            _ = lives.changed() => return Err(bridge),
        }
        tokio::select! {
            // Whichever end broke, both see it.
            _ = copy_bidirectional(&mut bridge, &mut vm) => {}
            _ = lives.changed() => {}
        }
        Ok(())
    }
}

/// Serves connections until its task is aborted.
#[derive(Clone)]
pub(crate) struct Relay {
    token: Arc<str>,
    program: watch::Receiver<Program>,
    apps: Apps,
    on_vm: Arc<dyn Fn(VmConnection) + Send + Sync>,
    memory: Arc<Semaphore>,
}

impl Relay {
    /// Joins the bridge with whatever `program` says runs; a VM that introduces itself goes to `on_vm`.
    pub(crate) fn new(
        token: &str,
        program: watch::Receiver<Program>,
        apps: Apps,
        on_vm: impl Fn(VmConnection) + Send + Sync + 'static,
    ) -> Self {
        let memory = Arc::new(Semaphore::new(UNKNOWN_BYTES));
        Self { token: token.into(), program, apps, on_vm: Arc::new(on_vm), memory }
    }

    pub(crate) async fn serve(self, listener: TcpListener) {
        let mut strangers = VecDeque::new();
        loop {
            // Accepting fails when the process has no descriptor left; the next connection may find one.
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            if strangers.len() == STRANGERS {
                strangers.retain(|stranger: &oneshot::Sender<()>| !stranger.is_closed());
            }
            if strangers.len() == STRANGERS {
                strangers.pop_front();
            }
            let (stranger, is_crowded_out) = oneshot::channel();
            strangers.push_back(stranger);
            let relay = self.clone();
            tokio::spawn(async move {
                // A connection that breaks is seen by both of its ends.
                let _ = relay.handle(stream, is_crowded_out).await;
            });
        }
    }

    async fn handle(self, mut stream: TcpStream, is_crowded_out: oneshot::Receiver<()>) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let first = tokio::select! {
            first = timeout(HELLO_LIMIT, frame::read_first(&mut stream, &self.memory)) => {
                first.map_err(io::Error::from)??
            }
            _ = is_crowded_out => None,
        };
        let Some(first) = first else { return Ok(()) };
        let Ok(hello) = Hello::deserialize(&first.message) else { return Ok(()) };
        // Anyone on this machine, a web page too, can connect; only what this run started knows the token.
        if !same(hello.token.as_bytes(), self.token.as_bytes()) {
            return Ok(());
        }
        match hello.t.as_str() {
            "vm" | "test" => {
                (self.on_vm)(VmConnection { stream, protocol: hello.protocol, hello: first });
                Ok(())
            }
            "event" if hello.protocol == PROTOCOL => self.event(stream, &first, &hello).await,
            "section" => {
                let _ = self.apps.join(stream, &first, hello.app).await;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn event(mut self, mut stream: TcpStream, first: &Frame, hello: &Hello) -> io::Result<()> {
        let deadline = Instant::now() + PROGRAM_LIMIT;
        loop {
            let program = self.program.borrow_and_update().clone();
            match &program {
                Program::Ready { app } => match self.apps.join(stream, first, *app).await {
                    Ok(()) => return Ok(()),
                    // The isolate has just died, and the news is on its way.
                    Err(unjoined) => stream = unjoined,
                },
                // A client reads what is wrong at once. An alarm that failed would be given up after a few tries, so
                // what has no reader waits for the mended program.
                Program::Broken(failure) if !hello.waits => return fail(&mut stream, failure).await,
                Program::Starting | Program::Broken(_) => {}
            }
            match tokio::time::timeout_at(deadline, self.program.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Ok(()),
                Err(_) => {
                    let failure = match program {
                        Program::Broken(failure) => failure,
                        Program::Starting | Program::Ready { .. } => Failure {
                            kind: "unavailable",
                            title: format!(
                                "the Dart program was not ready within {} s",
                                PROGRAM_LIMIT.as_secs()
                            ),
                            detail: "see the terminal that `dartflare dev` runs in".to_owned(),
                        },
                    };
                    return fail(&mut stream, &failure).await;
                }
            }
        }
    }
}

async fn fail(stream: &mut TcpStream, failure: &Failure) -> io::Result<()> {
    let Failure { kind, title, detail } = failure;
    frame::write(stream, &json!({ "t": "fail", "kind": kind, "title": title, "detail": detail })).await?;
    // Closing with bytes unread would reset the connection before the frame is read; the bridge closes first.
    let mut rest = [0; 1024];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

/// Compares in a time that does not tell how much was right.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}
