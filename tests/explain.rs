//! The codes of errors and warnings, their pages in `docs/errors`, and `dartflare explain`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::harness::Test;
#[cfg(unix)]
use crate::machine;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The codes and the names that `dartflare explain` lists, each with its title.
fn listed() -> Vec<(String, String)> {
    let output = Test::new().args("explain").output();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).expect("text");
    let split = |line: &str| line.split_once("  ").map(|(name, title)| (name.into(), title.trim().into()));
    text.lines().map(|line| split(line).expect(line)).collect()
}

fn is_code(name: &str) -> bool {
    name.len() == 5 && name[1..].bytes().all(|digit| digit.is_ascii_digit())
}

#[test]
fn a_page() {
    let page = fs::read_to_string(root().join("docs/errors/E0102.md")).unwrap();
    let page: String = page.split_inclusive('\n').filter(|line| !line.starts_with("<!--")).collect();
    for given in ["E0102", "e0102", "error[E0102]:", "[E0102]"] {
        Test::new().args("explain").os_arg(given).stdout(&page).run();
    }
    let page = fs::read_to_string(root().join("docs/errors/BindingError.md")).unwrap();
    Test::new().args("explain bindingerror").stdout(&page).run();
}

#[test]
fn no_such_page() {
    for (given, advice) in [
        ("E0103x", "did you mean `E0103`?"),
        ("BindingEror", "did you mean `BindingError`?"),
        ("nonsense", "`dartflare explain` lists all"),
    ] {
        let stderr = format!(
            "error: invalid value '{given}' for '[CODE]': there is no such code; {advice}\n\n\
             For more information, try '--help'.\n"
        );
        Test::new().args("explain").os_arg(given).stderr(&stderr).code(2).run();
    }
}

#[test]
fn the_last_line_of_a_failure_tells_of_it() {
    let output = Test::new().args("types").output();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.starts_with("error[E0102]: "), "{text}");
    assert!(text.ends_with("\nfor more, run `dartflare explain E0102`\n"), "{text}");
    let output = Test::new().args("--quiet types").output();
    assert!(!String::from_utf8(output.stderr).unwrap().contains("for more"));
}

#[test]
fn each_page_is_listed_and_has_a_title() {
    let listed = listed();
    let names: BTreeSet<String> = listed.iter().map(|(name, _)| name.clone()).collect();
    let folder = fs::read_dir(root().join("docs/errors")).unwrap();
    let files: BTreeSet<String> = folder
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|name| name.strip_suffix(".md").expect("a page").to_owned())
        .collect();
    assert_eq!(names, files);
    for (name, title) in &listed {
        let page = fs::read_to_string(root().join(format!("docs/errors/{name}.md"))).unwrap();
        assert!(page.starts_with(&format!("# {name}: {title}\n")), "{name}");
    }
}

/// Where the project of an example stands.
#[cfg(unix)]
const HOME: &str = "/home/me/app";

/// The codes whose pages have no example that this test could run, and why.
#[cfg(unix)]
const UNRUN: &[(&str, &str)] = &[
    ("E0001", "no input is known that causes it"),
    ("E0003", "a signal from outside"),
    ("E0004", "a system that has run out of something"),
    ("E0116", "workerd"),
    ("E0301", "workerd"),
    ("E0302", "workerd"),
    ("E0803", "a Dart VM"),
    ("E0304", "workerd"),
    ("E0406", "two builds at once"),
    ("E0407", "a build under `wrangler dev`"),
    ("E0601", "two programs at once"),
    ("E0602", "a port that is taken"),
    ("E0603", "Wrangler"),
    ("E0604", "Wrangler"),
    ("E0605", "Wrangler"),
    ("E0606", "a system that has run out of watches"),
    ("E0608", "a front end"),
    ("E0609", "a front end"),
    ("E0610", "a change while `dartflare dev` runs"),
    ("E0706", "Wrangler"),
    ("E0803", "a session of tests"),
    ("E0804", "a session of tests"),
    ("E0905", "a terminal"),
    ("E0607", "Wrangler"),
    ("E0707", "workerd"),
    ("E0708", "workerd"),
    ("W0202", "a variable of the environment"),
    ("W0301", "workerd"),
    ("W0302", "workerd"),
    ("W0303", "workerd"),
    ("W0304", "workerd"),
    ("W0305", "workerd"),
    ("W0306", "workerd"),
    ("W0307", "workerd"),
    ("W0308", "workerd"),
    ("W0309", "a Worker of 50 MB"),
    ("E0303", "a Worker of 64 MiB"),
    ("W0601", "Wrangler"),
    ("W0602", "Wrangler"),
];

/// A page, as far as it can be run.
#[cfg(unix)]
struct Example {
    setup: Vec<String>,
    files: Vec<(String, String)>,
    /// The arguments, and what follows in the page's text from byte to byte.
    commands: Vec<(String, std::ops::Range<usize>)>,
}

#[cfg(unix)]
impl Example {
    fn read(page: &str) -> Self {
        let mut example = Self { setup: Vec::new(), files: Vec::new(), commands: Vec::new() };
        let mut block: Option<(String, usize)> = None;
        let mut name = None;
        let mut at = 0;
        for line in page.split_inclusive('\n') {
            let start = at;
            at += line.len();
            let text = line.trim_end();
            match (&block, text.strip_prefix("```")) {
                (None, Some(language)) => block = Some((language.to_owned(), at)),
                (Some((language, from)), Some(_)) => {
                    let content = &page[*from..start];
                    if language == "console" {
                        let (command, _) = content.split_once('\n').expect("a command");
                        let arguments = command.strip_prefix("$ dartflare ").expect(command);
                        example.commands.push((arguments.to_owned(), from + command.len() + 1..start));
                    } else if let Some(name) = name.take() {
                        example.files.push((name, content.to_owned()));
                    }
                    block = None;
                }
                (None, None) => {
                    let file = text.strip_prefix('`').and_then(|text| text.strip_suffix("`:"));
                    name = file.map(str::to_owned).or_else(|| name.take().filter(|_| text.is_empty()));
                    let setup = text.strip_prefix("<!-- setup: ").and_then(|text| text.strip_suffix(" -->"));
                    example.setup.extend(setup.map(str::to_owned));
                }
                (Some(_), None) => {}
            }
        }
        example
    }

    /// What the commands say, each after the other, in a sound project with the example's files.
    fn run(&self) -> Vec<String> {
        let test = machine::buildable(&machine::compiled(&["fetch"], &[], "hello\n"));
        machine::node(&test, "22.12.0");
        let test = self
            .files
            .iter()
            .fold(machine::wrangler(test, "4.86.0"), |test, (path, content)| test.file(path, content));
        for line in &self.setup {
            let status = test.command("/bin/sh").args(["-ec", line]).status().expect("a shell");
            assert!(status.success(), "{line}");
        }
        let path = ["bin", "sdk/bin"].map(|folder| test.path().join(folder).display().to_string()).join(":");
        let told = |arguments: &str| {
            let mut command = test.command(env!("CARGO_BIN_EXE_dartflare"));
            let arguments = arguments.split_whitespace().map(|it| it.trim_matches('\''));
            let output = command
                .args(arguments)
                .env("PATH", &path)
                .env_remove("DARTFLARE_DART")
                .output()
                .expect("a run");
            let streams = [test.readable(&output.stderr), test.readable(&output.stdout)].concat();
            streams.replace("[DIR]/sdk", "/usr/lib/dart").replace("[DIR]", HOME)
        };
        self.commands.iter().map(|(arguments, _)| told(arguments)).collect()
    }
}

/// `DARTFLARE_UPDATE=1` writes what is said into the pages.
#[cfg(unix)]
#[test]
fn examples_say_what_the_program_says() {
    // Those of `dartflare sdk` need a server of SDKs: `tests/sdk.rs` has one.
    let is_sdk = |name: &str| name.starts_with("E10") || name.starts_with("W10");
    let unrun = |name: &str| is_sdk(name) || UNRUN.iter().any(|(code, _)| *code == name);
    let is_update = std::env::var_os("DARTFLARE_UPDATE").is_some();
    let check = |name: &str| -> Option<String> {
        let file = root().join(format!("docs/errors/{name}.md"));
        let page = fs::read_to_string(&file).unwrap();
        let example = Example::read(&page);
        if example.commands.is_empty() {
            return (!unrun(name)).then(|| format!("{name} has no example"));
        }
        if unrun(name) {
            return Some(format!("{name} has an example"));
        }
        let mut written = page.clone();
        let said = example.run();
        if !said.iter().any(|said| said.contains(&format!("[{name}]"))) {
            return Some(format!("{name} is not what its example causes: {}", said.concat()));
        }
        for ((_, range), said) in example.commands.iter().zip(said).rev() {
            written.replace_range(range.clone(), &said);
        }
        if is_update {
            fs::write(&file, &written).unwrap();
        }
        let differs = !is_update && written != page;
        differs.then(|| format!("=== {name} says\n{page}\n=== the program says\n{written}"))
    };
    let names: Vec<String> = listed().into_iter().map(|(name, _)| name).collect();
    let codes: Vec<&String> = names.iter().filter(|name| is_code(name)).collect();
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let parts = codes.chunks(codes.len().div_ceil(4));
        let parts: Vec<_> = parts
            .map(|part| scope.spawn(|| part.iter().filter_map(|name| check(name)).collect::<Vec<_>>()))
            .collect();
        parts.into_iter().flat_map(|part| part.join().expect("the examples")).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_code_is_expected_by_a_test() {
    fn sources(folder: &Path, found: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("fixtures") {
                sources(&path, found);
            } else if path.extension().is_some_and(|it| it == "rs") && !path.ends_with("explain.rs") {
                found.push_str(&fs::read_to_string(&path).unwrap());
            }
        }
    }
    let (mut text, mut wrong) = (String::new(), Vec::new());
    sources(&root().join("tests"), &mut text);
    sources(&root().join("src"), &mut text);
    let codes = fs::read_to_string(root().join("src/code.rs")).unwrap();
    for (name, _) in listed().iter().filter(|(name, _)| is_code(name)) {
        let variant = codes.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_suffix(','));
        let variant = variant.expect(name).trim();
        let seen = [format!("[{name}]"), format!("\"{name}\""), format!("Some(Code::{variant})")];
        let is_seen = seen.iter().any(|seen| text.contains(seen));
        let is_run = !fs::read_to_string(root().join(format!("docs/errors/{name}.md")))
            .unwrap()
            .matches("```console")
            .count()
            .eq(&0);
        if !is_seen && !is_run {
            wrong.push(name.clone());
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
