//! The development loop: user code on the Dart VM, bindings in workerd, a changed answer for every saved change.
//!
//! Everything that happens (a file saved, a child's line, a signal) becomes an [`Event`] of one queue, and [`Dev`] takes
//! them one at a time, so that no two of them can act on the same state at once.

mod bridge;
mod diagnostics;
mod frame;
mod lock;
mod process;
mod program;
mod registration;
mod relay;
mod statics;
mod terminal;
mod watch;
mod wrangler_dev;

use std::collections::HashSet;
use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch as watch_channel};

use self::bridge::Bridge;
use self::process::{Line, Process};
use self::program::{Address, Vm, VmEvent};
use self::relay::{Apps, Failure, Program, Relay, VmConnection};
use self::statics::Statics;
use self::terminal::Key;
use self::watch::{Changes, Watch};
use self::wrangler_dev::WranglerEvent;
use crate::codegen;
use crate::config::{Config, Environment};
use crate::dart::locate::Toolchain;
use crate::dart::packages::{self, Packages};
use crate::dart::{imports, uri};
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Result};
use crate::files;
use crate::printer::Printer;
use crate::wrangler::{Node, Wrangler};

/// What `dartflare dev` was asked to do.
#[derive(Debug)]
pub(crate) struct Options {
    /// The project's folder, or one inside it.
    pub(crate) project: PathBuf,
    /// The library with `main()`, relative to the project.
    pub(crate) entry: Option<PathBuf>,
    pub(crate) env: Option<String>,
    pub(crate) port: Option<u16>,
    pub(crate) dart: Option<PathBuf>,
    pub(crate) wrangler: Option<PathBuf>,
    /// Whether the last good code answers while the saved code does not compile.
    pub(crate) keep_last_good: bool,
    /// Flags for wrangler.
    pub(crate) passed_on: Vec<OsString>,
}

/// A VM that stops this soon after its start, this many times in a row, is not started again until something changes.
const RESTART_LIMIT: (Duration, u32) = (Duration::from_secs(5), 3);

#[derive(Debug)]
enum Event {
    /// Ctrl-C, SIGTERM, `q`.
    Quit,
    Key(Key),
    Saved(Changes),
    /// A VM opened its control connection.
    VmConnected(VmConnection),
    /// Of the VM with this number.
    Vm(u32, VmEvent),
    Wrangler(WranglerEvent),
}

type Events = mpsc::UnboundedSender<Event>;

/// Runs until the user ends it, or a child that it cannot do without is gone.
pub(crate) async fn run(options: Options, printer: Printer) -> Result<ExitCode> {
    let config = Config::load(&options.project)?;
    for warning in &config.warnings {
        printer.diagnostic(warning);
    }
    let environment = config.resolve(options.env.as_deref())?;
    for warning in &environment.warnings {
        printer.diagnostic(warning);
    }
    if config.is_pages() {
        return Err(Error::Project(
            Diagnostic::error(format!("`{}` configures a Pages project", config.shown().display()))
                .hint("this version of dartflare develops Workers only: set `main` instead of `pages_build_output_dir`"),
        ));
    }
    let project = config.dir.clone();
    let entry = options.entry.clone().unwrap_or_else(|| PathBuf::from("lib/main.dart"));
    if !project.join(&entry).is_file() {
        return Err(Error::Project(
            Diagnostic::error(format!("there is no `{}` in `{}`", entry.display(), project.display())).hint(
                "create it with a `main()` that constructs `CloudflareWorkers(fetch: ...)`, or name another with `--entry`",
            ),
        ));
    }
    let toolchain = Toolchain::find(&project, options.dart.as_deref())?;
    let wrangler = Wrangler::find(&project, options.wrangler.as_deref())?;
    wrangler.check_node(&Node::find()?)?;
    let packages = packages::resolve(&project, &toolchain)?;
    let _lock = lock::acquire(&project)?;
    write_accessors(&config, printer)?;
    let port = match options.port {
        Some(port) => claim_port(port).await?,
        None => first_free_port().await?,
    };

    let (events, mut queue) = mpsc::unbounded_channel();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|source| {
        Error::Environment(Diagnostic::error(format!("cannot listen on loopback: {source}")))
    })?;
    let address =
        Address { port: listener.local_addr().map_or(0, |address| address.port()), token: new_token()? };
    let (program, program_seen) = watch_channel::channel(Program::Starting);
    let apps = Apps::default();
    let (vms, mut connected) = mpsc::unbounded_channel();
    let relay =
        Relay { token: address.token.as_str().into(), program: program_seen, apps: apps.clone(), vms };
    let relay = tokio::spawn(relay.serve(listener));
    let on_vm = events.clone();
    tokio::spawn(async move {
        while let Some(vm) = connected.recv().await {
            let _ = on_vm.send(Event::VmConnected(vm));
        }
    });
    listen_for_signals(&events)?;
    let _keys = terminal::listen(&events);
    let on_change = events.clone();
    let mut watch = Watch::start(&project, move |changes| {
        let _ = on_change.send(Event::Saved(changes));
    })?;
    watch.packages(&packages.local)?;
    let bridge = Bridge::new(&project, address.port, address.token.clone());
    bridge.write(&config, &environment)?;
    let on_wrangler = events.clone();
    let wrangler_process = wrangler_dev::start(
        &wrangler.program,
        &project,
        bridge.config_path(),
        port,
        options.env.as_deref(),
        &options.passed_on,
        move |event| {
            let _ = on_wrangler.send(Event::Wrangler(event));
        },
    )?;

    let mut dev = Dev {
        entry_uri: entry_uri(&project, &entry, &packages),
        entry: project.join(entry),
        warned: HashSet::new(),
        project,
        env: options.env,
        keep_last_good: options.keep_last_good,
        printer,
        config,
        environment,
        toolchain,
        packages,
        address,
        events,
        program,
        apps,
        bridge,
        watch,
        wrangler: Some(wrangler_process),
        wrangler_lines: Vec::new(),
        url: None,
        vm: None,
        vm_number: 0,
        vm_started: Instant::now(),
        statics: Statics::default(),
        reloading: Statics::default(),
        vm_lines: Vec::new(),
        vm_failures: 0,
        service: None,
        ready_app: None,
        saved_at: None,
        is_dirty: false,
        is_announced: false,
    };
    let outcome = match dev.start_vm() {
        Ok(()) => loop {
            let Some(event) = queue.recv().await else { break Ok(ExitCode::SUCCESS) };
            match dev.handle(event).await {
                Ok(None) => {}
                Ok(Some(code)) => break Ok(code),
                Err(error) => break Err(error),
            }
        },
        Err(error) => Err(error),
    };
    relay.abort();
    dev.stop().await;
    outcome
}

/// The state of a run.
struct Dev {
    project: PathBuf,
    entry: PathBuf,
    entry_uri: String,
    /// What was warned of already.
    warned: HashSet<String>,
    env: Option<String>,
    keep_last_good: bool,
    printer: Printer,
    config: Config,
    environment: Environment,
    toolchain: Toolchain,
    packages: Packages,
    address: Address,
    events: Events,
    program: watch_channel::Sender<Program>,
    apps: Apps,
    bridge: Bridge,
    watch: Watch,
    wrangler: Option<Process>,
    /// What wrangler said before it was ready; shown if it never is.
    wrangler_lines: Vec<String>,
    url: Option<String>,
    vm: Option<Vm>,
    vm_number: u32,
    vm_started: Instant,
    /// The literals that the VM has for good.
    statics: Statics,
    /// Those of the sources that it is loading.
    reloading: Statics,
    /// What the VM said on stderr before its program took events.
    vm_lines: Vec<String>,
    vm_failures: u32,
    /// The VM service, for a debugger.
    service: Option<String>,
    /// The isolate of the VM that runs the program now.
    ready_app: Option<u64>,
    /// When the change was noticed that is being taken up.
    saved_at: Option<Instant>,
    /// Whether something was saved that the VM does not know of yet.
    is_dirty: bool,
    is_announced: bool,
}

impl Dev {
    async fn handle(&mut self, event: Event) -> Result<Option<ExitCode>> {
        match event {
            Event::Quit | Event::Key(Key::Quit) => return Ok(Some(ExitCode::SUCCESS)),
            Event::Key(key) => self.key(key).await?,
            Event::Saved(changes) => self.saved(changes).await?,
            Event::VmConnected(connection) => self.vm_connected(connection)?,
            Event::Vm(number, event) if number == self.vm_number => self.vm_event(event).await?,
            Event::Vm(..) => {}
            Event::Wrangler(WranglerEvent::Line(line)) => self.wrangler_line(line),
            Event::Wrangler(WranglerEvent::Exited(status)) => {
                self.wrangler = None;
                return Err(self.wrangler_exited(status));
            }
        }
        Ok(None)
    }

    async fn key(&mut self, key: Key) -> Result<()> {
        match key {
            Key::Browser => {
                if let Some(url) = &self.url {
                    terminal::open_browser(url);
                }
            }
            Key::Restart => {
                self.saved_at = Some(Instant::now());
                self.restart_vm().await?;
            }
            Key::Clear => terminal::clear(),
            Key::Quit => {}
        }
        Ok(())
    }

    // What the user saved.

    async fn saved(&mut self, changes: Changes) -> Result<()> {
        if changes.config {
            self.reload_config();
        }
        if changes.packages && self.resolve_packages() {
            self.saved_at = Some(Instant::now());
            return self.restart_vm().await;
        }
        if changes.dart {
            self.saved_at.get_or_insert_with(Instant::now);
            self.take_up().await?;
        }
        Ok(())
    }

    /// Brings the VM to the sources as they are on disk.
    async fn take_up(&mut self) -> Result<()> {
        match &self.vm {
            None => {
                self.vm_failures = 0;
                self.start_vm()
            }
            // The VM is at work on something older; what it says then decides.
            Some(_) if *self.program.borrow() == Program::Starting => {
                self.is_dirty = true;
                Ok(())
            }
            Some(_) if self.service.is_some() => self.reload().await,
            Some(_) => self.restart_vm().await,
        }
    }

    async fn reload(&mut self) -> Result<()> {
        self.program.send_replace(Program::Starting);
        // The VM passes over a file whose time is not after the start of its last reload, by a clock that may be some
        // milliseconds behind: what was saved during a reload it must be told to look at.
        let look_at_all = std::mem::take(&mut self.is_dirty);
        let now = Statics::read(&self.packages.local);
        if let Some((path, name)) = self.statics.changed(&now) {
            let path = files::shown(path);
            self.printer.status(format_args!(
                "restarting the Dart VM: a reload would keep the old value of `{name}` in `{}`",
                path.display()
            ));
            return self.restart_vm().await;
        }
        self.reloading = now;
        if let Some(vm) = &self.vm {
            vm.tell(json!({ "t": "reload", "all": look_at_all }));
        }
        Ok(())
    }

    fn reload_config(&mut self) {
        let loaded = Config::load(&self.project)
            .and_then(|config| config.resolve(self.env.as_deref()).map(|environment| (config, environment)))
            .and_then(|(config, environment)| {
                write_accessors(&config, self.printer)?;
                self.bridge.write(&config, &environment)?;
                Ok((config, environment))
            });
        match loaded {
            Ok((config, environment)) => {
                for warning in config.warnings.iter().chain(&environment.warnings) {
                    self.printer.diagnostic(warning);
                }
                self.printer.status(format_args!("took up `{}`", config.shown().display()));
                self.config = config;
                self.environment = environment;
            }
            Err(error) => {
                self.printer.diagnostic(&error.diagnostic());
                self.printer.status("the last good configuration stays in use");
            }
        }
    }

    fn resolve_packages(&mut self) -> bool {
        match packages::resolve(&self.project, &self.toolchain) {
            Ok(packages) if packages == self.packages => false,
            Ok(packages) => {
                let watched = self.watch.packages(&packages.local);
                self.packages = packages;
                if let Err(error) = watched {
                    self.printer.diagnostic(&error.diagnostic());
                }
                true
            }
            Err(error) => {
                self.printer.diagnostic(&error.diagnostic());
                false
            }
        }
    }

    // The Dart VM.

    fn start_vm(&mut self) -> Result<()> {
        self.program.send_replace(Program::Starting);
        self.apps.clear();
        self.vm_number += 1;
        self.vm_started = Instant::now();
        self.vm_lines.clear();
        self.statics = Statics::read(&self.packages.local);
        self.service = None;
        self.ready_app = None;
        self.is_dirty = false;
        let on_event = vm_events(&self.events, self.vm_number);
        let vm = Vm::start(
            &self.project,
            &self.toolchain,
            &self.packages,
            &self.entry_uri,
            &self.address,
            on_event,
        )?;
        self.vm = Some(vm);
        Ok(())
    }

    async fn restart_vm(&mut self) -> Result<()> {
        self.program.send_replace(Program::Starting);
        if let Some(vm) = self.vm.take() {
            // What it says while it ends is of no interest.
            self.vm_number += 1;
            vm.stop().await;
        }
        self.start_vm()
    }

    fn vm_connected(&mut self, connection: VmConnection) -> Result<()> {
        if connection.protocol != frame::PROTOCOL {
            return Err(Error::Project(
                Diagnostic::error(format!(
                    "`package:cloudflare_workers` speaks protocol {}, and this dartflare {}",
                    connection.protocol,
                    frame::PROTOCOL
                ))
                .hint("use the package and the command of the same release"),
            ));
        }
        if let Some(vm) = &mut self.vm {
            vm.connect(connection.stream, vm_events(&self.events, self.vm_number));
        }
        self.service =
            connection.hello.message["service"].as_str().filter(|uri| !uri.is_empty()).map(str::to_owned);
        Ok(())
    }

    async fn vm_event(&mut self, event: VmEvent) -> Result<()> {
        match event {
            VmEvent::Line(line) => {
                self.vm_line(line);
                Ok(())
            }
            VmEvent::Frame(message) => self.vm_frame(&message).await,
            VmEvent::Exited(status) => self.vm_exited(status),
        }
    }

    fn vm_line(&mut self, Line { is_stderr, text }: Line) {
        if program::is_vm_talk(&text) {
            return;
        }
        // Before the program runs, only the compiler speaks, and what it says is told as a whole.
        if self.ready_app.is_none() && is_stderr && self.service.is_none() {
            self.vm_lines.push(text);
        } else if is_stderr {
            self.printer.message(&text);
        } else {
            self.printer.data(&text);
        }
    }

    async fn vm_frame(&mut self, message: &Value) -> Result<()> {
        match message["t"].as_str().unwrap_or_default() {
            "ready" => {
                let (Some(app), Some(port)) = (
                    message["app"].as_u64(),
                    message["port"].as_u64().and_then(|port| u16::try_from(port).ok()),
                ) else {
                    return Ok(());
                };
                self.apps.add(app, port);
                self.ready_app = Some(app);
                self.vm_lines.clear();
                self.statics.add(std::mem::take(&mut self.reloading));
                if self.is_dirty {
                    return self.reload().await;
                }
                self.decide(Program::Ready { app });
                if let Some(saved_at) = self.saved_at.take() {
                    self.printer.status(format_args!("reloaded in {} ms", saved_at.elapsed().as_millis()));
                }
                self.check_imports();
                self.check_registration(message);
                Ok(())
            }
            "rejected" => {
                if self.is_dirty {
                    return self.reload().await;
                }
                self.saved_at = None;
                let text = message["text"].as_str().unwrap_or_default().to_owned();
                self.does_not_compile(&text);
                Ok(())
            }
            "restart" => {
                let reason = message["text"].as_str().unwrap_or_default().lines().next().unwrap_or_default();
                self.printer
                    .status(format_args!("restarting the Dart VM for a change it cannot reload: {reason}"));
                self.restart_vm().await
            }
            "failed" => {
                let title = message["text"].as_str().unwrap_or_default().to_owned();
                self.does_not_start(title, String::new());
                Ok(())
            }
            "ended" => {
                let app = message["app"].as_u64();
                if let Some(app) = app {
                    self.apps.remove(app);
                }
                if app != self.ready_app {
                    return Ok(());
                }
                self.printer.status("the program's isolate ended; restarting the Dart VM");
                self.restart_vm().await
            }
            _ => Ok(()),
        }
    }

    /// Warns of libraries that the program uses here and will not have on Cloudflare.
    fn check_imports(&mut self) {
        for warning in imports::check(&self.entry, &self.packages.config, &self.packages.local) {
            if self.warned.insert(warning.to_string()) {
                self.printer.diagnostic(&warning);
            }
        }
    }

    /// Warns where the configuration and `main()` disagree about what the Worker has.
    fn check_registration(&mut self, message: &Value) {
        let names = |key: &str| -> Vec<String> {
            let list = message[key].as_array().into_iter().flatten();
            list.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let warnings = registration::check(
            &self.environment,
            &names("handlers"),
            &names("durableObjects"),
            self.config.shown(),
        );
        for warning in warnings {
            if self.warned.insert(warning.to_string()) {
                self.printer.diagnostic(&warning);
            }
        }
    }

    fn does_not_compile(&mut self, text: &str) {
        let text = diagnostics::readable(text, &self.project, &self.packages.package_name);
        let count = diagnostics::count(&text);
        let title = match count {
            1 => "1 error".to_owned(),
            count => format!("{count} errors"),
        };
        self.printer.message(format_args!("{text}\n"));
        let stays =
            if self.keep_last_good && self.ready_app.is_some() { "; the last good code answers" } else { "" };
        self.printer.diagnostic(&Diagnostic::error(format!("the program does not compile: {title}{stays}")));
        self.decide(match self.ready_app {
            Some(app) if self.keep_last_good => Program::Ready { app },
            _ => Program::Broken(Failure { kind: "compile", title, detail: text }),
        });
    }

    fn does_not_start(&mut self, title: String, detail: String) {
        self.saved_at = None;
        self.printer
            .diagnostic(&Diagnostic::error(title.clone()).hint("it is started again when a file is saved"));
        self.decide(Program::Broken(Failure { kind: "start", title, detail }));
    }

    fn vm_exited(&mut self, status: std::io::Result<std::process::ExitStatus>) -> Result<()> {
        // Compiler output, unless the program had begun to run.
        const COMPILE_ERROR: i32 = 254;
        self.vm = None;
        self.service = None;
        let was_ready = self.ready_app.take().is_some();
        let lines = std::mem::take(&mut self.vm_lines).join("\n");
        let code = status.as_ref().ok().and_then(std::process::ExitStatus::code);
        if self.is_dirty {
            return self.start_vm();
        }
        if !was_ready && code == Some(COMPILE_ERROR) {
            self.saved_at = None;
            self.does_not_compile(&lines);
            return Ok(());
        }
        self.program.send_replace(Program::Starting);
        if self.vm_started.elapsed() < RESTART_LIMIT.0 {
            self.vm_failures += 1;
        } else {
            self.vm_failures = 0;
        }
        let how = match status {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        if !lines.is_empty() {
            self.printer.message(&lines);
        }
        if !was_ready || self.vm_failures >= RESTART_LIMIT.1 {
            let when = if was_ready { "again and again" } else { "before the program could run" };
            self.does_not_start(format!("the Dart VM stopped {when} ({how})"), lines);
            return Ok(());
        }
        self.printer.status(format_args!("the Dart VM stopped ({how}); starting it again"));
        self.start_vm()
    }

    // Wrangler.

    fn wrangler_line(&mut self, Line { text, .. }: Line) {
        if self.url.is_some() {
            if !text.is_empty() {
                self.printer.message(&text);
            }
        } else if let Some(url) = wrangler_dev::ready_address(&text) {
            self.url = Some(url.to_owned());
            self.wrangler_lines.clear();
            self.announce();
        } else {
            self.wrangler_lines.push(text);
        }
    }

    fn wrangler_exited(&mut self, status: std::io::Result<std::process::ExitStatus>) -> Error {
        let how = match status {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        for line in &self.wrangler_lines {
            self.printer.message(line);
        }
        if self.url.is_some() {
            Error::Environment(
                Diagnostic::error(format!("wrangler stopped ({how})"))
                    .hint("start `dartflare dev` again; the state of the local bindings is kept"),
            )
        } else {
            Error::Project(
                Diagnostic::error(format!("wrangler did not start ({how})"))
                    .hint("what it said stands above; flags after `--` go to it as they are"),
            )
        }
    }

    fn decide(&mut self, program: Program) {
        self.program.send_replace(program);
        self.announce();
    }

    /// Prints the ready block once both children have something to say.
    fn announce(&mut self) {
        let Some(url) = &self.url else { return };
        if *self.program.borrow() == Program::Starting {
            return;
        }
        if std::mem::replace(&mut self.is_announced, true) {
            return;
        }
        self.printer.status(terminal::ready_block(url, &self.environment, self.service.as_deref()));
    }

    async fn stop(mut self) {
        let vm = self.vm.take();
        let wrangler = self.wrangler.take();
        tokio::join!(
            async {
                if let Some(vm) = vm {
                    vm.stop().await;
                }
            },
            async {
                if let Some(wrangler) = wrangler {
                    wrangler.stop().await;
                }
            }
        );
    }
}

/// Keeps `lib/environment.g.dart` as `dartflare types` would write it.
fn write_accessors(config: &Config, printer: Printer) -> Result<()> {
    let path = codegen::environment::path(config);
    if codegen::write(&path, &codegen::environment::generate(config)?)? {
        printer.status(format_args!("wrote `{}`", files::shown(&path).display()));
    }
    Ok(())
}

fn vm_events(events: &Events, number: u32) -> impl Fn(VmEvent) + Clone + Send + 'static {
    let events = events.clone();
    move |event| {
        let _ = events.send(Event::Vm(number, event));
    }
}

/// The URI that imports the library with `main()`. A library of the package must be imported by its `package:` URI: by
/// another one it would be a second library, with statics of its own.
fn entry_uri(project: &Path, entry: &Path, packages: &Packages) -> String {
    match entry.strip_prefix("lib") {
        Ok(inside) => {
            let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
            format!("package:{}/{}", packages.package_name, parts.join("/"))
        }
        Err(_) => uri::of_folder(&project.join(entry)).trim_end_matches('/').to_owned(),
    }
}

async fn claim_port(port: u16) -> Result<u16> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
        Ok(listener) => Ok(listener.local_addr().map_or(port, |address| address.port())),
        Err(error) => Err(Error::Environment(
            Diagnostic::error(format!("port {port} cannot be used: {}", error.to_string().to_lowercase()))
                .hint(
                    "end what listens there, or choose another with `--port`; `--port 0` takes any free one",
                ),
        )),
    }
}

/// Wrangler's own default, or the next one that is free.
async fn first_free_port() -> Result<u16> {
    for port in 8787..8887 {
        if let Ok(port) = claim_port(port).await {
            return Ok(port);
        }
    }
    claim_port(0).await
}

fn new_token() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        Error::Environment(Diagnostic::error(format!("the system gave no random numbers: {error}")))
    })?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}

fn listen_for_signals(events: &Events) -> Result<()> {
    let failed =
        |source| Error::Environment(Diagnostic::error(format!("cannot listen for signals: {source}")));
    let quit = events.clone();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        for kind in [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()] {
            let mut signal = signal(kind).map_err(failed)?;
            let quit = quit.clone();
            tokio::spawn(async move {
                while signal.recv().await.is_some() {
                    let _ = quit.send(Event::Quit);
                }
            });
        }
    }
    #[cfg(not(unix))]
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            let _ = quit.send(Event::Quit);
        }
    });
    Ok(())
}
