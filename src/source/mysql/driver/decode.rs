//! Values of MySQL's binary protocol as Arrow arrays: row by row into a builder a column.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal64Builder, Decimal128Builder,
    FixedSizeBinaryBuilder, Float32Builder, Float64Builder, Int8Builder, Int16Builder,
    Int32Builder, Int64Builder, StringBuilder, Time64MicrosecondBuilder,
    TimestampMicrosecondBuilder, UInt8Builder, UInt16Builder, UInt32Builder, UInt64Builder,
};
use mysql_async::Value;

use super::columns::Kind;
use crate::kernel::time::{SECONDS_PER_DAY, days_from_civil, days_in_month};

/// Microseconds of a second.
const SECOND: i64 = 1_000_000;

/// The values of a column that have come.
pub(super) enum Builder {
    Boolean(BooleanBuilder),
    Int8(Int8Builder),
    Int16(Int16Builder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    UInt8(UInt8Builder),
    UInt16(UInt16Builder),
    UInt32(UInt32Builder),
    UInt64(UInt64Builder),
    Float32(Float32Builder),
    Float64(Float64Builder),
    Decimal64(Decimal64Builder, u8, i8),
    Decimal128(Decimal128Builder, u8, i8),
    Text(StringBuilder),
    Binary(BinaryBuilder),
    Fixed(FixedSizeBinaryBuilder, usize),
    Bits(UInt64Builder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder),
}

impl Builder {
    pub(super) fn new(kind: &Kind) -> Self {
        match kind {
            Kind::Boolean => Self::Boolean(BooleanBuilder::new()),
            Kind::Int8 => Self::Int8(Int8Builder::new()),
            Kind::Int16 => Self::Int16(Int16Builder::new()),
            Kind::Int32 => Self::Int32(Int32Builder::new()),
            Kind::Int64 => Self::Int64(Int64Builder::new()),
            Kind::UInt8 => Self::UInt8(UInt8Builder::new()),
            Kind::UInt16 => Self::UInt16(UInt16Builder::new()),
            Kind::UInt32 => Self::UInt32(UInt32Builder::new()),
            Kind::UInt64 => Self::UInt64(UInt64Builder::new()),
            Kind::Float32 => Self::Float32(Float32Builder::new()),
            Kind::Float64 => Self::Float64(Float64Builder::new()),
            Kind::Decimal(precision @ ..=18, scale) => {
                let values = Decimal64Builder::new().with_data_type(kind.data_type());
                Self::Decimal64(values, *precision, *scale)
            }
            Kind::Decimal(precision, scale) => {
                let values = Decimal128Builder::new().with_data_type(kind.data_type());
                Self::Decimal128(values, *precision, *scale)
            }
            Kind::Text => Self::Text(StringBuilder::new()),
            Kind::Binary => Self::Binary(BinaryBuilder::new()),
            Kind::Fixed(width) => Self::Fixed(
                FixedSizeBinaryBuilder::new(*width),
                width.unsigned_abs() as usize,
            ),
            Kind::Bits => Self::Bits(UInt64Builder::new()),
            Kind::Date => Self::Date(Date32Builder::new()),
            Kind::Time => Self::Time(Time64MicrosecondBuilder::new()),
            Kind::Timestamp | Kind::Zoned => {
                let values = TimestampMicrosecondBuilder::new();
                Self::Timestamp(values.with_data_type(kind.data_type()))
            }
        }
    }

    /// Adds a value. What its type does not have is null, and told.
    pub(super) fn add(&mut self, value: Value) -> Result<(), String> {
        macro_rules! append {
            ($builder:expr, $value:expr) => {{
                let read = match value {
                    Value::NULL => Ok(None),
                    value => $value(value).map(Some),
                };
                match read {
                    Ok(Some(value)) => $builder.append_value(value),
                    Ok(None) => $builder.append_null(),
                    Err(what) => {
                        $builder.append_null();
                        return Err(what);
                    }
                }
                Ok(())
            }};
        }
        macro_rules! whole {
            ($builder:expr, $type:ty) => {
                append!($builder, |value| whole(&value)
                    .and_then(|whole| <$type>::try_from(whole).ok())
                    .ok_or_else(|| unlike(&value)))
            };
        }
        match self {
            Self::Boolean(values) => append!(values, |value| boolean(&value)),
            Self::Int8(values) => whole!(values, i8),
            Self::Int16(values) => whole!(values, i16),
            Self::Int32(values) => whole!(values, i32),
            Self::Int64(values) => whole!(values, i64),
            Self::UInt8(values) => whole!(values, u8),
            Self::UInt16(values) => whole!(values, u16),
            Self::UInt32(values) => whole!(values, u32),
            Self::UInt64(values) => whole!(values, u64),
            Self::Float32(values) => append!(values, float),
            Self::Float64(values) => append!(values, double),
            Self::Decimal64(values, precision, scale) => {
                append!(values, |value| decimal(&value, *precision, *scale)
                    .map(|value| value as i64))
            }
            Self::Decimal128(values, precision, scale) => {
                append!(values, |value| decimal(&value, *precision, *scale))
            }
            Self::Text(values) => append!(values, text),
            Self::Binary(values) => append!(values, bytes),
            Self::Fixed(values, width) => fixed(values, *width, value),
            Self::Bits(values) => append!(values, bits),
            Self::Date(values) => append!(values, |value| date(&value).map(|days| days as i32)),
            Self::Time(values) => append!(values, |value| time(&value)),
            Self::Timestamp(values) => append!(values, |value| moment(&value)),
        }
    }

    /// All of them.
    pub(super) fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Boolean(values) => Arc::new(values.finish()),
            Self::Int8(values) => Arc::new(values.finish()),
            Self::Int16(values) => Arc::new(values.finish()),
            Self::Int32(values) => Arc::new(values.finish()),
            Self::Int64(values) => Arc::new(values.finish()),
            Self::UInt8(values) => Arc::new(values.finish()),
            Self::UInt16(values) => Arc::new(values.finish()),
            Self::UInt32(values) => Arc::new(values.finish()),
            Self::UInt64(values) | Self::Bits(values) => Arc::new(values.finish()),
            Self::Float32(values) => Arc::new(values.finish()),
            Self::Float64(values) => Arc::new(values.finish()),
            Self::Decimal64(values, ..) => Arc::new(values.finish()),
            Self::Decimal128(values, ..) => Arc::new(values.finish()),
            Self::Text(values) => Arc::new(values.finish()),
            Self::Binary(values) => Arc::new(values.finish()),
            Self::Fixed(values, _) => Arc::new(values.finish()),
            Self::Date(values) => Arc::new(values.finish()),
            Self::Time(values) => Arc::new(values.finish()),
            Self::Timestamp(values) => Arc::new(values.finish()),
        }
    }
}

/// What the server sends is nothing that a column of this type has.
fn unlike(value: &Value) -> String {
    format!("{} is no such value", value.as_sql(false))
}

/// A whole number.
pub(super) fn whole(value: &Value) -> Option<i128> {
    match value {
        Value::Int(value) => Some(i128::from(*value)),
        Value::UInt(value) => Some(i128::from(*value)),
        _ => None,
    }
}

fn boolean(value: &Value) -> Result<bool, String> {
    match whole(value) {
        Some(0) => Ok(false),
        Some(1) => Ok(true),
        Some(other) => Err(format!("{other} is no boolean here")),
        None => Err(unlike(value)),
    }
}

/// Bytes of one length. A view's column may be shorter than it says.
fn fixed(values: &mut FixedSizeBinaryBuilder, width: usize, value: Value) -> Result<(), String> {
    let value = match value {
        Value::NULL => {
            values.append_null();
            return Ok(());
        }
        value => bytes(value)?,
    };
    if values.append_value(&value).is_err() {
        values.append_null();
        let length = value.len();
        return Err(format!("it has {length} bytes, and was to have {width}"));
    }
    Ok(())
}

fn float(value: Value) -> Result<f32, String> {
    match value {
        Value::Float(value) => Ok(value),
        other => Err(unlike(&other)),
    }
}

fn double(value: Value) -> Result<f64, String> {
    match value {
        Value::Double(value) => Ok(value),
        Value::Float(value) => Ok(f64::from(value)),
        other => Err(unlike(&other)),
    }
}

fn text(value: Value) -> Result<String, String> {
    match value {
        Value::Bytes(bytes) => String::from_utf8(bytes).map_err(|_| "it is no UTF-8".into()),
        other => Err(unlike(&other)),
    }
}

/// `bit(n)`: a whole number, its highest byte first.
fn bits(value: Value) -> Result<u64, String> {
    let bytes = bytes(value)?;
    Ok(bytes
        .iter()
        .fold(0, |bits, byte| bits << 8 | u64::from(*byte)))
}

fn bytes(value: Value) -> Result<Vec<u8>, String> {
    match value {
        Value::Bytes(bytes) => Ok(bytes),
        other => Err(unlike(&other)),
    }
}

/// The digits of `-12.50`, of which `scale` stand behind the point.
fn decimal(value: &Value, precision: u8, scale: i8) -> Result<i128, String> {
    let Value::Bytes(text) = value else {
        return Err(unlike(value));
    };
    let (negative, digits) = match text.split_first() {
        Some((b'-', digits)) => (true, digits),
        _ => (false, text.as_slice()),
    };
    let (mut number, mut behind, mut point) = (0_i128, 0, false);
    for byte in digits {
        match byte {
            b'.' if !point => point = true,
            b'0'..=b'9' => {
                number = number
                    .wrapping_mul(10)
                    .wrapping_add(i128::from(byte - b'0'));
                behind += i8::from(point);
            }
            _ => return Err(unlike(value)),
        }
    }
    if behind != scale || digits.len() > usize::from(precision) + 2 {
        return Err(format!(
            "it has other digits than decimal({precision},{scale}) holds"
        ));
    }
    Ok(if negative { -number } else { number })
}

/// Days since 1970.
fn date(value: &Value) -> Result<i64, String> {
    let Value::Date(year, month, day, ..) = value else {
        return Err(unlike(value));
    };
    let (years, months, days) = (i64::from(*year), i64::from(*month), i64::from(*day));
    match (1..=12).contains(&months) && (1..=days_in_month(years, months)).contains(&days) {
        true => Ok(days_from_civil(years, months, days)),
        false => Err(format!("{year:04}-{month:02}-{day:02} is no date")),
    }
}

/// Microseconds since 1970.
fn moment(value: &Value) -> Result<i64, String> {
    let days = date(value)?;
    let Value::Date(_, _, _, hours, minutes, seconds, micros) = value else {
        return Err(unlike(value));
    };
    let seconds = (i64::from(*hours) * 60 + i64::from(*minutes)) * 60 + i64::from(*seconds);
    Ok((days * SECONDS_PER_DAY + seconds) * SECOND + i64::from(*micros))
}

/// Microseconds since midnight.
fn time(value: &Value) -> Result<i64, String> {
    let Value::Time(negative, days, hours, minutes, seconds, micros) = value else {
        return Err(unlike(value));
    };
    let hours = i64::from(*days) * 24 + i64::from(*hours);
    let all = (hours * 60 + i64::from(*minutes)) * 60 + i64::from(*seconds);
    let all = all * SECOND + i64::from(*micros);
    match (*negative && all > 0, all < SECONDS_PER_DAY * SECOND) {
        (false, true) => Ok(all),
        (negative, _) => {
            let sign = if negative { "-" } else { "" };
            Err(format!(
                "{sign}{hours:02}:{minutes:02}:{seconds:02} is no time of a day"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::util::display::array_value_to_string;

    fn shown(kind: &Kind, values: Vec<Value>) -> Vec<String> {
        let mut builder = Builder::new(kind);
        let told: Vec<Result<(), String>> =
            values.into_iter().map(|value| builder.add(value)).collect();
        let array = builder.finish();
        let row = |(row, told): (usize, &Result<(), String>)| match told {
            Ok(()) => array_value_to_string(&array, row).unwrap(),
            Err(what) => what.clone(),
        };
        assert_eq!(*array.data_type(), kind.data_type());
        told.iter().enumerate().map(row).collect()
    }

    fn text(text: &str) -> Value {
        Value::Bytes(text.as_bytes().to_vec())
    }

    #[test]
    fn values_are_read_and_strange_ones_told() {
        for (kind, values, expected) in [
            (
                Kind::Boolean,
                vec![Value::Int(1), Value::NULL, Value::Int(2)],
                vec!["true", "", "2 is no boolean here"],
            ),
            (
                Kind::Decimal(12, 2),
                vec![text("-12.50"), text("0.05"), text("1.5")],
                vec![
                    "-12.50",
                    "0.05",
                    "it has other digits than decimal(12,2) holds",
                ],
            ),
            (
                Kind::Decimal(38, 0),
                vec![text("99999999999999999999999999999999999999")],
                vec!["99999999999999999999999999999999999999"],
            ),
            (
                Kind::Date,
                vec![
                    Value::Date(2024, 2, 29, 0, 0, 0, 0),
                    Value::Date(0, 0, 0, 0, 0, 0, 0),
                ],
                vec!["2024-02-29", "0000-00-00 is no date"],
            ),
            (
                Kind::Timestamp,
                vec![Value::Date(1969, 12, 31, 23, 59, 59, 999_999)],
                vec!["1969-12-31T23:59:59.999999"],
            ),
            (
                Kind::Time,
                vec![
                    Value::Time(false, 0, 23, 0, 1, 5),
                    Value::Time(true, 0, 1, 0, 0, 0),
                    Value::Time(false, 2, 1, 0, 0, 0),
                ],
                vec![
                    "23:00:01.000005",
                    "-01:00:00 is no time of a day",
                    "49:00:00 is no time of a day",
                ],
            ),
            (Kind::Bits, vec![Value::Bytes(vec![1, 2])], vec!["258"]),
            (
                Kind::Text,
                vec![text("é"), Value::Bytes(vec![0xff])],
                vec!["é", "it is no UTF-8"],
            ),
        ] {
            assert_eq!(shown(&kind, values), expected, "{kind:?}");
        }
    }
}
