//! Times in 96 bits, as Spark, Hive and Impala write them in Parquet: of every year, and to the
//! nanosecond. They are read as microseconds, which reach every year, and as nanoseconds where those
//! are asked for; what either would lose is an error.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, OffsetSizeTrait};
use arrow::datatypes::{
    DataType, Field, FieldRef, Schema, TimeUnit, TimestampMicrosecondType, TimestampNanosecondType,
};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::basic::Type;
use parquet::errors::Result as ParquetResult;
use parquet::schema::types::ColumnDescPtr;

use super::parquet_own::with_leaves;
use crate::error::{Error, Problem, Result};
use crate::shown_value::show;

/// What is to know of a file that has such times.
#[derive(Debug)]
pub(super) struct Int96 {
    /// The file with the times as nanoseconds, which wrap.
    pub(super) nanoseconds: ArrowReaderMetadata,
    /// The columns that are such times, or have some in their lists and structs.
    pub(super) columns: Vec<usize>,
}

impl Int96 {
    /// The file with such times as microseconds, if it has any.
    ///
    /// # Errors
    /// The library refuses that.
    pub(super) fn of(
        metadata: ArrowReaderMetadata,
        options: ArrowReaderOptions,
    ) -> ParquetResult<(ArrowReaderMetadata, Option<Self>)> {
        let leaves = metadata.parquet_schema().columns();
        if !leaves.iter().any(is_int96) {
            return Ok((metadata, None));
        }
        // Both units are asked for: whoever wrote the file may have said another one in its Arrow
        // schema, and the library would cut to that.
        let fields = |unit: TimeUnit| -> Vec<FieldRef> {
            let mut leaves = leaves.iter();
            let fields = metadata.schema().fields().iter();
            fields
                .map(|field| in_unit(field, unit, &mut leaves))
                .collect()
        };
        let (micros, nanos) = (fields(TimeUnit::Microsecond), fields(TimeUnit::Nanosecond));
        let differs = micros.iter().zip(&nanos).enumerate();
        let differs = differs.filter(|(_, (micros, nanos))| micros != nanos);
        let columns = differs.map(|(column, _)| column).collect();
        let read_as = |fields: Vec<FieldRef>| {
            let options = options.clone().with_schema(Arc::new(Schema::new(fields)));
            ArrowReaderMetadata::try_new(metadata.metadata().clone(), options)
        };
        let int96 = Self {
            nanoseconds: read_as(nanos)?,
            columns,
        };
        Ok((read_as(micros)?, Some(int96)))
    }
}

fn is_int96(leaf: &ColumnDescPtr) -> bool {
    leaf.physical_type() == Type::INT96
}

/// The field with its times in 96 bits in this unit. `leaves` are the file's columns from its own on.
fn in_unit<'l>(
    field: &FieldRef,
    unit: TimeUnit,
    leaves: &mut impl Iterator<Item = &'l ColumnDescPtr>,
) -> FieldRef {
    with_leaves(
        field,
        &mut |leaf| match (leaf, leaves.next().is_some_and(is_int96)) {
            (DataType::Timestamp(_, zone), true) => DataType::Timestamp(unit, zone.clone()),
            (other, _) => other.clone(),
        },
    )
}

/// The values as the field wants them: as microseconds, or as nanoseconds. The first row is `first`.
///
/// # Errors
/// One of them is between two microseconds, or beyond the years of nanoseconds.
pub(super) fn checked(
    micros: &ArrayRef,
    nanos: &ArrayRef,
    field: &Field,
    first: u64,
) -> Result<ArrayRef> {
    let name = field.name();
    let wants_nanos = matches!(
        field.data_type(),
        DataType::Timestamp(TimeUnit::Nanosecond, _)
    );
    if wants_nanos {
        let beyond = |micro, nano| !is_reached(micro, nano);
        return match first_time(micros, nanos, &beyond) {
            None => Ok(nanos.clone()),
            Some(odd) => {
                let why = "is beyond the years of nanoseconds, 1677 to 2262";
                Err(refused(
                    name,
                    first,
                    &odd,
                    why,
                    "read it as `timestamp(us)`",
                ))
            }
        };
    }
    // Nanoseconds wrap, and so does the product: their difference is what a time has behind its
    // microseconds, in every year.
    let between = |micro: i64, nano: i64| nano.wrapping_sub(micro.wrapping_mul(1000)) != 0;
    match first_time(micros, nanos, &between) {
        None => Ok(micros.clone()),
        Some(odd) => {
            let why = "has more digits than microseconds";
            let nested = micros.data_type().is_nested();
            Err(refused(name, first, &odd, why, &cure(name, &odd, nested)))
        }
    }
}

/// Nanoseconds that have wrapped say another moment than the microseconds.
fn is_reached(micro: i64, nano: i64) -> bool {
    nano.div_euclid(1000) == micro
}

/// What helps where microseconds would lose digits.
fn cure(name: &str, odd: &OddTime, nested: bool) -> String {
    match (odd.reached, nested) {
        (true, false) => format!("say `types: {{ {name}: timestamp(ns) }}`"),
        (true, true) => format!(
            "times of 64 bits are read with all of their digits: write the file with them, or leave `{name}` out of the sink's `columns`"
        ),
        (false, _) => format!(
            "no type has both its year and its digits: round it where the file is written, or leave `{name}` out of the sink's `columns`"
        ),
    }
}

/// A time that is not read as it is.
struct OddTime {
    /// The row of the column, or the item of the list, that it is of.
    at: usize,
    /// With all of its digits, where nanoseconds reach it.
    shown: String,
    reached: bool,
}

/// What is asked of a time, by its microseconds and its nanoseconds.
type AskTime<'i> = dyn Fn(i64, i64) -> bool + 'i;

/// The first row with a time of which it is true, within lists and structs, too.
fn first_time(micros: &ArrayRef, nanos: &ArrayRef, is: &AskTime<'_>) -> Option<OddTime> {
    match micros.data_type() {
        DataType::List(_) => {
            let (micros, nanos) = (micros.as_list::<i32>(), nanos.as_list::<i32>());
            let found = first_time(micros.values(), nanos.values(), is);
            of_row(micros.value_offsets(), found)
        }
        DataType::LargeList(_) => {
            let (micros, nanos) = (micros.as_list::<i64>(), nanos.as_list::<i64>());
            let found = first_time(micros.values(), nanos.values(), is);
            of_row(micros.value_offsets(), found)
        }
        DataType::Map(..) => {
            let (micros, nanos) = (micros.as_map(), nanos.as_map());
            let entries = (micros.entries().columns(), nanos.entries().columns());
            of_row(micros.value_offsets(), first_of_fields(entries, is))
        }
        DataType::Struct(_) => {
            let (micros, nanos) = (micros.as_struct(), nanos.as_struct());
            first_of_fields((micros.columns(), nanos.columns()), is)
        }
        _ => first_of_column(micros, nanos, is),
    }
}

fn first_of_fields(
    (micros, nanos): (&[ArrayRef], &[ArrayRef]),
    is: &AskTime<'_>,
) -> Option<OddTime> {
    let fields = micros.iter().zip(nanos);
    let found = fields.filter_map(|(micros, nanos)| first_time(micros, nanos, is));
    found.min_by_key(|odd| odd.at)
}

/// The same of the row whose list it is in.
fn of_row<O: OffsetSizeTrait>(offsets: &[O], found: Option<OddTime>) -> Option<OddTime> {
    let odd = found?;
    let begun = offsets.partition_point(|begins| begins.as_usize() <= odd.at);
    let at = begun.saturating_sub(1);
    Some(OddTime { at, ..odd })
}

fn first_of_column(micros: &ArrayRef, nanos: &ArrayRef, is: &AskTime<'_>) -> Option<OddTime> {
    let own = micros.as_primitive_opt::<TimestampMicrosecondType>()?;
    let exact = nanos.as_primitive_opt::<TimestampNanosecondType>()?;
    let mut times = own.values().iter().zip(exact.values()).enumerate();
    let found = times.find(|(row, (micro, nano))| is(**micro, **nano) && own.is_valid(*row));
    let (at, (micro, nano)) = found?;
    let reached = is_reached(*micro, *nano);
    let shown = if reached { nanos } else { micros };
    Some(OddTime {
        at,
        shown: show(shown, at),
        reached,
    })
}

fn refused(name: &str, first: u64, odd: &OddTime, why: &str, hint: &str) -> Error {
    let row = first + odd.at as u64;
    let message = format!("column `{name}`, row {row}: {} {why}", odd.shown);
    Error::run(Problem::new(message).hint(hint))
}
