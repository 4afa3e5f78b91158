//! Which session does which changes: a row's changes all go to one shard, and a shard to one session.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::UInt32Array;
use arrow::compute::take_record_batch;

use super::{Changing, Keyed, Seat};
use crate::batch::{Batch, RowNumbers};
use crate::column::changes::{ChangePlaces, Changed};
use crate::column::rows::Rows;
use crate::error::Result;
use crate::format::Operation;

/// How many shards a load has. It stays what it was when the load was begun, so it is no option: more
/// than anybody wants connections, and few enough for each transaction to move all of its own on.
// No measurement is behind 64.
pub const SHARDS: usize = 64;

/// The shard of a row of a table, by the row's number.
pub fn shard_of(row: u64) -> usize {
    // Below the number of shards.
    // By the row's number and not by its key: a plain remainder, which stays what it is whatever
    // the key's type is, and rows of every block spread over all shards.
    (row % SHARDS as u64) as usize
}

/// A table whose changes are applied.
pub struct Applied {
    changing: Changing,
    seat: Arc<Seat>,
    /// The rows that come: places of changes in the table.
    first: u64,
    end: u64,
}

/// The changes of a block in a batch that one session does.
pub struct Share {
    /// The session.
    pub session: usize,
    /// The block.
    pub block: u64,
    /// Its rows, those of a shard together and in their order.
    pub batch: Batch,
    /// What they do.
    pub keyed: Keyed,
    /// Which of them each shard has.
    pub shards: Vec<(usize, Range<usize>)>,
}

impl Applied {
    /// The changes `rows` of a table, counted among its own, which has joined the others.
    pub fn new(changing: &Changing, seat: Seat, rows: Range<u64>) -> Self {
        Self {
            changing: changing.clone(),
            seat: Arc::new(seat),
            first: rows.start,
            end: rows.end,
        }
    }

    /// The tables that change.
    pub fn changing(&self) -> &Changing {
        &self.changing
    }

    /// Its place among the tables that wait for each other.
    pub fn seat(&self) -> &Arc<Seat> {
        &self.seat
    }

    /// The first change that comes.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// The block of a change of the table; behind the last one there is none.
    pub fn block(&self, row: u64) -> u64 {
        let table = &self.changing.table;
        match row < self.end {
            true => table.number(row) / table.all().block(),
            false => u64::MAX,
        }
    }

    /// The change behind the last one of a batch.
    pub fn behind(batch: &Batch) -> u64 {
        match batch.rows.num_rows().checked_sub(1) {
            Some(last) => batch.place.row(last) + 1,
            None => match &batch.place {
                RowNumbers::From(row) => *row,
                RowNumbers::List(_) => 0,
            },
        }
    }

    /// Splits a batch among sessions, and by blocks, into shares of at most `most` rows.
    ///
    /// # Errors
    /// Texts of 2 GiB and more.
    pub fn split(&self, batch: &Batch, sessions: usize, most: usize) -> Result<Vec<Share>> {
        let count = batch.rows.num_rows();
        let numbers: Vec<u64> = (0..count).map(|row| batch.place.row(row)).collect();
        let places = self.changing.table.places(match &batch.place {
            RowNumbers::From(first) => Rows::Range {
                first: *first,
                count,
            },
            RowNumbers::List(_) => Rows::List(&numbers),
        });
        let order = self.order(&places, sessions.max(1));
        // A batch has fewer rows than that.
        let indices = UInt32Array::from_iter_values(order.iter().map(|one| one.row as u32));
        let rows = take_record_batch(&batch.rows, &indices)?;
        let shares = order.chunk_by(|one, next| one.goes_with(next));
        // A share of more rows than a transaction may have would be a transaction that is too
        // large.
        let shares = shares.flat_map(|share| share.chunks(most.max(1)));
        let mut start = 0;
        let share = |rows_of: &[One]| {
            start += rows_of.len();
            let first = start - rows_of.len();
            let place = rows_of.iter().map(|one| numbers[one.row]);
            Share {
                session: rows_of[0].session,
                block: rows_of[0].block,
                batch: Batch {
                    number: batch.number,
                    place: RowNumbers::List(place.collect()),
                    rows: rows.slice(first, rows_of.len()),
                    origin: Arc::default(),
                },
                keyed: Keyed::new(rows_of.iter().map(|one| keyed(&places, one.row))),
                shards: shards(rows_of),
            }
        };
        Ok(shares.map(share).collect())
    }

    /// The rows of a batch in the order in which they are sent.
    fn order(&self, places: &ChangePlaces, sessions: usize) -> Vec<One> {
        let block = self.changing.table.all().block();
        let rows = places.keys.iter().zip(&places.numbers).enumerate();
        let one = |(row, (key, number)): (usize, (&u64, &i64))| {
            let shard = shard_of(*key);
            One {
                // Numbers of changes are never below zero.
                block: number.unsigned_abs() / block,
                session: shard % sessions,
                shard,
                row,
            }
        };
        let mut order: Vec<One> = rows.map(one).collect();
        // By block first: what is sent in order never waits for a later block of its own batch. Row
        // numbers in the end make the order total, so that the changes of a key keep theirs.
        order.sort_unstable();
        order
    }
}

/// A row of a batch, in the order in which rows are sent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct One {
    block: u64,
    session: usize,
    shard: usize,
    row: usize,
}

impl One {
    fn goes_with(&self, other: &Self) -> bool {
        (self.block, self.session) == (other.block, other.session)
    }
}

fn keyed(places: &ChangePlaces, row: usize) -> (Operation, u64) {
    let operation = Operation::of(places.operations[row]);
    (operation, places.keys[row])
}

/// Which rows each shard has.
fn shards(rows: &[One]) -> Vec<(usize, Range<usize>)> {
    let mut start = 0;
    let of_shard = |rows: &[One]| {
        start += rows.len();
        (rows[0].shard, start - rows.len()..start)
    };
    let shards = rows.chunk_by(|one, next| one.shard == next.shard);
    shards.map(of_shard).collect()
}
