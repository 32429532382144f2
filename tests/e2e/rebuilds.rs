//! `dartflare dev --engine`: what happens around the compiler.
//!
//! The compiler is a fake, and what it writes is a program in JavaScript that speaks as compiled Dart does: so this shows
//! what dartflare does with a compiler's answers, and nothing about Dart. `compiled.rs` runs real compilers.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::machine;
use crate::pages_dev::{becomes, becomes_text};
use crate::processes::eventually;
use crate::project::Project;
use crate::session::Session;

const MAIN: &str = "lib/main.dart";
const LONG: Duration = Duration::from_secs(30);

/// The files that say what the fake compiler does; `tests/dart.sh` lists them.
struct Compiler(PathBuf);

impl Compiler {
    /// A fake SDK beside `project`.
    fn beside(project: &Project) -> Self {
        let sdk = project.path("../sdk");
        machine::write_dart_sdk(&sdk, "3.7.3");
        let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).join("dart_runtime");
        let name = project.path(".").canonicalize().expect("a folder");
        let name = name.file_name().expect("a name").display().to_string();
        let packages = serde_json::json!({
            "configVersion": 2,
            "generator": "pub",
            "packages": [
                { "name": name, "rootUri": "../", "packageUri": "lib/", "languageVersion": "3.5" },
                {
                    "name": "cloudflare_workers",
                    "rootUri": format!("file://{}", runtime.display()),
                    "packageUri": "lib/",
                    "languageVersion": "3.5",
                },
            ],
        });
        let compiler = Self(sdk);
        compiler.set("package_config.json", &packages.to_string());
        fs::create_dir_all(project.path(".dart_tool")).expect("a folder");
        project.write(".dart_tool/package_config.json", &packages.to_string());
        compiler.writes(program);
        compiler
    }

    fn dart(&self) -> String {
        self.0.join("bin/dart").display().to_string()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join("fake").join(name)
    }

    fn set(&self, name: &str, text: &str) {
        fs::write(self.file(name), text).expect("a file of the compiler");
    }

    /// It compiles to what `change` makes of the program.
    fn writes(&self, change: impl FnOnce() -> String) {
        let program = change();
        self.set("main.js", &program);
        // The shape of what Dart 3.5 writes.
        let glue = format!(
            "export const instantiate = () => {{}};\nexport const invoke = () => {{\n\
             const dartMainRunner = (main) => main();\n{program}}};\n"
        );
        self.set("main.mjs", &glue);
        fs::write(self.file("main.wasm"), b"\0asm\x01\0\0\0").expect("an empty module");
        for name in ["exit", "stdout"] {
            let _ = fs::remove_file(self.file(name));
        }
    }

    fn refuses(&self) {
        self.set("exit", "1");
        let said = "lib/main.dart:1:8:\nError: The price is too high.\nimport 'x';\n       ^\nError: Compilation failed.\n";
        self.set("stdout", said);
    }

    /// It hangs from now on; the answer tells when it does.
    fn hangs(&self) -> Hanging {
        let path = self.file("hang");
        let made = Command::new("mkfifo").arg(&path).status().expect("`mkfifo` runs");
        assert!(made.success());
        Hanging(path)
    }
}

struct Hanging(PathBuf);

impl Hanging {
    /// Waits until a compiler hangs. What is read on ends when nothing of it is left.
    fn reached(&self) -> BufReader<File> {
        let mut said = BufReader::new(File::open(&self.0).expect("a FIFO"));
        let mut line = String::new();
        said.read_line(&mut line).expect("a line");
        assert_eq!(line, "started\n");
        said
    }

    fn no_more(&self) {
        fs::remove_file(&self.0).expect("the FIFO removed");
    }
}

/// The program of `tests/js/rebuilds.mjs` in one file, as a compiler writes one.
fn program() -> String {
    let own = include_str!("../js/rebuilds.mjs").lines().filter(|line| !line.starts_with("import "));
    let stand_in = include_str!("../js/stand_in.mjs").replace("export ", "");
    own.fold(stand_in, |text, line| text + line + "\n")
}

fn greeting(text: &str) -> impl FnOnce() -> String {
    let text = format!("GREETING = '{text}'");
    move || program().replace("GREETING = 'as first written'", &text)
}

/// The fixture of a Durable Object and its compiler.
fn objects() -> (Project, Compiler) {
    let project = Project::copy("objects");
    let compiler = Compiler::beside(&project);
    (project, compiler)
}

#[track_caller]
fn start(project: Project, compiler: &Compiler, args: &[&str]) -> Session {
    Session::start_in(project, &[&["--dart", &compiler.dart()], args].concat())
}

/// Saves the program; what came of it, the compiler knows.
fn save(project: &Project) {
    project.edit(MAIN, |text| format!("{text}// Saved.\n"));
}

#[test]
fn an_edit_is_in_the_next_answer_and_objects_keep_their_state() {
    for engine in ["js", "wasm"] {
        let (project, compiler) = objects();
        let session = start(project, &compiler, &["--engine", engine]);
        let language = if engine == "js" { "JavaScript" } else { "WebAssembly" };
        let said = session
            .wait_for(|text| text.contains(&format!("\n  engine    {language}, compiled for debugging\n")));
        assert!(!said.contains("debugger") && !said.contains("rebuilt"), "{said}");
        session.get("/").is(200, "as first written");
        session.get("/PROBE").is(200, "1");

        for round in 2..5 {
            compiler.writes(greeting(&format!("in round {round}")));
            session.rebuild(save);
            session.get("/").is(200, &format!("in round {round}"));
            session.wait_for(|text| text.contains(&format!("printed: in round {round}\n")));
            session.get("/PROBE").is(200, &format!("{round}"));
        }

        // A save that changes nothing.
        let begin = session.now();
        let text = session.read(MAIN);
        session.write(MAIN, &text);
        session.wait_from(begin, |text| text.contains("up to date: there is nothing to rebuild\n"));

        let log = fs::read_to_string(compiler.file("log")).expect("a log");
        let runs: Vec<_> = log.split("\n\n").filter(|run| run.contains("\ncompile\n")).collect();
        assert_eq!(runs.len(), 4, "{log}");
        assert!(runs.iter().all(|run| run.contains("\n-O1\n--enable-asserts\n")), "{log}");
        assert!(!session.path("build").exists(), "what is deployed is left alone");
    }
}

#[test]
fn what_does_not_compile_is_shown_and_mended() {
    let (project, compiler) = objects();
    let session = start(project, &compiler, &["--engine", "js"]);
    session.get("/PROBE").is(200, "1");

    compiler.refuses();
    let begin = session.now();
    save(&session);
    let said = session.wait_from(begin, |text| {
        text.contains("error[E0201]: the program does not compile: 1 error\n")
            && text.contains("updated and ready")
    });
    let shown = "error: The price is too high.\n --> lib/main.dart:1:8\n  |\n1 | import ";
    assert!(said.contains(shown), "{said}");
    let answer = session.get("/");
    assert_eq!((answer.status, answer.header("content-type")), (500, "text/plain; charset=utf-8"));
    let page = format!("The Dart program does not compile\n\n1 error\n\n{shown}");
    assert!(answer.text().starts_with(&page), "{}", answer.text());
    let answer = session.request("GET", "/", &[("accept", "text/html")], b"");
    assert_eq!((answer.status, answer.header("content-type")), (500, "text/html; charset=utf-8"));
    assert!(answer.text().contains("<h1>The Dart program does not compile</h1>"), "{}", answer.text());
    assert!(answer.text().contains("The price is too high."), "{}", answer.text());

    compiler.writes(greeting("mended"));
    session.rebuild(save);
    session.get("/").is(200, "mended");
    session.get("/PROBE").is(200, "2");

    // A compiler that does not work is no reason to end.
    compiler.set("exit", "253");
    let begin = session.now();
    save(&session);
    session.wait_from(begin, |text| {
        text.contains(" crashed (exit code 253)\n") && text.contains("updated and ready")
    });
    let answer = session.get("/");
    assert!(answer.text().contains(" crashed (exit code 253)\n"), "{}", answer.text());
    compiler.writes(greeting("mended again"));
    session.rebuild(save);
    session.get("/").is(200, "mended again");
}

#[test]
fn the_last_good_worker_answers_if_asked_to() {
    let (project, compiler) = objects();
    compiler.refuses();
    // While there is none, errors are answered.
    let session = start(project, &compiler, &["--engine", "js", "--keep-last-good"]);
    let answer = session.get("/");
    assert_eq!(answer.status, 500);
    assert!(answer.text().contains("The price is too high."), "{}", answer.text());

    compiler.writes(greeting("good"));
    session.rebuild(save);
    session.get("/").is(200, "good");

    compiler.refuses();
    let begin = session.now();
    save(&session);
    let expected = "error[E0201]: the program does not compile: 1 error; the last good code answers\n";
    let said = session.wait_from(begin, |text| text.contains(expected));
    assert!(said.contains("error: The price is too high.\n"), "{said}");
    session.get("/").is(200, "good");

    compiler.writes(greeting("better"));
    session.rebuild(save);
    session.get("/").is(200, "better");
}

#[test]
fn a_new_class_of_the_configuration_is_exported() {
    let (project, compiler) = objects();
    let session = start(project, &compiler, &["--engine", "js"]);
    session.get("/PROBE").is(200, "1");

    compiler.writes(|| program().replace("['Probe']", "['Probe', 'Other']"));
    let begin = session.now();
    session.replace(
        "wrangler.toml",
        "[[migrations]]\ntag = \"v1\"\nnew_sqlite_classes = [\"Probe\"]\n",
        "[[durable_objects.bindings]]\nname = \"OTHER\"\nclass_name = \"Other\"\n\n\
         [[migrations]]\ntag = \"v1\"\nnew_sqlite_classes = [\"Probe\"]\n\n\
         [[migrations]]\ntag = \"v2\"\nnew_sqlite_classes = [\"Other\"]\n",
    );
    session.wait_from(begin, |text| text.contains("took up `wrangler.toml`\n"));
    eventually("the new class answers", LONG, || (session.get("/OTHER").text() == "1").then_some(()));
    session.get("/OTHER").is(200, "2");
    session.get("/PROBE").is(200, "2");

    // And it may go again.
    compiler.writes(program);
    session.edit("wrangler.toml", |text| {
        let binding = "[[durable_objects.bindings]]\nname = \"OTHER\"\nclass_name = \"Other\"\n\n";
        let migration = "\n[[migrations]]\ntag = \"v3\"\ndeleted_classes = [\"Other\"]\n";
        text.replace(binding, "") + migration
    });
    eventually("the class is gone", LONG, || (session.get("/OTHER").status == 500).then_some(()));
    session.get("/PROBE").is(200, "3");
    let said = session.transcript().text();
    // Wrangler never meets a configuration that names a class which the Worker does not export.
    assert!(!said.contains("not exported in your entrypoint file"), "{said}");
}

#[test]
fn wrangler_hears_of_every_configuration() {
    for engine in ["vm", "js"] {
        let (project, compiler) = objects();
        let args: &[&str] =
            if engine == "vm" { &[] } else { &["--engine", engine, "--dart", &compiler.dart()] };
        let session = Session::start_in(project, args);
        let first = session.read("wrangler.toml");
        for round in 0..4 {
            let begin = session.now();
            session.write("wrangler.toml", &format!("{first}\n[vars]\nMOTTO = \"of round {round}\"\n"));
            let told = format!("env.MOTTO (\"of round {round}\")");
            session.wait_from(begin, |text| {
                text.split_once(&told).is_some_and(|(_, after)| after.contains("updated and ready"))
            });
        }
    }
}

#[test]
fn a_newer_save_ends_the_compiler_that_runs() {
    let (project, compiler) = objects();
    let session = start(project, &compiler, &["--engine", "js"]);
    let hang = compiler.hangs();
    save(&session);
    let mut hanging = hang.reached();
    hang.no_more();
    // What answers meanwhile is what was compiled last.
    session.get("/").is(200, "as first written");
    compiler.writes(greeting("newer"));
    session.rebuild(save);
    session.get("/").is(200, "newer");
    let mut rest = String::new();
    hanging.read_line(&mut rest).expect("the end");
    assert_eq!(rest, "", "the compiler and its children hold this open while they live");
}

#[test]
fn ctrl_c_while_it_compiles_leaves_nothing() {
    let (project, compiler) = objects();
    let hang = compiler.hangs();
    let session = Session::launch(project, &["--port", "0", "--engine", "js", "--dart", &compiler.dart()]);
    let _hanging = hang.reached();
    let (status, text) = session.end(Signal::INT);
    assert_eq!(status.code(), Some(0), "{text}");

    let (project, compiler) = objects();
    let session = start(project, &compiler, &["--engine", "js"]);
    let hang = compiler.hangs();
    save(&session);
    let _hanging = hang.reached();
    let (status, text) = session.end(Signal::INT);
    assert_eq!(status.code(), Some(0), "{text}");
}

#[test]
fn packages_are_resolved_again_and_warnings_told_once() {
    let (project, compiler) = objects();
    let session = start(project, &compiler, &["--engine", "js"]);
    // A warning is told once, and not with every build.
    // As the program stays what it was, wrangler has nothing to load.
    let saves: [&dyn Fn(&str) -> String; 2] =
        [&|text| format!("import 'dart:io';\n{text}"), &|text| format!("{text}// Saved.\n")];
    for change in saves {
        let begin = session.now();
        session.edit(MAIN, change);
        session.wait_from(begin, |text| text.contains("rebuilt in "));
    }
    let said = session.transcript().stderr();
    assert_eq!(said.matches("warning[").count(), 1, "{said}");

    let resolved =
        || fs::read_to_string(compiler.file("log")).expect("a log").matches("\npub\nget\n").count();
    assert_eq!(resolved(), 0);
    compiler.writes(greeting("with another package"));
    // Another version of a package: what is written of it changes, and not where it is.
    let packages = fs::read_to_string(compiler.file("package_config.json")).expect("packages");
    compiler.set("package_config.json", &packages.replace("\"3.5\"", "\"3.6\""));
    session.rebuild(|project| project.edit("pubspec.yaml", |text| format!("{text}# Saved.\n")));
    assert_eq!(resolved(), 1);
    session.get("/").is(200, "with another package");
}

#[test]
fn a_pages_project_is_compiled_too() {
    for engine in ["js", "wasm"] {
        let project = Project::copy("pages-advanced");
        let compiler = Compiler::beside(&project);
        let greeting = |text: &str| greeting(text)().replace("CLASSES = ['Probe']", "CLASSES = []");
        compiler.writes(|| greeting("as first written"));
        let session = start(project, &compiler, &["--engine", engine]);
        session.get("/").is(200, "as first written");
        compiler.writes(|| greeting("edited"));
        save(&session);
        // Wrangler may bundle it twice, and be ready once before it is.
        becomes_text(&session, "/", "edited");

        compiler.refuses();
        save(&session);
        becomes(&session, "/", |answer| answer.text().contains("The price is too high."));
        compiler.writes(|| greeting("mended"));
        save(&session);
        becomes_text(&session, "/", "mended");

        // Another Worker, as the kinds of its bindings are others.
        let begin = session.now();
        session.replace("wrangler.jsonc", "\"NOTES\"", "\"TODOS\"");
        session.wait_from(begin, |text| text.contains("wrangler is ready again\n"));
        session.get("/").is(200, "mended");
        let files = fs::read_dir(session.path("public")).expect("the folder").count();
        assert_eq!(files, 4, "the output directory is left alone");
    }

    // With a server of a front end, where there is none.
    let project = Project::copy("pages-advanced");
    let compiler = Compiler::beside(&project);
    compiler.writes(|| program().replace("CLASSES = ['Probe']", "CLASSES = []"));
    let session = start(project, &compiler, &["--engine", "js", "--proxy", "9"]);
    session.get("/").is(200, "as first written");
}
