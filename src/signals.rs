//! Being asked to end.

use crate::crash;
use crate::error::{Error, Result};

/// Calls `on_quit` on Ctrl-C, and on what else asks a process to end, instead of ending it; and when this
/// program itself has failed.
///
/// Unix sends a signal, Windows an event of the console, which is closed a few seconds after it said that it will be.
pub(crate) fn listen(on_quit: impl Fn() + Clone + Send + 'static) -> Result<()> {
    let failed = |source| Error::refused("cannot be told when to end", &source);
    // Each of these is another type.
    macro_rules! on {
        ($($signal:expr),*) => {$(
            let mut signal = $signal.map_err(failed)?;
            let asked = on_quit.clone();
            tokio::spawn(async move {
                while signal.recv().await.is_some() {
                    asked();
                }
            });
        )*};
    }
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        on!(signal(SignalKind::terminate()), signal(SignalKind::interrupt()), signal(SignalKind::hangup()));
    }
    #[cfg(windows)]
    {
        use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_logoff, ctrl_shutdown};
        on!(ctrl_c(), ctrl_break(), ctrl_close(), ctrl_logoff(), ctrl_shutdown());
    }
    // Whatever waits for one of these waits no longer for what has failed.
    tokio::spawn(async move {
        crash::happened().await;
        on_quit();
    });
    Ok(())
}
