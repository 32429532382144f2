//! Noticing that the user saved something.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use notify::event::{AccessKind, AccessMode, ModifyKind, RenameMode};
use notify::{ErrorKind, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::diagnostic::{Code, Diagnostic};
use crate::error::{self, Error, Result};
use crate::files;
use crate::platform;
use crate::routes;

/// An editor writes a file in more than one step, and a formatter follows it: changes this close together are one.
const QUIET: Duration = Duration::from_millis(12);
/// The same for a file that is known to be complete, where the system tells: only what is saved together with it is
/// waited for. If more follows, the next burst takes it up.
const TOGETHER: Duration = Duration::from_millis(2);

/// Folders of a project that tools write to all the time, and that hold nothing of its own.
const OTHERS: [&str; 4] = [".dart_tool", ".wrangler", ".git", "node_modules"];

/// What a burst of changes touched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "any of them can go with any other")]
pub(crate) struct Changes {
    /// Dart source.
    pub(crate) dart: bool,
    /// The Wrangler configuration.
    pub(crate) config: bool,
    /// What decides which packages there are.
    pub(crate) packages: bool,
    /// Another file of a folder that is watched as a whole.
    pub(crate) files: bool,
}

/// Watches the project; dropping it ends that.
#[derive(Debug)]
pub(crate) struct Watch {
    watcher: RecommendedWatcher,
    project: PathBuf,
    watched: HashMap<PathBuf, (RecursiveMode, Option<Identity>)>,
}

/// Tells a folder from another one that was at the same place before.
type Identity = (Option<(u64, u64)>, Option<SystemTime>);

impl Watch {
    /// Watches the project in `project`: its configuration and its pubspec. Each burst of changes goes to `on_change`.
    pub(crate) fn start(project: &Path, on_change: impl Fn(Changes) + Send + 'static) -> Result<Self> {
        let (events, mut queue) = mpsc::unbounded_channel();
        let root = project.to_owned();
        let notifier = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let (changes, quiet) = match event {
                Ok(event) if matches!(event.kind, EventKind::Access(_)) && !is_complete(event.kind) => return,
                Ok(event) => (
                    event.paths.iter().fold(Changes::default(), |sum, path| sum.and(&root, path)),
                    if is_complete(event.kind) { TOGETHER } else { QUIET },
                ),
                // Some event was lost: look at everything.
                Err(_) => (Changes { dart: true, config: true, packages: false, files: true }, QUIET),
            };
            if changes != Changes::default() {
                let _ = events.send((changes, quiet));
            }
        })
        .map_err(|error| cannot_watch(project, &error))?;
        tokio::spawn(async move {
            while let Some((mut changes, mut quiet)) = queue.recv().await {
                while let Ok(Some((more, after))) = timeout(quiet, queue.recv()).await {
                    quiet = after;
                    changes.dart |= more.dart;
                    changes.config |= more.config;
                    changes.packages |= more.packages;
                    changes.files |= more.files;
                }
                on_change(changes);
            }
        });
        let mut watch = Self { watcher: notifier, project: project.to_owned(), watched: HashMap::new() };
        watch.add(project, RecursiveMode::NonRecursive)?;
        Ok(watch)
    }

    /// Watches all that is in `folder`, which may be gone and come again: what is called anew after each change of the
    /// project finds it then.
    pub(crate) fn tree(&mut self, folder: &Path) -> Result<()> {
        if folder.is_dir() {
            self.add(folder, RecursiveMode::Recursive)?;
        } else if self.watched.remove(folder).is_some() {
            // It may have another name now, and get this one back.
            let _ = self.watcher.unwatch(folder);
        }
        // Where it would come, or where the folder would that it is to come in.
        match folder.ancestors().skip(1).find(|around| around.is_dir()) {
            Some(around) => self.add(around, RecursiveMode::NonRecursive),
            None => Ok(()),
        }
    }

    fn add(&mut self, path: &Path, mode: RecursiveMode) -> Result<()> {
        let identity = identity(path);
        if let Some((known, of)) = self.watched.get(path) {
            if *of == identity && (*known == mode || *known == RecursiveMode::Recursive) {
                return Ok(());
            }
            let _ = self.watcher.unwatch(path);
        }
        match self.watcher.watch(path, mode) {
            Ok(()) => {
                self.watched.insert(path.to_owned(), (mode, identity));
                Ok(())
            }
            // It was there a moment ago, and will be looked for again.
            Err(_) if !path.exists() => Ok(()),
            Err(error) => Err(cannot_watch(&self.project, &error)),
        }
    }
}

impl Changes {
    fn and(mut self, project: &Path, path: &Path) -> Self {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let inside = path.strip_prefix(project).unwrap_or(path);
        if inside.iter().any(|part| OTHERS.iter().any(|other| part == *other)) {
            return self;
        }
        if path.extension().is_some_and(|extension| extension == "dart") {
            self.dart = true;
        } else if inside.starts_with(routes::FOLDER) && path.extension().is_none() {
            // A folder of them, for all that is known of one that is gone.
            self.dart = true;
        } else if path.parent() == Some(project) {
            match name {
                "wrangler.json" | "wrangler.jsonc" | "wrangler.toml" => self.config = true,
                "pubspec.yaml" | "pubspec.lock" | "pubspec_overrides.yaml" => self.packages = true,
                _ => {}
            }
        }
        self.files = true;
        self
    }
}

fn identity(folder: &Path) -> Option<Identity> {
    let data = fs::metadata(folder).ok()?;
    Some((platform::identity(&data), data.created().ok()))
}

/// Whether nothing more is written to the file: it was closed after writing, or moved to its place.
fn is_complete(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::Access(AccessKind::Close(AccessMode::Write))
            | EventKind::Modify(ModifyKind::Name(RenameMode::To | RenameMode::Both))
    )
}

/// What the system says, or else the watcher.
fn why(error: &notify::Error) -> String {
    match &error.kind {
        ErrorKind::Io(source) => error::why(source),
        _ => error.to_string().to_lowercase().trim_end_matches('.').to_owned(),
    }
}

fn cannot_watch(project: &Path, error: &notify::Error) -> Error {
    Error::Environment(
        Diagnostic::error(
            Code::CannotWatch,
            format!("cannot watch `{}` for changes: {}", files::shown(project).display(), why(error)),
        )
        .hint(
            "where the limit on watched files is reached on Linux, raise it: `sudo sysctl \
             fs.inotify.max_user_watches=524288`",
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_without_watches_is_told_how_to_have_more() {
        let of_system = notify::Error::io(std::io::Error::from_raw_os_error(24));
        for error in [notify::Error::new(ErrorKind::MaxFilesWatch), of_system] {
            let wrong = cannot_watch(Path::new("app"), &error).diagnostic();
            assert_eq!(wrong.code, Some(Code::CannotWatch));
            assert!(wrong.message.starts_with("cannot watch `app` for changes: "), "{wrong}");
            assert!(!wrong.message.contains("os error") && !wrong.message.ends_with('.'), "{wrong}");
        }
    }
}
