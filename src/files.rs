//! Writing files so that nobody ever reads half of one, and no watcher wakes for nothing.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, io, process};

use crate::error::{Error, Result};

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// Makes `path` hold `bytes`, and its folder exist; says whether anything had to be written.
///
/// The content goes to a temporary file in the same folder first and is renamed into place.
pub(crate) fn write_if_changed(path: &Path, bytes: impl AsRef<[u8]>) -> Result<bool> {
    let bytes = bytes.as_ref();
    if fs::read(path).is_ok_and(|old| old == bytes) {
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
    let Ok(old) = fs::read_to_string(path) else { return write_if_changed(path, text) };
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

/// Makes sure that the file exists and that nobody else can read what is written to it.
pub(crate) fn make_private(path: &Path) -> Result<()> {
    let failed = |source| Error::Io { action: "write", path: path.to_owned(), source };
    if path.exists() {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut options = fs::OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_| ()).map_err(failed)
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A rename onto a symbolic link would replace the link instead of the file it leads to.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = target.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder)?;
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let temporary = folder.join(format!(".{name}.{}-{count}.tmp", process::id()));
    let written = create_like(&temporary, fs::metadata(&target).ok()).and_then(|mut file| {
        file.write_all(bytes)?;
        fs::rename(&temporary, &target)
    });
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Creates a file that those may read who may read the `old` one, from its first byte on.
fn create_like(path: &Path, old: Option<fs::Metadata>) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.create(true).truncate(true).write(true);
    let Some(permissions) = old.map(|old| old.permissions()) else { return options.open(path) };
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
        options.mode(permissions.mode());
    }
    let file = options.open(path)?;
    fs::set_permissions(path, permissions)?;
    Ok(file)
}

/// `path` as a user would name it: from the current folder where it is inside, or in a folder above it.
pub(crate) fn shown(path: &Path) -> PathBuf {
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
}
