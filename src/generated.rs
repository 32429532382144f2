//! Files of the repository that tests make from the code.

use std::env;
use std::fs;
use std::path::Path;

/// Asserts that the file `name` of the repository is `text`; with `DARTFLARE_UPDATE` in the environment writes it.
pub(crate) fn check(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if env::var_os("DARTFLARE_UPDATE").is_some() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, text).expect("written");
        return;
    }
    let old = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    let differs = old.lines().zip(text.lines()).position(|(old, new)| old != new);
    assert!(
        old == text,
        "`{name}` is not what the code says, from line {}: run `DARTFLARE_UPDATE=1 cargo test --lib up_to_date`",
        differs.unwrap_or_else(|| old.lines().count().min(text.lines().count())) + 1
    );
}
