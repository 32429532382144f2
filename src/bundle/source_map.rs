//! Source maps of compiled programs, made right for where they are published.
//!
//! A compiler names the sources from where it writes; the build publishes its files elsewhere, and Wrangler, like every
//! other reader, takes the names from where it finds the map.

use std::borrow::Cow;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::dart::uri;
use crate::error::{Error, Result};

/// Where a JavaScript file names its map, in its last line.
const COMMENT: &str = "//# sourceMappingURL=";

/// How much of a file's end is looked at for [`COMMENT`].
const TAIL: u64 = 4096;

/// Makes the map beside `script` right for being published in the folder `published_in`, where it was written for
/// `written_in`. Where `script` names a map that is not there, it does so no more: an upload would fail of it.
///
/// All folders are absolute.
pub(crate) fn settle(script: &Path, written_in: &Path, published_in: &Path) -> Result<()> {
    let map = beside(script);
    match fs::read(&map) {
        Ok(old) => match moved(&old, written_in, published_in) {
            Some(new) => {
                fs::write(&map, new).map_err(|source| Error::Io { action: "write", path: map, source })
            }
            None => Ok(()),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => cut_comment(script)
            .map_err(|source| Error::Io { action: "write", path: script.to_owned(), source }),
        Err(source) => Err(Error::Io { action: "read", path: map, source }),
    }
}

/// The name that dart2js gives the map of `script`.
fn beside(script: &Path) -> PathBuf {
    let mut name = script.file_name().unwrap_or_default().to_owned();
    name.push(".map");
    script.with_file_name(name)
}

/// The map with its sources named from `to` instead of `from`; nothing where `map` is not one.
pub(crate) fn moved(map: &[u8], from: &Path, to: &Path) -> Option<Vec<u8>> {
    let Entries(entries) = serde_json::from_slice(map).ok()?;
    let root = entries.iter().find(|(key, _)| key == "sourceRoot");
    let root: Option<String> = root.and_then(|(_, root)| serde_json::from_str(root.get()).ok()?);
    let root = root.unwrap_or_default();
    let to = uri::of_folder(to);
    let mut new = Vec::with_capacity(map.len() + map.len() / 8);
    for (key, value) in &entries {
        new.push(if new.is_empty() { b'{' } else { b',' });
        serde_json::to_writer(&mut new, key).ok()?;
        new.push(b':');
        match key.as_ref() {
            "sourceRoot" => new.extend(b"\"\""),
            "sources" => {
                let sources: Vec<Option<Cow<'_, str>>> = serde_json::from_str(value.get()).ok()?;
                let rename = |source: &Cow<'_, str>| renamed(&format!("{root}{source}"), from, &to);
                let sources: Vec<_> = sources.iter().map(|source| source.as_ref().map(rename)).collect();
                serde_json::to_writer(&mut new, &sources).ok()?;
            }
            _ => new.extend(value.get().as_bytes()),
        }
    }
    new.push(b'}');
    Some(new)
}

/// The entries of an object, whose values are not looked into: the mappings of a large program are megabytes.
struct Entries<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// `source`, a URI from the folder `from`, as one from `to`. What is not a file, the SDK's own libraries for one, stays.
fn renamed(source: &str, from: &Path, to: &str) -> String {
    let path = if is_other_scheme(source) { None } else { uri::to_path(from, source) };
    let Some(path) = path else { return source.to_owned() };
    let file = uri::of_folder(&path);
    let file = file.trim_end_matches('/');
    let shared = file
        .split_inclusive('/')
        .zip(to.split_inclusive('/'))
        .take_while(|(file, to)| file == to)
        .map(|(file, _)| file.len())
        .sum();
    // Nothing is shared but `file:///`: another drive.
    if cfg!(windows) && shared <= "file:///".len() {
        return file.to_owned();
    }
    let up = to[shared..].matches('/').count();
    format!("{}{}", "../".repeat(up), &file[shared..])
}

fn is_other_scheme(source: &str) -> bool {
    // One letter before the colon is a drive.
    source
        .split_once(':')
        .is_some_and(|(scheme, _)| scheme.len() > 1 && scheme != "file" && !scheme.contains(['/', '%', '\\']))
}

/// Ends `script` before the comment in its last line that names a map.
fn cut_comment(script: &Path) -> io::Result<()> {
    let mut file = File::options().read(true).write(true).open(script)?;
    let start = file.metadata()?.len().saturating_sub(TAIL);
    file.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    let end = tail.trim_ascii_end().len();
    let line = tail[..end].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    if tail[line..end].starts_with(COMMENT.as_bytes()) {
        file.set_len(start + line as u64)?;
    }
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::time::{Duration, Instant};

    use serde_json::{Value, json};
    use tokio::sync::mpsc;

    use super::super::measure;
    use super::*;
    use crate::process::Process;

    fn moved_json(map: &Value, from: &str, to: &str) -> Value {
        let map = moved(map.to_string().as_bytes(), Path::new(from), Path::new(to)).unwrap();
        serde_json::from_slice(&map).unwrap()
    }

    fn sources(from: &str, to: &str, root: &str, sources: &[&str]) -> Vec<String> {
        let map = moved_json(&json!({ "sourceRoot": root, "sources": sources }), from, to);
        assert_eq!(map["sourceRoot"], "");
        serde_json::from_value(map["sources"].clone()).unwrap()
    }

    const STAGING: &str = "/p/.dart_tool/dartflare/build-1";

    #[test]
    fn sources_are_named_from_where_the_map_is_published() {
        let written = [
            "../../../lib/main.dart",
            "../../../../home/cache/http-1.2.0/lib/http.dart",
            "../build.dart",
            "own.dart",
            "file:///p/lib/a%20b.dart",
            "/p/lib/%C3%B6.dart",
            "org-dartlang-sdk:///lib/_internal/js_runtime/lib/js_helper.dart",
            "package:app/app.dart",
            "https://example.com/a.dart",
        ];
        let published = [
            "../../lib/main.dart",
            "../../../home/cache/http-1.2.0/lib/http.dart",
            "../../.dart_tool/dartflare/build.dart",
            "../../.dart_tool/dartflare/build-1/own.dart",
            "../../lib/a%20b.dart",
            "../../lib/%C3%B6.dart",
            "org-dartlang-sdk:///lib/_internal/js_runtime/lib/js_helper.dart",
            "package:app/app.dart",
            "https://example.com/a.dart",
        ];
        assert_eq!(sources(STAGING, "/p/build/app-1", "", &written), published);
        assert_eq!(sources("/p/out", "/p/out", "", &["../lib/main.dart"]), ["../lib/main.dart"]);
        // `main` need not be below the project.
        assert_eq!(
            sources(STAGING, "/elsewhere/app-1", "", &["../../../lib/m.dart"]),
            ["../../p/lib/m.dart"]
        );
    }

    #[test]
    fn a_source_root_is_part_of_each_name() {
        assert_eq!(sources(STAGING, "/p/build/app-1", "../../../", &["lib/a.dart"]), ["../../lib/a.dart"]);
        assert_eq!(sources(STAGING, "/p/build/app-1", "file:///q/", &["a.dart"]), ["../../../q/a.dart"]);
    }

    #[test]
    fn all_else_stays_as_it_is() {
        let map = json!({
            "version": 3, "engine": "v2", "file": "main.js", "sourceRoot": "",
            "sources": ["../../../lib/main.dart", null], "names": ["a\u{e9}"], "mappings": "AAAA;;EACC",
            "x_org_dartlang_dart2js": { "minified_names": { "global": "A,1", "n": 1.50 } },
        });
        let mut expected = map.clone();
        expected["sources"][0] = "../../lib/main.dart".into();
        assert_eq!(moved_json(&map, STAGING, "/p/build/app-1"), expected);
        for text in ["", "[]", "{", r#"{"sources": 1}"#] {
            assert_eq!(moved(text.as_bytes(), Path::new("/a"), Path::new("/b")), None, "{text}");
        }
    }

    #[test]
    fn a_large_map_takes_no_time() {
        let names: Vec<_> = (0..3000).map(|at| format!("../../../lib/source_{at}.dart")).collect();
        let map = json!({ "sources": names, "mappings": "AAgBC,".repeat(20_000_000 / 6) }).to_string();
        let started = Instant::now();
        let new = moved(map.as_bytes(), Path::new(STAGING), Path::new("/p/build/app-1")).unwrap();
        // Anything quadratic would take hours.
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
        assert_eq!(new.len(), map.len() - 3000 * "../".len());
    }

    #[test]
    fn a_comment_without_a_map_goes() {
        let dir = tempfile::tempdir().unwrap();
        let script = dir.path().join("main.js");
        let settled = |text: &str| {
            fs::write(&script, text).unwrap();
            settle(&script, dir.path(), dir.path()).unwrap();
            fs::read_to_string(&script).unwrap()
        };
        assert_eq!(settled("code();\n\n//# sourceMappingURL=main.js.map\n"), "code();\n\n");
        assert_eq!(settled("//# sourceMappingURL=main.js.map"), "");
        let long = format!("{}\n", "x".repeat(10_000));
        assert_eq!(settled(&format!("{long}//# sourceMappingURL=main.js.map\n\n")), long);
        for kept in ["", "code();\n", "//# sourceMappingURL=a\ncode();\n", &long] {
            assert_eq!(settled(kept), kept);
        }
        fs::write(dir.path().join("main.js.map"), r#"{"version":3,"sources":["a.dart"],"mappings":""}"#)
            .unwrap();
        let with_map = "code();\n//# sourceMappingURL=main.js.map\n";
        assert_eq!(settled(with_map), with_map);
    }

    /// A program as dart2js writes it, and what its map says: line and column in it, source, line and column there.
    const PROGRAM: &str = "\
(function dartProgram() {
  function wrapException(exception) {
    var wrapper = new Error();
    wrapper.dartException = exception;
    Object.defineProperty(wrapper, 'message', { get() { return this.dartException; } });
    wrapper.name = '';
    return wrapper;
  }
  function handle(request) {
    throw wrapException('Bad state: no luck');
  }
  globalThis.handle = function main_closure(request) {
    try { handle(request); } catch (wrapper) {
      return { name: 'StateError', message: 'no luck', stack: wrapper.stack };
    }
  };
})();
//# sourceMappingURL=main.js.map
";
    const MAPPED: [(usize, &str, u32, u32, u32); 3] =
        [(2, "new Error", 0, 1175, 17), (9, "wrapException(", 1, 20, 5), (12, "handle(", 1, 9, 43)];

    fn mappings() -> String {
        const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let digits = |value: i64| {
            let mut rest = if value < 0 { (-value << 1) | 1 } else { value << 1 };
            let mut text = String::new();
            loop {
                let digit = rest & 31;
                rest >>= 5;
                let more = if rest > 0 { 32 } else { 0 };
                text.push(char::from(DIGITS[usize::try_from(digit | more).unwrap()]));
                if rest == 0 {
                    return text;
                }
            }
        };
        let mut last = [0, 1, 1];
        let line = |(at, line): (usize, &str)| {
            let Some((_, what, source, to_line, to_column)) = MAPPED.iter().find(|mapped| mapped.0 == at)
            else {
                return String::new();
            };
            let column = i64::try_from(line.find(what).unwrap()).unwrap();
            let there = [*source, *to_line, *to_column].map(i64::from);
            let steps = [there[0] - last[0], there[1] - last[1], there[2] - last[2]];
            last = there;
            [column].into_iter().chain(steps).map(digits).collect()
        };
        PROGRAM.lines().enumerate().map(line).collect::<Vec<_>>().join(";")
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn wrangler_shows_an_exception_in_the_dart_source() {
        let Some((wrangler, _)) = measure::tests::tools("wrangler_shows_an_exception_in_the_dart_source")
        else {
            return;
        };
        let root = tempfile::tempdir().unwrap();
        let project = root.path().canonicalize().unwrap();
        let [staging, app] =
            [".dart_tool/dartflare/build-1", "build/app-1"].map(|folder| project.join(folder));
        for folder in [&staging, &app, &project.join("lib")] {
            fs::create_dir_all(folder).unwrap();
        }
        let sdk = "org-dartlang-sdk:///lib/_internal/js_runtime/lib/js_helper.dart";
        let map = json!({
            "version": 3, "engine": "v2", "file": "main.js", "sourceRoot": "",
            "sources": [sdk, "../../../lib/main.dart"], "names": [], "mappings": mappings(),
        });
        fs::write(staging.join("main.js"), PROGRAM).unwrap();
        fs::write(staging.join("main.js.map"), map.to_string()).unwrap();
        settle(&staging.join("main.js"), &staging, &app).unwrap();
        for file in ["main.js", "main.js.map"] {
            fs::rename(staging.join(file), app.join(file)).unwrap();
        }
        let worker = "import './main.js';\n\
                      import { makeError } from './runtime.mjs';\n\
                      export default { fetch(request) { throw makeError(handle(request)); } };\n";
        let config = "name = \"w\"\nmain = \"build/worker.mjs\"\ncompatibility_date = \"2026-01-01\"\n";
        for (file, text) in [
            ("build/app-1/runtime.mjs", include_str!("../../templates/runtime.mjs")),
            ("build/app-1/worker.mjs", worker),
            ("build/worker.mjs", "export { default } from './app-1/worker.mjs';\n"),
            ("lib/main.dart", "void main() {}\n"),
            ("wrangler.toml", config),
        ] {
            fs::write(project.join(file), text).unwrap();
        }

        let (lines, mut received) = mpsc::unbounded_channel();
        let wrangler = Process::start(
            &wrangler.program,
            |command| {
                command.args(["dev", "--port", "0", "--inspector-port", "0"]).current_dir(&project);
                let own = |folder: &str| project.join(".wrangler").join(folder);
                command.env("XDG_CONFIG_HOME", own("config")).env("WRANGLER_REGISTRY_PATH", own("registry"));
                command.env("WRANGLER_LOG_PATH", own("logs")).env("WRANGLER_SEND_METRICS", "false");
                command.env("CLOUDFLARE_CF_FETCH_ENABLED", "false").env("CI", "1");
            },
            move |output| {
                let _ = lines.send(output.lines);
            },
            |_| {},
        )
        .unwrap();
        let stack = format!(
            "StateError: no luck\n    \
             at wrapException ({sdk}:1175:17)\n    \
             at handle (file://{0}/lib/main.dart:20:5)\n    \
             at main_closure (file://{0}/lib/main.dart:9:43)\n    \
             at Object.fetch (file://{0}/build/app-1/worker.mjs:3:",
            project.display()
        );
        let mut said = String::new();
        let mut until = async |what: &str| {
            while !said.contains(what) {
                let next = tokio::time::timeout(Duration::from_secs(60), received.recv()).await;
                let Ok(Some(lines)) = next else { return Err(format!("`{what}` did not come: {said}")) };
                said.extend(lines.iter().map(|line| format!("{}\n", anstream::adapter::strip_str(line))));
            }
            Ok(said.clone())
        };
        let answers = async {
            let ready = until("Ready on http").await?;
            let url =
                ready.split_once("Ready on ").and_then(|(_, rest)| rest.lines().next()).unwrap_or_default();
            let url = url.to_owned();
            let answers = tokio::task::spawn_blocking(move || {
                let agent =
                    ureq::Agent::from(ureq::Agent::config_builder().http_status_as_error(false).build());
                let get = |accept| agent.get(&url).header("accept", accept).call();
                ["text/plain", "text/html"].map(|accept| get(accept)?.body_mut().read_to_string())
            });
            let answers = answers.await.map_err(|error| error.to_string())?;
            until(&stack).await.map(|_| answers)
        };
        let answers = answers.await;
        wrangler.stop().await;
        let [text, page] = answers.unwrap().map(|answer| answer.unwrap());
        assert!(text.starts_with(&stack), "{text}");
        assert!(page.contains("lib/main.dart:20:5"), "{page}");
    }
}
