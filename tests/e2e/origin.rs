//! An HTTP server for the Worker's own requests.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;

pub(crate) struct Origin {
    url: String,
    released: Sender<()>,
}

struct Received {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Origin {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (released, is_released) = mpsc::channel();
        let is_released = Arc::new(Mutex::new(is_released));
        // It ends with the tests' process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let is_released = is_released.clone();
                // A client that leaves is no concern of the server's.
                thread::spawn(move || answer(stream, &is_released));
            }
        });
        Self { url, released }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Lets one response of `/stream` go on to its second part.
    pub(crate) fn release(&self) {
        self.released.send(()).expect("the server runs");
    }
}

/// `compressed\n` in the format gzip.
const GZIP: &[u8] = &[
    0x1f, 0x8b, 0x8, 0x0, 0x0, 0x0, 0x0, 0x0, 0x2, 0x3, 0x4b, 0xce, 0xcf, 0x2d, 0x28, 0x4a, 0x2d, 0x2e, 0x4e,
    0x4d, 0xe1, 0x2, 0x0, 0xbb, 0x6d, 0x4f, 0xc8, 0xb, 0x0, 0x0, 0x0,
];

fn answer(mut stream: TcpStream, is_released: &Mutex<Receiver<()>>) -> io::Result<()> {
    let received = Received::read(&mut BufReader::new(stream.try_clone()?))?;
    let path = received.path.clone();
    let (status, headers, body): (u16, &[(&str, &str)], Vec<u8>) = match path.as_str() {
        "/echo" => (200, &[("content-type", "text/plain")], received.describe()),
        "/cookies" => {
            (200, &[("set-cookie", "a=1; Path=/"), ("set-cookie", "b=2, with a comma")], b"cookies\n".into())
        }
        "/redirect" => (302, &[("location", "/echo")], Vec::new()),
        "/repeat" => (307, &[("location", "/echo")], Vec::new()),
        "/loop" => (301, &[("location", "/loop")], Vec::new()),
        "/elsewhere" => {
            // The same server by another name.
            let port = stream.local_addr()?.port();
            let head = format!("HTTP/1.1 302 Status\r\nlocation: http://localhost:{port}/echo\r\n");
            return write!(stream, "{head}connection: close\r\ncontent-length: 0\r\n\r\n");
        }
        "/lengths" => {
            let header = |name| received.header(name).unwrap_or("none");
            let (length, encoding) = (header("content-length"), header("transfer-encoding"));
            let text = format!("length {length}, encoding {encoding}, {} bytes", received.body.len());
            (200, &[], text.into())
        }
        "/character/1" => {
            (200, &[("content-type", "application/json")], br#"{"id":1,"name":"Rick Sanchez"}"#.into())
        }
        "/json" => (200, &[("content-type", "application/json")], b"[1, 2.5]".into()),
        "/back" => {
            let content_type = received.header("content-type").unwrap_or_default();
            (200, &[("content-type", content_type)], received.body.clone())
        }
        "/close" => return Ok(()),
        // Until the client leaves.
        "/hang" => return stream.read(&mut [0]).map(drop),
        "/html" => {
            (200, &[("content-type", "text/html"), ("x-from", "origin")], b"<title>Theirs</title>".into())
        }
        "/gzip" => (200, &[("content-encoding", "gzip")], GZIP.into()),
        "/stream" => {
            stream.write_all(
                b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n4\r\none\n\r\n",
            )?;
            let _ = is_released.lock().expect("the receiver").recv();
            return stream.write_all(b"4\r\ntwo\n\r\n0\r\n\r\n");
        }
        other => {
            let status = other.strip_prefix("/status/").and_then(|status| status.parse().ok()).unwrap_or(404);
            (status, &[], if status == 204 { Vec::new() } else { format!("status {status}").into() })
        }
    };
    write!(stream, "HTTP/1.1 {status} Status\r\nconnection: close\r\n")?;
    if status != 204 {
        write!(stream, "content-length: {}\r\n", body.len())?;
    }
    for (name, value) in headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    stream.write_all(b"\r\n")?;
    if received.method == "HEAD" { Ok(()) } else { stream.write_all(&body) }
}

impl Received {
    fn read(from: &mut BufReader<TcpStream>) -> io::Result<Self> {
        let mut line = String::new();
        from.read_line(&mut line)?;
        let mut words = line.split_whitespace().map(str::to_owned);
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut received = Self { method, path, headers: Vec::new(), body: Vec::new() };
        loop {
            line.clear();
            from.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            received.headers.push((name.to_lowercase(), value.to_owned()));
        }
        if received.header("transfer-encoding") == Some("chunked") {
            loop {
                line.clear();
                from.read_line(&mut line)?;
                let size = u64::from_str_radix(line.trim_end(), 16).map_err(io::Error::other)?;
                from.take(size).read_to_end(&mut received.body)?;
                line.clear();
                from.read_line(&mut line)?;
                if size == 0 {
                    break;
                }
            }
        } else {
            let size = received.header("content-length").and_then(|size| size.parse().ok()).unwrap_or(0);
            from.take(size).read_to_end(&mut received.body)?;
        }
        Ok(received)
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The request, without the headers that every client has of its own.
    fn describe(&self) -> Vec<u8> {
        let mut text = vec![format!("{} {}\n", self.method, self.path)];
        for (name, value) in &self.headers {
            if name.starts_with("x-") || ["authorization", "content-type", "cookie"].contains(&name.as_str())
            {
                text.push(format!("{name}: {value}\n"));
            }
        }
        text.push("\n".to_owned());
        [text.concat().as_bytes(), &self.body].concat()
    }
}
