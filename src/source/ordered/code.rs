//! Codes: the values of a column as whole numbers that are in the order of the values.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::{SortOptions, rank};
use arrow::datatypes::{
    DataType, Decimal32Type, Decimal64Type, Decimal128Type, Float16Type, Float32Type, Float64Type,
    Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};

use super::entry::Entry;
use crate::domain::{Domain, Range};
use crate::error::{Error, Result};

/// How values of a column become numbers of so many bits.
#[derive(Debug)]
pub(super) struct Code {
    kind: CodeKind,
    /// With that of null.
    pub(super) bits: u32,
    /// Of the values alone.
    value_bits: u32,
    descending: bool,
    /// Where nulls stand, if there are any.
    nulls_first: Option<bool>,
}

#[derive(Debug)]
enum CodeKind {
    /// What is above the least value: the low 64 bits of both are enough.
    Whole {
        least: u64,
    },
    /// The place of each value of a dictionary among its values.
    Ranks(Vec<u64>),
    Boolean,
    Half,
    Float,
    Double,
}

impl Code {
    /// The code of values of this type, if 64 bits are enough for them.
    pub(super) fn of(
        data_type: &DataType,
        domain: &Domain,
        (descending, nulls_first): (bool, bool),
    ) -> Option<Self> {
        let (kind, value_bits) = match data_type {
            DataType::Dictionary(..) => ranks(domain.dictionary.as_ref()?)?,
            DataType::Boolean => (CodeKind::Boolean, 1),
            DataType::Float16 => (CodeKind::Half, 32),
            DataType::Float32 => (CodeKind::Float, 32),
            DataType::Float64 => (CodeKind::Double, 64),
            other => whole(other, domain)?,
        };
        // Nulls take a bit of their own, and none where the domain has none: an entry of 8 bytes
        // sorts in half the memory of one of 16.
        let bits = value_bits + u32::from(domain.nulls);
        (bits <= 64).then_some(Self {
            kind,
            bits,
            value_bits,
            descending,
            nulls_first: domain.nulls.then_some(nulls_first),
        })
    }

    /// Puts the codes of a column below what the entries have.
    pub(super) fn push<E: Entry>(&self, column: &ArrayRef, out: &mut [E]) -> Result<()> {
        let mut codes = self.values(column)?;
        let mask = u64::MAX.low(self.value_bits);
        if self.descending {
            codes
                .iter_mut()
                // Counted from the other end, so that entries are compared as numbers in any order.
                .for_each(|code| *code = (mask - *code) & mask);
        }
        if let Some(first) = self.nulls_first {
            let (null, value) = match first {
                true => (0, 1 << self.value_bits),
                false => (1 << self.value_bits, 0),
            };
            for (row, code) in codes.iter_mut().enumerate() {
                *code = match column.is_null(row) {
                    true => null,
                    false => *code | value,
                };
            }
        }
        for (entry, code) in out.iter_mut().zip(codes) {
            *entry = entry.push(self.bits, code);
        }
        Ok(())
    }

    /// Each value's code; anything for a null.
    fn values(&self, column: &ArrayRef) -> Result<Vec<u64>> {
        Ok(match &self.kind {
            CodeKind::Whole { least } => {
                let mut values = widened(column)?;
                let mask = u64::MAX.low(self.value_bits);
                for value in &mut values {
                    *value = value.wrapping_sub(*least) & mask;
                }
                values
            }
            CodeKind::Ranks(ranks) => {
                let keys = column.as_any_dictionary_opt();
                let keys = keys.ok_or_else(|| unexpected(column))?.normalized_keys();
                let rank = |key: usize| ranks.get(key).copied().unwrap_or(0);
                keys.into_iter().map(rank).collect()
            }
            CodeKind::Boolean => {
                let values = column.as_boolean_opt().ok_or_else(|| unexpected(column))?;
                values.values().iter().map(u64::from).collect()
            }
            CodeKind::Half => {
                let values = column.as_primitive::<Float16Type>().values().iter();
                values.map(|half| single(half.to_f32()).into()).collect()
            }
            CodeKind::Float => {
                let values = column.as_primitive::<Float32Type>().values().iter();
                values.map(|value| u64::from(single(*value))).collect()
            }
            CodeKind::Double => {
                let values = column.as_primitive::<Float64Type>().values().iter();
                values.map(|value| double(*value)).collect()
            }
        })
    }
}

fn unexpected(column: &ArrayRef) -> Error {
    let data_type = column.data_type();
    Error::run(format!(
        "a key is of type {data_type}, which is a bug of rowgen"
    ))
}

/// Whole numbers, and all that is held as such.
fn whole(data_type: &DataType, domain: &Domain) -> Option<(CodeKind, u32)> {
    let (least, bits) = match data_type {
        DataType::Int8 => (i128::from(i8::MIN), 8),
        DataType::Int16 => (i128::from(i16::MIN), 16),
        DataType::Int32 | DataType::Date32 | DataType::Time32(_) | DataType::Decimal32(..) => {
            (i128::from(i32::MIN), 32)
        }
        DataType::UInt8 => (0, 8),
        DataType::UInt16 => (0, 16),
        DataType::UInt32 => (0, 32),
        DataType::UInt64 => (0, 64),
        DataType::Int64
        | DataType::Date64
        | DataType::Time64(_)
        | DataType::Timestamp(..)
        | DataType::Duration(_)
        | DataType::Decimal64(..) => (i128::from(i64::MIN), 64),
        DataType::Decimal128(..) => (0, 128),
        _ => return None,
    };
    let known = match domain.range {
        Some(Range::Integer { min, max }) if min <= max => {
            // The bounds that the plan has proved: a column from 1 to 1000 needs 10 bits and not
            // 64.
            let span = max.wrapping_sub(min).unsigned_abs();
            Some((min, 128 - span.leading_zeros()))
        }
        _ => None,
    };
    let (least, bits) = known
        .filter(|known| known.1 < bits)
        .unwrap_or((least, bits));
    let least = least as u64;
    (bits <= 64).then_some((CodeKind::Whole { least }, bits))
}

/// The places of a dictionary's values in their order; equal ones have one place.
fn ranks(values: &ArrayRef) -> Option<(CodeKind, u32)> {
    let options = SortOptions {
        descending: false,
        nulls_first: true,
    };
    let ranks = rank(values, Some(options))
        .ok()
        .filter(|_| values.null_count() == 0)?;
    let most = ranks.iter().copied().max().unwrap_or(0);
    let ranks = ranks.into_iter().map(u64::from).collect();
    Some((CodeKind::Ranks(ranks), 32 - most.leading_zeros()))
}

/// The low 64 bits of each number of a column, whatever its type is called.
#[expect(
    clippy::cast_lossless,
    reason = "one form for numbers of any width and sign"
)]
pub(super) fn widened(column: &ArrayRef) -> Result<Vec<u64>> {
    let held: ArrayRef = match column.data_type() {
        DataType::Date32 | DataType::Time32(_) => retyped(column, DataType::Int32)?,
        DataType::Date64
        | DataType::Time64(_)
        | DataType::Timestamp(..)
        | DataType::Duration(_) => retyped(column, DataType::Int64)?,
        _ => column.clone(),
    };
    let column = &held;
    macro_rules! of {
        ($type:ty) => {{
            let values = column.as_primitive_opt::<$type>();
            let values = values.ok_or_else(|| unexpected(column))?.values().iter();
            values.map(|value| *value as u64).collect()
        }};
    }
    Ok(match column.data_type() {
        DataType::Int8 => of!(Int8Type),
        DataType::Int16 => of!(Int16Type),
        DataType::Int32 => of!(Int32Type),
        DataType::Int64 => of!(Int64Type),
        DataType::UInt8 => of!(UInt8Type),
        DataType::UInt16 => of!(UInt16Type),
        DataType::UInt32 => of!(UInt32Type),
        DataType::UInt64 => of!(UInt64Type),
        DataType::Decimal32(..) => of!(Decimal32Type),
        DataType::Decimal64(..) => of!(Decimal64Type),
        DataType::Decimal128(..) => of!(Decimal128Type),
        _ => return Err(unexpected(column)),
    })
}

/// The same numbers under the name of a type that is as wide.
pub(super) fn retyped(column: &ArrayRef, data_type: DataType) -> Result<ArrayRef> {
    let data = column.to_data().into_builder().data_type(data_type);
    Ok(arrow::array::make_array(data.build()?))
}

/// The bits of a float in the order of floats.
fn single(value: f32) -> u32 {
    let bits = plain_single(value).to_bits();
    match bits >> 31 {
        // IEEE 754: with the sign bit turned over, and all bits of negative numbers, the order of
        // floats is that of their bits.
        0 => bits | 1 << 31,
        _ => !bits,
    }
}

fn double(value: f64) -> u64 {
    let bits = plain_double(value).to_bits();
    match bits >> 63 {
        0 => bits | 1 << 63,
        _ => !bits,
    }
}

/// Both zeros are one value, and so is all that is no number, which is the greatest: what a division
/// makes of two zeros has a sign.
pub(super) fn plain_single(value: f32) -> f32 {
    match value.is_nan() {
        true => f32::NAN.copysign(1.0),
        // `-0.0 + 0.0` is `0.0`.
        false => value + 0.0,
    }
}

/// As `plain_single`.
pub(super) fn plain_double(value: f64) -> f64 {
    match value.is_nan() {
        true => f64::NAN.copysign(1.0),
        false => value + 0.0,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Date32Array, DictionaryArray, Float64Array, Int32Array, StringArray};

    use super::*;

    fn codes(column: ArrayRef, domain: &Domain, order: (bool, bool)) -> (u32, Vec<u64>) {
        let code = Code::of(column.data_type(), domain, order).unwrap();
        let mut out = vec![0u64; column.len()];
        code.push(&column, &mut out).unwrap();
        (code.bits, out)
    }

    #[test]
    fn codes_are_in_the_order_of_values() {
        let days: ArrayRef = Arc::new(Date32Array::from(vec![Some(11), None, Some(10), Some(13)]));
        let mut domain = Domain::integers(10, 13);
        domain.nulls = true;
        assert_eq!(
            codes(days.clone(), &domain, (false, false)),
            (3, vec![1, 4, 0, 3])
        );
        assert_eq!(
            codes(days.clone(), &domain, (false, true)),
            (3, vec![5, 0, 4, 7])
        );
        assert_eq!(codes(days, &domain, (true, false)), (3, vec![2, 4, 3, 0]));
        let whole: ArrayRef = Arc::new(Int32Array::from(vec![i32::MIN, -1, 0, i32::MAX]));
        let (bits, found) = codes(whole, &Domain::default(), (false, false));
        assert_eq!(
            (bits, found),
            (32, vec![0, (1 << 31) - 1, 1 << 31, u64::from(u32::MAX)])
        );
    }

    #[test]
    fn floats_have_one_zero_and_texts_the_order_of_their_bytes() {
        let floats = [
            f64::NEG_INFINITY,
            -1.0,
            -0.0,
            0.0,
            1e-300,
            2.0,
            f64::INFINITY,
            f64::NAN,
        ];
        let (_, found) = codes(
            Arc::new(Float64Array::from(floats.to_vec())),
            &Domain::default(),
            (false, false),
        );
        assert!(found.is_sorted() && found[2] == found[3] && found[6] < found[7]);
        let values: ArrayRef = Arc::new(StringArray::from(vec!["b", "a", "b", "c"]));
        let keys = Int32Array::from(vec![0, 1, 2, 3]);
        let texts = DictionaryArray::new(keys, values.clone());
        let (_, found) = codes(
            Arc::new(texts),
            &Domain::dictionary(&values),
            (false, false),
        );
        assert!(found[0] == found[2] && found[1] < found[0] && found[0] < found[3]);
    }
}
