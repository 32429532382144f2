//! Which releases of Dart there are, and where their archives lie.

use std::env;
use std::str::FromStr;

use semver::Version;
use serde::Deserialize;

use super::ARCHIVE;
use crate::dart::locate::OLDEST;
use crate::diagnostic::{Code, Diagnostic};
use crate::error::{Error, Result};

const OFFICIAL: &str = "https://storage.googleapis.com/dart-archive";

/// What the user asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The newest of a channel: `stable`, `beta` or `dev`.
    Channel(&'static str),
    Version(Version),
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let channel = match text {
            "stable" | "latest" => Some("stable"),
            "beta" => Some("beta"),
            "dev" => Some("dev"),
            _ => None,
        };
        if let Some(channel) = channel {
            return Ok(Self::Channel(channel));
        }
        let version = Version::parse(text).map_err(|_| {
            "write a whole version such as `3.9.2`, or one of the channels `stable`, `beta`, `dev`".to_owned()
        })?;
        if (version.major, version.minor) < OLDEST {
            return Err(format!("dartflare needs Dart {}.{} or newer", OLDEST.0, OLDEST.1));
        }
        Ok(Self::Version(version))
    }
}

/// The channel that a version was released on, which its name tells.
pub(super) fn channel_of(version: &Version) -> &'static str {
    match version.pre.as_str() {
        "" => "stable",
        pre if pre.ends_with("beta") => "beta",
        _ => "dev",
    }
}

/// This machine as the archives name it.
pub(super) fn platform() -> Result<&'static str> {
    platform_of(env::consts::OS, env::consts::ARCH)
}

fn platform_of(os: &str, arch: &str) -> Result<&'static str> {
    match (os, arch) {
        ("linux", "x86_64") => Ok("linux-x64"),
        ("linux", "aarch64") => Ok("linux-arm64"),
        ("linux", "arm") => Ok("linux-arm"),
        ("linux", "riscv64") => Ok("linux-riscv64"),
        ("macos", "x86_64") => Ok("macos-x64"),
        ("macos", "aarch64") => Ok("macos-arm64"),
        ("windows", "x86_64") => Ok("windows-x64"),
        ("windows", "aarch64") => Ok("windows-arm64"),
        _ => Err(Error::Environment(
            Diagnostic::error(
                Code::NoSdkForSystem,
                format!("there is no official Dart SDK for {os} on {arch}"),
            )
            .hint(
                "build one (https://github.com/dart-lang/sdk), and name it with `--dart` or `DARTFLARE_DART`",
            ),
        )),
    }
}

/// Where archives come from.
#[derive(Debug)]
pub(super) struct Mirror(String);

impl Mirror {
    /// `DARTFLARE_SDK_MIRROR`, else the one that Flutter's tools use, else Google's own.
    pub(super) fn from_environment() -> Result<Self> {
        let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let (base, name) = if let Some(base) = variable("DARTFLARE_SDK_MIRROR") {
            (base, "DARTFLARE_SDK_MIRROR")
        } else if let Some(base) = variable("FLUTTER_STORAGE_BASE_URL") {
            (format!("{}/dart-archive", base.trim_end_matches('/')), "FLUTTER_STORAGE_BASE_URL")
        } else {
            (OFFICIAL.to_owned(), "")
        };
        let is_url = url::Url::parse(&base)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.query().is_none());
        if !is_url {
            return Err(Error::Environment(
                Diagnostic::error(
                    Code::SdkSetting,
                    format!("`{base}`, which `{name}` names, is not a URL of a mirror"),
                )
                .hint(format!("it takes the place of `{OFFICIAL}`")),
            ));
        }
        Ok(Self(base.trim_end_matches('/').to_owned()))
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.0.starts_with("https:")
    }

    /// Itself, where others could read and change what it sends.
    pub(super) fn unencrypted(&self) -> Option<&str> {
        let host = url::Url::parse(&self.0).ok()?;
        let is_local = match host.host()? {
            url::Host::Domain(name) => name == "localhost",
            url::Host::Ipv4(address) => address.is_loopback(),
            url::Host::Ipv6(address) => address.is_loopback(),
        };
        (!self.is_encrypted() && !is_local).then_some(&self.0)
    }

    /// What says which version is the newest of a channel.
    pub(super) fn latest(&self, channel: &str) -> String {
        format!("{}/channels/{channel}/release/latest/VERSION", self.0)
    }

    pub(super) fn archive(&self, channel: &str, version: &Version, platform: &str) -> String {
        format!("{}/channels/{channel}/release/{version}/sdk/dartsdk-{platform}-release.zip", self.0)
    }
}

/// Reads what `url`, the newest version of a channel, says.
pub(super) fn read_latest(text: &str, url: &str) -> Result<Version> {
    #[derive(Deserialize)]
    struct Latest {
        version: Version,
    }
    serde_json::from_str(text).map(|latest: Latest| latest.version).map_err(|_| {
        let start: String = text.trim().chars().take(40).collect();
        Error::Environment(
            Diagnostic::error(
                Code::NotAnSdk,
                format!("`{url}` does not say a version of Dart, it begins with: {start}"),
            )
            .hint(format!(
                "a proxy or a login page of the network may have answered; or name a version of {ARCHIVE}"
            )),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_asked_for() {
        let version = |text: &str| Ok(Wanted::Version(Version::parse(text).unwrap()));
        assert_eq!("stable".parse(), Ok(Wanted::Channel("stable")));
        assert_eq!("latest".parse(), Ok(Wanted::Channel("stable")));
        assert_eq!("3.5.4".parse(), version("3.5.4"));
        assert_eq!("3.13.0-117.1.beta".parse(), version("3.13.0-117.1.beta"));
        for text in ["", "3", "3.9", "v3.9.2", "^3.9.2", "../3.9.2", "stable/3.9.2", "3.4.4", "2.19.6"] {
            assert!(text.parse::<Wanted>().is_err(), "{text}");
        }
    }

    #[test]
    fn systems() {
        assert_eq!(platform_of("linux", "x86_64").unwrap(), "linux-x64");
        assert_eq!(platform_of("macos", "aarch64").unwrap(), "macos-arm64");
        for (os, arch) in [("freebsd", "x86_64"), ("linux", "x86"), ("windows", "x86")] {
            let wrong = platform_of(os, arch).unwrap_err().diagnostic();
            assert_eq!(wrong.code, Some(Code::NoSdkForSystem), "{wrong}");
        }
    }

    #[test]
    fn channels_and_places() {
        let mirror = Mirror("https://mirror.example/dart".to_owned());
        for (version, channel) in
            [("3.9.2", "stable"), ("3.13.0-117.1.beta", "beta"), ("3.13.0-20.0.dev", "dev")]
        {
            let version = Version::parse(version).unwrap();
            assert_eq!(channel_of(&version), channel);
            assert_eq!(
                mirror.archive(channel, &version, "linux-x64"),
                format!(
                    "https://mirror.example/dart/channels/{channel}/release/{version}/sdk/dartsdk-linux-x64-release.zip"
                )
            );
        }
    }

    #[test]
    fn who_could_listen() {
        let unencrypted = |base: &str| Mirror(base.to_owned()).unencrypted().is_some();
        assert!(unencrypted("http://mirror.example"));
        for safe in
            ["https://mirror.example", "http://127.0.0.1:8000", "http://[::1]:8000", "http://localhost"]
        {
            assert!(!unencrypted(safe), "{safe}");
        }
    }
}
