//! An archive becomes a folder.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

use zip::ZipArchive;

use crate::diagnostic::{Code, Diagnostic};
use crate::error::{Error, why};

/// Why an archive could not be unpacked.
#[derive(Debug)]
pub(super) enum Failure {
    /// It is not what it should be.
    Broken(String),
    /// It cannot be read, or written out.
    Here(Error),
}

impl Failure {
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Broken(why) => Error::Environment(
                Diagnostic::error(Code::NotAnSdk, format!("the archive cannot be unpacked: {}", why.to_lowercase())).hint(
                    "the mirror holds something that is no Dart SDK: use another one (`DARTFLARE_SDK_MIRROR`)",
                ),
            ),
            Self::Here(error) => error,
        }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "to stand in `map_err`")]
fn broken(why: impl Display) -> Failure {
    Failure::Broken(why.to_string())
}

/// Unpacks `archive` into `folder`, which it makes. Files keep their permissions; nothing is written anywhere else.
pub(super) fn unpack(archive: &Path, folder: &Path) -> Result<(), Failure> {
    let full_or = |source, path: &Path| Failure::Here(unwritten(source, path));
    fs::create_dir_all(folder).map_err(|source| full_or(source, folder))?;
    let file = File::open(archive)
        .map_err(|source| Failure::Here(Error::Io { action: "read", path: archive.to_owned(), source }))?;
    let mut zip = ZipArchive::new(file).map_err(broken)?;
    let mut links = Vec::new();
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index).map_err(broken)?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let Some(inside) = entry.enclosed_name().filter(|path| is_downwards(path)) else {
            return Err(broken(format!("`{name}` would be written outside of the folder")));
        };
        let target = folder.join(inside);
        if entry.is_dir() {
            fs::create_dir_all(&target).map_err(|source| full_or(source, &target))?;
            continue;
        }
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(|source| full_or(source, parent))?;
        }
        if entry.is_symlink() {
            let mut to = String::new();
            entry.read_to_string(&mut to).map_err(broken)?;
            if !is_downwards(Path::new(&to)) {
                return Err(broken(format!("`{name}` leads outside of its folder")));
            }
            links.push((target, PathBuf::from(to)));
            continue;
        }
        let mode = entry.unix_mode();
        let mut file = create(&target, mode).map_err(|source| full_or(source, &target))?;
        io::copy(&mut entry, &mut file).map_err(|source| match source.kind() {
            // What the archive itself is wrong about.
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
                broken(source)
            }
            _ => full_or(source, &target),
        })?;
    }
    // Only now, so that no file is written through one.
    for (at, to) in links {
        link(&to, &at).map_err(|source| full_or(source, &at))?;
    }
    Ok(())
}

/// Whether a path names something below the folder that it begins at.
fn is_downwards(path: &Path) -> bool {
    path.components().count() > 0 && path.components().all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(unix)]
fn create(path: &Path, mode: Option<u32>) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mode = mode.unwrap_or(0o644) & 0o755 | 0o600;
    File::options().write(true).create_new(true).mode(mode).open(path)
}

#[cfg(not(unix))]
fn create(path: &Path, _: Option<u32>) -> io::Result<File> {
    File::options().write(true).create_new(true).open(path)
}

#[cfg(unix)]
fn link(to: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, at)
}

/// Links need a privilege there; a copy does as well for what does not change.
#[cfg(not(unix))]
fn link(to: &Path, at: &Path) -> io::Result<()> {
    fs::copy(at.with_file_name(to), at).map(|_| ())
}

/// A failure to write, in the words of somebody whose disk is full where that is what it is.
pub(super) fn unwritten(source: io::Error, path: &Path) -> Error {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    if !matches!(source.kind(), StorageFull | QuotaExceeded | FileTooLarge) {
        return Error::Io { action: "write", path: path.to_owned(), source };
    }
    Error::Environment(
        Diagnostic::error(Code::NoRoom, format!("no room for `{}`: {}", path.display(), why(&source))).hint(
            "a Dart SDK takes about 1 GB while it is installed: make room, remove others with `dartflare sdk remove`, or \
             set `DARTFLARE_CACHE` to a folder on another disk",
        ),
    )
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    struct Archive(tempfile::TempDir);

    impl Archive {
        fn new(fill: impl FnOnce(&mut ZipWriter<File>)) -> Self {
            let dir = tempfile::tempdir().unwrap();
            let mut zip = ZipWriter::new(File::create(dir.path().join("a.zip")).unwrap());
            fill(&mut zip);
            zip.finish().unwrap();
            Self(dir)
        }

        fn unpack(&self) -> Result<PathBuf, String> {
            let folder = self.0.path().join("out");
            unpack(&self.0.path().join("a.zip"), &folder)
                .map(|()| folder)
                .map_err(|failure| failure.into_error().diagnostic().message)
        }
    }

    fn file(zip: &mut ZipWriter<File>, name: &str, mode: u32) {
        zip.start_file(name, SimpleFileOptions::default().unix_permissions(mode)).unwrap();
        zip.write_all(name.as_bytes()).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn files_folders_links_and_permissions() {
        use std::os::unix::fs::PermissionsExt as _;
        let archive = Archive::new(|zip| {
            zip.add_directory("sdk/empty/", SimpleFileOptions::default()).unwrap();
            zip.add_symlink("sdk/bin/current", "dart", SimpleFileOptions::default()).unwrap();
            file(zip, "sdk/bin/dart", 0o755);
            file(zip, "sdk/version", 0o644);
            file(zip, "sdk/secret", 0o4777);
        });
        let out = archive.unpack().unwrap();
        let mode = |path: &str| fs::metadata(out.join(path)).unwrap().permissions().mode() & 0o7777;
        assert_eq!(fs::read_to_string(out.join("sdk/bin/current")).unwrap(), "sdk/bin/dart");
        assert!(out.join("sdk/empty").is_dir());
        assert_eq!((mode("sdk/bin/dart"), mode("sdk/version")), (0o755, 0o644));
        assert_eq!(mode("sdk/secret"), 0o755, "neither set-user-id nor writable by all");
    }

    #[test]
    fn nothing_is_written_outside() {
        for name in ["../evil", "/tmp/evil", "a/../../evil", "a/../evil/.."] {
            let archive = Archive::new(|zip| file(zip, name, 0o644));
            let outcome = archive.unpack();
            assert!(!archive.0.path().join("evil").exists());
            if let Ok(out) = &outcome {
                // A leading `/` may also be left out.
                assert!(name.starts_with('/') && out.join(&name[1..]).is_file(), "{name}");
            }
        }
        for to in ["../..", "/etc", "a/../../..", ""] {
            let archive = Archive::new(|zip| {
                zip.add_symlink("sdk/out", to, SimpleFileOptions::default()).unwrap();
                file(zip, "sdk/out/evil", 0o644);
            });
            assert!(archive.unpack().is_err(), "{to}");
            assert!(!archive.0.path().join("evil").exists());
        }
    }

    #[test]
    fn what_is_no_archive() {
        let archive = Archive::new(|zip| file(zip, "sdk/version", 0o644));
        let path = archive.0.path().join("a.zip");
        let whole = fs::read(&path).unwrap();
        for bytes in [&b""[..], b"<html>", &whole[..whole.len() / 2]] {
            fs::write(&path, bytes).unwrap();
            assert!(archive.unpack().unwrap_err().starts_with("the archive cannot be unpacked: "));
        }
    }

    #[test]
    fn a_full_disk() {
        let error = unwritten(io::Error::from(io::ErrorKind::StorageFull), Path::new("sdk/dart"));
        assert_eq!(error.diagnostic().message, "no room for `sdk/dart`: no storage space");
    }
}
