//! Keeps other runs away from where a run writes, as a lock does on a disk.
//!
//! A lock goes with its process. What a store has instead is an object that is only put where there is none,
//! and whoever holds it writes it again every few seconds. Who comes next waits until it was written again,
//! and is told that somebody is at work; or until it was not for long enough, and takes the place with the
//! next number, which only one can have. No clocks are compared: the store says when things were written.
//!
//! A holder that was silent for too long may still be there. It sees that there is another one before it
//! publishes; and its uploads are ended, so that nothing can come of it.

use std::collections::BTreeSet;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

use super::super::output::busy;
use super::place::ObjectPlace;
use super::process::Process;
use crate::client::object::Object;
use crate::client::runtime::spawn;
use crate::error::{Error, Result};
use crate::sink::RunHandle;
use crate::sync::lock;

/// How often a holder says that it is there.
// Choices. Six times as often as a lease lasts: some of the writes may fail.
const RENEWED: Duration = Duration::from_secs(5);

/// A holder that has said nothing for so long is taken for gone: longer than a store that is begun again needs.
// A store that is begun again is away for some seconds; nothing was measured.
const LASTS: Duration = Duration::from_secs(30);

/// How often it is looked whether somebody is there.
const LOOKED_AT: Duration = Duration::from_millis(500);

/// A place that is held; it is free again when this is dropped.
pub(super) struct Lease {
    place: ObjectPlace,
    key: String,
    name: String,
    is_lost: Arc<AtomicBool>,
    renewing: JoinHandle<()>,
}

/// The names of those that this process holds: what else is said in its name is left of one that it has let go.
static HELD: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// What is written of a holder.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Holder {
    /// No other has it.
    name: String,
    /// Each time is another text, so that it is another version.
    renewed: u64,
    process: Option<Process>,
}

impl Holder {
    fn new() -> Self {
        Self {
            name: format!("{:016x}", RandomState::new().build_hasher().finish()),
            renewed: 0,
            process: Process::own(),
        }
    }

    fn text(&self) -> Result<String> {
        let text = serde_json::to_string(self);
        text.map_err(|error| Error::because("saying who writes", error))
    }
}

impl Lease {
    /// Holds a place, once nobody else does.
    ///
    /// # Errors
    /// Somebody is at work there, or the store refuses or is not there.
    pub(super) fn take(place: &ObjectPlace, run: &dyn RunHandle) -> Result<Self> {
        let last = place.bucket.list(&place.leases)?.pop();
        if let Some(last) = &last {
            outlive(place, last, run)?;
        }
        let number = last.as_ref().map_or(1, |last| number(&last.key) + 1);
        let key = format!("{}/{number:012}.json", place.leases);
        let holder = Holder::new();
        // The one step in which two runs cannot both succeed: a put that fails where there is an
        // object.
        if !place.bucket.put_new(&key, &holder.text()?)? {
            return Err(busy(&place.path()));
        }
        let is_lost = Arc::new(AtomicBool::new(false));
        let name = holder.name.clone();
        lock(&HELD).insert(name.clone());
        let renewing = spawn(renew(place.clone(), key.clone(), holder, is_lost.clone()))?;
        let lease = Self {
            place: place.clone(),
            key,
            name,
            is_lost,
            renewing,
        };
        // Whoever has begun at the same moment with another number is seen, and sees this one.
        let before = last.map(|last| last.key);
        let known = |key: &String| *key == lease.key || before.as_ref() == Some(key);
        let there = place.bucket.list(&place.leases)?;
        if !there.iter().all(|one| known(&one.key)) {
            return Err(busy(&place.path()));
        }
        place
            .bucket
            .remove(&before.into_iter().collect::<Vec<_>>())?;
        Ok(lease)
    }

    /// By what was heard last nobody else has taken the place.
    ///
    /// # Errors
    /// Somebody has.
    pub(super) fn holds(&self) -> Result<()> {
        match self.is_lost.load(Ordering::Relaxed) {
            true => Err(busy(&self.place.path())),
            false => Ok(()),
        }
    }

    /// As `holds`, and the store is asked.
    ///
    /// # Errors
    /// Somebody has taken the place, or the store refuses or is not there.
    pub(super) fn still_holds(&self) -> Result<()> {
        let last = self.place.bucket.list(&self.place.leases)?.pop();
        match last.is_some_and(|last| last.key == self.key) {
            true => self.holds(),
            false => Err(busy(&self.place.path())),
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // First: a renewal after the removal would bring the lease back for nobody.
        self.renewing.abort();
        lock(&HELD).remove(&self.name);
        let key = std::slice::from_ref(&self.key);
        let removed = self.place.shortly().and_then(|it| it.bucket.remove(key));
        if let Err(error) = removed {
            tracing::debug!(%error, "whoever writes there next waits for a moment");
        }
    }
}

/// Says that a holder is there, until it is not any more.
async fn renew(place: ObjectPlace, key: String, mut holder: Holder, is_lost: Arc<AtomicBool>) {
    loop {
        tokio::time::sleep(RENEWED).await;
        holder.renewed += 1;
        let Ok(text) = holder.text() else { return };
        match place.bucket.renew(&place.leases, &key, &text).await {
            Ok(true) => {}
            Ok(false) => {
                is_lost.store(true, Ordering::Relaxed);
                return;
            }
            // A store that is away is so for all: nobody else can take the place.
            Err(error) => tracing::debug!(%error, "said nothing of who writes"),
        }
    }
}

/// Returns once the holder has let go or is taken for gone.
fn outlive(place: &ObjectPlace, held: &Object, run: &dyn RunHandle) -> Result<()> {
    let text = place.bucket.text(&held.key)?;
    let holder: Option<Holder> = text.and_then(|text| serde_json::from_str(&text).ok());
    if let Some(Holder { name, process, .. }) = holder
        && let Some(process) = process
    {
        // On the same machine there is no need to wait for 30 s: its processes can be looked up.
        if process.is_gone() {
            return Ok(());
        }
        if Process::own().as_ref() == Some(&process) {
            // The same process, which has let go, or which holds the place for another of its runs.
            return match lock(&HELD).contains(&name) {
                true => Err(busy(&place.path())),
                false => Ok(()),
            };
        }
    }
    // Both times are the store's. The clock of this machine may be wrong by minutes.
    let age = place.now()?.saturating_sub(held.version.seconds);
    let age = Duration::from_secs(age.max(0) as u64);
    let until = Instant::now() + LASTS.saturating_sub(age);
    while Instant::now() < until {
        if run.interrupted() {
            return Err(busy(&place.path()));
        }
        std::thread::sleep(LOOKED_AT);
        match place.bucket.list(&place.leases)?.pop() {
            None => return Ok(()),
            Some(last) if last.key == held.key && last.version.may_be(&held.version) => {}
            Some(_) => return Err(busy(&place.path())),
        }
    }
    Ok(())
}

fn number(key: &str) -> u64 {
    let name = key.rsplit('/').next().unwrap_or_default();
    let number = name.split('.').next().unwrap_or_default();
    number.parse().unwrap_or_default()
}
