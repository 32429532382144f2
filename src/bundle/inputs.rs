//! What a build is made from, as one hash: a build with the hash of the last one has nothing to do.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::dart::entry::Entry;
use crate::dart::uri;
use crate::files;

/// Stands for the content of a file.
pub(crate) type FileDigest = [u8; 32];

/// What the file at `path` holds now; nothing if it cannot be read.
pub(crate) fn digest(path: &Path) -> Option<FileDigest> {
    files::read(path).ok().map(|bytes| Sha256::digest(bytes).into())
}

/// Collects what a build depends on. What is added is kept apart, so that no two sequences give one hash by accident.
#[derive(Debug, Clone, Default)]
pub(crate) struct Inputs(Sha256);

impl Inputs {
    pub(crate) fn add(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        self.0.update(bytes.len().to_le_bytes());
        self.0.update(bytes);
    }

    /// Adds a file with what it held when `digest` was taken.
    pub(crate) fn add_file(&mut self, path: &Path, digest: Option<FileDigest>) {
        self.add(path.as_os_str().as_encoded_bytes());
        self.add(digest.as_ref().map_or(&[][..], |digest| &digest[..]));
    }

    /// The hash, as hexadecimal digits.
    pub(crate) fn hash(self) -> String {
        use std::fmt::Write as _;
        self.0.finalize().iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

/// The sources within the folders of `local` that `dart compile js` names in the file at `deps`, one URI a line. What
/// is not in them is a released package or the SDK's, which its version tells.
pub(crate) fn compiled(deps: &Path, local: &[PathBuf]) -> Option<BTreeSet<PathBuf>> {
    let text = files::read_to_string(deps).ok()?;
    let base = deps.parent()?;
    let files: BTreeSet<PathBuf> = text
        .lines()
        .filter(|line| line.starts_with("file:"))
        .filter_map(|line| uri::to_path(base, line.trim()))
        .filter(|path| local.iter().any(|folder| path.starts_with(folder)))
        .collect();
    (!files.is_empty()).then_some(files)
}

/// All Dart sources that a program in the packages of `local` can be made of.
pub(crate) fn possible(entry: &Entry, local: &[PathBuf]) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::from([entry.path.clone()]);
    let mut folders: Vec<PathBuf> = local.iter().map(|folder| folder.join("lib")).collect();
    folders.extend(entry.sources.clone());
    let mut seen = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        if !seen.insert(folder.clone()) {
            continue;
        }
        for item in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = item.path();
            let is_hidden = item.file_name().as_encoded_bytes().starts_with(b".");
            if item.file_type().is_ok_and(|kind| kind.is_dir()) {
                if !is_hidden {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "dart") {
                files.insert(path);
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash_of(parts: &[&str]) -> String {
        let mut inputs = Inputs::default();
        for part in parts {
            inputs.add(part);
        }
        inputs.hash()
    }

    #[test]
    fn neighbours_do_not_run_together() {
        assert_ne!(hash_of(&["ab", "c"]), hash_of(&["a", "bc"]));
        assert_ne!(hash_of(&["a"]), hash_of(&["a", ""]));
        assert_eq!(hash_of(&["a"]).len(), 64);
    }

    #[test]
    fn a_file_counts_by_name_and_content_and_by_being_there() {
        let dir = tempfile::tempdir().unwrap();
        let hash = |name: &str| {
            let mut inputs = Inputs::default();
            let path = dir.path().join(name);
            inputs.add_file(&path, digest(&path));
            inputs.hash()
        };
        let missing = hash("a");
        fs::write(dir.path().join("a"), "").unwrap();
        fs::write(dir.path().join("b"), "").unwrap();
        let empty = hash("a");
        assert_ne!(missing, empty);
        assert_ne!(empty, hash("b"));
        fs::write(dir.path().join("a"), "x").unwrap();
        assert_ne!(empty, hash("a"));
    }

    #[test]
    fn only_what_can_change_of_what_was_compiled() {
        let dir = tempfile::tempdir().unwrap();
        let deps = dir.path().join("main.js.deps");
        let local = dir.path().join("my app");
        let text = format!(
            "org-dartlang-sdk:///lib/core/core.dart\n{}lib/main.dart\nfile:///elsewhere/lib/a.dart\n",
            uri::of_folder(&local)
        );
        fs::write(&deps, text).unwrap();
        let found = compiled(&deps, std::slice::from_ref(&local)).unwrap();
        assert_eq!(found, BTreeSet::from([local.join("lib/main.dart")]));
        assert_eq!(compiled(&dir.path().join("none"), &[local]), None);
    }

    #[test]
    fn what_could_be_compiled() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["lib/main.dart", "lib/src/a.dart", "lib/b.txt", "lib/.dart_tool/c.dart", "test/d.dart"] {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let entry = Entry::find(dir.path(), None).unwrap();
        let found = possible(&entry, &[dir.path().to_owned()]);
        assert_eq!(found, BTreeSet::from([entry.path, dir.path().join("lib/src/a.dart")]));
    }
}
