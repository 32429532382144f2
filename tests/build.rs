//! `dartflare build`, with a Dart SDK that does as it is told (`tests/dart.sh`): what is shown here is what dartflare does
//! with a compiler's answer, and never anything about Dart.

use std::ffi::OsStr;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Test, skip, tool};
use crate::machine::{alone, dart, dart_sdk};
use crate::processes::{MARK, eventually, marked, send};

const PACKAGES: &str = r#"{"configVersion":2,"packages":[
{"name":"app","rootUri":"../","packageUri":"lib/","languageVersion":"3.5"},
{"name":"cloudflare_workers","rootUri":"../rt","packageUri":"lib/","languageVersion":"3.5"}]}
"#;

const COMPILING: &str = "compiling `lib/main.dart` to JavaScript with Dart 3.9.2\n";
const BUILT: &str = "built `build/worker.mjs` in T s\n";
const UP_TO_DATE: &str = "`build/worker.mjs` is up to date\n";
const REPORT: &str = "dartflare's shim (7 files) SIZE gzip SIZE\nyour program (main.js) SIZE gzip SIZE\n\
                      total SIZE gzip SIZE\nN % of the 64 MiB that Cloudflare takes, uncompressed\n";

/// Only a failure takes this long.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// A sound project with an SDK beside it; its packages are resolved and its accessors written.
pub(crate) fn project() -> Test {
    let test = crate::machine::project().file("lib/main.dart", "void main() {}\n");
    dart_sdk(&test, "sdk", "3.9.2");
    let test = test.file(".dart_tool/package_config.json", PACKAGES);
    test.command(env!("CARGO_BIN_EXE_dartflare")).arg("types").output().expect("the accessors");
    ready(test)
}

/// The next build in the same project.
pub(crate) fn again(dir: TempDir) -> Test {
    ready(Test::again(dir))
}

/// With the project's own SDK and nothing else on `PATH`.
fn ready(test: Test) -> Test {
    alone(with_sdk(test)).args("build")
}

/// With the project's own SDK, and the sizes and times of builds out of the way.
pub(crate) fn with_sdk(test: Test) -> Test {
    let dart = test.path().join("sdk/bin/dart").display().to_string();
    test.env("DARTFLARE_DART", dart)
        .varies(r"in \d+\.\d s\n", "in T s\n")
        .varies(r" +[\d.]+ k?B  gzip +[\d.]+ k?B", " SIZE gzip SIZE")
        .varies(r"(?m)^total +", "total ")
        .varies(r"[\d.]+ % of the 64 MiB", "N % of the 64 MiB")
        .varies("app-[0-9a-f]{12}", "app-HASH")
}

fn built() -> String {
    [COMPILING, BUILT, REPORT].concat()
}

pub(crate) fn build_of(dir: &TempDir) -> PathBuf {
    dir.path().join("build")
}

/// Every file below `folder`, as paths from there.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                found.push(entry.path().strip_prefix(folder).unwrap().display().to_string());
            }
        }
    }
    found.sort();
    found
}

/// The program that the published entry leads to; fails unless all that the entry imports is there, at any depth.
#[track_caller]
pub(crate) fn published(project: &Path) -> String {
    published_at(&project.join("build/worker.mjs"))
}

#[track_caller]
pub(crate) fn published_at(entry: &Path) -> String {
    let import = regex::Regex::new(r"(?m)^(?:import|export)\b[^'\n]*'(\./[^']+)'").unwrap();
    let mut program = None;
    let mut modules = vec![entry.to_owned()];
    let mut seen = Vec::new();
    while let Some(module) = modules.pop() {
        if seen.contains(&module) {
            continue;
        }
        let bytes = fs::read(&module).unwrap_or_else(|error| panic!("{}: {error}", module.display()));
        assert!(!bytes.is_empty(), "{} is empty", module.display());
        let text = String::from_utf8_lossy(&bytes).into_owned();
        for found in import.captures_iter(&text) {
            modules.push(module.parent().unwrap().join(found[1].trim_start_matches("./")));
        }
        if module.file_stem() == Some(OsStr::new("main")) && program.is_none() {
            program = Some(text);
        }
        seen.push(module);
    }
    assert!(seen.len() > 2, "only {seen:?}");
    program.unwrap_or_default()
}

/// How often the fake compiler ran.
pub(crate) fn compiles(project: &Path) -> usize {
    let log = fs::read_to_string(project.join("sdk/fake/log")).unwrap_or_default();
    log.split("\n\n").filter(|run| run.lines().nth(1) == Some("compile")).count()
}

/// The arguments of the last compile that are not paths of dartflare's.
fn last_arguments(project: &Path) -> String {
    let log = fs::read_to_string(project.join("sdk/fake/log")).unwrap();
    let last = log.trim_end().rsplit("\n\n").next().unwrap();
    let arguments: Vec<&str> = last.lines().skip(1).filter(|line| !line.contains(".dart_tool")).collect();
    arguments.join(" ")
}

pub(crate) fn write(dir: &TempDir, path: &str, text: &str) {
    let path = dir.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn fails_with(test: Test, code: i32, stderr: &str) -> TempDir {
    test.code(code).stderr(stderr).run()
}

#[test]
fn builds_javascript() {
    let dir = project().file("sdk/fake/main.js", "dartMainRunner(main, []);\n").stderr(&built()).run();
    assert_eq!(
        files(&build_of(&dir)),
        [
            ".dartflare.json",
            ".gitignore",
            "app-HASH/classes.mjs",
            "app-HASH/host.mjs",
            "app-HASH/main.js",
            "app-HASH/main.js.map",
            "app-HASH/prelude.mjs",
            "app-HASH/runtime.mjs",
            "app-HASH/shim.mjs",
            "app-HASH/worker.mjs",
            "worker.mjs",
        ]
        .map(|name| name.replace("app-HASH", &app(&dir)))
    );
    assert_eq!(published(dir.path()), "dartMainRunner(main, []);\n");
    assert_eq!(last_arguments(dir.path()), "compile js -o -O2");
    assert_eq!(
        fs::read_to_string(dir.path().join(".dart_tool/dartflare/build.dart")).unwrap(),
        "// Generated by `dartflare build`: starts the program in `package:app/main.dart`.\n\
         import 'package:cloudflare_workers/src/host/start.dart';\n\
         import 'package:app/main.dart' as worker;\n\
         \n\
         void main() => start(worker.main);\n"
    );
    assert_eq!(fs::read_to_string(dir.path().join("build/.gitignore")).unwrap(), "*\n");
    let left = fs::read_dir(dir.path().join(".dart_tool/dartflare")).unwrap();
    let mut left: Vec<_> = left.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    left.sort();
    assert_eq!(left, ["build.dart", "builds"], "no staging is left");
}

/// The name of the one folder of parts.
fn app(dir: &TempDir) -> String {
    let names = fs::read_dir(build_of(dir)).unwrap().map(|entry| entry.unwrap().file_name());
    let apps: Vec<_> =
        names.map(|name| name.into_string().unwrap()).filter(|name| name.starts_with("app-")).collect();
    let [app] = apps.as_slice() else { panic!("not one: {apps:?}") };
    app.clone()
}

#[test]
fn builds_webassembly() {
    let dir = project()
        .args("--target wasm")
        .stderr(
            "compiling `lib/main.dart` to WebAssembly with Dart 3.9.2\n\
             `wasm-opt` was not run: no `wasm-opt` in the Dart SDK or on `PATH`, and `WASM_OPT` is not set\n\
             built `build/worker.mjs` in T s\n\
             dartflare's shim (9 files) SIZE gzip SIZE\n\
             Wasm module (main.wasm) SIZE gzip SIZE\n\
             Dart's loader of the Wasm module (main.mjs) SIZE gzip SIZE\n\
             total SIZE gzip SIZE\n\
             N % of the 64 MiB that Cloudflare takes, uncompressed\n",
        )
        .run();
    assert_eq!(
        files(&build_of(&dir)),
        [
            ".dartflare.json",
            ".gitignore",
            "app-HASH/classes.mjs",
            "app-HASH/host.mjs",
            "app-HASH/main.mjs",
            "app-HASH/main.wasm",
            "app-HASH/prelude.mjs",
            "app-HASH/runtime.mjs",
            "app-HASH/shim.mjs",
            "app-HASH/strings.wasm",
            "app-HASH/wasm.mjs",
            "app-HASH/worker.mjs",
            "worker.mjs",
        ]
        .map(|name| name.replace("app-HASH", &app(&dir)))
    );
    published(dir.path());
    assert_eq!(last_arguments(dir.path()), "compile wasm -o -O2 -p");
}

#[test]
fn says_it_in_json() {
    let test = project()
        .args("--json --quiet")
        .file("sdk/fake/stdout", "lib/main.dart:1:6:\nWarning: Odd.\nvoid main() {}\n     ^^^^\n");
    let output = test.output();
    let stdout = test.readable(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{stdout}");
    assert_eq!(
        test.readable(&output.stderr),
        "warning: Odd.\n --> lib/main.dart:1:6\n  |\n1 | void main() {}\n  |      ^^^^\n"
    );
    let lines: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [warning, built] = lines.as_slice() else { panic!("{stdout}") };
    assert_eq!(
        warning,
        &serde_json::json!({"severity":"warning","message":"Odd.","file":"lib/main.dart","line":1,"column":6})
    );
    let built = &built["built"];
    assert_eq!((&built["entry"], &built["target"]), (&"build/worker.mjs".into(), &"js".into()));
    assert!(built["milliseconds"].is_u64(), "{built}");
    let parts: Vec<_> = built["report"]["parts"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert_eq!(parts, ["dartflare's shim", "your program"]);

    // What stands there already is told alike, and took no time.
    let test = again(test.into_dir()).args("--json");
    let output = test.output();
    let told: Value = serde_json::from_str(&test.readable(&output.stdout)).unwrap();
    assert_eq!(told["built"]["milliseconds"], Value::Null);
    assert_eq!(told["built"]["report"], built["report"]);
    assert_eq!(test.readable(&output.stderr), UP_TO_DATE);
}

#[test]
fn quiet_says_nothing_of_success() {
    let dir = project().args("--quiet").run();
    again(dir).args("-q").run();
}

/// A project whose compiler says that it read `lib/main.dart` and `lib/used.dart`, built.
fn with_sources() -> TempDir {
    let test = project().file("lib/used.dart", "").file("lib/unused.dart", "").file("README.md", "one\n");
    let root = test.path().canonicalize().unwrap().display().to_string();
    let deps = format!(
        "org-dartlang-sdk:///lib/core/core.dart\nfile://{root}/.dart_tool/dartflare/build.dart\n\
         file://{root}/lib/main.dart\nfile://{root}/lib/used.dart\nfile://{root}/rt/lib/src/host/host.dart\n"
    );
    let test = test.file("sdk/fake/beside/main.js.deps", &deps).stderr(&built());
    let dir = test.run();
    let dir = again(dir).stderr(UP_TO_DATE).run();
    assert_eq!(compiles(dir.path()), 1);
    dir
}

#[test]
fn each_input_that_changes_is_built_again() {
    let mut dir = with_sources();
    let edits: [(&str, &str); 5] = [
        ("lib/main.dart", "void main() { }\n"),
        ("lib/used.dart", "// more\n"),
        ("rt/lib/src/host/host.dart", "// more\n"),
        (
            "wrangler.toml",
            "name = \"app\"\nmain = \"build/worker.mjs\"\ncompatibility_date = \"2026-01-01\"\n[triggers]\ncrons = [\"0 * * * *\"]\n",
        ),
        (".dart_tool/package_config.json", &PACKAGES.replace("3.5", "3.6")),
    ];
    for (count, (path, text)) in edits.into_iter().enumerate() {
        write(&dir, path, text);
        dir = again(dir).stderr(&built()).run();
        assert_eq!(compiles(dir.path()), count + 2, "{path}");
        published(dir.path());
        dir = again(dir).stderr(UP_TO_DATE).run();
    }
    write(&dir, "sdk/fake/version", "3.9.3");
    dir = again(dir).stderr(&built().replace("3.9.2", "3.9.3")).run();
    for flags in [
        "-O1",
        "-D A=1",
        "-D A=2",
        "-D A=2 -D B=",
        "--debug",
        "--no-source-maps",
        "-- --terse",
        "--no-wasm-opt",
    ] {
        let expected = built().replace("3.9.2", "3.9.3");
        dir = again(dir).args(flags).stderr(&expected).run();
        dir = again(dir).args(flags).stderr(UP_TO_DATE).run();
    }
    // What the compiler once read and is no longer there.
    fs::remove_file(dir.path().join("lib/used.dart")).unwrap();
    again(dir).args("--no-wasm-opt").stderr(&built().replace("3.9.2", "3.9.3")).run();
}

#[test]
fn what_is_no_input_builds_nothing() {
    let mut dir = with_sources();
    for (path, text) in [
        ("lib/unused.dart", "// more\n"),
        ("lib/new.dart", "// new\n"),
        ("README.md", "two\n"),
        ("test/main_test.dart", "void main() {}\n"),
        (
            "wrangler.toml",
            "# A comment.\nname = \"app\"\nmain = \"build/worker.mjs\"\ncompatibility_date = \"2026-01-02\"\n",
        ),
    ] {
        write(&dir, path, text);
        dir = again(dir).stderr(UP_TO_DATE).run();
        assert_eq!(compiles(dir.path()), 1, "{path}");
    }
    for path in ["lib/main.dart", "lib/used.dart", "wrangler.toml", ".dart_tool/package_config.json"] {
        let bytes = fs::read(dir.path().join(path)).unwrap();
        fs::write(dir.path().join(path), bytes).unwrap();
        dir = again(dir).stderr(UP_TO_DATE).run();
    }
    assert_eq!(compiles(dir.path()), 1);
}

#[test]
fn a_failed_build_of_another_entry_does_not_make_the_last_good_one_old() {
    let dir = with_sources();
    write(&dir, "lib/other.dart", "void main() {}\n");
    write(&dir, "sdk/fake/exit", "253");
    let failing = again(dir).args("--entry lib/other.dart");
    assert_eq!(failing.output().status.code(), Some(3));
    let dir = failing.into_dir();
    fs::remove_file(dir.path().join("sdk/fake/exit")).unwrap();
    again(dir).stderr(UP_TO_DATE).run();
}

#[test]
fn what_somebody_took_out_of_the_output_is_built_again() {
    let dir = project().stderr(&built()).run();
    fs::remove_file(build_of(&dir).join(app(&dir)).join("shim.mjs")).unwrap();
    let dir = again(dir).stderr(&built()).run();
    published(dir.path());
    fs::remove_dir_all(build_of(&dir)).unwrap();
    let dir = again(dir).stderr(&built()).run();
    published(dir.path());
}

const JS_ERRORS: &str = "\
lib/main.dart:1:8:
Error: Not found: 'x.dart'
import 'x.dart';
       ^
lib/main.dart:3:11:
Error: A value of type 'String' can't be assigned to a variable of type 'int'.
  int x = 'a';
          ^
Error: Compilation failed.
";

const WASM_ERRORS: &str = "\
lib/main.dart:1:8: Error: Not found: 'x.dart'
import 'x.dart';
       ^
lib/main.dart:3:11: Error: A value of type 'String' can't be assigned to a variable of type 'int'.
  int x = 'a';
          ^
";

const WRONG_PROGRAM: &str = "import 'x.dart';\nvoid main() {\n  int x = 'a';\n}\n";

const DRAWN: &str = "\
error: Not found: 'x.dart'
 --> lib/main.dart:1:8
  |
1 | import 'x.dart';
  |        ^
error: A value of type 'String' can't be assigned to a variable of type 'int'.
 --> lib/main.dart:3:11
  |
3 |   int x = 'a';
  |           ^
";

const REFUSED: &str = "error[E0201]: the program does not compile: 2 errors\n";

#[test]
fn errors_of_dart2js() {
    let dir = project()
        .file("lib/main.dart", WRONG_PROGRAM)
        .file("sdk/fake/stdout", JS_ERRORS)
        .file("sdk/fake/exit", "1")
        .code(1)
        .stderr(&[COMPILING, DRAWN, REFUSED].concat())
        .run();
    assert!(!build_of(&dir).exists());
}

#[test]
fn errors_of_dart2wasm_leave_the_last_build() {
    let dir = project().args("--target wasm --quiet").file("sdk/fake/main.wasm", "// good\n").run();
    let before = files(&build_of(&dir));
    write(&dir, "sdk/fake/stderr", WASM_ERRORS);
    write(&dir, "lib/main.dart", WRONG_PROGRAM);
    let mut dir = dir;
    for code in ["254", "64"] {
        write(&dir, "sdk/fake/exit", code);
        dir = again(dir)
            .args("--target wasm")
            .code(1)
            .stderr(&[&COMPILING.replace("JavaScript", "WebAssembly"), DRAWN, REFUSED].concat())
            .run();
    }
    assert_eq!(files(&build_of(&dir)), before);
    assert_eq!(published(dir.path()), "// good\n");
}

#[test]
fn errors_in_json() {
    project()
        .args("--json -q")
        .file("lib/main.dart", WRONG_PROGRAM)
        .file("sdk/fake/stdout", JS_ERRORS)
        .file("sdk/fake/exit", "1")
        .code(1)
        .stdout(concat!(
            r#"{"severity":"error","message":"Not found: 'x.dart'","file":"lib/main.dart","line":1,"column":8}"#,
            "\n",
            r#"{"severity":"error","message":"A value of type 'String' can't be assigned to a variable of type 'int'.","file":"lib/main.dart","line":3,"column":11}"#,
            "\n"
        ))
        .stderr(REFUSED)
        .run();
}

#[test]
fn a_single_error_is_counted_as_one() {
    project()
        .args("-q")
        .file(
            "sdk/fake/stdout",
            "lib/main.dart:1:1:\nError: Bad.\nvoid main() {}\n^^^^\nError: Compilation failed.\n",
        )
        .file("sdk/fake/exit", "1")
        .code(1)
        .stderr(
            "error: Bad.\n --> lib/main.dart:1:1\n  |\n1 | void main() {}\n  | ^^^^\n\
             error[E0201]: the program does not compile: 1 error\n",
        )
        .run();
}

#[test]
fn an_accessor_that_is_not_imported_is_hinted_at() {
    let toml =
        format!("{}[[kv_namespaces]]\nbinding = \"TODOS\"\nid = \"1\"\n", crate::machine::CONFIGURATION);
    project()
        .file("wrangler.toml", &toml)
        .file("lib/main.dart", "void main() { env.todos; }\n")
        .file(
            "sdk/fake/stdout",
            "lib/main.dart:1:19:\nError: The getter 'todos' isn't defined for the type 'Environment'.\n\
             void main() { env.todos; }\n                  ^^^^^\nError: Compilation failed.\n",
        )
        .file("sdk/fake/exit", "1")
        .code(1)
        .stderr(&[
            "wrote `lib/environment.g.dart`\n",
            COMPILING,
            "error: The getter 'todos' isn't defined for the type 'Environment'.\n --> lib/main.dart:1:19\n  |\n\
             1 | void main() { env.todos; }\n  |                   ^^^^^\n\
             hint: `todos` is in a library that is not imported: add `import 'package:app/environment.g.dart';`\n\
             error[E0201]: the program does not compile: 1 error\n",
        ]
        .concat())
        .run();
}

#[test]
fn warnings_of_the_compiler_and_of_the_imports_are_shown_once() {
    let dir = project()
        .file("lib/main.dart", "import 'dart:io';\nvoid main() {}\n")
        .file("sdk/fake/stdout", "lib/main.dart:2:6:\nWarning: Odd.\nvoid main() {}\n     ^^^^\n")
        .stderr(
            &["warning[W0201]: `dart:io` works here and not on Cloudflare\n --> lib/main.dart:1:9\n  |\n1 | import 'dart:io';\n  |         ^^^^^^^\n\
             hint: Workers have no file system, processes or isolates; use the bindings and `fetch` instead\n",
             COMPILING,
             "warning: Odd.\n --> lib/main.dart:2:6\n  |\n2 | void main() {}\n  |      ^^^^\n",
             BUILT, REPORT].concat(),
        )
        .run();
    again(dir).stderr(UP_TO_DATE).run();
}

#[test]
fn a_compiler_that_crashes_is_not_the_users_fault() {
    let dir = project()
        .file("sdk/fake/stderr", "The compiler crashed: Null check operator used on a null value\n#0 X.y (package:compiler/x.dart:1:2)\n")
        .file("sdk/fake/exit", "253")
        .code(3)
        .stderr(&format!(
            "{COMPILING}error[E0221]: `dart compile js` of Dart 3.9.2 at `[DIR]/sdk/bin/dart` crashed (exit code 253)\n  \
             The compiler crashed: Null check operator used on a null value\n  \
             #0 X.y (package:compiler/x.dart:1:2)\n\
             hint: try another version of Dart with `--dart`; the text above is what its makers need to know\n"
        ))
        .run();
    fs::remove_file(dir.path().join("sdk/fake/exit")).unwrap();
    fs::remove_file(dir.path().join("sdk/fake/stderr")).unwrap();
    write(&dir, "sdk/fake/kill", "");
    again(dir)
        .code(3)
        .stderr(&format!(
            "{COMPILING}error[E0221]: `dart compile js` of Dart 3.9.2 at `[DIR]/sdk/bin/dart` was killed, it seems for want of memory\n\
             hint: close other programs, or give the machine more memory\n"
        ))
        .run();
}

#[test]
fn a_compiler_that_writes_half_of_it_is_not_believed() {
    let dir = project().args("-q").file("sdk/fake/main.js", "// good\n").run();
    let wrote = |what: &str| {
        format!(
            "{COMPILING}error[E0221]: `dart compile js` of Dart 3.9.2 at `[DIR]/sdk/bin/dart` reported success and wrote {what} `main.js`\n"
        )
    };
    let hint = "hint: see whether the disk is full, and run it again\n";
    write(&dir, "lib/main.dart", "// changed\n");
    write(&dir, "sdk/fake/silent", "");
    let dir = again(dir).code(3).stderr(&[&wrote("no"), hint].concat()).run();
    fs::remove_file(dir.path().join("sdk/fake/silent")).unwrap();
    write(&dir, "sdk/fake/main.js", "");
    let said = "  Compiled 1 input bytes (1 characters source) to 1 characters JavaScript in 0.1 seconds using 1 MB of memory\n";
    let dir = again(dir).code(3).stderr(&[&wrote("an empty"), said, hint].concat()).run();
    assert_eq!(published(dir.path()), "// good\n");
}

#[test]
fn a_dart_that_is_too_old_is_named() {
    fails_with(
        project().file("sdk/fake/version", "3.4.4"),
        3,
        "error[E0206]: Dart 3.4.4 at `[DIR]/sdk/bin/dart` (from `DARTFLARE_DART`) is too old: dartflare needs 3.5 or newer\n\
         hint: give `DARTFLARE_DART` another Dart SDK (https://dart.dev/get-dart), or leave it out and run `dartflare sdk install`\n",
    );
}

#[test]
fn an_option_that_the_compiler_does_not_know() {
    let test = project()
        .args("-- --fastest")
        .file(
            "sdk/fake/stdout",
            "Usage: dart compile js [arguments] <dart entry point>\n\nError: Unknown option '--fastest'.\n",
        )
        .file("sdk/fake/exit", "1");
    fails_with(
        test,
        1,
        &[
            COMPILING,
            "error[E0220]: `dart compile js` of Dart 3.9.2 does not know the option `--fastest`\n\
             hint: leave it out after `--`, or see `dart compile js --help --verbose`\n",
        ]
        .concat(),
    );
}

#[test]
fn an_option_that_would_put_the_program_elsewhere() {
    let dir = fails_with(
        project().args("-- -o elsewhere.js"),
        1,
        &[
            COMPILING,
            "error[E0220]: `-o` after `--` would put the compiled program elsewhere\n\
             hint: leave it out: the Wrangler configuration says where the Worker goes\n",
        ]
        .concat(),
    );
    assert_eq!(compiles(dir.path()), 0);
}

#[test]
fn wrong_usage() {
    let run = |args: &str| {
        let test = project().args(args);
        let output = test.output();
        assert_eq!(output.status.code(), Some(2), "{args}");
        test.readable(&output.stderr)
    };
    assert_eq!(
        run("-O9"),
        "error: invalid value '9' for '-O <LEVEL>': 9 is not in 0..=4\n\nFor more information, try '--help'.\n"
    );
    assert_eq!(
        run("-D A"),
        "error: invalid value 'A' for '--define <KEY=VALUE>': it lacks a `=`: write `KEY=VALUE`\n\nFor more information, try '--help'.\n"
    );
    assert_eq!(
        run("-D =1"),
        "error: invalid value '=1' for '--define <KEY=VALUE>': the part before `=` has to be a name: write `KEY=VALUE`\n\nFor more information, try '--help'.\n"
    );
    assert!(run("--target exe").contains("[possible values: js, wasm]"));
}

#[test]
fn defines_reach_the_compiler() {
    let dir = project().args("-q -D A=1,2 --define B=x=y --debug -- --terse").run();
    assert_eq!(
        last_arguments(dir.path()),
        "compile js -o -O1 --enable-asserts --no-minify -DA=1,2 -DB=x=y --terse"
    );
    write(&dir, "sdk/fake/version", "3.5.4");
    fails_with(
        again(dir).args("--target wasm -D A=1,2"),
        1,
        "compiling `lib/main.dart` to WebAssembly with Dart 3.5.4\n\
         error[E0206]: the value of `A` has a `,`, which Dart 3.5.4 may not take when it compiles to WebAssembly\n\
         hint: use Dart 3.10 or newer, or compile to JavaScript\n",
    );
}

#[test]
fn without_a_program() {
    let test = project();
    fs::remove_file(test.path().join("lib/main.dart")).unwrap();
    let dir = fails_with(
        test,
        1,
        "error[E0202]: there is no `lib/main.dart` in `[DIR]`\n\
         hint: create it with a `main()` that constructs `CloudflareWorkers(fetch: ...)`, or `functions/` with a file for \
         each route, or name another library with `--entry`\n",
    );
    fails_with(
        again(dir).args("--entry lib/other.dart"),
        1,
        "error[E0202]: there is no `lib/other.dart` in `[DIR]`\n\
         hint: create it with a `main()` that constructs `CloudflareWorkers(fetch: ...)`, or name another with `--entry`\n",
    );
}

#[test]
fn another_program_than_the_default() {
    let dir = project()
        .args("--entry bin/serve.dart")
        .file("bin/serve.dart", "void main() {}\n")
        .stderr(&built().replace("lib/main.dart", "bin/serve.dart"))
        .run();
    let entry = fs::read_to_string(dir.path().join(".dart_tool/dartflare/build.dart")).unwrap();
    assert!(entry.contains("/bin/serve.dart' as worker;"), "{entry}");
}

fn with_main(main: &str) -> Test {
    let toml = format!("name = \"app\"\n{main}compatibility_date = \"2026-01-01\"\n");
    project().file("wrangler.toml", &toml)
}

#[test]
fn a_main_that_cannot_be_is_shown_where_it_stands() {
    fails_with(
        with_main(""),
        1,
        "error[E0113]: `wrangler.toml` does not say where the built Worker goes\n\
         hint: add `main = \"build/worker.mjs\"`\n",
    );
    for (main, wrong) in [
        ("../other/worker.mjs", "`main = \"../other/worker.mjs\"` has `..` in it"),
        ("/other/worker.mjs", "`main = \"/other/worker.mjs\"` is outside of the project"),
        (
            "lib/worker.mjs",
            "with `main = \"lib/worker.mjs\"`, the output directory is in `lib`, which is for other files",
        ),
        ("worker.mjs", "with `main = \"worker.mjs\"`, the output directory is the project itself"),
        (
            "build/worker.js/x",
            "`main = \"build/worker.js/x\"` does not name a JavaScript module (`.mjs` or `.js`)",
        ),
    ] {
        fails_with(
            with_main(&format!("main = \"{main}\"\n")),
            1,
            &format!(
                "error[E0401]: {wrong}\n --> wrangler.toml:2:8\n  |\n2 | main = \"{main}\"\n  |        {}\n\
                 hint: `main` names the file that the build writes: set it to a path in a folder of its own inside the \
                 project, such as `build/worker.mjs`\n",
                "^".repeat(main.len() + 2)
            ),
        );
    }
    fails_with(
        with_main("main = \"lib/main.dart\"\n"),
        1,
        "error[E0114]: `main` names the built Worker, not Dart source\n --> wrangler.toml:2:8\n  |\n\
         2 | main = \"lib/main.dart\"\n  |        ^^^^^^^^^^^^^^^\n\
         hint: write `main = \"build/worker.mjs\"`; the Dart source is `lib/main.dart`, or what `--entry` says\n",
    );
}

#[test]
fn a_bare_vm_writes_the_accessors_and_compiles_nothing() {
    let test = crate::machine::project().file("lib/main.dart", "void main() {}\n");
    dart(&test, "vm", "3.7.3");
    let vm = test.path().join("vm/dart").display().to_string();
    let dir = fails_with(
        alone(test.env("DARTFLARE_DART", vm)).args("build"),
        3,
        "wrote `lib/environment.g.dart`\n\
         error[E0208]: Dart 3.7.3 at `[DIR]/vm/dart` (from `DARTFLARE_DART`) is a bare VM: it has no `dart compile`\n\
         hint: give `DARTFLARE_DART` another Dart SDK (https://dart.dev/get-dart), or leave it out and run `dartflare sdk install`\n",
    );
    assert!(dir.path().join("lib/environment.g.dart").is_file());
    assert!(!build_of(&dir).exists());
}

#[test]
fn a_deferred_library_is_refused() {
    let dir = project().args("-q").file("sdk/fake/main.js", "// good\n").run();
    write(&dir, "sdk/fake/beside/main.js_1.part.js", "// part\n");
    write(&dir, "lib/main.dart", "import 'a.dart' deferred as a;\nvoid main() {}\n");
    let dir = fails_with(
        again(dir),
        1,
        &[
            COMPILING,
            "error[E0222]: `lib/main.dart` loads a library with a `deferred` import (the compiler made `main.js_1.part.js`)\n\
             hint: a Worker is loaded as a whole: leave out `deferred as` and `loadLibrary()`\n",
        ]
        .concat(),
    );
    assert_eq!(published(dir.path()), "// good\n");
}

const ENVIRONMENTS: &str = "name = \"app\"\nmain = \"build/worker.mjs\"\ncompatibility_date = \"2026-01-01\"\n\
    [env.staging]\nmain = \"staging/worker.mjs\"\n[[env.staging.durable_objects.bindings]]\nname = \"ROOM\"\nclass_name = \"Room\"\n\
    [[env.staging.migrations]]\ntag = \"v1\"\nnew_sqlite_classes = [\"Room\"]\n";

#[test]
fn environments_that_are_built_to_different_folders() {
    let test = project().file("wrangler.toml", ENVIRONMENTS);
    test.command(env!("CARGO_BIN_EXE_dartflare")).arg("types").output().unwrap();
    let dir = fails_with(
        test,
        1,
        "error[E0115]: `main` is `build/worker.mjs` in one environment and `staging/worker.mjs` in another\n \
         --> wrangler.toml:2:8\n  |\n2 | main = \"build/worker.mjs\"\n  |        ^^^^^^^^^^^^^^^^^^\n \
         --> wrangler.toml:5:8\n  |\n5 | main = \"staging/worker.mjs\"\n  |        ^^^^^^^^^^^^^^^^^^^^\n\
         hint: build for one of them with `--env`, or write `main` once, at the top level\n",
    );
    let dir = again(dir)
        .args("--env staging")
        .stderr(&built().replace("build/worker.mjs", "staging/worker.mjs"))
        .run();
    published_at(&dir.path().join("staging/worker.mjs"));
    let entry = fs::read_to_string(dir.path().join("staging/worker.mjs")).unwrap();
    assert!(entry.contains("export { default, Room } from './app-"), "{entry}");
    assert!(!build_of(&dir).exists());
    let dir =
        again(dir).env("CLOUDFLARE_ENV", "staging").stderr("`staging/worker.mjs` is up to date\n").run();
    fails_with(
        again(dir).args("--env stagin"),
        1,
        "error[E0110]: there is no environment `stagin` in `wrangler.toml`\n\
         hint: did you mean `staging`? it configures `staging`\n",
    );
}

#[test]
fn a_path_with_spaces_and_letters_of_all_kinds() {
    let test = project();
    let inner = test.path().join("meine Übung 💙");
    for name in ["lib", "rt/lib/src/host", ".dart_tool"] {
        fs::create_dir_all(inner.join(name)).unwrap();
    }
    for name in [
        "wrangler.toml",
        "pubspec.yaml",
        "rt/pubspec.yaml",
        "rt/lib/src/host/host.dart",
        "lib/environment.g.dart",
        ".dart_tool/package_config.json",
    ] {
        fs::copy(test.path().join(name), inner.join(name)).unwrap();
    }
    fs::write(inner.join("lib/größe ö.dart"), "void main() {}\n").unwrap();
    let test = test.os_arg("--project").os_arg(&inner).args("--entry").os_arg("lib/größe ö.dart");
    let expected = built()
        .replace("lib/main.dart", "lib/größe ö.dart")
        .replace("build/worker.mjs", "meine Übung 💙/build/worker.mjs");
    let dir = test.stderr(&expected).run();
    published_at(&dir.path().join("meine Übung 💙/build/worker.mjs"));
    let entry = inner.join(".dart_tool/dartflare/build.dart");
    let entry = fs::read_to_string(entry).unwrap();
    assert!(entry.contains("import 'package:app/gr%C3%B6%C3%9Fe%20%C3%B6.dart' as worker;"), "{entry}");
}

/// A build that runs while the test looks on.
pub(crate) struct Running {
    pub(crate) child: std::process::Child,
    pub(crate) mark: String,
}

impl Running {
    /// Starts `dartflare` in the test's project; what it starts carries the mark.
    pub(crate) fn start(test: &Test, args: &[&str]) -> Self {
        Self::start_program(test, env!("CARGO_BIN_EXE_dartflare"), args)
    }

    pub(crate) fn start_program(test: &Test, program: &str, args: &[&str]) -> Self {
        let mark = format!("{:?}", std::time::Instant::now());
        let child = test
            .command(program)
            .args(args)
            .env(MARK, &mark)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self { child, mark }
    }

    /// Waits for the end; gives the exit code and what was said on stderr.
    pub(crate) fn end(self, test: &Test) -> (Option<i32>, String) {
        let output = self.child.wait_with_output().unwrap();
        (output.status.code(), test.readable(&output.stderr))
    }
}

pub(crate) fn fifo(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

#[test]
fn a_compiler_that_hangs_ends_with_the_build() {
    for (signal, is_wasm) in [(Signal::INT, false), (Signal::TERM, true), (Signal::HUP, false)] {
        let test = project();
        let hang = test.path().join("sdk/fake/hang");
        fifo(&hang);
        let running =
            Running::start(&test, if is_wasm { &["build", "--target", "wasm"] } else { &["build"] });
        let mut said = fs::File::open(&hang).unwrap();
        let mut started = [0; 8];
        said.read_exact(&mut started).unwrap();
        assert_eq!(&started, b"started\n");
        // A process that was just made may still be about to become another.
        eventually("the build, the compiler and its child", LONG, || {
            (marked(&running.mark).len() >= 3).then_some(())
        });
        send(running.child.id(), signal);
        let mark = running.mark.clone();
        let (code, stderr) = running.end(&test);
        assert_eq!(code, Some(130));
        let compiling =
            if is_wasm { COMPILING.replace("JavaScript", "WebAssembly") } else { COMPILING.to_owned() };
        assert_eq!(stderr, format!("{compiling}error[E0003]: interrupted\n"));
        // The pipe ends when the last of them has ended.
        said.read_to_end(&mut Vec::new()).unwrap();
        eventually("nothing of it is left", LONG, || marked(&mark).is_empty().then_some(()));
        assert!(!test.path().join("build").exists());
        assert!(!test.path().join(".dart_tool/dartflare/build").exists(), "no staging is left");
        fs::remove_file(&hang).unwrap();
        again(test.into_dir()).stderr(&built()).run();
    }
}

/// What the published Worker answers in workerd: status and text. `None` where there is no workerd.
pub(crate) fn answer(project: &Path) -> Option<(u16, String)> {
    tool("DARTFLARE_WRANGLER")?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if !root.join("tools/node_modules/miniflare").is_dir() {
        return None;
    }
    let output = Command::new("node")
        .arg(root.join("tests/js/answer.mjs"))
        .arg(project.join("build/worker.mjs"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let (status, body) = text.split_once('\n').unwrap();
    Some((status.parse().unwrap(), body.to_owned()))
}

/// What a program that is compiled looks like to the runtime, at its smallest.
pub(crate) fn program(answer: &str) -> String {
    format!(
        "dartMainRunner(() => {{\n  const run = (packet, settle) => {{\n    \
         settle([true, [['c', 'Response', ['{answer}']], [], []]]);\n    return null;\n  }};\n  \
         globalThis.__dartflare.register(['fetch'], [], run, run);\n}}, []);\n"
    )
}

#[test]
fn under_wrangler_dev_the_errors_are_published_until_they_are_mended() {
    let test = project()
        .env("WRANGLER_COMMAND", "dev")
        .file("lib/main.dart", WRONG_PROGRAM)
        .file("sdk/fake/stdout", JS_ERRORS)
        .file("sdk/fake/exit", "1");
    let dir = test.stderr(&[COMPILING, DRAWN, REFUSED].concat()).run();
    published(dir.path());
    let workerd = answer(dir.path());
    match &workerd {
        Some(got) => assert_eq!(
            *got,
            (
                500,
                format!(
                    "The Dart program does not compile\n\nthe program does not compile: 2 errors\n\n{DRAWN}"
                )
            )
        ),
        None => {
            skip("build::under_wrangler_dev_the_errors_are_published_until_they_are_mended", "no workerd");
        }
    }
    // Whoever builds to upload is not told that this is up to date.
    let dir = again(dir).code(1).stderr(&[COMPILING, DRAWN, REFUSED].concat()).run();
    fs::remove_file(dir.path().join("sdk/fake/exit")).unwrap();
    fs::remove_file(dir.path().join("sdk/fake/stdout")).unwrap();
    write(&dir, "lib/main.dart", "void main() {}\n");
    write(&dir, "sdk/fake/main.js", &program("mended"));
    let dir = again(dir).env("WRANGLER_COMMAND", "dev").stderr(&built()).run();
    if workerd.is_some() {
        assert_eq!(answer(dir.path()), Some((200, "mended".to_owned())));
    }
}

#[test]
fn under_wrangler_dev_what_is_no_error_of_the_program_is_told_once_there_is_something_to_run() {
    let test = project().env("WRANGLER_COMMAND", "dev").file("sdk/fake/exit", "253");
    assert_eq!(test.output().status.code(), Some(3));
    assert!(!test.path().join("build").exists());

    fs::remove_file(test.path().join("sdk/fake/exit")).unwrap();
    assert_eq!(test.output().status.code(), Some(0));
    let test = test.file("lib/main.dart", "void main() { }\n").file("sdk/fake/exit", "253");
    let output = test.output();
    assert_eq!(output.status.code(), Some(0), "{}", test.readable(&output.stderr));
    if let Some((status, text)) = answer(test.path()) {
        assert!(status == 500 && text.contains("crashed (exit code 253)"), "{status} {text}");
    }
}

#[test]
fn an_entry_outside_of_the_project_is_an_input() {
    let test = project();
    let outside = tempfile::tempdir().unwrap();
    let entry = outside.path().canonicalize().unwrap().join("it's.dart");
    fs::write(&entry, "void main() {}\n").unwrap();
    let root = test.path().canonicalize().unwrap().display().to_string();
    let deps = format!("file://{root}/.dart_tool/dartflare/build.dart\nfile://{}\n", entry.display());
    let dir = test.file("sdk/fake/beside/main.js.deps", &deps).args("-q --entry").os_arg(&entry).run();
    let wrapper = fs::read_to_string(dir.path().join(".dart_tool/dartflare/build.dart")).unwrap();
    assert!(wrapper.contains(r"/it\'s.dart' as worker;"), "{wrapper}");
    let dir = again(dir).args("--entry").os_arg(&entry).stderr(UP_TO_DATE).run();
    fs::write(&entry, "void main() { }\n").unwrap();
    let dir = again(dir).args("-q --entry").os_arg(&entry).run();
    assert_eq!(compiles(dir.path()), 2);
}
