//! `docs/reference/configuration.md`, made of the tables of keys and bindings: `DARTFLARE_UPDATE=1 cargo test --lib
//! up_to_date` writes it again.

use std::fmt::Write as _;

use super::keys::{Inside, Key, Scope, Table, scope};
use super::pages;
use crate::bindings::{Accessor, KINDS};
use crate::generated;

const INTRODUCTION: &str = "# Configuration keys

Every key that Wrangler knows, and what dartflare does with it. What is not said here is for Wrangler and Cloudflare,
whose [own page](https://developers.cloudflare.com/workers/wrangler/configuration/) tells what each means. dartflare
warns of other keys, which Wrangler ignores, with the name that is nearest. [Configuration](../configuration.md) tells how
to use it all.

In an environment (`env.NAME`) a key is *inherited* from the top level unless it stands there too, or *its own*: then the
environment has only what it says itself. *Top level* keys count for all environments. *Pages* says whether Wrangler
deploys a Pages project that has the key; `dartflare deploy` refuses what it would not deploy.

";

const BINDINGS: &str = "
## Bindings

`dartflare types` writes an accessor for each, such as `env.todos` for the name `TODOS`. A `JSBinding` is for what has no
Dart type of its own.

";

const INNER: &str = "
## Keys within keys

A list has the keys of its items. `*` stands for names of your own.

";

/// What dartflare itself makes of a key. On the Dart VM, the Worker that Wrangler runs is not the one that is built.
const USES: &[(&str, &str)] = &[
    ("$schema", "for your editor; `node_modules/wrangler/config-schema.json` is Wrangler's"),
    ("name", "the Worker's name; a Pages project needs it to be deployed"),
    (
        "main",
        "where `dartflare build` writes the Worker: a module in a folder of its own. Not the Dart source",
    ),
    (
        "pages_build_output_dir",
        "makes it a Pages project: the folder of the static files, and where `_worker.js` goes",
    ),
    (
        "migrations",
        "checked: each Durable Object class of the Worker needs one that creates it; what is missing is shown as lines to add",
    ),
    ("exports", "takes the place of `migrations`, so that none is asked for"),
    ("triggers", "checked: `crons` need a `scheduled` handler"),
    ("queues", "`producers` are bindings; `consumers` need a `queue` handler, which is checked"),
    (
        "assets",
        "a binding where it has one; `run_worker_first` decides whether middleware guards files, which is checked",
    ),
    ("define", "known and handed on; values for Dart are given by `-D` to `dartflare build`"),
    ("build", "handed on; it may run `dartflare build`. Not run by `dartflare dev`"),
    (
        "no_bundle",
        "checked: it needs a rule for the modules of the built Worker. Not for `dartflare dev` on the VM",
    ),
    ("rules", "checked with `no_bundle`. Not for `dartflare dev` on the VM"),
    ("base_dir", "not for `dartflare dev` on the VM"),
    ("find_additional_modules", "not for `dartflare dev` on the VM"),
    ("preserve_file_names", "not for `dartflare dev` on the VM"),
    ("vars", "variables, typed by their values; other values in environments widen the type"),
    ("secrets", "names of secrets, each with an accessor; values never stand here"),
    (
        "durable_objects",
        "bindings; a class without `script_name` has to be registered by `main()`, which is checked",
    ),
    (
        "workflows",
        "bindings; a class without `script_name` has to be registered by `main()`, which is checked",
    ),
    (
        "services",
        "bindings; an `entrypoint` of the Worker itself has to be registered by `main()`, which is checked",
    ),
    ("env", "the environments, chosen by `--env` or `CLOUDFLARE_ENV`"),
    (
        "dev",
        "handed on, but for `port`: that of `dartflare dev` is what `--port` says, or the first free one from 8787",
    ),
];

fn accessor(kind: &crate::bindings::BindingKind) -> [String; 2] {
    match kind.accessor {
        Accessor::Method { name, ty } => [format!("[`{ty}`]({})", kind.url), format!("`env.{name}('NAME')`")],
        Accessor::Variable => {
            [format!("[by its value]({})", kind.url), "`env.variable<T>('NAME')`".to_owned()]
        }
        Accessor::Secret => [format!("[`String`]({})", kind.url), "`env.secret('NAME')`".to_owned()],
    }
}

/// The keys within `key`, each with its path.
fn inner(key: &Key) -> String {
    fn list(prefix: &str, keys: &[Key], found: &mut Vec<String>) {
        for key in keys {
            let path = format!("{prefix}{}", key.name);
            match key.inside {
                Inside::Keys(keys) => list(&format!("{path}."), keys, found),
                Inside::Anything => found.push(format!("`{path}.*`")),
                _ => found.push(format!("`{path}`")),
            }
        }
    }
    let mut found = Vec::new();
    match key.inside {
        Inside::Keys(keys) => list("", keys, &mut found),
        Inside::Anything => found.push("`*`".to_owned()),
        Inside::Nothing => {}
        Inside::Environments => found
            .push("a table by the name of each environment, with any but the top level's keys".to_owned()),
        Inside::Previews => {
            let names = Table::Previews.keys();
            found.extend(names.into_iter().map(|key| format!("`{}`", key.name)));
        }
    }
    found.join(", ")
}

#[test]
fn the_page_is_up_to_date() {
    let mut keys = Table::Top.keys();
    keys.sort_by_key(|key| key.name);
    for (name, _) in USES {
        assert!(scope(name).is_some(), "there is no key `{name}`");
    }
    let mut page = INTRODUCTION.to_owned();
    page += "| key | in environments | Pages | dartflare |\n|---|---|---|---|\n";
    for key in &keys {
        let inherited = match scope(key.name) {
            Some(Scope::Inherited) => "inherited",
            Some(Scope::Own) => "its own",
            Some(Scope::TopLevel) | None => "top level",
        };
        let on_pages = pages::KEYS.contains(&key.name) || pages::UNSEEN.contains(&key.name);
        let said = USES.iter().find(|(name, _)| *name == key.name).map(|(_, said)| (*said).to_owned());
        let is_binding = KINDS.iter().any(|kind| kind.key() == key.name);
        let says = match said {
            Some(said) => said,
            None if is_binding => "[bindings](#bindings)".to_owned(),
            None => "handed on".to_owned(),
        };
        let on_pages = if on_pages { "yes" } else { "no" };
        let _ = writeln!(page, "| `{}` | {inherited} | {on_pages} | {says} |", key.name);
    }
    page += BINDINGS;
    page += "| configured under | a binding's name | Dart type | by name |\n|---|---|---|---|\n";
    for kind in KINDS {
        let [ty, by_name] = accessor(kind);
        let name = match kind.shape {
            crate::bindings::Shape::List(key) | crate::bindings::Shape::One(key) => format!("`{key}`"),
            crate::bindings::Shape::Keys => "the key".to_owned(),
            crate::bindings::Shape::Names => "each name".to_owned(),
        };
        let _ = writeln!(page, "| `{}` | {name} | {ty} | {by_name} |", kind.path.join("."));
    }
    page += INNER;
    page += "| key | takes |\n|---|---|\n";
    for key in keys {
        let inner = inner(key);
        if !inner.is_empty() {
            let _ = writeln!(page, "| `{}` | {inner} |", key.name);
        }
    }
    generated::check("docs/reference/configuration.md", &page);
}
