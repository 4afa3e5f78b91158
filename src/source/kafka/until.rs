//! `until`: which messages belong to the run, and whether all of them have come.

use std::collections::HashMap;

use super::options::Until;
use super::pipe::Awaited;
use super::places::Beginning;

/// What is left of a run.
pub enum Remaining {
    /// Whatever comes.
    All,
    /// So many messages.
    Count(u64),
    /// What is there when the run begins.
    Until {
        /// Where the run's part of each partition ends.
        ends: HashMap<i32, i64>,
        /// Those of them that have more.
        open: HashMap<i32, i64>,
    },
}

impl Remaining {
    /// What there is in a topic whose partitions begin so.
    pub fn new(until: Until, partitions: &HashMap<i32, Beginning>) -> Self {
        match until {
            Until::Forever => Self::All,
            Until::Count(count) => Self::Count(count),
            Until::End => {
                let end = |(partition, beginning): (&i32, &Beginning)| (*partition, beginning.end);
                let more = |(_, beginning): &(&i32, &Beginning)| beginning.at < beginning.end;
                Self::Until {
                    ends: partitions.iter().map(end).collect(),
                    open: partitions.iter().filter(more).map(end).collect(),
                }
            }
        }
    }

    /// What of it is to be fetched.
    pub fn awaited(&self) -> Awaited {
        match self {
            Self::All => Awaited::More,
            Self::Count(count) => Awaited::Count(*count),
            Self::Until { open, .. } => Awaited::Ends(open.clone()),
        }
    }

    /// A partition is read from an offset on, perhaps not for the first time.
    pub fn begin(&mut self, partition: i32, offset: i64) {
        if let Self::Until { ends, open } = self
            && let Some(end) = ends.get(&partition)
            // A partition that comes back at its end, or behind it, has nothing more for this run.
            && offset < *end
        {
            open.insert(partition, *end);
        }
    }

    /// True when nothing more belongs to the run.
    pub fn is_nothing(&self) -> bool {
        match self {
            Self::All => false,
            Self::Count(count) => *count == 0,
            Self::Until { open, .. } => open.is_empty(),
        }
    }

    /// Whether a message belongs to the run.
    pub fn takes(&self, partition: i32, offset: i64) -> bool {
        match self {
            Self::All => true,
            Self::Count(count) => *count > 0,
            Self::Until { open, .. } => open.get(&partition).is_some_and(|end| offset < *end),
        }
    }

    /// A message of the run was taken.
    pub fn took(&mut self) {
        if let Self::Count(count) = self {
            *count = count.saturating_sub(1);
        }
    }

    /// A partition was read up to before this offset: how much of that belongs to the run.
    pub fn reached(&mut self, partition: i32, offset: i64) -> Option<i64> {
        match self {
            Self::All => Some(offset),
            Self::Count(count) => (*count > 0).then_some(offset),
            Self::Until { open, .. } => {
                let end = *open.get(&partition)?;
                if offset >= end {
                    open.remove(&partition);
                }
                Some(offset.min(end))
            }
        }
    }

    /// The partitions whose end the run waits for.
    pub fn waited(&self) -> Vec<i32> {
        match self {
            Self::Until { open, .. } => open.keys().copied().collect(),
            _ => Vec::new(),
        }
    }

    /// What is read for good: others may have read partitions to their end.
    pub fn told(&mut self, reached: &HashMap<i32, i64>) {
        if let Self::Until { open, .. } = self {
            open.retain(|partition, end| reached.get(partition).is_none_or(|told| told < end));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_covers_what_belongs_to_it_and_no_more() {
        let beginning = |at, end| Beginning {
            at,
            committed: None,
            known: false,
            end,
        };
        let partitions = [
            (0, beginning(0, 10)),
            (1, beginning(2, 4)),
            (2, beginning(7, 7)),
        ];
        let mut left = Remaining::new(Until::End, &partitions.into());
        // The last offset is no message: the end of the partition is behind it.
        assert_eq!(left.reached(0, 9), Some(9));
        assert_eq!(left.reached(0, 10), Some(10));
        assert_eq!(left.reached(0, 10), None);
        // More has come since the run began.
        assert_eq!(left.reached(1, 7), Some(4));
        assert!(left.is_nothing());
        assert_eq!(left.reached(1, 8), None);
        // A sink has not got all of it: it is read again.
        left.begin(1, 3);
        left.begin(2, 7);
        assert_eq!(left.waited(), [1]);
        assert!(left.takes(1, 3) && !left.takes(1, 4));
        left.told(&[(1, 3)].into());
        assert!(!left.is_nothing());
        left.told(&[(1, 4)].into());
        assert!(left.is_nothing());
        let mut left = Remaining::Count(1);
        assert_eq!(left.reached(0, 5), Some(5));
        left.took();
        assert_eq!(left.reached(0, 6), None);
        assert_eq!(Remaining::All.reached(0, 6), Some(6));
    }
}
