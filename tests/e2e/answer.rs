//! A response, read to its end.

use ureq::Body;
use ureq::http::{HeaderMap, Response};

/// Larger than any body that the tests send.
const LIMIT: u64 = 64 << 20;

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn read(response: Response<Body>) -> Result<Self, ureq::Error> {
        let (parts, body) = response.into_parts();
        let body = body.into_with_config().limit(LIMIT).read_to_vec()?;
        Ok(Self { status: parts.status.as_u16(), headers: parts.headers, body })
    }

    #[track_caller]
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body in UTF-8")
    }

    /// The header's value, empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body of a successful response.
    #[track_caller]
    pub(crate) fn ok(&self) -> &str {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        self.text()
    }

    /// Asserts status and body at once, so that a failure shows both.
    #[track_caller]
    pub(crate) fn is(&self, status: u16, text: &str) {
        assert_eq!((self.status, self.text()), (status, text));
    }
}
