//! Columns as Avro's binary encoding, each value with the branch of its union before it.

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Float32Type};

use super::number::{decimals, doubles, integers};
use super::plan::{NULLS_HINT, RecordField, Site, ValueCodec};
use crate::format::cells::{CellColumn, CellValues, Cells, Delimiters, Refusal};
use crate::format::nested::{dictionary, items, unpacked, visible};
use crate::format::rows::{self, Memory, Of, RowSpelling};
use crate::format::text::leaf::{UUID_LENGTH, binaries, put_uuid, short, texts};
use crate::kernel::varint::{LONG, put_long, write_bytes, write_long};

/// The rows that are inside nothing null.
pub type PresentRows<'a> = Option<&'a NullBuffer>;

/// Records with these fields.
pub struct RecordEncoder<'a> {
    /// The fields, in the schema's order.
    pub members: &'a [RecordField],
    /// Those that are inside nothing null.
    pub shown: PresentRows<'a>,
    /// What stands before every record.
    pub lead: &'a [u8],
}

impl RecordEncoder<'_> {
    /// Appends `rows` records made of these columns.
    ///
    /// # Errors
    /// A visible value that the schema cannot hold.
    pub fn write(
        &self,
        columns: &[ArrayRef],
        rows: usize,
        memory: Option<&Memory>,
        out: &mut Vec<u8>,
        ends: Option<&mut Vec<usize>>,
    ) -> Result<(), Refusal> {
        if self.members.is_empty() {
            let start = out.len();
            out.extend(std::iter::repeat_n(self.lead, rows).flatten());
            let end = |row: usize| start + row * self.lead.len();
            ends.into_iter()
                .for_each(|ends| ends.extend((1..=rows).map(end)));
            return Ok(());
        }
        let columns = self
            .members
            .iter()
            .map(|member| columns[member.index].clone());
        let columns: Vec<ArrayRef> = columns.collect();
        rows::append(self, &columns, memory, out, ends)
    }

    /// What stands around the values of a field.
    fn frame(&self, index: usize) -> Delimiters {
        let mut frame = frame_of(&self.members[index].site);
        if index == 0 {
            frame.before.splice(..0, self.lead.iter().copied());
            frame.null.splice(..0, self.lead.iter().copied());
        }
        frame
    }
}

impl RowSpelling for RecordEncoder<'_> {
    fn column(&self, index: usize, array: &ArrayRef, of: Of) -> Result<CellColumn, Refusal> {
        let RecordField { name, site, .. } = &self.members[index];
        let texts = array.as_any().downcast_ref::<StringArray>();
        match (&site.codec, texts) {
            // Avro's texts are their bytes behind their length: they stay where they are, and the
            // row's writer makes the length as it copies.
            (ValueCodec::Text, Some(array)) if of == Of::Rows && array.null_count() == 0 => {
                Ok(CellColumn::Texts {
                    array: array.clone(),
                    frame: self.frame(index),
                    sized: true,
                })
            }
            _ => {
                let shown = self.shown.filter(|_| of == Of::Rows);
                column(site, array, shown, &self.frame(index))
                    .map_err(|refusal| refusal.within(name))
            }
        }
    }

    fn null(&self, index: usize) -> Option<Vec<u8>> {
        let site = &self.members[index].site;
        let allowed = site.union.is_some() || matches!(site.codec, ValueCodec::Null);
        allowed.then(|| self.frame(index).null)
    }
}

fn column(
    site: &Site,
    array: &dyn Array,
    shown: PresentRows<'_>,
    frame: &Delimiters,
) -> Result<CellColumn, Refusal> {
    required(site, array, shown)?;
    let plain = unpacked(array)?;
    match &site.codec {
        ValueCodec::Text => {
            Ok(texts(&plain, frame, |out, text| write_bytes(out, text.as_bytes())).into())
        }
        ValueCodec::Enum(symbols) => {
            known(symbols, array, shown)?;
            let write = |out: &mut Vec<u8>, text: &str| {
                // Enums are mostly dictionaries here, whose values are looked up once each.
                let symbol = symbols.iter().position(|symbol| symbol == text);
                write_long(out, symbol.unwrap_or_default() as i64);
            };
            Ok(texts(&plain, frame, write).into())
        }
        _ => plain_column(site, &plain, shown, frame).map(CellColumn::Own),
    }
}

fn plain_column(
    site: &Site,
    array: &dyn Array,
    shown: PresentRows<'_>,
    frame: &Delimiters,
) -> Result<CellValues, Refusal> {
    let cells = match &site.codec {
        ValueCodec::Null | ValueCodec::Text | ValueCodec::Enum(_) => {
            short(array, frame, 0, |_, at, _| at)
        }
        ValueCodec::Boolean => {
            let values = array.as_boolean().values();
            short(array, frame, 1, |out, at, row| {
                out[at] = u8::from(values.value(row));
                at + 1
            })
        }
        ValueCodec::Integer(conversion) => return integers(frame, array, conversion, shown),
        ValueCodec::Float => {
            let values = array.as_primitive::<Float32Type>().values();
            short(array, frame, 4, |out, at, row| {
                out[at..at + 4].copy_from_slice(&values[row].to_le_bytes());
                at + 4
            })
        }
        ValueCodec::Double => doubles(frame, array),
        ValueCodec::Bytes => CellValues::Cells(binaries(array, frame, write_bytes)),
        ValueCodec::Uuid => {
            let values = array.as_fixed_size_binary();
            short(array, frame, LONG + UUID_LENGTH, |out, at, row| {
                let at = put_long(out, at, UUID_LENGTH as i64);
                put_uuid(out, at, values.value(row))
            })
        }
        ValueCodec::Fixed => CellValues::Cells(binaries(array, frame, |out, bytes| {
            out.extend_from_slice(bytes)
        })),
        ValueCodec::Decimal(width) => decimals(frame, array, *width)?,
        ValueCodec::Array(item) => return lists(frame, item, array, shown).map(CellValues::Cells),
        ValueCodec::Map(value) => return maps(frame, value, array, shown).map(CellValues::Cells),
        ValueCodec::Record(members) => {
            // Fields of a null struct hold anything: they must neither be refused nor written.
            let shown = visible(array, shown);
            let shown = shown.as_ref();
            let records = RecordEncoder {
                members,
                shown,
                lead: b"",
            };
            let mut cells = Cells::default();
            let Cells { bytes, offsets } = &mut cells;
            let columns = array.as_struct().columns();
            records.write(columns, array.len(), None, bytes, Some(offsets))?;
            CellValues::Cells(fill(frame, array, |out, row| {
                out.extend_from_slice(cells.get(row))
            }))
        }
    };
    Ok(cells)
}

/// The branch of a value's union before it, and what stands for null.
fn frame_of(site: &Site) -> Delimiters {
    match site.union {
        Some(union) => Delimiters {
            before: vec![union.value],
            after: Vec::new(),
            null: vec![union.null],
        },
        None => Delimiters::default(),
    }
}

fn fill(frame: &Delimiters, array: &dyn Array, write: impl FnMut(&mut Vec<u8>, usize)) -> Cells {
    Cells::fill(array.len(), array.nulls(), frame, write)
}

/// Refuses the first visible null of a type that does not allow it.
fn required(site: &Site, array: &dyn Array, shown: PresentRows<'_>) -> Result<(), Refusal> {
    if site.union.is_some() || matches!(site.codec, ValueCodec::Null) {
        return Ok(());
    }
    let Some(nulls) = array.logical_nulls() else {
        return Ok(());
    };
    let seen = |row: &usize| shown.is_none_or(|shown| shown.is_valid(*row));
    match (0..array.len()).find(|row| nulls.is_null(*row) && seen(row)) {
        None => Ok(()),
        Some(row) => Err(refusal(
            row,
            "is null, which the schema does not allow".into(),
            NULLS_HINT,
        )),
    }
}

/// A value that cannot be written.
pub fn refusal(row: usize, fault: String, hint: &'static str) -> Refusal {
    Refusal {
        path: String::new(),
        row,
        fault,
        hint,
    }
}

/// Refuses the first visible text that is not a symbol.
fn known(symbols: &[String], array: &dyn Array, shown: PresentRows<'_>) -> Result<(), Refusal> {
    let mut unknown = false;
    let check = |values: &dyn Array, unknown: &mut bool| {
        texts(values, &Delimiters::default(), |_, text| {
            *unknown |= !symbols.iter().any(|symbol| symbol == text);
        });
    };
    match dictionary(array) {
        Some((values, _)) => check(&values, &mut unknown),
        None => check(array, &mut unknown),
    }
    if !unknown {
        return Ok(());
    }
    // A dictionary may have texts that no row has: look at the rows.
    let visible = visible(array, shown);
    let there = |row: usize| visible.as_ref().is_none_or(|visible| visible.is_valid(row));
    let plain = arrow::compute::cast(array, &DataType::Utf8)
        .map_err(|error| refusal(0, format!("is not text: {error}"), "make the column utf8"))?;
    let plain = plain.as_string::<i32>();
    let stranger =
        |row: &usize| there(*row) && !symbols.iter().any(|symbol| symbol == plain.value(*row));
    match (0..plain.len()).find(stranger) {
        None => Ok(()),
        Some(row) => {
            let fault = format!("is `{}`, which the enum has not", plain.value(row));
            Err(refusal(row, fault, "add the symbol to the schema"))
        }
    }
}

fn lists(
    frame: &Delimiters,
    item: &Site,
    array: &dyn Array,
    shown: PresentRows<'_>,
) -> Result<Cells, Refusal> {
    let Some(items) = items(array, shown) else {
        return Err(refusal(0, "is not a list".into(), "check its type"));
    };
    let cells = column(item, &items.values, items.shown.as_ref(), &frame_of(item))
        .map_err(|refusal| items.refusal(refusal))?;
    Ok(fill(frame, array, |out, row| {
        let range = items.offsets[row]..items.offsets[row + 1];
        counted(out, range, |out, item| {
            out.extend_from_slice(cells.get(item))
        });
    }))
}

fn maps(
    frame: &Delimiters,
    value: &Site,
    array: &dyn Array,
    shown: PresentRows<'_>,
) -> Result<Cells, Refusal> {
    let Some(items) = items(array, shown) else {
        return Err(refusal(0, "is not a map".into(), "check its type"));
    };
    items.distinct_keys()?;
    let entries = items.values.as_struct();
    let key_site = Site {
        codec: ValueCodec::Text,
        union: None,
    };
    let keys = column(
        &key_site,
        entries.column(0),
        items.shown.as_ref(),
        &Delimiters::default(),
    );
    let values = column(
        value,
        entries.column(1),
        items.shown.as_ref(),
        &frame_of(value),
    );
    let keys = keys.map_err(|refusal| items.refusal(refusal))?;
    let values = values.map_err(|refusal| items.refusal(refusal))?;
    Ok(fill(frame, array, |out, row| {
        let range = items.offsets[row]..items.offsets[row + 1];
        counted(out, range, |out, item| {
            out.extend_from_slice(keys.get(item));
            out.extend_from_slice(values.get(item));
        });
    }))
}

/// One block of items with its count, and the count zero that ends every list and map.
fn counted(
    out: &mut Vec<u8>,
    items: std::ops::Range<usize>,
    mut write: impl FnMut(&mut Vec<u8>, usize),
) {
    if !items.is_empty() {
        write_long(out, items.len() as i64);
        items.for_each(|item| write(out, item));
    }
    out.push(0);
}
