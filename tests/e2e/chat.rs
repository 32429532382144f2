//! The example `chat`, with plain clients and in a browser.

use serde_json::Value;

use crate::browser;
use crate::session::Session;
use crate::web_sockets::Client;

#[test]
fn chat_passes_messages_on_and_stays_through_an_edit() {
    let session = Session::start("chat");
    let (mut ann, mut bob) = check_chat(&session);
    browser::visit(&session, "chat.mjs", "the example `chat` in two pages");

    // The connections stay while the program is replaced.
    session.reload(|project| project.replace("lib/chat_room.dart", "'text': message", "'text': '$message!'"));
    ann.send("still there");
    for client in [&mut ann, &mut bob] {
        assert_eq!(said(&client.next()), ["Ann: still there!"]);
    }
}

pub(crate) fn check_chat(session: &Session) -> (Client, Client) {
    assert_eq!(session.get("/").header("location"), "/lobby");
    assert!(session.get("/tea").ok().contains("<title>Chat</title>"));
    session.get("/tea/socket?name=Ann").is(426, "this is for WebSockets\n");

    let mut ann = Client::connect(session, "/tea/socket?name=Ann");
    assert_eq!(ann.next(), r#"{"messages":[]}"#);
    assert_eq!(ann.next(), r#"{"people":["Ann"]}"#);
    ann.send("is anybody here?");
    assert_eq!(said(&ann.next()), ["Ann: is anybody here?"]);
    assert_eq!(ann.ask("ping"), "pong");

    let mut bob = Client::connect(session, "/tea/socket?name=Bob");
    assert_eq!(said(&bob.next()), ["Ann: is anybody here?"]);
    for client in [&mut ann, &mut bob] {
        assert_eq!(client.next(), r#"{"people":["Ann","Bob"]}"#);
    }
    bob.send("yes");
    for client in [&mut ann, &mut bob] {
        assert_eq!(said(&client.next()), ["Bob: yes"]);
    }

    // Another room is another object.
    let mut eve = Client::connect(session, "/coffee/socket?name=Eve");
    assert_eq!(eve.next(), r#"{"messages":[]}"#);
    assert_eq!(eve.next(), r#"{"people":["Eve"]}"#);
    assert_eq!(eve.ask(&"x".repeat(1001)), "1009 too long");
    drop(eve);

    let mut cid = Client::connect(session, "/tea/socket?name=Cid");
    assert_eq!(said(&cid.next()), ["Ann: is anybody here?", "Bob: yes"]);
    for client in [&mut ann, &mut bob, &mut cid] {
        assert_eq!(client.next(), r#"{"people":["Ann","Bob","Cid"]}"#);
    }
    assert_eq!(cid.close(1000, "bye"), "1000 bye");
    for client in [&mut ann, &mut bob] {
        assert_eq!(client.next(), r#"{"people":["Ann","Bob"]}"#);
    }
    (ann, bob)
}

/// What was said, of a message with it.
#[track_caller]
fn said(message: &str) -> Vec<String> {
    let message: Value = serde_json::from_str(message).expect("JSON");
    let messages = message["messages"].as_array().unwrap_or_else(|| panic!("{message}"));
    let text =
        |it: &Value| format!("{}: {}", it["from"].as_str().expect("who"), it["text"].as_str().expect("what"));
    messages.iter().map(text).collect()
}
