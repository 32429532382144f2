//! The Functions of a project: from the files in `functions/` to routes, by the rules of Cloudflare Pages.
//!
//! Nothing is compiled for it. What Pages takes and then fails on while it serves is an error here, and what can never
//! run is a warning.

mod files;
mod order;
pub(crate) mod overview;
pub(crate) mod pattern;
mod program;
pub(crate) mod request;
pub(crate) mod routes_json;
mod segment;
#[cfg(test)]
mod tests;
mod unreachable;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Code, Diagnostic, Location};
use crate::error::{Error, Result};
use crate::files::shown;
use files::Function;
use pattern::{Pattern, Reach};
pub(crate) use program::slashed;

/// The folder of a project that the routes are read from.
pub(crate) const FOLDER: &str = "functions";

/// The Functions of a project.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    /// The one that is tried first comes first.
    pub(crate) routes: Vec<Route>,
    pub(crate) warnings: Vec<Diagnostic>,
}

/// What answers requests of one pattern and method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    /// As `/api/:id` or `/:path*`.
    pub(crate) path: String,
    /// The pattern of the folder that it is in.
    pub(crate) mount: String,
    /// `None` for those of every method.
    pub(crate) method: Option<Method>,
    /// Runs before whatever is at the path and below it.
    pub(crate) middleware: Option<Handler>,
    /// Answers at the path itself.
    pub(crate) module: Option<Handler>,
}

/// A name at the top level of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Handler {
    /// From the project's folder: `functions/api/[id].dart`.
    pub(crate) file: PathBuf,
    pub(crate) name: String,
    pub(crate) location: Location,
}

/// A method that a handler can be of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Method {
    Delete,
    Get,
    Head,
    Options,
    Patch,
    Post,
    Put,
}

/// The names of handlers, in the order in which those of one file are taken.
const HANDLERS: [(&str, Option<Method>); 8] = [
    ("onRequest", None),
    ("onRequestDelete", Some(Method::Delete)),
    ("onRequestGet", Some(Method::Get)),
    ("onRequestHead", Some(Method::Head)),
    ("onRequestOptions", Some(Method::Options)),
    ("onRequestPatch", Some(Method::Patch)),
    ("onRequestPost", Some(Method::Post)),
    ("onRequestPut", Some(Method::Put)),
];

impl Method {
    /// As in a request.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Delete => "DELETE",
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Patch => "PATCH",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

impl Routes {
    /// Reads `functions/` of the project. What is wrong with its files is named by file.
    pub(crate) fn read(project: &Path) -> Result<Self> {
        let folder = project.join(FOLDER);
        let example = "as in `Response onRequest(PagesContext context) => Response('hello');`";
        if !folder.is_dir() {
            let message = format!("there is no `{}`", shown(&folder).display());
            let hint = format!("create `{FOLDER}/index.dart` with a handler, {example}");
            return Err(Error::Project(Diagnostic::error(Code::NoFunctions, message).hint(hint)));
        }
        let functions = files::read(project)?;
        let mut read = Self { routes: Vec::new(), warnings: functions.warnings };
        let mut places: HashMap<(String, Option<Method>), usize> = HashMap::new();
        for function in functions.functions {
            // What does not compile would fail all requests, and not only those of this file.
            Pattern::compile(&function.path, Reach::Whole)
                .map_err(|problem| Error::Project(problem.in_file(&function.handler.file)))?;
            let key = (function.path.clone(), function.method);
            if let Some(&at) = places.get(&key) {
                read.routes[at].add(function)?;
            } else {
                places.insert(key, read.routes.len());
                read.routes.push(Route::new(function));
            }
        }
        if read.routes.is_empty() {
            let message = format!("no file in `{}` has a handler", shown(&folder).display());
            let none = Diagnostic::error(Code::NoFunctions, message).hint(format!("declare one, {example}"));
            // Something may nearly be one.
            return Err(Error::Project(match read.warnings.into_iter().next() {
                Some(near) => Diagnostic { locations: near.locations, hint: near.hint, ..none },
                None => none,
            }));
        }
        read.routes.sort_by(order::of_routes);
        read.warnings.extend(unreachable::warnings(&read.routes));
        Ok(read)
    }
}

impl Route {
    fn new(function: Function) -> Self {
        let Function { path, mount, method, is_middleware, handler } = function;
        let (middleware, module) = if is_middleware { (Some(handler), None) } else { (None, Some(handler)) };
        Self { path, mount, method, middleware, module }
    }

    /// Adds a function of the same path and method.
    fn add(&mut self, function: Function) -> Result<()> {
        let Function { mount, is_middleware, handler, .. } = function;
        let place = if is_middleware { &mut self.middleware } else { &mut self.module };
        let Some(first) = place else {
            *place = Some(handler);
            self.mount = mount;
            return Ok(());
        };
        let what = if is_middleware { "are both the middleware of" } else { "both answer" };
        let method = self.method.map_or(String::new(), |method| format!("{} ", method.name()));
        let [one, other] = [&*first, &handler].map(|handler| handler.file.display());
        Err(Error::Project(
            Diagnostic::error(
                Code::RouteTaken,
                format!("`{one}` and `{other}` {what} `{method}{}`", self.path),
            )
            .at(first.location.clone(), "")
            .at(handler.location.clone(), "the same again")
            .hint("keep one of the two"),
        ))
    }
}
