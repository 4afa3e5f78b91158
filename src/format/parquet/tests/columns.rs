//! Random columns of every flat type, with the values that are easiest to get wrong.

use std::sync::Arc;

use arrow::array::*;
use arrow::compute::cast;
use arrow::datatypes::*;

/// Numbers from a seed.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// An integer of any size that `awkward` likes.
    fn integer(&mut self, awkward: usize) -> i128 {
        let wide = i128::from(self.next() as i64) << 64 | i128::from(self.next());
        match (awkward, self.below(8)) {
            (0, _) => 7,
            (1, _) => wide.rem_euclid(100) - 50,
            (_, 0) => i128::MIN,
            (_, 1) => i128::MAX,
            (_, 2) => 0,
            (_, 3) => -1,
            (_, shift) => wide >> (self.below(127) + shift % 2),
        }
    }

    fn float(&mut self, awkward: usize) -> f64 {
        const ODD: [f64; 7] = [
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            -0.0,
            0.0,
            f64::MAX,
            1e-310,
        ];
        match (awkward, self.below(3)) {
            (0, _) => f64::NAN,
            (1, _) => [0.0, -0.0][self.below(2)],
            (_, 0) => ODD[self.below(7)],
            _ => f64::from(self.next() as i32) / 8.0,
        }
    }

    fn text(&mut self, awkward: usize) -> String {
        let number = self.below(1000);
        match (awkward, self.below(6)) {
            (0, _) => format!("TXN-20260115-{number:08}"),
            (1, _) => "é🎲".repeat(number % 40),
            (_, 0) => String::new(),
            (_, 1) => "x".repeat(number),
            (_, 2) => format!("{}{number}", "\u{10FFFF}".repeat(20)),
            (_, 3) => format!("\0{number}"),
            _ => format!("EXT-{}-{number}", ["A", "BB", "CCC"][number % 3]),
        }
    }
}

/// How many kinds of columns `column` makes.
pub const KINDS: usize = 34;

/// A column of this kind; none of its values is null if `nulls` is 0, all are if it is 3.
pub fn column(kind: usize, nulls: usize, rows: usize, random: &mut Random) -> ArrayRef {
    let awkward = random.below(4);
    let stands: Vec<bool> = (0..rows)
        .map(|_| match nulls {
            0 => true,
            1 => random.below(10) > 0,
            2 => random.below(2) > 0,
            _ => false,
        })
        .collect();
    macro_rules! numbers {
        ($array:ty, $native:ty) => {
            Arc::new(<$array>::from_iter(stands.iter().map(|stands| {
                stands.then(|| random.integer(awkward) as $native)
            })))
        };
    }
    macro_rules! texts {
        ($array:ty) => {
            Arc::new(<$array>::from_iter(
                stands
                    .iter()
                    .map(|stands| stands.then(|| random.text(awkward))),
            ))
        };
    }
    macro_rules! decimals {
        ($array:ty, $native:ty, $precision:expr) => {{
            let most = <$native>::pow(10, $precision);
            let values = stands
                .iter()
                .map(|stands| stands.then(|| random.integer(awkward) as $native % most));
            let array = <$array>::from_iter(values);
            Arc::new(array.with_precision_and_scale($precision, 2).unwrap())
        }};
    }
    match kind {
        0 => {
            Arc::new(BooleanArray::from_iter(stands.iter().map(|stands| {
                stands.then(|| awkward == 0 || random.below(2) == 0)
            })))
        }
        1 => numbers!(Int8Array, i8),
        2 => numbers!(Int16Array, i16),
        3 => numbers!(Int32Array, i32),
        4 => numbers!(Int64Array, i64),
        5 => numbers!(UInt8Array, u8),
        6 => numbers!(UInt16Array, u16),
        7 => numbers!(UInt32Array, u32),
        8 => numbers!(UInt64Array, u64),
        9 => Arc::new(Float32Array::from_iter(
            stands
                .iter()
                .map(|stands| stands.then(|| random.float(awkward) as f32)),
        )),
        10 => Arc::new(Float64Array::from_iter(
            stands
                .iter()
                .map(|stands| stands.then(|| random.float(awkward))),
        )),
        11 => {
            let floats = Float32Array::from_iter(
                stands
                    .iter()
                    .map(|stands| stands.then(|| random.float(awkward) as f32)),
            );
            cast(&floats, &DataType::Float16).unwrap()
        }
        12 => numbers!(Date32Array, i32),
        13 => numbers!(Time32MillisecondArray, i32),
        14 => numbers!(Time64MicrosecondArray, i64),
        15 => numbers!(Time64NanosecondArray, i64),
        16 => numbers!(TimestampMillisecondArray, i64),
        17 => Arc::new(
            TimestampMicrosecondArray::from_iter(
                stands
                    .iter()
                    .map(|stands| stands.then(|| random.integer(awkward) as i64)),
            )
            .with_timezone("UTC"),
        ),
        18 => numbers!(TimestampNanosecondArray, i64),
        19 => decimals!(Decimal32Array, i32, 5),
        20 => decimals!(Decimal64Array, i64, 9),
        21 => decimals!(Decimal64Array, i64, 18),
        22 => decimals!(Decimal128Array, i128, 9),
        23 => decimals!(Decimal128Array, i128, 18),
        24 => decimals!(Decimal128Array, i128, 25),
        25 => decimals!(Decimal128Array, i128, 38),
        26 => texts!(StringArray),
        27 => texts!(LargeStringArray),
        28 => texts!(StringViewArray),
        29 => texts!(BinaryArray),
        30 => texts!(LargeBinaryArray),
        31 => texts!(BinaryViewArray),
        32 | 33 => {
            let width = if kind == 32 { 16 } else { 3 };
            let values = stands.iter().map(|stands| {
                stands.then(|| {
                    let bytes = [random.next().to_le_bytes(), random.next().to_be_bytes()].concat();
                    let first = if awkward == 0 { 0 } else { bytes[0] };
                    [&[first], &bytes[1..width]].concat()
                })
            });
            let values: Vec<_> = values.collect();
            let array = FixedSizeBinaryArray::try_from_sparse_iter_with_size(
                values.into_iter(),
                width as i32,
            );
            Arc::new(array.unwrap())
        }
        kind => panic!("there are no columns of kind {kind}"),
    }
}

/// A column whose rows are keys of a dictionary with values of this kind, and its dictionary.
pub fn coded(kind: usize, nulls: usize, rows: usize, random: &mut Random) -> (ArrayRef, ArrayRef) {
    let values = column(kind, 0, 1 + random.below(300), random);
    let values = distinct(&values);
    let few = 1 + random.below(values.len());
    let keys = (0..rows).map(|_| {
        let stands = match nulls {
            0 => true,
            3 => false,
            _ => random.below(4) > 0,
        };
        stands.then(|| random.below(few) as i32)
    });
    let keys: Int32Array = keys.collect();
    let array = DictionaryArray::try_new(keys, values.clone()).unwrap();
    (Arc::new(array), values)
}

/// The same values, each of them once.
fn distinct(values: &ArrayRef) -> ArrayRef {
    let mut seen = std::collections::HashSet::new();
    let places = (0..values.len() as u32).filter(|place| {
        let value = arrow::util::display::array_value_to_string(values, *place as usize);
        seen.insert(value.unwrap_or_else(|_| format!("{:?}", values.slice(*place as usize, 1))))
    });
    let places: UInt32Array = places.collect::<Vec<_>>().into();
    arrow::compute::take(values, &places, None).unwrap()
}
