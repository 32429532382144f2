//! Which folder each package of a project comes from, and whether our own is among them and fits.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use semver::Version;
use serde::Deserialize;
use serde_json::json;

use super::locate::Toolchain;
use super::pubspec::{Dependency, Pubspec, Source, is_workspace_root};
use super::uri;
use crate::diagnostic::{Code, Diagnostic};
use crate::error::{Error, Result};
use crate::files;

/// The package a Worker is written with.
pub(super) const RUNTIME: &str = "cloudflare_workers";

/// Until the package has a name of its own on pub, it comes from the repository.
const RUNTIME_FROM_GIT: &str =
    "`cloudflare_workers: {git: {url: https://github.com/dartflare/dartflare, path: dart_runtime}}`";

/// The packages of a project, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packages {
    /// What `--packages` takes, absolute.
    pub(crate) config: PathBuf,
    /// The project's own name, the first part of its `package:` URIs.
    pub(crate) package_name: String,
    /// The version of `package:cloudflare_workers`.
    pub(crate) runtime_version: Version,
    /// Folders of the packages whose sources change as the user works: the project and its path dependencies.
    pub(crate) local: Vec<PathBuf>,
}

/// Resolves the packages of the project in `project` and checks that our own is there and fits.
///
/// With an SDK, `dart pub get` runs when its result is missing or older than the pubspec. On a bare VM the path
/// dependencies are resolved here, into a file of our own; pub's is read where it covers more, and never written.
pub(crate) fn resolve(project: &Path, toolchain: &Toolchain) -> Result<Packages> {
    let project = absolute(project)?;
    let pubspec = Pubspec::read(&project)?;
    let plan = if let Some(plan) = plan(&project, &pubspec, toolchain)? {
        plan
    } else {
        run_pub_get(&project, &pubspec, toolchain)?;
        let config = pub_config(&project, &pubspec);
        Plan::read(&config)?.ok_or_else(|| {
            let message = format!("`dart pub get` did not write `{}`", files::shown(&config).display());
            Error::Environment(
                Diagnostic::error(Code::PubGetFailed, message).hint("run it by hand to see what it does"),
            )
        })?
    };
    if let Some(content) = &plan.content {
        files::write_if_changed(&plan.config, content)?;
    }
    plan.check(&pubspec)
}

/// What [`resolve`] would find, without running or writing anything; `None` when `dart pub get` has to run first.
pub(crate) fn inspect(project: &Path, toolchain: &Toolchain) -> Result<Option<Packages>> {
    let project = absolute(project)?;
    let pubspec = Pubspec::read(&project)?;
    plan(&project, &pubspec, toolchain)?.map(|plan| plan.check(&pubspec)).transpose()
}

/// Whether the folder is that of the package that a Worker is written with.
pub(crate) fn is_runtime(folder: &Path) -> bool {
    Pubspec::read(folder).is_ok_and(|pubspec| pubspec.name == RUNTIME)
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map(|path| uri::tidy(&path)).map_err(|source| Error::Io {
        action: "find",
        path: path.to_owned(),
        source,
    })
}

fn plan(project: &Path, pubspec: &Pubspec, toolchain: &Toolchain) -> Result<Option<Plan>> {
    if !toolchain.abilities.pub_get {
        return resolve_paths(project, pubspec, toolchain).map(Some);
    }
    let config = pub_config(project, pubspec);
    let modified = |path: &Path| fs::metadata(path).and_then(|data| data.modified()).ok();
    let sources =
        ["pubspec.yaml", "pubspec.lock", "pubspec_overrides.yaml"].map(|file| modified(&project.join(file)));
    let newest = sources.into_iter().flatten().max();
    if modified(&config).is_none_or(|written| newest.is_some_and(|newest| written < newest)) {
        return Ok(None);
    }
    Plan::read(&config)
}

/// Where pub writes: beside the pubspec, or beside the one of the workspace.
fn pub_config(project: &Path, pubspec: &Pubspec) -> PathBuf {
    let root = if pubspec.in_workspace {
        project.ancestors().skip(1).find(|folder| is_workspace_root(folder)).unwrap_or(project)
    } else {
        project
    };
    root.join(".dart_tool").join("package_config.json")
}

fn run_pub_get(project: &Path, pubspec: &Pubspec, toolchain: &Toolchain) -> Result<()> {
    let output = Command::new(&toolchain.dart)
        .args(["pub", "get"])
        .current_dir(project)
        .output()
        .map_err(|source| Error::Io { action: "run", path: toolchain.dart.clone(), source })?;
    if output.status.success() {
        return Ok(());
    }
    let text =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    let message = format!("`dart pub get` failed for `{}`\n{}", pubspec.name, text.trim_end());
    // 69 and 75 are pub's words for a server that does not answer.
    if matches!(output.status.code(), Some(69 | 75)) {
        let hint =
            "connect to the network, or run `dart pub get --offline` if the packages were fetched before";
        return Err(Error::Environment(Diagnostic::error(Code::PubGetFailed, message).hint(hint)));
    }
    Err(Error::Project(
        Diagnostic::error(Code::PubGetFailed, message).hint("mend `pubspec.yaml` as the message says"),
    ))
}

/// A resolution before it was checked or written.
struct Plan {
    config: PathBuf,
    /// What has to be in `config`; `None` when the file is pub's.
    content: Option<String>,
    packages: Vec<Package>,
}

struct Package {
    name: String,
    folder: PathBuf,
    local: bool,
}

impl Plan {
    /// Reads a file of pub's; `None` when there is none that can be understood.
    fn read(config: &Path) -> Result<Option<Self>> {
        #[derive(Deserialize)]
        struct File {
            packages: Vec<Entry>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Entry {
            name: String,
            root_uri: String,
        }
        let bytes = match files::read(config) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Error::Io { action: "read", path: config.to_owned(), source }),
        };
        let Ok(file) = serde_json::from_slice::<File>(&bytes) else { return Ok(None) };
        let base = config.parent().unwrap_or(Path::new(""));
        let package = |entry: Entry| {
            let folder = uri::to_path(base, &entry.root_uri)?;
            // pub writes what it fetched as an absolute URI, and what lies beside the project as a relative one.
            Some(Package { name: entry.name, folder, local: !entry.root_uri.contains("://") })
        };
        let packages = file.packages.into_iter().filter_map(package).collect();
        Ok(Some(Self { config: config.to_owned(), content: None, packages }))
    }

    fn folder(&self, name: &str) -> Option<&Path> {
        self.packages.iter().find(|package| package.name == name).map(|package| package.folder.as_path())
    }

    fn check(self, project: &Pubspec) -> Result<Packages> {
        let runtime_version = check_runtime(self.folder(RUNTIME), project)?;
        Ok(Packages {
            package_name: project.name.clone(),
            runtime_version,
            local: self
                .packages
                .into_iter()
                .filter(|package| package.local)
                .map(|package| package.folder)
                .collect(),
            config: self.config,
        })
    }
}

/// Follows the path dependencies from the project, as pub would.
fn resolve_paths(project: &Path, pubspec: &Pubspec, toolchain: &Toolchain) -> Result<Plan> {
    let mut packages: Vec<(Package, (u64, u64), Option<Dependency>)> = Vec::new();
    let mut fetched: Vec<(Dependency, &'static str)> = Vec::new();
    let mut queue = VecDeque::new();

    let wanted_by_project = pubspec
        .overrides
        .iter()
        .chain(&pubspec.dependencies)
        // What only `dart pub` can fetch is no loss here: it helps to develop, not to run.
        .chain(pubspec.dev_dependencies.iter().filter(|it| matches!(it.source, Source::Path(_))));
    packages.push((
        Package { name: pubspec.name.clone(), folder: project.to_owned(), local: true },
        language(pubspec, toolchain)?,
        None,
    ));
    queue.extend(wanted_by_project.map(|dependency| (project.to_owned(), dependency.clone())));

    while let Some((base, dependency)) = queue.pop_front() {
        let overriding = pubspec.overrides.iter().find(|it| it.name == dependency.name);
        let (base, dependency) = match overriding {
            Some(overriding) => (project.to_owned(), overriding.clone()),
            None => (base, dependency),
        };
        let path = match &dependency.source {
            Source::Path(path) => path,
            Source::Fetched(how) => {
                fetched.push((dependency.clone(), how));
                continue;
            }
        };
        let folder = uri::tidy(&base.join(path));
        if let Some((known, _, by)) = packages.iter().find(|(known, ..)| known.name == dependency.name) {
            if known.folder != folder {
                return Err(Error::Project(conflict(&dependency, &folder, &known.folder, by.as_ref())));
            }
            continue;
        }
        if !folder.join("pubspec.yaml").is_file() {
            let missing = folder.join("pubspec.yaml");
            let message =
                format!("`{}` is not there: no `{}`", dependency.name, files::shown(&missing).display());
            return Err(Error::Project(
                Diagnostic::error(Code::PathDependency, message).at(dependency.at, "").hint(files::or_near(
                    &folder,
                    "correct the path, which begins at the folder of this pubspec",
                )),
            ));
        }
        let found = Pubspec::read(&folder)?;
        if found.name != dependency.name {
            let message = format!(
                "the package in `{}` is `{}`, not `{}`",
                files::shown(&folder).display(),
                found.name,
                dependency.name
            );
            return Err(Error::Project(
                Diagnostic::error(Code::PathDependency, message)
                    .at(dependency.at, "")
                    .hint("a dependency goes by the package's own name"),
            ));
        }
        queue.extend(found.dependencies.iter().map(|it| (folder.clone(), it.clone())));
        let package = Package { name: found.name.clone(), folder, local: true };
        packages.push((package, language(&found, toolchain)?, Some(dependency)));
    }

    fetched.retain(|(dependency, _)| packages.iter().all(|(known, ..)| known.name != dependency.name));
    if !fetched.is_empty() {
        let needed = packages.iter().map(|(package, ..)| &package.name);
        let needed: Vec<&String> =
            needed.chain(fetched.iter().map(|(dependency, _)| &dependency.name)).collect();
        let covers = |plan: &Plan| needed.iter().all(|name| plan.folder(name).is_some_and(Path::is_dir));
        return match Plan::read(&pub_config(project, pubspec))?.filter(covers) {
            Some(plan) => Ok(plan),
            None => Err(Error::Environment(not_fetched(&fetched, toolchain))),
        };
    }
    let entries: Vec<_> = packages
        .iter()
        .map(|(package, language, _)| {
            json!({
                "name": package.name,
                "rootUri": uri::of_folder(&package.folder),
                "packageUri": "lib/",
                "languageVersion": format!("{}.{}", language.0, language.1),
            })
        })
        .collect();
    let file = json!({ "configVersion": 2, "packages": entries, "generator": "dartflare" });
    Ok(Plan {
        config: project.join(".dart_tool").join("dartflare").join("package_config.json"),
        content: Some(format!("{file:#}\n")),
        packages: packages.into_iter().map(|(package, ..)| package).collect(),
    })
}

/// The language version of a package, after a look whether this Dart may run it.
fn language(pubspec: &Pubspec, toolchain: &Toolchain) -> Result<(u64, u64)> {
    if !pubspec.sdk.allows(&toolchain.version) {
        let message = format!("package `{}` is not for Dart {}", pubspec.name, toolchain.version);
        return Err(Error::Environment(Diagnostic::error(Code::NotForThisDart, message).at(pubspec.sdk_at.clone(), "").hint(format!(
            "`{}` was named by `{}`: name another Dart with `--dart` or `DARTFLARE_DART`, or change the constraint",
            toolchain.dart.display(),
            toolchain.named_by
        ))));
    }
    pubspec.sdk.least().ok_or_else(|| {
        let message = format!("package `{}` does not say the least Dart it needs", pubspec.name);
        Error::Project(
            Diagnostic::error(Code::Pubspec, message)
                .at(pubspec.sdk_at.clone(), "")
                .hint("write it like `sdk: ^3.5.0`"),
        )
    })
}

fn conflict(dependency: &Dependency, folder: &Path, known: &Path, by: Option<&Dependency>) -> Diagnostic {
    let message = format!("`{}` would come from two folders", dependency.name);
    let here = format!("from `{}`", files::shown(folder).display());
    let mut diagnostic = Diagnostic::error(Code::DependencyConflict, message).at(dependency.at.clone(), here);
    let there = files::shown(known);
    let hint = match by {
        Some(by) => {
            diagnostic = diagnostic.at(by.at.clone(), format!("from `{}`", there.display()));
            "choose one for the whole project under `dependency_overrides:`"
        }
        None => "the project itself has this name: rename one of them",
    };
    diagnostic.hint(hint)
}

fn not_fetched(fetched: &[(Dependency, &'static str)], toolchain: &Toolchain) -> Diagnostic {
    let mut names: Vec<String> =
        fetched.iter().map(|(dependency, _)| format!("`{}`", dependency.name)).collect();
    names.dedup();
    let names = names.join(", ");
    let message =
        format!("{names} cannot be fetched: `{}` is a bare VM, without `dart pub`", toolchain.dart.display());
    let diagnostic =
        fetched.iter().fold(Diagnostic::error(Code::NotFetched, message), |diagnostic, (dependency, how)| {
            diagnostic.at(dependency.at.clone(), format!("{how} dependency"))
        });
    if fetched.iter().any(|(dependency, _)| dependency.name == RUNTIME) {
        return diagnostic.hint(
            "run `dartflare sdk install`, or give `path:` to the `dart_runtime` folder of a clone of dartflare",
        );
    }
    diagnostic.hint("run `dartflare sdk install`, or depend on a folder with `path: ...`")
}

/// The version of our package in `folder`, when it is ours and speaks the language of this command.
fn check_runtime(folder: Option<&Path>, project: &Pubspec) -> Result<Version> {
    let wrong = |code: Code, message: String, hint: String| {
        let diagnostic = Diagnostic::error(code, message).hint(hint);
        Err(Error::Project(match project.dependency(RUNTIME) {
            Some(dependency) => diagnostic.at(dependency.at.clone(), ""),
            None => diagnostic,
        }))
    };
    let Some(folder) = folder else {
        return wrong(
            Code::NoRuntimePackage,
            format!("package `{}` does not depend on `{RUNTIME}`", project.name),
            format!("add to `dependencies:` in `pubspec.yaml`: {RUNTIME_FROM_GIT}"),
        );
    };
    let version = Pubspec::read(folder)?.version.unwrap_or(Version::new(0, 0, 0));
    if !folder.join("lib/src/host/host.dart").is_file() {
        return wrong(
            Code::OtherRuntimePackage,
            format!(
                "`{RUNTIME}` {version} is not dartflare's package: dart_edge, no longer maintained, has one of that name"
            ),
            format!("replace the dependency with {RUNTIME_FROM_GIT}"),
        );
    }
    let own = Version::parse(env!("CARGO_PKG_VERSION")).unwrap_or(Version::new(0, 0, 0));
    if !fits(&version, &own) {
        let hint = if version > own { update_dartflare(&version) } else { update_package(project, &own) };
        return wrong(
            Code::VersionsDiffer,
            format!("`{RUNTIME}` {version} does not fit dartflare {own}"),
            hint,
        );
    }
    Ok(version)
}

/// What a command says whose package is of a newer release.
fn update_dartflare(package: &Version) -> String {
    let release = format!("{}.{}", package.major, package.minor);
    format!(
        "update dartflare to {release} (`npm install --save-dev dartflare@{release}`, or `cargo install dartflare`), or \
         depend on the `{RUNTIME}` of this one's release"
    )
}

/// What a command says whose package is of an older release, which depends on how the project comes by it.
fn update_package(project: &Pubspec, own: &Version) -> String {
    let release = format!("{}.{}", own.major, own.minor);
    match project.dependency(RUNTIME).map(|dependency| &dependency.source) {
        Some(Source::Path(path)) => {
            format!("bring `{}` to {release}: `git checkout v{own}` in a clone of dartflare", path.display())
        }
        Some(Source::Fetched("git")) => {
            format!("give its `git:` the line `ref: v{own}`, and run `dart pub upgrade {RUNTIME}`")
        }
        _ => {
            format!("allow `{RUNTIME}` ^{release}.0 in `pubspec.yaml`, and run `dart pub upgrade {RUNTIME}`")
        }
    }
}

/// Looks whether our package fits, without a Dart: where the project has it in a folder, or where it was resolved before.
/// What cannot be told from that is left to the commands that run the program.
pub(crate) fn check_fit(project: &Path) -> Result<()> {
    let project = absolute(project)?;
    if !project.join("pubspec.yaml").is_file() {
        return Ok(());
    }
    let Ok(pubspec) = Pubspec::read(&project) else { return Ok(()) };
    let folder = match pubspec.dependency(RUNTIME).map(|dependency| &dependency.source) {
        Some(Source::Path(path)) => Some(uri::tidy(&project.join(path))),
        Some(Source::Fetched(_)) => {
            let plan = Plan::read(&pub_config(&project, &pubspec)).ok().flatten();
            plan.and_then(|plan| plan.folder(RUNTIME).map(Path::to_owned))
        }
        None => None,
    };
    match folder.filter(|folder| folder.join("pubspec.yaml").is_file()) {
        Some(folder) => check_runtime(Some(&folder), &pubspec).map(|_| ()),
        None => Ok(()),
    }
}

/// The same major version, and while that is 0 the same minor one.
fn fits(package: &Version, own: &Version) -> bool {
    package.major == own.major && (own.major > 0 || package.minor == own.minor)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::super::locate::Abilities;
    use super::*;

    const SDK: &str = "environment: {sdk: ^3.5.0}\n";

    struct Project(TempDir);

    impl Project {
        fn new() -> Self {
            let project = Self(tempfile::tempdir().unwrap());
            let version = env!("CARGO_PKG_VERSION");
            project.file("rt/pubspec.yaml", &format!("name: cloudflare_workers\nversion: {version}\n{SDK}"));
            project.file("rt/lib/src/host/host.dart", "");
            project
        }

        fn root(&self) -> PathBuf {
            self.0.path().canonicalize().unwrap()
        }

        fn file(&self, path: &str, text: &str) {
            let path = self.root().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn package(&self, folder: &str, name: &str, rest: &str) {
            self.file(&format!("{folder}/pubspec.yaml"), &format!("name: {name}\n{SDK}{rest}"));
        }

        fn resolve(&self) -> Result<Packages> {
            resolve(&self.root().join("app"), &bare_vm())
        }

        fn wrong(&self) -> Diagnostic {
            self.resolve().unwrap_err().diagnostic()
        }
    }

    fn bare_vm() -> Toolchain {
        Toolchain {
            dart: "/vm/dart".into(),
            version: Version::new(3, 7, 3),
            abilities: Abilities::default(),
            named_by: "PATH",
        }
    }

    fn lines(diagnostic: &Diagnostic) -> Vec<(usize, &str)> {
        diagnostic.locations.iter().map(|(at, label)| (at.line, label.as_str())).collect()
    }

    #[test]
    fn path_dependencies_of_path_dependencies() {
        let project = Project::new();
        let dependencies = "dependencies:\n  cloudflare_workers: {path: ../rt}\n  a: {path: '../with blank/ä'}\n\
                            dev_dependencies:\n  lints: any\n";
        project.package("app", "app", dependencies);
        // A cycle, and a way back to the project.
        project.package(
            "with blank/ä",
            "a",
            "dependencies:\n  b: {path: ../../b}\n  app: {path: ../../app}\n",
        );
        project.file(
            "b/pubspec.yaml",
            "name: b\nenvironment: {sdk: '>=2.19.0 <4.0.0'}\ndependencies:\n  a: {path: '../with blank/ä'}\n",
        );
        let packages = project.resolve().unwrap();
        assert_eq!(packages.package_name, "app");
        assert_eq!(packages.runtime_version.to_string(), env!("CARGO_PKG_VERSION"));
        let root = project.root();
        assert_eq!(packages.config, root.join("app/.dart_tool/dartflare/package_config.json"));
        let local = ["app", "rt", "with blank/ä", "b"].map(|folder| root.join(folder));
        assert_eq!(packages.local, local);
        let text = fs::read_to_string(&packages.config).unwrap();
        assert!(text.contains("/with%20blank/%C3%A4/\""), "{text}");
        let file: serde_json::Value = serde_json::from_str(&text).unwrap();
        let versions: Vec<_> = file["packages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["languageVersion"].as_str().unwrap())
            .collect();
        assert_eq!(versions, ["3.5", "3.5", "3.5", "2.19"]);
        // What was written reads back the same, and pub's own file was not made.
        let again = Plan::read(&packages.config).unwrap().unwrap();
        assert_eq!(again.packages.iter().map(|it| it.folder.clone()).collect::<Vec<_>>(), local);
        assert!(!root.join("app/.dart_tool/package_config.json").exists());
    }

    #[test]
    fn inspecting_writes_nothing() {
        let project = Project::new();
        project.package("app", "app", "dependencies: {cloudflare_workers: {path: ../rt}}\n");
        let packages = inspect(&project.root().join("app"), &bare_vm()).unwrap().unwrap();
        assert!(!packages.config.exists());
        assert_eq!(packages, project.resolve().unwrap());
    }

    #[test]
    fn an_override_decides() {
        let project = Project::new();
        project.package(
            "app",
            "app",
            "dependencies:\n  cloudflare_workers: ^0.1.0\n  a: {path: ../a}\n\
             dependency_overrides:\n  cloudflare_workers: {path: ../rt}\n  b: {path: ../mine}\n",
        );
        project.package("a", "a", "dependencies: {b: {path: ../theirs}}\n");
        project.package("mine", "b", "");
        let packages = project.resolve().unwrap();
        assert!(packages.local.contains(&project.root().join("mine")), "{packages:?}");
    }

    #[test]
    fn what_only_pub_can_fetch_is_named_with_its_line() {
        let project = Project::new();
        let dependencies = "dependencies:\n  cloudflare_workers: {path: ../rt}\n  http: ^1.0.0\n  x: {git: https://example.com}\n";
        project.package("app", "app", dependencies);
        let wrong = project.wrong();
        assert_eq!(
            wrong.message,
            "`http`, `x` cannot be fetched: `/vm/dart` is a bare VM, without `dart pub`"
        );
        assert_eq!(lines(&wrong), [(5, "hosted dependency"), (6, "git dependency")]);
        assert!(wrong.hint.unwrap().ends_with("or depend on a folder with `path: ...`"));
        assert!(!project.root().join("app/.dart_tool").exists());

        // Where pub was here before, its resolution is used as it is.
        let entry = |name: &str, uri: &str| json!({"name": name, "rootUri": uri, "packageUri": "lib/"});
        let cache = project.root().join("cache/http");
        let http = entry("http", &uri::of_folder(&cache));
        let near = [entry("app", "../"), entry("cloudflare_workers", "../../rt"), entry("x", "../../x")];
        let file = json!({"configVersion": 2, "packages": [http, near[0], near[1], near[2]]}).to_string();
        project.file("app/.dart_tool/package_config.json", &file);
        assert!(project.wrong().message.starts_with("`http`, `x` cannot be fetched"), "folders are missing");
        project.file("cache/http/pubspec.yaml", "");
        project.file("x/pubspec.yaml", "");
        let packages = project.resolve().unwrap();
        let theirs = project.root().join("app/.dart_tool/package_config.json");
        assert_eq!(packages.config, theirs);
        assert_eq!(packages.local, ["app", "rt", "x"].map(|folder| project.root().join(folder)));
        assert_eq!(fs::read_to_string(theirs).unwrap(), file);
    }

    #[test]
    fn wrong_paths_and_names() {
        let project = Project::new();
        project.package("app", "app", "dependencies:\n  a: {path: ../a}\n");
        let wrong = project.wrong();
        assert!(wrong.message.ends_with("/a/pubspec.yaml`"), "{wrong}");
        assert_eq!(lines(&wrong), [(4, "")]);
        project.package("a", "b", "");
        assert!(project.wrong().message.ends_with("/a` is `b`, not `a`"));
        project.package("a", "a", "dependencies:\n  c: {path: ../c1}\n");
        project.package("c1", "c", "");
        project.package("c2", "c", "");
        project.package("app", "app", "dependencies:\n  c: {path: ../c2}\n  a: {path: ../a}\n");
        let wrong = project.wrong();
        assert_eq!(wrong.message, "`c` would come from two folders");
        assert_eq!(wrong.locations.len(), 2);
        assert!(wrong.hint.unwrap().contains("dependency_overrides"));
    }

    #[test]
    fn a_package_for_another_dart() {
        let project = Project::new();
        project.file("app/pubspec.yaml", "name: app\nenvironment:\n  sdk: ^3.8.0\n");
        let error = project.resolve().unwrap_err();
        assert!(matches!(error, Error::Environment(_)));
        let wrong = error.diagnostic();
        assert_eq!(
            (wrong.message.as_str(), lines(&wrong)),
            ("package `app` is not for Dart 3.7.3", vec![(3, "")])
        );
        project.file("app/pubspec.yaml", "name: app\nenvironment:\n  sdk: any\n");
        assert_eq!(project.wrong().message, "package `app` does not say the least Dart it needs");
    }

    #[test]
    fn our_own_package() {
        let project = Project::new();
        project.package("app", "app", "");
        let wrong = project.wrong();
        assert_eq!(wrong.message, "package `app` does not depend on `cloudflare_workers`");
        assert!(wrong.hint.unwrap().contains("path: dart_runtime"));

        project.package("app", "app", "dependencies:\n  cloudflare_workers: {path: ../rt}\n");
        project.file("rt/pubspec.yaml", &format!("name: cloudflare_workers\nversion: 99.0.0\n{SDK}"));
        let wrong = project.wrong();
        assert!(wrong.message.starts_with("`cloudflare_workers` 99.0.0 does not fit dartflare "), "{wrong}");
        assert_eq!(lines(&wrong), [(4, "")]);

        project.file("rt/pubspec.yaml", &format!("name: cloudflare_workers\nversion: 0.0.4\n{SDK}"));
        fs::remove_file(project.root().join("rt/lib/src/host/host.dart")).unwrap();
        let wrong = project.wrong();
        assert!(
            wrong.message.starts_with("`cloudflare_workers` 0.0.4 is not dartflare's package"),
            "{wrong}"
        );
        assert!(wrong.hint.unwrap().starts_with("replace the dependency with `cloudflare_workers: {git: "));
    }

    #[test]
    fn versions_that_fit() {
        let fit =
            |package: &str, own: &str| fits(&Version::parse(package).unwrap(), &Version::parse(own).unwrap());
        assert!(fit("0.1.9", "0.1.0") && fit("1.9.0", "1.0.0"));
        assert!(!fit("0.2.0", "0.1.0") && !fit("2.0.0", "1.0.0") && !fit("0.1.0", "1.0.0"));
    }

    #[cfg(unix)]
    mod with_pub {
        use std::time::{Duration, SystemTime};

        use super::*;

        /// An SDK whose `dart pub get` runs `script`.
        fn sdk(project: &Project, script: &str) -> Toolchain {
            let text = format!("#!/bin/sh\n[ \"$*\" = 'pub get' ] || exit 9\n{script}\n");
            let dart = crate::probe::scripts::write(&project.root(), "dart", &text);
            Toolchain { dart, abilities: Abilities { pub_get: true, compile: true }, ..bare_vm() }
        }

        #[test]
        fn pub_get_runs_when_it_must() {
            let project = Project::new();
            let app = project.root().join("app");
            project.package("app", "app", "dependencies: {cloudflare_workers: {path: ../rt}}\n");
            let script = "echo run >> ../runs; mkdir -p .dart_tool; echo '{\"configVersion\":2,\"packages\":\
                          [{\"name\":\"app\",\"rootUri\":\"../\"},{\"name\":\"cloudflare_workers\",\"rootUri\":\"../../rt\"}]}' \
                          > .dart_tool/package_config.json";
            let sdk = sdk(&project, script);
            assert_eq!(inspect(&app, &sdk).unwrap(), None);
            let packages = resolve(&app, &sdk).unwrap();
            assert_eq!(packages.config, app.join(".dart_tool/package_config.json"));
            assert_eq!(resolve(&app, &sdk).unwrap(), packages);
            let runs = || fs::read_to_string(project.root().join("runs")).unwrap().lines().count();
            assert_eq!(runs(), 1);
            let later = SystemTime::now() + Duration::from_secs(60);
            fs::File::options()
                .write(true)
                .open(app.join("pubspec.yaml"))
                .unwrap()
                .set_modified(later)
                .unwrap();
            assert_eq!(resolve(&app, &sdk).unwrap(), packages);
            assert_eq!(runs(), 2);
        }

        #[test]
        fn a_member_of_a_workspace_is_resolved_above() {
            let project = Project::new();
            project.file("pubspec.yaml", &format!("name: all\n{SDK}workspace: [app]\n"));
            project.package("app", "app", "resolution: workspace\n");
            let file = "{\"packages\":[{\"name\":\"cloudflare_workers\",\"rootUri\":\"../rt\"}]}";
            project.file(".dart_tool/package_config.json", file);
            let packages = resolve(&project.root().join("app"), &sdk(&project, "exit 1")).unwrap();
            assert_eq!(packages.config, project.root().join(".dart_tool/package_config.json"));
        }

        #[test]
        fn its_failure_is_shown() {
            let project = Project::new();
            project.package("app", "app", "");
            let app = project.root().join("app");
            let failing = sdk(&project, "echo Resolving...; echo 'Because app depends on x' >&2; exit 1");
            let error = resolve(&app, &failing).unwrap_err();
            assert!(matches!(error, Error::Project(_)));
            let message = error.diagnostic().message;
            assert!(message.ends_with("\nResolving...\nBecause app depends on x"), "{message}");
            let error = resolve(&app, &sdk(&project, "exit 69")).unwrap_err();
            assert!(matches!(error, Error::Environment(_)));
            let error = resolve(&app, &sdk(&project, "exit 0")).unwrap_err();
            assert!(error.diagnostic().message.starts_with("`dart pub get` did not write `"));
        }
    }
}
