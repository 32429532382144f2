//! Transcript tests: arguments in; stdout, stderr, exit code and files out, whole.

mod config;
mod harness;
mod types;
