//! One table's changes: how many come before a moment, where each is, when a row comes and goes.

use std::ops::Range;
use std::sync::Arc;

use super::period::TableSlots;
use super::{Changes, Data};
use crate::column::hash::{Key, below};
use crate::format::Operation;

/// How often a row is drawn again that is not what is wanted; then one is taken that certainly is.
// A choice. There must be an end to it: were nearly all rows gone, the time for a change would have
// none. At half of them gone one draw in 256 takes the way out.
const ATTEMPTS: u64 = 8;

/// One table of a load.
#[derive(Debug, Clone)]
pub struct Table {
    all: Arc<Changes>,
    index: usize,
}

/// One change of a table, as the period knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) operation: Operation,
    /// Its number among all changes, and its block.
    pub(super) number: u64,
    pub(super) block: u64,
    /// How many of each operation of the table come before it.
    pub(super) before: [u64; 3],
}

/// Where a change of a table stands.
struct Spot {
    block: u64,
    period: u64,
    slot: usize,
}

impl Table {
    pub(super) fn new(all: Arc<Changes>, index: usize) -> Self {
        Self { all, index }
    }

    /// Its place among those of the load.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.data().name
    }

    /// The load that it is part of.
    pub fn all(&self) -> &Arc<Changes> {
        &self.all
    }

    /// The block of its first inserts.
    pub fn depth(&self) -> u64 {
        self.data().depth
    }

    /// True if some change is such an operation.
    pub fn has(&self, operation: Operation) -> bool {
        let last = self.all.plans.last();
        last.is_some_and(|plan| plan.parts[self.index].count(operation) > 0)
    }

    /// The part of all changes that it has, but for the first blocks.
    pub fn share(&self) -> f64 {
        let last = self.all.plans.last();
        let slots = last.map_or(0, |plan| plan.parts[self.index].slots.len());
        // Both are small numbers.
        slots as f64 / self.all.period as f64
    }

    /// How many changes it has; none without end.
    pub fn rows(&self) -> Option<u64> {
        self.all.count.map(|count| self.before(count))
    }

    /// How many rows are inserted; none without end.
    pub fn inserts(&self) -> Option<u64> {
        let count = self.all.count?;
        Some(self.before_of(Operation::Insert, count))
    }

    /// The tables that its rows refer to.
    pub fn parent(&self, name: &str) -> Option<Self> {
        let named = |parent: &&usize| self.all.tables[**parent].name == name;
        let parent = self.data().parents.iter().find(named)?;
        Some(self.all.table(*parent))
    }

    /// How many of its changes come before change `number`.
    pub fn before(&self, number: u64) -> u64 {
        let all = Operation::ALL.into_iter();
        all.map(|operation| self.before_of(operation, number)).sum()
    }

    /// How many of them are of an operation. As many rows of it have been inserted, for inserts.
    pub fn before_of(&self, operation: Operation, number: u64) -> u64 {
        let (block, within) = (number / self.all.block(), number % self.all.block());
        let (period, place) = (within / self.all.period, within % self.all.period);
        let part = self.part(block);
        let slot = part
            .slots
            .partition_point(|slot| u64::from(slot.place) < place);
        let before = period * part.count(operation) + part.before(operation, slot);
        self.start(operation, block) + before
    }

    /// The change number of its `row`-th change.
    pub fn number(&self, row: u64) -> u64 {
        let spot = self.spot(row);
        let place = self.part(spot.block).slots[spot.slot].place;
        spot.block * self.all.block() + spot.period * self.all.period + u64::from(place)
    }

    /// The change that inserts row `key`.
    pub fn born(&self, key: u64) -> u64 {
        self.place(Operation::Insert, key)
    }

    /// The change that deletes row `key`, if one does.
    pub fn grave(&self, key: u64) -> Option<u64> {
        let (died, dies, place) = self.fate(key);
        (place < dies).then(|| self.place(Operation::Delete, died + place))
    }

    /// True if row `key` is there after all changes before `number`.
    pub fn alive(&self, key: u64, number: u64) -> bool {
        key < self.before_of(Operation::Insert, number) && self.is_left(key, number)
    }

    /// The change number of the update of this rank.
    pub fn update(&self, rank: u64) -> u64 {
        self.place(Operation::Update, rank)
    }

    /// A row that stays for ever, of two blocks before change `number` or earlier.
    pub fn parent_at(&self, key: Key, number: u64) -> u64 {
        // A child's own first block is two behind this one's.
        // Only rows that stay are parents: a delete could otherwise come before that of the child,
        // and fail on its foreign key.
        let block = (number / self.all.block()).saturating_sub(1);
        let size = self.start(Operation::Insert, block).max(1);
        let mut row = 0;
        for attempt in 0..ATTEMPTS {
            row = below(key.at(number * ATTEMPTS + attempt), size);
            if !self.is_mortal(row) {
                return row;
            }
        }
        self.survivor(row, key.at(number * ATTEMPTS))
    }

    /// The row that the update of change `number` is of, of the `size` that were inserted before.
    fn target(&self, number: u64, size: u64) -> u64 {
        let data = self.data();
        let mut row = 0;
        for attempt in 0..ATTEMPTS {
            let random = data.targets.at(number * ATTEMPTS + attempt);
            row = data.target.draw(random, size);
            if self.is_left(row, number) {
                return row;
            }
        }
        // The block of a row that is gone is complete, and deletes are fewer than inserts in every
        // block: some row of it stays.
        self.survivor(row, data.targets.at(number * ATTEMPTS))
    }

    /// The row that a change is of.
    #[inline]
    pub(super) fn key_of(&self, step: &Step) -> u64 {
        let [inserts, _, deletes] = step.before;
        match step.operation {
            Operation::Insert => inserts,
            Operation::Update => self.target(step.number, inserts),
            Operation::Delete => {
                // The first block of a table has no deletes.
                let block = step.block.saturating_sub(1);
                let place = deletes - self.start(Operation::Delete, step.block);
                self.start(Operation::Insert, block) + self.shuffled(block, place)
            }
        }
    }

    /// Visits some of the table's changes, in order.
    pub(super) fn walk(&self, rows: Range<u64>, mut visit: impl FnMut(Step)) {
        let mut left = rows.end.saturating_sub(rows.start);
        let mut spot = match left {
            0 => return,
            _ => self.spot(rows.start),
        };
        while left > 0 {
            let part = self.part(spot.block);
            let first = spot.block * self.all.block() + spot.period * self.all.period;
            let base = Operation::ALL.map(|operation| {
                self.start(operation, spot.block) + spot.period * part.count(operation)
            });
            let slots = &part.slots[spot.slot..];
            // No more than there are slots.
            let slots = &slots[..(slots.len() as u64).min(left) as usize];
            for slot in slots {
                visit(Step {
                    operation: slot.operation,
                    number: first + u64::from(slot.place),
                    block: spot.block,
                    before: [0, 1, 2].map(|each| base[each] + u64::from(slot.before[each])),
                });
            }
            left -= slots.len() as u64;
            spot.turn(self.all.periods);
        }
    }

    /// True if no change before `number` deletes row `key`, which was inserted.
    fn is_left(&self, key: u64, number: u64) -> bool {
        if !self.has(Operation::Delete) {
            return true;
        }
        let (born, now) = (
            self.block_of(Operation::Insert, key),
            number / self.all.block(),
        );
        // Deletes are in the block behind.
        if now <= born {
            return true;
        }
        let (died, dies, place) = self.fate(key);
        place >= dies || (now == born + 1 && self.place(Operation::Delete, died + place) >= number)
    }

    /// True if row `key` goes one day.
    fn is_mortal(&self, key: u64) -> bool {
        self.has(Operation::Delete) && {
            let (_, dies, place) = self.fate(key);
            place < dies
        }
    }

    /// The deletes before those of its block's rows, how many of these go, and its own place among them.
    // A permutation that can be gone back tells a row's fate from its number: a list of those that
    // went would grow with the run.
    fn fate(&self, key: u64) -> (u64, u64, u64) {
        let block = self.block_of(Operation::Insert, key);
        let died = self.start(Operation::Delete, block + 1);
        let dies = self.start(Operation::Delete, block + 2) - died;
        let shuffle = self.data().shuffles[self.all.plan_of(block)];
        let offset = key - self.start(Operation::Insert, block);
        let place = match dies {
            0 => 0,
            _ => shuffle.back(self.data().graves.at(block), offset),
        };
        (died, dies, place)
    }

    /// A row of the same block that never goes.
    fn survivor(&self, key: u64, random: u64) -> u64 {
        let block = self.block_of(Operation::Insert, key);
        let start = |block| self.start(Operation::Delete, block);
        let dies = start(block + 2) - start(block + 1);
        let size = self.data().shuffles[self.all.plan_of(block)].size();
        // The permutation's first `dies` places go; all behind them stay for ever.
        let place = dies + below(random, (size - dies).max(1));
        self.start(Operation::Insert, block) + self.shuffled(block, place)
    }

    /// The insert of a block whose row is the `place`-th to go.
    fn shuffled(&self, block: u64, place: u64) -> u64 {
        let shuffle = self.data().shuffles[self.all.plan_of(block)];
        shuffle.go(self.data().graves.at(block), place)
    }

    /// The change number of the `index`-th change of an operation, of which there are some.
    pub(super) fn place(&self, operation: Operation, index: u64) -> u64 {
        let block = self.block_of(operation, index);
        let part = self.part(block);
        let within = index - self.start(operation, block);
        let count = part.count(operation).max(1);
        // Less than the weights together.
        let slot = part.of[operation as usize][(within % count) as usize];
        let place = part.slots[slot as usize].place;
        block * self.all.block() + (within / count) * self.all.period + u64::from(place)
    }

    /// The block of the `index`-th change of an operation.
    fn block_of(&self, operation: Operation, index: u64) -> u64 {
        let start = |starts: &[u64; 3]| starts[operation as usize];
        let starts = &self.data().starts;
        let first = self.first_blocks();
        match starts.last().map(start) {
            Some(others) if index >= others => {
                let part = self.part(first);
                let each = (self.all.periods * part.count(operation)).max(1);
                first + (index - others) / each
            }
            _ => starts.partition_point(|starts| start(starts) <= index) as u64 - 1,
        }
    }

    fn spot(&self, row: u64) -> Spot {
        let first = self.first_blocks();
        let start = |block| -> u64 {
            let all = Operation::ALL.into_iter();
            all.map(|operation| self.start(operation, block)).sum()
        };
        let rows = |block| self.part(block).slots.len() as u64;
        let block = match row.checked_sub(start(first)) {
            Some(behind) => first + behind / (self.all.periods * rows(first)).max(1),
            None => (0..first)
                .rev()
                .find(|block| start(*block) <= row)
                .unwrap_or(0),
        };
        let (within, rows) = (row - start(block), rows(block).max(1));
        Spot {
            block,
            period: within / rows,
            // Less than the weights together.
            slot: (within % rows) as usize,
        }
    }

    /// How many of an operation come before a block.
    fn start(&self, operation: Operation, block: u64) -> u64 {
        let plan = self.all.plan_of(block);
        let more = block - (plan as u64).min(block);
        let count = || self.all.plans[plan].parts[self.index].count(operation);
        let start = self.data().starts[plan][operation as usize];
        match more {
            0 => start,
            _ => start + more * self.all.periods * count(),
        }
    }

    /// How many blocks are unlike the others.
    fn first_blocks(&self) -> u64 {
        self.all.plans.len() as u64 - 1
    }

    fn part(&self, block: u64) -> &TableSlots {
        &self.all.plans[self.all.plan_of(block)].parts[self.index]
    }

    fn data(&self) -> &Data {
        &self.all.tables[self.index]
    }
}

impl Spot {
    /// To the next period.
    fn turn(&mut self, periods: u64) {
        self.slot = 0;
        self.period += 1;
        if self.period == periods {
            self.period = 0;
            self.block += 1;
        }
    }
}
