//! Middleware that Cloudflare does not ask before it serves a file.
//!
//! For a Worker with `assets` it serves a file that is there at once, and only `run_worker_first` has the Worker run
//! before that. In a Pages project the rules of `_routes.json` say which requests reach the Worker. They compare the
//! path as it was sent, while a file is found by any spelling of its path.

use std::fs;
use std::path::Path;

use crate::config::Environment;
use crate::diagnostic::{Code, Diagnostic};
use crate::files::shown;
use crate::routes::{Route, Routes, routes_json};

/// A warning for each configuration of files, in these environments, that some middleware of `routes` comes too late for.
pub(crate) fn unguarded(environments: &[Environment], routes: &Routes) -> Vec<Diagnostic> {
    let mut warnings: Vec<Diagnostic> = Vec::new();
    for assets in environments.iter().filter_map(|environment| environment.assets.as_ref()) {
        let mut late: Vec<String> = Vec::new();
        for route in &routes.routes {
            let Some(middleware) = &route.middleware else { continue };
            let file = middleware.file.display().to_string();
            if !late.contains(&file) && !assets.worker_first.iter().any(|rule| covers(rule, &route.path)) {
                late.push(file);
            }
        }
        late.sort();
        let which = match late.as_slice() {
            [] => continue,
            [one] => format!("`{one}`"),
            [one, _] => format!("`{one}` and 1 more file"),
            [one, more @ ..] => format!("`{one}` and {} more files", more.len()),
        };
        let binding =
            if assets.is_bound { "" } else { ", and a `binding` through which the Worker can serve them" };
        let warning = Diagnostic::warning(
            Code::FilesBeforeMiddleware,
            format!("files are served before the middleware in {which} could refuse it"),
        )
        .at(assets.location.clone(), "served at once")
        .hint(format!("add `run_worker_first = true` here{binding}"));
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    warnings
}

/// A warning if the middleware of a Pages project, which serves the folder `served`, guards files there that can be had
/// without it.
pub(crate) fn bypassed(served: &Path, routes: &Routes) -> Option<Diagnostic> {
    if routes.routes_json().include.iter().any(|rule| rule == "/*") {
        return None;
    }
    let found = |route: &Route| {
        let middleware = route.middleware.as_ref()?;
        let guarded = below(&route.path);
        let folder = served.join(guarded.trim_matches('/'));
        let file = fs::read_dir(&folder).ok()?.flatten().map(|entry| entry.path()).min()?;
        let folder = guarded.trim_matches('/');
        Some(
            Diagnostic::warning(Code::MiddlewarePassedBy, format!(
                "the middleware in `{}` is not asked for `{}` when the path begins with `//{folder}`, or with letters \
                 written as `%61`",
                middleware.file.display(),
                shown(&file).display()
            ))
            .hint(format!(
                "have every request reach the Worker: write `{}` with `\"include\": [\"/*\"]`, or guard the file in \
                 `functions/_middleware.dart`",
                shown(&served.join(routes_json::NAME)).display()
            )),
        )
    };
    routes.routes.iter().rev().find_map(found)
}

/// What the paths begin with that a middleware at `path` is for, up to the first parameter.
fn below(path: &str) -> String {
    let plain = &path[..path.find(':').unwrap_or(path.len())];
    format!("{}/", plain.trim_end_matches('/'))
}

/// Whether a pattern of `run_worker_first` has all that is at and below `path`.
fn covers(pattern: &str, path: &str) -> bool {
    pattern.strip_suffix('*').is_some_and(|start| below(path).starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_what_is_below_it() {
        for (pattern, path, expected) in [
            ("/*", "/", true),
            ("/*", "/api", true),
            ("/*", "/:path*", true),
            ("/api/*", "/api", true),
            ("/api/*", "/api/:id/x", true),
            ("/api/v1/*", "/api", false),
            ("/api/*", "/", false),
            ("/api/*", "/:path*", false),
            ("/api", "/api", false),
            ("!/api/*", "/api", false),
        ] {
            assert_eq!(covers(pattern, path), expected, "{pattern} {path}");
        }
    }
}
