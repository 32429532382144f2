//! What a published Worker says of itself, and how long it takes to start: asked of the workerd that Wrangler brings.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use std::{fmt, fs, io, process};

use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::config::Environment;
use crate::diagnostic::{Code, Diagnostic};
use crate::error::{Error, Result};
use crate::files;
use crate::platform;
use crate::process::{Output, Process};
use crate::registration::Registered;
use crate::wrangler::{Node, Wrangler};

const SCRIPT: &str = include_str!("../../templates/measure.mjs");

/// How long a start may take before it counts as one that never ends: many times what Cloudflare allows.
const START_LIMIT: Duration = Duration::from_secs(20);

/// How often the Worker and an empty one are started for a measurement.
const PAIRS: u32 = 9;

/// How long the global scope may take on Cloudflare, in milliseconds.
/// See <https://developers.cloudflare.com/workers/platform/limits/#worker-startup-time>.
const LIMIT_MS: f64 = 1000.0;

/// From here on a Worker has been seen to be refused: Cloudflare's machines are not the one that measured.
const WARN_FROM_MS: f64 = 400.0;

/// A build's output, to be run.
#[derive(Debug, Clone)]
pub(crate) struct Published {
    /// The project's folder: what a run needs to write is below its `.dart_tool/dartflare`, for as long as it takes.
    pub(crate) project: PathBuf,
    /// The output folder.
    pub(crate) folder: PathBuf,
    /// The file that Wrangler starts from, in `folder`.
    pub(crate) entry: String,
    /// The folder of the parts, in `folder`.
    pub(crate) app: String,
    pub(crate) compatibility_date: Option<String>,
    pub(crate) compatibility_flags: Vec<String>,
}

impl Published {
    /// The output in `folder`, with the compatibility of `environment`.
    pub(crate) fn new(
        project: &Path,
        folder: &Path,
        entry: &str,
        app: &str,
        environment: &Environment,
    ) -> Self {
        Self {
            project: project.to_owned(),
            folder: folder.to_owned(),
            entry: entry.to_owned(),
            app: app.to_owned(),
            compatibility_date: environment.compatibility_date.clone(),
            compatibility_flags: environment.compatibility_flags.clone(),
        }
    }
}

/// What the Worker says of itself once its `main()` has run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Description {
    /// What `main()` threw.
    pub(crate) failure: Option<String>,
    #[serde(flatten)]
    pub(crate) registered: Registered,
    /// What it wrote to its log as errors and warnings.
    #[serde(skip)]
    pub(crate) log: String,
}

/// How long evaluating the global scope takes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Startup {
    pub(crate) median_ms: f64,
    /// How far apart the middle half of the runs is.
    pub(crate) spread_ms: f64,
    pub(crate) runs: u32,
}

impl Startup {
    /// Of `runs`: how long the Worker took to answer from its start on, and how long an empty one beside it.
    fn of(runs: &[(f64, f64)]) -> Self {
        let mut differences: Vec<f64> = runs.iter().map(|(worker, empty)| worker - empty).collect();
        differences.sort_by(f64::total_cmp);
        let [low, median, high] = [0.25, 0.5, 0.75].map(|share| quantile(&differences, share));
        // A Worker that does nothing can come out faster than the empty one.
        let round = |ms: f64| (ms.max(0.0) * 10.0).round() / 10.0;
        let runs = u32::try_from(runs.len()).unwrap_or(u32::MAX);
        Self { median_ms: round(median), spread_ms: round(high - low), runs }
    }

    /// What to say of a start that Cloudflare may refuse.
    pub(crate) fn warning(&self) -> Option<Diagnostic> {
        let message = if self.median_ms > LIMIT_MS {
            format!(
                "the Worker starts in {:.0} ms here, and Cloudflare refuses it from 1 s on",
                self.median_ms
            )
        } else if self.median_ms >= WARN_FROM_MS {
            format!("the Worker starts in {:.0} ms here, near the 1 s that Cloudflare allows", self.median_ms)
        } else {
            return None;
        };
        Some(Diagnostic::warning(Code::SlowStart, message).hint(
            "do less in `main()` and in the values that it needs: what the first event computes does not count",
        ))
    }
}

impl fmt::Display for Startup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "starts in {:.0} ms in the local workerd (spread {:.0} ms, {} runs), of the 1 s that Cloudflare allows",
            self.median_ms, self.spread_ms, self.runs
        )
    }
}

/// The value below which `share` of the sorted values lies.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a handful of runs"
    )]
    let (at, rest) = {
        let place = share * (sorted.len().max(1) - 1) as f64;
        (place as usize, place.fract())
    };
    let value = |at: usize| sorted.get(at).or(sorted.last()).copied().unwrap_or(0.0);
    value(at) + (value(at + 1) - value(at)) * rest
}

/// Starts the Worker once and gives what it says of itself; that its `main()` failed is part of that.
pub(crate) async fn describe(published: &Published, wrangler: &Wrangler, node: &Node) -> Result<Description> {
    let answers = run(published, wrangler, node, 0, START_LIMIT).await?;
    let described =
        answers.into_iter().find_map(|answer| Some(Description { log: answer.log, ..answer.description? }));
    described.ok_or_else(|| {
        Error::Project(
            Diagnostic::error(
                Code::Undescribed,
                format!(
                    "`{}` does not say what it registers",
                    files::shown(&published.folder.join(&published.app).join("worker.mjs")).display()
                ),
            )
            .hint("run `dartflare build` again"),
        )
    })
}

/// Measures how long the Worker takes to start, as the difference to one that carries the same files and does nothing.
pub(crate) async fn startup(published: &Published, wrangler: &Wrangler, node: &Node) -> Result<Startup> {
    let answers = run(published, wrangler, node, PAIRS, START_LIMIT).await?;
    // The first of each has warmed up the disk.
    let of =
        |which| answers.iter().filter(move |answer| answer.which == which).skip(1).map(|answer| answer.ms);
    Ok(Startup::of(&of(Which::Worker).zip(of(Which::Empty)).collect::<Vec<_>>()))
}

/// A line of the script.
#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "camelCase")]
enum Line {
    Answered(Answer),
    /// The Worker did not start.
    Failed {
        text: String,
    },
    /// The machine lacks something.
    Missing {
        text: String,
    },
}

/// What became of a start.
#[derive(Debug, Deserialize)]
struct Answer {
    which: Which,
    /// From the start of the process on.
    ms: f64,
    description: Option<Description>,
    log: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Which {
    Worker,
    Empty,
}

enum Event {
    Output(Output),
    Exited(io::Result<ExitStatus>),
}

async fn run(
    published: &Published,
    wrangler: &Wrangler,
    node: &Node,
    pairs: u32,
    limit: Duration,
) -> Result<Vec<Answer>> {
    let package = wrangler.package.as_deref().ok_or_else(|| unknown_package(wrangler))?;
    let folder = Folder::new(&published.project);
    let script = folder.0.join("measure.mjs");
    files::write_if_changed(&script, SCRIPT)?;
    let request = json!({
        "wrangler": package.join("package.json"),
        "folder": absolute(&published.folder)?,
        "entry": published.entry,
        "app": published.app,
        "modules": modules(published)?,
        "date": published.compatibility_date,
        "flags": published.compatibility_flags,
        "pairs": pairs,
    });

    let (events, mut received) = mpsc::unbounded_channel();
    let exits = events.clone();
    let child = Process::start(
        &node.program,
        |command| {
            command.arg(&script).arg(request.to_string()).env_remove("NODE_OPTIONS");
        },
        move |output| {
            let _ = events.send(Event::Output(output));
        },
        move |status| {
            let _ = exits.send(Event::Exited(status));
        },
    )
    .map_err(|source| Error::Io { action: "start", path: node.program.clone(), source })?;

    let result = collect(&mut received, limit).await;
    child.stop().await;
    result
}

async fn collect(events: &mut mpsc::UnboundedReceiver<Event>, limit: Duration) -> Result<Vec<Answer>> {
    let mut answers = Vec::new();
    let mut errors = Vec::new();
    loop {
        let Ok(event) = timeout(limit, events.recv()).await else {
            return Err(Error::Project(
                Diagnostic::error(
                    Code::StartTimeout,
                    format!("the Worker did not start within {} s", limit.as_secs_f64()),
                )
                .hint("look for a loop that does not end, in `main()` or in the values that it needs"),
            ));
        };
        match event {
            Some(Event::Output(Output { is_stderr: true, lines })) => errors.extend(lines),
            Some(Event::Output(Output { lines, .. })) => {
                for line in lines {
                    match serde_json::from_str(&line) {
                        Ok(Line::Answered(answer)) => answers.push(answer),
                        Ok(Line::Failed { text }) => return Err(failed(&text)),
                        Ok(Line::Missing { text }) => {
                            return Err(Error::Environment(
                                Diagnostic::error(Code::NotMeasured, text)
                                    .hint("run `npm install` in the project"),
                            ));
                        }
                        Err(_) => errors.push(line),
                    }
                }
            }
            Some(Event::Exited(Ok(status))) if status.success() && errors.is_empty() => return Ok(answers),
            Some(Event::Exited(status)) => {
                let how = status.map_or_else(|error| error.to_string(), |status| status.to_string());
                let said = errors.join("\n");
                return Err(Error::Environment(
                    Diagnostic::error(
                        Code::NotMeasured,
                        format!("Node did not run the published Worker ({how})\n{said}"),
                    )
                    .hint("`dartflare doctor` tells which Node and which Wrangler are used"),
                ));
            }
            None => return Ok(answers),
        }
    }
}

/// The error that it is when workerd gave `text` instead of starting the Worker.
fn failed(text: &str) -> Error {
    let text = text.strip_prefix("service worker: ").unwrap_or(text);
    let text = text.strip_prefix("Uncaught ").unwrap_or(text);
    Error::Project(
        Diagnostic::error(Code::DoesNotStart, format!("the Worker does not start: {text}"))
            .hint("this is what workerd says of its global scope, and what Cloudflare would"),
    )
}

fn unknown_package(wrangler: &Wrangler) -> Error {
    Error::Environment(
        Diagnostic::error(Code::NotMeasured, format!(
            "cannot tell where the package of `{}` is, and with it workerd",
            wrangler.program.display()
        ))
        .hint("run `npm install --save-dev wrangler@4` in the project, or name its `wrangler` with `--wrangler`"),
    )
}

/// The files that workerd takes as modules, from the output folder.
fn modules(published: &Published) -> Result<Vec<String>> {
    let folder = published.folder.join(&published.app);
    let failed = |source| Error::Io { action: "read", path: folder.clone(), source };
    let mut modules = vec![published.entry.clone()];
    for entry in fs::read_dir(&folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let name = name.to_string_lossy();
        if [".mjs", ".js", ".wasm"].iter().any(|extension| name.ends_with(extension)) {
            modules.push(format!("{}/{name}", published.app));
        }
    }
    modules[1..].sort_unstable();
    Ok(modules)
}

fn absolute(path: &Path) -> Result<PathBuf> {
    // workerd follows the path from its configuration step by step, and must meet no link on the way up.
    platform::real(path).map_err(|source| Error::Io { action: "read", path: path.to_owned(), source })
}

/// A folder of one run; dropping it removes it.
struct Folder(PathBuf);

impl Folder {
    fn new(project: &Path) -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        Self(project.join(format!(".dart_tool/dartflare/measure-{}-{count}", process::id())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
#[cfg(unix)]
pub(super) mod tests {
    use std::time::Instant;

    use tempfile::TempDir;

    use super::*;

    /// What the repository installed for itself; without it, the test is told as skipped.
    pub(in super::super) fn tools(test: &str) -> Option<(Wrangler, Node)> {
        use std::io::Write as _;
        let installed = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tools/node_modules/.bin/wrangler"));
        let found = Wrangler::find(installed.parent().unwrap(), installed.exists().then_some(installed))
            .and_then(|wrangler| Ok((wrangler, Node::find()?)));
        if let Err(error) = &found {
            let line = format!("{test}: {}\n", error.diagnostic().message);
            if let Some(list) = std::env::var_os("DARTFLARE_SKIPPED") {
                let file = fs::File::options().create(true).append(true).open(list);
                file.and_then(|mut file| file.write_all(line.as_bytes())).unwrap();
            }
            eprint!("skipped: {line}");
        }
        found.ok()
    }

    /// An output made by hand, whose folder has a name that must be quoted everywhere.
    fn publish(root: &TempDir, worker: &str) -> Published {
        let folder = root.path().join("a \"b\" é/build");
        fs::create_dir_all(folder.join("app-1")).unwrap();
        fs::write(folder.join("worker.mjs"), "export { default } from './app-1/worker.mjs';\n").unwrap();
        fs::write(folder.join("app-1/worker.mjs"), worker).unwrap();
        fs::write(folder.join("app-1/main.js.map"), "{}").unwrap();
        let compatibility_date = Some("2026-01-01".to_owned());
        let environment = Environment { compatibility_date, ..Environment::default() };
        Published::new(root.path(), &folder, "worker.mjs", "app-1", &environment)
    }

    fn is_clean(root: &TempDir) -> bool {
        fs::read_dir(root.path().join(".dart_tool/dartflare")).unwrap().next().is_none()
    }

    #[tokio::test]
    async fn what_a_worker_says_of_itself() {
        let Some((wrangler, node)) = tools("what_a_worker_says_of_itself") else { return };
        let root = tempfile::tempdir().unwrap();
        let published = publish(
            &root,
            "import module from './main.wasm';\n\
             import { DurableObject } from 'cloudflare:workers';\n\
             console.log('said at the start');\n\
             console.warn('warned at the start');\n\
             export class Views extends DurableObject {}\n\
             export default { scheduled() {} };\n\
             export const description = {\n\
               failure: null, handlers: ['scheduled', module instanceof WebAssembly.Module], durableObjects: ['Views'],\n\
             };\n\
             description.handlers[1] = String(description.handlers[1]);\n",
        );
        fs::write(published.folder.join("app-1/main.wasm"), b"\0asm\x01\0\0\0").unwrap();
        let description = describe(&published, &wrangler, &node).await.unwrap();
        let registered = Registered {
            handlers: vec!["scheduled".to_owned(), "true".to_owned()],
            durable_objects: vec!["Views".to_owned()],
            ..Registered::default()
        };
        let log = "warned at the start\n".to_owned();
        assert_eq!(description, Description { failure: None, registered, log });
        assert!(is_clean(&root));
    }

    #[tokio::test]
    async fn the_compatibility_is_the_project_s() {
        let Some((wrangler, node)) = tools("the_compatibility_is_the_project_s") else { return };
        let root = tempfile::tempdir().unwrap();
        let worker = "export default {};\n\
                      export const description = {\n\
                        failure: `${typeof navigator} ${Cloudflare.compatibilityFlags.nodejs_compat === true}`,\n\
                        handlers: [], durableObjects: [],\n\
                      };\n";
        let mut published = publish(&root, worker);
        let mut failure = async |date: Option<&str>, flags: &[&str]| {
            published.compatibility_date = date.map(str::to_owned);
            published.compatibility_flags = flags.iter().copied().map(str::to_owned).collect();
            describe(&published, &wrangler, &node).await.map(|description| description.failure.unwrap())
        };
        assert_eq!(failure(Some("2021-11-10"), &[]).await.unwrap(), "undefined false");
        assert_eq!(failure(None, &["nodejs_compat"]).await.unwrap(), "object true");
        assert_eq!(failure(Some("2999-01-01"), &[]).await.unwrap(), "object false");
        let error = failure(None, &["no_such_flag"]).await.unwrap_err().diagnostic();
        assert!(error.message.contains("No such compatibility flag: no_such_flag"), "{error}");
    }

    #[tokio::test]
    async fn a_worker_that_does_not_start() {
        let Some((wrangler, node)) = tools("a_worker_that_does_not_start") else { return };
        let root = tempfile::tempdir().unwrap();
        for (worker, expected) in [
            (
                "throw new TypeError('at once');",
                "the Worker does not start: TypeError: at once\n  at app-1/worker.mjs:1:7",
            ),
            (
                "await new Promise(() => {});",
                "the Worker does not start: Error: Top-level await in module is unsettled.",
            ),
            ("import './none.mjs';", "the Worker does not start: Error: No such module \"app-1/none.mjs\"."),
            ("const = 1;", "the Worker does not start: SyntaxError: Unexpected token '='"),
        ] {
            let worker = format!("{worker}\nexport default {{}};\n");
            let error = describe(&publish(&root, &worker), &wrangler, &node).await.unwrap_err();
            let Error::Project(diagnostic) = error else { panic!("{error:?}") };
            assert!(diagnostic.message.starts_with(expected), "{diagnostic}");
        }
        let mute = describe(&publish(&root, "export default {};"), &wrangler, &node).await.unwrap_err();
        assert_eq!(mute.diagnostic().code, Some(Code::Undescribed));
        assert!(mute.diagnostic().message.ends_with("app-1/worker.mjs` does not say what it registers"));
        assert!(is_clean(&root));
    }

    #[tokio::test]
    async fn a_worker_that_hangs_is_ended() {
        let Some((wrangler, node)) = tools("a_worker_that_hangs_is_ended") else { return };
        let root = tempfile::tempdir().unwrap();
        let published = publish(&root, "for (;;);\nexport default {};");
        let error = run(&published, &wrangler, &node, 0, Duration::from_secs(2)).await.unwrap_err();
        let Error::Project(diagnostic) = error else { panic!("{error:?}") };
        assert_eq!(diagnostic.code, Some(Code::StartTimeout));
        assert_eq!(diagnostic.message, "the Worker did not start within 2 s");
        assert!(is_clean(&root));
        // Each process that a run starts has its folder among its arguments.
        let mark = root.path().to_str().unwrap().to_owned();
        let is_running = || {
            fs::read_dir("/proc").unwrap().flatten().any(|process| {
                let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
                String::from_utf8_lossy(&line).contains(&mark)
            })
        };
        let deadline = Instant::now() + Duration::from_secs(5);
        while cfg!(target_os = "linux") && is_running() {
            assert!(Instant::now() < deadline, "something of it is left");
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn the_start_is_measured_against_an_empty_worker() {
        let Some((wrangler, node)) = tools("the_start_is_measured_against_an_empty_worker") else { return };
        let root = tempfile::tempdir().unwrap();
        let spin = "const until = Date.now() + 150; while (Date.now() < until);\n\
                    export default {}; export const description = null;\n";
        let slow = startup(&publish(&root, spin), &wrangler, &node).await.unwrap();
        assert_eq!(slow.runs, PAIRS);
        // Whatever else the machine does meanwhile, the median knows about the 150 ms.
        assert!((100.0..1000.0).contains(&slow.median_ms), "{slow}");
        assert!(is_clean(&root));
    }

    #[tokio::test]
    async fn what_the_machine_lacks() {
        let Ok(node) = Node::find() else { return };
        let root = tempfile::tempdir().unwrap();
        let published = publish(&root, "export default {};");
        let package = root.path().join("node_modules/wrangler");
        fs::create_dir_all(&package).unwrap();
        fs::write(package.join("package.json"), "{}").unwrap();
        let version = semver::Version::new(4, 0, 0);
        let program = PathBuf::from("wrangler");
        let mut wrangler = Wrangler::at(program, version, Some(package));
        let error = describe(&published, &wrangler, &node).await.unwrap_err();
        let Error::Environment(diagnostic) = error else { panic!("{error:?}") };
        let expected = "cannot find the workerd of Wrangler: Cannot find module 'miniflare'";
        assert_eq!(diagnostic.message, expected);
        wrangler.package = None;
        let error = describe(&published, &wrangler, &node).await.unwrap_err();
        assert!(matches!(error, Error::Environment(_)), "{error:?}");
    }

    #[test]
    fn the_median_and_the_middle_half() {
        let startup =
            Startup::of(&[(120.0, 20.0), (131.0, 20.0), (900.0, 20.0), (110.0, 20.0), (141.0, 20.0)]);
        assert_eq!(startup, Startup { median_ms: 111.0, spread_ms: 21.0, runs: 5 });
        assert_eq!(Startup::of(&[(10.0, 20.0)]), Startup { median_ms: 0.0, spread_ms: 0.0, runs: 1 });
        assert_eq!(Startup::of(&[]), Startup { median_ms: 0.0, spread_ms: 0.0, runs: 0 });
    }

    #[test]
    fn a_slow_start_is_warned_of() {
        let of = |median_ms| {
            Startup { median_ms, spread_ms: 5.0, runs: 9 }.warning().map(|warning| warning.message)
        };
        let slow = Startup { median_ms: 900.0, spread_ms: 5.0, runs: 9 };
        assert_eq!(slow.warning().unwrap().code, Some(Code::SlowStart));
        assert_eq!(of(399.0), None);
        assert_eq!(
            of(400.0).unwrap(),
            "the Worker starts in 400 ms here, near the 1 s that Cloudflare allows"
        );
        assert_eq!(
            of(1234.0).unwrap(),
            "the Worker starts in 1234 ms here, and Cloudflare refuses it from 1 s on"
        );
    }
}
