//! The names that `.dev.vars` and `.env` files give to `wrangler dev`. Their values are never read into anything.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use crate::files;

const DEV_VARS: &str = ".dev.vars";
const DOT_ENV: &str = ".env";

/// The names of the files that one environment reads.
pub(crate) const LOCAL_FILES: [&str; 2] = [DEV_VARS, DOT_ENV];

/// A name that a local file sets, and the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LocalName {
    pub(crate) name: String,
    /// As it is called in the project's folder.
    pub(crate) file: String,
}

/// The names that `wrangler dev` would load for `env` from the files of the folder `dir`.
pub(crate) fn local_names(dir: &Path, env: Option<&str>) -> Vec<LocalName> {
    local_files(dir, env).map_or(Vec::new(), |(_, files)| names_in(dir, &files))
}

/// The files of the folder `dir` that `wrangler dev` would load for `env`, of which a later one counts more, and the name
/// that one file with all of them would have.
///
/// `.dev.vars.<env>` if there is one, else `.dev.vars`; only without either, and unless
/// `CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV=false`, `.env`, `.env.local`, `.env.<env>` and `.env.<env>.local`
/// together. A file that cannot be read counts as absent, as it does for Wrangler.
pub(crate) fn local_files(dir: &Path, env: Option<&str>) -> Option<(&'static str, Vec<String>)> {
    let switch = std::env::var("CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV").ok();
    let dot_env = switch.is_none_or(|value| !value.eq_ignore_ascii_case("false"));
    files_in(dir, env.filter(|env| !env.is_empty()), dot_env)
}

fn files_in(dir: &Path, env: Option<&str>, dot_env: bool) -> Option<(&'static str, Vec<String>)> {
    let is_there = |file: &String| files::read(dir.join(file)).is_ok();
    let of_env = |stem: &str| env.map(|env| format!("{stem}.{env}"));
    let vars = of_env(DEV_VARS).filter(is_there).or_else(|| Some(DEV_VARS.to_owned()).filter(is_there));
    if let Some(vars) = vars {
        return Some((DEV_VARS, vec![vars]));
    }
    let files = [Some(DOT_ENV.to_owned()), Some(format!("{DOT_ENV}.local")), of_env(DOT_ENV)];
    let files = files.into_iter().chain([of_env(DOT_ENV).map(|file| format!("{file}.local"))]);
    let files: Vec<_> = files.flatten().filter(|file| dot_env && is_there(file)).collect();
    (!files.is_empty()).then_some((DOT_ENV, files))
}

fn names_in(dir: &Path, files: &[String]) -> Vec<LocalName> {
    let mut names: Vec<LocalName> = Vec::new();
    for file in files {
        // Who reads a message needs no names out of one that nobody wrote.
        let text = files::read_configuration(&dir.join(file)).unwrap_or_default();
        for name in parse(&String::from_utf8_lossy(&text)) {
            let found = LocalName { name, file: file.clone() };
            // The later file's value wins.
            match names.iter_mut().find(|name| name.name == found.name) {
                Some(name) => *name = found,
                None => names.push(found),
            }
        }
    }
    names
}

/// An assignment as `dotenv` 16 reads it: an optional `export`, a name, `=` or `: `, and a value that is quoted,
/// and then may span lines, or ends at `#` or the end of the line.
static ASSIGNMENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?mx)
        ^ \s* (?: export \s+ )? ([A-Za-z0-9_.-]+) (?: \s* = \s*? | : \s+? )
        (?: \s* ' (?: \\' | [^'] )* ' | \s* " (?: \\" | [^"] )* " | \s* ` (?: \\` | [^`] )* ` | [^\#\r\n]+ )?
        \s* (?: \# .* )? $"#,
    )
    .ok()
});

pub(crate) fn parse(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut names: Vec<String> = Vec::new();
    for found in ASSIGNMENT.iter().flat_map(|assignment| assignment.captures_iter(&text)) {
        let name = found.get(1).map_or("", |name| name.as_str());
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::{files_in, names_in, parse};

    #[test]
    fn syntax() {
        for (text, expected) in [
            ("A=1\nB=2", vec!["A", "B"]),
            ("export A=1", vec!["A"]),
            ("# A=1\nB=2 # C=3", vec!["B"]),
            ("A='x\nB=2\n'\nC=3", vec!["A", "C"]),
            ("A=\"x\nB=2\"\nC=3", vec!["A", "C"]),
            ("A=`x\nB=2`", vec!["A"]),
            ("A: 1\nB:2", vec!["A"]),
            ("A=\r\nB=\r\n", vec!["A", "B"]),
            ("A=1\rB=2", vec!["A", "B"]),
            ("A\nB=\"it's\"", vec!["B"]),
            ("A=1\nA=2", vec!["A"]),
            ("a.b-c=1", vec!["a.b-c"]),
            ("A=\"unclosed\nB=2", vec!["A", "B"]),
            ("A=\"say \\\"hi\\\"\" # B=1", vec!["A"]),
            ("", vec![]),
        ] {
            assert_eq!(parse(text), expected, "{text:?}");
        }
    }

    #[test]
    fn which_files_count() {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = folder.path();
        let write = |file: &str, text: &str| std::fs::write(dir.join(file), text).expect("written");
        let found = |env, dot_env| -> Vec<String> {
            let files = files_in(dir, env, dot_env).map_or(Vec::new(), |(_, files)| files);
            names_in(dir, &files).into_iter().map(|name| format!("{} {}", name.file, name.name)).collect()
        };
        assert!(found(None, true).is_empty());
        write(".env", "A=1\nB=1");
        write(".env.local", "B=2");
        write(".env.staging", "C=1");
        write(".env.staging.local", "A=3");
        assert_eq!(found(None, true), [".env A", ".env.local B"]);
        assert_eq!(found(Some("staging"), true), [".env.staging.local A", ".env.local B", ".env.staging C"]);
        assert!(found(None, false).is_empty());
        write(".dev.vars", "D=1");
        assert_eq!(found(Some("staging"), true), [".dev.vars D"]);
        write(".dev.vars.staging", "");
        assert!(found(Some("staging"), true).is_empty());
        assert_eq!(found(None, true), [".dev.vars D"]);
    }
}
