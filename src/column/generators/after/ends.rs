//! The times that a type can say: what would be beyond them is an error of its row.

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{DataType, TimeUnit};

use crate::column::rows::Rows;
use crate::column::values::scalar::limits;
use crate::column::values::ticks::nanos_per_tick;
use crate::column::values::types::show_type;
use crate::error::{Error, Problem, Result};
use crate::kernel::local_time::cast_to_zone;
use crate::place::Place;

/// The ends of the times of a column, in ticks of the type in which they are counted.
#[derive(Debug, Clone)]
pub(super) struct Ends {
    pub(super) least: i64,
    pub(super) most: i64,
    /// The type of the column.
    data_type: DataType,
    place: Place,
}

impl Ends {
    /// Of times that are counted in `counted` and shown as `shown`, which may count finer and end earlier.
    pub(super) fn of(counted: &DataType, shown: &DataType, place: &Place) -> Self {
        let (least, most) = limits(counted);
        let (first, last) = limits(shown);
        // Dates and timestamps have ticks.
        let nanos = |of: &DataType| nanos_per_tick(of).unwrap_or(1);
        let in_counted = |ticks: i128| ticks * nanos(shown) / nanos(counted);
        let narrow = |end: i128| end.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
        Self {
            least: narrow(least.max(in_counted(first))),
            most: narrow(most.min(in_counted(last))),
            data_type: shown.clone(),
            place: place.clone(),
        }
    }

    /// True of a time that the type can say. Sums stop at the greatest number of 64 bits, which is therefore
    /// no time.
    pub(super) fn say(&self, time: i64) -> bool {
        time >= self.least && time <= self.most && time != i64::MAX
    }

    /// What is wrong with times of which at least one is beyond the last.
    pub(super) fn later(&self, what: &str) -> Problem {
        let shown = show_type(&self.data_type);
        self.hinted(format!("{what} is later than {shown} can say"))
    }

    /// What is wrong with a row whose time is beyond.
    pub(super) fn beyond(&self, row: u64) -> Error {
        let shown = show_type(&self.data_type);
        let message = format!("row {row}: its time is beyond what {shown} can say");
        Error::run(self.hinted(message))
    }

    fn hinted(&self, message: String) -> Problem {
        let hint = match &self.data_type {
            DataType::Timestamp(TimeUnit::Nanosecond, _) => {
                "64 bits of nanoseconds end in 2262: give the column a type such as `timestamp(us)`, or shorter delays"
            }
            _ => "shorter delays stay within it",
        };
        Problem::new(message).at(&self.place).hint(hint)
    }

    /// The values as the column's type, each of which it must be able to say.
    ///
    /// # Errors
    /// A value that it cannot.
    pub(super) fn cast(&self, values: &ArrayRef, rows: Rows<'_>) -> Result<ArrayRef> {
        let made = cast_to_zone(values, &self.data_type)?;
        // Arrow makes null of what it cannot say.
        let lost = |row: &usize| made.is_null(*row) && values.is_valid(*row);
        match (0..made.len()).find(lost) {
            Some(row) => Err(self.beyond(rows.at(row))),
            None => Ok(made),
        }
    }
}
