//! `until` of a stream, as the file says it: `forever`, a word of the source's own, or a number of messages.

use schemars::{Schema, json_schema};
use serde::de::{Deserialize, Deserializer, Error as _};

use crate::place::{Node, Value};
use crate::units::parse_count;

/// What was said.
pub(super) enum Said {
    Forever,
    /// The source's own word.
    Word,
    Count(u64),
}

/// Reads it.
///
/// # Errors
/// It is none of the three.
pub(super) fn said<'de, D: Deserializer<'de>>(
    deserializer: D,
    word: &str,
) -> Result<Said, D::Error> {
    let expected = format!("expected `forever`, `{word}` or a number of messages");
    let node = Node::deserialize(deserializer)?;
    let Value::Scalar { text, .. } = &node.value else {
        return Err(D::Error::custom(expected));
    };
    match text.as_str() {
        "forever" => Ok(Said::Forever),
        text if text == word => Ok(Said::Word),
        text => parse_count(text)
            .map(Said::Count)
            .map_err(|_| D::Error::custom(format!("{expected}, found `{text}`"))),
    }
}

/// What editors are told of it.
pub(super) fn schema(word: &str) -> Schema {
    json_schema!({ "anyOf": [{ "enum": ["forever", word] }, { "type": ["integer", "number", "string"] }] })
}
