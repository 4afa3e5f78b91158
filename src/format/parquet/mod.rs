//! `parquet`: Apache Parquet files.

mod bloom;
mod check;
mod choose;
mod codec;
mod column;
mod columns;
mod compress;
mod cut;
mod describe;
mod encode;
mod encoder;
mod gather;
mod header;
mod levels;
mod library;
mod properties;
mod schedule;
mod schema;
mod statistics;
mod truncate;
mod uuid;
mod values;
mod writer;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{FileEncoder, Format, Shape};
use crate::error::{Problem, Result};
use crate::place::{Bytes, Count, Flag, Placed, Text};
pub use codec::{ColumnEncoding, PageCodec};
pub use columns::{BloomFilter, BloomOptions, ColumnOptions, ColumnSettings};
pub use writer::RowGroup;

/// What stands in every file as its writer.
pub const CREATED_BY: &str = concat!("rowgen version ", env!("CARGO_PKG_VERSION"));

/// What the open row groups of all files of a dataset may take, all together: four of the usual
/// size, so that up to four partitions are cut as one file is. The most that can be open at once, 64,
/// end near 8 MiB each: small, but without a bound they would take 8 GiB.
const OPEN_BYTES: u64 = 512 << 20;

/// Apache Parquet: columns, compressed and with statistics, for data lakes.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Parquet {
    /// How pages are compressed: auto (the default), none, snappy, gzip, gzip(6), lz4, zstd, zstd(3) or brotli.
    pub compression: Option<Placed<PageCodec>>,
    /// A row group has at most so many rows (default 1_048_576); it holds whole batches.
    pub row_group_rows: Option<Placed<Count>>,
    /// A row group ends near so many encoded bytes (default 128MiB, less where many partitions
    /// are open at once: theirs share 512MiB); it holds whole batches.
    pub row_group_bytes: Option<Placed<Bytes>>,
    /// The version of the data pages: v1 (the default) or v2.
    pub data_page: DataPage,
    /// A page ends near so many bytes before compression (default 1MiB).
    pub page_size: Option<Placed<Bytes>>,
    /// A page ends near so many rows (default 20_000).
    pub page_rows: Option<Placed<Count>>,
    /// A dictionary has at most so many bytes: one that is known before the first row and has more is not made, one that is found on the way ends there, and plain values follow (default: what is asked for or suits a column has no bound, one in a nested column 1MiB).
    pub dictionary_limit: Option<Placed<Bytes>>,
    /// Least and greatest values and null counts for every page (the default), for every column chunk, or none.
    pub statistics: Statistics,
    /// Who must be able to read the files: spark (the default) or latest.
    pub compatibility: Compatibility,
    /// Columns have numbers in the footer, as tables of Iceberg know them (default false).
    pub field_ids: Flag,
    /// Keys and values that stand in the footer.
    pub metadata: BTreeMap<String, Text>,
    /// What is different for single columns.
    pub columns: ColumnSettings,
}

/// The version of the data pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DataPage {
    /// What every reader knows.
    #[default]
    V1,
    /// Levels stand outside of what is compressed.
    V2,
}

/// What statistics are written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Statistics {
    /// Every column chunk and every page.
    #[default]
    Page,
    /// Every column chunk.
    Chunk,
    /// Nothing.
    None,
}

/// Who must be able to read the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Compatibility {
    /// Spark 4 and everybody else.
    #[default]
    Spark,
    /// Readers that know all of the format.
    Latest,
}

impl Parquet {
    /// The most rows of a row group.
    fn row_group_rows(&self) -> u64 {
        self.row_group_rows
            .as_ref()
            // The default of the library, too.
            .map_or(1_048_576, |rows| rows.0)
    }

    /// The encoded bytes near which a row group is asked to end.
    fn row_group_bytes(&self) -> u64 {
        self.row_group_bytes
            .as_ref()
            .map_or(128 << 20, |bytes| bytes.0)
    }

    /// The encoded bytes near which a row group does end where so many files are open at once. One
    /// alone has what is asked for: whoever says how large it is has only that one in memory.
    fn open_bytes(&self, open_files: usize) -> u64 {
        match open_files as u64 {
            0 | 1 => self.row_group_bytes(),
            files => self.row_group_bytes().min(OPEN_BYTES / files),
        }
    }

    /// The bytes near which a page ends.
    fn page_size(&self) -> usize {
        self.page_size
            .as_ref()
            .map_or(1 << 20, |bytes| bytes.0 as usize)
    }

    /// The rows near which a page ends.
    fn page_rows(&self) -> usize {
        self.page_rows
            .as_ref()
            .map_or(20_000, |rows| rows.0 as usize)
    }

    /// The most bytes of a dictionary, where that is said.
    fn dictionary_limit(&self) -> Option<usize> {
        let limit = self.dictionary_limit.as_ref();
        limit.map(|bytes| usize::try_from(bytes.0).unwrap_or(usize::MAX))
    }

    /// The codec of columns that have none of their own.
    fn codec(&self) -> PageCodec {
        self.compression
            .as_ref()
            .map_or(PageCodec::Auto, |codec| codec.value)
    }
}

impl Format for Parquet {
    fn extensions(&self) -> &'static [&'static str] {
        &["parquet"]
    }

    fn batch_rows(&self) -> Option<u64> {
        Some(self.row_group_rows())
    }

    fn describe(&self, shape: &Shape) -> Vec<String> {
        describe::describe(self, shape)
    }

    fn check(&self, shape: &Shape) -> Vec<Problem> {
        check::problems(self, shape)
    }

    fn warnings(&self, shape: &Shape) -> Vec<Problem> {
        check::warnings(shape)
    }

    fn open(&self, shape: &Shape) -> Result<Arc<dyn FileEncoder>> {
        Ok(Arc::new(encoder::ParquetEncoder::new(self, shape)?))
    }
}
