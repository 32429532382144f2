//! The routes as a person reads them: a line for each file and path, with what runs before it.

use std::collections::HashMap;

use super::segment::{self, Segment};
use super::{Handler, Method, Route, Routes};

/// A file that answers, or the static assets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row<'r> {
    pub(crate) answers: Option<Answers<'r>>,
    /// The middleware, in the order in which it runs.
    pub(crate) before: Vec<Before<'r>>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answers<'r> {
    pub(crate) path: &'r str,
    /// None of them for those of every method.
    pub(crate) methods: Vec<Option<Method>>,
    pub(crate) handler: &'r Handler,
}

/// A file of middleware.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Before<'r> {
    pub(crate) handler: &'r Handler,
    /// The methods that it is for, where the row has others too.
    pub(crate) methods: Vec<Method>,
    /// Whether it runs for all paths of the row.
    pub(crate) is_sure: bool,
}

impl Routes {
    /// The one that is tried first comes first; in the end what no file answers.
    pub(crate) fn overview(&self) -> Vec<Row<'_>> {
        let mut answers: Vec<Answers<'_>> = Vec::new();
        let mut places = HashMap::new();
        for route in &self.routes {
            let Some(handler) = &route.module else { continue };
            let at = *places.entry((&route.path, &handler.file)).or_insert_with(|| {
                answers.push(Answers { path: &route.path, methods: Vec::new(), handler });
                answers.len() - 1
            });
            answers[at].methods.push(route.method);
        }
        let middleware: Vec<(&Route, &Handler, Vec<Segment>)> = self
            .routes
            .iter()
            .rev()
            .filter_map(|route| Some((route, route.middleware.as_ref()?, segment::of_path(&route.path))))
            .collect();
        let rows = answers.into_iter().map(|answers| {
            let path = segment::of_path(answers.path);
            let before = before(&middleware, &path, &answers.methods);
            Row { answers: Some(answers), before }
        });
        let otherwise = Row { answers: None, before: before(&middleware, &[Segment::Many], &[None]) };
        rows.chain([otherwise]).collect()
    }
}

fn before<'r>(
    middleware: &[(&'r Route, &'r Handler, Vec<Segment>)],
    path: &[Segment],
    methods: &[Option<Method>],
) -> Vec<Before<'r>> {
    let mut before: Vec<Before<'r>> = Vec::new();
    for (route, handler, start) in middleware {
        let is_asked = route.method.is_none() || methods.contains(&None) || methods.contains(&route.method);
        if !is_asked || !segment::may_start(start, path) {
            continue;
        }
        let known = before.iter().position(|known| known.handler.file == handler.file);
        let at = known.unwrap_or_else(|| {
            let is_sure = segment::always_starts(start, path);
            before.push(Before { handler, methods: Vec::new(), is_sure });
            before.len() - 1
        });
        // That for all methods comes first, and then the others of its file say nothing new.
        let is_new = known.is_none() || !before[at].methods.is_empty();
        if is_new && let Some(method) = route.method {
            before[at].methods.insert(0, method);
        }
    }
    for file in &mut before {
        let is_all = methods.iter().all(|method| method.is_some_and(|method| file.methods.contains(&method)));
        if is_all {
            file.methods.clear();
        }
    }
    before
}
