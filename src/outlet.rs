//! Files that a run writes beside its rows: results, counters, reports. Devices and what standard streams
//! lead to are written through, links are followed, and nothing is replaced by something else.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::path::{Component, Path, PathBuf};

/// As many links as the system follows.
const MOST_LINKS: usize = 40;

/// `/dev/stdout` and its like, which may lead to a regular file that somebody else has opened.
pub fn is_standard_stream(path: &Path) -> bool {
    ["/dev/stdout", "/dev/stderr"]
        .iter()
        .any(|name| path == Path::new(name))
        || path.starts_with("/dev/fd")
        || path.starts_with("/proc")
}

/// Opens what is there to write to it, whatever it is.
///
/// # Errors
/// The system refuses.
pub fn through(path: &Path) -> io::Result<File> {
    match path.to_str() {
        // Our own descriptor: opening the path anew would begin at the start of a file that the
        // shell redirects to, even when it appends.
        Some("/dev/stdout") => io::stdout().as_fd().try_clone_to_owned().map(File::from),
        Some("/dev/stderr") => io::stderr().as_fd().try_clone_to_owned().map(File::from),
        _ => OpenOptions::new().write(true).open(path),
    }
}

/// Where links lead to that lead to nothing yet: what is written to them is made there.
pub fn led_to(path: &Path) -> PathBuf {
    let mut path = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&path) {
            Ok(to) if !path.exists() => path = path.parent().unwrap_or(&path).join(to),
            _ => break,
        }
    }
    path
}

/// The whole path, without links as far as it is there.
pub fn resolved(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    for there in path.ancestors() {
        if let Ok(found) = there.canonicalize() {
            return match path.strip_prefix(there) {
                Ok(rest) if rest.as_os_str().is_empty() => found,
                Ok(rest) => below(found, rest),
                Err(_) => found,
            };
        }
    }
    path
}

/// A path below a folder, where nothing is there yet: `..` leads back out.
fn below(mut folder: PathBuf, rest: &Path) -> PathBuf {
    for part in rest.components() {
        match part {
            Component::ParentDir => drop(folder.pop()),
            part => folder.push(part),
        }
    }
    folder
}

/// True of a device such as `/dev/null`: any number of outputs may go there.
pub fn is_device(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.file_type().is_char_device())
}

/// A regular file, a device of characters, a standard stream or nothing yet: all else is refused. A named
/// pipe would be waited for, whatever signals come.
///
/// # Errors
/// It is something else.
pub fn check(path: &Path) -> io::Result<()> {
    let said = path.as_os_str().as_encoded_bytes();
    if said.is_empty() || said.ends_with(b"/") {
        let what = if said.is_empty() {
            "it has no name"
        } else {
            "with `/` at its end it is a folder"
        };
        return Err(io::Error::other(what));
    }
    let Ok(found) = fs::metadata(path) else {
        return Ok(());
    };
    let kind = found.file_type();
    if kind.is_dir() {
        return Err(io::Error::other("it is a folder"));
    }
    if kind.is_file() || kind.is_char_device() || is_standard_stream(path) {
        return Ok(());
    }
    let what = match (kind.is_fifo(), kind.is_socket()) {
        (true, _) => "a named pipe",
        (_, true) => "a socket",
        _ => "a device of blocks",
    };
    Err(io::Error::other(format!(
        "it is {what}: a file, a device such as `/dev/null` or `/dev/stdout` can be written"
    )))
}

/// Writes all of a file at once: what is there stays as it was until the new one is whole.
///
/// # Errors
/// It is something that is refused, or the system refuses.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut outlet = Outlet::open(path)?;
    let written = outlet.file.write_all(text.as_bytes());
    outlet.end(written.is_ok()).and(written)
}

/// Finds out whether it could be written.
///
/// # Errors
/// It could not.
pub fn probe(path: &Path) -> io::Result<()> {
    Outlet::open(path)?.end(false)
}

/// A file that has its name once it is whole, or what is written through.
#[derive(Debug)]
pub struct Outlet {
    /// What is written.
    pub file: File,
    /// Its hidden name and the one that it is to have; nothing for what is written through.
    pub names: Option<(PathBuf, PathBuf)>,
}

impl Outlet {
    /// Opens it, under a hidden name if it is a file.
    ///
    /// # Errors
    /// It is something that is refused, or the system refuses.
    pub fn open(path: &Path) -> io::Result<Self> {
        check(path)?;
        if is_standard_stream(path) || is_device(path) {
            let file = through(path)?;
            return Ok(Self { file, names: None });
        }
        let target = target(path);
        let there = match OpenOptions::new().append(true).open(&target) {
            Ok(file) => Some(file.metadata()?.permissions()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let hidden = target.with_file_name(format!(".{name}.{}.part", std::process::id()));
        let target = target.with_file_name(name.as_ref());
        let file = File::create(&hidden)?;
        // Who may read it may read what takes its place.
        let kept = there.map_or(Ok(()), |there| file.set_permissions(there));
        let names = Some((hidden, target));
        let outlet = Self { file, names };
        match kept {
            Ok(()) => Ok(outlet),
            Err(error) => outlet.end(false).and(Err(error)),
        }
    }

    /// The same; its folder is made.
    ///
    /// # Errors
    /// It is something that is refused, or the system refuses.
    pub fn open_with_folder(path: &Path) -> io::Result<Self> {
        check(path)?;
        let target = target(path);
        let folder = target.parent().filter(|folder| *folder != Path::new(""));
        folder.map_or(Ok(()), fs::create_dir_all)?;
        Self::open(path)
    }

    /// Gives it its name if it is whole, and removes it if not.
    ///
    /// # Errors
    /// The system refuses.
    pub fn end(self, whole: bool) -> io::Result<()> {
        match &self.names {
            None => Ok(()),
            Some((hidden, target)) if whole => fs::rename(hidden, target),
            Some((hidden, _)) => fs::remove_file(hidden),
        }
    }
}

/// What links lead to.
fn target(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| led_to(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use std::process::Command;

    #[test]
    fn links_lead_to_the_file_that_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("old"), "x").unwrap();
        symlink("old", at("first")).unwrap();
        symlink(at("first"), at("second")).unwrap();
        symlink("new", at("dangling")).unwrap();
        for (link, file) in [("first", "old"), ("second", "old"), ("dangling", "new")] {
            let (_, target) = Outlet::open(&at(link)).unwrap().names.unwrap();
            assert_eq!(target.file_name(), at(file).file_name(), "{link}");
            write(&at(link), link).unwrap();
            assert_eq!(fs::read_to_string(at(file)).unwrap(), link);
            assert!(at(link).is_symlink());
        }
    }

    #[test]
    fn pipes_sockets_and_folders_are_refused_and_devices_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        assert!(
            Command::new("mkfifo")
                .arg(at("pipe"))
                .status()
                .unwrap()
                .success()
        );
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        symlink("pipe", at("link")).unwrap();
        for (name, said) in [
            ("pipe", "a named pipe"),
            ("link", "a named pipe"),
            ("socket", "a socket"),
            (".", "a folder"),
            ("new/", "it is a folder"),
        ] {
            for error in [
                Outlet::open(&at(name)).unwrap_err(),
                write(&at(name), "x").unwrap_err(),
            ] {
                assert!(error.to_string().contains(said), "{name}: {error}");
            }
        }
        // Nodes of devices need root.
        let mut node = Command::new("mknod");
        let made = node.arg(at("null")).args(["c", "1", "3"]).output();
        if made.is_ok_and(|made| made.status.success()) && through(&at("null")).is_ok() {
            symlink("null", at("to_null")).unwrap();
            for name in ["null", "to_null"] {
                assert!(Outlet::open(&at(name)).unwrap().names.is_none());
                write(&at(name), "x").unwrap();
                assert!(is_device(&at("null")));
            }
        }
    }

    #[test]
    fn what_is_there_stays_until_the_new_one_is_whole() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let names = || fs::read_dir(folder.path()).unwrap().count();
        fs::write(at("old"), "old").unwrap();
        fs::set_permissions(at("old"), fs::Permissions::from_mode(0o640)).unwrap();
        probe(&at("old")).unwrap();
        probe(&at("new")).unwrap();
        assert_eq!(names(), 1);
        let mut outlet = Outlet::open(&at("old")).unwrap();
        outlet.file.write_all(b"half").unwrap();
        assert_eq!(fs::read_to_string(at("old")).unwrap(), "old");
        outlet.end(false).unwrap();
        assert_eq!((names(), fs::read(at("old")).unwrap()), (1, b"old".into()));
        write(&at("old"), "new").unwrap();
        let found = fs::metadata(at("old")).unwrap();
        assert_eq!(
            (found.len(), found.permissions().mode() & 0o777),
            (3, 0o640)
        );
        assert!(probe(&at("no/new")).is_err() && names() == 1);
        let made = Outlet::open_with_folder(&at("no/new")).unwrap();
        made.end(true).unwrap();
        assert!(at("no/new").is_file());
    }
}
