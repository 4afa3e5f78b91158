//! JSON objects cut into fields whose values stay as they are written: no digit is lost.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Error;
use serde_json::value::RawValue;

/// The fields of an object in their order, each value as it is written.
#[derive(Debug)]
pub struct RawFields<'a>(pub Vec<(Cow<'a, str>, &'a RawValue)>);

/// What a value is, by its first character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonKind {
    Null,
    Boolean,
    Number,
    Text,
    List,
    Object,
}

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl JsonKind {
    /// That of a value.
    pub fn of(value: &RawValue) -> Self {
        match value.get().as_bytes().first() {
            Some(b'{') => Self::Object,
            Some(b'[') => Self::List,
            Some(b'"') => Self::Text,
            Some(b't' | b'f') => Self::Boolean,
            Some(b'n') | None => Self::Null,
            Some(_) => Self::Number,
        }
    }

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "true or false",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::List => "a list",
            Self::Object => "an object",
        }
    }
}

/// How deep objects and lists may stand in each other.
// The library recurses for each level: thousands of brackets in a line of a foreign file would end
// the process, not the row.
pub const DEEPEST: usize = 100;

/// True where objects and lists stand in each other deeper than that, which readers could not bear.
pub fn is_too_deep(text: &[u8]) -> bool {
    // Nearly every object has fewer brackets in all, and need not be looked through.
    let brackets = memchr::memchr2_iter(b'[', b'{', text);
    if brackets.take(DEEPEST + 1).count() <= DEEPEST {
        return false;
    }
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    text.iter().any(|byte| {
        let behind_escape = std::mem::take(&mut escaped);
        match byte {
            b'"' if !behind_escape => quoted = !quoted,
            b'\\' if quoted && !behind_escape => escaped = true,
            b'[' | b'{' if !quoted => depth += 1,
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > DEEPEST
    })
}

/// The fields of an object.
///
/// # Errors
/// It is none.
pub fn fields(object: &[u8]) -> Result<RawFields<'_>, Error> {
    serde_json::from_slice(object)
}

/// The items of a list.
///
/// # Errors
/// It is none.
pub fn items(list: &RawValue) -> Result<Vec<&RawValue>, Error> {
    serde_json::from_str(list.get())
}

/// The text of a value without the blanks that are not within quotes.
pub fn compact(value: &RawValue) -> String {
    let (mut quoted, mut escaped) = (false, false);
    let mut text = String::with_capacity(value.get().len());
    for character in value.get().chars() {
        if quoted || !character.is_ascii_whitespace() {
            text.push(character);
        }
        quoted ^= character == '"' && !escaped;
        escaped = quoted && character == '\\' && !escaped;
    }
    text
}

impl<'de: 'a, 'a> Deserialize<'de> for RawFields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(Name(name)) = map.next_key()? {
                    fields.push((name, map.next_value()?));
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(FieldsVisitor).map(RawFields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_brackets_within_each_other_are_deep() {
        let lists = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(!is_too_deep(lists(DEEPEST).as_bytes()));
        assert!(is_too_deep(lists(DEEPEST + 1).as_bytes()));
        assert!(!is_too_deep("[]".repeat(1000).as_bytes()));
        let text = format!(r#"["\"{}"]"#, "[".repeat(1000));
        assert!(!is_too_deep(text.as_bytes()));
    }

    #[test]
    fn values_stay_as_they_are_written() {
        let object = br#" { "a" : 1.50, "b\u0063":[ 1, "x \" y" ] ,"a":{ } }"#;
        let fields = fields(object).unwrap().0;
        let shown: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", compact(value)))
            .collect();
        assert_eq!(shown, ["a=1.50", r#"bc=[1,"x \" y"]"#, "a={}"]);
        let shapes: Vec<JsonKind> = fields
            .iter()
            .map(|(_, value)| JsonKind::of(value))
            .collect();
        assert_eq!(shapes, [JsonKind::Number, JsonKind::List, JsonKind::Object]);
    }
}
