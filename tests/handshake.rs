//! A command and a package of different releases: each command says which side to update, and how.

use crate::harness::{Test, without_advice};
use crate::machine::{CONFIGURATION, buildable, node, wrangler};

const OWN: &str = env!("CARGO_PKG_VERSION");

/// The release that fits, `0.1`.
fn release() -> &'static str {
    OWN.rsplit_once('.').unwrap().0
}

fn pubspec(version: &str) -> String {
    format!("name: cloudflare_workers\nversion: {version}\nenvironment:\n  sdk: ^3.5.0\n")
}

/// A project that depends on the package by `dependency`, which stands for the version in `rt`.
fn project(dependency: &str, version: &str) -> Test {
    let pubspec_of_app =
        format!("name: app\nenvironment:\n  sdk: ^3.5.0\ndependencies:\n  cloudflare_workers:{dependency}\n");
    // What pub resolved is newer than the pubspec.
    let resolved = crate::machine::RESOLVED;
    let test = wrangler(buildable("// none\n"), "4.86.0")
        .file("pubspec.yaml", &pubspec_of_app)
        .file("rt/pubspec.yaml", &pubspec(version))
        .file(".dart_tool/package_config.json", resolved);
    node(&test, "22.1.0");
    let path = test.path().join("bin").display().to_string();
    test.env("PATH", path)
}

fn disagree(dependency: &str, version: &str, hint: &str) {
    let line = format!("  cloudflare_workers:{dependency}");
    let stderr = format!(
        "error[E0219]: `cloudflare_workers` {version} does not fit dartflare {OWN}\n --> pubspec.yaml:5:3\n  |\n5 | {line}\n  |   \
         ^^^^^^^^^^^^^^^^^^\nhint: {hint}\n"
    );
    for command in ["types", "build", "build --target wasm", "dev", "dev --engine js"] {
        let accessors = "wrote `lib/environment.g.dart`\n";
        let test = project(dependency, version).args(command);
        let output = test.output();
        assert_eq!(output.status.code(), Some(1), "{command}");
        let said = without_advice(test.readable(&output.stderr));
        // A build writes those first, and says so.
        assert_eq!(said.strip_prefix(accessors).unwrap_or(&said), stderr, "{command}");
    }
}

#[test]
fn a_package_of_a_newer_release() {
    disagree(
        " {path: rt}",
        "9.2.1",
        &format!(
            "update dartflare to 9.2 (`npm install --save-dev dartflare@9.2`, or `cargo install dartflare`), or depend on the \
             `cloudflare_workers` of this one's release"
        ),
    );
}

#[test]
fn a_package_of_an_older_release() {
    disagree(
        " {path: rt}",
        "0.0.9",
        &format!("bring `rt` to {}: `git checkout v{OWN}` in a clone of dartflare", release()),
    );
    disagree(
        " {git: {url: https://github.com/dartflare/dartflare, path: dart_runtime}}",
        "0.0.9",
        &format!("give its `git:` the line `ref: v{OWN}`, and run `dart pub upgrade cloudflare_workers`"),
    );
    disagree(
        " ^0.0.9",
        "0.0.9",
        &format!(
            "allow `cloudflare_workers` ^{}.0 in `pubspec.yaml`, and run `dart pub upgrade cloudflare_workers`",
            release()
        ),
    );
}

#[test]
fn what_types_cannot_know_does_not_stop_it() {
    let wrote = "wrote `lib/environment.g.dart`\n";
    // Not resolved yet.
    Test::new()
        .file("wrangler.toml", CONFIGURATION)
        .file(
            "pubspec.yaml",
            "name: app\nenvironment: {sdk: ^3.5.0}\ndependencies: {cloudflare_workers: ^9.0.0}\n",
        )
        .args("types")
        .stderr(wrote)
        .run();
    // Another patch of the same release.
    let newer = format!("{}.99", release());
    project(" {path: rt}", &newer).args("types").stderr(wrote).run();
    // No Dart project around it.
    Test::new().file("wrangler.toml", CONFIGURATION).args("types").stderr(wrote).run();
}
