//! The library with the program's `main()`.

use std::path::{Path, PathBuf};

use super::uri;
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Result};

const DEFAULT: &str = "lib/main.dart";

/// The library that has the `main()` of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// As the user names it, from the project's folder.
    pub(crate) name: PathBuf,
    pub(crate) path: PathBuf,
}

impl Entry {
    /// The library that `flag` names, or else `lib/main.dart`; it exists.
    pub(crate) fn find(project: &Path, flag: Option<PathBuf>) -> Result<Self> {
        let name = flag.unwrap_or_else(|| PathBuf::from(DEFAULT));
        let path = project.join(&name);
        if path.is_file() {
            return Ok(Self { name, path });
        }
        Err(Error::Project(
            Diagnostic::error(format!("there is no `{}` in `{}`", name.display(), project.display())).hint(
                "create it with a `main()` that constructs `CloudflareWorkers(fetch: ...)`, or name another with \
                 `--entry`",
            ),
        ))
    }

    /// The URI that imports it into another library. A library of the package must be imported by its `package:` URI:
    /// by another one it would be a second library, with statics of its own.
    pub(crate) fn uri(&self, package_name: &str) -> String {
        match self.name.strip_prefix("lib") {
            Ok(inside) => {
                let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
                format!("package:{package_name}/{}", parts.join("/"))
            }
            Err(_) => uri::of_folder(&self.path).trim_end_matches('/').to_owned(),
        }
    }
}
