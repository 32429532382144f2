//! `WebSocket`s of Workers and of Durable Objects, and TCP connections.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use tungstenite::client::IntoClientRequest as _;
use tungstenite::http::Response;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Message, WebSocket};

use crate::session::{Host, Session};

const MAIN: &str = "lib/room.dart";

/// A WebSocket to the Worker.
pub(crate) struct Client {
    socket: WebSocket<TcpStream>,
    response: Response<Option<Vec<u8>>>,
}

impl Client {
    #[track_caller]
    pub(crate) fn connect(session: &Session, path: &str) -> Self {
        Self::connect_with(session, path, &[])
    }

    #[track_caller]
    pub(crate) fn connect_with(session: &Session, path: &str, headers: &[(&'static str, &str)]) -> Self {
        let url = session.url(path).replacen("http", "ws", 1);
        let mut request = url.into_client_request().expect("a request");
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a header"));
        }
        let (host, port) = (request.uri().host().expect("a host"), request.uri().port_u16().expect("a port"));
        let stream = TcpStream::connect((host, port)).expect("a connection");
        // Nothing that the tests wait for takes long; without a limit a lost message would hold up everything.
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
        let (socket, response) = tungstenite::client(request, stream).expect("a WebSocket");
        Self { socket, response }
    }

    /// The header of the answer that it began with.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(crate) fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).expect("sent");
    }

    /// The next message as text; a close as `code reason`.
    #[track_caller]
    pub(crate) fn next(&mut self) -> String {
        match self.socket.read().expect("a message") {
            Message::Text(text) => text.to_string(),
            Message::Binary(bytes) => format!("{:?}", &*bytes),
            Message::Close(frame) => {
                // The answer to it, where it is not one.
                let _ = self.socket.flush();
                frame
                    .map_or_else(|| "closed".to_owned(), |it| format!("{} {}", u16::from(it.code), it.reason))
            }
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn ask(&mut self, text: &str) -> String {
        self.send(text);
        self.next()
    }

    #[track_caller]
    pub(crate) fn close(&mut self, code: u16, reason: &'static str) -> String {
        let frame = CloseFrame { code: CloseCode::from(code), reason: reason.into() };
        self.socket.close(Some(frame)).expect("closed");
        self.next()
    }
}

/// A TCP server that sends back what it gets, and ends when its client does.
fn echo_server() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let echo = |mut stream: TcpStream| -> io::Result<()> {
        let mut bytes = [0; 4096];
        loop {
            let length = stream.read(&mut bytes)?;
            if length == 0 {
                return stream.shutdown(Shutdown::Both);
            }
            stream.write_all(&bytes[..length])?;
        }
    };
    // It ends with the tests' process.
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || echo(stream));
        }
    });
    address
}

#[test]
fn web_sockets() {
    let session = Session::start("web_sockets");
    check(&session);

    // A client that breaks off. On the other host the connection to the program may break before it is told.
    let start = session.now();
    drop(Client::connect(&session, "/echo"));
    session.wait_from(start, |text| text.contains("echo ended: 1006"));

    // A reload ends what only the program's memory holds, and leaves alone what a Durable Object keeps.
    let mut echo = Client::connect(&session, "/echo");
    let mut relayed = Client::connect(&session, "/relay");
    let mut kept = Client::connect(&session, "/room?name=kept");
    assert_eq!(kept.next(), "welcome, kept");
    assert_eq!(echo.ask("here"), "echo: here");
    assert_eq!(relayed.ask("there"), "there");
    assert!(kept.ask("count").parse::<u32>().expect("a number") > 2);
    session.reload(|project| project.replace(MAIN, "Kind('class')", "Kind('another class')"));
    assert_eq!(kept.ask("kind"), "another class");
    // The object is a new one, and knows its connection.
    assert_eq!(kept.ask("count"), "2");
    assert_eq!(kept.ask("who"), "kept");
    assert_eq!(echo.next(), "1012 the program was restarted");
    assert_eq!(relayed.next(), "1012 the program was restarted");

    // A class becomes an enum: another VM.
    session.reload(|project| {
        project.edit(MAIN, |text| {
            let (before, rest) = text.split_once("class Kind").expect("the class");
            let (_, after) = rest.split_once("\n}\n").expect("its end");
            let kind =
                "enum Kind {\n  only('enum');\n\n  const Kind(this.label);\n\n  final String label;\n}\n";
            format!("{before}{kind}{after}")
        });
    });
    assert_eq!(kept.ask("kind"), "enum");
    assert_eq!(kept.ask("who"), "kept");
    assert_eq!(kept.ask("leave"), "4002 goodbye, kept");
}

/// Each in its turn, so that both hosts can.
pub(crate) fn check(session: &Session) {
    check_worker(session);
    check_kept(session);
    check_in_memory(session);
    check_reports(session);
}

fn check_worker(session: &Session) {
    let mut client = Client::connect_with(session, "/echo", &[("sec-websocket-protocol", "one, two")]);
    assert_eq!(client.response.headers()["sec-websocket-protocol"], "two");
    assert_eq!(client.ask("grüß"), "echo: grüß");
    client.socket.send(Message::binary(vec![1, 2, 255])).expect("sent");
    assert_eq!(client.next(), "[255, 2, 1]");
    // A megabyte, and an exception that leaves the connection as it was.
    let long = "x".repeat(1 << 20);
    assert_eq!(client.ask(&long).len(), "echo: ".len() + long.len());
    let start = session.now();
    client.send("throw");
    session.wait_from(start, |text| text.contains("thrown by a listener"));
    assert_eq!(client.ask("still"), "echo: still");
    let start = session.now();
    assert_eq!(client.close(3333, "enough"), "3333 enough");
    session.wait_from(start, |text| text.contains("echo ended: 3333 enough true\n"));

    let mut client = Client::connect(session, "/echo");
    let start = session.now();
    assert_eq!(client.ask("leave"), "4000 as you wish");
    session.wait_from(start, |text| text.contains("echo ended: 4000 as you wish true\n"));

    let mut client = Client::connect(session, "/halfway");
    assert_eq!(client.next(), "hello");
    let start = session.now();
    assert_eq!(client.close(3334, "first"), "4001 after you");
    session.wait_from(start, |text| text.contains("halfway: 3334 first\n"));
}

/// What a Durable Object keeps.
fn check_kept(session: &Session) {
    let mut ann = Client::connect(session, "/room?name=ann");
    assert_eq!(ann.next(), "welcome, ann");
    // The header that the Worker adds to the object's response.
    let mut bob = Client::connect(session, "/marked?name=bob");
    assert_eq!(bob.response.headers()["x-marked"], "yes");
    assert_eq!(bob.next(), "welcome, bob");
    let mut both = ann.ask("who").split(',').map(str::to_owned).collect::<Vec<_>>();
    both.sort();
    assert_eq!(both, ["ann", "bob"]);
    assert_eq!(ann.ask("hello"), "ann: hello");
    assert_eq!(bob.next(), "ann: hello");
    bob.send("to ann psst");
    assert_eq!(ann.next(), "bob: psst");
    ann.socket.send(Message::binary(vec![1, 2, 255])).expect("sent");
    assert_eq!(ann.next(), "[254, 253, 0]");

    session.get("/room").is(200, &session.read("reports/room.txt"));
    // The runtime answers by itself.
    let count = ann.ask("count");
    assert_eq!(ann.ask("ping"), "pong");
    assert_eq!(ann.ask("count").parse(), count.parse::<u32>().map(|count| count + 1));
    let report = session.get("/room");
    let answered = report.ok().lines().find(|line| line.starts_with("not yet = 20")).expect("a time");
    assert!(answered.ends_with('Z'), "{answered}");

    let start = session.now();
    ann.send("throw");
    session.wait_from(start, |text| text.contains("thrown by the object"));
    assert_eq!(ann.ask("to ann myself"), "ann: myself");

    let start = session.now();
    assert_eq!(bob.close(3000, "bye"), "3000 bye");
    session.wait_from(start, |text| text.contains("bob left: 3000 bye true\n"));
    assert_eq!(ann.ask("who"), "ann");
    let start = session.now();
    assert_eq!(ann.ask("leave"), "4002 goodbye, ann");
    session.wait_from(start, |text| text.contains("ann left: 4002 goodbye, ann true\n"));
}

/// What a Durable Object accepts without keeping it.
fn check_in_memory(session: &Session) {
    let mut one = Client::connect(session, "/relay");
    let mut two = Client::connect(session, "/relay");
    assert_eq!(one.ask("hi"), "hi");
    assert_eq!(two.next(), "hi");
    session.get("/relay?text=x").is(200, "2");
    assert_eq!(one.next(), "told: x");
    assert_eq!(two.next(), "told: x");
    let start = session.now();
    assert_eq!(one.close(1000, ""), "1000 ");
    session.wait_from(start, |text| text.contains("relay: 1 left\n"));
    assert_eq!(two.ask("alone"), "alone");
    let start = session.now();
    two.close(1000, "");
    session.wait_from(start, |text| text.contains("relay: 0 left\n"));
}

fn check_reports(session: &Session) {
    let (origin, address) = (session.url(""), echo_server());
    session.get("/misuse").is(200, &session.read("reports/misuse.txt"));
    session.get(&format!("/client?origin={origin}")).is(200, &session.read("reports/client.txt"));
    session.get(&format!("/tcp?address={address}")).is(200, &session.read("reports/tcp.txt"));
}

pub(crate) fn check_on(host: Host) {
    check(&Session::start_on(host, "web_sockets"));
}
