//! Finding the configuration, in Wrangler's own order.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::Format;
use crate::diagnostic::{Code, Diagnostic};
use crate::error::{Error, Result};
use crate::files::{self, shown};
use crate::platform;

/// The configuration Wrangler would take.
#[derive(Debug)]
pub(crate) struct Found {
    /// Absolute.
    pub(crate) path: PathBuf,
    /// As the user would name it.
    pub(crate) shown: PathBuf,
    pub(crate) format: Format,
    /// Which other configurations are not read.
    pub(crate) warnings: Vec<Diagnostic>,
}

/// Looks for `wrangler.json` in `start` and every folder above it, then likewise for `wrangler.jsonc`, then for
/// `wrangler.toml`: a name is looked for all the way up before the next one, as Wrangler does.
pub(crate) fn find(start: &Path) -> Result<Found> {
    let from = platform::real(start).map_err(|source| {
        if source.kind() == ErrorKind::NotFound {
            return Error::Project(
                Diagnostic::error(Code::NoProjectFolder, format!("there is no folder `{}`", start.display()))
                    .hint(files::or_near(start, "`--project` names the folder of a project that exists")),
            );
        }
        Error::Io { action: "open the folder", path: start.to_owned(), source }
    })?;
    let mut candidates = Format::ALL.into_iter().filter_map(|format| {
        let path =
            from.ancestors().map(|folder| folder.join(format.file_name())).find(|path| path.is_file())?;
        Some((format, path))
    });
    let Some((format, path)) = candidates.next() else { return Err(Error::Project(none(&from))) };
    let taken = shown(&path);
    let folder = path.parent().unwrap_or(&path);
    // One further up than the one taken belongs to something else; one beside it or nearer was meant to count.
    let warnings = candidates
        .filter(|(_, other)| other.parent().is_some_and(|other| other.starts_with(folder)))
        .map(|(_, other)| {
            let other = shown(&other);
            Diagnostic::warning(
                Code::ConfigurationIgnored,
                format!(
                    "`{}` is ignored, because `{}` exists and Wrangler looks for that name first",
                    other.display(),
                    taken.display()
                ),
            )
            .hint("keep one of the two")
        })
        .collect();
    Ok(Found { shown: taken, format, warnings, path })
}

/// Nothing from the folder `from` upwards is a configuration.
fn none(from: &Path) -> Diagnostic {
    let mut near = Format::ALL.into_iter().map(|format| from.join(format.file_name()));
    if let Some((path, found)) = near.find_map(|path| Some((path.clone(), fs::symlink_metadata(path).ok()?)))
    {
        let (what, hint) = if found.is_dir() {
            ("a folder", "move it away, and write a configuration of that name")
        } else if found.is_symlink() {
            ("a link that leads to no file", "have it lead to the configuration, or write one in its place")
        } else {
            ("a pipe or a device, and not a file", "write a configuration in its place")
        };
        let message = format!("`{}` is {what}", shown(&path).display());
        return Diagnostic::error(Code::NoConfiguration, message).hint(hint);
    }
    let message = format!("no Wrangler configuration in `{}` or any folder above it", from.display());
    Diagnostic::error(Code::NoConfiguration, message).hint(
        "create a `wrangler.toml` (or `wrangler.json`, `wrangler.jsonc`) with `name`, `compatibility_date` and \
         `main = \"build/worker.mjs\"`, or for Pages `pages_build_output_dir`, or name the project's folder with \
         `--project`",
    )
}
