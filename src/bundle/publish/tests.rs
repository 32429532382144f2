mod pages;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::*;
use std::sync::atomic::Ordering::SeqCst;

use crate::bundle::disk::faults::Plan;

/// A project with a source file, into whose `build` a test publishes.
struct Project {
    root: TempDir,
}

impl Project {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let project = Self { root };
        project.write("lib/main.dart", "void main() {}\n");
        project.write("pubspec.yaml", "name: app\n");
        project
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    fn open(&self, main: &str, is_bundled: bool) -> Result<Output> {
        Output::open(self.root.path(), main, is_bundled)
    }

    fn output(&self) -> Output {
        self.open("build/worker.mjs", true).unwrap()
    }

    fn build(&self, id: &str) -> Build {
        let compiled = format!("compiled/{id}.js");
        self.write(&compiled, &main_js(id));
        Build {
            id: id.to_owned(),
            inputs: format!("inputs of {id}"),
            kind: Kind::Worker,
            entry: entry(id),
            parts: vec![
                Part { name: "worker.mjs".to_owned(), bytes: worker(id).into_bytes() },
                Part { name: "main.wasm".to_owned(), bytes: vec![7; 300] },
                Part { name: "main.js".to_owned(), bytes: main_js(id).into_bytes() },
            ],
            routing: None,
            details: serde_json::json!({ "target": "js" }),
        }
    }

    fn publish(&self, id: &str) {
        self.output().publish(&self.build(id)).unwrap();
    }

    /// Which build the entry leads to, as somebody finds it who knows nothing of manifests. Every part must be whole.
    fn serving(&self) -> Option<String> {
        let text = fs::read_to_string(self.path("build/worker.mjs")).ok()?;
        let folder = text.strip_prefix("export { default } from './").unwrap();
        let folder = folder.strip_suffix("/worker.mjs';\n").unwrap();
        let id = folder.strip_prefix("app-").unwrap().split('-').next().unwrap();
        assert_eq!(self.read(&format!("build/{folder}/worker.mjs")), worker(id));
        assert_eq!(self.read(&format!("build/{folder}/main.js")), main_js(id));
        assert_eq!(fs::read(self.path(&format!("build/{folder}/main.wasm"))).unwrap(), [7; 300]);
        Some(id.to_owned())
    }

    /// What is in the output directory, each file and folder, but the parts that are there in every folder of parts.
    fn listing(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut folders = vec![self.path("build")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path.clone());
                }
                let name = path.strip_prefix(self.path("build")).unwrap().to_str().unwrap().to_owned();
                if !(name.starts_with("app-") && name.contains('/')) {
                    found.insert(name);
                }
            }
        }
        found
    }
}

fn entry(id: &str) -> String {
    format!("export {{ default }} from './app-{id}/worker.mjs';\n")
}

fn worker(id: &str) -> String {
    format!("export default {{ id: '{id}' }};\n")
}

fn main_js(id: &str) -> String {
    format!("// {id}\n").repeat(100)
}

fn set<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into()
}

fn message(error: &Error) -> String {
    anstream::adapter::strip_str(&error.diagnostic().to_string()).to_string()
}

fn refusal(result: Result<Output>) -> String {
    let error = result.unwrap_err();
    assert!(matches!(error, Error::Project(_)), "{error:?}");
    message(&error)
}

#[test]
fn opening_creates_nothing() {
    let project = Project::new();
    let output = project.output();
    assert_eq!(output.published(), None);
    assert!(!project.path("build").exists());
}

#[test]
fn publishes_all_parts_and_tells_what_stands_there() {
    let project = Project::new();
    project.publish("one");
    assert_eq!(project.serving().unwrap(), "one");
    assert_eq!(project.listing(), set([".dartflare.json", ".gitignore", "app-one", "worker.mjs"]));
    assert_eq!(project.read("build/.gitignore"), "*\n");
    let published = project.output().published().unwrap();
    assert_eq!((&*published.id, &*published.inputs), ("one", "inputs of one"));
    assert_eq!((published.kind, &*published.folder), (Kind::Worker, "app-one"));
    assert_eq!(published.details, serde_json::json!({ "target": "js" }));
    let sizes: Vec<(&str, u64)> = published.parts.iter().map(|part| (&*part.name, part.bytes)).collect();
    assert_eq!(sizes, [("worker.mjs", 30), ("main.wasm", 300), ("main.js", 700)]);
    assert!(project.read("build/.dartflare.json").starts_with(HEAD));
}

#[test]
fn a_bundler_finds_the_build_before_and_none_older() {
    let project = Project::new();
    for id in ["one", "two", "three", "three"] {
        project.publish(id);
    }
    let expected = [".dartflare.json", ".gitignore", "app-three", "app-two", "worker.mjs"];
    assert_eq!(project.listing(), set(expected));
    project.publish("two");
    assert_eq!(project.serving().unwrap(), "two");
    assert_eq!(project.listing(), set(expected));
}

#[test]
fn without_a_bundler_only_the_build_is_there() {
    let project = Project::new();
    for id in ["one", "two"] {
        project.open("build/worker.mjs", false).unwrap().publish(&project.build(id)).unwrap();
    }
    assert_eq!(project.listing(), set([".dartflare.json", ".gitignore", "app-two", "worker.mjs"]));
}

#[test]
fn the_same_build_again_touches_no_file() {
    let project = Project::new();
    project.publish("one");
    let modified = |path: &str| fs::metadata(project.path(path)).unwrap().modified().unwrap();
    let files = ["build/worker.mjs", "build/.dartflare.json", "build/.gitignore", "build/app-one/main.js"];
    let before = files.map(modified);
    project.publish("one");
    assert_eq!(files.map(modified), before);
    assert!(project.path("compiled/one.js").exists());
}

#[test]
fn the_same_parts_from_other_inputs_are_kept_and_the_inputs_noted() {
    let project = Project::new();
    project.publish("one");
    let modified = || fs::metadata(project.path("build/app-one/main.js")).unwrap().modified().unwrap();
    let before = modified();
    project.output().publish(&Build { inputs: "others".to_owned(), ..project.build("one") }).unwrap();
    assert_eq!(modified(), before);
    assert_eq!(project.output().published().unwrap().inputs, "others");
}

#[test]
fn nothing_is_published_where_something_is_missing_or_changed() {
    let project = Project::new();
    for damage in [
        (|project| fs::remove_file(project.path("build/app-one/main.js")).unwrap()) as fn(&Project),
        |project| project.write("build/app-one/worker.mjs", "cut"),
        |project| fs::remove_dir_all(project.path("build/app-one")).unwrap(),
        |project| fs::remove_file(project.path("build/worker.mjs")).unwrap(),
        |project| fs::remove_dir_all(project.path("build")).unwrap(),
    ] {
        project.publish("one");
        assert!(project.output().published().is_some());
        damage(&project);
        assert_eq!(project.output().published(), None);
        project.publish("one");
        assert_eq!(project.serving().unwrap(), "one");
        assert!(project.output().published().is_some());
    }
}

#[test]
fn parts_that_are_served_are_not_touched_even_when_somebody_changed_them() {
    let project = Project::new();
    project.publish("one");
    project.write("build/app-one/main.js", "mine");
    project.publish("one");
    assert_eq!(project.serving().unwrap(), "one");
    assert_eq!(project.output().published().unwrap().folder, "app-one-2");
    assert_eq!(project.read("build/app-one/main.js"), "mine");
    project.publish("two");
    assert_eq!(
        project.listing(),
        set([".dartflare.json", ".gitignore", "app-one-2", "app-two", "worker.mjs"])
    );
}

#[test]
fn two_entries_in_one_directory_leave_each_other_alone() {
    let project = Project::new();
    let other = || project.open("build/staging.mjs", true).unwrap();
    other().publish(&project.build("one")).unwrap();
    for id in ["one", "two", "three", "four"] {
        project.publish(id);
        assert_eq!(project.serving().unwrap(), id);
        assert_eq!(other().published().unwrap().id, "one");
    }
    other().publish(&project.build("four")).unwrap();
    for id in ["five", "six"] {
        project.publish(id);
        assert_eq!(other().published().unwrap().id, "four");
    }
}

#[test]
fn the_users_files_stay() {
    let project = Project::new();
    project.write("build/notes.txt", "mine");
    project.publish("one");
    project.write("build/app-one/notes.txt", "mine too");
    for id in ["two", "three", "four"] {
        project.publish(id);
    }
    assert_eq!(project.read("build/notes.txt"), "mine");
    assert_eq!(project.read("build/app-one/notes.txt"), "mine too");
    assert!(!project.path("build/app-one/main.js").exists());
    assert!(!project.path("build/.gitignore").exists(), "it would hide the user's file");

    project.write("other/.gitignore", "*.js\n");
    project.open("other/worker.mjs", true).unwrap().publish(&project.build("one")).unwrap();
    assert_eq!(project.read("other/.gitignore"), "*.js\n");
}

#[test]
fn what_is_in_the_way_is_refused_and_stays() {
    let hint = "hint: move it, or set `main` to a path in a folder of its own\n";
    for path in ["worker.mjs", ".dartflare.tmp", "worker.mjs/inside", ".dartflare.json/inside"] {
        let project = Project::new();
        project.write(&format!("build/{path}"), "mine");
        let in_the_way = project.path("build").join(path.split('/').next().unwrap());
        assert_eq!(
            refusal(project.open("build/worker.mjs", true)),
            format!(
                "error[E0403]: `{}` is in the way: the build writes there, and did not write what is there now\n{hint}",
                in_the_way.display()
            )
        );
        assert_eq!(project.read(&format!("build/{path}")), "mine");
    }
    for folder in ["app-one", ".dartflare-app-one"] {
        let project = Project::new();
        project.write(&format!("build/{folder}/main.js"), "mine");
        let before = project.listing();
        let error = project.output().publish(&project.build("one")).unwrap_err();
        assert!(message(&error).contains(&format!("build/{folder}` is in the way")), "{error:?}");
        assert_eq!(project.read(&format!("build/{folder}/main.js")), "mine");
        assert_eq!(project.listing(), before);
    }
}

#[test]
fn a_folder_of_ours_with_a_file_of_somebody_else_is_left_to_them() {
    let project = Project::new();
    project.publish("one");
    project.publish("two");
    project.write("build/app-one/.DS_Store", "hidden");
    fs::remove_file(project.path("build/app-one/main.js")).unwrap();
    project.publish("one");
    assert_eq!(project.output().published().unwrap().folder, "app-one-2");
    assert_eq!(project.serving().unwrap(), "one");
    project.publish("two");
    assert_eq!(project.read("build/app-one/.DS_Store"), "hidden");

    let output = project.output();
    *output.disk.fault.plan.lock().unwrap() = Plan::KilledAt(16);
    output.publish(&project.build("three")).unwrap_err();
    assert!(project.path("build/.dartflare-app-three").exists());
    project.write("build/.dartflare-app-three/.DS_Store", "hidden");
    project.publish("three");
    assert_eq!(project.serving().unwrap(), "three");
    assert_eq!(project.read("build/.dartflare-app-three/.DS_Store"), "hidden");
}

#[cfg(unix)]
#[test]
fn a_read_only_directory_is_explained_and_nothing_changed() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = Project::new();
    project.publish("one");
    let output = project.output();
    let permit = |mode| {
        fs::set_permissions(project.path("build"), fs::Permissions::from_mode(mode)).unwrap();
    };
    permit(0o555);
    if fs::write(project.path("build/probe"), "").is_ok() {
        eprintln!("skipped: permissions do not bind this user");
        return;
    }
    let error = output.publish(&project.build("two")).unwrap_err();
    permit(0o755);
    let build = project.path("build");
    assert_eq!(
        message(&error),
        format!(
            "error[E0002]: cannot write `{0}/.dartflare.json`: permission denied\n\
             hint: make the folder `{0}` writable and build again, or set `main` to a path elsewhere; \
             the last good build in `{0}` is untouched\n",
            build.display()
        )
    );
    assert_eq!(project.listing(), set([".dartflare.json", ".gitignore", "app-one", "worker.mjs"]));
    assert_eq!(project.output().published().unwrap().id, "one");
}

#[test]
#[ignore = "run by another test"]
fn publishes_a_large_part() {
    let root = std::env::var_os("PUBLISH_INTO").unwrap();
    let project = Project::new();
    let mut build = project.build("two");
    build.parts[1].bytes = vec![7; 1_000_000];
    let output = Output::open(Path::new(&root), "build/worker.mjs", true).unwrap();
    let error = output.publish(&build).unwrap_err();
    println!("<{}>", message(&error));
}

#[cfg(unix)]
#[test]
fn a_file_that_the_system_cuts_off_is_explained_and_removed() {
    let project = Project::new();
    project.publish("one");
    let output = Command::new("/bin/sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 100; exec \"$@\"", "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "bundle::publish::tests::publishes_a_large_part", "--nocapture"])
        .env("PUBLISH_INTO", project.root.path())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let expected = format!(
        "<error[E0002]: cannot write `{0}/app-two/main.wasm`: file too large\n\
             hint: free some space on its disk and build again; the last good build in `{0}` is untouched\n>",
        project.path("build").display()
    );
    assert!(text.contains(&expected), "{text}");
    assert_eq!(project.listing(), set([".dartflare.json", ".gitignore", "app-one", "worker.mjs"]));
    assert_eq!(project.serving().unwrap(), "one");
}

#[test]
fn an_entry_that_the_user_changed_is_the_users() {
    let project = Project::new();
    let output = project.output();
    project.publish("one");
    project.write("build/worker.mjs", "mine");
    assert!(refusal(project.open("build/worker.mjs", true)).contains("build/worker.mjs` is in the way"));
    assert!(output.publish(&project.build("two")).is_err());
    assert_eq!(project.read("build/worker.mjs"), "mine");
}

#[test]
fn a_manifest_that_is_not_ours_is_refused_and_names_nothing_to_delete() {
    for text in [
        "",
        "{}",
        r#"{"dartflare": 2, "about": "", "builds": []}"#,
        r#"{"dartflare": 1, "about": "", "builds": [{"id": "", "inputs": "", "kind": "worker", "entry": "worker.mjs",
            "text": "", "folder": "../lib", "parts": [{"name": "main.dart", "bytes": 1}], "details": null}]}"#,
        r#"{"dartflare": 1, "about": "", "builds": [{"id": "", "inputs": "", "kind": "worker", "entry": "worker.mjs",
            "text": "", "folder": "app-x", "parts": [{"name": "../../lib/main.dart", "bytes": 1}], "details": null}]}"#,
    ] {
        let project = Project::new();
        project.write("build/.dartflare.json", text);
        assert_eq!(
            refusal(project.open("build/worker.mjs", true)),
            format!(
                "error[E0404]: `{0}/.dartflare.json` is not a manifest that this version of dartflare wrote\n\
                 hint: remove the folder `{0}` if nothing in it is yours, and build again\n",
                project.path("build").display()
            )
        );
        assert!(project.path("lib/main.dart").exists());
    }
}

#[test]
fn without_a_bundler_whatever_would_be_uploaded_is_refused() {
    let project = Project::new();
    let open = || project.open("build/worker.mjs", false);
    project.write("build/.env", "hidden");
    project.write("build/.cache/x", "hidden");
    fs::create_dir_all(project.path("build/empty/folder")).unwrap();
    open().unwrap().publish(&project.build("one")).unwrap();

    let build = project.path("build");
    project.write("build/app-one/notes.txt", "mine");
    assert_eq!(
        refusal(open()),
        format!(
            "error[E0405]: `{}/app-one/notes.txt` is not part of the build, and with `no_bundle` Wrangler uploads what is \
             beside the entry\nhint: move it, or set `main` to a path in a folder of its own\n",
            build.display()
        )
    );
    project.write("build/a/b.mjs", "mine");
    project.write("build/z.mjs", "mine");
    let text = refusal(open());
    assert!(text.contains("build/a/b.mjs` and 2 more files are not part of the build"), "{text}");
    assert_eq!(project.serving().unwrap(), "one");
    assert!(project.open("build/worker.mjs", true).is_ok());
}

#[test]
fn the_place_must_be_a_folder_of_its_own_inside_the_project() {
    let project = Project::new();
    project.write("packages/other/pubspec.yaml", "name: other\n");
    project.write("taken", "a file");
    for (main, what) in [
        ("worker.mjs", "with `main = \"worker.mjs\"`, the output directory is the project itself"),
        ("./worker.mjs", "with `main = \"./worker.mjs\"`, the output directory is the project itself"),
        ("../out/worker.mjs", "`main = \"../out/worker.mjs\"` has `..` in it"),
        ("build/../lib/worker.mjs", "`main = \"build/../lib/worker.mjs\"` has `..` in it"),
        ("/nowhere/worker.mjs", "`main = \"/nowhere/worker.mjs\"` is outside of the project"),
        ("build/", "`main = \"build/\"` does not name a JavaScript module (`.mjs` or `.js`)"),
        ("", "`main = \"\"` does not name a JavaScript module (`.mjs` or `.js`)"),
        (
            "build/worker.wasm",
            "`main = \"build/worker.wasm\"` does not name a JavaScript module (`.mjs` or `.js`)",
        ),
        (
            "lib/src/worker.mjs",
            "with `main = \"lib/src/worker.mjs\"`, the output directory is in `lib`, which is for other files",
        ),
        (
            ".dart_tool/worker.mjs",
            "with `main = \".dart_tool/worker.mjs\"`, the output directory is in `.dart_tool`, which is for other files",
        ),
    ] {
        assert_eq!(
            refusal(project.open(main, true)),
            format!(
                "error[E0401]: {what}\nhint: `main` names the file that the build writes: set it to a path in a folder of \
                 its own inside the project, such as `build/worker.mjs`\n"
            )
        );
    }
    assert!(
        refusal(project.open("packages/other/worker.mjs", true))
            .contains("packages/other` is a Dart package")
    );
    assert!(
        refusal(project.open("taken/out/worker.mjs", true))
            .contains("taken` is a file, and `main = \"taken/out/worker.mjs\"` needs a folder there")
    );
    for main in ["build/worker.js", "./build//worker.mjs", "deep/er/worker.mjs", "öut/wörker.mjs"] {
        assert!(project.open(main, true).is_ok(), "{main}");
    }
    let absolute = project.path("build/worker.mjs");
    let output = project.open(absolute.to_str().unwrap(), true).unwrap();
    assert_eq!(output.entry(), absolute);
}

#[cfg(unix)]
#[test]
fn links_are_followed_only_inside_the_project() {
    use std::os::unix::fs::symlink;
    let project = Project::new();
    let elsewhere = tempfile::tempdir().unwrap();
    for (target, what) in [
        (elsewhere.path(), "outside of the project"),
        (Path::new("."), "is a symbolic link to the project itself"),
        (Path::new("lib"), "the output directory is in `lib`"),
    ] {
        let _ = fs::remove_file(project.path("build"));
        symlink(target, project.path("build")).unwrap();
        let text = refusal(project.open("build/worker.mjs", true));
        assert!(text.contains(what), "{text}");
        assert!(project.open("build/deeper/worker.mjs", true).is_err() || target == Path::new("."));
    }
    fs::remove_file(project.path("build")).unwrap();
    symlink("nowhere", project.path("build")).unwrap();
    let text = refusal(project.open("build/worker.mjs", true));
    assert!(text.contains("build` is a symbolic link that leads nowhere"), "{text}");

    fs::remove_file(project.path("build")).unwrap();
    fs::create_dir(project.path("real")).unwrap();
    symlink("real", project.path("build")).unwrap();
    project.publish("one");
    assert_eq!(project.serving().unwrap(), "one");

    // An entry or a folder of parts that is a link leads to files of somebody else.
    project.write("mine.mjs", &entry("one"));
    fs::remove_file(project.path("build/worker.mjs")).unwrap();
    symlink("../mine.mjs", project.path("build/worker.mjs")).unwrap();
    assert!(refusal(project.open("build/worker.mjs", true)).contains("in the way"));
    fs::remove_file(project.path("build/worker.mjs")).unwrap();
    fs::rename(project.path("real/app-one"), project.path("mine")).unwrap();
    symlink("../mine", project.path("real/app-one")).unwrap();
    assert!(project.output().publish(&project.build("one")).is_err());
    project.publish("two");
    project.publish("three");
    project.publish("four");
    assert_eq!(fs::read_dir(project.path("mine")).unwrap().count(), 3);
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_text_are_like_any_other() {
    use std::os::unix::ffi::OsStrExt as _;
    let project = Project::new();
    fs::create_dir(project.path("build")).unwrap();
    fs::write(project.path("build").join(OsStr::from_bytes(b"\xff.txt")), "mine").unwrap();
    project.publish("one");
    project.publish("two");
    assert!(refusal(project.open("build/worker.mjs", false)).contains("build/\u{fffd}.txt` is not part"));
}

/// A state of the output directory to publish into.
struct Before {
    name: &'static str,
    is_bundled: bool,
    prepare: fn(&Project),
    build: &'static str,
}

const BEFORE: [Before; 7] = [
    Before { name: "no directory", is_bundled: true, prepare: |_| {}, build: "new" },
    Before {
        name: "an empty directory",
        is_bundled: false,
        prepare: |project| fs::create_dir(project.path("build")).unwrap(),
        build: "new",
    },
    Before {
        name: "two builds and a file of the user's",
        is_bundled: true,
        prepare: |project| {
            project.write("build/notes.txt", "mine");
            project.publish("older");
            project.publish("old");
        },
        build: "new",
    },
    Before {
        name: "no bundler",
        is_bundled: false,
        prepare: |project| {
            project.publish("older");
            project.publish("old");
        },
        build: "new",
    },
    Before {
        name: "back to the build before",
        is_bundled: true,
        prepare: |project| {
            project.publish("new");
            project.publish("old");
        },
        build: "new",
    },
    Before {
        name: "the parts that nothing leads to were changed",
        is_bundled: true,
        prepare: |project| {
            project.publish("new");
            project.publish("old");
            project.write("build/app-new/main.js", "cut");
        },
        build: "new",
    },
    Before {
        name: "another entry beside it",
        is_bundled: true,
        prepare: |project| {
            project.open("build/staging.mjs", true).unwrap().publish(&project.build("old")).unwrap();
            project.publish("older");
            project.publish("old");
        },
        build: "new",
    },
];

impl Before {
    fn project(&self) -> (Project, Output) {
        let project = Project::new();
        (self.prepare)(&project);
        let output = self.open(&project);
        (project, output)
    }

    fn open(&self, project: &Project) -> Output {
        project.open("build/worker.mjs", self.is_bundled).unwrap()
    }

    fn is_old(&self) -> bool {
        !self.name.ends_with("directory")
    }

    /// What holds at every moment: an entry leads to all of its parts, the manifest knows it, the user's files stay.
    fn check(&self, project: &Project) -> Option<String> {
        let serving = project.serving();
        assert!(serving.is_some() || !self.is_old());
        assert!(serving.as_deref().is_none_or(|id| id == "old" || id == self.build), "{serving:?}");
        let published = self.open(project).published();
        assert_eq!(published.map(|build| build.id), serving);
        assert_eq!(project.read("lib/main.dart"), "void main() {}\n");
        if self.name.contains("user") {
            assert_eq!(project.read("build/notes.txt"), "mine");
        }
        if self.name.contains("entry") {
            let other = project.open("build/staging.mjs", true).unwrap().published();
            assert_eq!(other.unwrap().id, "old");
        }
        serving
    }

    /// What may be there when `served` is, and before it `previous`; folders of parts are not optional.
    fn expected(&self, served: &str, previous: Option<&str>) -> BTreeSet<String> {
        let mut expected = set([".dartflare.json", "worker.mjs"]);
        expected.insert(format!("app-{served}"));
        expected.extend(previous.filter(|_| self.is_bundled).map(|id| format!("app-{id}")));
        let rest: &[&str] = if self.name.contains("user") {
            &["notes.txt"]
        } else if self.name.contains("entry") {
            &[".gitignore", "staging.mjs", "app-old"]
        } else {
            &[".gitignore"]
        };
        expected.extend(rest.iter().map(|&name| name.to_owned()));
        expected
    }
}

/// Runs `check` for every step that publishing takes, with a directory of its own each time; says how many.
fn at_every_step(
    before: &Before,
    plan: fn(usize) -> Plan,
    mut check: impl FnMut(&Project, Result<()>, usize),
) -> usize {
    for step in 0.. {
        let (project, output) = before.project();
        *output.disk.fault.plan.lock().unwrap() = plan(step);
        let result = output.publish(&project.build(before.build));
        if output.disk.fault.steps.load(SeqCst) <= step {
            result.unwrap();
            return step;
        }
        check(&project, result, step);
    }
    0
}

#[test]
fn a_build_killed_at_any_step_leaves_a_good_one_and_is_cleaned_up() {
    let mut committed = 0;
    for before in &BEFORE {
        let mut seen = BTreeSet::new();
        let steps = at_every_step(before, Plan::KilledAt, |project, _, step| {
            let context = format!("{}, killed at step {step}", before.name);
            let serving = before.check(project);
            seen.insert(serving.clone());
            // The next build may find that nothing changed, and only tidy.
            before.open(project).tidy();
            assert_eq!(before.check(project), serving, "{context}");
            assert!(
                !project.listing().iter().any(|name| name == TEMPORARY || name.starts_with(".dartflare-"))
            );
            // Or it publishes something else.
            before.open(project).publish(&project.build("next")).unwrap();
            assert_eq!(project.serving().unwrap(), "next", "{context}");
            assert_eq!(project.listing(), before.expected("next", serving.as_deref()), "{context}");
        });
        assert!(steps > 10, "{}: {steps}", before.name);
        // Where nothing is to be removed after the commit, nothing can be killed there.
        committed += usize::from(seen.contains(&Some("new".to_owned())));
    }
    assert!(committed >= 3, "{committed}");
}

#[test]
fn the_same_build_succeeds_after_being_killed_at_any_two_steps() {
    for before in &BEFORE {
        at_every_step(before, Plan::KilledAt, |project, _, first| {
            let again = before.open(project);
            // Every moment of the second is near some moment of the first; a stride of 3 meets all pairs of files.
            *again.disk.fault.plan.lock().unwrap() = Plan::KilledAt(first / 3);
            let _ = again.publish(&project.build(before.build));
            before.check(project);
            before.open(project).publish(&project.build(before.build)).unwrap();
            assert_eq!(before.check(project).unwrap(), before.build);
            before.open(project).publish(&project.build("next")).unwrap();
            let listing = project.listing();
            assert_eq!(listing, before.expected("next", Some(before.build)), "{} {first}", before.name);
        });
    }
}

#[test]
fn an_error_at_any_step_is_undone() {
    for plan in [
        (|step| Plan::FailsAt(step, ErrorKind::StorageFull)) as fn(usize) -> Plan,
        |step| Plan::FailsAt(step, ErrorKind::PermissionDenied),
        Plan::FullFrom,
    ] {
        for before in &BEFORE {
            let (untouched, _) = before.project();
            at_every_step(before, plan, |project, result, step| {
                let context = format!("{}, {:?}", before.name, plan(step));
                let serving = before.check(project);
                match result {
                    Err(error) => {
                        assert!(matches!(error, Error::Environment(_)), "{error:?}");
                        let text = message(&error);
                        assert!(!text.contains(".dartflare-") && !text.contains("dartflare.tmp"), "{text}");
                        assert_eq!(text.contains("the last good build in `"), before.is_old(), "{text}");
                        assert_ne!(text.contains("nothing was published"), before.is_old(), "{text}");
                        assert_eq!(serving.is_some(), before.is_old(), "{context}");
                        assert_ne!(serving.as_deref(), Some(before.build), "{context}");
                        let mut listing = project.listing();
                        if !before.is_old() {
                            listing.remove(".gitignore");
                        }
                        let mut wanted = untouched.listing();
                        // What nothing leads to may be gone.
                        for folder in ["app-new", if before.is_bundled { "app-new" } else { "app-older" }] {
                            listing.remove(folder);
                            wanted.remove(folder);
                        }
                        assert_eq!(listing, wanted, "{context}");
                    }
                    // Only tidying up failed.
                    Ok(()) => assert_eq!(serving.as_deref(), Some(before.build), "{context}"),
                }
                before.open(project).publish(&project.build("next")).unwrap();
                assert_eq!(project.listing(), before.expected("next", serving.as_deref()), "{context}");
            });
        }
    }
}

/// Publishes for ever, each time something else; run by the test below, which ends it.
#[test]
#[ignore = "run by another test"]
fn publishes_until_it_is_killed() {
    let root = std::env::var_os("PUBLISH_INTO").unwrap();
    let builder = Project::new();
    for count in 0.. {
        let output = Output::open(Path::new(&root), "build/worker.mjs", true).unwrap();
        output.publish(&builder.build(&format!("n{count}"))).unwrap();
        println!("published");
    }
}

#[test]
fn a_process_killed_while_it_publishes_leaves_a_good_build() {
    let project = Project::new();
    project.write("build/notes.txt", "mine");
    project.publish("first");
    for count in 1..=20 {
        let name = "bundle::publish::tests::publishes_until_it_is_killed";
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", name, "--nocapture"])
            .env("PUBLISH_INTO", project.root.path())
            .env("TMPDIR", project.path("compiled"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(std::result::Result::ok);
        // When it is read and when it is written has no order, so each kill meets another moment.
        assert_eq!(lines.filter(|line| line == "published").take(count).count(), count);
        child.kill().unwrap();
        child.wait().unwrap();
        let serving = project.serving().unwrap();
        assert_eq!(project.output().published().unwrap().id, serving);
        project.publish("next");
        let previous = format!("app-{serving}");
        assert_eq!(
            project.listing(),
            set([".dartflare.json", "app-next", "notes.txt", "worker.mjs", &previous])
        );
        assert_eq!(project.read("build/notes.txt"), "mine");
    }
}
