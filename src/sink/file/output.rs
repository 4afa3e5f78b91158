//! One file on its way: written under a hidden name or through a pipe, counted, hashed when asked.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};

use super::layout;
use super::sequential::Sequential;
use crate::error::{Error, Fault, Problem, Result};
use crate::outlet;
use crate::sink::claims::Claims;
use crate::sync::lock;

/// A file that is being written. A format writes into a clone; the sink keeps the other one.
#[derive(Clone)]
pub(super) struct OutputFile(Arc<Mutex<OutputState>>);

struct OutputState {
    target: OutputTarget,
    bytes: u64,
    hash: Option<Sha256>,
    /// What the system said when writing failed: truer than what a format makes of it.
    failure: Option<io::Error>,
}

/// Where bytes go.
enum OutputTarget {
    /// A file of our own.
    File(Sequential),
    /// A pipe, a terminal or a device.
    Through(File),
    /// An object.
    Upload(Box<dyn Upload>),
}

/// An object on its way to its store.
pub(super) trait Upload: Write + Send {
    /// All bytes were written: waits until they are there.
    fn end(&mut self) -> io::Result<()>;

    /// Why writing failed, said better than the system could.
    fn failure(&self) -> Option<Error>;
}

/// A finished file that still has its hidden name.
pub(super) struct WrittenFile {
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256 in hexadecimal, if it was asked for.
    pub sha256: Option<String>,
}

impl OutputFile {
    /// A new file that is to have this name, in a folder that is made if it is not there.
    pub(super) fn create(path: &Path, hash: bool, fsync: bool) -> Result<Self> {
        let create = |hidden: &Path| {
            File::options()
                .write(true)
                .create(true)
                // What a killed run left under the hidden name is of no use: nothing says how far
                // it is whole.
                .truncate(true)
                .open(hidden)
        };
        Self::hidden(path, hash, fsync, |hidden| create(hidden).map(Some))
    }

    /// As `create`, where nothing but the file itself can be locked.
    pub(super) fn alone(path: &Path, claims: &Claims, hash: bool, fsync: bool) -> Result<Self> {
        Self::hidden(path, hash, fsync, |hidden| {
            let file = claims.claim(hidden)?;
            // Emptied only under the lock: until then it may be the file of a run that is at work.
            file.iter().try_for_each(|file| file.set_len(0))?;
            Ok(file)
        })
    }

    fn hidden(
        path: &Path,
        hash: bool,
        fsync: bool,
        create: impl FnOnce(&Path) -> io::Result<Option<File>>,
    ) -> Result<Self> {
        if let Some(folder) = path.parent() {
            create_folder(folder, fsync)?;
        }
        let hidden = layout::hidden(path);
        let file = create(&hidden).map_err(|error| system("creating", &hidden, &error))?;
        let file = file.ok_or_else(|| busy(path))?;
        Ok(Self::new(
            OutputTarget::File(Sequential::new(file, fsync)),
            hash,
        ))
    }

    /// A pipe, a terminal or a device that is there already.
    pub(super) fn through(path: &Path, hash: bool) -> Result<Self> {
        let file = outlet::through(path);
        let file = file.map_err(|error| system("opening", path, &error))?;
        Ok(Self::new(OutputTarget::Through(file), hash))
    }

    /// An object that is there once the sink publishes.
    #[cfg_attr(
        not(feature = "object"),
        expect(dead_code, reason = "nothing is sent without a store of objects")
    )]
    pub(super) fn upload(upload: Box<dyn Upload>, hash: bool) -> Self {
        Self::new(OutputTarget::Upload(upload), hash)
    }

    fn new(target: OutputTarget, hash: bool) -> Self {
        Self(Arc::new(Mutex::new(OutputState {
            target,
            bytes: 0,
            hash: hash.then(Sha256::new),
            failure: None,
        })))
    }

    /// The reader of the pipe has gone.
    pub(super) fn is_broken_pipe(&self) -> bool {
        let inner = lock(&self.0);
        let failure = inner.failure.as_ref();
        failure.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
    }

    /// What to say of an error that a format met while it wrote here.
    pub(super) fn explain(&self, path: &Path, error: Error) -> Error {
        let inner = lock(&self.0);
        if let Some(error) = inner.target.failure() {
            return error;
        }
        match &inner.failure {
            Some(failure) => system("writing", path, failure),
            None => error.context(format!("writing `{}`", path.display())),
        }
    }

    /// Everything was written: makes it safe if asked.
    pub(super) fn close(&self, path: &Path, fsync: bool) -> Result<WrittenFile> {
        let mut inner = lock(&self.0);
        // Before the file is synced: `end` writes what is still in memory, and gives back room that
        // was asked for and not needed.
        if let Err(error) = inner.target.end() {
            let told = inner.target.failure();
            return Err(told.unwrap_or_else(|| system("ending", path, &error)));
        }
        if fsync {
            let synced = inner.target.sync();
            synced.map_err(|error| system("flushing", path, &error))?;
        }
        Ok(WrittenFile {
            bytes: inner.bytes,
            sha256: inner.hash.take().map(|hash| hexadecimal(&hash.finalize())),
        })
    }
}

impl OutputTarget {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::File(file) => file.write_all(bytes),
            Self::Through(file) => file.write_all(bytes),
            Self::Upload(upload) => upload.write_all(bytes),
        }
    }

    fn end(&mut self) -> io::Result<()> {
        match self {
            Self::File(file) => file.end(),
            Self::Through(_) => Ok(()),
            Self::Upload(upload) => upload.end(),
        }
    }

    fn sync(&self) -> io::Result<()> {
        match self {
            Self::File(file) => file.file().sync_all(),
            Self::Through(file) => file.sync_all(),
            Self::Upload(_) => Ok(()),
        }
    }

    fn failure(&self) -> Option<Error> {
        match self {
            Self::File(_) | Self::Through(_) => None,
            Self::Upload(upload) => upload.failure(),
        }
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut inner = lock(&self.0);
        if let Err(error) = inner.target.write_all(bytes) {
            let same = copied(&error);
            inner.failure = Some(error);
            return Err(same);
        }
        inner.bytes += bytes.len() as u64;
        if let Some(hash) = &mut inner.hash {
            hash.update(bytes);
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Gives a finished file its final name.
pub(super) fn publish(path: &Path, fsync: bool) -> Result<()> {
    let hidden = layout::hidden(path);
    // A rename within a folder is whole or not there, also after a crash, once the folder is
    // synced.
    fs::rename(&hidden, path).map_err(|error| system("naming", path, &error))?;
    match path.parent() {
        Some(folder) if fsync => sync_folder(folder),
        _ => Ok(()),
    }
}

/// Makes what names were given in a folder safe.
pub(super) fn sync_folder(folder: &Path) -> Result<()> {
    // The parent of a bare file name is the empty path.
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| system("flushing", folder, &error))
}

/// Makes a folder and those above it.
pub(super) fn create_folder(folder: &Path, fsync: bool) -> Result<()> {
    let missing: Vec<PathBuf> = folder
        .ancestors()
        .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
        .map(Path::to_path_buf)
        .collect();
    fs::create_dir_all(folder).map_err(|error| system("creating", folder, &error))?;
    // A new folder's name stands in the folder above, which is to be synced for each that was made.
    let mut parents = missing.iter().filter_map(|folder| folder.parent());
    if fsync {
        parents.try_for_each(sync_folder)?;
    }
    Ok(())
}

/// Nobody else writes at the output that is `shown` so, as long as `claims` are kept.
pub(super) fn claim(claims: &Claims, lock: &Path, shown: &Path) -> Result<()> {
    match claims.claim(lock) {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(busy(shown)),
        Err(error) => Err(system("writing", lock, &error)),
    }
}

/// Somebody else writes there.
pub(super) fn busy(path: &Path) -> Error {
    let path = path.display();
    let what = format!("another run, or another sink of this one, is writing `{path}`");
    let problem = Problem::new(what).hint("wait until it ends, or write elsewhere with `--out`");
    Error {
        // Told apart from other errors: a run that meets another one ends, also where sinks may
        // fail (`on_sink_failure: continue`).
        fault: Fault::Busy,
        ..Error::run(problem)
    }
}

/// What the system said, to whom it was said, and what can be done about it.
pub(super) fn system(doing: &str, path: &Path, error: &io::Error) -> Error {
    let problem = Problem::new(format!("{doing} `{}`", path.display())).cause(error);
    Error::run(match error.kind() {
        ErrorKind::StorageFull => problem.hint("free some space, or write elsewhere with `--out`"),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            problem.hint("write elsewhere with `--out`, or change the folder's permissions")
        }
        _ => problem,
    })
}

fn copied(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
