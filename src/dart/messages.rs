//! What the Dart compilers say about a program, with the paths that the user knows.
//!
//! Both say the same things in two shapes. The front end, in the VM and in dart2wasm:
//!
//! ```text
//! lib/main.dart:3:11: Error: A value of type 'String' can't be assigned to a variable of type 'int'.
//!   int x = 'a';
//!           ^
//! ```
//!
//! and dart2js, which gives the place a line of its own (`lib/main.dart:3:11:`, then `Error: ...`).

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::json;

use super::{imports, uri};
use crate::diagnostic::{Code, Diagnostic, Location, Severity, nearest};
use crate::files;
use crate::platform;

#[allow(clippy::expect_used, reason = "a constant pattern")]
static ERROR: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^.+:\d+:\d+: Error: ").expect("a valid pattern"));

/// A place in a file of the project, which is a relative URI.
#[allow(clippy::expect_used, reason = "a constant pattern")]
static LINE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^(?P<uri>[^:\s]+)(?P<at>:\d+:\d+: )").expect("a valid pattern"));

// Newer front ends say `type` where older ones say `class`.
#[allow(clippy::expect_used, reason = "a constant pattern")]
static MISSING_ACCESSOR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"The (?:getter|method) '(\w+)' isn't defined for the (?:class|type) '(?:Test)?Environment'")
        .expect("a valid pattern")
});

#[allow(clippy::expect_used, reason = "a constant pattern")]
static ACCESSOR: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^  .* get (\w+) ").expect("a valid pattern"));

/// A place on a line of its own, as dart2js writes it.
#[allow(clippy::expect_used, reason = "a constant pattern")]
static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?P<path>\S.*?):(?P<line>\d+):(?P<column>\d+):$").expect("a valid pattern")
});

/// The first line of a message: a place or a file or neither, what it is, what it says.
#[allow(clippy::expect_used, reason = "a constant pattern")]
static HEAD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^(?:(?P<path>\S.*?):(?P<line>\d+):(?P<column>\d+): |(?P<file>\S.*?\.dart): )?",
        r"(?P<kind>Error|Warning|Context|Hint|Info|Internal Error|Internal problem): ?(?P<text>.*)$"
    ))
    .expect("a valid pattern")
});

/// The last line of dart2js about a program that it refuses.
const REFUSED: &str = "Compilation failed.";

/// How the text of a message begins that is about the compiler itself.
const INTERNAL: &str = "Internal error: ";

/// A place in the sources of a program.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    /// The file as the user knows it: from the project's folder, else a `package:` or `dart:` URI, else a path.
    pub(crate) path: String,
    /// Where it can be read, if anywhere.
    file: Option<PathBuf>,
    /// Line and column from 1, the column in UTF-16 code units; none when the file as a whole is meant.
    pub(crate) at: Option<(usize, usize)>,
    /// How many UTF-16 code units the compiler underlined.
    width: usize,
    /// The line as the compiler repeated it.
    echo: Option<String>,
}

impl Place {
    fn shown(&self) -> String {
        match self.at {
            Some((line, column)) => format!("{}:{line}:{column}", self.path),
            None => self.path.clone(),
        }
    }
}

/// One message of a compiler.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Message {
    pub(crate) severity: Severity,
    /// What is wrong, in the compiler's words: a line or several.
    pub(crate) text: String,
    pub(crate) place: Option<Place>,
    /// Other places that it speaks of, with what it says about each.
    pub(crate) contexts: Vec<(Place, String)>,
    /// What stands below the underlined line: how a library is reached that does not exist, for one.
    pub(crate) notes: String,
    /// What to do next, where the compiler could not know it.
    pub(crate) hint: Option<String>,
}

impl Message {
    pub(crate) fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Whether it finds fault with the program, and not with the machine or the arguments.
    pub(crate) fn is_about_the_program(&self) -> bool {
        let is_placed = self.place.is_some() && !self.text.starts_with(INTERNAL);
        self.is_error() && (is_placed || self.text == REFUSED)
    }

    /// The message as this program draws its own.
    fn drawn(&self, sources: &mut Sources) -> Diagnostic {
        let mut text = self.text.clone();
        let mut locations = Vec::new();
        match self.place.as_ref().map(|place| (place, sources.location(place))) {
            Some((_, Some(location))) => locations.push((location, String::new())),
            Some((place, None)) => text = format!("{}: {text}", place.shown()),
            None => {}
        }
        for (place, said) in &self.contexts {
            match sources.location(place) {
                Some(location) if !said.contains('\n') => locations.push((location, said.clone())),
                _ => text.extend(["\n", &place.shown(), ": ", said]),
            }
        }
        if !self.notes.is_empty() {
            text.extend(["\n", &self.notes]);
        }
        Diagnostic { severity: self.severity, code: None, message: text, locations, hint: self.hint.clone() }
    }

    /// One line of JSON, for other programs. The column counts UTF-16 code units, as editors' protocols do.
    pub(crate) fn to_json(&self) -> String {
        let at = self.place.as_ref().and_then(|place| place.at);
        let mut line = json!({
            "severity": match self.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            "message": self.text,
            "file": self.place.as_ref().map(|place| &place.path),
            "line": at.map(|(line, _)| line),
            "column": at.map(|(_, column)| column),
        });
        if let Some(hint) = &self.hint {
            line["hint"] = hint.as_str().into();
        }
        line.to_string()
    }
}

/// The last word about a program with these messages.
pub(crate) fn refused(messages: &[Message]) -> Diagnostic {
    Diagnostic::error(Code::DoesNotCompile, format!("the program does not compile: {}", errors(messages)))
}

/// How many errors there are among `messages`, in words.
pub(crate) fn errors(messages: &[Message]) -> String {
    // A compiler that refuses a program has something against it, even if it cannot be understood.
    match messages.iter().filter(|message| message.is_error()).count() {
        0 | 1 => "1 error".to_owned(),
        count => format!("{count} errors"),
    }
}

/// All of `messages` as this program draws its own; each source file is read once.
pub(crate) fn diagnostics(messages: &[Message]) -> Vec<Diagnostic> {
    let mut sources = Sources::default();
    messages.iter().map(|message| message.drawn(&mut sources)).collect()
}

/// Source files by line.
#[derive(Default)]
struct Sources(HashMap<PathBuf, Vec<String>>);

impl Sources {
    /// The place with its line, from the file or as the compiler repeated it; none where neither has it.
    fn location(&mut self, place: &Place) -> Option<Location> {
        let (line, column) = place.at?;
        let text = self.line(place.file.as_deref(), line).or_else(|| place.echo.clone())?;
        let (before, rest) = split_utf16(&text, column - 1);
        let (marked, _) = split_utf16(rest, place.width);
        let is_ours = place.file.as_deref().filter(|_| !place.path.contains(':'));
        let path = is_ours.map_or_else(|| PathBuf::from(&place.path), files::shown);
        Some(Location::new(path, line, before.chars().count() + 1, marked.chars().count(), &text))
    }

    fn line(&mut self, file: Option<&Path>, line: usize) -> Option<String> {
        let file = file?;
        let lines = match self.0.entry(file.to_owned()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let text = files::read(file).unwrap_or_default();
                new.insert(String::from_utf8_lossy(&text).lines().map(str::to_owned).collect())
            }
        };
        lines.get(line - 1).cloned()
    }
}

/// `text` before and after its first `units` UTF-16 code units, or all of it.
fn split_utf16(text: &str, units: usize) -> (&str, &str) {
    let mut left = units;
    for (at, letter) in text.char_indices() {
        if left < letter.len_utf16() {
            return text.split_at(at);
        }
        left -= letter.len_utf16();
    }
    (text, "")
}

/// Where the files are that a compiler names.
#[derive(Debug)]
pub(crate) struct Names {
    project: PathBuf,
    /// The same without symbolic links, as a compiler may name it.
    real: PathBuf,
    /// The folder of each package's libraries.
    libraries: HashMap<String, PathBuf>,
}

impl Names {
    /// Of a compiler that runs in `project` with this `package_config.json`.
    pub(crate) fn new(project: &Path, packages: &Path) -> Self {
        let real = platform::real(project).unwrap_or_else(|_| project.to_owned());
        Self { project: project.to_owned(), real, libraries: imports::libraries(packages) }
    }

    /// The package whose libraries are the project's own.
    fn package(&self) -> Option<&str> {
        let is_own = |folder: &Path| self.inside(folder).is_some_and(|inside| inside == "lib");
        self.libraries.iter().find(|(_, folder)| is_own(folder)).map(|(name, _)| name.as_str())
    }

    fn inside<'a>(&self, file: &'a Path) -> Option<&'a Path> {
        file.strip_prefix(&self.project).or_else(|_| file.strip_prefix(&self.real)).ok()
    }

    /// A file as the user knows it, and where it can be read.
    fn find(&self, named: &str) -> (String, Option<PathBuf>) {
        if let Some(inside) = named.strip_prefix("org-dartlang-sdk:///") {
            let inside = inside.strip_prefix("sdk/").unwrap_or(inside);
            return (format!("dart:{}", inside.strip_prefix("lib/").unwrap_or(inside)), None);
        }
        let file = if let Some(path) = named.strip_prefix("package:") {
            path.split_once('/').and_then(|(name, inside)| Some(self.libraries.get(name)?.join(inside)))
        } else if named.starts_with("file:") {
            uri::to_path(&self.project, named)
        } else if named.starts_with("dart:") {
            None
        } else {
            // A relative URI.
            uri::to_path(&self.project, named)
        };
        let inside = file.as_deref().and_then(|file| self.inside(file));
        let shown = match (inside, &file) {
            (Some(inside), _) => inside.display().to_string(),
            (None, Some(file)) if named.starts_with("file:") => file.display().to_string(),
            _ => named.to_owned(),
        };
        (shown, file)
    }

    fn place(&self, found: &Captures) -> Option<Place> {
        let (path, at) = if let Some(path) = found.name("path") {
            // From 1, whatever the text says.
            let number = |name: &str| found.name(name)?.as_str().parse::<u32>().ok();
            let at = |name| number(name).and_then(|number| usize::try_from(number.max(1)).ok());
            (path, at("line").zip(at("column")))
        } else {
            (found.name("file")?, None)
        };
        let (path, file) = self.find(path.as_str());
        Some(Place { path, file, at, width: 0, echo: None })
    }
}

/// A message while its lines are read.
struct Open {
    kind: String,
    place: Option<Place>,
    lines: Vec<String>,
}

/// Reads what a compiler said on its streams. Talk around the messages is left out, and so is a message said twice.
pub(crate) fn parse<'a>(streams: impl IntoIterator<Item = &'a str>, names: &Names) -> Vec<Message> {
    let mut messages = Vec::new();
    for text in streams {
        read(text, names, &mut messages);
    }
    let mut said = HashSet::new();
    messages.retain(|message| said.insert(message.clone()));
    // It adds nothing to the errors before it.
    if messages.iter().any(|message| message.is_error() && message.text != REFUSED) {
        messages.retain(|message| message.text != REFUSED);
    }
    messages
}

fn read(text: &str, names: &Names, messages: &mut Vec<Message>) {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let mut open: Option<Open> = None;
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        at += 1;
        // A line that a compiler repeats may itself look like the start of a message.
        let is_echo = open.is_some() && lines.get(at).is_some_and(|next| carets(next) > 0);
        if !is_echo && let Some((begun, length)) = begin(line, lines.get(at).copied(), names) {
            close(open.take(), messages);
            at += length - 1;
            open = Some(begun);
        } else if line.starts_with("Compiled ") || line.starts_with("Generated wasm module ") {
            close(open.take(), messages);
        } else if let Some(open) = &mut open {
            open.lines.push((*line).to_owned());
        }
    }
    close(open, messages);
}

/// A message that begins here, and how many lines its head has.
fn begin(line: &str, next: Option<&str>, names: &Names) -> Option<(Open, usize)> {
    if let Some(place) = PLACE.captures(line)
        && let Some(head) = next.and_then(|next| HEAD.captures(next))
        && head.name("path").or(head.name("file")).is_none()
    {
        let open = Open {
            kind: head["kind"].to_owned(),
            place: names.place(&place),
            lines: vec![head["text"].to_owned()],
        };
        return Some((open, 2));
    }
    let head = HEAD.captures(line)?;
    let open = Open {
        kind: head["kind"].to_owned(),
        place: names.place(&head),
        lines: vec![head["text"].to_owned()],
    };
    Some((open, 1))
}

/// How many carets a line has that consists of nothing else.
fn carets(line: &str) -> usize {
    let line = line.trim();
    if line.bytes().all(|byte| byte == b'^') { line.len() } else { 0 }
}

fn close(open: Option<Open>, messages: &mut Vec<Message>) {
    let Some(Open { kind, mut place, lines }) = open else { return };
    let mark = lines.iter().position(|line| carets(line) > 0).filter(|at| *at > 1);
    let (said, below) = match mark {
        Some(mark) => {
            if let Some(place) = &mut place {
                place.echo = Some(lines[mark - 1].clone());
                place.width = carets(&lines[mark]);
            }
            (&lines[..mark - 1], &lines[mark + 1..])
        }
        None => (&lines[..], &[][..]),
    };
    let [mut text, notes] = [said, below].map(|lines| lines.join("\n").trim().to_owned());
    if kind == "Context"
        && let Some(last) = messages.last_mut()
    {
        match place {
            Some(place) => last.contexts.push((place, text)),
            None => last.notes.push_str(&[if last.notes.is_empty() { "" } else { "\n" }, &text].concat()),
        }
        return;
    }
    let severity = match kind.as_str() {
        "Error" => Severity::Error,
        "Internal Error" | "Internal problem" => {
            text.insert_str(0, INTERNAL);
            Severity::Error
        }
        // Talk about the compiler's own settings.
        "Info" | "Hint" | "Context" if place.is_none() => return,
        _ => Severity::Warning,
    };
    messages.push(Message { severity, text, place, contexts: Vec::new(), notes, hint: None });
}

/// Says of each accessor that the program uses without having it where it is.
pub(crate) fn add_accessor_hints(messages: &mut [Message], names: &Names) {
    let Some(package) = names.package() else { return };
    let generated = LazyLock::new(|| {
        files::read_to_string(names.project.join("lib/environment.g.dart")).unwrap_or_default()
    });
    for message in messages {
        if MISSING_ACCESSOR.is_match(&message.text) {
            message.hint = accessor_hint(&message.text, &generated, package);
        }
    }
}

/// The compiler's text with the project's files as paths in the project.
pub(crate) fn readable(text: &str, project: &Path, package: &str) -> String {
    let text = text.replace(&uri::of_folder(project), "").replace(&format!("package:{package}/"), "lib/");
    let as_named = |place: &Captures| {
        let uri = &place["uri"];
        format!("{}{}", uri::decode(uri).as_deref().unwrap_or(uri), &place["at"])
    };
    LINE.replace_all(text.trim(), as_named).into_owned()
}

/// Where an accessor is that the program uses without having it: `environment.g.dart` has it and is not imported, or
/// has one of nearly that name.
pub(crate) fn accessor_hint(text: &str, generated: &str, package: &str) -> Option<String> {
    let name = MISSING_ACCESSOR.captures(text)?.get(1)?.as_str();
    let known: Vec<&str> =
        ACCESSOR.captures_iter(generated).filter_map(|found| Some(found.get(1)?.as_str())).collect();
    if known.contains(&name) {
        return Some(format!(
            "`{name}` is in a library that is not imported: add `import 'package:{package}/environment.g.dart';`"
        ));
    }
    let near = nearest(name, known)?;
    Some(format!("did you mean `{near}`? it is in `package:{package}/environment.g.dart`"))
}

/// How many errors the text reports, at least one.
pub(crate) fn count(text: &str) -> usize {
    ERROR.find_iter(text).count().max(1)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn project(files: &[(&str, &str)]) -> (tempfile::TempDir, Names) {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let packages = r#"{"configVersion":2,"packages":[
            {"name":"app","rootUri":"../","packageUri":"lib/"},
            {"name":"far","rootUri":"file:///far%20away/","packageUri":"lib/"}]}"#;
        for (name, text) in files.iter().copied().chain([(".dart_tool/package_config.json", packages)]) {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let names = Names::new(&root, &root.join(".dart_tool/package_config.json"));
        (dir, names)
    }

    fn parse(text: &str, names: &Names) -> Vec<Message> {
        super::parse([text], names)
    }

    fn plain(messages: &[Message]) -> String {
        let drawn: String = diagnostics(messages).iter().map(ToString::to_string).collect();
        anstream::adapter::strip_str(&drawn).to_string()
    }

    #[test]
    fn dart2js() {
        let (_dir, names) = project(&[("lib/main.dart", "import 'x.dart';\nvoid main() => wörld('ä');\n")]);
        let text = "\
lib/main.dart:1:8:
Error: Not found: 'x.dart'
import 'x.dart';
       ^
lib/main.dart:2:17:
Error: Method not found: 'wörld'.
void main() => wörld('ä');
               ^^^^^
Error: Compilation failed.
";
        let messages = parse(text, &names);
        assert_eq!(
            plain(&messages),
            "\
error: Not found: 'x.dart'
 --> LIB:1:8
  |
1 | import 'x.dart';
  |        ^
error: Method not found: 'wörld'.
 --> LIB:2:17
  |
2 | void main() => wörld('ä');
  |                 ^^^^^
"
            .replace("LIB", &names.project.join("lib/main.dart").display().to_string())
        );
        assert_eq!(
            messages[0].to_json(),
            r#"{"severity":"error","message":"Not found: 'x.dart'","file":"lib/main.dart","line":1,"column":8}"#
        );
    }

    #[test]
    fn the_front_end_with_a_context_and_several_lines() {
        let (_dir, names) = project(&[]);
        let text = "\
package:app/src/b.dart:5:7: Error: The non-abstract class 'B' is missing implementations for these members:
 - A.foo
Try to either
 - provide an implementation,
 - mark the class as abstract.

class B implements A {}
      ^
file:///far%20away/lib/a.dart:2:8: Context: 'A.foo' is defined here.
  void foo();
       ^^^
lib/main.dart:9:1: Warning: Unreachable.
Generated wasm module 'main.wasm', and JS init file 'main.mjs'.
some talk
";
        let messages = parse(text, &names);
        assert_eq!(messages.len(), 2, "{messages:#?}");
        assert!(
            messages[0].text.ends_with("implementation,\n - mark the class as abstract."),
            "{messages:#?}"
        );
        assert_eq!(messages[0].place.as_ref().unwrap().path, "lib/src/b.dart");
        let drawn = plain(&messages);
        let file = names.project.join("lib/src/b.dart").display().to_string();
        assert!(
            drawn.ends_with(&format!(
                " - mark the class as abstract.
 --> {file}:5:7
  |
5 | class B implements A {{}}
  |       ^
 --> /far away/lib/a.dart:2:8
  |
2 |   void foo();
  |        ^^^ 'A.foo' is defined here.
warning: lib/main.dart:9:1: Unreachable.
"
            )),
            "{drawn}"
        );
    }

    /// What the front end of Dart 3.7.3 printed about a program with these faults.
    #[test]
    fn recorded_from_the_vm() {
        let (_dir, names) = project(&[]);
        let text = r"lib/a.dart:1:8: Error: Dart library 'dart:html' is not available on this platform.
import 'dart:html';
       ^
Context: The unavailable library 'dart:html' is imported through these paths:

    a.dart => dart:html

lib/a.dart:4:7: Error: The non-abstract class 'B' is missing implementations for these members:
 - A.bar
 - A.foo
Try to either
 - provide an implementation,
 - inherit an implementation from a superclass or mixin,
 - mark the class as abstract, or
 - provide a 'noSuchMethod' implementation.

class B implements A {}
      ^
lib/a.dart:3:37: Context: 'A.bar' is defined here.
abstract class A { void foo(); void bar(int x); }
                                    ^^^
lib/a.dart:3:25: Context: 'A.foo' is defined here.
abstract class A { void foo(); void bar(int x); }
                        ^^^
lib/a.dart:6:10: Error: A value of type 'String' can't be assigned to a variable of type 'int'.
	int x = 'tab';
	        ^
lib/a.dart:7:27: Error: A value of type 'String' can't be assigned to a variable of type 'int'.
  var s = '💙💙'; int y = s;
                          ^
lib/a.dart:9:16: Error: Property 'length' cannot be accessed on 'String?' because it is potentially null.
Try accessing using ?. instead.
  String? n; n.length;
               ^^^^^^
lib/a.dart:12:25: Error: A value of type 'List<String>' can't be assigned to a variable of type 'List<int>'.
 - 'List' is from 'dart:core'.
  List<int> l = <String>[];
                        ^
";
        let messages = parse(text, &names);
        let places: Vec<_> =
            messages.iter().map(|message| message.place.as_ref().unwrap().at.unwrap()).collect();
        assert_eq!(places, [(1, 8), (4, 7), (6, 10), (7, 27), (9, 16), (12, 25)]);
        assert!(messages[0].notes.ends_with("a.dart => dart:html"), "{messages:#?}");
        assert_eq!(messages[1].contexts.len(), 2);
        assert!(
            messages[1].text.ends_with("or\n - provide a 'noSuchMethod' implementation."),
            "{messages:#?}"
        );
        assert!(messages[4].text.ends_with("\nTry accessing using ?. instead."), "{messages:#?}");
        let drawn = plain(&messages);
        for underlined in [
            "6 |  int x = 'tab';\n  |          ^\n",
            "7 |   var s = '💙💙'; int y = s;\n  |                         ^\n",
            "9 |   String? n; n.length;\n  |                ^^^^^^\n",
            "3 | abstract class A { void foo(); void bar(int x); }\n  |                                     ^^^ 'A.bar' is defined here.\n",
        ] {
            assert!(drawn.contains(underlined), "{underlined}\n{drawn}");
        }
    }

    #[test]
    fn a_library_that_does_not_exist_there_tells_how_it_is_reached() {
        let (_dir, names) = project(&[]);
        let text = "\
lib/a.dart:2:8: Error: Dart library 'dart:html' is not available on this platform.
import 'dart:html';
       ^
Context: The unavailable library 'dart:html' is imported through these packages:

    app => far => dart:html

Detailed import paths for (some of) the these imports:

    app => package:far/far.dart => dart:html
";
        let messages = parse(text, &names);
        assert_eq!(messages.len(), 1, "{messages:#?}");
        assert!(messages[0].notes.starts_with("The unavailable library"), "{messages:#?}");
        assert!(messages[0].notes.ends_with("far.dart => dart:html"), "{messages:#?}");
        assert!(plain(&messages).contains("\n    app => far => dart:html\n"));
    }

    #[test]
    fn names_files_as_the_user_does() {
        let (_dir, names) = project(&[]);
        let root = names.project.display().to_string();
        for (named, shown) in [
            ("lib/main.dart", "lib/main.dart"),
            ("./lib/main.dart", "lib/main.dart"),
            (&format!("{root}/lib/main.dart"), "lib/main.dart"),
            (&format!("file://{root}/lib/a%20b.dart"), "lib/a b.dart"),
            ("package:app/main.dart", "lib/main.dart"),
            ("package:far/x.dart", "package:far/x.dart"),
            ("package:unknown/x.dart", "package:unknown/x.dart"),
            ("package:broken", "package:broken"),
            ("file:///else/x.dart", "/else/x.dart"),
            ("../else/x.dart", "../else/x.dart"),
            ("org-dartlang-sdk:///sdk/lib/core/list.dart", "dart:core/list.dart"),
            ("org-dartlang-sdk:///lib/core/list.dart", "dart:core/list.dart"),
            ("dart:core/list.dart", "dart:core/list.dart"),
        ] {
            assert_eq!(names.find(named).0, shown, "{named}");
            let messages = parse(&format!("{named}:1:2: Error: x"), &names);
            assert_eq!(messages[0].place.as_ref().map(|place| place.path.as_str()), Some(shown));
        }
        assert_eq!(names.find("package:far/x.dart").1, Some("/far away/lib/x.dart".into()));
        assert_eq!(names.package(), Some("app"));
    }

    #[cfg(unix)]
    #[test]
    fn a_project_behind_a_symbolic_link_is_the_same_project() {
        let (dir, names) = project(&[]);
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&names.project, &link).unwrap();
        let linked = Names::new(&link, &link.join(".dart_tool/package_config.json"));
        let uri = format!("file://{}/lib/main.dart", names.project.display());
        assert_eq!(linked.find(&uri).0, "lib/main.dart");
        assert_eq!(linked.find("package:app/main.dart").0, "lib/main.dart");
        assert_eq!(linked.package(), Some("app"));
    }

    #[test]
    fn messages_without_a_line_or_a_place() {
        let (_dir, names) = project(&[]);
        let text = "Info: Compiling with sound null safety.\n\
                    lib/x.dart: Error: Error when reading 'lib/x.dart': No such file or directory\n\
                    Error: Out of luck\nand more\n";
        let messages = parse(text, &names);
        assert_eq!(
            plain(&messages),
            "error: lib/x.dart: Error when reading 'lib/x.dart': No such file or directory\nerror: Out of luck\nand more\n"
        );
        assert!(messages[1].to_json().contains(r#""file":null,"line":null,"column":null"#));
        let only = parse("Error: Compilation failed.", &names);
        assert_eq!(only.len(), 1, "the only thing said is kept");
    }

    #[test]
    fn a_repeated_line_that_looks_like_a_message_is_none() {
        let (_dir, names) = project(&[]);
        let text = "lib/a.dart:1:1: Error: Expected a declaration.\nlib/b.dart:2:2: Error: y\n^^^\n";
        let messages = parse(text, &names);
        assert_eq!(messages.len(), 1, "{messages:#?}");
        assert_eq!(messages[0].place.as_ref().unwrap().echo.as_deref(), Some("lib/b.dart:2:2: Error: y"));
        let twice = "lib/a.dart:1:1: Error: x\n".repeat(2);
        assert_eq!(parse(&twice, &names).len(), 1);
    }

    #[test]
    fn columns_count_code_units_and_places_count_characters() {
        let (_dir, names) = project(&[("lib/main.dart", "var s = '💙💙'; int x = s;\n")]);
        let text = "lib/main.dart:1:25: Error: x\nvar s = '💙💙'; int x = s;\n                        ^\n";
        let location = &diagnostics(&parse(text, &names))[0].locations[0].0;
        assert_eq!((location.column, location.width), (23, 1));
        let far = "lib/main.dart:1:4000000000: Error: x\n";
        assert_eq!(diagnostics(&parse(far, &names))[0].locations[0].0.column, 25);
        let none = "lib/main.dart:0:0: Error: x\n";
        assert_eq!(diagnostics(&parse(none, &names))[0].locations[0].0.column, 1);
        let beyond = "lib/main.dart:1:99999999999999999999: Error: x\n";
        assert_eq!(parse(beyond, &names)[0].place.as_ref().unwrap().at, None);
    }

    #[test]
    fn any_text_is_read_in_time() {
        let (_dir, names) = project(&[("lib/main.dart", &"x\n".repeat(50_000))]);
        let parts = [
            "lib/main.dart:3:1:\n",
            "Error: x\n",
            "Error:",
            "\n",
            "^\n",
            "   ^^\n",
            ":::",
            "a:1:2: ",
            "Context: y\n",
            "\r\n",
            "ö",
            "\u{1b}[1m",
            "Compiled ",
            "99999999999999999999",
            " ",
            "\0",
            "lib/x.dart: Warning: ",
        ];
        let mut seed = 7_u32;
        for _ in 0..2_000 {
            let mut text = String::new();
            for _ in 0..20 {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                text.push_str(parts[(seed >> 16) as usize % parts.len()]);
            }
            let _ = diagnostics(&parse(&text, &names));
        }
        let begun = std::time::Instant::now();
        let many: Vec<_> =
            (1..20_000).map(|line| format!("lib/main.dart:{line}:1: Error: y\nx\n^")).collect();
        let messages = parse(&many.join("\n"), &names);
        assert_eq!(diagnostics(&messages).len(), 19_999);
        for long in
            ["a:1:".repeat(200_000), "^\n".repeat(200_000), "Error: \n".repeat(50_000), " ^".repeat(200_000)]
        {
            let _ = diagnostics(&parse(&long, &names));
        }
        // Far from what a step for each pair of lines would take.
        assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
    }

    #[test]
    fn hints_at_the_accessor_that_is_not_imported() {
        let generated =
            "extension E on Environment {\n  KVNamespace get todos => getKVNamespace('TODOS');\n}\n";
        let (_dir, names) = project(&[("lib/environment.g.dart", generated)]);
        let text = "lib/main.dart:1:1: Error: The getter 'todos' isn't defined for the type 'Environment'.\n - 'Environment' is from x.\n";
        let mut messages = parse(text, &names);
        add_accessor_hints(&mut messages, &names);
        let hint =
            "`todos` is in a library that is not imported: add `import 'package:app/environment.g.dart';`";
        assert_eq!(messages[0].hint.as_deref(), Some(hint));
        assert!(messages[0].to_json().contains("\"hint\":\"`todos`"));
        assert!(plain(&messages).ends_with(&format!("hint: {hint}\n")));
    }

    #[test]
    fn finds_the_accessor_that_is_not_imported() {
        let generated =
            "extension E on Environment {\n  KVNamespace get todos => getKVNamespace('TODOS');\n}\n";
        let missing = |name| {
            format!(
                "lib/main.dart:1:1: Error: The getter '{name}' isn't defined for the class 'Environment'."
            )
        };
        let hint = |name| accessor_hint(&missing(name), generated, "app");
        assert_eq!(
            hint("todos").as_deref(),
            Some(
                "`todos` is in a library that is not imported: add `import 'package:app/environment.g.dart';`"
            )
        );
        assert_eq!(
            hint("todo").as_deref(),
            Some("did you mean `todos`? it is in `package:app/environment.g.dart`")
        );
        assert_eq!(hint("views"), None);
        assert_eq!(accessor_hint("Error: x", generated, "app"), None);
    }

    #[test]
    fn names_the_files_of_the_project_as_the_user_does() {
        let text = "file:///home/a%20b/lib/main.dart:3:1: Error: x\n\
                    file:///home/a%20b/functions/%5Bid%5D%20.dart:3:1: Error: 100%20:1:1: \n\
                    package:views/views.dart:4:5: Error: y\n\
                    package:other/other.dart:1:1: Context: z\n";
        let readable = readable(text, Path::new("/home/a b"), "views");
        assert_eq!(
            readable,
            "lib/main.dart:3:1: Error: x\nfunctions/[id] .dart:3:1: Error: 100%20:1:1: \nlib/views.dart:4:5: Error: y\n\
             package:other/other.dart:1:1: Context: z"
        );
        assert_eq!(count(&readable), 3);
    }
}
