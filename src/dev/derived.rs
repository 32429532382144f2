//! What wrangler runs in place of the user's own: a folder for the Worker, and a configuration that leads there.
//!
//! The configuration stands beside the user's, so that `.dev.vars`, `.wrangler/state` and every relative path mean what
//! they mean there; it is ignored by git.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::config::Config;
use crate::error::Result;
use crate::files;

/// The derived configuration's name. Wrangler never reads it unless told to.
pub(crate) const CONFIG_NAME: &str = ".dartflare.wrangler.json";

/// Where the Worker of a run is written, from the project.
pub(crate) const FOLDER: &str = ".dart_tool/dartflare/dev";

/// The file that wrangler begins with.
pub(super) const ENTRY: &str = "worker.mjs";

/// What the user configured for building and bundling the production Worker; the one of a run is bundled by wrangler's
/// own defaults.
const BUILD_KEYS: [&str; 6] =
    ["build", "no_bundle", "base_dir", "find_additional_modules", "rules", "preserve_file_names"];

/// The files of one run; dropping it removes them.
#[derive(Debug)]
pub(super) struct Derived {
    folder: PathBuf,
    config: PathBuf,
}

impl Derived {
    /// Plans the files for the project in `project`, and removes those of a run that was killed.
    pub(super) fn new(project: &Path) -> Self {
        let derived = Self { folder: project.join(FOLDER), config: project.join(CONFIG_NAME) };
        derived.remove();
        derived
    }

    /// What wrangler's `--config` takes.
    pub(super) fn config_path(&self) -> &Path {
        &self.config
    }

    /// Writes a configuration for the Worker that begins at `entry`, if it is another one; a running wrangler notices.
    pub(super) fn write(&self, config: &Config, entry: &Path) -> Result<()> {
        let entry = entry.strip_prefix(&config.dir).unwrap_or(entry).to_string_lossy().replace('\\', "/");
        let mut derived = config.to_json();
        if let Value::Object(root) = &mut derived {
            point_to_worker(root, &entry, true);
            if let Some(Value::Object(environments)) = root.get_mut("env") {
                for environment in environments.values_mut().filter_map(Value::as_object_mut) {
                    point_to_worker(environment, &entry, false);
                }
            }
        }
        // Wrangler watches the file itself. Once it has been replaced by another of its name a few times, wrangler
        // notices no more changes.
        files::write_over_if_changed(&self.config, &format!("{derived:#}\n"))?;
        Ok(())
    }

    fn remove(&self) {
        let _ = fs::remove_file(&self.config);
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Drop for Derived {
    fn drop(&mut self) {
        self.remove();
    }
}

fn point_to_worker(root: &mut Map<String, Value>, entry: &str, is_top_level: bool) {
    for key in BUILD_KEYS {
        root.remove(key);
    }
    if is_top_level || root.contains_key("main") {
        root.insert("main".to_owned(), entry.into());
    }
}
