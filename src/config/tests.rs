use super::{Config, Format};
use crate::codegen;
use crate::diagnostic::Diagnostic;
use crate::error::Error;

fn read(format: Format, text: &str) -> Result<Config, Diagnostic> {
    Config::of_text(format, text)
}

fn toml(text: &str) -> Config {
    read(Format::Toml, text).unwrap_or_else(|error| panic!("{error}"))
}

fn names(config: &Config, env: Option<&str>) -> Vec<String> {
    let environment = config.resolve(env).expect("an environment");
    environment.bindings.into_iter().map(|binding| binding.name).collect()
}

/// A message without colour.
fn plain(diagnostic: &Diagnostic) -> String {
    anstream::adapter::strip_str(&diagnostic.to_string()).to_string()
}

const TWO: &str = r#"
name = "w"
main = "build/worker.mjs"
compatibility_date = "2026-04-01"

[assets]
binding = "FILES"

[triggers]
crons = ["* * * * *"]

[vars]
A = "1"
B = 2

[[kv_namespaces]]
binding = "TODOS"
id = "123"

[queues]
consumers = [{ queue = "jobs" }]

[text_blobs]
TEXT = "x.txt"

[env.staging]
triggers = { crons = [] }

[env.staging.vars]
A = "2"

[env.production]
name = "the-real-one"
main = "other/worker.mjs"
"#;

#[test]
fn environments_inherit_as_wrangler_says() {
    let config = toml(TWO);
    assert_eq!(config.environments(), ["staging", "production"]);
    assert_eq!(names(&config, None), ["TODOS", "A", "B", "FILES", "TEXT"]);
    assert_eq!(names(&config, Some("")), names(&config, None));
    assert_eq!(names(&config, Some("staging")), ["A", "FILES", "TEXT"]);
    assert_eq!(names(&config, Some("production")), ["FILES", "TEXT"]);

    let top = config.resolve(None).expect("the top level");
    assert_eq!(top.name.as_deref(), Some("w"));
    assert_eq!(top.bindings[0].detail.as_deref(), Some("123"));
    assert_eq!(top.vars[1].value, 2);
    assert!(top.warnings.is_empty());

    let staging = config.resolve(Some("staging")).expect("an environment");
    assert_eq!(staging.name.as_deref(), Some("w-staging"));
    assert_eq!(staging.main.as_deref(), Some("build/worker.mjs"));
    assert_eq!(staging.compatibility_date.as_deref(), Some("2026-04-01"));
    assert!(staging.crons.is_empty());

    let production = config.resolve(Some("production")).expect("an environment");
    assert_eq!(production.name.as_deref(), Some("the-real-one"));
    assert_eq!(production.main.as_deref(), Some("other/worker.mjs"));
    assert_eq!(production.crons, ["* * * * *"]);
}

#[test]
fn what_an_environment_leaves_behind() {
    let staging = toml(TWO).resolve(Some("staging")).expect("an environment");
    let text: String = staging.warnings.iter().map(plain).collect();
    assert_eq!(
        text,
        "\
warning[W0104]: `vars.B` is set at the top level, but not in `env.staging.vars`
  --> wrangler.toml:14:1
   |
14 | B = 2
   | ^
hint: environments do not inherit it: add `B` to `env.staging.vars`
warning[W0104]: `kv_namespaces` is set at the top level, but not in `env.staging`
  --> wrangler.toml:16:3
   |
16 | [[kv_namespaces]]
   |   ^^^^^^^^^^^^^
hint: environments do not inherit it: add `kv_namespaces` to `env.staging`
warning[W0104]: `queues` is set at the top level, but not in `env.staging`
  --> wrangler.toml:20:2
   |
20 | [queues]
   |  ^^^^^^
hint: environments do not inherit it: add `queues` to `env.staging`
"
    );
}

#[test]
fn an_environment_that_is_not_there() {
    let message = |config: &Config, env| match config.resolve(Some(env)) {
        Ok(environment) => environment.warnings.iter().map(plain).collect(),
        Err(error) => plain(&error.diagnostic()),
    };
    let config = toml(TWO);
    assert!(matches!(config.resolve(Some("x")), Err(Error::Project(_))));
    assert_eq!(
        message(&config, "stagign"),
        "\
error[E0110]: there is no environment `stagign` in `wrangler.toml`
hint: did you mean `staging`? it configures `staging`, `production`
"
    );
    assert_eq!(
        message(&config, "x"),
        "\
error[E0110]: there is no environment `x` in `wrangler.toml`
hint: it configures `staging`, `production`
"
    );

    let config = toml("name = \"w\"\n[vars]\nA = \"1\"\n");
    assert_eq!(
        message(&config, "x"),
        "\
warning[W0103]: there is no environment `x` in `wrangler.toml`, so the top level is used
hint: add `[env.x]`, or leave out `--env`
"
    );
    assert_eq!(names(&config, Some("x")), ["A"]);
    assert_eq!(config.resolve(Some("x")).expect("the top level").name.as_deref(), Some("w-x"));
    let config = read(Format::Json, r#"{ "vars": {} }"#).expect("sound");
    assert_eq!(
        message(&config, "x \"y\""),
        "\
warning[W0103]: there is no environment `x \"y\"` in `wrangler.json`, so the top level is used
hint: add `\"env\": { \"x \\\"y\\\"\": {} }`, or leave out `--env`
"
    );

    let pages = toml("name = \"w\"\npages_build_output_dir = \"web\"\n");
    let top = pages.resolve(Some("preview")).expect("the top level");
    assert!(pages.is_pages() && top.warnings.is_empty() && top.name.as_deref() == Some("w"));
    assert_eq!(names(&pages, Some("preview")), ["ASSETS"]);
    assert_eq!(
        plain(&pages.resolve(Some("staging")).expect_err("none of the two").diagnostic()),
        "error[E0110]: a Pages project has no environment `staging`\nhint: it has `preview` and `production`\n"
    );
    let pages = toml("name = \"w\"\npages_build_output_dir = \"web\"\n[env.preview]\n");
    let preview = pages.resolve(Some("preview")).expect("it is there");
    assert_eq!(preview.name.as_deref(), Some("w"), "it is one project");
}

#[test]
fn durable_objects_and_secrets() {
    let top = toml(
        "exports = { Views = {} }\n[durable_objects]\nbindings = [{ name = \"V\", class_name = \"Views\" }, \
         { name = \"O\", class_name = \"Other\", script_name = \"other\" }]\n[secrets]\nrequired = [\"K\"]\n",
    );
    assert!(top.warnings.is_empty(), "`exports` stands for migrations: {:?}", top.warnings);
    let top = top.resolve(None).expect("the top level");
    let objects: Vec<_> = top
        .durable_objects
        .iter()
        .map(|object| (object.binding.as_str(), object.class_name.as_str(), object.script_name.as_deref()))
        .collect();
    assert_eq!(objects, [("V", "Views", None), ("O", "Other", Some("other"))]);
    assert_eq!(top.bindings.last().map(|binding| binding.name.as_str()), Some("K"));
}

#[test]
fn null_is_absence() {
    let text = r#"{ "name": "w", "main": "a.mjs", "kv_namespaces": null,
        "env": { "x": { "main": null, "name": null, "vars": null } } }"#;
    let config = read(Format::Jsonc, text).expect("sound");
    let x = config.resolve(Some("x")).expect("an environment");
    assert_eq!((x.main.as_deref(), x.name.as_deref()), (Some("a.mjs"), Some("w-x")));
    assert!(x.warnings.is_empty());
    assert_eq!(config.to_json()["kv_namespaces"], serde_json::Value::Null);
}

#[test]
fn the_whole_file_as_json() {
    let config = toml(
        "z = 1\na = { y = 0x10, x = -2.5, w = [true, \"\\u00e9\"] }\n[[b]]\nc = 1_000\n[[b]]\nc = 1e3\n",
    );
    assert_eq!(
        config.to_json().to_string(),
        r#"{"z":1,"a":{"y":16,"x":-2.5,"w":[true,"é"]},"b":[{"c":1000},{"c":1000.0}]}"#
    );
    let config = read(Format::Json, "{\"b\": 1, // x\n\"a\": [1.50, null, {\"c\": \"\\ud83d\\ude00\"},],}")
        .expect("sound");
    assert_eq!(config.to_json().to_string(), r#"{"b":1,"a":[1.5,null,{"c":"😀"}]}"#);
}

#[test]
fn the_last_of_two_json_keys_counts() {
    let config = read(Format::Json, r#"{ "name": "a", "main": "x.mjs", "name": "b" }"#).expect("sound");
    assert_eq!(config.to_json().to_string(), r#"{"name":"b","main":"x.mjs"}"#);
    assert_eq!(config.warnings.len(), 1);
}

#[test]
fn a_byte_order_mark_and_bytes_that_are_no_text() {
    assert_eq!(super::decode(b"\xef\xbb\xbfname".to_vec()).as_deref(), Ok("name"));
    assert_eq!(super::decode(b"na\xffme".to_vec()), Err(("na\u{fffd}me".to_owned(), 2)));
}

/// Numbers that look random and are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end.max(1)).expect("a count")).expect("a count")
    }
}

#[test]
fn nothing_makes_it_panic() {
    let seeds = [
        (Format::Toml, include_str!("../../tests/fixtures/config/full/wrangler.toml")),
        (Format::Toml, TWO),
        (Format::Json, include_str!("../../tests/fixtures/config/full/wrangler.json")),
        (Format::Jsonc, include_str!("../../tests/fixtures/config/full/wrangler.jsonc")),
    ];
    let pieces = [
        "[",
        "]",
        "{",
        "}",
        "[[",
        "]]",
        "\"",
        "'",
        "\"\"\"",
        ",",
        ":",
        "=",
        ".",
        "\n",
        "\r\n",
        "\\",
        "\\u",
        "#",
        "/*",
        "//",
        "null",
        "true",
        "-1",
        "1e999",
        "0x",
        "2026-04-01",
        "inf",
        "é",
        "😀",
        "\u{feff}",
        "\0",
        "\t",
        " ",
        "env",
        "env.x",
        "vars",
        "binding",
        "name",
    ];
    let mut numbers = Numbers(0x2545_f491_4f6c_dd1d);
    let (mut sound, mut wrong) = (0, 0);
    for round in 0..3000 {
        let (format, seed) = seeds[round % seeds.len()];
        let mut letters: Vec<char> = seed.chars().collect();
        for _ in 0..=numbers.below(4) {
            let at = numbers.below(letters.len());
            let to = (at + numbers.below(12)).min(letters.len());
            let new: Vec<char> = match numbers.below(3) {
                0 => Vec::new(),
                1 => pieces[numbers.below(pieces.len())].chars().collect(),
                _ => {
                    let from = numbers.below(letters.len());
                    letters[from..(from + numbers.below(60)).min(letters.len())].to_vec()
                }
            };
            letters.splice(at..to, new);
        }
        let text: String = letters.into_iter().collect();
        match read(format, &text) {
            Ok(config) => {
                sound += 1;
                let text = config.to_json().to_string();
                assert_eq!(serde_json::from_str::<serde_json::Value>(&text).expect("JSON"), config.to_json());
                for diagnostic in &config.warnings {
                    assert!(plain(diagnostic).starts_with("warning[W01"));
                }
                if let Err(error) = codegen::environment::generate(&config) {
                    assert!(plain(&error.diagnostic()).contains("is not the same kind of binding"));
                }
            }
            Err(diagnostic) => {
                wrong += 1;
                let text = plain(&diagnostic);
                assert!(
                    text.starts_with("error[E01") && text.contains("\n --> ") | text.contains("--> "),
                    "{text}"
                );
            }
        }
    }
    assert!(
        sound > 100 && wrong > 100,
        "{sound} were sound and {wrong} were not: the changes are too wild or tame"
    );
}

#[test]
fn depth_is_an_error() {
    for (format, text) in [
        (Format::Json, format!("{{\"a\":{}", "[".repeat(100_000))),
        (Format::Jsonc, "{\"a\":".repeat(100_000)),
        (Format::Toml, format!("a = {}", "[".repeat(100_000))),
        (Format::Toml, format!("{}a = 1", "a.".repeat(100_000))),
        (Format::Toml, format!("[{}a]", "a.".repeat(100_000))),
        (Format::Toml, "a = {b = ".repeat(100_000)),
    ] {
        assert!(read(format, &text).is_err(), "{format:?}");
    }
}
