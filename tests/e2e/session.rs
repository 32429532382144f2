//! A `dartflare dev` that runs while a test talks to it.

use std::ops::Deref;
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use ureq::http::{Request, Response};
use ureq::{Agent, Body};

use crate::answer::Answer;
use crate::compiled;
use crate::processes::{self, Found, eventually};
use crate::project::Project;
use crate::transcript::Transcript;

/// How many sessions run at once: each is a Dart compiler, a bundler and a workerd.
const AT_ONCE: usize = 2;

static RUNNING: (Mutex<usize>, Condvar) = (Mutex::new(0), Condvar::new());

/// The right to run a session.
pub(crate) struct Turn;

impl Turn {
    pub(crate) fn take() -> Self {
        let mut running = RUNNING.0.lock().expect("the count");
        while *running == AT_ONCE {
            running = RUNNING.1.wait(running).expect("the count");
        }
        *running += 1;
        Self
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *RUNNING.0.lock().expect("the count") -= 1;
        RUNNING.1.notify_one();
    }
}

/// What the program runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Host {
    /// `dartflare dev`.
    Vm,
    /// The host for compiled programs, in the Worker that is deployed; the compiler is left out.
    Js,
    /// `dartflare dev --engine` with this word, which compiles: it needs a real Dart SDK.
    Compiled(&'static str),
}

/// How long anything may take to end.
const END_LIMIT: Duration = Duration::from_secs(15);

/// A running `dartflare dev`. Dropping it ends it and asserts that nothing of it is left.
pub(crate) struct Session {
    child: Child,
    mark: String,
    transcript: Transcript,
    url: String,
    agent: Agent,
    is_over: bool,
    /// Whether what the program prints comes through wrangler, among what that says itself.
    is_compiled: bool,
    project: Project,
    _turn: Option<Turn>,
}

/// The files of the project are read and edited through its session.
impl Deref for Session {
    type Target = Project;

    fn deref(&self) -> &Project {
        &self.project
    }
}

impl Session {
    /// Runs a copy of the example or fixture of this name until it is ready.
    #[track_caller]
    pub(crate) fn start(name: &str) -> Self {
        Self::start_on(Host::Vm, name)
    }

    /// As [`Self::start`], on `host`.
    #[track_caller]
    pub(crate) fn start_on(host: Host, name: &str) -> Self {
        Self::start_in_on(host, Project::copy(name), &[])
    }

    /// Runs `project` until it is ready; `args` are added to the command.
    #[track_caller]
    pub(crate) fn start_in(project: Project, args: &[&str]) -> Self {
        Self::start_in_on(Host::Vm, project, args)
    }

    /// As [`Self::start_in`], on `host`.
    #[track_caller]
    pub(crate) fn start_in_on(host: Host, project: Project, args: &[&str]) -> Self {
        Self::start_with(host, project, args, Some(Turn::take()))
    }

    /// Runs a copy of the example or fixture of this name, as part of the same test, until it is ready; its Worker and
    /// that of this session find each other.
    #[track_caller]
    pub(crate) fn start_beside(&self, name: &str) -> Self {
        self.start_in_beside(self.project.beside(name), &[])
    }

    /// As [`Self::start_beside`], with a copy that the test has made.
    #[track_caller]
    #[allow(clippy::unused_self, reason = "it lends its turn")]
    pub(crate) fn start_in_beside(&self, project: Project, args: &[&str]) -> Self {
        Self::start_with(Host::Vm, project, args, None)
    }

    /// Runs `project` until it is ready, for a test that has a [`Turn`] already.
    #[track_caller]
    pub(crate) fn start_without_turn(project: Project) -> Self {
        Self::start_with(Host::Vm, project, &[], None)
    }

    #[track_caller]
    fn start_with(host: Host, project: Project, args: &[&str], turn: Option<Turn>) -> Self {
        let mut session = match host {
            Host::Vm => Self::run(project, Project::dev, &[&["--port", "0"], args].concat(), turn),
            Host::Compiled(engine) => {
                let dart = compiled::sdk().expect("a Dart SDK");
                let engine = ["--port", "0", "--engine", engine, "--dart", &dart];
                Self::run(project, Project::dev, &[&engine, args].concat(), turn)
            }
            Host::Js => Self::run(project, Project::serve, args, turn),
        };
        session.is_compiled = matches!(host, Host::Compiled(_));
        let text = session.wait_for(|text| ready_url(text).is_some());
        ready_url(&text).expect("a URL").clone_into(&mut session.url);
        session
    }

    /// Runs `project` with these arguments, without waiting for anything.
    #[track_caller]
    pub(crate) fn launch(project: Project, args: &[&str]) -> Self {
        Self::run(project, Project::dev, args, Some(Turn::take()))
    }

    /// Runs `dartflare test` in `project` with these arguments, without waiting for anything.
    #[track_caller]
    pub(crate) fn tests(project: Project, args: &[&str]) -> Self {
        Self::run(project, Project::tests, args, Some(Turn::take()))
    }

    #[track_caller]
    fn run(
        project: Project,
        command: impl FnOnce(&Project, &str) -> Command,
        args: &[&str],
        turn: Option<Turn>,
    ) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let mark = format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut child = command(&project, &mark).args(args).spawn().expect("the program runs");
        let stdout = child.stdout.take().expect("stdout");
        let stderr = child.stderr.take().expect("stderr");
        Self {
            child,
            mark,
            transcript: Transcript::of(stdout, stderr),
            url: String::new(),
            agent: agent(true),
            is_over: false,
            is_compiled: false,
            project,
            _turn: turn,
        }
    }

    // What it says.

    /// Waits until all that was written satisfies `is_enough`, and returns it.
    #[track_caller]
    pub(crate) fn wait_for(&self, is_enough: impl Fn(&str) -> bool) -> String {
        self.transcript.wait_from(0, is_enough)
    }

    /// How much is written by now, for [`Self::wait_from`].
    pub(crate) fn now(&self) -> usize {
        self.transcript.len()
    }

    /// Waits until what was written from `start` on satisfies `is_enough`, and returns it.
    #[track_caller]
    pub(crate) fn wait_from(&self, start: usize, is_enough: impl Fn(&str) -> bool) -> String {
        self.transcript.wait_from(start, is_enough)
    }

    pub(crate) fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// What the program has printed; of a compiled one, among all that was said.
    pub(crate) fn printed(&self) -> String {
        if self.is_compiled { self.transcript.text() } else { self.transcript.stdout() }
    }

    /// Does `change`, which saves a file, and waits until wrangler runs the program that was compiled from it.
    #[track_caller]
    pub(crate) fn rebuild(&self, change: impl FnOnce(&Project)) -> String {
        let start = self.now();
        change(&self.project);
        self.wait_from(start, |text| text.contains("rebuilt in ") && text.contains("updated and ready"))
    }

    /// Does `change`, which saves a file, and waits until the program has taken it up.
    #[track_caller]
    pub(crate) fn reload(&self, change: impl FnOnce(&Project)) -> String {
        let start = self.now();
        change(&self.project);
        self.wait_from(start, |text| text.contains("reloaded in "))
    }

    // What it answers.

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[], b"")
    }

    #[track_caller]
    pub(crate) fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.try_request(method, path, headers, body).unwrap_or_else(|error| {
            panic!("{method} {path}: {error}\n--- transcript\n{}---", self.transcript.text())
        })
    }

    pub(crate) fn try_request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, ureq::Error> {
        self.open(&self.agent, method, path, headers, body).and_then(Answer::read)
    }

    /// Sends a request and returns once the response's headers are here.
    pub(crate) fn open(
        &self,
        agent: &Agent,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Response<Body>, ureq::Error> {
        let mut request = Request::builder().method(method).uri(self.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        // With an empty body a `content-length` would be sent.
        if body.is_empty() {
            agent.run(request.body(()).expect("a request"))
        } else {
            agent.run(request.body(body).expect("a request"))
        }
    }

    // What it consists of.

    /// Its processes, `dartflare` itself among them.
    pub(crate) fn processes(&self) -> Vec<Found> {
        processes::marked(&self.mark)
    }

    pub(crate) fn dartflare(&self) -> Found {
        self.process("dartflare dev")
    }

    pub(crate) fn dart_vm(&self) -> Found {
        self.process("--enable-vm-service")
    }

    /// The one process whose command line holds `part`.
    #[track_caller]
    pub(crate) fn process(&self, part: &str) -> Found {
        eventually(&format!("a process with `{part}`"), END_LIMIT, || {
            self.processes().into_iter().find(|found| found.command.contains(part))
        })
    }

    // How it ends.

    /// Sends `signal` to `dartflare` and returns how it ended. Asserts that nothing is left.
    #[track_caller]
    pub(crate) fn end(mut self, signal: Signal) -> (ExitStatus, String) {
        processes::send(self.child.id(), signal);
        let status = self.await_end();
        (status, self.transcript.text())
    }

    /// Waits until `dartflare` ends by itself. Asserts that nothing is left.
    #[track_caller]
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        let status = self.await_end();
        (status, self.transcript.text())
    }

    #[track_caller]
    fn await_end(&mut self) -> ExitStatus {
        self.is_over = true;
        let (sender, ended) = std::sync::mpsc::channel();
        let pid = self.child.id();
        let transcript = self.transcript.clone();
        // Without a limit of its own, waiting for a process needs a thread that ends it late.
        let guard = thread::spawn(move || {
            if ended.recv_timeout(END_LIMIT).is_err() {
                eprintln!("dartflare did not end\n{}", transcript.text());
                processes::send(pid, Signal::KILL);
                return true;
            }
            false
        });
        let status = self.child.wait().expect("an exit status");
        let _ = sender.send(());
        let was_killed = guard.join().expect("the guard");
        let left = self.processes();
        for found in &left {
            found.signal(Signal::KILL);
        }
        assert!(!was_killed, "`dartflare dev` did not end within {} s", END_LIMIT.as_secs());
        assert!(left.is_empty(), "left behind: {left:#?}\n{}", self.transcript.text());
        for file in [".dartflare.wrangler.json", ".dart_tool/dartflare/dev"] {
            assert!(!self.path(file).exists(), "`{file}` is left behind");
        }
        // All that was written is read.
        self.transcript.wait_for_end();
        status
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        processes::send(self.child.id(), Signal::TERM);
        if thread::panicking() {
            eprintln!("--- transcript\n{}---", self.transcript.text());
            // A second panic would hide the first.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.await_end()));
        } else {
            let status = self.await_end();
            assert!(status.success(), "{status}\n{}", self.transcript.text());
        }
    }
}

/// A client; without `reuses_connections` each request opens one of its own.
pub(crate) fn agent(reuses_connections: bool) -> Agent {
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(60)));
    if !reuses_connections {
        config = config.max_idle_connections(0);
    }
    config.build().into()
}

fn ready_url(text: &str) -> Option<&str> {
    let line = text.lines().find(|line| line.trim_start().starts_with("ready "))?;
    line.split_whitespace().nth(1)
}
