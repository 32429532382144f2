//! `dartflare deploy`: with a Dart SDK and a Wrangler that do as they are told, and with the real Wrangler, which needs no
//! network for a dry run.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use crate::build::with_sdk;
use crate::harness::{Test, skip, tool};
use crate::machine::{self, CONFIGURATION, buildable, compiled};
use crate::processes::{MARK, eventually, marked, send};

const COMPILING: &str = "compiling `lib/main.dart` to JavaScript with Dart 3.9.2\n";
const BUILT: &str = "built `build/worker.mjs` in T s\n";
const REPORT: &str = "dartflare's shim (7 files) SIZE gzip SIZE\nyour program (main.js) SIZE gzip SIZE\n\
                      total SIZE gzip SIZE\nN % of the 64 MiB that Cloudflare takes, uncompressed\n";
const DEPLOYING: &str = "deploying with Wrangler 4.86.0\n";

const OBJECTS: &str = "\n[[durable_objects.bindings]]\nname = \"VIEWS\"\nclass_name = \"Views\"\n";

/// As `dart compile js` says it.
pub(crate) const ERRORS: &str =
    "lib/main.dart:1:1:\nError: Type 'vod' not found.\nvoid main() {}\n^^^\nError: Compilation failed.\n";

fn hello() -> String {
    compiled(&["fetch"], &[], "hello")
}

/// Up to the end of a build.
fn built() -> String {
    [COMPILING, BUILT, REPORT].concat()
}

/// A project that `program` is compiled from, and `configuration` added to its own.
fn project(program: &str, configuration: &str) -> Test {
    let test = buildable(program).file("wrangler.toml", &format!("{CONFIGURATION}{configuration}"));
    let output = test.command(env!("CARGO_BIN_EXE_dartflare")).arg("types").output().expect("the accessors");
    assert!(output.status.success());
    with_sdk(test).args("deploy")
}

/// With a Wrangler that writes down what it is given in `wrangler.log` and then does as `wrangler.sh` says; the workerd
/// beside it is the real one. `None` where that was not set up.
pub(crate) fn recording(test: Test, name: &str) -> Option<Test> {
    let real = real_wrangler(name)?;
    let workerd = real.parent()?.parent()?.join("workerd");
    let test = machine::alone(machine::wrangler(test, "4.86.0"));
    symlink(workerd, test.path().join("node_modules/workerd")).expect("a link");
    let node = which("node");
    test.script("bin/node", &format!("#!/bin/sh\nexec '{}' \"$@\"\n", node.display()));
    let script = "#!/bin/sh\nPATH=/usr/bin:/bin\nroot=${0%/node_modules/*}\n\
                  { pwd; printf '<%s>\\n' \"$@\"; } >\"$root/wrangler.log\"\n\
                  [ ! -f \"$root/wrangler.sh\" ] || . \"$root/wrangler.sh\"\n";
    test.script("node_modules/.bin/wrangler", script);
    Some(test)
}

pub(crate) fn real_wrangler(test: &str) -> Option<PathBuf> {
    let found = tool("DARTFLARE_WRANGLER").filter(|path| path.exists());
    if found.is_none() {
        skip(test, "no Wrangler");
    }
    found
}

fn which(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").expect("PATH");
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|path| path.exists())
        .expect("a program")
}

pub(crate) fn log(folder: &Path) -> String {
    fs::read_to_string(folder.join("wrangler.log")).expect("Wrangler ran")
}

pub(crate) fn is_untouched(folder: &Path) -> bool {
    !folder.join("wrangler.log").exists()
}

#[test]
fn wrangler_runs_with_the_configuration_and_what_follows_the_dashes() {
    let Some(test) =
        recording(project(&hello(), ""), "wrangler_runs_with_the_configuration_and_what_follows_the_dashes")
    else {
        return;
    };
    let folder = test.args("-- --outdir out --message").os_arg("a b").stderr(&(built() + DEPLOYING)).run();
    let real = folder.path().canonicalize().unwrap();
    let real = real.display();
    let expected = format!(
        "{real}\n<deploy>\n<--config>\n<{real}/wrangler.toml>\n<--outdir>\n<out>\n<--message>\n<a b>\n"
    );
    assert_eq!(log(folder.path()), expected);

    // From elsewhere, for an environment, and with a configuration of the user's own.
    let test = Test::again(folder);
    fs::write(test.path().join("wrangler.toml"), format!("{CONFIGURATION}[env.staging]\n")).unwrap();
    let output = test
        .command(env!("CARGO_BIN_EXE_dartflare"))
        .current_dir("/")
        .args(["-q", "deploy", "--dry-run", "--env", "staging", "--project"])
        .arg(test.path())
        .args(["--", "-c", "other.toml"])
        .env("DARTFLARE_DART", test.path().join("sdk/bin/dart"))
        .env("PATH", test.path().join("bin"))
        .output()
        .unwrap();
    assert_eq!((output.status.code(), test.readable(&output.stderr).as_str()), (Some(0), ""));
    let expected = format!("{real}\n<deploy>\n<--env>\n<staging>\n<--dry-run>\n<-c>\n<other.toml>\n");
    assert_eq!(log(test.path()), expected);
}

#[test]
fn wrangler_has_the_streams_and_its_failure_is_told() {
    let Some(test) = recording(project(&hello(), ""), "wrangler_has_the_streams_and_its_failure_is_told")
    else {
        return;
    };
    let test = test.file("wrangler.sh", "read -r answer\necho \"out $answer\"\necho err >&2\nexit 7\n");
    let mut child = test
        .command(env!("CARGO_BIN_EXE_dartflare"))
        .arg("deploy")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"yes\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(test.readable(&output.stdout), "out yes\n");
    let failed = "err\nerror[E0706]: wrangler deploy failed (exit 7)\n";
    assert_eq!(test.readable(&output.stderr), built() + DEPLOYING + failed);
}

#[test]
fn what_does_not_compile_never_reaches_wrangler() {
    let Some(test) = recording(project(&hello(), ""), "what_does_not_compile_never_reaches_wrangler") else {
        return;
    };
    let folder = test
        .file("sdk/fake/stdout", ERRORS)
        .file("sdk/fake/exit", "1")
        .code(1)
        .stderr(&format!(
            "{COMPILING}error: Type 'vod' not found.\n --> lib/main.dart:1:1\n  |\n1 | void main() {{}}\n  | ^^^\n\
             error[E0201]: the program does not compile: 1 error\n"
        ))
        .run();
    assert!(is_untouched(folder.path()));
}

#[test]
fn without_wrangler_nothing_is_compiled() {
    let folder = machine::alone(project(&hello(), ""))
        .code(3)
        .stderr(
            "error[E0701]: Wrangler is not installed: no `node_modules/.bin/wrangler` upwards, none on `PATH`\n\
             hint: run `npm install --save-dev wrangler@4` in the project\n",
        )
        .run();
    assert!(!folder.path().join("sdk/fake/log").exists());
}

#[test]
fn all_that_is_wrong_is_shown_at_once() {
    let Some(test) = recording(
        project(&compiled(&["fetch"], &["More"], ""), OBJECTS),
        "all_that_is_wrong_is_shown_at_once",
    ) else {
        return;
    };
    let folder = test
        .args("-- --env=staging --config .dartflare.wrangler.json")
        .code(1)
        .stderr(&(built() + "\
error[E0408]: `.dartflare.wrangler.json` is the configuration of `dartflare dev`: its Worker answers through the Dart VM of this machine
hint: leave `--config` out: your own configuration is found without it
error[W0106]: no migration creates the Durable Object class `Views`
 --> wrangler.toml:7:14
  |
7 | class_name = \"Views\"
  |              ^^^^^^^ bound as `VIEWS`
hint: `wrangler dev` and `wrangler deploy` need one: add

[[migrations]]
tag = \"v1\"
new_sqlite_classes = [\"Views\"]

error[E0707]: `--env` stands after `--`, where only Wrangler reads it: the build is for no such environment
hint: write it before `--`; Wrangler is told of it
error[W0301]: `main()` does not register the Durable Object class `Views`
 --> wrangler.toml:7:14
  |
7 | class_name = \"Views\"
  |              ^^^^^^^ bound here
hint: add `'Views': Views.new` to `durableObjects` of `CloudflareWorkers`
error[W0304]: `main()` registers the Durable Object class `More`, and `wrangler.toml` does not bind it
hint: add it to `durable_objects.bindings`, with a migration, or do not register it
error[E0708]: nothing was deployed: 5 errors
"))
        .run();
    assert!(is_untouched(folder.path()));
}

#[test]
fn a_main_that_throws() {
    let program = "dartMainRunner(() => { throw new Error('no luck'); }, []);\n";
    let Some(test) = recording(project(program, ""), "a_main_that_throws") else { return };
    let output = test.output();
    let said = test.readable(&output.stderr);
    let rest = said.strip_prefix(&built()).unwrap_or_else(|| panic!("{said}"));
    assert!(rest.starts_with("error[E0301]: ") && rest.contains("no luck"), "{said}");
    assert!(rest.ends_with("error[E0708]: nothing was deployed: 1 error\n"), "{said}");
    assert_eq!(output.status.code(), Some(1));
    assert!(is_untouched(test.path()));
}

#[test]
fn the_worker_of_development_is_refused() {
    let Some(test) = recording(project(&hello(), ""), "the_worker_of_development_is_refused") else { return };
    let main = CONFIGURATION.replace("build/worker.mjs", ".dart_tool/dartflare/dev/worker.mjs");
    let folder = test
        .file("wrangler.toml", &main)
        .code(1)
        .stderr(
            "\
error[E0408]: `main` is `.dart_tool/dartflare/dev/worker.mjs`, a file of `dartflare dev`: that Worker answers through the Dart \
             VM of this machine
 --> wrangler.toml:2:8
  |
2 | main = \".dart_tool/dartflare/dev/worker.mjs\"
  |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
hint: write `build/worker.mjs`, which `dartflare build` makes
error[E0708]: nothing was deployed: 1 error
",
        )
        .run();
    assert!(is_untouched(folder.path()));
    assert!(!folder.path().join("sdk/fake/log").exists());
}

#[test]
fn what_another_build_published_meanwhile_is_refused() {
    let name = "what_another_build_published_meanwhile_is_refused";
    let Some(test) = recording(project(&hello(), ""), name) else { return };
    // While the Worker is being checked, a `wrangler dev` beside this builds: at first what does not compile.
    let node = format!(
        "#!/bin/sh\ncase \"$1\" in *measure.mjs) . '{0}/meanwhile.sh' ;; esac\nexec '{1}' \"$@\"\n",
        test.path().display(),
        which("node").display()
    );
    test.script("bin/node", &node);
    let build = format!(
        "cd '{}'\nDARTFLARE_DART=sdk/bin/dart WRANGLER_COMMAND=dev '{}' build 2>/dev/null\n",
        test.path().display(),
        env!("CARGO_BIN_EXE_dartflare")
    );
    let fail = format!(
        "echo '// edited' >>'{0}/lib/main.dart'\necho 1 >'{0}/sdk/fake/exit'\n/bin/cp '{0}/errors' '{0}/sdk/fake/stdout'\n",
        test.path().display()
    );
    let folder = test
        .file("errors", ERRORS)
        .file("meanwhile.sh", &(fail + &build))
        .code(1)
        .stderr(
            &(built()
                + "error[E0407]: the last build failed, and what it left is a page that shows why\n\
                   hint: run `dartflare build`, and upload when it succeeds\n\
                   error[E0708]: nothing was deployed: 1 error\n"),
        )
        .run();
    assert!(is_untouched(folder.path()));

    let test = Test::again(folder);
    for file in ["exit", "stdout"] {
        fs::remove_file(test.path().join("sdk/fake").join(file)).unwrap();
    }
    let edit = format!("echo '// edited' >>'{}/lib/main.dart'\n", test.path().display());
    let test = test.file("meanwhile.sh", &(edit + &build));
    let output = quiet_deploy(&test);
    assert_eq!(
        test.readable(&output.stderr),
        "error[E0406]: what `dartflare deploy` has built and checked was replaced by another build\n\
         hint: end what else builds in this project, and deploy again\n\
         error[E0708]: nothing was deployed: 1 error\n"
    );
    assert!(is_untouched(test.path()));
}

/// `dartflare -q deploy`, for a test whose arguments and expectations are another run's.
fn quiet_deploy(test: &Test) -> Output {
    test.command(env!("CARGO_BIN_EXE_dartflare"))
        .args(["-q", "deploy"])
        .env("DARTFLARE_DART", test.path().join("sdk/bin/dart"))
        .env("PATH", test.path().join("bin"))
        .output()
        .unwrap()
}

#[test]
fn the_build_command_of_wrangler_finds_the_build_made() {
    let name = "the_build_command_of_wrangler_finds_the_build_made";
    let Some(test) = recording(project(&hello(), ""), name) else { return };
    // As Wrangler runs `[build] command`: with other flags, and from below.
    let nested = format!(
        "cd \"$root/lib\"\n'{}' build --target wasm -D a=b || exit 5\n",
        env!("CARGO_BIN_EXE_dartflare")
    );
    let nothing = "`dartflare deploy` has built this Worker already\n";
    let folder = test.file("wrangler.sh", &nested).stderr(&(built() + DEPLOYING + nothing)).run();
    let log = fs::read_to_string(folder.path().join("sdk/fake/log")).unwrap();
    assert_eq!(log.matches("\ncompile\n").count(), 1, "{log}");

    let gone = "rm -r \"$root/build\"\n".to_owned() + &nested;
    let test = Test::again(folder).file("wrangler.sh", &gone);
    let output = quiet_deploy(&test);
    assert_eq!(
        test.readable(&output.stderr),
        "error[E0406]: what `dartflare deploy` has built and checked was replaced by another build\n\
         hint: end what else builds in this project, and deploy again\n\
         for more, run `dartflare explain E0406`\n\
         error[E0706]: wrangler deploy failed (exit 5)\n"
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn nothing_is_left_of_a_wrangler_that_does_not_want_to_end() {
    let name = "nothing_is_left_of_a_wrangler_that_does_not_want_to_end";
    for (at, signal) in [Signal::INT, Signal::TERM].into_iter().enumerate() {
        let Some(test) = recording(project(&hello(), ""), name) else { return };
        let test = test.file("wrangler.sh", "trap '' TERM INT\nsleep 1000 &\necho started\nwait\nwait\n");
        let mark = format!("deploy-{}-{at}", std::process::id());
        let mut child = test
            .command(env!("CARGO_BIN_EXE_dartflare"))
            .arg("deploy")
            .env(MARK, &mark)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "started\n");
        send(child.id(), signal);
        let code = child.wait().unwrap().code();
        assert_eq!(code, Some(130));
        // What was killed is nobody's child any more, and may need a moment.
        let moment = Duration::from_secs(5);
        eventually("nothing of it is left", moment, || marked(&mark).is_empty().then_some(()));
    }
}

#[test]
fn modules_that_nothing_would_upload() {
    let Some(test) = recording(project(&hello(), "no_bundle = true\n"), "modules_that_nothing_would_upload")
    else {
        return;
    };
    let folder = test
        .code(1)
        .stderr(
            &(built()
                + "\
error[E0116]: `wrangler.toml` has `no_bundle` and no rule for the modules beside `build/worker.mjs`: they would not be uploaded
 --> wrangler.toml:4:13
  |
4 | no_bundle = true
  |             ^^^^
hint: add `rules = [{ type = \"ESModule\", globs = [\"**/*.mjs\", \"**/*.js\"] }]`, or leave out `no_bundle`
error[E0708]: nothing was deployed: 1 error
"),
        )
        .run();
    assert!(is_untouched(folder.path()));
}

/// A dry run with the real Wrangler of `test` in `folder`; what it uploads is in `out`.
fn dry_run(test: &Test, wrangler: &Path, more: &[&str], folder: &str) -> (Option<i32>, String) {
    let home = test.path().join("home");
    let output = test
        .command(env!("CARGO_BIN_EXE_dartflare"))
        .current_dir(test.path().join(folder))
        .args(["deploy", "--dry-run"])
        .args(more)
        .args(["--", "--outdir", "out"])
        .envs(wrangler_environment(&home))
        .env("DARTFLARE_WRANGLER", wrangler)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (output.status.code(), test.readable(&output.stdout) + &test.readable(&output.stderr))
}

/// What keeps Wrangler from what it keeps for a user, and from asking the network.
pub(crate) fn wrangler_environment(home: &Path) -> Vec<(&'static str, String)> {
    let below = |name: &str| home.join(name).display().to_string();
    [
        ("XDG_CONFIG_HOME", below("config")),
        ("WRANGLER_REGISTRY_PATH", below("registry")),
        ("WRANGLER_LOG_PATH", below("logs")),
        ("WRANGLER_SEND_METRICS", "false".to_owned()),
        ("WRANGLER_SEND_ERROR_REPORTS", "false".to_owned()),
        ("WRANGLER_HIDE_BANNER", "true".to_owned()),
        ("CLOUDFLARE_CF_FETCH_ENABLED", "false".to_owned()),
        ("CLOUDFLARE_API_TOKEN", String::new()),
        // Nothing listens there.
        ("HTTPS_PROXY", "http://127.0.0.1:1".to_owned()),
        ("CI", "1".to_owned()),
    ]
    .into()
}

/// What the uploaded `entry` answers in workerd: the status and the text.
pub(crate) fn answer(entry: &Path) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/js/answer.mjs");
    let output = Command::new("node").arg(script).arg(entry).output().expect("Node");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_dry_run_with_wrangler_itself() {
    let Some(wrangler) = real_wrangler("a_dry_run_with_wrangler_itself") else { return };
    let dartflare = env!("CARGO_BIN_EXE_dartflare");
    let build = format!("[build]\ncommand = \"'{dartflare}' build --target wasm\"\nwatch_dir = \"lib\"\n");
    let rules = "no_bundle = true\nrules = [{ type = \"ESModule\", globs = [\"**/*.mjs\", \"**/*.js\"] }]\n";
    let in_lib = build.clone() + "cwd = \"lib\"\n";
    let staging = "[env.staging.vars]\nA = \"b\"\n";
    let unbundled_build = [rules, &build].concat();
    let nested = "[custom build] `dartflare deploy` has built this Worker already\n";
    // What is added to the configuration, the flags, the folder it runs in, what Wrangler says.
    let cases: [(&str, &[&str], &str, &str); 8] = [
        ("", &[], ".", "No bindings found.\n"),
        ("", &[], "lib", "No bindings found.\n"),
        ("", &["--project", "../.."], "rt/lib", "No bindings found.\n"),
        (&build, &[], ".", nested),
        (&in_lib, &["--project", "../.."], "rt/lib", nested),
        (staging, &["--env", "staging"], ".", "env.A (\"b\")"),
        (rules, &[], ".", "Attaching additional modules:\n"),
        (&unbundled_build, &[], ".", nested),
    ];
    for (configuration, flags, folder, said) in cases {
        let test = project(&hello(), configuration);
        let (code, told) = dry_run(&test, &wrangler, flags, folder);
        let what = format!("{configuration}\n{flags:?}\n{told}");
        assert_eq!(code, Some(0), "{what}");
        assert!(told.contains(said) && told.contains("--dry-run: exiting now.\n"), "{what}");
        assert_eq!(told.matches("WARNING").count(), 1, "one for the proxy: {what}");
        let is_bundled = !configuration.contains("no_bundle");
        let entry = test.path().join(if is_bundled { "out/worker.js" } else { "out/worker.mjs" });
        let told = fs::read_to_string(&entry).unwrap_or_else(|_| panic!("no {}: {what}", entry.display()));
        if is_bundled {
            assert!(told.contains("as default\n};"), "{told}");
        }
        assert_eq!(answer(&entry), "200\nhello", "{what}");
        assert!(!test.path().join("out/.dartflare.json").exists());
    }
}

#[test]
fn a_dry_run_of_durable_objects_from_json() {
    let Some(wrangler) = real_wrangler("a_dry_run_of_durable_objects_from_json") else { return };
    let configuration = r#"{
  // As `wrangler init` writes it.
  "name": "app",
  "main": "build/worker.mjs",
  "compatibility_date": "2026-01-01",
  "durable_objects": { "bindings": [{ "name": "VIEWS", "class_name": "Views" }] },
  "migrations": [{ "tag": "v1", "new_sqlite_classes": ["Views"] }],
  "triggers": { "crons": ["* * * * *"] }
}
"#;
    for name in ["wrangler.jsonc", "wrangler.json"] {
        let test = project(&compiled(&["fetch", "scheduled"], &["Views"], "views"), "");
        fs::remove_file(test.path().join("wrangler.toml")).unwrap();
        let test = test.file(name, configuration);
        let (code, told) = dry_run(&test, &wrangler, &[], ".");
        assert_eq!(code, Some(0), "{told}");
        assert!(told.contains("env.VIEWS (Views)"), "{told}");
        let bundle = fs::read_to_string(test.path().join("out/worker.js")).unwrap();
        let (_, exports) = bundle.rsplit_once("export {").unwrap();
        assert!(exports.contains("\n  Views,\n") && exports.contains(" as default\n"), "{exports}");
        assert_eq!(answer(&test.path().join("out/worker.js")), "200\nviews");
    }
}

#[test]
fn wrangler_says_no() {
    let Some(wrangler) = real_wrangler("wrangler_says_no") else { return };
    let test = project(&hello(), "[build]\ncommand = \"exit 3\"\n");
    let (code, told) = dry_run(&test, &wrangler, &[], ".");
    assert_eq!(code, Some(1), "{told}");
    assert!(told.ends_with("error[E0706]: wrangler deploy failed (exit 1)\n"), "{told}");
}

/// With what Dart really makes of an example.
#[test]
fn a_dry_run_of_what_dart_compiles() {
    let name = "a_dry_run_of_what_dart_compiles";
    let Some(wrangler) = real_wrangler(name) else { return };
    let dart = tool("DARTFLARE_DART").and_then(|dart| dart.canonicalize().ok());
    // A bare VM takes `compile` for a file.
    let has_compilers = |dart: &PathBuf| {
        let output = Command::new(dart).args(["compile", "js", "--help"]).output();
        output.is_ok_and(|output| output.status.success())
    };
    let Some(dart) = dart.filter(has_compilers) else {
        return skip(&format!("deploy::{name}"), "no Dart SDK");
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for target in ["js", "wasm"] {
        let read = |file: &str| fs::read_to_string(root.join("examples/views").join(file)).unwrap();
        let runtime = root.join("dart_runtime").display().to_string();
        let pubspec = read("pubspec.yaml").replace("../../dart_runtime", &runtime);
        let test = Test::new()
            .file("pubspec.yaml", &pubspec)
            .file("wrangler.toml", &read("wrangler.toml"))
            .file("lib/main.dart", &read("lib/main.dart"))
            .env("DARTFLARE_DART", dart.display().to_string());
        let (code, told) = dry_run(&test, &wrangler, &["--target", target], ".");
        assert_eq!(code, Some(0), "{told}");
        let bundle = fs::read_to_string(test.path().join("out/worker.js")).unwrap();
        let (_, exports) = bundle.rsplit_once("export {").unwrap();
        assert!(exports.contains(" as default\n"), "{exports}");
    }
}
