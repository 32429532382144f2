//! The library behind the `dartflare` command: Cloudflare Workers in Dart.
//!
//! It exists so that the command can be tested and stays small; its items carry no promise of stability.

mod bindings;
mod bundle;
mod cmd;
mod code;
mod codegen;
mod config;
mod crash;
mod dart;
mod dev;
mod diagnostic;
mod error;
mod exports;
mod files;
#[cfg(test)]
#[allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
mod fuzz;
// `cargo fuzz` takes the targets alone: it makes the inputs itself.
#[cfg(all(fuzzing, not(test)))]
#[path = "fuzz/targets.rs"]
pub mod fuzz;
#[cfg(test)]
mod generated;
mod new;
mod platform;
mod printer;
mod probe;
mod process;
mod registration;
mod routes;
mod run;
mod sdk;
mod signals;
mod testing;
mod version;
mod wrangler;

pub use run::run;
