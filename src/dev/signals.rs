//! Being asked to end.

use super::{Event, Events};
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Result};

/// Turns Ctrl-C, and what else asks a process to end, into [`Event::Quit`].
pub(crate) fn listen(events: &Events) -> Result<()> {
    let failed =
        |source| Error::Environment(Diagnostic::error(format!("cannot listen for signals: {source}")));
    let quit = events.clone();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        for kind in [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()] {
            let mut signal = signal(kind).map_err(failed)?;
            let quit = quit.clone();
            tokio::spawn(async move {
                while signal.recv().await.is_some() {
                    let _ = quit.send(Event::Quit);
                }
            });
        }
    }
    #[cfg(not(unix))]
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            let _ = quit.send(Event::Quit);
        }
    });
    Ok(())
}
