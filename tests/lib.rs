//! Transcript tests: arguments in; stdout, stderr, exit code and files out, whole.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

#[cfg(unix)]
mod build;
#[cfg(unix)]
mod build_faults;
mod config;
#[cfg(unix)]
mod custom_build;
#[cfg(unix)]
mod deploy;
mod dev;
mod docs;
mod doctor;
#[cfg(unix)]
mod entrypoints;
mod environment;
mod harness;
mod machine;
mod new;
#[cfg(unix)]
mod pages_build;
#[cfg(unix)]
mod pages_deploy;
#[allow(dead_code, reason = "the tests end to end use all of it")]
#[path = "e2e/processes.rs"]
mod processes;
mod routes;
#[cfg(unix)]
#[allow(dead_code, reason = "the tests end to end use all of it")]
#[path = "e2e/transcript.rs"]
mod transcript;
mod types;
