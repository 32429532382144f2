//! `dartflare sdk`, against a server on loopback that is honest, or lies, stalls, cuts off and changes its mind.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Cursor, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{fs, thread};

use rustix::process::{Pid, Signal, kill_process};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::harness::{Test, without_advice};
use crate::machine::{alone, node, wrangler};

const LATEST: &str = r#"{"date": "2025-08-27", "version": "3.9.2", "revision": "4dba1b0"}"#;

/// What was asked: the end of the path, and from which byte on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Asked {
    what: String,
    from: Option<usize>,
    /// Which edition of the archive the asker has a part of.
    edition: Option<String>,
    /// How often the same was asked before.
    before: usize,
}

#[derive(Debug)]
struct Answer {
    head: String,
    body: Vec<u8>,
    /// Whether the connection stays open after it, in silence.
    hangs: bool,
}

impl Answer {
    fn new(status: &str, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len());
        Self { head, body, hangs: false }
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        self.head.extend([name, ": ", value, "\r\n"]);
        self
    }

    /// It announces everything and sends this much.
    fn cut(mut self, bytes: usize) -> Self {
        self.body.truncate(bytes);
        self
    }

    fn hanging(mut self) -> Self {
        self.hangs = true;
        self
    }
}

struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    fn new(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answer, all) = (Arc::new(answer), asked.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, all) = (answer.clone(), all.clone());
                thread::spawn(move || serve(stream.unwrap(), &*answer, &all));
            }
        });
        Self { port, asked }
    }

    /// What was asked for since the last time, as `archive`, `archive from 100`, `checksum`, `latest`.
    fn log(&self) -> Vec<String> {
        let asked = std::mem::take(&mut *self.asked.lock().unwrap());
        let line = |asked: Asked| match asked.from {
            Some(from) => format!("{} from {from}", asked.what),
            None => asked.what,
        };
        asked.into_iter().map(line).collect()
    }
}

fn serve(mut stream: TcpStream, answer: &dyn Fn(&Asked) -> Answer, all: &Mutex<Vec<Asked>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        if line == "\r\n" {
            break;
        }
        lines.push(line.trim().to_owned());
    }
    let headers: HashMap<String, String> = lines[1..]
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let path = lines[0].split(' ').nth(1).unwrap();
    let what = match path.rsplit('/').next().unwrap() {
        "VERSION" => "latest",
        name if name.ends_with(".sha256sum") => "checksum",
        name if name.ends_with("-release.zip") => "archive",
        name => name,
    };
    let mut asked = Asked {
        what: what.to_owned(),
        from: headers
            .get("range")
            .map(|range| range.strip_prefix("bytes=").unwrap().strip_suffix('-').unwrap().parse().unwrap()),
        edition: headers.get("if-range").cloned(),
        before: 0,
    };
    {
        let mut all = all.lock().unwrap();
        asked.before = all.iter().filter(|one| one.what == asked.what).count();
        all.push(asked.clone());
    }
    let Answer { head, body, hangs } = answer(&asked);
    let _ = write!(stream, "{head}connection: close\r\n\r\n").and_then(|()| stream.write_all(&body));
    if hangs {
        // Until the other side is gone.
        let _ = reader.read_to_end(&mut Vec::new());
    }
}

/// An archive of a Dart SDK that says it is `version`, of some 100 KB.
fn archive(version: &str) -> Vec<u8> {
    let script = format!(
        "#!/bin/sh\n[ \"$1\" = --version ] || exit 64\n\
         echo 'Dart SDK version: {version} (stable) (Wed Aug 27 03:49:40 2025 -0700) on \"linux_x64\"'\n"
    );
    zip(&[
        ("dart-sdk/bin/dart", 0o755, script.as_bytes()),
        ("dart-sdk/bin/snapshots/dartdev_aot.dart.snapshot", 0o644, b""),
        ("dart-sdk/bin/snapshots/dart2js_aot.dart.snapshot", 0o644, b""),
        ("dart-sdk/bin/snapshots/dart2wasm_product.snapshot", 0o644, b""),
        ("dart-sdk/lib/filler", 0o644, &version.as_bytes().repeat(20_000)),
    ])
}

fn zip(files: &[(&str, u32, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, mode, content) in files {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .unix_permissions(*mode);
        zip.start_file(*name, options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn sum(bytes: &[u8]) -> String {
    format!("{:x} *dartsdk-linux-x64-release.zip\n", Sha256::digest(bytes))
}

/// The answer of an honest server that holds `archive`.
fn honest(archive: &[u8], asked: &Asked) -> Answer {
    let edition = format!("\"{}\"", &sum(archive)[..16]);
    match (asked.what.as_str(), asked.from) {
        ("latest", _) => Answer::new("200 OK", LATEST),
        ("checksum", _) => Answer::new("200 OK", sum(archive)),
        ("archive", Some(from)) if asked.edition.as_ref().is_none_or(|known| *known == edition) => {
            if from >= archive.len() {
                let range = format!("bytes */{}", archive.len());
                return Answer::new("416 Range Not Satisfiable", "").header("content-range", &range);
            }
            let range = format!("bytes {from}-{}/{}", archive.len() - 1, archive.len());
            Answer::new("206 Partial Content", &archive[from..])
                .header("content-range", &range)
                .header("etag", &edition)
        }
        ("archive", _) => Answer::new("200 OK", archive).header("etag", &edition),
        _ => Answer::new("404 Not Found", "no"),
    }
}

/// A run on a machine without Dart, whose mirror is `server`.
fn on(server: &Server, test: Test) -> Test {
    mirrored(server.port, test)
}

fn mirrored(port: u16, test: Test) -> Test {
    test.env("DARTFLARE_SDK_MIRROR", format!("http://127.0.0.1:{port}/"))
        .env("DARTFLARE_SDK_RETRIES", "1")
        .varies(r"127\.0\.0\.1:\d+", "[MIRROR]")
        .varies("(linux|macos)-(x64|arm64)", "[PLATFORM]")
        .varies(r"[0-9a-f]{64}", "[HASH]")
}

fn install(server: &Server) -> Test {
    on(server, Test::new()).args("sdk install")
}

const ARCHIVE: &str = "http://[MIRROR]/channels/stable/release/3.9.2/sdk/dartsdk-[PLATFORM]-release.zip";

fn downloading() -> String {
    format!("downloading Dart 3.9.2 for [PLATFORM] from {ARCHIVE}\n")
}

const INSTALLED: &str = "installed Dart 3.9.2 in `[DIR]/.cache/sdk/3.9.2/dart-sdk`\n";

const AGAIN: &str = "; trying again in 0.25 s\n";

fn by_hand() -> String {
    format!(
        "hint: if this machine cannot reach it, set `HTTPS_PROXY` or `DARTFLARE_SDK_MIRROR`, or fetch `{ARCHIVE}` \
         elsewhere and unpack it into `[DIR]/.cache/sdk/3.9.2`\n"
    )
}

/// What is in the store, lock aside.
fn store(dir: &TempDir) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir.path().join(".cache/sdk"))
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != ".lock")
        .map(|name| name.replace("macos", "linux").replace("arm64", "x64"))
        .collect();
    names.sort();
    names
}

const PART: &str = ".3.9.2-linux-x64.zip";
const TAG: &str = ".3.9.2-linux-x64.zip.tag";

#[test]
fn an_sdk_comes_is_found_and_goes() {
    let whole = archive("3.9.2");
    let server = Server::new(move |asked| honest(&whole, asked));
    // What a run that was killed while it unpacked has left.
    let test = install(&server).file(".cache/sdk/.3.9.2-1.tmp/dart-sdk/bin/dart", "half");
    let dir = test.stderr(&(downloading() + INSTALLED)).run();
    assert_eq!(store(&dir), ["3.9.2"]);
    assert_eq!(server.log(), ["latest", "checksum", "archive"]);

    let again = |dir: TempDir, args: &str| on(&server, Test::again(dir)).args(args);
    let there = "already installed: Dart 3.9.2 in `[DIR]/.cache/sdk/3.9.2/dart-sdk`\n";
    let dir = again(dir, "sdk install 3.9.2").stderr(there).run();
    assert_eq!(server.log(), [""; 0], "nothing is asked for a version that is there");
    let dir = again(dir, "sdk list").stdout("3.9.2      [DIR]/.cache/sdk/3.9.2/dart-sdk\n").run();
    let dir = again(dir, "sdk path").stdout("[DIR]/.cache/sdk/3.9.2/dart-sdk\n").run();
    let missing = "error[E1006]: Dart 3.5.4 is not installed\nhint: installed are `3.9.2`\n";
    let dir = again(dir, "sdk path 3.5.4").code(3).stderr(missing).run();
    let dir = again(dir, "sdk remove 3.9.2").stderr("removed Dart 3.9.2\n").run();
    assert_eq!(store(&dir), [""; 0]);
    let none = "error[E1006]: no Dart SDK is installed\nhint: run `dartflare sdk install`\n";
    let dir = again(dir, "sdk path").code(3).stderr(none).run();
    let none = "error[E1006]: Dart 3.9.2 is not installed\nhint: run `dartflare sdk install 3.9.2`\n";
    again(dir, "sdk remove 3.9.2").code(3).stderr(none).run();
}

#[test]
fn versions_that_are_none() {
    for (version, why) in [
        ("3.9", "write a whole version such as `3.9.2`, or one of the channels `stable`, `beta`, `dev`"),
        ("2.19.6", "dartflare needs Dart 3.5 or newer"),
    ] {
        let stderr = format!(
            "error: invalid value '{version}' for '[VERSION]': {why}\n\nFor more information, try '--help'.\n"
        );
        Test::new().args("sdk install").args(version).code(2).stderr(&stderr).run();
    }
}

/// A machine with nothing on its `PATH`, a project in it, and these SDKs.
fn with_sdks(versions: &[&str]) -> Test {
    let test = alone(wrangler(crate::machine::project(), "4.86.0")).file("lib/main.dart", "void main() {}\n");
    node(&test, "22.1.0");
    for version in versions {
        crate::machine::dart_sdk(&test, &format!(".cache/sdk/{version}/dart-sdk"), version);
    }
    test
}

fn doctor_finds(test: Test, dart: &str, rest: &str) {
    let expected = format!(
        "\
ok       Dart           {dart}, an SDK: runs, resolves packages, compiles
ok       Node           22.1.0 at `[DIR]/bin/node`, for Wrangler
ok       Wrangler       4.86.0 at `[DIR]/node_modules/.bin/wrangler`, runs the Worker and its bindings
ok       configuration  wrangler.toml
ok       program        `lib/main.dart`
{rest}"
    )
    .replace(", an SDK", "; an SDK");
    test.args("doctor").stdout(&expected).run();
}

const UNRESOLVED: &str = "\
warning  packages       not resolved since `pubspec.yaml` changed
                        fix: run `dart pub get`, or leave it to `dartflare dev`
";

#[test]
fn commands_find_the_newest_that_the_project_is_written_for() {
    let versions = ["3.5.4", "3.9.2", "3.10.0"];
    let own = |version: &str| {
        format!("{version} at `[DIR]/.cache/sdk/{version}/dart-sdk/bin/dart`, from dartflare sdk")
    };
    doctor_finds(with_sdks(&versions), &own("3.10.0"), UNRESOLVED);
    let pubspec = crate::machine::PUBSPEC.replace("^3.5.0", "'>=3.5.0 <3.10.0'");
    doctor_finds(with_sdks(&versions).file("pubspec.yaml", &pubspec), &own("3.9.2"), UNRESOLVED);

    let test = with_sdks(&versions);
    crate::machine::dart(&test, "bin", "3.7.3");
    doctor_finds(test, &own("3.10.0"), UNRESOLVED);
    let test = with_sdks(&versions);
    crate::machine::dart_sdk(&test, "theirs", "3.7.3");
    let path = ["theirs/bin", "bin"].map(|folder| test.path().join(folder).display().to_string()).join(":");
    doctor_finds(test.env("PATH", path), "3.7.3 at `[DIR]/theirs/bin/dart`, from PATH", UNRESOLVED);
}

#[test]
fn a_build_runs_the_compiler_of_an_sdk_that_was_installed() {
    let test = with_sdks(&["3.9.2"])
        .file(".dart_tool/package_config.json", crate::machine::RESOLVED)
        .file(".cache/sdk/3.9.2/dart-sdk/fake/exit", "1")
        .args("build");
    let output = test.output();
    let log = fs::read_to_string(test.path().join(".cache/sdk/3.9.2/dart-sdk/fake/log")).unwrap();
    assert!(log.contains("compile\n"), "{log}\n{}", test.readable(&output.stderr));
}

#[test]
fn without_a_network_it_says_what_it_tried() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let latest = "http://[MIRROR]/channels/stable/release/latest/VERSION";
    let stderr = format!(
        "connection refused{AGAIN}\
         error[E1001]: cannot download `{latest}`: connection refused (tried, 2 times)\n\
         hint: if this machine cannot reach it, set `HTTPS_PROXY` or `DARTFLARE_SDK_MIRROR`, or fetch an archive \
         (https://dart.dev/get-dart/archive) elsewhere and unpack it into `[DIR]/.cache/sdk/<version>`\n"
    );
    let dir = mirrored(port, Test::new()).args("sdk install").code(3).stderr(&stderr).run();
    let stderr = format!(
        "downloading Dart 3.9.2 for [PLATFORM] from {ARCHIVE}\nconnection refused{AGAIN}\
         error[E1001]: cannot download `{ARCHIVE}.sha256sum`: connection refused (tried, 2 times)\n{}",
        by_hand()
    );
    let dir = mirrored(port, Test::again(dir)).args("sdk install 3.9.2").code(3).stderr(&stderr).run();
    assert_eq!(store(&dir), [""; 0]);

    // By hand, as it was told.
    let folder = dir.path().join(".cache/sdk/3.9.2");
    crate::machine::write_dart_sdk(&folder.join("dart-sdk"), "3.9.2");
    let there = "already installed: Dart 3.9.2 in `[DIR]/.cache/sdk/3.9.2/dart-sdk`\n";
    mirrored(port, Test::again(dir)).args("sdk install 3.9.2").stderr(there).run();
}

#[test]
fn what_was_changed_on_the_way_is_not_installed() {
    let (right, wrong) = (archive("3.9.2"), archive("6.6.6"));
    let server =
        Server::new(move |asked| honest(if asked.what == "checksum" { &right } else { &wrong }, asked));
    let stderr = downloading()
        + &format!(
            "error[E1003]: `{ARCHIVE}` is not what it should be: its SHA-256 is [HASH], `{ARCHIVE}.sha256sum` says [HASH]\n\
             hint: nothing was installed; try again later, and if it stays so, a proxy or a mirror changes what it passes \
             on\n"
        );
    let dir = install(&server).code(3).stderr(&stderr).run();
    assert_eq!(store(&dir), [""; 0]);
}

#[test]
fn a_login_page_is_none_of_the_three() {
    const PAGE: &str = "<!DOCTYPE html><title>Hotel</title>";
    let page = |what: &'static str| {
        let whole = archive("3.9.2");
        Server::new(move |asked| {
            if asked.what == what {
                Answer::new("200 OK", PAGE).header("content-type", "text/html; charset=utf-8")
            } else {
                honest(&whole, asked)
            }
        })
    };
    let hint = "hint: a proxy or a login page of the network may have answered";
    for (what, stderr) in [
        (
            "latest",
            format!(
                "error[E1003]: `http://[MIRROR]/channels/stable/release/latest/VERSION` does not say a version of Dart, it begins \
                 with: {PAGE}\n{hint}; or name a version of https://dart.dev/get-dart/archive\n"
            ),
        ),
        (
            "checksum",
            downloading()
                + &format!(
                    "error[E1003]: `{ARCHIVE}.sha256sum` is no checksum, it begins with: {PAGE}\n\
                     {hint}: open the address in a browser to see\n"
                ),
        ),
        (
            "archive",
            downloading()
                + &format!(
                    "error[E1003]: `{ARCHIVE}` is a web page and no archive\n{hint}: open the address in a browser to see\n"
                ),
        ),
    ] {
        let dir = install(&page(what)).code(3).stderr(&stderr).run();
        assert_eq!(store(&dir), [""; 0], "{what}");
    }
}

#[test]
fn a_server_that_falls_silent_is_given_up_and_the_rest_fetched_later() {
    let whole = archive("3.9.2");
    let (half, end) = (whole.len() / 2, whole.len() - 10);
    let server = Server::new(move |asked| {
        let answer = honest(&whole, asked);
        match (asked.what.as_str(), asked.before, asked.from) {
            ("archive", 0, None) => answer.cut(half).hanging(),
            ("archive", 1, Some(from)) => answer.cut(end - from).hanging(),
            _ => answer,
        }
    });
    let stderr = downloading()
        + &format!("nothing arrived for too long after {half} bytes{AGAIN}")
        + &format!(
            "error[E1001]: cannot download `{ARCHIVE}`: nothing arrived for too long after {end} bytes (tried, 2 times)\n"
        )
        + &by_hand();
    let dir = install(&server).env("DARTFLARE_SDK_TIMEOUT", "0.3").code(3).stderr(&stderr).run();
    assert_eq!(store(&dir), [PART, TAG]);
    assert_eq!(server.log(), ["latest", "checksum", "archive", &format!("archive from {half}")]);

    // Counted anew: the next try is the second again.
    server.asked.lock().unwrap().extend((0..2).map(|before| Asked {
        what: "archive".to_owned(),
        from: None,
        edition: None,
        before,
    }));
    let dir = on(&server, Test::again(dir)).args("sdk install").stderr(&(downloading() + INSTALLED)).run();
    assert_eq!(store(&dir), ["3.9.2"]);
    assert_eq!(server.log().last(), Some(&format!("archive from {end}")));
}

#[test]
fn what_is_cut_off_goes_on_where_it_ended() {
    let whole = archive("3.9.2");
    let (third, half, length) = (whole.len() / 3, whole.len() / 2, whole.len());
    let server = Server::new(move |asked| {
        let answer = honest(&whole, asked);
        match (asked.what.as_str(), asked.from) {
            ("archive", None) => answer.cut(third),
            ("archive", Some(from)) if from == third => answer.cut(half - third),
            _ => answer,
        }
    });
    let stderr = downloading()
        + &format!("the connection ended after {third} bytes{AGAIN}")
        + &format!("the connection ended after {half} bytes; trying again in 0.5 s\n")
        + INSTALLED;
    let dir = install(&server).env("DARTFLARE_SDK_RETRIES", "2").stderr(&stderr).run();
    let expected =
        ["latest", "checksum", "archive", &format!("archive from {third}"), &format!("archive from {half}")];
    assert_eq!(server.log(), expected);
    assert_eq!(store(&dir), ["3.9.2"]);
    assert!(length > half);
}

#[test]
fn a_version_that_does_not_exist() {
    let server = Server::new(|_| Answer::new("404 Not Found", "<Code>NoSuchKey</Code>"));
    let stderr = "\
downloading Dart 3.99.0-1.2.beta for [PLATFORM] from http://[MIRROR]/channels/beta/release/3.99.0-1.2.beta/sdk/dartsdk-[PLATFORM]-release.zip
error[E1002]: there is no Dart 3.99.0-1.2.beta for [PLATFORM]: `http://[MIRROR]/channels/beta/release/3.99.0-1.2.beta/sdk/dartsdk-[PLATFORM]-release.zip` does not exist
hint: see https://dart.dev/get-dart/archive for what there is, or leave the version out for the latest one
";
    let dir = install(&server).args("3.99.0-1.2.beta").code(3).stderr(stderr).run();
    assert_eq!(store(&dir), [""; 0]);
}

#[test]
fn a_server_that_is_busy_for_a_moment_or_sends_elsewhere() {
    let whole = archive("3.9.2");
    let server = Server::new(move |asked| match (asked.what.as_str(), asked.before) {
        ("latest", 0) => Answer::new("503 Service Unavailable", "busy"),
        ("archive", 0) => Answer::new("302 Found", "").header("location", "/elsewhere"),
        ("elsewhere", _) => honest(&whole, &Asked { what: "archive".to_owned(), ..asked.clone() }),
        _ => honest(&whole, asked),
    });
    let stderr = format!("the server answered 503 service unavailable{AGAIN}") + &downloading() + INSTALLED;
    let dir = install(&server).stderr(&stderr).run();
    assert_eq!(server.log(), ["latest", "latest", "checksum", "archive", "elsewhere"]);
    assert_eq!(store(&dir), ["3.9.2"]);

    let forbidding = Server::new(|_| Answer::new("403 Forbidden", "no"));
    let stderr = downloading()
        + &format!(
            "error[E1001]: cannot download `{ARCHIVE}.sha256sum`: the server answered 403 forbidden (tried)\n"
        )
        + &by_hand();
    install(&forbidding).args("3.9.2").code(3).stderr(&stderr).run();
}

/// The store with this in it as the part of an archive that an earlier run has fetched.
fn with_part(server: &Server, part: &[u8], edition: &str) -> Test {
    let test = install(server).args("3.9.2");
    let platform = format!(
        "{}-{}",
        if cfg!(target_os = "macos") { "macos" } else { "linux" },
        if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" }
    );
    let place = test.path().join(".cache/sdk");
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join(format!(".3.9.2-{platform}.zip")), part).unwrap();
    fs::write(place.join(format!(".3.9.2-{platform}.zip.tag")), edition).unwrap();
    test
}

#[test]
fn a_server_that_ignores_ranges_sends_all_of_it() {
    let whole = archive("3.9.2");
    let part = whole[..1000].to_vec();
    let server = Server::new(move |asked| honest(&whole, &Asked { from: None, ..asked.clone() }));
    let dir = with_part(&server, &part, "").stderr(&(downloading() + INSTALLED)).run();
    assert_eq!(server.log(), ["checksum", "archive from 1000"]);
    assert_eq!(store(&dir), ["3.9.2"]);
}

#[test]
fn a_part_that_is_the_whole_is_not_fetched_again_and_one_that_is_longer_is_no_part() {
    let whole = archive("3.9.2");
    let (all, length) = (whole.clone(), whole.len());
    let server = Server::new(move |asked| honest(&whole, asked));
    let dir = with_part(&server, &all, "").stderr(&(downloading() + INSTALLED)).run();
    assert_eq!(server.log(), ["checksum", &format!("archive from {length}")]);
    assert_eq!(store(&dir), ["3.9.2"]);

    let longer = [all, b"more".to_vec()].concat();
    let stderr = downloading()
        + &format!("the archive is shorter than what was fetched of it before{AGAIN}")
        + INSTALLED;
    let dir = with_part(&server, &longer, "").stderr(&stderr).run();
    assert_eq!(server.log(), ["checksum", &format!("archive from {}", length + 4), "archive"]);
    assert_eq!(store(&dir), ["3.9.2"]);
}

#[test]
fn an_archive_that_changed_between_two_runs_starts_again() {
    let whole = archive("3.9.2");
    let server = Server::new(move |asked| honest(&whole, asked));
    // Known by its edition, the server sends all of the new one.
    let dir =
        with_part(&server, &archive("6.6.6")[..5000], "\"older\"").stderr(&(downloading() + INSTALLED)).run();
    assert_eq!(server.log(), ["checksum", "archive from 5000"]);
    assert_eq!(store(&dir), ["3.9.2"]);
    // Not known, only the sum tells.
    let stderr = downloading() + "the parts do not fit together: starting again\n" + INSTALLED;
    let dir = with_part(&server, &archive("6.6.6")[..5000], "").stderr(&stderr).run();
    assert_eq!(server.log(), ["checksum", "archive from 5000", "checksum", "archive"]);
    assert_eq!(store(&dir), ["3.9.2"]);
}

#[test]
fn an_archive_that_is_replaced_while_it_is_fetched_starts_again() {
    let (old, new) = (archive("6.6.6"), archive("3.9.2"));
    let server = Server::new(move |asked| {
        honest(if asked.what == "checksum" && asked.before == 0 { &old } else { &new }, asked)
    });
    let stderr = downloading() + "the parts do not fit together: starting again\n" + INSTALLED;
    let dir = install(&server).stderr(&stderr).run();
    assert_eq!(store(&dir), ["3.9.2"]);
}

#[test]
fn archives_that_are_no_sdk() {
    let script = |text: &str| format!("#!/bin/sh\n{text}\n").into_bytes();
    let run =
        "hint: run it by hand to see what it lacks, or name another Dart with `--dart` or `DARTFLARE_DART`\n";
    let mirror =
        "hint: the mirror holds something that is no Dart SDK: use another one (`DARTFLARE_SDK_MIRROR`)\n";
    for (bytes, stderr) in [
        (
            b"PK and nothing else".to_vec(),
            format!("error[E1003]: the archive cannot be unpacked: [WHY]\n{mirror}"),
        ),
        (
            zip(&[("dart-sdk/bin/dart", 0o755, b"#!/bin/sh\n"), ("../../../evil", 0o644, b"evil")]),
            format!(
                "error[E1003]: the archive cannot be unpacked: `../../../evil` would be written outside of the folder\n{mirror}"
            ),
        ),
        (
            zip(&[("dart-sdk/version", 0o644, b"3.9.2")]),
            "error[E1003]: the archive of Dart 3.9.2 has no `dart-sdk/bin/dart` in it\n\
             hint: see https://dart.dev/get-dart/archive for versions that are whole\n"
                .to_owned(),
        ),
        (
            zip(&[("dart-sdk/bin/dart", 0o755, &script("echo 'cannot open shared object' >&2; exit 127"))]),
            format!("error[E1004]: Dart 3.9.2 for [PLATFORM] does not run on this machine: cannot open shared object\n{run}"),
        ),
        (
            zip(&[("dart-sdk/bin/dart", 0o755, b"#!/lib64/no-such-loader\n")]),
            "error[E1004]: Dart 3.9.2 for [PLATFORM] does not run on this machine: no such file or directory\n\
             hint: the official SDK needs the GNU C library, which Alpine and other systems on musl lack: use an image \
             that has it, or a Dart made for this system with `--dart`\n"
                .to_owned(),
        ),
        (
            archive("3.9.1"),
            format!(
                "error[E1004]: Dart 3.9.2 for [PLATFORM] does not run on this machine: Dart SDK version: 3.9.1 (stable) (Wed Aug 27 \
                 03:49:40 2025 -0700) on \"linux_x64\"\n{run}"
            ),
        ),
    ] {
        let server = Server::new(move |asked| honest(&bytes, asked));
        let dir = install(&server)
            .varies("unpacked: [^`].*", "unpacked: [WHY]")
            .code(3)
            .stderr(&(downloading() + &stderr))
            .run();
        assert!(!store(&dir).iter().any(|name| name == "3.9.2" || name.contains(".tmp")), "{:?}", store(&dir));
        assert!(!dir.path().join("evil").exists());
    }
}

#[test]
fn interrupted_and_killed_it_goes_on_where_it_was() {
    let whole = archive("3.9.2");
    let (third, half) = (whole.len() / 3, whole.len() / 2);
    let server = Server::new(move |asked| {
        let answer = honest(&whole, asked);
        match (asked.what.as_str(), asked.from) {
            ("archive", None) => answer.cut(third).hanging(),
            ("archive", Some(from)) if from == third => answer.cut(half - third).hanging(),
            _ => answer,
        }
    });
    let mut dir = Test::new().into_dir();
    for (signal, at, code) in [(Signal::INT, third, Some(130)), (Signal::KILL, half, None)] {
        let test = on(&server, Test::again(dir));
        let mut child = test
            .command(env!("CARGO_BIN_EXE_dartflare"))
            .args(["sdk", "install"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let has_come = || {
            let entries = fs::read_dir(test.path().join(".cache/sdk")).into_iter().flatten().flatten();
            entries
                .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "zip"))
                .any(|entry| entry.metadata().is_ok_and(|data| data.len() == at as u64))
        };
        until(has_come);
        kill_process(Pid::from_child(&child), signal).unwrap();
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(child.wait().unwrap().code(), code, "{said}");
        assert_eq!(said.contains("error[E0003]: interrupted\n"), code.is_some(), "{said}");
        dir = test.into_dir();
        assert_eq!(store(&dir), [PART, TAG]);
    }
    let dir = on(&server, Test::again(dir)).args("sdk install").stderr(&(downloading() + INSTALLED)).run();
    assert_eq!(store(&dir), ["3.9.2"]);
    let archives: Vec<String> = server.log().into_iter().filter(|what| what.starts_with("archive")).collect();
    assert_eq!(archives, ["archive", &format!("archive from {third}"), &format!("archive from {half}")]);
}

fn until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "it did not come about");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn two_at_once_download_once() {
    let whole = archive("3.9.2");
    let (tell, asked_for) = mpsc::channel::<()>();
    let (release, go_on): (_, Receiver<()>) = mpsc::channel();
    let gate = Mutex::new((tell, go_on));
    let server = Server::new(move |asked| {
        if asked.what == "archive" {
            let gate = gate.lock().unwrap();
            gate.0.send(()).unwrap();
            gate.1.recv().unwrap();
        }
        honest(&whole, asked)
    });
    let test = on(&server, Test::new());
    let start = || {
        let mut command: Command = test.command(env!("CARGO_BIN_EXE_dartflare"));
        command.args(["sdk", "install"]).stderr(Stdio::piped()).spawn().unwrap()
    };
    let first = start();
    asked_for.recv_timeout(Duration::from_secs(20)).unwrap();
    let mut second = start();
    let mut said = BufReader::new(second.stderr.take().unwrap()).lines();
    assert_eq!(said.next().unwrap().unwrap(), "waiting for another `dartflare sdk` to end");
    release.send(()).unwrap();
    assert!(first.wait_with_output().unwrap().status.success());
    assert!(said.next().unwrap().unwrap().starts_with("already installed: Dart 3.9.2 in "));
    assert!(second.wait().unwrap().success());
    assert_eq!(server.log(), ["latest", "checksum", "archive", "latest"]);
    assert_eq!(store(test.dir()), ["3.9.2"]);
}

#[test]
fn a_disk_without_room() {
    let whole = archive("3.9.2");
    let server = Server::new(move |asked| honest(&whole, asked));
    let test = install(&server);
    // A file may not grow beyond 16 KiB.
    let limited =
        format!("trap '' XFSZ; ulimit -f 32; exec '{}' sdk install", env!("CARGO_BIN_EXE_dartflare"));
    let output = test.command("/bin/sh").args(["-c", &limited]).output().unwrap();
    let expected = downloading()
        + "error[E1007]: no room for `[DIR]/.cache/sdk/.3.9.2-[PLATFORM].zip`: file too large\n\
           hint: a Dart SDK takes about 1 GB while it is installed: make room, remove others with `dartflare sdk remove`, or \
           set `DARTFLARE_CACHE` to a folder on another disk\n";
    assert_eq!(without_advice(test.readable(&output.stderr)), expected);
    assert_eq!(output.status.code(), Some(3));
    // With room again, what was there is not fetched again.
    server.log();
    let dir = on(&server, Test::again(test.into_dir()))
        .args("sdk install")
        .stderr(&(downloading() + INSTALLED))
        .run();
    assert_eq!(store(&dir), ["3.9.2"]);
    assert_eq!(server.log(), ["latest", "checksum", "archive from 16384"]);
}

#[test]
fn mirrors_and_proxies() {
    let server = Server::new(|_| Answer::new("404 Not Found", ""));
    // As Flutter's tools are told.
    let stderr = "error[E1001]: `http://[MIRROR]/dart-archive/channels/beta/release/latest/VERSION` does not exist\n\
                  hint: if this machine cannot reach it, set `HTTPS_PROXY` or `DARTFLARE_SDK_MIRROR`, or fetch an archive \
                  (https://dart.dev/get-dart/archive) elsewhere and unpack it into `[DIR]/.cache/sdk/<version>`\n";
    on(&server, Test::new())
        .env("DARTFLARE_SDK_MIRROR", "")
        .env("FLUTTER_STORAGE_BASE_URL", format!("http://127.0.0.1:{}/", server.port))
        .args("sdk install beta")
        .code(3)
        .stderr(stderr)
        .run();

    let stderr = "error[E1008]: `storage.example`, which `DARTFLARE_SDK_MIRROR` names, is not a URL of a mirror\n\
                  hint: it takes the place of `https://storage.googleapis.com/dart-archive`\n";
    let mirror = |url: &str| Test::new().env("DARTFLARE_SDK_MIRROR", url).args("sdk install 3.9.2");
    mirror("storage.example").code(3).stderr(stderr).run();

    // The proxy is asked and never the server; the password is nobody's business.
    let port = server.port;
    let output = on(&server, Test::new())
        .env("DARTFLARE_SDK_MIRROR", "http://dart.invalid")
        .env("HTTP_PROXY", format!("http://me:secret@127.0.0.1:{port}"))
        .args("sdk install 3.9.2")
        .output();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.starts_with("warning[W1001]: `http://dart.invalid` is not encrypted: anybody on the way"),
        "{said}"
    );
    assert!(said.contains(&format!("through the proxy `127.0.0.1:{port}`")), "{said}");
    assert!(!said.contains("secret"), "{said}");
    assert!(!server.log().is_empty());
}

#[test]
fn an_encrypted_mirror_does_not_lead_to_one_that_is_not() {
    // Nobody speaks TLS there: what matters is that nothing else is tried.
    let server = Server::new(|_| Answer::new("200 OK", LATEST));
    let test = on(&server, Test::new())
        .env("DARTFLARE_SDK_MIRROR", format!("https://127.0.0.1:{}", server.port))
        .env("DARTFLARE_SDK_TIMEOUT", "0.3")
        .args("sdk install");
    let output = test.output();
    assert_eq!(output.status.code(), Some(3), "{}", test.readable(&output.stderr));
    assert!(server.log().is_empty());
    assert!(!Path::new(&test.path().join(".cache/sdk/.lock")).exists());
}
