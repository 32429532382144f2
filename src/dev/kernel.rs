//! The program as it was compiled, kept for the next start: compiling it takes a VM some seconds, and loading it a moment.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

use super::vm;
use crate::bundle::inputs::{Inputs, digest};
use crate::dart::packages::Packages;
use crate::dart::probed::Executable;
use crate::dart::uri;
use crate::files;
use crate::process;

/// How long a program has to run unchanged before it is compiled once more to be kept: while the user works on it, each
/// save would make that vain.
const CALM: Duration = Duration::from_secs(30);

/// The compiled program in a project, or where it would be.
#[derive(Debug)]
pub(crate) struct Kernel {
    path: PathBuf,
    making: Option<JoinHandle<()>>,
}

/// What the kernel beside it was made of.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    sources: Vec<PathBuf>,
    /// Of all that it depends on, and of itself.
    hash: String,
}

impl Kernel {
    /// The one of `project`.
    pub(crate) fn new(project: &Path) -> Self {
        Self { path: project.join(".dart_tool/dartflare/dev.dill"), making: None }
    }

    /// A kernel of the program as its sources are now, for this Dart. `program` is the generated library.
    pub(crate) fn find(&self, program: &Path, dart: &Path, packages: &Packages) -> Option<&Path> {
        is_of(&self.path, &self.record(), program, dart, packages).then_some(&self.path)
    }

    /// Nothing is kept any more.
    pub(crate) fn forget(&mut self) {
        self.changes();
        let _ = fs::remove_file(self.record());
    }

    /// The program is about to change: what is being compiled of it is not wanted.
    pub(crate) fn changes(&mut self) {
        if let Some(making) = self.making.take() {
            making.abort();
        }
    }

    /// Keeps `program`, the generated library, as it is compiled by `dart`, once it has run for a while without a change.
    pub(crate) fn make(&mut self, program: &Path, dart: &Path, packages: &Packages) {
        self.changes();
        let (kernel, record) = (self.path.clone(), self.record());
        let (program, dart, packages) = (program.to_owned(), dart.to_owned(), packages.clone());
        self.making = Some(tokio::spawn(async move {
            tokio::time::sleep(CALM).await;
            // Reading all sources to compare them has no place in a reload.
            if !is_of(&kernel, &record, &program, &dart, &packages) {
                // Without it, the next start takes longer, and that is all.
                let _ = make(&kernel, &record, &program, &dart, &packages).await;
            }
        }));
    }

    fn record(&self) -> PathBuf {
        self.path.with_extension("dill.json")
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        self.changes();
    }
}

/// Whether what is kept at `kernel` is of the program as it is now, by what its `record` says.
fn is_of(kernel: &Path, record: &Path, program: &Path, dart: &Path, packages: &Packages) -> bool {
    let record = fs::read(record).ok().and_then(|json| serde_json::from_slice::<Record>(&json).ok());
    record.is_some_and(|record| {
        hash(kernel, program, &record.sources, dart, packages).is_some_and(|hash| hash == record.hash)
    })
}

async fn make(kernel: &Path, record: &Path, program: &Path, dart: &Path, packages: &Packages) -> Option<()> {
    let folder = tempfile::tempdir_in(kernel.parent()?).ok()?;
    let [made, list] = ["kernel", "sources"].map(|name| folder.path().join(name));
    let (executable, flags) = vm::launcher(dart);
    let begin = SystemTime::now();
    let ended = process::run(&executable, |command| {
        command
            .args(flags)
            .arg("--snapshot-kind=kernel")
            .arg(format!("--snapshot={}", made.display()))
            .arg(format!("--depfile={}", list.display()))
            .arg(format!("--packages={}", uri::of_file(&packages.config)))
            .arg(uri::of_file(program));
    })
    .await
    .ok()?;
    if !ended.status.success() {
        return None;
    }
    let list = fs::read_to_string(list).ok()?;
    let mut sources = dependencies(list.strip_prefix(&format!("{}: ", made.display()))?);
    sources.retain(|path| path != program);
    // The compiler may have read one before it was written, and the hash is that of after.
    let is_old = |path: &PathBuf| {
        fs::metadata(path).and_then(|file| file.modified()).is_ok_and(|modified| modified < begin)
    };
    if sources.is_empty() || !sources.iter().all(is_old) {
        return None;
    }
    // Between the two files, what is kept is worth nothing, and so it is if one of them is not written down whole.
    fs::rename(made, kernel).ok()?;
    let hash = hash(kernel, program, &sources, dart, packages)?;
    files::write_if_changed(record, serde_json::to_vec(&Record { sources, hash }).ok()?).ok()?;
    Some(())
}

/// What a kernel at `kernel` depends on, and what it holds; nothing where a part of that is missing.
fn hash(
    kernel: &Path,
    program: &Path,
    sources: &[PathBuf],
    dart: &Path,
    packages: &Packages,
) -> Option<String> {
    let mut inputs = Inputs::default();
    inputs.add(env!("CARGO_PKG_VERSION"));
    // A script may start another Dart tomorrow.
    inputs.add(serde_json::to_vec(&Executable::of(&vm::launcher(dart).0)?).ok()?);
    // Under `dartflare test` it has another name.
    inputs.add(digest(program)?);
    for path in [kernel, &packages.config].into_iter().chain(sources.iter().map(PathBuf::as_path)) {
        inputs.add_file(path, Some(digest(path)?));
    }
    Some(inputs.hash())
}

/// The paths in a list as `make` reads it, of what one file depends on.
fn dependencies(list: &str) -> Vec<PathBuf> {
    let mut paths = vec![String::new()];
    let mut characters = list.trim_end().chars().peekable();
    while let Some(character) = characters.next() {
        let escaped = characters.next_if(|next| character == '\\' && matches!(next, ' ' | '\\'));
        match (escaped, paths.last_mut()) {
            (None, _) if character == ' ' => paths.push(String::new()),
            (escaped, Some(path)) => path.push(escaped.unwrap_or(character)),
            (_, None) => {}
        }
    }
    paths.into_iter().filter(|path| !path.is_empty()).map(PathBuf::from).collect()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_dependencies_may_have_spaces_and_backslashes_in_its_paths() {
        let paths =
            |list| dependencies(list).iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
        assert_eq!(paths("/my\\ app/a.dart /b.dart\n"), ["/my app/a.dart", "/b.dart"]);
        assert_eq!(paths("C:\\\\app\\\\a.dart C:\\b.dart \n"), ["C:\\app\\a.dart", "C:\\b.dart"]);
        assert_eq!(paths(""), [""; 0]);
    }
}
