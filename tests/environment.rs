//! What `dartflare dev` says on a machine that lacks something, or that cannot fetch a package.

use crate::harness::Test;
use crate::machine::{PUBSPEC, alone, dart, node, project, wrangler};

const DEV: &str = "dev --project .";

fn bare_vm(test: Test) -> Test {
    dart(&test, "bin", "3.7.3");
    node(&test, "20.20.2");
    test.file("lib/main.dart", "void main() {}\n").args(DEV)
}

#[test]
fn no_dart() {
    alone(wrangler(project(), "4.86.0"))
        .file("lib/main.dart", "void main() {}\n")
        .args(DEV)
        .code(3)
        .stderr(
            "\
error[E0203]: no `dart` on `PATH`
hint: run `dartflare sdk install`, or put a Dart SDK (https://dart.dev/get-dart) on `PATH`, or name one with `--dart` or `DARTFLARE_DART`
",
        )
        .run();
}

#[test]
fn dart_too_old() {
    let test = bare_vm(alone(wrangler(project(), "4.86.0")));
    dart(&test, "bin", "3.4.0");
    test.code(3)
        .stderr(
            "\
error[E0206]: Dart 3.4.0 at `[DIR]/bin/dart` (from `PATH`) is too old: dartflare needs 3.5 or newer
hint: run `dartflare sdk install`, or put a Dart SDK (https://dart.dev/get-dart) on `PATH`, or name one with `--dart` or `DARTFLARE_DART`
",
        )
        .run();
}

#[test]
fn a_flutter_version_that_is_pinned_and_not_there() {
    bare_vm(alone(wrangler(project(), "4.86.0")))
        .file(".fvmrc", "{\"flutter\": \"3.29.3\"}")
        .env("FVM_CACHE_PATH", "/nonexistent")
        .code(3)
        .stderr(
            "\
error[E0205]: Flutter 3.29.3, which `[DIR]/.fvmrc` pins, is not installed
hint: run `fvm install`, or name another Dart with `--dart` or `DARTFLARE_DART`
",
        )
        .run();
}

#[test]
fn a_bare_vm_cannot_compile() {
    for engine in ["js", "wasm"] {
        bare_vm(alone(wrangler(project(), "4.86.0")))
            .args(&format!("--engine {engine}"))
            .code(3)
            .stderr(
                "\
error[E0208]: Dart 3.7.3 at `[DIR]/bin/dart` (from `PATH`) is a bare VM: it has no `dart compile`
hint: run `dartflare sdk install`, or put a Dart SDK (https://dart.dev/get-dart) on `PATH`, or name one with `--dart` or `DARTFLARE_DART`
",
            )
            .run();
    }
}

#[test]
fn no_wrangler() {
    bare_vm(alone(project()))
        .code(3)
        .stderr(
            "\
error[E0701]: Wrangler is not installed: no `node_modules/.bin/wrangler` upwards, none on `PATH`
hint: run `npm install --save-dev wrangler@4` in the project
",
        )
        .run();
}

#[test]
fn no_node() {
    let test = bare_vm(alone(wrangler(project(), "4.86.0")));
    std::fs::remove_file(test.path().join("bin/node")).expect("the script removed");
    test.code(3)
        .stderr(
            "\
error[E0703]: no `node` on `PATH`: Wrangler runs on it
hint: install Node 20.3 or newer (https://nodejs.org)
",
        )
        .run();
}

#[test]
fn a_bare_vm_cannot_fetch() {
    let dir = bare_vm(alone(wrangler(project(), "4.86.0")))
        .file("pubspec.yaml", &format!("{PUBSPEC}  http: ^1.0.0\n"))
        .code(3)
        .stderr(
            "\
error[E0215]: `http` cannot be fetched: `[DIR]/bin/dart` is a bare VM, without `dart pub`
 --> pubspec.yaml:7:3
  |
7 |   http: ^1.0.0
  |   ^^^^ hosted dependency
hint: run `dartflare sdk install`, or depend on a folder with `path: ...`
",
        )
        .run();
    assert!(!dir.path().join(".dart_tool").exists(), "nothing was written");
}

#[test]
fn two_folders_for_one_package() {
    let package = |name: &str, rest: &str| format!("name: {name}\nenvironment: {{sdk: ^3.5.0}}\n{rest}");
    bare_vm(alone(wrangler(project(), "4.86.0")))
        .file("pubspec.yaml", &format!("{PUBSPEC}  a:\n    path: with blank/a\n  b:\n    path: b1\n"))
        .file("with blank/a/pubspec.yaml", &package("a", "dependencies:\n  b: {path: ../../b2}\n"))
        .file("b1/pubspec.yaml", &package("b", ""))
        .file("b2/pubspec.yaml", &package("b", ""))
        .code(1)
        .stderr(
            "\
error[E0214]: `b` would come from two folders
 --> with blank/a/pubspec.yaml:4:3
  |
4 |   b: {path: ../../b2}
  |   ^ from `b2`
 --> pubspec.yaml:9:3
  |
9 |   b:
  |   ^ from `b1`
hint: choose one for the whole project under `dependency_overrides:`
",
        )
        .run();
}
