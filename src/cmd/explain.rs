//! `dartflare explain`: what an error, a warning or an exception means, and what to do.

use std::process::ExitCode;

use clap::Args;

use crate::code::Code;
use crate::diagnostic::nearest;
use crate::printer::Printer;

const EXAMPLES: &str = "\
Examples:
  dartflare explain E0102
  dartflare explain BindingError
  dartflare explain";

/// Explain an error, a warning or an exception
///
/// The code stands in the message, as in `error[E0102]`. Without one, all are listed.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Explain {
    /// A code such as `E0102`, or an exception such as `BindingError`
    #[arg(value_name = "CODE", value_parser = Topic::parse)]
    topic: Option<Topic>,
}

macro_rules! exceptions {
    ($($name:ident)*) => {
        /// What the Dart package throws, each with its page.
        const EXCEPTIONS: &[(&str, &str)] =
            &[$((stringify!($name), include_str!(concat!("../../docs/errors/", stringify!($name), ".md"))),)*];
    };
}

exceptions! {
    ArgumentError
    BindingError
    D1Exception
    FormatException
    NonRetryableError
    R2Exception
    StateError
    UnsupportedError
    ValueTypeError
    WorkersException
    WorkflowNotFoundException
    WorkflowTimeoutException
}

/// What has a page.
#[derive(Debug, Clone, Copy)]
struct Topic {
    name: &'static str,
    page: &'static str,
}

impl Topic {
    fn all() -> impl Iterator<Item = Self> {
        let codes = Code::ALL.iter().map(|code| Self { name: code.number(), page: code.page() });
        codes.chain(EXCEPTIONS.iter().map(|&(name, page)| Self { name, page }))
    }

    /// What `given` names, as a user copies it: `E0102`, `[e0102]`, `error[E0102]`.
    fn parse(given: &str) -> std::result::Result<Self, String> {
        let name = given.rsplit('[').next().unwrap_or(given).trim_matches([']', ':', '`', ' ']);
        if let Some(topic) = Self::all().find(|topic| topic.name.eq_ignore_ascii_case(name)) {
            return Ok(topic);
        }
        let near = nearest(name, Self::all().map(|topic| topic.name));
        Err(match near {
            Some(near) => format!("there is no such code; did you mean `{near}`?"),
            None => "there is no such code; `dartflare explain` lists all".to_owned(),
        })
    }

    fn title(self) -> &'static str {
        let first = self.page.lines().next().unwrap_or_default();
        first.split_once(": ").map_or(first, |(_, title)| title)
    }
}

impl Explain {
    pub(crate) fn execute(&self, printer: Printer) -> ExitCode {
        if let Some(topic) = self.topic {
            // Comments are for the test that runs the examples.
            let lines = topic.page.trim_end().lines().filter(|line| !line.starts_with("<!--"));
            lines.for_each(|line| printer.data(line));
        } else {
            let width = Topic::all().map(|topic| topic.name.len()).max().unwrap_or(0);
            for topic in Topic::all() {
                printer.data(format_args!("{:width$}  {}", topic.name, topic.title()));
            }
        }
        ExitCode::SUCCESS
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::fs;

    use super::*;
    use crate::generated;

    const PAGE: &str = "docs/errors.md";
    const START: &str = "cargo test --lib up_to_date` -->\n";
    const END: &str = "<!-- end -->";

    /// What the first digits of a code say.
    const GROUPS: &[(&str, &str)] = &[
        ("00", "dartflare and the machine"),
        ("01", "The configuration"),
        ("02", "Dart: the SDK, the packages, the compilers"),
        ("03", "What `main()` registers, and the start of the Worker"),
        ("04", "What a build writes"),
        ("05", "Functions for routes"),
        ("06", "`dartflare dev`"),
        ("07", "Wrangler, Node and `dartflare deploy`"),
        ("08", "`dartflare test`"),
        ("09", "`dartflare new`"),
        ("10", "`dartflare sdk`"),
    ];

    #[test]
    fn the_table_is_up_to_date() {
        let mut table = String::new();
        let mut listed = 0;
        for (digits, name) in GROUPS {
            let codes: Vec<_> =
                Code::ALL.iter().filter(|code| code.number()[1..].starts_with(digits)).collect();
            if codes.is_empty() {
                continue;
            }
            let _ = writeln!(table, "\n### {name}\n\n| code | |\n|---|---|");
            for code in &codes {
                let topic = Topic { name: code.number(), page: code.page() };
                let _ = writeln!(table, "| [{code}](errors/{code}.md) | {} |", topic.title());
            }
            listed += codes.len();
        }
        assert_eq!(listed, Code::ALL.len(), "a group has no name");
        table.push('\n');
        let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/errors.md")).unwrap();
        let page = page.replace("\r\n", "\n");
        let (before, rest) = page.split_once(START).unwrap();
        let (_, after) = rest.split_once(END).unwrap();
        generated::check(PAGE, &format!("{before}{START}{table}{END}{after}"));
    }

    #[test]
    fn no_number_is_given_twice() {
        let mut numbers: Vec<_> = Code::ALL.iter().map(|code| code.number()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), Code::ALL.len());
    }
}
