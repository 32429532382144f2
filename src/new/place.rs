//! Putting files where a user's may be: all of them or none, and none over another.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::error::{Error, Result};
use crate::files;
use crate::platform;

/// Which of `paths` cannot be made in `folder`, because something is there already, or in the way.
pub(crate) fn clashes<'a>(folder: &Path, paths: impl IntoIterator<Item = &'a Path>) -> Vec<PathBuf> {
    let mut found = BTreeSet::new();
    for path in paths {
        let is_there = |path: &Path| folder.join(path).symlink_metadata().is_ok();
        let is_folder = |path: &Path| folder.join(path).is_dir();
        let above = path.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty());
        let in_the_way = above.filter(|above| is_there(above) && !is_folder(above)).last();
        let clash = in_the_way.or_else(|| is_there(path).then_some(path));
        found.extend(clash.map(Path::to_owned));
    }
    found.into_iter().collect()
}

/// Writes `files` below `folder`, each by its path there, and then those that `complete` adds in the folder it is
/// given. They are complete before the first of them is in its place; where one cannot get there, none is.
pub(crate) fn put(
    folder: &Path,
    files: &BTreeMap<PathBuf, Vec<u8>>,
    complete: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    let failed = |source| Error::Io { action: "write", path: folder.to_owned(), source };
    let folder = std::path::absolute(folder).map_err(failed)?;
    // Beside what is there already, so that everything else comes with a rename.
    let base = folder.ancestors().find(|above| above.symlink_metadata().is_ok()).unwrap_or(&folder);
    let rest = folder.strip_prefix(base).unwrap_or(Path::new(""));
    let staging = tempfile::Builder::new().prefix(".dartflare-new-").tempdir_in(base).map_err(failed)?;
    let staged = staging.path().join(rest);
    for (path, content) in files {
        files::write_if_changed(&staged.join(path), content)?;
    }
    complete(&staged)?;
    let mut moved = Vec::new();
    merge(staging.path(), base, &mut moved).map_err(|error| {
        for path in moved.iter().rev() {
            let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
        failed(error)
    })
}

/// Moves what is in `from` to `to`, whole folders where there are none of the name.
fn merge(from: &Path, to: &Path, moved: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = fs::read_dir(from)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() && target.is_dir() {
            merge(&entry.path(), &target, moved)?;
            continue;
        }
        if target.symlink_metadata().is_ok() {
            let why = format!("`{}` is there already", target.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
        }
        platform::rename(&entry.path(), &target)?;
        moved.push(target);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(paths: &[&str]) -> BTreeMap<PathBuf, Vec<u8>> {
        paths.iter().map(|path| (path.into(), path.as_bytes().to_vec())).collect()
    }

    fn listed(folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                found.extend(listed(&path).into_iter().map(|below| format!("{name}/{below}")));
                found.push(name + "/");
            } else {
                found.push(name);
            }
        }
        found.sort();
        found
    }

    #[test]
    fn a_folder_comes_with_those_above_it() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("meine Übung/app");
        put(&target, &some(&["a", "lib/b"]), |staged| {
            fs::write(staged.join("lib/c"), "c").unwrap();
            Ok(())
        })
        .unwrap();
        assert_eq!(
            listed(dir.path().join("meine Übung").as_path()),
            ["app/", "app/a", "app/lib/", "app/lib/b", "app/lib/c"]
        );
        assert_eq!(listed(dir.path()).len(), 6);
    }

    #[test]
    fn files_come_beside_those_that_are_there() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("lib")).unwrap();
        fs::write(dir.path().join("lib/mine"), "mine").unwrap();
        put(dir.path(), &some(&["a", "lib/b"]), |_| Ok(())).unwrap();
        assert_eq!(listed(dir.path()), ["a", "lib/", "lib/b", "lib/mine"]);
    }

    #[test]
    fn what_stops_on_the_way_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("lib/sub")).unwrap();
        // Nobody looked whether `lib/z` is there before.
        fs::write(dir.path().join("lib/z"), "mine").unwrap();
        let error =
            put(dir.path(), &some(&["a", "b/c", "lib/a", "lib/sub/x", "lib/z"]), |_| Ok(())).unwrap_err();
        assert!(error.diagnostic().message.contains("lib/z` is there already"), "{error:?}");
        assert_eq!(listed(dir.path()), ["lib/", "lib/sub/", "lib/z"]);
        assert_eq!(fs::read_to_string(dir.path().join("lib/z")).unwrap(), "mine");
    }

    #[test]
    fn what_is_not_completed_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("new/app");
        put(&target, &some(&["a"]), |_| Err(Error::Interrupted)).unwrap_err();
        assert!(listed(dir.path()).is_empty());
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), "").unwrap();
        let error = put(&dir.path().join("file/app"), &some(&["a"]), |_| Ok(())).unwrap_err();
        assert!(error.diagnostic().message.starts_with("cannot write `"), "{error:?}");
        assert_eq!(listed(dir.path()), ["file"]);
    }

    #[test]
    fn clashes_are_files_that_are_there_and_files_above() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("lib"), "").unwrap();
        fs::create_dir(dir.path().join("a")).unwrap();
        fs::write(dir.path().join("b"), "").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("nowhere", dir.path().join("c")).unwrap();
        let paths = ["a", "b", "c", "d/e", "lib/x", "lib/y"].map(Path::new);
        let found = clashes(dir.path(), paths);
        let expected: &[&str] = if cfg!(unix) { &["a", "b", "c", "lib"] } else { &["a", "b", "lib"] };
        assert_eq!(found, expected.iter().map(PathBuf::from).collect::<Vec<_>>());
    }
}
