//! Writing files so that nobody ever reads half of one, and no watcher wakes for nothing.

use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, io, process};

use crate::diagnostic::nearest;
use crate::error::{Error, Result};
use crate::platform;

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// The largest file that is taken for one that somebody wrote as a configuration.
const LARGEST: u64 = 1_000_000;

/// Why a file is not read, though the system would.
#[derive(Debug)]
pub(crate) enum Unfit {
    /// To read a pipe waits for whoever writes to it, perhaps for ever; a device may have no end.
    NoFile,
    /// Nobody wrote it, and its values would take long to check.
    TooLarge(u64),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFile => f.write_str("it is a pipe or a device, and not a file"),
            Self::TooLarge(size) => {
                write!(f, "it has {size} bytes, and no more than {LARGEST} are read")
            }
        }
    }
}

impl std::error::Error for Unfit {}

impl From<Unfit> for io::Error {
    fn from(unfit: Unfit) -> Self {
        Self::new(io::ErrorKind::InvalidInput, unfit)
    }
}

/// What is in the file, if it is one.
pub(crate) fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let path = path.as_ref();
    let found = fs::metadata(path)?;
    // A folder has an error of the system's own.
    if found.is_file() || found.is_dir() { fs::read(path) } else { Err(Unfit::NoFile.into()) }
}

/// As [`read`], of a text.
pub(crate) fn read_to_string(path: impl AsRef<Path>) -> io::Result<String> {
    String::from_utf8(read(path)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text"))
}

/// As [`read`], of a file that is not larger than somebody writes a configuration.
pub(crate) fn read_configuration(path: &Path) -> io::Result<Vec<u8>> {
    let size = fs::metadata(path)?.len();
    if size > LARGEST { Err(Unfit::TooLarge(size).into()) } else { read(path) }
}

/// Makes `path` hold `bytes`, and its folder exist; says whether anything had to be written.
///
/// The content goes to a temporary file in the same folder first and is renamed into place.
pub(crate) fn write_if_changed(path: &Path, bytes: impl AsRef<[u8]>) -> Result<bool> {
    let bytes = bytes.as_ref();
    if read(path).is_ok_and(|old| old == bytes) {
        return Ok(false);
    }
    replace(path, bytes).map(|()| true).map_err(|source| Error::Io {
        action: "write",
        path: path.to_owned(),
        source,
    })
}

/// As [`write_if_changed`], but the file stays the one that it is: for a watcher that follows the file and not its name.
///
/// A text goes there in one write, over what was there; one that is shorter is filled up with blank lines, so that who
/// reads meanwhile finds no end of the old one after it.
pub(crate) fn write_over_if_changed(path: &Path, text: &str) -> Result<bool> {
    let Ok(old) = read_to_string(path) else { return write_if_changed(path, text) };
    if old.trim_end() == text.trim_end() {
        return Ok(false);
    }
    let mut text = text.to_owned();
    text.extend(std::iter::repeat_n('\n', old.len().saturating_sub(text.len())));
    fs::OpenOptions::new()
        .write(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map(|()| true)
        .map_err(|source| Error::Io { action: "write", path: path.to_owned(), source })
}

/// Makes sure that `path` is a file which nobody else can read, for what is written to it next. What else has that name,
/// a link to another place or a file that others can read, goes.
pub(crate) fn make_private(path: &Path) -> Result<()> {
    let failed = |source| Error::Io { action: "write", path: path.to_owned(), source };
    if let Ok(found) = fs::symlink_metadata(path) {
        if platform::is_private(&found) {
            return Ok(());
        }
        // Who holds it open could read on after a change of its mode.
        fs::remove_file(path).map_err(failed)?;
    } else if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut options = fs::OpenOptions::new();
    options.create_new(true).write(true);
    platform::for_owner_alone(&mut options);
    options.open(path).map(|_| ()).map_err(failed)
}

/// Opens a file of dartflare's own that is there to be locked, or makes it. A link in its place goes: a repository can
/// hold one that leads anywhere.
pub(crate) fn open_lock(path: &Path) -> io::Result<fs::File> {
    if path.is_symlink() {
        fs::remove_file(path)?;
    }
    fs::File::options().create(true).truncate(false).read(true).write(true).open(path)
}

/// Whether the file is none that a user keeps, so that a link there is not the user's either.
fn is_own(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == ".dart_tool")
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A rename onto a symbolic link replaces the link instead of the file it leads to.
    let followed = if is_own(path) { None } else { platform::real(path).ok() };
    let target = followed.unwrap_or_else(|| path.to_owned());
    let folder = target.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder)?;
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let old = fs::symlink_metadata(&target).ok().filter(fs::Metadata::is_file);
    let (temporary, file) = loop {
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let temporary = folder.join(format!(".{name}.{}-{count}.tmp", process::id()));
        match create_like(&temporary, old.as_ref()) {
            // Of a process of this number that was killed, or a trap.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            created => break (temporary, created),
        }
    };
    let written = file.and_then(|mut file| {
        file.write_all(bytes)?;
        // An open file cannot be renamed everywhere.
        drop(file);
        platform::rename(&temporary, &target)
    });
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Creates a file that those may read who may read the `old` one, from its first byte on. What has that name already
/// stays, and a link is not followed.
fn create_like(path: &Path, old: Option<&fs::Metadata>) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.create_new(true).write(true);
    let Some(permissions) = old.map(fs::Metadata::permissions) else { return options.open(path) };
    platform::for_those_of(&mut options, &permissions);
    let file = options.open(path)?;
    fs::set_permissions(path, permissions)?;
    Ok(file)
}

/// `path` as a user would name it: from the current folder where it is inside, or in a folder above it.
pub(crate) fn shown(path: &Path) -> PathBuf {
    if path.is_relative() {
        return path.to_owned();
    }
    let Ok(here) = env::current_dir() else { return path.to_owned() };
    if let Ok(inside) = path.strip_prefix(&here) {
        return if inside.as_os_str().is_empty() { PathBuf::from(".") } else { inside.to_owned() };
    }
    let above = path.parent().and_then(|folder| here.strip_prefix(folder).ok());
    match (above, path.file_name()) {
        (Some(down), Some(name)) => {
            down.components().map(|_| Path::new("..")).collect::<PathBuf>().join(name)
        }
        _ => path.to_owned(),
    }
}

/// What `path`, which is not there, was most likely to be: what has nearly this name in the same folder.
pub(crate) fn near(path: &Path) -> Option<PathBuf> {
    let folder = path.parent()?;
    let place = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let names = fs::read_dir(place).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<_> = names.collect();
    names.sort();
    let near = nearest(path.file_name()?.to_str()?, names.iter().map(String::as_str))?;
    Some(folder.join(near))
}

/// The hint about a `path` that is not there, with the name that was most likely meant.
pub(crate) fn or_near(path: &Path, hint: &str) -> String {
    near(path).map_or_else(|| hint.to_owned(), |near| format!("did you mean `{}`?", shown(&near).display()))
}

/// A folder of these files, each by its path.
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "that is how a test fails")]
pub(crate) fn written(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_only_a_change_and_leaves_nothing_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/ö.txt");
        assert!(write_if_changed(&path, "one").unwrap());
        let first = fs::metadata(&path).unwrap().modified().unwrap();
        assert!(!write_if_changed(&path, "one").unwrap());
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), first);
        assert!(write_if_changed(&path, "two").unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(dir.path().join("a/b")).unwrap().count(), 1);
    }

    #[test]
    fn writes_over_a_file_that_stays_the_same_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.json");
        assert!(write_over_if_changed(&path, "[1, 2, 3]\n").unwrap());
        let follower = fs::File::open(&path).unwrap();
        assert!(write_over_if_changed(&path, "[1]\n").unwrap());
        assert_eq!(io::read_to_string(&follower).unwrap(), "[1]\n\n\n\n\n\n\n");
        let before = fs::metadata(&path).unwrap().modified().unwrap();
        assert!(!write_over_if_changed(&path, "[1]\n").unwrap());
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
        assert!(write_over_if_changed(&path, "[1, 2, 3, 4]\n").unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "[1, 2, 3, 4]\n");
    }

    #[test]
    fn a_failure_names_the_file_and_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("taken")).unwrap();
        let error = write_if_changed(&dir.path().join("taken"), "x").unwrap_err();
        assert!(error.diagnostic().message.contains("cannot write `"), "{error:?}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_symbolic_link_and_the_permissions_stay() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let dir = tempfile::tempdir().unwrap();
        let real = dir.path().join("real");
        fs::write(&real, "one").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&real, dir.path().join("link")).unwrap();
        assert!(write_if_changed(&dir.path().join("link"), "two").unwrap());
        assert_eq!(fs::read_to_string(&real).unwrap(), "two");
        assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    }

    #[cfg(unix)]
    #[test]
    fn a_trap_in_the_place_of_a_temporary_file_catches_nothing() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let victim = dir.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        // Tests beside this one count on.
        let next = COUNTER.load(Ordering::Relaxed);
        for count in next..next + 1000 {
            let name = format!(".a.txt.{}-{count}.tmp", process::id());
            symlink(&victim, dir.path().join(name)).unwrap();
        }
        assert!(write_if_changed(&dir.path().join("a.txt"), "text").unwrap());
        assert_eq!(fs::read_to_string(dir.path().join("a.txt")).unwrap(), "text");
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    }

    #[cfg(unix)]
    #[test]
    fn a_private_file_is_the_owner_s_alone_whatever_was_there() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let dir = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777;
        let path = dir.path().join("a/secret");
        make_private(&path).unwrap();
        assert_eq!(mode(&path), 0o600);
        write_if_changed(&path, "one").unwrap();
        make_private(&path).unwrap();
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), mode(&path)), ("one", 0o600));

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let reader = fs::File::open(&path).unwrap();
        make_private(&path).unwrap();
        write_if_changed(&path, "two").unwrap();
        assert_eq!((mode(&path), io::read_to_string(reader).unwrap().as_str()), (0o600, "one"));

        let (elsewhere, link) = (dir.path().join("elsewhere"), dir.path().join("link"));
        fs::write(&elsewhere, "theirs").unwrap();
        for target in [elsewhere.as_path(), Path::new("nowhere")] {
            symlink(target, &link).unwrap();
            make_private(&link).unwrap();
            write_if_changed(&link, "secret").unwrap();
            assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "theirs");
            assert_eq!((mode(&link), link.is_symlink()), (0o600, false));
            fs::remove_file(&link).unwrap();
        }
        fs::create_dir(&link).unwrap();
        assert!(make_private(&link).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_that_a_repository_holds_lead_our_files_nowhere() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let victim = dir.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        let own = dir.path().join(".dart_tool/dartflare");
        fs::create_dir_all(&own).unwrap();
        for name in ["config.json", "lock"] {
            symlink(&victim, own.join(name)).unwrap();
        }
        assert!(write_if_changed(&own.join("config.json"), "{}").unwrap());
        open_lock(&own.join("lock")).unwrap().set_len(0).unwrap();
        for name in ["config.json", "lock"] {
            assert!(!own.join(name).is_symlink(), "{name}");
        }
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    }
}
