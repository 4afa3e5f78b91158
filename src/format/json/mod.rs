//! `json`: JSON, an object a row, on lines of their own or in one array.

mod each;
mod object;
#[cfg(test)]
mod tests;
mod text;
mod value;

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use schemars::JsonSchema;
use serde::Deserialize;

pub use each::each_text;
pub use object::ObjectRows;
pub use value::ValueSpelling;

use super::block::{self, BlockFormat};
use super::compression::Compression;
use super::nested::{entry_fields, item_field, plain_type};
use super::text::TextLeaf;
use super::text::patched::value_field;
use super::{FileEncoder, Format, FormatKind, Shape};
use crate::batch::Batch;
use crate::error::{Problem, Result};
use crate::place::{Flag, Placed};
use crate::type_names::show_type;

/// JSON, an object a row: times are RFC 3339 with a fixed number of fraction digits, decimals have
/// all their digits, bytes are hexadecimal.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Json {
    /// One object a line, or one array (default: lines for `.jsonl` and `.ndjson`, else to be said).
    layout: Option<Layout>,
    /// Every field on a line of its own, in an array (default false).
    pretty: Option<Placed<Flag>>,
    /// Null fields are written as `null` or left out.
    nulls: Nulls,
    /// Decimals are numbers or strings, with all their digits either way.
    decimals: Spelling,
    /// Whole numbers of 64 bits are numbers, or strings for readers that hold numbers in doubles.
    int64: Spelling,
    /// `none`, `gzip`, `gzip(0..9)`, `zstd` or `zstd(1..22)` (default: what the file's name says).
    compression: Option<Compression>,
}

/// How objects follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// One object a line.
    Lines,
    /// One array of objects.
    Array,
}

/// What becomes of null fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Nulls {
    /// Written as `null`.
    #[default]
    Write,
    /// Left out.
    Omit,
}

/// How numbers are spelt that a double may not hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Spelling {
    /// As a JSON number.
    #[default]
    Number,
    /// As a string.
    String,
}

struct JsonBlocks {
    rows: ObjectRows,
    layout: Layout,
    begin: &'static [u8],
}

impl Json {
    /// How these options spell values; also those of messages.
    pub fn values(&self) -> ValueSpelling {
        ValueSpelling {
            omit_nulls: self.nulls == Nulls::Omit,
            decimal_strings: self.decimals == Spelling::String,
            wide_strings: self.int64 == Spelling::String,
            pretty: self.pretty(),
        }
    }

    fn pretty(&self) -> bool {
        self.pretty.as_ref().is_some_and(|pretty| pretty.0)
    }

    fn check_layout(&self) -> Option<Problem> {
        let problem = match (self.layout, &self.pretty) {
            // No default: both are common under `.json`.
            (None, _) => Problem::new("JSON files hold lines or one array: which one is not said")
                .hint("say `json: { layout: lines }` or `json: { layout: array }`, or name the file `.jsonl`"),
            (Some(Layout::Lines), Some(pretty)) if pretty.0 => {
                Problem::new("`pretty: true` would break the lines of `layout: lines`")
                    .hint("say `layout: array`")
                    .at(&pretty.place)
            }
            _ => return None,
        };
        Some(problem)
    }
}

impl Format for Json {
    fn extensions(&self) -> &'static [&'static str] {
        const ALL: &[&str] = &[
            "json",
            "jsonl",
            "ndjson",
            "json.gz",
            "json.zst",
            "jsonl.gz",
            "jsonl.zst",
            "ndjson.gz",
            "ndjson.zst",
        ];
        ALL
    }

    fn extension(&self) -> String {
        let name = match self.layout {
            Some(Layout::Lines) => "jsonl",
            _ => "json",
        };
        let suffix = self.compression.map_or("", Compression::suffix);
        format!("{name}{suffix}")
    }

    /// Each row repeats the names of its columns. What is compressed has larger blocks.
    fn cached_rows(&self) -> Option<u64> {
        let plain = self.compression.unwrap_or_default() == Compression::None;
        // Files of JSON and Avro alone took a tenth less time and half the memory with batches
        // whose text stays in a core's cache.
        plain.then_some(4_096)
    }

    fn named(&self, file_name: &str) -> Option<FormatKind> {
        let name = file_name.to_lowercase();
        let (compression, inner) = Compression::of_name(&name);
        let lines = inner.ends_with(".jsonl") || inner.ends_with(".ndjson");
        Some(FormatKind::Json(Self {
            compression: self.compression.or(compression),
            layout: self.layout.or(lines.then_some(Layout::Lines)),
            ..self.clone()
        }))
    }

    fn is_text(&self) -> bool {
        true
    }

    fn check(&self, shape: &Shape) -> Vec<Problem> {
        let fields = shape.schema.fields().iter();
        fields
            .flat_map(|field| check_field(field, field.name(), "JSON"))
            .chain(self.check_layout())
            .collect()
    }

    fn open(&self, _shape: &Shape) -> Result<Arc<dyn FileEncoder>> {
        let layout = self.layout.unwrap_or(Layout::Lines);
        let values = self.values();
        let (begin, ending, depth): (&[u8], &[u8], usize) = match (layout, values.pretty) {
            (Layout::Lines, _) => (b"", b"\n", 0),
            (Layout::Array, false) => (b"\n", b",\n", 0),
            (Layout::Array, true) => (b"\n  ", b",\n  ", 1),
        };
        let blocks = JsonBlocks {
            rows: ObjectRows::new(values, depth, ending),
            layout,
            begin,
        };
        let compression = self.compression.unwrap_or_default();
        block::encoder(blocks, compression)
    }
}

/// In an array every row begins on a new line, so a block begins with its line break, and only
/// commas stand between blocks.
impl BlockFormat for JsonBlocks {
    fn header(&self) -> Vec<u8> {
        match self.layout {
            Layout::Lines => Vec::new(),
            Layout::Array => b"[".to_vec(),
        }
    }

    fn separator(&self) -> Vec<u8> {
        match self.layout {
            Layout::Lines => Vec::new(),
            Layout::Array => b",".to_vec(),
        }
    }

    fn footer(&self) -> Vec<u8> {
        match self.layout {
            Layout::Lines => Vec::new(),
            Layout::Array => b"\n]\n".to_vec(),
        }
    }

    fn encode(&self, batch: &Batch, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(self.begin);
        self.rows
            .append(&batch.rows, out, None)
            .map_err(|refusal| refusal.error(&batch.place))?;
        if self.layout == Layout::Array {
            out.truncate(out.len() - self.rows.ending().len());
        }
        Ok(())
    }
}

/// What JSON cannot hold in a column and below it.
pub fn check_field(field: &Field, path: &str, format: &str) -> Vec<Problem> {
    if let Some(value) = value_field(field) {
        return check_field(value, path, format);
    }
    if TextLeaf::of(field).is_some() {
        return Vec::new();
    }
    let data_type = plain_type(field.data_type());
    match (data_type, item_field(data_type)) {
        (DataType::Null, _) => Vec::new(),
        (DataType::Struct(fields), _) => fields
            .iter()
            .flat_map(|field| check_field(field, &format!("{path}.{}", field.name()), format))
            .collect(),
        (DataType::Map(..), Some(entries)) => match entry_fields(entries.data_type()) {
            Some((key, value)) if TextLeaf::of(key) == Some(TextLeaf::Text) => {
                check_field(value, path, format)
            }
            _ => vec![
                Problem::new(format!(
                    "the keys of the map `{path}` are not text, as JSON needs"
                ))
                .hint("make the keys utf8"),
            ],
        },
        // RFC 8259, section 4: names of an object are strings, hence maps with other keys are
        // refused above.
        (_, Some(item)) => check_field(item, path, format),
        _ => vec![
            Problem::new(format!(
                "column `{path}` has the type {}, which {format} cannot hold",
                show_type(data_type)
            ))
            .hint("give it another type, or leave it out with the sink's `columns:`"),
        ],
    }
}
