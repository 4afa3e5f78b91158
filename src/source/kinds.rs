//! The narrowest type that holds all values of a column: one set of rules for texts of CSV and for
//! numbers of JSON. What is inferred can be read.

use arrow::compute::kernels::cast_utils::{Parser, string_to_timestamp_nanos};
use arrow::datatypes::{DataType, Date32Type, TimeUnit};

use crate::units::float_holds;

/// What has been seen in one column: one bit for each kind of value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kinds(u16);

const INTEGER: u16 = 1;
const FLOAT: u16 = 2;
const BOOLEAN: u16 = 4;
const DATE: u16 = 8;
/// A date and a time, with up to six and with more digits of a second.
const MICROS: u16 = 16;
const NANOS: u16 = 32;
/// The same with a zone.
const ZONED_MICROS: u16 = 64;
const ZONED_NANOS: u16 = 128;
const TEXT: u16 = 256;
/// A whole number below zero, one that a float would round, one that only `uint64` holds.
const NEGATIVE: u16 = 512;
const WIDE: u16 = 1024;
const UNSIGNED: u16 = 2048;
/// A fraction of more digits than a float holds.
const FINE: u16 = 4096;

/// Floats hold every whole number up to here.
const EXACT: u64 = 1 << 53;

/// The narrowest type that holds all of these texts.
pub fn infer<'t>(texts: impl Iterator<Item = &'t str>) -> DataType {
    let kinds = texts.map(|text| Kinds::of(text.as_bytes()));
    kinds.fold(Kinds::default(), Kinds::and).data_type()
}

impl Kinds {
    /// Texts, whatever they say.
    pub const TEXT: Self = Self(TEXT);
    /// True and false.
    pub const BOOLEAN: Self = Self(BOOLEAN);

    /// The kind of a value that is written as text.
    pub fn of(text: &[u8]) -> Self {
        Self(kind(text))
    }

    /// What both have seen.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// True when more values would change nothing.
    pub fn is_text(self) -> bool {
        self.0 & TEXT != 0
    }

    /// The narrowest type that holds everything seen.
    pub fn data_type(self) -> DataType {
        let integers = INTEGER | NEGATIVE | WIDE | UNSIGNED;
        match self.0 {
            // Nothing but nulls: text is the type that whatever comes later can still be.
            0 => DataType::Utf8,
            kinds if kinds & !integers == 0 => whole(kinds),
            // Beside fractions whole numbers are floats, unless those round them.
            kinds if kinds & !(integers | FLOAT | FINE) == 0 => match kinds & (WIDE | FINE) {
                0 => DataType::Float64,
                _ => DataType::Utf8,
            },
            BOOLEAN => DataType::Boolean,
            kinds => moments(kinds),
        }
    }
}

fn whole(kinds: u16) -> DataType {
    match (kinds & UNSIGNED, kinds & NEGATIVE) {
        (0, _) => DataType::Int64,
        (_, 0) => DataType::UInt64,
        _ => DataType::Utf8,
    }
}

fn moments(kinds: u16) -> DataType {
    let local = DATE | MICROS | NANOS;
    let zoned = ZONED_MICROS | ZONED_NANOS;
    let utc = || Some("UTC".into());
    match kinds {
        DATE => DataType::Date32,
        ZONED_MICROS => DataType::Timestamp(TimeUnit::Microsecond, utc()),
        kinds if kinds & !zoned == 0 => DataType::Timestamp(TimeUnit::Nanosecond, utc()),
        kinds if kinds & NANOS != 0 && kinds & !local == 0 => {
            DataType::Timestamp(TimeUnit::Nanosecond, None)
        }
        kinds if kinds & MICROS != 0 && kinds & !local == 0 => {
            DataType::Timestamp(TimeUnit::Microsecond, None)
        }
        _ => DataType::Utf8,
    }
}

fn kind(text: &[u8]) -> u16 {
    let digits = match text {
        [b'-', rest @ ..] => rest,
        _ => text,
    };
    match digits.first() {
        Some(b'0'..=b'9' | b'.') => number(digits, text),
        _ if text.eq_ignore_ascii_case(b"true") || text.eq_ignore_ascii_case(b"false") => BOOLEAN,
        // Spelt as other tools write them, and no other way: `Inf` and `infinity` are words, too.
        _ if [&b"NaN"[..], b"inf", b"-inf"].contains(&text) => FLOAT,
        _ => TEXT,
    }
}

fn number(digits: &[u8], text: &[u8]) -> u16 {
    let length = digits
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(digits.len());
    // Digits behind a zero are a code, not a number: as text they keep their zeros.
    if length > 1 && digits[0] == b'0' && length == digits.len() {
        return TEXT;
    }
    if length == digits.len() {
        return integer(digits, text);
    }
    match digits[length] {
        b'-' if digits.len() == text.len() => moment(text),
        b'.' | b'e' | b'E' => fraction(digits),
        _ => TEXT,
    }
}

/// Digits, with a sign before them or without.
fn integer(digits: &[u8], text: &[u8]) -> u16 {
    let Some(number) = unsigned(digits) else {
        return TEXT;
    };
    let negative = digits.len() < text.len();
    let most = i64::MAX as u64 + u64::from(negative);
    let mut kinds = INTEGER;
    if negative {
        kinds |= NEGATIVE;
    }
    // Whether a whole number is one that a float rounds is noted with it: beside fractions the
    // column then is text, for neither type holds both.
    if number > EXACT {
        kinds |= WIDE;
    }
    match (number > most, negative) {
        (false, _) => kinds,
        (true, false) => kinds | UNSIGNED,
        (true, true) => TEXT,
    }
}

/// The number that these digits are, if 64 bits hold it.
fn unsigned(digits: &[u8]) -> Option<u64> {
    // 19 digits always fit.
    if digits.len() > 19 {
        return std::str::from_utf8(digits).ok()?.parse().ok();
    }
    let digit = |number: u64, digit: &u8| number * 10 + u64::from(digit.wrapping_sub(b'0'));
    Some(digits.iter().fold(0, digit))
}

/// Digits with a point or an exponent.
fn fraction(text: &[u8]) -> u16 {
    let number = text
        .iter()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    let Some(text) = std::str::from_utf8(text).ok().filter(|_| number) else {
        return TEXT;
    };
    match text.parse() {
        // As most are: no float has fewer digits.
        Ok(float) if f64::is_normal(float) && text.len() <= 17 => FLOAT,
        Ok(float) if f64::is_finite(float) && float_holds(text) => FLOAT,
        Ok(float) if f64::is_finite(float) => FLOAT | FINE,
        _ => TEXT,
    }
}

/// A date, or a date and a time, that there is.
fn moment(text: &[u8]) -> u16 {
    let shape = shape_of_moment(text);
    let real = std::str::from_utf8(text).is_ok_and(|text| match shape {
        TEXT => true,
        // The run counts nanoseconds, which do not reach every year.
        NANOS | ZONED_NANOS => string_to_timestamp_nanos(text).is_ok(),
        _ => Date32Type::parse(text).is_some(),
    });
    if real { shape } else { TEXT }
}

fn shape_of_moment(text: &[u8]) -> u16 {
    let shape = |pattern: &[u8], text: &[u8]| {
        text.len() >= pattern.len()
            && pattern.iter().zip(text).all(|(wanted, byte)| match wanted {
                b'0' => byte.is_ascii_digit(),
                b'T' => matches!(byte, b'T' | b't' | b' '),
                other => other == byte,
            })
    };
    if text.len() == 10 && shape(b"0000-00-00", text) {
        return DATE;
    }
    if !shape(b"0000-00-00T00:00:00", text) {
        return TEXT;
    }
    let rest = &text[19..];
    let (digits, zone) = match rest {
        [b'.', rest @ ..] => {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            (digits, &rest[digits..])
        }
        _ => (0, rest),
    };
    let fits = digits <= 9 && (digits > 0 || rest.first() != Some(&b'.'));
    match (fits, digits > 6, zone) {
        (true, false, []) => MICROS,
        (true, true, []) => NANOS,
        (true, nanos, zone) if is_zone(zone) => match nanos {
            false => ZONED_MICROS,
            true => ZONED_NANOS,
        },
        _ => TEXT,
    }
}

fn is_zone(zone: &[u8]) -> bool {
    match zone {
        b"Z" | b"z" => true,
        [b'+' | b'-', rest @ ..] => match rest {
            [a, b] | [a, b, b':'] => a.is_ascii_digit() && b.is_ascii_digit(),
            [a, b, b':', c, d] | [a, b, c, d] => {
                [a, b, c, d].iter().all(|byte| byte.is_ascii_digit())
            }
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&str]) -> String {
        let seen = values.iter().fold(Kinds::default(), |seen, value| {
            seen.and(Kinds::of(value.as_bytes()))
        });
        crate::column::show_type(&seen.data_type())
    }

    #[test]
    fn the_narrowest_type_holds_every_value() {
        let cases: &[(&[&str], &str)] = &[
            (&["1", "-2", "0"], "int64"),
            (&["1", "2.5", "1e9", "-.5"], "float64"),
            (&["true", "FALSE"], "boolean"),
            (&["2026-01-31"], "date"),
            (&["2026-01-31", "2026-01-31 10:00:00.25"], "timestamp(us)"),
            (&["2026-01-31T10:00:00.123456789"], "timestamp(ns)"),
            (
                &["2026-01-31T10:00:00Z", "2026-01-31T10:00:00.5+01:00"],
                "timestamp(us, UTC)",
            ),
            (&["2026-01-31T10:00:00", "2026-01-31T10:00:00Z"], "utf8"),
            (&["1", "true"], "utf8"),
            (&["00123"], "utf8"),
            (&["1", "x"], "utf8"),
            (&["9223372036854775807", "-9223372036854775808"], "int64"),
            (&["9223372036854775808"], "uint64"),
            (&["18446744073709551615", "0"], "uint64"),
            (&["18446744073709551615", "-1"], "utf8"),
            (&["-0", "1"], "int64"),
            (&["18446744073709551616"], "utf8"),
            (&["-9223372036854775809"], "utf8"),
            (&["9007199254740992", "0.5"], "float64"),
            (&["9007199254740993", "0.5"], "utf8"),
            (&["-9007199254740993", "0.5"], "utf8"),
            (&["9007199254740993", "1"], "int64"),
            (&["1.2.3"], "utf8"),
            (&["0.1234567890123456789"], "utf8"),
            (&["0.1", "-3.14159265358979323846", "7"], "utf8"),
            (&["1e-400"], "utf8"),
            (&["0.1234567890123456789", "true"], "utf8"),
            (&["1.234567890123456690e+00", "5e-324", "0.0"], "float64"),
            (&["192.168.1.1"], "utf8"),
            (&["2026-01-31T10:00"], "utf8"),
            (&["1", "12e999"], "utf8"),
            (&["-1e400"], "utf8"),
            (&["1.5", "inf", "NaN"], "float64"),
            (&["2024-02-29"], "date"),
            (&["2026-02-30"], "utf8"),
            (&["0000-00-00"], "utf8"),
            (&["2026-01-31T24:00:00"], "utf8"),
            (&["2026-01-31T10:00:00+99:00"], "utf8"),
            (&["1066-10-14T09:00:00.5"], "timestamp(us)"),
            (&["1066-10-14T09:00:00.123456789"], "utf8"),
            (&[], "utf8"),
        ];
        for (values, data_type) in cases {
            assert_eq!(of(values), *data_type, "{values:?}");
        }
    }
}
