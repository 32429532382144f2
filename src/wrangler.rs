//! Finding Wrangler, and the Node it runs on.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use semver::Version;
use serde::Deserialize;

use crate::diagnostic::{Code, Diagnostic};
use crate::error::{Error, Result, why};
use crate::platform;
use crate::probe;
use crate::version::Range;

/// The oldest major version with the `wrangler dev` that dartflare drives.
const OLDEST_MAJOR: u64 = 4;

const INSTALL: &str = "run `npm install --save-dev wrangler@4`";

/// A Wrangler that is new enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrangler {
    /// What to run.
    pub(crate) program: PathBuf,
    pub(crate) version: Version,
    /// The folder of its package, where that was found: its own packages are resolved from there.
    pub(crate) package: Option<PathBuf>,
    /// The Node versions it says it runs on, as its package writes them.
    node_range: Option<String>,
}

/// The `node` on `PATH`, which a `wrangler` from npm starts by that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) program: PathBuf,
    pub(crate) version: Version,
}

impl Wrangler {
    /// Finds the Wrangler for the project in `project`: the value of `--wrangler`, `DARTFLARE_WRANGLER`, the nearest
    /// `node_modules/.bin` upwards, `PATH`, in that order.
    pub(crate) fn find(project: &Path, flag: Option<&Path>) -> Result<Self> {
        let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
        find(project, flag, variable("DARTFLARE_WRANGLER"), variable("PATH"))
    }

    /// As [`Wrangler::find`], with the Node that is there to run it.
    pub(crate) fn find_with_node(project: &Path, flag: Option<&Path>) -> Result<(Self, Node)> {
        let wrangler = Self::find(project, flag)?;
        let node = Node::find()?;
        wrangler.check_node(&node)?;
        Ok((wrangler, node))
    }

    /// One that a test makes up.
    #[cfg(all(test, unix))]
    pub(crate) fn at(program: PathBuf, version: Version, package: Option<PathBuf>) -> Self {
        Self { program, version, package, node_range: None }
    }

    /// Whether `node` is one this Wrangler runs on.
    pub(crate) fn check_node(&self, node: &Node) -> Result<()> {
        let Some(wanted) = &self.node_range else { return Ok(()) };
        match Range::parse(wanted) {
            Some(range) if !range.allows(&node.version) => Err(Error::Environment(
                Diagnostic::error(
                    Code::NodeTooOld,
                    format!(
                        "Node {} at `{}` does not run Wrangler {}, which needs {wanted}",
                        node.version,
                        node.program.display(),
                        self.version
                    ),
                )
                .hint("install a newer Node (https://nodejs.org) and put it first on `PATH`"),
            )),
            _ => Ok(()),
        }
    }
}

fn find(
    project: &Path,
    flag: Option<&Path>,
    variable: Option<OsString>,
    search_path: Option<OsString>,
) -> Result<Wrangler> {
    let named = flag
        .map(|path| (path.to_owned(), "--wrangler"))
        .or_else(|| variable.map(|value| (PathBuf::from(value), "DARTFLARE_WRANGLER")));
    if let Some((wanted, named_by)) = named {
        let here = env::current_dir().unwrap_or_default();
        let found = which::which_in(&wanted, search_path, here).map_err(|_| {
            Error::Environment(
                Diagnostic::error(
                    Code::NotAProgram,
                    format!(
                        "`{}`, which `{named_by}` names, is not a program that can be run",
                        wanted.display()
                    ),
                )
                .hint(format!("give `{named_by}` the path of a `wrangler` executable, or {INSTALL}")),
            )
        })?;
        return examine(found);
    }
    let project = std::path::absolute(project).unwrap_or_else(|_| project.to_owned());
    let beside = project.ancestors().find_map(|folder| {
        let bin = folder.join("node_modules").join(".bin");
        which::which_in("wrangler", Some(bin), folder).ok()
    });
    match beside.or_else(|| which::which_in("wrangler", search_path, &project).ok()) {
        Some(found) => examine(found),
        None => Err(Error::Environment(
            Diagnostic::error(
                Code::NoWrangler,
                "Wrangler is not installed: no `node_modules/.bin/wrangler` upwards, none on `PATH`",
            )
            .hint(format!("{INSTALL} in the project")),
        )),
    }
}

fn examine(program: PathBuf) -> Result<Wrangler> {
    let (version, package, node_range) = match manifest(&program) {
        Some((package, manifest)) => {
            (manifest.version, Some(package), manifest.engines.and_then(|engines| engines.node))
        }
        None => (ask(&program, "Wrangler")?, None, None),
    };
    if version.major < OLDEST_MAJOR {
        return Err(Error::Environment(
            Diagnostic::error(
                Code::WranglerTooOld,
                format!(
                    "Wrangler {version} at `{}` is too old: dartflare needs {OLDEST_MAJOR} or newer",
                    program.display()
                ),
            )
            .hint(INSTALL),
        ));
    }
    Ok(Wrangler { program, version, package, node_range })
}

#[derive(Deserialize)]
struct Manifest {
    name: String,
    version: Version,
    engines: Option<Engines>,
}

#[derive(Deserialize)]
struct Engines {
    node: Option<String>,
}

/// The package that `program` belongs to and its `package.json`: reading it is faster than starting Wrangler.
fn manifest(program: &Path) -> Option<(PathBuf, Manifest)> {
    // npm links `.bin/wrangler` to `wrangler/bin/wrangler.js`; pnpm, and npm on Windows, put a script there.
    let linked = platform::real(program).ok();
    let package_of_link = linked.as_deref().and_then(|real| Some(real.parent()?.parent()?.to_owned()));
    let bin = program.parent()?;
    let beside = (bin.file_name() == Some(OsStr::new(".bin"))).then(|| bin.with_file_name("wrangler"));
    let global = bin.join("node_modules").join("wrangler");
    let candidates =
        package_of_link.into_iter().chain(beside).chain([global]).chain(package_of_script(program));
    candidates.into_iter().find_map(|package| {
        let manifest: Manifest =
            serde_json::from_slice(&fs::read(package.join("package.json")).ok()?).ok()?;
        (manifest.name == "wrangler").then_some((package, manifest))
    })
}

/// Where the script that a package manager wrote for `program` says that the package is: for a global installation,
/// pnpm keeps it in a folder of its own.
fn package_of_script(program: &Path) -> Option<PathBuf> {
    const LARGEST: u64 = 16 * 1024;
    if fs::metadata(program).ok()?.len() > LARGEST {
        return None;
    }
    let text = fs::read_to_string(program).ok()?;
    let before = text.split_once("/wrangler/bin/wrangler.js")?.0;
    let folder = before.rsplit(['"', '\'', ' ', '=']).next()?;
    let folder = folder.strip_prefix("$basedir/").unwrap_or(folder);
    Some(program.parent()?.join(folder).join("wrangler"))
}

impl Node {
    /// Finds the `node` on `PATH`.
    pub(crate) fn find() -> Result<Self> {
        let program = which::which("node").map_err(|_| {
            Error::Environment(
                Diagnostic::error(Code::NoNode, "no `node` on `PATH`: Wrangler runs on it")
                    .hint("install Node 20.3 or newer (https://nodejs.org)"),
            )
        })?;
        let version = ask(&program, "Node")?;
        Ok(Self { program, version })
    }
}

/// The version a program prints when asked for it.
fn ask(program: &Path, name: &str) -> Result<Version> {
    let broken = |how: String| {
        Error::Environment(
            Diagnostic::error(Code::ToolSilent, format!("`{} --version` {how}", program.display()))
                .hint(format!("install {name} again, or put a working one first on `PATH`")),
        )
    };
    let mut command = Command::new(program);
    command.arg("--version");
    let output = probe::output_within(command, probe::TIME_LIMIT)
        .map_err(|error| broken(format!("does not start: {}", why(&error))))?
        .ok_or_else(|| broken(format!("gave no answer within {} s", probe::TIME_LIMIT.as_secs())))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.split_whitespace().find_map(|word| Version::parse(word.trim_start_matches('v')).ok());
    version.ok_or_else(|| {
        let errors = String::from_utf8_lossy(&output.stderr);
        let mut lines = text.lines().chain(errors.lines());
        let said = lines.rfind(|line| !line.trim().is_empty()).unwrap_or("nothing").trim();
        broken(format!("does not name a version, it says: {said}"))
    })
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    fn script(root: &TempDir, path: &str, text: &str) -> PathBuf {
        probe::scripts::write(root.path(), path, text)
    }

    /// A package as npm installs it, whose program fails: its version has to be read.
    fn package(root: &TempDir, folder: &str, version: &str) -> PathBuf {
        let node = if version.starts_with('4') { ">=20.3.0" } else { ">=16" };
        let manifest =
            format!(r#"{{"name":"wrangler","version":"{version}","engines":{{"node":"{node}"}}}}"#);
        script(root, &format!("{folder}/node_modules/wrangler/package.json"), &manifest);
        script(root, &format!("{folder}/node_modules/wrangler/bin/wrangler.js"), "#!/bin/sh\nexit 99\n");
        let bin = root.path().join(folder).join("node_modules/.bin");
        fs::create_dir_all(&bin).unwrap();
        symlink("../wrangler/bin/wrangler.js", bin.join("wrangler")).unwrap();
        bin.join("wrangler")
    }

    fn message(result: Result<impl std::fmt::Debug>) -> String {
        match result.unwrap_err() {
            Error::Environment(diagnostic) => diagnostic.message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_order_of_the_search() {
        let root = tempfile::tempdir().unwrap();
        let project = root.path().join("work/apps/one");
        fs::create_dir_all(&project).unwrap();
        let [flag, variable, near, far] =
            [("flag", "4.1.0"), ("variable", "4.2.0"), ("work", "4.3.0"), ("global", "4.4.0")]
                .map(|(folder, version)| package(&root, folder, version));
        let path = far.parent().unwrap().as_os_str().to_owned();
        let found = |flag: Option<&Path>, variable: Option<&PathBuf>| {
            let variable = variable.map(|path| path.as_os_str().to_owned());
            let wrangler = find(&project, flag, variable, Some(path.clone())).unwrap();
            (wrangler.program, wrangler.version.minor)
        };
        assert_eq!(found(Some(&flag), Some(&variable)), (flag.clone(), 1));
        assert_eq!(found(None, Some(&variable)), (variable, 2));
        assert_eq!(found(None, None), (near, 3));
        fs::remove_dir_all(root.path().join("work/node_modules")).unwrap();
        assert_eq!(found(None, None), (far, 4));
    }

    #[test]
    fn what_is_not_there_is_named() {
        let root = tempfile::tempdir().unwrap();
        let nowhere = Some(root.path().as_os_str().to_owned());
        let error = find(root.path(), None, None, nowhere.clone()).unwrap_err().diagnostic();
        assert!(error.message.starts_with("Wrangler is not installed"), "{error}");
        assert_eq!(error.hint.unwrap(), "run `npm install --save-dev wrangler@4` in the project");
        let named = find(root.path(), None, Some("./none".into()), nowhere);
        assert_eq!(
            message(named),
            "`./none`, which `DARTFLARE_WRANGLER` names, is not a program that can be run"
        );
    }

    #[test]
    fn the_version_is_read_or_asked() {
        let root = tempfile::tempdir().unwrap();
        let old = package(&root, "old", "3.99.0");
        let expected =
            format!("Wrangler 3.99.0 at `{}` is too old: dartflare needs 4 or newer", old.display());
        assert_eq!(message(examine(old)), expected);
        // pnpm: a script in `.bin`, the package beside it.
        let linked = package(&root, "pnpm", "4.5.6");
        fs::remove_file(&linked).unwrap();
        let pnpm = script(&root, "pnpm/node_modules/.bin/wrangler", "#!/bin/sh\nexit 99\n");
        assert_eq!(examine(pnpm).unwrap().version, Version::new(4, 5, 6));
        // pnpm, global: a script that names it.
        package(&root, "home/global/5", "4.6.7");
        let text = "#!/bin/sh\nbasedir=$(dirname \"$0\")\n\
                    exec node  \"$basedir/global/5/node_modules/wrangler/bin/wrangler.js\" \"$@\"\n";
        let global = examine(script(&root, "home/wrangler", text)).unwrap();
        assert_eq!(global.version, Version::new(4, 6, 7));
        assert_eq!(global.package, Some(root.path().join("home/global/5/node_modules/wrangler")));
        let shim = script(&root, "shims/wrangler", "#!/bin/sh\necho; echo ' wrangler 4.7.8'\n");
        assert_eq!(examine(shim).unwrap().version, Version::new(4, 7, 8));
        let broken = script(&root, "broken/wrangler", "#!/bin/sh\necho 'no such volta' >&2\n");
        assert!(message(examine(broken)).ends_with("does not name a version, it says: no such volta"));
    }

    #[test]
    fn wrangler_says_which_node_it_needs() {
        let root = tempfile::tempdir().unwrap();
        let wrangler = examine(package(&root, "work", "4.86.0")).unwrap();
        let node =
            |major, minor| Node { program: "/bin/node".into(), version: Version::new(major, minor, 0) };
        wrangler.check_node(&node(20, 3)).unwrap();
        assert_eq!(
            message(wrangler.check_node(&node(20, 2))),
            "Node 20.2.0 at `/bin/node` does not run Wrangler 4.86.0, which needs >=20.3.0"
        );
    }
}
