//! The segments of routes, and which of them match the same.

use super::order::segments;
use super::pattern::{Pattern, Reach};

pub(super) fn of_path(path: &str) -> Vec<Segment> {
    segments(path).map(Segment::of).collect()
}

/// A segment of a route.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Segment {
    /// In lower case, since case does not count.
    Text(String),
    Parameter,
    /// Any number of segments.
    Many,
    /// Text and parameters, whose names are left out.
    Mixed(String),
}

impl Segment {
    pub(super) fn of(segment: &str) -> Self {
        let mut shape = String::new();
        let mut rest = segment;
        while let Some(letter) = rest.chars().next() {
            shape.push(letter.to_ascii_lowercase());
            rest = &rest[letter.len_utf8()..];
            if letter == ':' {
                rest =
                    rest.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric() || letter == '_');
            }
        }
        match shape.as_str() {
            ":" => Self::Parameter,
            ":*" => Self::Many,
            _ if shape.contains(':') => Self::Mixed(shape),
            _ => Self::Text(shape),
        }
    }

    /// Whether it matches whatever `other` does. Only what is sure counts.
    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Parameter, Self::Mixed(_)) => !other.is_odd(),
            (Self::Parameter, Self::Text(_)) => true,
            (Self::Mixed(shape), Self::Text(text)) if !self.is_odd() => has_shape(text, shape),
            _ => self == other,
        }
    }

    /// Whether there may be something that both match.
    fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(_), Self::Text(_)) => self == other,
            (Self::Text(text), Self::Mixed(shape)) | (Self::Mixed(shape), Self::Text(text)) => {
                self.is_odd() || other.is_odd() || has_shape(text, shape)
            }
            _ => true,
        }
    }

    /// Whether it stands for any number of segments and shares one with other text.
    pub(super) fn is_odd(&self) -> bool {
        matches!(self, Self::Mixed(shape) if shape.contains('*'))
    }
}

fn has_shape(text: &str, shape: &str) -> bool {
    // A shape is a path whose parameters lack a name.
    Pattern::compile(&format!("/{}", shape.replace(':', ":0")), Reach::Whole)
        .is_ok_and(|pattern| pattern.matches(&format!("/{text}")).is_some())
}

/// Whether all that `path` matches begins with something that `start` does. Only what is sure counts.
pub(super) fn always_starts(start: &[Segment], path: &[Segment]) -> bool {
    match (start, path) {
        ([], _) => true,
        ([Segment::Many, after @ ..], [_, rest @ ..]) => {
            always_starts(after, path) || always_starts(start, rest)
        }
        ([Segment::Many, after @ ..], []) => always_starts(after, path),
        ([first, after @ ..], [segment, rest @ ..]) => first.covers(segment) && always_starts(after, rest),
        (_, []) => false,
    }
}

/// Whether something that `path` matches may begin with something that `start` does.
pub(super) fn may_start(start: &[Segment], path: &[Segment]) -> bool {
    match (start, path) {
        ([], _) => true,
        ([Segment::Many, after @ ..], []) => may_start(after, path),
        ([Segment::Many, after @ ..], [_, rest @ ..]) | ([_, after @ ..], [Segment::Many, rest @ ..]) => {
            may_start(after, path) || may_start(start, rest)
        }
        ([first, after @ ..], [segment, rest @ ..]) => first.meets(segment) && may_start(after, rest),
        (_, []) => false,
    }
}
