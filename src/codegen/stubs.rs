//! Types for the classes of a Worker that it binds itself, with a Dart method for each of theirs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::name;
use crate::config::{Binding, Environment};
use crate::dart::offers::{Method, Offers};

/// An extension type that the generated file declares.
#[derive(Debug, Serialize)]
pub(super) struct Stub {
    noun: &'static str,
    class: String,
    name: String,
    base: &'static str,
    methods: Vec<Call>,
}

#[derive(Debug, Serialize)]
struct Call {
    name: String,
    returns: String,
    parameters: String,
    arguments: String,
}

/// What a class is to its callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Object,
    Entrypoint,
}

impl Kind {
    fn base(self) -> &'static str {
        match self {
            Self::Object => "DurableObjectStub",
            Self::Entrypoint => "Service",
        }
    }

    fn suffix(self) -> &'static str {
        match self {
            Self::Object => "Stub",
            Self::Entrypoint => "Service",
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Object => "Durable Object class",
            Self::Entrypoint => "entrypoint",
        }
    }
}

/// The stubs that the accessors of a file need.
pub(super) struct Stubs<'a> {
    offers: &'a Offers,
    made: BTreeMap<(Kind, String), Stub>,
}

impl<'a> Stubs<'a> {
    pub(super) fn new(offers: &'a Offers) -> Self {
        Self { offers, made: BTreeMap::new() }
    }

    /// The type of the accessor for `binding`, where all its `uses` lead to one class of this Worker whose methods are
    /// known.
    pub(super) fn of(&mut self, binding: &str, uses: &[(&Environment, &Binding)]) -> Option<String> {
        let mut classes = uses.iter().map(|(environment, _)| class(environment, binding));
        let (kind, class) = classes.next()??;
        if !classes.all(|other| other == Some((kind, class))) {
            return None;
        }
        let stub = format!("{class}{}", kind.suffix());
        let methods: Vec<Call> = self.offers.methods(class).iter().filter_map(call).collect();
        if methods.is_empty() || self.offers.declares(&stub) {
            return None;
        }
        let ty = match kind {
            Kind::Object => format!("DurableObjectNamespaceOf<{stub}>"),
            Kind::Entrypoint => stub.clone(),
        };
        let (noun, base) = (kind.noun(), kind.base());
        self.made.entry((kind, class.to_owned())).or_insert_with(|| Stub {
            noun,
            class: class.to_owned(),
            name: stub,
            base,
            methods,
        });
        Some(ty)
    }

    pub(super) fn made(self) -> Vec<Stub> {
        self.made.into_values().collect()
    }
}

/// The class of this Worker that `binding` leads to.
fn class<'a>(environment: &'a Environment, binding: &str) -> Option<(Kind, &'a str)> {
    let object = environment
        .local_objects()
        .find(|object| object.binding == binding)
        .map(|object| (Kind::Object, object.class_name.as_str()));
    object.or_else(|| {
        let mut services = environment.local_services();
        services
            .find(|(service, _)| service.binding == binding)
            .map(|(_, entrypoint)| (Kind::Entrypoint, entrypoint))
    })
}

/// How a caller writes a call; nothing where Dart has no such name for it.
fn call(method: &Method) -> Option<Call> {
    // `call` is what each of them calls, and the others every object has.
    const TAKEN: [&str; 5] = ["call", "hashCode", "noSuchMethod", "runtimeType", "toString"];
    let is_free = |name: &str| !TAKEN.contains(&name) && !name::is_word(name) && !name.starts_with('_');
    if !is_free(&method.name) || method.parameters.iter().any(|it| !is_free(&it.name)) {
        return None;
    }
    let (required, optional): (Vec<_>, Vec<_>) = method.parameters.iter().partition(|it| !it.is_optional);
    let mut parameters: Vec<String> = required.iter().map(|it| format!("{} {}", it.ty, it.name)).collect();
    let mut arguments: Vec<String> = required.iter().map(|it| it.name.clone()).collect();
    // What is left out keeps its place when a later one is given.
    for (at, parameter) in optional.iter().enumerate() {
        let given: Vec<_> = optional[at..].iter().map(|it| format!("{} != null", it.name)).collect();
        arguments.push(format!("if ({}) {}", given.join(" || "), parameter.name));
    }
    if !optional.is_empty() {
        let nullable = |ty: &str| if ty.ends_with('?') { ty.to_owned() } else { format!("{ty}?") };
        let list: Vec<_> = optional.iter().map(|it| format!("{} {}", nullable(&it.ty), it.name)).collect();
        parameters.push(format!("[{}]", list.join(", ")));
    }
    let arguments =
        if arguments.is_empty() { String::new() } else { format!(", [{}]", arguments.join(", ")) };
    Some(Call {
        name: method.name.clone(),
        returns: method.returns.clone(),
        parameters: parameters.join(", "),
        arguments,
    })
}
