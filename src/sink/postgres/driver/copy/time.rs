//! Dates and times. PostgreSQL counts from 2000-01-01 where Arrow counts from 1970-01-01.

use crate::type_names::show_type;
use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Int64Type, TimeUnit};

use super::Values;

/// Days from 1970-01-01 to 2000-01-01.
const EPOCH_DAYS: i32 = 10_957;

/// The same in microseconds.
const EPOCH: i64 = EPOCH_DAYS as i64 * 86_400_000_000;

pub(super) struct Dates(PrimitiveArray<Date32Type>);

/// Microseconds, of a day or of PostgreSQL's era.
pub(super) struct Ticks {
    values: PrimitiveArray<Int64Type>,
    /// Microseconds of one unit.
    unit: i64,
    epoch: i64,
}

impl Dates {
    pub(super) fn of(array: &ArrayRef) -> Result<Self, String> {
        let days = cast(array, &DataType::Date32).map_err(|error| error.to_string())?;
        Ok(Self(days.as_primitive().clone()))
    }
}

impl Values for Dates {
    fn size(&self, row: usize) -> Option<usize> {
        self.0.is_valid(row).then_some(4)
    }

    fn put(&self, row: usize, field: &mut [u8]) {
        // What lies before PostgreSQL's calendar is refused by the server, with its row.
        let days = self.0.value(row).saturating_sub(EPOCH_DAYS);
        field.copy_from_slice(&days.to_be_bytes());
    }
}

impl Ticks {
    pub(super) fn of_time(array: &ArrayRef) -> Result<Self, String> {
        Self::of(array, 0)
    }

    pub(super) fn of_timestamp(array: &ArrayRef) -> Result<Self, String> {
        Self::of(array, EPOCH)
    }

    fn of(array: &ArrayRef, epoch: i64) -> Result<Self, String> {
        let unit = match array.data_type() {
            DataType::Timestamp(unit, _) | DataType::Time32(unit) | DataType::Time64(unit) => unit,
            other => return Err(format!("{} is no time", show_type(other))),
        };
        let unit = match unit {
            TimeUnit::Second => 1_000_000,
            TimeUnit::Millisecond => 1_000,
            TimeUnit::Microsecond => 1,
            TimeUnit::Nanosecond => {
                return Err(
                    "PostgreSQL's times have microseconds, no nanoseconds; `cast` the column"
                        .into(),
                );
            }
        };
        let values = cast(array, &DataType::Int64).map_err(|error| error.to_string())?;
        let values = values.as_primitive().clone();
        Ok(Self {
            values,
            unit,
            epoch,
        })
    }
}

impl Values for Ticks {
    fn size(&self, row: usize) -> Option<usize> {
        self.values.is_valid(row).then_some(8)
    }

    fn put(&self, row: usize, field: &mut [u8]) {
        // The ends of the range are PostgreSQL's infinities: one short of them is refused by the
        // server, with its row.
        let ticks = self.values.value(row).saturating_mul(self.unit);
        let ticks = ticks.saturating_sub(self.epoch);
        let ticks = ticks.clamp(i64::MIN + 1, i64::MAX - 1);
        field.copy_from_slice(&ticks.to_be_bytes());
    }
}
