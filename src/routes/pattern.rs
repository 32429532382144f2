//! The path of a route as a pattern for the paths of requests.
//!
//! It is made into a regular expression of ECMAScript exactly as the library that Pages uses for it does
//! (`path-to-regexp` 6.3), so that what matches, and what a parameter is then, is the same to the last corner.

use std::fmt::Write as _;
use std::path::Path;

use regress::Regex;

use crate::diagnostic::{Code, Diagnostic};

/// What of a request's path a pattern has to match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// All of it, but for one slash at its end.
    Whole,
    /// Its beginning, up to the end of a segment.
    Start,
}

#[derive(Debug)]
pub(crate) struct Pattern {
    regex: Regex,
    parameters: Vec<Parameter>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Parameter {
    name: String,
    is_many: bool,
}

/// What a request's path has at the place of a parameter, as it is spelled there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    One(String),
    Many(Vec<String>),
}

/// What of a request's path was matched, and the parameters in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) text: String,
    pub(crate) params: Vec<(String, Value)>,
}

/// Why a path is no pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    /// Nothing is between the parameter and the one after it.
    Adjacent(String),
    /// Any number of segments, inside one segment.
    Inside(String),
    /// Nothing that a file can be called leads here.
    NoPattern(String),
}

enum Token {
    Text(String),
    Parameter { prefix: &'static str, name: String, value: String, is_many: bool },
}

/// What ends a segment.
const DELIMITER: &str = r"[\/#\?]";
/// The letters that [`DELIMITER`] is written with. After one of these the pattern's end is taken for that of a segment,
/// also where it was meant for itself.
const DELIMITER_LETTERS: &str = r"[\/#?]";

impl Pattern {
    /// Of the path of a route.
    pub(crate) fn compile(path: &str, reach: Reach) -> Result<Self, Problem> {
        let mut regex = String::from("^");
        let mut parameters = Vec::new();
        let tokens = tokens(path)?;
        for token in &tokens {
            match token {
                Token::Text(text) => regex += &escaped(text),
                Token::Parameter { prefix, name, value, is_many } => {
                    let prefix = escaped(prefix);
                    // Writing to a `String` cannot fail.
                    let _ = match (is_many, prefix.is_empty()) {
                        (true, true) => return Err(Problem::Inside(name.clone())),
                        (true, false) => write!(regex, "(?:{prefix}((?:{value})(?:{prefix}(?:{value}))*))?"),
                        (false, true) => write!(regex, "({value})"),
                        (false, false) => write!(regex, "(?:{prefix}({value}))"),
                    };
                    parameters.push(Parameter { name: name.clone(), is_many: *is_many });
                }
            }
        }
        let ends_segment = match tokens.last() {
            Some(Token::Text(text)) => text.ends_with(|letter| DELIMITER_LETTERS.contains(letter)),
            Some(Token::Parameter { .. }) => false,
            None => true,
        };
        let _ = match reach {
            Reach::Whole => write!(regex, "{DELIMITER}?$"),
            Reach::Start if ends_segment => write!(regex, "(?:{DELIMITER}(?=$))?"),
            Reach::Start => write!(regex, "(?:{DELIMITER}(?=$))?(?={DELIMITER}|$)"),
        };
        let regex = Regex::with_flags(&regex, "i").map_err(|error| Problem::NoPattern(error.to_string()))?;
        Ok(Self { regex, parameters })
    }

    /// What of `path` it matches, if it does.
    pub(crate) fn matches(&self, path: &str) -> Option<Match> {
        let found = self.regex.find(path)?;
        let mut params: Vec<(String, Value)> = Vec::new();
        for (at, parameter) in self.parameters.iter().enumerate() {
            let Some(range) = found.group(at + 1) else { continue };
            let text = &path[range];
            let value = if parameter.is_many {
                Value::Many(text.split('/').map(str::to_owned).collect())
            } else {
                Value::One(text.to_owned())
            };
            // The last of one name is the one that counts.
            params.retain(|(name, _)| *name != parameter.name);
            params.push((parameter.name.clone(), value));
        }
        Some(Match { text: path[found.range()].to_owned(), params })
    }
}

fn tokens(path: &str) -> Result<Vec<Token>, Problem> {
    let mut tokens = Vec::new();
    let mut text = String::new();
    let mut rest = path;
    while let Some(letter) = rest.chars().next() {
        // Only a slash right before a parameter belongs to it: all else that the library would take is escaped.
        let (prefix, at) = if letter == '/' { ("/", 1) } else { ("", 0) };
        let Some(after) = rest[at..].strip_prefix(':') else {
            if letter == '*' {
                return Err(Problem::NoPattern(format!("there is nothing before a `*` of `{path}`")));
            }
            text.push(letter);
            rest = &rest[letter.len_utf8()..];
            continue;
        };
        let end = after
            .find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
            .unwrap_or(after.len());
        let name = after[..end].to_owned();
        if name.is_empty() {
            return Err(Problem::NoPattern(format!("a `:` of `{path}` has no name after it")));
        }
        if !text.is_empty() {
            tokens.push(Token::Text(std::mem::take(&mut text)));
        }
        let before = match (prefix, tokens.last()) {
            ("", Some(Token::Parameter { name, .. })) => return Err(Problem::Adjacent(name.clone())),
            ("", Some(Token::Text(text))) => text.as_str(),
            _ => prefix,
        };
        let value = if before.is_empty() || before.contains(['/', '#', '?']) {
            r"[^\/#\?]+?".to_owned()
        } else {
            format!(r"(?:(?!{})[^\/#\?])+?", escaped(before))
        };
        rest = &after[end..];
        let many = rest.strip_prefix('*');
        tokens.push(Token::Parameter { prefix, name, value, is_many: many.is_some() });
        rest = many.unwrap_or(rest);
    }
    if !text.is_empty() {
        tokens.push(Token::Text(text));
    }
    Ok(tokens)
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, letter| {
        if ".+*?=^!:${}()[]|/\\".contains(letter) {
            escaped.push('\\');
        }
        escaped.push(letter);
        escaped
    })
}

impl Problem {
    pub(crate) fn in_file(&self, file: &Path) -> Diagnostic {
        let shown = file.display();
        match self {
            Self::Adjacent(name) => Diagnostic::error(Code::RouteName, format!(
                "nothing that could tell them apart is between the parameter `{name}` of `{shown}` and the next one"
            ))
            .hint("put a character between the two that no name has, as in `[a]-[b]`"),
            Self::Inside(name) => Diagnostic::error(Code::RouteName, format!(
                "`[[{name}]]` in `{shown}` stands for any number of segments, and shares one with other text"
            ))
            .hint(format!("put a folder before it, as in `x/[[{name}]].dart`, or take one segment: `[{name}]`")),
            Self::NoPattern(why) => Diagnostic::error(Code::RouteName, format!("`{shown}` makes no route: {why}"))
                .hint("rename the file"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What matches, as in `/a/1 id=1`, with `[1,2]` for many.
    fn matched(path: &str, reach: Reach, request: &str) -> Option<String> {
        let found = Pattern::compile(path, reach).unwrap().matches(request)?;
        let params = found.params.iter().map(|(name, value)| match value {
            Value::One(text) => format!(" {name}={text}"),
            Value::Many(texts) => format!(" {name}=[{}]", texts.join(",")),
        });
        Some(found.text.clone() + &params.collect::<String>())
    }

    #[test]
    fn whole_paths() {
        for (path, request, expected) in [
            ("/", "/", Some("/")),
            ("/", "//", Some("//")),
            ("/", "/a", None),
            ("/a", "/A/", Some("/A/")),
            ("/a", "/a//", None),
            ("/a", "/%61", None),
            ("/a.b+c(d)", "/a.b+c(d)", Some("/a.b+c(d)")),
            ("/a.b", "/axb", None),
            ("/p/:id", "/p/a%2Fb", Some("/p/a%2Fb id=a%2Fb")),
            ("/p/:id", "/p/", None),
            ("/p/:id", "/p//", None),
            ("/:id/:id", "/1/2", Some("/1/2 id=2")),
            ("/:a-:b", "/1-2-3", Some("/1-2-3 a=1-2 b=3")),
            ("/x-:a", "/x-x-", Some("/x-x- a=x-")),
            ("/:a.json", "/a.b.json", Some("/a.b.json a=a.b")),
            ("/q/:r*", "/q", Some("/q")),
            ("/q/:r*", "/q/", Some("/q/")),
            ("/q/:r*", "/q/1/2/", Some("/q/1/2/ r=[1,2]")),
            ("/q/:r*", "/q/1//2", None),
            ("/:r*", "//", None),
            ("/u/:r*/end", "/u/end", Some("/u/end")),
            ("/u/:r*/end", "/u/1/end/end", Some("/u/1/end/end r=[1,end]")),
            ("/[]", "/[]", Some("/[]")),
            ("/[id", "/[id", Some("/[id")),
        ] {
            assert_eq!(matched(path, Reach::Whole, request).as_deref(), expected, "{path} {request}");
        }
    }

    #[test]
    fn beginnings_of_paths() {
        for (path, request, expected) in [
            ("/", "/a/b", Some("/")),
            ("/", "//", Some("//")),
            ("/api", "/api", Some("/api")),
            ("/api", "/API/", Some("/API/")),
            ("/api", "/api/x", Some("/api")),
            ("/api", "/apix", None),
            ("/api", "/api.x", None),
            ("/:a", "/1/2", Some("/1 a=1")),
            ("/x/:r*", "/x/1/2", Some("/x/1/2 r=[1,2]")),
            // The end of a segment is not looked for after one of these.
            ("/a]", "/a]b", Some("/a]")),
        ] {
            assert_eq!(matched(path, Reach::Start, request).as_deref(), expected, "{path} {request}");
        }
    }

    #[test]
    fn long_paths_end() {
        let path = format!("/{}", "a/".repeat(4000));
        assert_eq!(matched("/:r*/end", Reach::Whole, &path), None);
        let segments = path[1..path.len() - 1].replace('/', ",");
        assert_eq!(matched("/:r*", Reach::Whole, &path), Some(format!("{path} r=[{segments}]")));
    }

    #[test]
    fn paths_that_are_no_pattern() {
        let problem = |path| Pattern::compile(path, Reach::Whole).unwrap_err();
        assert_eq!(problem("/:a:b"), Problem::Adjacent("a".into()));
        assert_eq!(problem("/:a*:b"), Problem::Adjacent("a".into()));
        assert_eq!(problem("/:ax:b"), Problem::Adjacent("ax".into()));
        assert_eq!(problem("/x:b*"), Problem::Inside("b".into()));
        assert_eq!(problem("/:a-:b*"), Problem::Inside("b".into()));
        assert!(matches!(problem("/a*"), Problem::NoPattern(_)));
        assert!(matches!(problem("/:"), Problem::NoPattern(_)));
    }
}
