//! The program compiled, as it will be on Cloudflare: built again after every save, and run by workerd itself.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use tokio::task::JoinSet;

use super::engine::{EngineEvent, Setup};
use super::{Event, Events, derived};
use crate::bundle::{self, Outcome, Project};
use crate::config::{Config, Environment};
use crate::dart::compile::{CompileOptions, Target};
use crate::dart::messages;
use crate::dart::packages::Packages;
use crate::diagnostic::{Code, Diagnostic};
use crate::error::Result;
use crate::printer::Printer;

pub(super) struct Compiled {
    target: Target,
    pub(super) setup: Setup,
    printer: Printer,
    events: Events,
    project: Arc<Project>,
    /// How many Workers there were that differed in more than the program.
    workers: u32,
    /// The build that runs, and those before it that are being ended.
    builds: JoinSet<()>,
    /// Which build is the newest; what comes of an older one is of no interest.
    number: u32,
    /// When the change was noticed that is being built.
    saved_at: Option<Instant>,
    published: Published,
}

/// What wrangler runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Published {
    Nothing,
    /// A program that compiled.
    Program,
    /// A Worker that tells what is wrong.
    Failure,
}

impl Compiled {
    pub(super) fn new(
        target: Target,
        setup: Setup,
        config: &Config,
        environment: &Environment,
        events: Events,
        printer: Printer,
    ) -> Result<Self> {
        Ok(Self {
            project: project(target, &setup, config, environment, 0)?,
            workers: 0,
            target,
            setup,
            printer,
            events,
            builds: JoinSet::new(),
            number: 0,
            saved_at: None,
            published: Published::Nothing,
        })
    }

    /// For the ready block.
    pub(super) fn about(&self) -> String {
        format!("{}, compiled for debugging", self.target.noun())
    }

    /// What the build is made of changed.
    pub(super) fn saved(&mut self) {
        self.saved_at = Some(Instant::now());
        self.build();
    }

    /// The Worker is to be one for this configuration.
    pub(super) fn configured(&mut self, config: &Config, environment: &Environment) -> Result<()> {
        let of = |number| project(self.target, &self.setup, config, environment, number);
        let mut project = of(self.workers)?;
        if !project.is_like(&self.project) {
            // It takes effect with the configuration, which leads there. In the place of the one before, wrangler would
            // meet the old configuration and the new Worker, or the other way round.
            project = of(self.workers + 1)?;
            self.workers += 1;
        }
        self.project = project;
        self.saved();
        Ok(())
    }

    /// The file that wrangler begins with.
    pub(super) fn entry(&self) -> PathBuf {
        self.project.entry()
    }

    /// Packages were resolved again. Even if all of them are where they were, there may be others of their versions now:
    /// the build knows.
    pub(super) fn repackaged(&mut self, packages: Packages) {
        self.setup.packages = packages;
        self.saved();
    }

    /// Builds in place of the build that runs.
    pub(super) fn build(&mut self) {
        self.builds.abort_all();
        while self.builds.try_join_next().is_some() {}
        self.number += 1;
        let (number, project) = (self.number, Arc::clone(&self.project));
        let (events, printer) = (self.events.clone(), self.printer);
        self.builds.spawn(async move {
            let outcome = project.build(printer).await;
            let _ = events.send(Event::Engine(EngineEvent::Built(number, outcome)));
        });
    }

    /// Takes what came of the build with this number, and says whether there is something to run.
    pub(super) fn built(&mut self, number: u32, outcome: Result<Outcome>) -> Result<bool> {
        if number != self.number {
            return Ok(false);
        }
        let saved_at = self.saved_at.take();
        match outcome {
            Ok(Outcome::Published(published)) => {
                if let Some(saved_at) = saved_at {
                    if published.took.is_some() {
                        self.printer.status(format_args!("rebuilt in {} ms", saved_at.elapsed().as_millis()));
                    } else {
                        self.printer.status("up to date: there is nothing to rebuild");
                    }
                }
                self.published = Published::Program;
                Ok(true)
            }
            Ok(Outcome::Refused(messages)) => {
                let diagnostics = messages::diagnostics(&messages);
                self.printer.diagnostics(&diagnostics);
                let title = messages::errors(&messages);
                let stays = if self.stays() { "; the last good code answers" } else { "" };
                let said = format!("the program does not compile: {title}{stays}");
                self.printer.diagnostic(&Diagnostic::error(Code::DoesNotCompile, said));
                self.fail(&title, &diagnostics.iter().map(Diagnostic::plain).collect::<String>())
            }
            Err(error) => {
                let wrong = error.diagnostic();
                self.printer.diagnostic(&wrong);
                self.fail("", &wrong.plain())
            }
        }
    }

    /// Whether the last good code answers though a newer one failed.
    fn stays(&self) -> bool {
        self.setup.keep_last_good && self.published == Published::Program
    }

    /// Lets the Worker answer with what is wrong.
    fn fail(&mut self, title: &str, detail: &str) -> Result<bool> {
        if self.stays() {
            return Ok(false);
        }
        match self.project.publish_failure(title, detail) {
            Ok(()) => self.published = Published::Failure,
            Err(error) if self.published == Published::Nothing => return Err(error),
            // On a full disk, for one: what is there answers on.
            Err(error) => {
                self.printer.diagnostic(&error.diagnostic());
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Ends the compiler, if it runs.
    pub(super) async fn stop(mut self) {
        self.builds.shutdown().await;
    }
}

/// The Worker for this configuration, in a folder by its number.
fn project(
    target: Target,
    setup: &Setup,
    config: &Config,
    environment: &Environment,
    number: u32,
) -> Result<Arc<Project>> {
    let options = bundle::Options {
        entry: (!setup.entry.is_functions()).then(|| setup.entry.name.clone()),
        env: None,
        dart: Some(setup.toolchain.dart.clone()),
        compile: CompileOptions {
            target,
            is_debug: true,
            optimization: None,
            defines: Vec::new(),
            source_maps: None,
            passed_on: Vec::new(),
        },
        optimizes: false,
        wrangler: Some(setup.wrangler.clone()),
        is_for_dev: true,
    };
    let folder = setup.project.join(derived::FOLDER).join(number.to_string());
    Project::apart(config.clone(), environment.clone(), options, folder, derived::ENTRY).map(Arc::new)
}
