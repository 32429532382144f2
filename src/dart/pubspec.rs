//! Reading `pubspec.yaml`, with the place of everything an error may have to show.

use std::io;
use std::path::{Path, PathBuf};

use saphyr::{LoadableYamlNode as _, MarkedYaml};
use semver::Version;

use crate::diagnostic::{Code, Diagnostic, Location};
use crate::error::{Error, Result};
use crate::files;
use crate::version::Range;

/// What dartflare needs of a package's `pubspec.yaml`.
#[derive(Debug)]
pub(crate) struct Pubspec {
    pub(crate) name: String,
    pub(crate) version: Option<Version>,
    /// `environment: sdk:`, which every package has to give.
    pub(crate) sdk: Range,
    pub(crate) sdk_at: Location,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) dev_dependencies: Vec<Dependency>,
    /// `dependency_overrides`, of `pubspec_overrides.yaml` where that file has them.
    pub(crate) overrides: Vec<Dependency>,
    /// `resolution: workspace`: resolved by a package above.
    pub(crate) in_workspace: bool,
}

/// One entry of a section of dependencies.
#[derive(Debug, Clone)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) source: Source,
    pub(crate) at: Location,
}

/// Where a dependency comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A folder, from the one of the pubspec.
    Path(PathBuf),
    /// Something only `dart pub` can fetch: `hosted`, `git` or `sdk`.
    Fetched(&'static str),
}

impl Pubspec {
    /// Reads the pubspec of the package in `folder`.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("pubspec.yaml");
        let document = Document::read(&path)?.ok_or_else(|| {
            Error::Project(
                Diagnostic::error(
                    Code::NoPubspec,
                    format!("there is no `{}`", files::shown(&path).display()),
                )
                .hint("a Dart project has one, with `name`, `environment` and `dependencies`"),
            )
        })?;
        let root = document.root()?;
        let name = match root.get("name").and_then(|node| Some((node.data.as_str()?, node))) {
            Some((name, _)) if is_package_name(name) => name.to_owned(),
            Some((name, node)) => {
                return Err(document
                    .wrong(node, format!("`{name}` is no package name"))
                    .into_error("use lower case letters, digits and underscores, and begin with a letter"));
            }
            None => {
                return Err(document
                    .wrong_at_start("the package has no `name`")
                    .into_error("add a line such as `name: my_worker`"));
            }
        };
        let sdk = root.get("environment").and_then(|node| node.data.as_mapping_get("sdk"));
        let Some((sdk_text, sdk_node)) = sdk.and_then(|node| Some((node.data.as_str()?, node))) else {
            return Err(document
                .wrong_at_start(format!("package `{name}` does not say which Dart it is written for"))
                .into_error("add `environment: {sdk: ^3.5.0}`"));
        };
        let Some(sdk) = Range::parse(sdk_text) else {
            return Err(document
                .wrong(sdk_node, format!("`{sdk_text}` is no version constraint"))
                .into_error("write it like `^3.5.0` or `>=3.5.0 <4.0.0`"));
        };
        let version = root.get("version").and_then(|node| Version::parse(node.data.as_str()?).ok());
        let overrides = match Document::read(&folder.join("pubspec_overrides.yaml"))? {
            Some(more) => {
                let top = more.root()?;
                if top.get("dependency_overrides").is_some() {
                    more.section(&top, "dependency_overrides")?
                } else {
                    document.section(&root, "dependency_overrides")?
                }
            }
            None => document.section(&root, "dependency_overrides")?,
        };
        Ok(Self {
            version,
            sdk,
            sdk_at: document.location(sdk_node),
            dependencies: document.section(&root, "dependencies")?,
            dev_dependencies: document.section(&root, "dev_dependencies")?,
            overrides,
            in_workspace: root.get("resolution").is_some_and(|node| node.data.as_str() == Some("workspace")),
            name,
        })
    }

    /// Where the project asks for `package`, with what wins first.
    pub(crate) fn dependency(&self, package: &str) -> Option<&Dependency> {
        let all = self.overrides.iter().chain(&self.dependencies).chain(&self.dev_dependencies);
        all.into_iter().find(|dependency| dependency.name == package)
    }
}

/// Whether the pubspec in `folder` is the root of a pub workspace.
pub(crate) fn is_workspace_root(folder: &Path) -> bool {
    let Ok(Some(document)) = Document::read(&folder.join("pubspec.yaml")) else { return false };
    document.root().is_ok_and(|root| root.get("workspace").is_some())
}

fn is_package_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

struct Document {
    path: PathBuf,
    source: String,
}

struct Mapping<'a>(Option<MarkedYaml<'a>>);

impl<'a> Mapping<'a> {
    fn get(&self, key: &str) -> Option<&MarkedYaml<'a>> {
        self.0.as_ref()?.data.as_mapping_get(key)
    }
}

/// How many levels of nesting are read.
const DEEPEST: usize = 250;

struct Wrong(Diagnostic);

impl Wrong {
    fn into_error(self, hint: &str) -> Error {
        Error::Project(self.0.hint(hint))
    }
}

impl Document {
    fn read(path: &Path) -> Result<Option<Self>> {
        match files::read_configuration(path) {
            Ok(bytes) => {
                let source = String::from_utf8_lossy(&bytes);
                let source = source.trim_start_matches('\u{feff}').to_owned();
                Ok(Some(Self { path: path.to_owned(), source }))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::Io { action: "read", path: path.to_owned(), source }),
        }
    }

    /// The place where this is nested deeper than the reader, which calls itself for each level, could follow.
    fn too_deep(&self) -> Option<usize> {
        let (mut at, mut brackets) = (0_usize, 0_usize);
        for line in self.source.split_inclusive('\n') {
            let indent =
                line.bytes().take_while(|byte| matches!(byte, b' ' | b'\t' | b'-' | b'?' | b':')).count();
            for byte in line.bytes() {
                match byte {
                    b'[' | b'{' => brackets += 1,
                    b']' | b'}' => brackets = brackets.saturating_sub(1),
                    _ => {}
                }
                if brackets > DEEPEST {
                    return Some(at);
                }
            }
            if indent > DEEPEST {
                return Some(at);
            }
            at += line.len();
        }
        None
    }

    fn root(&self) -> Result<Mapping<'_>> {
        if let Some(at) = self.too_deep() {
            let location = Location::of_span(&files::shown(&self.path), &self.source, at, at);
            let wrong = Diagnostic::error(Code::NotYaml, "this is nested too deeply").at(location, "");
            return Err(Error::Project(wrong.hint("a pubspec needs a few levels, and this has hundreds")));
        }
        let mut documents = MarkedYaml::load_from_str(&self.source).map_err(|error| {
            let at = self.byte(error.marker().index());
            let location = Location::of_span(&files::shown(&self.path), &self.source, at, at);
            Error::Project(
                Diagnostic::error(Code::NotYaml, "this is not YAML")
                    .at(location, error.info())
                    .hint("mend the line; YAML is indented with blanks, never with tabs"),
            )
        })?;
        let root = (!documents.is_empty()).then(|| documents.swap_remove(0));
        match root {
            Some(node) if !node.data.is_mapping() && !node.data.is_null() => Err(self
                .wrong_at_start("a pubspec is a mapping of names to values")
                .into_error("begin it with a line such as `name: my_worker`")),
            root => Ok(Mapping(root)),
        }
    }

    fn section(&self, root: &Mapping<'_>, key: &str) -> Result<Vec<Dependency>> {
        let Some(node) = root.get(key).filter(|node| !node.data.is_null()) else { return Ok(Vec::new()) };
        let Some(entries) = node.data.as_mapping() else {
            return Err(self
                .wrong(node, format!("`{key}` is not a mapping of package names"))
                .into_error("write one package a line below it, indented, such as `http: ^1.2.0`"));
        };
        let mut dependencies = Vec::new();
        for (name, value) in entries {
            let Some(text) = name.data.as_str() else { continue };
            let source = if let Some(path) = value.data.as_mapping_get("path").filter(|_| !has(value, "git"))
            {
                let Some(path) = path.data.as_str() else {
                    return Err(self
                        .wrong(path, format!("the path of `{text}` is not text"))
                        .into_error("write it like `path: ../shared`"));
                };
                Source::Path(PathBuf::from(path))
            } else if has(value, "git") {
                Source::Fetched("git")
            } else if has(value, "sdk") {
                Source::Fetched("sdk")
            } else {
                Source::Fetched("hosted")
            };
            dependencies.push(Dependency { name: text.to_owned(), source, at: self.location(name) });
        }
        Ok(dependencies)
    }

    fn wrong(&self, node: &MarkedYaml<'_>, message: impl Into<String>) -> Wrong {
        Wrong(Diagnostic::error(Code::Pubspec, message).at(self.location(node), ""))
    }

    fn wrong_at_start(&self, message: impl Into<String>) -> Wrong {
        let location = Location::of_span(&files::shown(&self.path), &self.source, 0, 0);
        Wrong(Diagnostic::error(Code::Pubspec, message).at(location, ""))
    }

    fn location(&self, node: &MarkedYaml<'_>) -> Location {
        let (start, end) = (self.byte(node.span.start.index()), self.byte(node.span.end.index()));
        Location::of_span(&files::shown(&self.path), &self.source, start, end)
    }

    /// The reader counts characters.
    fn byte(&self, character: usize) -> usize {
        self.source.char_indices().nth(character).map_or(self.source.len(), |(at, _)| at)
    }
}

fn has(node: &MarkedYaml<'_>, key: &str) -> bool {
    node.data.as_mapping_get(key).is_some()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn read(text: &str) -> Result<Pubspec> {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("pubspec.yaml"), text).unwrap();
        Pubspec::read(dir.path())
    }

    fn wrong(text: &str) -> (String, usize, usize) {
        let diagnostic = read(text).unwrap_err().diagnostic();
        let at = &diagnostic.locations[0].0;
        (diagnostic.message.clone(), at.line, at.column)
    }

    #[test]
    fn everything_there_is() {
        let pubspec =
            read("\u{feff}name: überflüssig_not # comment\r\n".replace("überflüssig_not", "one").as_str());
        assert!(pubspec.unwrap_err().diagnostic().message.contains("does not say which Dart"));
        let pubspec = read(
            "name: one\nversion: 1.2.3+4\n# größe\nenvironment:\n  sdk: '>=3.5.0 <4.0.0'\ndependencies:\n  a:\n  \
             b: ^1.0.0\n  c: {path: ../c d/ö}\n  d:\n    git: {url: https://example.com/x, path: sub}\n  flutter:\n    \
             sdk: flutter\n  e: {hosted: https://example.com, version: any}\ndev_dependencies:\n  lints: any\n\
             dependency_overrides:\n  b:\n    path: ../b\n",
        )
        .unwrap();
        assert_eq!(pubspec.name, "one");
        assert_eq!(pubspec.version, Some(Version::parse("1.2.3+4").unwrap()));
        assert_eq!(pubspec.sdk.least(), Some((3, 5)));
        let names: Vec<_> =
            pubspec.dependencies.iter().map(|it| (it.name.as_str(), it.source.clone())).collect();
        let fetched = Source::Fetched;
        let expected = [
            ("a", fetched("hosted")),
            ("b", fetched("hosted")),
            ("c", Source::Path("../c d/ö".into())),
            ("d", fetched("git")),
            ("flutter", fetched("sdk")),
            ("e", fetched("hosted")),
        ];
        assert_eq!(names, expected);
        assert_eq!(pubspec.dev_dependencies[0].name, "lints");
        let at = &pubspec.dependency("b").unwrap().at;
        assert_eq!((at.line, at.column, at.width, at.text.as_str()), (18, 3, 1, "  b:"));
        assert!(!pubspec.in_workspace);
    }

    #[test]
    fn places_of_mistakes() {
        assert_eq!(wrong("name: [x\n").0, "this is not YAML");
        assert_eq!(wrong("name: A-b\n"), ("`A-b` is no package name".to_owned(), 1, 7));
        assert_eq!(wrong("description: x\n"), ("the package has no `name`".to_owned(), 1, 1));
        assert_eq!(
            wrong("name: a\n# ö\nenvironment: {sdk: three}\n"),
            ("`three` is no version constraint".to_owned(), 3, 20)
        );
        let sdk = "environment:\n  sdk: ^3.5.0\n";
        assert_eq!(
            wrong(&format!("name: a\n{sdk}dependencies: x\n")),
            ("`dependencies` is not a mapping of package names".to_owned(), 4, 15)
        );
        assert_eq!(
            wrong(&format!("name: a\n{sdk}dependencies:\n  b: {{path: [1]}}\n")),
            ("the path of `b` is not text".to_owned(), 5, 13)
        );
        assert_eq!(wrong("- a\n").0, "a pubspec is a mapping of names to values");
        let dir = tempfile::tempdir().unwrap();
        let missing = Pubspec::read(dir.path()).unwrap_err().diagnostic();
        assert!(missing.message.starts_with("there is no `"), "{missing}");
    }

    #[test]
    fn a_file_of_overrides_wins() {
        let dir = tempfile::tempdir().unwrap();
        let text = "name: a\nenvironment: {sdk: ^3.5.0}\ndependency_overrides: {b: {path: ../b}}\n";
        fs::write(dir.path().join("pubspec.yaml"), text).unwrap();
        let path = |pubspec: &Pubspec| pubspec.overrides[0].source.clone();
        assert_eq!(path(&Pubspec::read(dir.path()).unwrap()), Source::Path("../b".into()));
        fs::write(dir.path().join("pubspec_overrides.yaml"), "dependency_overrides: {b: {path: ../c}}\n")
            .unwrap();
        assert_eq!(path(&Pubspec::read(dir.path()).unwrap()), Source::Path("../c".into()));
    }
}
