//! How many rows a table of a database has, where they are in the order of the key, and which rows they
//! are: one number that changes with any of them.

use std::ops::RangeInclusive;

use sha2::{Digest, Sha256};

use super::key_ranges::{Group, Ranges, heavy, shift};
use crate::error::{Error, Problem, Result};
use crate::units::hexadecimal;

/// What was counted.
pub(super) struct Counted {
    pub(super) rows: u64,
    /// Where they are, if they have a key.
    pub(super) ranges: Option<Ranges>,
    /// Equal while the rows are.
    pub(super) digest: String,
}

/// A group, and the sum of its rows' marks.
pub(super) type Marked = (Group, String);

/// Rows whose keys, without so many lower bits, are those of these keys.
pub(super) type Among = (u32, Vec<i64>);

impl Counted {
    /// All keys between two are there, each once: where each row is, is known.
    pub(super) fn dense(keys: RangeInclusive<i64>) -> Self {
        let least = *keys.start();
        let ranges = Ranges::dense(keys);
        Self {
            rows: ranges.rows(),
            digest: format!("{} from {least}", ranges.rows()),
            ranges: Some(ranges),
        }
    }

    /// Rows that have these keys at most. A `pass` counts them by their keys without so many lower bits, all
    /// of them or some.
    ///
    /// # Errors
    /// Those of a pass; or what `twice` says of a key that several rows have.
    pub(super) async fn by_passes(
        keys: RangeInclusive<i64>,
        mut pass: impl AsyncFnMut(u32, Option<&Among>) -> Result<Vec<Marked>>,
        twice: impl Fn(i64) -> Problem,
    ) -> Result<Self> {
        let (mut groups, mut digest) = (Vec::new(), Sha256::new());
        let (mut again, mut among) = (vec![keys], None);
        loop {
            let shift = shift(again.iter());
            let mut found = pass(shift, among.as_ref()).await?;
            // Only the first pass sees every row, and so its marks are the table's; later ones
            // count some rows again.
            if among.is_none() {
                found.sort_by_key(|(group, _)| *group.keys.start());
                found.iter().for_each(|(_, marks)| digest.update(marks));
            }
            let found = found.into_iter().map(|(group, _)| group);
            let (heavy, light) = heavy(found.collect());
            groups.extend(light);
            if heavy.is_empty() {
                break;
            }
            let starts = heavy.iter().map(|group| *group.keys.start());
            among = Some((shift, starts.collect()));
            again = heavy.into_iter().map(|group| group.keys).collect();
        }
        if let Some(group) = groups.iter().find(|group| group.is_crowded()) {
            return Err(Error::user(twice(*group.keys.start())));
        }
        let ranges = Ranges::new(groups);
        Ok(Self {
            rows: ranges.rows(),
            digest: format!("{} {}", ranges.rows(), hexadecimal(&digest.finalize())),
            ranges: Some(ranges),
        })
    }
}
