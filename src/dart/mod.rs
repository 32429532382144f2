//! The Dart side of a machine and of a project: which `dart` runs, and where each package lives.

pub(crate) mod entry;
pub(crate) mod imports;
pub(crate) mod locate;
pub(crate) mod packages;
mod pubspec;
pub(crate) mod uri;
