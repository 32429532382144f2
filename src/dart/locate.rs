//! Finding a Dart toolchain, and what it can do.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{env, fs, str};

use semver::Version;

use super::probed::{self, is_script};
use super::pubspec::Pubspec;
use crate::diagnostic::{Code, Diagnostic};
use crate::error::{Error, Result, why};
use crate::files;
use crate::platform;
use crate::probe;
use crate::sdk::store::{Installed, Store};

/// The oldest Dart that `package:cloudflare_workers` is written for.
pub(crate) const OLDEST: (u64, u64) = (3, 5);

const INSTALL: &str = "run `dartflare sdk install`, or put a Dart SDK (https://dart.dev/get-dart) on `PATH`, or name one \
                       with `--dart` or `DARTFLARE_DART`";

/// How to get a Dart that does, where one that `named_by` named does not.
pub(super) fn install_hint(named_by: &str) -> String {
    match named_by {
        "PATH" | OWN => INSTALL.to_owned(),
        "--dart" | "DARTFLARE_DART" => format!(
            "give `{named_by}` another Dart SDK (https://dart.dev/get-dart), or leave it out and run `dartflare sdk install`"
        ),
        _ => "pin another version with `fvm use`, or name another Dart with `--dart` or `DARTFLARE_DART`"
            .to_owned(),
    }
}

/// What named a Dart that `dartflare sdk install` has brought.
const OWN: &str = "dartflare sdk";

/// A Dart that starts and is new enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Toolchain {
    /// What to run: the VM itself where it can be told, else the script that starts it.
    pub(crate) dart: PathBuf,
    pub(crate) version: Version,
    pub(crate) abilities: Abilities,
    /// Where the choice was made, for messages: `--dart`, `DARTFLARE_DART`, `.fvmrc`, `PATH`, `dartflare sdk`.
    pub(crate) named_by: &'static str,
}

/// What this Dart can do beyond running a program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Abilities {
    /// `dart pub` resolves packages.
    pub(crate) pub_get: bool,
    /// `dart compile js` and `dart compile wasm` make a Worker to deploy.
    pub(crate) compile: bool,
}

impl Toolchain {
    /// Finds the Dart for the project in `project`: the value of `--dart`, `DARTFLARE_DART`, the project's FVM
    /// pin, `PATH`, what `dartflare sdk install` has brought, in that order. The first that is named is the one; a
    /// broken one is not passed over in silence. `PATH` names none in that sense: where what is there is too old, or a
    /// bare VM, an SDK that was installed for dartflare is better.
    pub(crate) fn find(project: &Path, flag: Option<&Path>) -> Result<Self> {
        find(project, flag, variable, Asking { limit: probe::TIME_LIMIT, memory: None })
    }

    /// As [`Toolchain::find`], without starting a Dart whose version is known from an earlier run in `project`.
    pub(crate) fn find_cached(project: &Path, flag: Option<&Path>) -> Result<Self> {
        find(project, flag, variable, Asking { limit: probe::TIME_LIMIT, memory: Some(project) })
    }

    /// A VM without the tools of an SDK around it: it runs programs, and that is all.
    pub(crate) fn is_bare_vm(&self) -> bool {
        !self.abilities.pub_get && !self.abilities.compile
    }
}

/// How a Dart is asked what it is.
#[derive(Debug, Clone, Copy)]
struct Asking<'a> {
    /// How long one answer may take.
    limit: Duration,
    /// The project that remembers the answers, if any does.
    memory: Option<&'a Path>,
}

fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

fn find(
    project: &Path,
    flag: Option<&Path>,
    variable: impl Fn(&str) -> Option<OsString>,
    asking: Asking,
) -> Result<Toolchain> {
    let search_path = variable("PATH");
    if let Some(wanted) = flag {
        return named(wanted, "--dart", search_path, asking);
    }
    if let Some(wanted) = variable("DARTFLARE_DART") {
        return named(Path::new(&wanted), "DARTFLARE_DART", search_path, asking);
    }
    if let Some((dart, pin)) = fvm_pin(project, &variable)? {
        return examine(&dart, pin, asking);
    }
    let on_path =
        which::which_in("dart", search_path, project).ok().map(|dart| examine(&dart, "PATH", asking));
    if let Some(Ok(toolchain)) = &on_path
        && toolchain.abilities.compile
    {
        return Ok(toolchain.clone());
    }
    if let Some(sdk) = own(project, variable) {
        return examine(&sdk.dart, OWN, asking);
    }
    on_path.unwrap_or_else(|| {
        Err(Error::Environment(Diagnostic::error(Code::NoDart, "no `dart` on `PATH`").hint(INSTALL)))
    })
}

/// Of what `dartflare sdk install` has brought, the newest that the project is written for; else the newest, for the
/// project to be told so.
fn own(project: &Path, variable: impl Fn(&str) -> Option<OsString>) -> Option<Installed> {
    let mut all = Store::find(variable)?.list();
    let sdk = Pubspec::read(project).ok().map(|pubspec| pubspec.sdk);
    let fitting =
        all.iter().position(|one| sdk.as_ref().is_none_or(|sdk| sdk.allows(&one.version))).unwrap_or(0);
    (fitting < all.len()).then(|| all.swap_remove(fitting))
}

/// A path to `dart` or to an SDK, or a name to look up.
fn named(
    wanted: &Path,
    named_by: &'static str,
    search_path: Option<OsString>,
    asking: Asking,
) -> Result<Toolchain> {
    let wanted = if wanted.is_dir() { wanted.join("bin").join("dart") } else { wanted.to_owned() };
    match env::current_dir().map(|here| which::which_in(&wanted, search_path, here)) {
        Ok(Ok(dart)) => examine(&dart, named_by, asking),
        _ => Err(Error::Environment(
            Diagnostic::error(
                Code::NotAProgram,
                format!("`{}`, which `{named_by}` names, is not a program that can be run", wanted.display()),
            )
            .hint(format!("give `{named_by}` the path of a `dart` executable or of a Dart SDK's folder")),
        )),
    }
}

/// The Dart of the Flutter version that FVM pins for the nearest folder upwards, and the file that says so.
fn fvm_pin(
    project: &Path,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Option<(PathBuf, &'static str)>> {
    let project = std::path::absolute(project).unwrap_or_else(|_| project.to_owned());
    for folder in project.ancestors() {
        let link = folder.join(".fvm").join("flutter_sdk");
        if let Ok(dart) = which::which_in(link.join("bin").join("dart"), None::<OsString>, folder) {
            return Ok(Some((dart, ".fvm/flutter_sdk")));
        }
        for (file, key) in [(".fvmrc", "flutter"), (".fvm/fvm_config.json", "flutterSdkVersion")] {
            let Ok(text) = files::read_to_string(folder.join(file)) else { continue };
            let pin = serde_json::from_str::<serde_json::Value>(&text).ok();
            let Some(version) = pin.as_ref().and_then(|pin| pin.get(key)?.as_str()) else { continue };
            let cache = variable("FVM_CACHE_PATH").map(PathBuf::from).or_else(|| {
                let home = variable(if cfg!(windows) { "USERPROFILE" } else { "HOME" })?;
                Some(Path::new(&home).join("fvm"))
            });
            let dart = cache
                .map(|cache| cache.join("versions").join(version).join("bin").join("dart"))
                .unwrap_or_default();
            return match which::which_in(&dart, None::<OsString>, folder) {
                Ok(dart) => Ok(Some((dart, file))),
                Err(_) => Err(Error::Environment(
                    Diagnostic::error(
                        Code::FlutterMissing,
                        format!(
                            "Flutter {version}, which `{}` pins, is not installed",
                            folder.join(file).display()
                        ),
                    )
                    .hint("run `fvm install`, or name another Dart with `--dart` or `DARTFLARE_DART`"),
                )),
            };
        }
    }
    Ok(None)
}

fn examine(found: &Path, named_by: &'static str, asking: Asking) -> Result<Toolchain> {
    let dart = past_flutter(found)?;
    let version = probed::version(&dart, asking.memory, || ask(&dart, named_by, asking.limit))?;
    if (version.major, version.minor) < OLDEST {
        return Err(Error::Environment(
            Diagnostic::error(
                Code::DartTooOld,
                format!(
                    "Dart {version} at `{}` (from `{named_by}`) is too old: dartflare needs {}.{} or newer",
                    dart.display(),
                    OLDEST.0,
                    OLDEST.1
                ),
            )
            .hint(install_hint(named_by)),
        ));
    }
    let abilities = abilities(&dart, asking.limit);
    Ok(Toolchain { dart, version, abilities, named_by })
}

/// The version that a Dart says it is.
fn ask(dart: &Path, named_by: &str, limit: Duration) -> Result<Version> {
    let output = probe::output_within(command(dart, &["--version"]), limit).map_err(|error| {
        // The system says "no such file" of a file that is there when its loader is missing.
        Error::Environment(
            Diagnostic::error(
                Code::DartSilent,
                format!("`{}` does not start: {}", dart.display(), why(&error)),
            )
            .hint(format!(
                "it may be made for another machine or lack its system libraries; otherwise {}",
                install_hint(named_by)
            )),
        )
    })?;
    let Some(output) = output else {
        return Err(Error::Environment(
            Diagnostic::error(Code::DartSilent, format!(
                "`{} --version` gave no answer within {} s",
                dart.display(),
                limit.as_secs_f32()
            ))
            .hint("run it by hand to see what it waits for, or name another Dart with `--dart` or `DARTFLARE_DART`"),
        ));
    };
    // Dart before 2.15 said it on stderr.
    let text =
        [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned()).concat();
    parse_version(&text).ok_or_else(|| {
        let last = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("nothing").trim();
        Error::Environment(
            Diagnostic::error(
                Code::DartSilent,
                format!("`{} --version` does not name a Dart version, it says: {last}", dart.display()),
            )
            .hint(install_hint(named_by)),
        )
    })
}

fn command(program: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

/// A Flutter SDK's `bin/dart` is a script that may stop to update Flutter, under a lock: the Dart SDK inside does not.
fn past_flutter(dart: &Path) -> Result<PathBuf> {
    let Some(bin) = platform::real(dart).ok().and_then(|real| real.parent().map(Path::to_owned)) else {
        return Ok(dart.to_owned());
    };
    if !bin.join("flutter").is_file() || !bin.join("internal").is_dir() {
        return Ok(dart.to_owned());
    }
    which::which_in(bin.join("cache/dart-sdk/bin/dart"), None::<OsString>, &bin).map_err(|_| {
        Error::Environment(
            Diagnostic::error(
                Code::FlutterMissing,
                format!("the Flutter SDK of `{}` has not downloaded its Dart SDK yet", dart.display()),
            )
            .hint(format!("run `{} --version` once", bin.join("flutter").display())),
        )
    })
}

/// Reads `Dart SDK version: 3.7.3 (stable) (...) on "linux_x64"`.
fn parse_version(text: &str) -> Option<Version> {
    let line = text.lines().find_map(|line| {
        line.trim().strip_prefix("Dart SDK version:").or_else(|| line.trim().strip_prefix("Dart VM version:"))
    })?;
    Version::parse(line.split_whitespace().next()?).ok()
}

fn abilities(dart: &Path, limit: Duration) -> Abilities {
    let real = platform::real(dart).unwrap_or_else(|_| dart.to_owned());
    let tools: Vec<String> = real
        .parent()
        .and_then(|bin| fs::read_dir(bin.join("snapshots")).ok())
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    let has = |tool: &str| tools.iter().any(|name| name.starts_with(tool));
    if has("dartdev") {
        return Abilities { pub_get: true, compile: has("dart2js") && has("dart2wasm") };
    }
    // A version manager's shim leads nowhere on disk, so it is asked; a bare VM refuses within 50 ms.
    let answers = is_script(&real)
        && probe::output_within(command(dart, &["pub", "--version"]), limit)
            .is_ok_and(|output| output.is_some_and(|output| output.status.success()));
    Abilities { pub_get: answers, compile: answers }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    const NEW: &str = "#!/bin/sh\n[ \"$1\" = --version ] || exit 255\n\
                       echo 'Dart SDK version: 3.7.3 (stable) (Wed Apr 16 14:06:32 2025 -0700) on \"linux_x64\"'\n";

    const PATIENT: Asking = Asking { limit: probe::TIME_LIMIT, memory: None };

    fn script(root: &TempDir, path: &str, text: &str) -> PathBuf {
        probe::scripts::write(root.path(), path, text)
    }

    fn search(root: &TempDir, flag: Option<&Path>, variables: &[(&str, PathBuf)]) -> Result<Toolchain> {
        let variable = |name: &str| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.clone().into_os_string())
        };
        find(root.path(), flag, variable, PATIENT)
    }

    fn message(result: Result<Toolchain>) -> (String, String) {
        let diagnostic = match result.unwrap_err() {
            Error::Environment(diagnostic) => diagnostic,
            other => panic!("{other:?}"),
        };
        (diagnostic.message, diagnostic.hint.unwrap())
    }

    #[test]
    fn version_lines() {
        let line =
            "Dart SDK version: 3.13.0-117.1.beta (beta) (Thu Jan 1 00:00:00 1970 +0000) on \"macos_arm64\"\n";
        assert_eq!(parse_version(line), Some(Version::parse("3.13.0-117.1.beta").unwrap()));
        let noisy = format!("warning: something\n{line}");
        assert!(parse_version(&noisy).is_some());
        assert_eq!(parse_version("Dart VM version: 2.7.0 (x)"), Some(Version::new(2, 7, 0)));
        for text in ["", "Dart SDK version:", "Dart SDK version: new", "3.7.3"] {
            assert_eq!(parse_version(text), None, "{text}");
        }
    }

    #[test]
    fn the_order_of_the_search() {
        let root = tempfile::tempdir().unwrap();
        let places = ["flag/dart", "variable/dart", ".fvm/flutter_sdk/bin/dart", "path/dart"];
        let [flag, variable, pinned, on_path] = places.map(|place| script(&root, place, NEW));
        let path = ("PATH", root.path().join("path"));
        let all = [("DARTFLARE_DART", variable.clone()), path.clone()];
        let found = |flag: Option<&Path>, variables: &[(&str, PathBuf)]| {
            let toolchain = search(&root, flag, variables).unwrap();
            (toolchain.dart, toolchain.named_by)
        };
        assert_eq!(found(Some(&flag), &all), (flag, "--dart"));
        assert_eq!(found(None, &all), (variable, "DARTFLARE_DART"));
        assert_eq!(found(None, std::slice::from_ref(&path)), (pinned, ".fvm/flutter_sdk"));
        fs::remove_dir_all(root.path().join(".fvm")).unwrap();
        assert_eq!(found(None, &[path]), (on_path, "PATH"));
        let (message, hint) = message(search(&root, None, &[("PATH", root.path().join("empty"))]));
        assert_eq!(message, "no `dart` on `PATH`");
        assert_eq!(hint, INSTALL);
    }

    #[test]
    fn a_pinned_version_is_found_above_the_project_or_named() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("apps/one")).unwrap();
        fs::write(root.path().join(".fvmrc"), r#"{"flutter": "3.29.3"}"#).unwrap();
        let cache = |name: &str| (name == "FVM_CACHE_PATH").then(|| root.path().join("fvm").into_os_string());
        let project = root.path().join("apps/one");
        let (wrong, hint) = message(find(&project, None, cache, PATIENT));
        let pin = root.path().join(".fvmrc");
        assert_eq!(wrong, format!("Flutter 3.29.3, which `{}` pins, is not installed", pin.display()));
        assert!(hint.starts_with("run `fvm install`"), "{hint}");
        let dart = script(&root, "fvm/versions/3.29.3/bin/dart", NEW);
        let toolchain = find(&project, None, cache, PATIENT).unwrap();
        assert_eq!((toolchain.dart, toolchain.named_by), (dart, ".fvmrc"));
    }

    #[test]
    fn a_flutter_sdk_gives_the_dart_inside() {
        let root = tempfile::tempdir().unwrap();
        let outer = script(&root, "flutter/bin/dart", "#!/bin/sh\nexit 99\n");
        script(&root, "flutter/bin/flutter", "#!/bin/sh\n");
        fs::create_dir(root.path().join("flutter/bin/internal")).unwrap();
        let (wrong, hint) = message(search(&root, Some(&outer), &[]));
        assert!(wrong.ends_with("has not downloaded its Dart SDK yet"), "{wrong}");
        assert!(hint.ends_with("/flutter/bin/flutter --version` once"), "{hint}");
        let inner = script(&root, "flutter/bin/cache/dart-sdk/bin/dart", NEW);
        assert_eq!(search(&root, Some(&outer), &[]).unwrap().dart, inner);
    }

    #[test]
    fn abilities_are_read_from_the_sdk_around_it() {
        let root = tempfile::tempdir().unwrap();
        let dart = script(&root, "sdk/bin/dart", NEW);
        assert!(search(&root, Some(&dart), &[]).unwrap().is_bare_vm());
        script(&root, "sdk/bin/snapshots/dartdev_aot.dart.snapshot", "");
        let toolchain = search(&root, Some(&dart), &[]).unwrap();
        assert_eq!(toolchain.abilities, Abilities { pub_get: true, compile: false });
        script(&root, "sdk/bin/snapshots/dart2js_aot.dart.snapshot", "");
        script(&root, "sdk/bin/snapshots/dart2wasm_product.snapshot", "");
        // By way of a symbolic link, and by the SDK's folder.
        std::os::unix::fs::symlink(&dart, root.path().join("dart")).unwrap();
        for wanted in [root.path().join("dart"), root.path().join("sdk")] {
            let toolchain = search(&root, Some(&wanted), &[]).unwrap();
            assert_eq!(toolchain.abilities, Abilities { pub_get: true, compile: true }, "{wanted:?}");
        }
    }

    #[test]
    fn a_shim_is_asked() {
        let root = tempfile::tempdir().unwrap();
        let shim = script(&root, "shims/dart", &NEW.replace("|| exit 255", "|| exit 0"));
        assert_eq!(
            search(&root, Some(&shim), &[]).unwrap().abilities,
            Abilities { pub_get: true, compile: true }
        );
    }

    #[test]
    fn what_does_not_work_is_named() {
        let root = tempfile::tempdir().unwrap();
        let old = script(&root, "old", &NEW.replace("3.7.3", "3.4.4"));
        let (wrong, _) = message(search(&root, Some(&old), &[]));
        assert_eq!(
            wrong,
            format!(
                "Dart 3.4.4 at `{}` (from `--dart`) is too old: dartflare needs 3.5 or newer",
                old.display()
            )
        );
        let alien = script(&root, "alien", "#!/nonexistent/loader\n");
        let (wrong, _) = message(search(&root, Some(&alien), &[]));
        assert!(wrong.starts_with(&format!("`{}` does not start: no such file", alien.display())), "{wrong}");
        let mute = script(&root, "mute", "#!/bin/sh\necho 'cannot open shared object' >&2; exit 127\n");
        let (wrong, _) = message(search(&root, Some(&mute), &[]));
        assert!(
            wrong.ends_with("does not name a Dart version, it says: cannot open shared object"),
            "{wrong}"
        );
        let (wrong, hint) = message(search(&root, Some(&root.path().join("none")), &[]));
        assert!(wrong.ends_with("none`, which `--dart` names, is not a program that can be run"), "{wrong}");
        assert!(hint.starts_with("give `--dart`"), "{hint}");
    }

    #[test]
    fn one_that_hangs_is_given_up() {
        let root = tempfile::tempdir().unwrap();
        let stuck = script(&root, "stuck", "#!/bin/sh\nsleep 1000\n");
        let result = find(
            root.path(),
            Some(&stuck),
            |_| None,
            Asking { limit: Duration::from_millis(300), memory: None },
        );
        let (wrong, _) = message(result);
        assert_eq!(wrong, format!("`{} --version` gave no answer within 0.3 s", stuck.display()));
    }
}
