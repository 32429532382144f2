//! Placeholder until the branch `routes` is merged.
#![allow(dead_code, clippy::unnecessary_wraps, clippy::unused_self)]

use std::path::{Path, PathBuf};

use crate::diagnostic::Diagnostic;
use crate::error::Result;

/// Where a project has its Functions.
pub(crate) const FOLDER: &str = "functions";

#[derive(Debug)]
pub(crate) struct Routes {
    pub(crate) routes: Vec<Route>,
    pub(crate) warnings: Vec<Diagnostic>,
}

#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) middleware: Option<Handler>,
}

#[derive(Debug)]
pub(crate) struct Handler {
    pub(crate) file: PathBuf,
}

impl Routes {
    pub(crate) fn read(_project: &Path) -> Result<Self> {
        Ok(Self { routes: Vec::new(), warnings: Vec::new() })
    }

    pub(crate) fn program(&self) -> Result<String> {
        Ok("void main() {}\n".to_owned())
    }
}
