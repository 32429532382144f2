//! What a build exports: the entrypoints that `main()` registers, heard from the program itself.

use std::fs;
use std::path::Path;

use crate::build::{build_of, published};
use crate::deploy::real_wrangler;
use crate::harness::Test;
use crate::machine::{CONFIGURATION, alone, buildable, compiled};

const MAIN: &str = "void main() {\n  CloudflareWorkers(entrypoints: {'Admin': Admin.new});\n}\n";

/// A project whose program registers what `program` does.
fn project(program: &str, main: &str) -> Test {
    let test = buildable(program).file("lib/main.dart", main);
    let output = test.command(env!("CARGO_BIN_EXE_dartflare")).arg("types").output().expect("the accessors");
    assert!(output.status.success());
    test.args("build -q")
}

fn with_entrypoints(names: &str) -> String {
    let program = compiled(&["fetch"], &[], "hello");
    let all = program.replace("  handlers:", &format!("  entrypoints: {names},\n  handlers:"));
    assert_ne!(all, program);
    all
}

fn entry(project: &Path) -> String {
    fs::read_to_string(project.join("build/worker.mjs")).unwrap()
}

#[test]
fn what_main_registers_is_exported() {
    let Some(wrangler) = real_wrangler("entrypoints::what_main_registers_is_exported") else { return };
    let test = project(&with_entrypoints("['Admin', 'Public']"), MAIN);
    let dir = test.env("DARTFLARE_WRANGLER", wrangler.display().to_string()).run();
    assert!(entry(dir.path()).contains("export { default, Admin, Public } from"), "{}", entry(dir.path()));
    assert!(published(dir.path()).contains("hello"));
    let parts = fs::read_dir(build_of(&dir)).unwrap().map(|entry| entry.unwrap().path());
    let worker =
        parts.map(|part| part.join("worker.mjs")).find(|path| path.exists()).expect("a folder of parts");
    let worker = fs::read_to_string(worker).unwrap();
    assert!(worker.contains("export class Admin extends worker.entrypoint(\"Admin\") {}\n"), "{worker}");
}

#[test]
fn a_worker_that_binds_its_own_entrypoint_exports_it_without_being_started() {
    let test = project(&with_entrypoints("['Own']"), "void main() {}\n");
    let services = "\n[[services]]\nbinding = \"OWN\"\nservice = \"app\"\nentrypoint = \"Own\"\n\n\
                    [[services]]\nbinding = \"OTHER\"\nservice = \"other\"\nentrypoint = \"Other\"\n";
    let dir = alone(test.file("wrangler.toml", &format!("{CONFIGURATION}{services}"))).run();
    assert!(entry(dir.path()).contains("export { default, Own } from"), "{}", entry(dir.path()));
}

#[test]
fn without_a_workerd_nobody_knows() {
    let dir = alone(project(&with_entrypoints("['Admin']"), MAIN))
        .code(3)
        .stderr(
            "error[E0701]: cannot tell which entrypoints `main()` registers, and so what to export: Wrangler is not \
             installed: no `node_modules/.bin/wrangler` upwards, none on `PATH`\nhint: run `npm install --save-dev \
             wrangler@4` in the project\n",
        )
        .run();
    assert!(!build_of(&dir).exists());
}
