//! The examples, as their READMEs tell of them.

use crate::session::Session;

#[test]
fn views_counts_fires_its_alarm_and_takes_up_an_edit() {
    let session = Session::start("views");
    for count in 1..=3 {
        let expected = format!("This Durable Object has been requested {count} times!\n");
        session.get("/home").is(200, &expected);
    }
    session.get("/other").is(200, "This Durable Object has been requested 1 times!\n");

    session.get("/home?alarm=soon").is(400, "`alarm` is a number of seconds\n");
    session.get("/home?alarm=0").is(200, "Alarm set to go off in 0 seconds.\n");
    session.wait_for(|text| text.contains("Alarm triggered after 3 views.\n"));
    assert!(session.transcript().stdout().contains("Alarm triggered after 3 views.\n"));
    let answer = session.get("/home");
    assert!(
        answer.ok().starts_with("This Durable Object has been requested 4 times!\nIts alarm went off at 20"),
        "{}",
        answer.text()
    );

    session.reload(|project| project.replace("lib/main.dart", "has been requested", "was seen"));
    let answer = session.get("/home");
    assert!(answer.ok().starts_with("This Durable Object was seen 5 times!\n"), "{}", answer.text());
}
