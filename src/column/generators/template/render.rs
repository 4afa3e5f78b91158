//! Puts a template's text together for a batch of rows.

use std::fmt::Write;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, StringArray, StringBuilder};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Decimal64Type, Decimal128Type, Float64Type, Int32Type, Int64Type,
    UInt64Type,
};

use super::parse::PlaceholderFormat;
use crate::column::program::Fill;
use crate::column::random::permutation::Permutation;
use crate::column::rows::Rows;
use crate::column::values::arrays::plain;
use crate::column::values::scalar::per_second;
use crate::error::{Error, Problem, Result};
use crate::kernel::strftime::{Rendered, TickClock, TimePattern};
use crate::kernel::text::{EvenOffsets, RowNumbers, TextPart, compose};

/// One piece of the text.
pub enum Element {
    /// Text as it stands.
    Literal(String),
    /// An input's value.
    Input {
        /// Its place among the inputs.
        index: usize,
        /// How it is shown.
        format: PlaceholderFormat,
        /// No value is less than the first, or greater than the second: known where none is
        /// negative, or has more digits than the format's width.
        range: Option<(i64, i64)>,
    },
    /// The shuffled row number in so many digits.
    Permute(Permutation, usize),
}

/// All of the pieces.
pub struct TemplateFill {
    /// In their order.
    pub elements: Vec<Element>,
    /// Where texts of one length begin.
    pub steps: EvenOffsets,
}

impl Fill for TemplateFill {
    fn fill(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
        let mut nulls = None;
        for input in inputs {
            nulls = NullBuffer::union(nulls.as_ref(), input.logical_nulls().as_ref());
        }
        // Column by column into parts, then once over the rows (`compose`): formatting row by row
        // with `write!` finds out anew for each value what it formats.
        let mut parts = Vec::with_capacity(self.elements.len());
        for element in &self.elements {
            match element {
                Element::Literal(text) => parts.push(TextPart::Literal(text.into())),
                Element::Permute(permutation, width) => {
                    let values = permutation.fill(rows).into_iter();
                    let values: Vec<i64> = values.map(|number| number as i64).collect();
                    parts.push(TextPart::Number(RowNumbers::new(values, *width)));
                }
                Element::Input {
                    index,
                    format,
                    range,
                } => show(&inputs[*index], format, *range, &nulls, &mut parts)?,
            }
        }
        let text = compose(rows.len(), parts, nulls, &self.steps);
        let text = text.map_err(|message| Error::run(Problem::new(message)))?;
        Ok(std::sync::Arc::new(text))
    }
}

fn show<'a>(
    input: &'a ArrayRef,
    format: &PlaceholderFormat,
    range: Option<(i64, i64)>,
    nulls: &Option<NullBuffer>,
    parts: &mut Vec<TextPart<'a>>,
) -> Result<()> {
    match (input.data_type(), format) {
        (DataType::Dictionary(..), _) => parts.push(dictionary_part(input)?),
        (DataType::Utf8, _) => parts.push(TextPart::Own(input.as_string().clone())),
        (DataType::Date32 | DataType::Timestamp(..), PlaceholderFormat::Time(pattern)) => {
            parts.push(time(input, pattern, nulls)?);
        }
        (DataType::Date32 | DataType::Timestamp(..), _) => {
            parts.push(time(input, &usual_pattern(input.data_type())?, nulls)?);
        }
        (integer, _) if integer.is_integer() => parts.push(integers(input, format, range, nulls)?),
        (DataType::Decimal64(_, scale), _) => decimals(input, *scale, format, nulls, parts)?,
        (DataType::Decimal128(_, scale), _) => {
            let values = input.as_primitive::<Decimal128Type>();
            parts.push(TextPart::Own(spell(values.iter(), *scale, format)));
        }
        (DataType::FixedSizeBinary(16), _) => parts.push(TextPart::Own(uuids(input))),
        (_, PlaceholderFormat::Fraction(digits)) => {
            parts.push(TextPart::Own(floats(input, *digits)?))
        }
        _ => {
            let texts = cast(input, &DataType::Utf8)?;
            parts.push(TextPart::Own(texts.as_string().clone()));
        }
    }
    Ok(())
}

fn dictionary_part(input: &ArrayRef) -> Result<TextPart<'_>> {
    let small = input
        .as_dictionary_opt::<Int32Type>()
        // A dictionary with more values than rows would be prepared for nothing.
        .filter(|dictionary| dictionary.values().len() <= input.len());
    match small.and_then(|small| Some((small, small.values().as_string_opt::<i32>()?))) {
        Some((dictionary, values)) => Ok(TextPart::Dictionary {
            keys: dictionary.keys().values().as_ref().into(),
            texts: values
                .iter()
                .map(|text| text.unwrap_or_default().into())
                .collect(),
        }),
        None => Ok(TextPart::Own(plain(input)?.as_string().clone())),
    }
}

/// Whole numbers as 64 bits; the greatest unsigned ones keep their bits.
fn wide(input: &ArrayRef) -> Result<ArrayRef> {
    Ok(match input.data_type() {
        DataType::Int64 => input.clone(),
        DataType::UInt64 => {
            let values = input.as_primitive::<UInt64Type>();
            std::sync::Arc::new(values.unary::<_, Int64Type>(|value| value as i64))
        }
        _ => cast(input, &DataType::Int64)?,
    })
}

fn integers<'a>(
    input: &'a ArrayRef,
    format: &PlaceholderFormat,
    range: Option<(i64, i64)>,
    nulls: &Option<NullBuffer>,
) -> Result<TextPart<'a>> {
    let width = format.width();
    let signed = input.data_type().is_signed_integer();
    if let Some(values) = input.as_primitive_opt::<Int64Type>() {
        let numbers = match range.filter(|_| nulls.is_none()) {
            Some(range) => RowNumbers::within(values.values(), width, range),
            None => RowNumbers::new(values.values().as_ref(), width),
        };
        // Numbers without a sign have a loop of their own. Whether any is negative is found once a
        // batch, or known from the bounds.
        if !numbers.any_negative() || !any_negative::<Int64Type>(values.values(), nulls) {
            return Ok(TextPart::Number(numbers));
        }
    }
    let values = wide(input)?;
    let values = values.as_primitive::<Int64Type>();
    if signed && any_negative::<Int64Type>(values.values(), nulls) {
        let values = values.iter().map(|value| value.map(i128::from));
        return Ok(TextPart::Own(spell(values, 0, format)));
    }
    Ok(TextPart::Number(RowNumbers::new(
        values.values().to_vec(),
        width,
    )))
}

fn any_negative<T: ArrowPrimitiveType>(values: &[T::Native], nulls: &Option<NullBuffer>) -> bool {
    let zero = T::Native::default();
    match nulls {
        None => values
            .iter()
            .fold(false, |any, value| any | (*value < zero)),
        Some(nulls) => nulls.valid_indices().any(|row| values[row] < zero),
    }
}

/// A decimal that is not negative is two numbers with a point between them.
fn decimals(
    input: &ArrayRef,
    scale: i8,
    format: &PlaceholderFormat,
    nulls: &Option<NullBuffer>,
    parts: &mut Vec<TextPart<'_>>,
) -> Result<()> {
    let values = input.as_primitive::<Decimal64Type>();
    let digits = usize::try_from(scale).unwrap_or_default();
    let whole_width = match format {
        PlaceholderFormat::Width(width) => width.saturating_sub(digits + usize::from(digits > 0)),
        _ => 0,
    };
    let usual = !matches!(format, PlaceholderFormat::Fraction(_));
    if !usual || any_negative::<Decimal64Type>(values.values(), nulls) {
        let values = values.iter().map(|value| value.map(i128::from));
        parts.push(TextPart::Own(spell(values, scale, format)));
        return Ok(());
    }
    let unit = 10i64.pow(digits as u32);
    let whole: Vec<i64> = values.values().iter().map(|value| value / unit).collect();
    parts.push(TextPart::Number(RowNumbers::new(whole, whole_width)));
    if digits > 0 {
        let fraction: Vec<i64> = values.values().iter().map(|value| value % unit).collect();
        parts.push(TextPart::Literal(".".into()));
        parts.push(TextPart::Number(RowNumbers::new(fraction, digits)));
    }
    Ok(())
}

/// Any whole number or decimal, one by one.
fn spell(
    values: impl Iterator<Item = Option<i128>>,
    scale: i8,
    format: &PlaceholderFormat,
) -> StringArray {
    let scale = u32::from(scale.unsigned_abs());
    let (shown, width) = match format {
        PlaceholderFormat::Fraction(digits) => (*digits, 0),
        PlaceholderFormat::Width(width) => (scale as usize, *width),
        _ => (scale as usize, 0),
    };
    let mut texts = StringBuilder::new();
    for value in values {
        let value = value.unwrap_or_default();
        let kept = shown.min(scale as usize) as u32;
        let dropped = 10u128.pow(scale - kept);
        // Half away from zero.
        let rounded = (value.unsigned_abs() + dropped / 2) / dropped;
        let sign = if value < 0 && rounded > 0 { "-" } else { "" };
        let unit = 10u128.pow(kept);
        let (whole, fraction) = (rounded / unit, rounded % unit);
        let rest = if shown > 0 { shown + 1 } else { 0 };
        let whole_width = width.saturating_sub(rest + sign.len());
        // Writing into a builder cannot fail.
        let _ = write!(texts, "{sign}{whole:0whole_width$}");
        if shown > 0 {
            let (kept, zeros) = (kept as usize, shown - kept as usize);
            let digits = if kept > 0 {
                format!("{fraction:0kept$}")
            } else {
                String::new()
            };
            let _ = write!(texts, ".{digits}{:0<zeros$}", "");
        }
        texts.append_value("");
    }
    texts.finish()
}

fn floats(input: &ArrayRef, digits: usize) -> Result<StringArray> {
    let values = cast(input, &DataType::Float64)?;
    let mut texts = StringBuilder::new();
    for value in values.as_primitive::<Float64Type>() {
        let _ = write!(texts, "{:.digits$}", value.unwrap_or_default());
        texts.append_value("");
    }
    Ok(texts.finish())
}

fn uuids(input: &ArrayRef) -> StringArray {
    let mut texts = StringBuilder::with_capacity(input.len(), input.len() * 36);
    for value in input.as_fixed_size_binary() {
        for (index, byte) in value.unwrap_or_default().iter().enumerate() {
            let dash = if [4, 6, 8, 10].contains(&index) {
                "-"
            } else {
                ""
            };
            let _ = write!(texts, "{dash}{byte:02x}");
        }
        texts.append_value("");
    }
    texts.finish()
}

fn time(
    input: &ArrayRef,
    pattern: &TimePattern,
    nulls: &Option<NullBuffer>,
) -> Result<TextPart<'static>> {
    let clock = clock(input.data_type())?;
    let ticks = match input.as_primitive_opt::<Date32Type>() {
        Some(_) => cast(&cast(input, &DataType::Int32)?, &DataType::Int64)?,
        None => cast(input, &DataType::Int64)?,
    };
    let ticks = ticks.as_primitive::<Int64Type>().values();
    Ok(match pattern.render(ticks, &clock, nulls.as_ref()) {
        Rendered::Same(text) => TextPart::Literal(text.into()),
        Rendered::Dictionary(keys, texts) => TextPart::Dictionary {
            keys: keys.into(),
            texts,
        },
        Rendered::Own(texts) => TextPart::Own(texts),
    })
}

fn clock(data_type: &DataType) -> Result<TickClock> {
    let (per_second, zone) = match data_type {
        DataType::Timestamp(unit, zone) => (Some(per_second(*unit) as i64), zone.as_deref()),
        _ => (None, None),
    };
    let zone = zone
        .filter(|zone| *zone != "UTC")
        .map(str::parse)
        .transpose()?;
    Ok(TickClock { per_second, zone })
}

/// RFC 3339, with as many digits after the second as the type has.
fn usual_pattern(data_type: &DataType) -> Result<TimePattern> {
    let text = match data_type {
        DataType::Timestamp(unit, zone) => {
            let fraction = match per_second(*unit) {
                1 => "",
                1_000 => "%.3f",
                1_000_000 => "%.6f",
                _ => "%.9f",
            };
            let offset = match zone.as_deref() {
                Some("UTC") => "Z",
                Some(_) => "%:z",
                None => "",
            };
            format!("%Y-%m-%dT%H:%M:%S{fraction}{offset}")
        }
        _ => "%Y-%m-%d".to_string(),
    };
    let wrong = |_| Error::run(Problem::new(format!("unknown time pattern `{text}`")));
    TimePattern::new(&text).map_err(wrong)
}
