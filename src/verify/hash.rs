//! 128-bit hashes of rows, made column by column: equal for equal values, whatever array holds them.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use arrow::row::{RowConverter, SortField};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use twox_hash::XxHash3_128;

use super::side::{ComparedRows, Stands};
use crate::column::hash::Key;
use crate::error::Result;

/// What the values of one column are hashed with.
#[derive(Clone, Copy)]
struct Mixer {
    high: Key,
    low: Key,
}

/// Hashes the rows of pieces.
pub(super) struct Hasher {
    mixers: Vec<Mixer>,
    ends: Mixer,
}

impl Mixer {
    fn new(name: &str) -> Self {
        // The hash of this crate's generators, keyed by the column's place: equal values of two
        // columns must not have equal hashes, or two columns that have changed places would add up
        // to the same.
        let key = Key::new("rows that are compared").child(name);
        Self {
            high: key.child("high"),
            low: key.child("low"),
        }
    }

    #[inline(always)]
    fn number(&self, bits: u64) -> u128 {
        both(self.high.at(bits), self.low.at(bits))
    }

    fn bytes(&self, bytes: &[u8]) -> u128 {
        let seed = (self.high.bits() >> 64) as u64;
        // XXH3 with 128 bits: by chance alone two of 2^64 rows have the same hash. It is no defence
        // against somebody who looks for rows with equal hashes, and need not be one.
        XxHash3_128::oneshot_with_seed(seed, bytes)
    }

    /// Hashes a number of 128 bits. Most of them fit into 64: then it is the hash of those.
    // The second half is hashed only where it is no sign extension of the first one, which is rare
    // for decimals.
    #[inline(always)]
    fn wide(&self, value: i128) -> u128 {
        let (low, high) = (value as u64, (value >> 64) as u64);
        let rest = high ^ (low as i64 >> 63) as u64;
        let hash = self.number(low);
        match rest {
            0 => hash,
            rest => hash.wrapping_add(both(self.low.at(rest), self.high.at(rest))),
        }
    }

    fn null(&self) -> u128 {
        self.high.bits() ^ self.low.bits().rotate_left(64)
    }

    /// Mixes the sum of a row's columns once more. Without it the sum over a bucket of rows would
    /// be the same for rows that have exchanged values of a column.
    fn end(&self, hash: u128) -> u128 {
        let (high, low) = ((hash >> 64) as u64, hash as u64);
        let high = self.high.at(high ^ low.rotate_left(29));
        both(high, self.low.at(low ^ high))
    }
}

fn both(high: u64, low: u64) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}

impl Hasher {
    /// For rows of so many columns.
    pub(super) fn new(columns: usize) -> Self {
        let mixer = |column: usize| Mixer::new(&column.to_string());
        Self {
            mixers: (0..columns).map(mixer).collect(),
            ends: Mixer::new("row"),
        }
    }

    /// A hash for each row of some of its columns. What could not be read of a row makes it unlike
    /// any other.
    pub(super) fn rows(&self, rows: &ComparedRows, columns: &[usize]) -> Result<Vec<u128>> {
        // Sums over columns and sums over rows, never lists of values: columns can be hashed one
        // after the other in tight loops, and rows of a bucket in any order by any thread.
        let mut hashes = vec![0; rows.count];
        for column in columns {
            add(&rows.columns[*column], self.mixers[*column], &mut hashes)?;
        }
        for hash in &mut hashes {
            *hash = self.ends.end(*hash);
        }
        for odd in rows.odd.iter().filter(|odd| columns.contains(&odd.column)) {
            let (Stands::Text(text) | Stands::Unread(text)) = &odd.stands;
            let text = self.mixers[odd.column].bytes(text.as_bytes());
            hashes[odd.row] = self.ends.end(hashes[odd.row].wrapping_add(text));
        }
        Ok(hashes)
    }

    /// A hash that stands for this row alone.
    pub(super) fn alone(&self, number: u64) -> u128 {
        self.ends.end(self.ends.number(number))
    }
}

/// Adds the hash of each value to that of its row.
fn add(column: &ArrayRef, mixer: Mixer, rows: &mut [u128]) -> Result<()> {
    match column.data_type() {
        DataType::Dictionary(..) => return add_dictionary(column, mixer, rows),
        DataType::Null => each(column, mixer, rows, |_| 0),
        DataType::Boolean => {
            let values = column.as_boolean().values();
            each(column, mixer, rows, |row| {
                mixer.number(u64::from(values.value(row)))
            });
        }
        DataType::Float32 => {
            let values = column.as_primitive::<Float32Type>().values();
            // One bit pattern for all NaN: writers of files change its payload. A negative zero
            // stays another value than zero, for files keep it; `Held::OneZero` is for servers that
            // do not.
            let bits = |value: f32| if value.is_nan() { f32::NAN } else { value }.to_bits();
            each(column, mixer, rows, |row| {
                mixer.number(u64::from(bits(values[row])))
            });
        }
        DataType::Float64 => {
            let values = column.as_primitive::<Float64Type>().values();
            let bits = |value: f64| if value.is_nan() { f64::NAN } else { value }.to_bits();
            each(column, mixer, rows, |row| mixer.number(bits(values[row])));
        }
        DataType::Utf8 => {
            let values = column.as_string::<i32>();
            each(column, mixer, rows, |row| {
                mixer.bytes(values.value(row).as_bytes())
            });
        }
        DataType::Binary => {
            let values = column.as_binary::<i32>();
            each(column, mixer, rows, |row| mixer.bytes(values.value(row)));
        }
        DataType::FixedSizeBinary(_) => {
            let values = column.as_fixed_size_binary();
            each(column, mixer, rows, |row| mixer.bytes(values.value(row)));
        }
        other => match other.primitive_width() {
            Some(width) => add_numbers(column, width, mixer, rows),
            None => return add_others(column, mixer, rows),
        },
    }
    Ok(())
}

#[inline(always)]
fn each(column: &ArrayRef, mixer: Mixer, rows: &mut [u128], hash: impl Fn(usize) -> u128) {
    let nulls = column.logical_nulls();
    let null = mixer.null();
    for (row, sum) in rows.iter_mut().enumerate() {
        let is_null = nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
        let hash = if is_null { null } else { hash(row) };
        *sum = sum.wrapping_add(hash);
    }
}

/// Numbers, dates and times, by their bytes.
fn add_numbers(column: &ArrayRef, width: usize, mixer: Mixer, rows: &mut [u128]) {
    let data = column.to_data();
    let bytes = &data.buffers()[0].as_slice()[data.offset() * width..];
    let value = |row: usize| &bytes[row * width..(row + 1) * width];
    match width {
        1..=8 => each(column, mixer, rows, |row| {
            let mut bits = [0; 8];
            // Not extended by the sign: both sides have the same type, so that the same value has
            // the same bytes.
            bits[..width].copy_from_slice(value(row));
            mixer.number(u64::from_le_bytes(bits))
        }),
        16 => each(column, mixer, rows, |row| {
            let mut bits = [0; 16];
            bits.copy_from_slice(value(row));
            mixer.wide(i128::from_le_bytes(bits))
        }),
        _ => each(column, mixer, rows, |row| mixer.bytes(value(row))),
    }
}

/// Each value of the dictionary is hashed once.
fn add_dictionary(column: &ArrayRef, mixer: Mixer, rows: &mut [u128]) -> Result<()> {
    let dictionary = column.as_any_dictionary();
    // A column of few values is then hashed at the price of a look-up per row.
    let mut values = vec![0; dictionary.values().len()];
    add(dictionary.values(), mixer, &mut values)?;
    match values.is_empty() {
        true => each(column, mixer, rows, |_| 0),
        false => {
            let keys = dictionary.normalized_keys();
            each(column, mixer, rows, |row| values[keys[row]]);
        }
    }
    Ok(())
}

/// Lists and structs by the bytes that Arrow compares rows by; what it has none for, by its text.
fn add_others(column: &ArrayRef, mixer: Mixer, rows: &mut [u128]) -> Result<()> {
    let sort = vec![SortField::new(column.data_type().clone())];
    let values = RowConverter::new(sort)
        .and_then(|converter| converter.convert_columns(std::slice::from_ref(column)));
    match values {
        Ok(values) => each(column, mixer, rows, |row| {
            mixer.bytes(values.row(row).as_ref())
        }),
        Err(_) => {
            let options = FormatOptions::default();
            let shown = ArrayFormatter::try_new(column.as_ref(), &options)?;
            each(column, mixer, rows, |row| {
                mixer.bytes(shown.value(row).to_string().as_bytes())
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        Decimal128Array, DictionaryArray, Float64Array, Int64Array, ListArray, StringArray,
    };
    use arrow::datatypes::{Int32Type, Int64Type};

    use super::super::side::Odd;
    use super::*;

    fn hashes(columns: Vec<ArrayRef>, odd: Vec<Odd>) -> Vec<u128> {
        let all: Vec<usize> = (0..columns.len()).collect();
        let hasher = Hasher::new(columns.len());
        let mut rows = ComparedRows::new(columns, 0);
        rows.odd = odd;
        hasher.rows(&rows, &all).unwrap()
    }

    fn different(column: ArrayRef) {
        let hashes = hashes(vec![column.clone()], Vec::new());
        let distinct: std::collections::BTreeSet<&u128> = hashes.iter().collect();
        assert_eq!(distinct.len(), hashes.len(), "{column:?}");
    }

    #[test]
    fn unlike_values_have_unlike_hashes() {
        different(Arc::new(Int64Array::from_iter([
            Some(0),
            Some(1),
            Some(-1),
            None,
            Some(i64::MAX),
        ])));
        different(Arc::new(StringArray::from_iter([
            Some(""),
            None,
            Some("a"),
            Some("b"),
            Some("a\0"),
        ])));
        different(Arc::new(Float64Array::from(vec![
            0.0,
            -0.0,
            1.0,
            f64::NAN,
            f64::INFINITY,
        ])));
        let (low, high) = (i128::from(i64::MIN), i128::from(i64::MAX));
        different(Arc::new(Decimal128Array::from(vec![
            1,
            -1,
            1 << 100,
            0,
            1 << 64,
            (1 << 64) + 1,
            -(1 << 64),
            low,
            low - 1,
            high,
            high + 1,
        ])));
        different(Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(
            [
                Some(vec![Some(1)]),
                Some(vec![Some(1), None]),
                None,
                Some(vec![]),
                Some(vec![None]),
            ],
        )));
    }

    #[test]
    fn an_array_of_another_kind_or_a_part_of_one_has_the_same_hashes() {
        let texts = StringArray::from_iter([Some("b"), Some("a"), None, Some("a")]);
        let dictionary: DictionaryArray<Int32Type> = texts.iter().collect();
        let plain = hashes(vec![Arc::new(texts)], Vec::new());
        assert_eq!(plain, hashes(vec![Arc::new(dictionary)], Vec::new()));
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![7, 8, 9]));
        let whole = hashes(vec![numbers.clone()], Vec::new());
        assert_eq!(whole[1..], hashes(vec![numbers.slice(1, 2)], Vec::new()));
    }

    #[test]
    fn values_are_told_from_those_of_other_columns_and_rows() {
        let numbers = |values: [i64; 2]| Arc::new(Int64Array::from(values.to_vec())) as ArrayRef;
        let one = hashes(vec![numbers([1, 2]), numbers([3, 4])], Vec::new());
        let other = hashes(vec![numbers([1, 2]), numbers([4, 3])], Vec::new());
        let sum = |hashes: &[u128]| hashes[0].wrapping_add(hashes[1]);
        assert_ne!(sum(&one), sum(&other));
        let turned = hashes(vec![numbers([3, 4]), numbers([1, 2])], Vec::new());
        assert_ne!(sum(&one), sum(&turned));
    }

    #[test]
    fn what_could_not_be_read_is_unlike_a_null() {
        let nulls: ArrayRef = Arc::new(Int64Array::from(vec![None, None, None]));
        let odd = |row: usize, text: &str| Odd {
            row,
            column: 0,
            stands: Stands::Text(text.into()),
        };
        let found = hashes(vec![nulls], vec![odd(1, "x"), odd(2, "y")]);
        assert!(found[0] != found[1] && found[1] != found[2]);
    }
}
