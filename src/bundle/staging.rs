//! Where the compiler writes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::files;

/// The folder that the compiler writes to; dropping it removes it.
///
/// No other build has it, not even after this one was killed: a compiler may outlive the build that started it.
#[derive(Debug)]
pub(super) struct Staging {
    pub(super) folder: PathBuf,
}

impl Staging {
    /// Makes one, and removes what builds left that were killed.
    pub(super) fn make(project: &Path) -> Result<Self> {
        let all = project.join(".dart_tool/dartflare/build");
        let _ = fs::remove_dir_all(&all);
        let mut name = [0; 8];
        // Without randomness, the process tells one from another nearly as well.
        if getrandom::fill(&mut name).is_err() {
            name = u64::from(std::process::id()).to_le_bytes();
        }
        let folder = all.join(format!("{:016x}", u64::from_le_bytes(name)));
        match fs::create_dir_all(&folder) {
            Ok(()) => Ok(Self { folder }),
            Err(source) => Err(Error::Io { action: "create", path: files::shown(&folder), source }),
        }
    }

    /// All that is in it, by name.
    pub(super) fn files(&self) -> Result<BTreeMap<String, Vec<u8>>> {
        let failed = |source| Error::Io { action: "read", path: files::shown(&self.folder), source };
        let mut files = BTreeMap::new();
        for item in fs::read_dir(&self.folder).map_err(failed)? {
            let item = item.map_err(failed)?;
            let name = item.file_name().to_string_lossy().into_owned();
            files.insert(name, files::read(item.path()).map_err(failed)?);
        }
        Ok(files)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
        let _ = self.folder.parent().map(fs::remove_dir);
    }
}
