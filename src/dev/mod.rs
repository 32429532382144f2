//! The development loop: user code on the Dart VM, bindings in workerd, a changed answer for every saved change.
//!
//! Everything that happens (a file saved, a child's line, a signal) becomes an [`Event`] of one queue, and [`Dev`] takes
//! them one at a time, so that no two of them can act on the same state at once.

pub(crate) mod bridge;
mod frame;
mod lock;
mod ports;
mod program;
mod relay;
mod statics;
mod terminal;
mod vm;
mod watch;
mod wrangler_dev;

use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::ExitCode;

use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch as watch_channel};

use self::bridge::Bridge;
use self::program::{Runner, Setup};
use self::relay::{Apps, Program, Relay, VmConnection};
use self::terminal::Key;
use self::vm::{Address, VmEvent};
use self::watch::{Changes, Watch};
use self::wrangler_dev::{Invocation, WranglerDev, WranglerEvent};
use crate::codegen;
use crate::config::{Config, Environment};
use crate::dart::entry::Entry;
use crate::dart::locate::Toolchain;
use crate::dart::packages;
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Result};
use crate::printer::Printer;
use crate::registration::{self, Registered};
use crate::signals;
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

/// How the bridge names an event whose VM ended; that it ended is told once, by itself.
const GONE: &str = "the Dart program stopped while this event was under way";

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
    let entry = Entry::find(&project, options.entry)?;
    let toolchain = Toolchain::find_cached(&project, options.dart.as_deref())?;
    let wrangler = Wrangler::find(&project, options.wrangler.as_deref())?;
    wrangler.check_node(&Node::find()?)?;
    let packages = packages::resolve(&project, &toolchain)?;
    let _lock = lock::acquire(&project)?;
    let port = match options.port {
        Some(port) => ports::claim(port).await?,
        None => ports::first_free().await?,
    };
    codegen::write_accessors(&config, printer)?;

    let (events, mut queue) = mpsc::unbounded_channel();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|source| {
        Error::Environment(Diagnostic::error(format!("cannot listen on loopback: {source}")))
    })?;
    let address = Address {
        port: listener.local_addr().map_or(0, |address| address.port()),
        token: relay::new_token()?,
    };
    let (state, state_seen) = watch_channel::channel(Program::Starting);
    let apps = Apps::default();
    let on_vm = events.clone();
    let relay = Relay::new(&address.token, state_seen, apps.clone(), move |vm| {
        let _ = on_vm.send(Event::VmConnected(vm));
    });
    let relay = tokio::spawn(relay.serve(listener));
    let on_quit = events.clone();
    signals::listen(move || {
        let _ = on_quit.send(Event::Quit);
    })?;
    let _keys = terminal::listen(&events);
    let on_change = events.clone();
    let mut watch = Watch::start(&project, move |changes| {
        let _ = on_change.send(Event::Saved(changes));
    })?;
    watch.packages(&packages.local)?;
    let bridge = Bridge::new(&project, address.port, address.token.clone());
    bridge.write(&config, &environment)?;
    let on_wrangler = events.clone();
    let invocation = Invocation {
        program: &wrangler.program,
        project: &project,
        config: bridge.config_path(),
        port,
        env: options.env.as_deref(),
        passed_on: &options.passed_on,
    };
    let wrangler = WranglerDev::start(invocation, printer, move |event| {
        let _ = on_wrangler.send(Event::Wrangler(event));
    })?;
    let setup =
        Setup { project, entry, toolchain, packages, address, keep_last_good: options.keep_last_good };

    let mut dev = Dev {
        env: options.env,
        printer,
        config,
        environment,
        bridge,
        watch,
        wrangler,
        program: Runner::new(setup, printer, events, state, apps),
        registered: None,
        warned: Warned::default(),
        is_announced: false,
    };
    let outcome = dev.run(&mut queue).await;
    relay.abort();
    tokio::join!(dev.program.stop(), dev.wrangler.stop());
    outcome
}

/// The state of a run.
struct Dev {
    env: Option<String>,
    printer: Printer,
    config: Config,
    environment: Environment,
    bridge: Bridge,
    watch: Watch,
    wrangler: WranglerDev,
    program: Runner,
    /// What the program registered when it last started.
    registered: Option<Registered>,
    warned: Warned,
    is_announced: bool,
}

impl Dev {
    async fn run(&mut self, queue: &mut mpsc::UnboundedReceiver<Event>) -> Result<ExitCode> {
        self.program.start()?;
        while let Some(event) = queue.recv().await {
            match event {
                Event::Quit | Event::Key(Key::Quit) => break,
                Event::Key(key) => self.key(key).await?,
                Event::Saved(changes) => self.saved(changes).await?,
                Event::VmConnected(connection) => self.program.connected(connection)?,
                Event::Vm(number, event) => {
                    if let Some(registered) = self.program.event(number, event).await? {
                        self.registered = Some(registered);
                        self.check_registration();
                    }
                }
                Event::Wrangler(WranglerEvent::Output(output)) => {
                    let program = &self.program;
                    for line in output.lines {
                        self.wrangler.line(line, |text| text.contains(GONE) || program.has_said(text));
                    }
                }
                Event::Wrangler(WranglerEvent::Exited(status)) => return Err(self.wrangler.exited(status)),
            }
            self.announce();
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn key(&mut self, key: Key) -> Result<()> {
        match key {
            Key::Browser => {
                if let Some(url) = self.wrangler.url() {
                    terminal::open_browser(url);
                }
            }
            Key::Restart => self.program.restart_asked().await?,
            Key::Clear => terminal::clear(),
            Key::Quit => {}
        }
        Ok(())
    }

    async fn saved(&mut self, changes: Changes) -> Result<()> {
        if changes.config {
            self.reload_config();
        }
        if changes.packages && self.resolve_packages().await? {
            return Ok(());
        }
        if changes.dart {
            self.program.saved().await?;
        }
        Ok(())
    }

    fn reload_config(&mut self) {
        let loaded = Config::load(&self.config.dir)
            .and_then(|config| config.resolve(self.env.as_deref()).map(|environment| (config, environment)))
            .and_then(|(config, environment)| {
                codegen::write_accessors(&config, self.printer)?;
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
                self.check_registration();
            }
            Err(error) => {
                self.printer.diagnostic(&error.diagnostic());
                self.printer.status("the last good configuration stays in use");
            }
        }
    }

    /// Takes up packages that are not what they were, and says whether they are not.
    async fn resolve_packages(&mut self) -> Result<bool> {
        match self.program.resolve_packages() {
            Ok(packages) if packages == *self.program.packages() => Ok(false),
            Ok(packages) => {
                if let Err(error) = self.watch.packages(&packages.local) {
                    self.printer.diagnostic(&error.diagnostic());
                }
                self.program.repackaged(packages).await?;
                Ok(true)
            }
            Err(error) => {
                self.printer.diagnostic(&error.diagnostic());
                Ok(false)
            }
        }
    }

    /// Warns where the configuration and `main()` disagree about what the Worker has.
    fn check_registration(&mut self) {
        let Some(registered) = &self.registered else { return };
        self.warned.tell(&registration::check(&self.environment, registered, &self.config), self.printer);
    }

    /// Prints the ready block once both children have something to say.
    fn announce(&mut self) {
        let Some(url) = self.wrangler.url() else { return };
        if self.program.is_decided() && !std::mem::replace(&mut self.is_announced, true) {
            self.printer.status(terminal::ready_block(url, &self.environment, self.program.service()));
        }
    }
}

/// What a check warned of the last time, so that it tells only what is new.
#[derive(Debug, Default)]
struct Warned(Vec<Diagnostic>);

impl Warned {
    fn tell(&mut self, warnings: &[Diagnostic], printer: Printer) {
        for warning in warnings {
            if !self.0.contains(warning) {
                printer.diagnostic(warning);
            }
        }
        warnings.clone_into(&mut self.0);
    }
}
