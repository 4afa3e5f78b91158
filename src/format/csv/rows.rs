//! Rows of comma-separated text, made column by column.

use arrow::array::{Array, RecordBatch};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{Field, Schema};

use crate::format::cells::{Cells, Column, Refusal};
use crate::format::json::Values;
use crate::format::nested::{dictionary, unpacked};
use crate::format::text::leaf::{self, texts};
use crate::format::text::number::Floats;
use crate::format::text::{Leaf, Style};

/// How the rows of a file are spelt.
#[derive(Debug, Clone)]
pub struct Rows {
    delimiter: u8,
    quote: u8,
    always: bool,
    null: Vec<u8>,
    empty: Vec<u8>,
    /// Bytes that make quotes necessary.
    special: Box<[bool; 256]>,
}

impl Rows {
    /// Rows with this delimiter, quote, and texts for null and for the empty string; with `always`
    /// every value but null has quotes.
    pub fn new(delimiter: u8, quote: u8, always: bool, null: &str, empty: Option<&str>) -> Self {
        let mut special = Box::new([false; 256]);
        for byte in [delimiter, quote, b'\n', b'\r'] {
            special[usize::from(byte)] = true;
        }
        Self {
            delimiter,
            quote,
            always,
            null: null.as_bytes().to_vec(),
            empty: empty.map_or_else(|| vec![quote, quote], |empty| empty.as_bytes().to_vec()),
            special,
        }
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

    /// Appends the rows of `batch`, each ended by a line feed.
    ///
    /// # Errors
    /// A value without a text form.
    pub fn write(&self, batch: &RecordBatch, out: &mut Cells) -> Result<(), Refusal> {
        let schema = batch.schema();
        let columns: Vec<Column> = std::iter::zip(schema.fields(), batch.columns())
            .map(|(field, array)| {
                self.column(field, array)
                    .map_err(|refusal| refusal.within(field.name()))
            })
            .collect::<Result<_, _>>()?;
        let size: usize = columns.iter().map(Column::size).sum();
        out.bytes.reserve(size + batch.num_rows() * columns.len());
        for row in 0..batch.num_rows() {
            for column in &columns {
                out.bytes.extend_from_slice(column.get(row));
                out.bytes.push(self.delimiter);
            }
            out.bytes.pop();
            out.bytes.push(b'\n');
            out.end();
        }
        Ok(())
    }

    fn column(&self, field: &Field, array: &dyn Array) -> Result<Column, Refusal> {
        let shown: Option<&NullBuffer> = None;
        match Leaf::of(field) {
            Some(Leaf::Text) => Ok(self.text_column(array)),
            Some(leaf) => {
                let array = unpacked(array)?;
                let quote = [self.quote];
                let style = Style {
                    around: if self.always { &quote } else { b"" },
                    null: &self.null,
                    floats: Floats::Csv,
                };
                Ok(leaf::write(&array, leaf, &style, shown)?.into())
            }
            None => self.json_column(field, array),
        }
    }

    fn text_column(&self, array: &dyn Array) -> Column {
        let cells =
            |values: &dyn Array| texts(values, &self.null, |out, text| self.write_text(out, text));
        match dictionary(array) {
            Some((values, keys)) => {
                Column::picked(cells(&values), &keys, array.nulls(), &self.null)
            }
            None => cells(array).into(),
        }
    }

    /// Nested values are JSON inside one value.
    fn json_column(&self, field: &Field, array: &dyn Array) -> Result<Column, Refusal> {
        let values = Values::default().column(field, array, 0, None)?;
        let nulls = array.logical_nulls();
        let cells = Cells::fill(array.len(), nulls.as_ref(), &self.null, |out, row| {
            self.write_bytes(out, values.get(row));
        });
        Ok(cells.into())
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
        let special = |byte: &u8| self.special[usize::from(*byte)];
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
