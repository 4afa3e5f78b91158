//! Finds objects that may have a fraction where a whole number should be, without parsing them.

use memchr::{memchr2_iter, memrchr};

/// True where a field of one of these names may be a number with a fraction or a negative exponent.
/// Never false where one is; a text or an inner object may look like one.
pub fn may_have_fraction(object: &[u8], names: &[String]) -> bool {
    memchr2_iter(b'.', b'-', object).any(|at| {
        let suspicious = match object[at] {
            b'.' => !is_zero(object, at),
            _ => at > 0 && matches!(object[at - 1], b'e' | b'E'),
        };
        suspicious && named(object, at, names)
    })
}

/// True for a point behind which nothing but zeros stands, of a number that a float holds.
fn is_zero(object: &[u8], point: usize) -> bool {
    let before = object[..point].iter().rev();
    let digits = before.take_while(|byte| byte.is_ascii_digit()).count();
    let mut behind = object[point + 1..].iter();
    let end = behind.find(|byte| **byte != b'0');
    digits <= 15 && end.is_none_or(|end| !matches!(end, b'1'..=b'9' | b'e' | b'E'))
}

/// True where the number around this byte is the value of a field with one of these names.
fn named(object: &[u8], at: usize, names: &[String]) -> bool {
    let number =
        |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E');
    let Some(before) = object[..at].iter().rposition(|byte| !number(byte)) else {
        return false;
    };
    let Some(key) = object[..=before].trim_ascii_end().strip_suffix(b":") else {
        return false;
    };
    let Some(key) = key.trim_ascii_end().strip_suffix(b"\"") else {
        return false;
    };
    let start = memrchr(b'"', key).map_or(0, |quote| quote + 1);
    // An escape may be any letter, and a quote with one belongs to the name.
    let escaped = key[start.saturating_sub(2)..].contains(&b'\\');
    escaped || names.iter().any(|name| name.as_bytes() == &key[start..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(object: &str) -> bool {
        may_have_fraction(object.as_bytes(), &["id".to_string()])
    }

    #[test]
    fn only_a_fraction_of_a_whole_number_is_found() {
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
        ] {
            assert!(found(object), "{object}");
        }
        for object in [
            r#"{"id":12}"#,
            r#"{"id":-12.0,"at":"2026-01-31T10:00:00.5"}"#,
            r#"{"id":12.00}"#,
            r#"{"id":1e3,"price":1.5,"small":1e-9}"#,
            r#"{"id":1,"ids":[1.5,-2.5e-3],"text":"e-e.e-1.5"}"#,
            ".",
            "-",
            "",
        ] {
            assert!(!found(object), "{object}");
        }
    }
}
