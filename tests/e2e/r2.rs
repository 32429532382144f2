//! R2 and the streams that the runtime makes of others, in workerd.
//!
//! Each file `reports/r2/<program>.txt` of the fixture `r2` is what a program of it reports. wrangler's bucket neither
//! encrypts nor has storage classes, and tells the range of an object that comes without content: these it cannot show.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::api::check;
use crate::session::{Host, Session};

#[test]
fn buckets_and_streams() {
    check_r2(Host::Vm);
}

pub(crate) fn check_r2(host: Host) {
    let session = Session::start_on(host, "r2");
    check(&session, "r2", "", &[]);
    // An upload that the program kept was of the request before.
    let again = session.get("/r2/multipart");
    assert!(again.ok().ends_with("\nkept between requests = 4\n"), "{}", again.text());

    // A thousand operations, one after the other, take a while on the host that waits for each.
    if host != Host::Js {
        session.get("/many").is(
            200,
            "\
first page = [1000, true, true]
all = [1005, 1005]
all after = [\"many/999\"]
some = [\"many/0\", \"many/1\"]
delete many = null
left = 0
",
        );
    }

    // Bytes that do not pass through Dart, then some that do.
    let bytes: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
    session.request("PUT", "/upload", &[], &bytes).is(200, "1048576");
    let answer = session.get("/download");
    assert!(answer.status == 200 && answer.body == bytes, "{} bytes", answer.body.len());
    assert_eq!(answer.header("content-length"), "1048576");
    assert_eq!(session.request("PUT", "/upload-through-dart", &[], &bytes).status, 204);
    let answer = session.get("/download");
    assert!(
        answer.body.iter().zip(&bytes).all(|(got, sent)| *got == *sent ^ 1),
        "{} bytes",
        answer.body.len()
    );
    let multipart = [("content-type", "multipart/form-data; boundary=xx")];
    let form = b"--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\nof a form\r\n--xx--\r\n";
    session.request("PUT", "/upload-form", &multipart, form).is(204, "");
    session.get("/download").is(200, "of a form");

    assert_eq!(
        chunked(&session, "/upload-of-unknown-length"),
        "put = ! ArgumentError (value): R2 takes a stream only if its length is known beforehand: \
         give `length` in bytes, or read all of it and give the bytes, or send the parts with `createMultipartUpload`\n\
         nothing = null\n"
    );
    assert_eq!(chunked(&session, "/upload-of-length/9"), "put = 9\n");
    assert_eq!(
        chunked(&session, "/upload-of-length/10"),
        "put = ! TypeError: FixedLengthStream did not see all expected bytes before close().\n"
    );

    let compressed = session.request("POST", "/compressed", &[], &bytes).body;
    assert!(
        compressed.starts_with(&[31, 139]) && compressed.len() < bytes.len() / 50,
        "{}",
        compressed.len()
    );
    assert!(session.request("POST", "/decompressed", &[], &compressed).body == bytes);
    let answer = session.get("/fixed");
    assert_eq!(answer.header("content-length"), "6");
    answer.is(200, "1;2;3;");
}

/// What is answered to a body of which no length was said.
fn chunked(session: &Session, path: &str) -> String {
    let url = session.url(path);
    let address = url.strip_prefix("http://").and_then(|url| url.split('/').next()).expect("an address");
    let mut connection = TcpStream::connect(address).expect("a connection");
    connection.set_read_timeout(Some(Duration::from_secs(30))).expect("a limit");
    let head = format!("PUT {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    let body = "transfer-encoding: chunked\r\n\r\n4\r\nin b\r\n5\r\nlocks\r\n0\r\n\r\n";
    connection.write_all(format!("{head}{body}").as_bytes()).expect("sent");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("headers");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let length =
        head.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ").map(str::to_owned));
    assert!(length.is_some_and(|length| length == body.len().to_string()), "{head}");
    body.to_owned()
}
