//! What comes to a Worker beside requests: messages of queues, emails, traces and cron triggers; and what it sends of
//! them. The fixture `events` runs beside a Worker in JavaScript, `producer`, that it is a tail consumer of.

use crate::project::Project;
use crate::session::{Host, Session};

#[test]
fn queues_emails_traces_and_crons() {
    let session = check(Host::Vm);
    // What a handler throws is told with its place.
    for (thrown, place) in [
        ("the batch is not to my liking", "consume (lib/queues.dart:"),
        ("no room for emails", "receive (lib/emails.dart:"),
        ("not at this hour", "main.<anonymous closure> (lib/main.dart:"),
    ] {
        session.wait_for(|text| text.contains(&format!("Bad state: {thrown}\n#0  {place}")));
    }
}

pub(crate) fn check(host: Host) -> Session {
    let beside = ["--", "-c", "producer/wrangler.jsonc"];
    let session = Session::start_in_on(host, Project::copy("events"), &beside);
    check_sending(&session);
    check_consuming(&session);
    check_emails(&session);
    check_tail(&session);
    check_crons(&session);
    let text = session.transcript().text();
    assert!(!text.contains("wrong: "), "{text}");
    session
}

/// Waits for `lines`, in whatever order, after `start`.
#[track_caller]
fn wait_for_lines(session: &Session, start: usize, lines: &[&str]) -> String {
    session.wait_from(start, |text| lines.iter().all(|line| text.contains(&format!("{line}\n"))))
}

fn check_sending(session: &Session) {
    let start = session.now();
    let answer = session.get("/queue");
    // How many messages wait depends on how quickly they are consumed.
    let report: Vec<_> = answer.ok().lines().collect();
    let (metrics, refused) = report.split_at(4);
    for (line, label) in metrics.iter().zip(["json", "text", "batch", "metrics"]) {
        assert!(line.starts_with(&format!("{label} = ")) && line.ends_with(" bytes"), "{line}");
    }
    // What wrangler's local queue refuses for its size, workerd puts in these words.
    assert_eq!(
        refused,
        [
            "not text = ! ArgumentError Invalid argument (body): a body of the content type `text` is a `String`: 1",
            "not json = ! ArgumentError Invalid argument (body): a body of the content type `json` is a JSON value, \
             and there are no bytes and no big integers in JSON; use `QueueContentType.v8`, or `bytes` if it is all of \
             the body: _Uint8List",
            "negative = ! ArgumentError Invalid argument (delay): a delay is not negative: Instance of 'Duration'",
            "no messages = ! ArgumentError Invalid argument (messages): a batch has at least one message: \
             Instance(length:0) of '_GrowableList'",
            "too large = ! Error: Unknown Internal Error (15000)",
            "too late = ! Error: Unknown Internal Error (15000)",
            "too many = ! Error: Unknown Internal Error (15000)",
        ]
    );
    wait_for_lines(
        session,
        start,
        &[
            r#"jobs 1: {"show": [1, 2.5, null, true, "2026-01-01T00:00:00.000Z"]}"#,
            r#"jobs 1: "show""#,
            "jobs 1: bytes [0, 255]",
            r#"jobs 1: {"show": [2026-01-01T00:00:00.000Z, 1180591620717411303424n, bytes [0]]}"#,
        ],
    );
}

fn check_consuming(session: &Session) {
    let start = session.now();
    session.get("/producer/send/map").is(201, "done\n");
    wait_for_lines(session, start, &[r#"jobs 1: {"show": {1: ["a", 2n]}}"#]);
    // The one that cannot be read does not keep the other from being read.
    session.get("/producer/send/cyclic").is(201, "done\n");
    wait_for_lines(
        session,
        start,
        &[
            "unreadable: TypeError: the value is cyclic, or nested too deeply",
            r#"jobs 1: {"show": "beside it"}"#,
        ],
    );

    let send = |bodies: &str| session.get(&format!("/queue/{bodies}")).is(200, "sent\n");
    let start = session.now();
    send("body%20as");
    send("retry");
    wait_for_lines(
        session,
        start,
        &[
            "the body of the message `[ID]` is a String, not the int that was asked for",
            r#"jobs 1: "retry""#,
            r#"jobs 2: "retry""#,
        ],
    );
    send("retry%20all/beside");
    send("throw/with");
    wait_for_lines(
        session,
        start,
        &[r#"jobs 2: "retry all""#, r#"jobs 2: "beside""#, r#"jobs 2: "throw""#, r#"jobs 2: "with""#],
    );

    // As often as `max_retries` says, and then to the dead letter queue.
    let start = session.now();
    send("always");
    wait_for_lines(session, start, &[r#"jobs 3: "always""#, r#"dead 1: "always""#]);

    // A message that was acknowledged and is retried afterwards does not come again: the platform says so at once.
    let start = session.now();
    send("ack/kept");
    session.wait_from(start, |text| {
        text.contains("Received a call to retry() on message ")
            && text.contains("after ack() was already called")
    });
    send("ack%20all");
    session.wait_from(start, |text| {
        text.contains("Received a call to retryAll() after ackAll() was already called")
    });
    // What comes later shows that these have not come in the meantime.
    send("later");
    let text = wait_for_lines(session, start, &[r#"jobs 1: "later""#]);
    assert!(!text.contains(r#"jobs 2: "ack"#) && !text.contains("jobs 2: \"kept"), "{text}");
}

fn check_emails(session: &Session) {
    session.get("/email").is(
        200,
        "\
builder = sent <...@example.com>
raw text = sent <...@example.com>
raw bytes = sent <...@example.com>
raw stream = sent <...@example.com>
not allowed = ! Error: email to you@example.com not allowed
no email = ! Error: invalid message-id
misuse = ! ArgumentError Invalid argument (raw): an email is a `String`, bytes or a `Stream<List<int>>`: 1
nobody = ! ArgumentError Invalid argument (email): an email has a recipient: give `to`, `cc` or `bcc`: \
Instance of 'EmailMessageBuilder'
",
    );
    let text = session.wait_for(|text| text.matches("called with the following message").count() == 3);
    assert!(
        text.contains("From: \"The shop\" <shop@example.com>\nTo: you@example.com\nCc: cc@example.com\n"),
        "{text}"
    );

    let email = |subject: &str| {
        format!(
            "From: <a@example.com>\r\nTo: <to@example.com>\r\nMessage-ID: <x@example.com>\r\nSubject: {subject}\r\n\r\nText"
        )
    };
    let receive = |subject: &str| {
        let path = "/cdn-cgi/handler/email?from=a@example.com&to=to@example.com";
        session.request("POST", path, &[], email(subject).as_bytes())
    };
    let accepted = "Worker successfully processed email";
    let head = |size: usize| {
        format!(
            "email\nenvelope = [\"a@example.com\", \"to@example.com\"]\nsize = {size}\ncan be forwarded = true\n"
        )
    };

    receive("read").is(200, accepted);
    let raw = email("read");
    session.wait_for(|text| {
        text.contains(&format!(
            "{}text = {raw:?}\nforward = sent ...@example.com\nreply = sent ...@example.com\n\
             reply to nothing = ! Error: no In-Reply-To header found in reply message\nover\n",
            head(raw.len())
        ))
    });
    wait_for_lines(session, 0, &["  rcptTo: me@example.com", "    x-seen: yes"]);

    receive("keep").is(200, accepted);
    session.wait_for(|text| {
        text.contains(&format!("{}again = ! StateError Bad state: the body was already", head(raw.len())))
    });
    session.get("/seen/email").is(200, &email("keep"));

    receive("reject");
    session.wait_for(|text| {
        text.contains("rejected message with the following reason: \"nobody here of that name\"")
    });

    assert_eq!(receive("throw").status, 500);
}

fn check_tail(session: &Session) {
    let start = session.now();
    session.get("/producer/log").is(201, "done\n");
    assert_eq!(session.get("/producer/throw").status, 500);
    session.get("/queue/away").is(200, "sent\n");
    session.get("/method/fail").is(200, "fail = ! TypeError: not now\n");
    wait_for_lines(
        session,
        start,
        &[
            "tail GET http://producer/log 201; unredacted http://producer/log; ok; null stateless; timed true true; \
             log [\"[producer]\", \"hello\", {\"a\": [1, null]}]; warn [\"careful\"]; truncated false",
            // Wrangler's middleware catches what is thrown.
            "tail GET http://producer/throw 500; unredacted http://producer/throw; ok; null stateless; \
             timed true true; truncated false",
            "tail fail(); exception; Methods stateless; timed true true; error [\"TypeError: told first\"]; truncated false",
            "tail away with 1; ok; null stateless; timed true true; threw TypeError: not mine, true; truncated false",
        ],
    );
}

fn check_crons(session: &Session) {
    session.get("/cdn-cgi/handler/scheduled?cron=*/5+*+*+*+*").is(200, "ok");
    wait_for_lines(session, 0, &["waited for */5 * * * *"]);
    session.get("/seen/cron").is(200, "*/5 * * * *");
    assert_eq!(session.get("/cdn-cgi/handler/scheduled?cron=throw").status, 500);
}
