//! Bringing an archive here over a network that may be slow, cut off, or not what it says it is.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, thread};

use sha2::{Digest as _, Sha256};
use ureq::http::{Response, StatusCode, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, Proxy};

use super::unpack;
use crate::diagnostic::{Code, Diagnostic};
use crate::error::{Error, Result};
use crate::printer::{Amount, Printer};

/// How long nothing may arrive, unless `DARTFLARE_SDK_TIMEOUT` says otherwise.
const SILENCE: Duration = Duration::from_secs(30);

/// How often to try again, unless `DARTFLARE_SDK_RETRIES` says otherwise.
const RETRIES: u32 = 4;

/// What is waited before the first further try; each one after waits twice as long.
const PAUSE: Duration = Duration::from_millis(250);

/// A try that brought this much was worth it, and does not count as failed.
const WORTH: u64 = 1 << 20;

/// More than any text that is asked for.
const TEXT: u64 = 64 * 1024;

/// Asks servers, and asks again.
#[derive(Debug)]
pub(crate) struct Client {
    agent: Agent,
    /// For machines without certificates of their own.
    with_known_roots: Agent,
    retries: u32,
    proxy: Option<String>,
    printer: Printer,
}

/// Why something could not be had.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server says that there is no such thing: the URL.
    Missing(String),
    /// What was asked, what came of it, and how often it was tried.
    Unreachable { url: String, why: String, tries: u32, proxy: Option<String> },
    /// The server does not send what it should.
    Wrong { what: String, hint: &'static str },
    /// It cannot be written here.
    Here(Error),
}

impl Failure {
    /// What the user reads; `by_hand` is how to do without the network.
    pub(crate) fn into_error(self, by_hand: &str) -> Error {
        match self {
            Self::Missing(url) => Error::Environment(
                Diagnostic::error(Code::CannotDownload, format!("`{url}` does not exist")).hint(by_hand),
            ),
            Self::Unreachable { url, why, tries, proxy } => {
                let through = proxy.map(|proxy| format!(" through the proxy `{proxy}`")).unwrap_or_default();
                let times = if tries > 1 { format!(", {tries} times") } else { String::new() };
                Error::Environment(
                    Diagnostic::error(
                        Code::CannotDownload,
                        format!("cannot download `{url}`: {why} (tried{through}{times})"),
                    )
                    .hint(by_hand),
                )
            }
            Self::Wrong { what, hint } => {
                Error::Environment(Diagnostic::error(Code::NotAnSdk, what).hint(hint))
            }
            Self::Here(error) => error,
        }
    }
}

/// Why one try failed.
enum Trouble {
    /// Another one may succeed, all the more if this one brought much.
    Passing {
        why: String,
        was_worth_it: bool,
    },
    Lasting(Failure),
}

impl Client {
    /// One that follows `HTTPS_PROXY` and the like, and goes nowhere without TLS if `encrypted`.
    pub(crate) fn from_environment(encrypted: bool, printer: Printer) -> Result<Self> {
        let silence = number("DARTFLARE_SDK_TIMEOUT")?
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .unwrap_or(SILENCE);
        let retries = number("DARTFLARE_SDK_RETRIES")?.unwrap_or(RETRIES);
        let proxy = Proxy::try_from_env();
        let agent = |roots| {
            Agent::config_builder()
                .https_only(encrypted)
                .http_status_as_error(false)
                .proxy(proxy.clone())
                .user_agent(concat!("dartflare/", env!("CARGO_PKG_VERSION")))
                .tls_config(TlsConfig::builder().root_certs(roots).build())
                .timeout_resolve(Some(silence))
                .timeout_connect(Some(silence))
                .timeout_recv_response(Some(silence))
                .timeout_per_read(Some(silence))
                .build()
                .new_agent()
        };
        Ok(Self {
            agent: agent(RootCerts::PlatformVerifier),
            with_known_roots: agent(RootCerts::WebPki),
            retries,
            // Without the password that may stand in it.
            proxy: proxy.as_ref().map(|proxy| format!("{}:{}", proxy.host(), proxy.port())),
            printer,
        })
    }

    /// A short text.
    pub(crate) fn text(&self, url: &str) -> std::result::Result<String, Failure> {
        self.persist(url, || {
            let mut response = self.get(url, &[])?;
            if response.status() != StatusCode::OK {
                return Err(refused(url, response.status()));
            }
            response
                .body_mut()
                .with_config()
                .limit(TEXT)
                .read_to_string()
                .map_err(|error| passing(&reason(&error)))
        })
    }

    /// The file at `url`, in `path`, once it is what `url.sha256sum` says. What an earlier run has brought is not
    /// fetched again.
    pub(crate) fn archive(&self, url: &str, path: &Path) -> std::result::Result<(), Failure> {
        let sum_url = format!("{url}.sha256sum");
        let mut sum = checksum(&self.text(&sum_url)?, &sum_url)?;
        loop {
            let resumed = self.bring(url, path)?;
            let found = hash(path).map_err(|source| {
                Failure::Here(Error::Io { action: "read", path: path.to_owned(), source })
            })?;
            if found == sum {
                return Ok(());
            }
            discard(path);
            // The archive may have been replaced while it was fetched, or between two runs.
            let now = checksum(&self.text(&sum_url)?, &sum_url)?;
            if now == sum && !resumed {
                return Err(Failure::Wrong {
                    what: format!(
                        "`{url}` is not what it should be: its SHA-256 is {found}, `{sum_url}` says {sum}"
                    ),
                    hint: "nothing was installed; try again later, and if it stays so, a proxy or a mirror changes what \
                           it passes on",
                });
            }
            self.printer.status("the parts do not fit together: starting again");
            sum = now;
        }
    }

    /// Brings all of `url` into `path`; says whether a part of it was there before.
    fn bring(&self, url: &str, path: &Path) -> std::result::Result<bool, Failure> {
        let mut resumed = false;
        // One that begins anew each time brings nothing.
        let mut longest = length(path);
        let bar = self.printer.amount("downloading");
        self.persist(url, || {
            self.go_on(url, path, &bar, &mut resumed).map_err(|trouble| {
                let got = length(path);
                let gained = got.saturating_sub(longest);
                longest = longest.max(got);
                match trouble {
                    Trouble::Passing { why, .. } => Trouble::Passing { why, was_worth_it: gained >= WORTH },
                    lasting @ Trouble::Lasting(_) => lasting,
                }
            })
        })?;
        Ok(resumed)
    }

    /// Fetches what `path` does not hold yet.
    fn go_on(
        &self,
        url: &str,
        path: &Path,
        bar: &Amount,
        resumed: &mut bool,
    ) -> std::result::Result<(), Trouble> {
        let here = |source| Trouble::Lasting(Failure::Here(unpack::unwritten(source, path)));
        let have = length(path);
        let tag = tag_file(path);
        let range = format!("bytes={have}-");
        let mut headers = vec![("accept-encoding", "identity")];
        let known = fs::read_to_string(&tag).unwrap_or_default();
        if have > 0 {
            headers.push(("range", &range));
            if !known.is_empty() {
                headers.push(("if-range", &known));
            }
        }
        let mut response = self.get(url, &headers)?;
        let (start, whole) = match response.status() {
            StatusCode::OK => (0, content_length(&response)),
            StatusCode::PARTIAL_CONTENT => match content_range(&response) {
                Some((start, whole)) if start == have && have > 0 => (have, Some(whole)),
                _ => {
                    discard(path);
                    return Err(passing("the server sent another part than the one asked for"));
                }
            },
            // It was all there, but for a look whether it is right.
            StatusCode::RANGE_NOT_SATISFIABLE if have > 0 && unsatisfied(&response) == Some(have) => {
                *resumed = true;
                return Ok(());
            }
            StatusCode::RANGE_NOT_SATISFIABLE if have > 0 => {
                discard(path);
                return Err(passing("the archive is shorter than what was fetched of it before"));
            }
            status => return Err(refused(url, status)),
        };
        if text_of(&response, header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/html")) {
            return Err(Trouble::Lasting(Failure::Wrong {
                what: format!("`{url}` is a web page and no archive"),
                hint: "a proxy or a login page of the network may have answered: open the address in a browser to see",
            }));
        }
        *resumed |= start > 0;
        let mut file = if start > 0 { File::options().append(true).open(path) } else { File::create(path) }
            .map_err(here)?;
        // Only a strong one says that two answers are the same, byte for byte.
        let strong = text_of(&response, header::ETAG).filter(|tag| tag.starts_with('"')).unwrap_or_default();
        fs::write(&tag, strong).map_err(here)?;

        bar.begin(start, whole);
        let mut got = start;
        let mut buffer = vec![0; 64 * 1024];
        let mut body = response.body_mut().with_config().limit(u64::MAX).reader();
        loop {
            match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    file.write_all(&buffer[..count]).map_err(here)?;
                    got += count as u64;
                    bar.at(got);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(passing(&format!("{} after {got} bytes", reason(&error.into())))),
            }
        }
        match whole {
            Some(whole) if got != whole => {
                Err(passing(&format!("the server sent {got} of {whole} bytes and ended")))
            }
            _ => Ok(()),
        }
    }

    /// Tries until it succeeds, or has failed too often.
    fn persist<T>(
        &self,
        url: &str,
        mut attempt: impl FnMut() -> std::result::Result<T, Trouble>,
    ) -> std::result::Result<T, Failure> {
        let mut failed = 0;
        loop {
            let (why, was_worth_it) = match attempt() {
                Ok(value) => return Ok(value),
                Err(Trouble::Lasting(failure)) => return Err(failure),
                Err(Trouble::Passing { why, was_worth_it }) => (why, was_worth_it),
            };
            failed = if was_worth_it { 1 } else { failed + 1 };
            if failed > self.retries {
                let (url, proxy) = (url.to_owned(), self.proxy.clone());
                return Err(Failure::Unreachable { url, why, tries: failed, proxy });
            }
            let pause = PAUSE * 2_u32.saturating_pow((failed - 1).min(6));
            self.printer.status(format!("{why}; trying again in {} s", pause.as_secs_f32()));
            thread::sleep(pause);
        }
    }

    fn get(&self, url: &str, headers: &[(&str, &str)]) -> std::result::Result<Response<Body>, Trouble> {
        let ask = |agent: &Agent| {
            headers.iter().fold(agent.get(url), |request, (name, value)| request.header(*name, *value)).call()
        };
        let answer = match ask(&self.agent) {
            Err(error) if lacks_certificates(&error) => ask(&self.with_known_roots),
            answer => answer,
        };
        answer.map_err(|error| match &error {
            ureq::Error::BadUri(_)
            | ureq::Error::RequireHttpsOnly(_)
            | ureq::Error::TooManyRedirects
            | ureq::Error::RedirectFailed
            | ureq::Error::Rustls(_)
            | ureq::Error::InvalidProxyUrl => Trouble::Lasting(Failure::Unreachable {
                url: url.to_owned(),
                why: reason(&error),
                tries: 1,
                proxy: self.proxy.clone(),
            }),
            _ if is_untrusted(&error) => Trouble::Lasting(Failure::Here(untrusted(url, &error))),
            _ => passing(&reason(&error)),
        })
    }
}

/// The system has no certificates to know a server by, as in small containers.
fn lacks_certificates(error: &ureq::Error) -> bool {
    matches!(error, ureq::Error::Rustls(error) if error.to_string().contains("No CA certificates"))
}

/// The server showed a certificate that nobody vouches for, and will again.
fn is_untrusted(error: &ureq::Error) -> bool {
    matches!(error, ureq::Error::Io(error) if error.to_string().starts_with("invalid peer certificate"))
}

fn untrusted(url: &str, error: &ureq::Error) -> Error {
    let why = error.to_string();
    let why = why.rsplit(": ").next().unwrap_or_default();
    Error::Environment(
        Diagnostic::error(
            Code::CannotDownload,
            format!("cannot download `{url}`: the certificate of the server is not trusted ({why})"),
        )
        .hint(
            "if a proxy of your network reads along, add its certificate to those of the system; on Linux `SSL_CERT_FILE` \
             can name a file of them",
        ),
    )
}

fn passing(why: &str) -> Trouble {
    Trouble::Passing { why: why.to_owned(), was_worth_it: false }
}

/// An answer that is none.
fn refused(url: &str, status: StatusCode) -> Trouble {
    let why = format!("the server answered {status}").to_lowercase();
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => Trouble::Lasting(Failure::Missing(url.to_owned())),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => passing(&why),
        status if status.is_server_error() => passing(&why),
        _ => Trouble::Lasting(Failure::Unreachable { url: url.to_owned(), why, tries: 1, proxy: None }),
    }
}

/// What went wrong, in lower case.
fn reason(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "nothing arrived for too long".to_owned(),
        ureq::Error::HostNotFound => "the name of the server is not known".to_owned(),
        ureq::Error::ConnectionFailed => "no connection to the server".to_owned(),
        ureq::Error::RequireHttpsOnly(url) => format!("it leads to `{url}`, which is not encrypted"),
        ureq::Error::Rustls(error) => error.to_string().to_lowercase(),
        ureq::Error::Io(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
            io::ErrorKind::ConnectionReset => "connection reset".to_owned(),
            io::ErrorKind::UnexpectedEof => "the connection ended".to_owned(),
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => "nothing arrived for too long".to_owned(),
            _ => match error.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>()) {
                Some(inner) => reason(inner),
                None => error.to_string().to_lowercase(),
            },
        },
        other => other.to_string().to_lowercase(),
    }
}

/// Reads `<hash> *<name>`.
fn checksum(text: &str, url: &str) -> std::result::Result<String, Failure> {
    let hash = text.split_whitespace().next().unwrap_or_default();
    if hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(hash.to_lowercase());
    }
    let start: String = text.trim().chars().take(40).collect();
    Err(Failure::Wrong {
        what: format!("`{url}` is no checksum, it begins with: {start}"),
        hint: "a proxy or a login page of the network may have answered: open the address in a browser to see",
    })
}

/// The SHA-256 of a file.
fn hash(path: &Path) -> io::Result<String> {
    let mut hasher = Sha256::new();
    io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(format!("{:x}", hasher.finalize()))
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |data| data.len())
}

/// Beside a part of an archive: which edition of the archive it is of.
fn tag_file(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".tag");
    name.into()
}

fn discard(path: &Path) {
    let _ = fs::remove_file(path);
    let _ = fs::remove_file(tag_file(path));
}

fn text_of(response: &Response<Body>, name: header::HeaderName) -> Option<&str> {
    response.headers().get(name)?.to_str().ok()
}

fn content_length(response: &Response<Body>) -> Option<u64> {
    text_of(response, header::CONTENT_LENGTH)?.parse().ok()
}

/// Where a part begins, and how long the whole is: `bytes 100-199/200`.
fn content_range(response: &Response<Body>) -> Option<(u64, u64)> {
    let (part, whole) = text_of(response, header::CONTENT_RANGE)?.strip_prefix("bytes ")?.split_once('/')?;
    Some((part.split_once('-')?.0.parse().ok()?, whole.parse().ok()?))
}

/// How long the whole is, from a refusal of a range: `bytes */200`.
fn unsatisfied(response: &Response<Body>) -> Option<u64> {
    text_of(response, header::CONTENT_RANGE)?.strip_prefix("bytes */")?.parse().ok()
}

/// What an environment variable sets to a number.
fn number<T: std::str::FromStr>(name: &str) -> Result<Option<T>> {
    let Some(value) = env::var_os(name).filter(|value| !value.is_empty()) else { return Ok(None) };
    value.to_str().and_then(|text| text.parse().ok()).map(Some).ok_or_else(|| {
        Error::Environment(
            Diagnostic::error(
                Code::SdkSetting,
                format!("`{name}` is `{}`, which is no number for it", value.display()),
            )
            .hint(format!("leave it out, or set it to a number such as {RETRIES}")),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_is_not_trusted_is_no_passing_trouble() {
        let error = ureq::Error::Io(io::Error::other("invalid peer certificate: UnknownIssuer"));
        assert!(is_untrusted(&error));
        assert!(!is_untrusted(&ureq::Error::Io(io::Error::from(io::ErrorKind::ConnectionReset))));
        let diagnostic = untrusted("https://mirror.example/VERSION", &error).diagnostic();
        let expected = "cannot download `https://mirror.example/VERSION`: the certificate of the server is not trusted \
                        (UnknownIssuer)";
        assert_eq!(diagnostic.message, expected);
    }

    #[test]
    fn checksums() {
        let hash = "0123456789abcdef".repeat(4);
        for text in [format!("{hash} *dartsdk.zip\n"), hash.to_uppercase(), format!("\n{hash}  a\n")] {
            assert_eq!(checksum(&text, "url").unwrap(), hash);
        }
        for text in ["", "<html>", &hash[1..], &format!("{hash}0"), &format!("g{}", &hash[1..])] {
            assert!(checksum(text, "url").is_err(), "{text}");
        }
    }
}
