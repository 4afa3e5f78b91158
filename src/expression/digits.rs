//! Decimal numbers as text.

/// The number as PostgreSQL writes it: every digit of the scale.
pub(super) fn decimal_text(value: i128, scale: i8) -> String {
    let mut text = String::new();
    write_decimal(&mut text, value, scale);
    text
}

pub(super) fn write_decimal(text: &mut String, value: i128, scale: i8) {
    // A sign, 39 digits of 128 bits and a point, or as many zeros before them.
    let mut digits = [b'0'; 80];
    let mut start = digits.len();
    let mut place = |digit: u8| {
        start -= 1;
        digits[start] = digit;
    };
    let mut rest = value.unsigned_abs();
    let mut written = 0;
    // At least one digit before the point. 64-bit divisions while they suffice: a 128-bit one is ten times
    // slower.
    while rest > 0 || written <= scale.max(0) {
        if written == scale && scale > 0 {
            place(b'.');
        }
        let digit = match u64::try_from(rest) {
            Ok(narrow) => {
                rest = u128::from(narrow / 10);
                narrow % 10
            }
            Err(_) => {
                let digit = (rest % 10) as u64;
                rest /= 10;
                digit
            }
        };
        place(b'0' + digit as u8);
        written += 1;
    }
    if value < 0 {
        place(b'-');
    }
    // Digits are always UTF-8; one whole piece costs a third of a character at a time.
    text.push_str(std::str::from_utf8(&digits[start..]).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_every_digit_of_their_scale() {
        for (value, scale, expected) in [
            (0, 0, "0"),
            (0, 2, "0.00"),
            (5, 2, "0.05"),
            (-5, 2, "-0.05"),
            (-12_345, 2, "-123.45"),
            (i128::from(i64::MIN), 0, "-9223372036854775808"),
            (
                10_i128.pow(38) - 1,
                6,
                "99999999999999999999999999999999.999999",
            ),
            (7, 38, "0.00000000000000000000000000000000000007"),
        ] {
            assert_eq!(decimal_text(value, scale), expected);
        }
    }
}
