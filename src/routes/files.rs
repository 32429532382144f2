//! The files of `functions/`, and what each has a handler for.

use std::collections::VecDeque;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{FOLDER, HANDLERS, Handler, Method};
use crate::dart::names::{self, Name};
use crate::diagnostic::{Code, Diagnostic};
use crate::error::{Error, Result};
use crate::files::{self, shown};

/// A handler and where it stands in the table.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) path: String,
    pub(super) mount: String,
    pub(super) method: Option<Method>,
    pub(super) is_middleware: bool,
    pub(super) handler: Handler,
}

/// What was read, in the order of the walk.
#[derive(Debug, Default)]
pub(super) struct Functions {
    pub(super) functions: Vec<Function>,
    pub(super) warnings: Vec<Diagnostic>,
}

pub(super) fn read(project: &Path) -> Result<Functions> {
    let folder = project.join(FOLDER);
    let mut read = Functions::default();
    for inside in walk(&folder)? {
        let path = folder.join(&inside);
        let source = match files::read(&path) {
            Ok(source) => source,
            // Removed since, or on its way to another name.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(source) => return Err(Error::Io { action: "read", path: shown(&path), source }),
        };
        let source = String::from_utf8_lossy(&source);
        let Some(names) = names::of_library(&path, &source, &|name| similar(name).is_some()) else {
            continue;
        };
        let file = Path::new(FOLDER).join(&inside);
        let (handlers, others): (Vec<_>, Vec<_>) =
            names.into_iter().partition(|name| !name.is_type && similar(&name.text) == Some(&name.text));
        read.warnings.extend(others.into_iter().map(|name| no_handler(&file, name)));
        if handlers.is_empty() {
            continue;
        }
        let place = Place::of(&inside).map_err(|problem| Error::Project(problem.in_file(&file)))?;
        read.warnings.extend(lengthened(&file));
        for (known, method) in HANDLERS {
            if let Some(handler) = handlers.iter().find(|handler| handler.text == known) {
                let location = handler.location.clone();
                read.functions.push(Function {
                    path: place.path.clone(),
                    mount: place.mount.clone(),
                    method,
                    is_middleware: place.is_middleware,
                    handler: Handler { file: file.clone(), name: known.to_owned(), location },
                });
            }
        }
    }
    Ok(read)
}

/// The Dart files below `folder`, from there: folder by folder from the top, each in the order of its bytes. What is
/// hidden or a test has no routes, and symbolic links are not followed, as on Pages.
fn walk(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = VecDeque::from([PathBuf::new()]);
    while let Some(inside) = folders.pop_front() {
        let path = folder.join(&inside);
        let failed = |source| Error::Io { action: "read", path: shown(&path), source };
        let mut entries = match fs::read_dir(&path).and_then(Iterator::collect::<std::io::Result<Vec<_>>>) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            entries => entries.map_err(failed)?,
        };
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name();
            let kind = entry.file_type().map_err(failed)?;
            let bytes = name.as_encoded_bytes();
            let inside = inside.join(&name);
            if kind.is_dir() && !bytes.starts_with(b".") {
                folders.push_back(inside);
            } else if kind.is_file()
                && inside.extension().is_some_and(|extension| extension == "dart")
                && !bytes.ends_with(b"_test.dart")
            {
                files.push(inside);
            }
        }
    }
    Ok(files)
}

/// The name of a handler that `name` is, or was meant to be.
fn similar(name: &str) -> Option<&'static str> {
    HANDLERS.iter().map(|(known, _)| *known).find(|known| known.eq_ignore_ascii_case(name))
}

fn no_handler(file: &Path, name: Name) -> Diagnostic {
    let file = file.display();
    if name.is_type {
        return Diagnostic::warning(
            Code::NotAHandler,
            format!("`{}` in `{file}` is a type, so it answers nothing", name.text),
        )
        .at(name.location, "")
        .hint("declare a function of that name, or call the type something else");
    }
    let meant = similar(&name.text).unwrap_or_default();
    Diagnostic::warning(
        Code::NotAHandler,
        format!("`{}` in `{file}` is not the name of a handler, so it answers nothing", name.text),
    )
    .at(name.location, "")
    .hint(format!("write `{meant}`"))
}

/// Where a file stands in the table, by its name.
struct Place {
    path: String,
    mount: String,
    is_middleware: bool,
}

/// What is wrong with the name of a file.
enum Problem {
    NotText,
    Letter(char),
    Parameter(String),
}

impl Place {
    fn of(inside: &Path) -> std::result::Result<Self, Problem> {
        // Routes have slashes whatever the system has.
        let names = |path: &Path| {
            let names = path.iter().map(|name| name.to_str().ok_or(Problem::NotText));
            Ok(names.collect::<std::result::Result<Vec<_>, _>>()?.join("/"))
        };
        let stem = Path::new(inside.file_stem().unwrap_or_default());
        let folder = format!("/{}", names(inside.parent().unwrap_or(Path::new("")))?);
        let stem = names(stem)?;
        let is_middleware = stem == "_middleware" || stem == "_middleware_";
        let path = if is_middleware || stem == "index" {
            folder.clone()
        } else {
            format!("{}/{stem}", folder.trim_end_matches('/'))
        };
        if let Some(letter) = format!("{folder}/{stem}").chars().find(|letter| "*:\"\\".contains(*letter)) {
            return Err(Problem::Letter(letter));
        }
        Ok(Self { path: with_parameters(&path)?, mount: with_parameters(&folder)?, is_middleware })
    }
}

/// A parameter whose name goes on with what follows its brackets.
fn lengthened(file: &Path) -> Option<Diagnostic> {
    let file_name = file.to_str()?;
    let (at, _) = file_name.match_indices(']').find(|(at, _)| {
        let before = file_name[..*at].rsplit_once('[').map_or("", |(_, name)| name);
        is_parameter(before) && file_name[at + 1..].starts_with(is_parameter_letter)
    })?;
    let (_, name) = file_name[..at].rsplit_once('[')?;
    let rest: String =
        file_name[at + 1..].chars().take_while(|letter| is_parameter_letter(*letter)).collect();
    Some(
        Diagnostic::warning(
            Code::ParameterRenamed,
            format!("the parameter `[{name}]{rest}` of `{file_name}` is called `{name}{rest}`, as on Pages"),
        )
        .hint(format!(
            "rename the file to `{}`, or put a `-` or `.` after `[{name}]`",
            file_name.replace(&format!("[{name}]{rest}"), &format!("[{name}{rest}]"))
        )),
    )
}

fn is_parameter_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

fn is_parameter(name: &str) -> bool {
    !name.is_empty() && name.chars().all(is_parameter_letter)
}

/// `path` with `:name*` for `[[name]]` and `:name` for `[name]`.
fn with_parameters(path: &str) -> std::result::Result<String, Problem> {
    let path = replaced(path, "[[", "]]", "*")?;
    replaced(&path, "[", "]", "")
}

/// `path` with `:name` and `after` for each name between the brackets. Brackets with no name, or that do not close, stay
/// as they are.
fn replaced(path: &str, open: &str, close: &str, after: &str) -> std::result::Result<String, Problem> {
    let mut replaced = String::new();
    let mut rest = path;
    while let Some(letter) = rest.chars().next() {
        let inside = rest.strip_prefix(open).and_then(|inside| {
            let (name, _) = inside.split_once(']')?;
            let behind = inside[name.len()..].strip_prefix(close)?;
            (!name.is_empty()).then_some((name, behind))
        });
        if let Some((name, behind)) = inside {
            if !is_parameter(name) {
                return Err(Problem::Parameter(format!("{open}{name}{close}")));
            }
            replaced.extend([":", name, after]);
            rest = behind;
        } else {
            replaced.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    Ok(replaced)
}

impl Problem {
    fn in_file(&self, file: &Path) -> Diagnostic {
        let shown = file.display();
        match self {
            Self::NotText => Diagnostic::error(
                Code::RouteName,
                format!("the name of `{shown}` is not UTF-8, so no URL has it"),
            )
            .hint("rename the file or the folder"),
            Self::Letter(letter) => Diagnostic::error(
                Code::RouteName,
                format!("`{shown}` has a `{letter}` in its name, which no route can have"),
            )
            .hint("rename it; `[name]` stands for any segment, and `[[name]]` for any number of them"),
            Self::Parameter(parameter) => {
                let message = format!(
                    "`{parameter}` in `{shown}` is no parameter: its name may have ASCII letters, digits and `_` only"
                );
                let name = parameter.trim_matches(['[', ']']);
                let spread = name.strip_prefix("...");
                let name: String = spread
                    .unwrap_or(name)
                    .chars()
                    .map(|letter| if is_parameter_letter(letter) { letter } else { '_' })
                    .collect();
                let hint = if name.is_empty() {
                    "name it, as in `[name]`".to_owned()
                } else if spread.is_some() || parameter.starts_with("[[") && parameter.ends_with("]]") {
                    format!("for any number of segments write `[[{name}]]`")
                } else {
                    format!("write `[{name}]`")
                };
                Diagnostic::error(Code::RouteName, message).hint(hint)
            }
        }
    }
}
