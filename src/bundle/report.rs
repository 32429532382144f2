//! How large a published Worker is, part by part, and how long it takes to start.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

use super::measure::Startup;
use crate::diagnostic::{Code, Diagnostic};
use crate::error::{Error, Result};

/// How much Cloudflare takes of one Worker, uncompressed, on every plan.
/// See <https://developers.cloudflare.com/workers/platform/limits/#worker-size>.
const LIMIT: u64 = 64 * 1024 * 1024;

/// How much of the limit, in hundredths, is worth a warning.
const WARN_FROM: u64 = 80;

/// What a published Worker is made of.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    /// The largest first.
    parts: Vec<Part>,
    total: Size,
    limit_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    startup: Option<Startup>,
}

/// Files that a user knows under one name.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Part {
    name: &'static str,
    /// From the output folder.
    files: Vec<String>,
    #[serde(flatten)]
    size: Size,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Size {
    bytes: u64,
    gzip_bytes: u64,
}

impl Size {
    fn add(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.gzip_bytes += other.gzip_bytes;
    }
}

impl Report {
    /// Weighs `files`, paths from `folder`; of these, source maps and dot files are not uploaded with the Worker.
    pub(crate) fn of<F: AsRef<Path>>(folder: &Path, files: &[F]) -> Result<Self> {
        let mut parts: Vec<Part> = Vec::new();
        let mut total = Size::default();
        for file in files.iter().map(AsRef::as_ref).filter(|file| is_uploaded(file)) {
            let path = folder.join(file);
            let size = weigh(&path).map_err(|source| Error::Io { action: "read", path, source })?;
            total.add(size);
            let name = part_of(file);
            let file = file.to_string_lossy().replace('\\', "/");
            if let Some(part) = parts.iter_mut().find(|part| part.name == name) {
                part.files.push(file);
                part.size.add(size);
            } else {
                parts.push(Part { name, files: vec![file], size });
            }
        }
        parts.sort_by_key(|part| std::cmp::Reverse(part.size.bytes));
        Ok(Self { parts, total, limit_bytes: LIMIT, startup: None })
    }

    /// Adds how long the Worker takes to start.
    pub(crate) fn with_startup(mut self, startup: Startup) -> Self {
        self.startup = Some(startup);
        self
    }

    /// What Cloudflare may refuse, or will: the latter with the severity of an error, for the command that uploads.
    pub(crate) fn warnings(&self) -> Vec<Diagnostic> {
        self.size_warning().into_iter().chain(self.startup.as_ref().and_then(Startup::warning)).collect()
    }

    fn size_warning(&self) -> Option<Diagnostic> {
        let bytes = self.total.bytes;
        let diagnostic = if bytes > self.limit_bytes {
            Diagnostic::error(
                Code::TooLarge,
                format!(
                    "the Worker has {}, and Cloudflare takes 64 MiB ({}) uncompressed",
                    human(bytes),
                    human(self.limit_bytes)
                ),
            )
        } else if bytes * 100 >= self.limit_bytes * WARN_FROM {
            Diagnostic::warning(
                Code::NearlyTooLarge,
                format!(
                    "the Worker has {}, {} % of the 64 MiB that Cloudflare takes uncompressed",
                    human(bytes),
                    percent(bytes, self.limit_bytes)
                ),
            )
        } else {
            return None;
        };
        let largest = self.parts.first()?;
        Some(diagnostic.hint(format!(
            "the largest part is {} with {}: leave out packages and data that the Worker does not need",
            largest.label(),
            human(largest.size.bytes)
        )))
    }
}

impl Part {
    fn label(&self) -> String {
        match self.files.as_slice() {
            [file] => format!("{} ({})", self.name, file.rsplit('/').next().unwrap_or(file)),
            files => format!("{} ({} files)", self.name, files.len()),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<_> = self
            .parts
            .iter()
            .map(|part| (part.label(), part.size))
            .chain([("total".to_owned(), self.total)])
            .map(|(label, size)| (label, human(size.bytes), human(size.gzip_bytes)))
            .collect();
        let width = |of: fn(&(String, String, String)) -> &String| {
            rows.iter().map(|row| of(row).chars().count()).max().unwrap_or(0)
        };
        let (label_width, raw_width, gzip_width) =
            (width(|row| &row.0), width(|row| &row.1), width(|row| &row.2));
        for (label, raw, gzip) in &rows {
            writeln!(f, "{label:label_width$}  {raw:>raw_width$}  gzip {gzip:>gzip_width$}")?;
        }
        write!(
            f,
            "{} % of the 64 MiB that Cloudflare takes, uncompressed",
            percent(self.total.bytes, self.limit_bytes)
        )?;
        match &self.startup {
            Some(startup) => write!(f, "\n{startup}"),
            None => Ok(()),
        }
    }
}

fn is_uploaded(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    !name.starts_with('.') && file.extension().is_none_or(|extension| extension != "map")
}

/// What a user calls the part that `file` belongs to.
fn part_of(file: &Path) -> &'static str {
    match file.file_name().and_then(|name| name.to_str()) {
        Some("main.js") => "your program",
        Some("main.wasm") => "Wasm module",
        Some("main.mjs") => "Dart's loader of the Wasm module",
        _ => "dartflare's shim",
    }
}

fn weigh(path: &Path) -> io::Result<Size> {
    let mut file = File::open(path)?;
    let mut gzip = GzEncoder::new(Count::default(), Compression::default());
    let mut bytes = 0;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        bytes += read as u64;
        gzip.write_all(&buffer[..read])?;
    }
    Ok(Size { bytes, gzip_bytes: gzip.finish()?.0 })
}

/// Counts what is written to it.
#[derive(Default)]
struct Count(u64);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// `part` in hundredths of `whole`, with one decimal.
fn percent(part: u64, whole: u64) -> String {
    let tenths = (part * 1000 + whole / 2) / whole;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// A size as people read it, in steps of 1000: `512 B`, `1.2 kB`, `1.2 MB`.
pub(crate) fn human(bytes: u64) -> String {
    let (unit, name) = match bytes {
        // What rounds up to 1000.0 of a unit is 1.0 of the next.
        999_950.. => (1_000_000, "MB"),
        1000.. => (1000, "kB"),
        _ => return format!("{bytes} B"),
    };
    let tenths = (bytes * 10 + unit / 2) / unit;
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::diagnostic::Severity;

    fn of(bytes: u64) -> Report {
        let size = Size { bytes, gzip_bytes: bytes / 4 };
        let part = Part { name: "your program", files: vec!["app-1/main.js".to_owned()], size };
        Report { parts: vec![part], total: size, limit_bytes: LIMIT, startup: None }
    }

    #[test]
    fn each_part_is_named_as_a_user_knows_it() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("app-1")).unwrap();
        let files = [
            ("worker.mjs", 50),
            (".gitignore", 2),
            (".dartflare.json", 9000),
            ("app-1/worker.mjs", 950),
            ("app-1/main.js", 1_250_000),
            ("app-1/main.js.map", 3_000_000),
            ("app-1/shim.mjs", 2345),
        ];
        for (file, bytes) in files {
            fs::write(dir.path().join(file), vec![b'a'; bytes]).unwrap();
        }
        let report = Report::of(dir.path(), &files.map(|(file, _)| file)).unwrap();
        let startup = Startup { median_ms: 12.34, spread_ms: 3.0, runs: 9 };
        let report = report.with_startup(startup);
        let gzip = report.parts[0].size.gzip_bytes;
        assert!((1000..10_000).contains(&gzip), "{gzip}");
        assert_eq!(
            report.to_string(),
            format!(
                "your program (main.js)      1.3 MB  gzip {0:>6}\n\
                 dartflare's shim (3 files)  3.3 kB  gzip {1:>6}\n\
                 total                       1.3 MB  gzip {2:>6}\n\
                 1.9 % of the 64 MiB that Cloudflare takes, uncompressed\n\
                 starts in 12 ms in the local workerd (spread 3 ms, 9 runs), of the 1 s that Cloudflare allows",
                human(gzip),
                human(report.parts[1].size.gzip_bytes),
                human(report.total.gzip_bytes)
            )
        );
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["parts"][0]["bytes"], 1_250_000);
        assert_eq!(json["parts"][1]["files"][1], "app-1/worker.mjs");
        assert_eq!(json["total"]["gzipBytes"], report.total.gzip_bytes);
        assert_eq!(json["limitBytes"], 67_108_864);
        assert_eq!(json["startup"]["medianMs"], 12.34);
    }

    #[test]
    fn the_gzip_size_is_that_of_a_gzip_file() {
        let dir = tempfile::tempdir().unwrap();
        let text: Vec<u8> = (0..200_000_u32).flat_map(|at| (at / 7).to_string().into_bytes()).collect();
        fs::write(dir.path().join("main.js"), &text).unwrap();
        let mut whole = GzEncoder::new(Vec::new(), Compression::default());
        whole.write_all(&text).unwrap();
        let size = weigh(&dir.path().join("main.js")).unwrap();
        assert_eq!(size, Size { bytes: text.len() as u64, gzip_bytes: whole.finish().unwrap().len() as u64 });
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Report::of(Path::new("nowhere"), &["main.js"]).unwrap_err();
        assert!(error.diagnostic().message.starts_with("cannot read `nowhere"), "{error:?}");
    }

    #[test]
    fn what_comes_near_the_limit_or_exceeds_it() {
        assert_eq!(of(LIMIT * 79 / 100).warnings(), []);
        let [near] = of(LIMIT * 8 / 10 + 1).warnings().try_into().unwrap();
        assert_eq!(near.severity, Severity::Warning);
        assert_eq!(near.code, Some(Code::NearlyTooLarge));
        assert_eq!(
            near.message,
            "the Worker has 53.7 MB, 80.0 % of the 64 MiB that Cloudflare takes uncompressed"
        );
        let [at] = of(LIMIT).warnings().try_into().unwrap();
        assert_eq!(at.severity, Severity::Warning);
        let [over] = of(LIMIT + 1_000_000).warnings().try_into().unwrap();
        assert_eq!(over.severity, Severity::Error);
        assert_eq!(over.code, Some(Code::TooLarge));
        assert_eq!(
            over.message,
            "the Worker has 68.1 MB, and Cloudflare takes 64 MiB (67.1 MB) uncompressed"
        );
        let hint = over.hint.unwrap();
        assert!(hint.starts_with("the largest part is your program (main.js) with 68.1 MB"), "{hint}");
    }

    #[test]
    fn sizes_for_people() {
        let shown =
            [0, 999, 1000, 1049, 1050, 999_949, 999_950, 67_108_864].map(|bytes| (bytes, human(bytes)));
        let expected = ["0 B", "999 B", "1.0 kB", "1.0 kB", "1.1 kB", "999.9 kB", "1.0 MB", "67.1 MB"];
        assert_eq!(shown.each_ref().map(|(_, text)| text.as_str()), expected);
    }
}
