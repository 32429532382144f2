//! The bridge, a Worker that takes every event to the Dart VM.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::derived::{ENTRY, FOLDER};
use super::frame::PROTOCOL;
use crate::config::Environment;
use crate::error::Result;
use crate::exports::Export;
use crate::files;
use crate::registration::DEFAULT_ENTRYPOINT;

const MODULES: [(&str, &str); 4] = [
    ("bridge.mjs", include_str!("../../templates/bridge.mjs")),
    ("classes.mjs", include_str!("../../templates/classes.mjs")),
    ("failure.mjs", include_str!("../../templates/failure.mjs")),
    ("runtime.mjs", include_str!("../../templates/runtime.mjs")),
];

/// The bridge of one run.
#[derive(Debug)]
pub(crate) struct Bridge {
    project: PathBuf,
    port: u16,
    token: String,
    /// By which names requests may come; see [`super::names`].
    names: Option<Vec<String>>,
    /// How many bridges there were before this one.
    number: u32,
    /// The text of its settings and of its entry, once it is written.
    written: Option<(String, String)>,
}

impl Bridge {
    /// Plans the bridge for the project in `project`, reaching this program at `port` with `token`.
    pub(crate) fn new(project: &Path, port: u16, token: String, names: Option<Vec<String>>) -> Self {
        Self { project: project.to_owned(), port, token, names, number: 0, written: None }
    }

    /// The file that wrangler begins with.
    pub(crate) fn entry(&self) -> PathBuf {
        self.folder().join(ENTRY)
    }

    fn folder(&self) -> PathBuf {
        self.project.join(FOLDER).join(self.number.to_string())
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
        let settings = json!({
            "port": self.port,
            "token": self.token,
            "protocol": PROTOCOL,
            "kinds": kinds,
            "names": self.names,
        });
        let settings = format!("export default {settings};\n");
        let has_default = entrypoints.iter().any(|name| name == DEFAULT_ENTRYPOINT);
        let main = if has_default { "defaultEntrypoint" } else { "worker" };
        let mut worker =
            format!("import * as bridge from './bridge.mjs';\n\nexport default bridge.{main};\n");
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
        let settings_path = folder.join("settings.mjs");
        files::make_private(&settings_path)?;
        files::write_if_changed(&settings_path, &texts.0)?;
        files::write_if_changed(&self.entry(), &texts.1)?;
        self.written = Some(texts);
        Ok(())
    }
}
