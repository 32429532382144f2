//! What is not the same on Linux, macOS and Windows, each difference once, with its reason.
//!
//! Three more have a file of their own: the end of a tree of processes (`process.rs`), being asked to end
//! (`signals.rs`), and single keys of a terminal (`dev/terminal.rs`).

use std::fs::{Metadata, OpenOptions, Permissions};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

/// The file or folder itself, without links, as an absolute path.
///
/// What Windows answers begins with `\\?\`, which neither `cmd` takes for a current folder nor Dart and Node for a part
/// of a URI, so that goes wherever the path means the same without.
pub(crate) fn real(path: &Path) -> io::Result<PathBuf> {
    dunce::canonicalize(path)
}

/// How a user sees why the system refuses a file or a folder.
pub(crate) fn about_rights(path: &Path) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if cfg!(windows) {
        return format!("see who may use it, and `{}`, among their properties", folder.display());
    }
    format!(
        "`ls -ld {} {}` shows whose they are; what was written under `sudo` belongs to `root`",
        folder.display(),
        path.display()
    )
}

/// Whether the process may open as many files as any of its long-lived commands needs at the least. Windows has no such
/// limit.
#[cfg_attr(not(unix), allow(clippy::unnecessary_wraps, reason = "Unix refuses"))]
pub(crate) fn spare_descriptors() -> io::Result<()> {
    #[cfg(unix)]
    {
        const PAIRS: usize = 16;
        let pairs: io::Result<Vec<_>> = (0..PAIRS).map(|_| std::os::unix::net::UnixStream::pair()).collect();
        pairs.map(drop)
    }
    #[cfg(not(unix))]
    Ok(())
}

/// Renames a file, in the place of another one if there is one.
///
/// Windows refuses while another program has the file open and does not share it: an indexer or a scanner does for a
/// moment after each change.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(windows)]
    {
        use std::time::{Duration, Instant};
        const PATIENCE: Duration = Duration::from_secs(1);
        let since = Instant::now();
        loop {
            match std::fs::rename(from, to) {
                Err(error)
                    if error.kind() == io::ErrorKind::PermissionDenied && since.elapsed() < PATIENCE =>
                {
                    std::thread::sleep(Duration::from_millis(10));
                }
                done => return done,
            }
        }
    }
    #[cfg(not(windows))]
    std::fs::rename(from, to)
}

/// Which file or folder this is, by its device and its number there; none where the system does not say.
///
/// Rust tells the number that Windows has for it only to nightly compilers.
#[cfg_attr(unix, allow(clippy::unnecessary_wraps, reason = "Windows has none"))]
pub(crate) fn identity(data: &Metadata) -> Option<(u64, u64)> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        Some((data.dev(), data.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = data;
        None
    }
}

/// Whether this is a file that its owner alone can read.
///
/// On Windows a file has the permissions of its folder, and a user's folders are the user's own.
pub(crate) fn is_private(data: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        const GROUP_AND_OTHERS: u32 = 0o077;
        data.is_file() && data.mode() & GROUP_AND_OTHERS == 0 && data.nlink() == 1
    }
    #[cfg(not(unix))]
    data.is_file()
}

/// A file that is made by these options is its owner's alone, from its first byte on; see [`is_private`].
pub(crate) fn for_owner_alone(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}

/// As [`for_owner_alone`], for those who have these `permissions`.
pub(crate) fn for_those_of(options: &mut OpenOptions, permissions: &Permissions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, std::os::unix::fs::PermissionsExt::mode(permissions));
    #[cfg(not(unix))]
    let _ = (options, permissions);
}

/// Whether the system killed the process, as it does when memory is short. Windows has no signals.
pub(crate) fn is_killed(status: ExitStatus) -> bool {
    #[cfg(unix)]
    {
        const SIGKILL: i32 = 9;
        std::os::unix::process::ExitStatusExt::signal(&status) == Some(SIGKILL)
    }
    #[cfg(not(unix))]
    {
        let _ = status;
        false
    }
}

/// The shell that runs a command line of the user's, as it runs the scripts of npm.
pub(crate) fn shell() -> (&'static str, &'static [&'static str]) {
    if cfg!(windows) { ("cmd", &["/d", "/s", "/c"]) } else { ("sh", &["-c"]) }
}

/// Gives the shell its command line, untouched: `cmd` does not take the quotes apart that other programs on Windows do.
pub(crate) fn give_line(shell: &mut tokio::process::Command, line: &str) {
    #[cfg(windows)]
    shell.raw_arg(format!("\"{line}\""));
    #[cfg(not(windows))]
    shell.arg(line);
}

/// What opens a URL in the user's browser.
pub(crate) fn opener() -> &'static str {
    if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer"
    } else {
        "xdg-open"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_path_leads_to_the_same_file_and_can_be_shown() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ü b").join("c.txt");
        std::fs::create_dir(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "x").unwrap();
        let real = real(&dir.path().join("ü b").join("..").join("ü b").join("c.txt")).unwrap();
        assert!(real.is_absolute() && !real.display().to_string().starts_with(r"\\?\"), "{real:?}");
        assert_eq!(std::fs::read_to_string(&real).unwrap(), "x");
        assert!(super::real(&dir.path().join("none")).is_err());
    }

    #[test]
    fn a_rename_takes_the_place_of_a_file_that_is_open() {
        let dir = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| dir.path().join(name));
        std::fs::write(&from, "new").unwrap();
        std::fs::write(&to, "old").unwrap();
        let reader = std::fs::File::open(&to).unwrap();
        rename(&from, &to).unwrap();
        assert_eq!(io::read_to_string(reader).unwrap(), "old");
        assert_eq!(std::fs::read_to_string(&to).unwrap(), "new");
        assert!(rename(&from, &to).is_err());
    }
}
