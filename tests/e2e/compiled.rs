//! The cases of the other modules under `dartflare dev --engine`, compiled by a real Dart SDK.
//!
//! Where none is found these are skipped: the Dart that the repository installs for itself is a bare VM.

use std::process::Command;

use crate::d1::check_d1;
use crate::examples::{check_files, check_guestbook, check_hello, check_todos, check_views};
use crate::harness;
use crate::objects::check_sections;
use crate::pages_examples::check_fullstack;
use crate::project::Project;
use crate::r2::check_r2;
use crate::requests::check_bodies;
use crate::runtime::check_runtime;
use crate::session::{Host, Session};
use crate::small_bindings::check_small_bindings;
use crate::values::check_values;
use crate::workflows::check_workflows;
use crate::{api, seeds, sql};

/// Runs `check` with both engines, if there is a Dart that compiles.
fn with_each(name: &str, check: impl Fn(Host)) {
    if sdk().is_none() {
        return harness::skip(name, "no Dart SDK");
    }
    for engine in ["js", "wasm"] {
        eprintln!("{name}: {engine}");
        check(Host::Compiled(engine));
    }
}

/// A Dart that compiles: that of the environment, or else of `PATH`.
pub(crate) fn sdk() -> Option<String> {
    let succeeds = |dart: &str, arguments: &[&str]| {
        Command::new(dart).args(arguments).output().is_ok_and(|output| output.status.success())
    };
    let named = std::env::var("DARTFLARE_DART").ok().filter(|path| !path.is_empty());
    let on_path = std::env::var_os("PATH").and_then(|path| {
        let found =
            std::env::split_paths(&path).map(|folder| folder.join("dart")).find(|dart| dart.is_file());
        found?.into_os_string().into_string().ok()
    });
    named
        .into_iter()
        .chain(on_path)
        .find(|dart| succeeds(dart, &["--version"]) && succeeds(dart, &["compile", "--help"]))
}

#[test]
fn compiled_seeds() {
    with_each("the seeds, compiled", |host| {
        seeds::check_kv(host);
        seeds::check_views(host);
        seeds::check_jobs(host);
    });
}

#[test]
fn compiled_examples_take_up_an_edit() {
    with_each("the examples, compiled", |host| {
        check_views(&Session::start_on(host, "views"));
        check_todos(&Session::start_on(host, "todos"));
        drop(check_guestbook(host));
        drop(check_fullstack(host));
        check_files(&Session::start_on(host, "files"));
        let session = Session::start_on(host, "hello");
        check_hello(&session);
        session.rebuild(|project| project.replace("lib/main.dart", "$name!", "dear $name!"));
        session.get("/").is(200, "Hello, dear world!\n");
    });
}

#[test]
fn compiled_r2() {
    with_each("R2, compiled", check_r2);
}

#[test]
fn compiled_requests() {
    with_each("requests, compiled", |host| {
        drop(check_bodies(&Session::start_on(host, "handlers")));
    });
}

#[test]
fn compiled_objects() {
    with_each("Durable Objects, compiled", |host| {
        check_sections(&Session::start_on(host, "objects"));
        drop(sql::cases(host));
    });
}

#[test]
fn compiled_bindings() {
    with_each("the bindings, compiled", |host| {
        check_d1(host);
        check_small_bindings(host);
        check_values(host);
        check_runtime(&Session::start_on(host, "runtime"));
        api::check_kv_and_durable_objects(&Session::start_on(host, "api"));
        api::check_http(&Session::start_on(host, "api"));
        api::check_environments(host);
    });
}

#[test]
fn compiled_workflows() {
    with_each("workflows, compiled", |host| drop(check_workflows(host)));
}

#[test]
fn compiled_errors_are_shown_and_mended() {
    with_each("errors, compiled", |host| {
        let project = Project::copy("hello");
        project.replace("lib/main.dart", "Response.ok(", "Response.okay(");
        let session = Session::start_in_on(host, project, &[]);
        let answer = session.get("/");
        assert_eq!(answer.status, 500);
        for text in [answer.text(), &session.transcript().stderr()] {
            assert!(text.contains("Member not found: 'Response.okay'"), "{text}");
            assert!(text.contains("--> lib/main.dart:8:23\n"), "{text}");
        }
        session.rebuild(|project| project.replace("lib/main.dart", "Response.okay(", "Response.ok("));
        session.get("/").is(200, "Hello, world!\n");
    });
}
