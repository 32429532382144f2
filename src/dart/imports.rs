//! Libraries of the Dart VM that a compiled Worker does not have, found by following a program's imports.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;

use super::{packages, uri};
use crate::diagnostic::{Code, Diagnostic, Location};
use crate::files;

/// They exist under `dartflare dev`, which runs on the VM, and not on Workers.
const VM_ONLY: [&str; 4] = ["dart:ffi", "dart:io", "dart:isolate", "dart:mirrors"];

#[allow(clippy::expect_used, reason = "a constant pattern")]
static DIRECTIVE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?m)^\s*(?:import|export|part)\s+['"]([^'"\n]+)['"]"#).expect("a valid pattern")
});

#[allow(clippy::expect_used, reason = "a constant pattern")]
static ENTRYPOINTS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\bentrypoints\s*:").expect("a valid pattern"));

#[derive(Deserialize)]
struct PackageConfig {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    name: String,
    root_uri: String,
    #[serde(default, rename = "packageUri")]
    library_uri: String,
}

/// A warning for each import of a library that Workers lack, in the libraries that `entry` reaches within the packages
/// whose sources are in `local`.
pub(crate) fn check(entry: &Path, package_config: &Path, local: &[PathBuf]) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    visit(entry, package_config, local, |path, source, trail| {
        for directive in DIRECTIVE.captures_iter(source) {
            let Some(found) = directive.get(1).filter(|found| VM_ONLY.contains(&found.as_str())) else {
                continue;
            };
            let location = Location::of_span(&files::shown(path), source, found.start(), found.end());
            warnings.push(warning(found.as_str(), location, trail));
        }
    });
    warnings
}

/// Whether the program may register entrypoints: one that does not has no argument of that name anywhere in the
/// libraries that `entry` reaches within the packages whose sources are in `local`.
pub(crate) fn may_register_entrypoints(entry: &Path, package_config: &Path, local: &[PathBuf]) -> bool {
    let mut may = false;
    visit(entry, package_config, local, |_, source, _| may |= ENTRYPOINTS.is_match(source));
    may
}

/// Calls `each` with each of those libraries, its source, and what it was reached by.
fn visit(
    entry: &Path,
    package_config: &Path,
    local: &[PathBuf],
    mut each: impl FnMut(&Path, &str, &[String]),
) {
    let folders = libraries(package_config);
    let mut seen = HashSet::from([entry.to_owned()]);
    let mut queue = VecDeque::from([(entry.to_owned(), vec![files::shown(entry).display().to_string()])]);
    while let Some((path, trail)) = queue.pop_front() {
        // A missing file is the compiler's to report.
        let Ok(source) = files::read_to_string(&path) else { continue };
        each(&path, &source, &trail);
        for directive in DIRECTIVE.captures_iter(&source) {
            let Some(found) = directive.get(1) else { continue };
            let Some(next) = resolve(found.as_str(), &path, &folders) else { continue };
            if local.iter().any(|folder| next.starts_with(folder)) && seen.insert(next.clone()) {
                let shown = files::shown(&next).display().to_string();
                queue.push_back((next, trail.iter().cloned().chain([shown]).collect()));
            }
        }
    }
}

fn warning(library: &str, location: Location, trail: &[String]) -> Diagnostic {
    let reached = if trail.len() > 1 { format!("reached by {}", trail.join(" -> ")) } else { String::new() };
    Diagnostic::warning(Code::LocalLibrary, format!("`{library}` works here and not on Cloudflare"))
        .at(location, reached)
        .hint("Workers have no file system, processes or isolates; use the bindings and `fetch` instead")
}

fn resolve(import: &str, from: &Path, folders: &HashMap<String, PathBuf>) -> Option<PathBuf> {
    if let Some(rest) = import.strip_prefix("package:") {
        let (name, inside) = rest.split_once('/')?;
        // It has a host for each of the two worlds, behind a conditional import.
        if name == packages::RUNTIME {
            return None;
        }
        return Some(folders.get(name)?.join(inside));
    }
    if import.contains(':') {
        return None;
    }
    uri::to_path(from.parent()?, import)
}

/// The folder of each package's libraries.
pub(crate) fn libraries(package_config: &Path) -> HashMap<String, PathBuf> {
    let config = files::read(package_config).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let PackageConfig { packages } = config.unwrap_or(PackageConfig { packages: Vec::new() });
    let base = package_config.parent().unwrap_or(package_config);
    packages
        .into_iter()
        .filter_map(|package| {
            Some((package.name, uri::to_path(base, &package.root_uri)?.join(package.library_uri)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::written as project;

    #[test]
    fn follows_imports_exports_and_parts_to_a_library_of_the_vm() {
        let dir = project(&[
            (
                "lib/main.dart",
                "import 'dart:async';\nimport 'package:app/a.dart';\nimport 'package:far/far.dart';\n",
            ),
            ("lib/a.dart", "export 'src/b.dart' show B;\nimport 'main.dart';\n"),
            ("lib/src/b.dart", "// text\nimport \"dart:io\" as io;\n"),
            ("far/lib/far.dart", "import 'dart:io';\n"),
            (
                "pc.json",
                r#"{"configVersion":2,"packages":[{"name":"app","rootUri":".","packageUri":"lib/"},
                    {"name":"far","rootUri":"far/","packageUri":"lib/"}]}"#,
            ),
        ]);
        let local = [dir.path().join("lib")];
        let warnings = check(&dir.path().join("lib/main.dart"), &dir.path().join("pc.json"), &local);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        let (location, label) = &warnings[0].locations[0];
        assert_eq!((location.line, location.column), (2, 9));
        assert!(label.ends_with("b.dart") && label.matches(" -> ").count() == 2, "{label}");
    }

    #[test]
    fn entrypoints_may_be_in_any_library_of_the_program() {
        let dir = project(&[
            ("main.dart", "import 'a.dart';\n// of entrypoints\n"),
            ("a.dart", "final worker = CloudflareWorkers(entrypoints : {});\n"),
            ("b.dart", "import 'main.dart' show nothing;\nfinal entrypoints = 1;\n"),
        ]);
        let may = |name: &str, local: &[PathBuf]| {
            may_register_entrypoints(&dir.path().join(name), Path::new("none"), local)
        };
        assert!(may("main.dart", &[dir.path().to_owned()]));
        assert!(may("b.dart", &[dir.path().to_owned()]));
        assert!(!may("main.dart", &[]));
    }

    #[test]
    fn conditional_imports_are_not_followed() {
        let dir = project(&[("main.dart", "import 'stub.dart'\n    if (dart.library.io) 'dart:io';\n")]);
        assert!(check(&dir.path().join("main.dart"), Path::new("none"), &[dir.path().to_owned()]).is_empty());
    }
}
