//! `environment.g.dart`: one typed getter for each binding.
//!
//! The file holds for every environment at once: it has all bindings of the top level and of all named
//! environments, and what is not in each of them is nullable. It depends on the configuration alone, never on
//! `.dev.vars`, so that it can be committed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use super::stubs::{Stub, Stubs};
use super::{name, quoted};
use crate::bindings::{Accessor, BindingKind, KINDS};
use crate::config::{Binding, Config, Environment};
use crate::dart::offers::Offers;
use crate::diagnostic::{Code, Diagnostic};
use crate::error::{Error, Result};

const TEMPLATE: &str = include_str!("../../templates/environment.g.dart.hbs");

#[derive(Debug, Serialize)]
struct Model {
    file: String,
    accessors: Vec<Getter>,
    stubs: Vec<Stub>,
}

#[derive(Debug, Serialize)]
struct Getter {
    noun: &'static str,
    shown: String,
    /// Where there is no such binding.
    absent: Option<String>,
    url: &'static str,
    #[serde(rename = "type")]
    ty: String,
    dart: String,
    expression: String,
}

/// Where the file belongs, from the project's folder.
pub(crate) const FILE: &str = "lib/environment.g.dart";

/// Where the file belongs.
pub(crate) fn path(config: &Config) -> PathBuf {
    config.dir.join(FILE)
}

/// One name over all environments.
struct Merged<'a> {
    name: &'a str,
    /// The environments that have it, and what it is there.
    uses: Vec<(&'a Environment, &'a Binding)>,
}

/// The text of `environment.g.dart` for `config`.
pub(crate) fn generate(config: &Config) -> Result<String> {
    let environments = config.all();
    let merged = merge(environments);
    let has_classes = environments.iter().any(|environment| {
        environment.local_objects().next().is_some() || environment.local_services().next().is_some()
    });
    let offers = if has_classes { Offers::read(&config.dir.join("lib")) } else { Offers::default() };
    let mut stubs = Stubs::new(&offers);
    let names = name::assign(merged.iter().map(|merged| merged.name));
    let accessors = merged
        .iter()
        .filter_map(|merged| Some(merged.getter(environments, names.get(merged.name)?, &mut stubs)))
        .collect::<std::result::Result<_, _>>()
        .map_err(Error::Project)?;
    let model = Model { file: config.format.file_name().to_owned(), accessors, stubs: stubs.made() };
    super::render(TEMPLATE, &model)
}

/// Every name once, in the order of [`KINDS`] and then of first appearance.
fn merge(environments: &[Environment]) -> Vec<Merged<'_>> {
    let mut merged: Vec<Merged<'_>> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for environment in environments {
        for binding in &environment.bindings {
            let at = *places.entry(&binding.name).or_insert_with(|| {
                merged.push(Merged { name: &binding.name, uses: Vec::new() });
                merged.len() - 1
            });
            merged[at].uses.push((environment, binding));
        }
    }
    merged.sort_by_key(|merged| {
        merged.kinds().filter_map(|kind| KINDS.iter().position(|known| known == kind)).min()
    });
    merged
}

impl Merged<'_> {
    fn kinds(&self) -> impl Iterator<Item = &'static BindingKind> {
        self.uses.iter().map(|(_, binding)| binding.kind)
    }

    fn getter(
        &self,
        environments: &[Environment],
        dart: &str,
        stubs: &mut Stubs<'_>,
    ) -> std::result::Result<Getter, Diagnostic> {
        let (kind, reading) = self.reading()?;
        let quoted = quoted(self.name);
        let (ty, mut expression) = match reading {
            Reading::Method { name, ty } => {
                let plain = format!("{name}({quoted})");
                match stubs.of(self.name, &self.uses) {
                    Some(ty) => (ty.clone(), format!("{ty}({plain})")),
                    None => (ty.to_owned(), plain),
                }
            }
            Reading::Secret => ("String".to_owned(), format!("secret({quoted})")),
            Reading::Variable(variable) => variable.read(&quoted),
        };
        let absent: Vec<_> = environments
            .iter()
            .filter(|environment| !self.uses.iter().any(|(other, _)| other.env == environment.env))
            .map(|environment| {
                let env = environment.env.as_deref();
                env.map_or_else(|| "at the top level".to_owned(), |env| format!("in `{}`", shown(env)))
            })
            .collect();
        let optional = !absent.is_empty();
        if optional {
            expression = format!("has({quoted}) ? {expression} : null");
        }
        Ok(Getter {
            noun: kind.noun(),
            shown: shown(self.name),
            absent: optional.then(|| sentence(&absent)),
            url: kind.url,
            ty: if optional && !ty.ends_with('?') { format!("{ty}?") } else { ty },
            dart: dart.to_owned(),
            expression,
        })
    }

    /// How to read this name in all its environments. A variable here and a secret there are both variables;
    /// otherwise a name is of one kind, since an accessor has one type.
    fn reading(&self) -> std::result::Result<(&'static BindingKind, Reading), Diagnostic> {
        let mut variable: Option<VariableType> = None;
        let mut chosen: Option<(&Environment, &Binding)> = None;
        for &(environment, binding) in &self.uses {
            let accessor = binding.kind.accessor;
            if matches!(accessor, Accessor::Variable | Accessor::Secret) {
                let here = environment
                    .vars
                    .iter()
                    .find(|variable| variable.name == self.name)
                    .map_or(VariableType::STRING, |variable| VariableType::of(&variable.value));
                variable = Some(variable.map_or(here, |before| before.join(here)));
            }
            match chosen {
                Some((_, first)) if first.kind == binding.kind => {}
                Some((_, first)) if is_text(first.kind) && is_text(binding.kind) => {
                    if binding.kind.accessor == Accessor::Variable {
                        chosen = Some((environment, binding));
                    }
                }
                Some((_, first)) => {
                    return Err(Diagnostic::error(
                        Code::KindsDiffer,
                        format!("`{}` is not the same kind of binding in all environments", self.name),
                    )
                    .at(first.location.clone(), first.kind.label)
                    .at(binding.location.clone(), binding.kind.label)
                    .hint("generated Dart has one accessor for all environments: rename one of the two"));
                }
                None => chosen = Some((environment, binding)),
            }
        }
        let reading = match (chosen.map(|(_, binding)| binding.kind.accessor), variable) {
            (Some(Accessor::Method { name, ty }), _) => Reading::Method { name, ty },
            (Some(Accessor::Variable), Some(variable)) => Reading::Variable(variable),
            _ => Reading::Secret,
        };
        let kind = chosen.map_or(&KINDS[0], |(_, binding)| binding.kind);
        Ok((kind, reading))
    }
}

fn is_text(kind: &BindingKind) -> bool {
    matches!(kind.accessor, Accessor::Variable | Accessor::Secret)
}

#[derive(Debug)]
enum Reading {
    Method { name: &'static str, ty: &'static str },
    Secret,
    Variable(VariableType),
}

/// The Dart type of a variable's values in all environments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct VariableType {
    /// None when the values have no type in common, or are all null.
    base: Option<Base>,
    /// Nothing but nulls so far.
    only_null: bool,
    nullable: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Base {
    Bool,
    Int,
    Double,
    String,
    List,
    Map,
}

impl VariableType {
    const STRING: Self = Self { base: Some(Base::String), only_null: false, nullable: false };

    fn of(value: &Value) -> Self {
        let base = match value {
            Value::Null => return Self { base: None, only_null: true, nullable: true },
            Value::Bool(_) => Base::Bool,
            Value::Number(number) if number.as_f64().is_some_and(|number| number.fract() == 0.0) => Base::Int,
            Value::Number(_) => Base::Double,
            Value::String(_) => Base::String,
            Value::Array(_) => Base::List,
            Value::Object(_) => Base::Map,
        };
        Self { base: Some(base), only_null: false, nullable: false }
    }

    fn join(self, other: Self) -> Self {
        let base = match (self.base, other.base) {
            (one, _) if other.only_null => one,
            (_, other) if self.only_null => other,
            (one, other) if one == other => one,
            (Some(Base::Int | Base::Double), Some(Base::Int | Base::Double)) => Some(Base::Double),
            _ => None,
        };
        Self { base, only_null: self.only_null && other.only_null, nullable: self.nullable || other.nullable }
    }

    /// The type and the expression that reads a value of it.
    fn read(self, quoted: &str) -> (String, String) {
        let mark = if self.nullable { "?" } else { "" };
        let ty = match self.base {
            None => "Object?".to_owned(),
            Some(Base::Bool) => format!("bool{mark}"),
            Some(Base::Int) => format!("int{mark}"),
            Some(Base::String) => format!("String{mark}"),
            Some(Base::List) => format!("List<Object?>{mark}"),
            Some(Base::Map) => format!("Map<String, Object?>{mark}"),
            Some(Base::Double) => format!("double{mark}"),
        };
        let expression = format!("variable<{ty}>({quoted})");
        (ty, expression)
    }
}

fn sentence(places: &[String]) -> String {
    match places {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A name inside backticks of a comment.
fn shown(name: &str) -> String {
    let plain = |letter: char| !letter.is_control() && !matches!(letter, '`' | '\u{2028}' | '\u{2029}');
    name.chars().map(|letter| if plain(letter) { letter } else { ' ' }).collect()
}
