//! Every code block of the documents is what it claims to be: Dart compiles, configurations load, commands exist, and
//! links lead somewhere.
//!
//! Dart without an `import` is taken as declarations of a library that imports the package and the accessors that
//! `docs/configuration.md` has. A comment before a block says that it is less: `<!-- members -->` of a Durable Object
//! class, `<!-- statements -->` of a handler.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use saphyr::{LoadableYamlNode as _, Yaml};
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{self, Test};

const ACCESSORS_WRITTEN: &str = "wrote `lib/environment.g.dart`\n";

/// The tutorial has a configuration of its own, the last one of it, and so accessors of its own.
const TUTORIAL: &str = "docs/tutorial.md";

const TUTORIAL_ACCESSORS: &str = "'tutorial.g.dart'";

const IMPORTS: &str =
    "import 'package:cloudflare_workers/cloudflare_workers.dart';\nimport 'environment.g.dart';\n";

struct Block {
    /// As in `docs/kv.md:12`.
    place: String,
    language: String,
    /// What a comment before it says that it is.
    role: Option<String>,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The documents, from the repository's root.
fn documents() -> Vec<String> {
    let mut found =
        ["README.md", "CONTRIBUTING.md", "cloudflare_workers_http/README.md", "dart_runtime/README.md"]
            .map(str::to_owned)
            .to_vec();
    let markdown = |folder: &str| {
        let paths = entries(&root().join(folder)).into_iter();
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect::<Vec<_>>()
    };
    let examples = fs::read_dir(root().join("examples")).expect("examples");
    let mut folders =
        ["docs", "docs/errors", "docs/reference", "docs/reference/api"].map(str::to_owned).to_vec();
    let below = entries(&root().join("docs")).into_iter().chain(entries(&root().join("docs/reference")));
    for folder in below.filter(|path| path.is_dir()) {
        let folder =
            folder.strip_prefix(root()).expect("a path below").display().to_string().replace('\\', "/");
        assert!(folders.contains(&folder), "nothing checks the documents in {folder}");
    }
    folders
        .extend(examples.map(|entry| format!("examples/{}", entry.expect("an entry").file_name().display())));
    for path in folders.iter().flat_map(|folder| markdown(folder)) {
        found.push(path.strip_prefix(root()).expect("a path below").display().to_string());
    }
    found.sort();
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

fn blocks() -> Vec<Block> {
    let mut blocks = Vec::new();
    // What leads to an error is wrong on purpose, and `explain.rs` sees that it is.
    for document in documents().into_iter().filter(|name| !name.starts_with("docs/errors/")) {
        let text = fs::read_to_string(root().join(&document)).expect("a document");
        let mut role = None;
        let mut open: Option<Block> = None;
        for (at, line) in text.lines().enumerate() {
            match (&mut open, line.strip_prefix("```")) {
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (Some(block), None) => block.text.extend([line, "\n"]),
                (None, Some(language)) => {
                    let (place, language) = (format!("{document}:{}", at + 1), language.to_owned());
                    open = Some(Block { place, language, role: role.take(), text: String::new() });
                }
                (None, None) => {
                    role = line
                        .strip_prefix("<!-- ")
                        .and_then(|line| line.strip_suffix(" -->"))
                        .map(str::to_owned);
                }
            }
        }
        assert!(open.is_none(), "{document}: a code block has no end");
    }
    blocks
}

fn of_language(language: &str) -> Vec<Block> {
    let blocks: Vec<_> = blocks().into_iter().filter(|block| block.language == language).collect();
    assert!(!blocks.is_empty(), "no block is `{language}`");
    blocks
}

#[test]
fn languages() {
    // The change in the README is made by the test end to end that follows it.
    let checked = ["dart", "toml", "jsonc", "json", "yaml", "console", "diff", "text", ""];
    for Block { place, language, role, .. } in blocks() {
        assert!(checked.contains(&language.as_str()), "{place}: nothing checks `{language}`");
        assert!(
            role.is_none() || language == "dart",
            "{place}: a comment before the block is for Dart alone"
        );
    }
}

/// The accessors for a configuration, the `jsonc` of `document` that `which` picks.
fn accessors(document: &str, which: impl FnOnce(&[Block]) -> Option<&Block>) -> String {
    let mut configurations = of_language("jsonc");
    configurations.retain(|block| block.place.starts_with(document));
    let text = &which(&configurations).expect("a configuration").text;
    let folder = Test::new().file("wrangler.jsonc", text).args("types").stderr(ACCESSORS_WRITTEN).run();
    fs::read_to_string(folder.path().join("lib/environment.g.dart")).expect("accessors")
}

fn library(Block { place, role, text, .. }: &Block) -> String {
    let text = &if place.starts_with(TUTORIAL) {
        text.replace("'environment.g.dart'", TUTORIAL_ACCESSORS)
    } else {
        text.clone()
    };
    match role.as_deref() {
        None if text.contains("import '") => text.clone(),
        None => format!("{IMPORTS}{text}"),
        Some("members") => format!("{IMPORTS}abstract class Example extends DurableObject {{\n{text}}}\n"),
        Some("statements") => format!(
            "{IMPORTS}abstract class Example extends DurableObject {{\n\
             Future<Response> handle(Request request, Environment env, ExecutionContext ctx) async {{\n\
             {text}return Response.noContent();\n}}\n}}\n"
        ),
        Some(other) => panic!("{place}: a block has no role `{other}`"),
    }
}

#[test]
fn dart_compiles() {
    let Some(dart) = harness::tool("DARTFLARE_DART") else {
        return harness::skip("docs::dart_compiles", "no Dart");
    };
    let folder = TempDir::new().expect("a folder");
    let mut main = String::new();
    for (at, block) in of_language("dart").iter().enumerate() {
        // The file's name tells the place in what the compiler says.
        let name = format!("{}.dart", block.place.replace(['/', '.', ':'], "_"));
        fs::write(folder.path().join(&name), library(block)).expect("written");
        let _ = writeln!(main, "import '{name}' as block{at};");
    }
    fs::write(folder.path().join("main.dart"), main + "void main() {}\n").expect("written");
    let write = |name: &str, text: String| fs::write(folder.path().join(name), text).expect("written");
    write("environment.g.dart", accessors("docs/configuration.md", <[Block]>::first));
    write(TUTORIAL_ACCESSORS.trim_matches('\''), accessors(TUTORIAL, <[Block]>::last));
    let package = |name: &str, folder: &Path, library: &str| {
        let uri = format!("file://{}/", folder.display()).replace(' ', "%20");
        format!(r#"{{"name":"{name}","rootUri":"{uri}","packageUri":"{library}","languageVersion":"3.5"}}"#)
    };
    let packages = [
        package("cloudflare_workers", &root().join("dart_runtime"), "lib/"),
        package("cloudflare_workers_http", &root().join("cloudflare_workers_http"), "lib/"),
        package("http", &root().join("tests/fixtures/http_stand_in"), "lib/"),
        package("docs", folder.path(), "./"),
    ];
    let packages = format!(r#"{{"configVersion":2,"packages":[{}]}}"#, packages.join(","));
    fs::write(folder.path().join("package_config.json"), packages).expect("written");
    let output = Command::new(dart)
        .args([
            "--snapshot-kind=kernel",
            "--snapshot=out.dill",
            "--packages=package_config.json",
            "main.dart",
        ])
        .current_dir(folder.path())
        .output()
        .expect("Dart runs");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

/// What is a file of `functions/` says so in its first line, or else it is taken as `functions/index.dart`.
#[test]
fn functions_are_routes() {
    let mut count = 0;
    for Block { place, text, .. } in of_language("dart") {
        if !text.contains(" onRequest") || !text.contains("import '") {
            continue;
        }
        count += 1;
        let comment = text.lines().next().and_then(|line| line.strip_prefix("// "));
        let file = comment.filter(|line| line.starts_with("functions/")).unwrap_or("functions/index.dart");
        let test = Test::new()
            .file("wrangler.toml", "name = \"app\"\npages_build_output_dir = \"public\"\n")
            .file(file, &text)
            .args("routes --json");
        let output = test.output();
        let [said, routes] = [&output.stderr, &output.stdout].map(|text| test.readable(text));
        assert_eq!((output.status.code(), said.as_str()), (Some(0), ""), "{place}");
        assert!(routes.contains(file), "{place}: {routes}");
    }
    assert!(count > 0);
}

#[test]
fn configurations_load_without_a_warning() {
    for Block { place, language, text, .. } in of_language("toml").into_iter().chain(of_language("jsonc")) {
        let test = Test::new().file(&format!("wrangler.{language}"), &text).args("types");
        let output = test.output();
        let said = test.readable(&output.stderr);
        assert_eq!((output.status.code(), said.as_str()), (Some(0), ACCESSORS_WRITTEN), "{place}");
    }
}

#[test]
fn json_parses() {
    for Block { place, text, .. } in of_language("json") {
        assert!(serde_json::from_str::<Value>(&text).is_ok(), "{place}");
    }
}

#[test]
fn pubspecs_resolve() {
    let Some(dart) = harness::tool("DARTFLARE_DART") else {
        return harness::skip("docs::pubspecs_resolve", "no Dart");
    };
    let pubspecs =
        of_language("yaml").into_iter().filter(|block| block.text.contains("name: ") && !is_workflow(block));
    let mut count = 0;
    for Block { place, text, .. } in pubspecs {
        count += 1;
        // The clone that they name stands beside them.
        let runtime = root().join("dart_runtime").display().to_string();
        let pubspec = text.replace("../dartflare/dart_runtime", &runtime);
        assert!(pubspec.contains(&runtime), "{place}");
        let test = Test::new()
            .file("wrangler.toml", "name = \"app\"\n")
            .file("pubspec.yaml", &pubspec)
            .args("doctor --json --dart")
            .os_arg(&dart);
        let said = test.readable(&test.output().stdout);
        let checks: Value = serde_json::from_str(&said).expect("JSON");
        let packages =
            checks["checks"].as_array().expect("checks").iter().find(|check| check["name"] == "packages");
        assert_eq!(packages.expect("a check of packages")["status"], "ok", "{place}: {said}");
    }
    assert!(count > 0);
}

/// Whether it is for a CI, and no pubspec.
fn is_workflow(block: &Block) -> bool {
    block.text.contains("\njobs:\n")
}

#[test]
fn commands_exist() {
    let mut count = 0;
    for Block { place, text, .. } in of_language("console") {
        for line in text.lines().filter_map(|line| line.strip_prefix("$ ")) {
            count += usize::from(is_own_command(&place, line));
        }
    }
    assert!(count > 0);
}

/// What is written within a line: the command is there, and has the flags.
#[test]
fn commands_in_the_text_exist() {
    let mut helps: BTreeMap<String, String> = BTreeMap::new();
    let mut count = 0;
    for document in documents() {
        let text = fs::read_to_string(root().join(&document)).expect("a document");
        let mut in_block = false;
        for (at, line) in text.lines().enumerate() {
            in_block ^= line.starts_with("```");
            if in_block {
                continue;
            }
            for code in line.split('`').skip(1).step_by(2) {
                let Some(words) = code.strip_prefix("dartflare ") else { continue };
                let own = words.split(" -- ").next().unwrap_or_default();
                let mut words = own.split_whitespace();
                let command = words.next().unwrap_or_default();
                // A flag of the program itself, or a word that stands for any command.
                if command.starts_with('-') || command == "COMMAND" || command == "help" {
                    continue;
                }
                let help = helps.entry(command.to_owned()).or_insert_with(|| {
                    let output = Test::new().args(&format!("{command} --help")).output();
                    assert!(output.status.success(), "{document}:{}: no command `{code}`", at + 1);
                    String::from_utf8_lossy(&output.stdout).into_owned()
                });
                count += 1;
                for flag in words.filter(|word| word.starts_with("--")) {
                    let flag = flag.split(['=', '|', ',']).next().unwrap_or_default();
                    assert!(help.contains(flag), "{document}:{}: `{code}`: no flag `{flag}`", at + 1);
                }
            }
        }
    }
    assert!(count > 100, "{count}");
}

#[test]
fn workflows_run_commands_that_exist() {
    let mut count = 0;
    for Block { place, text, .. } in of_language("yaml").into_iter().filter(is_workflow) {
        let parsed = Yaml::load_from_str(&text).unwrap_or_else(|error| panic!("{place}: {error}"));
        let jobs = parsed[0]["jobs"].as_mapping().expect("jobs");
        for step in jobs.values().flat_map(|job| job["steps"].as_sequence().expect("steps")) {
            match (step.as_mapping_get("run"), step.as_mapping_get("uses")) {
                (Some(run), None) => {
                    count += usize::from(is_own_command(&place, run.as_str().expect("a command")));
                }
                (None, Some(_)) => {}
                _ => panic!("{place}: a step that neither runs nor uses anything"),
            }
        }
    }
    assert!(count > 0);
}

/// The jobs of GitLab: their scripts, and what runs before each.
#[test]
fn pipelines_run_commands_that_exist() {
    let mut count = 0;
    for Block { place, text, .. } in
        of_language("yaml").into_iter().filter(|block| block.text.contains("script:"))
    {
        let parsed = Yaml::load_from_str(&text).unwrap_or_else(|error| panic!("{place}: {error}"));
        let jobs = parsed[0].as_mapping().expect("jobs").values();
        let scripts = jobs.flat_map(|job| ["before_script", "script"].map(|key| job.as_mapping_get(key)));
        for line in scripts.flatten().flat_map(|script| script.as_sequence().expect("commands")) {
            count += usize::from(is_own_command(&place, line.as_str().expect("a command")));
        }
    }
    assert!(count > 0);
}

/// Commands of Wrangler that the documents name: each was looked up in its help.
const WRANGLER: [&str; 12] = [
    "d1 execute",
    "d1 migrations apply",
    "d1 migrations create",
    "delete",
    "kv key list",
    "login",
    "pages deploy",
    "secret put",
    "tail",
    "versions deploy",
    "versions upload",
    "whoami",
];

/// Checks a command line, and says whether it is one of `dartflare`.
fn is_own_command(place: &str, line: &str) -> bool {
    let line = line.split('#').next().unwrap_or_default().trim();
    let words = words(line);
    let mut words = words.iter().map(String::as_str);
    match words.next() {
        Some("dartflare") => {
            // With `--help` after them, the arguments before are read and nothing is done.
            let own = words.take_while(|word| !["--", ">"].contains(word));
            // The clone that they name stands beside them.
            let runtime = root().join("dart_runtime").display().to_string();
            let own = own.map(|word| match word.strip_suffix("dartflare/dart_runtime") {
                Some("" | "../") => runtime.clone(),
                _ => word.to_owned(),
            });
            let output = own.fold(Test::new(), Test::os_arg).args("--help").output();
            assert!(output.status.success(), "{place}: {line}\n{}", String::from_utf8_lossy(&output.stderr));
            return true;
        }
        Some("make") => {
            let makefile = fs::read_to_string(root().join("Makefile")).expect("the Makefile");
            let target = words.next().unwrap_or_default();
            assert!(makefile.contains(&format!("\n{target}:")), "{place}: {line}");
        }
        Some("npx") if line.starts_with("npx dartflare ") => {
            return is_own_command(place, line.trim_start_matches("npx "));
        }
        Some("npx") => {
            let line = line.trim_start_matches("npx ");
            let known = ["dartflare ", "wrangler "].iter().any(|known| line.starts_with(known));
            assert!(known, "{place}: nothing checks `npx {line}`");
            return is_own_command(place, line);
        }
        Some("wrangler") => is_of_wrangler(place, words.collect::<Vec<_>>().join(" ").as_str()),
        Some("npm") => {
            let known = ["ci", "install", "run"];
            assert!(words.next().is_some_and(|word| known.contains(&word)), "{place}: {line}");
        }
        Some("cargo") => assert_eq!(words.next(), Some("install"), "{place}: {line}"),
        Some("curl") => {
            let local = |word: &str| word.trim_matches('\'').starts_with("http://localhost:8787");
            assert!(words.any(local), "{place}: {line}");
        }
        Some("dart") => {
            let known = ["devtools", "pub"];
            assert!(words.next().is_some_and(|word| known.contains(&word)), "{place}: {line}");
        }
        Some("apt-get" | "cd" | "cp" | "git") => {}
        _ => panic!("{place}: nothing checks `{line}`"),
    }
    false
}

fn is_of_wrangler(place: &str, command: &str) {
    let known = WRANGLER.iter().any(|known| {
        command.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    });
    assert!(known, "{place}: `wrangler {command}` is not one of those that were looked up");
}

/// The words of a command line, of which some may be quoted.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, part) in line.split('"').enumerate() {
        if at % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

/// The sidebar of the site is made from the index.
#[test]
fn the_index_lists_every_page() {
    let index = fs::read_to_string(root().join("docs/README.md")).expect("the index");
    for page in documents() {
        let Some(name) = page.strip_prefix("docs/") else { continue };
        let is_listed =
            index.lines().any(|line| line.starts_with("| [") && line.contains(&format!("]({name}) |")));
        // A page of a part is listed by the index of that part.
        let is_part = name.starts_with("errors/") || name.starts_with("reference/api/");
        assert!(is_listed || is_part || name == "README.md", "docs/README.md does not list {name}");
    }
}

#[test]
fn links_lead_somewhere() {
    for document in documents() {
        let text = fs::read_to_string(root().join(&document)).expect("a document");
        let text = text.lines().map(without_code).collect::<Vec<_>>().join("\n");
        let folder = root().join(&document).parent().expect("a folder").to_owned();
        for (before, rest) in text.match_indices("](").map(|(at, _)| text.split_at(at + 2)) {
            let target = rest.split(')').next().unwrap_or_default();
            if target.contains("://") || target.is_empty() {
                continue;
            }
            let line = before.lines().count();
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path: PathBuf = if path.is_empty() { root().join(&document) } else { folder.join(path) };
            assert!(path.exists(), "{document}:{line}: there is no `{target}`");
            if !anchor.is_empty() {
                let text = fs::read_to_string(&path).expect("a document");
                let mut headings = text.lines().filter(|line| line.starts_with('#')).map(anchor_of);
                assert!(
                    headings.any(|heading| heading == anchor),
                    "{document}:{line}: no heading `{target}`"
                );
            }
        }
    }
}

/// A row of a table without its code, which may look like a link.
fn without_code(line: &str) -> String {
    if line.starts_with("| ") { line.split('`').step_by(2).collect() } else { line.to_owned() }
}

/// A heading's anchor as GitHub makes it.
fn anchor_of(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}
