//! What must hold before a Worker is uploaded: whatever is found here would fail there, or at the first event.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::measure::Description;
use crate::config::{Config, Environment};
use crate::dev::derived;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::registration;

/// What a build published.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Built<'a> {
    /// The Worker, and what it says of itself.
    Worker(&'a Description),
    /// The same of one that serves `functions/`.
    Functions(&'a Description),
    /// The page that `wrangler dev` shows instead of a program that does not compile.
    ErrorPage,
}

/// The errors that are there before anything is built. `passed_on` is what the user gave for Wrangler.
pub(crate) fn configuration(
    config: &Config,
    environment: &Environment,
    passed_on: &[OsString],
) -> Vec<Diagnostic> {
    development_files(config, environment, passed_on)
        .into_iter()
        .chain(config.missing_migration(environment))
        .chain(config.missing_rule(environment))
        .chain(config.refused_on_pages())
        .collect()
}

/// The errors that what was built shows.
pub(crate) fn output(config: &Config, environment: &Environment, built: Built<'_>) -> Vec<Diagnostic> {
    match built {
        Built::ErrorPage => vec![
            Diagnostic::error(
                Code::LastBuildFailed,
                "the last build failed, and what it left is a page that shows why",
            )
            .hint("run `dartflare build`, and upload when it succeeds"),
        ],
        Built::Worker(description) => worker(config, environment, description, false),
        Built::Functions(description) => worker(config, environment, description, true),
    }
}

fn development_files(
    config: &Config,
    environment: &Environment,
    passed_on: &[OsString],
) -> Option<Diagnostic> {
    let is_derived =
        |path: &Path| path.file_name().is_some_and(|name| name == Path::new(derived::CONFIG_NAME));
    let named = config_flag(passed_on);
    if let Some(path) = named.as_deref().into_iter().chain([config.shown()]).find(|path| is_derived(path)) {
        return Some(
            Diagnostic::error(Code::MadeByDev, format!(
                "`{}` is the configuration of `dartflare dev`: its Worker answers through the Dart VM of this \
                 machine",
                path.display()
            ))
            .hint("leave `--config` out: your own configuration is found without it"),
        );
    }
    if config.dir.ends_with(derived::FOLDER) {
        return Some(
            Diagnostic::error(Code::MadeByDev, format!(
                "`{}` is a project of `dartflare dev`: its Worker answers through the Dart VM of this machine",
                config.dir.display()
            ))
            .hint("deploy from your own project's folder"),
        );
    }
    let main = environment.main.as_deref().filter(|_| is_development(environment))?;
    let error = Diagnostic::error(Code::MadeByDev, format!(
        "`main` is `{main}`, a file of `dartflare dev`: that Worker answers through the Dart VM of this machine"
    ))
    .hint("write `build/worker.mjs`, which `dartflare build` makes");
    Some(match &environment.main_location {
        Some(place) => error.at(place.clone(), ""),
        None => error,
    })
}

/// Whether the flags for Wrangler have one by one of these names.
pub(crate) fn has_flag(flags: &[OsString], names: &[&str]) -> bool {
    flags.iter().map(|flag| flag.to_string_lossy()).any(|flag| {
        let name = flag.split_once('=').map_or(&*flag, |(name, _)| name);
        names.contains(&name)
    })
}

/// The value of `--config` among the flags for Wrangler.
fn config_flag(flags: &[OsString]) -> Option<PathBuf> {
    let mut flags = flags.iter().map(|flag| flag.to_string_lossy());
    while let Some(flag) = flags.next() {
        match flag.split_once('=') {
            Some(("--config" | "-c", value)) => return Some(value.into()),
            None if flag == "--config" || flag == "-c" => return flags.next().map(|value| (&*value).into()),
            _ => {}
        }
    }
    None
}

/// Whether `main` is in the folder of a `dartflare dev`, this project's or another's.
pub(crate) fn is_development(environment: &Environment) -> bool {
    let folder: Vec<_> = Path::new(derived::FOLDER).components().collect();
    let main: Vec<_> = Path::new(environment.main.as_deref().unwrap_or_default()).components().collect();
    main.windows(folder.len()).any(|part| part == folder)
}

/// The errors that a Worker shows by what it says of itself.
fn worker(
    config: &Config,
    environment: &Environment,
    description: &Description,
    is_functions: bool,
) -> Vec<Diagnostic> {
    let Description { failure, registered, log } = description;
    let mut known = registration::check(environment, registered, config, is_functions);
    for class in &environment.migrated {
        let is_told = environment.local_objects().any(|object| object.class_name == *class);
        if !is_told && !registered.durable_objects.contains(class) {
            let warning = registration::unregistered(class);
            let warning = if is_functions { registration::of_functions(warning) } else { warning };
            known.push(match config.migration_of(environment, class) {
                Some(place) => warning.at(place, "created here"),
                None => warning,
            });
        }
    }
    let errors = match failure {
        None => known,
        Some(failure) => started(failure, &known, log),
    };
    errors.into_iter().map(|error| Diagnostic { severity: Severity::Error, ..error }).collect()
}

/// What the Worker told of its failed start, one diagnostic for each problem: the one in `known` that says the same, for
/// it knows the place.
fn started(failure: &str, known: &[Diagnostic], log: &str) -> Vec<Diagnostic> {
    let mut problems: Vec<String> = Vec::new();
    let mut is_over = true;
    // Each ends with a hint, and an empty line is between two; there may be others inside.
    for paragraph in failure.split("\n\n") {
        match problems.last_mut().filter(|_| !is_over) {
            Some(problem) => {
                problem.push_str("\n\n");
                problem.push_str(paragraph);
            }
            None => problems.push(paragraph.to_owned()),
        }
        is_over = paragraph.lines().last().is_some_and(|line| line.starts_with("hint: "));
    }
    let stack: Vec<_> = log.lines().filter(|line| line.starts_with("    at ")).collect();
    let diagnostic = |problem: &String| {
        if let Some(same) = known.iter().find(|known| problem.starts_with(&known.message)) {
            return same.clone();
        }
        let (message, hint) = match problem.rsplit_once("\nhint: ") {
            Some((message, hint)) if stack.is_empty() => (message, hint),
            Some((message, _)) => (message, "`main()` runs when the Worker starts, before any event"),
            None => (problem.as_str(), "`main()` runs when the Worker starts, before any event"),
        };
        let lines: Vec<_> = [message].into_iter().chain(stack.iter().copied()).collect();
        Diagnostic::error(Code::DoesNotStart, lines.join("\n")).hint(hint)
    };
    problems.iter().map(diagnostic).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Format;
    use crate::registration::Registered;

    const OBJECTS: &str = r#"
name = "w"
main = "build/worker.mjs"

[[durable_objects.bindings]]
name = "VIEWS"
class_name = "Views"

[[durable_objects.bindings]]
name = "OTHER"
class_name = "Other"
script_name = "other"

[[migrations]]
tag = "v1"
new_sqlite_classes = ["Views"]
"#;

    fn read(text: &str, env: Option<&str>) -> (Config, Environment) {
        let config = Config::of_text(Format::Toml, text).unwrap();
        let environment = config.resolve(env).unwrap();
        (config, environment)
    }

    fn plain(diagnostics: &[Diagnostic]) -> String {
        assert!(diagnostics.iter().all(|diagnostic| diagnostic.severity == Severity::Error));
        let text: String = diagnostics.iter().map(ToString::to_string).collect();
        anstream::adapter::strip_str(&text).to_string()
    }

    fn before(text: &str, env: Option<&str>, passed_on: &[&str]) -> String {
        let (config, environment) = read(text, env);
        let passed_on: Vec<_> = passed_on.iter().map(OsString::from).collect();
        plain(&configuration(&config, &environment, &passed_on))
    }

    fn after(text: &str, description: &Description) -> String {
        let (config, environment) = read(text, None);
        plain(&output(&config, &environment, Built::Worker(description)))
    }

    fn describe(handlers: &[&str], classes: &[&str]) -> Description {
        let [handlers, durable_objects] =
            [handlers, classes].map(|names| names.iter().copied().map(str::to_owned).collect());
        Description {
            failure: None,
            registered: Registered { handlers, durable_objects, ..Registered::default() },
            log: String::new(),
        }
    }

    #[test]
    fn a_sound_project_has_no_errors() {
        assert_eq!(before(OBJECTS, None, &["--dry-run", "--config", "wrangler.toml"]), "");
        assert_eq!(after(OBJECTS, &describe(&["fetch"], &["Views"])), "");
    }

    #[test]
    fn a_class_that_main_does_not_register() {
        assert_eq!(
            after(OBJECTS, &describe(&["fetch"], &[])),
            "\
error[W0301]: `main()` does not register the Durable Object class `Views`
 --> wrangler.toml:7:14
  |
7 | class_name = \"Views\"
  |              ^^^^^^^ bound here
hint: add `'Views': Views.new` to `durableObjects` of `CloudflareWorkers`
"
        );
        let migrated = OBJECTS.replace("[\"Views\"]", "[\"Views\", \"Unbound\"]");
        assert_eq!(
            after(&migrated, &describe(&["fetch"], &["Views"])),
            "\
error[W0301]: `main()` does not register the Durable Object class `Unbound`
  --> wrangler.toml:16:32
   |
16 | new_sqlite_classes = [\"Views\", \"Unbound\"]
   |                                ^^^^^^^^^ created here
hint: add `'Unbound': Unbound.new` to `durableObjects` of `CloudflareWorkers`
"
        );
    }

    #[test]
    fn a_class_that_functions_cannot_have() {
        let (config, environment) = read(OBJECTS, None);
        let text = plain(&output(&config, &environment, Built::Functions(&describe(&["fetch"], &[]))));
        let hint = "hint: functions answer requests alone: leave this to another Worker, or write a `lib/main.dart` in \
                    their place\n";
        assert!(text.ends_with(hint), "{text}");
    }

    #[test]
    fn a_class_that_the_configuration_lacks() {
        let text = after(OBJECTS, &describe(&["fetch"], &["Views", "More"]));
        let expected = "error[W0304]: `main()` registers the Durable Object class `More`, and `wrangler.toml` does not \
                        bind it\nhint: add it to `durable_objects.bindings`, with a migration";
        assert!(text.starts_with(expected), "{text}");
    }

    #[test]
    fn a_class_that_is_misspelled() {
        let text = after(OBJECTS, &describe(&["fetch"], &["Veiws"]));
        assert!(
            text.starts_with("error[W0301]: `main()` does not register the Durable Object class `Views`\n"),
            "{text}"
        );
        let hint = "\nhint: it registers `Veiws`: write the same name there and in the configuration\n";
        assert!(text.contains(hint), "{text}");
    }

    #[test]
    fn an_entrypoint_that_is_not_registered() {
        let service =
            "name = \"w\"\n[[services]]\nbinding = \"ADMIN\"\nservice = \"w\"\nentrypoint = \"Admin\"\n";
        let text = after(service, &describe(&["fetch"], &[]));
        let expected = "error[W0303]: `main()` does not register the entrypoint `Admin`\n --> wrangler.toml:";
        assert!(text.starts_with(expected), "{text}");
    }

    #[test]
    fn crons_without_a_handler() {
        let crons = "name = \"w\"\n[triggers]\ncrons = [\"* * * * *\"]\n";
        let text = after(crons, &describe(&["fetch"], &[]));
        assert!(
            text.starts_with("error[W0305]: `wrangler.toml` has cron triggers, and `main()` registers no"),
            "{text}"
        );
        assert_eq!(after(crons, &describe(&["scheduled"], &[])), "");
    }

    #[test]
    fn a_queue_without_a_handler() {
        let consumer = "name = \"w\"\n[[queues.consumers]]\nqueue = \"jobs\"\n";
        let text = after(consumer, &describe(&["fetch"], &[]));
        assert_eq!(
            text,
            "\
error[W0306]: `main()` registers no `queue` handler
 --> wrangler.toml:3:9
  |
3 | queue = \"jobs\"
  |         ^^^^^^ consumed here
hint: give `CloudflareWorkers` the argument `queue`, or remove `queues.consumers`
"
        );
        assert_eq!(after(consumer, &describe(&["queue"], &[])), "");
        // Its messages are fetched over HTTP.
        let pulled = format!("{consumer}type = \"http_pull\"\n");
        assert_eq!(after(&pulled, &describe(&["fetch"], &[])), "");
    }

    #[test]
    fn a_class_that_no_migration_creates() {
        let (without, _) = OBJECTS.split_once("[[migrations]]").unwrap();
        assert_eq!(
            before(without, None, &[]),
            "\
error[W0106]: no migration creates the Durable Object class `Views`
 --> wrangler.toml:7:14
  |
7 | class_name = \"Views\"
  |              ^^^^^^^ bound as `VIEWS`
hint: `wrangler dev` and `wrangler deploy` need one: add

[[migrations]]
tag = \"v1\"
new_sqlite_classes = [\"Views\"]

"
        );
        // `exports` takes the place of migrations.
        assert_eq!(before(&format!("exports = {{ Views = {{}} }}\n{without}"), None, &[]), "");
        // Only what is uploaded counts.
        let staging = "[[env.staging.durable_objects.bindings]]\nname = \"A\"\nclass_name = \"Added\"\n";
        let both = format!("{OBJECTS}\n{staging}");
        assert_eq!(before(&both, None, &[]), "");
        let text = before(&both, Some("staging"), &[]);
        assert!(
            text.starts_with("error[W0106]: no migration creates the Durable Object class `Added`\n"),
            "{text}"
        );
        assert!(text.contains("[[migrations]]\ntag = \"v2\"\nnew_sqlite_classes = [\"Added\"]"), "{text}");
        let own = format!("{both}[[env.staging.migrations]]\ntag = \"v1\"\nnew_classes = [\"Added\"]\n");
        assert_eq!(before(&own, Some("staging"), &[]), "");
    }

    #[test]
    fn modules_that_no_rule_uploads() {
        let bare = "name = \"w\"\nmain = \"build/worker.mjs\"\nno_bundle = true\n";
        let rule = "[[rules]]\ntype = \"ESModule\"\nglobs = [\"**/*.mjs\"]\n";
        let other = "[[rules]]\ntype = \"Text\"\nglobs = [\"**/*.md\"]\n";
        let own = "[env.staging]\nrules = []\n";
        for text in [bare.to_owned(), format!("{bare}{other}")] {
            let expected = "error[E0116]: `wrangler.toml` has `no_bundle` and no rule for the modules beside `build/worker.mjs`";
            assert!(before(&text, None, &[]).starts_with(expected));
        }
        let ruled = format!("{bare}{rule}{own}");
        assert_eq!(before(&ruled, None, &[]), "");
        assert!(before(&ruled, Some("staging"), &[]).contains("hint: add `rules = [{ type = "));
        assert_eq!(before(&bare.replace("true", "false"), None, &[]), "");
        let config =
            Config::of_text(Format::Json, r#"{"name":"w","main":"a/b.mjs","no_bundle":true}"#).unwrap();
        let text = config.missing_rule(&config.resolve(None).unwrap()).unwrap().hint.unwrap();
        assert!(text.starts_with("add `\"rules\": [{ \"type\": \"ESModule\""), "{text}");
    }

    #[test]
    fn files_of_development() {
        let main = "name = \"w\"\nmain = \"./.dart_tool/dartflare/dev/worker.mjs\"\n";
        assert_eq!(
            before(main, None, &[]),
            "\
error[E0408]: `main` is `./.dart_tool/dartflare/dev/worker.mjs`, a file of `dartflare dev`: that Worker answers through the \
Dart VM of this machine
 --> wrangler.toml:2:8
  |
2 | main = \"./.dart_tool/dartflare/dev/worker.mjs\"
  |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
hint: write `build/worker.mjs`, which `dartflare build` makes
"
        );
        let expected = "error[E0408]: `a/.dartflare.wrangler.json` is the configuration of `dartflare dev`";
        for flags in [
            ["--config", "a/.dartflare.wrangler.json"].as_slice(),
            &["-c", "a/.dartflare.wrangler.json"],
            &["--dry-run", "--config=a/.dartflare.wrangler.json"],
        ] {
            let text = before(OBJECTS, None, flags);
            assert!(text.starts_with(expected), "{text}");
        }
    }

    #[test]
    fn the_page_of_a_failed_build() {
        let (config, environment) = read(OBJECTS, None);
        let text = plain(&output(&config, &environment, Built::ErrorPage));
        assert!(text.starts_with("error[E0407]: the last build failed"), "{text}");
    }

    #[test]
    fn a_start_that_failed() {
        // `main()` threw, so that nothing is known of what it registers.
        let failure =
            "`main()` threw an exception: FormatException: bad\n\nvalue\nhint: its stack is in the log";
        let mut description = describe(&[], &[]);
        description.failure = Some(failure.to_owned());
        assert_eq!(
            after(OBJECTS, &description),
            "\
error[E0301]: `main()` threw an exception: FormatException: bad

value
hint: its stack is in the log
"
        );
        description.log =
            "The Dart program did not start\n\nFormatException: bad\n    at main (main.js:1:2)\n".to_owned();
        assert_eq!(
            after(OBJECTS, &description),
            "\
error[E0301]: `main()` threw an exception: FormatException: bad

value
    at main (main.js:1:2)
hint: `main()` runs when the Worker starts, before any event
"
        );
    }

    #[test]
    fn a_start_that_failed_for_what_is_known_has_its_place() {
        let mut description = describe(&["fetch"], &[]);
        description.failure = Some(
            "`main()` does not register the Durable Object class `Views`, which `wrangler.toml` binds as `VIEWS`\n\
             hint: add it\n\n`main()` registers the method `alarm`\nhint: give the method another name"
                .to_owned(),
        );
        assert_eq!(
            after(OBJECTS, &description),
            "\
error[W0301]: `main()` does not register the Durable Object class `Views`
 --> wrangler.toml:7:14
  |
7 | class_name = \"Views\"
  |              ^^^^^^^ bound here
hint: add `'Views': Views.new` to `durableObjects` of `CloudflareWorkers`
error[E0301]: `main()` registers the method `alarm`
hint: give the method another name
"
        );
    }
}
