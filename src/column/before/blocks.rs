//! States between the blocks of long groups: made in parallel when they are first needed, and kept.
//!
//! What a block of rows does to a state can be told without the state before it: sums add, the least and
//! greatest values compose, a walk between bounds is a sum between bounds, a state machine is a table of
//! its states. So blocks are gone through side by side, and their states follow one after the other.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::carried::{Carried, Scan};
use crate::error::Result;
use crate::sync::lock;

/// Rows between two states: a lone row costs half as many to find.
pub(in crate::column) const BLOCK: u64 = 256;
/// Blocks that are made from one evaluation of the columns.
const TOGETHER: u64 = 64;
/// More blocks are not made at once (64 M rows), so that a run that is stopped ends soon.
const MOST_AT_ONCE: u64 = 1 << 18;
/// Long groups whose states are kept; beyond them, those of the latest are.
pub(super) const GROUPS: usize = 64;

/// The states of the groups that are known, by their first rows.
pub(super) struct BlockStates<T> {
    groups: Mutex<HashMap<u64, Arc<Mutex<Vec<T>>>>>,
}

impl<T: Clone + Send> BlockStates<T> {
    pub(super) fn new() -> Self {
        Self {
            groups: Mutex::new(HashMap::new()),
        }
    }

    fn of(&self, start: u64) -> Arc<Mutex<Vec<T>>> {
        let mut groups = lock(&self.groups);
        if groups.len() >= GROUPS && !groups.contains_key(&start) {
            groups.clear();
        }
        groups.entry(start).or_default().clone()
    }
}

impl<S: Scan> Carried<S> {
    /// The state before block `block`, from 1, of the group that begins at row `start`.
    pub(super) fn state_before(&self, start: u64, block: u64) -> Result<S::State> {
        let known = self.states.of(start);
        // Held while states are made: whoever needs them waits, and no two make the same.
        let mut known = lock(&known);
        let all = (self.group.end(start) - start) / BLOCK;
        while (known.len() as u64) < block {
            let done = known.len() as u64;
            // As many again as there are, so that all threads have work and lone rows near the
            // beginning cost little.
            let next = block.max(done * 2).min(all.max(block));
            let next = next.min(done + MOST_AT_ONCE);
            let mut state = match known.last() {
                Some(state) => state.clone(),
                None => self.scan.initial(),
            };
            for made in self.summaries(start, done, next)? {
                self.scan.apply(&mut state, &made);
                known.push(state.clone());
            }
        }
        Ok(known[block as usize - 1].clone())
    }

    /// What each block from `first` to before `end` does, of all threads together.
    fn summaries(&self, start: u64, first: u64, end: u64) -> Result<Vec<S::Block>> {
        let pieces = (end - first).div_ceil(TOGETHER);
        let piece = |number: u64| {
            let first = first + number * TOGETHER;
            self.blocks(start, first, end.min(first + TOGETHER))
        };
        let threads = pieces.min(rayon::current_num_threads() as u64);
        if threads <= 1 {
            let made = (0..pieces).map(piece);
            return Ok(made
                .collect::<Result<Vec<_>>>()?
                .into_iter()
                .flatten()
                .collect());
        }
        // Threads of their own: a worker of Rayon's that waits would begin another batch, which may
        // need the very states that it is making.
        let next = AtomicU64::new(0);
        let work = || {
            let mut made = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= pieces {
                    return made;
                }
                made.push((number, piece(number)));
            }
        };
        let mut made = Vec::new();
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            for thread in threads {
                match thread.join() {
                    Ok(some) => made.extend(some),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        });
        made.sort_by_key(|(number, _)| *number);
        let made = made.into_iter().map(|(_, blocks)| blocks);
        Ok(made
            .collect::<Result<Vec<_>>>()?
            .into_iter()
            .flatten()
            .collect())
    }
}
