//! From what a compiler wrote to what `wrangler deploy` uploads.

#[allow(dead_code, reason = "`dartflare build` calls it")]
pub(crate) mod optimize;

#[cfg(test)]
mod tests {
    /// With other text, `wasm-tools parse x.wat -o x.wasm` makes the other file.
    #[test]
    fn committed_modules_are_what_their_texts_say() {
        macro_rules! check {
            ($($path:literal),+) => {$(
                let text = include_str!(concat!("../../", $path, ".wat"));
                let module = include_bytes!(concat!("../../", $path, ".wasm"));
                assert!(wat::parse_str(text).unwrap() == module, "{}.wasm is not {0}.wat, assembled", $path);
            )+};
        }
        check!("templates/strings", "tests/fixtures/wasm/builtins");
    }
}
