//! Folders and files of any name, under `dartflare dev`.

use crate::project::Project;
use crate::session::Session;

/// Quotes of every kind, what shells, URIs, patterns and configurations take for something else, letters of two bytes and
/// of four, the same letter in both of its normal forms, and a script that is written from right to left.
const FOLDER: &str = "it's \"100%\" %41#1 ?&;$HOME `x` (é e\u{301}) [日本] 🎯 مرحبا";

const FUNCTION: &str = "import 'package:cloudflare_workers/pages.dart';\n\n\
    Response onRequest(PagesContext context) => Response.ok('${context.params}\\n');\n";

const TEST: &str = "import 'package:cloudflare_workers/testing.dart';\n\n\
    void main() {\n  test('answers', () async {\n    final env = await testEnvironment();\n    \
    expect(await (await env.fetch('/hello')).text(), 'bye\\n');\n  });\n}\n";

/// A name as it stands in the path of a URL.
fn encoded(name: &str) -> String {
    name.bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            },
        )
        .collect()
}

#[test]
fn a_project_in_a_folder_of_any_name() {
    let project = Project::copy_into(FOLDER, "pages-functions");
    // One in each of its normal forms: two files, and two paths.
    let names = ["日本 🎯", "caf\u{e9}", "cafe\u{301}", "it's 100% #1 & مرحبا"];
    for name in names {
        // A function's file is named as a URL spells it.
        let folder = project.path("functions").join(encoded(name));
        std::fs::create_dir_all(&folder).expect("a folder made");
        std::fs::write(folder.join("[id].dart"), FUNCTION).expect("a function written");
        std::fs::write(project.path("public").join(format!("{name}.txt")), name).expect("a file written");
    }
    let session = Session::start_in(project, &[]);
    for name in names {
        session.get(&format!("/{}/a%20b", encoded(name))).is(200, "{id: a%20b}\n");
        session.get(&format!("/{}.txt", encoded(name))).is(200, name);
    }
    session.get("/hello").is(200, "hello\n");
    session.reload(|project| project.replace("functions/hello.dart", "hello", "bye"));
    session.get("/hello").is(200, "bye\n");
    // Beside it, the tests of the project.
    std::fs::create_dir(session.path("test")).expect("a folder made");
    session.write("test/größe & 100% #1_test.dart", TEST);
    let output = Project::dartflare(&session, &["test"]);
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success(), "{stdout}{stderr}");
    let start = session.now();
    session.replace("functions/hello.dart", "Response.ok", "Response.wrong");
    session.wait_from(start, |text| text.contains("functions/hello.dart:3:"));
}
