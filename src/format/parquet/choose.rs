//! How each column is encoded and compressed, and why: what the options say, and where they are
//! silent what the domains prove and a trial shows. `rowgen plan` and the encoder both ask here.

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, SchemaRef};
use parquet::arrow::ArrowSchemaConverter;
use parquet::basic::{Compression, Encoding, Type};
use parquet::schema::types::{ColumnDescPtr, SchemaDescriptor};

use super::codec::{ColumnEncoding, PageCodec};
use super::column::{FlatColumn, Worker};
use super::columns::ColumnOptions;
use super::encode::Dictionary;
use super::statistics::Ordered;
use super::writer::failed;
use super::{Compatibility, DataPage, Parquet, bloom, schema, uuid, values};
use crate::domain::{Domain, Order, Range};
use crate::error::Result;
use crate::format::Shape;
use crate::units::show_count;

/// More distinct values than this are not gathered in a dictionary: 1 MiB of 8-byte values, where
/// the library gives up after having hashed them all.
const DICTIONARY_VALUES: u64 = 131_072;

/// What does not shrink below this part of its size is stored as it is.
// A tenth less on the disk is what unpacking has to be paid with; random digits and UUIDs lose less
// and would be unpacked for nothing.
const WORTH: f64 = 0.9;

/// The format counts the bytes of a page in 32 bits.
const LONGEST_PAGE: usize = 1 << 30;

/// What Snappy may cost more, at most, when it looks at a column's texts by rows: some five times
/// as fast as it is otherwise.
const BY_ROWS: f64 = 1.1;

/// The false positives of a Bloom filter of which nothing else is said.
const WRONG: f64 = 0.05;

/// What a file is made of, as far as it is the same for all files of a shape.
pub(super) struct FileSettings {
    /// The columns as readers see them.
    pub schema: SchemaRef,
    pub described: SchemaDescriptor,
    /// One for each leaf column.
    pub leaves: Vec<LeafSettings>,
}

/// A leaf column, and how it is written.
pub(super) struct LeafSettings {
    pub descriptor: ColumnDescPtr,
    /// Its column, or the one that it is in.
    pub field: usize,
    pub way: ColumnEncoder,
    pub compression: Compression,
    pub bloom: Option<bloom::BloomSize>,
    why_encoding: String,
    why_compression: Option<String>,
}

/// Who encodes a column.
pub(super) enum ColumnEncoder {
    /// We do, from its arrays.
    Direct(Box<FlatColumn>),
    /// The library does.
    Library(ColumnEncoding),
}

/// A leaf column, what is said of it and what is known of it.
struct Question<'a> {
    files: &'a Parquet,
    options: Option<&'a ColumnOptions>,
    descriptor: &'a ColumnDescPtr,
    data_type: &'a DataType,
    domain: &'a Domain,
    /// The most rows of a row group.
    rows: u64,
    /// Its first batch.
    trial: Option<&'a ArrayRef>,
}

/// The bytes of a trial page, before compression and after.
struct Trial {
    encoded: usize,
    compressed: usize,
}

/// Decides for every leaf column of files of this shape.
///
/// # Errors
/// The schema cannot be one of Parquet, or the trial batch cannot be encoded.
pub(super) fn files(options: &Parquet, shape: &Shape) -> Result<FileSettings> {
    let schema = schema::of_files(&shape.schema, options.field_ids.0);
    let described = ArrowSchemaConverter::new().convert(&schema);
    let described = described.and_then(|described| match options.compatibility {
        Compatibility::Latest => uuid::named(&described, &schema),
        Compatibility::Spark => Ok(described),
    });
    let described = described.map_err(|error| failed("making the Parquet schema", error))?;
    let rows = options.row_group_rows().min(shape.rows.unwrap_or(u64::MAX));
    let mut leaves = Vec::with_capacity(described.num_columns());
    let unknown = Domain::default();
    for (index, descriptor) in described.columns().iter().enumerate() {
        let field = described.get_column_root_idx(index);
        let question = Question {
            files: options,
            options: options.columns.get(schema.field(field).name()),
            descriptor,
            data_type: schema.field(field).data_type(),
            domain: shape.domains.get(field).unwrap_or(&unknown),
            rows,
            trial: shape.trial.as_ref().map(|batch| batch.column(field)),
        };
        leaves.push(question.answer(field)?);
    }
    Ok(FileSettings {
        schema,
        described,
        leaves,
    })
}

impl LeafSettings {
    /// Its encoding, its codec and the reasons.
    pub(super) fn describe(&self) -> String {
        let encoding = match &self.way {
            ColumnEncoder::Direct(column) if column.dictionary.is_some() => "dictionary".into(),
            ColumnEncoder::Direct(column) => column.encoding.to_string().to_lowercase(),
            ColumnEncoder::Library(ColumnEncoding::Auto) => "dictionary".into(),
            ColumnEncoder::Library(encoding) => encoding.name().to_string(),
        };
        let compression = match self.compression {
            Compression::UNCOMPRESSED => "uncompressed".into(),
            codec => format!("{codec:?}").to_lowercase(),
        };
        let why = self.why_compression.as_ref();
        let why = why.map_or(String::new(), |why| format!(" ({why})"));
        let bloom = self.bloom.map_or("", |_| ", bloom filter");
        let (name, because) = (self.descriptor.path().string(), &self.why_encoding);
        format!("{name}: {encoding} ({because}), {compression}{why}{bloom}")
    }
}

impl Question<'_> {
    fn answer(&self, field: usize) -> Result<LeafSettings> {
        let (way, why_encoding) = self.way()?;
        let asked = self
            .options
            .and_then(|options| options.compression.as_ref());
        let codec = asked.map_or(self.files.codec(), |codec| codec.value);
        let (compression, why_compression) = match (codec, &way) {
            (PageCodec::Named(codec), _) => (codec, None),
            (PageCodec::Auto, ColumnEncoder::Library(_)) => (codec.compression(), None),
            (PageCodec::Auto, ColumnEncoder::Direct(column)) => self.compression(column)?,
        };
        let mut way = way;
        if let ColumnEncoder::Direct(column) = &mut way {
            column.compression = compression;
            column.by_rows &= compression == Compression::SNAPPY;
        }
        Ok(LeafSettings {
            descriptor: self.descriptor.clone(),
            field,
            way,
            compression,
            bloom: self.bloom(),
            why_encoding,
            why_compression,
        })
    }

    /// True if it is a column of its own whose values we know to encode.
    fn direct(&self) -> bool {
        self.descriptor.path().parts().len() == 1
            && self.descriptor.max_rep_level() == 0
            && values::known(self.data_type, self.descriptor.physical_type())
    }

    fn way(&self) -> Result<(ColumnEncoder, String)> {
        let asked = self.options.and_then(|options| options.encoding.as_ref());
        let asked = asked.map_or(ColumnEncoding::Auto, |encoding| encoding.value);
        let nested =
            self.descriptor.path().parts().len() > 1 || self.descriptor.max_rep_level() > 0;
        if nested || !self.direct() {
            let why = if nested { "nested" } else { "by the library" };
            return Ok((ColumnEncoder::Library(asked), why.into()));
        }
        match asked {
            ColumnEncoding::Auto => self.suits(),
            ColumnEncoding::Dictionary => Ok(match self.dictionary() {
                Some(dictionary) => self.by_dictionary(dictionary),
                None => (ColumnEncoder::Library(asked), "asked for".into()),
            }),
            asked => {
                let encoding = asked.page_encoding().unwrap_or(Encoding::PLAIN);
                Ok((self.by(encoding), "asked for".into()))
            }
        }
    }

    /// What suits what is known of the column.
    fn suits(&self) -> Result<(ColumnEncoder, String)> {
        // A domain that names every value makes the dictionary before the first row: keys are
        // packed as they come. The library finds the same dictionary by hashing every value.
        if let Some(dictionary) = self.dictionary() {
            return Ok(self.by_dictionary(dictionary));
        }
        let physical = self.descriptor.physical_type();
        let rising = match self.domain.order {
            Order::Unknown => None,
            Order::Ascending => Some("ascending"),
            Order::StrictlyAscending => Some("strictly ascending"),
        };
        match (physical, rising) {
            (Type::BOOLEAN, _) => Ok(match self.files.data_page {
                DataPage::V1 => (self.by(Encoding::PLAIN), "bits".into()),
                DataPage::V2 => (self.by(Encoding::RLE), "bits".into()),
            }),
            (Type::BYTE_ARRAY, None) if self.few() => {
                let why = format!(
                    "at most {} values",
                    show_count(self.domain.distinct.unwrap_or(0))
                );
                Ok((ColumnEncoder::Library(ColumnEncoding::Dictionary), why))
            }
            (Type::BYTE_ARRAY, Some(rising)) => {
                Ok((self.by(Encoding::DELTA_BYTE_ARRAY), rising.into()))
            }
            (Type::INT32 | Type::INT64, Some(rising)) => {
                Ok((self.by(Encoding::DELTA_BINARY_PACKED), rising.into()))
            }
            // Nothing proves which one is smaller: both are tried on the first batch, at any threads.
            (Type::BYTE_ARRAY, None) => self.smallest(
                &[
                    Encoding::DELTA_LENGTH_BYTE_ARRAY,
                    Encoding::DELTA_BYTE_ARRAY,
                ],
                "nothing is known of it",
            ),
            (Type::INT32 | Type::INT64, None) => {
                let (bits, whole) = (self.bits(), if physical == Type::INT32 { 32 } else { 64 });
                let mut encodings = [Encoding::PLAIN, Encoding::DELTA_BINARY_PACKED];
                // Without a trial (`rowgen plan` of an endless source, no rows) the bounds decide:
                // differences of values that span three quarters of the bits or more save too
                // little.
                if bits <= whole * 3 / 4 {
                    encodings.reverse();
                }
                let why = match bits {
                    128 => "nothing is known of it".into(),
                    bits => format!("values span {bits} bits"),
                };
                self.smallest(&encodings, &why)
            }
            _ => Ok((self.by(Encoding::PLAIN), "no order to make use of".into())),
        }
    }

    /// The encoding that gives the fewest bytes for the trial; without one the first.
    fn smallest(&self, encodings: &[Encoding], otherwise: &str) -> Result<(ColumnEncoder, String)> {
        let mut best: Option<(usize, Box<FlatColumn>)> = None;
        for encoding in encodings {
            let mut column = Box::new(self.column(*encoding, None));
            column.compression = self.tried();
            if let Some(trial) = self.measure(&column)?
                && best
                    .as_ref()
                    .is_none_or(|(bytes, _)| trial.compressed < *bytes)
            {
                best = Some((trial.compressed, column));
            }
        }
        let Some((bytes, mut column)) = best else {
            return Ok((self.by(encodings[0]), otherwise.into()));
        };
        let mut by_rows = self.column(Encoding::DELTA_LENGTH_BYTE_ARRAY, None);
        by_rows.by_rows = true;
        if self.tried() == Compression::SNAPPY
            && self.descriptor.physical_type() == Type::BYTE_ARRAY
            && let Some(trial) = self.measure(&by_rows)?
            // A tenth more bytes for a fifth of the time: identifiers have no other matches
            // than their beginnings, and Snappy looks for them at every byte.
            && trial.compressed as f64 <= bytes as f64 * BY_ROWS
        {
            *column = by_rows;
        }
        let rows = self.trial.map_or(1, |trial| trial.len());
        let why = format!("trial: {:.1} bytes a value", bytes as f64 / rows as f64);
        Ok((ColumnEncoder::Direct(column), why))
    }

    /// The codec that trials use.
    fn tried(&self) -> Compression {
        let asked = self
            .options
            .and_then(|options| options.compression.as_ref());
        asked
            .map_or(self.files.codec(), |codec| codec.value)
            .compression()
    }

    /// Snappy where it helps, nothing where it does not.
    fn compression(&self, column: &FlatColumn) -> Result<(Compression, Option<String>)> {
        let snappy = PageCodec::Auto.compression();
        Ok(match self.measure(column)? {
            None => (snappy, None),
            Some(trial) => {
                let ratio = trial.compressed as f64 / trial.encoded.max(1) as f64;
                let said = format!("trial: {ratio:.2} of its size");
                match ratio <= WORTH {
                    true => (snappy, Some(said)),
                    false => {
                        let said = format!("{said}, stored uncompressed");
                        (Compression::UNCOMPRESSED, Some(said))
                    }
                }
            }
        })
    }

    fn measure(&self, column: &FlatColumn) -> Result<Option<Trial>> {
        let Some(array) = self.trial.filter(|array| !array.is_empty()) else {
            return Ok(None);
        };
        let pages = column.pages(array, &mut Worker::default())?;
        Ok(Some(Trial {
            encoded: pages.iter().map(|page| page.uncompressed).sum(),
            compressed: pages.iter().map(|page| page.bytes.len()).sum(),
        }))
    }

    fn by(&self, encoding: Encoding) -> ColumnEncoder {
        ColumnEncoder::Direct(Box::new(self.column(encoding, None)))
    }

    fn by_dictionary(&self, dictionary: Dictionary) -> (ColumnEncoder, String) {
        let values = dictionary.len() as u64;
        let column = self.column(Encoding::RLE_DICTIONARY, Some(dictionary));
        let plural = if values == 1 { "value" } else { "values" };
        let why = format!("known dictionary of {} {plural}", show_count(values));
        (ColumnEncoder::Direct(Box::new(column)), why)
    }

    fn column(&self, encoding: Encoding, dictionary: Option<Dictionary>) -> FlatColumn {
        FlatColumn {
            leaf: self.descriptor.clone(),
            ordered: Ordered::of(self.descriptor),
            compression: PageCodec::Auto.compression(),
            statistics: self.files.statistics,
            bloom: self.bloom(),
            encoding,
            dictionary,
            by_rows: false,
            rising: self.domain.order > Order::Unknown && !self.domain.nulls,
            data_page: self.files.data_page,
            page_size: self.files.page_size().min(LONGEST_PAGE),
            page_rows: self.files.page_rows(),
        }
    }

    /// The dictionary that every batch shares.
    fn dictionary(&self) -> Option<Dictionary> {
        let values = self.domain.dictionary.as_ref()?;
        let leaf = self.descriptor;
        let width = leaf.type_length().max(0) as usize;
        let found = Dictionary::new(values, leaf.physical_type(), width, &Ordered::of(leaf))?;
        (found.plain.len() <= self.files.dictionary_limit().unwrap_or(usize::MAX)).then_some(found)
    }

    fn bloom(&self) -> Option<bloom::BloomSize> {
        let filter = self.options?.bloom_filter.as_ref()?.figures()?;
        let known = self.domain.distinct.unwrap_or(self.rows).min(self.rows);
        let distinct = filter.ndv.map_or(known, |count| count.0);
        Some(bloom::BloomSize {
            distinct: distinct.max(1),
            wrong: filter.fpp.map_or(WRONG, |fpp| fpp.0),
        })
    }

    /// Values stand so often that a dictionary is worth its hashing.
    fn few(&self) -> bool {
        let most = DICTIONARY_VALUES.min(self.rows / 2);
        !self.domain.unique
            && self
                .domain
                .distinct
                .is_some_and(|distinct| distinct <= most)
    }

    /// How many bits hold the difference of any two values.
    fn bits(&self) -> u32 {
        match self.domain.range {
            Some(Range::Integer { min, max }) => {
                128 - max.wrapping_sub(min).unsigned_abs().leading_zeros()
            }
            _ => 128,
        }
    }
}
