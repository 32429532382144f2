//! What wrangler runs in place of the user's own: a folder for the Worker, and a configuration that leads there.
//!
//! For a Worker, the configuration stands beside the user's, so that `.dev.vars`, `.wrangler/state` and every relative
//! path mean what they mean there; it is ignored by git. `wrangler pages dev` takes no other configuration than the one
//! of the folder that it runs in, and knows no environments: it runs in the folder of the Worker, with all of that there.

use std::fs;
use std::hash::{DefaultHasher, Hasher as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::added::{self, Added, FRONT_END};
use super::overlay::{Overlay, WORKER};
use crate::bindings::KINDS;
use crate::config::{self, Config, Environment, PAGES_OUTPUT};
use crate::error::{Error, Result};
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

/// Where the user's folder of static files is configured, in a Pages project and in a Worker's.
const ASSETS_KEY: &str = "assets";

/// What the user configured for building and bundling the production Worker; the one of a run is bundled by wrangler's
/// own defaults.
pub(crate) const BUILD_KEYS: [&str; 6] =
    ["build", "no_bundle", "base_dir", "find_additional_modules", "rules", "preserve_file_names"];

/// What may stand in the configuration of a Pages project beside bindings, and matters while it is developed.
pub(crate) const PAGES_KEYS: [&str; 7] =
    ["name", "compatibility_date", "compatibility_flags", "send_metrics", "limits", "placement", "dev"];

/// What `wrangler pages dev` reads once, at its start.
const READ_ONCE: [&str; 3] = ["compatibility_date", "compatibility_flags", "dev"];

const FRONT_END_MODULES: [(&str, &str); 2] = [
    ("front_end.mjs", include_str!("../../templates/front_end.mjs")),
    ("failure.mjs", include_str!("../../templates/failure.mjs")),
];

/// A front end's server that takes the place of the static files.
#[derive(Debug, Clone)]
pub(super) struct InPlaceOfFiles {
    pub(super) port: u16,
    /// Whether the platform would look for a file before it asks the program.
    pub(super) is_first: bool,
    /// By which names requests may come; see [`super::names`].
    pub(super) names: Option<Vec<String>>,
}

/// The files of one run; dropping it removes them.
#[derive(Debug)]
pub(super) struct Derived {
    project: PathBuf,
    config: PathBuf,
    env: Option<String>,
    added: Vec<Added>,
    is_pages: bool,
    /// The static files that `wrangler pages dev` serves.
    overlay: Option<Overlay>,
    /// What wrangler read when it was started last.
    read_once: Option<Vec<Value>>,
}

/// What wrangler is to read.
#[derive(Debug)]
pub(super) struct Plan {
    config: String,
    /// For `wrangler pages dev`, the file that leads to the Worker.
    worker: Option<String>,
    read_once: Vec<Value>,
}

impl Derived {
    /// Plans the files for the project of `config`, and removes those of a run that was killed.
    pub(super) fn new(config: &Config, env: Option<&str>, added: Vec<Added>, has_front_end: bool) -> Self {
        let project = config.dir.clone();
        let folder = project.join(FOLDER);
        let output = config.pages_output().filter(|_| !has_front_end);
        let overlay = output.map(|(output, _)| Overlay::new(project.join(output), folder.join(OUTPUT)));
        let is_pages = config.is_pages();
        let config = if is_pages { folder.join("wrangler.json") } else { project.join(CONFIG_NAME) };
        let env = env.map(str::to_owned);
        let derived = Self { project, config, env, added, is_pages, overlay, read_once: None };
        derived.remove();
        derived
    }

    /// The configuration that wrangler reads.
    pub(super) fn config_path(&self) -> &Path {
        &self.config
    }

    /// The static files, if `wrangler pages dev` is to serve them.
    pub(super) fn overlay(&self) -> Option<&Overlay> {
        self.overlay.as_ref()
    }

    /// Brings the static files to what they are in the user's folder. Says whether a wrangler that runs has to begin
    /// again to see it.
    pub(super) fn follow(&mut self, printer: Printer) -> Result<bool> {
        self.overlay.as_mut().map_or(Ok(false), |overlay| overlay.follow(printer))
    }

    /// What wrangler is to read for the Worker that begins at `entry`.
    pub(super) fn plan(
        &self,
        config: &Config,
        environment: &Environment,
        entry: &Path,
        front_end: Option<InPlaceOfFiles>,
    ) -> Result<Plan> {
        let has_front_end = front_end.is_some();
        let entry = match front_end {
            Some(front_end) => self.write_before(entry, &front_end)?,
            None => entry.to_owned(),
        };
        let (mut derived, worker) = if self.is_pages {
            self.of_pages(config, environment, &entry)?
        } else {
            (of_worker(config, &entry), None)
        };
        let table = match self.env.as_ref().and_then(|env| derived.get("env")?.get(env)) {
            Some(_) => derived["env"][self.env.as_deref().unwrap_or_default()].as_object_mut(),
            None => derived.as_object_mut(),
        };
        if let Some(table) = table {
            added::write_to(table, &self.added);
        }
        if has_front_end {
            self.bind_front_end(&mut derived, environment);
        }
        let read_once = READ_ONCE.iter().map(|key| derived[*key].clone()).collect();
        Ok(Plan { config: format!("{derived:#}\n"), worker, read_once })
    }

    /// Whether a wrangler that runs has to begin again to take up `plan`.
    pub(super) fn needs_restart(&self, plan: &Plan) -> bool {
        let Some(worker) = &plan.worker else { return false };
        let is_changed = |path: &Path, text: &str| {
            files::read_to_string(path).is_ok_and(|old| old.trim_end() != text.trim_end())
        };
        // It bundles in two steps. Of a Worker and a configuration that change at once, the second step may meet half of
        // what the first one writes, and then it stays with that, or ends.
        let are_both = is_changed(&self.worker_path(), worker) && is_changed(&self.config, &plan.config);
        are_both || self.read_once.as_ref().is_some_and(|read| *read != plan.read_once)
    }

    /// Writes what is another one; a running wrangler notices.
    pub(super) fn write(&mut self, plan: Plan) -> Result<()> {
        if self.is_pages {
            copy_secrets(&self.project, &self.project.join(FOLDER), self.env.as_deref())?;
        }
        // Wrangler watches the files themselves. Once one has been replaced by another of its name a few times, wrangler
        // notices no more changes.
        if let Some(worker) = &plan.worker {
            files::write_over_if_changed(&self.worker_path(), worker)?;
        }
        // It holds what `--binding` gave, which may well be a secret.
        files::make_private(&self.config)?;
        files::write_over_if_changed(&self.config, &plan.config)?;
        self.read_once = Some(plan.read_once);
        Ok(())
    }

    fn worker_path(&self) -> PathBuf {
        self.project.join(FOLDER).join(OUTPUT).join(WORKER)
    }

    /// The configuration of one environment, and the Worker's file for `wrangler pages dev`.
    fn of_pages(
        &self,
        config: &Config,
        environment: &Environment,
        entry: &Path,
    ) -> Result<(Value, Option<String>)> {
        let mut derived = config.flattened(environment);
        derived.retain(|key, _| PAGES_KEYS.contains(&key.as_str()) || is_binding(key));
        let folder = self.project.join(FOLDER);
        let path = slashed(entry.strip_prefix(&folder).unwrap_or(entry));
        if self.overlay.is_none() {
            derived.insert("main".to_owned(), path.into());
            let variables = derived.entry("vars").or_insert_with(|| json!({}));
            if let Value::Object(variables) = variables {
                for (name, value) in pages_variables(environment.name.as_deref().unwrap_or_default()) {
                    variables.entry(name).or_insert_with(|| value.into());
                }
            }
            return Ok((Value::Object(derived), None));
        }
        derived.insert(PAGES_OUTPUT.to_owned(), OUTPUT.into());
        // Wrangler may overlook that a file changed which this one leads to, and never that this one did.
        let mut state = DefaultHasher::new();
        let text = files::read(entry);
        state.write(&text.map_err(|source| Error::Io { action: "read", path: entry.to_owned(), source })?);
        let worker = format!(
            "// {:016x}\nexport * from '../{path}';\nexport {{ default }} from '../{path}';\n",
            state.finish()
        );
        Ok((Value::Object(derived), Some(worker)))
    }

    /// Writes what stands before the Worker at `entry` and leads to the front end's server.
    fn write_before(&self, entry: &Path, front_end: &InPlaceOfFiles) -> Result<PathBuf> {
        let folder = self.project.join(FOLDER);
        for (name, source) in FRONT_END_MODULES {
            files::write_if_changed(&folder.join(name), source)?;
        }
        let inside = slashed(entry.strip_prefix(&folder).unwrap_or(entry));
        let InPlaceOfFiles { port, is_first, names } = front_end;
        let names = json!(names);
        let default =
            if *is_first { format!("behindFiles(worker, {port}, names)") } else { "worker".to_owned() };
        let before = format!(
            "import {{ behindFiles, frontEnd, guarded }} from './front_end.mjs';\n\
             import worker from './{inside}';\n\n\
             const names = {names};\n\
             export * from './{inside}';\n\
             export const {FRONT_END} = frontEnd({port}, names);\n\
             export default guarded({default}, names);\n"
        );
        // As the Worker, it takes effect with the configuration that leads there.
        let number = entry.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        let path = folder.join(format!("front-{number}.mjs"));
        files::write_if_changed(&path, before)?;
        Ok(path)
    }

    /// Puts the front end's server in the place of static files.
    fn bind_front_end(&self, derived: &mut Value, environment: &Environment) {
        const NAME: &str = "worker";
        let Value::Object(root) = derived else { return };
        root.remove(ASSETS_KEY);
        for environment in environments(root) {
            environment.remove(ASSETS_KEY);
        }
        let env = self.env.as_deref().filter(|_| !self.is_pages);
        let worker = environment.name.clone().filter(|name| !name.is_empty()).unwrap_or_else(|| {
            root.insert("name".to_owned(), NAME.into());
            env.map_or(NAME.to_owned(), |env| format!("{NAME}-{env}"))
        });
        let bound = environment.bindings.iter().find(|binding| binding.kind.key() == ASSETS_KEY);
        let Some(bound) = bound else { return };
        let own = env.filter(|env| root.get("env").is_some_and(|all| all.get(env).is_some()));
        let table = match own {
            Some(env) => root["env"][env].as_object_mut(),
            None => Some(root),
        };
        if let Some(table) = table {
            added::write_front_end(table, &bound.name, &worker);
        }
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

/// Puts the user's local variables and secrets where wrangler looks for them beside a configuration in `folder`.
pub(crate) fn copy_secrets(project: &Path, folder: &Path, env: Option<&str>) -> Result<()> {
    let local = config::local_files(project, env);
    for name in config::LOCAL_FILES {
        let path = folder.join(name);
        let Some((_, sources)) = local.as_ref().filter(|(file, _)| *file == name) else {
            let _ = fs::remove_file(&path);
            continue;
        };
        let mut text = Vec::new();
        for source in sources {
            text.extend(files::read(project.join(source)).unwrap_or_default());
            text.push(b'\n');
        }
        files::make_private(&path)?;
        files::write_if_changed(&path, text)?;
    }
    Ok(())
}

/// The user's configuration, with the environments that it has.
fn of_worker(config: &Config, entry: &Path) -> Value {
    let entry = slashed(entry.strip_prefix(&config.dir).unwrap_or(entry));
    let mut derived = config.to_json();
    if let Value::Object(root) = &mut derived {
        point_to_worker(root, &entry, true);
        for environment in environments(root) {
            point_to_worker(environment, &entry, false);
        }
    }
    derived
}

fn environments(root: &mut Map<String, Value>) -> impl Iterator<Item = &mut Map<String, Value>> {
    root.get_mut("env")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flat_map(Map::values_mut)
        .filter_map(Value::as_object_mut)
}

/// Whether the bindings of some kind stand under this key, other than the static files, which a Pages project has
/// without asking.
pub(crate) fn is_binding(key: &str) -> bool {
    key != ASSETS_KEY && KINDS.iter().any(|kind| kind.key() == key)
}

/// What `wrangler pages dev` tells a program of where it runs, outside of a Git repository.
pub(crate) fn pages_variables(name: &str) -> [(&'static str, String); 4] {
    let (branch, commit) = ("local", "0".repeat(40));
    let url = format!("https://{}.{name}.pages.dev", &commit[..8]);
    [
        ("CF_PAGES", "1".to_owned()),
        ("CF_PAGES_BRANCH", branch.to_owned()),
        ("CF_PAGES_COMMIT_SHA", commit),
        ("CF_PAGES_URL", url),
    ]
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Format;

    /// What wrangler reads for this configuration, with this bound by a flag.
    fn derived(text: &str, env: Option<&str>, front_end: Option<InPlaceOfFiles>) -> Value {
        let home = tempfile::tempdir().unwrap();
        let mut config = Config::of_text(Format::Jsonc, text).unwrap();
        home.path().clone_into(&mut config.dir);
        let mut environment = config.resolve(env).unwrap();
        let added = vec![Added::kv("TODOS=todos").unwrap()];
        added::add_to(&mut environment, &added, config.is_pages()).unwrap();
        if front_end.is_some() {
            added::bind_assets(&mut environment);
        }
        let entry = config.dir.join(FOLDER).join("3").join(ENTRY);
        let mut derived = Derived::new(&config, env, added, front_end.is_some());
        files::write_if_changed(&entry, "").unwrap();
        let plan = derived.plan(&config, &environment, &entry, front_end).unwrap();
        derived.write(plan).unwrap();
        serde_json::from_str(&fs::read_to_string(derived.config_path()).unwrap()).unwrap()
    }

    const WORKER: &str = r#"{
        "name": "app", "main": "build/worker.mjs", "build": { "command": "x" },
        "assets": { "directory": "public", "binding": "FILES" },
        "env": { "staging": { "services": [{ "binding": "A", "service": "a" }] } }
    }"#;

    #[test]
    fn a_flag_binds_in_the_environment_that_is_chosen() {
        let todos = json!([{ "binding": "TODOS", "id": "todos" }]);
        let of_top = derived(WORKER, None, None);
        assert_eq!(of_top["kv_namespaces"], todos);
        assert_eq!(of_top["main"], ".dart_tool/dartflare/dev/3/worker.mjs");
        assert_eq!(of_top["build"], Value::Null);
        let of_staging = derived(WORKER, Some("staging"), None);
        assert_eq!(of_staging["kv_namespaces"], Value::Null);
        assert_eq!(of_staging["env"]["staging"]["kv_namespaces"], todos);
    }

    #[test]
    fn a_front_end_takes_the_place_of_the_files() {
        let front_end = Some(InPlaceOfFiles { port: 5173, is_first: true, names: None });
        let of_staging = derived(WORKER, Some("staging"), front_end.clone());
        assert_eq!(of_staging["assets"], Value::Null);
        assert_eq!(of_staging["main"], ".dart_tool/dartflare/dev/front-3.mjs");
        let own = json!({ "binding": "FILES", "service": "app-staging", "entrypoint": FRONT_END });
        let other = json!({ "binding": "A", "service": "a" });
        assert_eq!(of_staging["env"]["staging"]["services"], json!([other, own]));
        // Of a Worker without a name, wrangler makes one.
        let nameless = derived(r#"{ "main": "build/worker.mjs" }"#, None, front_end);
        assert_eq!(nameless["name"], "worker");
        let own = json!({ "binding": "ASSETS", "service": "worker", "entrypoint": FRONT_END });
        assert_eq!(nameless["services"], json!([own]));
    }

    const PAGES: &str = r#"{
        "name": "app", "pages_build_output_dir": "public", "no_bundle": true, "upload_source_maps": true,
        "compatibility_date": "2026-04-01", "vars": { "A": "top" },
        "d1_databases": [{ "binding": "DB", "database_id": "x" }],
        "env": { "preview": { "vars": { "A": "preview" } } }
    }"#;

    #[test]
    fn a_pages_project_is_that_of_one_environment() {
        let of_preview = json!({
            "name": "app",
            "compatibility_date": "2026-04-01",
            "vars": { "A": "preview" },
            "pages_build_output_dir": "output",
            "kv_namespaces": [{ "binding": "TODOS", "id": "todos" }],
        });
        assert_eq!(derived(PAGES, Some("preview"), None), of_preview);
        let of_top = derived(PAGES, None, None);
        assert_eq!(of_top["d1_databases"][0]["binding"], "DB");

        let behind = derived(PAGES, None, Some(InPlaceOfFiles { port: 5173, is_first: false, names: None }));
        assert_eq!(behind["pages_build_output_dir"], Value::Null);
        assert_eq!(behind["main"], "front-3.mjs");
        assert_eq!(behind["services"][0]["service"], "app");
        assert_eq!(behind["vars"]["A"], "top");
        assert_eq!(behind["vars"]["CF_PAGES_URL"], "https://00000000.app.pages.dev");
    }
}
