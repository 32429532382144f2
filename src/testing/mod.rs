//! `dartflare test`: the project's tests on the Dart VM, its Worker beside them, an environment for each test.
//!
//! Three kinds of processes run. The Worker's program is on a Dart VM as under `dartflare dev`, with the bridge in
//! workerd. The tests are a Dart program of their own; for each environment that a test asks for, the bridge opens an
//! event to it, in a Worker that nobody had before. Wrangler runs these Workers, some at a time: a [`Batch`].

mod batch;
mod files;
mod isolated;
mod migrations;
mod tests_program;

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus};
use std::time::Duration;

use regex::Regex;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use self::batch::{Batch, Plan};
use self::files::TestFile;
use crate::code::Code;
use crate::codegen;
use crate::config::Config;
use crate::dart::entry::Entry;
use crate::dart::locate::Toolchain;
use crate::dart::{messages, packages, uri};
use crate::dev::engine::{EngineEvent, Setup};
use crate::dev::on_vm::OnVm;
use crate::dev::overlay::Overlay;
use crate::dev::relay::{self, VmConnection};
use crate::dev::vm::launcher;
use crate::dev::wrangler_dev::WranglerEvent;
use crate::dev::{self, frame, lock};
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Result};
use crate::printer::Printer;
use crate::process::{Output, Process};
use crate::signals;
use crate::wrangler::Wrangler;

/// Where the files of a run are, from the project.
const FOLDER: &str = ".dart_tool/dartflare/test";

/// What the tests' programs are told, as JSON.
const SETTINGS: &str = "DARTFLARE_TEST";

/// How many Workers a wrangler runs. It starts some seconds for the first, and the others wait for it.
const BATCH: usize = 8;

/// How long what the Worker wrote in a test may take from its pipe to here.
const LAST_WORDS: Duration = Duration::from_millis(30);

/// How the Dart VM ends when a program does not compile.
const COMPILE_ERROR: i32 = 254;

/// What `dartflare test` was asked to do.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) files: Vec<PathBuf>,
    /// A regular expression for the names of tests.
    pub(crate) name: Option<String>,
    /// Whether a program reads how the tests went.
    pub(crate) is_json: bool,
    pub(crate) is_verbose: bool,
    pub(crate) env: Option<String>,
    /// The project's folder, or one inside it.
    pub(crate) project: PathBuf,
    pub(crate) entry: Option<PathBuf>,
    pub(crate) dart: Option<PathBuf>,
    pub(crate) wrangler: Option<PathBuf>,
    /// Flags for `dart test`.
    pub(crate) passed_on: Vec<OsString>,
}

#[derive(Debug)]
enum Event {
    /// Ctrl-C, SIGTERM.
    Quit,
    /// Of what the development loop has too.
    Dev(dev::Event),
    /// Of the wrangler of the batch with this number.
    Wrangler(u32, WranglerEvent),
    Output(Output),
    Exited(io::Result<ExitStatus>),
    /// What a program with tests says, and that it is gone.
    Said(usize, Option<Value>),
    /// It is time to tell the program with tests what it asked for with this number.
    Tell(usize, Value),
}

type Events = mpsc::UnboundedSender<Event>;

/// Runs until the tests are through, or the user ends it.
pub(crate) async fn run(options: Options, printer: Printer) -> Result<ExitCode> {
    if let Some(name) = &options.name {
        check_name(name)?;
    }
    let config = Config::load(&options.project)?;
    let environment = config.resolve(options.env.as_deref())?;
    printer.diagnostics(config.warnings.iter().chain(&environment.warnings));
    let project = config.dir.clone();
    let test_files = files::find(&project, &options.files)?;
    let entry = Entry::find(&project, options.entry.clone())?;
    let toolchain = Toolchain::find_cached(&project, options.dart.as_deref())?;
    check_runner(&test_files, &toolchain)?;
    let (wrangler, _) = Wrangler::find_with_node(&project, options.wrangler.as_deref())?;
    let packages = packages::resolve(&project, &toolchain)?;
    let _lock = lock::acquire(&project, "test")?;
    let folder = Folder::new(project.join(FOLDER));
    codegen::write_accessors(&config, printer)?;
    let assets = match config.pages_output() {
        Some((output, _)) => {
            let mut overlay = Overlay::new(project.join(output), folder.0.join("assets"));
            overlay.check()?;
            overlay.follow(printer)?;
            Some(folder.0.join("assets"))
        }
        None => None,
    };

    let (events, mut queue) = mpsc::unbounded_channel();
    let on_quit = events.clone();
    signals::listen(move || {
        let _ = on_quit.send(Event::Quit);
    })?;
    let setup = Setup {
        project: project.clone(),
        folder: FOLDER,
        entry,
        toolchain,
        packages,
        wrangler: wrangler.program.clone(),
        keep_last_good: false,
        keeps_output: true,
        names: None,
    };
    let mut vm = OnVm::new(setup, forward(&events), printer).await?;
    vm.bridge.for_tests(&migrations::read(&config, &environment)?);
    let run = relay::new_token()?;
    let plan = Plan {
        config: &config,
        environment: &environment,
        wrangler: &wrangler.program,
        folder: &folder.0,
        run: &run[..8],
        bridge: PathBuf::new(),
        assets,
    };
    let (own, of_package) = test_files.iter().partition::<Vec<_>, _>(|file| !file.is_for_package);
    let mut testing = Testing {
        options: &options,
        printer,
        events,
        plan,
        expected: test_files.iter().map(|file| file.environments).sum(),
        capacity: 0,
        vm,
        has_bridge: false,
        batches: Vec::new(),
        numbers: 0,
        peers: Vec::new(),
        waiting: VecDeque::new(),
        lent: Vec::new(),
        runs: [(Runner::Own, own), (Runner::DartTest, of_package)]
            .into_iter()
            .filter(|(_, files)| !files.is_empty())
            .collect(),
        tests: None,
        has_failed: false,
    };
    let outcome = testing.run(&mut queue).await;
    let Testing { vm, batches, tests, .. } = testing;
    if let Some(tests) = tests {
        tests.process.stop().await;
    }
    let mut stopping = tokio::task::JoinSet::new();
    for batch in batches {
        stopping.spawn(batch.wrangler.stop());
    }
    vm.stop().await;
    while stopping.join_next().await.is_some() {}
    drop(folder);
    outcome
}

/// Makes the events of the development loop some of ours.
fn forward(events: &Events) -> dev::Events {
    let (from, mut to) = mpsc::unbounded_channel();
    let events = events.clone();
    tokio::spawn(async move {
        while let Some(event) = to.recv().await {
            if events.send(Event::Dev(event)).is_err() {
                return;
            }
        }
    });
    from
}

fn check_name(name: &str) -> Result<()> {
    Regex::new(name).map(drop).map_err(|error| {
        let error = error.to_string();
        let why = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
        Error::Project(
            Diagnostic::error(Code::TestName, format!("`{name}` is no regular expression: {why}"))
                .hint("put `\\` before a character that is to mean itself"),
        )
    })
}

/// Makes sure that there is something to run the tests with.
fn check_runner(test_files: &[TestFile], toolchain: &Toolchain) -> Result<()> {
    let Some(file) = test_files.iter().find(|file| file.is_for_package) else { return Ok(()) };
    if !toolchain.is_bare_vm() {
        return Ok(());
    }
    let dart = toolchain.dart.display();
    Err(Error::Environment(
        Diagnostic::error(
            Code::NoTestRunner,
            format!("`{}` is for `package:test`, and `{dart}` is a bare VM, without `dart test`", file.name),
        )
        .hint(
            "run `dartflare sdk install`, or import `package:cloudflare_workers/testing.dart` in \
             its place, which has `test`, `group` and `expect` too",
        ),
    ))
}

/// The files of a run; dropping it removes them.
#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn new(path: PathBuf) -> Self {
        // Those of a run that was killed.
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
        let _ = fs::remove_file(self.0.with_extension("dart"));
    }
}

/// What runs tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Runner {
    Own,
    DartTest,
}

/// A program with tests that runs.
struct Tests {
    runner: Runner,
    process: Process,
    /// What it said on stderr before it was known to compile.
    held: Option<Vec<String>>,
    status: Option<io::Result<ExitStatus>>,
}

/// A connection of a program with tests.
struct Peer {
    control: mpsc::UnboundedSender<Value>,
}

/// A Worker in use.
struct Lent {
    peer: usize,
    batch: u32,
    url: String,
}

struct Testing<'a> {
    options: &'a Options,
    printer: Printer,
    events: Events,
    plan: Plan<'a>,
    /// How many environments the tests are likely to ask for.
    expected: usize,
    /// How many Workers there were so far.
    capacity: usize,
    vm: OnVm,
    /// Whether there is a bridge that fits the program.
    has_bridge: bool,
    batches: Vec<Batch>,
    numbers: u32,
    peers: Vec<Peer>,
    /// Who waits for an environment, and the number of the question.
    waiting: VecDeque<(usize, Value)>,
    lent: Vec<Lent>,
    /// What is to be run yet.
    runs: VecDeque<(Runner, Vec<&'a TestFile>)>,
    tests: Option<Tests>,
    has_failed: bool,
}

impl Testing<'_> {
    async fn run(&mut self, queue: &mut mpsc::UnboundedReceiver<Event>) -> Result<ExitCode> {
        self.has_bridge = self.vm.start(self.plan.environment)?;
        if self.has_bridge {
            self.serve().await?;
        }
        // Both programs are compiled at the same time.
        if self.runs.front().is_some_and(|(runner, _)| *runner == Runner::Own) {
            self.start_tests()?;
        }
        while let Some(event) = queue.recv().await {
            match event {
                Event::Quit => return Err(Error::Interrupted),
                Event::Dev(dev::Event::Tests(connection)) => self.connected(connection),
                Event::Dev(dev::Event::Engine(event)) => self.engine(event).await?,
                Event::Dev(_) => {}
                Event::Wrangler(number, event) => self.wrangler(number, event).await?,
                Event::Output(output) => self.output(output),
                Event::Exited(status) => {
                    if let Some(tests) = &mut self.tests {
                        tests.status = Some(status);
                    }
                }
                Event::Said(peer, Some(message)) => self.said(peer, &message).await?,
                Event::Said(peer, None) => self.left(peer).await,
                Event::Tell(peer, number) => {
                    let lines = self.vm.program.take_output();
                    self.tell(peer, json!({ "i": number, "lines": lines }));
                }
            }
            if self.vm.program.is_broken() {
                // It has been told why.
                return Ok(ExitCode::FAILURE);
            }
            if let Some(code) = self.advance()? {
                return Ok(code);
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn engine(&mut self, event: EngineEvent) -> Result<()> {
        let is_new = match event {
            EngineEvent::Connected(connection) => {
                self.vm.program.connected(connection)?;
                false
            }
            EngineEvent::Vm(number, event) => {
                self.vm.event(number, event, self.plan.config, self.plan.environment).await?
            }
            EngineEvent::Built(..) => false,
        };
        if self.options.is_verbose {
            for line in self.vm.program.take_output() {
                self.printer.message(&line);
            }
        }
        self.has_bridge |= is_new;
        self.serve().await
    }

    /// Goes on to what can be done now; gives the exit code when that is nothing.
    fn advance(&mut self) -> Result<Option<ExitCode>> {
        if !self.vm.program.is_decided() {
            return Ok(None);
        }
        if self.tests.is_none() {
            return self.start_tests().map(|()| None);
        }
        if self.tests.as_ref().is_none_or(|tests| tests.status.is_none()) {
            return Ok(None);
        }
        if let Some(Tests { runner, held, status: Some(status), .. }) = self.tests.take() {
            self.has_failed |= !self.judge(runner, &held.unwrap_or_default(), status)?;
        }
        if self.runs.is_empty() {
            return Ok(Some(if self.has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }));
        }
        self.start_tests().map(|()| None)
    }

    /// Whether all tests passed of a program that ended like this.
    fn judge(&self, runner: Runner, held: &[String], status: io::Result<ExitStatus>) -> Result<bool> {
        let code = status.as_ref().ok().and_then(ExitStatus::code);
        let text = held.join("\n");
        if runner == Runner::Own && code == Some(COMPILE_ERROR) {
            let Setup { project, packages, .. } = self.vm.program.setup();
            let text = messages::readable(&text, project, &packages.package_name);
            self.printer.message(format_args!("{text}\n"));
            let count = match messages::count(&text) {
                1 => "1 error".to_owned(),
                count => format!("{count} errors"),
            };
            let error = Diagnostic::error(Code::DoesNotCompile, format!("the tests do not compile: {count}"));
            let generated =
                crate::files::read_to_string(project.join("lib/environment.g.dart")).unwrap_or_default();
            return Err(Error::Project(
                match messages::accessor_hint(&text, &generated, &packages.package_name) {
                    Some(hint) => error.hint(hint),
                    None => error,
                },
            ));
        }
        if !text.is_empty() {
            self.printer.message(text);
        }
        match code {
            Some(0) => Ok(true),
            Some(_) => Ok(false),
            None => {
                let how = status.map_or_else(|error| error.to_string(), |status| status.to_string());
                Err(Error::Environment(
                    Diagnostic::error(
                        Code::TestsStopped,
                        format!("the program with the tests stopped ({how})"),
                    )
                    .hint(
                        "run the files one by one to find the test that stops it, as in `dartflare test \
                         test/one_test.dart`",
                    ),
                ))
            }
        }
    }

    /// Starts the next of the programs that have tests.
    fn start_tests(&mut self) -> Result<()> {
        let Some((runner, test_files)) = self.runs.pop_front() else { return Ok(()) };
        let Setup { project, toolchain, packages, .. } = self.vm.program.setup();
        let (port, token) = self.vm.bridge.address();
        let settings = json!({
            "port": port,
            "token": token,
            "package": packages.package_name,
            "name": self.options.name,
            "color": has_color(),
            "json": self.options.is_json,
        });
        let (program, mut args) = match runner {
            Runner::Own => {
                let path = tests_program::write(self.plan.folder, &test_files)?;
                let (program, flags) = launcher(&toolchain.dart);
                let mut args: Vec<OsString> = flags.into_iter().map(OsString::from).collect();
                let packages_flag = format!("--packages={}", uri::of_file(&packages.config));
                args.extend([
                    "--enable-asserts".into(),
                    packages_flag.into(),
                    uri::of_file(&project.join(path)).into(),
                ]);
                (program, args)
            }
            Runner::DartTest => {
                let mut args: Vec<OsString> = vec!["test".into()];
                if self.options.is_json {
                    args.extend(["--reporter".into(), "json".into()]);
                } else if has_color() {
                    args.push("--color".into());
                }
                if let Some(name) = &self.options.name {
                    args.extend(["--name".into(), name.into()]);
                }
                args.extend(self.options.passed_on.iter().cloned());
                (toolchain.dart.clone(), args)
            }
        };
        if runner == Runner::DartTest {
            args.extend(test_files.iter().map(|file| OsString::from(&file.name)));
        }
        let process = start(&program, args, project, &settings, &self.events)?;
        let held = (runner == Runner::Own).then(Vec::new);
        self.tests = Some(Tests { runner, process, held, status: None });
        Ok(())
    }

    fn output(&mut self, output: Output) {
        for line in output.lines {
            match self.tests.as_mut().and_then(|tests| tests.held.as_mut()) {
                _ if !output.is_stderr => self.printer.data(line),
                Some(held) => held.push(line),
                None => self.printer.message(line),
            }
        }
    }

    fn connected(&mut self, connection: VmConnection) {
        if connection.protocol != frame::PROTOCOL {
            // Its Worker has the same package, and says what is wrong.
            return;
        }
        let held = self.tests.as_mut().and_then(|tests| tests.held.take());
        for line in held.into_iter().flatten() {
            self.printer.message(line);
        }
        let peer = self.peers.len();
        let (mut read, mut write) = connection.stream.into_split();
        let events = self.events.clone();
        tokio::spawn(async move {
            while let Ok(Some(frame)) = frame::read(&mut read).await {
                let _ = events.send(Event::Said(peer, Some(frame.message)));
            }
            let _ = events.send(Event::Said(peer, None));
        });
        let (control, mut answers) = mpsc::unbounded_channel::<Value>();
        tokio::spawn(async move {
            while let Some(answer) = answers.recv().await {
                if frame::write(&mut write, &answer).await.is_err() {
                    return;
                }
            }
        });
        self.peers.push(Peer { control });
    }

    fn tell(&self, peer: usize, message: Value) {
        if let Some(peer) = self.peers.get(peer) {
            let _ = peer.control.send(message);
        }
    }

    async fn said(&mut self, peer: usize, message: &Value) -> Result<()> {
        let number = message["i"].clone();
        match message["t"].as_str().unwrap_or_default() {
            "environment" => {
                self.waiting.push_back((peer, number));
                return self.serve().await;
            }
            "close" => {
                let url = message["url"].as_str().unwrap_or_default();
                self.take_back(|lent| lent.peer == peer && lent.url == url).await;
                self.tell(peer, json!({ "i": number }));
            }
            "expect" => {
                let count = message["environments"].as_u64().and_then(|count| usize::try_from(count).ok());
                self.expected = self.expected.max(count.unwrap_or_default());
                self.tell(peer, json!({ "i": number }));
                return self.serve().await;
            }
            "begin" => {
                self.vm.program.take_output();
                self.tell(peer, json!({ "i": number }));
            }
            "output" => {
                let events = self.events.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(LAST_WORDS).await;
                    let _ = events.send(Event::Tell(peer, number));
                });
            }
            _ => {}
        }
        Ok(())
    }

    async fn left(&mut self, peer: usize) {
        self.waiting.retain(|(waiting, _)| *waiting != peer);
        self.take_back(|lent| lent.peer == peer).await;
    }

    /// Ends the use of some Workers, and each wrangler that has no more to do.
    async fn take_back(&mut self, is_over: impl Fn(&Lent) -> bool) {
        for lent in self.lent.extract_if(.., |lent| is_over(lent)) {
            if let Some(batch) = self.batches.iter_mut().find(|batch| batch.number == lent.batch) {
                batch.take_back();
            }
        }
        // The last one stays until it is known that there is nothing more.
        while let Some(at) = self.batches.iter().position(Batch::is_over).filter(|_| self.batches.len() > 1) {
            self.batches.remove(at).wrangler.stop().await;
        }
    }

    /// Gives environments to those that wait, and sees to it that there are more.
    async fn serve(&mut self) -> Result<()> {
        if !self.has_bridge {
            return Ok(());
        }
        // Of a program that does not compile, no test is to begin.
        while self.vm.program.is_decided()
            && !self.vm.program.is_broken()
            && let Some(batch) = self.batches.iter_mut().find(|batch| batch.is_ready() && batch.left() > 0)
        {
            let Some((peer, number)) = self.waiting.pop_front() else { break };
            let url = batch.give();
            self.lent.push(Lent { peer, batch: batch.number, url: url.clone() });
            self.tell(peer, json!({ "i": number, "url": url }));
        }
        let left: usize = self.batches.iter().map(Batch::left).sum();
        let needed = self.waiting.len().max(usize::from(self.numbers == 0)).max(if left <= BATCH / 2 {
            // One that will be wanted takes its time to start.
            self.expected.saturating_sub(self.capacity - left).min(BATCH)
        } else {
            0
        });
        if needed > left {
            let size = self.expected.saturating_sub(self.capacity).clamp(needed.min(BATCH), BATCH);
            self.start_batch(size).await?;
        }
        Ok(())
    }

    async fn start_batch(&mut self, size: usize) -> Result<()> {
        self.numbers += 1;
        self.capacity += size;
        self.plan.bridge = self.vm.bridge.entry();
        let (events, number) = (self.events.clone(), self.numbers);
        let on_event = move |event| {
            let _ = events.send(Event::Wrangler(number, event));
        };
        self.batches.push(Batch::start(&self.plan, number, size, self.printer, on_event).await?);
        Ok(())
    }

    async fn wrangler(&mut self, number: u32, event: WranglerEvent) -> Result<()> {
        let Some(batch) = self.batches.iter_mut().find(|batch| batch.number == number) else { return Ok(()) };
        match event {
            WranglerEvent::Output(output) => {
                let was_ready = batch.is_ready();
                for line in output.lines {
                    // Once it serves, it speaks of requests, and repeats what the program said.
                    if !batch.is_ready() {
                        batch.wrangler.line(line, |_| false);
                    }
                }
                if !was_ready && batch.is_ready() {
                    return self.serve().await;
                }
                Ok(())
            }
            WranglerEvent::Exited(status) => {
                let wrong = batch.wrangler.exited(status).diagnostic();
                let hint = Some("see what it said above, and run the tests again".to_owned());
                Err(Error::Environment(Diagnostic { hint, ..wrong }))
            }
        }
    }
}

fn start(
    program: &Path,
    args: Vec<OsString>,
    project: &Path,
    settings: &Value,
    events: &Events,
) -> Result<Process> {
    let (on_output, on_exit) = (events.clone(), events.clone());
    Process::start(
        program,
        |command| {
            // Other users can read a process's arguments, and not its environment.
            command.args(args).current_dir(project).env(SETTINGS, settings.to_string());
        },
        move |output| {
            let _ = on_output.send(Event::Output(output));
        },
        move |status| {
            let _ = on_exit.send(Event::Exited(status));
        },
    )
    .map_err(|source| Error::Io { action: "start", path: program.to_owned(), source })
}

/// Whether what the tests write goes to somebody who sees colours.
fn has_color() -> bool {
    io::stdout().is_terminal() && anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}
