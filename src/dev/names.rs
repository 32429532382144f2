//! By which names requests may come, against web pages that have a name of their own lead to this machine.
//!
//! A browser that asks `http://evil.example:8787/` after that name was pointed to 127.0.0.1 lets the page of that name
//! read the answer. By an address or as `localhost` no other page than the Worker's own can.

use std::ffi::OsString;

use serde_json::Value;

use crate::config::Config;

/// Flags of wrangler that give every request the name of the Worker in production.
const FLAGS: [&str; 4] = ["--host", "--local-upstream", "--route", "--routes"];

/// The names that `allowed` adds to this machine's own; none if wrangler hides by which name a request came, as it does
/// for a Worker with routes: then there is nothing to tell pages apart by.
pub(super) fn told(config: &Config, allowed: &[String], passed_on: &[OsString]) -> Option<Vec<String>> {
    let is_hidden_by_flag = passed_on.iter().any(|given| {
        let given = given.to_string_lossy();
        let flag = given.split_once('=').map_or(&*given, |(flag, _)| flag);
        FLAGS.contains(&flag)
    });
    let root = config.to_json();
    let environments = root["env"].as_object().into_iter().flat_map(|all| all.values());
    let is_hidden = is_hidden_by_flag || has_name(&root) || environments.into_iter().any(has_name);
    (!is_hidden).then(|| allowed.iter().map(|name| name.to_lowercase()).collect())
}

fn has_name(table: &Value) -> bool {
    let is_given = |value: &Value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty());
    is_given(&table["route"]) || is_given(&table["routes"]) || is_given(&table["dev"]["host"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Format;

    #[test]
    fn a_worker_with_routes_has_its_own_name_for_everyone() {
        let told = |text: &str, flags: &[&str]| {
            let config = Config::of_text(Format::Jsonc, text).unwrap();
            let flags: Vec<OsString> = flags.iter().map(OsString::from).collect();
            told(&config, &["Mine.test".to_owned()], &flags)
        };
        let own = Some(vec!["mine.test".to_owned()]);
        assert_eq!(told(r#"{ "name": "w" }"#, &["--ip", "0.0.0.0", "--hosts"]), own);
        assert_eq!(told(r#"{ "name": "w", "routes": [] }"#, &[]), own);
        assert_eq!(told(r#"{ "name": "w", "route": "a.com/*" }"#, &[]), None);
        assert_eq!(told(r#"{ "name": "w", "env": { "live": { "routes": ["a.com/*"] } } }"#, &[]), None);
        assert_eq!(told(r#"{ "name": "w", "dev": { "host": "a.com" } }"#, &[]), None);
        for flag in ["--host", "--host=a.com", "--local-upstream=b.com"] {
            assert_eq!(told(r#"{ "name": "w" }"#, &[flag, "a.com"]), None, "{flag}");
        }
    }
}
