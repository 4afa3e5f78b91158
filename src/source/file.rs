//! A file to read: found beside the pipeline's own, its bytes read in any order from any thread.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::error::{Error, Problem, Result};
use crate::place::{Place, Placed, Text};
use crate::plain_file::plain;

/// A file that is open.
#[derive(Debug)]
pub struct OpenFile {
    /// Its path.
    pub path: PathBuf,
    /// The file.
    pub file: File,
    /// Its bytes when it was opened.
    pub length: u64,
    /// Where the pipeline names it.
    pub place: Place,
    modified: u128,
}

impl OpenFile {
    /// Opens the file at `path`, which is relative to the file that names it.
    ///
    /// # Errors
    /// It is not there, is no plain file, or is compressed.
    pub fn open(path: &Placed<Text>) -> Result<Self, Problem> {
        let found = path.beside();
        let shown = found.display().to_string();
        let doing = || Problem::new(format!("could not read `{shown}`")).at(&path.place);
        let file = plain(&found).and_then(|_| File::open(&found));
        let file = file.map_err(|error| {
            let problem = doing().cause(&error);
            match error.kind() {
                std::io::ErrorKind::NotFound => {
                    problem.hint("a path to read is relative to the pipeline's file")
                }
                _ => problem,
            }
        })?;
        let about = file.metadata().map_err(|error| doing().cause(error))?;
        refuse_compressed(&found).map_err(|problem| problem.at(&path.place))?;
        let modified = about.modified().ok();
        let modified = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Ok(Self {
            path: found,
            file,
            length: about.len(),
            place: path.place.clone(),
            modified: modified.map_or(0, |since| since.as_nanos()),
        })
    }

    /// The bytes from `start` to `end`.
    ///
    /// # Errors
    /// The disk fails, the file has become shorter, or what it says of itself lies behind its end.
    pub fn bytes(&self, start: u64, end: u64) -> Result<Vec<u8>> {
        // Before there is memory for it: what a broken file asks for can be more than there is.
        if start > end || end > self.length {
            let what = format!("could not read `{}`", self.path.display());
            let (cause, hint) = (
                format!(
                    "bytes {start} to {end} are asked for, and it has {}",
                    self.length
                ),
                "is the file complete?",
            );
            return Err(Error::because(what, cause).hint(hint));
        }
        let mut bytes = vec![0; (end - start) as usize];
        self.file
            .read_exact_at(&mut bytes, start)
            .map_err(|error| {
                Error::because(format!("could not read `{}`", self.path.display()), error)
                    .hint("a file must not change while it is read")
            })?;
        Ok(bytes)
    }

    /// Its path and size, in one line.
    pub fn describe(&self) -> String {
        let size = crate::units::show_bytes(self.length);
        format!("{}, {size}", self.path.display())
    }

    /// Changes when the file is written again.
    pub fn digest(&self) -> String {
        let (path, length, modified) = (self.path.display(), self.length, self.modified);
        format!("{path} {length} {modified}")
    }

    /// A problem with the file as a whole.
    pub fn problem(&self, cause: impl std::fmt::Display) -> Problem {
        Problem::new(format!("could not read `{}`", self.path.display()))
            .at(&self.place)
            .cause(cause)
    }
}

fn refuse_compressed(path: &Path) -> Result<(), Problem> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let tool = match extension {
        Some("gz" | "gzip") => "gunzip",
        Some("zst" | "zstd") => "zstd -d",
        Some("bz2") => "bunzip2",
        Some("xz") => "unxz",
        _ => return Ok(()),
    };
    let shown = path.display();
    Err(Problem::new(format!("`{shown}` is compressed: its rows cannot be read in parallel"))
        .hint(format!("unpack it first with `{tool} {shown}`, or read a Parquet or Avro file, which are compressed inside")))
}
