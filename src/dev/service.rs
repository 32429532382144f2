//! Where a debugger finds the VM service: a file as `dart --write-service-info` writes one, which editors follow.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::error::Result;
use crate::files;

/// The VM service of the program, while there is one.
#[derive(Debug)]
pub(crate) struct Service {
    file: PathBuf,
    address: Option<String>,
}

impl Service {
    /// Writes to `folder`, which is that of the run.
    pub(crate) fn new(folder: &Path) -> Self {
        Self { file: folder.join("vm_service.json"), address: None }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> Option<&str> {
        self.address.as_deref()
    }

    /// It listens at `address` now; whoever knows that can run code, so nobody else may read it.
    pub(crate) fn listens(&mut self, address: &str) -> Result<()> {
        files::make_private(&self.file)?;
        files::write_if_changed(&self.file, format!("{}\n", json!({ "uri": address })))?;
        self.address = Some(address.to_owned());
        Ok(())
    }

    /// Its VM has ended, or is about to.
    pub(crate) fn ended(&mut self) {
        if self.address.take().is_some() {
            let _ = fs::remove_file(&self.file);
        }
    }
}
