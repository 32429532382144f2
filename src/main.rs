//! The `dartflare` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    dartflare::run(std::env::args_os())
}
