//! What stands in `.dev.vars` and `.env` is for the Worker alone: no command says it, writes it or bakes it in.

use std::fs;
use std::path::Path;

use crate::build::files;
use crate::harness::Test;
use crate::machine;

/// Each of them would be found by itself.
const SECRETS: [&str; 5] = [
    "marker-dev-vars-31f6",
    "marker-dev-vars-staging-b2d9",
    "marker-env-77aa",
    "marker-env-local-0c4e",
    "marker-unclosed-5d5d",
];

const SECRET_FILES: [&str; 4] = [".dev.vars", ".dev.vars.staging", ".env", ".env.local"];

const PROGRAM: &str = "import 'package:cloudflare_workers/cloudflare_workers.dart';\n\n\
    void main() => CloudflareWorkers(fetch: (request, env, ctx) => Response.ok('hi'));\n";

/// A project that every command has something to do in, with secrets in all files that hold some.
fn project() -> Test {
    let compiled = machine::compiled(&["fetch"], &[], "hi");
    let [dev_vars, staging, env, local, unclosed] = SECRETS;
    let test = machine::buildable(&compiled)
        .file("lib/main.dart", PROGRAM)
        .file("functions/api/[id].dart", "Response onRequest(PagesContext context) => Response.ok('');\n")
        .file(
            "wrangler.toml",
            "name = \"app\"\nmain = \"build/worker.mjs\"\ncompatibility_date = \"2026-01-01\"\n\
             [secrets]\nrequired = [\"API_KEY\", \"MISSING\"]\n[env.staging]\n",
        )
        .file(".dev.vars", &format!("API_KEY={dev_vars}\nOTHER: '{dev_vars}\nmore'\nBAD=\"{unclosed}\n"))
        .file(".dev.vars.staging", &format!("API_KEY=\"{staging}\"\n\u{0}{unclosed}\n={unclosed}\n"))
        .file(".env", &format!("export API_KEY={env} # {env}\n{env}\n"))
        .file(".env.local", &format!("API_KEY=`{local}`\n"));
    machine::node(&test, "22.11.0");
    let path = format!("{}:/usr/bin:/bin", test.path().join("bin").display());
    machine::wrangler(test, "4.86.0").env("PATH", path)
}

/// Fails if a secret is in a file that was not given one.
#[track_caller]
fn check_files(folder: &Path, after: &str) {
    for file in files(folder) {
        if SECRET_FILES.contains(&file.as_str()) {
            continue;
        }
        let content = fs::read(folder.join(&file)).expect("a file");
        check(&String::from_utf8_lossy(&content), &format!("`{file}` after {after}"));
    }
}

#[track_caller]
fn check(text: &str, what: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{what} has `{secret}`:\n{text}");
    }
}

#[test]
fn no_command_tells_them() {
    let test = project();
    // Each with its exit code. The Node of this machine is made up, and runs nothing before an upload.
    let commands: [(&str, i32); 14] = [
        ("types", 0),
        ("types --check", 0),
        ("routes", 0),
        ("routes --json", 0),
        ("routes /api/7", 0),
        ("doctor", 0),
        ("doctor --json", 0),
        ("build --json", 0),
        ("build", 0),
        ("build --env staging", 0),
        ("build --target wasm", 0),
        ("deploy --dry-run", 3),
        ("deploy --dry-run --env staging", 3),
        ("dev --env nowhere", 1),
    ];
    let mut others = Vec::new();
    for (line, code) in commands {
        let output = test
            .command(env!("CARGO_BIN_EXE_dartflare"))
            .args(line.split(' '))
            .env("RUST_BACKTRACE", "full")
            .output()
            .expect("it runs");
        let (stdout, stderr) = (test.readable(&output.stdout), test.readable(&output.stderr));
        let what = format!("`dartflare {line}`");
        if output.status.code() != Some(code) {
            others.push(format!("{what}: {:?}\n{stdout}{stderr}", output.status));
        }
        check(&stdout, &what);
        check(&stderr, &what);
        check_files(test.path(), &what);
    }
    assert!(others.is_empty(), "{}", others.join("\n"));
    // That they were there to be found: a name of one of them is.
    let output = test.command(env!("CARGO_BIN_EXE_dartflare")).arg("types").output().expect("it runs");
    assert!(output.status.success());
    let accessors = fs::read_to_string(test.path().join("lib/environment.g.dart")).expect("the accessors");
    assert!(accessors.contains("API_KEY"), "{accessors}");
}
