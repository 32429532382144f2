#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| dartflare::fuzz::read("patterns", input));
