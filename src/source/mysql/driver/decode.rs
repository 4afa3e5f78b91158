//! Values of MySQL's binary protocol as Arrow arrays: row by row into a builder a column.

use arrow::array::{
    ArrayBuilder, ArrayRef, ArrowPrimitiveType, BinaryBuilder, BooleanBuilder,
    FixedSizeBinaryBuilder, PrimitiveBuilder, StringBuilder,
};
use arrow::datatypes::{
    Date32Type, Decimal64Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use mysql_async::Value;

use super::columns::Kind;
use crate::kernel::time::{SECONDS_PER_DAY, days_from_civil, days_in_month};

/// Microseconds of a second.
const SECOND: i64 = 1_000_000;

/// The values of a column that have come.
pub(super) trait Builder: Send {
    /// Adds a value. What its type does not have is null, and told.
    fn add(&mut self, value: Value) -> Result<(), String>;

    /// All of them.
    fn finish(&mut self) -> ArrayRef;
}

/// How values of one type are read and kept.
// The binary protocol sends rows, each with a value of every column. A builder of a type of its own for
// every column costs one indirect call a value, as a `match` over all types did, and says each type once.
struct Values<B, A, R> {
    values: B,
    append: A,
    read: R,
}

impl<B, A, R, T> Builder for Values<B, A, R>
where
    B: ArrayBuilder,
    A: Fn(&mut B, Option<T>) + Send,
    R: Fn(Value) -> Result<T, String> + Send,
{
    fn add(&mut self, value: Value) -> Result<(), String> {
        let read = match value {
            Value::NULL => Ok(None),
            value => (self.read)(value).map(Some),
        };
        let (value, told) = match read {
            Ok(value) => (value, Ok(())),
            Err(what) => (None, Err(what)),
        };
        (self.append)(&mut self.values, value);
        told
    }

    fn finish(&mut self) -> ArrayRef {
        self.values.finish()
    }
}

/// A builder for the values of a column.
pub(super) fn builder(kind: &Kind) -> Box<dyn Builder> {
    match *kind {
        Kind::Boolean => of(
            BooleanBuilder::new(),
            BooleanBuilder::append_option,
            |value| boolean(&value),
        ),
        Kind::Int8 => wholes::<Int8Type>(kind),
        Kind::Int16 => wholes::<Int16Type>(kind),
        Kind::Int32 => wholes::<Int32Type>(kind),
        Kind::Int64 => wholes::<Int64Type>(kind),
        Kind::UInt8 => wholes::<UInt8Type>(kind),
        Kind::UInt16 => wholes::<UInt16Type>(kind),
        Kind::UInt32 => wholes::<UInt32Type>(kind),
        Kind::UInt64 => wholes::<UInt64Type>(kind),
        Kind::Float32 => numbers::<Float32Type>(kind, float),
        Kind::Float64 => numbers::<Float64Type>(kind, double),
        Kind::Decimal(precision @ ..=18, scale) => numbers::<Decimal64Type>(kind, move |value| {
            decimal(&value, precision, scale).map(|value| value as i64)
        }),
        Kind::Decimal(precision, scale) => {
            numbers::<Decimal128Type>(kind, move |value| decimal(&value, precision, scale))
        }
        Kind::Text => of(StringBuilder::new(), StringBuilder::append_option, text),
        Kind::Binary => of(BinaryBuilder::new(), BinaryBuilder::append_option, bytes),
        Kind::Fixed(width) => of(
            FixedSizeBinaryBuilder::new(width),
            append_fixed,
            move |value| fixed(value, width.unsigned_abs() as usize),
        ),
        Kind::Bits => numbers::<UInt64Type>(kind, bits),
        Kind::Date => numbers::<Date32Type>(kind, |value| date(&value).map(|days| days as i32)),
        Kind::Time => numbers::<Time64MicrosecondType>(kind, |value| time(&value)),
        Kind::Timestamp | Kind::Zoned => {
            numbers::<TimestampMicrosecondType>(kind, |value| moment(&value))
        }
    }
}

fn of<B: ArrayBuilder, T: 'static>(
    values: B,
    append: impl Fn(&mut B, Option<T>) + Send + 'static,
    read: impl Fn(Value) -> Result<T, String> + Send + 'static,
) -> Box<dyn Builder> {
    Box::new(Values {
        values,
        append,
        read,
    })
}

fn numbers<T: ArrowPrimitiveType>(
    kind: &Kind,
    read: impl Fn(Value) -> Result<T::Native, String> + Send + 'static,
) -> Box<dyn Builder> {
    let values = PrimitiveBuilder::<T>::new().with_data_type(kind.data_type());
    of(values, PrimitiveBuilder::append_option, read)
}

fn wholes<T: ArrowPrimitiveType>(kind: &Kind) -> Box<dyn Builder>
where
    T::Native: TryFrom<i128>,
{
    numbers::<T>(kind, |value| {
        let number = whole(&value).and_then(|whole| T::Native::try_from(whole).ok());
        number.ok_or_else(|| unlike(&value))
    })
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

/// Bytes of one length.
// A view's column may be shorter than it says.
fn fixed(value: Value, width: usize) -> Result<Vec<u8>, String> {
    let value = bytes(value)?;
    match value.len() {
        length if length == width => Ok(value),
        length => Err(format!("it has {length} bytes, and was to have {width}")),
    }
}

fn append_fixed(values: &mut FixedSizeBinaryBuilder, value: Option<Vec<u8>>) {
    // Of another width nothing comes here: the builder takes what `fixed` has looked at.
    if value.is_none_or(|value| values.append_value(value).is_err()) {
        values.append_null();
    }
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
                // More than 38 digits come from a broken server alone, which must not end the process.
                number = number
                    .wrapping_mul(10)
                    .wrapping_add(i128::from(byte - b'0'));
                behind += i8::from(point);
            }
            _ => return Err(unlike(value)),
        }
    }
    // The length first: a number of more digits has wrapped, and may look like any other.
    let is_long = digits.len() > usize::from(precision) + 2;
    if behind != scale || is_long || number >= 10_i128.pow(precision.into()) {
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
        let mut builder = builder(kind);
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
    fn a_digit_more_than_a_decimal_has_is_told() {
        let values = vec![text("999999999999999999"), text("-9999999999999999999")];
        assert_eq!(
            shown(&Kind::Decimal(18, 0), values),
            [
                "999999999999999999",
                "it has other digits than decimal(18,0) holds"
            ]
        );
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
