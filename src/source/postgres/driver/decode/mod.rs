//! Values of PostgreSQL's binary format as Arrow arrays, a column at a time.

mod bytes;
mod fixed;
mod list;
mod numeric;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use arrow::array::{ArrayRef, NullBufferBuilder};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{
    DataType, Field, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, TimeUnit,
};

use super::split::Slots;
use crate::column::{LIST_ITEM, UUID_EXTENSION};

/// How the fields of a column are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Boolean,
    Int16,
    Int32,
    Int64,
    Float32,
    Float64,
    /// Digits, and those of them behind the point.
    Decimal(u8, i8),
    /// Whatever is sent as its text.
    Text,
    /// Its text behind a byte.
    Jsonb,
    Binary,
    Uuid,
    Date,
    Time,
    Timestamp,
    /// With a zone, which is UTC on the line.
    Zoned,
    /// Lists of one dimension.
    List(Box<Kind>),
}

/// A value that cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// The row among those that were read.
    pub(super) row: usize,
    pub(super) what: String,
    /// Its text can be read, though.
    pub(super) is_value: bool,
}

impl Kind {
    /// The type that its values have.
    pub(super) fn data_type(&self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Int16 => DataType::Int16,
            Self::Int32 => DataType::Int32,
            Self::Int64 => DataType::Int64,
            Self::Float32 => DataType::Float32,
            Self::Float64 => DataType::Float64,
            Self::Decimal(precision @ ..=18, scale) => DataType::Decimal64(*precision, *scale),
            Self::Decimal(precision, scale) => DataType::Decimal128(*precision, *scale),
            Self::Text | Self::Jsonb => DataType::Utf8,
            Self::Binary => DataType::Binary,
            Self::Uuid => DataType::FixedSizeBinary(16),
            Self::Date => DataType::Date32,
            Self::Time => DataType::Time64(TimeUnit::Microsecond),
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Zoned => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::List(item) => DataType::List(Arc::new(item.field(LIST_ITEM, true))),
        }
    }

    /// A column of them.
    pub(super) fn field(&self, name: &str, nullable: bool) -> Field {
        let field = Field::new(name, self.data_type(), nullable);
        match self {
            Self::Uuid => {
                let extension = ("ARROW:extension:name".into(), UUID_EXTENSION.into());
                field.with_metadata([extension].into())
            }
            _ => field,
        }
    }
}

impl Wrong {
    /// A value that its Arrow type does not have.
    fn value(row: usize, what: impl Into<String>) -> Self {
        Self {
            row,
            what: what.into(),
            is_value: true,
        }
    }

    /// Bytes that are none of such a value.
    fn bytes(row: usize, what: impl Into<String>) -> Self {
        Self {
            row,
            what: what.into(),
            is_value: false,
        }
    }
}

/// The values of these fields. Those that their type does not have are null, and told in `odd`, in order.
///
/// # Errors
/// Bytes that are no such value.
pub(super) fn decode(
    kind: &Kind,
    slots: &Slots<'_>,
    odd: &mut Vec<Wrong>,
) -> Result<ArrayRef, Wrong> {
    match kind {
        Kind::Boolean => fixed::booleans(slots, odd),
        Kind::Int16 => fixed::numbers::<Int16Type, 2>(slots, odd, i16::from_be_bytes),
        Kind::Int32 => fixed::numbers::<Int32Type, 4>(slots, odd, i32::from_be_bytes),
        Kind::Int64 => fixed::numbers::<Int64Type, 8>(slots, odd, i64::from_be_bytes),
        Kind::Float32 => fixed::numbers::<Float32Type, 4>(slots, odd, f32::from_be_bytes),
        Kind::Float64 => fixed::numbers::<Float64Type, 8>(slots, odd, f64::from_be_bytes),
        Kind::Decimal(precision, scale) => numeric::decimals(slots, *precision, *scale, odd),
        Kind::Text => bytes::texts(slots),
        Kind::Jsonb => bytes::jsonb(slots),
        Kind::Binary => bytes::binaries(slots),
        Kind::Uuid => bytes::uuids(slots),
        Kind::Date => fixed::dates(slots, odd),
        Kind::Time => fixed::times(slots, odd),
        Kind::Timestamp => fixed::timestamps(slots, None, odd),
        Kind::Zoned => fixed::timestamps(slots, Some("UTC"), odd),
        Kind::List(item) => list::lists(slots, item, odd),
    }
}

/// Values one by one, of a row and its field; null is the default behind a null, as is what is told in `odd`.
fn each<V: Default>(
    slots: &Slots<'_>,
    odd: &mut Vec<Wrong>,
    value: impl Fn(usize, &[u8]) -> Result<V, Wrong>,
) -> Result<(Vec<V>, Option<NullBuffer>), Wrong> {
    let mut values = Vec::with_capacity(slots.len());
    let mut nulls = NullBufferBuilder::new(slots.len());
    for (row, field) in slots.iter().enumerate() {
        let value = match field.map(|field| value(row, field)).transpose() {
            Err(wrong) if wrong.is_value => {
                odd.push(wrong);
                None
            }
            value => value?,
        };
        nulls.append(value.is_some());
        values.push(value.unwrap_or_default());
    }
    Ok((values, nulls.finish()))
}

/// A key, which is never null.
///
/// # Errors
/// It is.
pub(super) fn keys(slots: &Slots<'_>) -> Result<Vec<i64>, Wrong> {
    let key = |(row, field): (usize, Option<&[u8]>)| {
        let number = field.and_then(|field| match field.len() {
            2 => field.try_into().ok().map(i16::from_be_bytes).map(i64::from),
            4 => field.try_into().ok().map(i32::from_be_bytes).map(i64::from),
            _ => field.try_into().ok().map(i64::from_be_bytes),
        });
        number.ok_or_else(|| Wrong::bytes(row, "it is no whole number"))
    };
    slots.iter().enumerate().map(key).collect()
}
