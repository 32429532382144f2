//! HTTP byte for byte: requests that no client would send, and answers as they came.

use std::fmt;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::session::Session;

/// What came back, its body in one piece.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RawAnswer {
    pub(crate) status: u16,
    /// With their names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl fmt::Debug for RawAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start: String = self.text().chars().take(300).collect();
        f.debug_tuple("RawAnswer").field(&self.status).field(&self.headers).field(&start).finish()
    }
}

impl RawAnswer {
    /// The values of a header, joined as HTTP allows.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let values: Vec<_> =
            self.headers.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Sends a request for `target`, which is put into the request line as it is, on a connection of its own.
#[track_caller]
pub(crate) fn request(
    session: &Session,
    method: &str,
    target: &[u8],
    headers: &[(&str, &str)],
    body: Option<&[u8]>,
) -> RawAnswer {
    let url = session.url("");
    let address = url.strip_prefix("http://").expect("an address");
    request_at(address, method, target, headers, body).unwrap_or_else(|error| {
        let target = String::from_utf8_lossy(target);
        panic!("{method} {target}: {error}\n--- transcript\n{}---", session.transcript().text())
    })
}

/// As [`request`], to a server at `address`.
pub(crate) fn request_at(
    address: &str,
    method: &str,
    target: &[u8],
    headers: &[(&str, &str)],
    body: Option<&[u8]>,
) -> io::Result<RawAnswer> {
    let mut head = [method.as_bytes(), b" ", target, b" HTTP/1.1\r\n"].concat();
    write!(head, "host: {address}\r\nconnection: close\r\n")?;
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n")?;
    }
    if let Some(body) = body {
        write!(head, "content-length: {}\r\n", body.len())?;
    }
    head.extend(b"\r\n");
    head.extend(body.unwrap_or_default());
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    stream.write_all(&head)?;
    read(&mut BufReader::new(stream), method)
}

/// Reads the answer to a request of this method.
pub(crate) fn read(from: &mut BufReader<TcpStream>, method: &str) -> io::Result<RawAnswer> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| io::Error::other(format!("no status in `{}`", line.trim_end())))?;
    let mut answer = RawAnswer { status, headers: Vec::new(), body: Vec::new() };
    loop {
        line.clear();
        from.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        answer.headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    if method == "HEAD" || matches!(status, 101 | 204 | 304) {
        return Ok(answer);
    }
    if answer.header("transfer-encoding").is_some_and(|encoding| encoding == "chunked") {
        loop {
            line.clear();
            from.read_line(&mut line)?;
            let size = u64::from_str_radix(line.trim_end(), 16).map_err(io::Error::other)?;
            from.take(size).read_to_end(&mut answer.body)?;
            from.read_line(&mut line)?;
            if size == 0 {
                break;
            }
        }
    } else if let Some(length) = answer.header("content-length") {
        let length = length.parse().map_err(io::Error::other)?;
        from.take(length).read_to_end(&mut answer.body)?;
        if u64::try_from(answer.body.len()).ok() != Some(length) {
            return Err(io::Error::other(format!("{} of {length} bytes", answer.body.len())));
        }
    } else {
        from.read_to_end(&mut answer.body)?;
    }
    Ok(answer)
}
