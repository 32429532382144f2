//! The bridge Worker and the configuration that wrangler runs it with.
//!
//! The configuration stands beside the user's, so that `.dev.vars`, `.wrangler/state` and every relative path mean what
//! they mean there; it is ignored by git and removed when `dartflare dev` ends.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::frame::PROTOCOL;
use crate::config::{Config, Environment};
use crate::error::{Error, Result};
use crate::files;

/// The derived configuration's name. Wrangler never reads it unless told to.
pub(crate) const CONFIG_NAME: &str = ".dartflare.wrangler.json";

/// Where the bridge is written, from the project.
pub(crate) const FOLDER: &str = ".dart_tool/dartflare/dev";

const MODULES: [(&str, &str); 3] = [
    ("bridge.mjs", include_str!("../../templates/bridge.mjs")),
    ("failure.mjs", include_str!("../../templates/failure.mjs")),
    ("runtime.mjs", include_str!("../../templates/runtime.mjs")),
];

/// What the user configured for building and bundling the production Worker; the bridge is bundled by wrangler's own
/// defaults.
const BUILD_KEYS: [&str; 6] =
    ["build", "no_bundle", "base_dir", "find_additional_modules", "rules", "preserve_file_names"];

/// The files of one run; dropping it removes them.
#[derive(Debug)]
pub(crate) struct Bridge {
    folder: PathBuf,
    config: PathBuf,
    port: u16,
    token: String,
}

impl Bridge {
    /// Plans the bridge for the project in `project`, reaching this program at `port` with `token`.
    pub(crate) fn new(project: &Path, port: u16, token: String) -> Self {
        Self { folder: project.join(FOLDER), config: project.join(CONFIG_NAME), port, token }
    }

    /// What wrangler's `-c` takes.
    pub(crate) fn config_path(&self) -> &Path {
        &self.config
    }

    /// Writes what has changed; a running wrangler notices.
    pub(crate) fn write(&self, config: &Config, environment: &Environment) -> Result<()> {
        for (name, source) in MODULES {
            files::write_if_changed(&self.folder.join(name), source)?;
        }
        let kinds: Map<String, Value> = environment
            .bindings
            .iter()
            .map(|binding| (binding.name.clone(), binding.kind.key().into()))
            .collect();
        let settings =
            json!({ "port": self.port, "token": self.token, "protocol": PROTOCOL, "kinds": kinds });
        let settings_path = self.folder.join("settings.mjs");
        make_private(&settings_path)?;
        files::write_if_changed(&settings_path, format!("export default {settings};\n"))?;

        let mut worker =
            "import { durableObject, worker } from './bridge.mjs';\n\nexport default worker;\n".to_owned();
        for class in environment.local_classes() {
            let _ = writeln!(worker, "export class {class} extends durableObject({}) {{}}", json!(class));
        }
        files::write_if_changed(&self.folder.join("worker.mjs"), worker)?;

        let mut derived = config.to_json();
        if let Value::Object(root) = &mut derived {
            point_to_bridge(root, true);
            if let Some(Value::Object(environments)) = root.get_mut("env") {
                for environment in environments.values_mut().filter_map(Value::as_object_mut) {
                    point_to_bridge(environment, false);
                }
            }
        }
        files::write_if_changed(&self.config, format!("{derived:#}\n"))?;
        Ok(())
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.config);
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn point_to_bridge(root: &mut Map<String, Value>, is_top_level: bool) {
    for key in BUILD_KEYS {
        root.remove(key);
    }
    if is_top_level || root.contains_key("main") {
        root.insert("main".to_owned(), format!("{FOLDER}/worker.mjs").into());
    }
}

/// Makes sure that the file exists and that nobody else can read what is written to it.
fn make_private(path: &Path) -> Result<()> {
    let failed = |source| Error::Io { action: "write", path: path.to_owned(), source };
    if path.exists() {
        return Ok(());
    }
    let mut options = fs::OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_| ()).map_err(failed)
}
