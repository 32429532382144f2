//! What wrangler runs in place of the user's own: a folder for the Worker, and a configuration that leads there.
//!
//! For a Worker, the configuration stands beside the user's, so that `.dev.vars`, `.wrangler/state` and every relative
//! path mean what they mean there; it is ignored by git. `wrangler pages dev` takes no other configuration than the one
//! of the folder that it runs in, and knows no environments: it runs in the folder of the Worker, with all of that there.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::overlay::{Overlay, WORKER};
use crate::bindings::KINDS;
use crate::config::{self, Config, Environment};
use crate::error::Result;
use crate::files;
use crate::printer::Printer;

/// The derived configuration's name. Wrangler never reads it unless told to.
pub(crate) const CONFIG_NAME: &str = ".dartflare.wrangler.json";

/// Where the Worker of a run is written, from the project.
pub(crate) const FOLDER: &str = ".dart_tool/dartflare/dev";

/// The file that wrangler begins with.
pub(super) const ENTRY: &str = "worker.mjs";

/// The folder of static files that `wrangler pages dev` serves, in [`FOLDER`].
const OUTPUT: &str = "output";

/// What the user configured for building and bundling the production Worker; the one of a run is bundled by wrangler's
/// own defaults.
const BUILD_KEYS: [&str; 6] =
    ["build", "no_bundle", "base_dir", "find_additional_modules", "rules", "preserve_file_names"];

/// What may stand in the configuration of a Pages project beside bindings, and matters while it is developed.
const PAGES_KEYS: [&str; 7] =
    ["name", "compatibility_date", "compatibility_flags", "send_metrics", "limits", "placement", "dev"];

/// What `wrangler pages dev` reads once, at its start.
const READ_ONCE: [&str; 3] = ["compatibility_date", "compatibility_flags", "dev"];

/// The files of one run; dropping it removes them.
#[derive(Debug)]
pub(super) struct Derived {
    project: PathBuf,
    config: PathBuf,
    env: Option<String>,
    /// In a Pages project.
    overlay: Option<Overlay>,
    /// What wrangler read when it was started last.
    read_once: Option<Value>,
}

impl Derived {
    /// Plans the files for the project of `config`, and removes those of a run that was killed.
    pub(super) fn new(config: &Config, env: Option<&str>) -> Self {
        let project = config.dir.clone();
        let folder = project.join(FOLDER);
        let overlay = config
            .root
            .get("pages_build_output_dir")
            .and_then(|output| Some(Overlay::new(project.join(output.as_str()?), folder.join(OUTPUT))));
        let config = if overlay.is_some() { folder.join("wrangler.json") } else { project.join(CONFIG_NAME) };
        let derived = Self { project, config, env: env.map(str::to_owned), overlay, read_once: None };
        derived.remove();
        derived
    }

    /// The configuration that wrangler reads.
    pub(super) fn config_path(&self) -> &Path {
        &self.config
    }

    /// The static files, if wrangler is to run a Pages project.
    pub(super) fn overlay(&self) -> Option<&Overlay> {
        self.overlay.as_ref()
    }

    /// Brings the static files to what they are in the user's folder. Says whether a wrangler that runs has to begin
    /// again to see it.
    pub(super) fn follow(&mut self, printer: Printer) -> Result<bool> {
        self.overlay.as_mut().map_or(Ok(false), |overlay| overlay.follow(printer))
    }

    /// Writes a configuration for the Worker that begins at `entry`, if it is another one; a running wrangler notices.
    /// Says whether it has to begin again all the same.
    pub(super) fn write(&mut self, config: &Config, environment: &Environment, entry: &Path) -> Result<bool> {
        if self.overlay.is_some() {
            return self.write_for_pages(config, environment, entry);
        }
        let entry = slashed(entry.strip_prefix(&config.dir).unwrap_or(entry));
        let mut derived = config.to_json();
        if let Value::Object(root) = &mut derived {
            point_to_worker(root, &entry, true);
            if let Some(Value::Object(environments)) = root.get_mut("env") {
                for environment in environments.values_mut().filter_map(Value::as_object_mut) {
                    point_to_worker(environment, &entry, false);
                }
            }
        }
        self.write_config(&derived)?;
        Ok(false)
    }

    fn write_for_pages(&mut self, config: &Config, environment: &Environment, entry: &Path) -> Result<bool> {
        let mut derived = config.flattened(environment);
        derived.retain(|key, _| PAGES_KEYS.contains(&key.as_str()) || is_binding(key));
        derived.insert("pages_build_output_dir".to_owned(), OUTPUT.into());
        let read_once: Vec<_> = READ_ONCE.iter().map(|key| derived.get(*key).cloned()).collect();
        let read_once = Some(Value::from_iter(read_once));
        let is_other = self.read_once.is_some() && self.read_once != read_once;
        self.read_once = read_once;
        let folder = self.project.join(FOLDER);
        let entry = slashed(entry.strip_prefix(&folder).unwrap_or(entry));
        let worker = format!("export * from '../{entry}';\nexport {{ default }} from '../{entry}';\n");
        self.copy_secrets()?;
        files::write_if_changed(&folder.join(OUTPUT).join(WORKER), worker)?;
        self.write_config(&Value::Object(derived))?;
        Ok(is_other)
    }

    fn write_config(&self, derived: &Value) -> Result<()> {
        // Wrangler watches the file itself. Once it has been replaced by another of its name a few times, wrangler
        // notices no more changes.
        files::write_over_if_changed(&self.config, &format!("{derived:#}\n"))?;
        Ok(())
    }

    /// Puts the user's local variables and secrets where `wrangler pages dev` looks for them.
    fn copy_secrets(&self) -> Result<()> {
        let folder = self.project.join(FOLDER);
        let local = config::local_files(&self.project, self.env.as_deref());
        for name in config::LOCAL_FILES {
            let path = folder.join(name);
            let Some((_, sources)) = local.as_ref().filter(|(file, _)| *file == name) else {
                let _ = fs::remove_file(&path);
                continue;
            };
            let mut text = Vec::new();
            for source in sources {
                text.extend(fs::read(self.project.join(source)).unwrap_or_default());
                text.push(b'\n');
            }
            files::make_private(&path)?;
            files::write_if_changed(&path, text)?;
        }
        Ok(())
    }

    fn remove(&self) {
        let _ = fs::remove_file(&self.config);
        let _ = fs::remove_dir_all(self.project.join(FOLDER));
    }
}

impl Drop for Derived {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Whether the bindings of some kind stand under this key, other than the static files, which a Pages project has
/// without asking.
fn is_binding(key: &str) -> bool {
    key != "assets" && KINDS.iter().any(|kind| kind.key() == key)
}

fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

fn point_to_worker(root: &mut Map<String, Value>, entry: &str, is_top_level: bool) {
    for key in BUILD_KEYS {
        root.remove(key);
    }
    if is_top_level || root.contains_key("main") {
        root.insert("main".to_owned(), entry.into());
    }
}
