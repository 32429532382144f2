//! Compiling a program with `dart compile`, to JavaScript or to WebAssembly.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::LazyLock;

use regex::Regex;

use super::locate::{Toolchain, install_hint};
use super::messages::{self, Message, Names};
use crate::diagnostic::{Code, Diagnostic};
use crate::error::{Error, Result, why};
use crate::platform;
use crate::printer::Printer;
use crate::process::{self, Ended};

/// The first Dart whose `compile wasm` is known to take `--no-source-maps`. Before, it writes maps or none as it likes.
const WASM_SOURCE_MAPS: (u64, u64) = (3, 6);

/// The first whose `compile wasm` is known to take `--no-strip-wasm` and `--no-minify`.
const WASM_NAMES: (u64, u64) = (3, 8);

/// The first whose `compile wasm` is known to take any value of a `-D`. Before, some cut it at its commas, and some
/// refuse a second `=`.
const WASM_DEFINES: (u64, u64) = (3, 10);

#[allow(clippy::expect_used, reason = "a constant pattern")]
static UNKNOWN_OPTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"Unknown option '([^'\n]+)'|Could not find an option (?:named|or flag) "([^"\n]+)""#)
        .expect("a valid pattern")
});

/// What a program is compiled to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Target {
    /// JavaScript, by dart2js: starts quickest
    #[default]
    Js,
    /// WebAssembly, by dart2wasm: integers of 64 bits, as on the Dart VM
    Wasm,
}

impl Target {
    /// As `dart compile` names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Js => "js",
            Self::Wasm => "wasm",
        }
    }

    /// What messages call it.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Js => "JavaScript",
            Self::Wasm => "WebAssembly",
        }
    }

    /// What the compiler has to write.
    pub(crate) fn files(self) -> &'static [&'static str] {
        match self {
            Self::Js => &["main.js"],
            Self::Wasm => &["main.wasm", "main.mjs"],
        }
    }
}

/// How a program is compiled.
#[derive(Debug, Clone)]
pub(crate) struct CompileOptions {
    pub(crate) target: Target,
    /// With assertions and readable names.
    pub(crate) is_debug: bool,
    /// `-O`, when the user chose one: 0 to 4.
    pub(crate) optimization: Option<u8>,
    /// `KEY=VALUE` each, as [`define`] takes them.
    pub(crate) defines: Vec<String>,
    /// Whether source maps are written; the compiler's own default unless the user chose.
    pub(crate) source_maps: Option<bool>,
    /// Flags for the compiler, as the user wrote them.
    pub(crate) passed_on: Vec<OsString>,
}

/// Checks a `KEY=VALUE` of the command line.
pub(crate) fn define(text: &str) -> std::result::Result<String, String> {
    match text.split_once('=') {
        None => Err("it lacks a `=`: write `KEY=VALUE`".to_owned()),
        Some((key, _))
            if key.is_empty() || key.contains(|letter: char| letter == ',' || letter.is_whitespace()) =>
        {
            Err("the part before `=` has to be a name: write `KEY=VALUE`".to_owned())
        }
        Some(_) => Ok(text.to_owned()),
    }
}

/// Refuses a Dart that runs programs and compiles none.
pub(crate) fn require_compilers(toolchain: &Toolchain) -> Result<()> {
    if toolchain.abilities.compile {
        return Ok(());
    }
    let lacks = if toolchain.is_bare_vm() {
        "is a bare VM: it has no `dart compile`"
    } else {
        "lacks the compilers to JavaScript and WebAssembly"
    };
    Err(Error::Environment(
        Diagnostic::error(
            Code::DartLacks,
            format!(
                "Dart {} at `{}` (from `{}`) {lacks}",
                toolchain.version,
                toolchain.dart.display(),
                toolchain.named_by
            ),
        )
        .hint(install_hint(toolchain.named_by)),
    ))
}

/// One run of a compiler. All paths are absolute.
#[derive(Debug)]
pub(crate) struct Compilation<'a> {
    pub(crate) toolchain: &'a Toolchain,
    /// `package_config.json`.
    pub(crate) packages: &'a Path,
    /// Where the compiler runs; its messages name files from there.
    pub(crate) project: &'a Path,
    /// The Dart file with `main()`.
    pub(crate) entry: &'a Path,
    /// The folder for `main.js`, or `main.wasm` and `main.mjs`, with what else the compiler writes beside them.
    pub(crate) output: &'a Path,
    pub(crate) options: &'a CompileOptions,
}

/// How a run ended that the compiler could bring to its end.
#[derive(Debug)]
pub(crate) enum Outcome {
    Compiled {
        warnings: Vec<Message>,
    },
    /// The program has errors.
    Refused {
        messages: Vec<Message>,
    },
}

impl Compilation<'_> {
    /// The arguments for `dart`.
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        let CompileOptions { target, is_debug, optimization, defines, source_maps, passed_on } = self.options;
        let mut arguments: Vec<OsString> = vec!["compile".into(), target.name().into(), "-o".into()];
        arguments.push(self.output.join(target.files()[0]).into());
        if !passed_on.iter().any(|flag| is_optimization(flag)) {
            // 2 is the highest level that keeps the checks on which the calls into JavaScript rely. 1 is what
            // both compilers do unless told otherwise, and keeps the names.
            let level = optimization.unwrap_or(if *is_debug { 1 } else { 2 });
            arguments.push(format!("-O{level}").into());
        }
        if *is_debug {
            arguments.push("--enable-asserts".into());
        }
        match target {
            Target::Js => {
                if *is_debug {
                    arguments.push("--no-minify".into());
                }
                if *source_maps == Some(false) {
                    arguments.push("--no-source-maps".into());
                }
                let mut packages = OsString::from("--packages=");
                packages.push(self.packages);
                arguments.push(packages);
            }
            Target::Wasm => {
                if *is_debug && self.is_since(WASM_NAMES) {
                    arguments.extend(["--no-minify".into(), "--no-strip-wasm".into()]);
                }
                if *source_maps == Some(false) && self.is_since(WASM_SOURCE_MAPS) {
                    arguments.push("--no-source-maps".into());
                }
                arguments.extend(["-p".into(), self.packages.into()]);
            }
        }
        arguments.extend(defines.iter().map(|define| format!("-D{define}").into()));
        arguments.extend(passed_on.iter().cloned());
        arguments.push(self.entry.into());
        arguments
    }

    /// Compiles. When the future is dropped, the compiler and everything that it started are killed.
    pub(crate) async fn run(&self, printer: Printer) -> Result<Outcome> {
        self.check()?;
        fs::create_dir_all(self.output).map_err(|source| Error::Io {
            action: "create",
            path: self.output.to_owned(),
            source,
        })?;
        for file in self.options.target.files() {
            // What an earlier run wrote is no sign that this one did.
            let _ = fs::remove_file(self.output.join(file));
        }
        let progress = printer.progress(match self.options.target {
            Target::Js => "compiling to JavaScript",
            Target::Wasm => "compiling to WebAssembly",
        });
        let arguments = self.arguments();
        let ended = process::run(&self.toolchain.dart, |command| {
            command.args(arguments).current_dir(self.project);
        })
        .await;
        drop(progress);
        let ended = ended.map_err(|error| {
            self.broken(
                format!("does not start: {}", why(&error)),
                "",
                &install_hint(self.toolchain.named_by),
            )
        })?;
        self.judge(&ended)
    }

    fn is_since(&self, version: (u64, u64)) -> bool {
        (self.toolchain.version.major, self.toolchain.version.minor) >= version
    }

    /// What can be told before the compiler runs.
    fn check(&self) -> Result<()> {
        let wrong = |code: Code, message: String, hint: &str| {
            Err(Error::Project(Diagnostic::error(code, message).hint(hint)))
        };
        if !self.entry.is_file() {
            let message = format!("there is no `{}` to compile", crate::files::shown(self.entry).display());
            return wrong(Code::NoEntry, message, "name the library with `main()` with `--entry`");
        }
        for flag in self.options.passed_on.iter().filter_map(|flag| flag.to_str()) {
            let name = flag.split_once('=').map_or(flag, |(name, _)| name);
            if name.starts_with("-o") || matches!(name, "--output" | "--out") {
                let message = format!("`{flag}` after `--` would put the compiled program elsewhere");
                return wrong(
                    Code::CompilerFlag,
                    message,
                    "leave it out: the Wrangler configuration says where the Worker goes",
                );
            }
            if matches!(name, "--no-csp" | "--no-shipping") {
                let message = format!("`{flag}` after `--` makes code that builds functions from text");
                return wrong(Code::CompilerFlag, message, "leave it out: Workers may not run such code");
            }
        }
        if self.options.target == Target::Wasm && !self.is_since(WASM_DEFINES) {
            for define in &self.options.defines {
                let (key, value) = define.split_once('=').unwrap_or((define, ""));
                let Some(sign) = value.chars().find(|letter| matches!(letter, ',' | '=')) else { continue };
                let message = format!(
                    "the value of `{key}` has a `{sign}`, which Dart {} may not take when it compiles to WebAssembly",
                    self.toolchain.version
                );
                let (major, minor) = WASM_DEFINES;
                return wrong(
                    Code::DartTooOld,
                    message,
                    &format!("use Dart {major}.{minor} or newer, or compile to JavaScript"),
                );
            }
        }
        Ok(())
    }

    fn judge(&self, ended: &Ended) -> Result<Outcome> {
        // Colours come when the user asked for them after `--`.
        let streams = [&ended.stdout, &ended.stderr]
            .map(|bytes| anstream::adapter::strip_str(&String::from_utf8_lossy(bytes)).to_string());
        let text = streams.join("\n").trim().to_owned();
        if is_out_of_memory(ended.status, &text) {
            let hint = "close other programs, or give the machine more memory";
            return Err(self.broken("was killed, it seems for want of memory", &text, hint));
        }
        let names = Names::new(self.project, self.packages);
        let mut messages = messages::parse(streams.iter().map(String::as_str), &names);
        messages::add_accessor_hints(&mut messages, &names);
        if ended.status.success() {
            self.check_output(&text)?;
            return Ok(Outcome::Compiled { warnings: messages });
        }
        let is_about_the_program = messages.iter().any(Message::is_about_the_program);
        if !is_about_the_program && let Some(found) = UNKNOWN_OPTION.captures(&text) {
            let option = found.get(1).or(found.get(2)).map_or("", |name| name.as_str());
            return Err(self.unknown_option(option));
        }
        let code = ended.status.code();
        let has_crashed = matches!(code, Some(252 | 253))
            || text.lines().any(|line| line.starts_with("The compiler crashed"));
        if !has_crashed && is_about_the_program && matches!(code, Some(1 | 64 | 254)) {
            // Whatever else it said is all there is to tell.
            if let [only] = messages.as_mut_slice()
                && only.place.is_none()
            {
                only.text = text;
            }
            return Ok(Outcome::Refused { messages });
        }
        let what = if has_crashed { "crashed" } else { "failed" };
        Err(self.broken(format!("{what} ({})", told(ended.status)), &text, &self.advice()))
    }

    /// The compiler may say that all went well and have written half of it: on a full disk, for one.
    fn check_output(&self, text: &str) -> Result<()> {
        for file in self.options.target.files() {
            let wrote = match fs::metadata(self.output.join(file)).map(|file| file.len()) {
                Ok(1..) => continue,
                Ok(0) => "an empty",
                Err(_) => "no",
            };
            let what = format!("reported success and wrote {wrote} `{file}`");
            return Err(self.broken(what, text, "see whether the disk is full, and run it again"));
        }
        Ok(())
    }

    fn unknown_option(&self, option: &str) -> Error {
        let bare = option.trim_start_matches('-');
        let is_passed_on = self.options.passed_on.iter().filter_map(|flag| flag.to_str()).any(|flag| {
            let flag = flag.trim_start_matches('-');
            flag.split('=').next() == Some(bare) || flag.strip_prefix("no-") == Some(bare)
        });
        let message = format!(
            "`dart compile {}` of Dart {} does not know the option `{option}`",
            self.options.target.name(),
            self.toolchain.version
        );
        if is_passed_on || (!self.options.passed_on.is_empty() && bare.len() == 1) {
            let hint = format!(
                "leave it out after `--`, or see `dart compile {} --help --verbose`",
                self.options.target.name()
            );
            return Error::Project(Diagnostic::error(Code::CompilerFlag, message).hint(hint));
        }
        Error::Environment(Diagnostic::error(Code::CompilerFailed, message).hint(
            "dartflare gave it: report this, with the version of Dart, and try another Dart with `--dart`",
        ))
    }

    fn advice(&self) -> String {
        let without =
            if self.options.passed_on.is_empty() { "" } else { "try without the flags after `--`, or " };
        format!(
            "{without}try another version of Dart with `--dart`; the text above is what its makers need to know"
        )
    }

    /// The compiler itself did not work.
    fn broken(&self, what: impl AsRef<str>, text: &str, hint: &str) -> Error {
        let mut message = format!(
            "`dart compile {}` of Dart {} at `{}` {}",
            self.options.target.name(),
            self.toolchain.version,
            self.toolchain.dart.display(),
            what.as_ref()
        );
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        for line in &lines[lines.len().saturating_sub(8)..] {
            message.push_str("\n  ");
            message.push_str(line);
        }
        Error::Environment(Diagnostic::error(Code::CompilerFailed, message).hint(hint))
    }
}

fn is_optimization(flag: &OsStr) -> bool {
    flag.to_str().is_some_and(|flag| flag.starts_with("-O") || flag.starts_with("--optimization-level"))
}

/// 137 and 247 are what a shell and Dart make of a child's SIGKILL.
fn is_out_of_memory(status: ExitStatus, text: &str) -> bool {
    platform::is_killed(status)
        || !status.success()
            && (matches!(status.code(), Some(137 | 247))
                || text.contains("Out of memory")
                || text.contains("Exhausted heap space"))
}

fn told(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exit code {code}"),
        None => status.to_string(),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::io::{BufRead as _, BufReader, Read as _};
    use std::path::PathBuf;
    use std::process::Command;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use semver::Version;
    use tempfile::TempDir;

    use super::*;
    use crate::dart::locate::Abilities;
    use crate::probe::scripts;

    /// A project with a fake SDK beside it.
    struct Fixture {
        _dir: TempDir,
        root: PathBuf,
        project: PathBuf,
        packages: PathBuf,
        entry: PathBuf,
        output: PathBuf,
        toolchain: Toolchain,
        options: CompileOptions,
    }

    impl Fixture {
        fn new(target: Target, version: &str) -> Self {
            let dir = tempfile::tempdir().unwrap();
            let root = dir.path().canonicalize().unwrap();
            let toolchain = Toolchain {
                dart: root.join("sdk/bin/dart"),
                version: Version::parse(version).unwrap(),
                abilities: Abilities { pub_get: true, compile: true },
                named_by: "PATH",
            };
            let options = CompileOptions {
                target,
                is_debug: false,
                optimization: None,
                defines: Vec::new(),
                source_maps: None,
                passed_on: Vec::new(),
            };
            Self {
                _dir: dir,
                project: root.join("app"),
                packages: root.join("app/package_config.json"),
                entry: root.join("app/lib/main.dart"),
                output: root.join("out"),
                root,
                toolchain,
                options,
            }
        }

        /// With the compiler in place, and something to compile.
        fn ready(target: Target, version: &str) -> Self {
            let fixture = Self::new(target, version);
            scripts::write(&fixture.root, "sdk/bin/dart", include_str!("../../tests/dart.sh"));
            fixture.fake("version", version).file("app/lib/main.dart", "void main() {}\nint x = 'a';\n").file(
                "app/package_config.json",
                r#"{"configVersion":2,"packages":[{"name":"app","rootUri":"./","packageUri":"lib/"}]}"#,
            )
        }

        fn file(self, path: &str, text: &str) -> Self {
            let path = self.root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
            self
        }

        /// Says what the compiler does.
        fn fake(self, name: &str, text: &str) -> Self {
            self.file(&format!("sdk/fake/{name}"), text)
        }

        fn debug(mut self) -> Self {
            self.options.is_debug = true;
            self
        }

        fn defining(mut self, define: &str) -> Self {
            self.options.defines.push(define.to_owned());
            self
        }

        fn passing_on(mut self, flags: &[&str]) -> Self {
            self.options.passed_on = flags.iter().map(OsString::from).collect();
            self
        }

        fn compilation(&self) -> Compilation<'_> {
            Compilation {
                toolchain: &self.toolchain,
                packages: &self.packages,
                project: &self.project,
                entry: &self.entry,
                output: &self.output,
                options: &self.options,
            }
        }

        fn short(&self, text: &str) -> String {
            text.replace(&self.root.display().to_string(), "")
        }

        /// The arguments in one line, without `compile` and where the fixture stands.
        fn arguments(&self) -> String {
            let arguments = self.compilation().arguments();
            let words: Vec<_> = arguments.iter().map(|argument| argument.to_str().unwrap()).collect();
            assert_eq!(words[0], "compile");
            self.short(&words[1..].join(" "))
        }

        fn run(&self) -> Result<Outcome> {
            runtime().block_on(self.compilation().run(Printer::new(true)))
        }

        fn warnings(&self) -> Vec<Message> {
            match self.run().unwrap() {
                Outcome::Compiled { warnings } => warnings,
                other @ Outcome::Refused { .. } => panic!("{other:?}"),
            }
        }

        fn refusal(&self) -> Vec<Message> {
            match self.run().unwrap() {
                Outcome::Refused { messages } => messages,
                other @ Outcome::Compiled { .. } => panic!("{other:?}"),
            }
        }

        /// Exit code, message and hint.
        fn failure(&self) -> (u8, String, String) {
            let (code, diagnostic) = match self.run().unwrap_err() {
                Error::Project(diagnostic) => (1, diagnostic),
                Error::Environment(diagnostic) => (3, diagnostic),
                other => panic!("{other:?}"),
            };
            (code, self.short(&diagnostic.message), self.short(&diagnostic.hint.unwrap()))
        }

        fn log(&self) -> String {
            self.short(&fs::read_to_string(self.root.join("sdk/fake/log")).unwrap_or_default())
        }
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
    }

    #[test]
    fn arguments_for_javascript_are_the_same_for_all_versions() {
        for version in ["3.5.0", "3.6.2", "3.9.2", "3.12.2", "3.13.0-117.1.beta"] {
            let release = Fixture::new(Target::Js, version);
            assert_eq!(
                release.arguments(),
                "js -o /out/main.js -O2 --packages=/app/package_config.json /app/lib/main.dart"
            );
            let mut debug = release.debug().defining("A=1,b=2").defining("B=x y").passing_on(&["--verbose"]);
            debug.options.source_maps = Some(false);
            assert_eq!(
                debug.arguments(),
                "js -o /out/main.js -O1 --enable-asserts --no-minify --no-source-maps \
                 --packages=/app/package_config.json -DA=1,b=2 -DB=x y --verbose /app/lib/main.dart"
            );
        }
    }

    #[test]
    fn arguments_for_webassembly_are_what_the_version_knows() {
        for (version, names, maps) in [
            ("3.5.4", "", ""),
            ("3.6.0", "", " --no-source-maps"),
            ("3.9.2", " --no-minify --no-strip-wasm", " --no-source-maps"),
            ("3.12.0-1.0.dev", " --no-minify --no-strip-wasm", " --no-source-maps"),
            ("3.13.7", " --no-minify --no-strip-wasm", " --no-source-maps"),
        ] {
            let release = Fixture::new(Target::Wasm, version);
            assert_eq!(
                release.arguments(),
                "wasm -o /out/main.wasm -O2 -p /app/package_config.json /app/lib/main.dart",
                "{version}"
            );
            let mut debug = release.debug().defining("A=1").passing_on(&["--verbose"]);
            debug.options.source_maps = Some(false);
            assert_eq!(
                debug.arguments(),
                format!(
                    "wasm -o /out/main.wasm -O1 --enable-asserts{names}{maps} -p /app/package_config.json -DA=1 \
                     --verbose /app/lib/main.dart"
                ),
                "{version}"
            );
        }
    }

    #[test]
    fn the_user_chooses_the_level() {
        for target in [Target::Js, Target::Wasm] {
            let mut fixture = Fixture::new(target, "3.9.2").debug();
            fixture.options.optimization = Some(4);
            let arguments = fixture.arguments();
            assert!(arguments.contains(" -O4 ") && arguments.matches("-O").count() == 1, "{arguments}");
            // dart2js takes the first of two.
            let arguments = fixture.passing_on(&["-O3"]).arguments();
            assert!(arguments.contains(" -O3 ") && arguments.matches("-O").count() == 1, "{arguments}");
        }
    }

    #[test]
    fn compiles_in_the_project_and_keeps_warnings() {
        let fixture = Fixture::ready(Target::Js, "3.9.2")
            .fake("stdout", "lib/main.dart:2:9:\nWarning: Odd.\nint x = 'a';\n        ^^^\n");
        let warnings = fixture.warnings();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(!warnings[0].is_error());
        assert!(fs::read_to_string(fixture.output.join("main.js")).unwrap().starts_with("//"));
        assert_eq!(
            fixture.log(),
            "/app\ncompile\njs\n-o\n/out/main.js\n-O2\n--packages=/app/package_config.json\n/app/lib/main.dart\n\n"
        );
        let wasm = Fixture::ready(Target::Wasm, "3.5.0");
        assert_eq!(wasm.warnings(), []);
        assert!(wasm.output.join("main.mjs").is_file() && wasm.output.join("main.wasm").is_file());
    }

    #[test]
    fn errors_of_the_program_are_its_own() {
        let js = Fixture::ready(Target::Js, "3.9.2").fake("exit", "1").fake(
            "stdout",
            "lib/main.dart:2:9:\nError: No.\nint x = 'a';\n        ^^^\nError: Compilation failed.\n",
        );
        let messages = js.refusal();
        assert_eq!(messages.len(), 1, "{messages:?}");
        assert_eq!(messages[0].place.as_ref().unwrap().path, "lib/main.dart");
        for code in ["254", "64"] {
            let many: Vec<_> =
                (1..40).map(|line| format!("package:app/main.dart:{line}:1: Error: No.")).collect();
            let wasm =
                Fixture::ready(Target::Wasm, "3.9.2").fake("exit", code).fake("stderr", &many.join("\n"));
            assert_eq!(wasm.refusal().len(), 39);
        }
        let mute = Fixture::ready(Target::Js, "3.9.2")
            .fake("exit", "1")
            .fake("stdout", "What nobody expected\nError: Compilation failed.\n");
        match mute.run().unwrap() {
            Outcome::Refused { messages } => {
                let texts: Vec<_> = messages.iter().map(|message| message.text.as_str()).collect();
                assert_eq!(texts, ["What nobody expected\nError: Compilation failed."]);
            }
            other @ Outcome::Compiled { .. } => panic!("{other:?}"),
        }
        let coloured = Fixture::ready(Target::Js, "3.9.2")
            .fake("exit", "1")
            .fake("stdout", "\u{1b}[31mlib/main.dart:2:9:\u{1b}[0m\nError: No.\n");
        assert_eq!(coloured.refusal().len(), 1);
    }

    #[test]
    fn a_compiler_that_does_not_work_is_no_fault_of_the_program() {
        let said = "lib/main.dart:1:1: Error: x\n".to_owned() + &"line\n".repeat(30) + "the end\n";
        for (target, code, what) in [
            (Target::Js, "253", "crashed (exit code 253)"),
            (Target::Wasm, "252", "crashed (exit code 252)"),
            (Target::Wasm, "255", "failed (exit code 255)"),
            (Target::Js, "255", "failed (exit code 255)"),
        ] {
            let (exit, message, hint) =
                Fixture::ready(target, "3.9.2").fake("exit", code).fake("stderr", &said).failure();
            assert_eq!(exit, 3);
            let head =
                format!("`dart compile {}` of Dart 3.9.2 at `/sdk/bin/dart` {what}\n  line", target.name());
            assert!(message.starts_with(&head) && message.ends_with("\n  the end"), "{message}");
            assert_eq!(message.lines().count(), 9, "only the last lines");
            assert!(hint.starts_with("try another version of Dart"), "{hint}");
        }
        let crash = Fixture::ready(Target::Js, "3.9.2")
            .fake("exit", "1")
            .fake("stdout", "lib/main.dart:1:1:\nInternal Error: oops\n")
            .passing_on(&["--verbose"]);
        let (exit, _, hint) = crash.failure();
        assert_eq!(exit, 3);
        assert!(hint.starts_with("try without the flags after `--`, or try another"), "{hint}");
        let opt = Fixture::ready(Target::Wasm, "3.9.2")
            .fake("exit", "64")
            .fake("stderr", "Error: Wasm compilation failed while optimizing output\n");
        assert_eq!(opt.failure().0, 3);
    }

    #[test]
    fn a_killed_compiler_lacked_memory() {
        let (exit, message, hint) = Fixture::ready(Target::Js, "3.9.2").fake("kill", "").failure();
        assert_eq!((exit, hint.as_str()), (3, "close other programs, or give the machine more memory"));
        assert!(message.ends_with("was killed, it seems for want of memory"), "{message}");
        for (code, said) in
            [("247", ""), ("137", ""), ("134", "Exhausted heap space, trying to allocate 1 bytes.")]
        {
            let fixture = Fixture::ready(Target::Wasm, "3.9.2").fake("exit", code).fake("stderr", said);
            assert_eq!(fixture.failure().2, "close other programs, or give the machine more memory");
        }
    }

    #[test]
    fn success_without_a_result_is_none() {
        let fixture = Fixture::ready(Target::Js, "3.9.2").fake("silent", "").file("out/main.js", "old");
        let (exit, message, _) = fixture.failure();
        assert_eq!(exit, 3);
        assert!(message.ends_with("reported success and wrote no `main.js`"), "{message}");
        let (_, message, _) = Fixture::ready(Target::Wasm, "3.9.2").fake("main.mjs", "").failure();
        assert!(message.contains("reported success and wrote an empty `main.mjs`\n  Generated"), "{message}");
        let (_, message, _) = Fixture::ready(Target::Wasm, "3.9.2").fake("main.wasm", "").failure();
        assert!(message.contains("wrote an empty `main.wasm`"), "{message}");
    }

    #[test]
    fn one_that_does_not_start_is_named() {
        let fixture = Fixture::new(Target::Js, "3.9.2").file("app/lib/main.dart", "");
        let (exit, message, hint) = fixture.failure();
        assert_eq!(exit, 3);
        assert!(hint.contains("`dartflare sdk install`"), "{hint}");
        assert!(message.contains("at `/sdk/bin/dart` does not start: no such file"), "{message}");
    }

    #[test]
    fn a_flag_that_the_compiler_does_not_know_is_the_users() {
        let js = Fixture::ready(Target::Js, "3.9.2")
            .fake("exit", "1")
            .fake("stdout", "Usage: dart compile js\nError: Unknown option '--fast'.\n")
            .passing_on(&["--fast"]);
        assert_eq!(
            js.failure(),
            (
                1,
                "`dart compile js` of Dart 3.9.2 does not know the option `--fast`".to_owned(),
                "leave it out after `--`, or see `dart compile js --help --verbose`".to_owned()
            )
        );
        for said in [
            "Could not find an option named \"fast\".\n\nUsage: dart compile wasm\n",
            "Could not find an option named \"--fast\".\n",
            "Could not find an option or flag \"-f\".\n",
        ] {
            let wasm = Fixture::ready(Target::Wasm, "3.9.2").fake("exit", "64").fake("stderr", said);
            let (exit, _, hint) = wasm.failure();
            assert_eq!(exit, 3, "{said}: what nobody passed on is dartflare's own");
            assert!(hint.starts_with("dartflare gave it"), "{hint}");
            fs::remove_dir_all(&wasm.output).unwrap();
            assert_eq!(wasm.passing_on(&["--fast=1", "-f"]).failure().0, 1, "{said}");
        }
    }

    #[test]
    fn flags_that_would_break_the_worker_are_refused() {
        for (flag, what) in [
            ("-o", "elsewhere"),
            ("-oout.js", "elsewhere"),
            ("--output=x", "elsewhere"),
            ("--out", "elsewhere"),
            ("--no-csp", "functions from text"),
        ] {
            let fixture = Fixture::ready(Target::Js, "3.9.2").passing_on(&["-v", flag]);
            let (exit, message, _) = fixture.failure();
            assert_eq!(exit, 1);
            assert!(
                message.starts_with(&format!("`{flag}` after `--`")) && message.ends_with(what),
                "{message}"
            );
            assert_eq!(fixture.log(), "", "the compiler was not run");
        }
    }

    #[test]
    fn defines() {
        for good in ["A=1", "A=", "a.b-c=x=y", "A=1,2"] {
            assert_eq!(define(good), Ok(good.to_owned()));
        }
        for bad in ["A", "", "=1", "A B=1", "A,B=1"] {
            assert!(define(bad).is_err(), "{bad}");
        }
        for (value, sign) in [("URL=http://x?a=b", '='), ("LIST=1,2", ',')] {
            let (exit, message, hint) = Fixture::ready(Target::Wasm, "3.9.2").defining(value).failure();
            let key = value.split_once('=').unwrap().0;
            let expected = format!(
                "the value of `{key}` has a `{sign}`, which Dart 3.9.2 may not take when it compiles to WebAssembly"
            );
            assert_eq!((exit, message), (1, expected));
            assert_eq!(hint, "use Dart 3.10 or newer, or compile to JavaScript");
            assert_eq!(Fixture::ready(Target::Wasm, "3.10.0").defining(value).warnings(), []);
            assert_eq!(Fixture::ready(Target::Js, "3.5.0").defining(value).warnings(), []);
        }
    }

    #[test]
    fn a_missing_library_is_the_users() {
        let mut fixture = Fixture::ready(Target::Js, "3.9.2");
        fixture.entry = fixture.root.join("app/lib/other.dart");
        let (exit, message, _) = fixture.failure();
        assert_eq!((exit, message.as_str()), (1, "there is no `/app/lib/other.dart` to compile"));
    }

    #[test]
    fn a_bare_vm_is_refused_by_name() {
        let mut toolchain = Fixture::new(Target::Js, "3.7.3").toolchain;
        require_compilers(&toolchain).unwrap();
        toolchain.dart = "/vm/dart".into();
        toolchain.abilities.compile = false;
        let message = |toolchain: &Toolchain| require_compilers(toolchain).unwrap_err().diagnostic().message;
        assert_eq!(
            message(&toolchain),
            "Dart 3.7.3 at `/vm/dart` (from `PATH`) lacks the compilers to JavaScript and WebAssembly"
        );
        toolchain.abilities.pub_get = false;
        assert_eq!(
            message(&toolchain),
            "Dart 3.7.3 at `/vm/dart` (from `PATH`) is a bare VM: it has no `dart compile`"
        );
    }

    #[test]
    fn dropping_the_future_kills_a_compiler_that_will_not_end_and_its_children() {
        let fixture = Fixture::ready(Target::Wasm, "3.9.2");
        let fifo = fixture.root.join("sdk/fake/hang");
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let (opened, started) = tokio::sync::oneshot::channel();
        let (closed, gone) = mpsc::channel();
        // A thread of its own, so that a compiler that lives on fails the test and does not keep it.
        thread::spawn(move || {
            let mut pipe = BufReader::new(fs::File::open(fifo).unwrap());
            let mut line = String::new();
            pipe.read_line(&mut line).unwrap();
            opened.send(line).unwrap();
            // The pipe ends when nobody has it open any more: neither the compiler nor its child.
            closed.send(pipe.read_to_end(&mut Vec::new()).unwrap()).unwrap();
        });
        let compilation = fixture.compilation();
        let runtime = runtime();
        let line = runtime.block_on(async {
            tokio::select! {
                outcome = compilation.run(Printer::new(true)) => panic!("{outcome:?}"),
                line = started => line.unwrap(),
            }
        });
        assert_eq!(line, "started\n");
        assert_eq!(gone.recv_timeout(Duration::from_secs(20)), Ok(0));
    }
}
