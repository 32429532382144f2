//! `dartflare doctor` and `dartflare completions`, on machines made of scripts and on the real one.

use serde_json::Value;

use crate::harness::{Test, skip, tool};
use crate::machine::{CONFIGURATION, PUBSPEC, alone, dart, dart_sdk, node, wrangler};

fn project() -> Test {
    crate::machine::project().file("lib/main.dart", "void main() {}\n").args("doctor")
}

fn version_line() -> String {
    format!("ok       packages       `app` with `cloudflare_workers` {}\n", env!("CARGO_PKG_VERSION"))
}

#[test]
fn a_bare_vm_is_enough_for_dev() {
    let test = alone(wrangler(project(), "4.86.0"));
    dart(&test, "bin", "3.7.3");
    node(&test, "20.20.2");
    let expected = "\
warning  Dart           3.7.3 at `[DIR]/bin/dart`, from PATH; a bare VM: enough for `dartflare dev` with path dependencies, no `dart pub`, no `dart compile`
                        fix: run `dartflare sdk install` for packages from pub and for a Worker to deploy
ok       Node           20.20.2 at `[DIR]/bin/node`, for Wrangler
ok       Wrangler       4.86.0 at `[DIR]/node_modules/.bin/wrangler`, runs the Worker and its bindings
ok       configuration  wrangler.toml
ok       program        `lib/main.dart`
"
    .to_owned()
        + &version_line();
    let dir = test.stdout(&expected).run();
    assert!(!dir.path().join(".dart_tool").exists(), "the doctor only looks");
}

#[test]
fn an_sdk_compiles_and_resolves_with_pub() {
    let test = alone(wrangler(project(), "4.86.0"));
    dart_sdk(&test, "sdk", "3.13.0");
    node(&test, "22.1.0");
    let expected = "\
ok       Dart           3.13.0 at `[DIR]/sdk/bin/dart`, from --dart; an SDK: runs, resolves packages, compiles
ok       Node           22.1.0 at `[DIR]/bin/node`, for Wrangler
ok       Wrangler       4.86.0 at `[DIR]/node_modules/.bin/wrangler`, runs the Worker and its bindings
ok       configuration  wrangler.toml
ok       program        `lib/main.dart`
warning  packages       not resolved since `pubspec.yaml` changed
                        fix: run `dart pub get`, or leave it to `dartflare dev`
";
    let sdk = test.path().join("sdk").display().to_string();
    test.args("--dart").args(&sdk).stdout(expected).run();
}

#[test]
fn a_machine_with_nothing() {
    let expected = "\
missing  Dart           no `dart` on `PATH` [E0203]
                        fix: run `dartflare sdk install`, or put a Dart SDK (https://dart.dev/get-dart) on `PATH`, or name one with `--dart` or `DARTFLARE_DART`
missing  Node           no `node` on `PATH`: Wrangler runs on it [E0703]
                        fix: install Node 20.3 or newer (https://nodejs.org)
missing  Wrangler       Wrangler is not installed: no `node_modules/.bin/wrangler` upwards, none on `PATH` [E0701]
                        fix: run `npm install --save-dev wrangler@4` in the project
ok       configuration  wrangler.toml
ok       program        `lib/main.dart`
warning  packages       not checked, because there is no Dart to check with
";
    alone(project()).code(3).stdout(expected).run();
}

#[test]
fn everything_too_old() {
    let test = alone(wrangler(project(), "3.114.0"));
    dart(&test, "old", "3.4.4");
    node(&test, "18.20.0");
    let dart = test.path().join("old/dart").display().to_string();
    let expected = "\
missing  Dart           Dart 3.4.4 at `[DIR]/old/dart` (from `DARTFLARE_DART`) is too old: dartflare needs 3.5 or newer [E0206]
                        fix: give `DARTFLARE_DART` another Dart SDK (https://dart.dev/get-dart), or leave it out and run `dartflare sdk install`
ok       Node           18.20.0 at `[DIR]/bin/node`, for Wrangler
missing  Wrangler       Wrangler 3.114.0 at `[DIR]/node_modules/.bin/wrangler` is too old: dartflare needs 4 or newer [E0702]
                        fix: run `npm install --save-dev wrangler@4`
ok       configuration  wrangler.toml
ok       program        `lib/main.dart`
warning  packages       not checked, because there is no Dart to check with
";
    test.env("DARTFLARE_DART", dart).code(3).stdout(expected).run();

    let test = alone(wrangler(project(), "4.86.0"));
    dart_and_old_node(&test);
    let expected = "\
warning  Dart           3.7.3 at `[DIR]/bin/dart`, from PATH; a bare VM: enough for `dartflare dev` with path dependencies, no `dart pub`, no `dart compile`
                        fix: run `dartflare sdk install` for packages from pub and for a Worker to deploy
missing  Node           Node 18.20.0 at `[DIR]/bin/node` does not run Wrangler 4.86.0, which needs >=20.3.0 [E0704]
                        fix: install a newer Node (https://nodejs.org) and put it first on `PATH`
ok       Wrangler       4.86.0 at `[DIR]/node_modules/.bin/wrangler`, runs the Worker and its bindings
ok       configuration  wrangler.toml
ok       program        `lib/main.dart`
"
    .to_owned()
        + &version_line();
    test.code(3).stdout(&expected).run();
}

fn dart_and_old_node(test: &Test) {
    dart(test, "bin", "3.7.3");
    node(test, "18.20.0");
}

#[test]
fn a_project_that_is_wrong() {
    let pubspec = PUBSPEC.replace("    path: rt\n", "    path: gone\n");
    let test = alone(wrangler(project(), "4.86.0"))
        .file("wrangler.toml", &CONFIGURATION.replace("name = ", "name "))
        .file("pubspec.yaml", &pubspec)
        .args("--json")
        .code(1);
    dart(&test, "bin", "3.7.3");
    node(&test, "20.20.2");
    let checks = json(&test);
    let check = |name: &str| checks.iter().find(|check| check["name"] == name).expect("a check").clone();
    assert_eq!(check("configuration")["status"], "wrong");
    let detail = check("configuration")["detail"].as_str().expect("a text").to_owned();
    assert!(detail.starts_with("wrangler.toml:1:"), "{detail}");
    let packages = check("packages");
    assert_eq!(
        (packages["status"].as_str(), packages["detail"].as_str(), packages["fix"].as_str()),
        (
            Some("wrong"),
            Some("pubspec.yaml:5:3: `cloudflare_workers` is not there: no `gone/pubspec.yaml`"),
            Some("correct the path, which begins at the folder of this pubspec"),
        )
    );
}

/// The checks of the program in a project like this; all the rest is sound.
fn program_of(test: Test, code: i32) -> String {
    let test = alone(wrangler(test, "4.86.0")).code(code);
    dart(&test, "bin", "3.7.3");
    node(&test, "20.20.2");
    let output = test.output();
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    let stdout = test.readable(&output.stdout);
    let (_, rest) = stdout.split_once("configuration").expect("a configuration");
    let (program, _) = rest.split_once(" packages").expect("packages");
    let program = program.split_once('\n').expect("more lines").1;
    program.rsplit_once('\n').map_or(String::new(), |(lines, _)| format!("{lines}\n"))
}

#[test]
fn what_takes_the_requests() {
    let hello = "Response onRequest(PagesContext context) => Response('hello');\n";
    let pages = "name = \"app\"\npages_build_output_dir = \"public\"\ncompatibility_date = \"2026-01-01\"\n";
    assert_eq!(
        program_of(crate::machine::project().args("doctor"), 1),
        "\
wrong    program        there is no `lib/main.dart` in `[DIR]` [E0202]
                        fix: create it with a `main()` that constructs `CloudflareWorkers(fetch: ...)`, or `functions/` with a file for each route, or name another library with `--entry`
"
    );
    let functions = |config: &str| {
        crate::machine::project()
            .file("wrangler.toml", config)
            .file("functions/index.dart", hello)
            .file("functions/api/[id].dart", hello)
            .args("doctor")
    };
    assert_eq!(
        program_of(functions(pages), 0),
        "ok       program        `functions/` with 2 routes, in a Pages project that serves `public`\n"
    );
    assert_eq!(
        program_of(functions(CONFIGURATION), 0),
        "ok       program        `functions/` with 2 routes\n"
    );
    assert_eq!(
        program_of(functions(pages).file("lib/main.dart", ""), 0),
        "ok       program        `lib/main.dart` alone: `functions/` is not used, in a Pages project that serves `public`\n"
    );
    let told = program_of(functions(pages).file("functions/[id][x].dart", hello), 1);
    assert!(told.starts_with("wrong    program ") && told.contains("`functions/[id][x].dart`"), "{told}");
    let empty = crate::machine::project().file("wrangler.toml", pages).file("functions/a.dart", "");
    let told = program_of(empty.args("doctor"), 1);
    assert!(told.contains("has a handler"), "{told}");
}

#[test]
fn a_folder_that_is_not_there() {
    let test = alone(wrangler(project(), "4.86.0")).args("--json --project nowhere").code(1);
    dart(&test, "bin", "3.7.3");
    node(&test, "20.20.2");
    let checks = json(&test);
    let wrong: Vec<_> = checks.iter().filter(|check| check["status"] == "wrong").collect();
    assert_eq!(wrong[0]["name"], "configuration");
    assert_eq!(wrong[0]["detail"], "there is no folder `nowhere`");
    assert_eq!(wrong[1]["detail"], "there is no `nowhere/pubspec.yaml`");
    assert!(!test.path().join("nowhere").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_path_that_is_not_text() {
    use std::os::unix::ffi::OsStrExt as _;
    let test = alone(wrangler(project(), "4.86.0"));
    dart(&test, "bin", "3.7.3");
    node(&test, "20.20.2");
    let odd = test.path().join(std::ffi::OsStr::from_bytes(b"odd\xff"));
    std::fs::rename(test.path().join("bin/dart"), &odd).expect("a file renamed");
    let test = test.args("--json --dart").os_arg(&odd);
    assert_eq!(json(&test)[0]["path"], "[DIR]/odd\u{fffd}");
}

#[test]
fn dart_edge_is_not_ours() {
    let test = alone(wrangler(project(), "4.86.0"))
        .file("rt/pubspec.yaml", "name: cloudflare_workers\nversion: 0.0.4\nenvironment:\n  sdk: ^3.5.0\n")
        .args("--json")
        .code(1);
    std::fs::remove_file(test.path().join("rt/lib/src/host/host.dart")).expect("the file removed");
    dart(&test, "bin", "3.7.3");
    node(&test, "20.20.2");
    let packages = json(&test).pop().expect("a check");
    assert_eq!(packages["status"], "wrong");
    assert_eq!(
        packages["detail"],
        "pubspec.yaml:5:3: `cloudflare_workers` 0.0.4 is not dartflare's package: dart_edge, no longer maintained, has one of that name"
    );
}

#[test]
fn a_dart_that_does_not_start() {
    let test = alone(wrangler(project(), "4.86.0")).args("--json").code(3);
    test.script("bin/dart", "#!/nonexistent/ld-linux.so.2\n");
    node(&test, "20.20.2");
    let dart = json(&test).remove(0);
    assert_eq!(dart["status"], "missing");
    let detail = dart["detail"].as_str().expect("a text");
    assert!(detail.starts_with("`[DIR]/bin/dart` does not start: no such file or directory"), "{detail}");
}

#[test]
fn the_real_tools() {
    let (Some(dart), Some(wrangler)) = (tool("DARTFLARE_DART"), tool("DARTFLARE_WRANGLER")) else {
        return skip("doctor::the_real_tools", "needs `node tools/setup.mjs`");
    };
    let test = project()
        .env("DARTFLARE_DART", dart.display().to_string())
        .env("DARTFLARE_WRANGLER", wrangler.display().to_string())
        .args("--json");
    let checks = json(&test);
    for (name, check) in ["Dart", "Node", "Wrangler"].iter().zip(&checks) {
        assert_eq!(check["name"], *name);
        assert_ne!(check["status"], "missing", "{check}");
        let version = check["version"].as_str().expect("a version");
        assert_eq!(version.split('.').count(), 3, "{check}");
    }
}

#[test]
fn completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = Test::new().args("completions").args(shell).output();
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), b"".as_slice()), "{shell}");
        let script = String::from_utf8(output.stdout).expect("text");
        assert!(script.contains("doctor") && script.contains("completions"), "{shell}");
    }
    let unknown = Test::new().args("completions tcsh").output();
    assert_eq!(unknown.status.code(), Some(2));
}

/// The checks that `doctor --json` prints.
#[track_caller]
fn json(test: &Test) -> Vec<Value> {
    let code = test.expected_code();
    let output = test.output();
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    let value: Value = serde_json::from_str(&test.readable(&output.stdout)).expect("JSON");
    value["checks"].as_array().expect("checks").clone()
}
