//! A file to read, compressed or not: its bytes are read in any order from any thread.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::first_bytes::{ENOUGH, FirstBytes};
use super::packed::Packed;
use super::raw::{RawBytes, RawFile};
use super::remote::RemoteFile;
use super::unpack::Packing;
use crate::client::object::Object;
use crate::error::{Error, Problem, Result};
use crate::place::{FilePath, Place, Placed};
use crate::plain_file::plain;

/// A file that is open.
#[derive(Debug)]
pub struct OpenFile {
    /// Its path.
    pub path: PathBuf,
    /// Its bytes when it was opened; of a compressed file, those that it holds.
    pub length: u64,
    /// Where the pipeline names it.
    pub place: Place,
    alone: bool,
    raw: Arc<RawFile>,
    packed: Option<Packed>,
}

/// A file that is not open yet.
#[derive(Debug, Clone)]
pub struct Closed {
    /// Its path.
    pub path: PathBuf,
    /// What its store says of it, where it is an object.
    pub object: Option<Object>,
    /// What the pipeline says of it.
    pub said: Placed<FilePath>,
    /// It is kept open: it is one of few.
    pub hold: bool,
    /// What is unpacked of it is kept from the beginning: it is the only one.
    pub alone: bool,
    /// It may be compressed as a whole; formats that are compressed inside cannot be.
    pub packed: bool,
    /// How long its store is waited for, where the run says it.
    pub patience: Option<Duration>,
    /// Its disk or its store has not given what was asked for.
    pub out_of_reach: Arc<AtomicBool>,
}

impl Closed {
    /// Opens it.
    ///
    /// # Errors
    /// It is not there, is no plain file, or is compressed by what is not known.
    pub fn open(&self) -> Result<OpenFile, Problem> {
        let raw = match &self.object {
            Some(object) => RemoteFile::new(&self.path, object, self.patience).map(RawFile::of),
            None => self.open_raw(),
        };
        let raw = raw.inspect_err(|_| self.out_of_reach.store(true, Ordering::Relaxed))?;
        let raw = Arc::new(raw.watched(&self.out_of_reach));
        let packed = self.unpacked(&raw)?;
        let length = packed.as_ref().map(|packed| packed.length);
        Ok(OpenFile {
            length: length.unwrap_or(raw.identity().length),
            path: self.path.clone(),
            place: self.said.place.clone(),
            alone: self.alone,
            raw,
            packed,
        })
    }

    fn open_raw(&self) -> Result<RawFile, Problem> {
        // A pipe would be waited for: nothing but plain files is opened.
        plain(&self.path).map_err(|error| match self.path == self.said.beside() {
            true => absent(self.problem().cause(&error), &error, &self.said),
            // It was found there a moment ago.
            false => self.problem().cause(error),
        })?;
        let failed = |error: std::io::Error| self.problem().cause(error);
        let file = File::open(&self.path).map_err(failed)?;
        RawFile::new(&self.path, file, self.hold).map_err(failed)
    }

    /// Its bytes on the disk, or in its store.
    pub fn stored(&self) -> u64 {
        if let Some(object) = &self.object {
            return object.bytes;
        }
        self.path.metadata().map_or(0, |about| about.len())
    }

    /// True once its bytes could not be had, whatever they are.
    pub fn is_out_of_reach(&self) -> bool {
        self.out_of_reach.load(Ordering::Relaxed)
    }

    /// A problem with it as a whole.
    pub fn problem(&self) -> Problem {
        Problem::new(format!("could not read `{}`", self.path.display())).at(&self.said.place)
    }

    /// What the file holds, if it is compressed.
    fn unpacked(&self, raw: &Arc<RawFile>) -> Result<Option<Packed>, Problem> {
        let mut first = [0; ENOUGH as usize];
        let read = raw.read_at(&mut first, 0);
        let read = read.map_err(|error| self.problem().cause(error))?;
        let kind = FirstBytes::of(&first[..read]);
        let found = Packing::of_kind(kind);
        if let (true, Some(tool)) = (found.is_none() || !self.packed, kind.unpack()) {
            return Err(self.unpack_first(kind.name(), tool));
        }
        let extension = self
            .path
            .extension()
            .and_then(|extension| extension.to_str());
        let named = extension.and_then(Packing::of_extension);
        let Some(packing) = found.or(named) else {
            return Ok(None);
        };
        if found != Some(packing) || named.is_some_and(|named| named != packing) {
            let says = named.map_or("", Packing::name);
            let is = found.map_or("something else", Packing::name);
            let what = format!("its name says {says}, and its first bytes {is}");
            return Err(self
                .problem()
                .cause(what)
                .hint("give it the name of what it is"));
        }
        let packed = Packed::new(raw.clone(), packing);
        packed.map(Some).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => self
                .problem()
                .cause(format!("its {} data ends in the middle", packing.name()))
                .hint("is the file complete?"),
            _ => self.problem().cause(error),
        })
    }

    fn unpack_first(&self, name: &str, tool: &str) -> Problem {
        let (shown, what) = (
            self.path.display(),
            format!("it is {name}: unpack it first"),
        );
        let hint = format!("`{tool} {shown} > unpacked` makes a file that can be read");
        self.problem().cause(what).hint(hint)
    }
}

impl OpenFile {
    /// What its first bytes say that it is, whatever its name says; of a compressed file, those that
    /// it holds.
    ///
    /// # Errors
    /// The disk fails.
    pub fn kind(&self) -> Result<FirstBytes, Problem> {
        let first = self.bytes(0, self.length.min(ENOUGH));
        let first = first.map_err(|error| self.problem(error))?;
        Ok(FirstBytes::of(&first))
    }

    /// # Errors
    /// Its first bytes are not those of text in UTF-8.
    pub fn refuse_other_than_text(&self) -> Result<(), Problem> {
        let kind = self.kind()?;
        let problem = self.problem(format!("it is {}", kind.name()));
        let source = match kind {
            FirstBytes::Parquet => "parquet",
            FirstBytes::Avro => "avro",
            _ => return self.refuse_other_text(kind, problem),
        };
        let shown = self.path.display();
        Err(problem.hint(match &self.packed {
            None => format!("read it as that: `{source}: {{ path: {shown} }}`"),
            Some(packed) => format!(
                "unpack it first, and read it as that: `{} {shown} > unpacked.{source}`, `{source}: {{ path: unpacked.{source} }}`",
                packed.packing.tool()
            ),
        }))
    }

    fn refuse_other_text(&self, kind: FirstBytes, problem: Problem) -> Result<(), Problem> {
        if let Some(encoding) = kind.encoding() {
            let command = self.command(&format!("iconv -f {encoding} -t UTF-8"));
            return Err(problem.hint(format!("convert it first: `{command} > utf8.txt`")));
        }
        let hint = match (kind, kind.unpack()) {
            (FirstBytes::Tar, _) => {
                let shown = self.path.display();
                format!("`tar -xf {shown}` unpacks it; read the files in it")
            }
            (FirstBytes::Foreign(_), _) => "export its rows as CSV, JSON or Parquet first".into(),
            (_, Some(tool)) => {
                let command = self.command(tool);
                format!("`{command} > unpacked` makes a file that can be read")
            }
            (_, None) => return Ok(()),
        };
        Err(problem.hint(hint))
    }

    /// # Errors
    /// Its first bytes are not those of a file of this kind.
    pub fn refuse_other_than(&self, wanted: FirstBytes) -> Result<(), Problem> {
        match self.kind()? {
            kind if kind == wanted => Ok(()),
            _ if self.length == 0 => {
                Err(self.problem(format!("it is empty, not {}", wanted.name())))
            }
            kind => Err(self.problem(format!("it is {}, not {}", kind.name(), wanted.name()))),
        }
    }

    /// A command line that lets a program read what it holds.
    pub fn command(&self, program: &str) -> String {
        let shown = self.path.display();
        match &self.packed {
            None => format!("{program} {shown}"),
            Some(packed) => format!("{} {shown} | {program}", packed.packing.tool()),
        }
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
        let read = match &self.packed {
            Some(packed) => packed.read_exact_at(&mut bytes, start),
            None => self.raw.read_exact_at(&mut bytes, start),
        };
        read.map_err(|error| self.changed(error))?;
        Ok(bytes)
    }

    /// The bytes on the disk from `at` on, one after the other.
    pub fn reading(&self, at: u64) -> RawBytes {
        RawBytes::new(&self.raw, at)
    }

    /// It was looked at: one of several keeps nothing until its rows are read.
    pub fn settle(&self) {
        if !self.alone {
            self.release();
        }
    }

    /// Forgets what is kept of it in memory, until it is read again.
    pub fn release(&self) {
        if let Some(packed) = &self.packed {
            packed.release();
        }
    }

    /// The extension of its name, without that of a compression.
    pub fn extension(&self) -> Option<String> {
        inner_extension(&self.path)
    }

    /// Bytes on the disk.
    pub fn stored(&self) -> u64 {
        self.raw.identity().length
    }

    /// Its path and size, in one line.
    pub fn describe(&self) -> String {
        let size = crate::units::show_bytes(self.stored());
        format!("{}, {size}", self.path.display())
    }

    /// Changes when the file is written again.
    pub fn digest(&self) -> String {
        let (path, length) = (self.path.display(), self.stored());
        format!("{path} {length} {}", self.raw.identity().written())
    }

    /// # Errors
    /// It is no longer the file that was opened, or was written since.
    pub fn unchanged(&self) -> Result<()> {
        self.raw.unchanged().map_err(|error| self.changed(error))
    }

    /// # Errors
    /// It was written over since it was opened.
    pub fn has_grown(&self) -> Result<bool> {
        self.raw.has_grown().map_err(|error| self.changed(error))
    }

    fn changed(&self, error: std::io::Error) -> Error {
        Error::because(format!("could not read `{}`", self.path.display()), error)
            .hint("a file must not change while it is read")
    }

    /// A problem with the file as a whole.
    pub fn problem(&self, cause: impl std::fmt::Display) -> Problem {
        Problem::new(format!("could not read `{}`", self.path.display()))
            .at(&self.place)
            .cause(cause)
    }
}

/// The extension of a name in small letters, without that of a compression.
pub fn inner_extension(path: &Path) -> Option<String> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    match Packing::of_extension(&extension) {
        Some(_) => inner_extension(Path::new(path.file_stem()?)),
        None => Some(extension),
    }
}

/// Where a path to read that leads nowhere may have been meant to start.
fn absent(problem: Problem, error: &std::io::Error, said: &Placed<FilePath>) -> Problem {
    if error.kind() != ErrorKind::NotFound {
        return problem;
    }
    match Path::new(said.as_str()).exists() {
        true => problem.hint(format!(
            "a path to read starts at the file that says it: from there it is `{}`",
            said.seen_from(said.place.file())
        )),
        false => problem.hint("a path to read is relative to the pipeline's file"),
    }
}
