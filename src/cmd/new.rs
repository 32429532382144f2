//! `dartflare new`: from nothing to a project that runs.

use std::env;
use std::fmt::{self, Write as _};
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum, ValueHint};
use inquire::validator::Validation;
use inquire::{InquireError, Select, Text};

use super::block_on;
use crate::codegen::{self, environment};
use crate::config::{Config, Format};
use crate::dart::compile::Target;
use crate::dart::locate::Toolchain;
use crate::diagnostic::{Code, Diagnostic};
use crate::error::{Error, Result};
use crate::files::shown;
use crate::new::{Name, Package, Template, name, place};
use crate::platform;
use crate::printer::Printer;
use crate::wrangler::Node;

const EXAMPLES: &str = "\
Examples:
  dartflare new
  dartflare new greeter --template hello
  dartflare new shop --template api --target wasm --yes";

/// Make a new project from a template
///
/// On a terminal it asks for what the flags leave open. Elsewhere, and with `--yes`, it takes the template `hello`,
/// JavaScript, and the package from git. It writes over nothing: files of yours stay beside the new ones, and where one
/// stands in the way of another nothing is written at all.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct New {
    /// The project's folder [default: one of the project's name]
    #[arg(value_name = "PATH", value_hint = ValueHint::DirPath)]
    path: Option<PathBuf>,

    /// What to begin with
    #[arg(long, value_enum, value_name = "TEMPLATE")]
    template: Option<Template>,

    /// What to call the Dart package and the Worker [default: as the folder]
    #[arg(long, value_name = "NAME", value_parser = named)]
    name: Option<Name>,

    /// What `npm run deploy` and the workflow compile to
    #[arg(long, value_enum, value_name = "TARGET")]
    target: Option<Target>,

    /// Where `package:cloudflare_workers` comes from: `git`, or a folder of this machine
    #[arg(long, value_name = "git|PATH", value_parser = Package::parse)]
    package: Option<Package>,

    /// Ask nothing
    #[arg(long, short)]
    yes: bool,
}

/// What was decided.
struct Decided {
    folder: PathBuf,
    name: Name,
    template: Template,
    target: Target,
    package: Package,
}

impl New {
    pub(crate) fn execute(self, printer: Printer) -> Result<ExitCode> {
        let asks = !self.yes && io::stdin().is_terminal() && io::stderr().is_terminal();
        let decided = self.decide(asks)?;
        let Decided { folder, name, template, target, package } = &decided;
        let files = template.files(name, *target, package, folder);
        // Once it writes, it is quicker done than stopped.
        block_on(async {
            let paths = files
                .keys()
                .map(PathBuf::as_path)
                .chain(configurations())
                .chain([Path::new(environment::FILE)]);
            refuse(folder, place::clashes(folder, paths))?;
            place::put(folder, &files, |staged| {
                let config = Config::load(staged)?;
                about_another(&config, staged)?;
                codegen::write(&environment::path(&config), &environment::generate(&config)?).map(|_| ())
            })
        })?;
        printer.status(format_args!(
            "made `{}` from the template `{}`, with the Worker `{}`",
            shown(&absolute(folder)?).display(),
            template.name(),
            name.worker()
        ));
        printer.status(next(&decided)?);
        Ok(ExitCode::SUCCESS)
    }

    fn decide(self, asks: bool) -> Result<Decided> {
        let Self { path, template, name, target, package, .. } = self;
        let name = match (name, &path) {
            (Some(name), _) => name,
            (None, Some(path)) => match of_folder(path)? {
                Ok(name) => name,
                Err(_) if asks => ask_name()?,
                Err(wrong) => return Err(wrong),
            },
            (None, None) if asks => ask_name()?,
            (None, None) => {
                let wrong = Diagnostic::error(Code::NoPlace, "it is not said where the project goes");
                return Err(Error::Usage(
                    wrong.hint("give its folder, as in `dartflare new my_worker`, or `--name`"),
                ));
            }
        };
        let folder = path.unwrap_or_else(|| name.package().into());
        if asks {
            // Before anything else is asked in vain.
            refuse(&folder, place::clashes(&folder, configurations()))?;
        }
        let template = match template {
            Some(template) => template,
            None if asks => choose("Template:", Template::value_variants())?,
            None => Template::Hello,
        };
        let target = match target {
            Some(target) => target,
            None if asks => choose("Compile to:", Target::value_variants())?,
            None => Target::default(),
        };
        let package = match package {
            Some(package) => package,
            None if asks => ask_package()?,
            None => Package::Git,
        };
        Ok(Decided { folder, name, template, target, package })
    }
}

fn named(text: &str) -> std::result::Result<Name, String> {
    Name::parse(text).map_err(|wrong| match wrong.suggestion {
        Some(name) => format!("it {}; `{}` would do", wrong.why, name.package()),
        None => format!("it {}; take something like `my_worker`", wrong.why),
    })
}

/// The name for a project in the folder `path`, or why there is none.
fn of_folder(path: &Path) -> Result<Result<Name>> {
    let folder = absolute(path)?;
    let text = folder.file_name().unwrap_or_default().to_string_lossy();
    Ok(Name::of_folder(&text).map_err(|name::NoName { why, suggestion }| {
        let suggestion = suggestion.as_ref().map_or("my_worker", Name::package);
        let wrong = format!("a project cannot be called as its folder: `{text}` {why}");
        Error::Usage(
            Diagnostic::error(Code::FolderIsNoName, wrong)
                .hint(format!("name it, as in `--name {suggestion}`")),
        )
    }))
}

fn absolute(path: &Path) -> Result<PathBuf> {
    // `.` and `..` at the end have no name of their own.
    let path = platform::real(path).or_else(|_| std::path::absolute(path));
    path.map_err(|source| Error::Io { action: "find", path: PathBuf::from("."), source })
}

/// Files of which Wrangler takes one. Those of another format than ours would not be overwritten, and would mean another
/// project.
fn configurations<'a>() -> impl Iterator<Item = &'a Path> {
    Format::ALL.into_iter().map(|format| Path::new(format.file_name()))
}

/// Wrangler looks for one format all the way up before it looks for the next.
fn about_another(config: &Config, staged: &Path) -> Result<()> {
    if platform::real(staged).is_ok_and(|staged| staged == config.dir) {
        return Ok(());
    }
    let message = format!(
        "Wrangler would take `{}` for the configuration of the new project",
        config.shown().display()
    );
    let hint = "make the project in a folder that is not below it; nothing was written";
    Err(Error::Project(Diagnostic::error(Code::ConfigurationAbove, message).hint(hint)))
}

fn refuse(folder: &Path, clashes: Vec<PathBuf>) -> Result<()> {
    if clashes.is_empty() {
        return Ok(());
    }
    let mut message = format!("`{}` has files that a new project would have:", folder.display());
    for path in clashes {
        let _ = write!(message, "\n  {}", path.display());
    }
    let hint = "name another folder, or move these away; nothing was written";
    Err(Error::Project(Diagnostic::error(Code::FilesThere, message).hint(hint)))
}

// What it asks.

fn ask_name() -> Result<Name> {
    ask(Text::new("Name:").with_default("my_worker"), named)
}

fn ask_package() -> Result<Package> {
    let text = Text::new("package:cloudflare_workers from:")
        .with_default("git")
        .with_help_message("`git`, or the folder of a clone of dartflare's repository");
    ask(text, Package::parse)
}

/// Asks until `parse` takes the answer.
fn ask<T>(text: Text, parse: fn(&str) -> std::result::Result<T, String>) -> Result<T> {
    let valid = move |text: &str| {
        Ok(parse(text).map_or_else(|why| Validation::Invalid(why.into()), |_| Validation::Valid))
    };
    let answer = text.with_validator(valid).prompt().map_err(not_answered)?;
    parse(&answer).map_err(|why| Error::Usage(Diagnostic::error(Code::CannotAsk, why)))
}

/// One of the values of a flag, as `--help` describes them.
struct Choice<T>(T);

impl<T: ValueEnum> fmt::Display for Choice<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(value) = self.0.to_possible_value() else { return Ok(()) };
        write!(f, "{:<15}", value.get_name())?;
        value.get_help().map_or(Ok(()), |help| write!(f, "{help}"))
    }
}

fn choose<T: ValueEnum + Copy>(question: &str, values: &[T]) -> Result<T> {
    let choices = values.iter().map(|value| Choice(*value)).collect();
    let name = |chosen: inquire::list_option::ListOption<&Choice<T>>| {
        chosen.value.0.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    };
    let asked = Select::new(question, choices)
        .with_formatter(&name)
        .with_help_message("↑↓ to move, enter to take")
        .without_filtering()
        .prompt();
    asked.map(|Choice(value)| value).map_err(not_answered)
}

fn not_answered(error: InquireError) -> Error {
    match error {
        InquireError::OperationCanceled | InquireError::OperationInterrupted => Error::Interrupted,
        error => {
            let message = format!("cannot ask on this terminal: {error}").to_lowercase();
            let wrong = Diagnostic::error(Code::CannotAsk, message);
            Error::Environment(wrong.hint("answer by flags, and give `--yes`"))
        }
    }
}

// What comes next.

/// The commands that lead from here to an answer of the Worker, and what each is for.
fn next(decided: &Decided) -> Result<String> {
    let folder = absolute(&decided.folder)?;
    let mut steps = Vec::new();
    if env::current_dir().is_ok_and(|here| absolute(&here).is_ok_and(|here| here != folder)) {
        steps.push((format!("cd {}", quoted(&shown(&folder).display().to_string())), ""));
    }
    match Toolchain::find(&folder, None) {
        Ok(toolchain) if toolchain.abilities.pub_get || decided.package != Package::Git => {}
        Ok(_) => steps.push((
            "dartflare sdk install".to_owned(),
            "the Dart here is a bare VM, which takes no packages from git",
        )),
        Err(_) => steps.push(("dartflare sdk install".to_owned(), "there is no Dart here to run it")),
    }
    let install =
        if Node::find().is_ok() { "Wrangler" } else { "Wrangler; first install Node, https://nodejs.org" };
    steps.push(("npm install".to_owned(), install));
    if decided.template == Template::Api {
        steps.push(("npm run migrate".to_owned(), "the schema of the local database"));
    }
    steps.push(("dartflare dev".to_owned(), "http://localhost:8787"));
    steps.push(("dartflare test".to_owned(), ""));
    let explained = steps.iter().filter(|(_, what)| !what.is_empty());
    let width = explained.map(|(command, _)| command.chars().count()).max().unwrap_or(0);
    let mut text = String::from("\nnext:");
    for (command, what) in steps {
        if what.is_empty() {
            let _ = write!(text, "\n  {command}");
        } else {
            let _ = write!(text, "\n  {command:<width$}  # {what}");
        }
    }
    Ok(text)
}

/// A path as a word of a command line, in the platform's shells.
fn quoted(path: &str) -> String {
    let is_plain = |it: char| it.is_alphanumeric() || matches!(it, '.' | '/' | '\\' | '_' | '-' | ':');
    if path.chars().all(is_plain) {
        path.to_owned()
    } else if cfg!(windows) {
        format!("\"{path}\"")
    } else {
        format!("'{}'", path.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_that_cannot_be_asked_on() {
        let wrong = not_answered(InquireError::NotTTY).diagnostic();
        assert_eq!(wrong.code, Some(Code::CannotAsk));
        assert_eq!(wrong.hint.as_deref(), Some("answer by flags, and give `--yes`"));
        assert!(matches!(not_answered(InquireError::OperationInterrupted), Error::Interrupted));
    }
}
