//! `dartflare doctor`: whether the machine and the project have what a Worker in Dart needs.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use clap::{Args, ValueHint};
use serde::Serialize;

use crate::config::Config;
use crate::dart::entry::Entry;
use crate::dart::locate::Toolchain;
use crate::dart::packages;
use crate::diagnostic::{Code, Diagnostic};
use crate::error::Error;
use crate::printer::Printer;
use crate::routes::{self, Routes};
use crate::wrangler::{Node, Wrangler};

const EXAMPLES: &str = "\
Examples:
  dartflare doctor
  dartflare doctor --json";

/// Check that Dart, Node, Wrangler and the project are in order
///
/// Each check that fails comes with its fix.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Doctor {
    /// The project's folder
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, default_value = ".")]
    project: PathBuf,

    /// The Dart to use
    ///
    /// Without it: `DARTFLARE_DART`, the project's FVM pin, `PATH`, `dartflare sdk`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    dart: Option<PathBuf>,

    /// The Wrangler to use
    ///
    /// Without it: `DARTFLARE_WRANGLER`, the nearest `node_modules`, `PATH`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    wrangler: Option<PathBuf>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ok,
    /// `dartflare dev` works, and the user should know.
    Warning,
    /// The project is wrong.
    Wrong,
    /// The machine lacks something.
    Missing,
}

/// One line of the table.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// What was found, or what is wrong.
    detail: String,
    /// Names the page that explains what is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
}

impl Check {
    fn new(name: &'static str, status: Status, detail: impl Into<String>) -> Self {
        Self { name, status, version: None, path: None, detail: detail.into(), code: None, fix: None }
    }

    fn found(mut self, version: &semver::Version, path: &Path) -> Self {
        self.version = Some(version.to_string());
        // JSON is text, and a path need not be.
        self.path = Some(path.display().to_string());
        self
    }

    fn failed(name: &'static str, error: &Error) -> Self {
        let status = if matches!(error, Error::Environment(_)) { Status::Missing } else { Status::Wrong };
        Self::about(name, status, error.diagnostic())
    }

    fn about(name: &'static str, status: Status, diagnostic: Diagnostic) -> Self {
        let mut detail = String::new();
        if let Some((at, _)) = diagnostic.locations.first() {
            let _ = write!(detail, "{}:{}:{}: ", at.path.display(), at.line, at.column);
        }
        detail.push_str(&diagnostic.message);
        Self {
            code: diagnostic.code.map(Code::number),
            fix: diagnostic.hint,
            ..Self::new(name, status, detail)
        }
    }
}

impl Doctor {
    pub(crate) fn execute(&self, printer: Printer) -> ExitCode {
        let checks = self.checks();
        if self.json {
            printer.data(format!("{:#}", serde_json::json!({ "checks": checks })));
        } else {
            let width = checks.iter().map(|check| check.name.len()).max().unwrap_or(0);
            for check in &checks {
                printer.data(row(check, width));
            }
        }
        let any = |status| checks.iter().any(|check| check.status == status);
        ExitCode::from(if any(Status::Missing) { 3 } else { u8::from(any(Status::Wrong)) })
    }

    fn checks(&self) -> Vec<Check> {
        let mut checks = Vec::new();
        // The configuration may stand above the folder named, and the project is where it stands.
        let config = Config::load(&self.project);
        let project = config.as_ref().map_or(self.project.as_path(), |config| &config.dir);

        let toolchain = Toolchain::find(project, self.dart.as_deref());
        checks.push(match &toolchain {
            Ok(toolchain) => about_dart(toolchain),
            Err(error) => Check::failed("Dart", error),
        });

        let wrangler = Wrangler::find(project, self.wrangler.as_deref());
        let node = Node::find().and_then(|node| {
            wrangler.as_ref().map_or(Ok(()), |wrangler| wrangler.check_node(&node)).map(|()| node)
        });
        checks.push(match &node {
            Ok(node) => Check::new("Node", Status::Ok, "for Wrangler").found(&node.version, &node.program),
            Err(error) => Check::failed("Node", error),
        });
        checks.push(match &wrangler {
            Ok(wrangler) => Check::new("Wrangler", Status::Ok, "runs the Worker and its bindings")
                .found(&wrangler.version, &wrangler.program),
            Err(error) => Check::failed("Wrangler", error),
        });

        match &config {
            Ok(config) => {
                checks.push(Check::new("configuration", Status::Ok, config.shown().display().to_string()));
                let warnings = config.warnings.iter().cloned();
                checks.extend(warnings.map(|it| Check::about("configuration", Status::Warning, it)));
                checks.extend(about_program(config));
            }
            Err(error) => checks.push(Check::failed("configuration", error)),
        }

        checks.push(match toolchain.map(|toolchain| packages::inspect(project, &toolchain)) {
            Ok(Ok(Some(packages))) => Check::new(
                "packages",
                Status::Ok,
                format!("`{}` with `cloudflare_workers` {}", packages.package_name, packages.runtime_version),
            ),
            Ok(Ok(None)) => Check {
                fix: Some("run `dart pub get`, or leave it to `dartflare dev`".to_owned()),
                ..Check::new("packages", Status::Warning, "not resolved since `pubspec.yaml` changed")
            },
            Ok(Err(error)) => Check::failed("packages", &error),
            Err(_) => {
                Check::new("packages", Status::Warning, "not checked, because there is no Dart to check with")
            }
        });
        checks
    }
}

/// What takes the requests.
fn about_program(config: &Config) -> Vec<Check> {
    const NAME: &str = "program";
    let entry = match Entry::find(&config.dir, None) {
        Ok(entry) => entry,
        Err(error) => return vec![Check::failed(NAME, &error)],
    };
    let pages = match config.pages_output() {
        Some((directory, _)) => format!(", in a Pages project that serves `{directory}`"),
        None => String::new(),
    };
    let ok = |program: String| Check::new(NAME, Status::Ok, program + &pages);
    if !entry.is_functions() {
        let has_functions = config.dir.join(routes::FOLDER).is_dir();
        let unused = if has_functions { " alone: `functions/` is not used" } else { "" };
        return vec![ok(format!("`{}`{unused}", entry.name.display()))];
    }
    match Routes::read(&config.dir) {
        Ok(found) => {
            let count = match found.routes.len() {
                1 => "1 route".to_owned(),
                count => format!("{count} routes"),
            };
            let warnings = found.warnings.into_iter().map(|it| Check::about(NAME, Status::Warning, it));
            [ok(format!("`{}/` with {count}", routes::FOLDER))].into_iter().chain(warnings).collect()
        }
        Err(error) => vec![Check::failed(NAME, &error)],
    }
}

fn about_dart(toolchain: &Toolchain) -> Check {
    let by = toolchain.named_by;
    let check = if toolchain.abilities.compile {
        Check::new("Dart", Status::Ok, format!("from {by}; an SDK: runs, resolves packages, compiles"))
    } else if toolchain.is_bare_vm() {
        Check {
            fix: Some(
                "run `dartflare sdk install` for packages from pub and for a Worker to deploy".to_owned(),
            ),
            ..Check::new(
                "Dart",
                Status::Warning,
                format!(
                    "from {by}; a bare VM: enough for `dartflare dev` with path dependencies, no `dart pub`, no `dart compile`"
                ),
            )
        }
    } else {
        Check {
            fix: Some(
                "install the SDK again (https://dart.dev/get-dart), or run `dartflare sdk install`, to make a Worker to deploy".to_owned(),
            ),
            ..Check::new(
                "Dart",
                Status::Warning,
                format!("from {by}; runs and resolves packages, has no compilers"),
            )
        }
    };
    check.found(&toolchain.version, &toolchain.dart)
}

fn row(check: &Check, width: usize) -> String {
    let (colour, word) = match check.status {
        Status::Ok => (AnsiColor::Green, "ok"),
        Status::Warning => (AnsiColor::Yellow, "warning"),
        Status::Wrong => (AnsiColor::Red, "wrong"),
        Status::Missing => (AnsiColor::Red, "missing"),
    };
    let style: Style = colour.on_default().bold();
    let found = match (&check.version, &check.path) {
        (Some(version), Some(path)) => format!("{version} at `{path}`, "),
        _ => String::new(),
    };
    let mut row = format!("{style}{word:<7}{style:#}  {:<width$}  {found}{}", check.name, check.detail);
    if let Some(code) = check.code {
        let _ = write!(row, " [{code}]");
    }
    if let Some(fix) = &check.fix {
        let _ = write!(row, "\n{:9}{:<width$}  fix: {fix}", "", "");
    }
    row
}
