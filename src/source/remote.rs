//! Objects that are read as files are: those of one key, of a folder, or of a pattern; at any place, from any
//! thread, in ranges.

use std::collections::{BTreeSet, VecDeque};
use std::io::{Error as IoError, ErrorKind, Result as IoResult};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use glob::Pattern;
use twox_hash::XxHash64;

use super::set::{MATCH, PASSED_OVER, SetMember, is_open, no_pattern, within};
use super::{Asked, delta_log, half, hive};
use crate::client::object::{Bucket, Object, ObjectUrl, look_for};
use crate::dataset::{DELTA_LOG, FOLDER, SUCCESS};
use crate::error::{Error, Problem};
use crate::place::{FilePath, Placed};
use crate::sync::lock;

/// While rows are read a store may be away for so long, unless the run says how long.
const READ: Duration = Duration::from_secs(120);

/// Bytes that are asked for at once where fewer are wanted: a request costs as much as they do.
// A choice, no measurement is behind it.
const BLOCK: u64 = 1 << 20;

/// So many bytes of these are kept for all objects together: those that threads are at, or all of many
/// small objects.
const KEPT: usize = 48 << 20;

/// More blocks take longer to look through than they save.
const MOST_KEPT: usize = 4096;

/// An object that is read.
pub struct RemoteFile {
    path: PathBuf,
    bucket: Bucket,
    object: Object,
    /// Tells it from all others, and from itself once it is written again.
    mark: u64,
}

/// Blocks that were read last, the newest at the end: the mark of their object, their number, their bytes.
static BLOCKS: Mutex<VecDeque<(u64, u64, Bytes)>> = Mutex::new(VecDeque::new());

/// What is wrong, as it is told of a path to read.
fn problem(error: Error) -> Problem {
    let first = error.problems.into_iter().next();
    first.unwrap_or_else(|| Problem::new("the store has said nothing"))
}

/// What a read says, whose path is told by whoever asked for it.
fn as_io(error: Error) -> IoError {
    let problem = problem(error);
    match problem.causes.is_empty() {
        true => IoError::other(problem.message),
        false => IoError::other(problem.causes.join(": ")),
    }
}

/// Finds the objects of a path. True if there could be another number of them.
///
/// # Errors
/// The store refuses or is not there, or they do not belong together.
pub fn find(
    said: &Placed<FilePath>,
    asked: &Asked<'_>,
    files: &mut Vec<SetMember>,
) -> Result<bool, Problem> {
    let url = ObjectUrl::of(Path::new(said.as_str()));
    let url = url.ok_or_else(|| Problem::new("this is no URL of objects"))?;
    let bucket = Bucket::open(&url, look_for(asked.patience)).map_err(problem)?;
    let names = url.key.split('/');
    let folder: Vec<&str> = match said.is_pattern() {
        true => names.take_while(|name| !is_open(name)).collect(),
        false => names.collect(),
    };
    let folder = folder.join("/");
    let pattern = Pattern::new(said.as_str()).map_err(|error| no_pattern(said, error.msg))?;
    let listed = bucket.list(&folder).map_err(problem)?;
    let one = listed.is_empty() && !said.is_pattern() && !said.says_folder();
    let one = one.then(|| bucket.look(&url.key).map_err(problem));
    if let Some(object) = one.transpose()?.flatten() {
        files.push(SetMember {
            path: said.as_str().into(),
            keys: Vec::new(),
            object: Some(object),
        });
        return Ok(false);
    }
    for object in &listed {
        let path = object.key.strip_prefix(&folder).unwrap_or(&object.key);
        let names: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let whole = PathBuf::from(url.url(&object.key));
        let keys = match said.is_pattern() {
            true if passes_over(said, &names) => continue,
            true if pattern.matches_with(&whole.to_string_lossy(), MATCH) => open_keys(&names),
            true => continue,
            false if names.iter().any(|name| name.starts_with(PASSED_OVER)) => continue,
            false => all_keys(&url.url(&folder), &names)?,
        };
        files.push(SetMember {
            path: whole,
            keys,
            object: Some(object.clone()),
        });
    }
    if let Some(problem) = half_published(&url, &listed, files) {
        return Err(problem);
    }
    match asked.knows_files {
        true => Ok(true),
        false => refuse_delta(&bucket, (&folder, &listed), files).map(|()| true),
    }
}

/// # Errors
/// A folder of the files is a table of Delta Lake, or nobody can tell.
fn refuse_delta(
    bucket: &Bucket,
    listed: (&str, &[Object]),
    files: &[SetMember],
) -> Result<(), Problem> {
    for table in delta_log::folders(files) {
        let log = ObjectUrl::of(&table.join(DELTA_LOG)).map(|log| log.key + "/");
        let log = log.unwrap_or_default();
        let is_there = match log.starts_with(listed.0) {
            true => listed.1.iter().any(|object| object.key.starts_with(&log)),
            // A path may name folders within the table.
            false => bucket.has(&log).map_err(problem)?,
        };
        if is_there {
            return Err(delta_log::refused(&table));
        }
    }
    Ok(())
}

/// A pattern finds no hidden names but those that it says.
fn passes_over(said: &FilePath, names: &[&str]) -> bool {
    let hidden = said.split('/').any(|name| name.starts_with('_'));
    !hidden && names.iter().any(|name| name.starts_with('_'))
}

type Keys = Vec<(String, Option<String>)>;

/// The keys of folders that a pattern leaves open.
fn open_keys(names: &[&str]) -> Keys {
    let folders = names.iter().take(names.len().saturating_sub(1));
    folders.filter_map(|name| hive::key(name)).collect()
}

/// The keys of all folders below one that is read.
fn all_keys(folder: &str, names: &[&str]) -> Result<Keys, Problem> {
    let mut at = PathBuf::from(folder);
    let mut keys = Keys::new();
    for name in names.iter().take(names.len().saturating_sub(1)) {
        at.push(name);
        let key = hive::key(name);
        keys.push(key.ok_or_else(|| within(&at, Path::new(folder)))?);
    }
    Ok(keys)
}

/// What is wrong with the first dataset of which a run has published only some objects.
fn half_published(url: &ObjectUrl, listed: &[Object], files: &[SetMember]) -> Option<Problem> {
    let keys: BTreeSet<PathBuf> = listed.iter().map(|o| url.url(&o.key).into()).collect();
    let folders: BTreeSet<&Path> = files.iter().map(|file| half::dataset(&file.path)).collect();
    let is_half = |folder: &&&Path| {
        let notes = folder.join(FOLDER);
        let decided = keys.iter().any(|key| {
            let name = key.file_name().unwrap_or_default().to_string_lossy();
            key.parent() == Some(&notes) && name.starts_with(".run") && name.ends_with(".jsonl")
        });
        decided && !keys.contains(&folder.join(SUCCESS))
    };
    let half = folders.iter().find(is_half)?;
    Some(half::half(&half.display().to_string()))
}

impl std::fmt::Debug for RemoteFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("RemoteFile").field(&self.path).finish()
    }
}

impl RemoteFile {
    /// An object that was listed.
    ///
    /// # Errors
    /// What the environment says of its store cannot be.
    pub fn new(path: &Path, object: &Object, patience: Option<Duration>) -> Result<Self, Problem> {
        let url = ObjectUrl::of(path);
        let url = url.ok_or_else(|| Problem::new("this is no URL of an object"))?;
        // With its version: an object that was written again must not be read from blocks of the
        // one before.
        let name = format!("{} {:?}", path.display(), object.version);
        Ok(Self {
            path: path.to_path_buf(),
            bucket: Bucket::open(&url, patience.unwrap_or(READ)).map_err(problem)?,
            object: object.clone(),
            mark: XxHash64::oneshot(0, name.as_bytes()),
        })
    }

    /// Its URL.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its size, and what tells it from all others.
    pub fn identity(&self) -> (u64, u64) {
        (self.object.bytes, self.mark)
    }

    /// Some bytes from `at` on; none where it ends.
    ///
    /// # Errors
    /// The store refuses or is not there, or it was written since.
    pub fn read_at(&self, buffer: &mut [u8], at: u64) -> IoResult<usize> {
        let wanted = (buffer.len() as u64).min(self.object.bytes.saturating_sub(at));
        let bytes = match wanted {
            0 => return Ok(0),
            BLOCK.. => self.read(at, at + wanted)?,
            _ => {
                let number = at / BLOCK;
                let from = (at - number * BLOCK) as usize;
                self.block(number)?.slice(from..)
            }
        };
        let read = bytes.len().min(wanted as usize);
        buffer[..read].copy_from_slice(&bytes[..read]);
        Ok(read)
    }

    /// All bytes from `at` on that the buffer holds.
    ///
    /// # Errors
    /// As `read_at`, or it ends before.
    pub fn read_exact_at(&self, mut buffer: &mut [u8], mut at: u64) -> IoResult<()> {
        while !buffer.is_empty() {
            match self.read_at(buffer, at)? {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                read => {
                    buffer = &mut buffer[read..];
                    at += read as u64;
                }
            }
        }
        Ok(())
    }

    /// False once it was written again.
    ///
    /// # Errors
    /// The store refuses or is not there.
    pub fn is_still(&self) -> IoResult<bool> {
        let there = self.bucket.look(&self.object.key).map_err(as_io)?;
        let there = there.ok_or_else(|| IoError::from(ErrorKind::NotFound))?;
        Ok(there.version.may_be(&self.object.version) && there.bytes == self.object.bytes)
    }

    fn read(&self, from: u64, to: u64) -> IoResult<Bytes> {
        let bytes = self.bucket.read(&self.object, from..to).map_err(as_io)?;
        match bytes.is_empty() {
            true => Err(ErrorKind::UnexpectedEof.into()),
            false => Ok(bytes),
        }
    }

    /// A block of it, which whoever comes next may find kept.
    fn block(&self, number: u64) -> IoResult<Bytes> {
        let is_it = |(mark, at, _): &(u64, u64, Bytes)| (*mark, *at) == (self.mark, number);
        let mut blocks = lock(&BLOCKS);
        if let Some(found) = blocks.iter().position(is_it)
            && let Some(block) = blocks.remove(found)
        {
            let bytes = block.2.clone();
            blocks.push_back(block);
            return Ok(bytes);
        }
        // Others read theirs meanwhile.
        drop(blocks);
        let from = number * BLOCK;
        let bytes = self.read(from, (from + BLOCK).min(self.object.bytes))?;
        let mut blocks = lock(&BLOCKS);
        let mut kept: usize = blocks.iter().map(|(_, _, block)| block.len()).sum();
        while kept + bytes.len() > KEPT || blocks.len() >= MOST_KEPT {
            let oldest = blocks.pop_front();
            kept -= oldest.map_or(kept, |(_, _, block)| block.len());
            if blocks.is_empty() {
                break;
            }
        }
        blocks.push_back((self.mark, number, bytes.clone()));
        Ok(bytes)
    }
}
