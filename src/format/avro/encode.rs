//! Columns as Avro's binary encoding, each value with the branch of its union before it.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Float32Type};

use super::number::{decimals, doubles, integers};
use super::plan::{Codec, Member, Site};
use crate::format::cells::{Cells, Column, Refusal};
use crate::format::nested::{dictionary, items, unpacked, visible};
use crate::format::text::leaf::{binaries, texts, write_uuid};

/// The rows that are inside nothing null.
pub type Rows<'a> = Option<&'a NullBuffer>;

/// Records that are ready to be written.
pub struct Records(Vec<Column>);

/// Records made of these columns.
///
/// # Errors
/// A visible value that the schema cannot hold.
pub fn records(
    members: &[Member],
    columns: &[ArrayRef],
    shown: Rows<'_>,
) -> Result<Records, Refusal> {
    let column = |member: &Member| {
        column(&member.site, &columns[member.index], shown)
            .map_err(|refusal| refusal.within(&member.name))
    };
    let columns: Result<Vec<Column>, Refusal> = members.iter().map(column).collect();
    columns.map(Records)
}

impl Records {
    /// Appends the record of one row.
    pub fn write(&self, row: usize, out: &mut Vec<u8>) {
        for column in &self.0 {
            out.extend_from_slice(column.get(row));
        }
    }

    /// How many bytes all records have together; a guess where there are dictionaries.
    pub fn size(&self) -> usize {
        self.0.iter().map(Column::size).sum()
    }
}

fn column(site: &Site, array: &dyn Array, shown: Rows<'_>) -> Result<Column, Refusal> {
    required(site, array, shown)?;
    match &site.codec {
        Codec::Text => Ok(dictionary_or_plain(site, array, |values| {
            text_cells(site, values, |out, text| write_bytes(out, text.as_bytes()))
        })),
        Codec::Enum(symbols) => {
            known(symbols, array, shown)?;
            Ok(dictionary_or_plain(site, array, |values| {
                text_cells(site, values, |out, text| {
                    let symbol = symbols.iter().position(|symbol| symbol == text);
                    write_long(out, symbol.unwrap_or_default() as i64);
                })
            }))
        }
        _ => Ok(plain_column(site, &unpacked(array)?, shown)?.into()),
    }
}

fn plain_column(site: &Site, array: &dyn Array, shown: Rows<'_>) -> Result<Cells, Refusal> {
    let cells = match &site.codec {
        Codec::Null | Codec::Text | Codec::Enum(_) => fill(site, array, |_, _| ()),
        Codec::Boolean => {
            let values = array.as_boolean();
            fill(site, array, |out, row| {
                out.push(u8::from(values.value(row)))
            })
        }
        Codec::Integer(conversion) => return integers(site, array, conversion, shown),
        Codec::Float => {
            let values = array.as_primitive::<Float32Type>().values();
            fill(site, array, |out, row| {
                out.extend(values[row].to_le_bytes())
            })
        }
        Codec::Double => doubles(site, array),
        Codec::Bytes => bytes_cells(site, array, write_bytes),
        Codec::Uuid => bytes_cells(site, array, |out, bytes| {
            write_long(out, 36);
            write_uuid(out, bytes);
        }),
        Codec::Fixed => bytes_cells(site, array, |out, bytes| out.extend_from_slice(bytes)),
        Codec::Decimal(width) => decimals(site, array, *width)?,
        Codec::Array(item) => return lists(site, item, array, shown),
        Codec::Map(value) => return maps(site, value, array, shown),
        Codec::Record(members) => {
            let shown = visible(array, shown);
            let columns = array.as_struct().columns();
            let records = records(members, columns, shown.as_ref())?;
            fill(site, array, |out, row| records.write(row, out))
        }
    };
    Ok(cells)
}

/// What stands for null, and what stands before a value.
fn branches(site: &Site) -> ([u8; 1], [u8; 1], usize) {
    match site.union {
        Some(union) => ([union.null], [union.value], 1),
        None => ([0], [0], 0),
    }
}

/// Writes a column's values, each after the branch of its union.
pub fn fill(site: &Site, array: &dyn Array, mut write: impl FnMut(&mut Vec<u8>, usize)) -> Cells {
    let (null, value, len) = branches(site);
    Cells::fill(array.len(), array.nulls(), &null[..len], |out, row| {
        out.extend_from_slice(&value[..len]);
        write(out, row);
    })
}

fn text_cells(site: &Site, array: &dyn Array, write: impl Fn(&mut Vec<u8>, &str)) -> Cells {
    let (null, value, len) = branches(site);
    texts(array, &null[..len], |out, text| {
        out.extend_from_slice(&value[..len]);
        write(out, text);
    })
}

fn bytes_cells(site: &Site, array: &dyn Array, write: impl Fn(&mut Vec<u8>, &[u8])) -> Cells {
    let (null, value, len) = branches(site);
    binaries(array, &null[..len], |out, bytes| {
        out.extend_from_slice(&value[..len]);
        write(out, bytes);
    })
}

fn dictionary_or_plain(
    site: &Site,
    array: &dyn Array,
    cells: impl Fn(&dyn Array) -> Cells,
) -> Column {
    let (null, _, len) = branches(site);
    match dictionary(array) {
        Some((values, keys)) => Column::picked(cells(&values), &keys, array.nulls(), &null[..len]),
        None => cells(array).into(),
    }
}

/// Refuses the first visible null of a type that does not allow it.
fn required(site: &Site, array: &dyn Array, shown: Rows<'_>) -> Result<(), Refusal> {
    if site.union.is_some() || matches!(site.codec, Codec::Null) {
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
            "make the field a union with null, or set `nulls: 0`",
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
fn known(symbols: &[String], array: &dyn Array, shown: Rows<'_>) -> Result<(), Refusal> {
    let mut unknown = false;
    let check = |values: &dyn Array, unknown: &mut bool| {
        texts(values, b"", |_, text| {
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

fn lists(site: &Site, item: &Site, array: &dyn Array, shown: Rows<'_>) -> Result<Cells, Refusal> {
    let Some(items) = items(array, shown) else {
        return Err(refusal(0, "is not a list".into(), "check its type"));
    };
    let cells = column(item, &items.values, items.shown.as_ref())
        .map_err(|refusal| items.refusal(refusal))?;
    Ok(fill(site, array, |out, row| {
        let range = items.offsets[row]..items.offsets[row + 1];
        counted(out, range, |out, item| {
            out.extend_from_slice(cells.get(item))
        });
    }))
}

fn maps(site: &Site, value: &Site, array: &dyn Array, shown: Rows<'_>) -> Result<Cells, Refusal> {
    let Some(items) = items(array, shown) else {
        return Err(refusal(0, "is not a map".into(), "check its type"));
    };
    let entries = items.values.as_struct();
    let key_site = Site {
        codec: Codec::Text,
        union: None,
    };
    let keys = column(&key_site, entries.column(0), items.shown.as_ref());
    let values = column(value, entries.column(1), items.shown.as_ref());
    let keys = keys.map_err(|refusal| items.refusal(refusal))?;
    let values = values.map_err(|refusal| items.refusal(refusal))?;
    Ok(fill(site, array, |out, row| {
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

/// A length and bytes.
pub fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_long(out, bytes.len() as i64);
    out.extend_from_slice(bytes);
}

/// A zigzag varint.
pub fn write_long(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}
