//! Dart names for bindings.

use std::collections::{BTreeMap, BTreeSet};

use crate::bindings::{Accessor, KINDS};

/// Members of `Environment` and of every object, beside those that [`KINDS`] names: an extension member of such a name
/// is never reached.
const MEMBERS: &[&str] =
    &["binding", "has", "hashCode", "names", "noSuchMethod", "runtimeType", "secret", "toString", "variable"];

/// Dart's reserved words and built-in identifiers, and the types that generated accessors name: a getter called
/// `int` would hide the type from its neighbours.
const WORDS: &[&str] = &[
    "abstract",
    "as",
    "assert",
    "await",
    "bool",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "covariant",
    "default",
    "deferred",
    "do",
    "double",
    "dynamic",
    "else",
    "enum",
    "export",
    "extends",
    "extension",
    "external",
    "factory",
    "false",
    "final",
    "finally",
    "for",
    "get",
    "if",
    "implements",
    "import",
    "in",
    "int",
    "interface",
    "is",
    "late",
    "library",
    "mixin",
    "new",
    "null",
    "num",
    "operator",
    "part",
    "required",
    "rethrow",
    "return",
    "set",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typedef",
    "var",
    "void",
    "while",
    "with",
    "yield",
];

/// A Dart name for each of `originals`, all different.
///
/// Names of one spelling in Dart are told apart by a number, in alphabetical order, the one that needed no change
/// first; so the result depends on the set of names alone, not on their order.
pub(crate) fn assign<'a>(originals: impl IntoIterator<Item = &'a str>) -> BTreeMap<&'a str, String> {
    let mut wanted: Vec<(bool, &str, String)> = originals
        .into_iter()
        .map(|original| {
            let wanted = lower_camel(original);
            (wanted != original, original, wanted)
        })
        .collect();
    wanted.sort();
    wanted.dedup();
    let all: BTreeSet<String> = wanted.iter().map(|(_, _, wanted)| wanted.clone()).collect();
    let mut taken = BTreeSet::new();
    let mut names = BTreeMap::new();
    for (_, original, wanted) in wanted {
        let mut name = wanted.clone();
        let mut number = 2_u32;
        while !taken.insert(name.clone()) {
            name = format!("{wanted}{number}");
            while all.contains(&name) {
                number += 1;
                name = format!("{wanted}{number}");
            }
            number += 1;
        }
        names.insert(original, name);
    }
    names
}

/// `original` as a Dart member's name: `TODO_LISTS`, `todo-lists` and `TodoLists` all give `todoLists`.
fn lower_camel(original: &str) -> String {
    let mut name = String::new();
    for word in words(original) {
        if name.is_empty() {
            name.push_str(&word.to_ascii_lowercase());
        } else {
            let (first, rest) = word.split_at(1);
            name.push_str(&first.to_ascii_uppercase());
            name.push_str(&rest.to_ascii_lowercase());
        }
    }
    // A name that is one already stays as its author wrote it.
    let plain = original.starts_with(|first: char| first.is_ascii_lowercase())
        && original.chars().all(|letter| letter.is_ascii_alphanumeric());
    if plain {
        original.clone_into(&mut name);
    }
    if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        name.insert_str(0, "env");
    }
    if is_member(&name) || WORDS.contains(&name.as_str()) {
        name.push_str("Binding");
    }
    name
}

/// Whether `name` means something to Dart itself, or hides a type from generated code.
pub(crate) fn is_word(name: &str) -> bool {
    WORDS.contains(&name)
}

fn is_member(name: &str) -> bool {
    let mut accessors = KINDS.iter().map(|kind| kind.accessor);
    MEMBERS.contains(&name)
        || accessors.any(|it| matches!(it, Accessor::Method { name: method, .. } if method == name))
}

/// The words of a name, each of ASCII letters and digits. What is neither divides words, and so does a change of
/// case in one that mixes them: `HTTPServer` is `HTTP` and `Server`.
fn words(original: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for part in original.split(|letter: char| !letter.is_ascii_alphanumeric()) {
        let bytes = part.as_bytes();
        let mut start = 0;
        for at in 1..bytes.len() {
            let starts_capital = bytes[at].is_ascii_uppercase()
                && (bytes[at - 1].is_ascii_lowercase()
                    || bytes[at - 1].is_ascii_digit() && part.bytes().any(|byte| byte.is_ascii_lowercase())
                    || bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase));
            if starts_capital {
                words.push(&part[start..at]);
                start = at;
            }
        }
        if start < part.len() {
            words.push(&part[start..]);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::{MEMBERS, WORDS, assign, is_member, lower_camel};

    #[test]
    fn lower_camel_case() {
        for (original, expected) in [
            ("TODOS", "todos"),
            ("TODO_LISTS", "todoLists"),
            ("todo-lists", "todoLists"),
            ("todo_lists", "todoLists"),
            ("TodoLists", "todoLists"),
            ("todoLists", "todoLists"),
            ("myKV", "myKV"),
            ("MyKV", "myKv"),
            ("HTTPServer", "httpServer"),
            ("KV2", "kv2"),
            ("KV_2_X", "kv2X"),
            ("V2Api", "v2Api"),
            ("__PRIVATE__", "private"),
            ("a.b c$d", "aBCD"),
            ("2FA", "env2fa"),
            ("", "env"),
            ("---", "env"),
            ("ключ", "env"),
            ("ÄPFEL", "pfel"),
            ("CLASS", "classBinding"),
            ("GET", "getBinding"),
            ("INT", "intBinding"),
            ("HAS", "hasBinding"),
            ("HASH_CODE", "hashCodeBinding"),
            ("TO_STRING", "toStringBinding"),
            ("getKVNamespace", "getKVNamespaceBinding"),
            ("VARIABLE", "variableBinding"),
        ] {
            assert_eq!(lower_camel(original), expected, "{original}");
        }
    }

    #[test]
    fn every_member_of_environment_is_reserved() {
        let dart = include_str!("../../dart_runtime/lib/src/environment.dart");
        let class = dart.split_once("\nclass Environment {").expect("the class").1;
        let class = class.split_once("\n}").expect("its end").0;
        let member =
            Regex::new(r"(?m)^  [A-Z][\w<>?, ]*? (?:get )?([a-z]\w*)(?:<\w+>)?(?:\(| =>)|^  bool (\w+)\(")
                .expect("a pattern");
        let names: Vec<_> = member
            .captures_iter(class)
            .filter_map(|found| found.get(1).or_else(|| found.get(2)))
            .map(|name| name.as_str())
            .collect();
        assert!(
            names.contains(&"variable") && names.contains(&"has") && names.contains(&"names"),
            "{names:?}"
        );
        for name in names {
            assert!(is_member(name), "`{name}` of `Environment` would hide an accessor of that name");
        }
    }

    #[test]
    fn lists_are_sorted() {
        assert!(MEMBERS.is_sorted());
        assert!(WORDS.is_sorted());
    }

    #[test]
    fn collisions_are_numbered_whatever_the_order() {
        let mut names = ["TODOS", "todos", "To-Dos", "Todos", "TODOS2", "to_dos"];
        let expected = [
            ("TODOS", "todos3"),
            ("TODOS2", "todos2"),
            ("To-Dos", "toDos"),
            ("Todos", "todos4"),
            ("to_dos", "toDos2"),
            ("todos", "todos"),
        ];
        for _ in 0..names.len() {
            names.rotate_left(1);
            let got = assign(names.iter().copied());
            let got: Vec<_> = got.iter().map(|(original, name)| (*original, name.as_str())).collect();
            assert_eq!(got, expected);
        }
    }
}
