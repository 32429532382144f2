//! Folders of any name, for the commands that end by themselves.

use std::fs;

use crate::build::files;
use crate::harness::Test;
use crate::machine;

/// As for `dartflare dev`, in `e2e/names.rs`.
const FOLDER: &str = "it's \"100%\" %41#1 ?&;$HOME `x` (é e\u{301}) [日本] 🎯 مرحبا";

#[test]
fn a_project_in_a_folder_of_any_name() {
    let compiled = machine::compiled(&["fetch"], &[], "hi");
    let made = machine::buildable(&compiled)
        .file(
            "functions/%E6%97%A5/[id].dart",
            "Response onRequest(PagesContext context) => Response.ok('');\n",
        )
        .into_dir();
    let outer = tempfile::tempdir().expect("a temporary folder");
    let project = outer.path().join(FOLDER);
    fs::rename(made.keep(), &project).expect("the project moved");
    // Each folder that a tool may look into for something of its own has a name of the kind.
    let home = outer.path().join("home '\" % é");
    fs::create_dir(&home).expect("a folder made");
    let dart = project.join("sdk/bin/dart").display().to_string();
    let test = Test::again(outer)
        .env("DARTFLARE_DART", dart)
        .env("HOME", home.display().to_string())
        .env("TMPDIR", home.display().to_string());
    let run = |line: &str, here: bool| {
        let mut command = test.command(env!("CARGO_BIN_EXE_dartflare"));
        command.args(line.split(' '));
        if here {
            command.current_dir(&project)
        } else {
            command.arg("--project").arg(FOLDER)
        };
        let output = command.output().expect("it runs");
        let [stdout, stderr] = [&output.stdout, &output.stderr].map(|text| test.readable(text));
        assert_eq!(output.status.code(), Some(0), "dartflare {line}\n{stdout}{stderr}");
        (stdout, stderr)
    };

    assert_eq!(run("types", false).1, format!("wrote `{FOLDER}/lib/environment.g.dart`\n"));
    run("types --check", true);
    run("build", false);
    let log = fs::read_to_string(project.join("sdk/fake/log")).expect("what the compiler was asked");
    assert!(log.contains(FOLDER), "{log}");
    let built = files(&project.join("build"));
    assert!(built.iter().any(|file| file == "worker.mjs"), "{built:?}");
    // Nothing to do: what was built is known again.
    assert!(run("build", true).1.contains("is up to date"));
    fs::remove_file(project.join("lib/main.dart")).expect("the program gone");
    let routes = run("routes", true).0;
    assert!(routes.contains("/%E6%97%A5/:id"), "{routes}");
    run("build", true);
}
