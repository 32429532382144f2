//! `dartflare test`.

use regex::Regex;
use rustix::process::Signal;

use crate::project::Project;
use crate::session::{Session, Turn};

/// What a run wrote and how it ended, with a stand-in for how long it took.
#[track_caller]
fn run(project: &Project, args: &[&str]) -> (String, String, Option<i32>) {
    let output = project.dartflare(&[&["test"], args].concat());
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    let stdout =
        Regex::new(r"in \d+\.\d s").expect("a pattern").replace_all(&text(output.stdout), "in N s").into();
    (stdout, text(output.stderr), output.status.code())
}

const TRANSCRIPT: &str = "\
ok   test/bindings_test.dart: storage is empty once
ok   test/bindings_test.dart: storage is empty again
ok   test/bindings_test.dart: storage is empty in two environments at once
ok   test/bindings_test.dart: a redirect is not followed
ok   test/bindings_test.dart: the Worker has the names that are configured
ok   test/bindings_test.dart: an alarm runs when it is wanted
ok   test/bindings_test.dart: a cron trigger fires with what it waits for
ok   test/bindings_test.dart: a batch is handled, and one that the Worker sends
ok   test/leaks_test.dart: alarm and workflow of one
ok   test/leaks_test.dart: alarm and workflow of another
all set up
skip test/reporting_test.dart: skipped (not now)
torn down
FAIL test/reporting_test.dart: a group fails
     expected: 200
       actual: 500
     it is to answer
     #0  main.<anonymous closure>.<anonymous closure> (test/reporting_test.dart:15:7)
     the Worker wrote:
       about to throw
       error: unhandled exception in fetch (GET http://localhost/throw)
       Bad state: no such thing
       #0  main.<anonymous closure> (lib/main.dart:37:11)

torn down
FAIL test/reporting_test.dart: a group fails later
     expected: throws <Instance of 'ArgumentError'>
       actual: it threw StateError:<Bad state: other>
        which: it is no `ArgumentError`
     #0  main.<anonymous closure>.<anonymous closure> (test/reporting_test.dart:19:7)

all torn down
10 passed, 2 failed, 1 skipped in N s
";

const EVENTS: &str = r##"{"event":"test","file":"test/bindings_test.dart","name":"storage is empty once","result":"passed","milliseconds":N}
{"event":"print","text":"all set up"}
{"event":"test","file":"test/reporting_test.dart","name":"skipped","result":"skipped","reason":"not now","milliseconds":N}
{"event":"print","text":"torn down"}
{"event":"test","file":"test/reporting_test.dart","name":"a group fails","result":"failed","failures":[{"error":"expected: 200\n  actual: 500\nit is to answer","stack":"#0  main.<anonymous closure>.<anonymous closure> (test/reporting_test.dart:15:7)"}],"output":["about to throw","error: unhandled exception in fetch (GET http://localhost/throw)","Bad state: no such thing","#0  main.<anonymous closure> (lib/main.dart:37:11)"],"milliseconds":N}
{"event":"print","text":"all torn down"}
{"event":"summary","passed":1,"failed":1,"skipped":1,"milliseconds":N}
"##;

#[test]
fn tests_have_bindings_of_their_own_beside_dev() {
    let session = Session::start("testing");
    session.get("/visits").is(200, "1");

    let (stdout, stderr, code) = run(&session, &[]);
    assert_eq!(stdout, TRANSCRIPT, "{stderr}");
    assert_eq!((stderr.as_str(), code), ("", Some(1)));

    let (stdout, stderr, code) = run(&session, &["--json", "--name", "fails$|empty once|skipped"]);
    let stdout =
        Regex::new(r#""milliseconds":\d+"#).expect("a pattern").replace_all(&stdout, r#""milliseconds":N"#);
    assert_eq!(stdout, EVENTS, "{stderr}");
    assert_eq!((stderr.as_str(), code), ("", Some(1)));

    // Nothing of it is in what the project stores, nor stays.
    session.get("/visits").is(200, "2");
    assert!(!session.path(".dart_tool/dartflare/test").exists());
    assert!(session.path(".dart_tool/dartflare/dev").exists());
}

#[test]
fn what_does_not_compile_is_told_once_and_an_interrupted_run_leaves_nothing() {
    let project = Project::copy("testing");
    project.write(
        "test/long_test.dart",
        "import 'package:cloudflare_workers/testing.dart';\n\
         void main() => test('waits', () async {\n\
         await testEnvironment();\n\
         print('waiting');\n\
         await Future<void>.delayed(const Duration(minutes: 1));\n\
         });\n",
    );
    project.write(
        "test/wrong_test.dart",
        "import 'package:cloudflare_workers/testing.dart';\n\
         import 'package:tested/environment.g.dart';\n\
         void main() => test('wrong', () async => (await testEnvironment()).note);\n",
    );
    let turn = Turn::take();
    let (stdout, stderr, code) = run(&project, &["test/wrong_test.dart"]);
    assert_eq!((stdout.as_str(), code), ("", Some(1)), "{stderr}");
    assert!(stderr.contains("test/wrong_test.dart:3:68: Error: The getter 'note' isn't defined"), "{stderr}");
    assert!(
        stderr.ends_with(
            "error[E0201]: the tests do not compile: 1 error\n\
             hint: did you mean `notes`? it is in `package:tested/environment.g.dart`\n"
        ),
        "{stderr}"
    );

    project.replace("lib/main.dart", "'no such thing'", "noSuchThing");
    let (stdout, stderr, code) = run(&project, &["test/long_test.dart"]);
    assert_eq!((stdout.as_str(), code), ("", Some(1)), "{stderr}");
    assert_eq!(stderr.matches("noSuchThing").count(), 2, "the message and the line: {stderr}");
    assert!(stderr.contains("error[E0201]: the program does not compile: 1 error\n"), "{stderr}");
    project.replace("lib/main.dart", "noSuchThing", "'no such thing'");
    drop(turn);

    let tests = Session::tests(project, &["test/long_test.dart"]);
    tests.wait_for(|text| text.contains("waiting\n"));
    let folder = tests.path(".dart_tool/dartflare/test");
    assert!(folder.exists());
    debugger_answers(&tests);
    let (status, text) = tests.end(Signal::INT);
    assert_eq!(status.code(), Some(130), "{text}");
    assert!(!folder.exists());
}

/// A debugger finds the Worker while a test runs.
#[track_caller]
fn debugger_answers(tests: &Session) {
    let service: serde_json::Value =
        serde_json::from_str(&tests.read(".dart_tool/dartflare/test/vm_service.json")).expect("JSON");
    let uri = service["uri"].as_str().expect("a URI");
    let mut answer = ureq::get(format!("{uri}getVM")).call().expect("an answer");
    let text = answer.body_mut().read_to_string().expect("a text");
    let vm: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let isolates = vm["result"]["isolates"].as_array().expect("isolates");
    assert!(isolates.iter().any(|isolate| isolate["name"] == "worker 1"), "{vm}");
}

#[test]
fn the_examples_pass_their_tests() {
    for (name, count) in [("todos", 3), ("views", 2), ("guestbook", 3), ("pages-fullstack", 2)] {
        let _turn = Turn::take();
        let (stdout, stderr, code) = run(&Project::copy(name), &[]);
        assert!(stdout.ends_with(&format!("{count} passed in N s\n")), "{name}: {stdout}{stderr}");
        assert_eq!(code, Some(0));
    }
}

#[test]
fn files_for_package_test_go_to_dart_test() {
    let project = Project::copy("testing");
    project.write("test/package_test.dart", "import 'package:test/test.dart';\nvoid main() {}\n");
    let config = project.path("packages.json");
    let folder = std::fs::canonicalize("dart_runtime").expect("the package");
    project.write(
        "packages.json",
        &format!(
            r#"{{"configVersion": 2, "packages": [
                {{"name": "tested", "rootUri": "../", "packageUri": "lib/", "languageVersion": "3.5"}},
                {{"name": "cloudflare_workers", "rootUri": "file://{}", "packageUri": "lib/", "languageVersion": "3.5"}}]}}"#,
            folder.display()
        ),
    );
    let real = std::env::var("DARTFLARE_DART").expect("`tools/env` names a Dart");
    let dart = project.path("sdk/bin/dart");
    crate::harness::write_script(
        &dart,
        &format!(
            "#!/bin/sh\ncase $1 in\n\
             pub) mkdir -p .dart_tool; cp '{}' .dart_tool/package_config.json;;\n\
             test) echo \"$@\"; [ -n \"$DARTFLARE_TEST\" ] && exit 79;;\n\
             *) exec '{real}' \"$@\";;\nesac\n",
            config.display()
        ),
    );
    let bare = project.path("bare/dart");
    crate::harness::write_script(
        &bare,
        &format!("#!/bin/sh\n[ \"$1\" = pub ] && exit 64\nexec '{real}' \"$@\"\n"),
    );
    let (_, stderr, code) = run(&project, &["--dart", &bare.display().to_string(), "test/package_test.dart"]);
    let expected = "error[E0803]: `test/package_test.dart` is for `package:test`, and ";
    assert!(stderr.starts_with(expected), "{stderr}");
    assert_eq!(code, Some(3));
    crate::harness::write_script(&project.path("sdk/bin/snapshots/dartdev_aot.dart.snapshot"), "");
    let dart = dart.display().to_string();
    let _turn = Turn::take();
    let args =
        ["--dart", &dart, "--json", "--name", "a b", "test/package_test.dart", "--", "--concurrency", "2"];
    let (stdout, stderr, code) = run(&project, &args);
    assert_eq!(
        stdout, "test --reporter json --name a b --concurrency 2 test/package_test.dart\n",
        "{stderr}"
    );
    assert_eq!(code, Some(1), "{stderr}");
}

#[test]
fn tests_that_are_killed_are_told() {
    let project = Project::copy("testing");
    project.write(
        "test/killed_test.dart",
        "import 'dart:io';\nimport 'package:cloudflare_workers/testing.dart';\n\
         void main() => test('ends', () => Process.killPid(pid, ProcessSignal.sigkill));\n",
    );
    let (_, stderr, code) = run(&project, &["test/killed_test.dart"]);
    assert_eq!(code, Some(3), "{stderr}");
    assert!(
        stderr.contains("error[E0804]: the program with the tests stopped (signal: 9 (SIGKILL))\n"),
        "{stderr}"
    );
}
