//! Version ranges as pubspecs and npm packages write them.

use semver::{Op, Version, VersionReq};

/// Any of some conjunctions: `^3.5.0`, `>=3.5.0 <4.0.0`, `>=18 || ^16.4`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Range(Vec<VersionReq>);

impl Range {
    /// Reads a range; `None` when it is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        text.split("||").map(conjunction).collect::<Option<_>>().map(Self)
    }

    /// Whether `version` is in the range; a pre-release counts as the version it leads to.
    pub(crate) fn allows(&self, version: &Version) -> bool {
        let release = Version::new(version.major, version.minor, version.patch);
        self.0.iter().any(|all| all.matches(&release))
    }

    /// Major and minor of the least version, which decides the language version of a Dart package.
    pub(crate) fn least(&self) -> Option<(u64, u64)> {
        let bound = |all: &VersionReq| {
            let lower = all.comparators.iter().filter(|one| {
                matches!(one.op, Op::Caret | Op::Tilde | Op::Exact | Op::Greater | Op::GreaterEq)
            });
            lower.map(|one| (one.major, one.minor.unwrap_or(0))).max()
        };
        self.0.iter().map(bound).min().flatten()
    }
}

fn conjunction(text: &str) -> Option<VersionReq> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    if matches!(text, "any" | "*") {
        return Some(VersionReq::STAR);
    }
    let mut bounds = String::new();
    for word in text.split_whitespace() {
        // `>= 1.0.0` is one bound in two words; a bare version means itself, not "compatible with".
        if !bounds.is_empty() && !bounds.ends_with(['>', '<', '=', '^', '~']) {
            bounds.push(',');
        }
        if bounds.is_empty() || bounds.ends_with(',') {
            let bare = word.starts_with(|first: char| first.is_ascii_digit());
            bounds.push_str(if bare { "=" } else { "" });
        }
        bounds.push_str(word);
    }
    // `>=1.0.0<2.0.0` needs no blank in a pubspec.
    let mut separated = String::new();
    for letter in bounds.chars() {
        if matches!(letter, '<' | '>') && separated.ends_with(|last: char| last.is_ascii_alphanumeric()) {
            separated.push(',');
        }
        separated.push(letter);
    }
    VersionReq::parse(&separated).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(range: &str, version: &str) -> bool {
        Range::parse(range).unwrap().allows(&Version::parse(version).unwrap())
    }

    #[test]
    fn ranges() {
        for (range, inside, outside) in [
            ("^3.5.0", "3.7.3", "4.0.0"),
            (">=3.5.0 <4.0.0", "3.99.0", "3.4.4"),
            (">= 3.5.0 < 4.0.0", "3.5.0", "4.0.0"),
            (">=2.19.0<3.0.0", "2.19.6", "3.0.0"),
            ("3.7.3", "3.7.3", "3.7.4"),
            (">=20.3.0", "22.0.0", "20.2.9"),
            (">=18 || ^16.4.1", "16.5.0", "17.0.0"),
            ("^0.1.0", "0.1.9", "0.2.0"),
            ("<4.0.0", "3.0.0", "4.0.1"),
        ] {
            assert!(allows(range, inside), "{range} allows {inside}");
            assert!(!allows(range, outside), "{range} refuses {outside}");
        }
        assert!(allows("any", "1.0.0"));
        assert!(allows("^3.5.0", "3.8.0-171.0.dev"));
    }

    #[test]
    fn not_ranges() {
        for text in ["", "three", "^3.5.x.y", ">=", "^3.5.0 ||"] {
            assert_eq!(Range::parse(text), None, "{text}");
        }
    }

    #[test]
    fn least_version() {
        let least = |range| Range::parse(range).unwrap().least();
        assert_eq!(least("^3.5.0"), Some((3, 5)));
        assert_eq!(least(">=2.12.0 <4.0.0"), Some((2, 12)));
        assert_eq!(least("<4.0.0"), None);
        assert_eq!(least("any"), None);
        assert_eq!(least("3.7.3"), Some((3, 7)));
    }
}
