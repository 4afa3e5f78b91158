//! Which blocks of changes a table has committed, as the tables are told that wait for it.

use std::collections::BTreeMap;

use crate::sink::applied::{Does, Told};

/// How far the changes of a table are.
#[derive(Default)]
pub(super) struct Blocks {
    /// Pieces of each block that are not safe yet.
    open: BTreeMap<u64, usize>,
    /// Those of them that are in transactions.
    under_way: usize,
    /// The block of the first row that was not handed out.
    next: u64,
    /// What the other tables were told, and how often.
    told: Option<Told>,
    times: u64,
}

impl Blocks {
    /// Those of a table whose first row is in this block.
    pub(super) fn new(next: u64) -> Self {
        Self {
            next,
            ..Self::default()
        }
    }

    /// All rows before this block were handed out.
    pub(super) fn goes_on(&mut self, next: u64) {
        self.next = next;
    }

    /// A piece of a block was handed out.
    pub(super) fn add(&mut self, block: u64) {
        *self.open.entry(block).or_default() += 1;
    }

    /// A piece is in a transaction.
    pub(super) fn taken(&mut self) {
        self.under_way += 1;
    }

    /// No piece is in a transaction.
    pub(super) fn is_idle(&self) -> bool {
        self.under_way == 0
    }

    /// A piece of a block is safe.
    pub(super) fn safe(&mut self, block: u64) {
        self.under_way -= 1;
        if let Some(left) = self.open.get_mut(&block) {
            *left -= 1;
            if *left == 0 {
                self.open.remove(&block);
            }
        }
    }

    /// What the other tables are to know, if they do not know it yet: whether there is work or may be more,
    /// or else what is left `waits` for more than these blocks.
    pub(super) fn told(&mut self, works: bool, waits: Option<u64>) -> Option<(u64, Told)> {
        let first = self.open.keys().next().copied();
        let does = match (self.under_way > 0 || works, waits) {
            (true, _) => Does::Works,
            (false, Some(at)) => Does::Waits(at),
            (false, None) => Does::Nothing,
        };
        let told = Told {
            floor: first.map_or(self.next, |open| self.next.min(open)),
            does,
        };
        if self.told.replace(told) == Some(told) {
            return None;
        }
        self.times += 1;
        Some((self.times, told))
    }
}
