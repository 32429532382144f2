//! What runs on GitHub: it parses, and gives nothing away.

use std::fs;
use std::path::Path;

use saphyr::{LoadableYamlNode as _, Yaml};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/.github/workflows");

fn get<'a>(yaml: &'a Yaml<'a>, key: &str) -> Option<&'a Yaml<'a>> {
    yaml.as_mapping_get(key)
}

/// The text of every scalar.
fn texts(yaml: &Yaml, found: &mut Vec<String>) {
    if let Some(items) = yaml.as_sequence() {
        for item in items {
            texts(item, found);
        }
    } else if let Some(items) = yaml.as_mapping() {
        for (_, item) in items {
            texts(item, found);
        }
    } else if let Some(text) = yaml.as_str() {
        found.push(text.to_owned());
    }
}

/// Whether an action is one commit, or a version of a publisher that this repository trusts with its secrets anyway.
fn is_pinned(action: &str) -> bool {
    let Some((name, version)) = action.split_once('@') else { return action.starts_with("./") };
    let is_commit = version.len() == 40 && version.chars().all(|letter| letter.is_ascii_hexdigit());
    let is_tag = version.starts_with('v') && version.len() > 1;
    is_commit || is_tag && name.starts_with("actions/")
}

#[test]
fn workflows_are_sound() {
    let mut count = 0;
    for entry in fs::read_dir(FOLDER).expect("the workflows") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("a workflow");
        check(&path, &text).unwrap_or_else(|wrong| panic!("{}: {wrong}", path.display()));
        count += 1;
    }
    assert!(count > 0);
}

fn check(path: &Path, text: &str) -> Result<(), String> {
    let documents = Yaml::load_from_str(text).map_err(|error| error.to_string())?;
    let [workflow] = documents.as_slice() else { return Err("it is not one document".to_owned()) };
    let permissions =
        get(workflow, "permissions").ok_or("it may do whatever the repository's settings say")?;
    if permissions.as_str() == Some("write-all") {
        return Err("it may do anything".to_owned());
    }
    let on = get(workflow, "on").ok_or("nothing starts it")?;
    if get(on, "pull_request_target").is_some() {
        return Err("a pull request from anywhere would run with the repository's secrets".to_owned());
    }
    let jobs = get(workflow, "jobs").and_then(Yaml::as_mapping).ok_or("it has no jobs")?;
    for (name, job) in jobs {
        let name = name.as_str().unwrap_or_default();
        if get(job, "uses").is_none() {
            get(job, "runs-on").ok_or(format!("`{name}` runs nowhere"))?;
            get(job, "timeout-minutes").ok_or(format!("`{name}` may hang for hours"))?;
        }
        for step in get(job, "steps").and_then(Yaml::as_sequence).into_iter().flatten() {
            let action = get(step, "uses").and_then(Yaml::as_str);
            if let Some(action) = action.filter(|action| !is_pinned(action)) {
                return Err(format!("`{action}` in `{name}` is whatever somebody makes of it tomorrow"));
            }
            let run = get(step, "run").and_then(Yaml::as_str).unwrap_or_default();
            if action.is_none() && run.is_empty() {
                return Err(format!("a step of `{name}` does nothing"));
            }
            // Text of a pull request would be part of the script.
            if run.contains("${{ github.event.") || run.contains("${{ github.head_ref") {
                return Err(format!("a script of `{name}` takes what anyone wrote: {run}"));
            }
        }
    }
    let mut all = Vec::new();
    texts(workflow, &mut all);
    // A script of this repository is there.
    for script in all.iter().flat_map(|text| text.split_whitespace()) {
        let is_ours = ["tools/", ".ci/", "npm/"].iter().any(|folder| script.starts_with(folder));
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        if is_ours && !script.contains('*') && !root.join(script).exists() {
            return Err(format!("there is no `{script}`, which {} runs", path.display()));
        }
    }
    Ok(())
}

#[test]
fn what_would_be_wrong_is_found() {
    let sound = "on: push\npermissions: {}\njobs:\n  a:\n    runs-on: x\n    timeout-minutes: 1\n    steps:\n    - run: ls\n";
    let check = |text: &str| check(Path::new("a.yml"), text);
    assert_eq!(check(sound), Ok(()));
    for (from, to) in [
        ("permissions: {}\n", ""),
        ("permissions: {}", "permissions: write-all"),
        ("on: push", "on: { pull_request_target: }"),
        ("    timeout-minutes: 1\n", ""),
        ("- run: ls", "- uses: them/action@v1"),
        ("- run: ls", "- uses: actions/checkout@main"),
        ("- run: ls", "- name: nothing"),
        ("- run: ls", "- run: echo ${{ github.event.issue.title }}"),
        ("- run: ls", "- run: node tools/none.mjs"),
        ("steps:", "steps: ["),
    ] {
        assert!(sound.contains(from) && check(&sound.replace(from, to)).is_err(), "{to}");
    }
}
