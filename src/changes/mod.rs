//! Changes of tables as a pure function: which operation change `n` is, which table and row it is of and
//! when that row comes and goes is computed for any `n`, in any order, with nothing that grows with it.
//!
//! * A period holds every operation as often as its weight, evenly spread; a block is so many periods.
//!   So how many of an operation come before change `n`, and where the `i`-th of them is, are both O(1).
//! * Row `i` of a table is made by its `i`-th insert. A block's deletes remove rows of the block before
//!   it, by a keyed permutation: its first places go, and when is known; the others stay for ever.
//! * Children choose parents that stay, of two blocks before or earlier: no delete ever leaves a child
//!   behind, and who has done all of block `b - 2` may begin block `b` in any order.
//! * The first blocks only insert, parents before children: no operation is ever without a row.
//!
//! An update is neither drawn again nor marked where it sets what is there already: that depends on all
//! that its row has seen, and a change that needs its row's history is no function of its number. What
//! knows the history, the state at a moment, can tell.

mod period;
mod places;
mod shuffle;
mod state;
mod table;
mod target;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use state::{Living, Past};
pub use table::Table;
pub use target::Target;

use crate::column::hash::Key;
use crate::format::Operation;
use crate::units;
use period::{Member, Plan, plans};
use shuffle::Shuffle;

/// Weights of one load add up to so much at most, divided by what they have in common.
// A choice: the period is an array with an entry for each unit of weight, of which each of the
// first blocks has one of its own.
pub const MOST_WEIGHT: u64 = 10_000;

/// Changes in a block unless somebody says how many.
// A choice, no measurement is behind it. A row that goes does so in the block behind that of its
// insert, and connections are at most one block apart: small blocks mean short lives and more
// waiting for each other.
pub const BLOCK: u64 = 5_000;

/// A table that takes part.
#[derive(Debug, Clone)]
pub struct Mixed {
    /// Its name.
    pub name: String,
    /// How often rows are inserted, updated and deleted, against all other numbers. Inserts are more than
    /// deletes.
    pub weights: [u64; 3],
    /// Which rows are updated.
    pub target: Target,
    /// The tables that its rows refer to, by their places; none of them is itself or behind it.
    pub parents: Vec<usize>,
}

/// Changes of some tables.
#[derive(Debug)]
pub struct Changes {
    tables: Vec<Data>,
    /// The period of each of the first blocks, then that of all others.
    plans: Vec<Plan>,
    /// Changes in a period, periods in a block.
    period: u64,
    periods: u64,
    count: Option<u64>,
}

/// What is known of one table.
#[derive(Debug)]
struct Data {
    name: String,
    /// When rows go, and which are updated.
    graves: Key,
    targets: Key,
    target: Target,
    parents: Vec<usize>,
    depth: u64,
    /// How many of each operation come before each of the first blocks, and before the others.
    starts: Vec<[u64; 3]>,
    /// The rows that one of these blocks inserts, in the order in which they go.
    shuffles: Vec<Shuffle>,
}

impl Changes {
    /// Changes of `tables`, in blocks of about `block`; `count` of them, or without end.
    pub fn new(key: Key, tables: &[Mixed], block: u64, count: Option<u64>) -> Self {
        let common = tables.iter().flat_map(|table| table.weights);
        let common = common_divisor(common).max(1);
        let members = members(tables, common);
        let plans = plans(&members);
        let period = plans[0].places.len().max(1) as u64;
        // The nearest whole number of periods: counts of whole periods are what makes every answer
        // a product.
        let periods = ((block + period / 2) / period).max(1);
        let data = |(index, (table, member)): (usize, (&Mixed, &Member))| {
            let key = key.child(&table.name);
            Data {
                name: table.name.clone(),
                // Keys of their own: which rows go must not tell which are updated.
                graves: key.child("graves"),
                targets: key.child("targets"),
                target: table.target,
                parents: table.parents.clone(),
                depth: member.depth,
                starts: starts(&plans, index, periods),
                shuffles: shuffles(&plans, index, periods),
            }
        };
        let tables = tables.iter().zip(&members).enumerate().map(data).collect();
        Self {
            tables,
            plans,
            period,
            periods,
            count,
        }
    }

    /// How many changes there are; none without end.
    pub fn count(&self) -> Option<u64> {
        self.count
    }

    /// How many changes are in a block.
    pub fn block(&self) -> u64 {
        self.period * self.periods
    }

    /// One of the tables.
    pub fn table(self: &Arc<Self>, index: usize) -> Table {
        Table::new(self.clone(), index)
    }

    /// All of the tables.
    pub fn tables(self: &Arc<Self>) -> Vec<Table> {
        (0..self.tables.len())
            .map(|index| self.table(index))
            .collect()
    }

    /// The table of that name.
    pub fn named(self: &Arc<Self>, name: &str) -> Option<Table> {
        let index = self.tables.iter().position(|table| table.name == name)?;
        Some(self.table(index))
    }

    /// Which of the periods is a block's.
    fn plan_of(&self, block: u64) -> usize {
        // There are few of them.
        usize::try_from(block).map_or(self.plans.len() - 1, |block| {
            block.min(self.plans.len() - 1)
        })
    }
}

/// What weights have in common; 0 where all of them are.
pub fn common_divisor(weights: impl Iterator<Item = u64>) -> u64 {
    let of_two = |one: u64, other: u64| units::common_divisor(one.into(), other.into());
    // No more than the least of them.
    weights.fold(0, |common, weight| of_two(common, weight) as u64)
}

// Of several parents the deepest is the one whose inserts fill the time in which a table itself
// cannot begin.
fn members(tables: &[Mixed], common: u64) -> Vec<Member> {
    let depths = depths(tables);
    let member = |(table, depth): (&Mixed, &u64)| {
        let deepest = |parent: &usize| (depths[*parent], std::cmp::Reverse(*parent));
        Member {
            weights: table.weights.map(|weight| weight / common),
            depth: *depth,
            parent: table.parents.iter().copied().max_by_key(deepest),
        }
    };
    tables.iter().zip(&depths).map(member).collect()
}

/// The block of each table's first inserts: two behind those of all its parents.
fn depths(tables: &[Mixed]) -> Vec<u64> {
    let mut depths = vec![0; tables.len()];
    // No way through parents is longer than there are tables.
    for _ in tables {
        for (index, table) in tables.iter().enumerate() {
            // Two, because connections may be one block apart: with one, a child could be inserted
            // on one connection before its parent is committed on another.
            let parents = table.parents.iter().map(|parent| 2 + depths[*parent]);
            depths[index] = parents.max().unwrap_or(0);
        }
    }
    depths
}

fn starts(plans: &[Plan], table: usize, periods: u64) -> Vec<[u64; 3]> {
    let mut starts = vec![[0; 3]];
    for (index, plan) in plans[..plans.len() - 1].iter().enumerate() {
        let counts = Operation::ALL.map(|operation| plan.parts[table].count(operation));
        starts.push(
            [0, 1, 2].map(|operation| starts[index][operation] + periods * counts[operation]),
        );
    }
    starts
}

fn shuffles(plans: &[Plan], table: usize, periods: u64) -> Vec<Shuffle> {
    let size = |plan: &Plan| periods * plan.parts[table].count(Operation::Insert);
    plans.iter().map(|plan| Shuffle::new(size(plan))).collect()
}
