//! Programs that do not start, and what is said of them.

use std::net::TcpListener;

use crate::processes::eventually;
use crate::project::Project;
use crate::session::Session;

const MAIN: &str = "lib/main.dart";

#[test]
fn a_program_that_does_not_compile_at_the_start_can_be_mended() {
    let project = Project::copy("hello");
    project.replace(MAIN, "Response.ok(", "Response.okay(");
    let session = Session::start_in(project, &[]);
    let text = session.transcript().stderr();
    assert!(text.contains("lib/main.dart:8:23: Error: Member not found: 'Response.okay'."), "{text}");
    assert!(text.contains("error[E0201]: the program does not compile: 1 error\n"), "{text}");
    let answer = session.get("/");
    assert_eq!(answer.status, 500);
    assert!(answer.text().contains("lib/main.dart:8:23: Error: "), "{}", answer.text());
    session.reload(|project| project.replace(MAIN, "Response.okay(", "Response.ok("));
    session.get("/").is(200, "Hello, world!\n");
}

#[test]
fn a_main_that_does_not_register_says_why() {
    const GOOD: &str = "CloudflareWorkers(fetch: (request, env, ctx) => Response.ok('good\\n'));";
    let program = |is_async: bool, body: &str| {
        format!(
            "import 'dart:async';\n\nimport 'package:cloudflare_workers/cloudflare_workers.dart';\n\n{} {{\n  {body}\n}}\n",
            if is_async { "Future<void> main() async" } else { "void main()" }
        )
    };
    let start = "The Dart program did not start\n\n";
    let project = Project::copy("hello");
    project.write(MAIN, &program(false, "throw StateError('no luck');"));
    let session = Session::start_in(project, &[]);
    let answer = session.get("/");
    assert_eq!(answer.status, 500);
    let expected = format!("{start}`main()` threw\n\nBad state: no luck\n#0  main (lib/main.dart:6:3)\n");
    assert!(answer.text().starts_with(&expected), "{}", answer.text());
    assert!(
        session
            .transcript()
            .stderr()
            .contains("error[E0301]: `main()` threw\n\nBad state: no luck\n#0  main (lib")
    );

    let nothing =
        "`main()` registered nothing; construct CloudflareWorkers(fetch: ...) in it before the first `await`";
    let late = "CloudflareWorkers was constructed after `main()` had returned; construct it before the first `await`";
    let timer = "Workers forbid timers while `main()` runs; start them in a handler";
    let operation = "bindings and requests can be used while an event is handled, not while `main()` runs";
    let twice = "CloudflareWorkers was constructed twice; give all handlers and Durable Objects to one";
    let no_fetch =
        "this Worker has no handler for `fetch` events, give `CloudflareWorkers` the argument `fetch`";
    // The program, what the client reads and what the terminal shows.
    let programs = [
        (program(false, ""), nothing, nothing),
        (program(true, &format!("await null;\n  {GOOD}")), nothing, late),
        (program(false, &format!("Timer(Duration.zero, () {{}});\n  {GOOD}")), timer, timer),
        (program(false, &format!("Timer.periodic(Duration.zero, (_) {{}});\n  {GOOD}")), timer, timer),
        (program(false, &format!("fetch('https://example.com');\n  {GOOD}")), "good\n", operation),
        (program(false, &format!("{GOOD}\n  {GOOD}")), twice, twice),
        (program(false, "CloudflareWorkers(durableObjects: {});"), no_fetch, no_fetch),
        (program(false, GOOD), "good\n", ""),
    ];
    for (source, answered, said) in programs {
        let start = session.now();
        session.reload(|project| project.write(MAIN, &source));
        let answer = session.get("/");
        assert!(answer.text().contains(answered), "{source}\nanswered\n{}", answer.text());
        assert_eq!(answer.status, if answered == "good\n" { 200 } else { 500 }, "{source}");
        session.wait_from(start, |text| text.contains(said));
    }
}

#[test]
fn a_port_or_a_project_that_is_taken_is_named() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("its number").port();
    let session = Session::launch(Project::copy("hello"), &["--port", &port.to_string()]);
    let (status, text) = session.ended();
    assert_eq!(status.code(), Some(3), "{text}");
    let expected = format!(
        "error[E0602]: port {port} cannot be used: address already in use\n\
         hint: end what listens there, or choose another with `--port`; `--port 0` takes any free one\n\
         for more, run `dartflare explain E0602`\n"
    );
    assert!(text.ends_with(&expected), "{text}");

    let session = Session::start("hello");
    let second = session.dev("second").args(["--port", "0"]).output().expect("the binary runs");
    assert_eq!(second.status.code(), Some(3));
    let expected = format!(
        "error[E0601]: `dartflare dev` already runs in this project (process {})\n\
         hint: end it first, or use its address\n\
         for more, run `dartflare explain E0601`\n",
        session.dartflare().pid
    );
    assert_eq!(String::from_utf8_lossy(&second.stderr), expected);
    assert_eq!(String::from_utf8_lossy(&second.stdout), "");
    // The first one does not mind.
    session.get("/").is(200, "Hello, world!\n");
    assert!(session.path(".dartflare.wrangler.json").exists());
}

#[test]
fn a_broken_configuration_is_shown_and_a_mended_one_taken_up() {
    const CONFIG: &str = "wrangler.toml";
    let session = Session::start("handlers");
    session.get("/").is(200, "hello\n");
    let start = session.now();
    session.replace(CONFIG, "[vars]", "[vars");
    let text = session.wait_from(start, |text| text.contains("the last good configuration stays in use\n"));
    assert!(text.contains("error[E0104]: "), "{text}");
    assert!(text.contains("--> wrangler.toml:9:"), "{text}");
    assert!(text.contains("9 | [vars\n"), "{text}");
    session.get("/").is(200, "hello\n");

    let start = session.now();
    session.edit(CONFIG, |text| {
        let kv = "[[kv_namespaces]]\nbinding = \"NOTES\"\nid = \"notes\"\n\n[vars]\nMOTTO = \"onwards\"\n";
        text.replace("[vars", kv)
    });
    session.wait_from(start, |text| text.contains("took up `wrangler.toml`\n"));
    // Wrangler takes a moment of its own.
    eventually("the new variable is there", std::time::Duration::from_secs(30), || {
        (session.get("/variable?name=MOTTO").status == 200).then_some(())
    });
    session.get("/variable?name=MOTTO").is(200, "onwards\n");
    session.get("/").is(200, "hello\n");
    let answer = session.get("/misnamed");
    assert!(answer.text().contains("KV namespace `TODOS`, KV namespace `NOTES`"), "{}", answer.text());
}

#[test]
fn a_class_that_only_one_side_knows_is_named() {
    let session = Session::start("objects");
    session.get("/a/count").is(200, "1\n");
    assert!(!session.transcript().stderr().contains("warning"), "{}", session.transcript().stderr());

    let start = session.now();
    session.reload(|project| project.replace(MAIN, "{'Probe': Probe.new}", "{'Prob': Probe.new}"));
    let text = session.wait_from(start, |text| text.matches("hint: ").count() == 2);
    for part in [
        "warning[W0301]: `main()` does not register the Durable Object class `Probe`\n --> wrangler.toml:7:14\n",
        "7 | class_name = \"Probe\"\n  |              ^^^^^^^ bound here\n",
        "hint: it registers `Prob`: write the same name there and in the configuration\n",
        "warning[W0304]: `main()` registers the Durable Object class `Prob`, and `wrangler.toml` does not bind it\n\
         hint: it binds `Probe`: write the same name there and in `main()`\n",
    ] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
    let answer = session.get("/a/count");
    assert_eq!(answer.status, 500);
    for text in [answer.text(), &session.transcript().stderr()] {
        assert!(text.contains("no Durable Object class `Probe` is registered; there is `Prob`"), "{text}");
    }

    session.reload(|project| project.replace(MAIN, "{'Prob': Probe.new}", "{'Probe': Probe.new}"));
    session.get("/a/count").is(200, "2\n");
}

#[test]
fn a_wrangler_that_does_not_start_is_told_with_what_it_said() {
    let project = Project::copy("hello");
    let (status, text) = Session::launch(project, &["--port", "0", "--", "--no-such-flag"]).ended();
    assert_eq!(status.code(), Some(1), "{text}");
    assert!(text.contains("Unknown argument"), "{text}");
    let expected = "error[E0605]: wrangler did not start (exit status: 1)\n\
                    hint: what it said stands above; flags after `--` go to it as they are\n";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn another_folder_of_files_takes_another_start() {
    const CONFIG: &str = "wrangler.jsonc";
    let session = Session::start("pages-functions");
    session.get("/hello").is(200, "hello\n");
    let start = session.now();
    session.replace(CONFIG, "\"public\"", "\"static\"");
    let text = session.wait_from(start, |text| text.contains("the last good configuration stays in use\n"));
    let expected = "error[E0610]: `pages_build_output_dir` changed, and `dartflare dev` serves the folder that it \
                    began with\n";
    assert!(text.contains(expected), "{text}");
    session.get("/hello").is(200, "hello\n");
}
