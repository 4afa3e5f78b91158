//! Compares what sinks hold with what must be there: a value is a function of its place, so the recipe
//! is the answer.
//!
//! ```text
//! expected   the plan's programs make each piece of a table again      held     what a sink keeps of it
//! found      a source reads back what a sink has written               readers  which source reads which sink
//! servers    the same for tables and collections of servers
//! exact      as the types of the table, nothing of them lost           words    how values are told
//! nested     the same for what is in lists and structs
//! hash       128 bits of each row, column by column                    keyed    what tells rows apart
//! aligned    rows that stand where they should, value by value         matching what became of each row
//! compare    else digests of buckets, then the rows of those that differ
//! trust      or none of that, where files are as they were written
//! states     what rows have come to that change            blame    which of their changes explain what they are
//! behind     rows of a table without end that come later     hints    what helps where nothing is there
//! details    the values of those rows, read again                      outcome  what came of a sink
//! ```
//!
//! Invariant: both sides are read in pieces, in any order, and none is kept: what is kept of a row that is
//! compared alone are its hashes and its place, as many as memory is given for.

mod aligned;
#[cfg(feature = "mongodb")]
mod alignment;
mod altered;
mod behind;
mod blame;
mod columns;
mod compare;
mod details;
mod downstream;
mod exact;
mod expected;
mod faults;
mod find;
mod found;
mod groups;
mod hash;
mod held;
mod hints;
mod json_text;
mod keyed;
mod matching;
mod nested;
mod no_rows;
mod order;
mod outcome;
mod readers;
mod scan;
mod servers;
mod side;
mod spelling;
mod states;
mod target;
mod targets;
#[cfg(feature = "kafka")]
mod topic;
mod trust;
mod words;

use std::path::PathBuf;

pub use details::Told;
pub use find::{find, find_among};
pub use outcome::Outcome;
pub use scan::Progress;
pub use target::Target;
pub use targets::targets;

use crate::place::Place;
use crate::plan::Plan;
use crate::sink::Slice;
use crate::source::SourceKind;

/// What is compared, and how.
#[derive(Debug, Clone)]
pub struct CompareOptions {
    /// Where relative paths of sinks start.
    pub out: PathBuf,
    /// Only this share of the rows.
    pub slice: Option<Slice>,
    /// Rows are only counted.
    pub count_only: bool,
    /// Files that are as their manifest lists them are not read.
    pub trust_manifest: bool,
    /// So many differences are told with their values.
    pub most_told: u64,
    /// All of them are wanted, however many there are.
    pub all_told: bool,
    /// Floats so many steps apart are equal.
    pub float_ulps: u64,
    /// Bytes for rows that are compared one by one.
    pub memory: u64,
    /// What is read instead of what the sink has written.
    pub against: Option<Against>,
    /// The moment of which rows are expected that change; after all changes without it.
    pub at: Option<At>,
}

/// A moment of a load of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// After so many changes.
    Change(u64),
    /// As far as the sink says that it is.
    Now,
}

/// A source that is compared with a table.
#[derive(Debug, Clone)]
pub struct Against {
    /// The source.
    pub source: SourceKind,
    /// Where it was said.
    pub place: Place,
    /// What columns of the sink are called there, where that is something else.
    pub columns: Vec<(String, String)>,
}

/// The plan of all rows, and that of a slice, where one is asked for.
pub struct Plans {
    /// Of all rows.
    pub whole: Plan,
    /// Of the slice.
    pub slice: Option<Plan>,
}
