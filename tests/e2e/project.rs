//! A copy of an example or a fixture that a test may change.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use tempfile::TempDir;

use crate::processes::MARK;

/// What running a project leaves in it.
const MADE: [&str; 4] = [".dart_tool", ".wrangler", "build", "node_modules"];

pub(crate) struct Project {
    home: Arc<TempDir>,
    folder: PathBuf,
}

impl Project {
    /// Copies `examples/<name>` or `tests/fixtures/apps/<name>` to a folder that has a space and an umlaut in its path.
    #[track_caller]
    pub(crate) fn copy(name: &str) -> Self {
        let home = tempfile::Builder::new().prefix("dartflare-e2e-").tempdir().expect("a temporary folder");
        Self::copy_to(Arc::new(home), "meine Übung", name)
    }

    /// As [`Self::copy`], in a folder of this name.
    #[track_caller]
    pub(crate) fn copy_into(folder: &str, name: &str) -> Self {
        let home = tempfile::Builder::new().prefix("dartflare-e2e-").tempdir().expect("a temporary folder");
        Self::copy_to(Arc::new(home), folder, name)
    }

    /// A folder without anything.
    #[track_caller]
    pub(crate) fn empty() -> Self {
        let home = tempfile::Builder::new().prefix("dartflare-e2e-").tempdir().expect("a temporary folder");
        let folder = home.path().join("meine Übung");
        fs::create_dir(&folder).expect("a folder made");
        Self { home: Arc::new(home), folder }
    }

    /// What a command has made in `folder`, which is in this one.
    pub(crate) fn beneath(&self, folder: &Path) -> Self {
        Self { home: Arc::clone(&self.home), folder: folder.to_owned() }
    }

    /// A new project of `files`, each by its path. What they take for a clone of this repository is this one.
    #[track_caller]
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let home = tempfile::Builder::new().prefix("dartflare-e2e-").tempdir().expect("a temporary folder");
        let folder = home.path().join("site");
        std::os::unix::fs::symlink(repository(), home.path().join("dartflare")).expect("a link");
        let project = Self { home: Arc::new(home), folder };
        for (file, text) in files {
            fs::create_dir_all(project.path(file).parent().expect("a folder")).expect("a folder made");
            project.write(file, text);
        }
        project
    }

    /// What `dartflare new` makes of a template, in a folder that has a space and an umlaut in its path.
    #[track_caller]
    pub(crate) fn of_template(name: &str) -> Self {
        let home = tempfile::Builder::new().prefix("dartflare-e2e-").tempdir().expect("a temporary folder");
        let above = home.path().join("meine Übung");
        fs::create_dir(&above).expect("a folder made");
        let project = Self { folder: above.join(name), home: Arc::new(home) };
        let mut command = project.command(env!("CARGO_BIN_EXE_dartflare"), "dartflare");
        command.current_dir(above).args(["new", name, "--template", name, "--package"]).arg(repository());
        let output = command.output().expect("dartflare runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        project
    }

    /// The same one, for another run after this.
    pub(crate) fn again(&self) -> Self {
        Self { home: Arc::clone(&self.home), folder: self.folder.clone() }
    }

    /// Copies another one to where its Worker and this one's find each other.
    #[track_caller]
    pub(crate) fn beside(&self, name: &str) -> Self {
        Self::copy_to(Arc::clone(&self.home), "meine Übung", name)
    }

    #[track_caller]
    fn copy_to(home: Arc<TempDir>, parent: &str, name: &str) -> Self {
        let root = repository();
        let candidates = [root.join("examples").join(name), root.join("tests/fixtures/apps").join(name)];
        let from = candidates.iter().find(|folder| folder.is_dir());
        let from = from.unwrap_or_else(|| panic!("no example and no fixture is named `{name}`"));
        let folder = home.path().join(parent).join(name);
        copy_folder(from, &folder);
        let project = Self { home, folder };
        project.edit("pubspec.yaml", |text| {
            let lines = text.lines().map(|line| match line.split_once("path: ") {
                Some((indent, path)) => {
                    let path = fs::canonicalize(from.join(path)).expect("a package");
                    format!("{indent}path: '{}'\n", path.display().to_string().replace('\'', "''"))
                }
                None => format!("{line}\n"),
            });
            lines.collect()
        });
        project
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    #[track_caller]
    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    #[track_caller]
    pub(crate) fn write(&self, file: &str, text: &str) {
        fs::write(self.path(file), text).unwrap_or_else(|error| panic!("{file}: {error}"));
    }

    /// Saves what `change` makes of a file, which must be something else.
    #[track_caller]
    pub(crate) fn edit(&self, file: &str, change: impl FnOnce(&str) -> String) {
        let before = self.read(file);
        let after = change(&before);
        assert_ne!(before, after, "the edit changed nothing in {file}");
        self.write(file, &after);
    }

    /// Replaces a text that stands in the file.
    #[track_caller]
    pub(crate) fn replace(&self, file: &str, from: &str, to: &str) {
        self.edit(file, |text| text.replace(from, to));
    }

    /// `dartflare dev` in this project, whose processes carry `mark`.
    pub(crate) fn dev(&self, mark: &str) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_dartflare"), mark);
        command.arg("dev");
        command
    }

    /// `dartflare test` in this project, whose processes carry `mark`.
    pub(crate) fn tests(&self, mark: &str) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_dartflare"), mark);
        command.arg("test");
        command
    }

    /// Runs a command of `dartflare` in this project to its end.
    #[track_caller]
    pub(crate) fn dartflare(&self, args: &[&str]) -> Output {
        let mut command = self.command(env!("CARGO_BIN_EXE_dartflare"), "dartflare");
        command.args(args).output().expect("dartflare runs")
    }

    /// The production Worker of this project, with its program on the Dart VM; see the script.
    pub(crate) fn serve(&self, mark: &str) -> Command {
        let mut command = self.command("node", mark);
        command.arg(repository().join("tests/js/workerd/serve.mjs")).arg(env!("CARGO_BIN_EXE_dartflare"));
        command
    }

    /// Runs wrangler in this project and waits until it has done its work.
    #[track_caller]
    pub(crate) fn wrangler(&self, args: &[&str]) {
        let mut command = self.command(wrangler(), "wrangler");
        let output = command.args(args).output().expect("wrangler runs");
        let [stdout, stderr] =
            [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        assert!(output.status.success(), "wrangler {args:?}: {}\n{stdout}{stderr}", output.status);
    }

    /// `wrangler pages dev` alone in this project, whose processes carry `mark`.
    pub(crate) fn pages_dev(&self, mark: &str) -> Command {
        let mut command = self.command(wrangler(), mark);
        command.args(["pages", "dev", "--ip", "127.0.0.1", "--port", "0"]);
        command
    }

    pub(crate) fn command(&self, program: impl AsRef<OsStr>, mark: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .env("DARTFLARE_DART", dart())
            .env("DARTFLARE_WRANGLER", wrangler())
            .env(MARK, mark)
            .env_remove("CLOUDFLARE_ENV")
            // What wrangler keeps for a user, and what it would ask the network for.
            .env("XDG_CONFIG_HOME", self.home.path().join("config"))
            .env("WRANGLER_REGISTRY_PATH", self.home.path().join("registry"))
            .env("WRANGLER_LOG_PATH", self.home.path().join("logs"))
            .env("WRANGLER_SEND_METRICS", "false")
            .env("WRANGLER_SEND_ERROR_REPORTS", "false")
            .env("WRANGLER_HIDE_BANNER", "true")
            .env("CLOUDFLARE_CF_FETCH_ENABLED", "false")
            .env("CI", "1");
        command
    }
}

pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[track_caller]
fn dart() -> PathBuf {
    tool("DARTFLARE_DART", "tools/dart-vm/node_modules/sass-embedded-linux-ia32/dart-sass/src/dart", "Dart")
}

#[track_caller]
fn wrangler() -> PathBuf {
    tool("DARTFLARE_WRANGLER", "tools/node_modules/.bin/wrangler", "wrangler")
}

#[track_caller]
fn tool(variable: &str, installed: &str, name: &str) -> PathBuf {
    let given = std::env::var_os(variable).filter(|value| !value.is_empty());
    let path = given.map_or_else(|| repository().join(installed), PathBuf::from);
    assert!(
        path.exists(),
        "the end-to-end tests need {name}, and there is none at `{}`: run `make setup`, or name one in `{variable}`",
        path.display()
    );
    path
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder made");
    for entry in fs::read_dir(from).expect("a folder to copy") {
        let entry = entry.expect("an entry");
        let name = entry.file_name();
        if MADE.iter().any(|made| name == *made) {
            continue;
        }
        if entry.file_type().expect("a file's type").is_dir() {
            copy_folder(&entry.path(), &to.join(&name));
        } else {
            fs::copy(entry.path(), to.join(&name)).expect("a file copied");
        }
    }
}
