//! What the plan must know of a sink: what it takes, where it writes, what it promises.

use std::path::PathBuf;

use super::order_by::OrderBy;
use crate::place::{Bytes, FilePath, Placed, Text};

/// What a sink takes, and what the plan must know of it.
#[derive(Debug, Clone, Default)]
pub struct Takes {
    /// Batches must not have more rows than this: a row group is made of whole batches.
    pub most_rows: Option<u64>,
    /// Batches are best no larger than this, where all sinks that share them say so.
    pub best_rows: Option<u64>,
    /// The rows of a batch are best no more than so many bytes: a file of a wanted size ends with one.
    pub best_bytes: Option<u64>,
    /// It wants its rows in so many files: batches end where they do.
    pub files: Option<u64>,
    /// Columns whose values choose a folder; they are left out of `Shape` and of the batches. Such a
    /// sink has a lane for each value, or for each run of values.
    pub partition_by: Vec<Placed<Text>>,
    /// Columns whose order rows come in.
    pub order_by: Vec<OrderBy>,
    /// The bytes that sorting may take.
    pub sort_memory: Option<Placed<Bytes>>,
    /// Columns that are read beside those that are written: keys, times. Each is a column that is
    /// written, or one of the table's, hidden ones too, which then comes after all that are written.
    pub reads: Vec<Placed<Text>>,
    /// Where it writes.
    pub place: SinkPlace,
    /// The file in which it keeps rows that are not taken.
    pub letters: Option<PathBuf>,
    /// It writes to the program's own stdout.
    pub stdout: bool,
    /// What it writes are texts of CSV or JSON: a value may be any bytes.
    pub texts: bool,
    /// The columns that tell its rows apart: no two rows are equal in them, and none is null.
    pub key: Vec<Placed<Text>>,
    /// It knows a row by its number: none comes twice, or where another belongs.
    pub by_number: bool,
    /// It holds each row back until it is due, to the microsecond: it has them some time before that.
    pub holds_rows: bool,
    /// It removes what earlier runs have written.
    pub replaces: bool,
    /// Options that say where rows go and how safely: what is written does not depend on them.
    pub placing: &'static [&'static str],
    /// What it promises of rows whose run is repeated or whose answer is lost.
    pub delivery: Delivery,
    /// What it does with rows that are changes of a table.
    pub changes: TakesChanges,
}

/// What a sink does with rows that are changes of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TakesChanges {
    /// It writes them as rows: a log of changes.
    #[default]
    AsRows,
    /// It applies them: inserts, updates and deletes rows. All that says what a change is must be among
    /// the columns that it gets.
    Applied,
    /// It takes none, and what helps.
    Refused(&'static str),
}

/// Where a sink writes, as far as another one may be in its way.
#[derive(Debug, Clone, Default)]
pub enum SinkPlace {
    /// Somewhere that several tables cannot share.
    #[default]
    Named,
    /// The file or the folder that nobody else may write, as the pipeline says it.
    Path(Placed<FilePath>),
    /// Nowhere: any number of tables may go there.
    Nowhere,
}

/// What a sink promises of rows whose run is repeated or whose answer is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Delivery {
    /// Rows and the offsets they came from are committed together: each is there once.
    Transactional,
    /// What comes again is what is there already.
    Idempotent,
    /// A row may come again.
    #[default]
    AtLeastOnce,
    /// A row may be missing: whoever takes it does not say so.
    AtMostOnce,
}
