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
