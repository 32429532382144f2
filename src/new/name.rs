//! What a project is called: the Dart package and the Worker by one name, each as its own rules want it.

use crate::codegen;

/// The longest name of a Pages project; that of a Worker may be a little longer.
const LONGEST: usize = 58;

/// What generated imports, or Dart itself, take for something else.
const TAKEN: [&str; 3] = ["cloudflare_workers", "cloudflare_workers_http", "test"];

/// A name that both the Dart package and the Worker can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    /// In lower case, with underscores between the words.
    package: String,
}

/// Why a text is no name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoName {
    /// As the end of a sentence that begins with the text.
    pub(crate) why: String,
    /// A name that is near.
    pub(crate) suggestion: Option<Name>,
}

impl Name {
    /// Takes `my_worker` and `my-worker` for the same.
    pub(crate) fn parse(text: &str) -> Result<Self, NoName> {
        match wrong(text) {
            None => Ok(Self { package: text.replace('-', "_") }),
            Some(why) => Err(NoName { why, suggestion: Self::near(text) }),
        }
    }

    /// The name for a project in a folder that is called `folder`, by whatever name.
    pub(crate) fn of_folder(folder: &str) -> Result<Self, NoName> {
        let plain = plain(folder);
        match wrong(&plain) {
            None => Ok(Self { package: plain }),
            Some(_) if plain.is_empty() => {
                Err(NoName { why: "has no letters that a name can have".to_owned(), suggestion: None })
            }
            Some(why) => Err(NoName { why, suggestion: Self::near(folder) }),
        }
    }

    /// The name of the Dart package.
    pub(crate) fn package(&self) -> &str {
        &self.package
    }

    /// The name of the Worker, which becomes a part of its address.
    pub(crate) fn worker(&self) -> String {
        self.package.replace('_', "-")
    }

    fn near(text: &str) -> Option<Self> {
        let mut plain = plain(text);
        if plain.is_empty() {
            return None;
        }
        if plain.starts_with(|first: char| first.is_ascii_digit()) {
            plain.insert_str(0, "worker_");
        }
        plain.truncate(LONGEST);
        plain.truncate(plain.trim_end_matches('_').len());
        if wrong(&plain).is_some() {
            plain.push_str("_worker");
        }
        wrong(&plain).is_none().then_some(Self { package: plain })
    }
}

/// Why `text` is no name, if it is none.
fn wrong(text: &str) -> Option<String> {
    let package = text.replace('-', "_");
    let why = if text.is_empty() {
        "is empty".to_owned()
    } else if !text.chars().all(|letter| matches!(letter, 'a'..='z' | '0'..='9' | '_' | '-')) {
        "has other letters than `a` to `z`, digits, underscores and dashes".to_owned()
    } else if !text.starts_with(|first: char| first.is_ascii_lowercase()) {
        "does not begin with a letter".to_owned()
    } else if text.ends_with(['_', '-']) {
        "ends with neither a letter nor a digit".to_owned()
    } else if text.len() > LONGEST {
        format!("has {} letters, and {LONGEST} is the most", text.len())
    } else if codegen::is_word(&package) {
        "is a word of the Dart language".to_owned()
    } else if TAKEN.contains(&package.as_str()) {
        "is the name of a package that the project uses".to_owned()
    } else {
        return None;
    };
    Some(why)
}

/// The words of `text`, in plain letters and lower case.
fn plain(text: &str) -> String {
    let plain = deunicode::deunicode(text).to_ascii_lowercase();
    let words = plain.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_gives_both() {
        for text in ["my_worker", "my-worker"] {
            let name = Name::parse(text).unwrap();
            assert_eq!((name.package(), name.worker().as_str()), ("my_worker", "my-worker"));
        }
    }

    #[test]
    fn what_is_no_name_says_why_and_what_would_be() {
        let long = "a".repeat(59);
        let cut = "a".repeat(58);
        for (text, why, suggestion) in [
            ("My App", "has other letters than `a` to `z`, digits, underscores and dashes", Some("my_app")),
            ("Übung", "has other letters than `a` to `z`, digits, underscores and dashes", Some("ubung")),
            ("2048", "does not begin with a letter", Some("worker_2048")),
            ("_a", "does not begin with a letter", Some("a")),
            ("a-", "ends with neither a letter nor a digit", Some("a")),
            ("class", "is a word of the Dart language", Some("class_worker")),
            (
                "cloudflare-workers",
                "is the name of a package that the project uses",
                Some("cloudflare_workers_worker"),
            ),
            ("test", "is the name of a package that the project uses", Some("test_worker")),
            (&long, "has 59 letters, and 58 is the most", Some(&cut)),
            ("", "is empty", None),
            ("!", "has other letters than `a` to `z`, digits, underscores and dashes", None),
        ] {
            let wrong = Name::parse(text).unwrap_err();
            assert_eq!(wrong.why, why, "{text}");
            assert_eq!(wrong.suggestion.as_ref().map(Name::package), suggestion, "{text}");
        }
    }

    #[test]
    fn a_folder_may_be_called_anything() {
        for (folder, package) in [
            ("My App", "my_app"),
            ("meine Übung", "meine_ubung"),
            ("große.straße", "grosse_strasse"),
            ("привет", "privet"),
            ("a--b__c", "a_b_c"),
        ] {
            assert_eq!(Name::of_folder(folder).unwrap().package(), package, "{folder}");
        }
        let wrong = Name::of_folder("2048").unwrap_err();
        assert_eq!(wrong.suggestion.unwrap().package(), "worker_2048");
        assert_eq!(Name::of_folder("...").unwrap_err().why, "has no letters that a name can have");
    }
}
