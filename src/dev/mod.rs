//! The development loop: user code on the Dart VM or compiled, bindings in workerd, a changed answer for every saved
//! change.
//!
//! Everything that happens (a file saved, a child's line, a signal) becomes an [`Event`] of one queue, and [`Dev`] takes
//! them one at a time, so that no two of them can act on the same state at once.

mod added;
pub(crate) mod bridge;
mod compiled;
pub(crate) mod derived;
pub(crate) mod engine;
pub(crate) mod frame;
mod front_end;
mod kernel;
pub(crate) mod lock;
mod names;
pub(crate) mod on_vm;
pub(crate) mod overlay;
pub(crate) mod ports;
pub(crate) mod program;
pub(crate) mod relay;
mod service;
pub(crate) mod statics;
mod terminal;
pub(crate) mod vm;
mod watch;
pub(crate) mod wrangler_dev;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use tokio::sync::mpsc;

pub(crate) use self::added::Added;
use self::derived::{Derived, InPlaceOfFiles};
pub(crate) use self::engine::Kind;
use self::engine::{Engine, EngineEvent, Setup};
pub(crate) use self::front_end::Wanted;
use self::front_end::{FrontEnd, FrontEndEvent};
use self::relay::VmConnection;
use self::terminal::Key;
use self::watch::{Changes, Watch};
use self::wrangler_dev::{Invocation, WranglerDev, WranglerEvent};
use crate::bundle;
use crate::codegen;
use crate::config::{Config, Environment, PAGES_OUTPUT};
use crate::dart::compile;
use crate::dart::entry::{self, Entry};
use crate::dart::locate::Toolchain;
use crate::dart::offers::Offers;
use crate::dart::packages;
use crate::diagnostic::{Code, Diagnostic};
use crate::error::{Error, Result};
use crate::printer::Printer;
use crate::signals;
use crate::wrangler::Wrangler;

/// What `dartflare dev` was asked to do.
#[derive(Debug)]
pub(crate) struct Options {
    /// The project's folder, or one inside it.
    pub(crate) project: PathBuf,
    /// The library with `main()`, relative to the project.
    pub(crate) entry: Option<PathBuf>,
    pub(crate) engine: Kind,
    pub(crate) env: Option<String>,
    pub(crate) port: Option<u16>,
    pub(crate) dart: Option<PathBuf>,
    pub(crate) wrangler: Option<PathBuf>,
    /// Whether the last good code answers while the saved code does not compile.
    pub(crate) keep_last_good: bool,
    /// The front end's own server, if it has one.
    pub(crate) front_end: Wanted,
    /// Bindings beside those that are configured.
    pub(crate) added: Vec<Added>,
    /// Flags for wrangler.
    pub(crate) passed_on: Vec<OsString>,
}

#[derive(Debug)]
pub(crate) enum Event {
    /// Ctrl-C, SIGTERM, `q`.
    Quit,
    Key(Key),
    Saved(Changes),
    Engine(EngineEvent),
    /// Of the wrangler with this number.
    Wrangler(u32, WranglerEvent),
    FrontEnd(FrontEndEvent),
    /// A program with tests opened its connection.
    Tests(VmConnection),
}

pub(crate) type Events = mpsc::UnboundedSender<Event>;

/// Runs until the user ends it, or a child that it cannot do without is gone.
pub(crate) async fn run(options: Options, printer: Printer) -> Result<ExitCode> {
    let config = Config::load(&options.project)?;
    for warning in &config.warnings {
        printer.diagnostic(warning);
    }
    let wanted = options.front_end;
    let has_front_end = wanted.command.is_some() || wanted.port.is_some();
    let mut environment = config.resolve(options.env.as_deref())?;
    add(&mut environment, &config, &options.added, has_front_end)?;
    for warning in &environment.warnings {
        printer.diagnostic(warning);
    }
    if !has_front_end {
        bundle::check_served(&config)?;
    }
    let project = config.dir.clone();
    let may_change_entry = options.entry.is_none();
    let entry = Entry::find(&project, options.entry)?;
    let toolchain = Toolchain::find_cached(&project, options.dart.as_deref())?;
    if options.engine.target().is_some() {
        compile::require_compilers(&toolchain)?;
    }
    let (wrangler, _) = Wrangler::find_with_node(&project, options.wrangler.as_deref())?;
    let packages = packages::resolve(&project, &toolchain)?;
    let _lock = lock::acquire(&project, "dev")?;
    let derived = Derived::new(&config, options.env.as_deref(), options.added.clone(), has_front_end);
    if let Some(overlay) = derived.overlay() {
        overlay.check()?;
    }
    let port = match options.port {
        Some(port) => ports::claim(port).await?,
        None => ports::first_free().await?,
    };
    codegen::write_accessors(&config, printer)?;

    let (events, mut queue) = mpsc::unbounded_channel();
    let on_quit = events.clone();
    signals::listen(move || {
        let _ = on_quit.send(Event::Quit);
    })?;
    let _keys = terminal::listen(&events);
    let on_change = events.clone();
    let mut watch = Watch::start(&project, move |changes| {
        let _ = on_change.send(Event::Saved(changes));
    })?;
    let invocation = Invocation {
        program: wrangler.program,
        project: project.clone(),
        config: derived.config_path().to_owned(),
        port,
        env: options.env.clone(),
        is_pages: config.is_pages(),
        serves_files: derived.overlay().is_some(),
        passed_on: options.passed_on,
    };
    let keep_last_good = options.keep_last_good;
    let wrangler = invocation.program.clone();
    let names = names::told(&config, &wanted.names, &invocation.passed_on);
    let setup = Setup {
        project,
        folder: derived::FOLDER,
        entry,
        toolchain,
        packages,
        wrangler,
        keep_last_good,
        keeps_output: false,
        names,
    };
    if let Some(unused) = setup.entry.unused_functions(&setup.project) {
        printer.status(unused);
    }
    follow_sources(&mut watch, &setup, &derived)?;
    let engine = Engine::new(options.engine, setup, &config, &environment, events.clone(), printer).await?;

    let front_end = FrontEnd::start(wanted, &config.dir, port, &events, printer)?;

    let mut dev = Dev {
        env: options.env,
        added: options.added,
        front_end,
        is_held: false,
        printer,
        events,
        config,
        environment,
        derived,
        watch,
        invocation,
        wrangler: None,
        wranglers: 0,
        engine,
        is_announced: false,
        may_change_entry,
    };
    let outcome = dev.run(&mut queue).await;
    let Dev { engine, wrangler, front_end, derived, .. } = dev;
    tokio::join!(
        engine.stop(),
        async {
            if let Some(wrangler) = wrangler {
                wrangler.stop().await;
            }
        },
        async {
            if let Some(front_end) = front_end {
                front_end.stop().await;
            }
        }
    );
    drop(derived);
    outcome
}

/// Watches the folders that a run depends on, those that came a moment ago among them.
fn follow_sources(watch: &mut Watch, setup: &Setup, derived: &Derived) -> Result<()> {
    let output = derived.overlay().map(|overlay| overlay.output().to_owned());
    setup.sources().iter().chain(&output).try_for_each(|folder| watch.tree(folder))
}

/// Adds what the command line says to the environment that is configured.
fn add(environment: &mut Environment, config: &Config, added: &[Added], has_front_end: bool) -> Result<()> {
    added::add_to(environment, added, config.is_pages())?;
    if has_front_end {
        added::bind_assets(environment);
    }
    Ok(())
}

/// The state of a run.
struct Dev {
    env: Option<String>,
    added: Vec<Added>,
    front_end: Option<FrontEnd>,
    /// Whether there is a Worker that waits for the front end to say where it listens.
    is_held: bool,
    printer: Printer,
    events: Events,
    config: Config,
    environment: Environment,
    derived: Derived,
    watch: Watch,
    invocation: Invocation,
    /// Nothing while there is no Worker yet.
    wrangler: Option<WranglerDev>,
    /// How many there were; what an earlier one still says is of no interest.
    wranglers: u32,
    engine: Engine,
    is_announced: bool,
    /// Whether it is for the project's files to say what the entry is, and nobody has been told that they do.
    may_change_entry: bool,
}

impl Dev {
    async fn run(&mut self, queue: &mut mpsc::UnboundedReceiver<Event>) -> Result<ExitCode> {
        self.derived.follow(self.printer)?;
        if self.engine.start(&self.environment)? {
            self.serve().await?;
        }
        while let Some(event) = queue.recv().await {
            match event {
                Event::Quit | Event::Key(Key::Quit) => break,
                Event::Key(key) => self.key(key).await?,
                Event::Saved(changes) => self.saved(changes).await?,
                Event::Engine(event) => {
                    if self.engine.event(event, &self.config, &self.environment).await? {
                        self.serve().await?;
                    }
                }
                Event::Wrangler(number, event) => self.wrangler(number, event).await?,
                Event::FrontEnd(event) => self.front_end(event).await?,
                // Tests have a run of their own.
                Event::Tests(_) => {}
            }
            self.announce();
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Has wrangler run the Worker that there is now, with the configuration as it is.
    async fn serve(&mut self) -> Result<()> {
        self.is_held = self.front_end.as_ref().is_some_and(|front_end| front_end.port().is_none());
        if self.is_held {
            return Ok(());
        }
        self.write().await?;
        if self.wrangler.is_none() { self.start_wrangler() } else { Ok(()) }
    }

    /// Writes what wrangler reads, and starts it again where it does not take that up as it runs.
    async fn write(&mut self) -> Result<()> {
        let front_end = self.in_place_of_files(&self.config, &self.environment);
        let plan = self.derived.plan(&self.config, &self.environment, &self.engine.entry(), front_end)?;
        let needs_restart = self.wrangler.is_some() && self.derived.needs_restart(&plan);
        if needs_restart {
            self.stop_wrangler().await;
        }
        self.derived.write(plan)?;
        if needs_restart { self.start_wrangler() } else { Ok(()) }
    }

    /// The front end's server, as the Worker for this configuration is to meet it.
    fn in_place_of_files(&self, config: &Config, environment: &Environment) -> Option<InPlaceOfFiles> {
        let front_end = self.front_end.as_ref()?;
        let port = front_end.port()?;
        let names = names::told(config, front_end.names(), &self.invocation.passed_on);
        let assets = environment.assets.as_ref();
        let is_after = assets.is_some_and(|assets| assets.worker_first.iter().any(|rule| rule == "/*"));
        // Functions, and the program of a Pages project, ask for files themselves.
        let asks = config.is_pages() || self.engine.setup().entry.is_functions();
        Some(InPlaceOfFiles { port, is_first: !asks && !is_after, names })
    }

    async fn front_end(&mut self, event: FrontEndEvent) -> Result<()> {
        let Some(front_end) = &mut self.front_end else { return Ok(()) };
        if front_end.event(event)? && self.is_held {
            return self.serve().await;
        }
        Ok(())
    }

    fn start_wrangler(&mut self) -> Result<()> {
        self.wranglers += 1;
        let (events, number) = (self.events.clone(), self.wranglers);
        let on_event = move |event| {
            let _ = events.send(Event::Wrangler(number, event));
        };
        self.wrangler = Some(WranglerDev::start(&self.invocation, self.printer, on_event)?);
        Ok(())
    }

    async fn stop_wrangler(&mut self) {
        self.end_wrangler("restarting wrangler for a change that it takes up only at its start").await;
    }

    async fn restart_wrangler(&mut self, why: &str) -> Result<()> {
        self.end_wrangler(why).await;
        self.start_wrangler()
    }

    async fn end_wrangler(&mut self, why: &str) {
        if let Some(wrangler) = self.wrangler.take() {
            self.printer.status(why);
            wrangler.stop().await;
        }
    }

    async fn wrangler(&mut self, number: u32, event: WranglerEvent) -> Result<()> {
        let Some(wrangler) = self.wrangler.as_mut().filter(|_| number == self.wranglers) else {
            return Ok(());
        };
        match event {
            WranglerEvent::Output(output) => {
                let was_ready = wrangler.url().is_some();
                // Before it is ready it would only crash again.
                let has_crashed =
                    was_ready && output.lines.iter().any(|line| wrangler_dev::tells_of_crash(line));
                for line in output.lines {
                    wrangler.line(line, |text| self.engine.has_said(text));
                }
                if self.is_announced && !was_ready && wrangler.url().is_some() {
                    self.printer.status("wrangler is ready again");
                }
                if has_crashed {
                    self.restart_wrangler("workerd crashed; restarting wrangler, which does not").await?;
                }
                Ok(())
            }
            WranglerEvent::Exited(status) => Err(wrangler.exited(status)),
        }
    }

    async fn key(&mut self, key: Key) -> Result<()> {
        match key {
            Key::Browser => {
                if let Some(url) = self.url() {
                    terminal::open_browser(url);
                }
            }
            Key::Restart => self.engine.restart_asked().await?,
            Key::Clear => terminal::clear(),
            Key::Quit => {}
        }
        Ok(())
    }

    async fn saved(&mut self, changes: Changes) -> Result<()> {
        follow_sources(&mut self.watch, self.engine.setup(), &self.derived)?;
        if changes.files {
            if self.derived.follow(self.printer)? && self.wrangler.is_some() {
                self.stop_wrangler().await;
                self.start_wrangler()?;
            }
            self.compare_entry();
        }
        if changes.config {
            self.reload_config().await?;
        }
        if changes.packages && self.resolve_packages().await? {
            return Ok(());
        }
        if changes.dart {
            self.regenerate();
            self.engine.saved().await?;
        }
        Ok(())
    }

    /// The classes that bindings lead to may have other methods now. Those of a program that cannot be read stay.
    fn regenerate(&self) {
        if Offers::read(&self.config.dir.join("lib")).has_errors {
            return;
        }
        if let Err(error) = codegen::write_accessors(&self.config, self.printer) {
            self.printer.diagnostic(&error.diagnostic());
        }
    }

    /// Takes up the configuration as it is now, if it can be used.
    async fn reload_config(&mut self) -> Result<()> {
        let loaded = Config::load(&self.config.dir)
            .and_then(|config| config.resolve(self.env.as_deref()).map(|environment| (config, environment)))
            .and_then(|(config, mut environment)| {
                self.check_kind(&config)?;
                add(&mut environment, &config, &self.added, self.front_end.is_some())?;
                codegen::write_accessors(&config, self.printer)?;
                let is_ready = self.engine.configured(&config, &environment)?;
                Ok((config, environment, is_ready))
            });
        match loaded {
            Ok((config, environment, is_ready)) => {
                for warning in config.warnings.iter().chain(&environment.warnings) {
                    self.printer.diagnostic(warning);
                }
                self.printer.status(format_args!("took up `{}`", config.shown().display()));
                self.config = config;
                self.environment = environment;
                self.engine.check(&self.config, &self.environment);
                if is_ready && !self.is_held {
                    self.write().await?;
                }
            }
            Err(error) => {
                self.printer.diagnostic(&error.diagnostic());
                self.printer.status("the last good configuration stays in use");
            }
        }
        Ok(())
    }

    /// Refuses what would be another kind of project, or have its static files elsewhere.
    fn check_kind(&self, config: &Config) -> Result<()> {
        let [new, old] =
            [config, &self.config].map(|config| config.pages_output().map(|(directory, _)| directory));
        if new == old {
            return Ok(());
        }
        let place = config.pages_output().or_else(|| self.config.pages_output()).map(|(_, place)| place);
        let (message, hint) = match (old, new) {
            (Some(_), Some(_)) => (
                format!("`{PAGES_OUTPUT}` changed, and `dartflare dev` serves the folder that it began with"),
                "end `dartflare dev` and start it again to serve the other folder",
            ),
            _ => (
                format!("with or without `{PAGES_OUTPUT}` this is another kind of project"),
                "end `dartflare dev` and start it again to run it as that",
            ),
        };
        let error = Diagnostic::error(Code::NeedsRestart, message).hint(hint);
        // Of one that is gone there is no line any more.
        Err(Error::Project(match place.filter(|_| new.is_some()) {
            Some(place) => error.at(place, ""),
            None => error,
        }))
    }

    /// Tells the user when the files say that another program is to run.
    fn compare_entry(&mut self) {
        let Setup { project, entry, .. } = self.engine.setup();
        if self.may_change_entry && entry.is_functions() && project.join(entry::DEFAULT).is_file() {
            self.printer.status(format_args!(
                "there is a `{}` now, which takes all requests: start `dartflare dev` again to run it",
                entry::DEFAULT
            ));
            self.may_change_entry = false;
        }
    }

    /// Takes up packages that are not what they were, and says whether they are not.
    async fn resolve_packages(&mut self) -> Result<bool> {
        let Setup { project, toolchain, .. } = self.engine.setup();
        match packages::resolve(project, toolchain) {
            Ok(packages) => {
                let is_other = self.engine.repackaged(packages).await?;
                if let Err(error) = follow_sources(&mut self.watch, self.engine.setup(), &self.derived) {
                    self.printer.diagnostic(&error.diagnostic());
                }
                Ok(is_other)
            }
            Err(error) => {
                self.printer.diagnostic(&error.diagnostic());
                Ok(false)
            }
        }
    }

    /// Where the Worker answers, once it does.
    fn url(&self) -> Option<&str> {
        self.wrangler.as_ref()?.url()
    }

    /// Prints the ready block once both children have something to say.
    fn announce(&mut self) {
        let Some(url) = self.url() else { return };
        if self.engine.is_decided() && !self.is_announced {
            let front_end = self.front_end.as_ref().and_then(FrontEnd::port);
            self.printer.status(terminal::ready_block(url, &self.environment, &self.engine, front_end));
            self.is_announced = true;
        }
    }
}
