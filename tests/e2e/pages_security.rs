//! A middleware that guards a folder, and all the ways of writing the path of what is in it.

use std::time::{Duration, Instant};

use crate::pages_tree::write;
use crate::project::Project;
use crate::raw::{self, RawAnswer};
use crate::session::Session;

const FILES: [(&str, &str); 9] = [
    (
        "functions/api/_middleware.dart",
        "import 'package:cloudflare_workers/pages.dart';

Future<Response> onRequest(PagesContext context) async =>
    context.request.headers['x-key'] == null
        ? Response.forbidden('guard\\n')
        : await context.next();
",
    ),
    (
        "functions/api/hello.dart",
        "import 'package:cloudflare_workers/pages.dart';

Response onRequest(PagesContext context) => Response.ok('SECRET function\\n');
",
    ),
    // Patterns that a naive matcher tries over and over.
    (
        "functions/slow/[a]-[b]-[c]/[[d]]/[e]-[f].x.dart",
        "import 'package:cloudflare_workers/pages.dart';

Response onRequest(PagesContext context) => Response.ok('slow\\n');
",
    ),
    ("public/index.html", "home\n"),
    ("public/404.html", "lost\n"),
    ("public/api/x.txt", "SECRET file\n"),
    ("public/api/page.html", "SECRET page\n"),
    ("public/api/index.html", "SECRET index\n"),
    ("public/api/dir/index.html", "SECRET folder\n"),
];

/// Ways to what is guarded: with the key they lead there.
const WAYS: [&str; 36] = [
    "/api/x.txt",
    "/api/x.txt?",
    "/api/x.txt?y",
    "/api/x.txt#y",
    "/api/page",
    "/api/",
    "/api/dir/",
    "/api/hello",
    "/api/hello/",
    "/API/hello",
    "/aPi/HELLO",
    // Slashes in a row are one.
    "//api/x.txt",
    "/api//x.txt",
    "///api///x.txt",
    "//api//",
    // Dot segments are resolved, and a backslash is a slash.
    "/./api/../api/x.txt",
    "/api/./x.txt",
    "/y/../api/x.txt",
    "/%2e/api/x.txt",
    "/y/%2e%2E/api/x.txt",
    "/.%2e/api/x.txt",
    "/api\\x.txt",
    "/x/..\\api/x.txt",
    // What is encoded is decoded where the assets are served.
    "/%61pi/x.txt",
    "/ap%69/page",
    "/%61pi/",
    "/api%2fx.txt",
    "/api%2Fpage",
    "/api%2f",
    "/api/dir%2f",
    "/%2fapi/x.txt",
    "/%2Fapi%2Fx.txt",
    "/y/..%2fapi/x.txt",
    "/y%2f../api/x.txt",
    "/y%2f..%2fapi%2fx.txt",
    "/a/b/../../%61pi/x.txt",
];

/// What leads nowhere, or should: it must not lead to what is guarded either, and somebody must answer.
const ODDITIES: [&[u8]; 31] = [
    b"/API/x.txt",
    b"/%41PI/x.txt",
    b"/api./x.txt",
    b"/api%20/x.txt",
    b"/api/x.txt%20",
    b"/api/x.txt.",
    b"/api;/x.txt",
    b"/api;a=b/x.txt",
    b"/api%23/x.txt",
    b"/api%3f/x.txt",
    b"/api%5cx.txt",
    b"/%5capi/x.txt",
    b"/ap%09i/x.txt",
    b"/ap%0ai/x.txt",
    b"/ap\ti/x.txt",
    b"/api%00/x.txt",
    b"/%00api/x.txt",
    b"/api\x00/x.txt",
    b"/api%252fx.txt",
    b"/%2561pi/x.txt",
    b"/%c1%a1pi/x.txt",
    b"/%EF%BD%81pi/x.txt",
    b"/\xef\xbd\x81pi/x.txt",
    b"/\x80\xff/x.txt",
    b"/%",
    b"/%zz/api/x.txt",
    b"/api/%",
    b"/%61pi/%zz",
    b"*",
    b"\\api\\x.txt",
    b"/[::1]/api",
];

#[test]
fn no_way_of_writing_a_path_leads_past_the_middleware_that_guards_it() {
    let session = start();
    let vm = session.dart_vm().pid;
    for way in WAYS {
        let answer = ask(&session, way.as_bytes(), &[("x-key", "1")]);
        let refused = ask(&session, way.as_bytes(), &[]);
        assert!(answer.text().contains("SECRET"), "{way} does not lead there: {answer:?}");
        assert_eq!((refused.status, refused.text().as_str()), (403, "guard\n"), "{way}");
        assert_eq!(ask_for("HEAD", &session, way.as_bytes(), &[]).status, 403, "{way}");
    }
    for way in ODDITIES {
        let shown = String::from_utf8_lossy(way);
        for key in [&[][..], &[("x-key", "1")]] {
            let answer = ask(&session, way, key);
            assert!(!key.is_empty() || !answer.text().contains("SECRET"), "{shown}: {answer:?}");
        }
        session.get("/").is(200, "home\n");
    }
    assert_eq!(session.dart_vm().pid, vm, "the Dart VM was started anew");
    let said = session.transcript().stderr();
    assert!(!said.contains("error"), "{said}");
}

#[test]
fn paths_of_any_length_are_answered_and_guarded() {
    let session = start();
    let deep = |segment: &str, count: usize| segment.repeat(count);
    let guarded = [
        format!("/api/{}", deep("a", 8 << 10)),
        format!("/api/{}", deep("a/", 200)),
        format!("/{}api/x.txt", deep("y/../", 200)),
        format!("/{}api/x.txt", deep("../", 2000)),
        format!("{}api/x.txt", deep("/", 8 << 10)),
        format!("/api{}x.txt", deep("/", 8 << 10)),
        format!("/%61pi/{}x.txt", deep("./", 2000)),
        format!("/{}%61pi/x.txt", deep("y%2f..%2f", 800)),
        format!("/api/x.txt?{}", deep("q", 8 << 10)),
    ];
    for path in guarded {
        let answer = ask(&session, path.as_bytes(), &[]);
        assert_eq!((answer.status, answer.text().as_str()), (403, "guard\n"), "{} letters", path.len());
    }
    // As long as they are, nothing is looked at over and over.
    for path in [
        format!("/slow/{}", deep("-", 8 << 10)),
        format!("/slow/1-2-3/{}", deep("a/", 200)),
        format!("/slow/{}/{}", deep("a-", 2000), deep("-/", 200)),
        format!("/{}", deep("%2f", 2000)),
        format!("/{}", deep("a/", 200)),
        deep("/", 8 << 10),
    ] {
        let start = Instant::now();
        let answer = ask(&session, path.as_bytes(), &[]);
        // A name that is too long for the file system, wrangler answers in its own way.
        let is_fine = answer.status < 500 || answer.text().contains("ENAMETOOLONG");
        assert!(is_fine, "{} letters: {answer:?}", path.len());
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    }
    let answer = ask(&session, format!("/slow/1-2-3/{}-b-c.x", deep("a/", 200)).as_bytes(), &[]);
    assert_eq!((answer.status, answer.text().as_str()), (200, "slow\n"));
    session.get("/").is(200, "home\n");
}

fn start() -> Session {
    let project = Project::copy("pages");
    for (path, content) in FILES {
        write(&project.path(path), content);
    }
    Session::start_in(project, &[])
}

fn ask(session: &Session, target: &[u8], headers: &[(&str, &str)]) -> RawAnswer {
    ask_for("GET", session, target, headers)
}

fn ask_for(method: &str, session: &Session, target: &[u8], headers: &[(&str, &str)]) -> RawAnswer {
    raw::request(session, method, target, headers, None)
}
