//! The Dart program that serves the routes.

use std::path::Path;

use serde::Serialize;

use super::{Handler, Routes};
use crate::codegen::{quoted, render};
use crate::dart::uri;
use crate::error::Result;

const TEMPLATE: &str = include_str!("../../templates/functions.dart.hbs");

#[derive(Serialize)]
struct Program {
    imports: Vec<Import>,
    routes: Vec<String>,
}

#[derive(Serialize)]
struct Import {
    uri: String,
    prefix: String,
}

impl Routes {
    /// The text of `.dart_tool/dartflare/functions.dart`: it imports the files from there.
    pub(crate) fn program(&self) -> Result<String> {
        let mut files: Vec<&Path> = self.handlers().map(|handler| handler.file.as_path()).collect();
        files.sort_unstable();
        files.dedup();
        let prefix = |file: &Path| format!("f{}", files.binary_search(&file).unwrap_or_default());
        let function = |name: &str, handler: &Option<Handler>| {
            handler.as_ref().map(|handler| {
                let file = quoted(&slashed(&handler.file));
                format!(
                    ", {name}: FunctionHandler({file}, {}, {}.{})",
                    quoted(&handler.name),
                    prefix(&handler.file),
                    handler.name
                )
            })
        };
        let routes = self.routes.iter().map(|route| {
            let method = route.method.map(|method| format!(", method: {}", quoted(method.name())));
            let parts = [method, function("middleware", &route.middleware), function("module", &route.module)];
            let parts: String = parts.into_iter().flatten().collect();
            format!("FunctionRoute({}, mount: {}{parts})", quoted(&route.path), quoted(&route.mount))
        });
        let routes = routes.collect();
        let imports = files.iter().map(|file| {
            let path = format!("../../{}", slashed(file));
            Import { uri: uri::literal(&uri::encode(&path)), prefix: prefix(file) }
        });
        render(TEMPLATE, &Program { imports: imports.collect(), routes })
    }

    fn handlers(&self) -> impl Iterator<Item = &Handler> {
        self.routes.iter().flat_map(|route| route.middleware.iter().chain(&route.module))
    }
}

/// `file` with slashes, whatever the system has.
pub(crate) fn slashed(file: &Path) -> String {
    file.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}
