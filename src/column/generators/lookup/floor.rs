//! A time as the last moment at which a reference changed: of all times since, rows are the same.

use arrow::array::{Array, ArrayRef};

use crate::column::build::{Build, BuiltColumn, Input};
use crate::column::program::Fill;
use crate::column::rows::Rows;
use crate::column::values::arrays::from_i64;
use crate::column::values::dictionary_encoded::{DictionaryEncoded, NULL};
use crate::column::values::ticks::ticks;
use crate::domain::{Domain, Order};
use crate::error::Result;
use crate::kernel::extremes::of_i64;

/// More moments than this are not told apart before the first row.
const MOST: usize = 1024;

/// The moments that our times can be floored to.
pub struct Floor {
    /// The first one stands for the times before the second one.
    moments: Vec<i64>,
}

/// Floors each time.
struct FloorFill {
    moments: Vec<i64>,
    encoded: DictionaryEncoded,
    /// The times never fall from row to row.
    ascending: bool,
}

/// The moments between the least and the greatest of our times at which theirs change; none where
/// these are many, or our times are not known.
pub fn few(ours: &Input, theirs: &[Option<i64>]) -> Option<Floor> {
    let (min, max) = ours.domain.bounds()?;
    // Between two changes of the reference all times see the same row: with few changes the time is
    // one of few values, and all that is looked up by it becomes a table made before the first row.
    let between = theirs.iter().flatten().copied();
    let mut moments: Vec<i64> = between.filter(|time| *time > min && *time <= max).collect();
    moments.push(min);
    moments.sort_unstable();
    moments.dedup();
    (moments.len() <= MOST).then_some(Floor { moments })
}

impl Floor {
    /// The floored times as an input, called `name`.
    pub fn input(self, name: &str, ours: &Input, build: &mut Build<'_>) -> Input {
        let times = from_i64(&ours.data_type, self.moments.clone());
        let keys = (0..self.moments.len() as i32).collect();
        let encoded = DictionaryEncoded {
            values: times,
            keys,
        };
        let order = ours.domain.order.min(Order::Ascending);
        let domain = Domain {
            nulls: ours.domain.nulls,
            order,
            ..encoded.domain()
        };
        let data_type = encoded.data_type();
        let floored = FloorFill {
            moments: self.moments,
            encoded,
            ascending: order == Order::Ascending,
        };
        build.replace(ours, name, || BuiltColumn::new(data_type, domain, floored))
    }
}

impl FloorFill {
    #[inline(always)]
    fn key(&self, time: i64) -> i32 {
        self.moments
            .partition_point(|moment| *moment <= time)
            .saturating_sub(1) as i32
    }
}

impl Fill for FloorFill {
    fn fill(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
        let times = ticks(&inputs[0])?;
        if times.nulls().is_some() {
            let keys = times
                .iter()
                .map(|time| time.map_or(NULL, |time| self.key(time)));
            return self.encoded.column(keys.collect());
        }
        let times = times.values();
        let extremes = match self.ascending && matches!(rows, Rows::Range { .. }) {
            true => times.first().copied().zip(times.last().copied()),
            false => of_i64(times),
        };
        let Some((least, most)) = extremes else {
            return self.encoded.column(Vec::new());
        };
        let (first, last) = (self.key(least), self.key(most));
        self.encoded.column(match first == last {
            true => vec![first; times.len()],
            false => times.iter().map(|time| self.key(*time)).collect(),
        })
    }
}
