//! What a sink holds of a column: expected values become what the sink could keep of them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float32Array, Scalar, StringArray};
use arrow::compute::cast;
use arrow::compute::kernels::numeric::{add, div, rem, sub};
use arrow::datatypes::{DataType, Field, Fields, TimeUnit};

use super::json_text;
use crate::column::UUID_EXTENSION;
use crate::error::Result;
use crate::format::text::TextLeaf;
use crate::format::text::leaf::write_hexadecimal;
use crate::kernel::time::per_second;
use crate::sink::delta;

/// What becomes of a column's values on their way into the sink.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Held {
    /// They stay what they are.
    Same,
    /// Arrays of another kind hold the same values.
    As(DataType),
    /// Bytes are text of two hexadecimal digits each.
    Hexadecimal,
    /// Times are cut to this unit and then have this type.
    Rounded(TimeUnit, DataType),
    /// The empty text is this one, or null.
    Empty(Option<String>),
    /// They are texts of JSON.
    Json,
    /// They are of the nearest type that Delta Lake has.
    Delta(DataType),
    /// Floats of this type without a zero that is negative: MariaDB keeps `-0e0` as `0`.
    OneZero(DataType),
}

impl Held {
    /// Values without dictionaries: batches hold them so, and no sink does.
    pub(super) fn plain(field: &Field) -> Self {
        let plain = plain(field.data_type());
        match field.data_type() {
            DataType::Dictionary(..) => Self::Same,
            other if *other == plain => Self::Same,
            _ => Self::As(plain),
        }
    }

    /// The type of what the sink holds.
    pub(super) fn data_type(&self, field: &Field) -> DataType {
        match self {
            Self::Same => plain(field.data_type()),
            Self::As(data_type)
            | Self::Rounded(_, data_type)
            | Self::Delta(data_type)
            | Self::OneZero(data_type) => data_type.clone(),
            Self::Hexadecimal | Self::Empty(_) | Self::Json => DataType::Utf8,
        }
    }

    /// The column that the sink holds: with a name and a type, and what stands on top of the type.
    pub(super) fn field(&self, field: &Field) -> Field {
        if *self == Self::Json {
            return json_text::field(field);
        }
        let is_text = matches!(self, Self::Delta(_));
        let uuid = TextLeaf::of(field) == Some(TextLeaf::Uuid) && !is_text;
        let held = Field::new(field.name(), self.data_type(field), true);
        let name = || ("ARROW:extension:name".into(), UUID_EXTENSION.into());
        match uuid {
            true => held.with_metadata([name()].into()),
            false => held,
        }
    }

    /// What the sink holds of these values.
    pub(super) fn of(&self, values: &ArrayRef) -> Result<ArrayRef> {
        match self {
            Self::Same => Ok(values.clone()),
            Self::As(data_type) => Ok(cast(values, data_type)?),
            Self::Hexadecimal => hexadecimal(values),
            Self::Delta(data_type) => {
                delta::cast(&crate::column::arrays::plain(values)?, data_type)
            }
            Self::Rounded(unit, data_type) => rounded(values, *unit, data_type),
            Self::Empty(text) => empty(values, text.as_deref()),
            Self::Json => json_text::written(values),
            Self::OneZero(data_type) => one_zero(&cast(values, data_type)?),
        }
    }
}

/// The type without dictionaries, wherever they are.
fn plain(data_type: &DataType) -> DataType {
    let inner = |field: &Arc<Field>| {
        let plain = plain(field.data_type());
        Arc::new(field.as_ref().clone().with_data_type(plain))
    };
    match data_type {
        DataType::Dictionary(_, values) => plain(values),
        DataType::List(item) => DataType::List(inner(item)),
        DataType::LargeList(item) => DataType::LargeList(inner(item)),
        DataType::FixedSizeList(item, size) => DataType::FixedSizeList(inner(item), *size),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inner).collect::<Fields>()),
        DataType::Map(entries, sorted) => DataType::Map(inner(entries), *sorted),
        other => other.clone(),
    }
}

fn hexadecimal(values: &ArrayRef) -> Result<ArrayRef> {
    let values = match values.data_type() {
        DataType::FixedSizeBinary(_) | DataType::LargeBinary | DataType::BinaryView => {
            cast(values, &DataType::Binary)?
        }
        _ => values.clone(),
    };
    let text = |bytes: &[u8]| {
        let mut text = Vec::with_capacity(2 * bytes.len());
        write_hexadecimal(&mut text, bytes);
        String::from_utf8_lossy(&text).into_owned()
    };
    let texts: StringArray = values
        .as_binary::<i32>()
        .iter()
        .map(|bytes| bytes.map(text))
        .collect();
    Ok(Arc::new(texts))
}

/// Times rounded down, as numbers of this unit, and then of the type.
fn rounded(values: &ArrayRef, unit: TimeUnit, data_type: &DataType) -> Result<ArrayRef> {
    let DataType::Timestamp(own, _) = values.data_type() else {
        return Ok(cast(values, data_type)?);
    };
    let (own, wanted) = (per_second(*own), per_second(unit));
    let numbers = cast(values, &DataType::Int64)?;
    let numbers = match own > wanted {
        // Rounded down and not towards zero: that is what the writers do with times before 1970,
        // and Arrow's own cast does not.
        true => floor(&numbers, own / wanted)?,
        false => cast(
            &cast(values, &DataType::Timestamp(unit, None))?,
            &DataType::Int64,
        )?,
    };
    Ok(cast(&numbers, data_type)?)
}

/// Whole parts of this size, rounded down below zero, too.
fn floor(numbers: &ArrayRef, size: i64) -> Result<ArrayRef> {
    let size = arrow::array::Int64Array::new_scalar(size);
    // Arrow has no division that rounds down; the quotient is one less where a rest is negative.
    let rest = rem(numbers, &size)?;
    let below = rest.as_primitive::<arrow::datatypes::Int64Type>();
    let below: arrow::array::Int64Array = below
        .iter()
        .map(|rest| rest.map(|rest| i64::from(rest < 0)))
        .collect();
    Ok(sub(&div(numbers, &size)?, &below)?)
}

/// Adding zero changes no float but the negative zero.
fn one_zero(values: &ArrayRef) -> Result<ArrayRef> {
    let zero = cast(&Float32Array::from(vec![0.0]), values.data_type())?;
    // IEEE 754: −0 + 0 is +0, and every other value stays.
    Ok(add(values, &Scalar::new(zero))?)
}

fn empty(values: &ArrayRef, instead: Option<&str>) -> Result<ArrayRef> {
    let plain = crate::column::arrays::plain(values)?;
    let texts = plain.as_string::<i32>().iter();
    let text = |text: Option<&str>| match text {
        Some("") => instead.map(str::to_string),
        other => other.map(str::to_string),
    };
    let texts: StringArray = texts.map(text).collect();
    debug_assert_eq!(texts.len(), values.len());
    Ok(Arc::new(texts))
}

#[cfg(test)]
mod tests {
    use arrow::array::{BinaryArray, Float64Array, TimestampMicrosecondArray};

    use super::*;

    #[test]
    fn times_are_rounded_down_and_bytes_are_digits() {
        let times: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![
            Some(1_999),
            Some(-1),
            None,
            Some(2_000),
        ]));
        let long = Held::Rounded(TimeUnit::Millisecond, DataType::Int64);
        let made = long.of(&times).unwrap();
        let numbers: Vec<Option<i64>> = made
            .as_primitive::<arrow::datatypes::Int64Type>()
            .iter()
            .collect();
        assert_eq!(numbers, [Some(1), Some(-1), None, Some(2)]);
        let bytes: ArrayRef = Arc::new(BinaryArray::from_vec(vec![b"\x00\xff", b""]));
        let made = Held::Hexadecimal.of(&bytes).unwrap();
        let texts: Vec<Option<&str>> = made.as_string::<i32>().iter().collect();
        assert_eq!(texts, [Some("00ff"), Some("")]);
        let floats: ArrayRef = Arc::new(Float64Array::from(vec![Some(-0.0), None, Some(-1.5)]));
        let made = Held::OneZero(DataType::Float64).of(&floats).unwrap();
        let bits = |value: Option<f64>| value.map(f64::to_bits);
        let made = made.as_primitive::<arrow::datatypes::Float64Type>().iter();
        let made: Vec<Option<u64>> = made.map(bits).collect();
        assert_eq!(made, [bits(Some(0.0)), None, bits(Some(-1.5))]);
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["", "a"]));
        let made = Held::Empty(None).of(&texts).unwrap();
        assert!(made.is_null(0) && made.is_valid(1));
    }
}
