//! `csv`: comma-separated text, or with any other delimiter.

mod called;
mod null;
mod rows;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use arrow::datatypes::Field;
use schemars::JsonSchema;
use serde::Deserialize;

pub use called::called;
pub use null::NullText;
pub use rows::CsvRows;

use super::block::{self, BlockFormat};
use super::compression::Compression;
use super::text::TextLeaf;
use super::text::patched::value_field;
use super::{FileEncoder, Format, FormatKind, Shape, json};
use crate::batch::Batch;
use crate::error::{Problem, Result};
use crate::place::{Flag, Place, Placed, Text};
use crate::type_names::show_type;

/// Comma-separated text: null is empty, the empty string is `""`, times are RFC 3339 with a fixed
/// number of fraction digits, decimals have all their digits.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Csv {
    /// One ASCII character between values, such as `";"` or `"\t"` (default: a comma, and a tab for `.tsv`).
    pub(in crate::format) delimiter: Option<Placed<Text>>,
    /// A first line with the columns' names (default true).
    pub(in crate::format) header: Option<Flag>,
    /// One ASCII character around values that need it, doubled inside them (default `"`).
    pub(in crate::format) quote: Option<Placed<Text>>,
    /// Which values have quotes: those that need them, or all but null.
    pub(in crate::format) quote_style: QuoteStyle,
    /// What stands for null (default: nothing). A text that is equal has quotes.
    pub(in crate::format) null: NullText,
    /// What stands for the empty string (default: two quotes).
    pub(in crate::format) empty: Option<Placed<Text>>,
    /// Lists, structs and maps are errors unless written as `json`, bytes then as hexadecimal.
    pub(in crate::format) nested: Option<Nested>,
    /// `none`, `gzip`, `gzip(0..9)`, `zstd` or `zstd(1..22)` (default: what the file's name says).
    pub(in crate::format) compression: Option<Compression>,
    /// The file's name ends in `.tsv`.
    #[serde(skip)]
    pub(in crate::format) tabs: bool,
}

/// Which values have quotes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuoteStyle {
    /// Those that could be taken for something else.
    #[default]
    Necessary,
    /// All but null.
    Always,
}

/// How nested values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Nested {
    /// As JSON in one value.
    Json,
}

/// What a reader must know of how a file was written.
pub struct CsvSpelling<'o> {
    /// What stands between values, if it is said.
    pub delimiter: Option<&'o Placed<Text>>,
    /// What stands around values, if it is said.
    pub quote: Option<&'o Placed<Text>>,
    /// The first line has the names.
    pub header: bool,
    /// What stands for null.
    pub null: &'o str,
}

struct CsvBlocks {
    rows: CsvRows,
    header: Vec<u8>,
}

impl Csv {
    /// The rows as these options spell them.
    ///
    /// # Errors
    /// A delimiter, a quote or a text for null that no reader could tell from values.
    pub fn rows(&self) -> Result<CsvRows, Problem> {
        let delimiter = match &self.delimiter {
            Some(text) => separator(text, "delimiter")?,
            None if self.tabs => b'\t',
            None => b',',
        };
        let quote = match &self.quote {
            Some(text) => separator(text, "quote")?,
            None => b'"',
        };
        if delimiter == quote {
            let problem = Problem::new("the delimiter and the quote are the same character");
            let place = self.quote.as_ref().or(self.delimiter.as_ref());
            return Err(place.map_or(problem.clone(), |text| problem.at(&text.place)));
        }
        let empty = self.empty.as_ref();
        let texts = [
            (self.null.text.as_str(), self.null.place.as_ref()),
            (
                empty.map_or("", |empty| empty.as_str()),
                empty.map(|empty| &empty.place),
            ),
        ];
        for (text, place) in texts {
            plain(text, place, delimiter, quote)?;
        }
        let always = self.quote_style == QuoteStyle::Always;
        let empty = empty.map(|empty| empty.as_str());
        Ok(CsvRows::new(
            delimiter,
            quote,
            always,
            &self.null.text,
            empty,
        ))
    }

    /// What a reader must know of these options.
    pub fn spelt(&self) -> CsvSpelling<'_> {
        CsvSpelling {
            delimiter: self.delimiter.as_ref(),
            quote: self.quote.as_ref(),
            header: self.header.is_none_or(|flag| flag.0),
            null: &self.null.text,
        }
    }

    /// What the empty text is read back as, where that is not the empty text: another one, or null.
    pub fn empty_as(&self) -> Option<Option<String>> {
        let empty = self.empty.as_ref()?.as_str();
        Some((empty != self.null.text).then(|| empty.to_string()))
    }

    /// The columns that a row cannot hold.
    pub fn check_columns(&self, shape: &Shape) -> Vec<Problem> {
        let mut problems = Vec::new();
        for field in shape.schema.fields() {
            let field = value_field(field).unwrap_or(field);
            match TextLeaf::of(field) {
                // Bytes have no text form that readers of CSV agree on: as hexadecimal they are
                // written only where JSON was asked for.
                Some(TextLeaf::Binary) | None if self.nested.is_none() => {
                    problems.push(unsupported(field));
                }
                Some(_) => {}
                None => problems.extend(json::check_field(field, field.name(), "CSV")),
            }
        }
        problems
    }

    /// A line of one empty value is a blank line, which readers skip: the nulls of one column are
    /// quotes around nothing, which texts are already.
    fn check_blank_lines(&self, shape: &Shape) -> Option<Problem> {
        let nulls = shape.domains.first().is_some_and(|domain| domain.nulls);
        let blank = nulls && self.null.text.is_empty() && is_only_texts(shape);
        blank.then(|| {
            Problem::new(format!(
                "the nulls of `{}`, the only column, would be blank lines in CSV, which readers skip",
                shape.schema.field(0).name()
            ))
            .hint("give null a text: `null: NULL`")
        })
    }
}

impl Format for Csv {
    fn extensions(&self) -> &'static [&'static str] {
        &["csv", "tsv", "csv.gz", "csv.zst", "tsv.gz", "tsv.zst"]
    }

    fn extension(&self) -> String {
        let suffix = self.compression.map_or("", Compression::suffix);
        format!("csv{suffix}")
    }

    fn named(&self, file_name: &str) -> Option<FormatKind> {
        let name = file_name.to_lowercase();
        let (compression, inner) = Compression::of_name(&name);
        Some(FormatKind::Csv(Self {
            compression: self.compression.or(compression),
            tabs: self.tabs || inner.ends_with(".tsv"),
            ..self.clone()
        }))
    }

    fn is_text(&self) -> bool {
        true
    }

    fn check(&self, shape: &Shape) -> Vec<Problem> {
        let mut problems = self.check_columns(shape);
        problems.extend(self.check_blank_lines(shape));
        problems.extend(self.rows().err());
        problems
    }

    fn open(&self, shape: &Shape) -> Result<Arc<dyn FileEncoder>> {
        let rows = match shape.schema.fields().len() {
            1 => self.rows()?.without_blank_lines(is_only_texts(shape)),
            _ => self.rows()?,
        };
        let header = match self.header {
            Some(Flag(false)) => Vec::new(),
            _ => rows.header(&shape.schema),
        };
        let compression = self.compression.unwrap_or_default();
        block::encoder(CsvBlocks { rows, header }, compression)
    }
}

impl BlockFormat for CsvBlocks {
    fn header(&self) -> Vec<u8> {
        self.header.clone()
    }

    fn encode(&self, batch: &Batch, out: &mut Vec<u8>) -> Result<()> {
        let result = self.rows.append(&batch.rows, out, None);
        result.map_err(|refusal| refusal.error(&batch.place))
    }
}

/// True for rows of one value in which quotes around nothing are a text.
fn is_only_texts(shape: &Shape) -> bool {
    let [field] = &shape.schema.fields()[..] else {
        return false;
    };
    matches!(
        TextLeaf::of(value_field(field).unwrap_or(field)),
        None | Some(TextLeaf::Text | TextLeaf::Binary)
    )
}

/// The one character that `text` is: it must not be part of numbers and dates, which have no quotes.
fn separator(text: &Placed<Text>, what: &str) -> Result<u8, Problem> {
    match text.as_bytes() {
        // As it is spelt in single quotes.
        b"\\t" => Ok(b'\t'),
        [byte]
            if byte.is_ascii()
                && !byte.is_ascii_alphanumeric()
                // Numbers and times are written without looking for a delimiter in them.
                && !b"+-.:\r\n\0".contains(byte) =>
        {
            Ok(*byte)
        }
        _ => Err(Problem::new(format!(
            "expected one ASCII character for the {what}, found `{}`",
            text.escape_debug()
        ))
        .maybe_hint(called(text))
        .hint("letters, digits and `+`, `-`, `.`, `:` are parts of values")
        .at(&text.place)),
    }
}

fn plain(text: &str, place: Option<&Place>, delimiter: u8, quote: u8) -> Result<(), Problem> {
    let special = |byte: u8| [delimiter, quote, b'\n', b'\r'].contains(&byte);
    if !text.bytes().any(special) {
        return Ok(());
    }
    let problem = Problem::new(format!(
        "`{}` holds a delimiter, a quote or a line break",
        text.escape_debug()
    ));
    Err(place.map_or(problem.clone(), |place| problem.at(place)))
}

fn unsupported(field: &Field) -> Problem {
    Problem::new(format!(
        "column `{}` has the type {}, which CSV cannot hold",
        field.name(),
        show_type(field.data_type())
    ))
    .hint("leave it out with the sink's `columns:`, or write it as JSON: `format: { csv: { nested: json } }`")
}
