//! Putting a build into the output directory so that the last good build there always works.
//!
//! The directory holds an entry, a folder of parts that the entry leads to, and a manifest. The manifest names every
//! build whose files may be there *before* the first of them is made; only what it names is ever replaced or deleted.
//! The parts are completed under another name. The rename of the entry is the one moment at which a build takes effect:
//! a build that ends before it has changed nothing that anybody reads, and the next one removes what it left.
//!
//! In a Pages project it is the folder `_worker.js` of what is served. Beside it goes `_routes.json`, which says which
//! requests reach the Worker at all; [`routing`] has what that adds.

mod place;
mod routing;

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub(crate) use self::place::of_pages as served;
use super::disk::Disk;
use crate::config::PAGES_OUTPUT;
use crate::diagnostic::{Code, Diagnostic};
use crate::error::{Error, Result};
use crate::files::{self, shown};
use crate::routes::routes_json;

const MANIFEST: &str = ".dartflare.json";
/// Whatever is being written to replace a file of the directory.
const TEMPORARY: &str = ".dartflare.tmp";
const GITIGNORE: &str = ".gitignore";
/// What Cloudflare takes the Worker of a Pages project from.
const PAGES_WORKER: &str = "_worker.js";
const PAGES_ENTRY: &str = "index.js";
/// The first bytes of every manifest. A file that was cut off while it was the first one being written is a beginning
/// of them, or begins with them.
const HEAD: &str = "{\n  \"dartflare\": 1,\n";

/// An output directory and the name of its entry.
#[derive(Debug)]
pub(crate) struct Output {
    /// Absolute.
    folder: PathBuf,
    entry: String,
    /// Whether Wrangler uploads only what the entry leads to.
    is_bundled: bool,
    /// The `_routes.json` of a Pages project.
    routing: Option<PathBuf>,
    disk: Disk,
}

/// What is to be published.
#[derive(Debug)]
pub(crate) struct Build {
    /// Letters and digits that another content would not have; the parts go to `app-<id>/`.
    pub(crate) id: String,
    /// The hash of what it was made of.
    pub(crate) inputs: String,
    pub(crate) kind: Kind,
    /// The text of the entry, which leads to `./app-<id>/`.
    pub(crate) entry: String,
    pub(crate) parts: Vec<Part>,
    /// What `_routes.json` is to hold; without any, all requests reach the Worker. Another content has another id.
    pub(crate) routing: Option<String>,
    /// Kept in the manifest for whoever asks later.
    pub(crate) details: serde_json::Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// What the user's program became.
    Worker,
    /// A Worker that answers with what is wrong with the user's program.
    Failure,
}

/// A file in the folder of parts.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// What is known of a build.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) id: String,
    pub(crate) inputs: String,
    pub(crate) kind: Kind,
    /// The name of the entry's file, and its text.
    pub(crate) entry: String,
    pub(crate) text: String,
    /// The folder of the parts, in the output directory.
    pub(crate) folder: String,
    pub(crate) parts: Vec<Size>,
    /// What `_routes.json` holds with this build, unless it is the user's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) routing: Option<String>,
    pub(crate) details: serde_json::Value,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Size {
    pub(crate) name: String,
    pub(crate) bytes: u64,
}

/// The manifest's file: every build of which something may be in the directory, the newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Journal {
    dartflare: u32,
    about: String,
    builds: Vec<Manifest>,
}

impl Default for Journal {
    fn default() -> Self {
        let about = "what `dartflare build` put into this folder; it replaces and removes nothing else";
        Self { dartflare: 1, about: about.to_owned(), builds: Vec::new() }
    }
}

/// What is to be done about the folder of parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Free,
    /// It holds the same parts already.
    Keep,
    /// It holds what nothing leads to.
    Replace,
}

impl Output {
    /// The output directory of `project`, the folder of the Wrangler configuration, as its `main` says.
    ///
    /// Creates nothing. Refuses a place where Dart or the user keeps files, and what is not ours in the way of the
    /// build; without a bundler, which would leave it out, whatever Wrangler may upload is in the way.
    pub(crate) fn open(project: &Path, main: &str, is_bundled: bool) -> Result<Self> {
        let (folder, entry) = place::of_main(project, main)?;
        Self::checked(Self { folder, entry, is_bundled, routing: None, disk: Disk::default() })
    }

    /// The folder of the Worker in `directory`, where a Pages project has what it serves: all that is in it is
    /// uploaded with the Worker. Creates nothing, and refuses the same as [`Output::open`].
    pub(crate) fn of_pages(project: &Path, directory: &str) -> Result<Self> {
        let folder = served(project, directory)?;
        Self::checked(Self {
            folder: folder.join(PAGES_WORKER),
            entry: PAGES_ENTRY.to_owned(),
            is_bundled: false,
            routing: Some(folder.join(routes_json::NAME)),
            disk: Disk::default(),
        })
    }

    /// A directory of dartflare's own, wherever it is; Wrangler bundles from it.
    pub(crate) fn own(folder: PathBuf, entry: &str) -> Result<Self> {
        debug_assert!(is_name(entry), "a name for a file: {entry}");
        let entry = entry.to_owned();
        Self::checked(Self { folder, entry, is_bundled: true, routing: None, disk: Disk::default() })
    }

    fn checked(self) -> Result<Self> {
        self.check()?;
        Ok(self)
    }

    /// The directory.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What stands there, if the entry is ours and all that it leads to is complete.
    pub(crate) fn published(&self) -> Option<Manifest> {
        let journal = self.journal().ok()??;
        let served = self.served(&journal)?;
        self.is_complete(served).then(|| served.clone())
    }

    /// Publishes `build`, or leaves everything as it was and says why.
    pub(crate) fn publish(&self, build: &Build) -> Result<()> {
        debug_assert!(is_folder(&format!("app-{}", build.id)), "a name for a folder: {}", build.id);
        debug_assert!(build.entry.contains(&format!("./app-{}/", build.id)), "leads to its parts");
        debug_assert!(build.parts.iter().all(|part| is_name(&part.name)), "names of files");
        let journal = self.check()?;
        let new = self.new_folders();
        if let Err(error) = self.attempt(journal.unwrap_or_default(), build) {
            self.undo(&new);
            return Err(self.explained(error));
        }
        self.settle()?;
        self.tidy();
        Ok(())
    }

    /// Removes what builds left behind that were killed. Publishing does that too; who finds that nothing changed and
    /// publishes nothing calls it for itself. What cannot be removed now is for the next time.
    pub(crate) fn tidy(&self) {
        let Ok(journal) = self.journal() else { return };
        let temporary = self.folder.join(TEMPORARY);
        if is_there(&temporary) && is_our_temporary(&temporary, journal.is_some()) {
            let _ = self.disk.remove_file(&temporary);
        }
        // The manifest tells of a `_routes.json` that it is ours, until that is the one of the build that is served.
        if let Some(journal) = journal
            && self.settle().is_ok()
        {
            let _ = self.remove_leftovers(&journal);
        }
    }

    fn attempt(&self, mut journal: Journal, build: &Build) -> Result<()> {
        let old = journal.clone();
        let (folder, place) = self.choose(&journal, build)?;
        let manifest = self.manifest(build, folder);
        let served = self.served(&journal).cloned();
        journal.builds.retain(|known| Some(known) != served.as_ref() && !known.is_same(&manifest));
        let served = served.filter(|served| !served.is_same(&manifest));
        journal.builds.splice(0..0, [manifest.clone()].into_iter().chain(served));

        self.disk.create_folders(&self.folder)?;
        if journal != old {
            self.write_journal(&journal)?;
        }
        if self.is_ours_alone(&journal) {
            self.replace(&self.folder.join(GITIGNORE), b"*\n")?;
        }
        let parts = self.folder.join(&manifest.folder);
        if place != Place::Keep {
            let staging = self.folder.join(staging(&manifest.folder));
            self.remove_listed(&staging, &journal, &manifest.folder)?;
            if place == Place::Replace {
                self.remove_listed(&parts, &journal, &manifest.folder)?;
            }
            self.disk.create_folder(&staging).map_err(|error| at(error, parts.clone()))?;
            for part in &build.parts {
                self.write_part(part, &staging).map_err(|error| at(error, parts.join(&part.name)))?;
            }
            self.disk.rename(&staging, &parts)?;
        }
        // Wrangler may be watching: the same text again would have it load everything again.
        if files::read(self.entry()).is_ok_and(|text| text == manifest.text.as_bytes()) {
            return Ok(());
        }
        self.let_all_through(&journal, &manifest)?;
        self.replace(&self.entry(), manifest.text.as_bytes())
    }

    fn write_part(&self, part: &Part, folder: &Path) -> Result<()> {
        self.disk.write(&folder.join(&part.name), &part.bytes)
    }

    /// A folder for the parts that no entry leads to, or that holds just them. The first name is nearly always free;
    /// it is not when somebody changed what is published, and what an entry leads to is not touched even then.
    fn choose(&self, journal: &Journal, build: &Build) -> Result<(String, Place)> {
        let first = format!("app-{}", build.id);
        let mut folder = first.clone();
        let mut count = 1;
        loop {
            let (path, staging) = (self.folder.join(&folder), self.folder.join(staging(&folder)));
            let known = names(journal, &folder);
            let is_ours = journal.builds.iter().any(|known| known.folder == folder);
            for path in [&path, &staging] {
                if fs::symlink_metadata(path).is_ok_and(|found| !(is_ours && found.is_dir())) {
                    return Err(self.foreign(path));
                }
            }
            let is_served = journal.builds.iter().any(|known| {
                known.folder == folder && self.text_of(&known.entry).as_ref() == Some(&known.text)
            });
            if is_there(&path) && holds(&path, &build.parts) {
                return Ok((folder, Place::Keep));
            }
            if holds_only(&staging, &known) {
                if !is_there(&path) {
                    return Ok((folder, Place::Free));
                }
                if !is_served && holds_only(&path, &known) {
                    return Ok((folder, Place::Replace));
                }
            }
            count += 1;
            folder = format!("{first}-{count}");
        }
    }

    fn manifest(&self, build: &Build, folder: String) -> Manifest {
        let size = |part: &Part| Size { name: part.name.clone(), bytes: part.bytes.len() as u64 };
        Manifest {
            id: build.id.clone(),
            inputs: build.inputs.clone(),
            kind: build.kind,
            entry: self.entry.clone(),
            text: build.entry.replace(&format!("./app-{}/", build.id), &format!("./{folder}/")),
            parts: build.parts.iter().map(size).collect(),
            routing: build.routing.clone().filter(|_| self.routing.is_some()),
            details: build.details.clone(),
            folder,
        }
    }

    /// Back to what was there: nothing leads to the new build, so it is a leftover like any other.
    fn undo(&self, new: &[PathBuf]) {
        self.tidy();
        if !new.is_empty() && !self.folder.join(MANIFEST).exists() {
            let _ = self.disk.remove_file(&self.folder.join(GITIGNORE));
            for folder in new {
                let _ = self.disk.remove_folder(folder);
            }
        }
    }

    /// The folders that have to be made, the innermost first: the directory, and what a Pages project serves.
    fn new_folders(&self) -> Vec<PathBuf> {
        let folder = Some(self.folder.clone()).filter(|folder| !folder.exists());
        folder.into_iter().chain(self.new_served()).collect()
    }

    /// The folder that a Pages project serves, if it is still to be made.
    pub(crate) fn new_served(&self) -> Option<PathBuf> {
        self.served_files().filter(|served| !served.exists()).map(Path::to_owned)
    }

    /// The folder that a Pages project serves.
    pub(crate) fn served_files(&self) -> Option<&Path> {
        self.routing.as_deref()?.parent()
    }

    fn remove_leftovers(&self, journal: &Journal) -> Result<()> {
        let mut mine = journal.builds.iter().filter(|known| known.entry == self.entry);
        // Whoever reads the entry just before it changes goes on with the parts of the one before.
        let served = self.served(journal);
        let before = served
            .and_then(|served| {
                mine.find(|known| *known == served)?;
                mine.next()
            })
            .filter(|_| self.is_bundled);
        let is_kept =
            |known: &Manifest| known.entry != self.entry || served == Some(known) || before == Some(known);
        let (kept, dropped): (Vec<&Manifest>, Vec<&Manifest>) =
            journal.builds.iter().partition(|known| is_kept(known));
        for known in &journal.builds {
            self.remove_listed(&self.folder.join(staging(&known.folder)), journal, &known.folder)?;
        }
        let mut left = Vec::new();
        for known in &dropped {
            let is_shared = kept.iter().any(|kept| kept.folder == known.folder);
            let path = self.folder.join(&known.folder);
            if !is_shared && self.remove_listed(&path, journal, &known.folder).is_err() {
                left.push(*known);
            }
        }
        if left.len() == dropped.len() {
            return Ok(());
        }
        let builds: Vec<Manifest> = kept.into_iter().chain(left).cloned().collect();
        if builds.is_empty() {
            return self.disk.remove_file(&self.folder.join(MANIFEST));
        }
        self.write_journal(&Journal { builds, ..Journal::default() })
    }

    /// Removes the files of `folder`'s builds from `path`, and `path` itself when that leaves it empty.
    fn remove_listed(&self, path: &Path, journal: &Journal, folder: &str) -> Result<()> {
        if !fs::symlink_metadata(path).is_ok_and(|found| found.is_dir()) {
            return Ok(());
        }
        for name in names(journal, folder) {
            let file = path.join(name);
            if fs::symlink_metadata(&file).is_ok_and(|found| !found.is_dir()) {
                self.disk.remove_file(&file)?;
            }
        }
        if fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none()) {
            self.disk.remove_folder(path)?;
        }
        Ok(())
    }

    fn write_journal(&self, journal: &Journal) -> Result<()> {
        let text = serde_json::to_string_pretty(journal).unwrap_or_default() + "\n";
        self.replace(&self.folder.join(MANIFEST), text.as_bytes())
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let temporary = self.folder.join(TEMPORARY);
        self.disk.write(&temporary, bytes).map_err(|error| at(error, path.to_owned()))?;
        self.disk.rename(&temporary, path)
    }

    /// The entry's path.
    pub(crate) fn entry(&self) -> PathBuf {
        self.folder.join(&self.entry)
    }

    fn text_of(&self, entry: &str) -> Option<String> {
        files::read_to_string(self.folder.join(entry)).ok()
    }

    /// The build that the entry leads to.
    fn served<'a>(&self, journal: &'a Journal) -> Option<&'a Manifest> {
        let text = self.text_of(&self.entry)?;
        journal.builds.iter().find(|known| known.entry == self.entry && known.text == text)
    }

    fn is_complete(&self, build: &Manifest) -> bool {
        let folder = self.folder.join(&build.folder);
        build.parts.iter().all(|part| {
            fs::metadata(folder.join(&part.name))
                .is_ok_and(|found| found.is_file() && found.len() == part.bytes)
        })
    }

    /// Whether nothing but builds is in the directory, not even a `.gitignore`.
    fn is_ours_alone(&self, journal: &Journal) -> bool {
        let is_ours = |name: &OsStr| {
            name == MANIFEST
                || name == TEMPORARY
                || journal.builds.iter().any(|known| {
                    name == &*known.entry || name == &*known.folder || name == &*staging(&known.folder)
                })
        };
        fs::read_dir(&self.folder)
            .is_ok_and(|entries| entries.flatten().all(|entry| is_ours(&entry.file_name())))
    }

    /// The manifest, if there is one.
    fn journal(&self) -> Result<Option<Journal>> {
        let path = self.folder.join(MANIFEST);
        if fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file()) {
            return Err(self.foreign(&path));
        }
        let text = match files::read(&path) {
            Ok(text) => text,
            Err(source) if source.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Error::Io { action: "read", path, source }),
        };
        let journal: Option<Journal> = serde_json::from_slice(&text).ok();
        let is_sound =
            |journal: &Journal| journal.dartflare == 1 && journal.builds.iter().all(Manifest::is_sound);
        journal.filter(is_sound).map(Some).ok_or_else(|| {
            Error::Project(
                Diagnostic::error(
                    Code::ForeignManifest,
                    format!(
                        "`{}` is not a manifest that this version of dartflare wrote",
                        shown(&path).display()
                    ),
                )
                .hint(format!(
                    "remove the folder `{}` if nothing in it is yours, and build again",
                    shown(&self.folder).display()
                )),
            )
        })
    }

    /// Refuses what is not ours and in the way.
    fn check(&self) -> Result<Option<Journal>> {
        // Of a Pages project the folder's name is given, and tools for JavaScript write a file there.
        if self.routing.is_some() && fs::symlink_metadata(&self.folder).is_ok_and(|found| !found.is_dir()) {
            return Err(self.foreign(&self.folder));
        }
        let journal = self.journal()?;
        let known = journal.clone().unwrap_or_default();
        if let Ok(found) = fs::symlink_metadata(self.entry())
            && !(found.is_file() && self.served(&known).is_some())
        {
            return Err(self.foreign(&self.entry()));
        }
        let temporary = self.folder.join(TEMPORARY);
        if is_there(&temporary) && !is_our_temporary(&temporary, journal.is_some()) {
            return Err(self.foreign(&temporary));
        }
        if !self.is_bundled {
            self.refuse_strangers(&known)?;
        }
        Ok(journal)
    }

    fn refuse_strangers(&self, journal: &Journal) -> Result<()> {
        let folders: Vec<&str> = journal
            .builds
            .iter()
            .filter(|known| known.entry == self.entry)
            .map(|known| &*known.folder)
            .collect();
        let mut strangers = self.strangers(&self.folder, &[&[&*self.entry], &*folders].concat());
        for folder in folders {
            strangers.extend(self.strangers(&self.folder.join(folder), &names(journal, folder)));
        }
        strangers.sort();
        strangers.dedup();
        let Some((first, more)) = strangers.split_first() else { return Ok(()) };
        let first = shown(first).display().to_string();
        let which = match more.len() {
            0 => format!("`{first}` is"),
            1 => format!("`{first}` and 1 more file are"),
            count => format!("`{first}` and {count} more files are"),
        };
        let why = if self.routing.is_some() {
            "Wrangler uploads what is in this folder with the Worker"
        } else {
            "with `no_bundle` Wrangler uploads what is beside the entry"
        };
        Err(Error::Project(
            Diagnostic::error(Code::StrangerInOutput, format!("{which} not part of the build, and {why}"))
                .hint(self.way_out()),
        ))
    }

    fn foreign(&self, path: &Path) -> Error {
        Error::Project(
            Diagnostic::error(
                Code::InTheWay,
                format!(
                    "`{}` is in the way: the build writes there, and did not write what is there now",
                    shown(path).display()
                ),
            )
            .hint(self.way_out()),
        )
    }

    /// What to do about files of somebody else.
    fn way_out(&self) -> &'static str {
        if self.routing.is_some() {
            "move it: `_worker.js` is the Worker of a Pages project, and dartflare makes it"
        } else {
            "move it, or set `main` to a path in a folder of its own"
        }
    }

    /// The files below `folder` other than those `known` directly in it; names that begin with a dot do not count.
    #[allow(clippy::unused_self, reason = "reads better beside its callers")]
    fn strangers(&self, folder: &Path, known: &[&str]) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
                let name = entry.file_name();
                if name.as_encoded_bytes().starts_with(b".")
                    || (next == folder && known.iter().any(|known| name == **known))
                {
                    continue;
                }
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(entry.path());
                } else {
                    found.push(entry.path());
                }
            }
        }
        found
    }

    /// What a failure of the file system means here.
    fn explained(&self, error: Error) -> Error {
        let Error::Io { source, .. } = &error else { return error };
        let folder = shown(&self.folder).display().to_string();
        let advice = match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                "free some space on its disk and build again".to_owned()
            }
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                let key = if self.routing.is_some() { PAGES_OUTPUT } else { "main" };
                format!(
                    "make the folder `{folder}` writable and build again, or set `{key}` to a path elsewhere"
                )
            }
            _ => "build again when that is put right".to_owned(),
        };
        let state = if self.published().is_some() {
            format!("the last good build in `{folder}` is untouched")
        } else {
            "nothing was published".to_owned()
        };
        Error::Environment(
            Diagnostic::error(Code::Io, error.diagnostic().message).hint(format!("{advice}; {state}")),
        )
    }
}

impl Manifest {
    /// Whether both stand for one state of the directory.
    fn is_same(&self, other: &Self) -> bool {
        self.entry == other.entry && self.text == other.text && self.routing == other.routing
    }

    /// Whether every name in it is one that a build may give: the manifest decides what is deleted, and somebody else
    /// may have written it.
    fn is_sound(&self) -> bool {
        is_name(&self.entry) && is_folder(&self.folder) && self.parts.iter().all(|part| is_name(&part.name))
    }
}

fn is_folder(name: &str) -> bool {
    name.strip_prefix("app-").is_some_and(|id| {
        !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    })
}

fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Beside a manifest the name is ours. Without one, nothing but a manifest is ever written there.
fn is_our_temporary(path: &Path, has_manifest: bool) -> bool {
    let is_manifest = || {
        files::read(path)
            .is_ok_and(|text| text.starts_with(HEAD.as_bytes()) || HEAD.as_bytes().starts_with(&text))
    };
    fs::symlink_metadata(path).is_ok_and(|found| found.is_file()) && (has_manifest || is_manifest())
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', ':', '\0'])
}

/// Where the parts are until they are complete.
fn staging(folder: &str) -> String {
    format!(".dartflare-{folder}")
}

/// The names of all parts that builds put into `folder`.
fn names<'a>(journal: &'a Journal, folder: &str) -> Vec<&'a str> {
    let builds = journal.builds.iter().filter(|known| known.folder == folder);
    builds.flat_map(|known| known.parts.iter().map(|part| &*part.name)).collect()
}

/// Whether the folder holds every part as it is.
fn holds(folder: &Path, parts: &[Part]) -> bool {
    parts.iter().all(|part| files::read(folder.join(&part.name)).is_ok_and(|found| found == part.bytes))
}

/// Whether all that is in the folder is among `names`.
fn holds_only(folder: &Path, names: &[&str]) -> bool {
    let mut entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.all(|entry| names.iter().any(|name| entry.file_name() == *name))
}

/// The error of a file as that of the file it was to become.
fn at(error: Error, path: PathBuf) -> Error {
    match error {
        Error::Io { action, source, .. } => Error::Io { action, path, source },
        other => other,
    }
}

#[cfg(test)]
mod tests;
