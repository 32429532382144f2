//! Data goes to stdout, messages to stderr, colour only to a terminal.

use std::fmt::Display;
use std::io::Write as _;

use crate::diagnostic::Diagnostic;

/// Hands out the program's two streams; every line a user reads passes through here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    quiet: bool,
}

#[allow(clippy::unused_self, reason = "every line a user reads passes through a printer")]
impl Printer {
    /// With `quiet`, status lines are left out; warnings and errors never are.
    pub(crate) fn new(quiet: bool) -> Self {
        Self { quiet }
    }

    /// A line of what the user asked for, on stdout. A closed pipe is not an error.
    pub(crate) fn data(self, line: impl Display) {
        let _ = writeln!(anstream::stdout(), "{line}");
    }

    /// A line about what is being done, on stderr.
    pub(crate) fn status(self, line: impl Display) {
        if !self.quiet {
            let _ = writeln!(anstream::stderr(), "{line}");
        }
    }

    /// What a program that the user asked to run says, on stderr.
    pub(crate) fn message(self, line: impl Display) {
        let _ = writeln!(anstream::stderr(), "{line}");
    }

    /// A warning or an error, on stderr.
    pub(crate) fn diagnostic(self, diagnostic: &Diagnostic) {
        let _ = write!(anstream::stderr(), "{diagnostic}");
    }
}
