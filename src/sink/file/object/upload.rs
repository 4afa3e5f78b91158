//! One object on its way: bytes are gathered in parts, and parts are sent while the next ones are made.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::super::output::Upload;
use super::steps::WholeUpload;
use super::uploads::Uploads;
use crate::client::object::UploadedPart;
use crate::client::runtime::{block_on, spawn};
use crate::error::{Error, Result};
use crate::sync::lock;

/// How often it is looked whether anybody still wants to wait.
const LOOK: Duration = Duration::from_millis(100);

/// A file of no more bytes needs no room for a whole part.
// Of a thousand folders with some rows each, every one would have taken a part of 8 MiB.
const SMALL: usize = 256 << 10;

/// Parts of equal size, before they grow: stores that take no others take objects up to here.
const EQUAL_PARTS: usize = 6_000;

/// Then parts double every so many: no more than 10 000 of them hold more than any store takes.
const DOUBLE_AFTER: usize = 500;

/// An object whose bytes come one after the other.
pub(super) struct ObjectUpload {
    uploads: Arc<Uploads>,
    key: String,
    /// Once the first part is sent.
    id: Option<Arc<str>>,
    /// The part that is gathered.
    gathered: Vec<u8>,
    /// Parts that were sent.
    sent: usize,
    bytes: u64,
    on_the_way: Vec<JoinHandle<()>>,
    arrived: Arc<Arrived>,
}

/// What became of parts, told by the runtime's thread.
#[derive(Default)]
struct Arrived {
    parts: Mutex<Vec<(usize, UploadedPart)>>,
    failure: Mutex<Option<Error>>,
}

/// The size of part `index`.
fn part_bytes(first: u64, index: usize) -> u64 {
    let doubled = match index.checked_sub(EQUAL_PARTS) {
        Some(behind) => behind / DOUBLE_AFTER + 1,
        None => 0,
    };
    first << doubled
}

impl ObjectUpload {
    pub(super) fn new(uploads: Arc<Uploads>, key: String) -> Self {
        Self {
            uploads,
            key,
            id: None,
            gathered: Vec::new(),
            sent: 0,
            bytes: 0,
            on_the_way: Vec::new(),
            arrived: Arc::default(),
        }
    }

    /// Sends what is gathered, once there is room on the way: until then whoever writes waits.
    fn send(&mut self) -> Result<()> {
        if let Some(error) = lock(&self.arrived.failure).clone() {
            return Err(error);
        }
        let id = match &self.id {
            Some(id) => id.clone(),
            None => {
                let id: Arc<str> = self.uploads.begin(&self.key)?.into();
                self.id.insert(id).clone()
            }
        };
        // Four for the whole sink, whatever the number of open files: this bounds the memory.
        let room = self.uploads.in_flight.clone().acquire_owned();
        let room = self.wait(room)?;
        let bytes = Bytes::from(std::mem::take(&mut self.gathered));
        let (index, key) = (self.sent, self.key.clone());
        let (bucket, arrived) = (self.uploads.place.bucket.clone(), self.arrived.clone());
        self.sent += 1;
        self.on_the_way.retain(|part| !part.is_finished());
        self.on_the_way.push(spawn(async move {
            match bucket.send(&key, &id, index, bytes).await {
                Ok(part) => lock(&arrived.parts).push((index, part)),
                Err(error) => drop(lock(&arrived.failure).get_or_insert(error)),
            }
            drop(room);
        })?);
        Ok(())
    }

    /// Waits until everything that was sent has arrived.
    fn arrive(&mut self) -> Result<WholeUpload> {
        // An object without bytes is an upload without parts.
        if self.id.is_none() || !self.gathered.is_empty() {
            self.send()?;
        }
        for part in std::mem::take(&mut self.on_the_way) {
            self.wait(part)?
                .map_err(|error| Error::because("sending a part", error))?;
        }
        if let Some(error) = lock(&self.arrived.failure).clone() {
            return Err(error);
        }
        let mut parts = std::mem::take(&mut *lock(&self.arrived.parts));
        parts.sort_by_key(|(index, _)| *index);
        Ok(WholeUpload {
            id: self.id.as_deref().unwrap_or_default().into(),
            bytes: self.bytes,
            parts: parts.into_iter().map(|(_, part)| part).collect(),
            before: None,
        })
    }

    /// Waits for something as long as anybody wants to.
    fn wait<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        let ends = || self.uploads.run.interrupted();
        block_on(async {
            let mut work = std::pin::pin!(work);
            loop {
                match timeout(LOOK, &mut work).await {
                    Ok(done) => return Ok(done),
                    Err(_) if ends() => return Err(Error::run("the run ends before its upload")),
                    Err(_) => {}
                }
            }
        })?
    }

    /// The first failure stays: it is told when the format gives up.
    fn note(&self, error: Error) -> io::Error {
        let text = error.to_string();
        lock(&self.arrived.failure).get_or_insert(error);
        io::Error::other(text)
    }
}

impl Write for ObjectUpload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let size = part_bytes(self.uploads.part_bytes, self.sent) as usize;
        let room = size.saturating_sub(self.gathered.len());
        let taken = &bytes[..bytes.len().min(room)];
        // Memory that grows by doubling would be twice a part.
        if self.gathered.len() + taken.len() > SMALL {
            self.gathered.reserve_exact(size - self.gathered.len());
        }
        self.gathered.extend_from_slice(taken);
        self.bytes += taken.len() as u64;
        if self.gathered.len() >= size {
            self.send().map_err(|error| self.note(error))?;
        }
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Upload for ObjectUpload {
    fn end(&mut self) -> io::Result<()> {
        let whole = self.arrive().map_err(|error| self.note(error))?;
        self.uploads.arrived(&self.key, whole);
        Ok(())
    }

    fn failure(&self) -> Option<Error> {
        lock(&self.arrived.failure).clone()
    }
}

impl Drop for ObjectUpload {
    fn drop(&mut self) {
        self.on_the_way.iter().for_each(JoinHandle::abort);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_parts_hold_more_than_any_store_takes() {
        assert_eq!(part_bytes(5, 0), 5);
        assert_eq!(part_bytes(5, EQUAL_PARTS - 1), 5);
        assert_eq!(part_bytes(5, EQUAL_PARTS), 10);
        let all: u64 = (0..10_000).map(|index| part_bytes(5 << 20, index)).sum();
        assert!(all > 1 << 40, "{all}");
        let greatest = part_bytes(5 << 20, 9_999);
        assert!(
            greatest < 5 << 30,
            "no part is larger than 5 GiB: {greatest}"
        );
    }
}
