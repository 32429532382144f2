//! The bridge, a Worker that takes every event to the Dart VM.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::derived::ENTRY;
use super::frame::PROTOCOL;
use crate::config::Environment;
use crate::error::Result;
use crate::exports::Export;
use crate::files;
use crate::registration::DEFAULT_ENTRYPOINT;

const MODULES: [(&str, &str); 5] = [
    ("bridge.mjs", include_str!("../../templates/bridge.mjs")),
    ("classes.mjs", include_str!("../../templates/classes.mjs")),
    ("failure.mjs", include_str!("../../templates/failure.mjs")),
    ("frame.mjs", include_str!("../../templates/frame.mjs")),
    ("runtime.mjs", include_str!("../../templates/runtime.mjs")),
];

/// What a Worker under test has more.
const TESTING: (&str, &str) = ("testing.mjs", include_str!("../../templates/testing.mjs"));

/// The entrypoint that opens events for tests.
pub(crate) const TEST_ENTRYPOINT: &str = "DartflareTest";

/// What a Worker under test binds itself to, for requests that a test sends.
pub(crate) const SELF_BINDING: &str = "__DARTFLARE_SELF";

/// The bridge of one run.
#[derive(Debug)]
pub(crate) struct Bridge {
    /// Where its files are.
    folder: PathBuf,
    port: u16,
    token: String,
    /// By which names requests may come; see [`super::names`].
    names: Option<Vec<String>>,
    /// For a run of tests, the statements of the databases' migrations, a module.
    migrations: Option<String>,
    /// How many bridges there were before this one.
    number: u32,
    /// The text of its settings and of its entry, once it is written.
    written: Option<(String, String)>,
}

impl Bridge {
    /// Plans the bridge in `folder`, reaching this program at `port` with `token`.
    pub(crate) fn new(folder: PathBuf, port: u16, token: String, names: Option<Vec<String>>) -> Self {
        Self { folder, port, token, names, migrations: None, number: 0, written: None }
    }

    /// Where it reaches this program, and by which secret.
    pub(crate) fn address(&self) -> (u16, &str) {
        (self.port, &self.token)
    }

    /// Makes it one of Workers under test, whose databases begin with `migrations`: of each `binding`, `name` and `sql`.
    pub(crate) fn for_tests(&mut self, migrations: &[Value]) {
        self.migrations = Some(format!("export default {};\n", json!(migrations)));
    }

    /// The file that wrangler begins with.
    pub(crate) fn entry(&self) -> PathBuf {
        self.folder().join(ENTRY)
    }

    fn folder(&self) -> PathBuf {
        self.folder.join(self.number.to_string())
    }

    /// Writes the bridge for this environment, and a `main()` that registers `entrypoints`. If it is another one than
    /// before, it is in another folder, and takes effect with the configuration, which leads there: what wrangler bundles
    /// now must stay as it is while wrangler takes the configuration up, or it bundles that once more, for nothing and out
    /// of a folder that it has removed.
    pub(crate) fn write(&mut self, environment: &Environment, entrypoints: &[String]) -> Result<()> {
        let kinds: Map<String, Value> = environment
            .bindings
            .iter()
            .map(|binding| (binding.name.clone(), binding.kind.key().into()))
            .collect();
        let mut settings = json!({
            "port": self.port,
            "token": self.token,
            "protocol": PROTOCOL,
            "kinds": kinds,
            "names": self.names,
        });
        let bridge = match self.migrations {
            Some(_) => {
                settings["self"] = SELF_BINDING.into();
                TESTING.0
            }
            None => MODULES[0].0,
        };
        let settings = format!("export default {settings};\n");
        let has_default = entrypoints.iter().any(|name| name == DEFAULT_ENTRYPOINT);
        let main = if has_default { "defaultEntrypoint" } else { "worker" };
        let mut worker = format!("import * as bridge from './{bridge}';\n\nexport default bridge.{main};\n");
        if self.migrations.is_some() {
            let _ =
                writeln!(worker, "export const {TEST_ENTRYPOINT} = bridge.testEntrypoint(bridge.{main});");
        }
        let mut exports = Export::of(&[environment]);
        exports.extend(Export::of_entrypoints(entrypoints));
        for export in exports {
            let _ = writeln!(worker, "{}", export.declaration("bridge."));
        }

        let texts = (settings, worker);
        match &self.written {
            Some(written) if *written == texts => return Ok(()),
            Some(_) => self.number += 1,
            None => {}
        }
        let folder = self.folder();
        for (name, source) in MODULES {
            files::write_if_changed(&folder.join(name), source)?;
        }
        if let Some(migrations) = &self.migrations {
            files::write_if_changed(&folder.join(TESTING.0), TESTING.1)?;
            files::write_if_changed(&folder.join("migrations.mjs"), migrations)?;
        }
        let settings_path = folder.join("settings.mjs");
        files::make_private(&settings_path)?;
        files::write_if_changed(&settings_path, &texts.0)?;
        files::write_if_changed(&self.entry(), &texts.1)?;
        self.written = Some(texts);
        Ok(())
    }
}
