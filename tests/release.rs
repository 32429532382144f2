//! What has to agree before a release: versions, the lists of platforms, what is packed, and what pub.dev asks for.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use regex::Regex;
use saphyr::{LoadableYamlNode as _, Yaml};
use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const VERSION: &str = env!("CARGO_PKG_VERSION");
const PACKAGES: [&str; 2] = ["dart_runtime", "cloudflare_workers_http"];

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn json(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap()
}

fn yaml(text: &str) -> Yaml<'_> {
    Yaml::load_from_str(text).unwrap().remove(0)
}

/// The text that is there, by the keys to it.
fn text_at<'a>(node: &'a Yaml<'a>, keys: &[&str]) -> Option<&'a str> {
    keys.iter().try_fold(node, |node, key| node.as_mapping_get(key))?.as_str()
}

/// The names of all files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path) }
    }
    all
}

#[test]
fn versions_agree() {
    let launcher = json("npm/dartflare/package.json");
    assert_eq!(launcher["version"], VERSION, "npm/dartflare/package.json");
    for (name, version) in launcher["optionalDependencies"].as_object().unwrap() {
        assert_eq!(version, VERSION, "{name}");
    }
    for package in PACKAGES {
        let text = read(&format!("{package}/pubspec.yaml"));
        assert_eq!(yaml(&text)["version"].as_str(), Some(VERSION), "{package}/pubspec.yaml");
        assert!(
            read(&format!("{package}/CHANGELOG.md")).contains(&format!("\n## {VERSION}")),
            "{package}/CHANGELOG.md"
        );
    }
    let http = read("cloudflare_workers_http/pubspec.yaml");
    assert_eq!(yaml(&http)["dependencies"]["cloudflare_workers"].as_str(), Some(&*format!("^{VERSION}")));
}

#[test]
fn platforms_agree() {
    let launcher = json("npm/dartflare/package.json");
    let carried: BTreeSet<&str> = launcher["optionalDependencies"]
        .as_object()
        .unwrap()
        .keys()
        .map(|name| name.strip_prefix("@dartflare/").unwrap())
        .collect();
    let platforms = json("npm/platforms.json");
    assert_eq!(platforms.as_object().unwrap().keys().map(String::as_str).collect::<BTreeSet<_>>(), carried);
}

#[test]
fn the_release_workflow_is_sound() {
    let text = read(".github/workflows/release.yml");
    let workflow = yaml(&text);
    assert_eq!(workflow["on"]["push"]["tags"][0].as_str(), Some("v[0-9]+.[0-9]+.[0-9]+*"));
    let jobs = workflow["jobs"].as_mapping().unwrap();
    let names: BTreeSet<&str> = jobs.keys().map(|name| name.as_str().unwrap()).collect();
    let pinned = Regex::new("^[a-z0-9-]+/[a-z0-9./-]+@[0-9a-f]{40}$").unwrap();
    for (name, job) in jobs {
        let name = name.as_str().unwrap();
        let needed = match job.as_mapping_get("needs") {
            Some(Yaml::Sequence(all)) => all.iter().filter_map(|one| one.as_str()).collect(),
            one => one.and_then(|one| one.as_str()).into_iter().collect::<Vec<_>>(),
        };
        for one in needed {
            assert!(names.contains(one), "{name} needs {one}");
        }
        if let Some(called) = text_at(job, &["uses"]) {
            assert!(pinned.is_match(called), "{called}");
            continue;
        }
        for step in job["steps"].as_sequence().unwrap() {
            match (text_at(step, &["uses"]), text_at(step, &["run"])) {
                (Some(action), None) => assert!(pinned.is_match(action), "{action}"),
                (None, Some(script)) => {
                    // What an event says belongs into the environment of a script, not into its text.
                    assert!(!script.contains("${{ github.event"), "{name}: {script}");
                    for word in script.split_whitespace() {
                        let is_ours =
                            ["npm/", "tools/", ".github/"].iter().any(|folder| word.starts_with(folder));
                        if is_ours && word.ends_with(".mjs") {
                            assert!(Path::new(ROOT).join(word).is_file(), "{name}: {word}");
                        }
                    }
                }
                _ => panic!("{name}: a step either uses an action or runs a script"),
            }
        }
    }
    // What publishes may do that and no more, and only what publishes may.
    assert_eq!(workflow["permissions"]["contents"].as_str(), Some("read"));
    for (name, job) in jobs {
        let may_sign = text_at(job, &["permissions", "id-token"]) == Some("write");
        let publishes = !matches!(name.as_str().unwrap(), "plan" | "build" | "check");
        assert_eq!(may_sign, publishes, "{name:?}");
    }
}

/// What `cargo package` would pack, without building it.
fn packed() -> BTreeSet<String> {
    let output = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()))
        .args(["package", "--list", "--allow-dirty", "--offline", "--quiet"])
        .current_dir(ROOT)
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(|line| line.replace('\\', "/")).collect()
}

#[test]
fn all_that_is_built_in_is_in_the_crate() {
    let packed = packed();
    let root = Path::new(ROOT);
    let included = Regex::new(r#"include_(?:str|bytes)!\(\s*"([^"]+)"\s*\)"#).unwrap();
    let mut found = 0;
    let sources = files(&root.join("src")).into_iter().filter(|file| !file.ends_with("tests.rs"));
    for file in sources {
        let text = fs::read_to_string(&file).unwrap_or_default();
        // What only tests read need not be packed.
        let code = text.split("#[cfg(test)]").next().unwrap();
        for (_, [path]) in included.captures_iter(code).map(|found| found.extract()) {
            let target = file.parent().unwrap().join(path).canonicalize().unwrap();
            let name = target.strip_prefix(root.canonicalize().unwrap()).unwrap().display().to_string();
            assert!(packed.contains(&name), "{name}, which {} includes", file.display());
            found += 1;
        }
    }
    assert!(found > 15, "{found}");
    // Those that a macro names.
    for folder in ["docs/errors", "templates"] {
        for file in files(&root.join(folder)) {
            let name = file.strip_prefix(root).unwrap().display().to_string();
            assert!(packed.contains(&name), "{name}");
        }
    }
    for stray in [".dart_tool/", "node_modules/", ".wrangler/"] {
        assert!(!packed.iter().any(|name| name.contains(stray)), "{stray} is packed");
    }
}

#[test]
fn the_dart_packages_are_as_pub_wants_them() {
    let url = Regex::new(r"^https://github\.com/dartflare/dartflare(/[a-z_/]+)?$").unwrap();
    let topic = Regex::new("^[a-z][a-z0-9-]{0,30}[a-z0-9]$").unwrap();
    for package in PACKAGES {
        let text = read(&format!("{package}/pubspec.yaml"));
        let pubspec = yaml(&text);
        let description = pubspec["description"].as_str().unwrap();
        assert!((60..=180).contains(&description.chars().count()), "{package}: {description}");
        for key in ["homepage", "repository", "issue_tracker"] {
            let value = pubspec[key].as_str().unwrap_or_default();
            assert!(url.is_match(value), "{package}: {key}: {value}");
        }
        let topics = pubspec["topics"].as_sequence().unwrap();
        assert!((1..=5).contains(&topics.len()), "{package}");
        assert!(topics.iter().all(|one| one.as_str().is_some_and(|one| topic.is_match(one))), "{package}");
        assert_eq!(pubspec["environment"]["sdk"].as_str(), Some("^3.5.0"));
        // Until the name is ours there: the one place that says so, which the workflow of releases reads.
        assert_eq!(pubspec["publish_to"].as_str(), Some("none"), "{package}");

        let folder = Path::new(ROOT).join(package);
        for file in ["README.md", "CHANGELOG.md", "LICENSE", "analysis_options.yaml", "example/main.dart"] {
            assert!(fs::metadata(folder.join(file)).is_ok_and(|data| data.len() > 0), "{package}/{file}");
        }
        let licence = fs::read_to_string(folder.join("LICENSE")).unwrap();
        assert_eq!(licence, read("LICENSE-MIT"), "pub.dev knows a licence by its text");
        assert!(fs::read_to_string(folder.join("README.md")).unwrap().len() < 128 * 1024);

        // What git knows is what pub packs.
        let listed = Command::new("git").args(["ls-files", "-z", "."]).current_dir(&folder).output();
        if let Ok(listed) = listed
            && listed.status.success()
        {
            let names = String::from_utf8(listed.stdout).unwrap();
            let size: u64 = names
                .split_terminator('\0')
                .filter_map(|name| fs::metadata(folder.join(name)).ok())
                .map(|data| data.len())
                .sum();
            assert!((1..100 << 20).contains(&size), "{package}: {size} bytes");
            let mut ignored = Command::new("git");
            ignored.args(["ls-files", "-ci", "--exclude-standard", "."]);
            let ignored = ignored.current_dir(&folder).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&ignored.stdout), "", "{package}: known to git and ignored");
        }
    }
}

#[test]
fn public_dart_declarations_are_documented() {
    // pub.dev asks for a fifth; here it is all that stands at the left margin.
    let declaration =
        Regex::new(r"^(?:abstract |base |final |interface |sealed |mixin )*(?:class|enum|extension(?: type)?|typedef|mixin) ([A-Z]\w*)")
            .unwrap();
    for package in PACKAGES {
        let mut count = 0;
        for file in files(&Path::new(ROOT).join(package).join("lib")) {
            let text = fs::read_to_string(&file).unwrap();
            let lines: Vec<&str> = text.lines().collect();
            for (index, line) in lines.iter().enumerate() {
                if !declaration.is_match(line) {
                    continue;
                }
                let above = lines[..index].iter().rev().find(|line| !line.starts_with('@'));
                assert!(above.is_some_and(|line| line.starts_with("///")), "{}: {line}", file.display());
                count += 1;
            }
        }
        assert!(count > 0, "{package}");
    }
}
