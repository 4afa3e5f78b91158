//! What a float holds of a number as it is written.

/// Seventeen digits name every float of 64 bits (IEEE 754), so that programs write up to so many. A
/// number with no more is taken for a float that somebody wrote.
const WRITTEN: usize = 17;

/// No float of 64 bits has more significant digits when it is written out exactly; some near
/// 2.2e-308 have so many.
const MOST: usize = 767;

/// True where a float of 64 bits, written with as many digits as the number is, has the same ones. Up to
/// 17 digits are trusted: floats themselves are written with them. Numbers beyond floats are not looked
/// for here.
pub fn float_holds(number: &str) -> bool {
    let written = significant(number);
    let Ok(float) = number.parse::<f64>() else {
        return false;
    };
    match written.len() {
        0 => true,
        1..=WRITTEN if float.abs() >= f64::MIN_POSITIVE => true,
        // Beyond floats, or so near to zero that nothing of the number is left.
        count if count > MOST || !float.is_finite() || float == 0.0 => false,
        count => {
            let digits = count - 1;
            significant(&format!("{float:.digits$e}")) == written
        }
    }
}

/// True where a float of 64 bits, or of 32 if it is `single`, is the whole number that is written out
/// in digits. Anything else that is written counts as held.
pub fn float_is(number: &str, single: bool) -> bool {
    let number = number.trim();
    let digits = number.trim_start_matches(['-', '+']);
    // Whole numbers up to 2^24, 16 777 216, are floats of 32 bits: seven digits always fit.
    if digits.len() <= 7 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return true;
    }
    let shown = match single {
        true => digits.parse::<f32>().map(|float| format!("{float:.0}")),
        false => digits.parse::<f64>().map(|float| format!("{float:.0}")),
    };
    shown.is_ok_and(|shown| shown == digits.trim_start_matches('0') || shown == "inf")
}

/// The digits of a number without the zeros before and behind them.
fn significant(number: &str) -> Vec<u8> {
    let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
    let digits = mantissa.bytes().filter(u8::is_ascii_digit);
    let mut digits: Vec<u8> = digits.skip_while(|digit| *digit == b'0').collect();
    let end = digits.iter().rposition(|digit| *digit != b'0');
    digits.truncate(end.map_or(0, |end| end + 1));
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_that_a_float_loses_are_found() {
        for held in [
            "0",
            "-0.0",
            "0.1",
            "123456789.12345679",
            "0.12345678901234567",
            "1.234567890123456690e+00",
            "0.1000000000000000055511151231257827021181583404541015625",
            "5e-324",
            "4.9e-324",
            "1e308",
            "100000000000000000000.0",
            "1.00000000000000000000000",
        ] {
            assert!(float_holds(held), "{held}");
        }
        for lost in [
            "0.1234567890123456789",
            "-12345678901234567.89",
            "123456789.123456789",
            "3.14159265358979323846",
            "1.000000000000000000001",
            "9.9999999999999999999e5",
            "1e-400",
            "1.23456789e-320",
        ] {
            assert!(!float_holds(lost), "{lost}");
        }
        let long = format!("0.{}", "3".repeat(100_000));
        assert!(!float_holds(&long));
    }

    #[test]
    fn whole_numbers_that_a_float_rounds_are_found() {
        for (number, double, single) in [
            ("16777216", true, true),
            ("16777217", true, false),
            ("-16777217", true, false),
            ("0016777217", true, false),
            ("33554436", true, true),
            ("9007199254740992", true, true),
            ("9007199254740993", false, false),
            ("-123456789012345678901", false, false),
            ("16777217.0", true, true),
            ("3.4e38", true, true),
            ("1e400", true, true),
            ("0.1", true, true),
            ("x", true, true),
        ] {
            let found = (float_is(number, false), float_is(number, true));
            assert_eq!(found, (double, single), "{number}");
        }
    }
}
