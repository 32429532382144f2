//! Dart SDKs of our own: downloaded, checked, and kept in a cache where every command finds them.

pub(crate) mod download;
mod release;
pub(crate) mod store;
mod unpack;

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use semver::Version;

use self::download::Client;
pub(crate) use self::release::Wanted;
use self::release::{Mirror, platform};
use self::store::{Installed, Store};
use crate::diagnostic::{Code, Diagnostic};
use crate::error::{Error, Result, why};
use crate::printer::Printer;
use crate::probe;

/// Where the versions are listed for people.
pub(crate) const ARCHIVE: &str = "https://dart.dev/get-dart/archive";

/// What was to be done, and whether it was.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) sdk: Installed,
    pub(crate) is_new: bool,
}

/// Brings a Dart SDK into the store. Whatever happens on the way, a version is there whole or not at all.
pub(crate) fn install(wanted: &Wanted, store: &Store, printer: Printer) -> Result<Outcome> {
    let platform = platform()?;
    let mirror = Mirror::from_environment()?;
    if let Some(base) = mirror.unencrypted() {
        printer.diagnostic(
            &Diagnostic::warning(
                Code::MirrorUnencrypted,
                format!("`{base}` is not encrypted: anybody on the way can change the Dart SDK"),
            )
            .hint("use a mirror that begins with `https://`"),
        );
    }
    let client = Client::from_environment(mirror.is_encrypted(), printer)?;
    let by_hand = |version: &str, archive: &str| {
        let folder = store.place().join(version);
        format!(
            "if this machine cannot reach it, set `HTTPS_PROXY` or `DARTFLARE_SDK_MIRROR`, or fetch {archive} elsewhere and \
             unpack it into `{}`",
            folder.display()
        )
    };
    let (channel, version) = match wanted {
        Wanted::Version(version) => (release::channel_of(version), version.clone()),
        Wanted::Channel(channel) => {
            let url = mirror.latest(channel);
            let text = client.text(&url).map_err(|failure| {
                failure.into_error(&by_hand("<version>", &format!("an archive ({ARCHIVE})")))
            })?;
            (*channel, release::read_latest(&text, &url)?)
        }
    };
    if let Some(sdk) = store.get(&version) {
        return Ok(Outcome { sdk, is_new: false });
    }

    let _lock = store.lock(printer)?;
    if let Some(sdk) = store.get(&version) {
        return Ok(Outcome { sdk, is_new: false });
    }
    store.sweep();
    let url = mirror.archive(channel, &version, platform);
    let help = by_hand(&version.to_string(), &format!("`{url}`"));
    let partial = store.partial(&version, platform);
    let failed = |failure: download::Failure| match failure {
        download::Failure::Missing(_) => Error::Environment(
            Diagnostic::error(
                Code::NoSuchSdk,
                format!("there is no Dart {version} for {platform}: `{url}` does not exist"),
            )
            .hint(format!("see {ARCHIVE} for what there is, or leave the version out for the latest one")),
        ),
        other => other.into_error(&help),
    };
    printer.status(format!("downloading Dart {version} for {platform} from {url}"));
    client.archive(&url, &partial).map_err(failed)?;

    let staging = store.staging(&version);
    let outcome = put(&partial, &staging, &version, platform, printer).and_then(|()| {
        let sdk = store.publish(&staging, &version)?;
        store.drop_partials();
        Ok(Outcome { sdk, is_new: true })
    });
    if outcome.is_err() {
        let _ = fs::remove_dir_all(&staging);
    }
    outcome
}

/// Unpacks the archive and sees that what was in it is that Dart.
fn put(archive: &Path, staging: &Path, version: &Version, platform: &str, printer: Printer) -> Result<()> {
    let _progress = printer.progress(format!("unpacking Dart {version}"));
    unpack::unpack(archive, staging).map_err(|failure| {
        // What could not be written out for want of room can be, later.
        if let unpack::Failure::Broken(_) = failure {
            let _ = fs::remove_file(archive);
        }
        failure.into_error()
    })?;
    let Some(dart) = store::dart_in(staging) else {
        let _ = fs::remove_file(archive);
        return Err(Error::Environment(
            Diagnostic::error(
                Code::NotAnSdk,
                format!("the archive of Dart {version} has no `dart-sdk/bin/dart` in it"),
            )
            .hint(format!("see {ARCHIVE} for versions that are whole")),
        ));
    };
    let mut command = Command::new(&dart);
    command.arg("--version");
    let answer = probe::output_within(command, probe::TIME_LIMIT);
    let said = match &answer {
        Ok(Some(output)) => {
            [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned()).concat()
        }
        Ok(None) => "no answer".to_owned(),
        Err(error) => why(error),
    };
    if said.contains(&format!("version: {version} ")) {
        return Ok(());
    }
    let said = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("nothing").trim();
    let hint = if matches!(&answer, Err(error) if error.kind() == io::ErrorKind::NotFound) {
        // The file is there: it is its loader that is not.
        "the official SDK needs the GNU C library, which Alpine and other systems on musl lack: use an image that has \
         it, or a Dart made for this system with `--dart`"
    } else {
        "run it by hand to see what it lacks, or name another Dart with `--dart` or `DARTFLARE_DART`"
    };
    Err(Error::Environment(
        Diagnostic::error(
            Code::SdkDoesNotRun,
            format!("Dart {version} for {platform} does not run on this machine: {said}"),
        )
        .hint(hint),
    ))
}
