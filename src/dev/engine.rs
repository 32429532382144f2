//! What the program runs on: the Dart VM, or workerd itself once it is compiled.

use std::path::PathBuf;

use clap::ValueEnum;

use super::Events;
use super::compiled::Compiled;
use super::derived;
use super::on_vm::OnVm;
use super::relay::VmConnection;
use super::vm::VmEvent;
use crate::bundle;
use crate::config::{Config, Environment};
use crate::dart::compile::Target;
use crate::dart::entry::Entry;
use crate::dart::locate::Toolchain;
use crate::dart::packages::Packages;
use crate::error::Result;
use crate::printer::Printer;

/// As the user chooses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// The Dart VM: hot reload and a debugger
    Vm,
    /// Compiled to JavaScript after every save, as for Cloudflare
    Js,
    /// Compiled to WebAssembly after every save, as for Cloudflare
    Wasm,
}

impl Kind {
    /// What the program is compiled to, if it is.
    pub(super) fn target(self) -> Option<Target> {
        match self {
            Self::Vm => None,
            Self::Js => Some(Target::Js),
            Self::Wasm => Some(Target::Wasm),
        }
    }
}

/// What is run, and with what.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) project: PathBuf,
    /// Where the Worker of the run is written, from the project.
    pub(crate) folder: &'static str,
    pub(crate) entry: Entry,
    pub(crate) toolchain: Toolchain,
    pub(crate) packages: Packages,
    pub(crate) wrangler: PathBuf,
    /// Whether the last good code answers while the saved code does not compile.
    pub(crate) keep_last_good: bool,
    /// Whether what the program writes is kept, and not shown.
    pub(crate) keeps_output: bool,
    /// By which names requests may come, beside this machine's own; see [`names::told`](super::names::told).
    pub(crate) names: Option<Vec<String>>,
}

impl Setup {
    /// Whether the program is reloaded as its sources change.
    pub(super) fn is_reloaded(&self) -> bool {
        self.folder == derived::FOLDER
    }

    /// Where the sources are that change as the user works.
    pub(super) fn sources(&self) -> Vec<PathBuf> {
        let own = self.entry.sources.clone().filter(|folder| *folder != self.project);
        self.packages.local.iter().map(|package| package.join("lib")).chain(own).collect()
    }
}

/// What happens to an engine.
#[derive(Debug)]
pub(crate) enum EngineEvent {
    /// A VM opened its control connection.
    Connected(VmConnection),
    /// Of the VM with this number.
    Vm(u32, VmEvent),
    /// How the build with this number ended.
    Built(u32, Result<bundle::Outcome>),
}

/// An engine with the program on it. Where an answer is a `bool`, it says whether there is a Worker now that fits the
/// configuration, for wrangler to run.
pub(super) enum Engine {
    Vm(Box<OnVm>),
    Compiled(Box<Compiled>),
}

impl Engine {
    pub(super) async fn new(
        kind: Kind,
        setup: Setup,
        config: &Config,
        environment: &Environment,
        events: Events,
        printer: Printer,
    ) -> Result<Self> {
        Ok(match kind.target() {
            None => Self::Vm(Box::new(OnVm::new(setup, events, printer).await?)),
            Some(target) => {
                Self::Compiled(Box::new(Compiled::new(target, setup, config, environment, events, printer)?))
            }
        })
    }

    /// Brings the program up for the first time.
    pub(super) fn start(&mut self, environment: &Environment) -> Result<bool> {
        match self {
            Self::Vm(vm) => vm.start(environment),
            Self::Compiled(compiled) => {
                compiled.build();
                Ok(false)
            }
        }
    }

    /// The sources changed.
    pub(super) async fn saved(&mut self) -> Result<()> {
        match self {
            Self::Vm(vm) => vm.program.saved().await,
            Self::Compiled(compiled) => {
                compiled.saved();
                Ok(())
            }
        }
    }

    /// The user wants it done anew.
    pub(super) async fn restart_asked(&mut self) -> Result<()> {
        match self {
            Self::Vm(vm) => vm.program.restart_asked().await,
            Self::Compiled(compiled) => {
                compiled.saved();
                Ok(())
            }
        }
    }

    /// There is a new configuration.
    pub(super) fn configured(&mut self, config: &Config, environment: &Environment) -> Result<bool> {
        match self {
            Self::Vm(vm) => vm.configured(environment),
            Self::Compiled(compiled) => compiled.configured(config, environment).map(|()| false),
        }
    }

    pub(super) fn setup(&self) -> &Setup {
        match self {
            Self::Vm(vm) => vm.program.setup(),
            Self::Compiled(compiled) => &compiled.setup,
        }
    }

    /// Packages were resolved again. Says whether the program is brought to them, and so to all else that was saved.
    pub(super) async fn repackaged(&mut self, packages: Packages) -> Result<bool> {
        match self {
            Self::Vm(vm) => vm.program.repackaged(packages).await,
            Self::Compiled(compiled) => {
                compiled.repackaged(packages);
                Ok(true)
            }
        }
    }

    /// The Worker's file that wrangler begins with.
    pub(super) fn entry(&self) -> PathBuf {
        match self {
            Self::Vm(vm) => vm.bridge.entry(),
            Self::Compiled(compiled) => compiled.entry(),
        }
    }

    /// Warns where the configuration and `main()` disagree about what the Worker has. A compiled Worker says it itself.
    pub(super) fn check(&mut self, config: &Config, environment: &Environment) {
        if let Self::Vm(vm) = self {
            vm.check(config, environment);
        }
    }

    pub(super) async fn event(
        &mut self,
        event: EngineEvent,
        config: &Config,
        environment: &Environment,
    ) -> Result<bool> {
        match (self, event) {
            (Self::Vm(vm), EngineEvent::Connected(connection)) => vm.program.connected(connection)?,
            (Self::Vm(vm), EngineEvent::Vm(number, event)) => {
                return vm.event(number, event, config, environment).await;
            }
            (Self::Compiled(compiled), EngineEvent::Built(number, outcome)) => {
                return compiled.built(number, outcome);
            }
            // No engine has the events of another.
            _ => {}
        }
        Ok(false)
    }

    /// Whether it is known of the program as it is that it runs, or that it does not.
    pub(super) fn is_decided(&self) -> bool {
        match self {
            Self::Vm(vm) => vm.program.is_decided(),
            Self::Compiled(_) => true,
        }
    }

    /// What the ready block says of it: a word, and what that is.
    pub(super) fn about(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Vm(vm) => Some(("debugger", vm.program.service()?.to_owned())),
            Self::Compiled(compiled) => Some(("engine", compiled.about())),
        }
    }

    /// What the key for doing it anew does.
    pub(super) fn restarting(&self) -> &'static str {
        match self {
            Self::Vm(_) => "restart the Dart VM",
            Self::Compiled(_) => "rebuild",
        }
    }

    /// Whether the user has read already what wrangler says in `text`.
    pub(super) fn has_said(&self, text: &str) -> bool {
        match self {
            Self::Vm(vm) => vm.has_said(text),
            // What the program says, it says through wrangler.
            Self::Compiled(_) => false,
        }
    }

    /// Ends all that runs.
    pub(super) async fn stop(self) {
        match self {
            Self::Vm(vm) => vm.stop().await,
            Self::Compiled(compiled) => compiled.stop().await,
        }
    }
}
