//! The static files of a Pages project, as `wrangler pages dev` by itself serves them: the same folder twice, with the
//! same functions in Dart and in JavaScript.

use std::collections::BTreeMap;
use std::process::Child;
use std::time::Duration;

use rustix::process::Signal;

use crate::pages_tree::{without_places, write};
use crate::processes::{self, eventually};
use crate::project::Project;
use crate::raw::{self, RawAnswer};
use crate::session::Session;
use crate::transcript::Transcript;

/// Those that say how the bytes travel.
const OF_THE_CONNECTION: [&str; 4] = ["connection", "date", "keep-alive", "transfer-encoding"];

const MIDDLEWARE: [(&str, &str); 2] = [
    (
        "functions/_middleware.dart",
        "import 'package:cloudflare_workers/pages.dart';

Future<Response> onRequest(PagesContext context) async =>
    await context.next()..headers['x-passed'] = context.request.method;
",
    ),
    (
        "functions/_middleware.js",
        "export async function onRequest(context) {
  const response = await context.next();
  response.headers.set('x-passed', context.request.method);
  return response;
}
",
    ),
];

const FUNCTION: [(&str, &str); 2] = [
    (
        "functions/api/[[path]].dart",
        "import 'package:cloudflare_workers/pages.dart';

Response onRequest(PagesContext context) =>
    Response('function ${context.functionPath}\\n');
",
    ),
    (
        "functions/api/[[path]].js",
        "export const onRequest = (context) => new Response(`function ${context.functionPath}\\n`);
",
    ),
];

const FILES: [(&str, &str); 20] = [
    ("index.html", "<h1>home</h1>\n"),
    ("404.html", "<h1>lost</h1>\n"),
    ("about.html", "about\n"),
    ("plain", "no ending\n"),
    ("both.html", "with an ending\n"),
    ("both", "without\n"),
    ("folder/index.html", "folder\n"),
    ("folder/page.html", "page\n"),
    ("docs/404.html", "lost in the docs\n"),
    ("docs/deep/index.html", "deep\n"),
    ("img.txt", "text\n"),
    ("style.css", "body {}\n"),
    ("data.json", "{}\n"),
    ("app.js", "export {};\n"),
    ("empty.txt", ""),
    ("café.txt", "umlauts\n"),
    ("with space.txt", "space\n"),
    (".well-known/id", "known\n"),
    (
        "_headers",
        "/*\n  x-all: yes\n/img.txt\n  x-one: 1\n  cache-control: max-age=60\n/folder/*\n  ! x-all\n",
    ),
    (
        "_redirects",
        "/old /about 301\n/moved /folder/ 302\n/many/* /folder/:splat 303\n/by/:name/x /:name 307\n\
         /rewritten /img.txt 200\n/away https://example.com/x?y 308\n/img.txt /never 301\n",
    ),
];

#[test]
fn static_files_behind_middleware_are_served_as_by_wrangler_alone() {
    let (dart, wrangler) = pair(&[MIDDLEWARE], &FILES);
    let mut paths: Vec<&str> = "/ /index.html /index /about /about.html /about/ /plain /plain/ /both /both.html /folder \
                                /folder/ /folder/index /folder/index.html /folder/page /docs /docs/ /docs/none \
                                /docs/deep /docs/deep/ /docs/deep/none /img.txt /img.txt/ /img.txt?x=1 //img.txt \
                                /folder//page /a%2Fb /folder%2fpage /IMG.txt /style.css /data.json /app.js /empty.txt \
                                /caf%C3%A9.txt /with%20space.txt /.well-known/id /none /none/deep/er /old /old?x=1 \
                                /moved /many/page?q /many/a/b /by/about/x /rewritten /away /404 /404.html /% /%zz"
        .split_whitespace()
        .collect();
    paths.push("/none?x#y");
    for path in &paths {
        same(&dart, &wrangler, "GET", path, &[], None);
    }
    for method in ["HEAD", "POST", "PUT", "DELETE", "OPTIONS"] {
        for path in ["/img.txt", "/about", "/folder", "/none", "/old", "/rewritten"] {
            let body = ["POST", "PUT"].contains(&method).then_some(&b"body"[..]);
            same(&dart, &wrangler, method, path, &[], body);
        }
    }
    // What the client has already is not sent again.
    for path in ["/", "/style.css", "/about", "/folder/", "/empty.txt"] {
        let tag = ask(&wrangler, "GET", path, &[], None).header("etag").expect("a tag");
        for tag in [tag.as_str(), &format!("W/{}", tag.trim_start_matches("W/")), "\"another\"", "*"] {
            for method in ["GET", "HEAD"] {
                same(&dart, &wrangler, method, path, &[("if-none-match", tag)], None);
            }
        }
        let own = ask(&wrangler, "GET", path, &[], None).header("etag").expect("a tag");
        assert_eq!(
            same(&dart, &wrangler, "GET", path, &[("if-none-match", &own)], None).status,
            304,
            "{path}"
        );
        same(&dart, &wrangler, "GET", path, &[("range", "bytes=0-2")], None);
    }
}

#[test]
fn a_front_end_and_the_rules_of_routes_are_as_with_wrangler_alone() {
    let files = [
        ("index.html", "<h1>spa</h1>\n"),
        ("api/x.txt", "file x\n"),
        ("api/skip/y.txt", "file y\n"),
        ("other/index.html", "other\n"),
        (
            "_routes.json",
            r#"{"version": 1, "include": ["/api/*", "/guarded", "/part*"], "exclude": ["/api/skip/*", "/api/*.css"]}"#,
        ),
    ];
    let (dart, wrangler) = pair(&[MIDDLEWARE, FUNCTION], &files);
    let mut passed = BTreeMap::new();
    for path in "/ /index.html /none /none/deep /other /other/ /other/none /api /api/ /api/x.txt /api/skip/y.txt /api/skip \
                 /api/skip/ /api/none /api/a.css /API/x.txt /guarded /guarded/ /guarded/x /part /partly /par //api/x.txt \
                 /api%2fx.txt"
        .split_whitespace()
    {
        for method in ["GET", "HEAD", "POST"] {
            let body = (method == "POST").then_some(&b"body"[..]);
            let answer = same(&dart, &wrangler, method, path, &[], body);
            if method == "GET" {
                passed.insert(path, answer.header("x-passed").is_some());
            }
        }
    }
    // They do reach the functions, and others do not.
    let reached = |path| passed[path];
    assert!(reached("/api/x.txt") && reached("/guarded") && reached("/partly") && reached("/api"));
    assert!(!reached("/") && !reached("/api/skip/y.txt") && !reached("/API/x.txt") && !reached("/api/a.css"));
}

/// The same folder and functions, in Dart and in JavaScript.
fn pair(functions: &[[(&str, &str); 2]], files: &[(&str, &str)]) -> (Session, Plain) {
    let of = |language: usize| {
        let project = Project::copy("pages");
        for function in functions {
            let (path, content) = function[language];
            write(&project.path(path), content);
        }
        for (path, content) in files {
            write(&project.path(&format!("public/{path}")), content);
        }
        project
    };
    let session = Session::start_in(of(0), &[]);
    (session, Plain::start(of(1)))
}

/// Asks both, and asserts that they answer the same.
#[track_caller]
fn same(
    dart: &Session,
    wrangler: &Plain,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&[u8]>,
) -> RawAnswer {
    let [ours, theirs] = [
        raw::request(dart, method, path.as_bytes(), headers, body),
        ask(wrangler, method, path, headers, body),
    ]
    .map(|mut answer| {
        answer.headers.retain(|(name, _)| !OF_THE_CONNECTION.contains(&name.as_str()));
        answer.headers.sort();
        if answer.status == 502 {
            answer.body = without_places(&answer.text()).into_bytes();
        }
        answer
    });
    assert_eq!(ours, theirs, "{method} {path} {headers:?}");
    ours
}

#[track_caller]
fn ask(
    wrangler: &Plain,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&[u8]>,
) -> RawAnswer {
    raw::request_at(&wrangler.address, method, path.as_bytes(), headers, body)
        .unwrap_or_else(|error| panic!("{method} {path}: {error}\n{}", wrangler.transcript.text()))
}

/// `wrangler pages dev` without dartflare. Dropping it ends it.
struct Plain {
    child: Child,
    mark: String,
    address: String,
    transcript: Transcript,
    _project: Project,
}

impl Plain {
    #[track_caller]
    fn start(project: Project) -> Self {
        let mark = format!("{}-plain-{}", std::process::id(), project.path("").display());
        let mut child = project.pages_dev(&mark).spawn().expect("wrangler runs");
        let (stdout, stderr) = (child.stdout.take().expect("stdout"), child.stderr.take().expect("stderr"));
        let mut plain = Self {
            child,
            mark,
            address: String::new(),
            transcript: Transcript::of(stdout, stderr),
            _project: project,
        };
        let ready = "Ready on http://";
        let text = plain
            .transcript
            .wait_from(0, |text| text.split_once(ready).is_some_and(|(_, rest)| rest.contains('\n')));
        let (_, rest) = text.split_once(ready).expect("an address");
        rest.split_whitespace().next().expect("an address").clone_into(&mut plain.address);
        plain
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        for found in processes::marked(&self.mark) {
            found.signal(Signal::TERM);
        }
        let _ = self.child.wait();
        let ended = || processes::marked(&self.mark).is_empty().then_some(());
        eventually("wrangler has ended", Duration::from_secs(20), ended);
    }
}
