//! Which route is tried before which.

use std::cmp::Ordering;

use icu_collator::{CollatorBorrowed, options::CollatorOptions};

use super::Route;
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Result};

/// Knows the order of texts that JavaScript's `localeCompare` has, which Pages sorts by.
pub(super) struct Order(CollatorBorrowed<'static>);

impl Order {
    pub(super) fn new() -> Result<Self> {
        // Only a fault of the data that is built in leads to the error.
        CollatorBorrowed::try_new(Default::default(), CollatorOptions::default())
            .map(Self)
            .map_err(|error| Error::Environment(Diagnostic::error(format!("cannot sort routes: {error}"))))
    }

    /// More segments first; then, where two differ, plain text before a parameter and that before any number of
    /// segments; a method before all methods; and by their text in the end.
    pub(super) fn compare(&self, one: &Route, other: &Route) -> Ordering {
        self.by(&one.path, &other.path, |segment| (segment.contains('*'), segment.contains(':')), || {
            one.method.is_none().cmp(&other.method.is_none())
        })
    }

    /// As [`compare`](Self::compare) for two rules of a `_routes.json`, which have no parameters and no methods.
    pub(super) fn compare_rules(&self, one: &str, other: &str) -> Ordering {
        self.by(one, other, |segment| (segment.contains('*'), false), || Ordering::Equal)
    }

    fn by(
        &self,
        one: &str,
        other: &str,
        weight: impl Fn(&str) -> (bool, bool),
        then: impl Fn() -> Ordering,
    ) -> Ordering {
        segments(other)
            .count()
            .cmp(&segments(one).count())
            .then_with(|| segments(one).map(&weight).cmp(segments(other).map(&weight)))
            .then_with(then)
            .then_with(|| self.0.compare(one, other))
    }
}

pub(super) fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}
