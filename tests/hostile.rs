//! Input that nobody would write, and a machine that refuses: a message, and never a panic.

use std::fs;
#[cfg(unix)]
use std::process::{Command, Stdio};

use crate::harness::Test;
use crate::machine;

/// The exit code and the first line of what is said.
fn outcome(test: &Test) -> (Option<i32>, String) {
    let output = test.output();
    let stderr = test.readable(&output.stderr);
    (output.status.code(), stderr.lines().next().unwrap_or_default().to_owned())
}

#[test]
fn nesting_without_end() {
    let deep = 100_000;
    for (file, content, expected) in [
        (
            "wrangler.json",
            "{\"a\":".repeat(deep),
            "error[E0105]: this is not JSON: maximum nesting depth exceeded",
        ),
        (
            "wrangler.toml",
            format!("a = {}", "[".repeat(deep)),
            "error[E0104]: this is not TOML: cannot recurse further; max recursion depth met",
        ),
        (
            "wrangler.toml",
            format!("{}b = 1", "a.".repeat(deep)),
            "error[E0104]: this is not TOML: recursion limit",
        ),
    ] {
        let test = Test::new().file(file, &content).args("types");
        assert_eq!(outcome(&test), (Some(1), expected.to_owned()));
    }
}

#[test]
#[cfg(unix)]
fn a_pubspec_without_end() {
    let steps: Vec<String> = (0..5000).map(|level| format!("{}a:", " ".repeat(level))).collect();
    let steps = steps.join("\n");
    for content in [
        format!("name: app\n{steps}"),
        format!("name: {}", "[".repeat(100_000)),
        format!("{}a", "- ".repeat(5000)),
    ] {
        let test = machine::buildable("").file("pubspec.yaml", &content).args("--quiet build");
        assert_eq!(outcome(&test), (Some(1), "error[E0210]: this is nested too deeply".to_owned()));
    }
}

#[test]
fn functions_without_end() {
    let many = 3_000;
    for (start, part, end) in
        [("(", "(", "1"), ("", "!", "true"), ("", "-", "1"), ("", "{", ""), ("", "class A {", "")]
    {
        let source = format!("Response onRequest(c) => {start}{}{end}", part.repeat(many));
        let test = Test::new()
            .file("wrangler.toml", "name = \"app\"\nmain = \"build/worker.mjs\"\n")
            .file("functions/index.dart", &source)
            .args("routes");
        let code = test.output().status.code();
        assert!(matches!(code, Some(0 | 1)), "{part}: {code:?}");
    }
}

#[test]
fn a_line_that_nobody_reads() {
    let test = Test::new().file("wrangler.toml", &format!("name = {}", "1".repeat(1_000_000))).args("types");
    let output = test.output();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stderr.len() < 1000, "{} bytes", output.stderr.len());
}

#[test]
fn folders_where_files_should_be() {
    for name in ["wrangler.toml", "pubspec.yaml", "lib/main.dart", "lib/environment.g.dart", "build"] {
        let test = machine::project().file("lib/main.dart", "void main() {}\n").args("types");
        let path = test.path().join(name);
        let _ = fs::remove_file(&path);
        fs::create_dir_all(&path).expect("a folder");
        for arguments in ["types", "doctor", "routes", "build"] {
            let output = test
                .command(env!("CARGO_BIN_EXE_dartflare"))
                .arg(arguments)
                .env("PATH", "")
                .output()
                .expect("a run");
            assert!(matches!(output.status.code(), Some(0 | 1 | 3)), "{name}, {arguments}: {output:?}");
        }
    }
}

#[test]
#[cfg(unix)]
fn names_that_are_no_text() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let wrong = OsStr::from_bytes(b"\xff");
    let binary = env!("CARGO_BIN_EXE_dartflare");
    let test = machine::project().file("functions/index.dart", "Response onRequest(c) => r;\n");
    // Not every file system takes such a name.
    let _ = fs::write(test.path().join("functions").join(wrong), "");
    for (arguments, code) in [
        (vec![wrong], 2),
        (vec![OsStr::new("types"), OsStr::new("--project"), wrong], 1),
        (vec![OsStr::new("explain"), wrong], 2),
        (vec![OsStr::new("routes")], 0),
    ] {
        let output = test.command(binary).args(&arguments).output().expect("a run");
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
    }
    for name in
        ["CLOUDFLARE_ENV", "DARTFLARE_DART", "DARTFLARE_WRANGLER", "HOME", "PATH", "TMPDIR", "WASM_OPT"]
    {
        for arguments in ["build", "doctor", "deploy"] {
            let output = test.command(binary).arg(arguments).env(name, wrong).output().expect("a run");
            assert!(matches!(output.status.code(), Some(1..=3)), "{name}, {arguments}: {output:?}");
        }
    }
}

#[test]
#[cfg(unix)]
fn links_in_a_circle() {
    use std::os::unix::fs::symlink;

    let test =
        machine::project().file("functions/index.dart", "Response onRequest(c) => r;\n").args("routes");
    symlink("round", test.path().join("functions/round")).expect("a link");
    symlink(".", test.path().join("functions/self")).expect("a link");
    assert_eq!(test.output().status.code(), Some(0));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_behind_stdout() {
    let full = || fs::File::options().write(true).open("/dev/full").expect("a full disk");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dartflare"));
        let output = command.args(arguments).stdout(full()).stderr(Stdio::piped()).output().expect("a run");
        (output.status.code(), String::from_utf8(output.stderr).expect("text"))
    };
    let (code, said) = run(&["explain"]);
    assert_eq!(code, Some(3));
    assert_eq!(said, "error[E0002]: cannot write `stdout`: no space left on device (os error 28)\n");
    // And on stderr: there is nobody to tell.
    let code = Command::new(env!("CARGO_BIN_EXE_dartflare")).args(["explain", "x"]).stderr(full()).status();
    assert_eq!(code.expect("a run").code(), Some(2));
}

#[test]
#[cfg(unix)]
fn a_reader_that_leaves() {
    let status = Command::new("/bin/sh")
        .args([
            "-c",
            "\"$0\" explain | head -n 1 >/dev/null; \"$0\" explain >&- && \"$0\" doctor 2>&- >&-; exit 0",
        ])
        .arg(env!("CARGO_BIN_EXE_dartflare"))
        .status();
    assert!(status.expect("a shell").success());
}

#[test]
#[cfg(unix)]
fn an_empty_environment() {
    let test = machine::project();
    for arguments in ["types", "doctor", "build", "deploy"] {
        let output = Command::new(env!("CARGO_BIN_EXE_dartflare"))
            .arg(arguments)
            .current_dir(test.path())
            .env_clear()
            .output();
        let code = output.expect("a run").status.code();
        assert!(matches!(code, Some(0 | 1 | 3)), "{arguments}: {code:?}");
    }
}

#[test]
fn commands_by_other_names() {
    for (given, meant) in [
        ("create", "new"),
        ("run", "dev"),
        ("serve", "dev"),
        ("start", "dev"),
        ("publish", "deploy"),
        ("biuld", "build"),
    ] {
        let stderr = format!(
            "error: unrecognized subcommand '{given}'\n\n  tip: a similar subcommand exists: '{meant}'\n\n\
             Usage: dartflare [OPTIONS] <COMMAND>\n\nFor more information, try '--help'.\n"
        );
        Test::new().args(given).stderr(&stderr).code(2).run();
    }
}
