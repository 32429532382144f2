//! What the user reads when the configuration is wrong or odd: one test for each message, the whole of it.

use crate::harness::Test;

#[test]
fn no_configuration() {
    Test::new()
        .args("types")
        .stderr(r#"error[E0102]: no Wrangler configuration in `[DIR]` or any folder above it
hint: create a `wrangler.toml` (or `wrangler.json`, `wrangler.jsonc`) with `name`, `compatibility_date` and `main = "build/worker.mjs"`, or for Pages `pages_build_output_dir`, or name the project's folder with `--project`
"#)
        .code(1)
        .run();
}

#[test]
fn a_folder_that_does_not_exist() {
    Test::new()
        .args("types --project nowhere")
        .stderr(
            "error[E0101]: there is no folder `nowhere`
hint: `--project` names the folder of a project that exists
",
        )
        .code(1)
        .run();
}

#[test]
fn two_in_one_folder() {
    Test::new()
        .file("wrangler.toml", r#"name = "w"
"#)
        .file("wrangler.jsonc", "{}")
        .args("types")
        .stderr("warning[W0101]: `wrangler.toml` is ignored, because `wrangler.jsonc` exists and Wrangler looks for that name first
hint: keep one of the two
wrote `lib/environment.g.dart`
")
        .run();
}

#[test]
fn one_further_up_is_taken_first() {
    Test::new()
        .file("wrangler.json", "{}")
        .file("sub/wrangler.toml", r#"name = "w"
"#)
        .args("types --project sub")
        .stderr("warning[W0101]: `sub/wrangler.toml` is ignored, because `wrangler.json` exists and Wrangler looks for that name first
hint: keep one of the two
wrote `lib/environment.g.dart`
")
        .run();
}

#[test]
fn toml_syntax() {
    Test::new()
        .file(
            "wrangler.toml",
            r#"name = "w"
main = build/worker.mjs
"#,
        )
        .args("types")
        .stderr(
            "error[E0104]: this is not TOML: string values must be quoted, expected literal string
 --> wrangler.toml:2:8
  |
2 | main = build/worker.mjs
  |        ^^^^^^^^^^^^^^^^
",
        )
        .code(1)
        .run();
}

#[test]
fn toml_unclosed_table() {
    Test::new()
        .file(
            "wrangler.toml",
            "[vars
A = 1
",
        )
        .args("types")
        .stderr(
            "error[E0104]: this is not TOML: unclosed table, expected `]`
 --> wrangler.toml:1:6
  |
1 | [vars
  |      ^
",
        )
        .code(1)
        .run();
}

#[test]
fn toml_key_twice() {
    Test::new()
        .file(
            "wrangler.toml",
            r#"name = "a"
name = "b"
"#,
        )
        .args("types")
        .stderr(
            r#"error[E0104]: this is not TOML: duplicate key
 --> wrangler.toml:2:1
  |
2 | name = "b"
  | ^^^^
hint: keep one of the two
"#,
        )
        .code(1)
        .run();
}

#[test]
fn json_missing_comma() {
    Test::new()
        .file(
            "wrangler.jsonc",
            r#"{
  // the name
  "name": "w"
  "main": "x.mjs"
}
"#,
        )
        .args("types")
        .stderr(
            r#"error[E0105]: this is not JSON: expected comma
 --> wrangler.jsonc:3:14
  |
3 |   "name": "w"
  |              ^
hint: only comments and commas before a closing bracket are taken beyond JSON itself
"#,
        )
        .code(1)
        .run();
}

#[test]
fn json_unclosed() {
    Test::new()
        .file(
            "wrangler.jsonc",
            r#"{
  "name": "w",
"#,
        )
        .args("types")
        .stderr(
            "error[E0105]: this is not JSON: unterminated object
 --> wrangler.jsonc:1:1
  |
1 | {
  | ^
hint: only comments and commas before a closing bracket are taken beyond JSON itself
",
        )
        .code(1)
        .run();
}

#[test]
fn json_loose_key() {
    Test::new()
        .file(
            "wrangler.jsonc",
            r#"{ name: "w" }
"#,
        )
        .args("types")
        .stderr(
            r#"error[E0105]: this is not JSON: expected string for object property
 --> wrangler.jsonc:1:3
  |
1 | { name: "w" }
  |   ^^^^
hint: only comments and commas before a closing bracket are taken beyond JSON itself
"#,
        )
        .code(1)
        .run();
}

#[test]
fn json_that_is_a_list() {
    Test::new()
        .file(
            "wrangler.jsonc",
            "[1, 2]
",
        )
        .args("types")
        .stderr(
            "error[E0106]: a configuration is one JSON object
 --> wrangler.jsonc:1:1
  |
1 | [1, 2]
  | ^^^^^^
hint: put everything between `{` and `}`
",
        )
        .code(1)
        .run();
}

#[test]
fn json_that_is_empty() {
    Test::new()
        .file(
            "wrangler.jsonc",
            "// nothing yet
",
        )
        .args("types")
        .stderr(
            "error[E0106]: this file has no configuration in it
 --> wrangler.jsonc:1:1
  |
1 | // nothing yet
  | ^
hint: a configuration is one JSON object, between `{` and `}`
",
        )
        .code(1)
        .run();
}

#[test]
fn json_key_twice() {
    Test::new()
        .file(
            "wrangler.jsonc",
            r#"{
  "vars": { "A": 1 },
  "vars": { "B": 2 }
}
"#,
        )
        .args("types")
        .stderr(
            r#"warning[W0102]: `vars` is written twice, and the last one counts
 --> wrangler.jsonc:2:3
  |
2 |   "vars": { "A": 1 },
  |   ^^^^^^ ignored
 --> wrangler.jsonc:3:3
  |
3 |   "vars": { "B": 2 }
  |   ^^^^^^ counts
hint: remove one of the two
wrote `lib/environment.g.dart`
"#,
        )
        .run();
}

#[test]
fn toml_date() {
    Test::new()
        .file(
            "wrangler.toml",
            r#"name = "w"
compatibility_date = 2026-04-01
"#,
        )
        .args("types")
        .stderr(
            r#"error[E0107]: `compatibility_date` is a TOML date, which Wrangler does not take
 --> wrangler.toml:2:22
  |
2 | compatibility_date = 2026-04-01
  |                      ^^^^^^^^^^
hint: write it as a string: `compatibility_date = "2026-04-01"`
"#,
        )
        .code(1)
        .run();
}

#[test]
fn toml_infinity() {
    Test::new()
        .file(
            "wrangler.toml",
            r#"name = "w"
[vars]
LIMIT = inf
"#,
        )
        .args("types")
        .stderr(
            "error[E0107]: `LIMIT` is a number that JSON does not know
 --> wrangler.toml:3:9
  |
3 | LIMIT = inf
  |         ^^^
hint: Wrangler passes numbers on as JSON, which has no `inf` and no `nan`: write a string
",
        )
        .code(1)
        .run();
}

#[test]
fn toml_number_too_large() {
    Test::new()
        .file(
            "wrangler.toml",
            r#"name = "w"
[vars]
LIMIT = 99999999999999999999
"#,
        )
        .args("types")
        .stderr(
            "error[E0107]: the number of `LIMIT` is too large
 --> wrangler.toml:3:9
  |
3 | LIMIT = 99999999999999999999
  |         ^^^^^^^^^^^^^^^^^^^^
hint: write it as text, between quotes
",
        )
        .code(1)
        .run();
}

#[test]
fn unknown_keys() {
    Test::new()
        .file(
            "wrangler.toml",
            r#"name = "w"
compatability_date = "2026-04-01"

[env.staging]
keep_vars = true

[[kv_namespaces]]
binding = "TODOS"
idd = "1"

[triggers]
crons = []
workers_dev = true

[zzz]
a = 1
"#,
        )
        .args("types")
        .stderr(
            r#"warning[W0105]: Wrangler does not know the key `compatability_date`
 --> wrangler.toml:2:1
  |
2 | compatability_date = "2026-04-01"
  | ^^^^^^^^^^^^^^^^^^
hint: did you mean `compatibility_date`?
warning[W0105]: Wrangler does not know the key `env.staging.keep_vars`
 --> wrangler.toml:5:1
  |
5 | keep_vars = true
  | ^^^^^^^^^
hint: `keep_vars` is read at the top level only, for all environments: move it there
warning[W0105]: Wrangler does not know the key `kv_namespaces.idd`
 --> wrangler.toml:9:1
  |
9 | idd = "1"
  | ^^^
hint: did you mean `id`?
warning[W0105]: Wrangler does not know the key `triggers.workers_dev`
  --> wrangler.toml:13:1
   |
13 | workers_dev = true
   | ^^^^^^^^^^^
hint: `workers_dev` belongs at the top level or in an environment: move it there
warning[W0105]: Wrangler does not know the key `zzz`
  --> wrangler.toml:15:2
   |
15 | [zzz]
   |  ^^^
wrote `lib/environment.g.dart`
"#,
        )
        .run();
}

#[test]
fn dart_main() {
    Test::new()
        .file(
            "wrangler.toml",
            r#"name = "w"
main = "lib/main.dart"
"#,
        )
        .args("types")
        .stderr(
            r#"error[E0114]: `main` names the built Worker, not Dart source
 --> wrangler.toml:2:8
  |
2 | main = "lib/main.dart"
  |        ^^^^^^^^^^^^^^^
hint: write `main = "build/worker.mjs"`; the Dart source is `lib/main.dart`, or what `--entry` says
"#,
        )
        .code(1)
        .run();
}

#[test]
fn dart_main_in_an_environment() {
    Test::new()
        .file(
            "wrangler.jsonc",
            r#"{
  "main": "build/worker.mjs",
  "env": { "staging": { "main": "lib/main.dart" } }
}
"#,
        )
        .args("types")
        .stderr(
            r#"error[E0114]: `env.staging.main` names the built Worker, not Dart source
 --> wrangler.jsonc:3:33
  |
3 |   "env": { "staging": { "main": "lib/main.dart" } }
  |                                 ^^^^^^^^^^^^^^^
hint: write `"main": "build/worker.mjs"`; the Dart source is `lib/main.dart`, or what `--entry` says
"#,
        )
        .code(1)
        .run();
}

#[test]
fn main_of_a_pages_project() {
    Test::new()
        .file(
            "wrangler.toml",
            r#"name = "w"
main = "x.mjs"
pages_build_output_dir = "web"
"#,
        )
        .args("types")
        .stderr(
            r#"error[E0118]: a Pages project has no `main`
 --> wrangler.toml:2:8
  |
2 | main = "x.mjs"
  |        ^^^^^^^
hint: remove it, or remove `pages_build_output_dir` if this is a Worker
"#,
        )
        .code(1)
        .run();
}

#[test]
fn classes_of_a_pages_project() {
    for (bindings, what, at) in [
        (
            "[[durable_objects.bindings]]\nname = \"VIEWS\"\nclass_name = \"Views\"\n",
            "Durable Object",
            "5:14\n  |\n5 | class_name = \"Views\"\n  |              ^^^^^^^ bound as `VIEWS`",
        ),
        (
            "[[durable_objects.bindings]]\nname = \"VIEWS\"\nscript_name = \"w\"\nclass_name = \"Views\"\n",
            "Durable Object",
            "6:14\n  |\n6 | class_name = \"Views\"\n  |              ^^^^^^^ bound as `VIEWS`",
        ),
        (
            "[[env.preview.workflows]]\nbinding = \"JOB\"\nname = \"job\"\nclass_name = \"Job\"\n",
            "workflow",
            "6:14\n  |\n6 | class_name = \"Job\"\n  |              ^^^^^ bound as `JOB`",
        ),
    ] {
        Test::new()
            .file("wrangler.toml", &format!("name = \"w\"\npages_build_output_dir = \"web\"\n{bindings}"))
            .args("types")
            .stderr(&format!(
                "error[E0119]: a Pages project has no {what} classes of its own\n --> wrangler.toml:{at}\n\
                 hint: put the class into a Worker, and add `script_name` with the Worker's name here\n"
            ))
            .code(1)
            .run();
    }
    let other =
        "[[durable_objects.bindings]]\nname = \"VIEWS\"\nclass_name = \"Views\"\nscript_name = \"views\"\n";
    Test::new()
        .file("wrangler.toml", &format!("name = \"w\"\npages_build_output_dir = \"web\"\n{other}"))
        .args("types")
        .stderr("wrote `lib/environment.g.dart`\n")
        .run();
}

#[test]
fn what_a_pages_project_cannot_have() {
    Test::new()
        .file(
            "wrangler.jsonc",
            r#"{
  "$schema": "x",
  "pages_build_output_dir": "web",
  "triggers": { "crons": ["* * * * *"] },
  "migrations": [],
  "workers_dev": true,
  "queues": { "producers": [{ "binding": "Q", "queue": "q" }], "consumers": [{ "queue": "q" }] },
  "env": { "staging": { "logpush": true } },
}
"#,
        )
        .args("types")
        .stderr(
            r#"warning[W0107]: `wrangler.jsonc` has no `name`, and a Pages project is deployed by it
hint: add `"name": "..."`, at the top level
warning[W0107]: a Pages project has no `triggers`, and Wrangler refuses to deploy one with it
 --> wrangler.jsonc:4:3
  |
4 |   "triggers": { "crons": ["* * * * *"] },
  |   ^^^^^^^^^^
hint: remove it, or remove `pages_build_output_dir` if this is a Worker
warning[W0107]: a Pages project has no `workers_dev`, and Wrangler refuses to deploy one with it
 --> wrangler.jsonc:6:3
  |
6 |   "workers_dev": true,
  |   ^^^^^^^^^^^^^
hint: remove it, or remove `pages_build_output_dir` if this is a Worker
warning[W0107]: a Pages project has no `queues.consumers`, and Wrangler refuses to deploy one with it
 --> wrangler.jsonc:7:64
  |
7 |   "queues": { "producers": [{ "binding": "Q", "queue": "q" }], "consumers": [{ "queue": "q" }] },
  |                                                                ^^^^^^^^^^^
hint: remove it, or remove `pages_build_output_dir` if this is a Worker
warning[W0107]: a Pages project has no environment `staging`, and Wrangler refuses to deploy one with it
 --> wrangler.jsonc:8:12
  |
8 |   "env": { "staging": { "logpush": true } },
  |            ^^^^^^^^^
hint: its environments are `preview` and `production`: rename or remove this one
warning[W0107]: a Pages project has no `env.staging.logpush`, and Wrangler refuses to deploy one with it
 --> wrangler.jsonc:8:25
  |
8 |   "env": { "staging": { "logpush": true } },
  |                         ^^^^^^^^^
hint: remove it, or remove `pages_build_output_dir` if this is a Worker
wrote `lib/environment.g.dart`
"#,
        )
        .run();
}

#[test]
fn an_output_directory_that_is_no_text() {
    for (value, code, wrong) in [
        ("true", "E0108", "must be a string, not a boolean"),
        ("\"\"", "E0109", "is empty"),
        ("[]", "E0108", "must be a string, not a list"),
    ] {
        let test = Test::new()
            .file("wrangler.toml", &format!("name = \"w\"\npages_build_output_dir = {value}\n"))
            .args("types");
        let output = test.output();
        let said = test.readable(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.starts_with(&format!(
                "error[{code}]: `pages_build_output_dir` {wrong}\n --> wrangler.toml:2:26\n"
            )),
            "{said}"
        );
    }
}

#[test]
fn assets_in_a_pages_project() {
    Test::new()
        .file(
            "wrangler.toml",
            r#"name = "w"
pages_build_output_dir = "web"
[vars]
ASSETS = "x"
"#,
        )
        .args("types")
        .stderr(
            r#"error[E0111]: the name `ASSETS` is taken in a Pages project
 --> wrangler.toml:4:1
  |
4 | ASSETS = "x"
  | ^^^^^^
hint: it is the project's own static files; choose another name
"#,
        )
        .code(1)
        .run();
}

#[test]
fn wrong_type_of_main() {
    Test::new()
        .file(
            "wrangler.toml",
            "main = 1
",
        )
        .args("types")
        .stderr(
            "error[E0108]: `main` must be a string, not a number
 --> wrangler.toml:1:8
  |
1 | main = 1
  |        ^
hint: put it between quotes
",
        )
        .code(1)
        .run();
}

#[test]
fn wrong_type_of_env() {
    Test::new()
        .file(
            "wrangler.toml",
            r#"env = "staging"
"#,
        )
        .args("types")
        .stderr(
            r#"error[E0108]: `env` must be a table, not a string
 --> wrangler.toml:1:7
  |
1 | env = "staging"
  |       ^^^^^^^^^
hint: a table begins with its name between brackets: `[env]`
"#,
        )
        .code(1)
        .run();
}

#[test]
fn wrong_type_of_one_environment() {
    Test::new()
        .file(
            "wrangler.toml",
            "[env]
staging = 1
",
        )
        .args("types")
        .stderr(
            "error[E0108]: `env.staging` must be a table, not a number
 --> wrangler.toml:2:11
  |
2 | staging = 1
  |           ^
hint: a table begins with its name between brackets: `[env.staging]`
",
        )
        .code(1)
        .run();
}

#[test]
fn wrong_type_of_a_list() {
    Test::new()
        .file(
            "wrangler.toml",
            r#"[kv_namespaces]
binding = "TODOS"
"#,
        )
        .args("types")
        .stderr(
            "error[E0108]: `kv_namespaces` must be a list, not a table
 --> wrangler.toml:1:1
  |
1 | [kv_namespaces]
  | ^^^^^^^^^^^^^^^
hint: a list of tables is written with two brackets: `[[kv_namespaces]]`
",
        )
        .code(1)
        .run();
}

#[test]
fn wrong_type_inside() {
    Test::new()
        .file(
            "wrangler.toml",
            "queues = []
",
        )
        .args("types")
        .stderr(
            "error[E0108]: `queues` must be a table, not a list
 --> wrangler.toml:1:10
  |
1 | queues = []
  |          ^^
hint: a table begins with its name between brackets: `[queues]`
",
        )
        .code(1)
        .run();
}

#[test]
fn wrong_type_of_crons() {
    Test::new()
        .file(
            "wrangler.toml",
            r#"[triggers]
crons = ["* * * * *", 5]
"#,
        )
        .args("types")
        .stderr(
            r#"error[E0108]: `triggers.crons[1]` must be a string, not a number
 --> wrangler.toml:2:23
  |
2 | crons = ["* * * * *", 5]
  |                       ^
hint: put it between quotes
"#,
        )
        .code(1)
        .run();
}

#[test]
fn no_binding_name() {
    Test::new()
        .file(
            "wrangler.toml",
            r#"[[kv_namespaces]]
id = "1"
"#,
        )
        .args("types")
        .stderr(
            r#"error[E0109]: `kv_namespaces[0]` has no `binding`
 --> wrangler.toml:1:1
  |
1 | [[kv_namespaces]]
  | ^^^^^^^^^^^^^^^^^
hint: add `binding = "..."` with the value it should have
"#,
        )
        .code(1)
        .run();
}

#[test]
fn no_binding_name_in_json() {
    Test::new()
        .file(
            "wrangler.jsonc",
            r#"{
  "ratelimits": [{ "binding": "LIMITER" }]
}
"#,
        )
        .args("types")
        .stderr(
            r#"error[E0109]: `ratelimits[0]` has no `name`
 --> wrangler.jsonc:2:18
  |
2 |   "ratelimits": [{ "binding": "LIMITER" }]
  |                  ^^^^^^^^^^^^^^^^^^^^^^^^
hint: add `"name": "..."` with the value it should have
"#,
        )
        .code(1)
        .run();
}

#[test]
fn empty_binding_name() {
    Test::new()
        .file(
            "wrangler.toml",
            r#"[[kv_namespaces]]
binding = ""
"#,
        )
        .args("types")
        .stderr(
            r#"error[E0109]: `kv_namespaces[0].binding` is empty
 --> wrangler.toml:2:11
  |
2 | binding = ""
  |           ^^
hint: write the value it should have
"#,
        )
        .code(1)
        .run();
}

#[test]
fn no_class_name() {
    Test::new()
        .file(
            "wrangler.toml",
            r#"[[durable_objects.bindings]]
name = "VIEWS"
"#,
        )
        .args("types")
        .stderr(
            r#"error[E0109]: `durable_objects.bindings[0]` has no `class_name`
 --> wrangler.toml:1:1
  |
1 | [[durable_objects.bindings]]
  | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
hint: add `class_name = "..."` with the value it should have
"#,
        )
        .code(1)
        .run();
}

#[test]
fn an_environment_without_a_script() {
    Test::new()
        .file(
            "wrangler.toml",
            r#"[[durable_objects.bindings]]
name = "VIEWS"
class_name = "Views"
environment = "staging"
"#,
        )
        .args("types")
        .stderr(
            r#"error[E0117]: `durable_objects.bindings[0]` has an `environment` but no `script_name`
 --> wrangler.toml:4:1
  |
4 | environment = "staging"
  | ^^^^^^^^^^^
hint: `environment` chooses among the environments of another Worker: name it, or remove this
"#,
        )
        .code(1)
        .run();
}

#[test]
fn duplicate_of_one_kind() {
    Test::new()
        .file(
            "wrangler.toml",
            r#"[[kv_namespaces]]
binding = "TODOS"

[[kv_namespaces]]
binding = "TODOS"
"#,
        )
        .args("types")
        .stderr(
            r#"error[E0111]: two bindings have the name `TODOS`
 --> wrangler.toml:2:11
  |
2 | binding = "TODOS"
  |           ^^^^^^^ a KV namespace
 --> wrangler.toml:5:11
  |
5 | binding = "TODOS"
  |           ^^^^^^^ a KV namespace
hint: each name is one key of `env`: rename one of the two
"#,
        )
        .code(1)
        .run();
}

#[test]
fn duplicate_email_and_limiter() {
    Test::new()
        .file(
            "wrangler.toml",
            r#"[[send_email]]
name = "MAIL"

[[ratelimits]]
name = "MAIL"
namespace_id = "1"
simple = { limit = 1, period = 10 }
"#,
        )
        .args("types")
        .stderr(
            r#"error[E0111]: two bindings have the name `MAIL`
 --> wrangler.toml:2:8
  |
2 | name = "MAIL"
  |        ^^^^^^ an email sender
 --> wrangler.toml:5:8
  |
5 | name = "MAIL"
  |        ^^^^^^ a rate limiter
hint: each name is one key of `env`: rename one of the two
"#,
        )
        .code(1)
        .run();
}

#[test]
fn duplicate_variable_and_secret() {
    Test::new()
        .file(
            "wrangler.jsonc",
            r#"{
  "vars": { "API_KEY": "x" },
  "secrets": { "required": ["API_KEY"] }
}
"#,
        )
        .args("types")
        .stderr(
            r#"error[E0111]: two bindings have the name `API_KEY`
 --> wrangler.jsonc:2:13
  |
2 |   "vars": { "API_KEY": "x" },
  |             ^^^^^^^^^ a variable
 --> wrangler.jsonc:3:29
  |
3 |   "secrets": { "required": ["API_KEY"] }
  |                             ^^^^^^^^^ a secret
hint: each name is one key of `env`: rename one of the two
"#,
        )
        .code(1)
        .run();
}

#[test]
fn duplicate_in_an_environment() {
    Test::new()
        .file(
            "wrangler.toml",
            r#"[vars]
A = "1"

[env.staging.vars]
A = "1"

[[env.staging.r2_buckets]]
binding = "A"
"#,
        )
        .args("types")
        .stderr(
            r#"error[E0111]: two bindings in `env.staging` have the name `A`
 --> wrangler.toml:5:1
  |
5 | A = "1"
  | ^ a variable
 --> wrangler.toml:8:11
  |
8 | binding = "A"
  |           ^^^ an R2 bucket
hint: each name is one key of `env`: rename one of the two
"#,
        )
        .code(1)
        .run();
}

#[test]
fn duplicate_with_inherited_assets() {
    Test::new()
        .file(
            "wrangler.toml",
            r#"[assets]
directory = "web"
binding = "FILES"

[env.staging.vars]
FILES = "x"
"#,
        )
        .args("types")
        .stderr(
            r#"error[E0111]: two bindings in `env.staging` have the name `FILES`
 --> wrangler.toml:3:11
  |
3 | binding = "FILES"
  |           ^^^^^^^ an assets fetcher
 --> wrangler.toml:6:1
  |
6 | FILES = "x"
  | ^^^^^ a variable
hint: each name is one key of `env`: rename one of the two
"#,
        )
        .code(1)
        .run();
}

#[test]
fn class_without_migration_in_json() {
    Test::new()
        .file("wrangler.jsonc", r#"{
  "durable_objects": { "bindings": [{ "name": "VIEWS", "class_name": "Views" }, { "name": "ROOMS", "class_name": "Rooms" }] },
  "migrations": [{ "tag": "v1", "new_classes": ["Views"] }]
}
"#)
        .args("types")
        .stderr(r#"warning[W0106]: no migration creates the Durable Object class `Rooms`
 --> wrangler.jsonc:2:114
  |
2 |   "durable_objects": { "bindings": [{ "name": "VIEWS", "class_name": "Views" }, { "name": "ROOMS", "class_name": "Rooms" }] },
  |                                                                                                                  ^^^^^^^ bound as `ROOMS`
hint: `wrangler dev` and `wrangler deploy` need one: add to the end of `migrations`

{ "tag": "v2", "new_sqlite_classes": ["Rooms"] }

wrote `lib/environment.g.dart`
"#)
        .run();
}

#[test]
fn class_without_migration_in_an_environment() {
    Test::new()
        .file(
            "wrangler.toml",
            r#"[[migrations]]
tag = "v1"
new_sqlite_classes = ["A", "B", "E"]

[[migrations]]
tag = "v4"
renamed_classes = [{ from = "B", to = "C" }]
deleted_classes = ["E"]

[[durable_objects.bindings]]
name = "A"
class_name = "A"

[[durable_objects.bindings]]
name = "B"
class_name = "B"

[[durable_objects.bindings]]
name = "C"
class_name = "C"

[[durable_objects.bindings]]
name = "D"
class_name = "D"
script_name = "other"

[[durable_objects.bindings]]
name = "E"
class_name = "E"

[env.own]
migrations = []
durable_objects.bindings = [{ name = "A", class_name = "A" }]
"#,
        )
        .args("types")
        .stderr(
            r#"warning[W0106]: no migration creates the Durable Object class `A`
  --> wrangler.toml:33:56
   |
33 | durable_objects.bindings = [{ name = "A", class_name = "A" }]
   |                                                        ^^^ bound as `A`
hint: `wrangler dev` and `wrangler deploy` need one: add

[[env.own.migrations]]
tag = "v1"
new_sqlite_classes = ["A"]

warning[W0106]: no migration creates the Durable Object classes `B`, `E`
  --> wrangler.toml:16:14
   |
16 | class_name = "B"
   |              ^^^ bound as `B`
  --> wrangler.toml:29:14
   |
29 | class_name = "E"
   |              ^^^ bound as `E`
hint: `wrangler dev` and `wrangler deploy` need one: add

[[migrations]]
tag = "v5"
new_sqlite_classes = ["B", "E"]

wrote `lib/environment.g.dart`
"#,
        )
        .run();
}

#[test]
fn kinds_that_differ() {
    Test::new()
        .file(
            "wrangler.toml",
            r#"[vars]
STORE = "x"

[[env.staging.kv_namespaces]]
binding = "STORE"
"#,
        )
        .args("types")
        .stderr(
            r#"error[E0112]: `STORE` is not the same kind of binding in all environments
 --> wrangler.toml:2:1
  |
2 | STORE = "x"
  | ^^^^^ a variable
 --> wrangler.toml:5:11
  |
5 | binding = "STORE"
  |           ^^^^^^^ a KV namespace
hint: generated Dart has one accessor for all environments: rename one of the two
"#,
        )
        .code(1)
        .run();
}
