//! `dartflare new`: what it writes, what it refuses, and what it asks.

use std::fs;
use std::path::Path;

use saphyr::{LoadableYamlNode as _, Yaml};
use serde_json::Value;

use crate::harness::Test;
use crate::machine::{alone, dart, dart_sdk, node};

const TEMPLATES: [&str; 5] = ["hello", "api", "durable-object", "pages", "websocket"];

/// `dartflare new` on a machine with an SDK and Node.
fn new(args: &str) -> Test {
    let test = alone(Test::new());
    dart_sdk(&test, "sdk", "3.9.2");
    node(&test, "22.1.0");
    let dart = test.path().join("sdk/bin/dart").display().to_string();
    test.env("DARTFLARE_DART", dart).args("new").args(args)
}

fn listed(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            found.extend(listed(&path).into_iter().map(|below| format!("{name}/{below}")));
        } else {
            found.push(name.to_owned());
        }
    }
    found.sort();
    found
}

/// JSON with comments that have lines of their own.
fn jsonc(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap();
    let lines: Vec<_> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    serde_json::from_str(&lines.join("\n")).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn a_worker() {
    let dir = new("my-app")
        .stderr(
            "\
made `my-app` from the template `hello`, with the Worker `my-app`

next:
  cd my-app
  npm install    # Wrangler
  dartflare dev  # http://localhost:8787
  dartflare test
",
        )
        .run();
    let project = dir.path().join("my-app");
    assert_eq!(
        listed(&project),
        [
            ".github/workflows/worker.yml",
            ".gitignore",
            ".run/Attach to dartflare dev.run.xml",
            ".run/dartflare dev.run.xml",
            ".vscode/extensions.json",
            ".vscode/launch.json",
            ".vscode/tasks.json",
            "README.md",
            "analysis_options.yaml",
            "lib/environment.g.dart",
            "lib/main.dart",
            "package.json",
            "pubspec.yaml",
            "test/main_test.dart",
            "wrangler.jsonc",
        ]
    );
    let pubspec = fs::read_to_string(project.join("pubspec.yaml")).unwrap();
    assert!(pubspec.starts_with("name: my_app\n"), "{pubspec}");
    assert!(
        pubspec.ends_with(
            "dependencies:\n  cloudflare_workers:\n    git:\n      url: https://github.com/dartflare/dartflare\n      path: dart_runtime\n"
        ),
        "{pubspec}"
    );
    let accessors = fs::read_to_string(project.join("lib/environment.g.dart")).unwrap();
    assert!(accessors.contains("String get greeting"), "{accessors}");
    Test::again(dir)
        .args("types --check --project my-app")
        .stderr("`my-app/lib/environment.g.dart` is up to date\n")
        .run();
}

#[test]
fn by_all_flags_in_a_folder_with_spaces() {
    let dir = new("--template api --name short_links --target wasm --yes --package")
        .os_arg(env!("CARGO_MANIFEST_DIR"))
        .os_arg("meine Links/für alle")
        .stderr(
            "\
made `meine Links/für alle` from the template `api`, with the Worker `short-links`

next:
  cd 'meine Links/für alle'
  npm install      # Wrangler
  npm run migrate  # the schema of the local database
  dartflare dev    # http://localhost:8787
  dartflare test
",
        )
        .run();
    let project = dir.path().join("meine Links/für alle");
    let pubspec = fs::read_to_string(project.join("pubspec.yaml")).unwrap();
    let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).join("dart_runtime");
    assert!(pubspec.contains(&format!("    path: {}\n", runtime.display())), "{pubspec}");
    let scripts = &jsonc(&project.join("package.json"))["scripts"];
    assert_eq!(
        scripts["deploy"],
        "dartflare deploy --target wasm && wrangler d1 migrations apply DB --remote"
    );
    // Each folder that was made is as any other.
    for folder in ["meine Links", "meine Links/für alle"] {
        use std::os::unix::fs::PermissionsExt as _;
        fs::create_dir(dir.path().join("like")).ok();
        let mode = |path: &str| fs::metadata(dir.path().join(path)).unwrap().permissions().mode();
        assert_eq!(mode(folder), mode("like"));
    }
}

#[test]
fn the_package_by_a_relative_path_from_the_project() {
    let dir = new("apps/one --quiet --package clone")
        .file("clone/dart_runtime/pubspec.yaml", "name: cloudflare_workers\nenvironment:\n  sdk: ^3.5.0\n")
        .run();
    let pubspec = fs::read_to_string(dir.path().join("apps/one/pubspec.yaml")).unwrap();
    assert!(pubspec.contains("    path: ../../clone/dart_runtime\n"), "{pubspec}");
}

#[test]
fn what_every_template_has() {
    let wrangler = semver::Version::parse("4.86.0").unwrap();
    for template in TEMPLATES {
        let dir = new(&format!("app --quiet --template {template}")).run();
        let dir = Test::again(dir).args("types --check --quiet --project app").run();
        let project = dir.path().join("app");
        let configuration = jsonc(&project.join("wrangler.jsonc"));
        let first = configuration.as_object().unwrap().iter().next().unwrap();
        assert_eq!(
            (first.0.as_str(), first.1.as_str()),
            ("$schema", Some("node_modules/wrangler/config-schema.json"))
        );
        assert_eq!(
            (&configuration["name"], &configuration["compatibility_date"]),
            (&"app".into(), &"2026-04-01".into())
        );

        let package = jsonc(&project.join("package.json"));
        assert_eq!(package["name"], "app");
        let range = package["devDependencies"]["wrangler"].as_str().unwrap();
        assert!(semver::VersionReq::parse(range).unwrap().matches(&wrangler), "{template}: {range}");
    }
}

#[test]
fn what_editors_and_ci_take() {
    const SERVICE: &str = "${workspaceFolder}/.dart_tool/dartflare/dev/vm_service.json";
    let dir = new("app --quiet").run();
    let project = dir.path().join("app");

    let launch = jsonc(&project.join(".vscode/launch.json"));
    let configurations = launch["configurations"].as_array().unwrap();
    assert_eq!(configurations.len(), 2);
    for configuration in configurations {
        for (key, value) in [("type", "dart"), ("request", "attach"), ("vmServiceInfoFile", SERVICE)] {
            assert_eq!(configuration[key], value);
        }
    }
    let tasks = jsonc(&project.join(".vscode/tasks.json"));
    let task = &tasks["tasks"][0];
    assert_eq!(configurations[0]["preLaunchTask"], task["label"]);
    assert_eq!((&task["command"], &task["isBackground"]), (&"dartflare dev".into(), &true.into()));
    // What `dartflare dev` prints when it is ready, and when a library does not compile.
    let matcher = &task["problemMatcher"];
    let finds =
        |pattern: &Value, text: &str| regex::Regex::new(pattern.as_str().unwrap()).unwrap().is_match(text);
    assert!(finds(&matcher["background"]["endsPattern"], "  ready     http://localhost:8787"));
    assert!(finds(&matcher["pattern"]["regexp"], "lib/main.dart:5:3: Error: Expected ';' after this."));
    assert_eq!(jsonc(&project.join(".vscode/extensions.json"))["recommendations"][0], "dart-code.dart-code");

    let attach = fs::read_to_string(project.join(".run/Attach to dartflare dev.run.xml")).unwrap();
    assert!(attach.contains("type=\"DartRemoteDebugConfigurationType\" factoryName=\"Dart Remote Debug\""));
    assert!(attach.contains("<option name=\"dartProjectPath\" value=\"$PROJECT_DIR$\" />"));

    let workflow = fs::read_to_string(project.join(".github/workflows/worker.yml")).unwrap();
    let workflow = Yaml::load_from_str(&workflow).unwrap();
    let steps = workflow[0]["jobs"]["test-and-deploy"]["steps"].as_sequence().unwrap();
    let runs: Vec<_> = steps.iter().filter_map(|step| step.as_mapping_get("run")?.as_str()).collect();
    for command in
        ["npm ci", "dartflare types --check", "dartflare test", "dartflare build", "npm run deploy"]
    {
        assert!(runs.contains(&command), "{command}: {runs:?}");
    }
    let options = fs::read_to_string(project.join("analysis_options.yaml")).unwrap();
    assert!(Yaml::load_from_str(&options).unwrap()[0]["linter"]["rules"].as_sequence().is_some());
}

#[test]
fn files_of_the_user_stay_and_others_come_beside() {
    let dir = new(". --name app").file("LICENSE", "mine").file("lib/mine.dart", "").stderr(
        "\
made `.` from the template `hello`, with the Worker `app`

next:
  npm install    # Wrangler
  dartflare dev  # http://localhost:8787
  dartflare test
",
    );
    let dir = dir.run();
    assert_eq!(fs::read_to_string(dir.path().join("LICENSE")).unwrap(), "mine");
    assert!(dir.path().join("lib/mine.dart").exists() && dir.path().join("lib/main.dart").exists());
}

#[test]
fn a_folder_with_such_files_is_refused() {
    let dir = new("app")
        .file("app/README.md", "mine")
        .file("app/lib", "no folder")
        .file("app/wrangler.toml", "")
        .code(1)
        .stderr(
            "\
error[E0903]: `app` has files that a new project would have:
  README.md
  lib
  wrangler.toml
hint: name another folder, or move these away; nothing was written
",
        )
        .run();
    assert_eq!(listed(&dir.path().join("app")), ["README.md", "lib", "wrangler.toml"]);
}

#[test]
fn a_second_time_is_refused_too() {
    let dir = new("app --quiet").run();
    let before = listed(dir.path());
    let output = Test::again(dir).args("new app");
    let said = output.output();
    assert_eq!(said.status.code(), Some(1));
    assert_eq!(listed(output.path()), before);
}

#[test]
fn what_cannot_be_written_leaves_nothing() {
    let dir = new("file/app").file("file", "").code(3);
    let said = dir.output();
    assert_eq!(said.status.code(), Some(3));
    let said = dir.readable(&said.stderr);
    assert!(said.starts_with("error[E0002]: cannot write `file/app`: "), "{said}");
    assert!(!dir.path().join("app").exists());
}

#[test]
fn a_configuration_above_that_wrangler_would_take() {
    let dir = new("app")
        .file(
            "wrangler.json",
            r#"{"name": "above", "main": "build/worker.mjs", "compatibility_date": "2026-04-01"}"#,
        )
        .code(1)
        .stderr(
            "\
error[E0904]: Wrangler would take `wrangler.json` for the configuration of the new project
hint: make the project in a folder that is not below it; nothing was written
",
        )
        .run();
    assert!(!dir.path().join("app").exists());
}

#[test]
fn names() {
    new("")
        .code(2)
        .stderr(
            "\
error[E0901]: it is not said where the project goes
hint: give its folder, as in `dartflare new my_worker`, or `--name`
",
        )
        .run();
    new("2048")
        .code(2)
        .stderr(
            "\
error[E0902]: a project cannot be called as its folder: `2048` does not begin with a letter
hint: name it, as in `--name worker_2048`
",
        )
        .run();
    new("app --name")
        .os_arg("My App")
        .code(2)
        .stderr(
            "\
error: invalid value 'My App' for '--name <NAME>': it has other letters than `a` to `z`, digits, underscores and dashes; `my_app` would do

For more information, try '--help'.
",
        )
        .run();
    new("app --package nowhere")
        .code(2)
        .stderr(
            "\
error: invalid value 'nowhere' for '--package <git|PATH>': there is no `package:cloudflare_workers` in it: give `git`, or the folder `dart_runtime` of a clone of https://github.com/dartflare/dartflare

For more information, try '--help'.
",
        )
        .run();
}

#[test]
fn what_the_machine_lacks() {
    alone(Test::new())
        .args("new app")
        .stderr(
            "\
made `app` from the template `hello`, with the Worker `app`

next:
  cd app
  dartflare sdk install  # there is no Dart here to run it
  npm install            # Wrangler; first install Node, https://nodejs.org
  dartflare dev          # http://localhost:8787
  dartflare test
",
        )
        .run();
    let test = alone(Test::new());
    dart(&test, "bin", "3.7.3");
    node(&test, "22.1.0");
    test.args("new app")
        .stderr(
            "\
made `app` from the template `hello`, with the Worker `app`

next:
  cd app
  dartflare sdk install  # the Dart here is a bare VM, which takes no packages from git
  npm install            # Wrangler
  dartflare dev          # http://localhost:8787
  dartflare test
",
        )
        .run();
}

/// What it does on a terminal, which is a pseudo-terminal here.
mod on_a_terminal {
    use std::fs::{self, File};
    use std::io::{Read as _, Write as _};
    use std::process::{Child, Stdio};
    use std::sync::{Arc, Condvar, Mutex};
    use std::thread;
    use std::time::{Duration, Instant};

    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{Winsize, tcsetwinsize};

    use super::{Test, listed, new};

    const DOWN: &str = "\x1b[B";
    const CTRL_C: &str = "\x03";
    const ESCAPE: &str = "\x1b";

    struct Terminal {
        keys: File,
        child: Child,
        shown: Arc<(Mutex<String>, Condvar)>,
        /// How much of what is shown was looked at.
        seen: usize,
    }

    impl Terminal {
        fn run(test: &Test) -> Self {
            let own = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
            grantpt(&own).unwrap();
            unlockpt(&own).unwrap();
            let size = Winsize { ws_row: 40, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 };
            tcsetwinsize(&own, size).unwrap();
            let name = ptsname(&own, Vec::new()).unwrap().into_string().unwrap();
            let theirs = || Stdio::from(File::options().read(true).write(true).open(&name).unwrap());
            let mut command = test.command(env!("CARGO_BIN_EXE_dartflare"));
            command.args(test.arguments()).stdin(theirs()).stdout(theirs()).stderr(theirs());
            let child = command.spawn().unwrap();
            drop(command);
            let keys = File::from(own);
            let mut screen = keys.try_clone().unwrap();
            let shown = Arc::new((Mutex::new(String::new()), Condvar::new()));
            let reader = Arc::clone(&shown);
            thread::spawn(move || {
                let mut bytes = [0; 4096];
                // It fails once nobody has the other end.
                while let Ok(count @ 1..) = screen.read(&mut bytes) {
                    reader.0.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..count]));
                    reader.1.notify_all();
                }
            });
            Self { keys, child, shown, seen: 0 }
        }

        /// Waits until `text` is shown after all that was waited for before, and presses `keys` then.
        #[track_caller]
        fn answer(&mut self, text: &str, keys: &str) {
            let deadline = Instant::now() + Duration::from_secs(30);
            let mut shown = self.shown.0.lock().unwrap();
            loop {
                if let Some(at) = shown[self.seen..].find(text) {
                    self.seen += at + text.len();
                    break;
                }
                let left = deadline.saturating_duration_since(Instant::now());
                assert!(!left.is_zero(), "no `{text}` after {} in {shown:?}", self.seen);
                shown = self.shown.1.wait_timeout(shown, left).unwrap().0;
            }
            drop(shown);
            self.keys.write_all(keys.as_bytes()).unwrap();
        }

        fn end(mut self) -> (Option<i32>, String) {
            let code = self.child.wait().unwrap().code();
            let shown = self.shown.0.lock().unwrap().clone();
            (code, shown)
        }
    }

    #[test]
    fn it_asks_for_what_is_open() {
        let test = new("");
        let mut terminal = Terminal::run(&test);
        terminal.answer("Name:", "My App\r");
        terminal.answer("`my_app` would do", &"\x7f".repeat(6));
        terminal.answer("Name:", "my-app\r");
        terminal.answer("Template:", "");
        terminal.answer("websocket", DOWN);
        terminal.answer("Short links", DOWN);
        terminal.answer("Counters", "\r");
        terminal.answer("Compile to:", "");
        terminal.answer("wasm", &format!("{DOWN}\r"));
        terminal.answer("from:", "\r");
        terminal.answer("dartflare test", "");
        let (code, shown) = terminal.end();
        assert_eq!(code, Some(0), "{shown}");
        let project = test.path().join("my_app");
        assert!(project.join("lib/counter.dart").exists(), "{:?}", listed(&project));
        assert!(fs::read_to_string(project.join("package.json")).unwrap().contains("deploy --target wasm"));
    }

    #[test]
    fn it_asks_nothing_that_was_answered() {
        let test = new("app --template pages --target js --package git");
        let terminal = Terminal::run(&test);
        let (code, shown) = terminal.end();
        assert_eq!(code, Some(0), "{shown}");
        let test = new("app --yes");
        let (code, shown) = Terminal::run(&test).end();
        assert_eq!(code, Some(0), "{shown}");
    }

    #[test]
    fn ctrl_c_and_escape_write_nothing() {
        for key in [CTRL_C, ESCAPE] {
            for question in ["Template:", "Compile to:", "from:"] {
                let test = new("app").file("mine", "");
                let mut terminal = Terminal::run(&test);
                for before in ["Template:", "Compile to:", "from:"] {
                    if before == question {
                        break;
                    }
                    terminal.answer(before, "\r");
                }
                terminal.answer(question, key);
                let (code, shown) = terminal.end();
                assert_eq!(code, Some(130), "{question} {shown:?}");
                assert!(!test.path().join("app").exists());
            }
        }
    }
}
