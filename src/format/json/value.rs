//! Columns as JSON values, nested ones put together from the cells of their parts.

use arrow::array::{Array, AsArray, StringArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, FieldRef, Float32Type, Float64Type};

use super::object::ObjectSpelling;
use super::text::{write_bytes, write_string};
use crate::format::cells::{CellColumn, Cells, Delimiters, Refusal};
use crate::format::nested::{
    NestedItems, entry_fields, first_wrong, item_field, items, unpacked, visible,
};
use crate::format::text::leaf::{self, texts};
use crate::format::text::number::FloatSpelling;
use crate::format::text::patched::{parts, value_field};
use crate::format::text::raw;
use crate::format::text::{LeafStyle, TextLeaf};
use crate::kernel::scan::Special;

/// How values are spelt.
#[derive(Debug, Clone, Copy, Default)]
pub struct ValueSpelling {
    /// Fields that are null are left out of objects.
    pub omit_nulls: bool,
    /// Decimals are strings.
    pub decimal_strings: bool,
    /// Whole numbers of 64 bits are strings.
    pub wide_strings: bool,
    /// Every field and every item has a line of its own.
    pub pretty: bool,
}

pub(super) const NULL: &[u8] = b"null";

/// Bytes that are escaped in strings.
// RFC 8259, section 7: the quote, the backslash and the control characters. `Special` takes four
// bytes, so both stand twice.
const ESCAPED: Special = Special {
    bytes: *b"\"\\\"\\",
    below: b' ',
};

impl ValueSpelling {
    /// The values of a column `depth` levels deep, and what stands around them.
    ///
    /// # Errors
    /// A visible value that JSON cannot hold.
    pub fn column(
        &self,
        field: &Field,
        array: &dyn Array,
        depth: usize,
        shown: Option<&NullBuffer>,
        frame: &Delimiters,
    ) -> Result<CellColumn, Refusal> {
        if let (Some(value), Some((values, bytes))) = (value_field(field), parts(array)) {
            let column = self.column(value, values, depth, shown, frame)?;
            let other = |out: &mut Vec<u8>, bytes: &[u8]| write_bytes(out, bytes);
            return Ok(column.with_others(bytes, frame, other).into());
        }
        let array = unpacked(array)?;
        match TextLeaf::of(field) {
            Some(TextLeaf::Text) => Ok(strings(&array, frame).into()),
            Some(leaf) => self.leaf(leaf, &array, shown, frame),
            None => self
                .nested(&array, depth, shown, frame)
                .map(CellColumn::from),
        }
    }

    fn leaf(
        &self,
        leaf: TextLeaf,
        array: &dyn Array,
        shown: Option<&NullBuffer>,
        frame: &Delimiters,
    ) -> Result<CellColumn, Refusal> {
        let bare = match leaf {
            TextLeaf::Boolean | TextLeaf::Float => true,
            TextLeaf::Integer { wide } => !(wide && self.wide_strings),
            TextLeaf::Decimal => !self.decimal_strings,
            _ => false,
        };
        if leaf == TextLeaf::Float {
            // RFC 8259, section 6: JSON has no NaN and no infinity. Some writers make `null` of
            // them, which would be another value when it is read.
            finite(array, shown)?;
        }
        let style = LeafStyle {
            frame: if bare { frame.clone() } else { quoted(frame) },
            floats: FloatSpelling::Json,
        };
        leaf::write(array, leaf, &style, shown).map(CellColumn::Own)
    }

    fn nested(
        &self,
        array: &dyn Array,
        depth: usize,
        shown: Option<&NullBuffer>,
        frame: &Delimiters,
    ) -> Result<Cells, Refusal> {
        if let DataType::Struct(fields) = array.data_type() {
            let shown = visible(array, shown);
            let mut cells = Cells::default();
            ObjectSpelling::new(*self, fields, depth, shown.as_ref(), b"").write(
                array.as_struct().columns(),
                array.len(),
                None,
                &mut cells.bytes,
                Some(&mut cells.offsets),
            )?;
            // Nested values are written twice, inside out; flat ones never are. They are few and
            // short.
            let write = |out: &mut Vec<u8>, row: usize| out.extend_from_slice(cells.get(row));
            return Ok(Cells::fill(array.len(), array.nulls(), frame, write));
        }
        match (items(array, shown), item_field(array.data_type())) {
            (Some(items), Some(field)) if matches!(array.data_type(), DataType::Map(..)) => {
                self.map(array, &items, field, depth, frame)
            }
            (Some(items), Some(field)) => self.list(array, &items, field, depth, frame),
            _ => {
                let nulls = NullBuffer::new_null(array.len());
                Ok(Cells::fill(array.len(), Some(&nulls), frame, |_, _| ()))
            }
        }
    }

    fn list(
        &self,
        array: &dyn Array,
        items: &NestedItems,
        field: &FieldRef,
        depth: usize,
        frame: &Delimiters,
    ) -> Result<Cells, Refusal> {
        let column = self
            .column(
                field,
                &items.values,
                depth + 1,
                items.shown.as_ref(),
                &bare(),
            )
            .map_err(|refusal| items.refusal(refusal))?;
        let (lead, close) = (self.line(depth + 1), self.line(depth));
        Ok(Cells::fill(
            array.len(),
            array.nulls(),
            frame,
            |out, row| {
                let items = items.offsets[row]..items.offsets[row + 1];
                bracketed(out, *b"[]", &close, |out| {
                    joined(out, items.map(|item| [&lead, column.get(item), b"", b""]))
                });
            },
        ))
    }

    /// A map is an object whose names are the keys.
    fn map(
        &self,
        array: &dyn Array,
        items: &NestedItems,
        field: &FieldRef,
        depth: usize,
        frame: &Delimiters,
    ) -> Result<Cells, Refusal> {
        let Some((_, value_field)) = entry_fields(field.data_type()) else {
            return Ok(Cells::fill(array.len(), None, frame, |_, _| ()));
        };
        items.distinct_keys()?;
        let entries = items.values.as_struct();
        let keys = strings(&unpacked(entries.column(0))?, &bare());
        let values = self
            .column(
                value_field,
                entries.column(1),
                depth + 1,
                items.shown.as_ref(),
                &bare(),
            )
            .map_err(|refusal| items.refusal(refusal))?;
        let absent = entries
            .column(1)
            .logical_nulls()
            .filter(|_| self.omit_nulls);
        let (lead, colon, close) = (self.line(depth + 1), self.colon(), self.line(depth));
        Ok(Cells::fill(
            array.len(),
            array.nulls(),
            frame,
            |out, row| {
                let present = (items.offsets[row]..items.offsets[row + 1])
                    .filter(|item| absent.as_ref().is_none_or(|absent| absent.is_valid(*item)));
                bracketed(out, *b"{}", &close, |out| {
                    joined(
                        out,
                        present.map(|item| [&lead, keys.get(item), colon, values.get(item)]),
                    )
                });
            },
        ))
    }

    /// The line break before something that stands `depth` levels deep, if lines are broken.
    pub(super) fn line(&self, depth: usize) -> Vec<u8> {
        if !self.pretty {
            return Vec::new();
        }
        let mut line = vec![b' '; 1 + depth * 2];
        line[0] = b'\n';
        line
    }

    pub(super) fn colon(&self) -> &'static [u8] {
        if self.pretty { b": " } else { b":" }
    }
}

/// Writes brackets around what `inner` writes, the closing one on its own line if that is broken.
fn bracketed(out: &mut Vec<u8>, brackets: [u8; 2], close: &[u8], inner: impl FnOnce(&mut Vec<u8>)) {
    out.push(brackets[0]);
    let start = out.len();
    inner(out);
    if out.len() > start {
        out.extend_from_slice(close);
    }
    out.push(brackets[1]);
}

/// Writes items, each of up to four parts, with commas between them.
fn joined<'a>(out: &mut Vec<u8>, items: impl Iterator<Item = [&'a [u8]; 4]>) {
    let start = out.len();
    for parts in items {
        if out.len() > start {
            out.push(b',');
        }
        for part in parts {
            out.extend_from_slice(part);
        }
    }
}

/// A value and nothing around it.
fn bare() -> Delimiters {
    Delimiters::new(b"", b"", NULL, b"")
}

/// The frame with quotes around values, but not around null.
pub(super) fn quoted(frame: &Delimiters) -> Delimiters {
    let mut quoted = frame.clone();
    quoted.before.push(b'"');
    quoted.after.insert(0, b'"');
    quoted
}

fn strings(array: &dyn Array, frame: &Delimiters) -> Cells {
    let plain = array.as_any().downcast_ref::<StringArray>();
    if plain.is_some_and(|array| !ESCAPED.is_in(raw::bytes(array))) {
        return texts(array, &quoted(frame), |out, text| {
            out.extend_from_slice(text.as_bytes())
        });
    }
    texts(array, frame, write_string)
}

/// True for texts that are strings with nothing but quotes around them.
pub(super) fn is_plain(array: &StringArray) -> bool {
    array.null_count() == 0 && !ESCAPED.is_in(raw::bytes(array))
}

fn finite(array: &dyn Array, shown: Option<&NullBuffer>) -> Result<(), Refusal> {
    let value = |row: usize| match array.data_type() {
        DataType::Float32 => f64::from(array.as_primitive::<Float32Type>().value(row)),
        _ => array.as_primitive::<Float64Type>().value(row),
    };
    match first_wrong(array, shown, |row| !value(row).is_finite()) {
        None => Ok(()),
        Some(row) => {
            let value = value(row);
            let name = match value.is_nan() {
                true => "NaN",
                false if value > 0.0 => "infinity",
                false => "-infinity",
            };
            Err(Refusal {
                path: String::new(),
                row,
                fault: format!("is {name}, which JSON cannot hold"),
                hint: "bound the column, make such values null, or write Parquet, Avro or CSV",
            })
        }
    }
}
