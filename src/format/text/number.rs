//! Whole numbers, decimals and floats as text.

const PAIRS: &[u8; 200] = b"0001020304050607080910111213141516171819\
2021222324252627282930313233343536373839\
4041424344454647484950515253545556575859\
6061626364656667686970717273747576777879\
8081828384858687888990919293949596979899";

/// Room for the digits of the greatest u128.
type Digits = [u8; 39];

/// Writes the digits of `value` to the end of `digits` and says where they begin.
fn digits(mut value: u64, digits: &mut Digits, mut start: usize) -> usize {
    while value >= 100 {
        let pair = (value % 100) as usize * 2;
        value /= 100;
        start -= 2;
        digits[start..start + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
    }
    if value >= 10 {
        let pair = value as usize * 2;
        start -= 2;
        digits[start..start + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
    } else {
        start -= 1;
        digits[start] = b'0' + value as u8;
    }
    start
}

fn wide_digits(mut value: u128, room: &mut Digits) -> usize {
    // The greatest power of ten in 64 bits.
    const PART: u128 = 10_000_000_000_000_000_000;
    let mut end = room.len();
    while value >= PART {
        let start = digits((value % PART) as u64, room, end);
        value /= PART;
        room[end - 19..start].fill(b'0');
        end -= 19;
    }
    digits(value as u64, room, end)
}

/// Writes a whole number.
pub fn write_unsigned(out: &mut Vec<u8>, value: u64) {
    let mut room = [0; 39];
    let start = digits(value, &mut room, 39);
    out.extend_from_slice(&room[start..]);
}

/// Writes a whole number.
pub fn write_signed(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    write_unsigned(out, value.unsigned_abs());
}

/// Writes a whole number with at least `width` digits.
pub fn write_padded(out: &mut Vec<u8>, value: u64, width: usize) {
    let mut room = [b'0'; 39];
    let start = digits(value, &mut room, 39);
    out.extend_from_slice(&room[start.min(39 - width)..]);
}

/// Writes `value` × 10^-`scale` with exactly `scale` digits after the point.
pub fn write_decimal(out: &mut Vec<u8>, value: i128, scale: i8) {
    let mut room = [b'0'; 39];
    let start = wide_digits(value.unsigned_abs(), &mut room);
    let text = &room[start..];
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
pub enum Floats {
    /// As in CSV: `1e16`, `NaN`, `inf`, `-inf`.
    Csv,
    /// As in JSON: finite only.
    Json,
}

/// Writes a float.
pub fn write_f64(out: &mut Vec<u8>, value: f64, floats: Floats) {
    match floats {
        Floats::Csv => out.extend_from_slice(ryu::Buffer::new().format(value).as_bytes()),
        Floats::Json => {
            let mut room = [0; <f64 as lexical_core::FormattedSize>::FORMATTED_SIZE];
            out.extend_from_slice(lexical_core::write(value, &mut room));
        }
    }
}

/// Writes a float with the digits that 32 bits need.
pub fn write_f32(out: &mut Vec<u8>, value: f32, floats: Floats) {
    match floats {
        Floats::Csv => out.extend_from_slice(ryu::Buffer::new().format(value).as_bytes()),
        Floats::Json => {
            let mut room = [0; <f32 as lexical_core::FormattedSize>::FORMATTED_SIZE];
            out.extend_from_slice(lexical_core::write(value, &mut room));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn whole_numbers_have_every_digit() {
        for value in [0, 9, 10, 99, 100, 12345, i64::MAX, i64::MIN, -1, -10] {
            assert_eq!(text(|out| write_signed(out, value)), value.to_string());
        }
        assert_eq!(
            text(|out| write_unsigned(out, u64::MAX)),
            u64::MAX.to_string()
        );
        assert_eq!(text(|out| write_padded(out, 7, 3)), "007");
        assert_eq!(text(|out| write_padded(out, 12345, 3)), "12345");
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
        for (value, csv, json) in [
            (0.1, "0.1", "0.1"),
            (-0.0, "-0.0", "-0.0"),
            (1e16, "1e16", "1.0e16"),
            (1e9, "1000000000.0", "1000000000.0"),
            (
                f64::MIN_POSITIVE,
                "2.2250738585072014e-308",
                "2.2250738585072014e-308",
            ),
        ] {
            assert_eq!(text(|out| write_f64(out, value, Floats::Csv)), csv);
            assert_eq!(text(|out| write_f64(out, value, Floats::Json)), json);
        }
        assert_eq!(text(|out| write_f64(out, f64::NAN, Floats::Csv)), "NaN");
        assert_eq!(
            text(|out| write_f64(out, f64::NEG_INFINITY, Floats::Csv)),
            "-inf"
        );
        assert_eq!(text(|out| write_f32(out, 0.1, Floats::Json)), "0.1");
    }
}
