//! JSON objects: the fields of a row or of a struct side by side.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::Fields;

use super::text::write_string;
use super::value::{NULL, ValueSpelling, is_plain, quoted};
use crate::format::cells::{CellColumn, Cells, Delimiters, Refusal};
use crate::format::rows::{self, Memory, Of, RowSpelling};

/// The rows of a table as objects.
#[derive(Debug, Clone)]
pub struct ObjectRows {
    values: ValueSpelling,
    depth: usize,
    ending: Vec<u8>,
    memory: Arc<Memory>,
}

/// Objects with these fields.
pub struct ObjectSpelling<'a> {
    values: ValueSpelling,
    fields: &'a Fields,
    frames: Vec<Delimiters>,
    depth: usize,
    shown: Option<&'a NullBuffer>,
    /// What stands before the closing bracket of an object with fields.
    close: Vec<u8>,
    ending: &'a [u8],
}

impl ObjectRows {
    /// Objects that stand `depth` levels deep, each followed by `ending`.
    pub fn new(values: ValueSpelling, depth: usize, ending: &[u8]) -> Self {
        Self {
            values,
            depth,
            ending: ending.to_vec(),
            memory: Arc::default(),
        }
    }

    /// What follows every row.
    pub fn ending(&self) -> &[u8] {
        &self.ending
    }

    /// Appends the rows of `batch`. What is made of dictionaries is kept for the next batch of the
    /// same table.
    ///
    /// # Errors
    /// A value that JSON cannot hold.
    pub fn write(&self, batch: &RecordBatch, out: &mut Cells) -> Result<(), Refusal> {
        self.append(batch, &mut out.bytes, Some(&mut out.offsets))
    }

    /// As `write`, without need to know where rows end.
    ///
    /// # Errors
    /// As `write`.
    pub fn append(
        &self,
        batch: &RecordBatch,
        out: &mut Vec<u8>,
        ends: Option<&mut Vec<usize>>,
    ) -> Result<(), Refusal> {
        let fields = batch.schema_ref().fields();
        let objects = ObjectSpelling::new(self.values, fields, self.depth, None, &self.ending);
        let (columns, rows) = (batch.columns(), batch.num_rows());
        objects.write(columns, rows, Some(&self.memory), out, ends)
    }
}

impl<'a> ObjectSpelling<'a> {
    /// Objects that stand `depth` levels deep; `shown` are those inside nothing null.
    pub fn new(
        values: ValueSpelling,
        fields: &'a Fields,
        depth: usize,
        shown: Option<&'a NullBuffer>,
        ending: &'a [u8],
    ) -> Self {
        let mut objects = Self {
            values,
            fields,
            frames: Vec::new(),
            depth,
            shown,
            close: values.line(depth),
            ending,
        };
        objects.frames = (0..fields.len())
            .map(|index| objects.frame(index))
            .collect();
        objects
    }

    /// What stands around the values of a field. Where nulls are left out every field has a comma
    /// after it, and that of the last one is taken away in the end.
    fn frame(&self, index: usize) -> Delimiters {
        let omit = self.values.omit_nulls;
        let begin: &[u8] = match index {
            0 => b"{",
            _ if omit => b"",
            _ => b",",
        };
        let end = match index + 1 == self.fields.len() {
            true => [&self.close, b"}".as_slice(), self.ending].concat(),
            false => Vec::new(),
        };
        let mut before = [begin, &self.values.line(self.depth + 1)].concat();
        write_string(&mut before, self.fields[index].name());
        before.extend_from_slice(self.values.colon());
        if omit {
            return Delimiters {
                before,
                after: [b",", end.as_slice()].concat(),
                null: [begin, &end].concat(),
            };
        }
        Delimiters::new(&before, b"", NULL, &end)
    }

    /// Appends `rows` objects of these columns.
    ///
    /// # Errors
    /// A visible value that JSON cannot hold.
    pub fn write(
        &self,
        columns: &[ArrayRef],
        rows: usize,
        memory: Option<&Memory>,
        out: &mut Vec<u8>,
        mut ends: Option<&mut Vec<usize>>,
    ) -> Result<(), Refusal> {
        if columns.is_empty() {
            for _ in 0..rows {
                out.extend_from_slice(b"{}");
                out.extend_from_slice(self.ending);
                ends.iter_mut().for_each(|ends| ends.push(out.len()));
            }
            return Ok(());
        }
        if !self.values.omit_nulls {
            return rows::append(self, columns, memory, out, ends);
        }
        // Without null fields nobody knows which field is the last. Each one gets its comma, and
        // the last comma of each object is closed up afterwards: one pass of `memmove`, where a
        // look ahead would be one for each field of each row.
        let mut own = vec![out.len()];
        rows::append(self, columns, memory, out, Some(&mut own))?;
        self.without_last_commas(out, &mut own);
        if let Some(ends) = ends {
            ends.extend_from_slice(&own[1..]);
        }
        Ok(())
    }

    /// Takes away the comma after the last field of each object, and moves the objects together.
    fn without_last_commas(&self, out: &mut Vec<u8>, ends: &mut [usize]) {
        let bracket = 1 + self.ending.len();
        let tail = self.close.len() + bracket;
        let (mut start, mut at) = (ends[0], ends[0]);
        for end in &mut ends[1..] {
            // An object without fields has no line of its own for its bracket either.
            let (fields, rest) = match out[*end - tail - 1] {
                b',' => (*end - tail - 1, tail),
                _ => (*end - tail, bracket),
            };
            out.copy_within(start..fields, at);
            at += fields - start;
            out.copy_within(*end - rest..*end, at);
            at += rest;
            start = *end;
            *end = at;
        }
        out.truncate(at);
    }
}

impl RowSpelling for ObjectSpelling<'_> {
    fn column(&self, index: usize, array: &ArrayRef, of: Of) -> Result<CellColumn, Refusal> {
        let (field, frame) = (&self.fields[index], &self.frames[index]);
        let texts = match of {
            Of::Rows => array.as_any().downcast_ref::<StringArray>(),
            Of::Dictionary => None,
        };
        if let Some(array) = texts.filter(|array| is_plain(array)) {
            return Ok(CellColumn::Texts {
                array: array.clone(),
                frame: quoted(frame),
                sized: false,
            });
        }
        // What a row may hide it may hide for good, but a dictionary's value stands for all rows.
        let shown = self.shown.filter(|_| of == Of::Rows);
        self.values
            .column(field, array, self.depth + 1, shown, frame)
            .map_err(|refusal| refusal.within(field.name()))
    }

    fn null(&self, index: usize) -> Option<Vec<u8>> {
        Some(self.frames[index].null.clone())
    }
}
