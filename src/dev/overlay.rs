//! The output directory of a Pages project as wrangler gets it: the same files under another roof, with the Worker of a
//! run among them, so that nothing of dartflare lands in the user's folder.
//!
//! Wrangler serves no symbolic links, so the files are hard links, or copies where the two folders are on different
//! devices. What wrangler reads and then watches are files of our own, written over whenever the user's change: a file
//! that is not there at the start it never looks for again.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, FileTimes, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Code, Diagnostic};
use crate::error::{self, Error, Result};
use crate::files::{self, shown};
use crate::platform;
use crate::printer::{Printer, Warned};
use crate::routes::routes_json::{self, RoutesJson};

/// The Worker in an output directory, a file or a folder.
pub(crate) const WORKER: &str = "_worker.js";

/// What `dartflare build` keeps in the folder that it makes.
const BUILT: &str = ".dartflare.json";

/// Rules for static files, which wrangler watches from its start on.
const RULES: [&str; 2] = ["_headers", "_redirects"];

/// What Pages leaves out of every folder that it uploads, and Dart's own.
const IGNORED: [&str; 5] = ["node_modules", ".git", ".wrangler", ".DS_Store", ".dart_tool"];

/// Lets every request reach the Worker, as without a `_routes.json`.
const ALL: &str = r#"{"version":1,"include":["/*"],"exclude":[]}"#;

/// A folder that is kept like the user's output directory.
#[derive(Debug)]
pub(crate) struct Overlay {
    /// The user's folder.
    output: PathBuf,
    folder: PathBuf,
    /// Whether wrangler asks a `_routes.json` what the Worker gets.
    has_routes: bool,
    is_missing: bool,
    warned: Warned,
}

impl Overlay {
    /// Plans `folder` to be like `output`.
    pub(crate) fn new(output: PathBuf, folder: PathBuf) -> Self {
        Self { output, folder, has_routes: false, is_missing: false, warned: Warned::default() }
    }

    /// The user's folder.
    pub(crate) fn output(&self) -> &Path {
        &self.output
    }

    /// Refuses a Worker that somebody else put into the output directory: it and the program both would take all
    /// requests.
    pub(crate) fn check(&self) -> Result<()> {
        self.foreign_worker().map_or(Ok(()), |path| {
            Err(Error::Project(
                Diagnostic::error(
                    Code::WorkerOfItsOwn,
                    format!("`{}` is a Worker already", shown(&path).display()),
                )
                .hint("dartflare makes the Worker of this project from Dart: remove or rename it"),
            ))
        })
    }

    /// A `_worker.js` that `dartflare build` did not make.
    fn foreign_worker(&self) -> Option<PathBuf> {
        let path = self.output.join(WORKER);
        (path.exists() && !path.join(BUILT).is_file()).then_some(path)
    }

    /// Makes the folder like the output directory as it is now. Says whether wrangler, if it runs, has to begin again to
    /// see it.
    pub(crate) fn follow(&mut self, printer: Printer) -> Result<bool> {
        fs::create_dir_all(&self.folder).map_err(|source| Error::Io {
            action: "create",
            path: self.folder.clone(),
            source,
        })?;
        let mut warnings = Vec::new();
        let is_missing = !self.output.is_dir();
        if is_missing && !self.is_missing {
            let output = shown(&self.output);
            printer.status(format_args!("there is no `{}`: no static files are served", output.display()));
        }
        self.is_missing = is_missing;
        let mut mirror = Mirror { failed: None, aside: self.folder.join(".dartflare-link") };
        mirror.top(&self.output, &self.folder);
        for name in RULES {
            let text = self.read(name).unwrap_or_default();
            files::write_over_if_changed(&self.folder.join(name), &text)?;
        }
        let needs_restart = self.follow_routes(&mut warnings)?;
        if let Some((path, error)) = mirror.failed {
            let path = shown(&path);
            let why = error::why(&error);
            warnings.push(Diagnostic::warning(
                Code::NotServed,
                format!("`{}` is not served: {why}", path.display()),
            ));
        }
        if let Some(path) = self.foreign_worker() {
            let path = shown(&path);
            warnings.push(
                Diagnostic::warning(
                    Code::WorkerNotUsed,
                    format!("`{}` is a Worker, and is not used", path.display()),
                )
                .hint("dartflare makes the Worker of this project from Dart: remove or rename it"),
            );
        }
        self.warned.tell(&warnings, printer);
        Ok(needs_restart)
    }

    /// Takes up a `_routes.json` that the user wrote.
    fn follow_routes(&mut self, warnings: &mut Vec<Diagnostic>) -> Result<bool> {
        let path = self.output.join(routes_json::NAME);
        let text = self.read(routes_json::NAME).filter(|text| !RoutesJson::is_generated(text));
        let text = text.filter(|text| match RoutesJson::parse(&shown(&path), text) {
            Ok(_) => true,
            Err(wrong) => {
                let hint = wrong.hint.as_deref().map(|hint| format!("{hint}; ")).unwrap_or_default();
                let hint = format!("{hint}until then every request reaches the program");
                warnings.push(Diagnostic { hint: Some(hint), ..wrong });
                false
            }
        });
        let is_first = text.is_some() && !self.has_routes;
        self.has_routes |= is_first;
        if self.has_routes {
            let text = text.as_deref().unwrap_or(ALL);
            files::write_over_if_changed(&self.folder.join(routes_json::NAME), text)?;
        }
        Ok(is_first)
    }

    fn read(&self, name: &str) -> Option<String> {
        let bytes = files::read(self.output.join(name)).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// One walk through the user's files.
struct Mirror {
    /// The first file that could not be taken over.
    failed: Option<(PathBuf, io::Error)>,
    /// Where a link is made before it takes its place.
    aside: PathBuf,
}

impl Mirror {
    fn top(&mut self, from: &Path, to: &Path) {
        let own = [WORKER, routes_json::NAME, crate::routes::FOLDER].into_iter().chain(RULES);
        self.folder(from, to, &own.map(OsStr::new).collect::<Vec<_>>());
    }

    /// Makes the folder `to` like `from`, but for what is named in `own`.
    fn folder(&mut self, from: &Path, to: &Path, own: &[&OsStr]) {
        let mut names = HashSet::new();
        for entry in fs::read_dir(from).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if own.contains(&name.as_os_str()) || IGNORED.iter().any(|ignored| name == *ignored) {
                continue;
            }
            if let Err(error) = self.entry(&entry.path(), &to.join(&name)) {
                // A front end replaces its files while this looks at them; it will be asked again.
                if error.kind() != io::ErrorKind::NotFound {
                    self.failed.get_or_insert((entry.path(), error));
                }
                continue;
            }
            names.insert(name);
        }
        for entry in fs::read_dir(to).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if !names.contains(&name) && !own.contains(&name.as_os_str()) {
                let _ = remove(&entry.path());
            }
        }
    }

    fn entry(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let data = fs::metadata(from)?;
        if data.is_dir() {
            // A link to a folder around it would never end.
            if from.is_symlink() && from.starts_with(platform::real(from)?) {
                return Ok(());
            }
            if !to.is_dir() {
                remove(to)?;
                fs::create_dir(to)?;
            }
            self.folder(from, to, &[]);
            return Ok(());
        }
        match fs::symlink_metadata(to) {
            Ok(old) if is_same(&data, &old) => return Ok(()),
            Ok(old) if old.is_dir() => remove(to)?,
            _ => {}
        }
        remove(&self.aside)?;
        // The link itself would be linked.
        let file = if from.is_symlink() { platform::real(from)? } else { from.to_owned() };
        if fs::hard_link(&file, &self.aside).is_err() {
            fs::copy(&file, &self.aside)?;
            // By which the copy is known for one of this state.
            let times = FileTimes::new().set_modified(data.modified()?);
            fs::File::options().write(true).open(&self.aside)?.set_times(times)?;
        }
        platform::rename(&self.aside, to)
    }
}

/// Whether a file is the other one, or a copy of how that is now.
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    if let (Some(one), Some(other)) = (platform::identity(one), platform::identity(other))
        && one.0 == other.0
    {
        return one.1 == other.1;
    }
    one.is_file() == other.is_file()
        && one.len() == other.len()
        && one.modified().ok() == other.modified().ok()
}

/// Removes what is there, if anything is.
fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(data) if data.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tempfile::TempDir;

    use super::*;

    struct Trial {
        _home: TempDir,
        output: PathBuf,
        overlay: Overlay,
    }

    impl Trial {
        fn new() -> Self {
            let home = tempfile::tempdir().unwrap();
            let output = home.path().join("dist");
            let overlay = Overlay::new(output.clone(), home.path().join("overlay"));
            Self { _home: home, output, overlay }
        }

        fn write(&self, file: &str, text: &str) {
            files::write_if_changed(&self.output.join(file), text).unwrap();
        }

        fn follow(&mut self) -> bool {
            self.overlay.follow(Printer::new(true)).unwrap()
        }

        /// What wrangler finds, by name.
        fn found(&self) -> BTreeMap<String, String> {
            fn collect(folder: &Path, prefix: &str, found: &mut BTreeMap<String, String>) {
                for entry in fs::read_dir(folder).unwrap().flatten() {
                    let name = format!("{prefix}{}", entry.file_name().into_string().unwrap());
                    if entry.file_type().unwrap().is_dir() {
                        collect(&entry.path(), &format!("{name}/"), found);
                    } else {
                        let text = fs::read_to_string(entry.path()).unwrap();
                        found.insert(name, text.trim_end().to_owned());
                    }
                }
            }
            let mut found = BTreeMap::new();
            collect(&self.overlay.folder, "", &mut found);
            found
        }
    }

    fn files_of(files: &[(&str, &str)]) -> BTreeMap<String, String> {
        let rules = RULES.map(|name| (name, ""));
        rules.iter().chain(files).map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn it_follows_files_that_come_change_and_go() {
        let mut trial = Trial::new();
        trial.follow();
        assert_eq!(trial.found(), files_of(&[]));
        trial.write("index.html", "one");
        trial.write("assets/app.js", "js");
        trial.write("_headers", "/*\n  x-a: 1");
        trial.follow();
        let all = [("index.html", "one"), ("assets/app.js", "js"), ("_headers", "/*\n  x-a: 1")];
        assert_eq!(trial.found(), files_of(&all));
        // Replaced by a file of the same length, and with a folder in the place of a file.
        trial.write("index.html", "two");
        fs::remove_dir_all(trial.output.join("assets")).unwrap();
        trial.write("assets", "now a file");
        trial.follow();
        let all = [("index.html", "two"), ("assets", "now a file"), ("_headers", "/*\n  x-a: 1")];
        assert_eq!(trial.found(), files_of(&all));
        fs::remove_file(trial.output.join("assets")).unwrap();
        trial.write("assets/app.js", "again");
        fs::remove_file(trial.output.join("_headers")).unwrap();
        trial.follow();
        assert_eq!(trial.found(), files_of(&[("index.html", "two"), ("assets/app.js", "again")]));
        fs::remove_dir_all(&trial.output).unwrap();
        trial.follow();
        assert_eq!(trial.found(), files_of(&[]));
    }

    #[test]
    #[cfg(unix)]
    fn what_is_not_served_is_told() {
        let mut trial = Trial::new();
        trial.write("_worker.js", "export default {};");
        trial.follow();
        assert_eq!(trial.overlay.warned.codes(), [Some(Code::WorkerNotUsed)]);
        fs::remove_file(trial.output.join("_worker.js")).unwrap();
        std::os::unix::fs::symlink("round", trial.output.join("round")).unwrap();
        trial.follow();
        assert_eq!(trial.overlay.warned.codes(), [Some(Code::NotServed)]);
    }

    #[test]
    fn what_pages_would_not_upload_is_left_out() {
        let mut trial = Trial::new();
        let others = ["_worker.js/index.js", "_worker.js/.dartflare.json", "functions/a.dart"];
        for file in others.into_iter().chain(["a/node_modules/b.js", ".git/HEAD", "a/.DS_Store"]) {
            trial.write(file, "no");
        }
        trial.write("a/b.txt", "yes");
        trial.write("a/functions/c.txt", "yes");
        trial.write("_routes.json", &RoutesJson { include: vec!["/x".into()], exclude: vec![] }.text());
        fs::create_dir_all(&trial.overlay.folder).unwrap();
        fs::write(trial.overlay.folder.join(WORKER), "of this run").unwrap();
        assert!(!trial.follow());
        let found = files_of(&[(WORKER, "of this run"), ("a/b.txt", "yes"), ("a/functions/c.txt", "yes")]);
        assert_eq!(trial.found(), found);
        trial.overlay.check().unwrap();
    }

    #[test]
    fn a_worker_that_is_not_ours_is_refused() {
        for name in ["_worker.js", "_worker.js/index.js"] {
            let trial = Trial::new();
            trial.write(name, "export default {}");
            let refused = trial.overlay.check().unwrap_err().diagnostic();
            assert!(refused.message.ends_with("_worker.js` is a Worker already"), "{}", refused.message);
        }
    }

    #[test]
    fn the_first_rules_for_requests_need_a_new_wrangler_and_others_do_not() {
        let mut trial = Trial::new();
        let rules = |include: &str| format!(r#"{{"version":1,"include":["{include}"],"exclude":[]}}"#);
        assert!(!trial.follow());
        trial.write("_routes.json", &rules("/api"));
        assert!(trial.follow());
        assert_eq!(trial.found()["_routes.json"], rules("/api"));
        trial.write("_routes.json", &rules("/other"));
        assert!(!trial.follow());
        assert_eq!(trial.found()["_routes.json"], rules("/other"));
        // Wrangler would end for it at its start.
        trial.write("_routes.json", &rules("no slash"));
        assert!(!trial.follow());
        assert_eq!(trial.found()["_routes.json"], ALL);
        fs::remove_file(trial.output.join("_routes.json")).unwrap();
        assert!(!trial.follow());
        assert_eq!(trial.found()["_routes.json"], ALL);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_and_never_served_as_such() {
        use std::os::unix::fs::symlink;
        let mut trial = Trial::new();
        trial.write("real/a.txt", "a");
        symlink(trial.output.join("real/a.txt"), trial.output.join("link.txt")).unwrap();
        symlink(trial.output.join("real"), trial.output.join("folder")).unwrap();
        symlink(&trial.output, trial.output.join("real/around")).unwrap();
        trial.follow();
        let found = [("real/a.txt", "a"), ("link.txt", "a"), ("folder/a.txt", "a")];
        for (name, text) in found {
            assert_eq!(trial.found()[name], text, "{name}");
            assert!(!trial.overlay.folder.join(name).is_symlink(), "{name}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn files_on_another_device_are_copied() {
        use std::os::unix::fs::MetadataExt as _;
        let Ok(home) = tempfile::tempdir_in("/dev/shm") else { return };
        let device = |path: &Path| fs::metadata(path).unwrap().dev();
        let mut trial = Trial::new();
        if device(home.path()) == device(trial.output.parent().unwrap()) {
            return;
        }
        trial.output = home.path().join("dist");
        trial.overlay.output.clone_from(&trial.output);
        trial.write("a/b.txt", "one");
        trial.follow();
        assert_eq!(trial.found(), files_of(&[("a/b.txt", "one")]));
        let copied = fs::metadata(trial.overlay.folder.join("a/b.txt")).unwrap().ino();
        trial.follow();
        assert_eq!(fs::metadata(trial.overlay.folder.join("a/b.txt")).unwrap().ino(), copied);
        trial.write("a/b.txt", "three");
        trial.follow();
        assert_eq!(trial.found(), files_of(&[("a/b.txt", "three")]));
    }
}
