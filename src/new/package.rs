//! Where `package:cloudflare_workers` comes from.

use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};

use crate::dart::packages;
use crate::platform;

/// The repository, and the package's folder in it.
const REPOSITORY: &str = "https://github.com/dartflare/dartflare";
const FOLDER: &str = "dart_runtime";

/// What `--package` takes for the repository.
const GIT: &str = "git";

/// A source of the package. It is never pub's: of that name, there is another package there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Package {
    Git,
    /// A folder as it was named, and as `pubspec.yaml` will have it unless it is relative.
    Path(PathBuf),
}

impl Package {
    /// Takes `git`, the package's folder, or that of a clone of the repository.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text == GIT {
            return Ok(Self::Git);
        }
        let folder = PathBuf::from(text);
        [folder.clone(), folder.join(FOLDER)].into_iter().find(|folder| packages::is_runtime(folder)).map_or_else(
            || {
                Err(format!(
                    "there is no `package:cloudflare_workers` in it: give `{GIT}`, or the folder `{FOLDER}` of a clone of {REPOSITORY}"
                ))
            },
            |folder| Ok(Self::Path(folder)),
        )
    }

    /// What `pubspec.yaml` in `project` says of it, indented below the package's name.
    pub(crate) fn yaml(&self, project: &Path) -> String {
        match self {
            Self::Git => format!("    git:\n      url: {REPOSITORY}\n      path: {FOLDER}\n"),
            Self::Path(folder) => {
                let path = if folder.is_absolute() { folder.clone() } else { relative(folder, project) };
                let mut path = path.display().to_string();
                if cfg!(windows) {
                    path = path.replace('\\', "/");
                }
                let is_plain =
                    path.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '.' | '/' | '_' | '-'));
                if !is_plain {
                    path = format!("'{}'", path.replace('\'', "''"));
                }
                let mut yaml = String::new();
                let _ = writeln!(yaml, "    path: {path}");
                yaml
            }
        }
    }
}

/// The way to `to` from the folder `from`; `to` itself where there is none.
fn relative(to: &Path, from: &Path) -> PathBuf {
    let real = |path: &Path| platform::real(path).or_else(|_| std::path::absolute(path));
    let (Ok(to), Ok(from)) = (real(to), std::path::absolute(from)) else { return to.to_owned() };
    // The folder may not be there yet, but its links count, and what they lead to.
    let there = from.ancestors().find(|folder| folder.exists()).unwrap_or(&from);
    let rest = from.strip_prefix(there).unwrap_or(Path::new("")).to_owned();
    let from = real(there).unwrap_or_else(|_| there.to_owned()).join(rest);
    let common = to.components().zip(from.components()).take_while(|(one, other)| one == other).count();
    // On Windows, there is no way from one drive to another.
    if !to.components().take(common).any(|part| part == Component::RootDir) {
        return to;
    }
    let up = from.components().skip(common).map(|_| Component::ParentDir);
    up.chain(to.components().skip(common)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_relative_as_it_was_given() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let package = root.join("it's a clone");
        std::fs::create_dir(&package).unwrap();
        assert_eq!(relative(&package, &root.join("a/b")), Path::new("../../it's a clone"));
        assert_eq!(relative(&package, &root), Path::new("it's a clone"));
        let yaml = Package::Path(package.clone()).yaml(&root);
        assert_eq!(yaml, format!("    path: '{}'\n", package.display().to_string().replace('\'', "''")));
    }

    #[cfg(unix)]
    #[test]
    fn a_way_goes_from_where_a_link_leads() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("real/deep")).unwrap();
        std::fs::create_dir(root.join("package")).unwrap();
        std::os::unix::fs::symlink(root.join("real/deep"), root.join("link")).unwrap();
        assert_eq!(relative(&root.join("package"), &root.join("link/new")), Path::new("../../../package"));
    }

    #[test]
    fn what_is_no_package_says_what_would_be() {
        let dir = tempfile::tempdir().unwrap();
        let said = Package::parse(&dir.path().display().to_string()).unwrap_err();
        assert!(said.contains("there is no `package:cloudflare_workers` in it"), "{said}");
        let own = env!("CARGO_MANIFEST_DIR");
        let package = Path::new(own).join("dart_runtime");
        assert_eq!(Package::parse(own), Ok(Package::Path(package.clone())));
        assert_eq!(Package::parse(&package.display().to_string()), Ok(Package::Path(package)));
    }
}
