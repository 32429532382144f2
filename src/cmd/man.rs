//! `dartflare man`: the manual pages.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, ValueHint};

use super::Cli;
use crate::error::Result;
use crate::files::write_if_changed;
use crate::printer::Printer;

const EXAMPLES: &str = "\
Examples:
  dartflare man > ~/.local/share/man/man1/dartflare.1
  dartflare man /usr/local/share/man/man1";

/// Print the manual page, or write one for each command
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Man {
    /// The folder to write the pages to [default: print one]
    ///
    /// `dartflare.1` is what is printed; in the folder there are `dartflare-dev.1` and so on beside it
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    folder: Option<PathBuf>,
}

impl Man {
    pub(crate) fn execute(self, printer: Printer) -> Result<ExitCode> {
        let Some(folder) = self.folder else {
            let page = pages().into_iter().next().map(|(_, page)| page).unwrap_or_default();
            // A pipe closed by the reader is not an error.
            let _ = io::stdout().write_all(page.as_bytes());
            return Ok(ExitCode::SUCCESS);
        };
        let pages = pages();
        for (name, page) in &pages {
            write_if_changed(&folder.join(name), page)?;
        }
        printer.status(format!("wrote {} pages to `{}`", pages.len(), folder.display()));
        Ok(ExitCode::SUCCESS)
    }
}

/// The pages by their files' names, that of the program first.
fn pages() -> Vec<(String, String)> {
    let mut program = Cli::command();
    program.build();
    let mut pages = Vec::new();
    add(&program, &mut pages);
    pages
}

/// Adds the page of `command`, and of all below it.
fn add(command: &clap::Command, pages: &mut Vec<(String, String)>) {
    pages.push(page(command));
    for command in command.get_subcommands().filter(|command| command.get_name() != "help") {
        add(command, pages);
    }
}

fn page(command: &clap::Command) -> (String, String) {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let mut text = Vec::new();
    // Writing to memory does not fail.
    let _ = clap_mangen::Man::new(command.clone()).title(&name).render(&mut text);
    (format!("{name}.1"), String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::pages;

    #[test]
    fn every_command_has_a_page() {
        let pages = pages();
        let names: Vec<_> = pages.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names[0], "dartflare.1");
        assert!(
            names.contains(&"dartflare-dev.1") && names.contains(&"dartflare-sdk-install.1"),
            "{names:?}"
        );
        for (name, page) in &pages {
            for section in [".SH NAME", ".SH SYNOPSIS", ".SH OPTIONS"] {
                assert!(page.contains(section), "{name} has no {section}");
            }
        }
    }
}
