//! Transcript tests: arguments in; stdout, stderr, exit code and files out, whole.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod config;
mod dev;
mod docs;
mod doctor;
mod environment;
mod harness;
mod machine;
mod types;
