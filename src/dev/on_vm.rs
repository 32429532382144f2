//! The program on the Dart VM, and what takes workerd's events to it: the bridge, and the relay behind it.

use std::net::Ipv4Addr;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::bridge::Bridge;
use super::engine::{EngineEvent, Setup};
use super::program::Runner;
use super::relay::{self, Apps, Program, Relay};
use super::vm::{Address, VmEvent};
use super::{Event, Events};
use crate::bundle::guards;
use crate::config::{Config, Environment};
use crate::dart::imports;
use crate::error::{Error, Result};
use crate::printer::{Printer, Warned};
use crate::registration::{self, Registered};

/// How the bridge names an event whose VM ended; that it ended is told once, by itself.
const GONE: &str = "the Dart program stopped while this event was under way";

/// How the local engine of workflows begins to say that it ends a run, as it does to pause an instance: no failure.
const ENDED: &str = "Aborting engine: ";

pub(crate) struct OnVm {
    pub(crate) program: Runner,
    pub(crate) bridge: Bridge,
    relay: JoinHandle<()>,
    /// What the program registered when it last started.
    registered: Option<Registered>,
    /// The entrypoints that the bridge exports.
    entrypoints: Vec<String>,
    /// Whether the bridge waits for the program to tell of its entrypoints before wrangler begins with it.
    is_waiting: bool,
    warned: Warned,
    printer: Printer,
}

impl OnVm {
    pub(crate) async fn new(setup: Setup, events: Events, printer: Printer) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(|source| Error::refused("cannot listen on `127.0.0.1`", &source))?;
        let address = Address {
            port: listener.local_addr().map_or(0, |address| address.port()),
            token: relay::new_token()?,
        };
        let (state, state_seen) = watch::channel(Program::Starting);
        let apps = Apps::default();
        let on_vm = events.clone();
        let relay = Relay::new(&address.token, state_seen, apps.clone(), move |vm| {
            let _ = on_vm.send(if vm.hello.message["t"] == "test" {
                Event::Tests(vm)
            } else {
                Event::Engine(EngineEvent::Connected(vm))
            });
        });
        Ok(Self {
            bridge: Bridge::new(
                setup.project.join(setup.folder),
                address.port,
                address.token.clone(),
                setup.names.clone(),
            ),
            program: Runner::new(setup, address, printer, events, state, apps),
            relay: tokio::spawn(relay.serve(listener)),
            registered: None,
            entrypoints: Vec::new(),
            is_waiting: false,
            warned: Warned::default(),
            printer,
        })
    }

    /// Starts the program. Says whether wrangler may begin: a program with entrypoints is heard first, or wrangler would
    /// have to begin again.
    pub(crate) fn start(&mut self, environment: &Environment) -> Result<bool> {
        let can_start = self.program.prepare();
        let Setup { entry, packages, .. } = self.program.setup();
        self.is_waiting =
            can_start && imports::may_register_entrypoints(&entry.path, &packages.config, &packages.local);
        self.bridge.write(environment, &self.entrypoints)?;
        if can_start {
            self.program.start()?;
        }
        Ok(!self.is_waiting)
    }

    /// Brings the bridge to the configuration. Says whether wrangler may have it.
    pub(crate) fn configured(&mut self, environment: &Environment) -> Result<bool> {
        self.bridge.write(environment, &self.entrypoints)?;
        Ok(!self.is_waiting)
    }

    /// Takes what the VM with this number did. Says whether there is a bridge now that wrangler is to have.
    pub(crate) async fn event(
        &mut self,
        number: u32,
        event: VmEvent,
        config: &Config,
        environment: &Environment,
    ) -> Result<bool> {
        let mut is_new = false;
        if let Some(registered) = self.program.event(number, event).await? {
            // Of a `main()` that failed, nothing is known.
            if registered != Registered::default() && registered.entrypoints != self.entrypoints {
                self.entrypoints.clone_from(&registered.entrypoints);
                self.bridge.write(environment, &self.entrypoints)?;
                is_new = true;
            }
            self.registered = Some(registered);
            self.check(config, environment);
        }
        if self.is_waiting {
            self.is_waiting = !self.program.is_decided();
            return Ok(!self.is_waiting);
        }
        Ok(is_new)
    }

    /// Warns where the configuration and the program disagree about what the Worker has, and of Functions in vain.
    pub(crate) fn check(&mut self, config: &Config, environment: &Environment) {
        let Some(registered) = &self.registered else { return };
        let is_functions = self.program.setup().entry.is_functions();
        let mut warnings = registration::check(environment, registered, config, is_functions);
        if let Some(routes) = self.program.routes() {
            warnings.extend(routes.warnings.iter().cloned());
            warnings.extend(guards::unguarded(std::slice::from_ref(environment), routes));
        }
        self.warned.tell(&warnings, self.printer);
    }

    pub(crate) fn has_said(&self, text: &str) -> bool {
        text.contains(GONE) || text.contains(ENDED) || self.program.has_said(text)
    }

    pub(crate) async fn stop(self) {
        self.relay.abort();
        self.program.stop().await;
    }
}
