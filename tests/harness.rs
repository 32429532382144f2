//! Builds a project in a temporary folder, runs the real binary in it, and compares the whole transcript.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// One run of `dartflare`. Unless told otherwise it expects success and silence on both streams.
#[must_use]
pub(crate) struct Test {
    dir: TempDir,
    args: Vec<String>,
    env: Vec<(String, String)>,
    stdout: String,
    stderr: String,
    code: i32,
}

impl Test {
    pub(crate) fn new() -> Self {
        Self {
            dir: tempfile::tempdir().expect("a temporary folder"),
            args: Vec::new(),
            env: Vec::new(),
            stdout: String::new(),
            stderr: String::new(),
            code: 0,
        }
    }

    /// Where the project stands.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file of the project, making its folders.
    pub(crate) fn file(self, path: &str, content: &str) -> Self {
        let path = self.dir.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder made");
        fs::write(path, content).expect("a file written");
        self
    }

    /// The arguments, split at spaces.
    pub(crate) fn args(mut self, args: &str) -> Self {
        self.args.extend(args.split_whitespace().map(str::to_owned));
        self
    }

    /// Sets an environment variable for the run.
    pub(crate) fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// All of stdout. `[DIR]` stands for the project's folder.
    pub(crate) fn stdout(mut self, text: &str) -> Self {
        text.clone_into(&mut self.stdout);
        self
    }

    /// All of stderr. `[DIR]` stands for the project's folder.
    pub(crate) fn stderr(mut self, text: &str) -> Self {
        text.clone_into(&mut self.stderr);
        self
    }

    /// The exit code, 0 unless said.
    pub(crate) fn code(mut self, code: i32) -> Self {
        self.code = code;
        self
    }

    /// Runs and compares; returns the project's folder for a look at its files.
    #[track_caller]
    pub(crate) fn run(self) -> TempDir {
        let output = self.output();
        let stdout = self.readable(&output.stdout);
        let stderr = self.readable(&output.stderr);
        let got = format!("exit code {:?}\n--- stdout\n{stdout}--- stderr\n{stderr}", output.status.code());
        let expected = format!(
            "exit code {:?}\n--- stdout\n{}--- stderr\n{}",
            Some(self.code),
            self.stdout,
            self.stderr
        );
        assert!(got == expected, "\n=== expected\n{expected}\n=== got\n{got}");
        self.dir
    }

    fn output(&self) -> Output {
        Command::new(env!("CARGO_BIN_EXE_dartflare"))
            .args(&self.args)
            .current_dir(self.dir.path())
            .env_remove("CLOUDFLARE_ENV")
            .env_remove("DARTFLARE_DART")
            .env_remove("DARTFLARE_WRANGLER")
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .output()
            .expect("the binary runs")
    }

    fn readable(&self, bytes: &[u8]) -> String {
        let real: PathBuf = self.dir.path().canonicalize().expect("a real path");
        String::from_utf8_lossy(bytes)
            .replace(&real.display().to_string(), "[DIR]")
            .replace(&self.dir.path().display().to_string(), "[DIR]")
    }
}
