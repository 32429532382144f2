//! The library behind the `dartflare` command: Cloudflare Workers in Dart.
//!
//! It exists so that the command can be tested and stays small; its items carry no promise of stability.

mod bindings;
mod cmd;
mod config;
mod diagnostic;
mod error;
mod printer;
mod run;

pub use run::run;
