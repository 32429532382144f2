//! What the classes of a project offer to be called by others, read from its sources.
//!
//! Nothing is compiled for it, so it holds for a program that has errors elsewhere, and it sees only what stands there:
//! the names in a class's `methods`, and the types that the methods of these names declare.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tree_sitter::Node;

use super::syntax::{self, children, first, text};

use crate::files;

/// The classes of a project.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Offers {
    /// The names that the project declares.
    declared: BTreeSet<String>,
    /// By the name of a class, its methods.
    classes: BTreeMap<String, Vec<Method>>,
    /// By the name that `main()` registers, the name of a class where that is another one.
    registered: BTreeMap<String, String>,
    /// Whether a library is not Dart as it stands.
    pub(crate) has_errors: bool,
}

/// What one library adds to these, with types as they stand there: what they mean is for all libraries to say.
#[derive(Debug, Default)]
struct Library {
    declared: BTreeSet<String>,
    /// Those of them that are `RpcTarget`s.
    targets: BTreeSet<String>,
    classes: Vec<(String, Vec<Method>)>,
    registered: BTreeMap<String, String>,
    has_errors: bool,
}

/// The libraries that this process has read, as they stood then: while someone works, one of many changes at a time.
static READ: Mutex<BTreeMap<PathBuf, (String, Arc<Library>)>> = Mutex::new(BTreeMap::new());

/// A method as its callers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Method {
    pub(crate) name: String,
    /// What a call gives, once it is there.
    pub(crate) returns: String,
    pub(crate) parameters: Vec<Parameter>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) ty: String,
    pub(crate) is_optional: bool,
}

impl Offers {
    /// Those of the libraries below `folder`, but for generated ones.
    pub(crate) fn read(folder: &Path) -> Self {
        let mut sources = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let name = entry.file_name().to_string_lossy().into_owned();
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "dart")
                    && !name.ends_with(".g.dart")
                    && let Ok(source) = files::read_to_string(&path)
                {
                    sources.push((path, source));
                }
            }
        }
        // To parse a large project takes a good part of a second, and most offer nothing.
        if !sources.iter().any(|(_, source)| has_methods(source)) {
            return Self::default();
        }
        let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
        let libraries = sources.into_iter().map(|(path, source)| match read.get(&path) {
            Some((known, library)) if *known == source => Arc::clone(library),
            _ => {
                let library = Arc::new(Library::of(&source));
                read.insert(path, (source, Arc::clone(&library)));
                library
            }
        });
        Self::together(&libraries.collect::<Vec<_>>())
    }

    #[cfg(test)]
    pub(crate) fn of<'a>(sources: impl Iterator<Item = &'a str>) -> Self {
        Self::together(&sources.map(|source| Arc::new(Library::of(source))).collect::<Vec<_>>())
    }

    fn together(libraries: &[Arc<Library>]) -> Self {
        let all = |names: fn(&Library) -> &BTreeSet<String>| {
            libraries.iter().flat_map(|library| names(library)).cloned().collect::<BTreeSet<_>>()
        };
        let declared = all(|library| &library.declared);
        let targets = all(|library| &library.targets);
        let types = Types { declared: &declared, targets: &targets };
        let classes = libraries.iter().flat_map(|library| &library.classes);
        let classes = classes
            .map(|(name, methods)| (name.clone(), methods.iter().map(|method| types.of(method)).collect()))
            .collect();
        let registered = libraries.iter().flat_map(|library| library.registered.clone()).collect();
        let has_errors = libraries.iter().any(|library| library.has_errors);
        Self { declared, classes, registered, has_errors }
    }

    /// The methods of the class that `main()` registers as `name`.
    pub(crate) fn methods(&self, name: &str) -> &[Method] {
        let class = self.registered.get(name).map_or(name, String::as_str);
        self.classes.get(class).map_or(&[], Vec::as_slice)
    }

    /// Whether the project has something of its own of this name.
    pub(crate) fn declares(&self, name: &str) -> bool {
        self.declared.contains(name)
    }
}

impl Library {
    fn of(source: &str) -> Self {
        let mut library = Self::default();
        let Some(tree) = syntax::parse(source) else { return library };
        let root = tree.root_node();
        library.has_errors = root.has_error();
        for child in children(root) {
            let name = child.child_by_field_name("name").map(|name| text(name, source).to_owned());
            let superclass = child.child_by_field_name("superclass").map(|node| text(node, source));
            if superclass.is_some_and(|text| text.ends_with(" RpcTarget")) {
                library.targets.extend(name.clone());
            }
            library.declared.extend(name);
            if child.kind() == "class_declaration" {
                library.classes.extend(class_methods(child, source));
            }
        }
        if REGISTRATIONS.iter().any(|name| source.contains(name)) {
            register(root, source, &mut library.registered);
        }
        library
    }
}

/// Whether a class may have a getter `methods`.
fn has_methods(source: &str) -> bool {
    source.match_indices("get").any(|(at, word)| {
        let rest = &source[at + word.len()..];
        rest.starts_with(char::is_whitespace) && rest.trim_start().starts_with("methods")
    })
}

/// The name of a class and what its `methods` lists, if it has such a getter.
fn class_methods(class: Node<'_>, source: &str) -> Option<(String, Vec<Method>)> {
    let name = text(class.child_by_field_name("name")?, source).to_owned();
    let members: Vec<_> = children(class.child_by_field_name("body")?)
        .filter_map(|member| children(member).find(|node| node.kind() == "method_declaration"))
        .filter_map(|member| {
            let signature = children(member.child_by_field_name("signature")?).next()?;
            let name = text(signature.child_by_field_name("name")?, source);
            Some((name, signature, member))
        })
        .collect();
    let (_, _, getter) = members
        .iter()
        .find(|(name, signature, _)| *name == "methods" && signature.kind() == "getter_signature")?;
    let map = first(getter.child_by_field_name("body")?, "set_or_map_literal")?;
    let methods = children(map).filter(|node| node.kind() == "map_element").filter_map(|element| {
        let name = string(element.child_by_field_name("key")?, source)?;
        let value = element.child_by_field_name("value")?;
        let (parameters, returns) = if value.kind() == "identifier" {
            let called = text(value, source);
            // Without a type before its name, a method looks like a constructor.
            let is_method = |signature: &Node<'_>| {
                matches!(signature.kind(), "function_signature" | "constructor_signature")
            };
            let (_, signature, _) =
                members.iter().find(|(name, signature, _)| *name == called && is_method(signature))?;
            let mut cursor = signature.walk();
            let parameters = signature
                .children_by_field_name("parameters", &mut cursor)
                .find(|node| node.kind() == "formal_parameter_list")?;
            let returns = signature.child_by_field_name("return_type");
            (parameters, returns.map_or(UNTYPED, |node| text(node, source)))
        } else if value.kind() == "function_expression" {
            (value.child_by_field_name("parameters")?, UNTYPED)
        } else {
            return None;
        };
        let parameters = parameters_of(parameters, source)?;
        Some(Method { name, returns: returns.to_owned(), parameters })
    });
    Some((name, methods.collect()))
}

/// The parameters that a caller gives; nothing if it would have to name some.
fn parameters_of(list: Node<'_>, source: &str) -> Option<Vec<Parameter>> {
    let mut parameters = Vec::new();
    for node in children(list) {
        match node.kind() {
            "formal_parameter" => parameters.push(parameter(node, source, false)?),
            "optional_formal_parameters" => {
                let inside = text(node, source);
                if inside.starts_with('{') {
                    if inside.contains("required ") {
                        return None;
                    }
                    continue;
                }
                for node in children(node).filter(|node| node.kind() == "formal_parameter") {
                    parameters.push(parameter(node, source, true)?);
                }
            }
            _ => {}
        }
    }
    Some(parameters)
}

fn parameter(node: Node<'_>, source: &str, is_optional: bool) -> Option<Parameter> {
    let name = node.child_by_field_name("name").or_else(|| first(node, "identifier"))?;
    let is_function = children(node).any(|child| child.kind() == "formal_parameter_list");
    let ty = children(node).find(|child| child.kind() == "type").filter(|_| !is_function);
    let ty = ty.map_or(UNTYPED, |node| text(node, source)).to_owned();
    Some(Parameter { name: text(name, source).to_owned(), ty, is_optional })
}

/// Where `CloudflareWorkers` is given classes by the names that they have in the configuration.
const REGISTRATIONS: [&str; 2] = ["durableObjects", "entrypoints"];

/// Adds what `CloudflareWorkers` is given under another name than that of the class.
fn register(node: Node<'_>, source: &str, registered: &mut BTreeMap<String, String>) {
    if node.kind() == "named_argument" {
        let label = children(node).find(|child| child.kind() == "label").map(|node| text(node, source));
        let is_registration =
            label.is_some_and(|label| REGISTRATIONS.contains(&label.trim_end_matches(':').trim_end()));
        if is_registration && let Some(map) = first(node, "set_or_map_literal") {
            for element in children(map).filter(|node| node.kind() == "map_element") {
                let key = element.child_by_field_name("key").and_then(|key| string(key, source));
                let value = element.child_by_field_name("value").map(|value| text(value, source));
                if let (Some(key), Some(class)) = (key, value.and_then(class_made_by)) {
                    registered.insert(key, class.to_owned());
                }
            }
        }
        return;
    }
    for child in children(node) {
        register(child, source, registered);
    }
}

/// The class that `Views.new` or `() => Views()` makes.
fn class_made_by(factory: &str) -> Option<&str> {
    let class =
        factory.strip_suffix(".new").or_else(|| factory.strip_prefix("() =>")?.trim().strip_suffix("()"))?;
    is_name(class).then_some(class)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_alphanumeric() || letter == '_' || letter == '$')
}

/// What of a project's types a caller can have.
struct Types<'a> {
    declared: &'a BTreeSet<String>,
    /// The project's own `RpcTarget`s.
    targets: &'a BTreeSet<String>,
}

/// Types that cross as they are, and by their names are known where the accessors are.
const CROSSING: [&str; 15] = [
    "BigInt",
    "DateTime",
    "Headers",
    "Object",
    "Request",
    "Response",
    "String",
    "Uint8List",
    "bool",
    "double",
    "dynamic",
    "int",
    "num",
    "void",
    "Null",
];

/// The type of what stands there without one.
const UNTYPED: &str = "Object?";

impl Types<'_> {
    /// A method as it is declared, for its callers.
    fn of(&self, declared: &Method) -> Method {
        let parameters = declared
            .parameters
            .iter()
            .map(|it| Parameter { ty: self.parameter(&it.ty), name: it.name.clone(), ..*it })
            .collect();
        Method { name: declared.name.clone(), returns: self.result(&declared.returns), parameters }
    }

    /// The type of what a call of a method gives that is declared to return `ty`.
    fn result(&self, ty: &str) -> String {
        let ty = ty.trim();
        let awaited = generic(ty, "Future").or_else(|| generic(ty, "FutureOr"));
        let ty = awaited.unwrap_or(ty);
        let (bare, mark) = ty.strip_suffix('?').map_or((ty, ""), |bare| (bare, "?"));
        if self.targets.contains(bare) || bare == "JSBinding" || bare.contains("Function") {
            return format!("JSBinding{mark}");
        }
        if generic(bare, "Stream").is_some() {
            return format!("Stream<Uint8List>{mark}");
        }
        // What arrives is converted two collections deep.
        self.known(ty, 2).unwrap_or_else(|| UNTYPED.to_owned())
    }

    /// The type of what a caller gives for a parameter that is declared as `ty`.
    fn parameter(&self, ty: &str) -> String {
        let ty = ty.trim();
        let (bare, mark) = ty.strip_suffix('?').map_or((ty, ""), |bare| (bare, "?"));
        if bare == "JSBinding" {
            // It stands for a function, an `RpcTarget` or a stub of the caller's.
            return format!("Object{mark}");
        }
        if generic(bare, "Stream").is_some() {
            return format!("Stream<List<int>>{mark}");
        }
        self.known(ty, usize::MAX).unwrap_or_else(|| UNTYPED.to_owned())
    }

    /// `ty`, if it is of the known types and their collections, up to `depth` of these within each other.
    fn known(&self, ty: &str, depth: usize) -> Option<String> {
        let ty = ty.trim();
        let (bare, mark) = ty.strip_suffix('?').map_or((ty, ""), |bare| (bare, "?"));
        if let Some(item) = generic(bare, "List") {
            return Some(format!("List<{}>{mark}", self.known(item, depth.checked_sub(1)?)?));
        }
        if let Some(value) = generic(bare, "Map") {
            let value = value.strip_prefix("String")?.trim_start().strip_prefix(',')?;
            return Some(format!("Map<String, {}>{mark}", self.known(value, depth.checked_sub(1)?)?));
        }
        match bare {
            "dynamic" => Some(UNTYPED.to_owned()),
            "List" | "Map" => {
                let arguments = if bare == "Map" { "String, Object?" } else { "Object?" };
                Some(format!("{bare}<{arguments}>{mark}"))
            }
            _ => (CROSSING.contains(&bare) && !self.declared.contains(bare)).then(|| ty.to_owned()),
        }
    }
}

/// The arguments of the generic type `name`, if `ty` is one.
fn generic<'a>(ty: &'a str, name: &str) -> Option<&'a str> {
    ty.strip_prefix(name)?.trim_start().strip_prefix('<')?.strip_suffix('>')
}

/// The value of a string literal that is a name and nothing else.
fn string(node: Node<'_>, source: &str) -> Option<String> {
    let literal = text(node, source);
    let inside = literal
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''))
        .or_else(|| literal.strip_prefix('"')?.strip_suffix('"'))?;
    is_name(inside).then(|| inside.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const SOURCE: &str = r#"
        class Views extends DurableObject {
          @override
          Map<String, Function> get methods => {
                'increment': increment,
                "page": page,
                'hand': hand,
                'inline': (int a, [String? b]) => a,
                'other': items.add,
                'named': named,
                'loose': loose,
                'on demand': increment,
                ...super.methods,
              };

          Future<int> increment([int by = 1]) async => by;
          FutureOr<Map<String, List<double>>?> page(Page page, List<Page> pages, final Stream<Uint8List> s) => null;
          Cart hand(JSBinding? back, void tell(int a)) => Cart();
          void named({required int a}) {}
          loose(a, {int? b}) => a;
        }
        class Cart extends RpcTarget {}
        class Page {}
        class Plain extends DurableObject {
          Map<String, Function> get methods {
            return {'deep': deep};
          }
          Future<List<List<List<int>>>> deep(List<List<List<int>>> a) async => a;
        }
        void main() {
          CloudflareWorkers(durableObjects: {'Other': Views.new, 'Third': () => Plain()}, entrypoints: {'X': X.from});
        }
    "#;

    fn signatures(offers: &Offers, class: &str) -> Vec<String> {
        let parameter = |it: &Parameter| {
            let mark = if it.is_optional { "~" } else { "" };
            format!("{mark}{} {}", it.ty, it.name)
        };
        let methods = offers.methods(class).iter();
        methods
            .map(|it| {
                let parameters: Vec<_> = it.parameters.iter().map(parameter).collect();
                format!("{} {}({})", it.returns, it.name, parameters.join(", "))
            })
            .collect()
    }

    #[test]
    fn methods_with_the_types_that_a_caller_has() {
        let offers = Offers::of([SOURCE].into_iter());
        assert!(!offers.has_errors);
        let expected = [
            "int increment(~int by)",
            "Map<String, List<double>>? page(Object? page, Object? pages, Stream<List<int>> s)",
            "JSBinding hand(Object? back, Object? tell)",
            "Object? inline(int a, ~String? b)",
            "Object? loose(Object? a)",
        ];
        assert_eq!(signatures(&offers, "Views"), expected);
        assert_eq!(signatures(&offers, "Other"), expected);
        assert_eq!(signatures(&offers, "Third"), ["Object? deep(List<List<List<int>>> a)"]);
        assert!(offers.methods("Nobody").is_empty());
        assert!(offers.declares("Page") && !offers.declares("Views2"));
    }

    #[test]
    fn a_name_that_the_project_has_for_itself_is_not_the_platforms() {
        let source = "class Response {}\nclass A { Map<String, Function> get methods => {'a': a};\n\
                      Response a(Request b) => Response(); }";
        let offers = Offers::of([source].into_iter());
        assert_eq!(signatures(&offers, "A"), ["Object? a(Request b)"]);
    }

    #[test]
    fn a_project_is_parsed_for_its_methods_and_once_for_each_state() {
        let folder = files::written(&[
            ("a.dart", "class A { Map<String, Function> get methods => {'a': a}; Response a() => b; }"),
            ("b.dart", "class B {}"),
            ("c.g.dart", "class Response {}"),
        ]);
        let read = || signatures(&Offers::read(folder.path()), "A");
        assert_eq!(read(), ["Response a()"]);
        // Another library of the project says what a type is.
        fs::write(folder.path().join("b.dart"), "class Response {}").unwrap();
        assert_eq!(read(), ["Object? a()"]);
        fs::write(folder.path().join("a.dart"), "class A { Map<String, Function> get other => {}; }")
            .unwrap();
        assert_eq!(Offers::read(folder.path()), Offers::default());
        assert!(
            has_methods("Map get\n  methods => {};") && !has_methods("methods of getmethods, get method")
        );
    }

    #[test]
    fn what_is_no_dart_says_so() {
        assert!(Offers::of(["class {", "void main() {}"].into_iter()).has_errors);
    }
}
