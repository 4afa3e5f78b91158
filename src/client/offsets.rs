//! `rowgen_offsets`, the table in which sinks of databases keep how far loads are: what its rows mean.

/// The table of offsets, in the schema of the rows' table.
pub const OFFSETS: &str = "rowgen_offsets";

/// How loads of streams begin there; those of tables begin with a fingerprint.
pub const STREAM: &str = "stream ";

/// The partition whose offset is the number of connections that a made table was begun with.
pub const CONNECTIONS: i32 = -1;

/// The partition whose offset is the number of rows in its batches.
pub const BATCH_ROWS: i32 = -2;

/// The partition whose offset is the number of shards that changes were begun with.
pub const SHARDS_OF: i32 = -3;

/// What a connection is to hold of a load.
#[derive(Debug, PartialEq, Eq)]
pub struct Wanted<'h> {
    /// The load as a whole, by its name.
    pub whole: Option<String>,
    /// These partitions of its table.
    pub partitions: &'h [i32],
}

/// Whoever has the lock of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its connection.
    pub id: i64,
    /// The same in words.
    pub shown: String,
}

/// Why partitions are not held.
#[derive(Debug)]
pub enum NotHeld<R> {
    /// Somebody has one of them, who is gone again where nobody is named.
    By(Option<Holder>),
    /// The server says so.
    Refused(R),
}

impl<R> From<R> for NotHeld<R> {
    fn from(error: R) -> Self {
        Self::Refused(error)
    }
}
