//! From the text of a configuration file to [`Value`]s.

use std::collections::HashMap;

use jsonc_parser::ParseOptions;
use jsonc_parser::ast;
use jsonc_parser::common::Ranged as _;
use serde_json::Number;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Format;
use super::value::{Entry, Kind, Span, Value};
use crate::diagnostic::Code;

/// What stands in the way of reading a file, and where.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) span: Span,
    pub(crate) hint: Option<String>,
}

impl Problem {
    fn new(code: Code, message: impl Into<String>, span: Span) -> Self {
        Self { code, message: message.into(), span, hint: None }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// A file's values, and what Wrangler would silently drop.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) root: Value,
    /// Keys that a later one of the same name replaces: (first, second).
    pub(crate) repeated: Vec<(Entry, Span)>,
}

/// Reads `source`; the root is always an object.
pub(crate) fn parse(format: Format, source: &str) -> Result<Parsed, Problem> {
    match format {
        Format::Toml => toml(source),
        Format::Json | Format::Jsonc => json(source),
    }
}

fn toml(source: &str) -> Result<Parsed, Problem> {
    let table = DeTable::parse(source).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        let why = one_line(error.message());
        let problem = Problem::new(Code::NotToml, format!("this is not TOML: {why}"), span);
        // What else is wrong tells what was expected.
        if why == "duplicate key" { problem.hint("keep one of the two") } else { problem }
    })?;
    // The root's own span is no use to a message; the start of the file is.
    Ok(Parsed { root: toml_table(table.get_ref(), 0..0)?, repeated: Vec::new() })
}

fn toml_table(table: &DeTable<'_>, span: Span) -> Result<Value, Problem> {
    let mut entries = Vec::with_capacity(table.len());
    for (key, value) in table {
        let name = key.get_ref().to_string();
        let value = toml_value(value, &name)?;
        entries.push(Entry { key: name, key_span: key.span(), value });
    }
    Ok(Value { span, kind: Kind::Object(entries) })
}

fn toml_value(value: &Spanned<DeValue<'_>>, key: &str) -> Result<Value, Problem> {
    let span = value.span();
    let kind = match value.get_ref() {
        DeValue::String(text) => Kind::String(text.to_string()),
        DeValue::Boolean(value) => Kind::Bool(*value),
        DeValue::Integer(value) => match i64::from_str_radix(value.as_str(), value.radix()) {
            Ok(number) => Kind::Number(number.into()),
            Err(_) => {
                return Err(Problem::new(
                    Code::UnfitValue,
                    format!("the number of `{key}` is too large"),
                    span,
                )
                .hint("write it as text, between quotes"));
            }
        },
        DeValue::Float(value) => match value.as_str().parse::<f64>().ok().and_then(Number::from_f64) {
            Some(number) => Kind::Number(number),
            None => {
                return Err(Problem::new(
                    Code::UnfitValue,
                    format!("`{key}` is a number that JSON does not know"),
                    span,
                )
                .hint(
                    "Wrangler passes numbers on as JSON, which has no `inf` and no `nan`: write a string",
                ));
            }
        },
        DeValue::Datetime(date) => {
            return Err(Problem::new(
                Code::UnfitValue,
                format!("`{key}` is a TOML date, which Wrangler does not take"),
                span,
            )
            .hint(format!("write it as a string: `{key} = \"{date}\"`")));
        }
        DeValue::Array(items) => {
            Kind::Array(items.iter().map(|item| toml_value(item, key)).collect::<Result<_, _>>()?)
        }
        DeValue::Table(table) => return toml_table(table, span),
    };
    Ok(Value { span, kind })
}

/// What Wrangler's own reader takes: comments and trailing commas in both `.json` and `.jsonc`, nothing looser.
const JSON: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

fn json(source: &str) -> Result<Parsed, Problem> {
    let parsed = jsonc_parser::parse_to_ast(source, &jsonc_parser::CollectOptions::default(), &JSON)
        .map_err(|error| {
            let range = error.range();
            Problem::new(
                Code::NotJson,
                format!("this is not JSON: {}", one_line(&error.kind().to_string())),
                range.start..range.end,
            )
            .hint("only comments and commas before a closing bracket are taken beyond JSON itself")
        })?;
    let mut repeated = Vec::new();
    match parsed.value {
        Some(value @ ast::Value::Object(_)) => {
            Ok(Parsed { root: json_value(value, &mut repeated)?, repeated })
        }
        Some(other) => {
            let range = other.range();
            Err(Problem::new(Code::NoObject, "a configuration is one JSON object", range.start..range.end)
                .hint("put everything between `{` and `}`"))
        }
        None => Err(Problem::new(Code::NoObject, "this file has no configuration in it", 0..0)
            .hint("a configuration is one JSON object, between `{` and `}`")),
    }
}

fn json_value(value: ast::Value<'_>, repeated: &mut Vec<(Entry, Span)>) -> Result<Value, Problem> {
    let range = value.range();
    let span = range.start..range.end;
    let kind = match value {
        ast::Value::NullKeyword(_) => Kind::Null,
        ast::Value::BooleanLit(literal) => Kind::Bool(literal.value),
        ast::Value::StringLit(literal) => Kind::String(literal.value.into_owned()),
        ast::Value::NumberLit(literal) => match literal.value.parse::<Number>() {
            Ok(number) => Kind::Number(number),
            Err(_) => {
                return Err(Problem::new(
                    Code::UnfitValue,
                    format!("`{}` is not a JSON number", literal.value),
                    span,
                )
                .hint("write it as text, between quotes"));
            }
        },
        ast::Value::Array(array) => Kind::Array(
            array.elements.into_iter().map(|item| json_value(item, repeated)).collect::<Result<_, _>>()?,
        ),
        ast::Value::Object(object) => {
            let mut entries: Vec<Entry> = Vec::with_capacity(object.properties.len());
            let mut seen: HashMap<String, usize> = HashMap::new();
            for property in object.properties {
                let range = property.name.range();
                let key_span = range.start..range.end;
                let key = property.name.into_string();
                let value = json_value(property.value, repeated)?;
                let entry = Entry { key, key_span, value };
                // JSON's last one counts, in the place of the first, as in JavaScript.
                if let Some(&at) = seen.get(&entry.key) {
                    let again = entry.key_span.clone();
                    repeated.push((std::mem::replace(&mut entries[at], entry), again));
                } else {
                    seen.insert(entry.key.clone(), entries.len());
                    entries.push(entry);
                }
            }
            Kind::Object(entries)
        }
    };
    Ok(Value { span, kind })
}

/// The first line of what a parser says, in our manner.
fn one_line(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default().trim().trim_end_matches('.');
    let mut letters = line.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
