//! Which leaf columns fit which Avro types, and what is done to their integers.

use arrow::datatypes::{DataType, Field, TimeUnit};

use super::Timestamps;
use super::plan::ValueCodec;
use super::schema::{Logical, Schema, Type};
use crate::format::nested::plain_type;
use crate::format::text::TextLeaf;
use crate::kernel::time::per_second;

/// From a column's integers to those of the schema: `value * multiply / divide`, rounded down.
#[derive(Debug, Clone, Copy)]
pub struct Conversion {
    /// Units of the schema in one of the column's.
    pub multiply: i64,
    /// Units of the column in one of the schema's.
    pub divide: i64,
    /// The least integer the schema can hold.
    pub least: i64,
    /// The greatest one.
    pub most: i64,
}

/// How a column of leaves is written as a type of the schema, if it can be.
pub fn leaf(schema: &Schema, field: &Field, timestamps: Timestamps) -> Option<ValueCodec> {
    let data_type = plain_type(field.data_type());
    let leaf = TextLeaf::of(field);
    let codec = match (&schema.kind, leaf) {
        (Type::Null, None) if *data_type == DataType::Null => ValueCodec::Null,
        (Type::Boolean, Some(TextLeaf::Boolean)) => ValueCodec::Boolean,
        (Type::Int | Type::Long, Some(leaf)) => {
            ValueCodec::Integer(conversion(schema, leaf, data_type, timestamps)?)
        }
        (Type::Float, Some(TextLeaf::Float)) if *data_type == DataType::Float32 => {
            ValueCodec::Float
        }
        (Type::Double, Some(TextLeaf::Float)) => ValueCodec::Double,
        (Type::Text, Some(TextLeaf::Text)) => ValueCodec::Text,
        (Type::Text, Some(TextLeaf::Uuid)) => ValueCodec::Uuid,
        (Type::Enum(symbols), Some(TextLeaf::Text)) => ValueCodec::Enum(symbols.clone()),
        (Type::Bytes, Some(TextLeaf::Decimal | TextLeaf::Integer { .. })) => {
            decimal(schema, data_type)?;
            ValueCodec::Decimal(None)
        }
        (Type::Fixed(size), Some(TextLeaf::Decimal | TextLeaf::Integer { .. })) => {
            let precision = decimal(schema, data_type)?;
            holds(*size, precision).then_some(ValueCodec::Decimal(Some(*size)))?
        }
        (Type::Bytes, Some(TextLeaf::Binary)) if schema.logical.is_none() => ValueCodec::Bytes,
        (Type::Fixed(size), Some(TextLeaf::Binary | TextLeaf::Uuid)) => {
            let same = *data_type == DataType::FixedSizeBinary(*size as i32);
            same.then_some(ValueCodec::Fixed)?
        }
        _ => return None,
    };
    Some(codec)
}

/// The precision of a column that the schema's decimal can hold.
fn decimal(schema: &Schema, data_type: &DataType) -> Option<u8> {
    let (precision, scale) = match *data_type {
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale) => (precision, scale),
        DataType::UInt64 => (20, 0),
        DataType::Int64 => (19, 0),
        _ => (10, 0),
    };
    match schema.logical {
        Some(Logical::Decimal {
            precision: most,
            scale: same,
        }) if scale == same && precision <= most => Some(precision),
        _ => None,
    }
}

/// True when every decimal of so many digits fits in so many bytes.
fn holds(size: usize, precision: u8) -> bool {
    let greatest = 10_i128.checked_pow(u32::from(precision));
    match (size, greatest) {
        // 38 digits fit in 127 bits, and no decimal here has more.
        (16.., _) => true,
        (0, _) | (_, None) => false,
        // One bit is the sign's.
        (_, Some(greatest)) => greatest <= 1_i128 << (8 * size - 1),
    }
}

fn conversion(
    schema: &Schema,
    leaf: TextLeaf,
    data_type: &DataType,
    timestamps: Timestamps,
) -> Option<Conversion> {
    let (least, most) = match schema.kind {
        Type::Int => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    let (multiply, divide) = match (leaf, schema.logical, timestamps) {
        (TextLeaf::Integer { .. }, ..) => (1, 1),
        (TextLeaf::Date, Some(Logical::Date) | None, _) => match data_type {
            DataType::Date64 => (1, 86_400_000),
            _ => (1, 1),
        },
        (TextLeaf::Time, Some(Logical::Time(units)), _) => ratio(data_type, units)?,
        (TextLeaf::Timestamp, Some(Logical::Timestamp(units)), _) => ratio(data_type, units)?,
        (TextLeaf::Timestamp, None, Timestamps::MillisLong) => ratio(data_type, 1000)?,
        (TextLeaf::Timestamp, None, Timestamps::MicrosLong) => ratio(data_type, 1_000_000)?,
        _ => return None,
    };
    Some(Conversion {
        multiply,
        divide,
        least,
        most,
    })
}

/// From the column's unit to `units` a second.
fn ratio(data_type: &DataType, units: i64) -> Option<(i64, i64)> {
    let unit: TimeUnit = match data_type {
        DataType::Timestamp(unit, _) | DataType::Time32(unit) | DataType::Time64(unit) => *unit,
        _ => return None,
    };
    let own = per_second(unit);
    Some(((units / own).max(1), (own / units).max(1)))
}

impl Conversion {
    /// A value of the column in the schema's unit; none when the schema's type cannot hold it.
    pub fn of(&self, value: i64) -> Option<i64> {
        let value = match self.multiply {
            1 => value,
            multiply => value.checked_mul(multiply)?,
        };
        let value = match self.divide {
            1 => value,
            // Rounded down, not towards 1970: a millisecond before 1970 is in the second before it.
            divide => value.div_euclid(divide),
        };
        (self.least..=self.most).contains(&value).then_some(value)
    }

    /// True for a value that the schema's type can hold.
    pub fn fits(&self, value: i128) -> bool {
        i64::try_from(value).is_ok_and(|value| self.of(value).is_some())
    }
}
