//! Being asked to end.

use crate::diagnostic::{Code, Diagnostic};
use crate::error::{Error, Result};

/// Calls `on_quit` on Ctrl-C, and on what else asks a process to end, instead of ending it.
pub(crate) fn listen(on_quit: impl Fn() + Clone + Send + 'static) -> Result<()> {
    let failed = |source| {
        Error::Environment(Diagnostic::error(
            Code::SystemRefused,
            format!("cannot listen for signals: {source}"),
        ))
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        for kind in [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()] {
            let mut signal = signal(kind).map_err(failed)?;
            let on_quit = on_quit.clone();
            tokio::spawn(async move {
                while signal.recv().await.is_some() {
                    on_quit();
                }
            });
        }
    }
    #[cfg(not(unix))]
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            on_quit();
        }
    });
    Ok(())
}
