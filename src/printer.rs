//! Data goes to stdout, messages to stderr, colour only to a terminal.

use std::fmt::Display;
use std::io::{ErrorKind, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::diagnostic::Diagnostic;
use crate::error::Error;

static LOST: AtomicBool = AtomicBool::new(false);

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

    /// A line of what the user asked for, on stdout. A closed pipe is not an error; a full disk is, and is told of once.
    pub(crate) fn data(self, line: impl Display) {
        let Err(source) = writeln!(anstream::stdout(), "{line}") else { return };
        if source.kind() != ErrorKind::BrokenPipe && !LOST.swap(true, Ordering::SeqCst) {
            let error = Error::Io { action: "write", path: "stdout".into(), source };
            self.diagnostic(&error.diagnostic());
        }
    }

    /// Whether something that the user asked for could not be written.
    pub(crate) fn has_lost_data() -> bool {
        LOST.load(Ordering::SeqCst)
    }

    /// A line about what is being done, on stderr.
    pub(crate) fn status(self, line: impl Display) {
        if !self.quiet {
            write(&format!("{line}\n"));
        }
    }

    /// Shows on a terminal that something goes on, and for how long, until the answer is dropped.
    pub(crate) fn progress(self, what: impl Display) -> Progress {
        if self.quiet {
            return Progress(ProgressBar::hidden());
        }
        // It draws nothing on a stderr that is no terminal.
        let bar = ProgressBar::new_spinner().with_message(what.to_string());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Progress(bar)
    }

    /// Shows on a terminal how much of something has arrived, until the answer is dropped.
    pub(crate) fn amount(self, what: impl Display) -> Amount {
        if self.quiet {
            return Amount(ProgressBar::hidden());
        }
        Amount(ProgressBar::new(0).with_message(what.to_string()))
    }

    /// What a program that the user asked to run says, on stderr.
    pub(crate) fn message(self, line: impl Display) {
        write(&format!("{line}\n"));
    }

    /// Warnings and errors, on stderr.
    pub(crate) fn diagnostics<'a>(self, diagnostics: impl IntoIterator<Item = &'a Diagnostic>) {
        for diagnostic in diagnostics {
            self.diagnostic(diagnostic);
        }
    }

    /// A warning or an error, on stderr.
    pub(crate) fn diagnostic(self, diagnostic: &Diagnostic) {
        write(&diagnostic.to_string());
    }
}

/// Writes it to stderr at once. Whoever reads a pipe may take what arrives together for a line: Wrangler does with what
/// its `[build]` command writes.
fn write(text: &str) {
    let mut stderr = anstream::stderr();
    let _ = if stderr.current_choice() == anstream::ColorChoice::Never {
        stderr.write_all(anstream::adapter::strip_str(text).to_string().as_bytes())
    } else {
        stderr.write_all(text.as_bytes())
    };
}

/// Something that goes on, shown while it lives.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// How much of something has arrived, in bytes, shown while it lives.
#[derive(Debug)]
pub(crate) struct Amount(ProgressBar);

impl Amount {
    /// It goes on at `position` towards `whole`, if that is known.
    pub(crate) fn begin(&self, position: u64, whole: Option<u64>) {
        let template = match whole {
            Some(_) => "{msg} {bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
            None => "{msg} {spinner} {bytes}, {bytes_per_sec}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.0.set_style(style.progress_chars("=> "));
        }
        self.0.set_length(whole.unwrap_or(0));
        // What was there before says nothing about how fast the rest comes.
        self.0.set_position(position);
        self.0.reset_eta();
    }

    pub(crate) fn at(&self, position: u64) {
        self.0.set_position(position);
    }
}

impl Drop for Amount {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// What a check warned of the last time, so that it tells only what is new.
#[derive(Debug, Default)]
pub(crate) struct Warned(Vec<Diagnostic>);

impl Warned {
    #[cfg(test)]
    pub(crate) fn codes(&self) -> Vec<Option<crate::code::Code>> {
        self.0.iter().map(|warning| warning.code).collect()
    }

    pub(crate) fn tell(&mut self, warnings: &[Diagnostic], printer: Printer) {
        for warning in warnings {
            if !self.0.contains(warning) {
                printer.diagnostic(warning);
            }
        }
        warnings.clone_into(&mut self.0);
    }
}
