//! The codes of errors and warnings, their pages in `docs/errors`, and `dartflare explain`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::harness::Test;

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

#[test]
fn a_page() {
    let page = fs::read_to_string(root().join("docs/errors/E0102.md")).unwrap();
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
