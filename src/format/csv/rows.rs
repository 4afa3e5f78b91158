//! Rows of comma-separated text, made column by column.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{Field, Fields, Schema};

use crate::format::cells::{CellColumn, Cells, Delimiters, Refusal};
use crate::format::json::ValueSpelling;
use crate::format::rows::{self, Memory, Of, RowSpelling};
use crate::format::text::leaf::{self, binaries, texts, write_hexadecimal};
use crate::format::text::number::FloatSpelling;
use crate::format::text::patched::{parts, value_field};
use crate::format::text::raw;
use crate::format::text::{LeafStyle, TextLeaf};
use crate::kernel::scan::Special;

/// How the rows of a file are spelt.
#[derive(Debug, Clone)]
pub struct CsvRows {
    delimiter: u8,
    quote: u8,
    always: bool,
    null: Vec<u8>,
    empty: Vec<u8>,
    /// Bytes that make quotes necessary.
    special: Special,
    /// What follows every row.
    ending: &'static [u8],
    memory: Arc<Memory>,
}

/// The rows of batches with these columns.
struct CsvColumns<'a> {
    rows: &'a CsvRows,
    fields: &'a Fields,
}

impl CsvRows {
    /// Rows with this delimiter, quote, and texts for null and for the empty string; with `always`
    /// every value but null has quotes.
    pub fn new(delimiter: u8, quote: u8, always: bool, null: &str, empty: Option<&str>) -> Self {
        Self {
            delimiter,
            quote,
            always,
            null: null.as_bytes().to_vec(),
            empty: empty.map_or_else(|| vec![quote, quote], |empty| empty.as_bytes().to_vec()),
            special: Special {
                bytes: [delimiter, quote, b'\n', b'\r'],
                below: 0,
            },
            ending: b"\n",
            memory: Arc::default(),
        }
    }

    /// The same rows, each on its own: nothing follows them.
    #[must_use]
    pub fn without_line_ends(self) -> Self {
        Self {
            ending: b"",
            ..self
        }
    }

    /// The same rows of one value each, none of which is a blank line: what is empty has quotes,
    /// but for the nulls of `texts`.
    #[must_use]
    pub fn without_blank_lines(mut self, texts: bool) -> Self {
        let quotes = [self.quote, self.quote];
        if self.empty.is_empty() {
            self.empty = quotes.to_vec();
        }
        if self.null.is_empty() && !texts {
            self.null = quotes.to_vec();
        }
        self
    }

    /// The line with the columns' names.
    pub fn header(&self, schema: &Schema) -> Vec<u8> {
        let mut line = Vec::new();
        for field in schema.fields() {
            self.write_text(&mut line, field.name());
            line.push(self.delimiter);
        }
        line.pop();
        line.push(b'\n');
        line
    }

    /// Appends the rows of `batch`. What is made of dictionaries is kept
    /// for the next batch of the same table.
    ///
    /// # Errors
    /// A value without a text form.
    pub fn write(&self, batch: &RecordBatch, out: &mut Cells) -> Result<(), Refusal> {
        self.append(batch, &mut out.bytes, Some(&mut out.offsets))
    }

    /// As `write`, without need to know where rows end.
    pub fn append(
        &self,
        batch: &RecordBatch,
        out: &mut Vec<u8>,
        ends: Option<&mut Vec<usize>>,
    ) -> Result<(), Refusal> {
        let table = CsvColumns {
            rows: self,
            fields: batch.schema_ref().fields(),
        };
        rows::append(&table, batch.columns(), Some(&self.memory), out, ends)
    }

    fn write_text(&self, out: &mut Vec<u8>, text: &str) {
        if text.is_empty() {
            out.extend_from_slice(&self.empty);
        } else {
            self.write_bytes(out, text.as_bytes());
        }
    }

    /// With quotes where the value could be taken for something else: for two values, two lines,
    /// null, or the empty string.
    fn write_bytes(&self, out: &mut Vec<u8>, text: &[u8]) {
        let special = |byte: &u8| self.special.bytes.contains(byte);
        // A text that looks like null has quotes, or it would be read as one.
        let necessary = || text.iter().any(special) || text == self.null || text == self.empty;
        if !self.always && !necessary() {
            return out.extend_from_slice(text);
        }
        out.push(self.quote);
        for byte in text {
            if *byte == self.quote {
                out.push(self.quote);
            }
            out.push(*byte);
        }
        out.push(self.quote);
    }
}

impl RowSpelling for CsvColumns<'_> {
    fn column(&self, index: usize, array: &ArrayRef, of: Of) -> Result<CellColumn, Refusal> {
        let field = &self.fields[index];
        if let (Some(value), Some((values, bytes))) = (value_field(field), parts(array)) {
            // Not straight from the texts' array, which has none of the others.
            let column = self.spelt(index, value, values, false)?;
            let frame = self.frame(index, false);
            let other = |out: &mut Vec<u8>, bytes: &[u8]| self.rows.write_bytes(out, bytes);
            return Ok(column.with_others(bytes, &frame, other).into());
        }
        self.spelt(index, field, array, of == Of::Rows)
    }

    fn null(&self, index: usize) -> Option<Vec<u8>> {
        Some(self.frame(index, false).null)
    }
}

impl CsvColumns<'_> {
    /// The values of a column and what stands around them; `may_stay` are texts that are copied from where
    /// they are.
    fn spelt(
        &self,
        index: usize,
        field: &Field,
        array: &ArrayRef,
        may_stay: bool,
    ) -> Result<CellColumn, Refusal> {
        let spelt = match TextLeaf::of(field) {
            Some(TextLeaf::Text) => Ok(self.texts(index, array, may_stay)),
            Some(TextLeaf::Binary) => Ok(self.bytes(index, array)),
            Some(leaf) => {
                let style = LeafStyle {
                    frame: self.frame(index, self.rows.always),
                    floats: FloatSpelling::Csv,
                };
                leaf::write(array, leaf, &style, None).map(CellColumn::Own)
            }
            None => self.nested(index, field, array),
        };
        spelt.map_err(|refusal| refusal.within(field.name()))
    }

    /// Values are followed by the delimiter, the last one by a line feed.
    fn frame(&self, index: usize, quoted: bool) -> Delimiters {
        let last = index + 1 == self.fields.len();
        let after: &[u8] = match last {
            true => self.rows.ending,
            false => &[self.rows.delimiter],
        };
        let quote = [self.rows.quote];
        let around: &[u8] = if quoted { &quote } else { b"" };
        Delimiters::new(b"", around, &self.rows.null, after)
    }

    fn texts(&self, index: usize, array: &ArrayRef, may_stay: bool) -> CellColumn {
        let plain = array.as_any().downcast_ref::<StringArray>();
        // One vectorised look over the bytes of all texts: where nothing needs quotes, they are
        // copied from where they are and no value is looked at by itself.
        if let Some(array) = plain.filter(|array| may_stay && self.is_plain(array)) {
            return CellColumn::Texts {
                array: array.clone(),
                frame: self.frame(index, self.rows.always),
                sized: false,
            };
        }
        let frame = self.frame(index, false);
        texts(array, &frame, |out, text| self.rows.write_text(out, text)).into()
    }

    /// Hexadecimal digits, which are told from null as texts are: none are the empty text.
    fn bytes(&self, index: usize, array: &ArrayRef) -> CellColumn {
        let mut digits = Vec::new();
        let cells = binaries(array, &self.frame(index, false), |out, bytes| {
            digits.clear();
            write_hexadecimal(&mut digits, bytes);
            match digits.is_empty() {
                true => out.extend_from_slice(&self.rows.empty),
                false => self.rows.write_bytes(out, &digits),
            }
        });
        cells.into()
    }

    /// True when no text needs to be looked at on its own: none needs quotes, or doubled ones.
    fn is_plain(&self, array: &StringArray) -> bool {
        let rows = self.rows;
        // What stands for the empty string is two quotes, which are special anyway, or a text.
        let empty = (!rows.empty.contains(&rows.quote)).then_some(rows.empty.len());
        let told_apart = |length: usize| {
            length != 0 && (rows.always || length != rows.null.len() && Some(length) != empty)
        };
        let nulls = rows.null.is_empty() && !rows.always;
        raw::lengths(array, nulls, told_apart) && !rows.special.is_in(raw::bytes(array))
    }

    /// Nested values are JSON inside one value.
    fn nested(&self, index: usize, field: &Field, array: &ArrayRef) -> Result<CellColumn, Refusal> {
        let values =
            ValueSpelling::default().column(field, array, 0, None, &Delimiters::default())?;
        let nulls = array.logical_nulls();
        let frame = self.frame(index, false);
        let cells = Cells::fill(array.len(), nulls.as_ref(), &frame, |out, row| {
            self.rows.write_bytes(out, values.get(row));
        });
        Ok(cells.into())
    }
}
