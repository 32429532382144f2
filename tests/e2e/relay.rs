//! The port that the bridge and the Dart VM connect to, as a stranger finds it.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use crate::session::Session;

/// A frame without blobs.
fn frame(json: &str) -> Vec<u8> {
    let length = u32::try_from(json.len()).expect("a short text");
    [&(length + 4).to_le_bytes(), &length.to_le_bytes(), json.as_bytes()].concat()
}

/// The first frame of a request for `/never`, whose handler prints when it runs.
fn event(token: &str, protocol: u32) -> Vec<u8> {
    frame(&format!(
        r#"{{"t":"event","kind":"fetch","event":"stranger","token":{token},"protocol":{protocol},"env":{{}},
            "a":[["m","method","GET","url","http://localhost/never","headers",["l"],"hasBody",false]]}}"#
    ))
}

/// Sends `bytes` and gives what comes back until the other side closes, at most `length` bytes.
fn send(port: u16, bytes: &[u8], length: u64) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(15))).expect("a time limit");
    // The other side may have closed before it had all.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    match stream.take(length).read_to_end(&mut answer) {
        Ok(_) => answer,
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => answer,
        Err(error) => panic!("the connection was not closed: {error}"),
    }
}

#[test]
fn strangers_are_turned_away() {
    let session = Session::start("handlers");
    session.get("/").is(200, "hello\n");
    let settings = session.read(".dart_tool/dartflare/dev/0/settings.mjs");
    let field = |name: &str| {
        let (_, rest) = settings.split_once(&format!("\"{name}\":")).expect("the setting");
        rest.split([',', '}']).next().expect("its value").to_owned()
    };
    let (token, protocol) = (field("token"), field("protocol").parse().expect("a number"));
    let relay: u16 = field("port").parse().expect("a number");
    let mut ports = vec![relay];
    #[cfg(target_os = "linux")]
    {
        let text = session.transcript().text();
        let (_, rest) =
            text.split_once("debugger  http://127.0.0.1:").expect("the address of the VM service");
        let service: u16 = rest.split('/').next().and_then(|port| port.parse().ok()).expect("its port");
        let listening = session.dart_vm().listening();
        assert!(listening.contains(&service), "{listening:?}");
        let apps: Vec<u16> = listening.into_iter().filter(|port| *port != service).collect();
        assert_eq!(apps.len(), 1, "{apps:?}");
        ports.extend(apps);
    }
    #[cfg(not(target_os = "linux"))]
    println!("skipped: the Dart VM's own port can be found on Linux only");

    let wrong = format!("\"{}\"", "0".repeat(32));
    let huge = [&u32::MAX.to_le_bytes()[..], &u32::MAX.to_le_bytes(), b"x"].concat();
    let long_json = [&16_u32.to_le_bytes()[..], &1000_u32.to_le_bytes(), &[b'x'; 12]].concat();
    for port in &ports {
        for (what, bytes) in [
            ("a wrong token", event(&wrong, protocol)),
            ("an empty token", event("\"\"", protocol)),
            ("a token that is no text", event("null", protocol)),
            (
                "no token",
                frame(r#"{"t":"event","kind":"fetch","event":"stranger","protocol":1,"a":[["m"]],"env":{}}"#),
            ),
            ("another protocol", event(&token, protocol + 1)),
            (
                "a section of no event",
                frame(&format!(
                    r#"{{"t":"section","token":{token},"protocol":{protocol},"app":1,"event":"none","f":1,"a":[]}}"#
                )),
            ),
            ("a web page", b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec()),
            ("a huge length", huge.clone()),
            ("a JSON longer than its frame", long_json.clone()),
            ("no JSON", frame("never")),
        ] {
            let answer = send(*port, &bytes, 1 << 20);
            assert!(answer.is_empty(), "{what} got {:?}", String::from_utf8_lossy(&answer));
            session.get("/").is(200, "hello\n");
        }
        // One that connects and leaves.
        let stream = TcpStream::connect(("127.0.0.1", *port)).expect("a connection");
        stream.shutdown(Shutdown::Both).expect("a closed connection");
        session.get("/").is(200, "hello\n");
    }
    let text = session.transcript().text();
    assert!(!text.contains("never began"), "{text}");
    assert!(!text.contains("error"), "{text}");

    // The same frame with the right token is a request: nothing above was turned away for another reason.
    for port in ports {
        let start = session.now();
        let answer = send(port, &event(&token, protocol), 16);
        assert!(String::from_utf8_lossy(&answer).contains(r#""t":"#), "{answer:?}");
        session.wait_from(start, |text| text.contains("never began\n"));
    }
}
