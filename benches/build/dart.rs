//! A Dart SDK's `dart` that needs no time: `compile js` copies what lies in the folder `answers` beside it. It stands in
//! for the compiler so that what is left of a build's time is dartflare's own; of Dart it says nothing.

use std::path::PathBuf;
use std::{env, fs, process};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("--version") => {
            println!("Dart SDK version: 3.9.2 (stable) (Wed Aug 27 03:49:40 2025 -0700) on \"linux_x64\"")
        }
        Some("compile") => {
            let at = arguments.iter().position(|argument| argument == "-o").expect("an output");
            let output = PathBuf::from(&arguments[at + 1]);
            let answers = env::current_exe().expect("a path").with_file_name("answers");
            for name in ["main.js", "main.js.map", "main.js.deps"] {
                fs::copy(answers.join(name), output.with_file_name(name)).expect("a copy");
            }
            println!(
                "Compiled 1 input bytes (1 characters source) to 1 characters JavaScript in 0.0 seconds using 1 MB of memory"
            );
        }
        _ => process::exit(64),
    }
}
