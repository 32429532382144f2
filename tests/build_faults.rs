//! `dartflare build` while others build, while it is killed, and where it cannot write: the last good build always works,
//! and what is the user's stays.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::build::{
    LONG, Running, again, answer, build_of, compiles, fifo, files, program, project, published, write,
};
use crate::harness::{Test, random, skip};
use crate::processes::{eventually, marked, send};

const PROGRAM: &str = "sdk/fake/main.js";
const WAIT: &str = "sdk/fake/wait";

/// A build that works, of a program whose text is `// good`.
fn good() -> TempDir {
    project().file(PROGRAM, "// good\n").args("-q").run()
}

/// Starts a build whose compiler waits in the middle of its work for [`go_on`].
fn waiting(test: &Test, args: &[&str]) -> Running {
    let wait = test.path().join(WAIT);
    let _ = fs::remove_file(&wait);
    fifo(&wait);
    let before = compiles(test.path());
    let running = Running::start(test, &[&["build"], args].concat());
    eventually("the compiler runs", LONG, || (compiles(test.path()) > before).then_some(()));
    running
}

fn go_on(fifo: &Path) {
    // Opened for both, so as not to wait for a reader.
    fs::File::options().read(true).write(true).open(fifo).unwrap().write_all(b"\n").unwrap();
}

#[test]
fn a_newer_build_kills_the_compiler_of_an_older_one_and_both_end_well() {
    let dir = good();
    write(&dir, "lib/main.dart", "// saved once\n");
    let test = again(dir);
    let older = waiting(&test, &[]);
    fs::remove_file(test.path().join(WAIT)).unwrap();
    write(test.dir(), "lib/main.dart", "// saved twice\n");
    write(test.dir(), PROGRAM, "// newest\n");
    let mark = older.mark.clone();
    let newer = Running::start(&test, &["build"]);
    let (code, stderr) = newer.end(&test);
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(published(test.path()), "// newest\n");
    assert_eq!(
        older.end(&test),
        (
            Some(0),
            "compiling `lib/main.dart` to JavaScript with Dart 3.9.2\n`build/worker.mjs` is up to date\n"
                .to_owned()
        )
    );
    eventually("nothing of the older is left", LONG, || marked(&mark).is_empty().then_some(()));
    assert_eq!(compiles(test.path()), 3);
    again(test.into_dir()).stderr("`build/worker.mjs` is up to date\n").run();
}

#[test]
fn an_older_build_publishes_nothing_over_a_newer_one_with_other_flags() {
    let test = again(good());
    let older = waiting(&test, &["-O1"]);
    fs::remove_file(test.path().join(WAIT)).unwrap();
    write(test.dir(), PROGRAM, "// newest\n");
    let (code, stderr) = Running::start(&test, &["build", "-O3"]).end(&test);
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(
        older.end(&test),
        (
            Some(3),
            "compiling `lib/main.dart` to JavaScript with Dart 3.9.2\n\
             error[E0406]: a newer build of this project took over and published something else\n\
             hint: see what the newer build says, or build again\n\
             for more, run `dartflare explain E0406`\n"
                .to_owned()
        )
    );
    assert_eq!(published(test.path()), "// newest\n");
    let test = again(test.into_dir());
    let (_, stderr) = Running::start(&test, &["build", "-O3"]).end(&test);
    assert_eq!(stderr, "`build/worker.mjs` is up to date\n");
}

#[test]
fn an_older_build_begins_anew_when_the_newer_one_came_to_nothing() {
    let dir = good();
    write(&dir, "lib/main.dart", "// saved\n");
    write(&dir, PROGRAM, "// saved\n");
    let test = again(dir);
    let older = waiting(&test, &["-q"]);
    fs::remove_file(test.path().join(WAIT)).unwrap();
    let (code, _) = Running::start(&test, &["build", "--entry", "lib/none.dart"]).end(&test);
    assert_eq!(code, Some(1));
    assert_eq!(older.end(&test).0, Some(0));
    assert_eq!(published(test.path()), "// saved\n");
    assert_eq!(compiles(test.path()), 3);
}

#[test]
fn a_compiler_that_outlives_its_killed_build_writes_into_no_other() {
    let dir = good();
    write(&dir, "lib/main.dart", "// saved\n");
    write(&dir, PROGRAM, "// of the killed build\n");
    let test = again(dir);
    let mut killed = waiting(&test, &[]);
    killed.child.kill().unwrap();
    killed.child.wait().unwrap();
    assert!(!marked(&killed.mark).is_empty(), "the compiler goes on");
    let orphans = test.path().join("orphans");
    fs::rename(test.path().join(WAIT), &orphans).unwrap();

    // The next compiler writes nothing, and says that all went well: whatever is found was written by the other.
    write(test.dir(), "sdk/fake/silent", "");
    let next = waiting(&test, &["-q"]);
    fs::remove_file(test.path().join("sdk/fake/silent")).unwrap();
    go_on(&orphans);
    eventually("the orphan has ended", LONG, || marked(&killed.mark).is_empty().then_some(()));
    write(test.dir(), "sdk/fake/silent", "");
    go_on(&test.path().join(WAIT));
    let (code, stderr) = next.end(&test);
    assert_eq!(
        (code, stderr.as_str()),
        (
            Some(3),
            "error[E0221]: `dart compile js` of Dart 3.9.2 at `[DIR]/sdk/bin/dart` reported success and wrote no `main.js`\n\
             hint: see whether the disk is full, and run it again\n"
        )
    );
    assert_eq!(published(test.path()), "// good\n");
}

#[test]
fn a_build_killed_at_any_moment_leaves_one_that_works() {
    let mut random = random();
    let test = again(good());
    let begin = |test: &Test, count: usize| {
        write(test.dir(), "lib/main.dart", &format!("// {count}\n"));
        write(test.dir(), PROGRAM, &format!("// program {count}\n"));
        Running::start(test, &["build"])
    };
    let started = Instant::now();
    assert_eq!(begin(&test, 0).end(&test).0, Some(0));
    let whole = started.elapsed();
    let mut last = published(test.path());
    for count in 1..=10 {
        let mut running = begin(&test, count);
        let moment = whole.mul_f64(random() * 1.1);
        // Not to wait for anything: the moment is what is tried.
        thread::sleep(moment);
        running.child.kill().unwrap();
        running.child.wait().unwrap();
        eventually("its compiler has ended", LONG, || marked(&running.mark).is_empty().then_some(()));
        let now = published(test.path());
        assert!(
            now == last || now == format!("// program {count}\n"),
            "killed after {moment:?} of {whole:?}: {now:?} after {last:?}"
        );
        last = now;
    }
    assert_eq!(begin(&test, 11).end(&test).0, Some(0));
    assert_eq!(published(test.path()), "// program 11\n");
    // What the killed ones left is gone; the build before stays for whoever still reads it.
    let mut names: Vec<String> = fs::read_dir(build_of(test.dir()))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with("app-"))
        .collect();
    names.sort();
    assert_eq!(names, [".dartflare.json", ".gitignore", "worker.mjs"]);
    assert!(fs::read_dir(build_of(test.dir())).unwrap().count() <= 5);
    assert!(!test.path().join(".dart_tool/dartflare/build").exists());
}

/// A build that may write files of at most `blocks` times 512 bytes, or 1024 with some shells, as on a full disk.
fn with_little_space(test: &Test, blocks: u32) -> Running {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" build -q");
    Running::start_program(test, "/bin/sh", &["-c", &script, env!("CARGO_BIN_EXE_dartflare")])
}

#[test]
fn a_full_disk_leaves_the_last_good_build() {
    let dir = project().file(PROGRAM, &program("the last good one")).args("-q").run();
    let before = files(&build_of(&dir));
    write(&dir, "lib/main.dart", "// changed\n");
    write(&dir, PROGRAM, &program("changed"));
    let test = again(dir).varies(r"app-HASH/\w+\.mjs", "app-HASH/PART");
    let (code, stderr) = with_little_space(&test, 6).end(&test);
    assert_eq!(
        (code, stderr.as_str()),
        (
            Some(3),
            "error[E0002]: cannot write `build/app-HASH/PART`: file too large\n\
             hint: free some space on its disk and build again; the last good build in `build` is untouched\n"
        )
    );
    assert_eq!(files(&build_of(test.dir())), before, "nothing of the failed build is left");
    assert_eq!(published(test.path()), program("the last good one"));
    match answer(test.path()) {
        Some(got) => assert_eq!(got, (200, "the last good one".to_owned())),
        None => skip("build_faults::a_full_disk_leaves_the_last_good_build", "no workerd"),
    }

    // Not even the compiler can write.
    let (code, stderr) = with_little_space(&test, 0).end(&test);
    assert_eq!(code, Some(3));
    assert!(
        stderr.starts_with(
            "error[E0221]: `dart compile js` of Dart 3.9.2 at `[DIR]/sdk/bin/dart` reported success and wrote an empty `main.js`\n"
        ),
        "{stderr}"
    );
    assert!(stderr.ends_with("hint: see whether the disk is full, and run it again\n"), "{stderr}");
    assert_eq!(files(&build_of(test.dir())), before);

    let dir = again(test.into_dir()).args("-q").run();
    assert_eq!(published(dir.path()), program("changed"));
}

#[test]
fn a_full_disk_under_wrangler_dev_says_what_does_not_compile_too() {
    let dir = good();
    write(&dir, "sdk/fake/exit", "1");
    write(&dir, "sdk/fake/stdout", "lib/main.dart:1:1:\nError: Bad.\nError: Compilation failed.\n");
    write(&dir, "lib/main.dart", "bad\n");
    let test = again(dir).env("WRANGLER_COMMAND", "dev");
    let (code, stderr) = with_little_space(&test, 1).end(&test);
    assert_eq!(
        (code, stderr.as_str()),
        (
            Some(3),
            "error: Bad.\n --> lib/main.dart:1:1\n  |\n1 | bad\n  | ^\n\
             error[E0201]: the program does not compile: 1 error\n\
             error[E0002]: cannot write `build/.dartflare.json`: file too large\n\
             hint: free some space on its disk and build again; the last good build in `build` is untouched\n"
        )
    );
    assert_eq!(published(test.path()), "// good\n");
}

/// Runs `dartflare` so that permissions hold for it, for root too; nothing where that cannot be done.
fn permitted(test: &Test, name: &str) -> Option<Running> {
    let binary = env!("CARGO_BIN_EXE_dartflare");
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        return Some(Running::start(test, &["build", "-q"]));
    }
    let drop = ["--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"];
    let setpriv = which::which("setpriv").ok().filter(|setpriv| {
        let works = Command::new(setpriv).args(drop).arg("true").output();
        works.is_ok_and(|output| output.status.success())
    });
    let Some(setpriv) = setpriv else {
        skip(name, "permissions do not bind root, and there is no `setpriv`");
        return None;
    };
    let setpriv = setpriv.display().to_string();
    Some(Running::start_program(test, &setpriv, &[&drop[..], &[binary, "build", "-q"]].concat()))
}

#[test]
fn a_read_only_folder_keeps_the_last_good_build() {
    let dir = good();
    let build = build_of(&dir);
    let before = files(&build);
    write(&dir, "lib/main.dart", "// changed\n");
    write(&dir, PROGRAM, "// changed\n");
    let test = again(dir);
    fs::set_permissions(&build, fs::Permissions::from_mode(0o555)).unwrap();
    let ended = permitted(&test, "build_faults::a_read_only_folder_keeps_the_last_good_build")
        .map(|running| running.end(&test));
    fs::set_permissions(&build, fs::Permissions::from_mode(0o755)).unwrap();
    let Some((code, stderr)) = ended else { return };
    assert_eq!(
        (code, stderr.as_str()),
        (
            Some(3),
            "error[E0002]: cannot write `build/.dartflare.json`: permission denied\n\
             hint: make the folder `build` writable and build again, or set `main` to a path elsewhere; the last \
             good build in `build` is untouched\n"
        )
    );
    assert_eq!(files(&build), before);
    assert_eq!(published(test.path()), "// good\n");
    let dir = again(test.into_dir()).args("-q").run();
    assert_eq!(published(dir.path()), "// changed\n");
}

#[test]
fn a_file_where_the_folder_must_be_is_the_users() {
    let dir = project()
        .file("build", "mine\n")
        .code(1)
        .stderr(
            "error[E0403]: `build` is a file, and `main = \"build/worker.mjs\"` needs a folder there\n \
             --> wrangler.toml:2:8\n  |\n2 | main = \"build/worker.mjs\"\n  |        ^^^^^^^^^^^^^^^^^^\n\
             hint: move it, or set `main` to a path in a folder of its own\n",
        )
        .run();
    assert_eq!(fs::read_to_string(dir.path().join("build")).unwrap(), "mine\n");
    assert_eq!(compiles(dir.path()), 0);
}

#[test]
fn a_users_file_beside_the_build_stays_and_one_in_its_way_is_refused() {
    let dir =
        project().file("build/notes.txt", "mine\n").file("build/deep/er.mjs", "mine\n").args("-q").run();
    published(dir.path());
    let mine = |dir: &TempDir| {
        assert_eq!(fs::read_to_string(dir.path().join("build/notes.txt")).unwrap(), "mine\n");
        assert_eq!(fs::read_to_string(dir.path().join("build/deep/er.mjs")).unwrap(), "mine\n");
    };
    mine(&dir);
    assert!(!dir.path().join("build/.gitignore").exists(), "the folder is not dartflare's alone");

    // A file of the user's among the parts outlives them.
    let app = files(&build_of(&dir)).into_iter().find(|name| name.ends_with("/shim.mjs")).unwrap();
    let app = PathBuf::from(app).parent().unwrap().display().to_string();
    write(&dir, &format!("build/{app}/note.txt"), "mine too\n");
    let mut dir = dir;
    for count in 0..3 {
        write(&dir, "lib/main.dart", &format!("// {count}\n"));
        write(&dir, PROGRAM, &format!("// {count}\n"));
        dir = again(dir).args("-q").run();
    }
    mine(&dir);
    assert_eq!(files(&build_of(&dir).join(app)), ["note.txt"]);
    assert_eq!(published(dir.path()), "// 2\n");
}

const IN_THE_WAY: &str = "\
error[E0403]: `build/worker.mjs` is in the way: the build writes there, and did not write what is there now
 --> wrangler.toml:2:8
  |
2 | main = \"build/worker.mjs\"
  |        ^^^^^^^^^^^^^^^^^^
hint: move it, or set `main` to a path in a folder of its own
";

#[test]
fn an_entry_that_the_user_wrote_is_not_overwritten() {
    let dir = project()
        .file("build/worker.mjs", "export default { fetch: () => new Response('mine') };\n")
        .code(1)
        .stderr(IN_THE_WAY)
        .run();
    assert!(fs::read_to_string(dir.path().join("build/worker.mjs")).unwrap().contains("mine"));
    assert_eq!(files(&build_of(&dir)), ["worker.mjs"]);
}

#[test]
fn an_entry_that_the_user_changed_is_not_overwritten() {
    let dir = good();
    let changed = fs::read_to_string(dir.path().join("build/worker.mjs")).unwrap() + "// my own line\n";
    write(&dir, "build/worker.mjs", &changed);
    let dir = again(dir).code(1).stderr(IN_THE_WAY).run();
    assert_eq!(fs::read_to_string(dir.path().join("build/worker.mjs")).unwrap(), changed);
}

#[test]
fn without_a_bundler_a_users_file_is_in_the_way() {
    let toml = format!("{}no_bundle = true\n", crate::machine::CONFIGURATION);
    let dir = project().file("wrangler.toml", &toml).file(PROGRAM, "// good\n").args("-q").run();
    write(&dir, "build/notes.txt", "mine\n");
    write(&dir, "lib/main.dart", "// changed\n");
    let dir = again(dir).code(1).stderr("error[E0405]: `build/notes.txt` is not part of the build, and with `no_bundle` Wrangler uploads what is beside the entry\n \
             --> wrangler.toml:2:8\n  |\n2 | main = \"build/worker.mjs\"\n  |        ^^^^^^^^^^^^^^^^^^\n\
             hint: move it, or set `main` to a path in a folder of its own\n").run();
    assert_eq!(fs::read_to_string(dir.path().join("build/notes.txt")).unwrap(), "mine\n");
    assert_eq!(published(dir.path()), "// good\n");
    fs::rename(dir.path().join("build/notes.txt"), dir.path().join("notes.txt")).unwrap();
    let dir = again(dir).args("-q").run();
    // Nothing that is uploaded is left of the build before.
    assert_eq!(files(&build_of(&dir)).iter().filter(|name| name.ends_with("shim.mjs")).count(), 1);
}

#[test]
fn a_manifest_that_is_not_ours_is_left_alone() {
    let dir = good();
    write(&dir, "build/.dartflare.json", "{\"dartflare\": 2}\n");
    write(&dir, "lib/main.dart", "// changed\n");
    let before = files(&build_of(&dir));
    let dir = again(dir)
        .code(1)
        .stderr(
            "error[E0404]: `build/.dartflare.json` is not a manifest that this version of dartflare wrote\n \
             --> wrangler.toml:2:8\n  |\n2 | main = \"build/worker.mjs\"\n  |        ^^^^^^^^^^^^^^^^^^\n\
             hint: remove the folder `build` if nothing in it is yours, and build again\n",
        )
        .run();
    assert_eq!(files(&build_of(&dir)), before);
    assert_eq!(published(dir.path()), "// good\n");
}

#[test]
fn where_locks_cannot_be_kept() {
    let dir = good();
    fs::remove_dir_all(dir.path().join(".dart_tool/dartflare")).unwrap();
    write(&dir, ".dart_tool/dartflare", "");
    write(&dir, "lib/main.dart", "// changed\n");
    let dir = again(dir)
        .code(3)
        .stderr(
            "error[E0002]: cannot lock `.dart_tool/dartflare/builds`: not a directory\n\
             hint: `.dart_tool/dartflare` is a file, and a folder is needed there: move it away\n",
        )
        .run();
    assert_eq!(published(dir.path()), "// good\n");
}

#[test]
fn a_signal_while_publishing_leaves_one_that_works() {
    let dir = good();
    let test = again(dir);
    for count in 0..5 {
        write(test.dir(), "lib/main.dart", &format!("// {count}\n"));
        write(test.dir(), PROGRAM, &format!("// {count}\n"));
        let before = published(test.path());
        let running = Running::start(&test, &["build", "-q"]);
        let staged = || {
            fs::read_dir(build_of(test.dir()))
                .unwrap()
                .flatten()
                .any(|entry| entry.file_name().to_string_lossy().starts_with(".dartflare-app-"))
        };
        let begun = Instant::now();
        while !staged() && published(test.path()) == before && begun.elapsed() < Duration::from_secs(5) {
            thread::yield_now();
        }
        send(running.child.id(), Signal::TERM);
        running.end(&test);
        let now = published(test.path());
        assert!(now == before || now == format!("// {count}\n"), "{now}");
    }
}
