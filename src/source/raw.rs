//! The bytes of a file as they are on the disk, read at any place from any thread.

use std::fs::{File, Metadata};
use std::io::{Error, Read, Result};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::remote::RemoteFile;

/// A file that is read.
#[derive(Debug)]
pub struct RawFile {
    path: PathBuf,
    identity: FileIdentity,
    bytes: Bytes,
    /// Set once its bytes cannot be had.
    out_of_reach: Arc<AtomicBool>,
}

/// Where its bytes are.
#[derive(Debug)]
enum Bytes {
    /// In a file that is held open.
    Held(File),
    /// In one of many files: it is opened for each read.
    Anew,
    /// In an object.
    Remote(RemoteFile),
}

/// What tells a file from any other, and from itself once it is written again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileIdentity {
    device: u64,
    inode: u64,
    /// How many bytes it has.
    pub length: u64,
    seconds: i64,
    nanoseconds: i64,
}

/// A file's bytes, one after the other.
#[derive(Debug, Clone)]
pub struct RawBytes {
    raw: Arc<RawFile>,
    /// Where it stands.
    pub at: u64,
}

impl FileIdentity {
    fn of(about: &Metadata) -> Self {
        Self {
            device: about.dev(),
            inode: about.ino(),
            length: about.len(),
            seconds: about.mtime(),
            nanoseconds: about.mtime_nsec(),
        }
    }

    /// When it was written, in nanoseconds since 1970.
    pub fn written(&self) -> i128 {
        i128::from(self.seconds) * 1_000_000_000 + i128::from(self.nanoseconds)
    }
}

impl RawFile {
    /// An open file. Unless it is held it is opened for each read: a system lets a process hold only
    /// so many files.
    ///
    /// # Errors
    /// The system tells nothing of it.
    pub fn new(path: &Path, file: File, hold: bool) -> Result<Self> {
        Ok(Self {
            // It is looked for again, maybe when the process works in another folder.
            path: std::path::absolute(path)?,
            identity: FileIdentity::of(&file.metadata()?),
            bytes: match hold {
                true => Bytes::Held(file),
                false => Bytes::Anew,
            },
            out_of_reach: Arc::default(),
        })
    }

    /// The same, which notes there that its bytes cannot be had: libraries that ask for them tell of it in
    /// words of their own.
    #[must_use]
    pub fn watched(self, out_of_reach: &Arc<AtomicBool>) -> Self {
        Self {
            out_of_reach: out_of_reach.clone(),
            ..self
        }
    }

    /// An object.
    pub fn of(object: RemoteFile) -> Self {
        let (length, mark) = object.identity();
        Self {
            path: object.path().to_path_buf(),
            // An object has neither device nor inode: the mark of its version stands for both.
            identity: FileIdentity {
                device: 0,
                inode: mark,
                length,
                seconds: mark as i64,
                nanoseconds: 0,
            },
            bytes: Bytes::Remote(object),
            out_of_reach: Arc::default(),
        }
    }

    /// What it is.
    pub fn identity(&self) -> FileIdentity {
        self.identity
    }

    /// Some bytes from `at` on; none where it ends.
    ///
    /// # Errors
    /// The disk fails, or it is not the file that it was.
    pub fn read_at(&self, buffer: &mut [u8], at: u64) -> Result<usize> {
        self.noted(match &self.bytes {
            Bytes::Held(file) => file.read_at(buffer, at),
            Bytes::Anew => self.open().and_then(|file| file.read_at(buffer, at)),
            Bytes::Remote(object) => object.read_at(buffer, at),
        })
    }

    /// All bytes from `at` on that the buffer holds.
    ///
    /// # Errors
    /// As `read_at`, or it has become shorter.
    pub fn read_exact_at(&self, buffer: &mut [u8], at: u64) -> Result<()> {
        self.noted(match &self.bytes {
            Bytes::Held(file) => file.read_exact_at(buffer, at),
            Bytes::Anew => self.open().and_then(|file| file.read_exact_at(buffer, at)),
            Bytes::Remote(object) => object.read_exact_at(buffer, at),
        })
    }

    fn noted<T>(&self, read: Result<T>) -> Result<T> {
        read.inspect_err(|_| self.out_of_reach.store(true, Ordering::Relaxed))
    }

    /// # Errors
    /// Another file is there now, or it was written since it was opened.
    pub fn unchanged(&self) -> Result<()> {
        let same = match &self.bytes {
            Bytes::Remote(object) => object.is_still()?,
            _ => FileIdentity::of(&std::fs::metadata(&self.path)?) == self.identity,
        };
        still(same)
    }

    /// True if it has grown since it was opened, which leaves what was read as it was. A file that another one
    /// has taken the name of is held, and stays. Objects are asked for by their version.
    ///
    /// # Errors
    /// Its bytes were written over.
    pub fn has_grown(&self) -> Result<bool> {
        let now = match &self.bytes {
            Bytes::Held(file) => FileIdentity::of(&file.metadata()?),
            Bytes::Anew => FileIdentity::of(&std::fs::metadata(&self.path)?),
            Bytes::Remote(_) => return Ok(false),
        };
        let has_grown = now.inode == self.identity.inode && now.length > self.identity.length;
        still(has_grown || now == self.identity).map(|()| has_grown)
    }

    fn open(&self) -> Result<File> {
        let file = File::open(&self.path)?;
        // By its name alone it could be another file by now, and the index of rows that was made of
        // the first one would lead anywhere in it.
        still(FileIdentity::of(&file.metadata()?) == self.identity).map(|()| file)
    }
}

fn still(same: bool) -> Result<()> {
    match same {
        true => Ok(()),
        false => Err(Error::other("it has been written since it was opened")),
    }
}

impl RawBytes {
    /// From the byte at `at` on.
    pub fn new(raw: &Arc<RawFile>, at: u64) -> Self {
        let raw = raw.clone();
        Self { raw, at }
    }
}

impl Read for RawBytes {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let read = self.raw.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_written_again_is_not_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, "one").unwrap();
        let raw = RawFile::new(&path, File::open(&path).unwrap(), false).unwrap();
        let mut bytes = [0; 2];
        raw.read_exact_at(&mut bytes, 1).unwrap();
        assert_eq!(&bytes, b"ne");
        std::fs::write(folder.path().join("y"), "two").unwrap();
        std::fs::rename(folder.path().join("y"), &path).unwrap();
        let error = raw.read_exact_at(&mut bytes, 1).unwrap_err();
        assert_eq!(error.to_string(), "it has been written since it was opened");
    }

    #[test]
    fn a_held_file_is_looked_at_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, "one").unwrap();
        let raw = || RawFile::new(&path, File::open(&path).unwrap(), true).unwrap();
        let held = raw();
        held.unchanged().unwrap();
        // In place, with as many bytes, and another time.
        std::fs::write(&path, "two").unwrap();
        let later = std::time::SystemTime::now() + std::time::Duration::from_secs(9);
        File::options()
            .write(true)
            .open(&path)
            .and_then(|file| file.set_modified(later))
            .unwrap();
        held.unchanged().unwrap_err();
        let held = raw();
        std::fs::remove_file(&path).unwrap();
        let error = held.unchanged().unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    }
}
