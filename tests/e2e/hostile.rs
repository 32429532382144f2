//! `dartflare dev` among neighbours that mean it harm: other processes of this machine, and web pages in the developer's
//! browser. `relay.rs` has what a single wrong frame meets.

use std::fs;
use std::io::{self, BufReader, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::browser;
use crate::front_end::server;
use crate::project::Project;
use crate::raw::{self, RawAnswer};
use crate::session::Session;

/// A secret in the user's files, and one on the command line.
const SECRETS: [&str; 2] = ["marker-of-the-file-7c1f", "marker-of-the-flag-93ab"];

/// More than there may be at once of those who have not said who they are.
const CROWD: usize = 1000;

/// The beginning of a frame that is never ended.
const HALF: [u8; 12] = [200, 0, 0, 0, 100, 0, 0, 0, b'{', b'"', b't', b'"'];

/// Where a session's own ports are, and what opens them.
struct Doors {
    token: String,
    relay: u16,
    service: String,
    /// Of the isolate that runs the program; it can be found on Linux only.
    app: Option<u16>,
}

impl Doors {
    fn of(session: &Session) -> Self {
        let settings = session.read(".dart_tool/dartflare/dev/0/settings.mjs");
        let field = |name: &str| {
            let (_, rest) = settings.split_once(&format!("\"{name}\":")).expect("the setting");
            rest.split([',', '}']).next().expect("its value").trim_matches('"').to_owned()
        };
        let text = session.transcript().text();
        let (_, rest) = text.split_once("debugger  ").expect("the address of the VM service");
        let service = rest.split_whitespace().next().expect("an address").to_owned();
        let port = service.rsplit_once(':').and_then(|(_, rest)| rest.split('/').next()?.parse().ok());
        let port: u16 = port.expect("its port");
        let app = session.dart_vm().listening().into_iter().find(|other| *other != port);
        assert!(app.is_some() || !cfg!(target_os = "linux"));
        Self { token: field("token"), relay: field("port").parse().expect("a port"), service, app }
    }

    fn ports(&self) -> impl Iterator<Item = u16> {
        [self.relay].into_iter().chain(self.app)
    }
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_millis(300))).expect("a time limit");
    stream
}

/// Whether the other side has closed; waits a moment for it.
fn is_closed(stream: &mut TcpStream) -> bool {
    match stream.read(&mut [0; 64]) {
        Ok(0) => true,
        Ok(_) => panic!("a stranger was answered"),
        Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}

/// A crowd that connects, begins to speak and says no more: the first of them have to leave, the last may yet speak, and
/// what is not of them is answered all the while.
fn crowd(session: &Session, port: u16) {
    let mut crowd: Vec<TcpStream> = (0..CROWD)
        .map(|_| {
            let mut stream = connect(port);
            // It may have been closed already.
            let _ = stream.write_all(&HALF);
            stream
        })
        .collect();
    session.get("/").is(200, "hello\n");
    assert!(is_closed(&mut crowd[0]), "the first of a crowd is still there");
    assert!(!is_closed(&mut crowd[CROWD - 1]), "the last of a crowd is gone");
    drop(crowd);
    session.get("/").is(200, "hello\n");
}

/// A few that each begin a frame that is very long, and hold back its end: most of them have to leave.
fn hoard(session: &Session, port: u16) {
    const ANNOUNCED: u32 = 16 << 20;
    const SENT: usize = 12 << 20;
    const KEPT: usize = 64 << 20;
    let begun = vec![b' '; SENT];
    let mut hoard: Vec<TcpStream> = (0..8)
        .map(|_| {
            let mut stream = connect(port);
            // It may have been closed already.
            let _ = stream.write_all(&ANNOUNCED.to_le_bytes()).and_then(|()| stream.write_all(&begun));
            stream
        })
        .collect();
    session.get("/").is(200, "hello\n");
    let left = hoard.iter_mut().filter_map(|stream| (!is_closed(stream)).then_some(())).count();
    assert!(left * SENT <= KEPT, "{left} of {} are still listened to", hoard.len());
}

/// Speaks a byte at a time, always in time for a limit between two of them. Gives how long it was listened to.
fn drip(port: u16) -> Duration {
    let (mut stream, since) = (connect(port), Instant::now());
    for byte in HALF.iter().chain(std::iter::repeat(&b' ')) {
        if stream.write_all(&[*byte]).is_err() || is_closed(&mut stream) {
            break;
        }
        assert!(since.elapsed() < Duration::from_secs(20), "it is still listened to");
    }
    since.elapsed()
}

/// Asks for `target` by the name `host`, as a browser does to which that name leads here.
fn ask_as(session: &Session, host: &str, target: &str) -> RawAnswer {
    let url = session.url("");
    let address = url.strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time limit");
    write!(stream, "GET {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").expect("sent");
    raw::read(&mut BufReader::new(stream), "GET").expect("an answer")
}

/// The files that hold one of `secrets` and that others can read: neither they nor a folder around them is closed.
fn readable_by_others(folder: &Path, secrets: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(data) = fs::symlink_metadata(entry.path()) else { continue };
        // Neither a group nor others.
        if data.permissions().mode().trailing_zeros() >= 6 {
            continue;
        }
        if data.is_dir() {
            found.extend(readable_by_others(&entry.path(), secrets));
        } else if data.is_file() {
            let text = fs::read(entry.path()).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            if secrets.iter().any(|secret| text.contains(secret)) {
                found.push(entry.path().display().to_string());
            }
        }
    }
    found
}

/// The arguments and the environment of a process, which is all that other programs learn of it.
fn about(pid: u32, name: &str) -> io::Result<String> {
    Ok(String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/{name}"))?).into_owned())
}

#[test]
fn neighbours_and_web_pages_get_nothing() {
    let project = Project::copy("handlers");
    project.write(".dev.vars", &format!("API_KEY={}\n", SECRETS[0]));
    let private = fs::Permissions::from_mode(0o600);
    fs::set_permissions(project.path(".dev.vars"), private).expect("the user's own file closed");
    let flag = format!("PASSWORD={}", SECRETS[1]);
    let command = server("127.0.0.1");
    let session = Session::start_in(project, &["--command", &command, "--binding", &flag]);
    session.get("/variable?name=PASSWORD").is(200, &format!("{}\n", SECRETS[1]));
    session.get("/app.js").is(200, "front end /app.js\n");
    let doors = Doors::of(&session);

    // What other users see of the processes, and of the files.
    #[cfg(target_os = "linux")]
    {
        let processes = session.processes();
        assert!(processes.len() >= 4, "{processes:#?}");
        for found in &processes {
            let told = about(found.pid, "cmdline").unwrap_or_default();
            assert!(!told.contains(&doors.token), "{told}");
            // The flag is the user's own.
            let is_own = found.pid == session.dartflare().pid;
            assert!(is_own || !SECRETS.iter().any(|secret| told.contains(secret)), "{told}");
            let told = about(found.pid, "environ").unwrap_or_default();
            let knows = told.contains(&doors.token);
            assert_eq!(found.listening_to_others(), Vec::<String>::new(), "{}", found.command);
            assert!(!knows || found.command.contains("--enable-vm-service"), "{}", found.command);
        }
    }
    let all = [SECRETS[0], SECRETS[1], &doors.token];
    // Whoever knows the address of the VM service can run code.
    let secret = doors.service.trim_end_matches('/').rsplit('/').next().expect("its secret");
    let nothing = Vec::<String>::new();
    assert_eq!(readable_by_others(&session.path(".."), &[&all[..], &[secret]].concat()), nothing);
    assert!(session.read(".dart_tool/dartflare/dev/vm_service.json").contains(secret));
    // Wrangler's logs are there too, which list variables.
    assert_eq!(readable_by_others(&session.path("../.."), &[SECRETS[0], &doors.token, secret]), nothing);

    for port in doors.ports() {
        crowd(&session, port);
    }
    if let Some(app) = doors.app {
        hoard(&session, app);
    }
    let drips: Vec<_> = doors.ports().map(|port| thread::spawn(move || drip(port))).collect();

    // By a name that somebody has lead here.
    let port = session.url("").rsplit(':').next().expect("a port").to_owned();
    for name in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "a..b", "xlocalhost"] {
        for target in ["/", "/app.js", "/throws"] {
            let answer = ask_as(&session, &format!("{name}:{port}"), target);
            assert_eq!(answer.status, 403, "{name}{target}: {answer:?}");
            assert!(!answer.text().contains("front end /"), "{answer:?}");
        }
    }
    for name in ["localhost", "app.localhost", "127.0.0.1", "[::1]", "192.168.0.7"] {
        assert_eq!(
            ask_as(&session, &format!("{name}:{port}"), "/app.js").text(),
            "front end /app.js\n",
            "{name}"
        );
    }

    // A source that is a page for who shows it as one.
    let start = session.now();
    session.edit("lib/main.dart", |source| {
        format!(
            "{source}\nint hostile = '</pre><img src=x onerror=\"pwned = 1\"><script>pwned = 1</script>';\n"
        )
    });
    session.wait_from(start, |text| text.contains("</pre><img src=x"));
    let app = doors.app.unwrap_or(doors.relay).to_string();
    let args = [doors.relay.to_string(), app, doors.service.clone()];
    browser::visit_with(&session, "hostile.mjs", &args, "neighbours_and_web_pages_get_nothing in a browser");

    for drip in drips {
        let listened = drip.join().expect("the thread");
        assert!(listened > Duration::from_secs(8), "{listened:?}");
    }
    let text = session.transcript().text();
    for secret in all {
        assert!(!text.contains(secret), "{text}");
    }
    // What a page asks of the platform's own paths does not reach the program.
    assert!(!text.contains("scheduled"), "{text}");
}
