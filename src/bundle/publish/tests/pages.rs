//! The Worker of a Pages project, and the `_routes.json` beside it.

use super::*;

/// What is served, and `_routes.json` in it.
const SERVED: &str = "public";
const RULES: &str = "public/_routes.json";

impl Project {
    fn pages(&self) -> Result<Output> {
        Output::of_pages(self.root.path(), SERVED)
    }

    /// A build whose middleware guards what its rules let through.
    fn guarded(&self, id: &str) -> Build {
        Build { routing: rules(id), ..self.build(id) }
    }

    fn publish_guarded(&self, id: &str) {
        self.pages().unwrap().publish(&self.guarded(id)).unwrap();
    }

    /// Which build a request reaches, as somebody finds it who knows nothing of manifests.
    fn worker(&self) -> Option<String> {
        let text = fs::read_to_string(self.path("public/_worker.js/index.js")).ok()?;
        let folder = text.strip_prefix("export { default } from './").unwrap();
        let folder = folder.strip_suffix("/worker.mjs';\n").unwrap();
        let id = folder.strip_prefix("app-").unwrap().split('-').next().unwrap().to_owned();
        assert_eq!(self.read(&format!("public/_worker.js/{folder}/main.js")), main_js(&id));
        Some(id)
    }

    fn rules(&self) -> Option<String> {
        fs::read_to_string(self.path(RULES)).ok()
    }
}

/// Those of the build `id`; one that begins with `all` gets every request.
fn rules(id: &str) -> Option<String> {
    (!id.starts_with("all")).then(|| format!("{{\"include\": [\"/{id}\"]}}\n"))
}

#[test]
fn it_goes_beside_the_files_that_are_served_and_leaves_them_alone() {
    let project = Project::new();
    project.write("public/index.html", "mine");
    project.publish_guarded("one");
    project.publish_guarded("two");
    assert_eq!((project.worker().unwrap(), project.rules()), ("two".to_owned(), rules("two")));
    assert_eq!(project.read("public/index.html"), "mine");
    let names = |folder: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(project.path(folder)).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert_eq!(names(SERVED), set(["_routes.json", "_worker.js", "index.html"]));
    // All of it is uploaded with the Worker, so nothing of the build before may be there.
    assert_eq!(names("public/_worker.js"), set([".dartflare.json", ".gitignore", "app-two", "index.js"]));
}

#[test]
fn the_same_build_again_touches_no_file_and_one_that_needs_no_rules_removes_them() {
    let project = Project::new();
    project.publish_guarded("one");
    let modified = || fs::metadata(project.path(RULES)).unwrap().modified().unwrap();
    let before = modified();
    project.publish_guarded("one");
    assert_eq!(modified(), before);
    project.publish_guarded("all");
    assert_eq!(project.rules(), None);
    project.publish_guarded("two");
    assert_eq!(project.rules(), rules("two"));
}

#[test]
fn other_rules_for_the_same_worker_are_put_there() {
    let project = Project::new();
    project.publish_guarded("one");
    let output = project.pages().unwrap();
    for wanted in [rules("other"), rules("one"), None, rules("one")] {
        output.publish(&Build { routing: wanted.clone(), ..project.build("one") }).unwrap();
        assert_eq!((project.worker().unwrap(), project.rules()), ("one".to_owned(), wanted));
    }
}

#[test]
fn the_users_own_rules_stay_whatever_is_published() {
    let project = Project::new();
    let mine = "{\"version\": 1, \"include\": [\"/mine\"], \"exclude\": []}\n";
    project.write(RULES, mine);
    for id in ["one", "two", "all", "one"] {
        project.publish_guarded(id);
        assert_eq!(project.rules().unwrap(), mine);
        let output = project.pages().unwrap();
        assert_eq!(output.check_routing(rules("one").as_deref()).unwrap(), Some(project.path(RULES)));
        assert_eq!(output.generated_routing(), None);
    }
    // Ours take their place when they are removed, and not before.
    fs::remove_file(project.path(RULES)).unwrap();
    let output = project.pages().unwrap();
    assert_eq!(output.check_routing(None).unwrap(), None);
    output.settle().unwrap();
    assert_eq!(project.rules(), rules("one"));
    assert_eq!(output.check_routing(None).unwrap(), None);
    assert_eq!(output.generated_routing(), Some(project.path(RULES)));
    project.write(RULES, mine);
    output.settle().unwrap();
    output.tidy();
    assert_eq!(project.rules().unwrap(), mine);
}

#[test]
fn rules_that_the_user_has_changed_are_the_users() {
    let project = Project::new();
    project.publish_guarded("one");
    let mine = rules("one").unwrap().replace("/one", "/one/*");
    project.write(RULES, &mine);
    project.publish_guarded("two");
    assert_eq!(project.rules().unwrap(), mine);
}

#[test]
fn generated_rules_that_nobody_remembers_are_kept_only_for_the_same_routes() {
    let generated = |rule: &str| {
        let rules = format!("\"include\": [\"{rule}\"], \"exclude\": []");
        format!("{{\"version\": 1, \"description\": \"Generated by dartflare 0.0.1\", {rules}}}\n")
    };
    let project = Project::new();
    project.write(RULES, &generated("/old"));
    let output = project.pages().unwrap();
    assert_eq!(output.check_routing(Some(&generated("/old"))).unwrap(), None);
    for next in [Some(generated("/new")), None] {
        assert_eq!(
            message(&output.check_routing(next.as_deref()).unwrap_err()),
            format!(
                "error[E0503]: `{}` says that dartflare generated it, and it is not of this program, nor of the last build \
                 here\nhint: remove it to have it generated; if it is yours by now, change its `description`\n",
                project.path(RULES).display()
            )
        );
    }
    // Once published, it is known.
    output.publish(&Build { routing: Some(generated("/old")), ..project.build("one") }).unwrap();
    assert_eq!(output.generated_routing(), Some(project.path(RULES)));
    project.publish_guarded("two");
    assert_eq!(project.rules(), rules("two"));
}

#[test]
fn what_cannot_be_read_is_the_users_too() {
    let project = Project::new();
    project.write("public/_routes.json/inside", "mine");
    project.publish_guarded("one");
    let error = project.pages().unwrap().check_routing(None).unwrap_err();
    assert!(message(&error).starts_with("error[E0502]: cannot read `"), "{error:?}");
    assert!(matches!(error, Error::Project(_)));
    assert_eq!(project.read("public/_routes.json/inside"), "mine");
}

#[test]
fn a_worker_of_somebody_else_is_refused_and_stays() {
    for path in ["_worker.js", "_worker.js/index.js"] {
        let project = Project::new();
        let path = format!("public/{path}");
        project.write(&path, "mine");
        assert_eq!(
            refusal(project.pages()),
            format!(
                "error[E0403]: `{}` is in the way: the build writes there, and did not write what is there now\n\
                 hint: move it: `_worker.js` is the Worker of a Pages project, and dartflare makes it\n",
                project.path(&path).display()
            )
        );
        assert_eq!(project.read(&path), "mine");
    }
    let project = Project::new();
    project.write("public/_worker.js/helper.mjs", "mine");
    assert!(refusal(project.pages()).contains(
        "_worker.js/helper.mjs` is not part of the build, and Wrangler uploads what is in this folder"
    ));
}

#[test]
fn the_place_is_a_folder_whose_files_may_be_served() {
    let project = Project::new();
    project.write("taken", "a file");
    project.write("packages/site/pubspec.yaml", "name: site\n");
    let open = |directory: &str| Output::of_pages(&project.path(""), directory);
    let parent = project.path("..").canonicalize().unwrap();
    for (directory, what) in [
        (".", "with `pages_build_output_dir = \".\"`, the project itself would be served"),
        ("", "with `pages_build_output_dir = \"\"`, the project itself would be served"),
        ("public/..", "with `pages_build_output_dir = \"public/..\"`, the project itself would be served"),
        ("..", "with `pages_build_output_dir = \"..\"`, a folder with the project in it would be served"),
        (parent.to_str().unwrap(), "`, a folder with the project in it would be served"),
        (
            "lib/web",
            "with `pages_build_output_dir = \"lib/web\"`, the output directory is in `lib`, which is for other files",
        ),
        ("functions", "the output directory is in `functions`, which is for other files"),
        ("taken", "taken` is a file, and `pages_build_output_dir = \"taken\"` needs a folder there"),
        ("packages/site", "packages/site` is a Dart package"),
    ] {
        let text = refusal(open(directory));
        assert!(text.contains(what), "{directory}: {text}");
    }
    for directory in ["public", "./build/web/", "web", "../sïte/dist"] {
        let output = open(directory).unwrap();
        assert!(output.entry().ends_with("_worker.js/index.js"), "{directory}");
    }
    assert!(!project.path(SERVED).exists());
}

#[cfg(unix)]
#[test]
fn links_lead_to_what_is_served_and_not_to_the_project() {
    use std::os::unix::fs::symlink;
    let project = Project::new();
    for (target, what) in [
        (".", "the project itself would be served"),
        ("lib", "the output directory is in `lib`"),
        ("nowhere", "is a symbolic link that leads nowhere"),
    ] {
        symlink(target, project.path(SERVED)).unwrap();
        let text = refusal(project.pages());
        assert!(text.contains(what), "{text}");
        fs::remove_file(project.path(SERVED)).unwrap();
    }
    let elsewhere = tempfile::tempdir().unwrap();
    symlink(elsewhere.path(), project.path(SERVED)).unwrap();
    project.publish_guarded("one");
    assert!(elsewhere.path().join("_worker.js/index.js").exists());
    // A Worker that is a link is somebody else's.
    fs::rename(elsewhere.path().join("_worker.js"), project.path("mine")).unwrap();
    symlink(project.path("mine"), elsewhere.path().join("_worker.js")).unwrap();
    assert!(refusal(project.pages()).contains("_worker.js` is in the way"));
}

/// A name, and what makes it so.
type Before = (&'static str, fn(&Project));

/// What is there before the build `new` is published.
const BEFORE: [Before; 7] = [
    ("nothing", |_| {}),
    ("files alone", |project| project.write("public/index.html", "mine")),
    ("a build with rules", |project| {
        project.publish_guarded("older");
        project.publish_guarded("old");
    }),
    ("a build without rules", |project| project.publish_guarded("allold")),
    ("the user's rules", |project| {
        project.publish_guarded("old");
        project.write(RULES, "mine");
    }),
    ("a build whose rules are gone", |project| {
        project.publish_guarded("old");
        fs::remove_file(project.path(RULES)).unwrap();
    }),
    ("a build that was killed before its rules were there", |project| {
        project.publish_guarded("older");
        project.publish_guarded("old");
        fs::write(project.path(RULES), routing::ALL).unwrap();
    }),
];

/// What holds at every moment: whatever the Worker guards reaches it. Gives the Worker.
fn check(project: &Project, before: &str) -> Option<String> {
    let worker = project.worker();
    let rules_now = project.rules();
    if before == "the user's rules" {
        assert_eq!(rules_now.as_deref(), Some("mine"));
    } else if let (Some(worker), Some(rules_now)) = (&worker, &rules_now) {
        let own = rules(worker);
        assert!(rules_now == routing::ALL || own.as_ref() == Some(rules_now), "{worker}: {rules_now}");
    }
    assert_eq!(project.pages().unwrap().published().map(|build| build.id), worker);
    if before == "files alone" {
        assert_eq!(project.read("public/index.html"), "mine");
    }
    worker
}

fn at_every_step_of(
    id: &str,
    plan: fn(usize) -> Plan,
    mut check: impl FnMut(&Project, &'static str, Result<()>, usize),
) {
    for (name, prepare) in BEFORE {
        for step in 0.. {
            let project = Project::new();
            prepare(&project);
            let output = project.pages().unwrap();
            *output.disk.fault.plan.lock().unwrap() = plan(step);
            let result = output.publish(&project.guarded(id));
            if output.disk.fault.steps.load(SeqCst) <= step {
                result.unwrap();
                assert!(step > 10, "{name}: {step}");
                break;
            }
            check(&project, name, result, step);
        }
    }
}

/// What `_routes.json` is in the end.
fn settled(project: &Project, before: &str, worker: Option<&str>) {
    let wanted = if before == "the user's rules" { Some("mine".to_owned()) } else { worker.and_then(rules) };
    assert_eq!(project.rules(), wanted, "{before}, {worker:?}");
}

#[test]
fn no_request_passes_by_the_worker_when_a_build_is_killed_at_any_step() {
    for id in ["new", "allnew"] {
        let mut seen = BTreeSet::new();
        at_every_step_of(id, Plan::KilledAt, |project, before, _, step| {
            let worker = check(project, before);
            let rules_now = project.rules();
            seen.insert((
                worker.is_some_and(|worker| worker == id),
                rules_now.as_deref() == Some(routing::ALL),
            ));
            // The next build may find that nothing changed, and only put the rules right.
            let output = project.pages().unwrap();
            output.settle().unwrap();
            output.tidy();
            let worker = check(project, before);
            settled(project, before, worker.as_deref());
            project.publish_guarded("next");
            settled(project, before, Some("next"));
            let entries = fs::read_dir(project.path("public/_worker.js")).unwrap();
            let mut names: Vec<_> =
                entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            assert_eq!(names, [".dartflare.json", ".gitignore", "app-next", "index.js"], "{before} {step}");
        });
        // Killed before the Worker changed and after it, each while all requests were let through.
        assert!(seen.contains(&(false, true)) && seen.contains(&(true, true)), "{seen:?}");
    }
}

#[test]
fn an_error_at_any_step_leaves_the_rules_of_the_worker_that_is_there() {
    for plan in [(|step| Plan::FailsAt(step, ErrorKind::StorageFull)) as fn(usize) -> Plan, Plan::FullFrom] {
        for id in ["new", "allnew"] {
            at_every_step_of(id, plan, |project, before, result, step| {
                let worker = check(project, before);
                if let Err(error) = result {
                    assert!(matches!(error, Error::Environment(_)), "{error:?}");
                    let text = message(&error);
                    assert!(!text.contains("dartflare.tmp"), "{text}");
                    let has_taken_effect = text.contains("gets every request");
                    assert_eq!(worker.as_deref() == Some(id), has_taken_effect, "{before} {step}: {text}");
                    let is_new = before == "nothing" || before == "files alone";
                    if is_new && !has_taken_effect {
                        assert!(!project.path("public/_worker.js").exists(), "{before} {step}");
                        assert_eq!(project.path(SERVED).exists(), before == "files alone");
                    }
                }
                project.publish_guarded("next");
                settled(project, before, Some("next"));
            });
        }
    }
}
