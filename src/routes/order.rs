//! Which route is tried before which.

use std::cmp::Ordering;
use std::sync::LazyLock;

use icu_collator::{CollatorBorrowed, CollatorPreferences, options::CollatorOptions};

use super::Route;

/// The order of JavaScript's `localeCompare`, which Pages sorts by: the root's, as that of English is.
#[allow(clippy::expect_used, reason = "its data is built in")]
static COLLATION: LazyLock<CollatorBorrowed<'static>> = LazyLock::new(|| {
    CollatorBorrowed::try_new(CollatorPreferences::default(), CollatorOptions::default())
        .expect("the root's order")
});

/// The one that is tried first comes first: that of more segments; then, where two differ, plain text before a
/// parameter, and that before any number of segments; a method before all methods; and by their text in the end.
pub(super) fn of_routes(one: &Route, other: &Route) -> Ordering {
    compare(
        &one.path,
        &other.path,
        |segment| (segment.contains('*'), segment.contains(':')),
        || one.method.is_none().cmp(&other.method.is_none()),
    )
}

/// The same for two rules of a `_routes.json`, which have neither parameters nor methods.
pub(super) fn of_rules(one: &str, other: &str) -> Ordering {
    compare(one, other, |segment| (segment.contains('*'), false), || Ordering::Equal)
}

fn compare(
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
        .then_with(|| COLLATION.compare(one, other))
}

pub(super) fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}
