//! Parquet's own intervals: months, days and milliseconds, as DuckDB writes them. Without an Arrow schema beside
//! them the library reads days and milliseconds alone, and the months again if it is asked for them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, IntervalMonthDayNanoArray};
use arrow::datatypes::{
    DataType, Field, FieldRef, IntervalDayTimeType, IntervalMonthDayNano, IntervalUnit,
    IntervalYearMonthType, Schema, SchemaRef,
};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::errors::{ParquetError, Result as ParquetResult};

use super::parquet_own::has_arrow_schema;
use crate::error::{Error, Result};
use crate::type_names::contains;

const DAYS: DataType = DataType::Interval(IntervalUnit::DayTime);
const MONTHS: DataType = DataType::Interval(IntervalUnit::YearMonth);
const WHOLE: DataType = DataType::Interval(IntervalUnit::MonthDayNano);

/// What is to know of a file that has such intervals.
#[derive(Debug)]
pub(super) struct Intervals {
    /// The file with their months.
    pub(super) months: ArrowReaderMetadata,
    /// The columns that they are.
    pub(super) columns: Vec<usize>,
}

impl Intervals {
    /// Nothing where a file has none, or an Arrow schema that says what its intervals have.
    ///
    /// # Errors
    /// The library refuses to read months; or intervals are within lists or structs, where nobody reads them.
    pub(super) fn of(
        metadata: &ArrowReaderMetadata,
        options: ArrowReaderOptions,
    ) -> ParquetResult<Option<Self>> {
        if has_arrow_schema(metadata) {
            return Ok(None);
        }
        let fields = metadata.schema().fields();
        let within = |field: &&FieldRef| {
            *field.data_type() != DAYS && contains(field, &|inner| *inner == DAYS)
        };
        if let Some(field) = fields.iter().find(within) {
            let what = format!(
                "column `{}` has intervals within lists or structs, whose months are not read",
                field.name()
            );
            return Err(ParquetError::General(what));
        }
        let own = |(_, field): &(usize, &FieldRef)| *field.data_type() == DAYS;
        let columns: Vec<usize> = fields
            .iter()
            .enumerate()
            .filter(own)
            .map(|(at, _)| at)
            .collect();
        if columns.is_empty() {
            return Ok(None);
        }
        let options = options.with_schema(with(metadata.schema(), &columns, &MONTHS));
        let months = ArrowReaderMetadata::try_new(metadata.metadata().clone(), options)?;
        Ok(Some(Self { months, columns }))
    }

    /// The file's columns, with intervals that have all of it.
    pub(super) fn schema(&self, found: &SchemaRef) -> SchemaRef {
        with(found, &self.columns, &WHOLE)
    }
}

fn with(schema: &SchemaRef, columns: &[usize], data_type: &DataType) -> SchemaRef {
    let fields = schema.fields().iter().enumerate();
    let field = |(column, field): (usize, &FieldRef)| match columns.contains(&column) {
        true => Arc::new(Field::clone(field).with_data_type(data_type.clone())),
        false => field.clone(),
    };
    Arc::new(Schema::new(fields.map(field).collect::<Vec<_>>()))
}

/// Intervals with all of it. The first row is `first`.
///
/// # Errors
/// One has more months or days than 31 bits.
pub(super) fn whole(
    days: &ArrayRef,
    months: &ArrayRef,
    name: &str,
    first: u64,
) -> Result<ArrayRef> {
    let own = days.as_primitive::<IntervalDayTimeType>();
    let months = months.as_primitive::<IntervalYearMonthType>();
    let mut made = Vec::with_capacity(own.len());
    for (row, (part, months)) in own.values().iter().zip(months.values()).enumerate() {
        if own.is_valid(row) && (*months < 0 || part.days < 0) {
            let row = first + row as u64;
            let what = format!(
                "column `{name}`, row {row}: its interval has more months or days than can be read"
            );
            return Err(Error::run(what));
        }
        // All three have 32 bits and no sign in the file; a day and more of milliseconds is no day.
        let nanoseconds = i64::from(part.milliseconds.cast_unsigned()) * 1_000_000;
        made.push(IntervalMonthDayNano::new(*months, part.days, nanoseconds));
    }
    let made = IntervalMonthDayNanoArray::new(made.into(), own.nulls().cloned());
    Ok(Arc::new(made))
}
