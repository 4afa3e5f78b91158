//! Least and greatest values and counts of nulls, from the footer of a file.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::{SortOptions, sort_to_indices, take};
use arrow::datatypes::{
    DataType, Float32Type, Float64Type, Schema, TimeUnit, TimestampMicrosecondType,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::arrow::parquet_to_arrow_schema;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use serde_json::{Number, Value};

use super::added::FileStats;
use crate::error::{Error, Result};

/// What the footer says of the file's values. Of columns within columns it is not asked.
pub(super) fn of(footer: &ParquetMetaData) -> Result<FileStats> {
    let file = footer.file_metadata();
    let parquet = file.schema_descr();
    let schema = parquet_to_arrow_schema(parquet, file.key_value_metadata()).map_err(unread)?;
    let mut stats = FileStats {
        num_records: file.num_rows() as u64,
        tight_bounds: true,
        ..FileStats::default()
    };
    for field in schema.fields() {
        if field.data_type().is_nested() {
            continue;
        }
        let column = column(footer, &schema, field.name())?;
        let name = field.name().clone();
        if let Some(nulls) = column.nulls {
            stats.null_count.insert(name.clone(), nulls.into());
        }
        if let Some((least, greatest)) = column.bounds {
            stats.min_values.insert(name.clone(), least);
            stats.max_values.insert(name, greatest);
        }
    }
    Ok(stats)
}

fn unread(error: ParquetError) -> Error {
    Error::because("reading a footer", error)
}

struct ColumnStats {
    nulls: Option<u64>,
    bounds: Option<(Value, Value)>,
}

fn column(footer: &ParquetMetaData, schema: &Schema, name: &str) -> Result<ColumnStats> {
    let parquet = footer.file_metadata().schema_descr();
    let converter = StatisticsConverter::try_new(name, schema, parquet).map_err(unread)?;
    let converter = converter.with_missing_null_counts_as_zero(false);
    let groups = footer.row_groups();
    let counts = converter.row_group_null_counts(groups).map_err(unread)?;
    let known = counts.null_count() == 0;
    let nulls: u64 = counts.iter().flatten().sum();
    // A row group that holds nothing but nulls has no bounds, and needs none.
    let filled: Vec<_> = groups
        .iter()
        .enumerate()
        .filter(|(group, rows)| {
            counts.is_null(*group) || counts.value(*group) < rows.num_rows() as u64
        })
        .map(|(_, rows)| rows)
        .collect();
    let mins = converter
        .row_group_mins(filled.iter().copied())
        .map_err(unread)?;
    let maxes = converter
        .row_group_maxes(filled.iter().copied())
        .map_err(unread)?;
    let whole = !mins.is_empty() && mins.null_count() == 0 && maxes.null_count() == 0;
    let bounds = match whole {
        true => first(&mins, false)?.zip(first(&maxes, true)?),
        false => None,
    };
    Ok(ColumnStats {
        nulls: known.then_some(nulls),
        bounds,
    })
}

/// The least value of all, or the greatest, as the log has it.
fn first(values: &ArrayRef, descending: bool) -> Result<Option<Value>> {
    let options = SortOptions {
        descending,
        nulls_first: false,
    };
    let first = sort_to_indices(values, Some(options), Some(1))?;
    let mut value = take(values, &first, None)?;
    if descending && let DataType::Timestamp(TimeUnit::Microsecond, zone) = values.data_type() {
        // The log has milliseconds: the greatest value must not be less than it was.
        let up = |micros: i64| micros.saturating_add(999).div_euclid(1000) * 1000;
        let moments = value.as_primitive::<TimestampMicrosecondType>();
        let moments = moments.unary::<_, TimestampMicrosecondType>(up);
        value = Arc::new(moments.with_timezone_opt(zone.clone()));
    }
    shown(&value)
}

/// A value as the log has it: numbers as such, all else as text; nothing for what it has no place for.
fn shown(value: &ArrayRef) -> Result<Option<Value>> {
    let float = |value: f64| Number::from_f64(value).map(Value::Number);
    Ok(match value.data_type() {
        DataType::Boolean | DataType::Binary => None,
        DataType::Float32 => float(f64::from(value.as_primitive::<Float32Type>().value(0))),
        DataType::Float64 => float(value.as_primitive::<Float64Type>().value(0)),
        data_type => {
            let options = FormatOptions::default();
            let text = ArrayFormatter::try_new(value, &options)?
                .value(0)
                .to_string();
            match data_type.is_integer() {
                true => serde_json::from_str(&text).ok(),
                false => Some(Value::String(text)),
            }
        }
    })
}
