//! Tests of the help, and `docs/reference/cli.md`, which is made of it: `DARTFLARE_UPDATE=1 cargo test --lib up_to_date` writes
//! the page again.

use std::fmt::Write as _;

use clap::builder::StyledStr;
use clap::{Arg, ArgAction, Command, CommandFactory as _, Parser as _};

use super::Cli;
use crate::generated;

const INTRODUCTION: &str = "# Commands

Made from the program itself, which says the same: `dartflare help`, and `dartflare COMMAND --help`. Each command exits
with 0 when done, 1 when the project is wrong, 2 for wrong usage, 3 when the machine lacks something, and 130 when
interrupted. Data goes to stdout, messages to stderr.

";

fn program() -> Command {
    let mut program = Cli::command();
    program.build();
    program
}

fn commands(program: &Command) -> Vec<&Command> {
    program
        .get_subcommands()
        .filter(|command| command.get_name() != "help" && !command.is_hide_set())
        .collect()
}

fn text(styled: Option<&StyledStr>) -> String {
    styled.map(ToString::to_string).unwrap_or_default()
}

/// For a cell of a table.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

fn summary(command: &Command) -> String {
    cell(&text(command.get_about()))
}

#[test]
fn the_page_is_up_to_date() {
    let program = program();
    let commands = commands(&program);
    let mut page = INTRODUCTION.to_owned();
    page += "| command | does |\n|---|---|\n";
    for command in &commands {
        let name = command.get_name();
        let _ = writeln!(page, "| [`{name}`](#dartflare-{name}) | {} |", summary(command));
    }
    page += "\nEvery command takes these too:\n\n| flag | does |\n|---|---|\n";
    for argument in program.get_arguments().filter(|argument| argument.is_global_set()) {
        row(&mut page, argument);
    }
    page += "| `-h`, `--help` | Print help: `-h` a summary, `--help` all of it with examples |\n";
    page += "| `-V`, `--version` | Print the version; of `dartflare` alone |\n";
    for command in &commands {
        section(&mut page, command, "##");
    }
    generated::check("docs/reference/cli.md", &page);
}

fn section(page: &mut String, command: &Command, level: &str) {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).replace('-', " ");
    let _ = writeln!(page, "\n{level} {name}\n");
    let about = command.get_long_about().or_else(|| command.get_about());
    let _ = writeln!(page, "{}\n", text(about));
    let usage = command.clone().render_usage().to_string();
    let _ = writeln!(page, "```text\n{}\n```", usage.trim_start_matches("Usage: "));
    let shown =
        |argument: &&Arg| !argument.is_hide_set() && !argument.is_global_set() && argument.get_id() != "help";
    let arguments: Vec<_> = command.get_arguments().filter(shown).collect();
    if !arguments.is_empty() {
        page.push_str("\n| | |\n|---|---|\n");
        for argument in arguments {
            row(page, argument);
        }
    }
    let examples = text(command.get_after_long_help());
    if let Some(lines) = examples.strip_prefix("Examples:\n") {
        page.push_str("\n```console\n");
        for line in lines.lines() {
            let _ = writeln!(page, "$ {}", line.trim());
        }
        page.push_str("```\n");
    }
    for command in commands(command) {
        section(page, command, &format!("{level}#"));
    }
}

fn row(page: &mut String, argument: &Arg) {
    let value = if matches!(argument.get_action(), ArgAction::Set | ArgAction::Append) {
        argument.get_value_names().unwrap_or_default().join(" ")
    } else {
        String::new()
    };
    let mut forms = Vec::new();
    if argument.is_positional() {
        forms.push(if argument.is_last_set() { format!("`-- {value}...`") } else { format!("`{value}`") });
    }
    forms.extend(argument.get_short().map(|short| format!("`-{short}`")));
    forms.extend(argument.get_long().map(|long| format!("`--{long}`")));
    if let (false, Some(last)) = (argument.is_positional() || value.is_empty(), forms.last_mut()) {
        *last = format!("{} {value}`", last.trim_end_matches('`'));
    }
    let help = text(argument.get_long_help().or_else(|| argument.get_help()));
    let mut says = help.split("\n\n").map(cell).collect::<Vec<_>>().join(". ");
    let values: Vec<_> =
        argument.get_possible_values().into_iter().filter(|value| !value.is_hide_set()).collect();
    if matches!(argument.get_action(), ArgAction::Set) && !values.is_empty() {
        let values: Vec<_> = values
            .iter()
            .map(|value| match value.get_help() {
                Some(help) => format!("`{}`: {}", value.get_name(), cell(&help.to_string())),
                None => format!("`{}`", value.get_name()),
            })
            .collect();
        let _ = write!(says, ": {}", values.join("; "));
    }
    let defaults: Vec<_> =
        argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if !defaults.is_empty() && argument.get_action().takes_values() {
        let _ = write!(says, " [default: {}]", defaults.join(" "));
    }
    if let Some(variable) = argument.get_env() {
        let _ = write!(says, " [env: `{}`]", variable.display());
    }
    let _ = writeln!(page, "| {} | {says} |", forms.join(", "));
}

/// A summary is for a terminal of the smallest usual size.
#[test]
fn summaries_fit_a_terminal() {
    let program = program();
    let mut all = vec![program.clone()];
    all.extend(commands(&program).into_iter().cloned());
    for mut command in all {
        let name = command.get_name().to_owned();
        let help = command.clone().term_width(80).render_help().to_string();
        assert!(help.lines().count() <= 40, "`{name} -h` has {} lines:\n{help}", help.lines().count());
        for line in help.lines() {
            assert!(line.chars().count() <= 80, "`{name} -h` is too wide: {line}");
        }
        let long = command.render_long_help().to_string();
        let help = if name == "dartflare" { "Exit codes:" } else { "Examples:\n  dartflare " };
        assert!(long.contains(help), "`{name} --help` has no `{help}`");
    }
    // One line for each command in the list of them.
    let width = commands(&program).iter().map(|command| command.get_name().len()).max().unwrap_or_default();
    for command in commands(&program) {
        let summary = summary(command);
        assert!(summary.chars().count() + width + 4 <= 80, "{}: too long: {summary}", command.get_name());
    }
}

#[test]
fn examples_parse() {
    let program = program();
    for command in commands(&program) {
        let examples = text(command.get_after_long_help());
        for line in examples.lines().skip(1) {
            let line = line.split(" > ").next().unwrap_or_default();
            // The words, of which some may be quoted.
            let words = line.split('"').enumerate().flat_map(|(at, part)| {
                if at % 2 == 1 { vec![part] } else { part.split_whitespace().collect() }
            });
            let words: Vec<_> = words.collect();
            assert_eq!(words.first(), Some(&"dartflare"), "{line}");
            if let Err(error) = Cli::try_parse_from(&words) {
                panic!("{line}\n{error}");
            }
        }
    }
}
