//! The Dart front end's messages, with the paths that the user knows.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use crate::dart::uri;

#[allow(clippy::expect_used, reason = "a constant pattern")]
static ERROR: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^.+:\d+:\d+: Error: ").expect("a valid pattern"));

/// The compiler's text with the project's files as paths in the project.
pub(crate) fn readable(text: &str, project: &Path, package: &str) -> String {
    let project_uri = uri::of_folder(project);
    text.replace(&project_uri, "").replace(&format!("package:{package}/"), "lib/").trim().to_owned()
}

/// How many errors the text reports, at least one.
pub(crate) fn count(text: &str) -> usize {
    ERROR.find_iter(text).count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

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
