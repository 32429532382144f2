//! The Dart front end's messages, with the paths that the user knows.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use crate::dart::uri;
use crate::diagnostic::nearest;

#[allow(clippy::expect_used, reason = "a constant pattern")]
static ERROR: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^.+:\d+:\d+: Error: ").expect("a valid pattern"));

#[allow(clippy::expect_used, reason = "a constant pattern")]
static MISSING_ACCESSOR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"The (?:getter|method) '(\w+)' isn't defined for the class 'Environment'")
        .expect("a valid pattern")
});

#[allow(clippy::expect_used, reason = "a constant pattern")]
static ACCESSOR: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^  .* get (\w+) ").expect("a valid pattern"));

/// The compiler's text with the project's files as paths in the project.
pub(crate) fn readable(text: &str, project: &Path, package: &str) -> String {
    let project_uri = uri::of_folder(project);
    text.replace(&project_uri, "").replace(&format!("package:{package}/"), "lib/").trim().to_owned()
}

/// Where an accessor is that the program uses without having it: `environment.g.dart` has it and is not imported, or
/// has one of nearly that name.
pub(crate) fn accessor_hint(text: &str, generated: &str, package: &str) -> Option<String> {
    let name = MISSING_ACCESSOR.captures(text)?.get(1)?.as_str();
    let known: Vec<&str> =
        ACCESSOR.captures_iter(generated).filter_map(|found| Some(found.get(1)?.as_str())).collect();
    if known.contains(&name) {
        return Some(format!(
            "`{name}` is in a library that is not imported: add `import 'package:{package}/environment.g.dart';`"
        ));
    }
    let near = nearest(name, known)?;
    Some(format!("did you mean `{near}`? it is in `package:{package}/environment.g.dart`"))
}

/// How many errors the text reports, at least one.
pub(crate) fn count(text: &str) -> usize {
    ERROR.find_iter(text).count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_accessor_that_is_not_imported() {
        let generated =
            "extension E on Environment {\n  KVNamespace get todos => getKVNamespace('TODOS');\n}\n";
        let missing = |name| {
            format!(
                "lib/main.dart:1:1: Error: The getter '{name}' isn't defined for the class 'Environment'."
            )
        };
        let hint = |name| accessor_hint(&missing(name), generated, "app");
        assert_eq!(
            hint("todos").as_deref(),
            Some(
                "`todos` is in a library that is not imported: add `import 'package:app/environment.g.dart';`"
            )
        );
        assert_eq!(
            hint("todo").as_deref(),
            Some("did you mean `todos`? it is in `package:app/environment.g.dart`")
        );
        assert_eq!(hint("views"), None);
        assert_eq!(accessor_hint("Error: x", generated, "app"), None);
    }

    #[test]
    fn names_the_files_of_the_project_as_the_user_does() {
        let text = "file:///home/a%20b/lib/main.dart:3:1: Error: x\n\
                    package:views/views.dart:4:5: Error: y\n\
                    package:other/other.dart:1:1: Context: z\n";
        let readable = readable(text, Path::new("/home/a b"), "views");
        assert_eq!(
            readable,
            "lib/main.dart:3:1: Error: x\nlib/views.dart:4:5: Error: y\npackage:other/other.dart:1:1: Context: z"
        );
        assert_eq!(count(&readable), 2);
    }
}
