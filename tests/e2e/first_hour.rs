//! The first hour of a new user: the commands of the README, copied, from an empty folder.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::project::{Project, repository};
use crate::session::Session;

/// Where the README tells of it, and the address that `dartflare dev` has there.
const HEADING: &str = "\n## From an empty folder\n";
const ADDRESS: &str = "http://localhost:8787";

/// The code blocks of the section, each with its language.
fn blocks() -> Vec<(String, String)> {
    let readme = fs::read_to_string(repository().join("README.md")).expect("the README");
    let (_, section) = readme.split_once(HEADING).expect("the section");
    let section = section.split("\n## ").next().expect("its text");
    let fenced = section.split("```").skip(1).step_by(2);
    fenced.map(|block| block.split_once('\n').expect("a block")).map(|(a, b)| (a.into(), b.into())).collect()
}

/// The commands of a block, each with what is printed below it.
fn commands(block: &str) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    for line in block.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            let command = command.split("  #").next().expect("a command");
            commands.push((command.to_owned(), String::new()));
        } else {
            let (_, output) = commands.last_mut().expect("a command comes first");
            let _ = writeln!(output, "{line}");
        }
    }
    commands
}

/// What a block of `diff` replaces, and by what.
fn change(block: &str) -> (String, String) {
    let lines = |without: char| {
        let lines = block.lines().filter(|line| !line.starts_with(without)).map(|line| &line[1..]);
        lines.collect::<Vec<_>>().join("\n")
    };
    (lines('+'), lines('-'))
}

/// The new user.
struct User {
    home: Project,
    folder: PathBuf,
    /// What was typed, and what came of it.
    record: String,
}

impl User {
    fn shell(&self, command: &str) -> Command {
        let mut shell = self.home.command("sh", "first hour");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let installed = self.home.path("cargo/bin");
        let path = std::env::join_paths(std::iter::once(installed).chain(std::env::split_paths(&path)));
        shell.args(["-c", command]).current_dir(&self.folder).env("PATH", path.expect("a search path"));
        // A user's shell has nothing of what cargo tells tests, by which some packages are built anew.
        for (name, _) in std::env::vars_os() {
            let of_tests = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];
            if of_tests.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
                shell.env_remove(name);
            }
        }
        shell
    }

    /// Runs `command`, which has to succeed, and returns what it printed.
    #[track_caller]
    fn run(&mut self, command: &str) -> String {
        let Output { status, stdout, stderr } = self.shell(command).output().expect("a shell runs");
        let stdout = String::from_utf8_lossy(&stdout).into_owned();
        self.record.push_str(&stdout);
        self.record.push_str(&String::from_utf8_lossy(&stderr));
        assert!(status.success(), "{command}: {status}\n{}", self.record);
        stdout
    }
}

#[test]
fn the_readme_leads_from_an_empty_folder_to_a_tested_worker() {
    let home = Project::empty();
    let mut user = User { folder: home.path("."), home, record: String::new() };
    let mut session: Option<Session> = None;
    let mut created = None;
    let mut answered = None;
    for (language, block) in blocks() {
        if language == "diff" {
            let (old, new) = change(&block);
            let session = session.as_ref().expect("`dartflare dev` runs");
            session.reload(|project| project.replace("lib/main.dart", &old, &new));
            user.record.push_str(&block);
            continue;
        }
        assert_eq!(language, "console", "{block}");
        for (command, expected) in commands(&block) {
            let _ = writeln!(user.record, "$ {command}");
            let words: Vec<&str> = command.split(' ').collect();
            match words.as_slice() {
                ["git", "clone", _] => {
                    std::os::unix::fs::symlink(repository(), user.folder.join("dartflare")).expect("a link");
                }
                // As the tests are built: without the network, and without building everything a second time.
                ["cargo", "install", ..] => {
                    let target =
                        Path::new(env!("CARGO_BIN_EXE_dartflare")).ancestors().nth(2).expect("a folder");
                    let root = user.home.path("cargo");
                    let added = format!(
                        "{command} --debug --offline --quiet --target-dir '{}' --root '{}'",
                        target.display(),
                        root.display()
                    );
                    user.run(&added);
                }
                // Wrangler is installed, by the lock file of this repository.
                ["npm", "install"] => {
                    let installed = repository().join("tools/node_modules");
                    std::os::unix::fs::symlink(installed, user.folder.join("node_modules")).expect("a link");
                }
                ["cd", folder] => user.folder.push(folder),
                ["dartflare", "dev"] => {
                    let project = user.home.beneath(&user.folder);
                    session = Some(Session::start_in(project, &[]));
                }
                ["curl", url] => {
                    let session = session.as_ref().expect("`dartflare dev` runs");
                    let path = url.trim_matches('\'').strip_prefix(ADDRESS).expect("the address of dev");
                    let answer = session.get(path);
                    answered.get_or_insert_with(Instant::now);
                    user.record.push_str(answer.ok());
                    assert_eq!(answer.text(), expected, "{}", user.record);
                }
                _ => {
                    if words.starts_with(&["dartflare", "new"]) {
                        created = Some(Instant::now());
                    }
                    let printed = user.run(&command);
                    assert!(expected.is_empty() || printed == expected, "{command} printed\n{printed}");
                }
            }
        }
    }
    let (created, answered) = (created.expect("a project"), answered.expect("an answer"));
    tell(&user.record, answered - created);
}

/// Keeps the record where `make test` finds it.
fn tell(record: &str, took: Duration) {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("first-hour.txt");
    let took = format!("from `dartflare new` to the first response: {:.1} s\n", took.as_secs_f64());
    fs::write(path, format!("{record}\n{took}")).expect("the record is kept");
    // Past the test harness, which would keep it for itself.
    let _ = std::io::stderr().write_all(took.as_bytes());
}
