//! Decimal numbers as text.

/// The number as PostgreSQL writes it: every digit of the scale.
pub(super) fn decimal_text(value: i128, scale: i8) -> String {
    let mut text = String::new();
    write_decimal(&mut text, value, scale);
    text
}

pub(super) fn write_decimal(text: &mut String, value: i128, scale: i8) {
    let mut digits = [b'0'; 80];
    let mut start = digits.len();
    let scale = scale.max(0) as usize;
    let point = digits.len() - scale;
    let mut rest = value.unsigned_abs();
    // 64-bit divisions while they suffice: a 128-bit one is ten times slower.
    while rest > u128::from(u64::MAX) {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    let mut rest = rest as u64;
    while rest > 0 {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    if value < 0 {
        text.push('-');
    }
    let start = start.min(point - 1);
    let push =
        |text: &mut String, digits: &[u8]| digits.iter().for_each(|&digit| text.push(digit.into()));
    push(text, &digits[start..point]);
    if scale > 0 {
        text.push('.');
        push(text, &digits[point..]);
    }
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
