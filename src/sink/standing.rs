//! What a sink's output tells of the slots of a schedule.

use std::path::PathBuf;

use crate::error::Problem;
use crate::place::{FilePath, Placed};

/// How a sink keeps the outputs of slots apart.
#[derive(Debug, Clone)]
pub enum SlotsBy {
    /// Each slot has a path of its own; this is that of one of them.
    Path(Placed<FilePath>),
    /// Each slot has partitions of its own in this folder, and replaces no others.
    Partition(Placed<FilePath>),
    /// Each slot is a commit of its own to the table that is here.
    Commit(Placed<FilePath>),
}

/// What is there of the output of a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nothing, or what a run that did not end has left.
    Absent,
    /// All of it, of this plan and seed.
    Same,
    /// Something that another plan or seed has made, here.
    Other(PathBuf),
}

/// Why a sink cannot be scheduled that says nothing of slots.
pub(super) fn untold() -> Problem {
    let what =
        "this sink cannot be scheduled: what it has written does not tell whether a slot is done";
    Problem::new(what)
        .hint("a schedule writes to `file` sinks with `if_exists: skip` or `replace_partitions`, and to `delta`")
}
