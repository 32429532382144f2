//! The development loop: user code on the Dart VM or compiled, bindings in workerd, a changed answer for every saved
//! change.
//!
//! Everything that happens (a file saved, a child's line, a signal) becomes an [`Event`] of one queue, and [`Dev`] takes
//! them one at a time, so that no two of them can act on the same state at once.

mod bridge;
mod compiled;
pub(crate) mod derived;
mod engine;
mod frame;
mod lock;
mod on_vm;
mod ports;
mod program;
mod relay;
mod statics;
mod terminal;
mod vm;
mod watch;
mod wrangler_dev;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use tokio::sync::mpsc;

use self::derived::Derived;
pub(crate) use self::engine::Kind;
use self::engine::{Engine, EngineEvent, Setup};
use self::terminal::Key;
use self::watch::{Changes, Watch};
use self::wrangler_dev::{Invocation, WranglerDev, WranglerEvent};
use crate::codegen;
use crate::config::{Config, Environment};
use crate::dart::compile;
use crate::dart::entry::Entry;
use crate::dart::locate::Toolchain;
use crate::dart::offers::Offers;
use crate::dart::packages;
use crate::diagnostic::Diagnostic;
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
    /// Flags for wrangler.
    pub(crate) passed_on: Vec<OsString>,
}

#[derive(Debug)]
enum Event {
    /// Ctrl-C, SIGTERM, `q`.
    Quit,
    Key(Key),
    Saved(Changes),
    Engine(EngineEvent),
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
    if options.engine.target().is_some() {
        compile::require_compilers(&toolchain)?;
    }
    let (wrangler, _) = Wrangler::find_with_node(&project, options.wrangler.as_deref())?;
    let packages = packages::resolve(&project, &toolchain)?;
    let _lock = lock::acquire(&project)?;
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
    watch.packages(&packages.local)?;
    let derived = Derived::new(&project);
    let invocation = Invocation {
        program: wrangler.program,
        project: project.clone(),
        config: derived.config_path().to_owned(),
        port,
        env: options.env.clone(),
        passed_on: options.passed_on,
    };
    let keep_last_good = options.keep_last_good;
    let wrangler = invocation.program.clone();
    let setup = Setup { project, entry, toolchain, packages, wrangler, keep_last_good };
    let engine = Engine::new(options.engine, setup, &config, &environment, events.clone(), printer).await?;

    let mut dev = Dev {
        env: options.env,
        printer,
        events,
        config,
        environment,
        derived,
        watch,
        invocation,
        wrangler: None,
        engine,
        is_announced: false,
    };
    let outcome = dev.run(&mut queue).await;
    let Dev { engine, wrangler, derived, .. } = dev;
    tokio::join!(engine.stop(), async {
        if let Some(wrangler) = wrangler {
            wrangler.stop().await;
        }
    });
    drop(derived);
    outcome
}

/// The state of a run.
struct Dev {
    env: Option<String>,
    printer: Printer,
    events: Events,
    config: Config,
    environment: Environment,
    derived: Derived,
    watch: Watch,
    invocation: Invocation,
    /// Nothing while there is no Worker yet.
    wrangler: Option<WranglerDev>,
    engine: Engine,
    is_announced: bool,
}

impl Dev {
    async fn run(&mut self, queue: &mut mpsc::UnboundedReceiver<Event>) -> Result<ExitCode> {
        if self.engine.start(&self.environment)? {
            self.serve()?;
        }
        while let Some(event) = queue.recv().await {
            match event {
                Event::Quit | Event::Key(Key::Quit) => break,
                Event::Key(key) => self.key(key).await?,
                Event::Saved(changes) => self.saved(changes).await?,
                Event::Engine(event) => {
                    if self.engine.event(event, &self.config, &self.environment).await? {
                        self.serve()?;
                    }
                }
                Event::Wrangler(event) => self.wrangler(event)?,
            }
            self.announce();
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Has wrangler run the Worker that there is now, with the configuration as it is.
    fn serve(&mut self) -> Result<()> {
        self.derived.write(&self.config, &self.engine.entry())?;
        if self.wrangler.is_none() {
            let events = self.events.clone();
            let on_event = move |event| {
                let _ = events.send(Event::Wrangler(event));
            };
            self.wrangler = Some(WranglerDev::start(&self.invocation, self.printer, on_event)?);
        }
        Ok(())
    }

    fn wrangler(&mut self, event: WranglerEvent) -> Result<()> {
        let Some(wrangler) = &mut self.wrangler else { return Ok(()) };
        match event {
            WranglerEvent::Output(output) => {
                for line in output.lines {
                    wrangler.line(line, |text| self.engine.has_said(text));
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
        if changes.config {
            self.reload_config();
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

    fn reload_config(&mut self) {
        let loaded = Config::load(&self.config.dir)
            .and_then(|config| config.resolve(self.env.as_deref()).map(|environment| (config, environment)))
            .and_then(|(config, environment)| {
                codegen::write_accessors(&config, self.printer)?;
                let is_ready = self.engine.configured(&config, &environment)?;
                if is_ready {
                    self.derived.write(&config, &self.engine.entry())?;
                }
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
                self.engine.check(&self.config, &self.environment);
            }
            Err(error) => {
                self.printer.diagnostic(&error.diagnostic());
                self.printer.status("the last good configuration stays in use");
            }
        }
    }

    /// Takes up packages that are not what they were, and says whether they are not.
    async fn resolve_packages(&mut self) -> Result<bool> {
        let Setup { project, toolchain, .. } = self.engine.setup();
        match packages::resolve(project, toolchain) {
            Ok(packages) => {
                if let Err(error) = self.watch.packages(&packages.local) {
                    self.printer.diagnostic(&error.diagnostic());
                }
                self.engine.repackaged(packages).await
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
            self.printer.status(terminal::ready_block(url, &self.environment, &self.engine));
            self.is_announced = true;
        }
    }
}
