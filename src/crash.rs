//! The last resort: what is said and done when dartflare itself is at fault.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

use crate::diagnostic::{Code, Diagnostic};
use crate::printer::Printer;

/// As of any Rust program.
const EXIT_CODE: u8 = 101;

static HAPPENED: AtomicBool = AtomicBool::new(false);
static TOLD: Notify = Notify::const_new();

/// Does `work`. A panic in it, or in any thread or task that it has started, becomes one message and one exit code.
pub(crate) fn guarded(work: impl FnOnce() -> ExitCode) -> ExitCode {
    panic::set_hook(Box::new(tell));
    // Unwinding ends the processes that were started.
    let ended = panic::catch_unwind(AssertUnwindSafe(work));
    ended.ok().filter(|_| !HAPPENED.load(Ordering::SeqCst)).unwrap_or(ExitCode::from(EXIT_CODE))
}

/// Comes to its end when something has panicked: what waits for the user to end it is to end then, in order.
pub(crate) async fn happened() {
    let told = TOLD.notified();
    if !HAPPENED.load(Ordering::SeqCst) {
        told.await;
    }
}

fn tell(info: &PanicHookInfo<'_>) {
    // What fails after that is likely to follow from it.
    if !HAPPENED.swap(true, Ordering::SeqCst) {
        Printer::new(false).diagnostic(&describe(info));
        let backtrace = Backtrace::capture();
        if backtrace.status() == BacktraceStatus::Captured {
            Printer::new(false).message(backtrace);
        }
    }
    TOLD.notify_waiters();
}

fn describe(info: &PanicHookInfo<'_>) -> Diagnostic {
    let payload = info.payload();
    let what = payload.downcast_ref::<&str>().copied();
    let what = what.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let what = what.unwrap_or("it does not say what");
    let place = info.location().map(|place| format!(" ({place})")).unwrap_or_default();
    Diagnostic::error(Code::Internal, format!("dartflare itself failed: {what}{place}")).hint(
        "the project may be right: report this at https://github.com/dartflare/dartflare/issues, with what you ran and \
         the version that `dartflare --version` tells",
    )
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::{env, process, thread};

    use super::*;
    use crate::signals;

    /// Runs the ignored test `name` in a process of its own.
    fn run(name: &str, backtrace: &str) -> (Option<i32>, String) {
        let output = Command::new(env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", name])
            .env("RUST_BACKTRACE", backtrace)
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }

    fn end(code: ExitCode) -> ! {
        process::exit(if code == ExitCode::from(EXIT_CODE) { 7 } else { 0 })
    }

    #[test]
    #[ignore = "run by another test"]
    fn panics() {
        end(guarded(|| panic!("no luck")));
    }

    #[test]
    #[ignore = "run by another test"]
    fn panics_in_a_task_of_what_waits() {
        end(guarded(|| {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let (quit, mut asked) = tokio::sync::mpsc::unbounded_channel();
                signals::listen(move || quit.send(()).unwrap_or_default()).unwrap();
                tokio::spawn(async { panic!("no luck") });
                asked.recv().await;
            });
            ExitCode::SUCCESS
        }));
    }

    #[test]
    #[ignore = "run by another test"]
    fn panics_in_many_threads() {
        end(guarded(|| {
            let threads: Vec<_> = (0..8).map(|_| thread::spawn(|| panic!("no luck"))).collect();
            for thread in threads {
                drop(thread.join());
            }
            ExitCode::SUCCESS
        }));
    }

    #[test]
    fn a_panic_is_one_message_and_one_exit_code() {
        for name in ["panics", "panics_in_a_task_of_what_waits", "panics_in_many_threads"] {
            let (code, said) = run(&format!("crash::tests::{name}"), "0");
            assert_eq!(code, Some(7), "{name}: {said}");
            let file = file!();
            assert!(
                said.starts_with(&format!("error[E0001]: dartflare itself failed: no luck ({file}:")),
                "{said}"
            );
            assert!(
                said.contains("\nhint: the project may be right: report this at https://github.com/"),
                "{said}"
            );
            assert_eq!(said.lines().count(), 2, "{said}");
        }
        let (_, said) = run("crash::tests::panics", "1");
        assert!(said.lines().count() > 4, "{said}");
    }
}
