//! The names that a library has for who imports it, as they stand in its text.

use std::ops::Range;
use std::path::Path;

use tree_sitter::Node;

use super::syntax::{self, children, text};
use super::uri;
use crate::diagnostic::Location;
use crate::files::{self, shown};

/// A name that a library declares at its top level, or exports by naming it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) text: String,
    /// Whether it is that of a class or another type, and not of a value.
    pub(crate) is_type: bool,
    pub(crate) location: Location,
}

/// Those of the library `source` at `path` that are `wanted`; `None` if it is no library but a part of one.
///
/// What an `export` offers without naming it is not among them. In a library that is no Dart as it stands, as while
/// somebody types, what starts at the margin still counts.
pub(crate) fn of_library(path: &Path, source: &str, wanted: &dyn Fn(&str) -> bool) -> Option<Vec<Name>> {
    let tree = syntax::parse(source)?;
    let root = tree.root_node();
    if children(root).any(|node| node.kind() == "part_of_directive") {
        return None;
    }
    let mut found = Found { path, source, wanted, names: Vec::new() };
    for node in children(root) {
        found.declared(node);
        match node.kind() {
            "import_or_export" => found.exported(node),
            "part_directive" => found.names.extend(of_part(path, node, source, wanted)),
            _ => {}
        }
    }
    if root.has_error() {
        found.at_the_margin();
    }
    Some(found.names)
}

/// What the part that `directive` names declares; nothing if it cannot be read, which the compiler says better.
fn of_part(path: &Path, directive: Node<'_>, source: &str, wanted: &dyn Fn(&str) -> bool) -> Vec<Name> {
    let part = || {
        let literal = text(directive.child_by_field_name("uri")?, source);
        let part = uri::to_path(path.parent()?, literal.trim_matches(['\'', '"']))?;
        let source = files::read_to_string(&part).ok()?;
        let tree = syntax::parse(&source)?;
        let mut found = Found { path: &part, source: &source, wanted, names: Vec::new() };
        for node in children(tree.root_node()) {
            found.declared(node);
        }
        Some(found.names)
    };
    part().unwrap_or_default()
}

struct Found<'a> {
    path: &'a Path,
    source: &'a str,
    wanted: &'a dyn Fn(&str) -> bool,
    names: Vec<Name>,
}

impl Found<'_> {
    fn add(&mut self, node: Option<Node<'_>>, is_type: bool) {
        if let Some(node) = node {
            self.add_range(node.byte_range(), is_type);
        }
    }

    fn add_range(&mut self, range: Range<usize>, is_type: bool) {
        let name = self.source.get(range.clone()).unwrap_or_default();
        if (self.wanted)(name) && self.names.iter().all(|known| known.text != name) {
            let location = Location::of_span(&shown(self.path), self.source, range.start, range.end);
            self.names.push(Name { text: name.to_owned(), is_type, location });
        }
    }

    fn declared(&mut self, node: Node<'_>) {
        match node.kind() {
            // One without a body that does not say `external` is still being written.
            "function_declaration" | "getter_declaration" | "external_function_declaration"
                if node.child_by_field_name("modifier").is_none() =>
            {
                let signature = node.child_by_field_name("signature");
                self.add(signature.and_then(|signature| signature.child_by_field_name("name")), false);
            }
            "top_level_variable_declaration" => {
                for variable in
                    children(node).filter(|list| list.kind().ends_with("_list")).flat_map(children)
                {
                    self.add(variable.child_by_field_name("name"), false);
                }
            }
            "type_alias" => {
                self.add(children(node).find(|child| child.kind() == "type_identifier"), true);
            }
            "class_declaration" | "enum_declaration" | "mixin_declaration" | "extension_type_declaration" => {
                self.add(node.child_by_field_name("name"), true);
            }
            _ => {}
        }
    }

    /// What `export` says to `show`, but for what it says to `hide` again.
    fn exported(&mut self, node: Node<'_>) {
        let Some(export) = children(node).find(|child| child.kind() == "library_export") else { return };
        let source = self.source;
        let combinators = |word: &'static str| {
            children(export)
                .filter(|child| child.kind() == "combinator")
                .filter(move |combinator| text(*combinator, source).starts_with(word))
        };
        let names = |combinator| children(combinator).map(move |name| text(name, source));
        // Each `show` narrows what the one before it left.
        let Some(shown) = combinators("show").next() else { return };
        for name in children(shown) {
            let spelled = text(name, source);
            if combinators("show").all(|show| names(show).any(|other| other == spelled))
                && combinators("hide").flat_map(names).all(|hidden| hidden != spelled)
            {
                self.add(Some(name), false);
            }
        }
    }

    /// What the grammar lost, for a brace or a quote that is not closed yet: the word before the first `(`, `=` or `;`
    /// of a line that is not indented.
    fn at_the_margin(&mut self) {
        let mut start = 0;
        for line in self.source.split_inclusive('\n') {
            let head = line.split(['(', '=', ';']).next().unwrap_or_default().trim_end();
            let is_code = !line.starts_with(char::is_whitespace) && !line.starts_with(['/', '*']);
            let at = head.rfind(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '$');
            let at = at.map_or(0, |at| at + head[at..].chars().next().map_or(0, char::len_utf8));
            if is_code && !head[..at].ends_with('.') {
                self.add_range(start + at..start + head.len(), false);
            }
            start += line.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The names of a library, with a `:` before that of a type.
    fn names(source: &str) -> Vec<String> {
        let names = of_library(Path::new("a.dart"), source, &|_| true).expect("a library");
        names.iter().map(|name| format!("{}{}", if name.is_type { ":" } else { "" }, name.text)).collect()
    }

    #[test]
    fn every_way_to_declare_a_name() {
        let source = r"
            import 'a.dart' show imported;
            Response a(c) => Response('a');
            Future<Response> b(c) async { return Response('b'); }
            final c = a, d = b;
            const e = [a, b];
            late final PagesFunction f;
            var g, h = a;
            PagesFunction get i => a;
            PagesFunction? j = a;
            typedef K = int;
            class L { Response member(c) => inside; }
            enum M { one }
            mixin N {}
            extension type O(int i) {}
            extension P on int {}
            set q(value) {}
            external Response r(c);
            @deprecated
            s(c) {}
            typedef int T(int t);
            Iterable<int> u() sync* {}
        ";
        assert_eq!(
            names(source),
            ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", ":K", ":L", ":M", ":N", ":O", "s", ":T", "u"]
        );
    }

    #[test]
    fn exports_count_by_the_names_they_show() {
        for (export, expected) in [
            ("export 'x.dart' show a, b;", &["a", "b"][..]),
            ("export 'x.dart' show a, b hide b;", &["a"]),
            ("export 'x.dart' show a, b show b, c;", &["b"]),
            ("export 'x.dart' hide a;", &[]),
            ("export 'x.dart';", &[]),
            ("export 'x.dart' if (dart.library.io) 'y.dart' show a;", &["a"]),
            ("export 'package:x/x.dart'\n    show\n      a; // b", &["a"]),
            ("import 'x.dart' show a;", &[]),
        ] {
            assert_eq!(names(export), expected, "{export}");
        }
    }

    #[test]
    fn a_part_is_no_library_and_its_names_are_those_of_its_library() {
        assert_eq!(of_library(Path::new("a.dart"), "part of 'b.dart';\na() {}", &|_| true), None);
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a part.dart"), "part of 'b.dart';\na() {}").unwrap();
        let library = "part 'a%20part.dart';\npart 'missing.dart';\nb() {}";
        let names = of_library(&dir.path().join("b.dart"), library, &|_| true).unwrap();
        assert_eq!(names.iter().map(|name| name.text.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!((names[0].location.line, names[0].location.column), (2, 1));
        assert!(names[0].location.path.ends_with("a part.dart"));
    }

    #[test]
    fn names_stay_while_somebody_types() {
        for source in [
            "Response a(c) {\n  if (c) {\n}\n\nResponse b(c) => c;\n",
            "Response a(c) {\n  final x =\n  return x;\n}\nResponse b(c) => c;\n",
            "Response a(c) {\n  final x = 'open;\n}\nResponse b(c) => c;\n",
            "Response a(c) => ;\nResponse b(c) => c;\n",
            "import 'open\nResponse a(c) => c;\nResponse b(c",
            "Respo\nResponse a(c) => c;\nfinal b = ",
            "Response a(c) {\n  print(c.\n}\n\nfinal b = a;\n",
            "Response a(c) {\n  final x = 'open;\nprint.x(\n// x(c)\n  x(c);\n}\nPagesFunction get b => ",
        ] {
            let names = names(source);
            for name in ["a", "b"] {
                assert!(names.contains(&name.to_owned()), "{source}: {names:?}");
            }
            assert!(!names.contains(&"print".to_owned()), "{source}: {names:?}");
            assert!(!names.contains(&"x".to_owned()), "{source}: {names:?}");
        }
    }
}
