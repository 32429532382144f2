//! `dartflare build` as the `[build]` command of the real Wrangler, with a Dart SDK that does as it is told.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use ureq::Agent;

use crate::deploy::{ERRORS, answer, real_wrangler, wrangler_environment};
use crate::harness::Test;
use crate::machine::{CONFIGURATION, buildable, compiled};
use crate::processes::{MARK, eventually, marked};
use crate::transcript::Transcript;

/// Only a failure takes this long.
const LONG: Duration = Duration::from_secs(60);

/// How long `wrangler dev` may keep a client waiting.
const PATIENCE: Duration = Duration::from_secs(20);

/// How many files the program is made of.
const PARTS: u32 = 16;

fn command(flags: &str) -> String {
    format!(
        "[build]\ncommand = \"'{}' build{flags}\"\nwatch_dir = \"lib\"\n",
        env!("CARGO_BIN_EXE_dartflare")
    )
}

/// A project whose Worker answers with `said`, built by its `[build]` command.
fn project(said: &str) -> Test {
    let test = buildable("").file("wrangler.toml", &(CONFIGURATION.to_owned() + &command("")));
    for at in 0..PARTS {
        fs::write(test.path().join(format!("lib/part_{at}.dart")), "").unwrap();
    }
    compiles_to(test.path(), said);
    test
}

/// From now on the compiler makes a Worker that answers with `said`.
fn compiles_to(project: &Path, said: &str) {
    let fake = project.join("sdk/fake");
    for file in ["exit", "stdout"] {
        let _ = fs::remove_file(fake.join(file));
    }
    fs::write(fake.join("main.js"), compiled(&["fetch"], &[], said)).unwrap();
}

/// From now on the compiler finds errors.
fn does_not_compile(project: &Path) {
    fs::write(project.join("sdk/fake/stdout"), ERRORS).unwrap();
    fs::write(project.join("sdk/fake/exit"), "1").unwrap();
}

/// Saves the program, as an editor does after a change. Wrangler overlooks a change of a file within 50 ms of another
/// change of it, so each time it is another file.
fn edit(project: &Path) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let path = project.join(format!("lib/part_{}.dart", COUNT.fetch_add(1, Ordering::Relaxed) % PARTS));
    let mut file = fs::File::options().append(true).open(path).unwrap();
    file.write_all(b"// edited\n").unwrap();
}

fn compilations(project: &Path) -> usize {
    let log = fs::read_to_string(project.join("sdk/fake/log")).unwrap_or_default();
    log.matches("\ncompile\n").count()
}

/// Every file of the output folder and what it holds.
fn output(project: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut folders = vec![project.join("build")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for item in fs::read_dir(folder).into_iter().flatten() {
            let path = item.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push((path.clone(), fs::read(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

/// A run of Wrangler to its end: the exit code, and what it and what it ran said.
fn run(test: &Test, wrangler: &Path, folder: &Path, args: &[&str]) -> (Option<i32>, String) {
    let output = test
        .command(wrangler)
        .current_dir(folder)
        .args(args)
        .envs(wrangler_environment(&test.path().join("home")))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (output.status.code(), test.readable(&output.stdout) + &test.readable(&output.stderr))
}

/// Where it answers, as it said last.
fn url(said: &str) -> Option<String> {
    Some(said.rsplit_once("Ready on ")?.1.split_once('\n')?.0.trim().to_owned())
}

/// A running `wrangler dev`. Dropping it ends it, and asserts that nothing of it is left.
struct Dev {
    child: Child,
    mark: String,
    transcript: Transcript,
    test: Test,
}

impl Dev {
    /// Runs until it is ready.
    #[track_caller]
    fn start(test: Test, wrangler: &Path) -> Self {
        let dev = Self::launch(test, wrangler);
        dev.transcript.wait_from(0, |said| url(said).is_some());
        dev
    }

    fn launch(test: Test, wrangler: &Path) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let mark = format!("build-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut child = test
            .command(wrangler)
            .args(["dev", "--port", "0", "--inspector-port", "0"])
            .envs(wrangler_environment(&test.path().join("home")))
            .env_remove("HTTPS_PROXY")
            .env(MARK, &mark)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        Self { child, mark, transcript: Transcript::of(stdout, stderr), test }
    }

    fn path(&self) -> &Path {
        self.test.path()
    }

    /// The status and the text of the answer, which must not take long; nothing while Wrangler starts its server anew.
    #[track_caller]
    fn get(&self) -> Option<(u16, String)> {
        let agent: Agent = Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .timeout_global(Some(PATIENCE))
            .build()
            .into();
        let url = url(&self.transcript.text())?;
        let answer = agent.get(url).call().and_then(|mut answer| {
            let status = answer.status().as_u16();
            Ok((status, answer.body_mut().read_to_string()?))
        });
        match answer {
            Err(ureq::Error::Timeout(_)) => {
                panic!("it keeps its clients waiting\n{}", self.transcript.text())
            }
            other => other.ok(),
        }
    }

    /// Asks until the answer has this in it: Wrangler takes a moment to see a change.
    #[track_caller]
    fn answers(&self, status: u16, part: &str) -> String {
        eventually(&format!("{status} {part}"), LONG, || {
            let (found, said) = self.get()?;
            (found == status && said.contains(part)).then_some(said)
        })
    }

    /// As Ctrl-C does.
    fn interrupt(&mut self) {
        let group = Pid::from_child(&self.child);
        let _ = kill_process_group(group, Signal::INT);
        let mark = self.mark.clone();
        let late = thread::spawn(move || {
            eventually("the end of all", LONG, || marked(&mark).is_empty().then_some(()));
        });
        let _ = self.child.wait();
        let is_over = late.join();
        for found in marked(&self.mark) {
            found.signal(Signal::KILL);
        }
        assert!(is_over.is_ok() || thread::panicking(), "left behind\n{}", self.transcript.text());
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("--- transcript\n{}---", self.transcript.text());
        }
        if matches!(self.child.try_wait(), Ok(None)) {
            self.interrupt();
        }
    }
}

#[test]
fn dev_builds_at_the_start_and_after_each_edit_and_no_oftener() {
    let Some(wrangler) = real_wrangler("custom_build::dev_builds") else { return };
    let dev = Dev::start(project("one"), &wrangler);
    // Wrangler runs it for itself, and once more when it has begun to watch.
    dev.transcript.wait_from(0, |said| said.contains("`build/worker.mjs` is up to date\n"));
    dev.answers(200, "one");
    assert_eq!(compilations(dev.path()), 1);

    // Each line stands as it was written.
    let said = dev.transcript.text();
    for line in
        ["compiling `lib/main.dart` to JavaScript with Dart 3.9.2\n", "built `build/worker.mjs` in 0."]
    {
        assert!(said.contains(&format!("[custom build] {line}")), "{said}");
    }

    let accessors = dev.path().join("lib/environment.g.dart");
    let times =
        || [&dev.path().join("lib"), &accessors].map(|path| fs::metadata(path).unwrap().modified().unwrap());
    let before = times();
    compiles_to(dev.path(), "two");
    edit(dev.path());
    dev.answers(200, "two");
    assert_eq!(compilations(dev.path()), 2);
    assert_eq!(times(), before, "a build that changes what is watched is followed by another");

    // The accessors are in the folder that is watched: writing them is an edit, and then nothing is to be written.
    let config = dev.path().join("wrangler.toml");
    let said = fs::read_to_string(&config).unwrap();
    let start = dev.transcript.len();
    fs::write(&config, said + "\n[vars]\nMOTTO = \"onwards\"\n").unwrap();
    // It watches anew for the new configuration, and overlooks what is saved before that.
    dev.transcript.wait_from(start, |said| {
        let after = said.split_once("The file lib changed").map(|(_, after)| after);
        after.is_some_and(|after| after.contains("`build/worker.mjs` is up to date\n"))
    });
    assert!(fs::read_to_string(&accessors).unwrap().contains("motto"));
    compiles_to(dev.path(), "three");
    edit(dev.path());
    dev.answers(200, "three");
    // 2 at the start, 2 edits, and for the configuration: for itself, to watch anew, and for the accessors. Wrangler may
    // take one save for two.
    let runs = dev.transcript.text().matches("Running: ").count();
    assert!(runs <= 10, "{}", dev.transcript.text());
}

#[test]
fn dev_answers_with_what_does_not_compile() {
    let Some(wrangler) = real_wrangler("custom_build::dev_answers") else { return };
    let test = project("one");
    does_not_compile(test.path());
    let dev = Dev::start(test, &wrangler);
    let place = "lib/main.dart:1:1";
    let said = dev.answers(500, place);
    assert!(said.contains("Type 'vod' not found."), "{said}");
    assert!(dev.transcript.text().contains("error[E0201]: the program does not compile: 1 error\n"));

    compiles_to(dev.path(), "one");
    edit(dev.path());
    dev.answers(200, "one");
    does_not_compile(dev.path());
    edit(dev.path());
    dev.answers(500, place);
    compiles_to(dev.path(), "two");
    edit(dev.path());
    dev.answers(200, "two");
    assert!(!dev.transcript.text().contains("Command failed"), "{}", dev.transcript.text());
}

/// A compiler that never ends by itself.
struct Hanging(Receiver<String>);

impl Hanging {
    /// The next one, from when it runs; `start` has it run.
    #[track_caller]
    fn after(project: &Path, start: impl FnOnce()) -> Self {
        let fifo = project.join("sdk/fake/hang");
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let (lines, received) = mpsc::channel();
        let path = fifo.clone();
        thread::spawn(move || {
            for line in BufReader::new(fs::File::open(path).unwrap()).lines() {
                let _ = lines.send(line.unwrap());
            }
        });
        start();
        assert_eq!(received.recv_timeout(LONG).as_deref(), Ok("started"));
        fs::remove_file(fifo).unwrap();
        Self(received)
    }

    /// Waits until it is gone with all that it started.
    #[track_caller]
    fn await_end(self) {
        loop {
            match self.0.recv_timeout(LONG) {
                // Wrangler may have taken one save for two.
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => panic!("the compiler runs on"),
            }
        }
    }
}

#[test]
fn of_two_builds_in_dev_the_newer_wins() {
    let Some(wrangler) = real_wrangler("custom_build::of_two_builds") else { return };
    let dev = Dev::start(project("one"), &wrangler);
    dev.transcript.wait_from(0, |said| said.contains("`build/worker.mjs` is up to date\n"));
    let older = Hanging::after(dev.path(), || edit(dev.path()));
    compiles_to(dev.path(), "two");
    edit(dev.path());
    older.await_end();
    dev.answers(200, "two");

    let older = Hanging::after(dev.path(), || edit(dev.path()));
    does_not_compile(dev.path());
    edit(dev.path());
    older.await_end();
    dev.answers(500, "lib/main.dart:1:1");

    compiles_to(dev.path(), "three");
    edit(dev.path());
    dev.answers(200, "three");
    assert_eq!(answer(&dev.path().join("build/worker.mjs")), "200\nthree");
    let mut build = dev.test.command(env!("CARGO_BIN_EXE_dartflare"));
    let output = build.arg("build").env("WRANGLER_COMMAND", "dev").output().unwrap();
    assert_eq!(dev.test.readable(&output.stderr), "`build/worker.mjs` is up to date\n");
    assert!(!dev.path().join(".dart_tool/dartflare/build").exists());
}

#[test]
fn an_end_in_the_middle_leaves_nothing() {
    let Some(wrangler) = real_wrangler("custom_build::an_end") else { return };
    let test = project("one");
    let path = test.path().to_owned();
    let mut dev = None;
    let compiler = Hanging::after(&path, || dev = Some(Dev::launch(test, &wrangler)));
    let mut dev = dev.unwrap();
    dev.interrupt();
    compiler.await_end();
    assert!(!path.join("build").exists());
    assert!(!path.join(".dart_tool/dartflare/build").exists());
}

#[test]
fn deploy_uploads_nothing_that_does_not_compile() {
    let Some(wrangler) = real_wrangler("custom_build::deploy") else { return };
    let test = project("one");
    let deploy = ["deploy", "--dry-run", "--outdir", "out"];
    let (code, said) = run(&test, &wrangler, test.path(), &deploy);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("[custom build] built `build/worker.mjs` in "), "{said}");
    assert_eq!(answer(&test.path().join("out/worker.js")), "200\none");

    let good = output(test.path());
    assert!(good.len() > 3);
    does_not_compile(test.path());
    edit(test.path());
    let (code, said) = run(&test, &wrangler, test.path(), &deploy);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("error[E0201]: the program does not compile: 1 error\n"), "{said}");
    assert_eq!(output(test.path()), good);
}

#[test]
fn types_builds_too() {
    let Some(wrangler) = real_wrangler("custom_build::types") else { return };
    let test = project("one");
    let (code, said) = run(&test, &wrangler, test.path(), &["types"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("[custom build] built `build/worker.mjs` in "), "{said}");
    assert_eq!(answer(&test.path().join("build/worker.mjs")), "200\none");
}

#[test]
fn from_another_folder_and_for_one_environment() {
    let Some(wrangler) = real_wrangler("custom_build::from_another_folder") else { return };
    let test = project("one");
    let of_project = command(&format!(" --project '{}'", test.path().display()));
    let object = |env: &str, class: &str| {
        format!(
            "[[env.{env}.durable_objects.bindings]]\nname = \"OBJECT\"\nclass_name = \"{class}\"\n\
             [[env.{env}.migrations]]\ntag = \"v1\"\nnew_sqlite_classes = [\"{class}\"]\n"
        )
    };
    let configuration = [CONFIGURATION, &of_project, &object("staging", "Views"), &object("live", "Others")];
    let test = test.file("wrangler.toml", &configuration.concat()).file("elsewhere/file", "");
    fs::write(test.path().join("sdk/fake/main.js"), compiled(&["fetch"], &["Views", "Others"], "")).unwrap();
    let elsewhere = test.path().join("elsewhere");
    let config = test.path().join("wrangler.toml").display().to_string();
    let args = ["deploy", "--dry-run", "--config", &config];
    let entry = || fs::read_to_string(test.path().join("build/worker.mjs")).unwrap();

    // Wrangler does not tell its command of `--env`.
    let (code, said) = run(&test, &wrangler, &elsewhere, &[&args[..], &["--env", "staging"]].concat());
    assert_eq!(code, Some(0), "{said}");
    assert!(entry().contains("export { default, Others, Views } from"), "{}", entry());

    let test = test.env("CLOUDFLARE_ENV", "staging");
    let (code, said) = run(&test, &wrangler, &elsewhere, &args);
    assert_eq!(code, Some(0), "{said}");
    let entry = fs::read_to_string(test.path().join("build/worker.mjs")).unwrap();
    assert!(entry.contains("export { default, Views } from"), "{entry}");
}
