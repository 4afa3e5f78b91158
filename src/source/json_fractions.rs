//! Finds objects with more digits behind a point than their column holds, without parsing them: of
//! numbers, and of seconds.

use arrow::datatypes::{DataType, Schema};
use memchr::{memchr_iter, memrchr};

use crate::kernel::time::per_second;

/// The columns of whole numbers, of decimals and of times.
#[derive(Debug, Clone)]
pub struct ExactColumns {
    /// Their names, and how many digits they hold behind the point.
    columns: Vec<(String, usize)>,
    /// The least of the decimals: they are read from texts, too.
    decimals: usize,
    /// Columns of times, and how many digits of a second they hold.
    times: Vec<(String, usize)>,
    /// The least of those.
    parts: usize,
}

impl ExactColumns {
    /// Those of a schema.
    pub fn new(schema: &Schema) -> Self {
        let mut exact = Self {
            columns: Vec::new(),
            decimals: usize::MAX,
            times: Vec::new(),
            parts: usize::MAX,
        };
        for field in schema.fields() {
            let digits = match field.data_type() {
                DataType::Decimal64(_, scale) | DataType::Decimal128(_, scale) => {
                    let digits = usize::try_from(*scale).unwrap_or(0);
                    exact.decimals = exact.decimals.min(digits);
                    digits
                }
                whole if whole.is_integer() => 0,
                DataType::Timestamp(unit, _) | DataType::Time32(unit) | DataType::Time64(unit) => {
                    let digits = per_second(*unit).ilog10() as usize;
                    exact.parts = exact.parts.min(digits);
                    exact.times.push((field.name().clone(), digits));
                    continue;
                }
                _ => continue,
            };
            exact.columns.push((field.name().clone(), digits));
        }
        exact
    }

    /// True where a field of one of the columns may have more digits than it holds, or a negative
    /// exponent. Never false where one has; a text or an inner object may look like one.
    pub fn may_lose(&self, object: &[u8]) -> bool {
        let point = |at| {
            digits(object, at).is_some_and(|digits| {
                self.loses(object, at, digits) || self.loses_time(object, at, digits)
            })
        };
        // `1.5e-3` has more digits than stand there. A positive exponent only has fewer.
        let exponent = |at: usize| {
            at > 0 && matches!(object[at - 1], b'e' | b'E') && self.loses(object, at, usize::MAX)
        };
        !(self.columns.is_empty() && self.times.is_empty())
            && (memchr_iter(b'.', object).any(point)
                || may_have_negative_exponent(object) && memchr_iter(b'-', object).any(exponent))
    }

    /// True where the number around this byte is the value of a field that holds fewer digits.
    fn loses(&self, object: &[u8], at: usize, digits: usize) -> bool {
        let number =
            |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E');
        let Some(before) = object[..at].iter().rposition(|byte| !number(byte)) else {
            return false;
        };
        let value = match object[before] {
            b'"' if digits <= self.decimals => return false,
            b'"' => before,
            _ => before + 1,
        };
        is_of_one(object, value, digits, &self.columns)
    }

    /// True where the text around this byte is the time of a field that holds fewer digits of a second.
    fn loses_time(&self, object: &[u8], at: usize, digits: usize) -> bool {
        let seconds = at.checked_sub(3).map(|colon| object[colon]) == Some(b':');
        // A point behind `:ss` is one of a time; all others stand in numbers or texts.
        if digits <= self.parts || !seconds {
            return false;
        }
        let value = memrchr(b'"', &object[..at]);
        value.is_some_and(|value| is_of_one(object, value, digits, &self.times))
    }
}

/// True where the value that begins here is that of a column which holds fewer digits.
fn is_of_one(object: &[u8], value: usize, digits: usize, columns: &[(String, usize)]) -> bool {
    let Some(key) = object[..value].trim_ascii_end().strip_suffix(b":") else {
        return false;
    };
    let Some(key) = key.trim_ascii_end().strip_suffix(b"\"") else {
        return false;
    };
    let start = memrchr(b'"', key).map_or(0, |quote| quote + 1);
    // An escape may be any letter, and a quote with one belongs to the name.
    let escaped = key[start.saturating_sub(2)..].contains(&b'\\');
    let mut columns = columns.iter();
    escaped || columns.any(|(name, held)| *held < digits && name.as_bytes() == &key[start..])
}

/// True where a letter E stands before a hyphen. A loop without an end before the last byte: it is
/// vectorised, and most objects have many hyphens in dates and texts.
fn may_have_negative_exponent(object: &[u8]) -> bool {
    let pairs = object.iter().zip(object.get(1..).unwrap_or_default());
    pairs.fold(false, |found, (letter, hyphen)| {
        found | ((letter | 0x20 == b'e') & (*hyphen == b'-'))
    })
}

/// How many digits behind a point are not zeros at the end; none where nothing but zeros stands
/// behind it and a float holds what stands before.
fn digits(object: &[u8], point: usize) -> Option<usize> {
    let behind = &object[point + 1..];
    let end = behind.iter().position(|byte| !byte.is_ascii_digit());
    let (all, end) = behind.split_at(end.unwrap_or(behind.len()));
    if matches!(end.first(), Some(b'e' | b'E')) {
        return Some(usize::MAX);
    }
    match all.iter().rposition(|byte| *byte != b'0') {
        Some(last) => Some(last + 1),
        None => {
            let before = object[..point].iter().rev();
            let digits = before.take_while(|byte| byte.is_ascii_digit()).count();
            // A float holds every whole number of 15 digits. With more of them
            // `12345678901234567.0` would change.
            (digits > 15).then_some(1)
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{Field, TimeUnit};

    use super::*;

    fn found(object: &str) -> bool {
        let field = |name, data_type| Field::new(name, data_type, true);
        let fields = [
            field("id", DataType::Int64),
            field("amount", DataType::Decimal64(10, 2)),
            field("rate", DataType::Decimal128(30, 4)),
            field("x", DataType::Float64),
            field("s", DataType::Timestamp(TimeUnit::Second, None)),
            field("us", DataType::Timestamp(TimeUnit::Microsecond, None)),
        ];
        ExactColumns::new(&Schema::new(fields.to_vec())).may_lose(object.as_bytes())
    }

    #[test]
    fn only_digits_that_a_column_does_not_hold_are_found() {
        for object in [
            r#"{"id":12.7}"#,
            r#"{"x":1.5,"id" : -0.5 }"#,
            r#"{"id":1e-1}"#,
            r#"{"id":1.0E-1}"#,
            r#"{"id":1.5e3}"#,
            r#"{"id":1.0e3}"#,
            r#"{"id":1.0001}"#,
            r#"{"id":9007199254740993.0}"#,
            "{\"\\u0069d\":1.5}",
            r#"{"a\"id":1.5}"#,
            "{\"id\"\n:\t1.5}",
            r#"{"amount":2.999}"#,
            r#"{"amount":"2.999"}"#,
            r#"{"amount": "1e-3"}"#,
            r#"{"amount":"-1.23E1"}"#,
            r#"{"rate":0.00001}"#,
            r#"{"s":"2026-01-31T10:00:00.5Z"}"#,
            r#"{"us": "2026-01-31 10:00:00.1234567"}"#,
        ] {
            assert!(found(object), "{object}");
        }
        for object in [
            r#"{"id":12}"#,
            r#"{"id":-12.0,"at":"2026-01-31T10:00:00.5"}"#,
            r#"{"id":12.00}"#,
            r#"{"id":1e3,"price":1.5,"small":1e-9}"#,
            r#"{"id":1,"ids":[1.5,-2.5e-3],"text":"e-e.e-1.5"}"#,
            r#"{"amount":12.25,"rate":"1.2500","id":"1.5"}"#,
            r#"{"s":"2026-01-31T10:00:00.000Z","us":"2026-01-31T10:00:00.123456"}"#,
            r#"{"amount":"-12.250000","rate":0.1234}"#,
            r#"{"at":"2026-01-31T10:00:00.123456789Z","x":"0.123456789"}"#,
            ".",
            "-",
            "",
        ] {
            assert!(!found(object), "{object}");
        }
    }
}
