//! Which top-level and static variables hold a value that a hot reload would keep.
//!
//! The VM stores a plain literal as the variable's value when it first loads the library, for every isolate to come; the
//! fresh isolate after a reload still starts with the first one. A variable with any other initializer is evaluated by
//! each isolate, with the reloaded code. So a changed literal asks for a new VM.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use crate::files;

/// A declaration without leading blanks, or one with `static`.
#[allow(clippy::expect_used, reason = "a constant pattern")]
static DECLARATION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^(?:[ \t]+static[ \t]+)?((?:[A-Za-z_$][\w$.<>,? ]*[ \t>?])[a-zA-Z_$][\w$]*)\s*(?:=([^=>;][^;]*))?;")
        .expect("a valid pattern")
});

#[allow(clippy::expect_used, reason = "a constant pattern")]
static LITERAL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?s)^(?:r?'[^'\n]*'|r?"[^"\n]*"|r?'''.*'''|r?""".*"""|\d[\w.+]*|true|false|null)$"#)
        .expect("a valid pattern")
});

/// First words of what ends in a semicolon and declares no such variable.
const OTHERS: [&str; 11] = [
    "abstract", "const", "export", "external", "import", "late", "library", "part", "return", "static",
    "typedef",
];

/// The literals of a program, by file and declaration, in the order of the file.
#[derive(Debug, Default)]
pub(crate) struct Statics(HashMap<PathBuf, HashMap<String, Vec<String>>>);

impl Statics {
    /// Reads every library below these folders, but for what tools put there.
    pub(crate) fn read(folders: &[PathBuf]) -> Self {
        let mut statics = Self::default();
        for folder in folders {
            statics.visit(folder);
        }
        statics
    }

    fn visit(&mut self, folder: &Path) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                let name = entry.file_name();
                if !name.as_encoded_bytes().starts_with(b".") && name != "node_modules" {
                    self.visit(&path);
                }
            } else if path.extension().is_some_and(|extension| extension == "dart") {
                let source = files::read_to_string(&path).unwrap_or_default();
                self.0.insert(path, declarations(&source));
            }
        }
    }

    /// Takes in what the VM has loaded since. What was once a variable keeps its value in the VM, should it come back.
    pub(crate) fn add(&mut self, newer: Self) {
        for (path, declarations) in newer.0 {
            self.0.entry(path).or_default().extend(declarations);
        }
    }

    /// A variable whose value here is a literal and in `newer` something else, with its file.
    pub(crate) fn changed<'a>(&'a self, newer: &Self) -> Option<(&'a Path, &'a str)> {
        self.0.iter().find_map(|(path, old)| {
            let new = newer.0.get(path)?;
            let (name, _) = old.iter().find(|(name, values)| {
                new.get(*name)
                    .is_some_and(|new| new != *values && values.iter().any(|value| is_literal(value)))
            })?;
            Some((path.as_path(), name.as_str()))
        })
    }
}

/// Each variable's initializers as they are written; more than one where classes have statics of the same name.
pub(crate) fn declarations(source: &str) -> HashMap<String, Vec<String>> {
    let mut found: HashMap<String, Vec<String>> = HashMap::new();
    for declaration in DECLARATION.captures_iter(source) {
        let head = declaration.get(1).map_or("", |head| head.as_str());
        if head.split_whitespace().next().is_none_or(|first| OTHERS.contains(&first)) {
            continue;
        }
        let name = head.rsplit([' ', '\t', '>', '?']).next().unwrap_or(head).to_owned();
        // Without an initializer it is null, which is a literal as well.
        let value = declaration.get(2).map_or("null", |value| value.as_str().trim());
        found.entry(name).or_default().push(value.to_owned());
    }
    found
}

fn is_literal(value: &str) -> bool {
    LITERAL.is_match(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(old: &str, new: &str) -> Option<String> {
        let at = |source| Statics(HashMap::from([(PathBuf::from("a.dart"), declarations(source))]));
        at(old).changed(&at(new)).map(|(_, name)| name.to_owned())
    }

    #[test]
    fn a_changed_literal_asks_for_a_new_vm() {
        for (old, new) in [
            ("final top = 'A';", "final top = 'B';"),
            ("int n = 1;", "int n = 2;"),
            ("double? n = 1.5;", "double? n = null;"),
            ("String? s;", "String? s = 'x';"),
            ("class A {\n  static final m = 1;\n}", "class A {\n  static final m = 2;\n}"),
            ("var text = '''\na\n''';", "var text = '''\nb\n''';"),
            ("final top = 'A';", "final top = ['A'].first;"),
            ("Map<String, int>? cache;", "Map<String, int>? cache = {};"),
        ] {
            assert!(changed(old, new).is_some(), "{old} -> {new}");
        }
    }

    #[test]
    fn anything_else_is_reloaded() {
        for (old, new) in [
            ("final list = [1];", "final list = [2];"),
            ("const k = 1;", "const k = 2;"),
            ("final top = 'A';", "final other = 'B';"),
            ("String get top => 'A';", "String get top => 'B';"),
            ("import 'a.dart';", "import 'b.dart';"),
            ("void f() {\n  final x = 1;\n}", "void f() {\n  final x = 2;\n}"),
            ("late final x = 1;", "late final x = 2;"),
            ("final a = 'A';\nvoid f() {}", "final a = 'A';\nvoid f() { print(1); }"),
            ("class A {\n  static const m = 1;\n}", "class A {\n  static const m = 2;\n}"),
            ("class A {\n  int m = 1;\n}", "class A {\n  int m = 2;\n}"),
        ] {
            assert_eq!(changed(old, new), None, "{old} -> {new}");
        }
    }
}
