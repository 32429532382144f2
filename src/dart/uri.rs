//! `file:` URIs, as `package_config.json` spells folders.

use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};

use crate::platform;

/// The URI of an absolute folder, with the slash at the end that makes names resolve inside it.
pub(crate) fn of_folder(folder: &Path) -> String {
    format!("{}/", of_file(folder).trim_end_matches('/'))
}

/// The URI of an absolute path. Dart takes a path on its command line for something between a path and a URI: `%`, `#`
/// and `?` in it lead elsewhere.
pub(crate) fn of_file(file: &Path) -> String {
    let text = file.to_string_lossy();
    // Windows: `C:\x` and the long form `\\?\C:\x`.
    let text = if cfg!(windows) {
        format!("/{}", text.trim_start_matches(r"\\?\").replace('\\', "/"))
    } else {
        text.into_owned()
    };
    format!("file://{}", encode(&text))
}

/// `path` as it stands in a URI, written as Dart itself writes it: to Dart, `%27` and `'` are two libraries.
pub(crate) fn encode(path: &str) -> String {
    path.bytes().fold(String::new(), |mut uri, byte| {
        if byte.is_ascii_alphanumeric() || b"/-._~:@!$&'()*+,;=".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
        uri
    })
}

/// A URI as Dart source has it, between single quotes.
pub(crate) fn literal(uri: &str) -> String {
    format!("'{}'", uri.replace('$', "\\$").replace('\'', "\\'"))
}

/// The path a URI of a configuration file in `base` means: absolute `file:`, or relative to `base`.
pub(crate) fn to_path(base: &Path, uri: &str) -> Option<PathBuf> {
    let (path, absolute) = match uri.split_once("://") {
        Some(("file", path)) => (path.strip_prefix("localhost").unwrap_or(path), true),
        Some(_) => return None,
        None => (uri, uri.starts_with('/')),
    };
    let decoded = decode(path)?;
    let decoded = if cfg!(windows) && absolute { decoded.trim_start_matches('/') } else { &decoded };
    Some(tidy(&base.join(decoded)))
}

/// What was percent-encoded. Nothing if that is not how it is.
pub(crate) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let hex = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&hex).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// `path` without `.` and `..` where that names the same file, as a user would write it.
pub(crate) fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(tidy.components().next_back(), Some(Component::Normal(_))) => {
                tidy.pop();
            }
            other => tidy.push(other),
        }
    }
    if !path.components().any(|component| component == Component::ParentDir) {
        return tidy;
    }
    // Behind a symbolic link `..` leads elsewhere than the text says.
    match platform::real(path) {
        Ok(real) if platform::real(&tidy).ok().as_ref() != Some(&real) => real,
        _ => tidy,
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn folders_go_there_and_back() {
        for folder in ["/a b/ö/日本", "/100%/#1?", "/plain", "/[x]"] {
            let uri = of_folder(Path::new(folder));
            assert!(uri.is_ascii() && uri.ends_with('/') && !uri.contains([' ', '#', '?', '[']), "{uri}");
            assert_eq!(to_path(Path::new("/base"), &uri), Some(PathBuf::from(folder)));
        }
        assert_eq!(of_folder(Path::new("/a b/ö/")), "file:///a%20b/%C3%B6/");
    }

    #[test]
    fn relative_uris_start_at_the_file() {
        let at = |uri| to_path(Path::new("/p/.dart_tool"), uri);
        assert_eq!(at("../"), Some("/p".into()));
        assert_eq!(at("../../shared%20code"), Some("/shared code".into()));
        assert_eq!(at("http://example.com/"), None);
        assert_eq!(at("%zz"), None);
        assert_eq!(at("%C3"), None);
    }

    #[test]
    fn a_parent_behind_a_symbolic_link_is_the_real_one() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        std::os::unix::fs::symlink(root.join("a/b"), root.join("link")).unwrap();
        assert_eq!(tidy(&root.join("link/..")), root.join("a"));
        assert_eq!(tidy(&root.join("a/./b/..")), root.join("a"));
    }
}
