//! Files of a set that cannot be read: they end the command, or are left out whole, counted and named.

use std::path::Path;

use schemars::json_schema;

use crate::error::Problem;
use crate::place::{FilePath, Placed, Value, by_node, decode};
use crate::report::BadFile;
use crate::units::show_count;

/// What can be done about files that cannot be read.
pub const FILES_LEFT_OUT_OR_KEPT: &str = "`on_bad_file: skip` leaves such files out, `on_bad_file: { dead_letter: broken.jsonl }` also keeps their names";

/// What becomes of a file that cannot be read.
#[derive(Debug, Clone, Default)]
pub enum OnBadFile {
    /// There is no run.
    #[default]
    Stop,
    /// It is left out and named.
    Skip,
    /// It is left out, and noted in this file, from the current folder or `--out` on.
    DeadLetter(Placed<FilePath>),
}

/// The files of a set that are left out.
#[derive(Debug, Clone, Default)]
pub struct BadFiles {
    /// What becomes of them.
    pub policy: OnBadFile,
    /// Each of them, in the order of the set.
    pub files: Vec<BadFile>,
    /// How many files the set has, with them.
    pub of: usize,
}

impl OnBadFile {
    /// True where files are left out.
    pub fn leaves_out(&self) -> bool {
        !matches!(self, Self::Stop)
    }

    /// Where they are noted.
    pub fn letters(&self) -> Option<&Placed<FilePath>> {
        match self {
            Self::DeadLetter(path) => Some(path),
            Self::Stop | Self::Skip => None,
        }
    }
}

impl BadFiles {
    /// How many there are, if there are any: `1 of 3 files is left out`.
    pub fn count(&self) -> Option<String> {
        let count = |count: usize| show_count(count as u64);
        let (left_out, of) = (count(self.files.len()), count(self.of));
        match self.files.len() {
            0 => None,
            1 => Some(format!("1 of {of} files is left out")),
            _ => Some(format!("{left_out} of {of} files are left out")),
        }
    }
}

/// A file of which this was said.
pub(super) fn bad_file(path: &Path, problem: &Problem) -> BadFile {
    let reason = match problem.causes.as_slice() {
        [] => problem.message.clone(),
        causes => causes.join(": "),
    };
    BadFile {
        path: path.display().to_string(),
        reason: problem.shown(&reason),
    }
}

fn unknown() -> Problem {
    Problem::new("expected `stop`, `skip` or `{ dead_letter: PATH }`")
}

by_node!(
    inline,
    OnBadFile,
    |node| {
        match &node.value {
            Value::Scalar { text, .. } if text == "stop" => Ok(OnBadFile::Stop),
            Value::Scalar { text, .. } if text == "skip" => Ok(OnBadFile::Skip),
            Value::Map(entries) => match entries.as_slice() {
                [(key, to)] if key.name == "dead_letter" => decode(to).map(OnBadFile::DeadLetter),
                _ => Err(unknown()),
            },
            _ => Err(unknown()),
        }
    },
    |_| {
        json_schema!({ "anyOf": [
            { "enum": ["stop", "skip"] },
            { "type": "object", "properties": { "dead_letter": { "type": "string" } }, "required": ["dead_letter"], "additionalProperties": false }
        ]})
    }
);
