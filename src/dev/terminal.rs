//! The ready block, and the keys that work while `dartflare dev` runs in a terminal.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::process::{Command, Stdio};

use anstyle::Style;

use super::engine::Engine;
use super::{Event, Events};
use crate::config::Environment;
use crate::platform;

/// A key that does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Browser,
    Restart,
    Clear,
    Quit,
}

/// What the user needs once everything runs: where the Worker answers, what it runs on or how to attach a debugger, what
/// it is bound to.
pub(crate) fn ready_block(
    url: &str,
    environment: &Environment,
    engine: &Engine,
    front_end: Option<u16>,
) -> String {
    let bold = Style::new().bold();
    let dim = Style::new().dimmed();
    let mut block = format!("\n  {bold}ready{bold:#}     {url}\n");
    if let Some((heading, about)) = engine.about() {
        let _ = writeln!(block, "  {heading:<8}  {dim}{about}{dim:#}");
    }
    if let Some(port) = front_end {
        let _ = writeln!(block, "  frontend  {dim}http://localhost:{port}{dim:#}");
    }
    let width = environment.bindings.iter().map(|binding| binding.name.chars().count()).max().unwrap_or(0);
    for (at, binding) in environment.bindings.iter().enumerate() {
        let heading = if at == 0 { "bindings" } else { "" };
        let _ = write!(block, "  {heading:<8}  {:<width$}  {}", binding.name, binding.kind.noun());
        if let Some(detail) = &binding.detail {
            let _ = write!(block, " {dim}{detail}{dim:#}");
        }
        block.push('\n');
    }
    if io::stdin().is_terminal() {
        let restart = engine.restarting();
        let _ = writeln!(block, "  keys      {dim}b browser, r {restart}, c clear, q quit{dim:#}");
    }
    block
}

/// Sends the keys that are pressed until the answer is dropped, if this is a terminal.
pub(crate) fn listen(events: &Events) -> Option<Unbuffered> {
    if !io::stdin().is_terminal() {
        return None;
    }
    let unbuffered = Unbuffered::enter();
    let events = events.clone();
    // Reading a terminal cannot be cancelled, so it is not a task: the process ends without waiting for this thread.
    std::thread::spawn(move || {
        for byte in io::stdin().lock().bytes().map_while(Result::ok) {
            let key = match byte {
                b'b' => Key::Browser,
                b'r' => Key::Restart,
                b'c' => Key::Clear,
                b'q' | b'x' => Key::Quit,
                _ => continue,
            };
            if events.send(Event::Key(key)).is_err() {
                return;
            }
        }
    });
    unbuffered
}

/// The terminal gives each key as it is pressed, and does not print it; dropping this undoes that. Ctrl-C and the
/// output stay as they are. Elsewhere than on Unix a key is followed by Enter.
#[derive(Debug)]
pub(crate) struct Unbuffered {
    #[cfg(unix)]
    before: rustix::termios::Termios,
}

impl Unbuffered {
    #[cfg(unix)]
    fn enter() -> Option<Self> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(io::stdin()).ok()?;
        let mut now = before.clone();
        now.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Now, &now).ok()?;
        Some(Self { before })
    }

    #[cfg(not(unix))]
    fn enter() -> Option<Self> {
        None
    }
}

#[cfg(unix)]
impl Drop for Unbuffered {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}

pub(crate) fn clear() {
    let _ = write!(io::stderr(), "\x1b[2J\x1b[3J\x1b[H");
}

/// Opens `url` as the desktop does; without a desktop nothing happens.
pub(crate) fn open_browser(url: &str) {
    let mut command = Command::new(platform::opener());
    let child = command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    if let Ok(mut child) = child {
        std::thread::spawn(move || child.wait());
    }
}
