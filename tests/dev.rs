//! What `dartflare dev` says of a project that it cannot start.

use crate::harness::Test;

const CONFIG: &str = "name = \"w\"\nmain = \"build/worker.mjs\"\ncompatibility_date = \"2026-04-01\"\n";

#[test]
fn no_configuration() {
    Test::new()
        .args("dev")
        .stderr(
            "error[E0102]: no Wrangler configuration in `[DIR]` or any folder above it\n\
             hint: create a `wrangler.toml` (or `wrangler.json`, `wrangler.jsonc`) with `name`, \
             `compatibility_date` and `main = \"build/worker.mjs\"`, or for Pages `pages_build_output_dir`, or name the \
             project's folder with `--project`\n",
        )
        .code(1)
        .run();
}

#[test]
fn no_main() {
    Test::new()
        .file("wrangler.toml", CONFIG)
        .args("dev")
        .stderr(
            "error[E0202]: there is no `lib/main.dart` in `[DIR]`\n\
             hint: create it with a `main()` that constructs `CloudflareWorkers(fetch: ...)`, or `functions/` with a \
             file for each route, or name another library with `--entry`\n",
        )
        .code(1)
        .run();
}

#[test]
fn an_unknown_environment() {
    Test::new()
        .file("wrangler.toml", &format!("{CONFIG}[env.staging]\n"))
        .args("dev --env stagin")
        .stderr(
            "error[E0110]: there is no environment `stagin` in `wrangler.toml`\n\
             hint: did you mean `staging`? it configures `staging`\n",
        )
        .code(1)
        .run();
}

#[test]
fn an_environment_that_pages_does_not_have() {
    Test::new()
        .file(
            "wrangler.toml",
            "name = \"p\"\npages_build_output_dir = \"out\"\ncompatibility_date = \"2026-04-01\"\n",
        )
        .args("dev --env staging")
        .stderr(
            "error[E0110]: a Pages project has no environment `staging`\n\
             hint: it has `preview` and `production`\n",
        )
        .code(1)
        .run();
}

#[test]
fn a_pages_project_that_would_serve_its_secrets() {
    Test::new()
        .file("wrangler.toml", "name = \"p\"\npages_build_output_dir = \".\"\n")
        .args("dev")
        .stderr(
            "error[E0402]: with `pages_build_output_dir = \".\"`, the project itself would be served, sources and secrets \
             included\n --> wrangler.toml:2:26\n  |\n\
             2 | pages_build_output_dir = \".\"\n  |                          ^^^\n\
             hint: `pages_build_output_dir` names the folder whose files are served: set it to one of its own, such as \
             `public`\n",
        )
        .code(1)
        .run();
}

#[test]
fn a_binding_in_another_form() {
    Test::new()
        .args("dev --service A=")
        .stderr(
            "error: invalid value 'A=' for '--service <NAME=WORKER[#ENTRYPOINT]>': write it as NAME=WORKER or \
             NAME=WORKER#ENTRYPOINT\n\nFor more information, try '--help'.\n",
        )
        .code(2)
        .run();
}

#[test]
fn a_port_that_is_no_number() {
    Test::new()
        .args("dev --port http")
        .stderr(
            "error: invalid value 'http' for '--port <PORT>': invalid digit found in string\n\n\
             For more information, try '--help'.\n",
        )
        .code(2)
        .run();
}

#[cfg(unix)]
#[test]
fn a_file_of_nearly_the_name_is_named() {
    for (arguments, expected) in [
        (
            "build --entry lib/mian.dart",
            "error[E0202]: there is no `lib/mian.dart` in `[DIR]`\nhint: did you mean `lib/main.dart`?\n",
        ),
        (
            "test test/worker_tset.dart",
            "error[E0801]: there is no `test/worker_tset.dart`\nhint: did you mean `test/worker_test.dart`?\n",
        ),
        ("types --project tset", "error[E0101]: there is no folder `tset`\nhint: did you mean `test`?\n"),
    ] {
        let test = crate::machine::buildable("").file("test/worker_test.dart", "").args(arguments);
        let output = test.output();
        let stderr = test.readable(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(expected), "{stderr}");
    }
}
