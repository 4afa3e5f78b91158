//! Rows as `INSERT` has them, `(1,'PAID',NULL),`, made column by column.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Field, Fields, Float64Type, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampSecondType,
};

use crate::batch::RowNumbers;
use crate::client::mysql::write_literal;
use crate::column::is_uuid;
use crate::error::Error;
use crate::format::cells::{CellColumn, CellValues, Cells, Delimiters, Refusal};
use crate::format::json;
use crate::format::rows::{self, Memory, Of, RowSpelling};
use crate::format::text::leaf::{self, binaries, primitives, texts};
use crate::format::text::number::{FLOAT, FloatSpelling, put_f64};
use crate::format::text::{LeafStyle, TextLeaf, raw};
use crate::kernel::scan::Special;

/// What a text is escaped for.
const SPECIAL: Special = Special {
    bytes: [b'\'', b'\\', 0, 0],
    below: 0,
};

/// Encodes batches for one table.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    /// Columns whose values are sent as their bytes, though they have a text.
    bytes: Arc<[String]>,
    /// Each row is one value, with nothing around it.
    bare: bool,
    memory: Memory,
}

/// Rows as they are sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Encoded {
    /// All of them, one after the other, each with a comma behind it.
    bytes: Arc<[u8]>,
    /// Where each begins, and where the last one ends.
    starts: Arc<[usize]>,
    /// Those that MySQL has no values for, and why.
    pub(super) odd: Arc<[(usize, String)]>,
}

/// The rows of batches with these columns.
struct Table<'a> {
    encoder: &'a Encoder,
    fields: &'a Fields,
}

impl Encoded {
    /// The bytes of some rows, with the comma behind the last one.
    pub(super) fn rows(&self, rows: std::ops::Range<usize>) -> &[u8] {
        &self.bytes[self.starts[rows.start]..self.starts[rows.end]]
    }

    /// The length of some rows.
    pub(super) fn size(&self, rows: std::ops::Range<usize>) -> usize {
        self.starts[rows.end] - self.starts[rows.start]
    }

    /// Behind how many of these rows the first ones of them have at most so many bytes.
    pub(super) fn fit(&self, rows: std::ops::Range<usize>, bytes: usize) -> usize {
        let most = self.starts[rows.start] + bytes;
        let ends = &self.starts[rows.start + 1..=rows.end];
        rows.start + ends.partition_point(|end| *end <= most)
    }
}

impl Encoder {
    /// Of these columns the bytes are sent.
    pub(super) fn new(bytes: Vec<String>) -> Self {
        Self {
            bytes: bytes.into(),
            ..Self::default()
        }
    }

    /// The same of single columns.
    pub(super) fn bare(&self) -> Self {
        Self {
            bytes: self.bytes.clone(),
            bare: true,
            memory: Memory::default(),
        }
    }

    /// Makes the rows of a batch.
    ///
    /// # Errors
    /// A value without a text form.
    pub(super) fn encode(&self, batch: &RecordBatch, place: &RowNumbers) -> Result<Encoded, Error> {
        let schema = batch.schema_ref();
        let table = Table {
            encoder: self,
            fields: schema.fields(),
        };
        let (mut bytes, mut starts) = (Vec::new(), vec![0]);
        let ends = Some(&mut starts);
        let columns = batch.columns();
        rows::append(&table, columns, Some(&self.memory), &mut bytes, ends)
            .map_err(|refusal| refusal.error(place))?;
        Ok(Encoded {
            bytes: bytes.into(),
            starts: starts.into(),
            odd: odd(batch).into(),
        })
    }
}

/// Rows with floats that are no numbers.
fn odd(batch: &RecordBatch) -> Vec<(usize, String)> {
    let mut odd = Vec::new();
    for (field, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        let plain = crate::format::nested::plain_type(field.data_type());
        if !matches!(plain, DataType::Float32 | DataType::Float64) {
            continue;
        }
        let Ok(values) = cast(array, &DataType::Float64) else {
            continue;
        };
        let values = values.as_primitive::<Float64Type>();
        if values.values().iter().all(|value| value.is_finite()) {
            continue;
        }
        let wrong = values.iter().enumerate().filter_map(|(row, value)| {
            let value = value.filter(|value| !value.is_finite())?;
            let what = format!(
                "column `{}` is {value}, which MySQL cannot hold",
                field.name()
            );
            Some((row, what))
        });
        odd.extend(wrong);
    }
    odd
}

impl RowSpelling for Table<'_> {
    fn column(&self, index: usize, array: &ArrayRef, of: Of) -> Result<CellColumn, Refusal> {
        let field = &self.fields[index];
        let spelt = self.spelt(index, field, array, of);
        spelt.map_err(|refusal| refusal.within(field.name()))
    }

    fn null(&self, index: usize) -> Option<Vec<u8>> {
        Some(self.frame(index, b"", b"").null)
    }
}

impl Table<'_> {
    /// Rows have parentheses around them, values commas between.
    fn frame(&self, index: usize, before: &[u8], after: &[u8]) -> Delimiters {
        let bare = self.encoder.bare;
        let lead: &[u8] = if index == 0 && !bare { b"(" } else { b"" };
        let last = index + 1 == self.fields.len() && !bare;
        let tail: &[u8] = if last { b")," } else { b"," };
        Delimiters {
            before: [lead, before].concat(),
            after: [after, tail].concat(),
            null: [lead, b"NULL", tail].concat(),
        }
    }

    fn spelt(
        &self,
        index: usize,
        field: &Field,
        array: &ArrayRef,
        of: Of,
    ) -> Result<CellColumn, Refusal> {
        let quotes = || self.frame(index, b"'", b"'");
        let leaf = TextLeaf::of(field);
        let as_bytes = || self.encoder.bytes.contains(field.name());
        let (frame, array) = match leaf {
            _ if *array.data_type() == DataType::Null => return Ok(self.nulls(index, array)),
            None => return self.nested(index, field, array),
            Some(TextLeaf::Text) => return Ok(self.texts(index, array, of == Of::Rows)),
            Some(TextLeaf::Float) => return Ok(self.floats(index, array)),
            Some(TextLeaf::Uuid) if is_uuid(field) && as_bytes() => {
                return Ok(self.bytes(index, array));
            }
            Some(TextLeaf::Binary) => return Ok(self.bytes(index, array)),
            Some(TextLeaf::Boolean | TextLeaf::Integer { .. } | TextLeaf::Decimal) => {
                (self.frame(index, b"", b""), array.clone())
            }
            Some(TextLeaf::Timestamp) => (quotes(), without_zone(array)),
            Some(TextLeaf::Date | TextLeaf::Time | TextLeaf::Uuid) => (quotes(), array.clone()),
        };
        let style = LeafStyle {
            frame,
            floats: FloatSpelling::Csv,
        };
        let leaf = leaf.unwrap_or(TextLeaf::Text);
        leaf::write(&array, leaf, &style, None).map(CellColumn::Own)
    }

    fn nulls(&self, index: usize, array: &ArrayRef) -> CellColumn {
        let nulls = arrow::buffer::NullBuffer::new_null(array.len());
        let frame = self.frame(index, b"", b"");
        Cells::fill(array.len(), Some(&nulls), &frame, |_, _| {}).into()
    }

    fn texts(&self, index: usize, array: &ArrayRef, may_stay: bool) -> CellColumn {
        let plain = array.as_any().downcast_ref::<StringArray>();
        let is_plain = |array: &StringArray| {
            raw::lengths(array, false, |_| true) && !SPECIAL.is_in(raw::bytes(array))
        };
        if let Some(array) = plain.filter(|array| may_stay && is_plain(array)) {
            return CellColumn::Texts {
                array: array.clone(),
                frame: self.frame(index, b"'", b"'"),
                sized: false,
            };
        }
        let frame = self.frame(index, b"", b"");
        texts(array, &frame, |out, text| {
            write_literal(out, text.as_bytes())
        })
        .into()
    }

    /// With an exponent each: a number without one is a decimal, which has no zero below zero.
    fn floats(&self, index: usize, array: &ArrayRef) -> CellColumn {
        let frame = self.frame(index, b"", b"");
        // The server takes the text of a double, and then the nearest float.
        let wide = cast(array, &DataType::Float64).unwrap_or_else(|_| array.clone());
        let values: CellValues =
            primitives::<Float64Type>(&wide, &frame, FLOAT + 2, |out, at, value| {
                let end = put_f64(out, at, value, FloatSpelling::Csv);
                if out[at..end].contains(&b'e') {
                    return end;
                }
                out[end..end + 2].copy_from_slice(b"e0");
                end + 2
            });
        CellColumn::Own(values)
    }

    /// As two digits a byte.
    fn bytes(&self, index: usize, array: &ArrayRef) -> CellColumn {
        let frame = self.frame(index, b"x'", b"'");
        binaries(array, &frame, leaf::write_hexadecimal).into()
    }

    /// Nested values are JSON.
    fn nested(&self, index: usize, field: &Field, array: &ArrayRef) -> Result<CellColumn, Refusal> {
        let values = json::ValueSpelling::default();
        let values = values.column(field, array, 0, None, &Delimiters::default())?;
        let (nulls, frame) = (array.logical_nulls(), self.frame(index, b"", b""));
        let cells = Cells::fill(array.len(), nulls.as_ref(), &frame, |out, row| {
            write_literal(out, values.get(row));
        });
        Ok(cells.into())
    }
}

/// The moments in UTC, which is the zone of every connection.
fn without_zone(array: &ArrayRef) -> ArrayRef {
    macro_rules! bare {
        ($t:ty) => {
            Arc::new(
                array
                    .as_primitive::<$t>()
                    .clone()
                    .with_timezone_opt(None::<Arc<str>>),
            )
        };
    }
    match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, Some(_)) => bare!(TimestampSecondType),
        DataType::Timestamp(TimeUnit::Millisecond, Some(_)) => bare!(TimestampMillisecondType),
        DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => bare!(TimestampMicrosecondType),
        _ => array.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{
        BinaryArray, Decimal128Array, Float32Array, Float64Array, Int64Array,
        TimestampMicrosecondArray,
    };

    fn spelt(columns: Vec<(&str, ArrayRef)>) -> String {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let encoded = Encoder::default()
            .encode(&batch, &RowNumbers::From(0))
            .unwrap();
        String::from_utf8(encoded.rows(0..batch.num_rows()).to_vec()).unwrap()
    }

    #[test]
    fn every_value_is_a_literal() {
        let at = TimestampMicrosecondArray::from(vec![Some(1_000_001), None]).with_timezone("UTC");
        let decimals = Decimal128Array::from(vec![-5, 120]);
        let decimals = decimals.with_precision_and_scale(20, 2).unwrap();
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("id", Arc::new(Int64Array::from(vec![Some(-1), None]))),
            (
                "s",
                Arc::new(StringArray::from(vec![Some("it's \\"), None])),
            ),
            ("p", Arc::new(StringArray::from(vec!["plain", "é"]))),
            ("f", Arc::new(Float64Array::from(vec![-0.0, 1e300]))),
            ("g", Arc::new(Float32Array::from(vec![0.1, 3.0]))),
            ("d", Arc::new(decimals)),
            ("b", Arc::new(BinaryArray::from(vec![&b"\0'"[..], b""]))),
            ("at", Arc::new(at)),
        ];
        assert_eq!(
            spelt(columns),
            "(-1,'it\\'s \\\\','plain',-0.0e0,0.10000000149011612e0,-0.05,x'0027','1970-01-01T00:00:01.000001'),\
             (NULL,NULL,'é',1e300,3.0e0,1.20,x'',NULL),"
        );
    }

    #[test]
    fn what_is_no_number_is_told() {
        let floats = Float64Array::from(vec![Some(1.0), Some(f64::NAN), None, Some(f64::INFINITY)]);
        let batch = RecordBatch::try_from_iter([("f", Arc::new(floats) as ArrayRef)]).unwrap();
        let encoded = Encoder::default()
            .encode(&batch, &RowNumbers::From(0))
            .unwrap();
        let told: Vec<String> = encoded
            .odd
            .iter()
            .map(|(row, what)| format!("{row} {what}"))
            .collect();
        assert_eq!(
            told,
            [
                "1 column `f` is NaN, which MySQL cannot hold",
                "3 column `f` is inf, which MySQL cannot hold"
            ]
        );
    }
}
