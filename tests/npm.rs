//! The npm packages, made and installed as a release does, with no registry.
//!
//! In the place of the program is a script that starts the one under test: packing all of it takes seconds.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process};
use tempfile::TempDir;

use crate::harness::{Test, skip, tool};

/// As Node names this system.
fn platform() -> String {
    let system = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
    let cpu = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };
    format!("{system}-{cpu}")
}

fn npm(folder: &Path, args: &[&str]) -> String {
    let output = Command::new("npm")
        .args(args)
        .args(["--offline", "--no-audit", "--no-fund", "--loglevel=error", "--cache"])
        .arg(folder.join("cache"))
        .current_dir(folder)
        .output()
        .expect("npm runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{args:?}\n{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// A project with the two packages installed from their archives.
fn installed() -> TempDir {
    let program = format!(
        "#!/bin/sh\ncase $1 in\n\
         wait) trap 'exit 7' TERM; trap 'exit 8' INT; echo $$; while :; do :; done ;;\n\
         die) kill -KILL $$ ;;\n\
         *) exec '{}' \"$@\" ;;\nesac\n",
        env!("CARGO_BIN_EXE_dartflare")
    );
    let test = Test::new().file("package.json", "{\"private\": true}\n");
    test.script(&format!("binaries/{}/dartflare", platform()), &program);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/npm/build.mjs");
    let built = test.command("node").args([script, "binaries", "out"]).status().expect("node runs");
    assert!(built.success());
    let folder = test.path();
    let archives = npm(folder, &["pack", "--silent", "./out/dartflare", &format!("./out/{}", platform())]);
    let archives: Vec<String> = archives.lines().map(|name| format!("./{name}")).collect();
    assert_eq!(archives.len(), 2, "{archives:?}");
    npm(folder, &["install", "--ignore-scripts", &archives[0], &archives[1]]);
    test.into_dir()
}

#[test]
fn the_packages_start_the_program() {
    let dir = installed();
    let version = format!("dartflare {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(npm(dir.path(), &["exec", "--", "dartflare", "--version"]), version);
    let folder = dir.path().join("node_modules/@dartflare").join(platform());
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        assert!(
            folder.join(licence).is_file()
                && dir.path().join("node_modules/dartflare").join(licence).is_file()
        );
    }

    // A Node that cannot become the program stands between; a newer one does not.
    let mut nodes = vec![PathBuf::from("node")];
    match tool("NODE22") {
        Some(node) => nodes.push(node),
        None => skip("npm::the_packages_start_the_program", "Node 22 is not set up"),
    }
    for node in nodes {
        let start = |args: &[&str]| {
            let mut command = Command::new(&node);
            command.arg("node_modules/dartflare/bin/dartflare.mjs").args(args).current_dir(dir.path());
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            command
        };
        let output = start(&["routes", "--project", "no such folder"]).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "the exit code is passed on");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with("error[E0101]") && said.contains("no such folder"), "{said}");
        assert_eq!(start(&["die"]).output().unwrap().status.signal(), Some(9), "and so is a signal");

        for (signal, whole_group, code) in [
            (Signal::TERM, false, 7),
            (Signal::INT, false, 8),
            // As a terminal sends it.
            (Signal::INT, true, 8),
        ] {
            let mut child = start(&["wait"]).process_group(0).spawn().unwrap();
            let mut line = String::new();
            let mut stdout = BufReader::new(child.stdout.take().unwrap());
            stdout.read_line(&mut line).unwrap();
            let program = Pid::from_raw(line.trim().parse().unwrap()).unwrap();
            let launcher = Pid::from_child(&child);
            if whole_group {
                kill_process_group(launcher, signal).unwrap();
            } else {
                kill_process(launcher, signal).unwrap();
            }
            assert_eq!(child.wait().unwrap().code(), Some(code), "{signal:?} {}", node.display());
            assert!(test_kill_process(program).is_err(), "the program is gone");
        }
    }

    std::fs::remove_dir_all(dir.path().join("node_modules/@dartflare")).unwrap();
    let output = Command::new("node_modules/.bin/dartflare")
        .arg("--version")
        .current_dir(dir.path())
        .output()
        .unwrap();
    let platform = platform();
    let expected = format!(
        "error: dartflare for {platform} is not installed: there is no package `@dartflare/{platform}`\n\
         hint: run `npm install` again on this machine, without `--omit=optional` or `--no-optional`: a `node_modules` that \
         was copied from another system holds the program of that one\n"
    );
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap()), (Some(3), expected));
}
