//! Which files have tests.

use std::fs;
use std::path::{Path, PathBuf};

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Result};
use crate::files::{self, shown};

/// Where tests are, from the project.
const FOLDER: &str = "test";

/// How the name of a file with tests ends.
const ENDING: &str = "_test.dart";

/// A file with tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TestFile {
    /// From the project, where it is inside, with `/` between its parts.
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// Whether it is written for `package:test`.
    pub(super) is_for_package: bool,
    /// How many environments it will ask for, as far as the text tells.
    pub(super) environments: usize,
}

/// The files that `given` names, or those of the project; there are some.
pub(super) fn find(project: &Path, given: &[PathBuf]) -> Result<Vec<TestFile>> {
    let mut paths = Vec::new();
    for given in given {
        let path = project.join(given);
        if path.is_dir() {
            let before = paths.len();
            collect(&path, &mut paths)?;
            if paths.len() == before {
                return Err(nothing(&path));
            }
        } else if path.is_file() {
            paths.push(path);
        } else {
            return Err(Error::Project(
                Diagnostic::error(Code::NoTests, format!("there is no `{}`", given.display())).hint(
                    files::or_near(
                        &path,
                        "name files with tests, or folders of them, from the project's folder",
                    ),
                ),
            ));
        }
    }
    if given.is_empty() {
        let folder = project.join(FOLDER);
        if folder.is_dir() {
            collect(&folder, &mut paths)?;
        }
        if paths.is_empty() {
            return Err(nothing(&folder));
        }
    }
    let mut found: Vec<TestFile> = Vec::new();
    for path in paths {
        if !found.iter().any(|file| file.path == path) {
            found.push(read(project, path)?);
        }
    }
    Ok(found)
}

fn nothing(folder: &Path) -> Error {
    let folder = shown(folder);
    let message = format!("there are no tests in `{}`", folder.display());
    Error::Project(Diagnostic::error(Code::NoTests, message).hint(format!(
        "write the first one to a file there whose name ends in `{ENDING}`, such as `{}`",
        folder.join(format!("worker{ENDING}")).display()
    )))
}

/// Adds the files with tests in `folder` and below, in the order of their names.
fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    let failed = |source| Error::Io { action: "read", path: folder.to_owned(), source };
    let mut entries: Vec<_> =
        fs::read_dir(folder).map_err(failed)?.collect::<std::io::Result<_>>().map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if path.is_dir() {
            if !name.starts_with('.') {
                collect(&path, paths)?;
            }
        } else if name.ends_with(ENDING) {
            paths.push(path);
        }
    }
    Ok(())
}

fn read(project: &Path, path: PathBuf) -> Result<TestFile> {
    let text = match files::read(&path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(source) => return Err(Error::Io { action: "read", path, source }),
    };
    let name = path.strip_prefix(project).unwrap_or(&path).to_string_lossy().replace('\\', "/");
    Ok(TestFile { name, is_for_package: imports_package(&text), environments: environments(&text), path })
}

/// Most tests ask for one, be it by what is set up before each.
fn environments(text: &str) -> usize {
    let asked = text.matches("testEnvironment(").count();
    let tests = text.lines().filter(|line| line.trim_start().starts_with("test(")).count();
    if asked == 0 { 0 } else { asked.max(tests) }
}

fn imports_package(text: &str) -> bool {
    text.lines().map(str::trim_start).filter(|line| line.starts_with("import")).any(|line| {
        ["'package:test/", "\"package:test/", "'package:checks/", "\"package:checks/"]
            .iter()
            .any(|uri| line.contains(uri))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::written as project;

    fn names(dir: &tempfile::TempDir, given: &[&str]) -> Vec<String> {
        let given: Vec<_> = given.iter().map(PathBuf::from).collect();
        find(dir.path(), &given).unwrap().into_iter().map(|file| file.name).collect()
    }

    #[test]
    fn files_are_found_in_order() {
        let dir = project(&[
            ("test/z_test.dart", ""),
            ("test/api/a_test.dart", ""),
            ("test/.hidden/b_test.dart", ""),
            ("test/helper.dart", ""),
        ]);
        assert_eq!(names(&dir, &[]), ["test/api/a_test.dart", "test/z_test.dart"]);
        assert_eq!(names(&dir, &["test/z_test.dart", "test"]), ["test/z_test.dart", "test/api/a_test.dart"]);
        // A file that is named is one with tests, whatever it is called.
        assert_eq!(names(&dir, &["test/helper.dart"]), ["test/helper.dart"]);
    }

    #[test]
    fn where_it_looked_is_told() {
        let dir = project(&[("test/helper.dart", ""), ("other/none.dart", "")]);
        let wrong = |given: &[PathBuf]| find(dir.path(), given).unwrap_err().diagnostic().message;
        assert!(wrong(&[]).ends_with("/test`"), "{}", wrong(&[]));
        assert!(wrong(&["other".into()]).ends_with("/other`"));
        assert_eq!(wrong(&["gone_test.dart".into()]), "there is no `gone_test.dart`");
    }

    #[test]
    fn the_runner_is_known_by_what_is_imported() {
        let dir = project(&[
            (
                "test/a_test.dart",
                "import 'package:test/test.dart';\nawait testEnvironment(); testEnvironment()",
            ),
            ("test/b_test.dart", "// import 'package:test/test.dart';\nimport 'package:test_x/x.dart';"),
            (
                "test/c_test.dart",
                "setUp(testEnvironment);\nenv = testEnvironment();\n  test('a', a);\n  test('b', b);",
            ),
        ]);
        let files = find(dir.path(), &[]).unwrap();
        assert!(files[0].is_for_package && !files[1].is_for_package);
        assert_eq!([0, 1, 2].map(|at| files[at].environments), [2, 0, 2]);
    }
}
