//! The library with the program's `main()`.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::uri;
use crate::diagnostic::{Code, Diagnostic};
use crate::error::{Error, Result};
use crate::files::{self, Unfit};
use crate::routes::{self, Routes};

/// The library that is looked for first.
pub(crate) const DEFAULT: &str = "lib/main.dart";

/// The program that serves a project's Functions, as it is generated.
const FUNCTIONS: &str = ".dart_tool/dartflare/functions.dart";

/// The library that has the `main()` of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// As the user names it; from the project's folder where it is inside.
    pub(crate) name: PathBuf,
    pub(crate) path: PathBuf,
    /// Where its sources are that are in no package's `lib`.
    pub(crate) sources: Option<PathBuf>,
}

impl Entry {
    /// The library that `flag` names, or else `lib/main.dart`; it exists. In a project without one, the program that
    /// serves its Functions.
    pub(crate) fn find(project: &Path, flag: Option<PathBuf>) -> Result<Self> {
        let functions = project.join(routes::FOLDER);
        let is_chosen = flag.is_some();
        let name = flag.unwrap_or_else(|| PathBuf::from(DEFAULT));
        let path = uri::tidy(&project.join(&name));
        let found = fs::metadata(&path);
        if found.as_ref().is_ok_and(fs::Metadata::is_file) {
            // However it was spelled, a library of the package is known as one.
            let name = path.strip_prefix(project).map_or(name, Path::to_owned);
            let sources = path.parent().map(Path::to_owned);
            return Ok(Self { name, path, sources });
        }
        match found {
            Ok(other) if !other.is_dir() => {
                return Err(Error::Io { action: "read", path, source: Unfit::NoFile.into() });
            }
            Err(source) if !matches!(source.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Err(Error::Io { action: "read", path, source });
            }
            _ => {}
        }
        if !is_chosen && functions.is_dir() {
            let name = PathBuf::from(routes::FOLDER);
            return Ok(Self { name, path: project.join(FUNCTIONS), sources: Some(functions) });
        }
        let hint = if is_chosen {
            "create it with a `main()` that constructs `CloudflareWorkers(fetch: ...)`, or name another with `--entry`"
        } else {
            "create it with a `main()` that constructs `CloudflareWorkers(fetch: ...)`, or `functions/` with a file for \
             each route, or name another library with `--entry`"
        };
        Err(Error::Project(
            Diagnostic::error(
                Code::NoEntry,
                format!("there is no `{}` in `{}`", name.display(), project.display()),
            )
            .hint(files::or_near(&path, hint)),
        ))
    }

    /// Whether it serves the project's Functions, and is generated.
    pub(crate) fn is_functions(&self) -> bool {
        self.path.ends_with(FUNCTIONS)
    }

    /// What to say of the Functions that `project` has, if this library takes all requests in their place.
    pub(crate) fn unused_functions(&self, project: &Path) -> Option<String> {
        let folder = routes::FOLDER;
        (!self.is_functions() && project.join(folder).is_dir())
            .then(|| format!("`{folder}/` is not used: `{}` takes all requests", self.name.display()))
    }

    /// Writes the library if it is to be generated, as the Functions of `project` are now. Gives the Functions then.
    pub(crate) fn prepare(&self, project: &Path) -> Result<Option<Routes>> {
        if !self.is_functions() {
            return Ok(None);
        }
        let routes = Routes::read(project)?;
        files::write_if_changed(&self.path, routes.program()?)?;
        Ok(Some(routes))
    }

    /// The URI that imports it into another library. A library of the package must be imported by its `package:` URI:
    /// by another one it would be a second library, with statics of its own.
    pub(crate) fn uri(&self, package_name: &str) -> String {
        match self.name.strip_prefix("lib") {
            Ok(inside) => {
                let parts: Vec<_> = inside.iter().map(|part| uri::encode(&part.to_string_lossy())).collect();
                format!("package:{package_name}/{}", parts.join("/"))
            }
            Err(_) => uri::of_folder(&self.path).trim_end_matches('/').to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_of_the_package_is_imported_as_one_however_it_is_spelled() {
        let dir = tempfile::tempdir().unwrap();
        let project = dir.path().canonicalize().unwrap();
        fs::create_dir(project.join("lib")).unwrap();
        fs::write(project.join("lib/main.dart"), "").unwrap();
        let absolute = project.join("lib/main.dart");
        for spelled in
            ["lib/main.dart", "./lib/main.dart", "lib/../lib/main.dart", &absolute.display().to_string()]
        {
            let entry = Entry::find(&project, Some(spelled.into())).unwrap();
            assert_eq!(entry.uri("app"), "package:app/main.dart", "{spelled}");
            assert_eq!((entry.name, entry.path), ("lib/main.dart".into(), absolute.clone()), "{spelled}");
        }
    }

    #[test]
    fn a_name_with_any_letters_is_written_as_dart_knows_it() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("lib")).unwrap();
        let name = "lib/it's 50% of $x ö.dart";
        fs::write(dir.path().join(name), "").unwrap();
        let uri = Entry::find(dir.path(), Some(name.into())).unwrap().uri("app");
        assert_eq!(uri, "package:app/it's%2050%25%20of%20$x%20%C3%B6.dart");
        assert_eq!(uri::literal(&uri), r"'package:app/it\'s%2050%25%20of%20\$x%20%C3%B6.dart'");
    }
}
