//! The host for compiled programs, `host_js.dart`, at work: the cases of the other modules that need no more than a
//! running Worker, with the Worker that `dartflare build` publishes in place of `dartflare dev`.
//!
//! Nothing of that Worker is changed, and nothing of `host_js.dart`, but that there is no compiler: the program and all
//! of the package run on the Dart VM, `host_js.dart` over declarations of our own for the two libraries that the VM
//! lacks (`tests/fixtures/js_interop`). Each operation of these is carried out in workerd, one after the other, in the
//! I/O context and in the critical section that it belongs to (`tests/js/workerd/main.mjs`, which stands where the
//! compiler's output would). The program waits for what comes of an operation, unless nothing does.
//!
//! What this cannot show, and the fact that each rests on:
//!
//! - That the compilers accept `host_js.dart`. They check types of interop beyond the front end that they share with the
//!   VM. `tests/js/interop.test.mjs` has our declarations stand for those checks as far as types can.
//! - Numbers as WebAssembly and JavaScript have them. On the VM an integral double is no `int`; compiled to JavaScript
//!   it is one. WebAssembly gives every number of JavaScript as a `double`, and so do the declarations here.
//! - Bytes as they are shared. WebAssembly copies them to and from JavaScript, or wraps what JavaScript has; compiled to
//!   JavaScript both sides have the same bytes. Here they are copied, both ways.
//! - Casts. Compiled to JavaScript, a cast to the type of another JavaScript value fails; compiled to WebAssembly, as
//!   here, it proves nothing.
//! - Atomicity in a Durable Object. workerd's input gate holds back events while a storage operation is under way, but
//!   it does not reach a program in another process: between an answer and what the program does with it there is time.
//!   For the same reason what `main()` registers is played back when the Worker's module is evaluated, where no
//!   connection can be opened, a Durable Object is constructed in a critical section of its own, just after the
//!   JavaScript object, and a critical section opens when the program's turn ends. So requests come one after the other
//!   where the count matters; at once they are tested on the other host.
//! - That JavaScript calls Dart while Dart waits for it. The function of a synchronous transaction runs first, in an
//!   asynchronous one, and what it gave is there when JavaScript calls it. `tests/js/direct.test.mjs` has JavaScript call.
//! - `outer-work` of the fixture `objects`, and `outer` of `sql`, which no Worker can run: workerd calls timers in the order
//!   of their times, so one that was set outside of a critical section, and waits for its end, holds up a later one that was set inside. The
//!   section is cancelled after 30 s. The other host calls them all.
//! - That a producer is told when the consumer of its body leaves: workerd tells no Worker. On the other host the
//!   connection to the program breaks.
//! - That an array of JavaScript is read as it changes. It is read when it comes; the runtime changes none afterwards.
//! - What a call into JavaScript costs.

use crate::api::{check_environments, check_http, check_kv_and_durable_objects};
use crate::chat::check_chat;
use crate::d1::check_d1;
use crate::events;
use crate::examples::{check_files, check_guestbook, check_hello, check_jobs, check_todos, check_views};
use crate::objects::check_sections;
use crate::project::Project;
use crate::r2::check_r2;
use crate::remote::check_remote;
use crate::requests::check_bodies;
use crate::rpc;
use crate::runtime::{check_http_client, check_runtime};
use crate::seeds;
use crate::session::{Host, Session};
use crate::small_bindings::check_small_bindings;
use crate::sql;
use crate::values::check_values;
use crate::web_sockets;
use crate::workflows::check_workflows;

const MAIN: &str = "lib/main.dart";

#[test]
fn js_kv_and_durable_objects() {
    check_kv_and_durable_objects(&Session::start_on(Host::Js, "api"));
}

#[test]
fn js_http() {
    check_http(&Session::start_on(Host::Js, "api"));
}

#[test]
fn js_environments() {
    check_environments(Host::Js);
}

#[test]
fn js_events() {
    drop(events::check(Host::Js));
}

#[test]
fn js_d1() {
    check_d1(Host::Js);
}

#[test]
fn js_r2() {
    check_r2(Host::Js);
}

#[test]
fn js_remote() {
    check_remote(Host::Js);
}

#[test]
fn js_seeds() {
    seeds::check_kv(Host::Js);
    seeds::check_views(Host::Js);
    seeds::check_jobs(Host::Js);
}

#[test]
fn js_examples() {
    check_views(&Session::start_on(Host::Js, "views"));
    check_todos(&Session::start_on(Host::Js, "todos"));
    check_hello(&Session::start_on(Host::Js, "hello"));
    drop(check_chat(&Session::start_on(Host::Js, "chat")));
    check_jobs(&Session::start_on(Host::Js, "jobs"));
    check_files(&Session::start_on(Host::Js, "files"));
    drop(check_guestbook(Host::Js));
}

#[test]
fn js_runtime() {
    check_runtime(&Session::start_on(Host::Js, "runtime"));
    check_http_client(&Session::start_on(Host::Js, "http-client"));
}

#[test]
fn js_small_bindings() {
    check_small_bindings(Host::Js);
}

#[test]
fn js_values() {
    check_values(Host::Js);
}

#[test]
fn js_workflows() {
    drop(check_workflows(Host::Js));
}

#[test]
fn js_sections() {
    check_sections(&Session::start_on(Host::Js, "objects"));
}

#[test]
fn js_sql() {
    drop(sql::cases(Host::Js));
}

#[test]
fn js_bodies() {
    drop(check_bodies(&Session::start_on(Host::Js, "handlers")));
}

#[test]
fn js_web_sockets() {
    web_sockets::check_on(Host::Js);
}

#[test]
fn js_rpc() {
    drop(rpc::cases(Host::Js));
    drop(rpc::default_entrypoint(Host::Js));
}

#[test]
fn js_errors() {
    let session = Session::start_on(Host::Js, "handlers");
    let answer = session.get("/throws");
    assert_eq!(answer.status, 500);
    assert!(answer.text().contains("Bad state: the till is empty"), "{}", answer.text());
    // A failing Future that nobody awaits: the request is answered, and the log tells.
    session.get("/forgets").is(200, "answered\n");
    session.wait_for(|text| text.contains("FormatException: nobody waits for this"));
    session.get("/").is(200, "hello\n");
    for (path, part) in [
        ("/misnamed", "no KV namespace `TODO` in this Worker's environment, did you mean `TODOS`?\n"),
        (
            "/mistaken",
            "`TODOS` is a KV namespace in this Worker's environment, not a Durable Object namespace",
        ),
        ("/variable?name=GRETING", "did you mean `GREETING`?"),
    ] {
        // The page that answers is wrangler's, which does not know what to make of a stack of the VM.
        assert_eq!(session.get(path).status, 500);
        session.wait_for(|text| text.contains(part));
    }
}

#[test]
fn js_main_that_throws_is_told_with_its_place() {
    let project = Project::copy("handlers");
    project.replace(
        MAIN,
        "void main() {",
        "void main() {\n  if (produced == 0) throw StateError('not today');",
    );
    let session = Session::start_in_on(Host::Js, project, &[]);
    let answer = session.get("/");
    assert_eq!(answer.status, 500);
    assert!(answer.text().contains("StateError: Bad state: not today"), "{}", answer.text());
    session.wait_for(|text| text.contains("(package:handlers/main.dart:"));
}
