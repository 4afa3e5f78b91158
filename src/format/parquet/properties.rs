//! Writer properties: what the options say, and where they are silent what the domains prove.

use arrow::datatypes::Schema;
use parquet::arrow::{ARROW_SCHEMA_META_KEY, encode_arrow_schema};
use parquet::basic::Type;
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{
    EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion,
};
use parquet::schema::types::{ColumnPath, SchemaDescriptor};

use super::codec::ColumnEncoding;
use super::columns::{BloomOptions, ColumnOptions};
use super::{CREATED_BY, DataPage, Parquet, Statistics, schema};
use crate::domain::{Domain, Order, Range};
use crate::format::Shape;

/// A dictionary that somebody asked for by name, or that is known before the first row, stays one:
/// the library's own limit of 1 MiB would silently change the encoding in mid-chunk.
const DICTIONARY_LIMIT: usize = 1 << 30;

/// More distinct values than this are not gathered in a dictionary: 1 MiB of 8-byte values, where
/// the library gives up after having hashed them all.
const DICTIONARY_VALUES: u64 = 131_072;

/// A leaf column, what is said of it and what is known of it.
struct Column<'a> {
    path: ColumnPath,
    physical: Type,
    /// It is a column of its own, so that the column's domain is its domain.
    flat: bool,
    domain: &'a Domain,
    options: Option<&'a ColumnOptions>,
    /// The most rows of a row group.
    rows: u64,
}

/// The properties of files of this shape.
pub(super) fn make(
    options: &Parquet,
    shape: &Shape,
    logical: &Schema,
    described: &SchemaDescriptor,
) -> WriterProperties {
    let mut builder = whole_file(options, logical)
        .set_sorting_columns(sorting_column(shape, described).map(|column| vec![column]));
    let rows = options.row_group_rows().min(shape.rows.unwrap_or(u64::MAX));
    for leaf in described.columns() {
        let path = leaf.path();
        let name = path.parts().first().map_or("", String::as_str);
        let domain = logical
            .index_of(name)
            .ok()
            .and_then(|index| shape.domains.get(index));
        let Some(domain) = domain else { continue };
        let column = Column {
            path: path.clone(),
            physical: leaf.physical_type(),
            flat: path.parts().len() == 1,
            domain,
            options: options.columns.get(name),
            rows,
        };
        builder = column.describe(builder);
    }
    builder.build()
}

fn whole_file(options: &Parquet, logical: &Schema) -> WriterPropertiesBuilder {
    let embedded = encode_arrow_schema(&schema::embedded(logical));
    let mut metadata = vec![KeyValue::new(ARROW_SCHEMA_META_KEY.to_string(), embedded)];
    for (key, value) in &options.metadata {
        metadata.push(KeyValue::new(key.clone(), value.0.clone()));
    }
    WriterProperties::builder()
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

/// The first column whose order is proved: rows of every file are sorted by it.
fn sorting_column(shape: &Shape, described: &SchemaDescriptor) -> Option<SortingColumn> {
    let sorted = |domain: &Domain| domain.order > Order::Unknown && !domain.nulls;
    let index = shape.domains.iter().position(sorted)?;
    let name = shape.schema.fields().get(index)?.name();
    let leaf = described
        .columns()
        .iter()
        .position(|leaf| leaf.path().parts() == [name.clone()])?;
    Some(SortingColumn {
        column_idx: leaf as i32,
        descending: false,
        nulls_first: false,
    })
}

impl Column<'_> {
    fn describe(&self, builder: WriterPropertiesBuilder) -> WriterPropertiesBuilder {
        let builder = self.describe_encoding(builder);
        let Some(options) = self.options else {
            return builder;
        };
        let builder = match &options.compression {
            Some(codec) => {
                builder.set_column_compression(self.path.clone(), codec.value.compression())
            }
            None => builder,
        };
        match options
            .bloom_filter
            .as_ref()
            .and_then(|filter| filter.figures())
        {
            Some(figures) => self.describe_bloom(builder, &figures),
            None => builder,
        }
    }

    fn describe_bloom(
        &self,
        builder: WriterPropertiesBuilder,
        figures: &BloomOptions,
    ) -> WriterPropertiesBuilder {
        let known = self.domain.distinct.unwrap_or(self.rows).min(self.rows);
        let distinct = figures.ndv.map_or(known, |count| count.0);
        let builder = builder
            .set_column_bloom_filter_enabled(self.path.clone(), true)
            .set_column_bloom_filter_max_ndv(self.path.clone(), distinct.max(1));
        match figures.fpp {
            Some(fpp) => builder.set_column_bloom_filter_fpp(self.path.clone(), fpp.0),
            None => builder,
        }
    }

    fn describe_encoding(&self, builder: WriterPropertiesBuilder) -> WriterPropertiesBuilder {
        let asked = self.options.and_then(|options| options.encoding.as_ref());
        let asked = asked.map_or(ColumnEncoding::Auto, |encoding| encoding.value);
        let encoding = match asked {
            ColumnEncoding::Auto => self.suits(),
            asked => asked,
        };
        let path = self.path.clone();
        match encoding.page_encoding() {
            Some(encoding) => builder
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, encoding),
            None if encoding == ColumnEncoding::Dictionary => builder
                .set_column_dictionary_enabled(path.clone(), true)
                .set_column_dictionary_page_size_limit(path, DICTIONARY_LIMIT),
            None => builder,
        }
    }

    /// The encoding that suits what is known of the column; `auto` leaves it to the library.
    fn suits(&self) -> ColumnEncoding {
        let ordered = self.domain.order > Order::Unknown;
        if self.flat && self.domain.dictionary.is_some() {
            return ColumnEncoding::Dictionary;
        }
        if !self.flat || self.repeats() {
            return ColumnEncoding::Auto;
        }
        match self.physical {
            Type::BYTE_ARRAY if ordered => ColumnEncoding::DeltaByteArray,
            Type::BYTE_ARRAY => ColumnEncoding::DeltaLengthByteArray,
            Type::INT32 if ordered || self.bits() <= 24 => ColumnEncoding::DeltaBinaryPacked,
            Type::INT64 if ordered || self.bits() <= 48 => ColumnEncoding::DeltaBinaryPacked,
            _ => ColumnEncoding::Plain,
        }
    }

    /// Values may stand often enough for a dictionary to be worth its hashing.
    fn repeats(&self) -> bool {
        let float = matches!(self.physical, Type::FLOAT | Type::DOUBLE);
        match self.domain.distinct {
            _ if self.domain.unique => false,
            Some(distinct) => distinct <= DICTIONARY_VALUES.min(self.rows / 2),
            None => !float,
        }
    }

    /// So many bits hold the difference of any two values.
    fn bits(&self) -> u32 {
        match self.domain.range {
            Some(Range::Integer { min, max }) => {
                128 - max.wrapping_sub(min).unsigned_abs().leading_zeros()
            }
            _ => 128,
        }
    }
}
