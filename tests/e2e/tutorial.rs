//! `docs/tutorial.md`, followed to the letter: its files are written, its commands run, and what it says they print is
//! what they print. What installs, logs in or deploys is left out.

use std::fs;

use crate::project::{Project, repository};
use crate::session::Session;

const ADDRESS: &str = "http://localhost:8787";

/// The code blocks, each with its language.
fn blocks() -> Vec<(String, String)> {
    let text = fs::read_to_string(repository().join("docs/tutorial.md")).expect("the tutorial");
    let fenced = text.split("```").skip(1).step_by(2);
    fenced.map(|block| block.split_once('\n').expect("a block")).map(|(a, b)| (a.into(), b.into())).collect()
}

/// The commands of a block, each with what is printed below it.
fn commands(block: &str) -> Vec<(&str, String)> {
    let parts = block.split("$ ").skip(1).map(|part| part.split_once('\n').expect("a line"));
    parts.map(|(command, output)| (command, output.to_owned())).collect()
}

/// Runs a command to its end, which has to be a good one.
fn run(project: &Project, arguments: &[&str]) {
    let output = project.dartflare(arguments);
    let [stdout, stderr] =
        [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    assert!(output.status.success(), "dartflare {arguments:?}: {}\n{stdout}{stderr}", output.status);
}

#[test]
fn the_tutorial_is_true() {
    let mut session: Option<Session> = None;
    let mut project = Some(Project::new(&[]));
    let mut asked = 0;
    for (language, block) in blocks() {
        let file = block.lines().next().and_then(|line| line.strip_prefix("// "));
        if let (Some(file), "dart" | "jsonc") = (file, language.as_str()) {
            let write = |project: &Project| project.write(file, &block);
            match (&session, &project) {
                (Some(session), _) if file.starts_with("test/") => write(session),
                (Some(session), _) if language == "jsonc" => {
                    let start = session.now();
                    write(session);
                    // It has accessors written again, which the program imports.
                    let both = ["took up `wrangler.jsonc`", "reloaded in "];
                    session.wait_from(start, |text| both.iter().all(|part| text.contains(part)));
                }
                (Some(session), _) => {
                    session.reload(write);
                }
                // What `dartflare new` has written is what the tutorial shows.
                (None, Some(project)) => {
                    let (_, shown) = block.split_once('\n').expect("more than the file's name");
                    assert_eq!(project.read(file), shown, "{file}");
                }
                (None, None) => unreachable!("there is a project or a session in it"),
            }
            continue;
        }
        if language != "console" {
            continue;
        }
        for (command, expected) in commands(&block) {
            let words: Vec<&str> = command.split(' ').collect();
            match words.as_slice() {
                ["dartflare", "new", _, "--template", template] => {
                    let project = project.as_ref().expect("no session yet");
                    fs::create_dir_all(project.path("")).expect("a folder");
                    let package = repository().join("dart_runtime").display().to_string();
                    let name = ["--name", "greeter", "--package", &package];
                    run(project, &[&["new", ".", "--template", template], name.as_slice()].concat());
                }
                ["dartflare", "doctor"] => run(project.as_ref().expect("no session yet"), &["doctor"]),
                ["dartflare", "dev"] => {
                    session = project.take().map(|project| Session::start_in(project, &[]));
                }
                ["dartflare", "test"] => run(session.as_ref().expect("a session"), &["test"]),
                ["curl", url] => {
                    let path = url.trim_matches('\'').strip_prefix(ADDRESS).expect("the address of dev");
                    let answer = session.as_ref().expect("a session").get(path);
                    assert_eq!(answer.ok(), expected, "{command}");
                    asked += 1;
                }
                ["git" | "cargo" | "cd" | "npm" | "npx", ..] | ["dartflare", "deploy" | "sdk", ..] => {}
                _ => panic!("nothing runs `{command}`"),
            }
        }
    }
    assert!(asked >= 7, "{asked}");
}
