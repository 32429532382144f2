//! Where the output directory is, by what the configuration says of it.

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::is_name;
use crate::dart::uri;
use crate::diagnostic::{Code, Diagnostic};
use crate::error::{Error, Result};
use crate::files::shown;
use crate::platform;

/// Folders at the top of a project that hold what others write, Dart's own and Wrangler's.
const RESERVED: [&str; 9] =
    ["lib", "bin", "test", "tool", "functions", "node_modules", ".dart_tool", ".git", ".wrangler"];

/// The output directory and the entry's name that `main` says.
pub(super) fn of_main(project: &Path, main: &str) -> Result<(PathBuf, String)> {
    let wrong = |what: String| {
        Error::Project(Diagnostic::error(Code::OutputPlace, what).hint(
            "`main` names the file that the build writes: set it to a path in a folder of its own inside the \
             project, such as `build/worker.mjs`",
        ))
    };
    let path = Path::new(main);
    let mut folder = PathBuf::new();
    for component in path.strip_prefix(project).unwrap_or(path).components() {
        match component {
            Component::Normal(name) => folder.push(name),
            Component::CurDir => {}
            Component::ParentDir => return Err(wrong(format!("`main = \"{main}\"` has `..` in it"))),
            Component::RootDir | Component::Prefix(_) => {
                return Err(wrong(format!("`main = \"{main}\"` is outside of the project")));
            }
        }
    }
    let is_module = folder.extension().is_some_and(|found| found == "mjs" || found == "js");
    let entry = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    folder.pop();
    if !is_module || !is_name(&entry) {
        return Err(wrong(format!(
            "`main = \"{main}\"` does not name a JavaScript module (`.mjs` or `.js`)"
        )));
    }
    if folder.as_os_str().is_empty() {
        return Err(wrong(format!("with `main = \"{main}\"`, the output directory is the project itself")));
    }
    let said = format!("main = \"{main}\"");
    refuse_reserved(&folder, &said).map_err(wrong)?;

    let named = project.join(&folder);
    let Some(existing) = named.ancestors().find(|path| fs::symlink_metadata(path).is_ok()) else {
        return Ok((named, entry));
    };
    let Ok(target) = real(existing) else {
        let named = shown(existing);
        return Err(wrong(format!("`{}` is a symbolic link that leads nowhere", named.display())));
    };
    if !target.is_dir() {
        return Err(Error::Project(
            Diagnostic::error(
                Code::InTheWay,
                format!(
                    "`{}` is a file, and `main = \"{main}\"` needs a folder there",
                    shown(existing).display()
                ),
            )
            .hint("move it, or set `main` to a path in a folder of its own"),
        ));
    }
    let rest = named.strip_prefix(existing).unwrap_or(Path::new(""));
    let target = target.join(rest);
    let project = real(project)?;
    match target.strip_prefix(&project) {
        Ok(inside) if inside == folder => {}
        Ok(inside) if inside.as_os_str().is_empty() => {
            return Err(wrong(format!(
                "`{}` is a symbolic link to the project itself",
                shown(&named).display()
            )));
        }
        Ok(inside) => refuse_reserved(inside, &said).map_err(wrong)?,
        Err(_) => {
            return Err(wrong(format!(
                "`{}` leads to `{}`, outside of the project",
                shown(&named).display(),
                target.display()
            )));
        }
    }
    if named.join("pubspec.yaml").exists() {
        return Err(wrong(format!("`{}` is a Dart package", shown(&named).display())));
    }
    Ok((named, entry))
}

/// The directory with the files that a Pages project serves: `directory`, which is what `pages_build_output_dir` says.
/// It may be outside of the project, where a front end is a project of its own.
pub(crate) fn of_pages(project: &Path, directory: &str) -> Result<PathBuf> {
    let said = format!("pages_build_output_dir = \"{directory}\"");
    let wrong = |what: String| {
        Error::Project(Diagnostic::error(Code::PagesOutputPlace, what).hint(
            "`pages_build_output_dir` names the folder whose files are served: set it to one of its own, such as \
             `public`",
        ))
    };
    let folder = uri::tidy(&project.join(directory));
    let project = real(project)?;
    let Some(existing) = folder.ancestors().find(|path| fs::symlink_metadata(path).is_ok()) else {
        return Ok(folder);
    };
    let Ok(target) = real(existing) else {
        return Err(wrong(format!("`{}` is a symbolic link that leads nowhere", shown(existing).display())));
    };
    if !target.is_dir() {
        return Err(Error::Project(
            Diagnostic::error(
                Code::InTheWay,
                format!("`{}` is a file, and `{said}` needs a folder there", shown(existing).display()),
            )
            .hint("move it, or set `pages_build_output_dir` to another folder"),
        ));
    }
    let target = target.join(folder.strip_prefix(existing).unwrap_or(Path::new("")));
    if project.starts_with(&target) {
        let whole = if target == project { "the project itself" } else { "a folder with the project in it" };
        return Err(wrong(format!("with `{said}`, {whole} would be served, sources and secrets included")));
    }
    if let Ok(inside) = target.strip_prefix(&project) {
        refuse_reserved(inside, &said).map_err(wrong)?;
    }
    if folder.join("pubspec.yaml").exists() {
        return Err(wrong(format!("`{}` is a Dart package", shown(&folder).display())));
    }
    Ok(folder)
}

fn real(path: &Path) -> Result<PathBuf> {
    platform::real(path).map_err(|source| Error::Io {
        action: "open the folder",
        path: path.to_owned(),
        source,
    })
}

/// Refuses a folder, relative to the project, in which others write; `said` is what leads to it.
fn refuse_reserved(folder: &Path, said: &str) -> std::result::Result<(), String> {
    let top = folder.components().next().map(|top| top.as_os_str().to_string_lossy().into_owned());
    match top {
        // Some file systems take `Lib` and `lib` for one.
        Some(top) if RESERVED.iter().any(|reserved| top.eq_ignore_ascii_case(reserved)) => {
            Err(format!("with `{said}`, the output directory is in `{top}`, which is for other files"))
        }
        _ => Ok(()),
    }
}
