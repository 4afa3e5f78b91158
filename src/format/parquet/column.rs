//! A flat column that is encoded here: each batch of it becomes pages on the worker that made it.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type};
use bytes::Bytes;
use parquet::basic::{Compression, Encoding, Type};
use parquet::schema::types::ColumnDescPtr;

use super::compress::Compressors;
use super::encode::{self, Dictionary, Scratch, Used};
use super::header::{LONGEST, PageHeader, PageKind};
use super::statistics::{Ordered, ValueBounds};
use super::values::{self, PageValues, Room};
use super::{DataPage, Statistics, bloom, cut, levels};
use crate::error::{Error, Result};

/// A flat column and how its pages are made.
pub(super) struct FlatColumn {
    pub leaf: ColumnDescPtr,
    pub ordered: Ordered,
    pub compression: Compression,
    pub statistics: Statistics,
    pub bloom: Option<bloom::BloomSize>,
    /// The encoding of its pages.
    pub encoding: Encoding,
    /// What the keys of `RLE_DICTIONARY` stand for.
    pub dictionary: Option<Dictionary>,
    /// Most of what repeats in its texts begins where a text begins, and Snappy looks there alone.
    pub by_rows: bool,
    /// The values of every batch rise, and none is null.
    pub rising: bool,
    pub data_page: DataPage,
    /// Bytes and rows of a page, nearly.
    pub page_size: usize,
    pub page_rows: usize,
}

/// An encoded page with its header.
pub(super) struct Page {
    pub bytes: Bytes,
    /// Its bytes before compression, the header included.
    pub uncompressed: usize,
    pub encoding: Encoding,
    pub rows: usize,
    pub nulls: usize,
    pub bounds: Option<ValueBounds>,
    /// The bytes of its texts, where that is known.
    pub text_length: Option<i64>,
    pub hashes: Vec<u64>,
}

/// What a worker keeps from page to page.
#[derive(Default)]
pub(super) struct Worker {
    room: Room,
    scratch: Scratch,
    used: Used,
    keys: Vec<i32>,
    body: Vec<u8>,
    compressed: Vec<u8>,
    compressors: Compressors,
}

/// What encoding tells of a page besides its bytes.
struct Content {
    encoding: Encoding,
    bounds: Option<ValueBounds>,
    text_length: Option<i64>,
    hashes: Vec<u64>,
    /// The page is compressed already, with so many bytes of text that never stood in its body.
    by_rows: Option<usize>,
}

impl FlatColumn {
    /// The pages of one batch.
    ///
    /// # Errors
    /// The column's type has changed, or a page is too large for the format.
    pub(super) fn pages(&self, array: &ArrayRef, worker: &mut Worker) -> Result<Vec<Page>> {
        let array = self.encodable(array)?;
        let width = match array.data_type() {
            DataType::Dictionary(..) => 4,
            _ => self.width(),
        };
        let ends = cut::pages(&array, width, self.page_rows, self.page_size);
        // Slicing an array counts its nulls again; nearly every batch is one page, and needs no
        // slice.
        let whole = ends.len() == 1;
        let ranges = std::iter::once(0).chain(ends.iter().copied()).zip(&ends);
        ranges
            .map(|(start, end)| match whole {
                true => self.page(&array, worker),
                false => self.page(&array.slice(start, end - start), worker),
            })
            .collect()
    }

    /// The bytes of a value, where all have as many.
    fn width(&self) -> usize {
        match self.leaf.physical_type() {
            Type::FIXED_LEN_BYTE_ARRAY => self.leaf.type_length().max(0) as usize,
            Type::INT32 | Type::FLOAT => 4,
            _ => 8,
        }
    }

    /// The array itself, or its values in place of the keys of a dictionary that nobody knows.
    fn encodable(&self, array: &ArrayRef) -> Result<ArrayRef> {
        let DataType::Dictionary(_, kind) = array.data_type() else {
            return Ok(array.clone());
        };
        let keys = array.as_dictionary_opt::<Int32Type>();
        match (keys, &self.dictionary) {
            (Some(keys), Some(dictionary)) if dictionary.is(keys.values()) => Ok(array.clone()),
            _ => Ok(cast(array, kind)?),
        }
    }

    fn page(&self, array: &ArrayRef, worker: &mut Worker) -> Result<Page> {
        let rows = array.len();
        let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0);
        worker.body.clear();
        if self.leaf.max_def_level() > 0 {
            match self.data_page {
                DataPage::V1 => levels::with_length(&mut worker.body, |out| {
                    levels::definition(nulls, rows, out);
                }),
                DataPage::V2 => levels::definition(nulls, rows, &mut worker.body),
            }
        }
        let levels = worker.body.len();
        let apart = match self.data_page {
            DataPage::V1 => 0,
            DataPage::V2 => levels,
        };
        let content = match (array.as_dictionary_opt::<Int32Type>(), &self.dictionary) {
            (Some(keys), Some(dictionary)) => {
                let keys = keys.keys().values();
                self.keys(dictionary, keys, nulls, worker)
            }
            _ => self.values(array, apart, worker)?,
        };
        let nulls = nulls.map_or(0, NullBuffer::null_count);
        self.finish(content, rows, nulls, apart, worker)
    }

    fn keys(
        &self,
        dictionary: &Dictionary,
        keys: &[i32],
        nulls: Option<&NullBuffer>,
        worker: &mut Worker,
    ) -> Content {
        let keys = match nulls {
            None => keys,
            // Pages hold no value for a null: the level says where it is.
            Some(nulls) => {
                worker.keys.clear();
                worker
                    .keys
                    .extend(nulls.valid_indices().map(|place| keys[place]));
                &worker.keys
            }
        };
        // Which keys are there is found once, as a bitmap: it gives the bit width, the bounds and
        // the hashes without looking at each row again.
        dictionary.mark(keys, &mut worker.used);
        dictionary.encode(keys, &worker.used, &mut worker.body);
        let hashes = match self.bloom {
            Some(_) => dictionary.used(&worker.used).map(bloom::hash).collect(),
            None => Vec::new(),
        };
        let bounds = match self.statistics {
            Statistics::None => None,
            _ => dictionary.bounds(&worker.used, &self.ordered),
        };
        Content {
            encoding: Encoding::RLE_DICTIONARY,
            bounds,
            text_length: None,
            hashes,
            by_rows: None,
        }
    }

    fn values(&self, array: &ArrayRef, apart: usize, worker: &mut Worker) -> Result<Content> {
        let physical = self.leaf.physical_type();
        if !values::known(array.data_type(), physical) {
            let what = format!(
                "{} values came for a column of {physical}",
                array.data_type()
            );
            return Err(Error::run(what));
        }
        let data = array.to_data();
        let values = values::of(&data, physical, self.width(), &mut worker.room);
        // A dictionary that a batch does not share is not in the file.
        let encoding = match self.encoding {
            Encoding::RLE_DICTIONARY => Encoding::PLAIN,
            encoding => encoding,
        };
        let mut by_rows = None;
        if let (true, PageValues::Text { offsets, bytes }) = (self.by_rows, values) {
            encode::text_lengths(offsets, &mut worker.scratch, &mut worker.body);
            let (head, out) = (&worker.body[apart..], &mut worker.compressed);
            worker
                .compressors
                .compress_rows(head, bytes, offsets, out)?;
            by_rows = values.text_length().map(|length| length as usize);
        } else if !encode::encode(&values, encoding, &mut worker.scratch, &mut worker.body) {
            let what = format!("values of {physical} cannot be encoded as {encoding}");
            return Err(Error::run(what));
        }
        let mut hashes = Vec::new();
        if self.bloom.is_some() {
            bloom::hashes(&values, &mut hashes);
        }
        Ok(Content {
            encoding,
            bounds: self.bounds(&values),
            text_length: values.text_length().filter(|_| self.dictionary.is_none()),
            hashes,
            by_rows,
        })
    }

    fn bounds(&self, values: &PageValues<'_>) -> Option<ValueBounds> {
        match self.statistics {
            Statistics::None => None,
            // The first and the last value: nothing else has to be looked at.
            _ if self.rising => self.ordered.ascending(values),
            _ => self.ordered.bounds(values),
        }
    }

    /// The body that stands in the worker's room as a page.
    fn finish(
        &self,
        content: Content,
        rows: usize,
        nulls: usize,
        apart: usize,
        worker: &mut Worker,
    ) -> Result<Page> {
        let (before, body) = worker.body.split_at(apart);
        let mut compressed = self.compression != Compression::UNCOMPRESSED;
        if compressed && content.by_rows.is_none() {
            let (compressors, out) = (&mut worker.compressors, &mut worker.compressed);
            compressors.compress(self.compression, body, out)?;
            // Only pages of version 2 can say that compressing was of no use.
            compressed = self.data_page == DataPage::V1 || out.len() < body.len();
        }
        let after = if compressed { &worker.compressed } else { body };
        let kind = match self.data_page {
            DataPage::V1 => PageKind::V1,
            DataPage::V2 => PageKind::V2 {
                nulls: nulls as u32,
                levels: apart as u32,
                compressed,
            },
        };
        let encoding = content.encoding;
        let parts = [before, after];
        let uncompressed = worker.body.len() + content.by_rows.unwrap_or(0);
        let (bytes, header) = put_together(kind, encoding, rows, uncompressed, parts)?;
        Ok(Page {
            bytes,
            uncompressed: header + uncompressed,
            encoding,
            rows,
            nulls,
            bounds: content.bounds,
            text_length: content.text_length,
            hashes: content.hashes,
        })
    }

    /// The page of the dictionary, and its bytes before compression.
    ///
    /// # Errors
    /// It is too large for the format.
    pub(super) fn dictionary_page(&self) -> Result<Option<(Bytes, usize)>> {
        let Some(dictionary) = &self.dictionary else {
            return Ok(None);
        };
        let mut compressed = Vec::new();
        let body = match self.compression {
            Compression::UNCOMPRESSED => &dictionary.plain[..],
            codec => {
                Compressors::default().compress(codec, &dictionary.plain, &mut compressed)?;
                &compressed
            }
        };
        let sorted = dictionary.sorted();
        let (kind, uncompressed) = (PageKind::Dictionary { sorted }, dictionary.plain.len());
        let parts = [&[][..], body];
        let values = dictionary.len();
        let (bytes, header) = put_together(kind, Encoding::PLAIN, values, uncompressed, parts)?;
        Ok(Some((bytes, header + uncompressed)))
    }
}

/// A page of its header and its parts, and how long the header is.
fn put_together(
    kind: PageKind,
    encoding: Encoding,
    values: usize,
    uncompressed: usize,
    parts: [&[u8]; 2],
) -> Result<(Bytes, usize)> {
    let length = parts[0].len() + parts[1].len();
    if length.max(uncompressed) > i32::MAX as usize {
        return Err(Error::run("a page is longer than 2 GiB").hint("make `page_size` smaller"));
    }
    let header = PageHeader {
        kind,
        encoding,
        values: values as u32,
        uncompressed: uncompressed as u32,
        compressed: length as u32,
    };
    let mut bytes = Vec::with_capacity(LONGEST + length);
    header.write(&mut bytes);
    let header = bytes.len();
    bytes.extend_from_slice(parts[0]);
    bytes.extend_from_slice(parts[1]);
    Ok((bytes.into(), header))
}
