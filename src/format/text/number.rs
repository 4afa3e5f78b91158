//! Whole numbers, decimals and floats as text.

use crate::kernel::number_text::{UNSIGNED, put_fraction, put_unsigned};

/// Room for the digits of the greatest u128, in parts of 18 digits.
type DigitBuffer = [u8; 2 * 18 + UNSIGNED];

/// Writes a whole number to `room`; says where it ends.
fn put_wide(value: u128, room: &mut DigitBuffer) -> usize {
    const PART: u128 = 1_000_000_000_000_000_000;
    if value < PART {
        return put_unsigned(room, 0, value as u64);
    }
    let end = put_wide(value / PART, room);
    put_fraction(room, end, (value % PART) as u64, 18)
}

/// Writes `value` × 10^-`scale` with exactly `scale` digits after the point.
pub fn write_decimal(out: &mut Vec<u8>, value: i128, scale: i8) {
    let mut room: DigitBuffer = [0; 2 * 18 + UNSIGNED];
    let end = put_wide(value.unsigned_abs(), &mut room);
    let text = &room[..end];
    if value < 0 {
        out.push(b'-');
    }
    match usize::try_from(scale) {
        Ok(0) => out.extend_from_slice(text),
        Ok(scale) if text.len() > scale => {
            let (whole, fraction) = text.split_at(text.len() - scale);
            out.extend_from_slice(whole);
            out.push(b'.');
            out.extend_from_slice(fraction);
        }
        Ok(scale) => {
            out.extend_from_slice(b"0.");
            out.resize(out.len() + scale - text.len(), b'0');
            out.extend_from_slice(text);
        }
        Err(_) => {
            out.extend_from_slice(text);
            let zeros = if value == 0 { 0 } else { scale.unsigned_abs() };
            out.resize(out.len() + usize::from(zeros), b'0');
        }
    }
}

/// How floats are spelt; both are the shortest text that reads back as the same value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FloatSpelling {
    /// As in CSV: `1e16`, `NaN`, `inf`, `-inf`.
    Csv,
    /// As in JSON: finite only.
    Json,
}

/// Room for a float.
pub const FLOAT: usize = 24;

macro_rules! put_float {
    ($name:ident, $t:ty) => {
        /// Writes a float; says where it ends.
        pub fn $name(out: &mut [u8], at: usize, value: $t, floats: FloatSpelling) -> usize {
            let mut spelt = ryu::Buffer::new();
            let mut written = [0; <$t as lexical_core::FormattedSize>::FORMATTED_SIZE];
            let text = match floats {
                // Both are the shortest text that reads back; they differ in how exponents are
                // written. Each is what the library of its format (arrow-csv, arrow-json) writes,
                // which the tests compare byte by byte.
                FloatSpelling::Csv => spelt.format(value).as_bytes(),
                FloatSpelling::Json => lexical_core::write(value, &mut written),
            };
            out[at..at + text.len()].copy_from_slice(text);
            at + text.len()
        }
    };
}

put_float!(put_f32, f32);
put_float!(put_f64, f64);

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    fn float(put: impl FnOnce(&mut [u8]) -> usize) -> String {
        let mut out = [0; FLOAT];
        let end = put(&mut out);
        String::from_utf8(out[..end].to_vec()).unwrap()
    }

    #[test]
    fn decimals_have_fixed_digits() {
        for (value, scale, expected) in [
            (50_000_000, 6, "50.000000"),
            (5, 6, "0.000005"),
            (-5, 2, "-0.05"),
            (-123, 2, "-1.23"),
            (0, 2, "0.00"),
            (7, 0, "7"),
            (7, -2, "700"),
            (0, -2, "0"),
            (i128::MAX, 0, "170141183460469231731687303715884105727"),
            (i128::MIN, 38, "-1.70141183460469231731687303715884105728"),
            (10_000_000_000_000_000_000, 3, "10000000000000000.000"),
            (
                100_000_000_000_000_000_000_000_000_000_000_000_000,
                1,
                "10000000000000000000000000000000000000.0",
            ),
        ] {
            assert_eq!(text(|out| write_decimal(out, value, scale)), expected);
        }
    }

    #[test]
    fn floats_are_as_short_as_they_can_be() {
        let csv = |value: f64| float(|out| put_f64(out, 0, value, FloatSpelling::Csv));
        let json = |value: f64| float(|out| put_f64(out, 0, value, FloatSpelling::Json));
        for (value, in_csv, in_json) in [
            (0.1, "0.1", "0.1"),
            (-0.0, "-0.0", "-0.0"),
            (1e16, "1e16", "1.0e16"),
            (1e9, "1000000000.0", "1000000000.0"),
            (
                f64::MIN_POSITIVE,
                "2.2250738585072014e-308",
                "2.2250738585072014e-308",
            ),
            (
                -f64::MAX,
                "-1.7976931348623157e308",
                "-1.7976931348623157e308",
            ),
        ] {
            assert_eq!((csv(value), json(value)), (in_csv.into(), in_json.into()));
        }
        assert_eq!(csv(f64::NAN), "NaN");
        assert_eq!(csv(f64::NEG_INFINITY), "-inf");
        assert_eq!(
            float(|out| put_f32(out, 0, 0.1, FloatSpelling::Json)),
            "0.1"
        );
    }
}
