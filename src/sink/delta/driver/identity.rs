//! What tells a run from all others: in the names of its files, in its note, in its transaction.

use crate::sink::file::{slice_in, suffix};
use crate::sink::{Slice, Target};

/// So many hexadecimal digits of a fingerprint stand in names: stores and their servers bound those.
const DIGITS: usize = 16;

/// A run, or a slice of one.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    /// Of the plan and the seed: of all that decides the rows.
    pub(super) fingerprint: String,
    pub(super) slice: Option<Slice>,
    /// How often this plan has replaced the table before; 0 for rows that are added.
    pub(super) generation: i64,
}

impl Identity {
    /// The run of a target, for the first time.
    pub(super) fn of(target: &Target) -> Self {
        Self {
            fingerprint: target.fingerprint.clone(),
            slice: target.slice,
            generation: 0,
        }
    }

    /// The application id of its transaction. Slices that replace a table are one transaction.
    pub(super) fn application(&self, overwrite: bool) -> String {
        let slice = self.slice.filter(|_| !overwrite);
        match slice {
            Some(slice) => format!("rowgen-{}-{}", self.fingerprint, suffix(slice)),
            None => format!("rowgen-{}", self.fingerprint),
        }
    }

    /// What stands in the names of its files.
    pub(super) fn tag(&self) -> String {
        format!("{}-{}", self.short(), self.generation)
    }

    /// What these begin with.
    pub(super) fn part_prefix(&self) -> String {
        format!("part-{}-", self.tag())
    }

    fn short(&self) -> &str {
        self.fingerprint.get(..DIGITS).unwrap_or(&self.fingerprint)
    }

    /// The same run, in the slices in which it made a file; nothing for a file of another run.
    pub(super) fn that_made(&self, path: &str) -> Option<Self> {
        let name = path.rsplit('/').next()?;
        let rest = name.strip_prefix(&self.part_prefix())?;
        let slice = slice_in(rest).filter(|(_, behind)| !behind.is_empty());
        Some(Self {
            slice: slice.map(|(slice, _)| slice),
            ..self.clone()
        })
    }

    /// What its note is called.
    pub(super) fn note_name(&self) -> String {
        match self.slice {
            Some(slice) => format!("commit-{}-{}", self.tag(), suffix(slice)),
            None => format!("commit-{}", self.tag()),
        }
    }

    /// The note of an earlier generation.
    pub(super) fn is_earlier_note(&self, name: &str) -> bool {
        let own = format!("commit-{}-", self.short());
        let rest = name.strip_prefix(&own).unwrap_or_default();
        let digits = rest.split(['-', '.']).next().unwrap_or_default();
        digits
            .parse::<i64>()
            .is_ok_and(|generation| generation < self.generation)
    }
}

/// True for the name of a file that some run of rowgen has made for a table.
pub(super) fn is_ours(name: &str) -> bool {
    let rest = name.strip_prefix("part-").unwrap_or_default();
    let (fingerprint, rest) = rest.split_once('-').unwrap_or_default();
    let hexadecimal = |c: char| c.is_ascii_hexdigit();
    fingerprint.len() == DIGITS
        && fingerprint.chars().all(hexadecimal)
        && rest.ends_with(".parquet")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_runs_slices_and_generations_apart() {
        let one = Identity {
            fingerprint: "0123456789abcdef0123456789abcdef".into(),
            slice: Some(Slice { index: 2, count: 8 }),
            generation: 1,
        };
        let fingerprint = &one.fingerprint;
        let sliced = format!("rowgen-{fingerprint}-00002-of-00008");
        assert_eq!(one.application(false), sliced);
        assert_eq!(one.application(true), format!("rowgen-{fingerprint}"));
        let note = "commit-0123456789abcdef-1-00002-of-00008";
        assert_eq!(one.note_name(), note);
        assert!(one.is_earlier_note("commit-0123456789abcdef-0-00002-of-00008.jsonl"));
        assert!(one.is_earlier_note("commit-0123456789abcdef-0.jsonl"));
        assert!(!one.is_earlier_note(&format!("{note}.jsonl")));
        assert!(!one.is_earlier_note("commit-0-0.jsonl"));
        let made = |path: &str| one.that_made(path).map(|run| run.slice);
        let sliced = "day=1/part-0123456789abcdef-1-00001-of-00003-00000.parquet";
        assert_eq!(made(sliced), Some(Some(Slice { index: 1, count: 3 })));
        assert_eq!(made("part-0123456789abcdef-1-00000.parquet"), Some(None));
        assert_eq!(made("part-0123456789abcdef-0-00000.parquet"), None);
        assert!(is_ours(&format!("part-{}-00000.parquet", one.tag())));
        assert!(!is_ours("part-00000.parquet"));
        assert!(!is_ours("orders.parquet"));
    }
}
