//! End-to-end tests: the real binary, the Dart VM and workerd, over HTTP.
//!
//! They need Dart and wrangler: `DARTFLARE_DART` and `DARTFLARE_WRANGLER`, or what the repository installs for itself
//! under `tools/`.
//!
//! They end sessions by signals, and know what belongs to one by `/proc`: on Windows, `tools/demo.mjs` is run in their
//! place.

#![cfg(unix)]
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "e2e/answer.rs"]
mod answer;
#[path = "e2e/api.rs"]
mod api;
#[path = "e2e/browser.rs"]
mod browser;
#[path = "e2e/chat.rs"]
mod chat;
#[path = "e2e/compiled.rs"]
mod compiled;
#[path = "e2e/d1.rs"]
mod d1;
#[path = "e2e/errors.rs"]
mod errors;
#[path = "e2e/events.rs"]
mod events;
#[path = "e2e/examples.rs"]
mod examples;
#[path = "e2e/faults.rs"]
mod faults;
#[path = "e2e/first_hour.rs"]
mod first_hour;
#[path = "e2e/front_end.rs"]
mod front_end;
#[path = "e2e/growth.rs"]
mod growth;
#[path = "harness.rs"]
#[allow(dead_code, reason = "most of it is for the transcripts")]
mod harness;
#[path = "e2e/hostile.rs"]
mod hostile;
#[path = "e2e/js_host.rs"]
mod js_host;
#[path = "e2e/kernel.rs"]
mod kernel;
#[path = "machine.rs"]
#[allow(dead_code, reason = "most of it is for the transcripts")]
mod machine;
#[path = "e2e/names.rs"]
mod names;
#[path = "e2e/objects.rs"]
mod objects;
#[path = "e2e/origin.rs"]
mod origin;
#[path = "e2e/pages_assets.rs"]
mod pages_assets;
#[path = "e2e/pages_built.rs"]
mod pages_built;
#[path = "e2e/pages_conformance.rs"]
mod pages_conformance;
#[path = "e2e/pages_dev.rs"]
mod pages_dev;
#[path = "e2e/pages_examples.rs"]
mod pages_examples;
#[path = "e2e/pages_security.rs"]
mod pages_security;
#[path = "e2e/pages_tree.rs"]
mod pages_tree;
#[path = "e2e/processes.rs"]
mod processes;
#[path = "e2e/project.rs"]
mod project;
#[path = "e2e/r2.rs"]
mod r2;
#[path = "e2e/raw.rs"]
mod raw;
#[path = "e2e/rebuilds.rs"]
mod rebuilds;
#[path = "e2e/relay.rs"]
mod relay;
#[path = "e2e/reloads.rs"]
mod reloads;
#[path = "e2e/remote.rs"]
mod remote;
#[path = "e2e/requests.rs"]
mod requests;
#[path = "e2e/rpc.rs"]
mod rpc;
#[path = "e2e/runtime.rs"]
mod runtime;
#[path = "e2e/seeds.rs"]
mod seeds;
#[path = "e2e/session.rs"]
mod session;
#[path = "e2e/small_bindings.rs"]
mod small_bindings;
#[path = "e2e/soak/mod.rs"]
mod soak;
#[path = "e2e/sql.rs"]
mod sql;
#[path = "e2e/starts.rs"]
mod starts;
#[path = "e2e/templates.rs"]
mod templates;
#[path = "e2e/testing.rs"]
mod testing;
#[path = "e2e/transcript.rs"]
mod transcript;
#[path = "e2e/tutorial.rs"]
mod tutorial;
#[path = "e2e/values.rs"]
mod values;
#[path = "e2e/web_sockets.rs"]
mod web_sockets;
#[path = "e2e/workflows.rs"]
mod workflows;
