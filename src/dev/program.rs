//! The user's program on the Dart VM: started, reloaded when its sources change, started anew where it must be.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::engine::{EngineEvent, Setup};
use super::kernel::Kernel;
use super::relay::{Apps, Failure, Program, VmConnection};
use super::service::Service;
use super::statics::Statics;
use super::vm::{self, Address, Vm, VmEvent};
use super::{Event, Events, frame};
use crate::dart::packages::Packages;
use crate::dart::{imports, messages};
use crate::diagnostic::{Code, Diagnostic};
use crate::error::{Error, Result};
use crate::files;
use crate::printer::{Printer, Warned};
use crate::process::Output;
use crate::registration::Registered;
use crate::routes::Routes;

/// A VM that stops this soon after its start, this many times in a row, is not started again until something changes.
const RESTART_LIMIT: (Duration, u32) = (Duration::from_secs(5), 3);

/// How many lines back an error of the program is known to have been told.
const SAID_LIMIT: usize = 100;

/// The program and the VM that it runs on.
pub(crate) struct Runner {
    setup: Setup,
    address: Address,
    printer: Printer,
    events: Events,
    /// What the relay's events see.
    state: watch::Sender<Program>,
    apps: Apps,
    vm: Option<Vm>,
    kernel: Kernel,
    /// Whether the VM began with a kernel that was kept.
    had_kernel: bool,
    /// Which start of a VM this is; what an earlier one still says is of no interest.
    number: u32,
    started: Instant,
    failures: u32,
    /// What the VM said on stderr before its program took events.
    lines: Vec<String>,
    /// What the program said last on stderr.
    said: VecDeque<String>,
    /// What it wrote that nobody has taken yet, where that is not shown.
    kept: Vec<String>,
    /// The VM service, for a debugger.
    service: Service,
    /// The isolate of the VM that runs the program now.
    ready_app: Option<u64>,
    /// The literals that the VM has for good.
    statics: Statics,
    /// Those of the sources that it is loading.
    reloading: Statics,
    /// When the change was noticed that is being taken up.
    saved_at: Option<Instant>,
    /// Whether something was saved that the VM does not know of yet.
    is_dirty: bool,
    /// Why there is no program as the sources are now, though each of them may compile.
    refused: Option<Failure>,
    /// The Functions that the program serves, if it does.
    routes: Option<Routes>,
    warned: Warned,
}

impl Runner {
    pub(crate) fn new(
        setup: Setup,
        address: Address,
        printer: Printer,
        events: Events,
        state: watch::Sender<Program>,
        apps: Apps,
    ) -> Self {
        Self {
            service: Service::new(&setup.project.join(setup.folder)),
            kernel: Kernel::new(&setup.project),
            had_kernel: false,
            setup,
            address,
            printer,
            events,
            state,
            apps,
            vm: None,
            number: 0,
            started: Instant::now(),
            failures: 0,
            lines: Vec::new(),
            said: VecDeque::new(),
            kept: Vec::new(),
            ready_app: None,
            statics: Statics::default(),
            reloading: Statics::default(),
            saved_at: None,
            is_dirty: false,
            refused: None,
            routes: None,
            warned: Warned::default(),
        }
    }

    /// Whether it is known of the program as it is that it runs, or that it does not.
    pub(crate) fn is_decided(&self) -> bool {
        *self.state.borrow() != Program::Starting
    }

    /// Where a debugger attaches.
    pub(crate) fn service(&self) -> Option<&str> {
        self.service.address()
    }

    /// Whether the program has told lately what `text` says.
    pub(crate) fn has_said(&self, text: &str) -> bool {
        self.said.iter().any(|line| !line.is_empty() && text.contains(line.as_str()))
    }

    /// Why the program cannot run, if that is known.
    pub(crate) fn is_broken(&self) -> bool {
        matches!(*self.state.borrow(), Program::Broken(_))
    }

    /// What the program wrote since this was asked the last time.
    pub(crate) fn take_output(&mut self) -> Vec<String> {
        std::mem::take(&mut self.kept)
    }

    /// The Functions that the program serves, if it does.
    pub(crate) fn routes(&self) -> Option<&Routes> {
        self.routes.as_ref()
    }

    pub(crate) fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Takes up packages that are not what they were, and says whether they are not.
    pub(crate) async fn repackaged(&mut self, packages: Packages) -> Result<bool> {
        if packages == self.setup.packages {
            return Ok(false);
        }
        self.setup.packages = packages;
        self.restart_asked().await?;
        Ok(true)
    }

    /// The sources of the program changed.
    pub(crate) async fn saved(&mut self) -> Result<()> {
        self.saved_at.get_or_insert_with(Instant::now);
        self.kernel.changes();
        self.take_up().await
    }

    /// The user wants a new VM.
    pub(crate) async fn restart_asked(&mut self) -> Result<()> {
        self.saved_at = Some(Instant::now());
        if self.prepare() { self.restart().await } else { Ok(()) }
    }

    /// Ends the VM.
    pub(crate) async fn stop(self) {
        if let Some(vm) = self.vm {
            vm.stop().await;
        }
    }

    fn on_event(&self) -> impl Fn(VmEvent) + Clone + Send + 'static {
        let events = self.events.clone();
        let number = self.number;
        move |event| {
            let _ = events.send(Event::Engine(EngineEvent::Vm(number, event)));
        }
    }

    /// Writes what of the program is generated. Says whether that is possible; if not, the user is told.
    pub(crate) fn prepare(&mut self) -> bool {
        let wrong = match self.setup.entry.prepare(&self.setup.project) {
            Ok(routes) => {
                self.refused = None;
                self.routes = routes;
                return true;
            }
            Err(error) => error.diagnostic(),
        };
        self.saved_at = None;
        self.refused = Some(Failure { kind: "functions", title: String::new(), detail: wrong.plain() });
        // What a VM at work says about something older decides nothing, but it comes.
        if self.vm.is_none() || self.is_decided() {
            self.decide(Program::Starting);
        }
        // Who reads it may ask at once.
        self.printer.diagnostic(&wrong);
        if self.setup.keep_last_good && self.ready_app.is_some() {
            self.printer.status("the last good code answers");
        }
        false
    }

    /// Lets the events see what has become of the program, if there is one.
    fn decide(&self, program: Program) {
        self.state.send_replace(match &self.refused {
            None => program,
            Some(failure) => self.without(failure.clone()),
        });
    }

    /// What answers while there is no program for this reason.
    fn without(&self, failure: Failure) -> Program {
        match self.ready_app {
            Some(app) if self.setup.keep_last_good => Program::Ready { app },
            _ => Program::Broken(failure),
        }
    }

    /// Brings the VM to the sources as they are on disk.
    async fn take_up(&mut self) -> Result<()> {
        if !self.prepare() {
            return Ok(());
        }
        match &self.vm {
            None => {
                self.failures = 0;
                self.start()
            }
            // The VM is at work on something older; what it says then decides.
            Some(_) if *self.state.borrow() == Program::Starting => {
                self.is_dirty = true;
                Ok(())
            }
            Some(_) if self.service.address().is_some() => self.reload().await,
            Some(_) => self.restart().await,
        }
    }

    async fn reload(&mut self) -> Result<()> {
        self.state.send_replace(Program::Starting);
        // The VM passes over a file whose time is not after the start of its last reload, by a clock that may be some
        // milliseconds behind: what was saved during a reload it must be told to look at.
        let look_at_all = std::mem::take(&mut self.is_dirty);
        let now = Statics::read(&self.setup.sources());
        if let Some((path, name)) = self.statics.changed(&now) {
            let path = files::shown(path);
            self.printer.status(format_args!(
                "restarting the Dart VM: a reload would keep the old value of `{name}` in `{}`",
                path.display()
            ));
            return self.restart().await;
        }
        self.reloading = now;
        if let Some(vm) = &self.vm {
            vm.tell(json!({ "t": "reload", "all": look_at_all }));
        }
        Ok(())
    }

    /// Starts a VM, which compiles the sources as they are.
    pub(crate) fn start(&mut self) -> Result<()> {
        self.state.send_replace(Program::Starting);
        self.apps.clear();
        self.number += 1;
        self.started = Instant::now();
        self.lines.clear();
        self.statics = Statics::read(&self.setup.sources());
        self.service.ended();
        self.ready_app = None;
        self.is_dirty = false;
        let program = self.program();
        vm::write_program(&program, &self.setup.entry.uri(&self.setup.packages.package_name))?;
        let kernel = self.kernel.find(&program, &self.setup.toolchain.dart, &self.setup.packages);
        self.had_kernel = kernel.is_some();
        let vm = Vm::start(&self.setup, &self.address, &program, kernel, self.on_event())?;
        self.vm = Some(vm);
        Ok(())
    }

    /// The generated library that leads to the user's.
    fn program(&self) -> PathBuf {
        self.setup.project.join(self.setup.folder).with_extension("dart")
    }

    /// Starts a new VM in place of the one that runs.
    pub(crate) async fn restart(&mut self) -> Result<()> {
        self.state.send_replace(Program::Starting);
        if let Some(vm) = self.vm.take() {
            // What it says while it ends is of no interest.
            self.number += 1;
            self.service.ended();
            vm.stop().await;
        }
        self.start()
    }

    /// Takes the connection that a VM opened.
    pub(crate) fn connected(&mut self, connection: VmConnection) -> Result<()> {
        if connection.protocol != frame::PROTOCOL {
            return Err(Error::Project(
                Diagnostic::error(
                    Code::VersionsDiffer,
                    format!(
                        "`package:cloudflare_workers` speaks protocol {}, and this dartflare {}",
                        connection.protocol,
                        frame::PROTOCOL
                    ),
                )
                .hint(if connection.protocol > frame::PROTOCOL {
                    "update dartflare (`npm install --save-dev dartflare`, or `cargo install dartflare`)"
                        .to_owned()
                } else {
                    format!("bring the package to the release of dartflare, `v{}`", env!("CARGO_PKG_VERSION"))
                }),
            ));
        }
        let on_event = self.on_event();
        if let Some(vm) = &mut self.vm {
            vm.connect(connection.stream, on_event);
        }
        match connection.hello.message["service"].as_str().filter(|uri| !uri.is_empty()) {
            Some(address) => self.service.listens(address),
            None => Ok(()),
        }
    }

    /// Takes what the VM with this number did; once the program takes events, says what it registered.
    pub(crate) async fn event(&mut self, number: u32, event: VmEvent) -> Result<Option<Registered>> {
        if number != self.number {
            return Ok(None);
        }
        match event {
            VmEvent::Output(Output { is_stderr, lines }) => {
                for line in lines {
                    self.line(is_stderr, line);
                }
            }
            VmEvent::Exited(status) => self.exited(status)?,
            VmEvent::Frame(message) => return self.frame(&message).await,
        }
        Ok(None)
    }

    fn line(&mut self, is_stderr: bool, text: String) {
        if vm::is_talk(&text) {
            return;
        }
        // Before the program runs, only the compiler speaks, and what it says is told as a whole.
        if self.ready_app.is_none() && is_stderr && self.service.address().is_none() {
            self.lines.push(text);
        } else if self.setup.keeps_output {
            self.kept.push(text);
        } else if is_stderr {
            self.printer.message(&text);
            if self.said.len() == SAID_LIMIT {
                self.said.pop_front();
            }
            self.said.push_back(text);
        } else {
            self.printer.data(&text);
        }
    }

    async fn frame(&mut self, message: &Value) -> Result<Option<Registered>> {
        match message["t"].as_str().unwrap_or_default() {
            "ready" => {
                let (Some(app), Some(port)) = (
                    message["app"].as_u64(),
                    message["port"].as_u64().and_then(|port| u16::try_from(port).ok()),
                ) else {
                    return Ok(None);
                };
                self.apps.add(app, port);
                self.ready_app = Some(app);
                self.lines.clear();
                self.statics.add(std::mem::take(&mut self.reloading));
                if self.is_dirty && self.refused.is_none() {
                    self.reload().await?;
                    return Ok(None);
                }
                self.decide(Program::Ready { app });
                if let Some(saved_at) = self.saved_at.take() {
                    self.printer.status(format_args!("reloaded in {} ms", saved_at.elapsed().as_millis()));
                }
                self.check_imports();
                if self.setup.is_reloaded() {
                    let Setup { toolchain, packages, .. } = &self.setup;
                    self.kernel.make(&self.program(), &toolchain.dart, packages);
                }
                return Ok(Registered::deserialize(message).ok());
            }
            // Something newer was saved meanwhile: that is what has to be judged, or is judged already.
            "rejected" | "failed" if self.refused.is_some() => self.decide(Program::Starting),
            "rejected" | "failed" if self.is_dirty => self.reload().await?,
            "rejected" => {
                self.saved_at = None;
                let text = message["text"].as_str().unwrap_or_default().to_owned();
                self.does_not_compile(&text);
            }
            "restart" => {
                let reason = message["text"].as_str().unwrap_or_default().lines().next().unwrap_or_default();
                self.printer
                    .status(format_args!("restarting the Dart VM for a change it cannot reload: {reason}"));
                self.restart().await?;
            }
            "failed" => {
                let title = message["text"].as_str().unwrap_or_default().to_owned();
                self.does_not_start(title, String::new());
            }
            "ended" => {
                let app = message["app"].as_u64();
                if let Some(app) = app {
                    self.apps.remove(app);
                }
                if app == self.ready_app {
                    self.printer.status("the program's isolate ended; restarting the Dart VM");
                    self.restart().await?;
                }
            }
            _ => {}
        }
        Ok(None)
    }

    /// Warns of libraries that the program uses here and will not have on Cloudflare.
    fn check_imports(&mut self) {
        let Setup { entry, packages, .. } = &self.setup;
        let warnings = imports::check(&entry.path, &packages.config, &packages.local);
        self.warned.tell(&warnings, self.printer);
    }

    fn does_not_compile(&mut self, text: &str) {
        let Setup { project, packages, .. } = &self.setup;
        let mut text = messages::readable(text, project, &packages.package_name);
        let count = messages::count(&text);
        let title = match count {
            1 => "1 error".to_owned(),
            count => format!("{count} errors"),
        };
        self.printer.message(format_args!("{text}\n"));
        let stays = if self.setup.keep_last_good && self.ready_app.is_some() {
            "; the last good code answers"
        } else {
            ""
        };
        let mut diagnostic =
            Diagnostic::error(Code::DoesNotCompile, format!("the program does not compile: {title}{stays}"));
        let generated = files::read_to_string(project.join("lib/environment.g.dart")).unwrap_or_default();
        if let Some(hint) = messages::accessor_hint(&text, &generated, &packages.package_name) {
            text.push_str("\n\nhint: ");
            text.push_str(&hint);
            diagnostic = diagnostic.hint(hint);
        }
        self.printer.diagnostic(&diagnostic);
        self.state.send_replace(self.without(Failure { kind: "compile", title, detail: text }));
    }

    fn does_not_start(&mut self, title: String, detail: String) {
        self.saved_at = None;
        self.printer.diagnostic(
            &Diagnostic::error(Code::DoesNotStart, title.clone())
                .hint("mend what it says, and save: it is started again then"),
        );
        self.state.send_replace(Program::Broken(Failure { kind: "start", title, detail }));
    }

    fn exited(&mut self, status: io::Result<ExitStatus>) -> Result<()> {
        // Compiler output, unless the program had begun to run.
        const COMPILE_ERROR: i32 = 254;
        self.vm = None;
        self.service.ended();
        let was_ready = self.ready_app.take().is_some();
        let lines = std::mem::take(&mut self.lines).join("\n");
        let code = status.as_ref().ok().and_then(ExitStatus::code);
        if self.refused.is_some() {
            self.decide(Program::Starting);
            return Ok(());
        }
        if self.is_dirty {
            return self.start();
        }
        // A VM that cannot use what is kept has the sources.
        if !was_ready && self.had_kernel {
            self.kernel.forget();
            return self.start();
        }
        if !was_ready && code == Some(COMPILE_ERROR) {
            self.saved_at = None;
            self.does_not_compile(&lines);
            return Ok(());
        }
        self.state.send_replace(Program::Starting);
        if self.started.elapsed() < RESTART_LIMIT.0 {
            self.failures += 1;
        } else {
            self.failures = 0;
        }
        let how = match status {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        if !lines.is_empty() {
            self.printer.message(&lines);
        }
        if !was_ready || self.failures >= RESTART_LIMIT.1 {
            let when = if was_ready { "again and again" } else { "before the program could run" };
            self.does_not_start(format!("the Dart VM stopped {when} ({how})"), lines);
            return Ok(());
        }
        self.printer.status(format_args!("the Dart VM stopped ({how}); starting it again"));
        self.start()
    }
}
