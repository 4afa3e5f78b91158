//! Which row groups and pages cannot have what is looked for, by least and greatest values and by
//! Bloom filters.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::compute::kernels::cmp::{gt, lt};
use arrow::compute::{cast, or};
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int32Type, Int64Type};
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReaderBuilder, RowSelection, RowSelector};
use parquet::basic::Type;
use parquet::bloom_filter::Sbbf;

use super::questions::Range;
use super::read::OpenFile;
use crate::error::{Error, Result};

/// Which rows of a row group may match: none at all (`None`), all of them (`Some(None)`), or those
/// of some pages.
pub(super) fn rows(
    file: &OpenFile,
    group: usize,
    range: &Range,
) -> Result<Option<Option<RowSelection>>> {
    let failed = |error: parquet::errors::ParquetError| Error::because("reading statistics", error);
    let metadata = &file.metadata;
    let (arrow, parquet) = (metadata.schema(), metadata.parquet_schema());
    let statistics = StatisticsConverter::try_new(&range.column, arrow, parquet).map_err(failed)?;
    let of_group = || std::iter::once(metadata.metadata().row_group(group));
    let least = statistics.row_group_mins(of_group()).map_err(failed)?;
    let most = statistics.row_group_maxes(of_group()).map_err(failed)?;
    // In the order of their price: the statistics are in the footer, which is read already; a Bloom
    // filter is a read of its own; the index of pages is looked at last.
    if outside(&least, &most, range)?.value(0) {
        return Ok(None);
    }
    let Some(column) = statistics.parquet_column_index() else {
        return Ok(Some(None));
    };
    // A Bloom filter knows values and no order, so that only a question for one value can ask it.
    if let Some(value) = range.value()
        && metadata
            .metadata()
            .row_group(group)
            .column(column)
            .bloom_filter_offset()
            .is_some()
    {
        let own = file
            .file
            .try_clone()
            .map_err(|error| Error::because("reading a Bloom filter", error))?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(own, metadata.clone());
        let filter = builder
            .get_row_group_column_bloom_filter(group, column)
            .map_err(failed)?;
        let physical = parquet.column(column).physical_type();
        if filter.is_some_and(|filter| !may_have(&filter, value, physical)) {
            return Ok(None);
        }
    }
    pages(file, group, &statistics, range)
}

/// The pages of a row group that can have it.
fn pages(
    file: &OpenFile,
    group: usize,
    statistics: &StatisticsConverter<'_>,
    range: &Range,
) -> Result<Option<Option<RowSelection>>> {
    let failed =
        |error: parquet::errors::ParquetError| Error::because("reading the index of pages", error);
    let metadata = file.metadata.metadata();
    let (Some(columns), Some(offsets)) = (metadata.column_index(), metadata.offset_index()) else {
        return Ok(Some(None));
    };
    let least = statistics
        .data_page_mins(columns, offsets, [&group])
        .map_err(failed)?;
    let most = statistics
        .data_page_maxes(columns, offsets, [&group])
        .map_err(failed)?;
    let counts = statistics.data_page_row_counts(offsets, metadata.row_groups(), [&group]);
    // A file of another writer may have an index that does not fit its pages; then all of them are
    // read.
    let Some(counts) = counts
        .map_err(failed)?
        .filter(|counts| counts.len() == least.len())
    else {
        return Ok(Some(None));
    };
    let outside = outside(&least, &most, range)?;
    let pages = counts
        .values()
        .iter()
        .enumerate()
        .map(|(page, rows)| match outside.value(page) {
            true => RowSelector::skip(*rows as usize),
            false => RowSelector::select(*rows as usize),
        });
    let selection: RowSelection = pages.collect();
    Ok(selection.selects_any().then_some(Some(selection)))
}

/// Where the values from a least to a greatest one lie outside; not where one of them is not known.
fn outside(least: &ArrayRef, most: &ArrayRef, range: &Range) -> Result<BooleanArray> {
    let least = cast(least, range.low.data_type())?;
    let most = cast(most, range.low.data_type())?;
    let (low, high) = (range.low.clone(), range.high.clone());
    let above = gt(&least, &arrow::array::Scalar::new(high))?;
    let below = lt(&most, &arrow::array::Scalar::new(low))?;
    let either = or(&above, &below)?;
    // Without a least or a greatest value the comparison is null: the page is read then.
    Ok(either
        .iter()
        .map(|outside| Some(outside.unwrap_or(false)))
        .collect())
}

/// What a Bloom filter says of a value; true for types that it hashes in a form of its own.
fn may_have(filter: &Sbbf, value: &ArrayRef, physical: Type) -> bool {
    let as_type = |kind: DataType| {
        cast(value, &kind)
            .ok()
            .filter(|cast| cast.null_count() == 0)
    };
    // The filter hashes the bytes of the physical type: an integer of 8 bits must be hashed as one
    // of 32. A decimal is not asked for: cast to an integer it would lose its scale.
    let numbers = value.data_type().is_integer() || value.data_type().is_temporal();
    let found = match physical {
        Type::INT32 if numbers => as_type(DataType::Int32)
            .map(|value| filter.check(&value.as_primitive::<Int32Type>().value(0))),
        Type::INT64 if numbers => as_type(DataType::Int64)
            .map(|value| filter.check(&value.as_primitive::<Int64Type>().value(0))),
        Type::FLOAT => as_type(DataType::Float32)
            .map(|value| filter.check(&value.as_primitive::<Float32Type>().value(0))),
        Type::DOUBLE => as_type(DataType::Float64)
            .map(|value| filter.check(&value.as_primitive::<Float64Type>().value(0))),
        Type::BYTE_ARRAY => {
            as_type(DataType::Binary).map(|value| filter.check(value.as_binary::<i32>().value(0)))
        }
        Type::FIXED_LEN_BYTE_ARRAY => {
            let fixed = value.as_fixed_size_binary_opt();
            fixed.map(|value| filter.check(value.value(0)))
        }
        _ => None,
    };
    found.unwrap_or(true)
}
