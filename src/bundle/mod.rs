//! Building: from Dart to a folder that Wrangler uploads.
//!
//! A [`Project`] knows what the configuration asks for, compiles under a lock that newer builds can take over, and
//! publishes what came out at once, or not at all.

mod built;
pub(crate) mod check;
mod disk;
pub(crate) mod guards;
pub(crate) mod inputs;
pub(crate) mod measure;
mod optimize;
mod publish;
pub(crate) mod report;
pub(crate) mod source_map;
mod staging;
mod turn;
mod worker;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

pub(crate) use self::built::Built;
use self::inputs::{FileDigest, Inputs};
pub(crate) use self::optimize::Outcome as Optimization;
pub(crate) use self::publish::Kind;
use self::publish::{Manifest, Output, Part};
use self::staging::Staging;
use self::turn::{Taken, Turn};
use self::worker::Worker;
use crate::codegen;
use crate::config::{Config, Environment};
use crate::dart::compile::{self, Compilation, CompileOptions, Outcome as Compiled, Target};
use crate::dart::entry::Entry;
use crate::dart::imports;
use crate::dart::locate::Toolchain;
use crate::dart::messages::{self, Message};
use crate::dart::packages::{self, Packages};
use crate::dart::uri;
use crate::diagnostic::{Code, Diagnostic, Location};
use crate::error::{Error, Result};
use crate::files;
use crate::printer::{Printer, Warned};
use crate::routes::Routes;
use crate::wrangler::Wrangler;

/// What a build was asked to do.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// The library with `main()`, relative to the project.
    pub(crate) entry: Option<PathBuf>,
    /// Without one, the Worker serves in all environments of the configuration.
    pub(crate) env: Option<String>,
    pub(crate) dart: Option<PathBuf>,
    pub(crate) compile: CompileOptions,
    /// Whether `wasm-opt` may make a module smaller.
    pub(crate) optimizes: bool,
    /// The Wrangler whose workerd starts a program that may have entrypoints.
    pub(crate) wrangler: Option<PathBuf>,
    /// Whether Wrangler's dev server will run the Worker.
    pub(crate) is_for_dev: bool,
}

/// A project whose configuration is understood, about to be built.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) config: Config,
    /// Those that the Worker is made for, at least one.
    pub(crate) environments: Vec<Environment>,
    options: Options,
    output: Output,
    worker: Worker,
    /// Of what the program imports; a project may be built again and again.
    warned: Mutex<Warned>,
}

/// How a build ended that nothing stood in the way of.
#[derive(Debug)]
pub(crate) enum Outcome {
    Published(Box<Published>),
    /// The program has errors.
    Refused(Vec<Message>),
}

/// A Worker that stands in the output folder.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) folder: PathBuf,
    /// The file that the configuration's `main` names.
    pub(crate) entry: PathBuf,
    /// The `_routes.json` that was generated beside it, if there is one.
    pub(crate) routing: Option<PathBuf>,
    pub(crate) manifest: Manifest,
    /// How long it took; nothing if it stood there already.
    pub(crate) took: Option<Duration>,
    pub(crate) optimization: Option<Optimization>,
    /// What the compiler found odd; it was shown while building.
    pub(crate) warnings: Vec<Message>,
}

impl Published {
    /// Its files, as paths from its folder.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let Manifest { entry, folder, parts, .. } = &self.manifest;
        let parts = parts.iter().map(|part| Path::new(folder).join(&part.name));
        [PathBuf::from(entry)].into_iter().chain(parts).collect()
    }
}

/// The tools and packages that a program is compiled with.
struct Tools {
    entry: Entry,
    toolchain: Toolchain,
    packages: Packages,
    /// The Functions, where they are the program.
    routes: Option<Routes>,
    /// The user's own `_routes.json`.
    their_routing: Option<PathBuf>,
}

impl Tools {
    /// The folders whose Dart sources the user changes.
    fn sources(&self) -> Vec<PathBuf> {
        self.packages.local.iter().cloned().chain(self.entry.sources.clone()).collect()
    }

    /// What `_routes.json` says of the program.
    fn routing(&self) -> Option<String> {
        self.routes.as_ref().map(|routes| routes.routes_json().text())
    }
}

impl Project {
    /// Sees that a Worker can be made of what the configuration says. Writes the typed accessors.
    pub(crate) fn open(config: Config, options: Options, printer: Printer) -> Result<Self> {
        for warning in &config.warnings {
            printer.diagnostic(warning);
        }
        let environments = match options.env.as_deref() {
            Some(env) => vec![config.resolve(Some(env))?],
            None => config.all().to_vec(),
        };
        if options.env.is_some() {
            for warning in environments.iter().flat_map(|environment| &environment.warnings) {
                printer.diagnostic(warning);
            }
        }
        let output = output(&config, &environments)?;
        if let Ok(entry) = Entry::find(&config.dir, options.entry.clone())
            && let Some(unused) = entry.unused_functions(&config.dir)
        {
            printer.status(unused);
        }
        codegen::write_accessors(&config, printer)?;
        Ok(Self::new(config, environments, options, output))
    }

    /// The Worker of one environment, for a caller that has read the configuration and keeps the Worker in a folder of
    /// dartflare's own, as `entry`.
    pub(crate) fn apart(
        config: Config,
        environment: Environment,
        options: Options,
        folder: PathBuf,
        entry: &str,
    ) -> Result<Self> {
        let output = Output::own(folder, entry)?;
        Ok(Self::new(config, vec![environment], options, output))
    }

    fn new(config: Config, environments: Vec<Environment>, options: Options, output: Output) -> Self {
        let worker = Worker::new(&config, &environments.iter().collect::<Vec<_>>(), options.is_for_dev);
        Self { config, environments, options, output, worker, warned: Mutex::default() }
    }

    /// Whether the program is the one that serves `functions/`.
    pub(crate) fn serves_functions(&self) -> bool {
        Entry::find(&self.config.dir, self.options.entry.clone()).is_ok_and(|entry| entry.is_functions())
    }

    /// Whether a Worker for `other` is made just like one for this, of the same program.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.worker == other.worker
    }

    /// The file that Wrangler begins with.
    pub(crate) fn entry(&self) -> PathBuf {
        self.output.entry()
    }

    /// Compiles what has changed since the last build, and publishes it.
    pub(crate) async fn build(&self, printer: Printer) -> Result<Outcome> {
        self.build_and(printer, |_| ()).await
    }

    /// As [`Project::build`]. `and` is called with what came of it before another build may begin: what it publishes
    /// takes the place of nothing newer. It is not called when a newer build took over.
    pub(crate) async fn build_and(
        &self,
        printer: Printer,
        and: impl FnOnce(&Result<Outcome>),
    ) -> Result<Outcome> {
        let project = &self.config.dir;
        let before = self.output.published();
        loop {
            // Taken even by a build that will find nothing to do: one that is still at work on what the project was
            // before must not publish that now.
            if let Taken::Turn(turn) = turn::take(project).await? {
                let outcome = tokio::select! {
                    outcome = self.take_turn(&turn, printer) => outcome.transpose(),
                    () = turn.superseded() => None,
                };
                if let Some(outcome) = outcome {
                    if turn.is_newest() {
                        and(&outcome);
                    }
                    return outcome;
                }
            }
            // The newer one makes what this one would. Should it come to nothing, it is this one's turn again.
            turn::wait_for_newer(project).await?;
            let tools = self.tools()?;
            if let Some(manifest) = self.current(&tools)? {
                return Ok(Outcome::Published(Box::new(self.stands(manifest))));
            }
            if self.output.published() != before {
                return Err(Error::Superseded);
            }
        }
    }

    /// What there is to do; nothing if a newer build came first.
    async fn take_turn(&self, turn: &Turn, printer: Printer) -> Result<Option<Outcome>> {
        let tools = self.tools()?;
        if let Some(manifest) = self.current(&tools)? {
            self.output.settle()?;
            self.output.tidy();
            return Ok(Some(Outcome::Published(Box::new(self.stands(manifest)))));
        }
        self.make(&tools, turn, printer).await
    }

    /// What stands in the output folder now, whoever put it there.
    pub(crate) fn stands_now(&self) -> Option<Manifest> {
        self.output.published()
    }

    fn tools(&self) -> Result<Tools> {
        let project = &self.config.dir;
        let entry = Entry::find(project, self.options.entry.clone())?;
        let toolchain = Toolchain::find_cached(project, self.options.dart.as_deref())?;
        let packages = packages::resolve(project, &toolchain)?;
        compile::require_compilers(&toolchain)?;
        let routes = entry.prepare(project)?;
        let mut tools = Tools { entry, toolchain, packages, routes, their_routing: None };
        tools.their_routing = self.output.check_routing(tools.routing().as_deref())?;
        Ok(tools)
    }

    /// What stands in the output folder, if building would make it again.
    fn current(&self, tools: &Tools) -> Result<Option<Manifest>> {
        let Some(manifest) = self.output.published().filter(|manifest| manifest.kind == Kind::Worker) else {
            return Ok(None);
        };
        let sources = self.sources(tools, &manifest);
        let files = sources.iter().map(|path| (path.as_path(), inputs::digest(path)));
        Ok((self.inputs(tools, files)? == manifest.inputs).then_some(manifest))
    }

    /// The Worker of `manifest`, which stood there already.
    fn stands(&self, manifest: Manifest) -> Published {
        let folder = self.output.folder().to_owned();
        let entry = folder.join(&manifest.entry);
        let routing = self.output.generated_routing();
        Published { entry, routing, folder, manifest, took: None, optimization: None, warnings: Vec::new() }
    }

    fn sources(&self, tools: &Tools, manifest: &Manifest) -> Vec<PathBuf> {
        match manifest.details["sources"].as_array() {
            Some(sources) => {
                sources.iter().filter_map(|path| Some(self.config.dir.join(path.as_str()?))).collect()
            }
            None => inputs::possible(&tools.entry, &tools.packages.local).into_iter().collect(),
        }
    }

    /// The hash of all that decides what a build makes, its sources being `files`.
    fn inputs<'a>(
        &self,
        tools: &Tools,
        files: impl Iterator<Item = (&'a Path, Option<FileDigest>)>,
    ) -> Result<String> {
        let options = &self.options.compile;
        let mut inputs = Inputs::default();
        inputs.add(env!("CARGO_PKG_VERSION"));
        inputs.add(self.worker.source(options.target)?);
        for (name, content) in worker::modules(options.target) {
            inputs.add(name);
            inputs.add(content);
        }
        inputs.add(tools.entry.uri(&tools.packages.package_name));
        inputs.add(tools.toolchain.dart.as_os_str().as_encoded_bytes());
        inputs.add(tools.toolchain.version.to_string());
        inputs.add(format!("{options:?} {}", self.options.optimizes));
        inputs.add(tools.routing().unwrap_or_default());
        for variable in ["WASM_OPT", "DART_VM_OPTIONS"] {
            inputs.add(std::env::var_os(variable).unwrap_or_default().as_encoded_bytes());
        }
        inputs.add_file(&tools.packages.config, inputs::digest(&tools.packages.config));
        for (path, digest) in files {
            inputs.add_file(path, digest);
        }
        Ok(inputs.hash())
    }

    /// Compiles and publishes; nothing if a newer build came first.
    async fn make(&self, tools: &Tools, turn: &Turn, printer: Printer) -> Result<Option<Outcome>> {
        let started = Instant::now();
        let project = &self.config.dir;
        let options = &self.options.compile;
        let mut warnings = imports::check(&tools.entry.path, &tools.packages.config, &tools.packages.local);
        if let Some(routes) = &tools.routes {
            warnings.extend(routes.warnings.iter().cloned());
            warnings.extend(guards::unguarded(&self.environments, routes));
            let served = self.output.served_files().filter(|_| tools.their_routing.is_none());
            warnings.extend(served.and_then(|served| guards::bypassed(served, routes)));
        }
        self.warned.lock().unwrap_or_else(PoisonError::into_inner).tell(&warnings, printer);
        // Taken before the compiler reads them: what is saved meanwhile has to be built again.
        let possible = inputs::possible(&tools.entry, &tools.packages.local);
        let digests: BTreeMap<PathBuf, Option<FileDigest>> =
            possible.into_iter().map(|path| (path.clone(), inputs::digest(&path))).collect();
        let staging = Staging::make(project)?;
        let entry = write_entry(project, tools)?;
        printer.status(format_args!(
            "compiling `{}` to {} with Dart {}",
            tools.entry.name.display(),
            options.target.noun(),
            tools.toolchain.version
        ));
        if let Some(routing) = &tools.their_routing {
            printer.status(format_args!(
                "`{}` is yours: it says which requests reach the Worker",
                files::shown(routing).display()
            ));
        }
        let compilation = Compilation {
            toolchain: &tools.toolchain,
            packages: &tools.packages.config,
            project,
            entry: &entry,
            output: &staging.folder,
            options,
        };
        let warnings = match compilation.run(printer).await? {
            Compiled::Refused { messages } => return Ok(Some(Outcome::Refused(messages))),
            Compiled::Compiled { warnings } => warnings,
        };
        for warning in messages::diagnostics(&warnings) {
            printer.diagnostic(&warning);
        }
        let optimization = match options.target {
            Target::Wasm if self.options.optimizes => {
                Some(optimize::optimize(&staging.folder.join("main.wasm"), &tools.toolchain.dart).await?)
            }
            _ => None,
        };
        if options.target == Target::Js {
            let published_in = self.output.folder().join("app");
            source_map::settle(&staging.folder.join("main.js"), &staging.folder, &published_in)?;
        }
        if !turn.is_newest() {
            return Ok(None);
        }
        // Of what was written for the compiler, the inputs have the origin.
        let mut compiled = inputs::compiled(&staging.folder.join("main.js.deps"), &tools.sources());
        if let Some(files) = &mut compiled {
            files.remove(&entry);
        }
        let sources = compiled.as_ref().map(|files| {
            files.iter().map(|path| path.strip_prefix(project).unwrap_or(path)).collect::<Vec<_>>()
        });
        let files: Vec<(PathBuf, Option<FileDigest>)> = match &compiled {
            Some(files) => files
                .iter()
                .map(|path| {
                    (path.clone(), digests.get(path).copied().unwrap_or_else(|| inputs::digest(path)))
                })
                .collect(),
            None => digests.into_iter().collect(),
        };
        let inputs = self.inputs(tools, files.iter().map(|(path, digest)| (path.as_path(), *digest)))?;
        let parts = self.parts(tools, &staging)?;
        let (worker, parts) = self.with_entrypoints(tools, &staging, parts, printer).await?;
        if !turn.is_newest() {
            return Ok(None);
        }
        let new = self.output.new_served();
        let manifest = self.publish(
            &worker,
            Kind::Worker,
            inputs,
            parts,
            tools.routing(),
            json!({ "target": options.target, "sources": sources }),
        )?;
        if let Some(served) = new {
            printer.status(format_args!(
                "created `{}`: there are no files in it to serve",
                files::shown(&served).display()
            ));
        }
        let took = Some(started.elapsed());
        Ok(Some(Outcome::Published(Box::new(Published {
            took,
            optimization,
            warnings,
            ..self.stands(manifest)
        }))))
    }

    /// The Worker and its parts, with the entrypoints that `main()` registers: what it exports cannot be told from
    /// sources, so a program that may have some is started once.
    async fn with_entrypoints(
        &self,
        tools: &Tools,
        staging: &Staging,
        mut parts: Vec<Part>,
        printer: Printer,
    ) -> Result<(Worker, Vec<Part>)> {
        let Tools { entry, packages, .. } = tools;
        if !imports::may_register_entrypoints(&entry.path, &packages.config, &packages.local) {
            return Ok((self.worker.clone(), parts));
        }
        let folder = staging.folder.join("started");
        for part in &parts {
            files::write_if_changed(&folder.join("app").join(&part.name), &part.bytes)?;
        }
        files::write_if_changed(&folder.join(WORKER), self.worker.entry("app"))?;
        let described = {
            let _progress = printer.progress("starting the Worker in the local workerd");
            self.describe(&folder).await
        };
        let description = described.map_err(|error| match error {
            Error::Environment(missing) => Error::Environment(Diagnostic {
                message: format!(
                    "cannot tell which entrypoints `main()` registers, and so what to export: {}",
                    missing.message
                ),
                ..missing
            }),
            error => error,
        })?;
        let worker = self.worker.with_entrypoints(&description.registered.entrypoints);
        if worker != self.worker {
            let source = worker.source(self.options.compile.target)?;
            for part in parts.iter_mut().filter(|part| part.name == WORKER) {
                part.bytes = source.clone().into_bytes();
            }
        }
        Ok((worker, parts))
    }

    async fn describe(&self, folder: &Path) -> Result<measure::Description> {
        let project = &self.config.dir;
        let (wrangler, node) = Wrangler::find_with_node(project, self.options.wrangler.as_deref())?;
        let environment = self.environments.first().cloned().unwrap_or_default();
        let started = measure::Published::new(project, folder, WORKER, "app", &environment);
        measure::describe(&started, &wrangler, &node).await
    }

    /// What was published, to be run with the compatibility that the configuration asks for.
    pub(crate) fn runnable(&self, published: &Published) -> measure::Published {
        let environment = self.environments.first().cloned().unwrap_or_default();
        let Manifest { entry, folder, .. } = &published.manifest;
        measure::Published::new(&self.config.dir, &published.folder, entry, folder, &environment)
    }

    /// Publishes a Worker that answers every request with what is wrong with the program.
    pub(crate) fn publish_failure(&self, title: &str, detail: &str) -> Result<()> {
        let source = self.worker.unbuilt_source(title, detail)?;
        let parts = part_of(worker::UNBUILT_MODULES)
            .chain([Part { name: WORKER.to_owned(), bytes: source.into_bytes() }])
            .collect();
        // Whatever is built next takes its place.
        self.publish(&self.worker, Kind::Failure, String::new(), parts, None, json!({})).map(|_| ())
    }

    fn parts(&self, tools: &Tools, staging: &Staging) -> Result<Vec<Part>> {
        let target = self.options.compile.target;
        let mut parts: Vec<Part> = part_of(worker::modules(target)).collect();
        parts.push(Part { name: WORKER.to_owned(), bytes: self.worker.source(target)?.into_bytes() });
        let mut compiled = staging.files()?;
        if let Some(part) = compiled.keys().find(|name| is_deferred(name)) {
            return Err(Error::Project(
                Diagnostic::error(
                    Code::DeferredImport,
                    format!(
                        "`{}` loads a library with a `deferred` import (the compiler made `{part}`)",
                        tools.entry.name.display()
                    ),
                )
                .hint("a Worker is loaded as a whole: leave out `deferred as` and `loadLibrary()`"),
            ));
        }
        let source_map: &[&str] = if target == Target::Js { &["main.js.map"] } else { &[] };
        for name in target.files().iter().chain(source_map) {
            if let Some(bytes) = compiled.remove(*name) {
                parts.push(Part { name: (*name).to_owned(), bytes });
            }
        }
        Ok(parts)
    }

    fn publish(
        &self,
        worker: &Worker,
        kind: Kind,
        inputs: String,
        parts: Vec<Part>,
        routing: Option<String>,
        details: Value,
    ) -> Result<Manifest> {
        let mut id = Inputs::default();
        for part in &parts {
            id.add(&part.name);
            id.add(&part.bytes);
        }
        if let Some(routing) = &routing {
            id.add(routing);
        }
        let mut id = id.hash();
        id.truncate(ID_LENGTH);
        let entry = worker.entry(&format!("app-{id}"));
        self.output.publish(&publish::Build { id, inputs, kind, entry, parts, routing, details })?;
        self.output.published().ok_or_else(|| {
            Error::Environment(
                Diagnostic::error(
                    Code::BuildReplaced,
                    format!("`{}` changed while it was published", self.output.folder().display()),
                )
                .hint("see what else writes there, and build again"),
            )
        })
    }
}

/// The module that leads to all others of a Worker.
const WORKER: &str = "worker.mjs";

/// Enough to tell the builds of one project apart.
const ID_LENGTH: usize = 12;

fn part_of<'a>(modules: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> impl Iterator<Item = Part> {
    modules.into_iter().map(|(name, bytes)| Part { name: name.to_owned(), bytes: bytes.to_owned() })
}

/// Whether the compiler put a part of the program there that is to be loaded later.
fn is_deferred(name: &str) -> bool {
    name.ends_with(".part.js") || name.starts_with("main_module") && name.strip_suffix(".wasm").is_some()
}

/// The folder that the configuration's `main` names, or that of a Pages project.
fn output(config: &Config, environments: &[Environment]) -> Result<Output> {
    if let Some((directory, location)) = config.pages_output() {
        return Output::of_pages(&config.dir, directory).map_err(|error| located(error, location));
    }
    let mut wanted = environments.iter().filter_map(|environment| {
        Some((environment.main.as_deref()?, environment.main_location.as_ref()?, environment.no_bundle))
    });
    let Some((main, location, no_bundle)) = wanted.next() else {
        return Err(Error::Project(
            Diagnostic::error(
                Code::NoMain,
                format!("`{}` does not say where the built Worker goes", config.shown().display()),
            )
            .hint(format!("add `{}`", config.format.assignment("main", "build/worker.mjs"))),
        ));
    };
    if let Some((other, at, _)) = wanted.find(|(other, _, _)| *other != main) {
        return Err(Error::Project(
            Diagnostic::error(
                Code::TwoMains,
                format!("`main` is `{main}` in one environment and `{other}` in another"),
            )
            .at(location.clone(), "")
            .at(at.clone(), "")
            .hint("build for one of them with `--env`, or write `main` once, at the top level"),
        ));
    }
    Output::open(&config.dir, main, !no_bundle).map_err(|error| located(error, location.clone()))
}

/// Refuses the folder that a Pages project serves where that has other things in it than files for everybody.
pub(crate) fn check_served(config: &Config) -> Result<()> {
    let Some((directory, location)) = config.pages_output() else { return Ok(()) };
    publish::served(&config.dir, directory).map(|_| ()).map_err(|error| located(error, location))
}

/// With the place in the configuration that an error is about.
fn located(error: Error, place: Location) -> Error {
    match error {
        Error::Project(wrong) => Error::Project(wrong.at(place, "")),
        error => error,
    }
}

/// Writes the program that is compiled: the user's, started so that the runtime learns of what `main()` throws.
fn write_entry(project: &Path, tools: &Tools) -> Result<PathBuf> {
    let path = project.join(".dart_tool/dartflare/build.dart");
    let uri = tools.entry.uri(&tools.packages.package_name);
    let source = format!(
        "// Generated by `dartflare build`: starts the program in `{uri}`.\n\
         import 'package:cloudflare_workers/src/host/start.dart';\n\
         import {} as worker;\n\
         \n\
         void main() => start(worker.main);\n",
        uri::literal(&uri)
    );
    files::write_if_changed(&path, source)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    /// With other text, `wasm-tools parse x.wat -o x.wasm` makes the other file.
    #[test]
    fn committed_modules_are_what_their_texts_say() {
        macro_rules! check {
            ($($path:literal),+) => {$(
                let text = include_str!(concat!("../../", $path, ".wat"));
                let module = include_bytes!(concat!("../../", $path, ".wasm"));
                assert!(wat::parse_str(text).unwrap() == module, "{}.wasm is not {0}.wat, assembled", $path);
            )+};
        }
        check!("templates/strings", "tests/fixtures/wasm/builtins");
    }
}
