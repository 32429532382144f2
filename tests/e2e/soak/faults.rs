//! What is done to a project while it serves.

use std::iter::Peekable;
use std::thread;
use std::time::Duration;
use std::vec;

use rustix::process::Signal;

use super::Run;
use super::held::Held;
use crate::processes::eventually;
use crate::project::Project;
use crate::session::{Session, Turn};

const EDITED: &str = "lib/edited.dart";

/// How long a change may take to be seen; far more than on a busy machine.
const SEEN: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Another body of a function: a reload.
    Edit,
    /// What does not compile, and a while later what does.
    Break,
    /// A class that became an enum, or the other way: the VM starts again.
    Reshape,
    /// SIGKILL to the VM.
    KillVm,
    /// Another variable in the configuration: wrangler starts workerd again.
    Configure,
    /// SIGKILL to wrangler, which ends dartflare, and both again.
    KillWrangler,
    /// SIGTERM to dartflare, and all of it again.
    Stop,
    /// Fifty requests at once.
    Burst,
    /// workerd crashes, which nobody does to it.
    Crash,
}

impl Fault {
    pub(super) const ALL: [Self; 8] = [
        Self::Edit,
        Self::Break,
        Self::Reshape,
        Self::KillVm,
        Self::Configure,
        Self::KillWrangler,
        Self::Stop,
        Self::Burst,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Edit => "a good edit",
            Self::Break => "an edit that does not compile, and its mending",
            Self::Reshape => "an edit that restarts the VM",
            Self::KillVm => "the VM is killed",
            Self::Configure => "the configuration is edited",
            Self::KillWrangler => "wrangler is killed, dartflare started again",
            Self::Stop => "dartflare is stopped, and started again",
            Self::Burst => "fifty requests at once",
            Self::Crash => "workerd crashed by itself",
        }
    }

    /// When which of them come. The first quarter has each once; those that end dartflare come rarely after that, so that
    /// there is time to grow.
    pub(super) fn plan(
        limit: Duration,
        random: &mut impl FnMut() -> f64,
    ) -> Peekable<vec::IntoIter<(Duration, Self)>> {
        let mut plan: Vec<(Duration, Self)> = Vec::new();
        let mut first = Self::ALL.to_vec();
        first.sort_by_cached_key(|_| (random() * 1e9).to_string());
        let begin = limit.min(Duration::from_secs(240)) / 4;
        let steps = u32::try_from(first.len()).unwrap_or(1);
        for (number, fault) in (0..).zip(first) {
            plan.push((begin / steps * number, fault));
        }
        let mut when = begin;
        loop {
            when += Duration::from_secs_f64(3.0 + 7.0 * random());
            if when + Duration::from_secs(5) > limit {
                return plan.into_iter().peekable();
            }
            let fault = match random() {
                ..0.35 => Self::Edit,
                ..0.55 => Self::Break,
                ..0.65 => Self::Reshape,
                ..0.75 => Self::KillVm,
                ..0.85 => Self::Burst,
                ..0.97 => Self::Configure,
                ..0.985 => Self::KillWrangler,
                _ => Self::Stop,
            };
            plan.push((when, fault));
        }
    }

    /// Whether an answer of this status, for this reason, is what a request may get of it.
    pub(super) fn explains(self, status: u16, why: &str, took: Duration) -> bool {
        match self {
            // An isolate that was replaced finishes its events, and is given two seconds for that.
            Self::Edit if why == "exception" => status == 500 && took >= Duration::from_secs(2),
            Self::Edit | Self::Break if why == "gone" => status == 503 && took >= Duration::from_secs(2),
            Self::Edit | Self::Burst => false,
            // A program that meets it in a Durable Object that it asks, throws it.
            _ if why == "exception" => status == 500,
            Self::Break => status == 500 && why == "compile",
            _ => status == 503 && ["gone", "unavailable"].contains(&why),
        }
    }

    pub(super) fn cuts_connections(self) -> bool {
        matches!(self, Self::Configure | Self::KillWrangler | Self::Stop | Self::Crash)
    }

    pub(super) fn ends_web_sockets(self) -> bool {
        self == Self::Break || self.ends_program()
    }

    pub(super) fn ends_program(self) -> bool {
        self.cuts_connections() || matches!(self, Self::Reshape | Self::KillVm)
    }
}

/// The project, and what runs in it.
pub(super) struct Site {
    project: Project,
    session: Option<Session>,
    edition: u32,
    is_enum: bool,
    mark: u32,
    /// How often workerd crashed in this session.
    crashes: usize,
    /// Others do not take its place while it is started again.
    _turn: Turn,
}

impl Site {
    pub(super) fn start(project: Project) -> Self {
        let turn = Turn::take();
        let session = Session::start_without_turn(project.again());
        Self { project, session: Some(session), edition: 0, is_enum: false, mark: 0, crashes: 0, _turn: turn }
    }

    pub(super) fn session(&self) -> &Session {
        self.session.as_ref().expect("a session")
    }

    /// Saves the file that is edited, with a `fault` in it or without, and gives what `/edition` is to say.
    fn save(&self, fault: &str) {
        let Self { edition, is_enum, .. } = self;
        let kind = if *is_enum {
            "enum Kind {\n  only('enum');\n\n  const Kind(this.label);\n\n  final String label;\n}\n"
        } else {
            "class Kind {\n  const Kind(this.label);\n\n  static const only = Kind('class');\n\n  final String label;\n}\n"
        };
        self.project.write(EDITED, &format!("int edition() => {edition}{fault};\n\n{kind}"));
    }

    /// Waits until what was saved is what answers.
    #[track_caller]
    fn await_saved(&self) {
        let kind = if self.is_enum { "enum" } else { "class" };
        let expected = format!("{} {kind} {}", self.edition, self.mark);
        eventually(&format!("`/edition` says `{expected}`"), SEEN, || {
            let answer = self.session().try_request("GET", "/edition", &[], b"").ok()?;
            (answer.body == expected.as_bytes()).then_some(())
        });
    }

    /// Notices a crash of workerd, and waits until dartflare has started it again.
    pub(super) fn notice_crash(&mut self, run: &Run) {
        let crashes = self.session().transcript().text().matches("workerd crashed").count();
        if crashes > self.crashes {
            self.crashes = crashes;
            run.tally.begin_crash();
            self.await_saved();
            run.tally.end();
        }
    }

    /// Has one of them happen, until all is well again.
    pub(super) fn suffer(
        &mut self,
        fault: Fault,
        run: &Run,
        random: &mut impl FnMut() -> f64,
        held: &mut Held,
    ) {
        let ends_workerd = fault.cuts_connections();
        if ends_workerd {
            run.line.drain_queue(&run.tally);
        }
        run.tally.begin(fault);
        match fault {
            Fault::Edit => {
                self.edition += 1;
                self.save("");
            }
            Fault::Break => {
                self.save(" +");
                eventually("the saved error is told", SEEN, || {
                    let answer = self.session().try_request("GET", "/edition", &[], b"").ok()?;
                    (answer.header("x-dartflare-error") == "compile").then_some(())
                });
                // How long someone takes to mend it.
                thread::sleep(Duration::from_secs_f64(0.5 + 2.0 * random()));
                self.edition += 1;
                self.save("");
            }
            Fault::Reshape => {
                self.is_enum = !self.is_enum;
                self.save("");
            }
            Fault::KillVm => {
                let start = self.session().now();
                self.session().dart_vm().signal(Signal::KILL);
                self.session().wait_from(start, |text| text.contains("starting it again"));
            }
            Fault::Configure => {
                let from = format!("MARK = \"{}\"", self.mark);
                self.mark += 1;
                self.project.replace("wrangler.toml", &from, &format!("MARK = \"{}\"", self.mark));
            }
            Fault::KillWrangler | Fault::Stop => {
                let session = self.session.take().expect("a session");
                held.ended();
                let (status, text) = if fault == Fault::Stop {
                    session.end(Signal::TERM)
                } else {
                    session.process("wrangler dev --config").signal(Signal::KILL);
                    session.ended()
                };
                let expected = if fault == Fault::Stop { 0 } else { 3 };
                assert_eq!(status.code(), Some(expected), "{text}");
                let session = self.session.insert(Session::start_without_turn(self.project.again()));
                run.line.moved(session);
                self.crashes = 0;
            }
            Fault::Crash => {}
            Fault::Burst => {
                thread::scope(|scope| {
                    for number in 0..50 {
                        let session = self.session();
                        scope.spawn(move || {
                            session.get(&format!("/counter/burst/{number}")).ok();
                        });
                    }
                });
            }
        }
        self.await_saved();
        run.tally.end();
        if ends_workerd {
            run.line.opens_queue();
        }
    }
}
