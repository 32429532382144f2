//! A sound project, and machines made of scripts to put it on.

use std::path::Path;

use crate::harness::{Test, write_script};

/// A sound configuration.
pub(crate) const CONFIGURATION: &str =
    "name = \"app\"\nmain = \"build/worker.mjs\"\ncompatibility_date = \"2026-01-01\"\n";

/// A sound pubspec; our package is in `rt`.
pub(crate) const PUBSPEC: &str =
    "name: app\nenvironment:\n  sdk: ^3.5.0\ndependencies:\n  cloudflare_workers:\n    path: rt\n";

/// A sound project.
pub(crate) fn project() -> Test {
    let version = env!("CARGO_PKG_VERSION");
    let runtime = format!("name: cloudflare_workers\nversion: {version}\nenvironment:\n  sdk: ^3.5.0\n");
    Test::new()
        .file("wrangler.toml", CONFIGURATION)
        .file("pubspec.yaml", PUBSPEC)
        .file("rt/pubspec.yaml", &runtime)
        .file("rt/lib/src/host/host.dart", "")
}

/// With nothing on `PATH` but what the test puts into its `bin`.
pub(crate) fn alone(test: Test) -> Test {
    let bin = test.path().join("bin").display().to_string();
    test.env("PATH", bin)
}

pub(crate) fn dart(test: &Test, folder: &str, version: &str) {
    let script = format!(
        "#!/bin/sh\n[ \"$1\" = --version ] || exit 255\n\
         echo 'Dart SDK version: {version} (stable) (Wed Apr 16 14:06:32 2025 -0700) on \"linux_x64\"'\n"
    );
    test.script(&format!("{folder}/dart"), &script);
}

/// A Dart SDK whose `dart compile` and `dart pub get` do as the files in `{folder}/fake` say, which `tests/dart.sh`
/// lists: write them with [`Test::script`] or [`Test::file`]. It never stands in for evidence about Dart.
pub(crate) fn dart_sdk(test: &Test, folder: &str, version: &str) {
    write_dart_sdk(&test.path().join(folder), version);
}

/// As [`dart_sdk`], in any folder.
pub(crate) fn write_dart_sdk(folder: &Path, version: &str) {
    write_script(&folder.join("bin/dart"), include_str!("dart.sh"));
    write_script(&folder.join("fake/version"), version);
    for snapshot in ["dartdev_aot.dart.snapshot", "dart2js_aot.dart.snapshot", "dart2wasm_product.snapshot"] {
        write_script(&folder.join("bin/snapshots").join(snapshot), "");
    }
}

pub(crate) fn node(test: &Test, version: &str) {
    test.script("bin/node", &format!("#!/bin/sh\necho v{version}\n"));
}

pub(crate) fn wrangler(test: Test, version: &str) -> Test {
    let manifest =
        format!("{{\"name\":\"wrangler\",\"version\":\"{version}\",\"engines\":{{\"node\":\">=20.3.0\"}}}}");
    test.script("node_modules/.bin/wrangler", "#!/bin/sh\nexit 99\n");
    test.file("node_modules/wrangler/package.json", &manifest)
}

/// What `dart pub get` finds in a sound project.
#[cfg(unix)]
pub(crate) const RESOLVED: &str = r#"{"configVersion":2,"packages":[
{"name":"app","rootUri":"../","packageUri":"lib/","languageVersion":"3.5"},
{"name":"cloudflare_workers","rootUri":"../rt","packageUri":"lib/","languageVersion":"3.5"}]}
"#;

/// A sound project with an SDK beside it, whose compiler makes `program` of it.
#[cfg(unix)]
pub(crate) fn buildable(program: &str) -> Test {
    let test =
        project().file("lib/main.dart", "void main() {}\n").file(".dart_tool/package_config.json", RESOLVED);
    dart_sdk(&test, "sdk", "3.9.2");
    let dart = test.path().join("sdk/bin/dart").display().to_string();
    test.file("sdk/fake/main.js", program).env("DARTFLARE_DART", dart)
}

/// What a compiler makes of a program that registers `handlers` and `classes`, each of which answers with `text`. It
/// speaks as compiled Dart does, and is none.
#[cfg(unix)]
pub(crate) fn compiled(handlers: &[&str], classes: &[&str], text: &str) -> String {
    let stand_in = include_str!("js/stand_in.mjs").replace("\nexport ", "\n");
    format!(
        "{stand_in}
const answer = () => make('Response', [{text:?}]);
dartMainRunner(() => run(() => register({{
  handlers: {handlers:?},
  durableObjects: {classes:?},
  dispatch: answer,
  construct: () => callback(answer),
}})), []);
"
    )
}
