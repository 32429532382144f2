//! Middleware that Cloudflare does not ask before it serves a file.
//!
//! In a Pages project it does. For a Worker with `assets` it serves a file that is there at once, and only
//! `run_worker_first` has the Worker run before that.

use crate::config::Environment;
use crate::diagnostic::Diagnostic;
use crate::routes::Routes;

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
        let warning =
            Diagnostic::warning(format!("files are served before the middleware in {which} could refuse it"))
                .at(assets.location.clone(), "served at once")
                .hint(format!("add `run_worker_first = true` here{binding}"));
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    warnings
}

/// Whether a pattern of `run_worker_first` has all that is at and below `path`.
fn covers(pattern: &str, path: &str) -> bool {
    let below = &path[..path.find(':').unwrap_or(path.len())];
    let below = format!("{}/", below.trim_end_matches('/'));
    pattern.strip_suffix('*').is_some_and(|start| below.starts_with(start))
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
