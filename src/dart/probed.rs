//! The version of a Dart, kept in the project so that a command need not start the Dart to learn it.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::files;
use crate::platform;

/// What tells one executable from another that stands, or stood, in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Executable {
    path: PathBuf,
    size: u64,
    /// Nanoseconds since 1970.
    modified: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Record {
    /// The version of dartflare that wrote this.
    dartflare: String,
    #[serde(flatten)]
    executable: Executable,
    version: Version,
}

/// The version of `dart`: as `project` remembers it, else as `ask` says, which it then remembers.
pub(super) fn version(
    dart: &Path,
    project: Option<&Path>,
    ask: impl FnOnce() -> Result<Version>,
) -> Result<Version> {
    let Some((project, executable)) = project.and_then(|project| Some((project, Executable::of(dart)?)))
    else {
        return ask();
    };
    if let Some(version) = recall(project, &executable) {
        return Ok(version);
    }
    let version = ask()?;
    remember(project, executable, &version);
    Ok(version)
}

fn recall(project: &Path, executable: &Executable) -> Option<Version> {
    let record: Record = serde_json::from_slice(&files::read(file(project)).ok()?).ok()?;
    let is_valid = record.dartflare == env!("CARGO_PKG_VERSION") && record.executable == *executable;
    is_valid.then_some(record.version)
}

/// Where it cannot be written, the next command asks again.
fn remember(project: &Path, executable: Executable, version: &Version) {
    let dartflare = env!("CARGO_PKG_VERSION").to_owned();
    let record = Record { dartflare, executable, version: version.clone() };
    if let Ok(text) = serde_json::to_string_pretty(&record) {
        let _ = files::write_if_changed(&file(project), text + "\n");
    }
}

impl Executable {
    /// The executable behind `dart`; `None` for a script or another program, which may start a different Dart
    /// tomorrow without changing itself.
    pub(crate) fn of(dart: &Path) -> Option<Self> {
        let path = platform::real(dart).ok()?;
        let is_dart = path.file_stem().is_some_and(|name| name == "dart" || name == "dartvm");
        if !is_dart || is_script(&path) {
            return None;
        }
        let file = fs::metadata(&path).ok()?;
        let modified = file.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_nanos();
        Some(Self { path, size: file.len(), modified: u64::try_from(modified).ok()? })
    }
}

/// Whether a program is a text that another program reads, so that its name and date say little.
pub(super) fn is_script(path: &Path) -> bool {
    let mut start = [0; 2];
    fs::File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == *b"#!"
        || path.extension().is_some_and(|extension| extension == "bat" || extension == "cmd")
}

fn file(project: &Path) -> PathBuf {
    project.join(".dart_tool/dartflare/toolchain.json")
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use super::*;
    use crate::diagnostic::{Code, Diagnostic};
    use crate::error::Error;

    struct Fixture {
        dir: tempfile::TempDir,
        dart: PathBuf,
        asked: Cell<u32>,
    }

    impl Fixture {
        fn new(name: &str, content: &[u8]) -> Self {
            let dir = tempfile::tempdir().unwrap();
            let dart = dir.path().join(name);
            fs::write(&dart, content).unwrap();
            Self { dir, dart, asked: Cell::new(0) }
        }

        /// Whether the Dart had to be asked.
        fn asks(&self) -> bool {
            let before = self.asked.get();
            let version = version(&self.dart, Some(self.dir.path()), || {
                self.asked.set(before + 1);
                Ok(Version::new(3, 9, 2))
            });
            assert_eq!(version.unwrap(), Version::new(3, 9, 2));
            self.asked.get() > before
        }
    }

    #[test]
    fn an_executable_is_asked_once_until_it_changes() {
        let fixture = Fixture::new("dart", b"\x7fELF one");
        assert!(fixture.asks());
        assert!(!fixture.asks());
        fs::write(&fixture.dart, b"\x7fELF longer").unwrap();
        assert!(fixture.asks() && !fixture.asks());
        let file = fs::File::options().write(true).open(&fixture.dart).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(1)).unwrap();
        assert!(fixture.asks() && !fixture.asks());
        let elsewhere = fixture.dir.path().join("other");
        fs::create_dir(&elsewhere).unwrap();
        fs::rename(&fixture.dart, elsewhere.join("dart")).unwrap();
        let moved = Fixture { dart: elsewhere.join("dart"), ..fixture };
        assert!(moved.asks() && !moved.asks());
    }

    #[test]
    fn a_program_that_may_start_another_dart_is_always_asked() {
        for (name, content) in [
            ("dart", &b"#!/bin/sh\n"[..]),
            ("mise", b"\x7fELF"),
            ("dart.bat", b"@echo"),
            ("dart-shim", b"\x7fELF"),
        ] {
            let fixture = Fixture::new(name, content);
            assert!(fixture.asks() && fixture.asks(), "{name}");
            assert!(!file(fixture.dir.path()).exists());
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_what_it_leads_to() {
        let fixture = Fixture::new("mise", b"\x7fELF");
        let link = fixture.dir.path().join("dart");
        std::os::unix::fs::symlink(&fixture.dart, &link).unwrap();
        let shim = Fixture { dart: link, ..fixture };
        assert!(shim.asks() && shim.asks());
    }

    #[test]
    fn a_record_that_is_broken_or_of_another_dartflare_is_not_believed() {
        let fixture = Fixture::new("dart", b"\x7fELF");
        assert!(fixture.asks());
        let record = file(fixture.dir.path());
        let good = fs::read_to_string(&record).unwrap();
        let ours = format!("\"dartflare\": \"{}\"", env!("CARGO_PKG_VERSION"));
        assert!(good.contains(&ours), "{good}");
        for bad in [
            "",
            "{",
            "[]",
            "\0",
            &good.replace(&ours, "\"dartflare\": \"0.0.0\""),
            &good.replace("3.9.2", "three"),
        ] {
            fs::write(&record, bad).unwrap();
            assert!(fixture.asks() && !fixture.asks(), "{bad}");
        }
    }

    #[test]
    fn one_that_does_not_answer_is_not_remembered_and_one_without_a_project_is_asked() {
        let fixture = Fixture::new("dart", b"\x7fELF");
        let mute = || Err(Error::Environment(Diagnostic::error(Code::DartSilent, "mute")));
        assert!(version(&fixture.dart, Some(fixture.dir.path()), mute).is_err());
        assert!(fixture.asks(), "a failure is not kept");
        assert!(version(&fixture.dart, None, mute).is_err());
        fs::write(fixture.dir.path().join("file"), "").unwrap();
        let nowhere = fixture.dir.path().join("file");
        for _ in 0..2 {
            let answer = version(&fixture.dart, Some(&nowhere), || Ok(Version::new(3, 5, 0)));
            assert_eq!(
                answer.unwrap(),
                Version::new(3, 5, 0),
                "a record that cannot be written does no harm"
            );
        }
    }
}
