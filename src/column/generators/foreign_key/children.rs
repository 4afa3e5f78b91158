//! How many children each parent has, and whose child a row is, when rows are clustered by parent.
//!
//! A parent's number of children is a function of its row alone. Only the first row of each block
//! of parents is kept, so any row is found by a binary search and a walk within one block. Where every
//! parent has as many, nothing is counted or kept.

mod hints;
mod numbers;
mod of_column;
mod runs;
mod uncountable;

use rayon::prelude::*;

pub(in crate::column) use numbers::{CountColumn, Numbers};
pub(in crate::column) use runs::Run;
pub(in crate::column) use uncountable::UncountableChildren;

use crate::column::distribution::CountSampler;
use crate::column::random::hash::Key;
use crate::column::rows::Rows;
use crate::error::Result;

/// Parents of a block: a lone row costs half of as many draws to find, and eight bytes stand for it.
const BLOCK: u64 = 64;
/// Children that are written at once, whatever their number: most parents have fewer, and a copy of
/// fixed length takes no guess.
const STRIDE: usize = 8;
/// Parents whose numbers of children are drawn at once when rows follow each other.
const MOST_DRAWN: u64 = 4096;
/// Blocks grow rather than that the index has more entries (8 MiB): it stays small for milliards.
const MOST_BLOCKS: u64 = 1 << 20;

/// More parents of a pipeline are not counted: these take two seconds.
pub(in crate::column) const MOST_PARENTS: u64 = 1_000_000_000;

/// The children of every parent.
#[derive(Debug)]
pub(in crate::column) enum Children {
    /// Each of so many parents has this number.
    Alike { parents: u64, number: u64 },
    /// Each has a number of its own.
    Drawn(CountedChildren),
}

/// Parents that each have a number of children of their own.
#[derive(Debug)]
pub(in crate::column) struct CountedChildren {
    numbers: Numbers,
    parents: u64,
    block: u64,
    /// The first row of each block, and behind the last one the number of rows.
    starts: Vec<u64>,
}

/// The rows of one parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::column) struct Siblings {
    pub(in crate::column) parent: u64,
    /// Its first child.
    pub(in crate::column) first: u64,
    /// The first row that is not its child any more.
    pub(in crate::column) end: u64,
}

/// Finds the runs of rows; near the one before is fast.
struct Cursor<'a> {
    children: &'a CountedChildren,
    run: Siblings,
}

/// The number of children of the parent at a row.
pub(in crate::column) fn children_of(
    key: Key,
    counts: &CountSampler,
    parents: Rows<'_>,
) -> Vec<u64> {
    let random = key.fill(parents);
    let mut numbers = vec![0; random.len()];
    counts.fill(&random, &mut numbers);
    numbers
}

impl Children {
    /// Sums the children of all `parents`, in parallel. `counted` are those of the whole pipeline.
    pub(in crate::column) fn index(
        key: Key,
        counts: CountSampler,
        parents: u64,
        counted: u64,
    ) -> std::result::Result<Self, UncountableChildren> {
        // A constant number is a closed form. Before that `check` counted every parent: 10^12 of
        // them took hours, 10^15 asked for 85 GB.
        if !Self::are_counted(&counts) {
            let number = counts.range().1;
            let total = parents.checked_mul(number).filter(fits);
            total.ok_or(UncountableChildren::Children)?;
            return Ok(Self::Alike { parents, number });
        }
        if counted > MOST_PARENTS {
            return Err(UncountableChildren::Parents);
        }
        let block = BLOCK.max(parents.div_ceil(MOST_BLOCKS).next_power_of_two());
        let numbers = Numbers::Drawn { key, counts };
        // Drawing fails for no parent.
        let drawn = CountedChildren::index(numbers, parents, block);
        let drawn = drawn.ok().flatten().ok_or(UncountableChildren::Children)?;
        Ok(Self::Drawn(drawn))
    }

    /// True where parents have different numbers of children.
    pub(in crate::column) fn are_counted(counts: &CountSampler) -> bool {
        let (least, most) = counts.range();
        least < most
    }

    /// How many children all parents have.
    pub(in crate::column) fn total(&self) -> u64 {
        match self {
            Self::Alike { parents, number } => parents * number,
            Self::Drawn(drawn) => drawn.total(),
        }
    }

    /// The most children that a parent can have.
    pub(in crate::column) fn most(&self) -> u64 {
        match self {
            Self::Alike { number, .. } => *number,
            Self::Drawn(drawn) => drawn.numbers.range().1,
        }
    }

    /// The first row behind those of the parent that a row belongs to.
    pub(in crate::column) fn end(&self, row: u64) -> u64 {
        match self {
            Self::Alike { number, .. } => (row / number + 1) * number,
            Self::Drawn(drawn) => Cursor::new(drawn).seek(row).end,
        }
    }

    /// The first row of a parent's; behind the last one, the number of rows.
    pub(in crate::column) fn first(&self, parent: u64) -> u64 {
        match self {
            Self::Alike { number, .. } => parent * number,
            Self::Drawn(drawn) => drawn.first_child(parent),
        }
    }

    /// The parent of each row.
    pub(in crate::column) fn parents(&self, rows: Rows<'_>) -> Vec<u64> {
        match self {
            Self::Alike { number, .. } => divided(rows, *number, |parent, _| parent),
            Self::Drawn(drawn) => drawn.map(rows, |run, _| run.parent),
        }
    }

    /// Each row's place among its siblings, from 0.
    pub(in crate::column) fn places(&self, rows: Rows<'_>) -> Vec<u64> {
        match self {
            Self::Alike { number, .. } => divided(rows, *number, |_, place| place),
            Self::Drawn(drawn) => drawn.map(rows, |run, row| row - run.first),
        }
    }
}

/// Row numbers are signed 64-bit numbers in Arrow arrays, so a table has no more rows than that.
fn fits(total: &u64) -> bool {
    *total <= i64::MAX as u64
}

/// What becomes of each row's parent and of its place there, where each parent has `number` rows.
fn divided(rows: Rows<'_>, number: u64, value: impl Fn(u64, u64) -> u64) -> Vec<u64> {
    match rows {
        Rows::Range { count: 0, .. } => Vec::new(),
        Rows::Range { first, count } => {
            let (mut parent, mut place) = (first / number, first % number);
            let next = |_| {
                let here = value(parent, place);
                place += 1;
                if place == number {
                    (parent, place) = (parent + 1, 0);
                }
                here
            };
            (0..count).map(next).collect()
        }
        Rows::List(rows) => {
            let value = |row: &u64| value(row / number, row % number);
            rows.iter().map(value).collect()
        }
    }
}

impl CountedChildren {
    /// Sums the children of all `parents`, in parallel; none when they are more than 2^63.
    fn index(numbers: Numbers, parents: u64, block: u64) -> Result<Option<Self>> {
        // A prefix sum for every parent would be the quick answer and 8 bytes each, 8 GB for a
        // milliard; any row alone is asked for seldom enough that half a block of draws is no loss.
        let sum = |index: u64| -> Result<Option<u64>> {
            let first = index * block;
            let count = block.min(parents - first) as usize;
            let numbers = numbers.of(Rows::Range { first, count })?;
            Ok(numbers.into_iter().try_fold(0u64, u64::checked_add))
        };
        let sums: Vec<Option<u64>> = (0..parents.div_ceil(block))
            .into_par_iter()
            .map(sum)
            .collect::<Result<_>>()?;
        Ok(starts(sums).map(|starts| Self {
            numbers,
            parents,
            block,
            starts,
        }))
    }

    fn total(&self) -> u64 {
        self.starts[self.starts.len() - 1]
    }

    #[inline(always)]
    fn map(&self, rows: Rows<'_>, value: impl Fn(Siblings, u64) -> u64) -> Vec<u64> {
        let mut cursor = Cursor::new(self);
        match rows {
            Rows::Range { count: 0, .. } => Vec::new(),
            Rows::Range { first, count } => self.map_range(cursor.seek(first), first, count, value),
            Rows::List(rows) => {
                let value = |row: &u64| value(cursor.seek(*row), *row);
                rows.iter().map(value).collect()
            }
        }
    }

    /// The values from row `first` on, which is in `run`.
    #[inline(always)]
    fn map_range(
        &self,
        mut run: Siblings,
        first: u64,
        count: usize,
        value: impl Fn(Siblings, u64) -> u64,
    ) -> Vec<u64> {
        let mut values = vec![0; count + STRIDE];
        let mut done = write(&mut values, 0, count, first, run, &value);
        while done < count && run.parent + 1 < self.parents {
            // About as many parents as the rows left have, and eight more, so that one draw of a
            // batch mostly is enough; a mean of nearly 0 would otherwise ask for any number of
            // them.
            let left = (count - done) as f64 / self.mean().max(0.01);
            let parents = (self.parents - run.parent - 1).min((left as u64 + 8).min(MOST_DRAWN));
            let next = Rows::Range {
                first: run.parent + 1,
                count: parents as usize,
            };
            for number in self.numbers_of(next) {
                run = Siblings {
                    parent: run.parent + 1,
                    first: run.end,
                    end: run.end + number,
                };
                done = write(&mut values, done, count, run.first, run, &value);
            }
        }
        values.truncate(count);
        values
    }

    fn mean(&self) -> f64 {
        match &self.numbers {
            Numbers::Drawn { counts, .. } => counts.mean(),
            Numbers::Column(_) => self.total() as f64 / self.parents.max(1) as f64,
        }
    }

    /// How many children each of some parents has.
    fn numbers_of(&self, parents: Rows<'_>) -> Vec<u64> {
        if self.block == 1 {
            let number = |parent: u64| {
                let at = parent as usize;
                self.starts[at + 1] - self.starts[at]
            };
            return parents.map(number);
        }
        // All were made once to be summed: none fails.
        self.numbers.of(parents).unwrap_or_default()
    }

    fn draw(&self, parent: u64) -> u64 {
        match &self.numbers {
            Numbers::Drawn { key, counts } => counts.draw(key.at(parent)),
            Numbers::Column(_) => {
                let alone = Rows::Range {
                    first: parent,
                    count: 1,
                };
                self.numbers_of(alone).first().copied().unwrap_or(0)
            }
        }
    }
}

/// The sums up to each one, and of all; none when that is more than 2^63.
fn starts(sums: Vec<Option<u64>>) -> Option<Vec<u64>> {
    let mut starts = vec![0u64];
    let mut total = 0u64;
    for sum in sums {
        total = total.checked_add(sum?).filter(fits)?;
        starts.push(total);
    }
    Some(starts)
}

/// Writes the values of a run's rows from `row` on behind the `done` first ones, up to `count`; how
/// many there are then. Up to `STRIDE` values behind them are spoilt.
#[inline(always)]
fn write(
    values: &mut [u64],
    done: usize,
    count: usize,
    row: u64,
    run: Siblings,
    value: &impl Fn(Siblings, u64) -> u64,
) -> usize {
    let end = count.min(done + (run.end - row) as usize);
    // Always eight, also for a parent of two children: what is too much is written over by the next
    // parent's. A loop of as many as there are is mispredicted once for nearly every parent.
    for (index, out) in values[done..done + STRIDE].iter_mut().enumerate() {
        *out = value(run, row + index as u64);
    }
    if end - done > STRIDE {
        for (index, out) in values[done..end].iter_mut().enumerate() {
            *out = value(run, row + index as u64);
        }
    }
    end
}

impl<'a> Cursor<'a> {
    fn new(children: &'a CountedChildren) -> Self {
        let run = Siblings {
            parent: 0,
            first: 0,
            end: 0,
        };
        Self { children, run }
    }

    /// The run that `row`, which is below the total, belongs to.
    fn seek(&mut self, row: u64) -> Siblings {
        let children = self.children;
        let CountedChildren { block, starts, .. } = children;
        debug_assert!(row < children.total(), "row {row}");
        if (self.run.first..self.run.end).contains(&row) {
            return self.run;
        }
        let here = (self.run.parent / block) as usize;
        // Rows of a batch mostly rise by little. Within the block it is cheaper to go on from here
        // than to begin at the block's first parent again.
        let ahead = row >= self.run.end && starts.get(here + 1).is_some_and(|next| row < *next);
        let fresh = self.run.end == 0;
        if !ahead || fresh {
            // The last block that begins at or before the row: empty ones come before it.
            let found = starts
                .partition_point(|start| *start <= row)
                .saturating_sub(1);
            let parent = found as u64 * block;
            self.run = self.of(parent, starts[found]);
        }
        while row >= self.run.end && self.run.parent + 1 < children.parents {
            self.run = self.of(self.run.parent + 1, self.run.end);
        }
        self.run
    }

    fn of(&self, parent: u64, first: u64) -> Siblings {
        let end = first + self.children.draw(parent);
        Siblings { parent, first, end }
    }
}

#[cfg(test)]
mod tests;
