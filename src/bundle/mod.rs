//! The production build: a folder that `wrangler deploy` uploads, made from a Dart project.

pub(crate) mod check;
pub(crate) mod measure;
pub(crate) mod report;
pub(crate) mod source_map;
