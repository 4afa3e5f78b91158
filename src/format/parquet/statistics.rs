//! The least and the greatest value of pages and chunks, ordered as the column's type is.

use std::cmp::Ordering;

use arrow::datatypes::{ArrowNativeTypeOp, ArrowPrimitiveType, Float16Type};
use parquet::basic::{ConvertedType, LogicalType, Type};
use parquet::data_type::{ByteArray, FixedLenByteArray};
use parquet::file::statistics::{Statistics, ValueStatistics};
use parquet::schema::types::ColumnDescriptor;

use super::truncate::{greatest_bound, least_bound};
use super::values::PageValues;
use crate::kernel::extremes;

type Float16 = <Float16Type as ArrowPrimitiveType>::Native;

/// The bytes of a bound at most.
// As the library cuts them by default: the property test compares both writers' files.
const LONGEST: usize = 64;

/// How the values of a column are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// As the physical type is; texts byte by byte.
    Physical,
    /// As integers without a sign.
    Unsigned,
    /// Big-endian integers with a sign.
    Decimal,
    /// Floating-point numbers of two bytes.
    Half,
}

/// The least and the greatest value, as their bytes stand in a `PLAIN` page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ValueBounds {
    pub least: Vec<u8>,
    pub greatest: Vec<u8>,
}

/// The order of a column's values, and what may be made of its bounds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ordered {
    physical: Type,
    sort: Sort,
    /// Bounds may be cut, and must stay text if the values are.
    cut: bool,
    text: bool,
    /// The old fields of statistics, which know no order, may be written too.
    signed: bool,
}

impl Ordered {
    /// The order of a column.
    pub(super) fn of(leaf: &ColumnDescriptor) -> Self {
        let (physical, logical) = (leaf.physical_type(), leaf.logical_type_ref());
        let bytes = matches!(physical, Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY);
        let decimal = matches!(logical, Some(LogicalType::Decimal(_)))
            || leaf.converted_type() == ConvertedType::DECIMAL;
        let unsigned = matches!(logical, Some(LogicalType::Integer(kind)) if !kind.is_signed);
        let sort = match logical {
            _ if unsigned => Sort::Unsigned,
            _ if bytes && decimal => Sort::Decimal,
            Some(LogicalType::Float16) => Sort::Half,
            _ => Sort::Physical,
        };
        let text =
            logical == Some(&LogicalType::String) || leaf.converted_type() == ConvertedType::UTF8;
        Self {
            physical,
            sort,
            // Bounds of decimals must not be cut: a shorter number is another number.
            cut: bytes && sort == Sort::Physical,
            text,
            signed: leaf.sort_order().is_signed(),
        }
    }

    /// How two values are ordered; what is not a number is ordered with nothing.
    pub(super) fn compare(&self, one: &[u8], other: &[u8]) -> Option<Ordering> {
        let order = match (self.physical, self.sort) {
            (Type::INT32, Sort::Unsigned) => {
                number(one, u32::from_le_bytes).cmp(&number(other, u32::from_le_bytes))
            }
            (Type::INT64, Sort::Unsigned) => {
                number(one, u64::from_le_bytes).cmp(&number(other, u64::from_le_bytes))
            }
            (Type::INT32, _) => {
                number(one, i32::from_le_bytes).cmp(&number(other, i32::from_le_bytes))
            }
            (Type::INT64, _) => {
                number(one, i64::from_le_bytes).cmp(&number(other, i64::from_le_bytes))
            }
            // What is NaN is in no order: by parquet.thrift it never is a bound.
            (Type::FLOAT, _) => {
                return number(one, f32::from_le_bytes)
                    .partial_cmp(&number(other, f32::from_le_bytes));
            }
            (Type::DOUBLE, _) => {
                return number(one, f64::from_le_bytes)
                    .partial_cmp(&number(other, f64::from_le_bytes));
            }
            (_, Sort::Half) => {
                return number(one, Float16::from_le_bytes)
                    .partial_cmp(&number(other, Float16::from_le_bytes));
            }
            // Of one length: the sign is in the first byte, the others count upwards.
            (_, Sort::Decimal) => {
                let key = |bytes: &[u8]| bytes.first().map(|first| first ^ 0x80);
                key(one).cmp(&key(other)).then_with(|| one.cmp(other))
            }
            _ => one.cmp(other),
        };
        Some(order)
    }

    /// The least and the greatest of the values; none if nothing among them is ordered.
    pub(super) fn bounds(&self, values: &PageValues<'_>) -> Option<ValueBounds> {
        fn plain<T, const N: usize>(
            found: Option<(T, T)>,
            bytes: impl Fn(T) -> [u8; N],
        ) -> Option<ValueBounds> {
            let (least, greatest) = found?;
            Some(ValueBounds {
                least: bytes(least).to_vec(),
                greatest: bytes(greatest).to_vec(),
            })
        }
        let bounds = match (values, self.sort) {
            (PageValues::Int32(values), Sort::Unsigned) => {
                plain(extremes::of_i32_as_u32(values), u32::to_le_bytes)
            }
            (PageValues::Int64(values), Sort::Unsigned) => {
                plain(extremes::of_i64_as_u64(values), u64::to_le_bytes)
            }
            (PageValues::Int32(values), _) => plain(extremes::of_i32(values), i32::to_le_bytes),
            (PageValues::Int64(values), _) => plain(extremes::of_i64(values), i64::to_le_bytes),
            (PageValues::Float(values), _) => plain(extremes::of_f32(values), f32::to_le_bytes),
            (PageValues::Double(values), _) => plain(extremes::of_f64(values), f64::to_le_bytes),
            (PageValues::Text { offsets, bytes }, _) => {
                let (least, greatest) = extremes::of_texts(offsets, bytes)?;
                Some(ValueBounds {
                    least: values.value(least),
                    greatest: values.value(greatest),
                })
            }
            (PageValues::Bits(bits, length), _) => of_bits(bits, *length),
            (PageValues::Fixed(bytes, width), _) => self.of_fixed(bytes.chunks_exact(*width)),
        };
        bounds.map(|bounds| self.signed_zeros(bounds))
    }

    fn of_fixed<'a>(&self, values: impl Iterator<Item = &'a [u8]>) -> Option<ValueBounds> {
        let mut found: Option<(&[u8], &[u8])> = None;
        for value in values {
            let Some((least, greatest)) = found else {
                let number = self.compare(value, value).is_some();
                found = number.then_some((value, value));
                continue;
            };
            if self.compare(value, least) == Some(Ordering::Less) {
                found = Some((value, greatest));
            } else if self.compare(value, greatest) == Some(Ordering::Greater) {
                found = Some((least, value));
            }
        }
        found.map(|(least, greatest)| ValueBounds {
            least: least.to_vec(),
            greatest: greatest.to_vec(),
        })
    }

    /// The bounds of the first and the last of values that rise. What is no number comes behind all numbers
    /// there, and is no bound.
    pub(super) fn ascending(&self, values: &PageValues<'_>) -> Option<ValueBounds> {
        let is_number = |place: usize| {
            let value = values.value(place);
            self.compare(&value, &value).is_some()
        };
        let (mut numbers, mut others) = (0, values.len());
        if others > 0 && is_number(others - 1) {
            numbers = others;
        }
        while numbers < others {
            let middle = numbers.midpoint(others);
            match is_number(middle) {
                true => numbers = middle + 1,
                false => others = middle,
            }
        }
        let last = numbers.checked_sub(1)?;
        // Both zeros are one value in that order, so that either may be the first.
        Some(self.signed_zeros(ValueBounds {
            least: values.value(0),
            greatest: values.value(last),
        }))
    }

    /// Zero as the least value is negative, as the greatest positive: the format asks for it.
    pub(super) fn signed_zeros(&self, mut bounds: ValueBounds) -> ValueBounds {
        let width = match (self.physical, self.sort) {
            (Type::FLOAT, _) => 4,
            (Type::DOUBLE, _) => 8,
            (_, Sort::Half) => 2,
            _ => return bounds,
        };
        let zero = |bytes: &[u8]| {
            bytes[width - 1] & 0x7f == 0 && bytes[..width - 1].iter().all(|byte| *byte == 0)
        };
        if zero(&bounds.least) {
            bounds.least[width - 1] = 0x80;
        }
        if zero(&bounds.greatest) {
            bounds.greatest[width - 1] = 0;
        }
        bounds
    }

    /// The bounds of both.
    pub(super) fn join(
        &self,
        one: Option<ValueBounds>,
        other: Option<ValueBounds>,
    ) -> Option<ValueBounds> {
        let (Some(mut one), Some(other)) = (one.clone(), other.clone()) else {
            return one.or(other);
        };
        if self.compare(&other.least, &one.least) == Some(Ordering::Less) {
            one.least = other.least;
        }
        if self.compare(&other.greatest, &one.greatest) == Some(Ordering::Greater) {
            one.greatest = other.greatest;
        }
        Some(one)
    }

    /// Bounds short enough for an index, and whether each still is a value.
    pub(super) fn short(&self, bounds: &ValueBounds) -> (Vec<u8>, bool, Vec<u8>, bool) {
        if !self.cut {
            return (bounds.least.clone(), true, bounds.greatest.clone(), true);
        }
        let (least, least_exact) = least_bound(&bounds.least, LONGEST, self.text);
        let (greatest, greatest_exact) = greatest_bound(&bounds.greatest, LONGEST, self.text);
        (least, least_exact, greatest, greatest_exact)
    }

    /// The statistics of a chunk.
    pub(super) fn statistics(&self, bounds: Option<&ValueBounds>, nulls: u64) -> Statistics {
        macro_rules! statistics {
            ($of:expr) => {{
                let short = bounds.map(|bounds| self.short(bounds));
                let (least_exact, greatest_exact) = short
                    .as_ref()
                    .map_or((true, true), |short| (short.1, short.3));
                let (least, greatest) = short.map(|short| (short.0, short.2)).unzip();
                let statistics = ValueStatistics::new(
                    least.map($of),
                    greatest.map($of),
                    None,
                    Some(nulls),
                    false,
                )
                .with_backwards_compatible_min_max(self.signed);
                match bounds {
                    Some(_) if self.cut => statistics
                        .with_min_is_exact(least_exact)
                        .with_max_is_exact(greatest_exact)
                        .into(),
                    _ => statistics.into(),
                }
            }};
        }
        match self.physical {
            Type::BOOLEAN => statistics!(|bytes: Vec<u8>| bytes[0] != 0),
            Type::INT32 => statistics!(|bytes: Vec<u8>| number(&bytes, i32::from_le_bytes)),
            Type::INT64 | Type::INT96 => {
                statistics!(|bytes: Vec<u8>| number(&bytes, i64::from_le_bytes))
            }
            Type::FLOAT => statistics!(|bytes: Vec<u8>| number(&bytes, f32::from_le_bytes)),
            Type::DOUBLE => statistics!(|bytes: Vec<u8>| number(&bytes, f64::from_le_bytes)),
            Type::BYTE_ARRAY => statistics!(ByteArray::from),
            Type::FIXED_LEN_BYTE_ARRAY => {
                statistics!(|bytes| FixedLenByteArray::from(ByteArray::from(bytes)))
            }
        }
    }
}

/// The bounds of so many bits.
// True is there if any bit is set, false if not all are: counted byte by byte, no value is looked
// at.
fn of_bits(bits: &[u8], length: usize) -> Option<ValueBounds> {
    let set: usize = bits.iter().map(|byte| byte.count_ones() as usize).sum();
    (length > 0).then(|| ValueBounds {
        least: vec![u8::from(set == length)],
        greatest: vec![u8::from(set > 0)],
    })
}

/// A number from its bytes, 0 if they are not as many as it has.
fn number<T: ArrowNativeTypeOp, const N: usize>(bytes: &[u8], from: impl Fn([u8; N]) -> T) -> T {
    bytes.try_into().map_or(T::ZERO, from)
}
