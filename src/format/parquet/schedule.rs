//! Who encodes what next: the columns of the open row group, each fed its batches in order.
//!
//! A leaf column carries state from batch to batch, so one worker at a time may feed it, and in
//! order; different leaves go ahead independently up to the next decision, the batch after which
//! bytes are summed up. At that point every leaf has seen the same batches, so the decision to end
//! the row group is the same at any number of threads.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::format::FileEnds;

/// The most batches between two decisions.
// Leaves may be this far apart, and the batches between them stay in memory: a longer step would
// let a quick leaf run ahead, a shorter one make workers wait for the slowest leaf more often.
const LONGEST_STEP: u64 = 16;

/// A file that lacks less than this part of its bytes is long enough.
const NEARLY: u64 = 20;

/// What bounds a row group.
#[derive(Debug, Clone, Default)]
pub(super) struct RowGroupLimits {
    /// Batches at most.
    pub batches: u64,
    /// Encoded bytes, nearly.
    pub bytes: u64,
    /// Batches that begin a file, and so a row group.
    pub ends: FileEnds,
}

/// One thing for a worker to do.
pub(super) enum EncodingTask<B> {
    /// Feed a batch to a leaf.
    Write { leaf: usize, batch: Arc<B> },
    /// End a leaf's column chunk.
    Close { leaf: usize },
}

/// What has become of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BatchOutcome<C> {
    /// Every leaf has taken the batch of this number and so many rows.
    Taken { number: u64, rows: u64 },
    /// And the row group that it ended is finished: the chunks of the leaves.
    Finished {
        number: u64,
        rows: u64,
        chunks: Vec<C>,
        /// The file is as long as it should be.
        ends_file: bool,
    },
}

/// The state of the open row group.
pub(super) struct RowGroupSchedule<B, C> {
    leaves: Vec<LeafSchedule>,
    batches: BTreeMap<u64, WaitingBatch<B>>,
    limits: RowGroupLimits,
    /// The first batch of the open row group.
    start: u64,
    /// The next decision: no leaf goes past the batch before this one.
    decision: u64,
    closing: Option<Closing<C>>,
    cut: bool,
    /// The bytes of the row groups that the open file has.
    file: u64,
}

#[derive(Debug, Clone, Default)]
struct LeafSchedule {
    /// The next batch to feed it.
    position: u64,
    busy: bool,
    /// Its chunk of the row group that is closing has been closed.
    closed: bool,
    bytes: u64,
}

struct WaitingBatch<B> {
    batch: Arc<B>,
    rows: u64,
    /// Leaves that still need it.
    left: usize,
}

struct Closing<C> {
    /// The batch that ended the row group, and its rows.
    number: u64,
    rows: u64,
    ends_file: bool,
    /// The chunks of the leaves that have closed theirs.
    chunks: Vec<Option<C>>,
}

impl<B, C> RowGroupSchedule<B, C> {
    /// Nothing has come yet for `leaves` leaf columns.
    pub(super) fn new(leaves: usize, limits: RowGroupLimits) -> Self {
        Self {
            leaves: vec![LeafSchedule::default(); leaves],
            batches: BTreeMap::new(),
            limits,
            start: 0,
            decision: 1,
            closing: None,
            cut: false,
            file: 0,
        }
    }

    /// Where files will end; known before the first batch.
    pub(super) fn plan_files(&mut self, ends: FileEnds) {
        self.limits.bytes = self.limits.bytes.min(ends.bytes.unwrap_or(u64::MAX));
        self.limits.ends = ends;
    }

    /// A batch has come.
    pub(super) fn add(&mut self, number: u64, rows: u64, batch: B) {
        let waiting = WaitingBatch {
            batch: Arc::new(batch),
            rows,
            left: self.leaves.len(),
        };
        self.batches.insert(number, waiting);
    }

    /// The next thing to do, if there is any: the leaf that is furthest behind comes first.
    pub(super) fn next(&mut self) -> Option<EncodingTask<B>> {
        let closing = self.closing.is_some();
        let can_go = |leaf: &LeafSchedule| {
            let close = closing && !leaf.closed && leaf.position == self.start;
            let write = leaf.position < self.decision && self.batches.contains_key(&leaf.position);
            !leaf.busy && (close || write)
        };
        let (index, _) = self
            .leaves
            .iter()
            .enumerate()
            .filter(|(_, leaf)| can_go(leaf))
            // The one that is furthest behind holds the decision back, and with it the batches that
            // all others have done with.
            .min_by_key(|(_, leaf)| leaf.position)?;
        let leaf = &mut self.leaves[index];
        leaf.busy = true;
        if closing && !leaf.closed {
            return Some(EncodingTask::Close { leaf: index });
        }
        let batch = self.batches.get(&leaf.position)?.batch.clone();
        Some(EncodingTask::Write { leaf: index, batch })
    }

    /// A leaf has been fed; its open chunk has about so many bytes now.
    pub(super) fn wrote(&mut self, leaf: usize, bytes: u64) -> Option<BatchOutcome<C>> {
        let leaf = &mut self.leaves[leaf];
        let number = leaf.position;
        leaf.bytes = bytes;
        leaf.busy = false;
        leaf.position += 1;
        let waiting = self.batches.get_mut(&number)?;
        waiting.left -= 1;
        if waiting.left > 0 {
            return None;
        }
        let rows = waiting.rows;
        self.batches.remove(&number);
        // Only the batch before the decision asks, and only when every leaf has taken it: `bytes`
        // is then the same sum on one thread and on sixteen, and so are the row groups.
        if number + 1 == self.decision
            && let Some(ends_file) = self.decide()
        {
            self.close(number, rows, ends_file);
            return None;
        }
        Some(BatchOutcome::Taken { number, rows })
    }

    /// A leaf's chunk of so many bytes has been closed; the next row group may have begun for it.
    pub(super) fn closed(&mut self, leaf: usize, chunk: C, bytes: u64) -> Option<BatchOutcome<C>> {
        let closing = self.closing.as_mut()?;
        closing.chunks[leaf] = Some(chunk);
        self.file += bytes;
        let leaf = &mut self.leaves[leaf];
        leaf.busy = false;
        leaf.closed = true;
        leaf.bytes = 0;
        if closing.chunks.iter().any(Option::is_none) {
            return None;
        }
        for leaf in &mut self.leaves {
            leaf.closed = false;
        }
        let closing = self.closing.take()?;
        if closing.ends_file {
            self.file = 0;
        }
        Some(BatchOutcome::Finished {
            number: closing.number,
            rows: closing.rows,
            chunks: closing.chunks.into_iter().flatten().collect(),
            ends_file: closing.ends_file,
        })
    }

    /// Ends the row group with the next batch that not every leaf may have taken yet.
    pub(super) fn cut(&mut self) {
        let furthest = self.leaves.iter().map(|leaf| leaf.position).max();
        self.cut = true;
        self.decision = self.decision.min(furthest.unwrap_or(0) + 1);
    }

    /// No more than `batches` batches will come and every leaf has taken them all: what is open
    /// is to be closed.
    pub(super) fn end(&mut self, batches: u64) {
        if batches > self.start {
            self.start = batches;
            self.close(batches, 0, true);
        }
    }

    fn close(&mut self, number: u64, rows: u64, ends_file: bool) {
        self.closing = Some(Closing {
            number,
            rows,
            ends_file,
            chunks: self.leaves.iter().map(|_| None).collect(),
        });
    }

    /// Every leaf stands at the decision: does the row group end here, and with it the file? If not, when
    /// to ask again?
    fn decide(&mut self) -> Option<bool> {
        let here = self.decision;
        let batches = here - self.start;
        let bytes: u64 = self.leaves.iter().map(|leaf| leaf.bytes).sum();
        // A leaf tells only what is open now, not what each batch added: the mean is all that can
        // be had without encoding twice.
        let mean = (bytes / batches).max(1);
        let room = self.limits.bytes.saturating_sub(bytes) / mean;
        let wanted = self.limits.ends.bytes.unwrap_or(u64::MAX);
        let file = self.file + bytes;
        // Half of the next batch is nearer to what is wanted than nothing of it.
        let file_room = wanted.saturating_sub(file).saturating_add(mean / 2) / mean;
        let (is_long, room) = (file >= wanted - wanted / NEARLY, room.min(file_room));
        let end = self
            .limits
            .ends
            .before
            .partition_point(|end| *end <= self.start);
        let file_end = self
            .limits
            .ends
            .before
            .get(end)
            .copied()
            .unwrap_or(u64::MAX);
        let most = file_end.min(self.start + self.limits.batches.max(1));
        if here >= most || room == 0 || self.cut {
            self.start = here;
            self.decision = here + 1;
            self.cut = false;
            return Some(here == file_end || file_room == 0 || is_long);
        }
        // Half of the room: the mean of so few batches is only an estimate.
        let step = (room / 2).clamp(1, LONGEST_STEP);
        self.decision = (here + step).min(most);
        None
    }
}

#[cfg(test)]
mod tests;
