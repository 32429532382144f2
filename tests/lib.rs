//! Transcript tests: arguments in; stdout, stderr, exit code and files out, whole.

mod doctor;
mod harness;
