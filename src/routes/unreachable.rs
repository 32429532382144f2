//! Handlers that no request can reach.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use url::Url;

use super::order::segments;
use super::pattern::{Pattern, Reach};
use super::program::slashed;
use super::{Handler, Method, Route};
use crate::diagnostic::Diagnostic;

/// What to tell of these routes, which are in their order.
pub(super) fn warnings(routes: &[Route]) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    let mut spelled: Vec<&Path> = Vec::new();
    for route in routes.iter().filter(|route| !is_path(&route.path)) {
        for handler in route.middleware.iter().chain(&route.module) {
            if !spelled.contains(&handler.file.as_path()) {
                spelled.push(&handler.file);
                warnings.push(never_spelled(handler));
            }
        }
    }
    let mut tried = Node::default();
    let mut covered: BTreeMap<(&Path, &Path), Vec<(&Route, &Route)>> = BTreeMap::new();
    for (at, route) in routes.iter().enumerate() {
        let Some(handler) = &route.module else { continue };
        let path: Vec<Segment> = segments(&route.path).map(Segment::of).collect();
        let first = tried.covering(&path, route.method).map(|at| &routes[at]);
        if let Some((first, by)) = first.and_then(|first| Some((first, first.module.as_ref()?))) {
            covered.entry((&handler.file, &by.file)).or_default().push((route, first));
        } else {
            tried.add(&path, route.method, at);
        }
    }
    warnings.extend(covered.values().map(|routes| never_tried(routes)));
    warnings
}

/// Whether a URL can have `path` as it is: routes are compared with what stands there, and nothing is decoded.
fn is_path(path: &str) -> bool {
    Url::parse(&format!("http://localhost{path}")).is_ok_and(|url| url.path() == path)
}

fn never_spelled(handler: &Handler) -> Diagnostic {
    let file = slashed(&handler.file);
    let mut encoded = String::new();
    for letter in file.chars() {
        if letter.is_ascii_graphic() && !"\"#<>?^`{}".contains(letter) {
            encoded.push(letter);
        } else {
            for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    let warning =
        Diagnostic::warning(format!("no request reaches `{file}`: the path of no URL is spelled like that"));
    if encoded == file {
        return warning.hint("rename the file or its folder");
    }
    warning.hint(format!("rename it; `{encoded}` is how a URL spells it"))
}

/// `routes` are of one file, and beside each is one of another file that is tried before it.
fn never_tried(routes: &[(&Route, &Route)]) -> Diagnostic {
    let mut names = Vec::new();
    let mut locations = Vec::new();
    let mut files = (String::new(), String::new());
    let mut hint = "remove one of the two, or have each answer other methods";
    for (route, first) in routes {
        let (Some(handler), Some(by)) = (&route.module, &first.module) else { continue };
        names.push(format!("`{}`", handler.name));
        locations.push(handler.location.clone());
        files = (slashed(&handler.file), slashed(&by.file));
        if route.path != first.path && route.path.eq_ignore_ascii_case(&first.path) {
            hint = "rename one of the two: upper and lower case are the same in a route";
        } else if first.path.ends_with('*') && !route.path.contains(':') {
            hint = "answer it there too, since `[[name]]` also stands for no segment at all, or remove one of the two";
        }
    }
    let verb = if names.len() == 1 { "runs" } else { "run" };
    let warning = Diagnostic::warning(format!(
        "{} in `{}` never {verb}: `{}` is tried before and answers all the same requests",
        names.join(" and "),
        files.0,
        files.1
    ));
    locations.into_iter().fold(warning, |warning, location| warning.at(location, "")).hint(hint)
}

/// A segment of a route.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    /// In lower case, since case does not count.
    Text(String),
    Parameter,
    /// Any number of segments.
    Many,
    /// Text and parameters, whose names are left out.
    Mixed(String),
}

impl Segment {
    fn of(segment: &str) -> Self {
        let mut shape = String::new();
        let mut rest = segment;
        while let Some(letter) = rest.chars().next() {
            shape.push(letter.to_ascii_lowercase());
            rest = &rest[letter.len_utf8()..];
            if letter == ':' {
                rest =
                    rest.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric() || letter == '_');
            }
        }
        match shape.as_str() {
            ":" => Self::Parameter,
            ":*" => Self::Many,
            _ if shape.contains(':') => Self::Mixed(shape),
            _ => Self::Text(shape),
        }
    }

    /// Whether it matches whatever `other` does. Only what is sure counts.
    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Parameter, Self::Mixed(shape)) => !shape.contains('*'),
            (Self::Parameter, Self::Text(_)) => true,
            (Self::Mixed(shape), Self::Text(text)) if !shape.contains('*') => {
                // A shape is a path whose parameters lack a name.
                Pattern::compile(&format!("/{}", shape.replace(':', ":0")), Reach::Whole)
                    .is_ok_and(|pattern| pattern.matches(&format!("/{text}")).is_some())
            }
            _ => self == other,
        }
    }
}

/// Routes by their segments.
#[derive(Debug, Default)]
struct Node {
    children: BTreeMap<Segment, Node>,
    routes: Vec<(Option<Method>, usize)>,
}

impl Node {
    fn add(&mut self, path: &[Segment], method: Option<Method>, route: usize) {
        match path {
            [] => self.routes.push((method, route)),
            [segment, rest @ ..] => {
                self.children.entry(segment.clone()).or_default().add(rest, method, route)
            }
        }
    }

    /// A route that matches whatever `path` does, with the same method or any.
    fn covering(&self, path: &[Segment], method: Option<Method>) -> Option<usize> {
        let many = self.children.get(&Segment::Many);
        // Any number of segments: none, or the next one and then any number again.
        if let Some(route) = many.and_then(|many| many.covering_after_many(path, method)) {
            return Some(route);
        }
        let Some((segment, rest)) = path.split_first() else {
            let takes = |of: Option<Method>| of.is_none() || of == method;
            return self.routes.iter().find(|(of, _)| takes(*of)).map(|(_, route)| *route);
        };
        // Of texts only the same one will do, and there may be many.
        let texts = self.children.get_key_value(segment).filter(|_| *segment != Segment::Many);
        let others = self.children.iter().filter(|(child, _)| {
            !matches!(child, Segment::Text(_) | Segment::Many) && *child != segment && child.covers(segment)
        });
        texts.into_iter().chain(others).find_map(|(_, child)| child.covering(rest, method))
    }

    /// As [`covering`](Self::covering), for what is after a segment that stands for any number of them.
    fn covering_after_many(&self, path: &[Segment], method: Option<Method>) -> Option<usize> {
        let is_odd = |segment: &Segment| matches!(segment, Segment::Mixed(shape) if shape.contains('*'));
        self.covering(path, method).or_else(|| match path {
            [segment, rest @ ..] if !is_odd(segment) => self.covering_after_many(rest, method),
            _ => None,
        })
    }
}
