//! Rows in PostgreSQL's binary COPY format, made column by column.
//!
//! The format (`COPY` in PostgreSQL's manual, "Binary Format"): a row is the number of its fields,
//! two bytes, then each field with its length in four bytes, -1 for null; all big-endian. First every
//! column adds its lengths to the rows', so that one buffer of the right size is made; then every
//! column writes its fields where the rows have come to.

mod bytes;
mod list;
mod number;
mod numeric;
mod time;

use ::bytes::Bytes;
use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::DataType;
use tokio_postgres::types::{Kind, Type};

use crate::format::nested::unpacked;
use crate::type_names::show_type;

/// The values of one column as a table's type has them.
pub(super) trait Values: Send {
    /// The length of a row's field; nothing for null.
    fn size(&self, row: usize) -> Option<usize>;

    /// Writes a row's field, which is not null and has that length.
    fn put(&self, row: usize, field: &mut [u8]);
}

/// A column whose fields are written: `Values` with loops of their own, so that no call a value is
/// virtual.
trait Fields: Send {
    /// Adds the length of each row's field with its head.
    fn add_sizes(&self, sizes: &mut [usize]);

    /// Writes each row's field at its place, and moves that behind it.
    fn write(&self, out: &mut [u8], places: &mut [usize]);
}

/// The length of a field, in front of it.
const HEAD: usize = 4;

const NULL: [u8; HEAD] = (-1_i32).to_be_bytes();

impl<V: Values> Fields for V {
    fn add_sizes(&self, sizes: &mut [usize]) {
        for (row, size) in sizes.iter_mut().enumerate() {
            *size += HEAD + self.size(row).unwrap_or(0);
        }
    }

    fn write(&self, out: &mut [u8], places: &mut [usize]) {
        for (row, place) in places.iter_mut().enumerate() {
            *place += field(self, row, &mut out[*place..]);
        }
    }
}

/// Writes one field with its head, and says how long both are.
fn field(values: &(impl Values + ?Sized), row: usize, out: &mut [u8]) -> usize {
    match values.size(row) {
        None => {
            out[..HEAD].copy_from_slice(&NULL);
            HEAD
        }
        Some(size) => {
            // A field is at most 1 GiB for the server, which refuses longer ones.
            out[..HEAD].copy_from_slice(&(size as u32).to_be_bytes());
            values.put(row, &mut out[HEAD..HEAD + size]);
            HEAD + size
        }
    }
}

/// Rows as they are sent, between the head and the end of a COPY.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// All of them, one after the other.
    bytes: Bytes,
    /// Where each begins, and where the last one ends.
    starts: std::sync::Arc<[usize]>,
}

impl Encoded {
    /// The bytes of some rows.
    pub(super) fn rows(&self, rows: std::ops::Range<usize>) -> Bytes {
        self.bytes
            .slice(self.starts[rows.start]..self.starts[rows.end])
    }

    /// The length of some rows.
    pub(super) fn size(&self, rows: std::ops::Range<usize>) -> usize {
        self.starts[rows.end] - self.starts[rows.start]
    }
}

/// Makes rows of a batch whose columns have these types in the table.
///
/// # Errors
/// The column whose values do not go into its type, and why.
pub(super) fn encode(batch: &RecordBatch, types: &[Type]) -> Result<Encoded, String> {
    let columns = batch
        .columns()
        .iter()
        .zip(types)
        .zip(batch.schema_ref().fields());
    let columns: Vec<Box<dyn Fields>> = columns
        .map(|((array, target), field)| {
            let plain = unpacked(array).map_err(|refusal| refusal.fault);
            let fields = plain.and_then(|array| fields(&array, target));
            fields.map_err(|fault| format!("column `{}`: {fault}", field.name()))
        })
        .collect::<Result<_, _>>()?;
    let rows = batch.num_rows();
    let mut places = vec![0; rows];
    for column in &columns {
        column.add_sizes(&mut places);
    }
    let count = (columns.len() as i16).to_be_bytes();
    let mut starts = Vec::with_capacity(rows + 1);
    let mut end = 0;
    for place in &mut places {
        starts.push(end);
        let size = count.len() + *place;
        *place = end + count.len();
        end += size;
    }
    starts.push(end);
    let mut out = vec![0; end];
    for start in &starts[..rows] {
        out[*start..*start + count.len()].copy_from_slice(&count);
    }
    for column in &columns {
        column.write(&mut out, &mut places);
    }
    Ok(Encoded {
        bytes: out.into(),
        starts: starts.into(),
    })
}

/// Whether values of an Arrow type can be written into a type of the server.
///
/// # Errors
/// What does not go together.
pub(super) fn fits(data_type: &DataType, target: &Type) -> Result<(), String> {
    let none = arrow::array::new_empty_array(crate::format::nested::plain_type(data_type));
    fields(&none, target).map(drop)
}

/// One kind of `Values`, boxed as columns are and as the items of lists are.
macro_rules! boxed {
    ($name:ident, $trait:ident) => {
        fn $name(array: &ArrayRef, target: &Type) -> Result<Box<dyn $trait>, String> {
            use DataType as D;
            // A domain's values are sent as those of the type below it.
            if let Kind::Domain(below) = target.kind() {
                return $name(array, below);
            }
            Ok(match (array.data_type(), target) {
                (D::Boolean, &Type::BOOL) => Box::new(number::Booleans::of(array)),
                (from, to) if number::is_integer(from) && number::width(to).is_some() => {
                    let bits = number::width(to).unwrap_or_default();
                    number::needs(from, bits)?;
                    match bits {
                        16 => Box::new(number::Integers::<2>::of(array)?),
                        32 => Box::new(number::Integers::<4>::of(array)?),
                        _ => Box::new(number::Integers::<8>::of(array)?),
                    }
                }
                (D::Float32, &Type::FLOAT4) => Box::new(number::Floats::of(array)),
                (D::Float32 | D::Float64, &Type::FLOAT8) => Box::new(number::Doubles::of(array)?),
                (from, &Type::NUMERIC) if number::is_integer(from) || from.is_decimal() => {
                    Box::new(numeric::Numerics::of(array)?)
                }
                (D::Utf8 | D::LargeUtf8 | D::Utf8View, to) if bytes::is_text(to) => {
                    Box::new(bytes::Texts::of(array, *to == Type::JSONB)?)
                }
                (from, &Type::BYTEA) if bytes::is_binary(from) => {
                    Box::new(bytes::Binaries::of(array)?)
                }
                (D::FixedSizeBinary(16), &Type::UUID) => Box::new(bytes::Binaries::of(array)?),
                (D::Date32 | D::Date64, &Type::DATE) => Box::new(time::Dates::of(array)?),
                (D::Time32(_) | D::Time64(_), &Type::TIME) => {
                    Box::new(time::Ticks::of_time(array)?)
                }
                (D::Timestamp(_, None), &Type::TIMESTAMP)
                | (D::Timestamp(_, Some(_)), &Type::TIMESTAMPTZ) => {
                    Box::new(time::Ticks::of_timestamp(array)?)
                }
                (D::List(_) | D::LargeList(_) | D::FixedSizeList(..), to) => match to.kind() {
                    Kind::Array(item) => Box::new(list::Lists::of(array, item)?),
                    _ => return Err(unlike(array, target)),
                },
                (D::Null, _) => Box::new(Nulls),
                _ => return Err(unlike(array, target)),
            })
        }
    };
}

boxed!(fields, Fields);
boxed!(values, Values);

/// A column of nulls.
struct Nulls;

impl Values for Nulls {
    fn size(&self, _row: usize) -> Option<usize> {
        None
    }

    fn put(&self, _row: usize, _field: &mut [u8]) {}
}

fn unlike(array: &ArrayRef, target: &Type) -> String {
    let hint = match (array.data_type(), target) {
        (DataType::Timestamp(_, None), &Type::TIMESTAMPTZ) => {
            "; give the column a time zone: `timestamp(us, UTC)`"
        }
        (DataType::Timestamp(_, Some(_)), &Type::TIMESTAMP) => {
            "; give the column no time zone: `timestamp(us)`"
        }
        _ => "",
    };
    format!(
        "{} does not go into {target}{hint}",
        show_type(array.data_type())
    )
}

#[cfg(test)]
mod tests;
