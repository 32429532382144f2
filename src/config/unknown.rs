//! Warnings about keys that Wrangler does not know.

use super::Source;
use super::keys::{self, Inside, Key, Scope, Table};
use super::value::{Kind, Value};
use crate::diagnostic::{Code, Diagnostic, nearest};

/// A warning for each unknown key, at every level whose keys are known.
pub(crate) fn check(source: &Source, root: &Value) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    check_table(source, root, Table::Top, "", &mut warnings);
    warnings
}

fn check_table(source: &Source, value: &Value, table: Table, path: &str, warnings: &mut Vec<Diagnostic>) {
    if let Kind::Array(items) = &value.kind {
        for item in items {
            check_table(source, item, table, path, warnings);
        }
        return;
    }
    let known = table.keys();
    for entry in value.entries() {
        let inner = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
        let Some(key) = known.iter().find(|key| key.name == entry.key) else {
            let warning = source.warning(
                Code::UnknownKey,
                format!("Wrangler does not know the key `{inner}`"),
                &entry.key_span,
            );
            warnings.push(match hint(&entry.key, table, &known) {
                Some(hint) => warning.hint(hint),
                None => warning,
            });
            continue;
        };
        match key.inside {
            Inside::Nothing | Inside::Anything => {}
            Inside::Keys(keys) => check_table(source, &entry.value, Table::Listed(keys), &inner, warnings),
            Inside::Previews => check_table(source, &entry.value, Table::Previews, &inner, warnings),
            Inside::Environments => {
                for environment in entry.value.entries() {
                    let path = format!("{inner}.{}", environment.key);
                    check_table(source, &environment.value, Table::Environment, &path, warnings);
                }
            }
        }
    }
}

fn hint(key: &str, table: Table, known: &[&'static Key]) -> Option<String> {
    if matches!(table, Table::Environment) && keys::scope(key) == Some(Scope::TopLevel) {
        return Some(format!("`{key}` is read at the top level only, for all environments: move it there"));
    }
    if let Some(near) = nearest(key, known.iter().map(|key| key.name)) {
        return Some(format!("did you mean `{near}`?"));
    }
    if !matches!(table, Table::Top | Table::Environment) && keys::scope(key).is_some() {
        return Some(format!("`{key}` belongs at the top level or in an environment: move it there"));
    }
    None
}
