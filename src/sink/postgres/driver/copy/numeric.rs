//! Decimals and large integers as `numeric`.
//!
//! The format (`numeric_send` in PostgreSQL's `numeric.c`): the number of digits to the base of
//! 10 000, the weight of the first one, the sign, how many decimal digits are shown behind the point,
//! then the digits, two bytes each.

use crate::type_names::show_type;
use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal64Type, Decimal128Type};

use super::Values;

/// What stands before the digits.
const HEAD: usize = 8;

const NEGATIVE: u16 = 0x4000;

/// 38 decimal digits, cut at the point: 11 groups of four at most.
const MOST: usize = 11;

/// The digits of one number, the last one first.
struct Digits {
    groups: [u16; MOST],
    /// How many there are.
    count: usize,
    /// How many of them are zeros that are not sent: the last ones of the number.
    trailing: usize,
    /// The weight of the first one.
    weight: i16,
}

/// Numbers with the digits behind the point that their type has.
pub(super) struct Numerics {
    values: PrimitiveArray<Decimal128Type>,
    scale: u32,
}

impl Numerics {
    pub(super) fn of(array: &ArrayRef) -> Result<Self, String> {
        let wide = match array.data_type() {
            DataType::Decimal128(..) => array.clone(),
            DataType::Decimal64(precision, scale) => {
                let values = array.as_primitive::<Decimal64Type>();
                let values = values.unary::<_, Decimal128Type>(i128::from);
                let values = values.with_precision_and_scale(*precision, *scale);
                std::sync::Arc::new(values.map_err(|error| error.to_string())?)
            }
            data_type if data_type.is_integer() => {
                let wide = DataType::Decimal128(20, 0);
                cast(array, &wide).map_err(|error| error.to_string())?
            }
            other => return Err(format!("{} does not go into numeric", show_type(other))),
        };
        let values = wide.as_primitive::<Decimal128Type>().clone();
        let scale = u32::try_from(values.scale());
        let scale = scale.map_err(|_| "its scale is negative; `cast` the column".to_string())?;
        Ok(Self { values, scale })
    }

    fn digits(&self, row: usize) -> Digits {
        Digits::of(self.values.value(row).unsigned_abs(), self.scale)
    }
}

impl Digits {
    fn of(mut value: u128, scale: u32) -> Self {
        let (mut groups, mut count) = ([0; MOST], 0);
        let behind = scale.div_ceil(4) as usize;
        // The last group behind the point may have fewer than four digits: zeros follow them.
        let short = scale % 4;
        if short > 0 {
            let power = 10_u128.pow(short);
            groups[0] = (value % power) as u16 * 10_u16.pow(4 - short);
            value /= power;
            count = 1;
        }
        // Divisions of 64 bits take a tenth of the time.
        while value > u128::from(u64::MAX) {
            groups[count] = (value % 10_000) as u16;
            value /= 10_000;
            count += 1;
        }
        let mut value = value as u64;
        while value > 0 {
            groups[count] = (value % 10_000) as u16;
            value /= 10_000;
            count += 1;
        }
        while count > 0 && groups[count - 1] == 0 {
            count -= 1;
        }
        let zeros = groups[..count].iter().take_while(|group| **group == 0);
        let trailing = zeros.count();
        let weight = match count {
            0 => 0,
            count => count as i16 - 1 - behind as i16,
        };
        Self {
            groups,
            count,
            trailing,
            weight,
        }
    }

    /// Those that are sent, the first one first.
    fn sent(&self) -> impl ExactSizeIterator<Item = &u16> {
        self.groups[self.trailing..self.count].iter().rev()
    }
}

impl Values for Numerics {
    fn size(&self, row: usize) -> Option<usize> {
        let valid = self.values.is_valid(row);
        valid.then(|| HEAD + 2 * self.digits(row).sent().len())
    }

    fn put(&self, row: usize, field: &mut [u8]) {
        let digits = self.digits(row);
        let sign = match self.values.value(row) < 0 {
            true => NEGATIVE,
            false => 0,
        };
        field[..2].copy_from_slice(&(digits.sent().len() as u16).to_be_bytes());
        field[2..4].copy_from_slice(&digits.weight.to_be_bytes());
        field[4..6].copy_from_slice(&sign.to_be_bytes());
        field[6..8].copy_from_slice(&(self.scale as u16).to_be_bytes());
        for (place, digit) in field[HEAD..].chunks_exact_mut(2).zip(digits.sent()) {
            place.copy_from_slice(&digit.to_be_bytes());
        }
    }
}
