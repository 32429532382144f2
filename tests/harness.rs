//! Builds a project in a temporary folder, runs the real binary in it, and compares the whole transcript.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, fs};

use regex::Regex;
use tempfile::TempDir;

/// A real tool that `tools/setup.mjs` wrote down: `DARTFLARE_DART`, `DARTFLARE_WRANGLER` or `NODE22`, the
/// environment first. `None` where it was not set up.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    let set_up = || {
        let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tools/env")).ok()?;
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix("export ")?.strip_prefix(name)?.strip_prefix('='))?;
        Some(value.trim_matches('\'').replace("'\\''", "'"))
    };
    let value = env::var(name).ok().filter(|value| !value.is_empty()).or_else(set_up)?;
    (!value.is_empty()).then(|| value.into())
}

/// Says that a test did not run, and why; `make test` lists these at its end.
pub(crate) fn skip(test: &str, why: &str) {
    let line = format!("{test}: {why}\n");
    if let Some(list) = env::var_os("DARTFLARE_SKIPPED") {
        let file = fs::File::options().create(true).append(true).open(list);
        file.and_then(|mut file| file.write_all(line.as_bytes())).expect("a line about a skipped test");
    }
    eprint!("skipped: {line}");
}

/// Numbers between 0 and 1. They follow from a seed, which is printed, and which `DARTFLARE_SEED` sets.
pub(crate) fn random() -> impl FnMut() -> f64 {
    let seed = env::var("DARTFLARE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::from(now.subsec_nanos())
    });
    println!("DARTFLARE_SEED={seed}");
    let mut state: u64 = seed;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(state >> 32).unwrap_or_default()) / f64::from(u32::MAX)
    }
}

/// Writes a script that can be run.
#[cfg(unix)]
pub(crate) fn write_script(path: &Path, content: &str) {
    use std::process::Stdio;
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder made");
    // Another process writes it: a file that this one has open for writing while a test beside starts a program cannot
    // be run until that program has (`ETXTBSY`).
    let mut shell = Command::new("/bin/sh")
        .args(["-c", "cat > \"$0\" && chmod 755 \"$0\""])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .expect("a shell");
    shell.stdin.take().expect("its input").write_all(content.as_bytes()).expect("a script written");
    assert!(shell.wait().expect("the shell's end").success());
}

/// What a failed command ends with, where the last error before has a code.
const ADVICE: &str = "for more, run `dartflare explain ";

/// `stderr` without its last line where that is the advice to read of the last error, which all have.
#[track_caller]
pub(crate) fn without_advice(stderr: String) -> String {
    let Some(at) = stderr.rfind(ADVICE).filter(|&at| at == 0 || stderr[..at].ends_with('\n')) else {
        return stderr;
    };
    let code = stderr[at + ADVICE.len()..].trim_end_matches("`\n");
    let told = stderr[..at].lines().rfind(|line| line.starts_with("error["));
    let told = told.and_then(|line| line.strip_prefix("error[")?.split_once(']'));
    assert_eq!(told.map(|(code, _)| code), Some(code), "{stderr}");
    stderr[..at].to_owned()
}

/// One run of `dartflare`. Unless told otherwise it expects success and silence on both streams.
#[must_use]
pub(crate) struct Test {
    dir: TempDir,
    args: Vec<OsString>,
    env: Vec<(String, String)>,
    varying: Vec<(Regex, &'static str)>,
    stdout: String,
    stderr: String,
    code: i32,
}

impl Test {
    pub(crate) fn new() -> Self {
        Self::again(tempfile::tempdir().expect("a temporary folder"))
    }

    /// Another run in the project of one before.
    pub(crate) fn again(dir: TempDir) -> Self {
        Self {
            dir,
            args: Vec::new(),
            env: Vec::new(),
            varying: Vec::new(),
            stdout: String::new(),
            stderr: String::new(),
            code: 0,
        }
    }

    /// Where the project stands.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The same, as what removes it in the end.
    pub(crate) fn dir(&self) -> &TempDir {
        &self.dir
    }

    /// Writes a file of the project, making its folders.
    pub(crate) fn file(self, path: &str, content: &str) -> Self {
        let path = self.dir.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder made");
        fs::write(path, content).expect("a file written");
        self
    }

    /// Writes a script of the project that can be run, and gives its path.
    #[cfg(unix)]
    pub(crate) fn script(&self, path: &str, content: &str) -> PathBuf {
        let path = self.dir.path().join(path);
        write_script(&path, content);
        path
    }

    /// The arguments, split at spaces.
    pub(crate) fn args(mut self, args: &str) -> Self {
        self.args.extend(args.split_whitespace().map(OsString::from));
        self
    }

    /// One argument as it is.
    pub(crate) fn os_arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Sets an environment variable for the run.
    pub(crate) fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// What is not the same in every run: in both streams, `stand_in` takes the place of what the pattern matches.
    pub(crate) fn varies(mut self, pattern: &str, stand_in: &'static str) -> Self {
        self.varying.push((Regex::new(pattern).expect("a pattern"), stand_in));
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
        let stderr = without_advice(self.readable(&output.stderr));
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

    /// The arguments that were given.
    pub(crate) fn arguments(&self) -> &[OsString] {
        &self.args
    }

    /// The project's folder, without a run.
    pub(crate) fn into_dir(self) -> TempDir {
        self.dir
    }

    /// The exit code that was said.
    pub(crate) fn expected_code(&self) -> i32 {
        self.code
    }

    /// Runs without comparing, for output that is not the same everywhere.
    pub(crate) fn output(&self) -> Output {
        self.command(env!("CARGO_BIN_EXE_dartflare")).args(&self.args).output().expect("the binary runs")
    }

    /// `program` in the project's folder, with what was set of the environment.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.dir.path());
        for theirs in [
            "CLOUDFLARE_ENV",
            "DARTFLARE_DART",
            "DARTFLARE_WRANGLER",
            "DART_VM_OPTIONS",
            "WASM_OPT",
            "WRANGLER_COMMAND",
            "DARTFLARE_SDK_MIRROR",
            "FLUTTER_STORAGE_BASE_URL",
            "ALL_PROXY",
            "HTTPS_PROXY",
            "HTTP_PROXY",
            "all_proxy",
            "https_proxy",
            "http_proxy",
        ] {
            command.env_remove(theirs);
        }
        // What `dartflare sdk` has installed on this machine is not the test's.
        command.env("DARTFLARE_CACHE", self.dir.path().join(".cache"));
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// What was printed, with `[DIR]` for the project's folder, paths as they are elsewhere, and what varies replaced.
    pub(crate) fn readable(&self, bytes: &[u8]) -> String {
        let real: PathBuf = self.dir.path().canonicalize().expect("a real path");
        let text = String::from_utf8_lossy(bytes)
            .replace(&real.display().to_string(), "[DIR]")
            .replace(&self.dir.path().display().to_string(), "[DIR]");
        let text = if cfg!(windows) { text.replace('\\', "/") } else { text };
        self.varying
            .iter()
            .fold(text, |text, (pattern, stand_in)| pattern.replace_all(&text, *stand_in).into_owned())
    }
}
