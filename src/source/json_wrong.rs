//! What is wrong with a JSON object, in words of the file.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use arrow_json::ReaderBuilder;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::json_raw::{DEEPEST, JsonKind, compact, fields, is_too_deep, items};
use super::reject::BadRow;
use crate::column::show_type;

/// The kind of a row with a value that is not of its column's type.
pub const WRONG_TYPE: &str = "wrong type";

const NO_CHARACTER: &str = "a text in it has an escape that is no character";

/// Why a text is no JSON object.
pub fn not_an_object(text: &[u8]) -> BadRow {
    match text.trim_ascii_start().first() {
        Some(b'{') => {}
        Some(_) => return BadRow::new("not an object", "expected a JSON object"),
        None => return BadRow::new("empty", "expected a JSON object, found nothing"),
    }
    // The end of a line is none of the text that it breaks off.
    let text = text.trim_ascii_end();
    if let Err(error) = std::str::from_utf8(text) {
        let (below, column) = place(text, error.valid_up_to());
        let message = format!("the text is not UTF-8 at column {column}");
        return BadRow::new("not UTF-8", message).below(below);
    }
    if is_too_deep(text) {
        let message = format!("objects and lists stand in each other more than {DEEPEST} deep");
        return BadRow::new("not JSON", message);
    }
    let mut values = serde_json::Deserializer::from_slice(text);
    match IgnoredAny::deserialize(&mut values) {
        Ok(_) if values.end().is_err() => {
            let message = "expected one JSON object, found more";
            BadRow::new("more than one object", message)
        }
        Ok(_) => BadRow::new("not JSON", NO_CHARACTER),
        Err(error) if error.is_eof() => BadRow::new("truncated", "the JSON object has no end"),
        Err(error) => {
            let at = offset(text, error.line(), error.column());
            // Of a line end or a tab within quotes the library tells the place before it.
            let control = error.to_string().starts_with("control character");
            let behind = text[at..].iter().position(|byte| control && *byte < b' ');
            let at = at + behind.unwrap_or(0);
            let character = String::from_utf8_lossy(&text[at..]).chars().next();
            let character = match character.unwrap_or(' ') {
                control if control.is_control() => control.escape_debug().to_string(),
                character => character.to_string(),
            };
            let (below, column) = place(text, at);
            let message = format!("it is not JSON: `{character}` cannot stand at column {column}");
            BadRow::new("not JSON", message).below(below)
        }
    }
}

/// True for one JSON value by RFC 8259 and nothing else: whoever reads columns passes over much that
/// stands between them.
pub fn is_json(text: &[u8]) -> bool {
    let mut values = serde_json::Deserializer::from_slice(text);
    IgnoredAny::deserialize(&mut values).is_ok() && values.end().is_ok()
}

/// What is wrong with a text that should be an object, its escapes looked at, too.
///
/// # Errors
/// It is none that can be read.
pub fn check(text: &[u8]) -> Result<(), BadRow> {
    // Types were found by a strict parser and rows read by a lenient one: numbers such as 03 were
    // read as others, and fields behind a comma too many vanished. The look costs 0.35 s of one
    // core for 280 MB, which take 1.5 s to be read.
    if is_too_deep(text) {
        return Err(not_an_object(text));
    }
    // The parser of fields leaves texts as they stand; what an escape says is looked at where there
    // is one.
    let escapes = memchr::memchr(b'\\', text).is_some();
    let fields = fields(text).map_err(|_| not_an_object(text))?;
    let mut values = fields.0.into_iter();
    match escapes {
        true => values.try_for_each(|(_, value)| check_value(value)),
        false => Ok(()),
    }
}

fn check_value(value: &RawValue) -> Result<(), BadRow> {
    let wrong = |_| not_an_object(value.get().as_bytes());
    match JsonKind::of(value) {
        JsonKind::Object => {
            let fields = fields(value.get().as_bytes()).map_err(wrong)?;
            let mut values = fields.0.into_iter();
            values.try_for_each(|(_, value)| check_value(value))
        }
        JsonKind::List => {
            let mut items = items(value).map_err(wrong)?.into_iter();
            items.try_for_each(check_value)
        }
        JsonKind::Text if value.get().contains('\\') => {
            match serde_json::from_str::<String>(value.get()) {
                Ok(_) => Ok(()),
                Err(_) => Err(BadRow::new("not JSON", NO_CHARACTER)),
            }
        }
        _ => Ok(()),
    }
}

/// The byte at a line and a column of it, both from 1.
fn offset(text: &[u8], line: usize, column: usize) -> usize {
    let mut lines = text.split_inclusive(|byte| *byte == b'\n');
    let before: usize = lines
        .by_ref()
        .take(line.saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    (before + column.saturating_sub(1)).min(text.len().saturating_sub(1))
}

/// How many lines below the first one a byte stands, and its column, from 1.
fn place(text: &[u8], at: usize) -> (u64, usize) {
    let before = &text[..at];
    let begin = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
    let column = String::from_utf8_lossy(&before[begin..]).chars().count() + 1;
    (memchr::memchr_iter(b'\n', before).count() as u64, column)
}

/// The first value of an object that is not of its column's type: `read` says as what the reader
/// takes each of them.
pub fn mistyped(object: &[u8], columns: &Schema, read: &Schema) -> BadRow {
    let fields = fields(object).map(|fields| fields.0).unwrap_or_default();
    let columns = columns.fields().iter().zip(read.fields());
    let found = columns.clone().find_map(|(column, read)| {
        // Of fields of one name the last one counts.
        let mut named = fields.iter().rev();
        let (_, value) = named.find(|(name, _)| name.as_ref() == column.name())?;
        wrong(value, column.name(), column.data_type(), read.data_type())
    });
    let wrong = |what: String| BadRow::new(WRONG_TYPE, what);
    let unreadable = || {
        // It is no object at all, in a way that the reader is told of late.
        let checked = check(object).err();
        checked.unwrap_or_else(|| wrong("a value is not of its column's type".into()))
    };
    found.map_or_else(unreadable, wrong)
}

/// What is wrong with a value, or with the first one in it.
fn wrong(value: &RawValue, path: &str, column: &DataType, read: &DataType) -> Option<String> {
    if fits(value, read) {
        return None;
    }
    let inner = match (column, read, JsonKind::of(value)) {
        (DataType::Struct(columns), DataType::Struct(read), JsonKind::Object) => {
            let fields = fields(value.get().as_bytes()).ok()?.0;
            columns.iter().zip(read).find_map(|(column, read)| {
                let name = column.name();
                let (_, value) = fields.iter().rev().find(|(known, _)| known == name)?;
                let path = format!("{path}.{name}");
                wrong(value, &path, column.data_type(), read.data_type())
            })
        }
        (DataType::List(column), DataType::List(read), JsonKind::List) => {
            let items = items(value).ok()?;
            items.into_iter().enumerate().find_map(|(index, item)| {
                let path = format!("{path}[{index}]");
                wrong(item, &path, column.data_type(), read.data_type())
            })
        }
        _ => None,
    };
    Some(inner.unwrap_or_else(|| {
        let (expected, found) = (shown_type(column), compact(value));
        format!("column `{path}`: expected {expected}, found `{found}`")
    }))
}

/// The name of a type, as `types` have it.
pub fn shown_type(data_type: &DataType) -> String {
    match data_type {
        DataType::FixedSizeBinary(16) => "uuid".to_string(),
        other => show_type(other),
    }
}

/// True for a value that the reader takes as this type.
fn fits(value: &RawValue, read: &DataType) -> bool {
    let field = Arc::new(Field::new("value", read.clone(), true));
    let decoder = ReaderBuilder::new_with_field(field).with_coerce_primitive(true);
    let Ok(mut decoder) = decoder.build_decoder() else {
        return false;
    };
    // A blank ends a number.
    let text = format!("{} ", value.get());
    decoder.decode(text.as_bytes()).is_ok() && decoder.flush().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_object_is_said_in_words_of_the_file() {
        let cases: &[(&[u8], &str)] = &[
            (b"not json", "expected a JSON object"),
            (b"  ", "expected a JSON object, found nothing"),
            (b"{\"a\":2", "the JSON object has no end"),
            (b"{\"a\":x}", "it is not JSON: `x` cannot stand at column 6"),
            (
                "{\"é\":x}".as_bytes(),
                "it is not JSON: `x` cannot stand at column 6",
            ),
            (
                b"{\"a\":1,\n \"b\" 2}",
                "it is not JSON: `2` cannot stand at column 6",
            ),
            (b"{\"a\":1} {}", "expected one JSON object, found more"),
            (b"{\"a\":\"\xe9\"}", "the text is not UTF-8 at column 7"),
            (
                b"{\"a\":\"\\ud800 x\"}",
                "a text in it has an escape that is no character",
            ),
        ];
        for (text, message) in cases {
            let bad = not_an_object(text);
            let below = memchr::memchr_iter(b'\n', text).count() as u64;
            assert_eq!((bad.message.as_str(), bad.below), (*message, below));
        }
    }

    #[test]
    fn a_value_of_another_type_has_the_way_to_it() {
        let field = |name: &str, data_type| Field::new(name, data_type, true);
        let inner = DataType::Struct(vec![field("n", DataType::Int64)].into());
        let columns = Schema::new(vec![
            field("id", DataType::Int64),
            field("tags", DataType::new_list(inner, true)),
        ]);
        let said = |object: &str| mistyped(object.as_bytes(), &columns, &columns).message;
        assert_eq!(
            said(r#"{"id": "ten"}"#),
            r#"column `id`: expected int64, found `"ten"`"#
        );
        assert_eq!(
            said(r#"{"id":1,"tags":[{"n":1},{"n": [ 2 ]}]}"#),
            "column `tags[1].n`: expected int64, found `[2]`"
        );
        assert_eq!(
            said(r#"{"tags":{}}"#),
            "column `tags`: expected list of struct of n, found `{}`"
        );
    }
}
