//! `dartflare types`: typed accessors for the configured bindings.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueHint};

use crate::bindings::Accessor;
use crate::codegen::{self, environment};
use crate::config::{Binding, Config, local_names};
use crate::dart::packages;
use crate::diagnostic::{Code, Diagnostic};
use crate::error::{Error, Result};
use crate::files::shown;
use crate::printer::Printer;

const EXAMPLES: &str = "\
Examples:
  dartflare types
  dartflare types --check";

/// Write typed getters for the bindings of the configuration
///
/// They go to `lib/environment.g.dart`. `dartflare dev` does the same by itself.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Types {
    /// Write nothing; exit with 1 if the file is not up to date
    #[arg(long)]
    check: bool,

    /// The project's folder
    ///
    /// The Wrangler configuration is looked for in it, and upwards from it
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, default_value = ".")]
    project: PathBuf,

    /// The file to write [default: lib/environment.g.dart]
    ///
    /// The default is beside the configuration
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,
}

impl Types {
    pub(crate) fn execute(self, printer: Printer) -> Result<ExitCode> {
        let Self { check, project, output } = self;
        let config = Config::load(&project)?;
        for warning in &config.warnings {
            printer.diagnostic(warning);
        }
        packages::check_fit(&config.dir)?;
        let path = output.unwrap_or_else(|| environment::path(&config));
        let text = environment::generate(&config)?;
        if check {
            return checked(&config, &path, &text, printer);
        }
        let wrote = codegen::write(&path, &text)?;
        let shown = shown(&path);
        let shown = shown.display();
        if wrote {
            printer.status(format!("wrote `{shown}`"));
        } else {
            printer.status(format!("`{shown}` is up to date"));
        }
        about_local_files(&config, printer);
        Ok(ExitCode::SUCCESS)
    }
}

fn checked(config: &Config, path: &Path, text: &str, printer: Printer) -> Result<ExitCode> {
    let shown = shown(path);
    let shown = shown.display();
    if codegen::is_current(path, text)? {
        printer.status(format!("`{shown}` is up to date"));
        return Ok(ExitCode::SUCCESS);
    }
    let state = if path.exists() {
        format!("`{shown}` is not what `{}` asks for", config.shown().display())
    } else {
        format!("there is no `{shown}`")
    };
    Err(Error::Project(
        Diagnostic::error(Code::StaleAccessors, state)
            .hint("run `dartflare types` and commit what it writes"),
    ))
}

/// What `.dev.vars` and `.env` files set beside the configuration. Generated code must not depend on them, since
/// a clean checkout does not have them.
fn about_local_files(config: &Config, printer: Printer) {
    let mut seen = BTreeSet::new();
    for environment in config.all() {
        for local in local_names(&config.dir, environment.env.as_deref()) {
            let (name, file) = (&local.name, &local.file);
            if !seen.insert((name.clone(), file.clone())) {
                continue;
            }
            let is_secret = |binding: &&Binding| binding.kind.accessor == Accessor::Secret;
            let required: Vec<_> = environment.bindings.iter().filter(is_secret).collect();
            if required.iter().any(|secret| secret.name == *name) {
                continue;
            }
            // With a list of secrets, Wrangler takes nothing else from these files.
            if !required.is_empty() {
                printer.status(format!(
                    "`{name}` of `{file}` is not loaded: Wrangler loads only the names in `secrets.required`"
                ));
            } else if let Some(variable) = environment.vars.iter().find(|variable| variable.name == *name) {
                if !variable.value.is_string() {
                    printer.diagnostic(
                        &Diagnostic::warning(
                            Code::LocalVariable,
                            format!("`{file}` makes the variable `{name}` a string"),
                        )
                        .at(variable.location.clone(), "this is not one")
                        .hint(format!("remove `{name}` from `{file}`, or make it a string here too")),
                    );
                }
            } else if !config
                .all()
                .iter()
                .flat_map(|environment| &environment.bindings)
                .any(|binding| binding.name == *name)
            {
                printer.status(format!(
                    "`{name}` of `{file}` has no accessor: add it to `secrets.required`, or read it with \
                     `env.secret('{name}')`"
                ));
            }
        }
    }
}
