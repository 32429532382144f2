//! What `dartflare deploy` tells a `dartflare build` that runs within it.
//!
//! `wrangler deploy` runs the `[build]` command of the configuration, and that may be `dartflare build`: without the
//! flags that the user gave to `dartflare deploy`, so for another target, or for all environments at once. What is
//! uploaded would then be another Worker than the one that was checked. The build within learns from its environment
//! which build that was, and does nothing but see that it still stands.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::publish::{Kind, Output};
use crate::config::Config;
use crate::error::Result;

/// The variable: the hash of the build's inputs, a colon, the project's folder.
const VARIABLE: &str = "DARTFLARE_BUILT";

/// A build that was checked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Built {
    inputs: String,
    project: PathBuf,
}

impl Built {
    pub(crate) fn new(inputs: &str, project: &Path) -> Self {
        Self { inputs: inputs.to_owned(), project: project.to_owned() }
    }

    /// The variable and its value, for the processes that are to know of it.
    pub(crate) fn variable(&self) -> (&'static str, OsString) {
        let mut value = OsString::from(format!("{}:", self.inputs));
        value.push(&self.project);
        (VARIABLE, value)
    }

    /// What this process was told.
    pub(crate) fn handed_on() -> Option<Self> {
        Self::read(&env::var_os(VARIABLE)?)
    }

    fn read(value: &OsStr) -> Option<Self> {
        let (inputs, project) = value.to_str()?.split_once(':')?;
        let project = Path::new(project);
        project.is_absolute().then(|| Self::new(inputs, project))
    }

    /// Whether it was built of the project with this configuration.
    pub(crate) fn is_of(&self, config: &Config) -> bool {
        self.project == config.dir
    }

    /// Whether it is what stands in the project's output folder.
    pub(crate) fn stands(&self, config: &Config) -> bool {
        let stands = |output: Result<Output>| {
            output
                .ok()
                .and_then(|output| output.published())
                .is_some_and(|manifest| manifest.kind == Kind::Worker && manifest.inputs == self.inputs)
        };
        if let Some((directory, _)) = config.pages_output() {
            return stands(Output::of_pages(&config.dir, directory));
        }
        // Which environment was deployed is not known here, and each may have a `main` of its own.
        let mut mains = config.all().iter().filter_map(|environment| environment.main.as_deref());
        mains.any(|main| stands(Output::open(&config.dir, main, true)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_what_is_heard() {
        let project = env::temp_dir().join("a: b=c é");
        let built = Built::new("0af3", &project);
        let (name, value) = built.variable();
        assert_eq!(name, "DARTFLARE_BUILT");
        assert_eq!(Built::read(&value), Some(built));
        for value in ["", "1", "0af3:", "0af3:relative"] {
            assert_eq!(Built::read(OsStr::new(value)), None, "{value}");
        }
    }
}
