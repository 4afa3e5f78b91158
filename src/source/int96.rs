//! Times in 96 bits, as Spark, Hive and Impala write them in Parquet: of every year, and to the
//! nanosecond. They are read as microseconds, which reach every year, and as nanoseconds where those
//! are asked for; what either would lose is an error.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use arrow::datatypes::{
    DataType, Field, FieldRef, Schema, TimeUnit, TimestampMicrosecondType, TimestampNanosecondType,
};
use arrow::util::display::array_value_to_string;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::basic::Type;
use parquet::errors::Result as ParquetResult;
use parquet::schema::types::ColumnDescPtr;

use crate::error::{Error, Problem, Result};

/// What is to know of a file that has such times.
#[derive(Debug)]
pub(super) struct Int96 {
    /// The file as the library reads it by itself: the times as nanoseconds, which wrap.
    pub(super) nanoseconds: ArrowReaderMetadata,
    /// The columns that are such times.
    columns: Vec<usize>,
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
        let mut leaves = leaves.iter();
        let fields = metadata.schema().fields().iter();
        let fields: Vec<FieldRef> = fields
            .map(|field| in_microseconds(field, &mut leaves))
            .collect();
        let nanoseconds = metadata.schema().fields().iter().zip(&fields).enumerate();
        let columns = nanoseconds
            // Only columns that are times themselves are compared below. Those within lists and
            // structs are microseconds, whatever else they said.
            .filter(|(_, (before, after))| is_time(before) && before != after)
            .map(|(column, _)| column)
            .collect();
        let options = options.with_schema(Arc::new(Schema::new(fields)));
        let made = ArrowReaderMetadata::try_new(metadata.metadata().clone(), options)?;
        let int96 = Self {
            nanoseconds: metadata,
            columns,
        };
        Ok((made, Some(int96)))
    }

    /// Those of some columns, in order, that are such times.
    pub(super) fn among(&self, columns: &[usize]) -> Vec<usize> {
        let found = columns
            .iter()
            .filter(|column| self.columns.contains(column));
        found.copied().collect()
    }
}

fn is_int96(leaf: &ColumnDescPtr) -> bool {
    leaf.physical_type() == Type::INT96
}

fn is_time(field: &Field) -> bool {
    matches!(field.data_type(), DataType::Timestamp(..))
}

/// The field with times in 96 bits as microseconds. `leaves` are the file's columns from its own on.
fn in_microseconds<'l>(
    field: &FieldRef,
    leaves: &mut impl Iterator<Item = &'l ColumnDescPtr>,
) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::List(item) => DataType::List(in_microseconds(item, leaves)),
        DataType::LargeList(item) => DataType::LargeList(in_microseconds(item, leaves)),
        DataType::FixedSizeList(item, size) => {
            DataType::FixedSizeList(in_microseconds(item, leaves), *size)
        }
        DataType::Map(entries, sorted) => DataType::Map(in_microseconds(entries, leaves), *sorted),
        DataType::Struct(fields) => {
            let fields = fields.iter().map(|field| in_microseconds(field, leaves));
            DataType::Struct(fields.collect())
        }
        leaf => match (leaf, leaves.next().is_some_and(is_int96)) {
            (DataType::Timestamp(_, zone), true) => {
                DataType::Timestamp(TimeUnit::Microsecond, zone.clone())
            }
            (other, _) => other.clone(),
        },
    };
    Arc::new(field.as_ref().clone().with_data_type(data_type))
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
    let wants_nanos = matches!(
        field.data_type(),
        DataType::Timestamp(TimeUnit::Nanosecond, _)
    );
    let (Some(micro), Some(nano)) = (
        micros.as_primitive_opt::<TimestampMicrosecondType>(),
        nanos.as_primitive_opt::<TimestampNanosecondType>(),
    ) else {
        return Ok(micros.clone());
    };
    // Nanoseconds that have wrapped say another moment than the microseconds.
    let beyond = |micro, nano: i64| nano.div_euclid(1000) != micro;
    if wants_nanos {
        return match wrong(micro, nano, beyond) {
            None => Ok(nanos.clone()),
            Some(row) => {
                let why = "is beyond the years of nanoseconds, 1677 to 2262";
                let hint = "read it as `timestamp(us)`";
                Err(refused(field, micros, (first, row), why, hint))
            }
        };
    }
    let between = |micro, nano: i64| !beyond(micro, nano) && nano.rem_euclid(1000) != 0;
    match wrong(micro, nano, between) {
        None => Ok(micros.clone()),
        Some(row) => {
            let why = "has more digits than microseconds";
            let hint = format!("say `types: {{ {}: timestamp(ns) }}`", field.name());
            Err(refused(field, nanos, (first, row), why, &hint))
        }
    }
}

fn wrong(
    micros: &PrimitiveArray<TimestampMicrosecondType>,
    nanos: &PrimitiveArray<TimestampNanosecondType>,
    is: impl Fn(i64, i64) -> bool,
) -> Option<usize> {
    let values = micros.values().iter().zip(nanos.values());
    let mut rows = values.enumerate();
    let found = rows.find(|(row, (micro, nano))| is(**micro, **nano) && micros.is_valid(*row));
    found.map(|(row, _)| row)
}

fn refused(
    field: &Field,
    values: &ArrayRef,
    (first, row): (u64, usize),
    why: &str,
    hint: &str,
) -> Error {
    let value = array_value_to_string(values, row).unwrap_or_default();
    let (name, row) = (field.name(), first + row as u64);
    let message = format!("column `{name}`, row {row}: {value} {why}");
    Error::run(Problem::new(message).hint(hint))
}
