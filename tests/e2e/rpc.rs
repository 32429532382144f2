//! Methods of other Workers and of objects, called and served in Dart.

use std::fmt::Write as _;

use crate::project::Project;
use crate::session::{Host, Session};

#[test]
fn methods_of_entrypoints_and_objects() {
    let session = cases(Host::Vm);
    session.get("/at-once").is(200, "at once = 10\n");
    session.wait_for(|text| text.contains("error: unhandled exception in Math.fail\n"));

    // A method that is new has an accessor, and an entrypoint that is new is exported.
    let start = session.now();
    session.replace(
        "lib/main.dart",
        "'subscribe': subscribe,",
        "'subscribe': subscribe, 'same': (int n) => n,",
    );
    session.wait_from(start, |text| {
        text.contains("wrote `lib/environment.g.dart`\n") && text.contains("reloaded in ")
    });
    assert!(session.read("lib/environment.g.dart").contains("Future<Object?> same(int n) =>"));
    let start = session.now();
    session.replace("lib/main.dart", "'Wrong': Wrong.new,", "'Wrong': Wrong.new, 'Nobody': Unbound.new,");
    session.wait_from(start, |text| text.contains("updated and ready"));
    let answer = session.get("/context");
    assert!(answer.ok().contains("not exported = {}\n"), "{}", answer.text());
}

/// What both hosts can show: without many events of one object at once.
pub(crate) fn cases(host: Host) -> Session {
    let session = Session::start_on(host, "rpc");
    let mut wrong = String::new();
    for report in ["calls", "objects", "durable", "loaded", "typed", "context"] {
        let expected = session.read(&format!("reports/{report}.txt"));
        let answer = session.get(&format!("/{report}"));
        if (answer.status, answer.text()) != (200, expected.as_str()) {
            let (status, got) = (answer.status, answer.text());
            let _ = write!(wrong, "=== {report}: {status}\n--- expected\n{expected}--- got\n{got}");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    session
}

const DEFAULT: &str = "\
import 'package:cloudflare_workers/cloudflare_workers.dart';

class Main extends WorkerEntrypoint {
  @override
  Map<String, Function> get methods => {'add': (int a, int b) => a + b};

  @override
  Future<Response> fetch(Request request) async {
    if (request.url.path == '/throws') throw StateError('not today');
    if (request.url.path == '/add') {
      final own = ctx.exports.getService('default');
      return Response.ok('${await own.call<int>('add', [1, 2])}');
    }
    return Response.ok(request.body);
  }
}

void main() {
  CloudflareWorkers(entrypoints: {'default': Main.new});
}
";

#[test]
fn an_entrypoint_in_place_of_the_handlers() {
    let session = default_entrypoint(Host::Vm);
    let answer = session.get("/throws");
    assert_eq!(answer.status, 500);
    assert!(answer.text().contains("not today\n#0  Main.fetch (lib/main.dart:9:"), "{}", answer.text());
}

pub(crate) fn default_entrypoint(host: Host) -> Session {
    let project = Project::copy("hello");
    project.write("lib/main.dart", DEFAULT);
    let session = Session::start_in_on(host, project, &[]);
    session.request("POST", "/", &[], b"as it came").is(200, "as it came");
    session.get("/add").is(200, "3");
    session
}
