//! What the user reads when something is wrong: what, where, and what to do next, in that order.

use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};

use anstyle::{AnsiColor, Style};

pub(crate) use crate::code::Code;

/// How much a diagnostic weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Severity {
    /// The command cannot do what was asked.
    Error,
    /// The command goes on, and the user should know.
    Warning,
}

/// A place in a text file, with the line it stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Location {
    /// The file, as the user would name it.
    pub(crate) path: PathBuf,
    /// From 1.
    pub(crate) line: usize,
    /// From 1, in characters.
    pub(crate) column: usize,
    /// How many characters to underline; at least 1 is drawn.
    pub(crate) width: usize,
    /// The line without its end; of a longer one than anybody reads the part around the place.
    pub(crate) text: String,
    /// How many characters of `text` stand before the place.
    indent: usize,
}

/// How many characters of a line are shown.
const WIDEST: usize = 200;

impl Location {
    /// The place at `column` of the line `text`.
    pub(crate) fn new(path: PathBuf, line: usize, column: usize, width: usize, text: &str) -> Self {
        let before = column.saturating_sub(1);
        if text.chars().nth(WIDEST).is_none() {
            return Self { path, line, column, width, text: text.to_owned(), indent: before };
        }
        let from = before.saturating_sub(WIDEST / 2);
        let head = if from == 0 { "" } else { "..." };
        let mut letters = text.chars().skip(from);
        let part: String = letters.by_ref().take(WIDEST).collect();
        let tail = if letters.next().is_some() { "..." } else { "" };
        let width = width.clamp(1, WIDEST - (before - from).min(WIDEST - 1));
        let indent = before - from + head.len();
        Self { path, line, column, width, text: format!("{head}{part}{tail}"), indent }
    }

    /// The place of the bytes `start..end` in `source`; what of it is beyond the line is cut at the line's end.
    pub(crate) fn of_span(path: &Path, source: &str, start: usize, end: usize) -> Self {
        let start = floor_char_boundary(source, start);
        let line_start = source[..start].rfind('\n').map_or(0, |at| at + 1);
        let line = source[..line_start].matches('\n').count() + 1;
        Self::in_line(path, source, line, line_start, start, end)
    }

    /// As [`Location::of_span`] of a line that is known, with the byte that it begins at.
    pub(crate) fn in_line(
        path: &Path,
        source: &str,
        line: usize,
        line_start: usize,
        start: usize,
        end: usize,
    ) -> Self {
        let start = floor_char_boundary(source, start);
        let end = floor_char_boundary(source, end);
        let line_end = source[start..].find('\n').map_or(source.len(), |at| start + at);
        let text = source[line_start..line_end].trim_end_matches('\r');
        // A place can be within the line's end, which nobody sees.
        let line_end = line_start + text.len();
        let start = start.min(line_end);
        let end = end.clamp(start, line_end);
        let column = source[line_start..start].chars().count() + 1;
        Self::new(path.to_owned(), line, column, source[start..end].chars().count(), text)
    }
}

fn floor_char_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// One message to the user. [`fmt::Display`] draws it with colour codes; a stream without colour strips them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Diagnostic {
    pub(crate) severity: Severity,
    /// Names the page that explains it; what a compiler says has none.
    pub(crate) code: Option<Code>,
    /// What is wrong: one sentence, lower case, no full stop.
    pub(crate) message: String,
    /// Where it is wrong, each place with a few words of its own (or none).
    pub(crate) locations: Vec<(Location, String)>,
    /// What to do next: one sentence, lower case, no full stop.
    pub(crate) hint: Option<String>,
}

impl Diagnostic {
    pub(crate) fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    pub(crate) fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    fn new(severity: Severity, code: Code, message: impl Into<String>) -> Self {
        Self { severity, code: Some(code), message: message.into(), locations: Vec::new(), hint: None }
    }

    /// Adds a place, with a few words beside its underline.
    pub(crate) fn at(mut self, location: Location, label: impl Into<String>) -> Self {
        self.locations.push((location, label.into()));
        self
    }

    /// Says what to do next.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// As text without colours.
    pub(crate) fn plain(&self) -> String {
        anstream::adapter::strip_str(&self.to_string()).to_string()
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bold = Style::new().bold();
        let (style, word) = match self.severity {
            Severity::Error => (AnsiColor::Red.on_default().bold(), "error"),
            Severity::Warning => (AnsiColor::Yellow.on_default().bold(), "warning"),
        };
        let frame = AnsiColor::Blue.on_default().bold();
        write!(f, "{style}{word}")?;
        if let Some(code) = self.code {
            write!(f, "[{code}]")?;
        }
        writeln!(f, "{style:#}{bold}: {}{bold:#}", harmless(&self.message))?;
        let gutter = self.locations.iter().map(|(at, _)| at.line.to_string().len()).max().unwrap_or(0);
        for (at, label) in &self.locations {
            let pad = " ".repeat(gutter);
            let path = at.path.display().to_string();
            writeln!(f, "{pad}{frame}-->{frame:#} {}:{}:{}", harmless(&path), at.line, at.column)?;
            writeln!(f, "{pad} {frame}|{frame:#}")?;
            writeln!(f, "{frame}{:>gutter$} |{frame:#} {}", at.line, harmless(&at.text.replace('\t', " ")))?;
            let mut mark = "^".repeat(at.width.max(1));
            if !label.is_empty() {
                write!(mark, " {}", harmless(label))?;
            }
            let indent = " ".repeat(at.indent);
            writeln!(f, "{pad} {frame}|{frame:#} {indent}{style}{mark}{style:#}")?;
        }
        if let Some(hint) = &self.hint {
            let cyan = AnsiColor::Cyan.on_default().bold();
            writeln!(f, "{cyan}hint{cyan:#}: {}", harmless(hint))?;
        }
        Ok(())
    }
}

/// `text` with a picture for each character that a terminal would obey: what a message quotes may have any. One that
/// would turn the order of letters around is not seen either, and may make a line look like another.
pub(crate) fn harmless(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '\n' => letter,
            '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(letter)).unwrap_or('\u{fffd}'),
            '\x7f' => '\u{2421}',
            '\u{80}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            _ => letter,
        })
        .collect()
}

/// The name in `known` that `wrong` most likely meant, if any is near.
pub(crate) fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&wrong, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= name.chars().count().max(3) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_within_a_line_end_is_the_end_of_the_line() {
        let source = "a = \"b\r\r\r\n";
        for start in 6..=9 {
            let location = Location::of_span(Path::new("wrangler.toml"), source, start, source.len());
            assert_eq!(location, Location::new("wrangler.toml".into(), 1, 7, 0, "a = \"b"), "{start}");
        }
    }

    #[test]
    fn what_a_message_quotes_does_not_reach_the_terminal() {
        let source = "a = \x1b[31m\u{9b}\u{202e}\x07";
        let path = Path::new("\x1b]0;title\x07.toml");
        let diagnostic = Diagnostic::warning(Code::UnknownKey, "no `\x1b[2J`\r")
            .at(Location::of_span(path, source, 4, 5), "\x7f")
            .hint("\u{2066}");
        let expected = "warning[W0105]: no `\u{241b}[2J`\u{240d}\n --> \u{241b}]0;title\u{2407}.toml:1:5\n  |\n\
                        1 | a = \u{241b}[31m\u{fffd}\u{fffd}\u{2407}\n  |     ^ \u{2421}\nhint: \u{fffd}\n";
        assert_eq!(diagnostic.plain(), expected);
    }
}
