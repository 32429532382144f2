//! Every recorded request to Cloudflare Pages again, to the same tree in Dart: on the Dart VM, through workerd.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::catch_unwind;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Map, Value, json};

use crate::pages_tree::{Refusal, Tree, is_no_route_in_dart, list, recording, text, without_places};
use crate::project::Project;
use crate::raw::{self, RawAnswer};
use crate::session::Session;

/// What may be different from the recording. The rules are those that the recording's description numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Difference {
    /// Rule 1: what is in a hidden folder has a route on Pages. Here such folders are for tools.
    Hidden,
    /// Rule 7: of two files for one path and method Pages takes the last in silence. Here it is an error that names
    /// both; the tree is tried without the one that Pages does not run.
    Duplicate,
    /// Rule 22: `next(null)` fails on Pages. Dart's types refuse it, and the way around them is `next()`.
    Null,
    /// Rule 25: `data = 'nope'` fails on Pages. Dart's types refuse it; the way around them fails with Dart's message.
    Data,
    /// Rule 35: Pages fails each request that has it look at `[a][b]` or `x[[path]]`. Here it is an error that names
    /// the file; the tree is tried without it.
    Pattern,
    /// Pages without a handler in any file serves the static files alone. Here it is an error: it is never meant.
    Empty,
}

/// The differences that the recording of this repository needs; another one may need more of them.
const NEEDED: [Difference; 4] =
    [Difference::Hidden, Difference::Duplicate, Difference::Data, Difference::Pattern];

/// The response headers that are recorded.
const HEADERS: [&str; 8] =
    ["content-type", "location", "set-cookie", "x-fn", "x-mw", "x-fn-next", "x-recovered", "x-from-headers"];

/// How long a function may take to say that it was run, after the response.
const SOON: Duration = Duration::from_secs(5);

#[test]
fn recorded_requests_to_pages_are_answered_as_recorded() {
    let (recording, is_own) = recording();
    let mut seen: BTreeMap<Difference, BTreeSet<String>> = BTreeMap::new();
    let mut trees = Vec::new();
    for recorded in list(&recording, "trees") {
        let mut tree = Tree::read(recorded);
        for difference in refused(&mut tree) {
            seen.entry(difference).or_default().insert(tree.name.clone());
        }
        trees.push(tree);
    }
    // What is not served at all is not asked for.
    trees.retain(|tree| !tree.refusals().contains(&Refusal::Empty));
    let count: usize = trees.iter().map(|tree| tree.cases.len()).sum();
    let mut wrong: Vec<_> = trees
        .iter()
        .filter_map(|tree| Some(format!("{}: not translated to Dart: {}", tree.name, tree.untranslated()?)))
        .collect();

    // Two sessions at a time, each with the trees that can follow one another.
    let (plain, special): (Vec<_>, Vec<_>) =
        trees.iter().filter(|tree| tree.untranslated().is_none()).partition(|tree| tree.is_plain());
    let middle = plain.len().div_ceil(2);
    let mut jobs: VecDeque<Vec<&Tree>> = special.into_iter().map(|tree| vec![tree]).collect();
    for half in plain.chunks(middle.max(1)) {
        jobs.push_front(half.to_vec());
    }
    let jobs = Mutex::new(jobs);
    let results = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(job) = { jobs.lock().expect("the jobs").pop_front() } {
                    // What the other trees give is told even so.
                    if let Ok(replayed) = catch_unwind(|| replay(&job)) {
                        results.lock().expect("the results").extend(replayed);
                    }
                }
            });
        }
    });

    let results = results.into_inner().expect("the results");
    for Outcome { tree, case, got } in &results {
        let expected = expected(case);
        let place = format!("{}: {} {}", tree.name, text(case, "method"), text(case, "path"));
        let differences = compare(&expected, got);
        if differences.is_empty() {
            continue;
        }
        match allowed(tree, &expected, got) {
            Some(difference) => drop(seen.entry(difference).or_default().insert(place)),
            None => wrong.push(format!("{place}\n{}", differences.join("\n"))),
        }
    }
    println!(
        "{} of {count} requests to {} trees; different by intent: {seen:#?}",
        results.len(),
        trees.len()
    );
    assert!(wrong.is_empty(), "{} requests:\n\n{}", wrong.len(), wrong.join("\n\n"));
    assert_eq!(results.len(), count, "not all requests were sent");
    if is_own {
        assert_eq!(seen.keys().copied().collect::<Vec<_>>(), NEEDED, "nothing is different without need");
    }
}

/// A recorded case beside what came of it here.
struct Outcome<'a> {
    tree: &'a Tree,
    case: &'a Value,
    got: Got,
}

struct Got {
    answer: RawAnswer,
    /// What each function that was run saw, as the recording has it.
    calls: Vec<Value>,
}

/// The case as wrangler 4.164 answered it, where that is another way than the older one did.
fn expected(case: &Value) -> Map<String, Value> {
    let mut expected = case.as_object().expect("a case").clone();
    if let Some(Value::Object(newer)) = expected.remove("wrangler_4_164") {
        if newer.contains_key("chain") && !newer.contains_key("calls") {
            expected
                .retain(|key, _| !["calls", "chain_full", "params", "function_path"].contains(&key.as_str()));
        }
        expected.extend(newer);
    }
    expected
}

// What is refused.

/// Has dartflare refuse what it is to refuse in the tree, one thing after the other, and takes it out. Says by what
/// rules.
fn refused(tree: &mut Tree) -> BTreeSet<Difference> {
    let mut differences = BTreeSet::new();
    if tree.has_worker() || tree.untranslated().is_some() {
        return differences;
    }
    let project = Project::copy("pages");
    loop {
        let refusals = tree.refusals();
        let one_file = refusals.iter().find(|refusal| matches!(refusal, Refusal::OneFile { .. }));
        if let Some(refusal) = one_file {
            tree.without(refusal);
            differences.insert(Difference::Duplicate);
            continue;
        }
        tree.write(&project);
        let output = project.dartflare(&["routes"]);
        let said = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            assert!(refusals.is_empty(), "{}: not refused: {refusals:?}", tree.name);
            return differences;
        }
        assert_eq!(output.status.code(), Some(1), "{}: {said}", tree.name);
        let names = |path: &str| said.contains(&format!("functions/{path}"));
        let refusal = refusals.iter().find(|refusal| match refusal {
            Refusal::Duplicate { path, winner, .. } => names(path) && names(winner),
            Refusal::Pattern { path } => names(path),
            Refusal::OneFile { .. } => false,
            Refusal::Empty => said.contains("no file in `functions/` has a handler"),
        });
        let refusal = refusal.unwrap_or_else(|| panic!("{}: {said}\nnot {refusals:?}", tree.name));
        differences.insert(match refusal {
            Refusal::Duplicate { .. } | Refusal::OneFile { .. } => Difference::Duplicate,
            Refusal::Pattern { .. } => Difference::Pattern,
            Refusal::Empty => Difference::Empty,
        });
        if *refusal == Refusal::Empty {
            return differences;
        }
        tree.without(refusal);
    }
}

// Asking.

/// Sends the requests of these trees, one after the other; a running `dartflare dev` becomes the next tree by edits.
fn replay<'a>(trees: &[&'a Tree]) -> Vec<Outcome<'a>> {
    let project = Project::copy("pages");
    trees[0].write(&project);
    let session = Session::start_in(project, &[]);
    let mut answers = Vec::new();
    for (number, tree) in trees.iter().copied().enumerate() {
        if number > 0 {
            let start = session.now();
            tree.write(&session);
            let made: BTreeSet<String> =
                tree.made().iter().map(|id| json!([tree.name, id]).to_string()).collect();
            session.wait_from(start, |text| is_taken_up(text, &made));
        }
        for (number, case) in tree.cases.iter().enumerate() {
            let id = format!("{}#{number}", tree.name);
            let start = session.now();
            let answer = ask(&session, case, &id);
            let count = expected(case).get("chain").and_then(Value::as_array).map_or(0, Vec::len);
            let mark = format!("TRACE {{\"case\":{}", json!(id));
            session.transcript().comes_from(start, SOON, |text| text.matches(&mark).count() >= count);
            answers.push((tree, case, id, answer));
        }
    }
    // All that functions say is said by then, also of functions that should not have run.
    let (status, said) = session.end(Signal::INT);
    assert!(status.success(), "{status}\n{said}");
    let mut calls: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in said.lines().filter_map(|line| line.strip_prefix("TRACE ")) {
        let Value::Object(mut call) = serde_json::from_str(line).expect("JSON") else { panic!("{line}") };
        let id = call.remove("case");
        let id = id.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
        calls.entry(id).or_default().push(call.into());
    }
    let outcomes = answers.into_iter().map(|(tree, case, id, answer)| {
        let got = Got { answer, calls: calls.remove(&id).unwrap_or_default() };
        Outcome { tree, case, got }
    });
    outcomes.collect()
}

/// Whether an isolate has made all functions that are to be, and has taken over. One that was started after some of the
/// edits has not all of them. What an isolate prints and what `dartflare dev` says are not in order.
fn is_taken_up(text: &str, made: &BTreeSet<String>) -> bool {
    let mut isolates: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in text.lines() {
        if let Some((isolate, function)) = line.strip_prefix("MADE ").and_then(|rest| rest.split_once(' ')) {
            isolates.entry(isolate).or_default().insert(function);
        }
    }
    let is_whole = isolates.values().any(|functions| made.iter().all(|id| functions.contains(id.as_str())));
    (is_whole || made.is_empty()) && text.matches("reloaded in ").count() >= isolates.len().max(1)
}

fn ask(session: &Session, case: &Value, id: &str) -> RawAnswer {
    let method = text(case, "method");
    let mut headers = vec![("accept", "application/json"), ("x-case", id)];
    for (name, value) in case["request_headers"].as_object().into_iter().flatten() {
        headers.push((name, value.as_str().expect("a text")));
    }
    let body = case["request_body"].as_str().map(str::as_bytes);
    if body.is_some() {
        headers.push(("content-type", "text/plain"));
    }
    let body = body.or_else(|| ["POST", "PUT", "PATCH"].contains(&method).then_some(b""));
    raw::request(session, method, text(case, "path").as_bytes(), &headers, body)
}

// Comparing.

/// In what the answer is not the expected one, a line for each.
fn compare(expected: &Map<String, Value>, got: &Got) -> Vec<String> {
    let mut differences = Vec::new();
    let mut differ = |what: &str, expected: &Value, got: &Value| {
        if !expected.is_null() && expected != got {
            differences.push(format!("  {what}: {got}\n    recorded: {expected}"));
        }
    };
    let at = |key: &str| expected.get(key).unwrap_or(&Value::Null);
    let answer = &got.answer;
    differ("status", at("status"), &answer.status.into());
    differ("calls", at("calls"), &got.calls.clone().into());
    let ids: Vec<_> = got.calls.iter().map(|call| text(call, "id")).collect();
    differ("chain", at("chain_full"), &json!(ids));
    let files: Vec<_> = ids.iter().map(|id| id.rsplit_once(':').map_or(*id, |(file, _)| file)).collect();
    differ("files", at("chain"), &json!(files));
    if let Some(last) = got.calls.last() {
        differ("params", at("params"), &last["params"]);
        differ("function path", at("function_path"), &last["functionPath"]);
    }
    if at("served_by") == "runtime-error" {
        differ("has an answering function", &false.into(), &answer.header("x-fn").is_some().into());
        let line = at("body_first_line").as_str().unwrap_or_default();
        let message = line.split_once(": ").map_or(line, |(_, message)| message);
        if !answer.text().contains(message) {
            differ("body", &line.into(), &answer.text().into());
        }
        return differences;
    }
    let headers = HEADERS.iter().filter_map(|name| {
        let value = answer.header(name)?;
        let origin = regex::Regex::new("^https?://[^/]+").expect("a pattern");
        let value = if *name == "location" { origin.replace(&value, "<origin>").into_owned() } else { value };
        Some(((*name).to_owned(), Value::from(value)))
    });
    let mut recorded = at("response_headers").clone();
    if let Some(Value::Array(cookies)) = recorded.get("set-cookie") {
        let cookies: Vec<_> = cookies.iter().filter_map(Value::as_str).collect();
        recorded["set-cookie"] = cookies.join(", ").into();
    }
    differ("headers", &recorded, &Value::Object(headers.collect()));
    let body = without_places(&answer.text());
    match at("body") {
        Value::String(expected) => differ("body", &without_places(expected).into(), &body.into()),
        expected => differ("body", expected, &serde_json::from_str(&body).unwrap_or(body.into())),
    }
    differences
}

/// By which difference the answer is right though it is not the expected one.
fn allowed(tree: &Tree, expected: &Map<String, Value>, got: &Got) -> Option<Difference> {
    let calls = expected.get("calls")?.as_array()?;
    let ids: Vec<_> = calls.iter().map(|call| text(call, "id")).collect();
    let position = |behaviour: &str| ids.iter().position(|id| tree.behaviour(id) == behaviour);
    let is_hidden = |id: &str| is_no_route_in_dart(id.rsplit_once(':').map_or(id, |(stem, _)| stem));

    let fails = [&expected.get("body_first_line"), &expected.get("body").map(|body| &body["message"])]
        .into_iter()
        .any(|said| {
            let said = said.and_then(Value::as_str).unwrap_or_default();
            said.contains("Can not repeat \"") || said.contains("Must have text between two parameters")
        });
    if fails && got.answer.status < 500 {
        return Some(Difference::Pattern);
    }
    if ids.iter().any(|id| is_hidden(id)) {
        let others = calls.iter().filter(|call| !is_hidden(text(call, "id")));
        let is_left_out = others.eq(&got.calls)
            && got.answer.status < 500
            && !got.answer.header("x-fn").is_some_and(|id| is_hidden(&id));
        return is_left_out.then_some(Difference::Hidden);
    }
    if position("mw-data-bad").is_some() {
        let mut expected = expected.clone();
        let mut body: Value = serde_json::from_slice(&got.answer.body).ok()?;
        let is_refused = text(&body, "message").contains("'String' is not a subtype");
        body["message"] = expected["body"]["message"].clone();
        let answer = RawAnswer { body: body.to_string().into_bytes(), ..got.answer.clone() };
        expected.insert("body".to_owned(), body);
        let is_same = compare(&expected, &Got { answer, calls: got.calls.clone() }).is_empty();
        return (is_refused && is_same).then_some(Difference::Data);
    }
    if let Some(at) = position("mw-next-null") {
        return (got.calls.get(..=at) == Some(&calls[..=at])).then_some(Difference::Null);
    }
    None
}
