//! Handlers that no request can reach.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use url::Url;

use super::program::slashed;
use super::segment::{self, Segment};
use super::{Handler, Method, Route};
use crate::diagnostic::{Code, Diagnostic};

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
        let path = segment::of_path(&route.path);
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
    let warning = Diagnostic::warning(
        Code::NoUrl,
        format!("no request reaches `{file}`: the path of no URL is spelled like that"),
    );
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
    let mut hint = None;
    for (route, first) in routes {
        let (Some(handler), Some(by)) = (&route.module, &first.module) else { continue };
        names.push(format!("`{}`", handler.name));
        locations.push(handler.location.clone());
        files = (slashed(&handler.file), slashed(&by.file));
        if route.path != first.path && route.path.eq_ignore_ascii_case(&first.path) {
            hint = Some("rename one of the two: upper and lower case are the same in a route".to_owned());
        } else if first.path.ends_with('*') && !route.path.contains(':') {
            let any = first.path.rsplit([':', '/']).next().unwrap_or_default().trim_end_matches('*');
            hint = Some(format!(
                "`[[{any}]]` stands for no segment too: answer `{}` there, or remove one of the two",
                route.path
            ));
        }
    }
    let hint = hint.unwrap_or_else(|| "remove one of the two, or have each answer other methods".to_owned());
    let verb = if names.len() == 1 { "runs" } else { "run" };
    let warning = Diagnostic::warning(
        Code::NeverReached,
        format!(
            "{} in `{}` never {verb}: `{}` is tried before and answers all the same requests",
            names.join(" and "),
            files.0,
            files.1
        ),
    );
    locations.into_iter().fold(warning, |warning, location| warning.at(location, "")).hint(hint)
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
                self.children.entry(segment.clone()).or_default().add(rest, method, route);
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
        // Of texts, which come first and may be many, only the same one will do.
        let texts = self.children.get_key_value(segment).filter(|_| *segment != Segment::Many);
        let others = self
            .children
            .range(Segment::Parameter..)
            .filter(|(child, _)| **child != Segment::Many && *child != segment && child.covers(segment));
        texts.into_iter().chain(others).find_map(|(_, child)| child.covering(rest, method))
    }

    /// As [`covering`](Self::covering), for what is after a segment that stands for any number of them.
    fn covering_after_many(&self, path: &[Segment], method: Option<Method>) -> Option<usize> {
        self.covering(path, method).or_else(|| match path {
            [segment, rest @ ..] if !segment.is_odd() => self.covering_after_many(rest, method),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::Routes;
    use super::super::order;
    use super::super::request::Matcher;
    use super::*;
    use crate::diagnostic::Location;

    /// Numbers that are the same in every run.
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, end: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 >> 33).unwrap() % end
        }

        fn one_of<'a>(&mut self, of: &[&'a str]) -> &'a str {
            of[self.below(of.len())]
        }
    }

    const FOLDERS: [&str; 8] = ["a", "A", "b", ":x", ":y", ":x-:y", "a-:x", ":all*"];
    const METHODS: [Option<Method>; 3] = [None, Some(Method::Get), Some(Method::Post)];

    fn handler(file: String) -> Handler {
        let location = Location::of_span(Path::new(&file), "", 0, 0);
        Handler { file: file.into(), name: "onRequest".into(), location }
    }

    fn some_routes(dice: &mut Dice) -> Routes {
        let mut routes: Vec<Route> = Vec::new();
        for at in 0..=dice.below(12) {
            let folders: Vec<_> = (0..dice.below(4)).map(|_| dice.one_of(&FOLDERS)).collect();
            let path = format!("/{}", folders.join("/"));
            let method = METHODS[dice.below(3)];
            if routes.iter().any(|route| route.path == path && route.method == method) {
                continue;
            }
            let (middleware, module) = match dice.below(3) {
                0 => (Some(handler(format!("{at}m"))), None),
                1 => (Some(handler(format!("{at}m"))), Some(handler(at.to_string()))),
                _ => (None, Some(handler(at.to_string()))),
            };
            let mount = if middleware.is_some() { path.clone() } else { "/".to_owned() };
            routes.push(Route { path, mount, method, middleware, module });
        }
        routes.sort_by(order::of_routes);
        Routes { routes, warnings: Vec::new() }
    }

    #[test]
    fn what_is_said_to_never_run_never_runs() {
        let mut dice = Dice(88_172_645_463_325_252);
        let mut paths = vec![String::new()];
        for at in 0.. {
            let Some(path) = paths.get(at).filter(|path| path.matches('/').count() < 3).cloned() else {
                break;
            };
            paths.extend(["a", "b", "c", "a-b"].map(|segment| format!("{path}/{segment}")));
        }
        paths[0] = "/".to_owned();
        let mut said = 0;
        for _ in 0..80 {
            let routes = some_routes(&mut dice);
            let mut dead: BTreeSet<String> = BTreeSet::new();
            for warning in warnings(&routes.routes) {
                let (_, rest) = warning.message.split_once("in `").unwrap();
                dead.insert(rest.split_once('`').unwrap().0.to_owned());
            }
            let matcher = Matcher::new(&routes).unwrap();
            let mut alive: BTreeSet<String> = BTreeSet::new();
            for path in &paths {
                for method in METHODS {
                    let run = matcher.run(method.map_or("PUT", Method::name), path);
                    alive.extend(run.module.map(|step| slashed(&step.handler.file)));
                }
            }
            let both: Vec<_> = dead.intersection(&alive).collect();
            assert!(both.is_empty(), "{both:?} of {:#?}", routes.routes);
            said += dead.len();
        }
        assert!(said > 10, "{said} said");
    }

    #[test]
    fn the_overview_says_which_middleware_runs_before_a_file() {
        let mut dice = Dice(2_463_534_242);
        let mut steps = 0;
        for _ in 0..150 {
            let routes = some_routes(&mut dice);
            let overview = routes.overview();
            let matcher = Matcher::new(&routes).unwrap();
            for _ in 0..30 {
                let segments: Vec<_> =
                    (0..dice.below(5)).map(|_| dice.one_of(&["a", "b", "c", "a-b", "A"])).collect();
                let method = dice.one_of(&["GET", "POST", "PUT"]);
                let run = matcher.run(method, &format!("/{}", segments.join("/")));
                let file = run.module.as_ref().map(|step| &step.handler.file);
                let row = overview
                    .iter()
                    .find(|row| row.answers.as_ref().map(|answers| &answers.handler.file) == file)
                    .unwrap();
                let ran: Vec<_> = run.middleware.iter().map(|step| &step.handler.file).collect();
                let mut rest = row.before.iter();
                for file in &ran {
                    assert!(rest.any(|before| before.handler.file == **file), "{ran:?} {row:#?}");
                    steps += 1;
                }
                for before in row.before.iter().filter(|before| before.is_sure) {
                    let is_asked =
                        before.methods.is_empty() || before.methods.iter().any(|of| of.name() == method);
                    assert!(!is_asked || ran.contains(&&before.handler.file), "{ran:?} {row:#?}");
                }
            }
        }
        assert!(steps > 1000, "{steps}");
    }
}
