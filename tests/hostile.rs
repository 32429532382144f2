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
    let steps: Vec<String> = (0..1200).map(|level| format!("{}a:", " ".repeat(level))).collect();
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
    assert_eq!(
        said,
        "error[E0002]: cannot write `stdout`: no space left on device\nhint: make room on the disk, and run it again\n"
    );
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

#[test]
#[cfg(unix)]
fn a_shell_that_may_open_few_files() {
    let test = machine::buildable("");
    for arguments in ["build", "dev --port 0", "test"] {
        let binary = env!("CARGO_BIN_EXE_dartflare");
        let line = format!("ulimit -n 16 && exec {binary} {arguments}");
        let output = test.command("/bin/sh").args(["-c", &line]).output().expect("a run");
        let stderr = test.readable(&output.stderr);
        let expected = "error[E0004]: cannot start: too many open files\n\
                        hint: end other programs, or have the limits raised that this one runs under\n\
                        for more, run `dartflare explain E0004`\n";
        assert!(output.status.code() == Some(3) && stderr.ends_with(expected), "{arguments}: {stderr}");
    }
}

/// Runs `dartflare` with these arguments, and kills it where it waits for ever.
#[cfg(unix)]
fn in_time(test: &Test, arguments: &str) -> (Option<i32>, String) {
    use std::time::{Duration, Instant};

    let stderr = test.path().join("stderr.txt");
    let mut child = test
        .command(env!("CARGO_BIN_EXE_dartflare"))
        .args(arguments.split_whitespace())
        .stdout(Stdio::null())
        .stderr(fs::File::create(&stderr).expect("a file"))
        .spawn()
        .expect("a run");
    let since = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child") {
            break status;
        }
        if since.elapsed() > Duration::from_secs(60) {
            child.kill().expect("killed");
            child.wait().expect("its end");
            panic!("`{arguments}` hangs");
        }
        std::thread::yield_now();
    };
    (status.code(), test.readable(&fs::read(&stderr).expect("what it said")))
}

#[test]
#[cfg(unix)]
fn pipes_where_files_should_be() {
    let fits = "it is a pipe or a device, and not a file\nhint: put a file in its place\n";
    for (name, arguments, expected) in [
        (
            "wrangler.toml",
            "types",
            "error[E0102]: `wrangler.toml` is a pipe or a device, and not a file\n".to_owned(),
        ),
        ("pubspec.yaml", "build", format!("error[E0002]: cannot read `pubspec.yaml`: {fits}")),
        ("pubspec.yaml", "doctor", String::new()),
        (
            "lib/environment.g.dart",
            "types",
            format!("error[E0002]: cannot read `lib/environment.g.dart`: {fits}"),
        ),
        (
            "lib/main.dart",
            "build",
            format!("error[E0002]: cannot read `[DIR]/lib/main.dart`: {fits}").replace("[DIR]/", ""),
        ),
        ("functions/a.dart", "routes", String::new()),
        (".dev.vars", "types", String::new()),
        ("test/a_test.dart", "test", format!("error[E0002]: cannot read `test/a_test.dart`: {fits}")),
    ] {
        let test = machine::buildable("").file("functions/b.dart", "Response onRequest(c) => r;\n");
        if name.starts_with("functions") {
            fs::remove_file(test.path().join("lib/main.dart")).expect("removed");
        }
        let path = test.path().join(name);
        let _ = fs::remove_file(&path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        assert!(Command::new("mkfifo").arg(&path).status().expect("a pipe").success());
        let (code, stderr) = in_time(&test, arguments);
        assert!(stderr.contains(&expected), "{name}, {arguments}: {stderr}");
        assert_eq!(code == Some(1), !expected.is_empty(), "{name}, {arguments}: {code:?} {stderr}");
    }
}

#[test]
fn files_that_nobody_wrote() {
    for name in ["wrangler.toml", "wrangler.json", "wrangler.jsonc"] {
        let test = machine::project().args("types");
        fs::remove_file(test.path().join("wrangler.toml")).expect("removed");
        fs::File::create(test.path().join(name)).expect("a file").set_len(50_000_000).expect("a size");
        let expected = format!(
            "error[E0002]: cannot read `{name}`: it has 50000000 bytes, and no more than 1000000 are read"
        );
        assert_eq!(outcome(&test), (Some(1), expected));
    }
}

#[test]
#[cfg(unix)]
fn links_that_lead_nowhere() {
    use std::os::unix::fs::symlink;

    let test = Test::new().args("types");
    symlink("nowhere", test.path().join("wrangler.jsonc")).expect("a link");
    test.stderr(
        "error[E0102]: `wrangler.jsonc` is a link that leads to no file\n\
         hint: have it lead to the configuration, or write one in its place\n",
    )
    .code(1)
    .run();
}

#[test]
#[cfg(unix)]
fn a_current_folder_that_is_gone() {
    let test = Test::new();
    for arguments in ["types", "build", "routes", "doctor", "dev", "test", "new app --yes", "explain E0102"] {
        let binary = env!("CARGO_BIN_EXE_dartflare");
        let line = format!("mkdir gone && cd gone && rmdir ../gone && exec {binary} {arguments}");
        let output = test.command("/bin/sh").args(["-c", &line]).output().expect("a run");
        let expected = if arguments.starts_with("explain") { 0..=0 } else { 1..=3 };
        assert!(output.status.code().is_some_and(|code| expected.contains(&code)), "{arguments}: {output:?}");
        assert!(!test.readable(&output.stderr).contains("E0001"), "{arguments}: {output:?}");
    }
}

/// As somebody who owns nothing there. Only `root` can become that.
#[test]
#[cfg(target_os = "linux")]
fn a_project_of_somebody_else() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;

    if !rustix::process::geteuid().is_root() {
        return crate::harness::skip("a project of somebody else", "not run as root");
    }
    let test = machine::buildable("");
    fs::set_permissions(test.path(), fs::Permissions::from_mode(0o755)).expect("readable");
    let binary = test.path().join("dartflare");
    // Copied by another process: see `write_script`.
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_dartflare")).arg(&binary).status();
    assert!(copied.expect("a program that anybody can run").success());
    let of = |arguments: &str| {
        let mut command = test.command(binary.to_str().expect("text"));
        let output =
            command.args(arguments.split_whitespace()).uid(65534).gid(65534).output().expect("a run");
        (output.status.code(), test.readable(&output.stderr))
    };
    let rights = |what: &str, folder: &str, path: &str| {
        format!(
            "error[E0002]: cannot {what} `{path}`: permission denied\n\
             hint: `ls -ld {folder} {path}` shows whose they are; what was written under `sudo` belongs to `root`\n\
             for more, run `dartflare explain E0002`\n"
        )
    };
    let file = "lib/environment.g.dart";
    assert_eq!(of("types"), (Some(3), rights("write", "lib", file)));
    assert_eq!(of("build"), (Some(3), rights("write", "lib", file)));
    fs::set_permissions(test.path().join("lib"), fs::Permissions::from_mode(0o000)).expect("unreadable");
    assert_eq!(of("types"), (Some(3), rights("read", "lib", file)));
    assert_eq!(of("routes"), (Some(3), rights("read", "lib", "lib/main.dart")));
    fs::set_permissions(test.path().join("wrangler.toml"), fs::Permissions::from_mode(0o000))
        .expect("unreadable");
    for arguments in ["types", "build", "routes", "dev", "test"] {
        assert_eq!(of(arguments), (Some(3), rights("read", ".", "wrangler.toml")), "{arguments}");
    }
    let (code, stderr) = of("new other --yes");
    assert_eq!(code, Some(3), "{stderr}");
    assert!(stderr.contains("cannot write `other`: permission denied"), "{stderr}");
}
