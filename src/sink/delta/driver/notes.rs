//! What a run notes of its files before it commits them: whoever comes next can do the rest.
//!
//! Slices that replace a table together note theirs, too: the one that finds all of them commits.

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::{ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};

use super::added::{AddedFile, unescaped};
use super::engine::Engine;
use super::identity::Identity;
use crate::client::object::is_no_object;
use crate::client::runtime::block_on;
use crate::dataset::FOLDER;
use crate::error::{Error, Result};
use crate::sink::Slice;

/// What is asked of a store at once.
const AT_ONCE: usize = 16;

/// The first line of a note.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    /// What tells it from that of another run.
    identity: String,
    files: usize,
}

impl Identity {
    /// Where a slice, or the whole run, notes its files.
    fn note(&self, slice: Option<Slice>) -> String {
        let run = Self {
            slice,
            ..self.clone()
        };
        format!("{FOLDER}/{}.jsonl", run.note_name())
    }
}

/// Notes the files of a run.
pub(super) fn keep(engine: &Engine, identity: &Identity, files: &[AddedFile]) -> Result<()> {
    let head = Head {
        identity: identity.note_name(),
        files: files.len(),
    };
    let line = |value: serde_json::Result<String>| {
        value.map_err(|error| Error::because("noting files", error))
    };
    let mut text = line(serde_json::to_string(&head))? + "\n";
    for file in files {
        text.push_str(&line(serde_json::to_string(file))?);
        text.push('\n');
    }
    let path = engine.path(&identity.note(identity.slice))?;
    let written = block_on(engine.store.put(&path, Bytes::from(text).into()))?;
    let failed = |error| engine.failed("writing", &identity.note(identity.slice), &error);
    written.map_err(failed)?;
    Ok(())
}

/// The files that a run has noted; nothing where it has not.
pub(super) fn kept(engine: &Engine, identity: &Identity) -> Result<Option<Vec<AddedFile>>> {
    let path = engine.path(&identity.note(identity.slice))?;
    let read = async { engine.store.get(&path).await?.bytes().await };
    match block_on(read)? {
        Ok(bytes) => Ok(parsed(&bytes, identity)),
        Err(error) if is_no_object(&error) => Ok(None),
        Err(error) => Err(engine.failed("reading", &identity.note(identity.slice), &error)),
    }
}

/// A note that is not whole is none.
fn parsed(bytes: &[u8], identity: &Identity) -> Option<Vec<AddedFile>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut lines = text.lines();
    let head: Head = serde_json::from_str(lines.next()?).ok()?;
    let files: serde_json::Result<Vec<AddedFile>> = lines.map(serde_json::from_str).collect();
    let files = files.ok()?;
    (head.identity == identity.note_name() && head.files == files.len()).then_some(files)
}

/// The files of all slices; nothing as long as one is missing.
pub(super) fn all(engine: &Engine, identity: &Identity) -> Result<Option<Vec<AddedFile>>> {
    let Some(Slice { count, .. }) = identity.slice else {
        return kept(engine, identity);
    };
    let mut files = Vec::new();
    for index in 1..=count {
        let slice = Identity {
            slice: Some(Slice { index, count }),
            ..identity.clone()
        };
        match kept(engine, &slice)? {
            Some(more) => files.extend(more),
            None => return Ok(None),
        }
    }
    Ok(Some(files))
}

/// True where files that were noted have not gone since.
pub(super) fn are_there(engine: &Engine, files: &[AddedFile]) -> bool {
    let each = files.iter().map(|file| async {
        let path = engine.path(&unescaped(&file.path)).ok()?;
        let found = engine.store.head(&path).await.ok()?;
        (found.size == file.size).then_some(())
    });
    let all = stream::iter(each).buffered(AT_ONCE);
    let all = all.all(|found| std::future::ready(found.is_some()));
    block_on(all).unwrap_or(false)
}

/// A note is not needed any more.
pub(super) fn forget(engine: &Engine, identity: &Identity) -> Result<()> {
    delete(engine, &identity.note(identity.slice))
}

fn delete(engine: &Engine, note: &str) -> Result<()> {
    match block_on(engine.store.delete(&engine.path(note)?))? {
        Ok(()) => Ok(()),
        Err(error) if is_no_object(&error) => Ok(()),
        Err(error) => Err(engine.failed("removing", note, &error)),
    }
}

/// Notes of times before this one that the same plan has replaced the table go.
pub(super) fn forget_earlier(engine: &Engine, identity: &Identity) -> Result<()> {
    let folder = engine.path(FOLDER)?;
    let listed = block_on(engine.store.list(Some(&folder)).try_collect::<Vec<_>>())?;
    let listed = listed.map_err(|error| engine.failed("listing", FOLDER, &error))?;
    for object in listed {
        let name = object.location.filename().unwrap_or_default();
        if identity.is_earlier_note(name) {
            delete(engine, &format!("{FOLDER}/{name}"))?;
        }
    }
    Ok(())
}
