//! The Dart side of a machine and of a project: which `dart` runs, and where each package lives.

pub(crate) mod compile;
pub(crate) mod entry;
pub(crate) mod imports;
pub(crate) mod locate;
pub(crate) mod messages;
pub(crate) mod names;
pub(crate) mod offers;
pub(crate) mod packages;
pub(crate) mod probed;
pub(crate) mod pubspec;
pub(crate) mod syntax;
pub(crate) mod uri;
