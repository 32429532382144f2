//! What runs for one request, by the rules as they are written: every route is asked in turn.
//!
//! The program that serves the routes has a faster way to the same answer.

use super::pattern::{Match, Pattern, Problem, Reach, Value};
use super::{Handler, Route, Routes};

/// The routes, ready to be asked.
#[derive(Debug)]
pub(crate) struct Matcher<'r> {
    routes: Vec<Compiled<'r>>,
}

#[derive(Debug)]
struct Compiled<'r> {
    route: &'r Route,
    whole: Pattern,
    start: Pattern,
    mount: Pattern,
}

/// A handler that runs, and what it is told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Step<'r> {
    pub(crate) route: &'r Route,
    pub(crate) handler: &'r Handler,
    pub(crate) params: Vec<(String, Value)>,
    pub(crate) function_path: String,
}

/// A file that the path leads to, and that does not run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Passed<'r> {
    pub(crate) route: &'r Route,
    pub(crate) handler: &'r Handler,
    pub(crate) why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// It is of another method.
    Method,
    /// One that is tried before it matches too.
    Later,
}

/// What a request leads to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Run<'r> {
    /// In the order in which they run.
    pub(crate) middleware: Vec<Step<'r>>,
    /// What answers, if not the static assets.
    pub(crate) module: Option<Step<'r>>,
    pub(crate) passed: Vec<Passed<'r>>,
}

impl<'r> Matcher<'r> {
    pub(crate) fn new(routes: &'r Routes) -> Result<Self, Problem> {
        let compiled = routes.routes.iter().map(|route| {
            Ok(Compiled {
                route,
                whole: Pattern::compile(&route.path, Reach::Whole)?,
                start: Pattern::compile(&route.path, Reach::Start)?,
                mount: Pattern::compile(&route.mount, Reach::Start)?,
            })
        });
        Ok(Self { routes: compiled.collect::<Result<_, _>>()? })
    }

    /// What runs for a request with the path `path`, as a URL has it.
    pub(crate) fn run(&self, method: &str, path: &str) -> Run<'r> {
        let mut run = Run::default();
        let single = single_slashes(path);
        let takes = |route: &Route| route.method.is_none_or(|of| of.name() == method);
        for compiled in self.routes.iter().rev() {
            let Some(handler) = &compiled.route.middleware else { continue };
            let Some(found) = compiled.start.matches(path).or_else(|| compiled.start.matches(&single)) else {
                continue;
            };
            let mount = compiled.mount.matches(path).map(|found| found.text).or_else(|| {
                compiled.mount.matches(&single).map(|found| with_repeated_slashes(path, &found.text))
            });
            match mount {
                Some(function_path) if takes(compiled.route) => run.middleware.push(Step {
                    route: compiled.route,
                    handler,
                    params: found.params,
                    function_path,
                }),
                Some(_) => run.passed.push(Passed { route: compiled.route, handler, why: Why::Method }),
                None => {}
            }
        }
        for compiled in &self.routes {
            let Some(handler) = &compiled.route.module else { continue };
            let Some(Match { text, params }) = compiled.whole.matches(path) else { continue };
            if compiled.mount.matches(path).is_none() {
                continue;
            }
            if !takes(compiled.route) {
                run.passed.push(Passed { route: compiled.route, handler, why: Why::Method });
            } else if run.module.is_some() {
                run.passed.push(Passed { route: compiled.route, handler, why: Why::Later });
            } else {
                run.module = Some(Step { route: compiled.route, handler, params, function_path: text });
            }
        }
        run
    }
}

/// The path as the server of the static assets reads it. Middleware that guards a file must not be led past by
/// another spelling of its path.
fn single_slashes(path: &str) -> String {
    let mut single = String::with_capacity(path.len());
    for letter in path.chars() {
        if letter != '/' || !single.ends_with('/') {
            single.push(letter);
        }
    }
    single
}

/// The beginning of `path` that is `start` with single slashes.
fn with_repeated_slashes(path: &str, start: &str) -> String {
    let mut rest = path;
    for letter in start.chars() {
        rest = rest.get(letter.len_utf8()..).unwrap_or_default();
        if letter == '/' {
            rest = rest.trim_start_matches('/');
        }
    }
    path[..path.len() - rest.len()].to_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// What runs for requests in a project with these files, as in `api/_middleware:/api`.
    fn runs(files: &[&str], requests: &[(&str, &str)]) {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join("functions").join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "Response onRequest(PagesContext context) => Response('');").unwrap();
        }
        let routes = Routes::read(dir.path()).unwrap();
        let matcher = Matcher::new(&routes).unwrap();
        for (path, expected) in requests {
            let run = matcher.run("GET", path);
            let steps = run.middleware.iter().chain(&run.module).map(|step| {
                let file = super::super::slashed(&step.handler.file);
                format!(
                    "{}:{}",
                    file.trim_start_matches("functions/").trim_end_matches(".dart"),
                    step.function_path
                )
            });
            assert_eq!(steps.collect::<Vec<_>>().join(" "), *expected, "{path}");
        }
    }

    #[test]
    fn repeated_slashes_do_not_lead_past_middleware() {
        runs(
            &["api/_middleware.dart", "api/h.dart", "api/[id]/_middleware.dart"],
            &[
                ("/api/h", "api/_middleware:/api api/[id]/_middleware:/api/h api/h:/api/h"),
                ("//api/h", "api/_middleware://api api/[id]/_middleware://api/h"),
                ("/api//h", "api/_middleware:/api api/[id]/_middleware:/api//h"),
                ("///api///", "api/_middleware:///api///"),
                ("//API//x//y", "api/_middleware://API api/[id]/_middleware://API//x"),
                ("//apix", ""),
            ],
        );
    }

    #[test]
    fn middleware_runs_from_the_widest_to_the_narrowest() {
        runs(
            &[
                "_middleware.dart",
                "[[all]]/_middleware.dart",
                "[a]/_middleware.dart",
                "x/_middleware.dart",
                "x/[b]/_middleware.dart",
                "[a]/y/_middleware.dart",
                "x/y.dart",
            ],
            &[
                (
                    "/x/y",
                    "_middleware:/ [[all]]/_middleware:/x/y [a]/_middleware:/x x/_middleware:/x [a]/y/_middleware:/x/y x/[b]/_middleware:/x/y x/y:/x/y",
                ),
                ("/z", "_middleware:/ [[all]]/_middleware:/z [a]/_middleware:/z"),
                ("/", "_middleware:/ [[all]]/_middleware:/"),
            ],
        );
    }
}
