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
#[cfg(unix)]
mod doctor;
#[cfg(unix)]
mod entrypoints;
#[cfg(unix)]
mod environment;
mod explain;
#[cfg(unix)]
mod handshake;
#[cfg_attr(not(unix), allow(dead_code, reason = "much of it is for machines made of scripts"))]
mod harness;
mod hostile;
#[cfg(unix)]
mod machine;
#[cfg(unix)]
mod names;
#[cfg(unix)]
mod new;
#[cfg(unix)]
mod npm;
#[cfg(unix)]
mod pages_build;
#[cfg(unix)]
mod pages_deploy;
#[cfg(unix)]
#[allow(dead_code, reason = "the tests end to end use all of it")]
#[path = "e2e/processes.rs"]
mod processes;
mod release;
mod routes;
#[cfg(unix)]
mod sdk;
mod secrets;
#[cfg(unix)]
#[allow(dead_code, reason = "the tests end to end use all of it")]
#[path = "e2e/transcript.rs"]
mod transcript;
mod types;
mod workflows;
