//! `dartflare deploy` in a Pages project: with a Wrangler that writes down what it is given, and with the real one, which
//! uploads to an API on loopback.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::build::with_sdk;
use crate::deploy::{answer, is_untouched, log, real_wrangler, recording, wrangler_environment};
use crate::harness::Test;
use crate::machine::compiled;
use crate::pages_build::{self, HELLO, PAGES};

const BUILT: &str = "compiling `functions` to JavaScript with Dart 3.9.2\n\
                     built `public/_worker.js/index.js` and `public/_routes.json` in T s\n\
                     dartflare's shim (7 files) SIZE gzip SIZE\nyour program (main.js) SIZE gzip SIZE\n\
                     total SIZE gzip SIZE\nN % of the 64 MiB that Cloudflare takes, uncompressed\n";
const NO_ROUTES: &str =
    "Wrangler will say that it finds no routes in `functions/`: it looks for JavaScript there\n";
const DEPLOYING: &str = "deploying with Wrangler 4.86.0\n";

/// A project with this configuration, about to be deployed, whose program registers `handlers`.
fn project(configuration: &str, handlers: &[&str]) -> Test {
    let sources = [
        ("functions/api/[id].dart", HELLO),
        ("public/index.html", "<h1>Home</h1>"),
        ("sdk/fake/main.js", &*compiled(handlers, &[], "hello")),
    ];
    let built = pages_build::project(configuration, &sources).into_dir();
    with_sdk(Test::again(built)).args("deploy")
}

#[test]
fn wrangler_gets_the_folder_and_what_follows_the_dashes() {
    let name = "wrangler_gets_the_folder_and_what_follows_the_dashes";
    let Some(test) = recording(project(PAGES, &["fetch"]), name) else { return };
    let folder = test
        .args("-- --branch preview --commit-dirty=true")
        .stderr(&[BUILT, NO_ROUTES, DEPLOYING].concat())
        .run();
    let real = folder.path().canonicalize().unwrap();
    let expected = format!(
        "{}\n<pages>\n<deploy>\n<public>\n<--branch>\n<preview>\n<--commit-dirty=true>\n",
        real.display()
    );
    assert_eq!(log(folder.path()), expected);

    let test = Test::again(folder).file("wrangler.sh", "exit 7\n");
    let output = test
        .command(env!("CARGO_BIN_EXE_dartflare"))
        .args(["-q", "deploy"])
        .env("DARTFLARE_DART", test.path().join("sdk/bin/dart"))
        .env("PATH", test.path().join("bin"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(test.readable(&output.stderr), "error[E0706]: wrangler pages deploy failed (exit 7)\n");
}

#[test]
fn a_dry_run_ends_before_wrangler() {
    let Some(test) = recording(project(PAGES, &["fetch"]), "a_dry_run_ends_before_wrangler") else {
        return;
    };
    let checked = "checked, and not uploaded: `wrangler pages deploy` has no dry run of its own\n";
    let folder = test.args("--dry-run").stderr(&[BUILT, checked].concat()).run();
    assert!(is_untouched(folder.path()));
}

#[test]
fn what_pages_does_not_take_is_told_before_the_upload() {
    let name = "what_pages_does_not_take_is_told_before_the_upload";
    let configuration = format!(
        "{PAGES}
[triggers]
crons = [\"* * * * *\"]

[[queues.consumers]]
queue = \"jobs\"

[env.staging]
"
    );
    let program = project(&configuration, &["fetch", "scheduled"]);
    let Some(test) = recording(program, name) else { return };
    let folder = test
        .args("--env preview -- -c wrangler.toml")
        .code(1)
        .stderr(&format!(
            "\
{BUILT}\
error[W0107]: a Pages project has no `triggers`, and Wrangler refuses to deploy one with it
 --> wrangler.toml:5:2
  |
5 | [triggers]
  |  ^^^^^^^^
hint: remove it, or remove `pages_build_output_dir` if this is a Worker
error[W0107]: a Pages project has no `queues.consumers`, and Wrangler refuses to deploy one with it
 --> wrangler.toml:8:10
  |
8 | [[queues.consumers]]
  |          ^^^^^^^^^
hint: remove it, or remove `pages_build_output_dir` if this is a Worker
error[W0107]: a Pages project has no environment `staging`, and Wrangler refuses to deploy one with it
  --> wrangler.toml:11:6
   |
11 | [env.staging]
   |      ^^^^^^^
hint: its environments are `preview` and `production`: rename or remove this one
error[E0707]: a Pages project is not deployed for an `--env`: its branch decides between production and preview
hint: leave it out, with `CLOUDFLARE_ENV` unset; name the branch where it is not the one checked out: `dartflare deploy -- --branch main`
error[E0707]: Wrangler takes no `--config` for a Pages project
hint: leave it out; with `--project` the configuration of another folder is used
error[W0307]: `main()` registers the handler `scheduled`, and a Pages project gets requests alone
hint: move that to a Worker of its own
error[E0708]: nothing was deployed: 6 errors
"
        ))
        .run();
    assert!(is_untouched(folder.path()));
}

#[test]
fn the_project_of_development_is_refused() {
    let name = "the_project_of_development_is_refused";
    let Some(test) = recording(project(PAGES, &["fetch"]), name) else { return };
    let folder = ".dart_tool/dartflare/dev";
    let test = test.file(&format!("{folder}/wrangler.toml"), PAGES).args("--project").args(folder).code(1);
    let output = test.output();
    let said = test.readable(&output.stderr);
    assert!(
        said.contains(
            "error[E0408]: `[DIR]/.dart_tool/dartflare/dev` is a project of `dartflare dev`: its Worker answers through"
        ),
        "{said}"
    );
    assert!(is_untouched(test.path()));
}

#[test]
fn wrangler_itself_uploads_the_worker_and_its_rules() {
    let Some(wrangler) = real_wrangler("wrangler_itself_uploads_the_worker_and_its_rules") else { return };
    let test = project(PAGES, &["fetch"]).file("public/404.html", "none");
    let out = test.path().join("out");
    let deploy = |flags: &[&str]| {
        let output = test
            .command("node")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/js/pages_api.mjs"))
            .arg(&out)
            .arg(env!("CARGO_BIN_EXE_dartflare"))
            .args(["deploy", "--", "--branch", "main"])
            .args(flags)
            .envs(wrangler_environment(&test.path().join("home")))
            .env("DARTFLARE_WRANGLER", &wrangler)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let told = test.readable(&output.stdout) + &test.readable(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{told}");
        told
    };
    for flags in [&[][..], &["--no-bundle"]] {
        let told = deploy(flags);
        assert!(
            told.contains(NO_ROUTES) && told.contains("No routes found when building Functions"),
            "{told}"
        );
        let upload: Value = serde_json::from_slice(&fs::read(out.join("upload.json")).unwrap()).unwrap();
        assert_eq!(upload["files"], json!(["/404.html", "/index.html"]), "{flags:?}");
        let fields = &upload["fields"];
        assert_eq!(
            (&fields["branch"], &fields["pages_build_output_dir"]),
            (&json!("main"), &json!("public"))
        );
        assert_eq!(
            fs::read_to_string(out.join("_routes.json")).unwrap(),
            fs::read_to_string(test.path().join("public/_routes.json")).unwrap()
        );
        let main = fs::read_to_string(out.join("worker/main")).unwrap();
        let modules = upload["modules"].as_array().unwrap();
        let others: Vec<_> = modules
            .iter()
            .filter_map(Value::as_str)
            .filter(|name| *name != main)
            .map(|name| name.split_once('/').expect("in the folder of parts").1)
            .collect();
        let parts =
            ["classes.mjs", "host.mjs", "main.js", "prelude.mjs", "runtime.mjs", "shim.mjs", "worker.mjs"];
        assert_eq!(others, parts, "{flags:?}");
        assert_eq!(answer(&out.join("worker").join(&main)), "200\nhello", "{flags:?}");
    }
}

/// With what else may stand in a Worker's folder: a module of WebAssembly, and source maps.
#[test]
fn wrangler_itself_uploads_webassembly() {
    let Some(wrangler) = real_wrangler("wrangler_itself_uploads_webassembly") else { return };
    let test = project(PAGES, &["fetch"]);
    let build = |flags: &[&str]| {
        let output = test.command(env!("CARGO_BIN_EXE_dartflare")).args(["build", "-q"]).args(flags).output();
        assert!(output.unwrap().status.success());
        let out = test.path().join("out");
        let output = Command::new(&wrangler)
            .args(["pages", "functions", "build", "--build-output-directory", "public", "--outdir"])
            .arg(&out)
            .current_dir(test.path())
            .envs(wrangler_environment(&test.path().join("home")))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut names = crate::build::files(&out);
        fs::remove_dir_all(out).unwrap();
        for name in &mut names {
            *name = Path::new(name).file_name().unwrap().to_string_lossy().into_owned();
        }
        names.sort();
        names
    };
    let uploaded = build(&["--target", "wasm"]);
    for name in ["main.wasm", "main.mjs", "strings.wasm", "wasm.mjs", "worker.mjs"] {
        assert!(uploaded.iter().any(|uploaded| uploaded == name), "{name} of {uploaded:?}");
    }
    // Of two builds, one after the other, only the newer is uploaded.
    let uploaded = build(&["--debug"]);
    assert_eq!(uploaded.iter().filter(|name| *name == "main.js").count(), 1, "{uploaded:?}");
    assert!(!uploaded.iter().any(|name| name.contains(".wasm") || name.starts_with('.')), "{uploaded:?}");
}
