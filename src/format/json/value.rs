//! Columns as JSON values, nested ones put together from the cells of their parts.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, FieldRef, Float32Type, Float64Type};

use super::text::write_string;
use crate::format::cells::{Cells, Column, Refusal};
use crate::format::nested::{
    Items, dictionary, entry_fields, item_field, items, unpacked, visible,
};
use crate::format::text::leaf::{self, texts};
use crate::format::text::number::Floats;
use crate::format::text::{Leaf, Style};

/// How values are spelt.
#[derive(Debug, Clone, Copy, Default)]
pub struct Values {
    /// Fields that are null are left out of objects.
    pub omit_nulls: bool,
    /// Decimals are strings.
    pub decimal_strings: bool,
    /// Whole numbers of 64 bits are strings.
    pub wide_strings: bool,
    /// Every field and every item has a line of its own.
    pub pretty: bool,
}

/// One field of objects that are being put together.
struct Member {
    /// What stands before the value: line break, name, colon.
    lead: Vec<u8>,
    column: Column,
    /// The rows where it is left out.
    absent: Option<NullBuffer>,
}

const NULL: &[u8] = b"null";

impl Values {
    /// The cells of a column whose values stand `depth` levels deep.
    ///
    /// # Errors
    /// A visible value that JSON cannot hold.
    pub fn column(
        &self,
        field: &Field,
        array: &dyn Array,
        depth: usize,
        shown: Option<&NullBuffer>,
    ) -> Result<Column, Refusal> {
        match Leaf::of(field) {
            Some(Leaf::Text) => Ok(strings(array)),
            Some(leaf) => self.leaf(leaf, &unpacked(array)?, shown),
            None => self.nested(&unpacked(array)?, depth, shown),
        }
    }

    fn leaf(
        &self,
        leaf: Leaf,
        array: &dyn Array,
        shown: Option<&NullBuffer>,
    ) -> Result<Column, Refusal> {
        let bare = match leaf {
            Leaf::Boolean | Leaf::Float => true,
            Leaf::Integer { wide } => !(wide && self.wide_strings),
            Leaf::Decimal => !self.decimal_strings,
            _ => false,
        };
        if leaf == Leaf::Float {
            finite(array, shown)?;
        }
        let style = Style {
            around: if bare { b"" } else { b"\"" },
            null: NULL,
            floats: Floats::Json,
        };
        Ok(leaf::write(array, leaf, &style, shown)?.into())
    }

    fn nested(
        &self,
        array: &dyn Array,
        depth: usize,
        shown: Option<&NullBuffer>,
    ) -> Result<Column, Refusal> {
        if let DataType::Struct(fields) = array.data_type() {
            let shown = visible(array, shown);
            let nulls = array.nulls();
            let columns = array.as_struct().columns();
            let mut cells = Cells::default();
            let objects = self.objects(fields, columns, depth, shown.as_ref())?;
            objects.write(array.len(), nulls, b"", &mut cells);
            return Ok(cells.into());
        }
        match (items(array, shown), item_field(array.data_type())) {
            (Some(items), Some(field)) if matches!(array.data_type(), DataType::Map(..)) => {
                self.map(array, &items, field, depth)
            }
            (Some(items), Some(field)) => self.list(array, &items, field, depth),
            _ => Ok(Cells::fill(array.len(), None, NULL, |out, _| {
                out.extend_from_slice(NULL)
            })
            .into()),
        }
    }

    fn list(
        &self,
        array: &dyn Array,
        items: &Items,
        field: &FieldRef,
        depth: usize,
    ) -> Result<Column, Refusal> {
        let column = self
            .column(field, &items.values, depth + 1, items.shown.as_ref())
            .map_err(|refusal| items.refusal(refusal))?;
        let (lead, close) = (self.line(depth + 1), self.line(depth));
        let cells = Cells::fill(array.len(), array.nulls(), NULL, |out, row| {
            let items = items.offsets[row]..items.offsets[row + 1];
            bracketed(out, *b"[]", &close, |out| {
                joined(out, items.map(|item| [&lead, column.get(item), b"", b""]))
            });
        });
        Ok(cells.into())
    }

    /// A map is an object whose names are the keys.
    fn map(
        &self,
        array: &dyn Array,
        items: &Items,
        field: &FieldRef,
        depth: usize,
    ) -> Result<Column, Refusal> {
        let Some((_, value_field)) = entry_fields(field.data_type()) else {
            return Ok(Cells::fill(array.len(), None, NULL, |_, _| ()).into());
        };
        let entries = items.values.as_struct();
        let keys = strings(entries.column(0));
        let values = self
            .column(
                value_field,
                entries.column(1),
                depth + 1,
                items.shown.as_ref(),
            )
            .map_err(|refusal| items.refusal(refusal))?;
        let absent = entries
            .column(1)
            .logical_nulls()
            .filter(|_| self.omit_nulls);
        let (lead, colon, close) = (self.line(depth + 1), self.colon(), self.line(depth));
        let cells = Cells::fill(array.len(), array.nulls(), NULL, |out, row| {
            let present = (items.offsets[row]..items.offsets[row + 1])
                .filter(|item| absent.as_ref().is_none_or(|absent| absent.is_valid(*item)));
            bracketed(out, *b"{}", &close, |out| {
                joined(
                    out,
                    present.map(|item| [&lead, keys.get(item), colon, values.get(item)]),
                )
            });
        });
        Ok(cells.into())
    }

    /// Objects made of these columns.
    ///
    /// # Errors
    /// A visible value that JSON cannot hold.
    pub fn objects<'a>(
        &self,
        fields: impl IntoIterator<Item = &'a FieldRef>,
        columns: &[ArrayRef],
        depth: usize,
        shown: Option<&NullBuffer>,
    ) -> Result<Objects, Refusal> {
        let member = |(field, array): (&'a FieldRef, &ArrayRef)| {
            let mut lead = self.line(depth + 1);
            write_string(&mut lead, field.name());
            lead.extend_from_slice(self.colon());
            let column = self
                .column(field, array, depth + 1, shown)
                .map_err(|refusal| refusal.within(field.name()))?;
            let absent = array.logical_nulls().filter(|_| self.omit_nulls);
            Ok(Member {
                lead,
                column,
                absent,
            })
        };
        let members = std::iter::zip(fields, columns).map(member);
        Ok(Objects {
            members: members.collect::<Result<_, Refusal>>()?,
            close: self.line(depth),
        })
    }

    /// The line break before something that stands `depth` levels deep, if lines are broken.
    fn line(&self, depth: usize) -> Vec<u8> {
        if !self.pretty {
            return Vec::new();
        }
        let mut line = vec![b' '; 1 + depth * 2];
        line[0] = b'\n';
        line
    }

    fn colon(&self) -> &'static [u8] {
        if self.pretty { b": " } else { b":" }
    }
}

/// Objects that are ready to be written.
pub struct Objects {
    members: Vec<Member>,
    close: Vec<u8>,
}

impl Objects {
    /// Appends `len` objects, each followed by `ending`.
    pub fn write(&self, len: usize, nulls: Option<&NullBuffer>, ending: &[u8], out: &mut Cells) {
        let size = |member: &Member| member.column.size() + len * (member.lead.len() + 1);
        let size: usize = self.members.iter().map(size).sum();
        out.bytes.reserve(size + len * (ending.len() + 2));
        for row in 0..len {
            if nulls.is_some_and(|nulls| nulls.is_null(row)) {
                out.bytes.extend_from_slice(NULL);
            } else {
                self.write_one(row, &mut out.bytes);
            }
            out.bytes.extend_from_slice(ending);
            out.end();
        }
    }

    fn write_one(&self, row: usize, out: &mut Vec<u8>) {
        let present = self.members.iter().filter(|member| {
            let absent = member.absent.as_ref();
            absent.is_none_or(|absent| absent.is_valid(row))
        });
        bracketed(out, *b"{}", &self.close, |out| {
            joined(
                out,
                present.map(|member| [&member.lead, member.column.get(row), b"", b""]),
            )
        });
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

fn strings(array: &dyn Array) -> Column {
    match dictionary(array) {
        Some((values, keys)) => Column::picked(
            texts(&values, NULL, write_string),
            &keys,
            array.nulls(),
            NULL,
        ),
        None => texts(array, NULL, write_string).into(),
    }
}

fn finite(array: &dyn Array, shown: Option<&NullBuffer>) -> Result<(), Refusal> {
    let value = |row: usize| match array.data_type() {
        DataType::Float32 => f64::from(array.as_primitive::<Float32Type>().value(row)),
        _ => array.as_primitive::<Float64Type>().value(row),
    };
    let visible = visible(array, shown);
    let there = |row: &usize| {
        visible
            .as_ref()
            .is_none_or(|visible| visible.is_valid(*row))
    };
    match (0..array.len()).find(|row| !value(*row).is_finite() && there(row)) {
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
