//! A share of the rows: whether one is hit follows from its number.

use crate::column::hash::{Key, threshold};
use crate::column::rows::Rows;
use crate::error::Problem;
use crate::place::{Number, Placed};

/// Which rows are hit, and how often that is.
#[derive(Debug, Clone, Copy)]
pub struct Chance {
    key: Key,
    /// Rows whose random number is below it; none means all.
    threshold: Option<u64>,
}

impl Chance {
    /// A share of the rows, drawn with `key`: of two shares the greater one has all rows of the other.
    ///
    /// # Errors
    /// It is no share.
    pub fn new(key: Key, rate: &Placed<Number>) -> Result<Self, Problem> {
        let share = rate.value.0;
        if !(0.0..=1.0).contains(&share) {
            let problem = Problem::new(format!("a `rate` of faults is from 0 to 1, not {share}"));
            return Err(problem
                .at(&rate.place)
                .hint("0.01 is one in a hundred rows"));
        }
        Ok(Self {
            key,
            threshold: threshold(share),
        })
    }

    /// All rows.
    pub fn always(key: Key) -> Self {
        Self {
            key,
            threshold: None,
        }
    }

    /// True if this row is hit.
    #[inline(always)]
    pub fn hits(&self, row: u64) -> bool {
        self.threshold
            .is_none_or(|threshold| self.key.at(row) < threshold)
    }

    /// The places in `rows` of those that are hit.
    pub fn places(&self, rows: Rows<'_>) -> Vec<usize> {
        let Some(threshold) = self.threshold else {
            return (0..rows.len()).collect();
        };
        let random = self.key.fill(rows).into_iter().enumerate();
        let hit = random.filter(|(_, random)| *random < threshold);
        hit.map(|(place, _)| place).collect()
    }
}
