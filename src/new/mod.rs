//! A new project: its names, what its files say, and where they go.

pub(crate) mod name;
pub(crate) mod package;
pub(crate) mod place;
pub(crate) mod template;

pub(crate) use self::name::Name;
pub(crate) use self::package::Package;
pub(crate) use self::template::Template;
