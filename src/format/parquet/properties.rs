//! Writer properties: what holds for whole files, and for the columns that the library encodes.

use arrow::datatypes::Schema;
use parquet::arrow::{ARROW_SCHEMA_META_KEY, encode_arrow_schema};
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{
    EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion,
};
use parquet::schema::types::SchemaDescriptor;

use super::choose::{ColumnEncoder, FileSettings, LeafSettings};
use super::codec::ColumnEncoding;
use super::{CREATED_BY, DataPage, Parquet, Statistics, schema};
use crate::domain::{Domain, Order};
use crate::format::Shape;

/// A dictionary that somebody asked for by name, or that suits a column, stays one: the library's
/// own limit of 1 MiB would silently change the encoding in mid-chunk.
const DICTIONARY_LIMIT: usize = 1 << 30;

/// The properties of files of this shape.
pub(super) fn make(options: &Parquet, shape: &Shape, files: &FileSettings) -> WriterProperties {
    let sorting = sorting_columns(shape, &files.described);
    let mut builder = whole_file(options, &files.schema).set_sorting_columns(sorting);
    for leaf in &files.leaves {
        if let ColumnEncoder::Library(encoding) = leaf.way {
            let limit = options.dictionary_limit().unwrap_or(DICTIONARY_LIMIT);
            builder = describe(builder, leaf, encoding, limit);
        }
    }
    builder.build()
}

fn whole_file(options: &Parquet, logical: &Schema) -> WriterPropertiesBuilder {
    // Readers that use Arrow get the same types back; all others go by Parquet's own schema.
    let embedded = encode_arrow_schema(&schema::embedded(logical));
    let mut metadata = vec![KeyValue::new(ARROW_SCHEMA_META_KEY.to_string(), embedded)];
    for (key, value) in &options.metadata {
        metadata.push(KeyValue::new(key.clone(), value.0.clone()));
    }
    let builder = WriterProperties::builder();
    let builder = match options.dictionary_limit() {
        Some(limit) => builder.set_dictionary_page_size_limit(limit),
        None => builder,
    };
    builder
        .set_created_by(CREATED_BY.to_string())
        .set_key_value_metadata(Some(metadata))
        .set_compression(options.codec().compression())
        .set_writer_version(match options.data_page {
            DataPage::V1 => WriterVersion::PARQUET_1_0,
            DataPage::V2 => WriterVersion::PARQUET_2_0,
        })
        .set_statistics_enabled(match options.statistics {
            Statistics::Page => EnabledStatistics::Page,
            Statistics::Chunk => EnabledStatistics::Chunk,
            Statistics::None => EnabledStatistics::None,
        })
        .set_data_page_size_limit(options.page_size())
        .set_data_page_row_count_limit(options.page_rows())
}

/// The columns by which rows of every file are sorted: those that were asked for, or else the first one
/// whose order is proved.
fn sorting_columns(shape: &Shape, described: &SchemaDescriptor) -> Option<Vec<SortingColumn>> {
    let sorted = |domain: &Domain| domain.order > Order::Unknown && !domain.nulls;
    let proved = || shape.domains.iter().position(sorted);
    let proved = || proved().map(|column| (column, false, false));
    let asked = shape.order.iter();
    let asked = asked.map(|sorted| (sorted.column, sorted.descending, sorted.nulls_first));
    let columns: Vec<(usize, bool, bool)> = match shape.order.is_empty() {
        true => proved().into_iter().collect(),
        false => asked.collect(),
    };
    let column = |(column, descending, nulls_first): (usize, bool, bool)| {
        let name = shape.schema.fields().get(column)?.name();
        let mut leaves = described.columns().iter();
        let leaf = leaves.position(|leaf| leaf.path().parts() == [name.clone()])?;
        Some(SortingColumn {
            column_idx: leaf as i32,
            descending,
            nulls_first,
        })
    };
    // Up to the first that is not in the file: rows sorted by `a, b, c` without `b` are sorted by
    // `a` alone.
    let columns: Vec<SortingColumn> = columns.into_iter().map_while(column).collect();
    (!columns.is_empty()).then_some(columns)
}

/// A column that the library encodes.
fn describe(
    builder: WriterPropertiesBuilder,
    leaf: &LeafSettings,
    encoding: ColumnEncoding,
    dictionary_limit: usize,
) -> WriterPropertiesBuilder {
    let path = leaf.descriptor.path();
    let builder = builder.set_column_compression(path.clone(), leaf.compression);
    let builder = match encoding.page_encoding() {
        Some(encoding) => builder
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path.clone(), encoding),
        None if encoding == ColumnEncoding::Dictionary => builder
            .set_column_dictionary_enabled(path.clone(), true)
            .set_column_dictionary_page_size_limit(path.clone(), dictionary_limit),
        None => builder,
    };
    match leaf.bloom {
        Some(figures) => builder
            .set_column_bloom_filter_enabled(path.clone(), true)
            .set_column_bloom_filter_max_ndv(path.clone(), figures.distinct)
            .set_column_bloom_filter_fpp(path.clone(), figures.wrong),
        None => builder,
    }
}
