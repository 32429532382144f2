//! The templates: whole projects in `templates/new`, of which a name, a source and a flag are replaced.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use include_dir::{Dir, File, include_dir};

use super::name::Name;
use super::package::Package;
use crate::dart::compile::Target;

static TEMPLATES: Dir = include_dir!("$CARGO_MANIFEST_DIR/templates/new");

/// What all of them have; where a template has a file of the same path, that counts.
const COMMON: &str = "common";

/// What stands in the files for the names of the package and of the Worker.
const PACKAGE: &str = "my_worker";
const WORKER: &str = "my-worker";

/// What stands in `pubspec.yaml` for where the package comes from.
const SOURCE: &str = "    path: ../../../dart_runtime\n";

/// The commands that compile, and the flag that tells them to what.
const COMPILING: [&str; 2] = ["dartflare build", "dartflare deploy"];

/// What a new project begins as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Template {
    /// A greeting: the smallest Worker
    Hello,
    /// Short links: an API over D1 and KV
    Api,
    /// Counters: Durable Objects with an alarm
    DurableObject,
    /// A site: Cloudflare Pages, with functions and middleware
    Pages,
    /// A chat: WebSocket connections that hibernate
    Websocket,
}

impl Template {
    /// As the command line has it, and its folder.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::Api => "api",
            Self::DurableObject => "durable-object",
            Self::Pages => "pages",
            Self::Websocket => "websocket",
        }
    }

    /// The files of a new project in `folder`, by their paths in it.
    pub(crate) fn files(
        self,
        name: &Name,
        target: Target,
        package: &Package,
        folder: &Path,
    ) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        for part in [COMMON, self.name()] {
            let root = TEMPLATES.get_dir(part).into_iter();
            for file in root.flat_map(all) {
                let path = file.path().strip_prefix(part).unwrap_or(file.path()).to_owned();
                let text = file.contents_utf8().map(|text| {
                    // Git may have checked them out in the way of the machine that this was built on.
                    let text = text.replace("\r\n", "\n");
                    render(&text, name, target, &package.yaml(folder)).into_bytes()
                });
                files.insert(path, text.unwrap_or_else(|| file.contents().to_vec()));
            }
        }
        files
    }
}

fn all<'a>(folder: &'a Dir<'a>) -> Vec<&'a File<'a>> {
    folder.files().chain(folder.dirs().flat_map(all)).collect()
}

fn render(text: &str, name: &Name, target: Target, source: &str) -> String {
    let mut text =
        text.replace(SOURCE, source).replace(PACKAGE, name.package()).replace(WORKER, &name.worker());
    if target != Target::default() {
        for command in COMPILING {
            text = text.replace(command, &format!("{command} --target {}", target.name()));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(template: Template, name: &str, target: Target) -> BTreeMap<PathBuf, String> {
        let name = Name::parse(name).unwrap();
        let files = template.files(&name, target, &Package::Git, Path::new(""));
        files.into_iter().map(|(path, text)| (path, String::from_utf8(text).unwrap())).collect()
    }

    #[test]
    fn nothing_is_left_that_stands_for_something() {
        for template in Template::value_variants() {
            for (path, text) in rendered(*template, "links", Target::Js) {
                for sign in [PACKAGE, WORKER, "dart_runtime\n\n", "../"] {
                    assert!(!text.contains(sign), "{template:?}: `{sign}` in {}", path.display());
                }
            }
        }
    }

    #[test]
    fn the_folder_is_called_as_the_command_line_calls_it() {
        for template in Template::value_variants() {
            assert_eq!(template.to_possible_value().unwrap().get_name(), template.name());
            assert!(TEMPLATES.get_dir(template.name()).is_some(), "{template:?}");
        }
    }

    #[test]
    fn the_target_is_where_something_is_compiled() {
        let js = rendered(Template::Hello, "a", Target::Js);
        let wasm = rendered(Template::Hello, "a", Target::Wasm);
        let changed: Vec<_> = js.iter().filter(|(path, text)| wasm[*path] != **text).collect();
        assert_eq!(
            changed.iter().map(|(path, _)| path.display().to_string()).collect::<Vec<_>>(),
            [".github/workflows/worker.yml", "README.md", "package.json"]
        );
        assert!(wasm[Path::new("package.json")].contains("\"dartflare deploy --target wasm\""));
    }
}
