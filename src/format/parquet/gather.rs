//! The pages of an open row group, gathered in order, and what becomes of them when it ends.

use std::io::Read;

use bytes::Bytes;
use parquet::basic::{BoundaryOrder, Encoding, PageType};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{
    ColumnChunkMetaData, ColumnIndexBuilder, LevelHistogram, OffsetIndexBuilder, PageEncodingStats,
};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::page_index::offset_index::OffsetIndexMetaData;
use parquet::file::reader::{ChunkReader, Length};

use super::column::{FlatColumn, Page};
use super::statistics::ValueBounds;
use super::writer::failed;
use super::{DataPage, Statistics, bloom};
use crate::error::Result;

/// The pages of a column's open chunk.
#[derive(Default)]
pub(super) struct GatheredPages {
    pages: Vec<Page>,
    bytes: u64,
    /// What the page index and the footer will say of them, about.
    told: u64,
}

/// A finished chunk: its pages one after the other, and what the footer says of them.
pub(super) struct Chunk {
    pub pages: Pages,
    /// About the bytes of the page index and of the footer that are its.
    pub told: u64,
    pub close: ColumnCloseResult,
}

/// Pages as the library reads a chunk, without being copied together.
pub(super) struct Pages(Vec<Bytes>);

/// Reads one page after the other.
pub(super) struct PageReader {
    pages: std::vec::IntoIter<Bytes>,
    rest: Bytes,
}

/// What is written down about the pages of a chunk as they are gone through.
struct PageIndex {
    columns: Option<ColumnIndexBuilder>,
    offsets: OffsetIndexBuilder,
    rises: bool,
    falls: bool,
    last: Option<ValueBounds>,
}

impl GatheredPages {
    /// Adds the pages of the next batch.
    pub(super) fn add(&mut self, pages: Vec<Page>) {
        self.told += pages.iter().map(told_of).sum::<u64>();
        self.bytes += pages
            .iter()
            .map(|page| page.bytes.len() as u64)
            .sum::<u64>();
        self.pages.extend(pages);
    }

    /// The bytes of all pages so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Those of the page index and of the footer, about.
    pub(super) fn told(&self) -> u64 {
        self.told + CHUNK_TOLD
    }

    /// The chunk of these pages.
    ///
    /// # Errors
    /// The library does not take what it is told, which is a bug.
    pub(super) fn close(
        self,
        column: &FlatColumn,
        dictionary: Option<&(Bytes, usize)>,
    ) -> Result<Chunk> {
        // The filter's size follows from the values that can be there, so it is made at the end
        // from hashes that were kept: a page's filter could not be joined with that of another
        // size.
        let filter = column.bloom.as_ref().map(|figures| {
            let hashes = self.pages.iter().flat_map(|page| &page.hashes);
            bloom::filter(figures, hashes)
        });
        let filter = filter.transpose()?;
        self.assemble(column, dictionary)
            .map(|mut chunk| {
                chunk.close.bloom_filter = filter;
                chunk
            })
            .map_err(|error| failed("ending a column chunk", error))
    }

    fn assemble(
        self,
        column: &FlatColumn,
        dictionary: Option<&(Bytes, usize)>,
    ) -> ParquetResult<Chunk> {
        let mut index = PageIndex::new(column);
        // Places are those within the chunk; the library moves them to where the chunk begins in
        // its file.
        let mut at = dictionary.map_or(0, |(bytes, _)| bytes.len());
        let first = at;
        let mut uncompressed = dictionary.map_or(0, |(_, uncompressed)| *uncompressed);
        let (mut rows, mut nulls, mut bounds) = (0, 0, None);
        let mut text_length = None;
        for page in &self.pages {
            index.add(column, page, at)?;
            at += page.bytes.len();
            uncompressed += page.uncompressed;
            rows += page.rows;
            nulls += page.nulls;
            bounds = column.ordered.join(bounds, page.bounds.clone());
            if let Some(length) = page.text_length {
                *text_length.get_or_insert(0) += length;
            }
        }
        let (counts, encodings) = encoding_counts(column, dictionary.is_some(), &self.pages);
        let mut metadata = ColumnChunkMetaData::builder(column.leaf.clone())
            .set_compression(column.compression)
            .set_encodings(encodings)
            .set_page_encoding_stats(counts)
            .set_num_values(rows as i64)
            .set_total_compressed_size(at as i64)
            .set_total_uncompressed_size(uncompressed as i64)
            .set_data_page_offset(first as i64)
            .set_dictionary_page_offset(dictionary.map(|_| 0));
        if column.statistics != Statistics::None {
            metadata = metadata
                .set_statistics(column.ordered.statistics(bounds.as_ref(), nulls as u64))
                .set_unencoded_byte_array_data_bytes(text_length)
                .set_definition_level_histogram(histogram(column, rows, nulls));
        }
        let told = self.told();
        let (column_index, offset_index) = index.build()?;
        let pages = dictionary.map(|(bytes, _)| bytes.clone()).into_iter();
        let pages = pages.chain(self.pages.into_iter().map(|page| page.bytes));
        Ok(Chunk {
            pages: Pages(pages.collect()),
            told,
            close: ColumnCloseResult {
                bytes_written: at as u64,
                rows_written: rows as u64,
                metadata: metadata.build()?,
                bloom_filter: None,
                column_index,
                offset_index: Some(offset_index),
            },
        })
    }
}

/// About the bytes in a footer that tell of a column's chunk.
const CHUNK_TOLD: u64 = 180;

/// About the bytes in a page index that tell of a page, but for its bounds.
const PAGE_TOLD: u64 = 21;

/// About the bytes in a page index that tell of a page.
fn told_of(page: &Page) -> u64 {
    let bounds = page.bounds.as_ref();
    PAGE_TOLD
        + bounds.map_or(0, |bounds| {
            (bounds.least.len() + bounds.greatest.len()) as u64
        })
}

/// How many pages there are of each kind, and the encodings of all of them.
fn encoding_counts(
    column: &FlatColumn,
    dictionary: bool,
    pages: &[Page],
) -> (Vec<PageEncodingStats>, Vec<Encoding>) {
    let page_type = match column.data_page {
        DataPage::V1 => PageType::DATA_PAGE,
        DataPage::V2 => PageType::DATA_PAGE_V2,
    };
    let kinds = dictionary.then_some((PageType::DICTIONARY_PAGE, Encoding::PLAIN));
    let kinds = kinds
        .into_iter()
        .chain(pages.iter().map(|page| (page_type, page.encoding)));
    let mut counts: Vec<PageEncodingStats> = Vec::new();
    // Levels are run lengths whatever the values are, and the library lists them for every chunk,
    // too.
    let mut encodings = vec![Encoding::RLE];
    for (page_type, encoding) in kinds {
        if !encodings.contains(&encoding) {
            encodings.push(encoding);
        }
        match counts
            .iter_mut()
            .find(|c| c.page_type == page_type && c.encoding == encoding)
        {
            Some(known) => known.count += 1,
            None => counts.push(PageEncodingStats {
                page_type,
                encoding,
                count: 1,
            }),
        }
    }
    (counts, encodings)
}

/// How many values stand at each definition level; none for required columns.
fn histogram(column: &FlatColumn, rows: usize, nulls: usize) -> Option<LevelHistogram> {
    (column.leaf.max_def_level() > 0)
        .then(|| LevelHistogram::from(vec![nulls as i64, (rows - nulls) as i64]))
}

impl PageIndex {
    fn new(column: &FlatColumn) -> Self {
        let wanted = column.statistics == Statistics::Page;
        let physical = column.leaf.physical_type();
        Self {
            columns: wanted.then(|| ColumnIndexBuilder::new(physical)),
            offsets: OffsetIndexBuilder::new(),
            rises: true,
            falls: true,
            last: None,
        }
    }

    fn add(&mut self, column: &FlatColumn, page: &Page, at: usize) -> ParquetResult<()> {
        let length = i32::try_from(page.bytes.len());
        let length = length.map_err(|error| ParquetError::External(error.into()))?;
        self.offsets.append_row_count(page.rows as i64);
        self.offsets.append_offset_and_size(at as i64, length);
        self.offsets
            .append_unencoded_byte_array_data_bytes(page.text_length);
        let Some(columns) = &mut self.columns else {
            return Ok(());
        };
        let nulls = page.nulls as i64;
        match &page.bounds {
            _ if page.nulls == page.rows => columns.append(true, Vec::new(), Vec::new(), nulls),
            Some(bounds) => {
                let (least, _, greatest, _) = column.ordered.short(bounds);
                columns.append(false, least, greatest, nulls);
            }
            // A page of nothing but NaN has no bounds, so that the chunk has no index.
            None => {
                self.columns = None;
                return Ok(());
            }
        }
        let histogram = histogram(column, page.rows, page.nulls);
        columns.append_histograms(&None, &histogram);
        self.follow(column, page.bounds.as_ref());
        Ok(())
    }

    /// Do the bounds of pages rise or fall?
    fn follow(&mut self, column: &FlatColumn, bounds: Option<&ValueBounds>) {
        let Some(bounds) = bounds else { return };
        if let Some(last) = &self.last {
            let after = |one: &[u8], other: &[u8]| {
                column.ordered.compare(one, other) == Some(std::cmp::Ordering::Greater)
            };
            self.rises &= !after(&last.least, &bounds.least);
            self.rises &= !after(&last.greatest, &bounds.greatest);
            self.falls &= !after(&bounds.least, &last.least);
            self.falls &= !after(&bounds.greatest, &last.greatest);
        }
        self.last = Some(bounds.clone());
    }

    fn build(self) -> ParquetResult<(Option<ColumnIndexMetaData>, OffsetIndexMetaData)> {
        let order = match (self.rises, self.falls) {
            (true, _) => BoundaryOrder::ASCENDING,
            (false, true) => BoundaryOrder::DESCENDING,
            (false, false) => BoundaryOrder::UNORDERED,
        };
        let columns = self.columns.map(|mut columns| {
            columns.set_boundary_order(order);
            columns.build()
        });
        Ok((columns.transpose()?, self.offsets.build()))
    }
}

impl Length for Pages {
    fn len(&self) -> u64 {
        self.0.iter().map(|page| page.len() as u64).sum()
    }
}

impl ChunkReader for Pages {
    type T = PageReader;

    fn get_read(&self, start: u64) -> ParquetResult<PageReader> {
        let mut reader = PageReader {
            pages: self.0.clone().into_iter(),
            rest: Bytes::new(),
        };
        // The library reads each chunk once, from its beginning: that this walks does not matter.
        std::io::copy(&mut (&mut reader).take(start), &mut std::io::sink())?;
        Ok(reader)
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        let mut bytes = vec![0; length];
        self.get_read(start)?.read_exact(&mut bytes)?;
        Ok(bytes.into())
    }
}

impl Read for PageReader {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        while self.rest.is_empty() {
            match self.pages.next() {
                Some(page) => self.rest = page,
                None => return Ok(0),
            }
        }
        let length = out.len().min(self.rest.len());
        out[..length].copy_from_slice(&self.rest.split_to(length));
        Ok(length)
    }
}
