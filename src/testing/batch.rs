//! Workers under test that one wrangler runs, each with all that it stores to itself.
//!
//! To start wrangler takes seconds, and one Worker more hardly anything. No Worker is given to two tests: what still goes
//! on in one when its test is over has nobody to disturb. When all are given away, another wrangler brings more.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::isolated::{self, Identity};
use crate::config::{Config, Environment};
use crate::dev::bridge::TEST_ENTRYPOINT;
use crate::dev::derived::copy_secrets;
use crate::dev::ports;
use crate::dev::wrangler_dev::{Invocation, WranglerDev, WranglerEvent};
use crate::error::{Error, Result};
use crate::files;
use crate::printer::Printer;

const ROUTER: (&str, &str) = ("test_router.mjs", include_str!("../../templates/test_router.mjs"));

/// What the Workers of a run have in common.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) config: &'a Config,
    pub(super) environment: &'a Environment,
    pub(super) wrangler: &'a Path,
    /// Where the files of the run are.
    pub(super) folder: &'a Path,
    /// What no other run is called.
    pub(super) run: &'a str,
    /// The bridge that wrangler is to begin with.
    pub(super) bridge: PathBuf,
    /// The static files of a Pages project.
    pub(super) assets: Option<PathBuf>,
}

/// A wrangler and its Workers.
#[derive(Debug)]
pub(super) struct Batch {
    /// Which of the run's.
    pub(super) number: u32,
    size: usize,
    given: usize,
    /// How many of those that were given away are in use.
    used: usize,
    port: u16,
    pub(super) wrangler: WranglerDev,
}

impl Batch {
    /// Starts wrangler with `size` Workers.
    pub(super) async fn start(
        plan: &Plan<'_>,
        number: u32,
        size: usize,
        printer: Printer,
        on_event: impl Fn(WranglerEvent) + Clone + Send + 'static,
    ) -> Result<Self> {
        let port = ports::claim(0).await?;
        let folder = plan.folder.join(format!("batch-{number}"));
        fs::create_dir_all(&folder).map_err(|source| Error::Io {
            action: "create",
            path: folder.clone(),
            source,
        })?;
        let configs = write(plan, &folder, number, size)?;
        let mut flags: Vec<OsString> = Vec::new();
        for config in &configs[1..] {
            flags.extend(["--config".into(), config.into()]);
        }
        // Each configuration is the one of an environment already.
        flags.push("--env=".into());
        flags.extend(["--persist-to".into(), folder.join("state").into()]);
        let invocation = Invocation {
            program: plan.wrangler.to_owned(),
            project: plan.config.dir.clone(),
            config: configs[0].clone(),
            port,
            env: None,
            is_pages: false,
            serves_files: false,
            passed_on: flags,
        };
        let wrangler = WranglerDev::start(&invocation, printer, on_event)?;
        Ok(Self { number, size, given: 0, used: 0, port, wrangler })
    }

    /// How many Workers nobody had yet.
    pub(super) fn left(&self) -> usize {
        self.size - self.given
    }

    pub(super) fn is_ready(&self) -> bool {
        self.wrangler.url().is_some()
    }

    /// Whether nothing of it is in use, nor will be.
    pub(super) fn is_over(&self) -> bool {
        self.left() == 0 && self.used == 0
    }

    /// Where the event begins that gives a test the next Worker.
    pub(super) fn give(&mut self) -> String {
        let url = format!("http://127.0.0.1:{}/{}", self.port, binding(self.given));
        self.given += 1;
        self.used += 1;
        url
    }

    /// Takes notice that a Worker that was given away is not in use any more.
    pub(super) fn take_back(&mut self) {
        self.used = self.used.saturating_sub(1);
    }
}

/// How the router calls a Worker.
fn binding(number: usize) -> String {
    format!("W{number}")
}

/// Writes what wrangler reads; the configurations, that of the router first.
fn write(plan: &Plan<'_>, folder: &Path, number: u32, size: usize) -> Result<Vec<PathBuf>> {
    copy_secrets(&plan.config.dir, folder, plan.environment.env.as_deref())?;
    files::write_if_changed(&folder.join(ROUTER.0), ROUTER.1)?;
    let bridge = relative(folder, &plan.bridge);
    let mut configs = vec![folder.join("router.json")];
    let mut services = Vec::new();
    for at in 0..size {
        let name = format!("dftest-{}-{number}-{at}", plan.run);
        let main = format!("{at}.mjs");
        files::write_if_changed(&folder.join(&main), entry(&bridge, number, at))?;
        services.push(json!({ "binding": binding(at), "service": name, "entrypoint": TEST_ENTRYPOINT }));
        let identity = Identity { name: &name, number: at, main: &main };
        let configuration =
            isolated::configuration(plan.config, plan.environment, identity, plan.assets.as_deref());
        let path = folder.join(format!("{at}.json"));
        files::write_if_changed(&path, format!("{:#}\n", Value::Object(configuration)))?;
        configs.push(path);
    }
    let router = json!({
        "name": format!("dftest-{}-{number}", plan.run),
        "main": ROUTER.0,
        "compatibility_date": "2024-09-23",
        "services": services,
    });
    files::write_if_changed(&configs[0], format!("{router:#}\n"))?;
    Ok(configs)
}

/// The module of a Worker: the bridge of the run, told which Worker it is.
fn entry(bridge: &str, batch: u32, number: usize) -> String {
    let folder = bridge.rsplit_once('/').map_or(".", |(folder, _)| folder);
    let suffix = isolated::suffix(number);
    format!(
        "import settings from '{folder}/settings.mjs';\n\
         import {{ isolateCaches }} from '{folder}/testing.mjs';\n\n\
         settings.suffix = '{suffix}';\n\
         isolateCaches('{batch}-{number}');\n\n\
         export * from '{bridge}';\n\
         export {{ default }} from '{bridge}';\n"
    )
}

/// How a module in `folder` names `file`, which is in the folder around it.
fn relative(folder: &Path, file: &Path) -> String {
    let outer = folder.parent().unwrap_or(folder);
    let inside = file.strip_prefix(outer).unwrap_or(file);
    format!("../{}", inside.to_string_lossy().replace('\\', "/"))
}
