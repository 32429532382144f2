//! The Dart side of a machine and of a project: which `dart` runs, and where each package lives.

#[allow(dead_code, reason = "`dartflare build` calls it")]
pub(crate) mod compile;
pub(crate) mod entry;
pub(crate) mod imports;
pub(crate) mod locate;
#[allow(dead_code, reason = "`dartflare build` calls it")]
pub(crate) mod messages;
pub(crate) mod packages;
mod pubspec;
pub(crate) mod uri;
