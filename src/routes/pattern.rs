//! The path of a route as a pattern for the paths of requests.
//!
//! It is made into a regular expression of ECMAScript exactly as the library that Pages uses for it does
//! (`path-to-regexp` 6.3), so that what matches, and what a parameter is then, is the same to the last corner.

use std::path::Path;

use regress::Regex;

use crate::diagnostic::Diagnostic;

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
                    regex += &match (is_many, prefix.is_empty()) {
                        (true, true) => return Err(Problem::Inside(name.clone())),
                        (true, false) => format!("(?:{prefix}((?:{value})(?:{prefix}(?:{value}))*))?"),
                        (false, true) => format!("({value})"),
                        (false, false) => format!("(?:{prefix}({value}))"),
                    };
                    parameters.push(Parameter { name: name.clone(), is_many: *is_many });
                }
            }
        }
        match reach {
            Reach::Whole => regex += &format!("{DELIMITER}?$"),
            Reach::Start => {
                regex += &format!("(?:{DELIMITER}(?=$))?");
                let ends_segment = match tokens.last() {
                    Some(Token::Text(text)) => text.ends_with(|letter| DELIMITER_LETTERS.contains(letter)),
                    Some(Token::Parameter { .. }) => false,
                    None => true,
                };
                if !ends_segment {
                    regex += &format!("(?={DELIMITER}|$)");
                }
            }
        }
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
            Self::Adjacent(name) => Diagnostic::error(format!(
                "nothing that could tell them apart is between the parameter `{name}` of `{shown}` and the next one"
            ))
            .hint("put a character between the two that no name has, as in `[a]-[b]`"),
            Self::Inside(name) => Diagnostic::error(format!(
                "`[[{name}]]` in `{shown}` stands for any number of segments, and shares one with other text"
            ))
            .hint(format!("put a folder before it, as in `x/[[{name}]].dart`, or take one segment: `[{name}]`")),
            Self::NoPattern(why) => Diagnostic::error(format!("`{shown}` makes no route: {why}"))
                .hint("rename the file"),
        }
    }
}
