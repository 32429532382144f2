//! `wasm-opt` of Binaryen, which makes modules smaller: found, driven, and not trusted.
//!
//! `dart compile wasm` runs one itself, but for `-O0`. Over what that made, another run gains about 1 % for many seconds,
//! so it is left out there.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{env, fmt, fs, io, process};

use tokio::sync::oneshot;
use wasmparser::{ExternalKind, Parser, Payload, TypeRef, Validator, WasmFeatures};

use super::report::human;
use crate::diagnostic::{Code, Diagnostic};
use crate::error::{Error, Result};
use crate::platform;
use crate::process::Process;

/// The features that workerd has and dart2wasm uses, each by name, so that nothing is written that Cloudflare could
/// refuse; then dart2wasm's own passes. The same list is tested in workerd.
const ARGUMENTS: &str = include_str!("wasm_opt.args");

/// The same features, and those that come with them.
const FEATURES: WasmFeatures = WasmFeatures::BULK_MEMORY
    .union(WasmFeatures::EXCEPTIONS)
    .union(WasmFeatures::LEGACY_EXCEPTIONS)
    .union(WasmFeatures::FLOATS)
    .union(WasmFeatures::FUNCTION_REFERENCES)
    .union(WasmFeatures::GC)
    .union(WasmFeatures::GC_TYPES)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::MUTABLE_GLOBAL)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::SIMD);

/// A module of 2.6 MB takes half a minute on a slow machine.
const TIME_LIMIT: Duration = Duration::from_secs(300);

/// What became of a module.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It is another, smaller one; sizes are in bytes.
    Optimized { by: String, before: u64, after: u64 },
    /// It is as the compiler made it, and nothing is wrong.
    Skipped { why: String },
    /// It is as the compiler made it, because `wasm-opt` did not do its work.
    Failed(Diagnostic),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Optimized { by, before, after } => {
                write!(f, "{by} made the module smaller: {} before, {} after", human(*before), human(*after))
            }
            Self::Skipped { why } => write!(f, "`wasm-opt` was not run: {why}"),
            Self::Failed(warning) => write!(f, "{}", warning.message),
        }
    }
}

/// Makes the file `module` smaller where a `wasm-opt` can, or leaves it whole. `dart` is the toolchain's executable.
pub(crate) async fn optimize(module: &Path, dart: &Path) -> Result<Outcome> {
    if module.with_extension("unopt.wasm").is_file() {
        return Ok(Outcome::Skipped { why: "`dart compile wasm` has run `wasm-opt` already".to_owned() });
    }
    match find(dart, env::var_os("WASM_OPT"), env::var_os("PATH").as_deref()) {
        Ok(Some(tool)) => optimize_with(tool, module, TIME_LIMIT).await,
        Ok(None) => Ok(Outcome::Skipped {
            why: "no `wasm-opt` in the Dart SDK or on `PATH`, and `WASM_OPT` is not set".to_owned(),
        }),
        Err(warning) => Ok(Outcome::Failed(warning)),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Tool {
    Program(PathBuf),
    #[cfg(feature = "bundled-wasm-opt")]
    Bundled,
}

impl Tool {
    fn name(&self) -> String {
        match self {
            Self::Program(path) => format!("`{}`", path.display()),
            #[cfg(feature = "bundled-wasm-opt")]
            Self::Bundled => "the built-in `wasm-opt`".to_owned(),
        }
    }

    /// What became of a module that it did not make smaller.
    fn gave_up(&self, how: &str) -> Outcome {
        match self {
            Self::Program(_) => Outcome::Failed(
                Diagnostic::warning(
                    Code::WasmOpt,
                    format!("{} {how}: the module is used as the compiler made it", self.name()),
                )
                .hint("pass `--no-wasm-opt` to leave it out, or set `WASM_OPT` to another"),
            ),
            // Nobody asked for it, and it is older than what it is given.
            #[cfg(feature = "bundled-wasm-opt")]
            Self::Bundled => Outcome::Skipped { why: format!("{} {how}", self.name()) },
        }
    }
}

/// The SDK's own, `WASM_OPT`, `PATH`, the built-in one.
fn find(
    dart: &Path,
    variable: Option<OsString>,
    path: Option<&OsStr>,
) -> std::result::Result<Option<Tool>, Diagnostic> {
    let real = platform::real(dart).unwrap_or_else(|_| dart.to_owned());
    let own = real.with_file_name("utils").join(format!("wasm-opt{}", env::consts::EXE_SUFFIX));
    if own.is_file() {
        return Ok(Some(Tool::Program(own)));
    }
    if let Some(named) = variable.filter(|value| !value.is_empty()) {
        // A bare name is looked up as a shell would.
        return which::which_in(&named, path, env::current_dir().unwrap_or_default())
            .map(|found| Some(Tool::Program(found)))
            .map_err(|_| {
                Diagnostic::warning(
                    Code::WasmOpt,
                    format!(
                        "`WASM_OPT` is `{}`, which is no program: the module is used as the compiler made it",
                        named.display()
                    ),
                )
                .hint("set it to the path of a `wasm-opt`, or pass `--no-wasm-opt`")
            });
    }
    let found = which::which_in_global("wasm-opt", path).ok().and_then(|mut found| found.next());
    Ok(found.map(Tool::Program).or(BUNDLED))
}

#[cfg(feature = "bundled-wasm-opt")]
const BUNDLED: Option<Tool> = Some(Tool::Bundled);
#[cfg(not(feature = "bundled-wasm-opt"))]
const BUNDLED: Option<Tool> = None;

async fn optimize_with(tool: Tool, module: &Path, limit: Duration) -> Result<Outcome> {
    let failure = |action| move |source| Error::Io { action, path: module.to_owned(), source };
    let before = fs::read(module).map_err(failure("read"))?;
    let output = Temporary::beside(module);
    let done = match &tool {
        Tool::Program(program) => run(program, module, &output.0, has_names(&before), limit).await,
        #[cfg(feature = "bundled-wasm-opt")]
        Tool::Bundled => bundled::run(module, &output.0, has_names(&before), limit).await,
    };
    if let Err(how) = done {
        return Ok(tool.gave_up(&how));
    }
    let after = match fs::read(&output.0) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(tool.gave_up("wrote nothing"));
        }
        Err(error) => return Err(failure("read what `wasm-opt` made of")(error)),
    };
    if let Err(why) = check(&before, &after) {
        return Ok(tool.gave_up(&format!("made another module of it ({why})")));
    }
    let (before, after) = (before.len() as u64, after.len() as u64);
    if after >= before {
        let why = format!("{} makes it no smaller ({before} bytes, {after} after it)", tool.name());
        return Ok(Outcome::Skipped { why });
    }
    platform::rename(&output.0, module).map_err(failure("replace"))?;
    Ok(Outcome::Optimized { by: tool.name(), before, after })
}

/// A file that is gone when this is, unless it was renamed.
struct Temporary(PathBuf);

impl Temporary {
    fn beside(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Self(path.with_file_name(format!(".{name}.{}.opt", process::id())))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

async fn run(
    program: &Path,
    module: &Path,
    output: &Path,
    keeps_names: bool,
    limit: Duration,
) -> std::result::Result<(), String> {
    let (sender, ended) = oneshot::channel();
    let said = Arc::new(Mutex::new(Vec::new()));
    let hear = Arc::clone(&said);
    let process = Process::start(
        program,
        |command| {
            command.arg(module).arg("-o").arg(output).args(ARGUMENTS.lines());
            if keeps_names {
                command.arg("--debuginfo");
            }
        },
        move |output| hear.lock().unwrap_or_else(PoisonError::into_inner).extend(output.lines),
        move |status| {
            let _ = sender.send(status);
        },
    )
    .map_err(|error| format!("does not start ({error})"))?;
    let Ok(ended) = tokio::time::timeout(limit, ended).await else {
        process.stop().await;
        return Err(format!("was not done within {} s", limit.as_secs()));
    };
    let status = match ended {
        Ok(Ok(status)) if status.success() => return Ok(()),
        Ok(Ok(status)) => status.to_string(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "its end was not seen".to_owned(),
    };
    let said = said.lock().unwrap_or_else(PoisonError::into_inner);
    let mut reason: Vec<&str> = said.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
    // The first lines tell what it met; what follows may be the module, in text.
    reason.truncate(3);
    reason.insert(0, &status);
    Err(format!("failed ({})", reason.join("; ")))
}

/// Whether both are the same to the glue, and the second is something that workerd takes.
fn check(before: &[u8], after: &[u8]) -> std::result::Result<(), String> {
    Validator::new_with_features(FEATURES)
        .validate_all(after)
        .map_err(|error| format!("not valid: {}", error.message()))?;
    let unreadable = |error: wasmparser::BinaryReaderError| error.message().to_owned();
    let (before, after) = (Surface::of(before).map_err(unreadable)?, Surface::of(after).map_err(unreadable)?);
    if let Some(name) = before.exports.symmetric_difference(&after.exports).next() {
        return Err(format!("the export `{}` is only in one of the two", name.0));
    }
    // What nothing in the module uses need not be imported.
    match after.imports.difference(&before.imports).next() {
        Some((from, name, _)) => {
            Err(format!("it imports `{name}` of `{from}`, which the compiler's does not"))
        }
        None => Ok(()),
    }
}

/// What a module shows to the outside.
#[derive(Default)]
struct Surface {
    imports: BTreeSet<(String, String, u8)>,
    exports: BTreeSet<(String, u8)>,
}

impl Surface {
    fn of(module: &[u8]) -> wasmparser::Result<Self> {
        let mut surface = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        let import = import?;
                        let kind = match import.ty {
                            TypeRef::Func(_) | TypeRef::FuncExact(_) => ExternalKind::Func,
                            TypeRef::Table(_) => ExternalKind::Table,
                            TypeRef::Memory(_) => ExternalKind::Memory,
                            TypeRef::Global(_) => ExternalKind::Global,
                            TypeRef::Tag(_) => ExternalKind::Tag,
                        };
                        surface.imports.insert((
                            import.module.to_owned(),
                            import.name.to_owned(),
                            kind as u8,
                        ));
                    }
                }
                Payload::ExportSection(exports) => {
                    for export in exports {
                        let export = export?;
                        surface.exports.insert((export.name.to_owned(), export.kind as u8));
                    }
                }
                _ => {}
            }
        }
        Ok(surface)
    }
}

/// Whether functions have names, for stack traces: then they keep them.
fn has_names(module: &[u8]) -> bool {
    let mut payloads = Parser::new(0).parse_all(module);
    payloads.any(|payload| matches!(payload, Ok(Payload::CustomSection(section)) if section.name() == "name"))
}

#[cfg(feature = "bundled-wasm-opt")]
mod bundled {
    use std::error::Error as _;
    use std::path::Path;
    use std::thread;
    use std::time::Duration;

    use tokio::sync::oneshot;
    use wasm_opt::{Feature, OptimizationOptions};

    /// The same features; what it knows of the passes is `-Os`.
    pub(super) async fn run(
        module: &Path,
        output: &Path,
        keeps_names: bool,
        limit: Duration,
    ) -> Result<(), String> {
        let (module, output) = (module.to_owned(), output.to_owned());
        let (sender, ended) = oneshot::channel();
        // It cannot be stopped, and a thread of the runtime would keep the command from ending.
        thread::spawn(move || {
            let mut options = OptimizationOptions::new_optimize_for_size();
            options.mvp_features_only().traps_never_happen(true).debug_info(keeps_names);
            for feature in [
                Feature::BulkMemory,
                Feature::ExceptionHandling,
                Feature::Gc,
                Feature::Multivalue,
                Feature::MutableGlobals,
                Feature::ReferenceTypes,
                Feature::SignExt,
                Feature::Simd,
                Feature::TruncSat,
            ] {
                options.enable_feature(feature);
            }
            let _ = sender.send(options.run(module, output).map_err(|error| {
                let cause = error.source().map(|cause| format!("; {cause}")).unwrap_or_default();
                format!("refuses it ({error}{cause})")
            }));
        });
        match tokio::time::timeout(limit, ended).await {
            Ok(Ok(done)) => done,
            Ok(Err(_)) => Err("crashed".to_owned()),
            Err(_) => Err(format!("was not done within {} s", limit.as_secs())),
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::io::Write as _;
    use std::time::Instant;

    use tempfile::TempDir;

    use super::*;
    use crate::probe::scripts;

    /// What the compiler might have made, and what an optimiser might make of it.
    const LARGE: &str = r#"(module
        (import "_" "unused" (func)) (import "_" "used" (func)) (import "" "text" (global externref))
        (func (nop) (nop) (nop)) (func (export "$invokeMain") (call 1)))"#;
    const SMALL: &str = r#"(module (import "_" "used" (func)) (func (export "$invokeMain") (call 0)))"#;

    fn assembled(text: &str) -> Vec<u8> {
        wat::parse_str(text).unwrap()
    }

    /// A folder with a module, and a `wasm-opt` that runs `script`; `$3` is where it is to write.
    fn machine(script: &str) -> (TempDir, PathBuf, Tool) {
        let dir = tempfile::tempdir().unwrap();
        let module = dir.path().join("out/main.wasm");
        fs::create_dir(dir.path().join("out")).unwrap();
        fs::write(&module, assembled(LARGE)).unwrap();
        let script = format!("#!/bin/sh\nDIR='{}'\n{script}\n", dir.path().display());
        let tool = Tool::Program(scripts::write(dir.path(), "bin/wasm-opt", &script));
        (dir, module, tool)
    }

    /// What becomes of a module whose `wasm-opt` writes `made`.
    async fn made(made: &[u8]) -> (Outcome, bool) {
        let (dir, module, tool) = machine("cp \"$DIR/made\" \"$3\"");
        fs::write(dir.path().join("made"), made).unwrap();
        let outcome = optimize_with(tool, &module, TIME_LIMIT).await.unwrap();
        let is_kept = fs::read(&module).unwrap() == assembled(LARGE);
        let beside = fs::read_dir(module.parent().unwrap()).unwrap().count();
        assert_eq!(beside, 1, "something is left beside the module");
        (outcome, is_kept)
    }

    fn message(outcome: &Outcome, tool: &str) -> String {
        let Outcome::Failed(warning) = outcome else { panic!("{outcome:?}") };
        assert_eq!(
            warning.hint.as_deref(),
            Some("pass `--no-wasm-opt` to leave it out, or set `WASM_OPT` to another")
        );
        let text = warning.message.strip_suffix(": the module is used as the compiler made it").unwrap();
        text.replace(tool, "wasm-opt")
    }

    #[tokio::test]
    async fn a_smaller_module_takes_the_place() {
        let (outcome, is_kept) = made(&assembled(SMALL)).await;
        let Outcome::Optimized { by, before, after } = outcome else { panic!("{outcome:?}") };
        assert!(by.ends_with("/bin/wasm-opt`"), "{by}");
        assert_eq!((before, after), (assembled(LARGE).len() as u64, assembled(SMALL).len() as u64));
        assert!(!is_kept);
    }

    #[tokio::test]
    async fn one_that_is_no_smaller_does_not() {
        let (outcome, is_kept) = made(&assembled(LARGE)).await;
        let size = assembled(LARGE).len();
        let Outcome::Skipped { why } = outcome else { panic!("{outcome:?}") };
        assert!(why.ends_with(&format!("makes it no smaller ({size} bytes, {size} after it)")), "{why}");
        assert!(is_kept);
    }

    #[tokio::test]
    async fn another_module_is_refused() {
        for (text, why) in [
            ("(module)", "the export `$invokeMain` is only in one of the two"),
            (
                r#"(module (import "_" "new" (func)) (func (export "$invokeMain")))"#,
                "it imports `new` of `_`, which the compiler's does not",
            ),
            (
                r#"(module (import "_" "used" (global i32)) (func (export "$invokeMain")))"#,
                "it imports `used` of `_`, which the compiler's does not",
            ),
            (
                r#"(module (func (export "$invokeMain") (return_call 0)))"#,
                "not valid: tail calls support is not enabled",
            ),
        ] {
            let (outcome, is_kept) = made(&assembled(text)).await;
            let Outcome::Failed(warning) = outcome else { panic!("{outcome:?}") };
            assert!(
                warning.message.contains(&format!("made another module of it ({why})")),
                "{}",
                warning.message
            );
            assert!(is_kept);
        }
        for bytes in [&b""[..], b"\0asm", &assembled(SMALL)[..20]] {
            let (outcome, is_kept) = made(bytes).await;
            assert!(
                matches!(&outcome, Outcome::Failed(it) if it.message.contains("(not valid: ")),
                "{outcome:?}"
            );
            assert!(is_kept);
        }
    }

    #[tokio::test]
    async fn one_that_fails_is_told_of() {
        for (script, expected) in [
            (
                "echo; echo '[parse exception: bad type]' >&2; echo 'Fatal: error' >&2; exit 1",
                "failed (exit status: 1; [parse exception: bad type]; Fatal: error)",
            ),
            ("printf half > \"$3\"; kill -9 $$", "failed (signal: 9 (SIGKILL))"),
            ("exit 0", "wrote nothing"),
        ] {
            let (_dir, module, tool) = machine(script);
            let name = tool.name();
            let outcome = optimize_with(tool, &module, TIME_LIMIT).await.unwrap();
            assert_eq!(message(&outcome, &name), format!("wasm-opt {expected}"));
            assert_eq!(fs::read(&module).unwrap(), assembled(LARGE));
            assert_eq!(fs::read_dir(module.parent().unwrap()).unwrap().count(), 1);
        }
        let (dir, module, _) = machine("");
        let tool = Tool::Program(dir.path().join("none"));
        let outcome = optimize_with(tool, &module, TIME_LIMIT).await.unwrap();
        assert!(
            matches!(&outcome, Outcome::Failed(it) if it.message.contains("does not start (")),
            "{outcome:?}"
        );
    }

    #[tokio::test]
    async fn one_that_hangs_is_killed_with_its_children() {
        let (dir, module, tool) = machine("sleep 1000 & echo $! > \"$DIR/pid\"; printf half > \"$3\"; wait");
        let name = tool.name();
        let outcome = optimize_with(tool, &module, Duration::from_secs(1)).await.unwrap();
        assert_eq!(message(&outcome, &name), "wasm-opt was not done within 1 s");
        assert_eq!(fs::read_dir(module.parent().unwrap()).unwrap().count(), 1);
        let pid = fs::read_to_string(dir.path().join("pid")).unwrap();
        let state = || fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        let deadline = Instant::now() + Duration::from_secs(5);
        while !state().is_empty() && !state().contains(") Z ") {
            assert!(Instant::now() < deadline, "still there: {}", state());
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn it_is_told_all_features_by_name_and_to_keep_names_that_are_there() {
        let (dir, module, tool) = machine("printf '%s\\n' \"$@\" > \"$DIR/arguments\"; cp \"$1\" \"$3\"");
        let arguments = || fs::read_to_string(dir.path().join("arguments")).unwrap();
        optimize_with(tool.clone(), &module, TIME_LIMIT).await.unwrap();
        assert!(arguments().ends_with(ARGUMENTS), "{}", arguments());
        assert!(!ARGUMENTS.contains("all-features"));
        fs::write(&module, assembled(&LARGE.replace("(func (nop)", "(func $named (nop)"))).unwrap();
        optimize_with(tool, &module, TIME_LIMIT).await.unwrap();
        assert!(arguments().ends_with(&format!("{ARGUMENTS}--debuginfo\n")), "{}", arguments());
    }

    #[tokio::test]
    async fn what_the_compiler_optimised_is_left_alone() {
        let (dir, module, _) = machine("exit 99");
        fs::write(module.with_extension("unopt.wasm"), "").unwrap();
        let outcome = optimize(&module, &dir.path().join("sdk/bin/dart")).await.unwrap();
        let Outcome::Skipped { why } = outcome else { panic!("{outcome:?}") };
        assert_eq!(why, "`dart compile wasm` has run `wasm-opt` already");
    }

    #[tokio::test]
    async fn a_module_that_is_not_there_is_an_error() {
        let (dir, _, tool) = machine("exit 0");
        let error = optimize_with(tool, &dir.path().join("none.wasm"), TIME_LIMIT).await.unwrap_err();
        assert!(error.diagnostic().message.starts_with("cannot read `"), "{:?}", error.diagnostic());
    }

    #[test]
    fn the_order_of_the_search() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let write = |path| scripts::write(&root, path, "#!/bin/sh\n");
        let dart = write("sdk/bin/dart");
        let path = OsString::from(root.join("path"));
        let search = |variable: &str| find(&dart, Some(variable.into()), Some(&path));
        let program = |path: &str| Ok(Some(Tool::Program(root.join(path))));

        assert_eq!(search(""), Ok(BUNDLED));
        write("path/wasm-opt");
        assert_eq!(search(""), program("path/wasm-opt"));
        assert_eq!(find(&dart, None, Some(&path)), program("path/wasm-opt"));
        assert_eq!(find(&dart, None, None), Ok(BUNDLED));
        let named = write("variable/opt");
        assert_eq!(search(named.to_str().unwrap()), program("variable/opt"));
        write("path/opt");
        assert_eq!(search("opt"), program("path/opt"));
        let wrong = search("/none/wasm-opt").unwrap_err();
        assert_eq!(wrong.code, Some(Code::WasmOpt));
        assert_eq!(
            wrong.message,
            "`WASM_OPT` is `/none/wasm-opt`, which is no program: the module is used as the compiler made it"
        );
        write("sdk/bin/utils/wasm-opt");
        assert_eq!(search(named.to_str().unwrap()), program("sdk/bin/utils/wasm-opt"));
        // A link to the SDK's `dart`, as package managers make them.
        std::os::unix::fs::symlink(&dart, root.join("link")).unwrap();
        assert_eq!(find(&root.join("link"), None, None), program("sdk/bin/utils/wasm-opt"));
    }

    /// The real modules of dart2wasm that the tools have.
    #[test]
    fn what_dart2wasm_makes_is_taken() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/node_modules/@wasm-fmt/dart_fmt");
        let (Ok(before), Ok(after)) =
            (fs::read(folder.join("dart_fmt.unopt.wasm")), fs::read(folder.join("dart_fmt.wasm")))
        else {
            if let Some(list) = env::var_os("DARTFLARE_SKIPPED") {
                let mut list = fs::File::options().create(true).append(true).open(list).unwrap();
                writeln!(list, "what `wasm-opt` may make: no program of dart2wasm found").unwrap();
            }
            return;
        };
        assert_eq!(check(&before, &after), Ok(()));
        // The compiler's `wasm-opt` took an import away that nothing used, which cannot come back.
        let why = check(&after, &before).unwrap_err();
        assert!(why.starts_with("it imports `"), "{why}");
    }

    /// Its Binaryen 116 is older than much of WebAssembly.
    #[cfg(feature = "bundled-wasm-opt")]
    #[tokio::test]
    async fn the_built_in_one_runs_and_may_refuse() {
        let (_dir, module, _) = machine("");
        let outcome = optimize_with(Tool::Bundled, &module, TIME_LIMIT).await.unwrap();
        assert!(matches!(outcome, Outcome::Optimized { .. }), "{outcome:?}");
        fs::write(&module, &b"\0asm\x01\0\0\0\x01\x02\x01\x7f"[..]).unwrap();
        let outcome = optimize_with(Tool::Bundled, &module, TIME_LIMIT).await.unwrap();
        assert!(matches!(&outcome, Outcome::Skipped { why } if why.contains("refuses it (")), "{outcome:?}");
    }
}
