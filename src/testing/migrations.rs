//! The migrations of D1 databases, which a Worker under test begins with.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::config::{Config, Environment};
use crate::error::{Error, Result};
use crate::files;

/// Where wrangler looks for migrations unless the configuration says otherwise.
const FOLDER: &str = "migrations";

/// The migrations of all databases in the order to apply them in, each with `binding`, `name` and `sql`.
pub(super) fn read(config: &Config, environment: &Environment) -> Result<Vec<Value>> {
    let root = config.flattened(environment);
    let mut migrations = Vec::new();
    for database in root.get("d1_databases").and_then(Value::as_array).into_iter().flatten() {
        let Some(binding) = database["binding"].as_str() else { continue };
        let folder = config.dir.join(database["migrations_dir"].as_str().unwrap_or(FOLDER));
        for name in names(&folder)? {
            let path = folder.join(&name);
            let sql = match files::read_to_string(&path) {
                Ok(sql) => sql,
                Err(source) => return Err(Error::Io { action: "read", path, source }),
            };
            if has_statement(&sql) {
                migrations.push(json!({ "binding": binding, "name": name, "sql": sql }));
            }
        }
    }
    Ok(migrations)
}

/// The files with migrations, as wrangler orders them: by the number that a name begins with.
fn names(folder: &Path) -> Result<Vec<String>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let failed = |source| Error::Io { action: "read", path: folder.to_owned(), source };
    let entries: Vec<_> =
        fs::read_dir(folder).map_err(failed)?.collect::<std::io::Result<_>>().map_err(failed)?;
    let mut names: Vec<_> = entries
        .iter()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| Path::new(name).extension() == Some("sql".as_ref()))
        .collect();
    names.sort_by_cached_key(|name| (number(name), name.clone()));
    Ok(names)
}

fn number(name: &str) -> u64 {
    let digits = name.find(|letter: char| !letter.is_ascii_digit()).map_or(name, |end| &name[..end]);
    digits.parse().unwrap_or(u64::MAX)
}

/// Whether there is more than comments: a database refuses to do nothing.
fn has_statement(sql: &str) -> bool {
    let mut rest = sql.trim_start();
    loop {
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.split_once('\n').map_or("", |(_, after)| after).trim_start();
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, after)| after).trim_start();
        } else if let Some(after) = rest.strip_prefix(';') {
            rest = after.trim_start();
        } else {
            return !rest.is_empty();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Format;

    #[test]
    fn they_are_in_the_order_of_their_numbers() {
        let home = tempfile::tempdir().unwrap();
        for (name, sql) in [
            ("10_c.sql", "c"),
            ("2_b.sql", "b"),
            ("0001_a.sql", "a"),
            ("3_none.sql", "-- later\n;"),
            ("readme.md", ""),
        ] {
            let folder = home.path().join("sql");
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(name), sql).unwrap();
        }
        let text = r#"{ "name": "a", "d1_databases": [
            { "binding": "DB", "database_name": "d", "database_id": "d", "migrations_dir": "sql" },
            { "binding": "NONE", "database_name": "n", "database_id": "n" }] }"#;
        let mut config = Config::of_text(Format::Jsonc, text).unwrap();
        home.path().clone_into(&mut config.dir);
        let migrations = read(&config, &config.resolve(None).unwrap()).unwrap();
        let sql: Vec<_> = migrations.iter().map(|it| (it["binding"].as_str(), it["sql"].as_str())).collect();
        assert_eq!(sql, [(Some("DB"), Some("a")), (Some("DB"), Some("b")), (Some("DB"), Some("c"))]);
    }

    #[test]
    fn comments_alone_are_no_statement() {
        assert!(!has_statement(" -- a\n/* b; */ ;\n--"));
        assert!(has_statement("/* a */ -- b\nselect 1"));
    }
}
